//! `mlock(2)` and family (Linux's `mm/mlock.c`).
//!
//! The flag and the limits are Linux's; the host is not asked to lock anything, since its own limit is for all guests.

use super::vma::{PROT_READ, PROT_WRITE, VmFlags};
use super::{Inner, Limits, Mm, hostmap};
use core::ops::Range;
use host::layout::{PAGE_SIZE, page_down, page_up};
use host::{Errno, Result};

const MLOCK_ONFAULT: u32 = 1;
const MCL_CURRENT: u32 = 1;
const MCL_FUTURE: u32 = 2;
const MCL_ONFAULT: u32 = 4;

impl Mm {
    /// `mlock2(2)`; `mlock(2)` with `flags` 0.
    pub fn mlock(&self, addr: usize, len: usize, flags: u32, limits: &Limits) -> Result<()> {
        if flags & !MLOCK_ONFAULT != 0 {
            return Err(Errno::EINVAL);
        }
        if limits.memlock == 0 {
            return Err(Errno::EPERM);
        }
        let range = whole_pages(addr, len)?;
        self.with(|inner| {
            let fresh = (range.end - range.start).saturating_sub(inner.locked_bytes(range.clone()));
            if inner.vmas.counts().locked.saturating_add(fresh) as u64 > limits.memlock {
                return Err(Errno::ENOMEM);
            }
            inner.set_locked(range.clone(), true)?;
            if flags == 0 {
                inner.bring_in(range.clone());
            }
            // What has no access can't be brought in.
            let dead = flags == 0 && inner.vmas.overlaps(range).any(|vma| vma.prot == 0);
            if dead { Err(Errno::ENOMEM) } else { Ok(()) }
        })
    }

    /// `munlock(2)`.
    pub fn munlock(&self, addr: usize, len: usize) -> Result<()> {
        let range = whole_pages(addr, len)?;
        self.with(|inner| inner.set_locked(range, false))
    }

    /// `mlockall(2)`.
    pub fn mlockall(&self, flags: u32, limits: &Limits) -> Result<()> {
        if flags == 0 || flags & !(MCL_CURRENT | MCL_FUTURE | MCL_ONFAULT) != 0 || flags == MCL_ONFAULT {
            return Err(Errno::EINVAL);
        }
        if limits.memlock == 0 {
            return Err(Errno::EPERM);
        }
        self.with(|inner| {
            let current = flags & MCL_CURRENT != 0;
            if current && inner.vmas.counts().total as u64 > limits.memlock {
                return Err(Errno::ENOMEM);
            }
            inner.lock_future = flags & MCL_FUTURE != 0;
            if current {
                inner.change(0..usize::MAX, |vma| vma.flags.insert(VmFlags::LOCKED));
            }
            Ok(())
        })
    }

    /// `munlockall(2)`.
    pub fn munlockall(&self) {
        self.with(|inner| {
            inner.lock_future = false;
            inner.change(0..usize::MAX, |vma| vma.flags.remove(VmFlags::LOCKED));
        });
    }
}

fn whole_pages(addr: usize, len: usize) -> Result<Range<usize>> {
    let start = page_down(addr);
    let len = len.checked_add(addr % PAGE_SIZE).and_then(page_up).ok_or(Errno::EINVAL)?;
    Ok(start..start.checked_add(len).ok_or(Errno::EINVAL)?)
}

impl Inner {
    /// Locked pages are there (`mm_populate`); those that cannot be are left out.
    fn bring_in(&mut self, range: Range<usize>) {
        const POPULATE_READ: u32 = 22;
        const POPULATE_WRITE: u32 = 23;
        for piece in self.vmas.pieces(range) {
            let Some(vma) = self.vmas.at(piece.start) else { continue };
            // Reading is enough for what is shared, but the host reads nothing that may only be written.
            let writes = vma.prot & PROT_WRITE != 0 && (!vma.is_shared() || vma.prot & PROT_READ == 0);
            if vma.prot == 0 || self.fill(piece.clone()).is_err() {
                continue;
            }
            if let Some(vma) = self.vmas.at(piece.start) {
                let _ = hostmap::advise(vma, piece, if writes { POPULATE_WRITE } else { POPULATE_READ });
            }
        }
    }

    fn locked_bytes(&self, range: Range<usize>) -> usize {
        let inside = |vma: &super::Vma| vma.end.min(range.end).saturating_sub(vma.start.max(range.start));
        self.vmas.overlaps(range.clone()).filter(|vma| vma.flags.contains(VmFlags::LOCKED)).map(inside).sum()
    }

    fn set_locked(&mut self, range: Range<usize>, on: bool) -> Result<()> {
        let mut at = range.start;
        while at < range.end {
            let vma = self.vmas.at(at).ok_or(Errno::ENOMEM)?;
            let piece = at..vma.end.min(range.end);
            at = piece.end;
            if vma.flags.contains(VmFlags::LOCKED) != on && !vma.flags.contains(VmFlags::SECRET) {
                self.vmas.check_split(piece.clone())?;
                self.change(piece, |vma| vma.flags.set(VmFlags::LOCKED, on));
            }
        }
        Ok(())
    }
}
