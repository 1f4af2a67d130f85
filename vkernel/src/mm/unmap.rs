//! `munmap(2)` (Linux's `do_vmi_munmap`).

use super::{Inner, Mm, hostmap};
use core::ops::Range;
use host::layout::{PAGE_SIZE, TASK_SIZE, page_up};
use host::{Errno, Result};

impl Mm {
    /// `munmap(2)`. Holes are no error; what is not in the book (the runtime's memory) is not touched.
    pub fn munmap(&self, addr: usize, len: usize) -> Result<()> {
        if !addr.is_multiple_of(PAGE_SIZE) || addr > TASK_SIZE || len > TASK_SIZE - addr {
            return Err(Errno::EINVAL);
        }
        let len = page_up(len).filter(|&len| len > 0).ok_or(Errno::EINVAL)?;
        self.with(|inner| inner.unmap(addr..addr.saturating_add(len)))
    }
}

impl Inner {
    /// Ends all mappings in a range.
    pub(super) fn unmap(&mut self, range: Range<usize>) -> Result<()> {
        self.vmas.check_split(range.clone())?;
        hostmap::unmap(&self.vmas.pieces(range.clone()))?;
        self.dead.extend(self.vmas.carve(range));
        Ok(())
    }
}
