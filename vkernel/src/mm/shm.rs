//! `shmdt(2)`: ends the mappings that one attachment left (Linux's `ksys_shmdt`).

use super::vma::{FileTag, Label};
use super::{Mm, page_aligned};
use alloc::vec::Vec;
use core::ops::Range;
use host::{Errno, Result};

impl Mm {
    /// Unmaps what is left of the object attached at `addr`, if `is` says that it is such an object. `EINVAL` when nothing is.
    pub fn detach(&self, addr: usize, is: impl Fn(&FileTag) -> bool) -> Result<FileTag> {
        if !page_aligned(addr) {
            return Err(Errno::EINVAL);
        }
        self.with(|inner| {
            let mut found: Option<FileTag> = None;
            let mut pieces: Vec<Range<usize>> = Vec::new();
            for vma in inner.vmas.iter().filter(|v| v.start >= addr) {
                let Label::File(tag) = &vma.label else { continue };
                let first = vma.start.checked_sub(vma.offset as usize) == Some(addr);
                let same = found.as_ref().is_none_or(|f| core::ptr::addr_eq(&raw const *f.name, &raw const *tag.name));
                if first && same && is(tag) {
                    found = Some(tag.clone());
                    pieces.push(vma.start..vma.end);
                }
            }
            for piece in pieces {
                inner.unmap(piece)?;
            }
            found.ok_or(Errno::EINVAL)
        })
    }
}
