//! Access to memory that its mapping forbids, for debuggers (`FOLL_FORCE` of Linux's `mm/gup.c`).

use super::vma::{PROT_READ, PROT_WRITE};
use super::{Inner, Mm, hostmap};
use host::layout::page_down;
use host::{Errno, Result, user};

impl Mm {
    /// Copies within the page of `at`, from there or, if `write`, to there, whatever its protection says. `EFAULT` where there
    /// is no page, and where writing would change a file. The protection is different for the moment; text stays executable.
    pub fn copy_by_force(&self, at: usize, piece: &mut [u8], write: bool) -> Result<()> {
        // Makes it present, if it can be read.
        let _ = user::copy_in(&mut [0], at);
        self.with(|inner| inner.copy_by_force(at, piece, write))
    }

    /// The text gets its own bytes back wherever a call site was patched, and keeps them as long as this memory lives.
    pub fn stop_patching(&self) {
        if !self.unpatched.swap(true, core::sync::atomic::Ordering::SeqCst) && self.has_patches() {
            self.with(|inner| inner.give_back(0..usize::MAX, false));
        }
    }
}

impl Inner {
    fn copy_by_force(&mut self, at: usize, piece: &mut [u8], write: bool) -> Result<()> {
        let page = page_down(at);
        let range = page..page.checked_add(host::layout::PAGE_SIZE).ok_or(Errno::EFAULT)?;
        let (prot, shared) = self.vmas.at(at).map(|vma| (vma.prot, vma.is_shared())).ok_or(Errno::EFAULT)?;
        if write && shared {
            return Err(Errno::EFAULT);
        }
        if write {
            self.give_back(at..at.saturating_add(piece.len()), false);
        }
        let more = prot | PROT_READ | if write { PROT_WRITE } else { 0 };
        let vma = self.vmas.at(at).ok_or(Errno::EFAULT)?;
        hostmap::protect(vma, range.clone(), more)?;
        let done = if write { user::poke(at, piece) } else { user::peek(piece, at) };
        hostmap::protect(vma, range, prot)?;
        done
    }
}
