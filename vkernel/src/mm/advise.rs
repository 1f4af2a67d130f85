//! `madvise(2)` (Linux's `mm/madvise.c`).

use super::vma::{Backing, Label, PROT_READ, PROT_WRITE, VmFlags, Vma};
use super::{Inner, Mm, hostmap, page_aligned};
use core::ops::Range;
use host::layout::page_up;
use host::{Errno, Result};

const DONTNEED: u32 = 4;
const FREE: u32 = 8;
const REMOVE: u32 = 9;
pub(super) const DONTFORK: u32 = 10;
pub(super) const DOFORK: u32 = 11;
const HUGEPAGE: u32 = 14;
const DONTDUMP: u32 = 16;
const DODUMP: u32 = 17;
const WIPEONFORK: u32 = 18;
const KEEPONFORK: u32 = 19;
const COLD: u32 = 20;
const PAGEOUT: u32 = 21;
const POPULATE_READ: u32 = 22;
const POPULATE_WRITE: u32 = 23;
const DONTNEED_LOCKED: u32 = 24;
const COLLAPSE: u32 = 25;
const HWPOISON: u32 = 100;
const SOFT_OFFLINE: u32 = 101;

/// Whether Linux knows the advice, when it does not merge pages (12, 13). Guard regions (102, 103) are newer than what we
/// answer to.
fn known(advice: u32) -> bool {
    matches!(advice, 0..=4 | FREE..=DOFORK | HUGEPAGE..=COLLAPSE | HWPOISON | SOFT_OFFLINE)
}

impl Mm {
    /// `madvise(2)`. Holes are skipped and reported with `ENOMEM` at the end, as on Linux.
    pub fn madvise(&self, addr: usize, len: usize, advice: u32) -> Result<()> {
        if !known(advice) || !page_aligned(addr) {
            return Err(Errno::EINVAL);
        }
        let len = page_up(len).ok_or(Errno::EINVAL)?;
        let end = addr.checked_add(len).ok_or(Errno::EINVAL)?;
        if len == 0 {
            return Ok(());
        }
        if advice == HWPOISON || advice == SOFT_OFFLINE {
            return Err(Errno::EPERM);
        }
        self.with(|inner| inner.advise(addr..end, advice))
    }
}

impl Inner {
    fn advise(&mut self, range: Range<usize>, advice: u32) -> Result<()> {
        let whole = self.vmas.covers(range.clone());
        let stops = matches!(advice, POPULATE_READ | POPULATE_WRITE | COLLAPSE);
        let mut at = range.start;
        for piece in self.vmas.pieces(range) {
            if stops && piece.start > at {
                return Err(Errno::ENOMEM);
            }
            at = piece.end;
            self.advise_piece(piece, advice)?;
        }
        if whole { Ok(()) } else { Err(Errno::ENOMEM) }
    }

    fn advise_piece(&mut self, piece: Range<usize>, advice: u32) -> Result<()> {
        let vma = self.vmas.at(piece.start).ok_or(Errno::ENOMEM)?;
        check(vma, advice)?;
        if matches!(advice, POPULATE_READ | POPULATE_WRITE) {
            self.fill(piece.clone())?;
        }
        // DONTNEED_LOCKED differs for locked memory only, which is not locked on the host.
        let host_advice = if advice == DONTNEED_LOCKED { DONTNEED } else { advice };
        let change = flag_change(advice);
        if change.is_some() {
            self.vmas.check_split(piece.clone())?;
        }
        if matches!(advice, DONTNEED | DONTNEED_LOCKED | FREE | REMOVE) {
            self.give_back(piece.clone(), false);
        }
        let vma = self.vmas.at(piece.start).ok_or(Errno::ENOMEM)?;
        if advice == DONTFORK || advice == DOFORK {
            // Placeholders as well, for the mapping as a whole is in the child or not.
            host::sys::mem::advise_guest(piece.start, piece.end - piece.start, host_advice)?;
        } else {
            hostmap::advise(vma, piece.clone(), host_advice)?;
        }
        if let Some((flag, on)) = change {
            self.change(piece, |vma| vma.flags.set(flag, on));
        }
        Ok(())
    }
}

/// Linux's conditions for one mapping.
fn check(vma: &Vma, advice: u32) -> Result<()> {
    let private_anon = matches!(vma.backing, Backing::Anonymous) && !vma.is_shared();
    let locked = vma.flags.contains(VmFlags::LOCKED);
    match advice {
        DONTNEED | FREE | COLD | PAGEOUT | REMOVE if locked => Err(Errno::EINVAL),
        FREE if !private_anon => Err(Errno::EINVAL),
        WIPEONFORK if !vma.is_private_anonymous() => Err(Errno::EINVAL),
        REMOVE if private_anon && !matches!(vma.label, Label::File(_)) => Err(Errno::EINVAL),
        REMOVE if !vma.is_shared() || vma.may & PROT_WRITE == 0 => Err(Errno::EACCES),
        POPULATE_READ if vma.prot & (PROT_READ | PROT_WRITE) == 0 => Err(Errno::EINVAL),
        POPULATE_WRITE if vma.prot & PROT_WRITE == 0 => Err(Errno::EINVAL),
        _ => Ok(()),
    }
}

fn flag_change(advice: u32) -> Option<(VmFlags, bool)> {
    Some(match advice {
        DONTFORK => (VmFlags::DONTFORK, true),
        DOFORK => (VmFlags::DONTFORK, false),
        WIPEONFORK => (VmFlags::WIPEONFORK, true),
        KEEPONFORK => (VmFlags::WIPEONFORK, false),
        DONTDUMP => (VmFlags::DONTDUMP, true),
        DODUMP => (VmFlags::DONTDUMP, false),
        _ => return None,
    })
}
