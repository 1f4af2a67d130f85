//! `brk(2)` (Linux's `mm/mmap.c`).

use super::vma::{Label, PROT_READ, PROT_WRITE, VmFlags};
use super::{Inner, Limits, Mm};
use host::layout::{PAGE_SIZE, page_up};
use host::{Errno, Result};

impl Mm {
    /// Sets where the heap starts; it is empty. For `execve`.
    pub fn set_brk(&self, start: usize) {
        self.with(|inner| {
            inner.start_brk = start;
            inner.brk = start;
        });
    }

    /// Where the heap starts, and the current break.
    pub fn brk_range(&self) -> core::ops::Range<usize> {
        let inner = self.inner.lock();
        inner.start_brk..inner.brk
    }

    /// `brk(2)`: the new break, or the old one when that can't be.
    pub fn brk(&self, addr: usize, limits: &Limits) -> usize {
        self.with(|inner| {
            // Every failure looks the same to the guest: the break has not moved.
            let _ = inner.set_break(addr, limits);
            inner.brk
        })
    }
}

impl Inner {
    fn set_break(&mut self, addr: usize, limits: &Limits) -> Result<()> {
        if addr < self.start_brk {
            return Err(Errno::EINVAL);
        }
        let data = self.info.end_data.saturating_sub(self.info.start_data);
        if (addr - self.start_brk).saturating_add(data) as u64 > limits.data {
            return Err(Errno::ENOSPC);
        }
        let new = page_up(addr).ok_or(Errno::ENOMEM)?;
        let old = page_up(self.brk).ok_or(Errno::ENOMEM)?;
        if new < old {
            self.unmap(new..old)?;
        } else if new > old {
            self.grow_heap(old, new, limits)?;
        }
        self.brk = addr;
        Ok(())
    }

    fn grow_heap(&mut self, old: usize, new: usize, limits: &Limits) -> Result<()> {
        let len = new - old;
        // One page is kept free above, and the guard gap of a stack.
        if !self.vmas.is_free(old, len.saturating_add(PAGE_SIZE)) {
            return Err(Errno::ENOMEM);
        }
        self.map_anonymous(old..new, PROT_READ | PROT_WRITE, VmFlags::empty(), Label::None, limits)
    }
}
