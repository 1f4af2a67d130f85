//! Page frames of the arena: the memory behind tmpfs files.
//!
//! Answers to `mm/page_alloc.c`. A [`Frames`] is an owned run of pages of the arena's memfd. Guests may have the same
//! pages mapped, so their bytes are only ever copied, never borrowed. Locks: the arena's own (leaf).

use crate::arena;
use crate::errno::{Errno, Result};
use crate::iov::IovIter;
use crate::layout::PAGE_SIZE;

/// An owned run of zero-filled (when allocated) page frames; freed when dropped.
pub struct Frames {
    first: usize,
    pages: usize,
}

impl Frames {
    /// Allocates `pages` contiguous pages, all zero. `ENOMEM` when the arena is full.
    pub fn alloc(pages: usize) -> Result<Frames> {
        let first = arena::alloc_pages(pages).ok_or(Errno::ENOMEM)?;
        Ok(Frames { first, pages })
    }

    /// Number of pages.
    pub fn pages(&self) -> usize {
        self.pages
    }

    /// Number of bytes.
    pub fn len(&self) -> usize {
        self.pages * PAGE_SIZE
    }

    /// Never: a run has at least one page.
    pub fn is_empty(&self) -> bool {
        self.pages == 0
    }

    /// Where the run starts in the arena's memfd, for `mmap`.
    pub fn memfd_offset(&self) -> u64 {
        (self.first * PAGE_SIZE) as u64
    }

    /// Copies up to `len` bytes from offset `off` to `to`; stops early where `to` faults (see [`IovIter`]).
    pub fn read(&self, off: usize, len: usize, to: &mut IovIter<'_>) -> usize {
        let (addr, len) = self.clip(off, len);
        // SAFETY: `clip` kept the range inside this run of arena pages.
        unsafe { to.put_raw(addr, len) }
    }

    /// Copies up to `len` bytes from `from` to offset `off`; stops early where `from` faults.
    pub fn write(&self, off: usize, len: usize, from: &mut IovIter<'_>) -> usize {
        let (addr, len) = self.clip(off, len);
        // SAFETY: as in `read`; nobody holds references into frames.
        unsafe { from.take_raw(addr, len) }
    }

    /// Copies bytes out to kernel memory.
    pub fn get(&self, off: usize, buf: &mut [u8]) {
        let (addr, len) = self.clip(off, buf.len());
        // SAFETY: as in `read`; the run and `buf` do not overlap.
        unsafe { core::ptr::copy_nonoverlapping(addr as *const u8, buf.as_mut_ptr(), len) }
    }

    /// Copies bytes in from kernel memory.
    pub fn put(&self, off: usize, buf: &[u8]) {
        let (addr, len) = self.clip(off, buf.len());
        // SAFETY: as in `get`.
        unsafe { core::ptr::copy_nonoverlapping(buf.as_ptr(), addr as *mut u8, len) }
    }

    /// Clears bytes.
    pub fn zero(&self, off: usize, len: usize) {
        let (addr, len) = self.clip(off, len);
        // SAFETY: as in `get`.
        unsafe { core::ptr::write_bytes(addr as *mut u8, 0, len) }
    }

    /// Whether `len` bytes at `off` are all zero (for `SEEK_DATA`).
    pub fn is_zero(&self, off: usize, len: usize) -> bool {
        let (addr, len) = self.clip(off, len);
        // SAFETY: as in `get`; volatile because a guest may write meanwhile.
        (0..len).all(|i| unsafe { core::ptr::read_volatile((addr + i) as *const u8) } == 0)
    }

    /// Splits off the pages from `page` on; `None` when nothing would be left on one side.
    pub fn split_off(&mut self, page: usize) -> Option<Frames> {
        if page == 0 || page >= self.pages {
            return None;
        }
        let tail = Frames { first: self.first + page, pages: self.pages - page };
        self.pages = page;
        Some(tail)
    }

    fn clip(&self, off: usize, len: usize) -> (usize, usize) {
        let off = off.min(self.len());
        (arena::page_addr(self.first) + off, len.min(self.len() - off))
    }
}

impl Drop for Frames {
    fn drop(&mut self) {
        arena::free_pages(self.first, self.pages);
    }
}
