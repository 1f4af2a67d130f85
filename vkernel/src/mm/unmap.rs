//! `munmap(2)` (Linux's `do_vmi_munmap`).

use super::{Inner, Mm, page_aligned};
use core::ops::Range;
use host::layout::{TASK_SIZE, page_up};
use host::sys::mem;
use host::{Errno, Result};

impl Mm {
    /// `munmap(2)`. Holes are no error; what is not in the book (the runtime's memory) is not touched.
    pub fn munmap(&self, addr: usize, len: usize) -> Result<()> {
        self.with(|inner| inner.munmap(addr, len))
    }
}

impl Inner {
    /// `munmap(2)`, with its checks.
    pub(super) fn munmap(&mut self, addr: usize, len: usize) -> Result<()> {
        if !page_aligned(addr) || addr > TASK_SIZE || len > TASK_SIZE - addr {
            return Err(Errno::EINVAL);
        }
        let len = page_up(len).filter(|&len| len > 0).ok_or(Errno::EINVAL)?;
        self.unmap(addr..addr.saturating_add(len))
    }

    /// Ends all mappings in a range. Should the host fail half-way, the book stays in step.
    pub(super) fn unmap(&mut self, range: Range<usize>) -> Result<()> {
        self.vmas.check_split(range.clone())?;
        self.give_back(range.clone(), true);
        for span in self.vmas.spans(range) {
            mem::unmap_guest(span.start, span.end - span.start)?;
            self.dead.extend(self.vmas.carve(span));
        }
        Ok(())
    }
}
