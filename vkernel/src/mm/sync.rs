//! `msync(2)` and `mincore(2)` (Linux's `mm/msync.c`, `mm/mincore.c`).

use super::vma::{Backing, VmFlags};
use super::{Inner, Mm, page_aligned};
use alloc::vec::Vec;
use core::ops::Range;
use host::layout::{PAGE_SIZE, TASK_SIZE, is_guest, page_up};
use host::sys::mem;
use host::{Errno, Result, user};

const MS_ASYNC: u32 = 1;
const MS_INVALIDATE: u32 = 2;
const MS_SYNC: u32 = 4;
/// Pages that `mincore` asks about at once.
const CHUNK: usize = 512;

impl Mm {
    /// `msync(2)`. The host writes outside of the lock.
    pub fn msync(&self, addr: usize, len: usize, flags: u32) -> Result<()> {
        if flags & !(MS_ASYNC | MS_INVALIDATE | MS_SYNC) != 0
            || !page_aligned(addr)
            || flags & MS_ASYNC != 0 && flags & MS_SYNC != 0
        {
            return Err(Errno::EINVAL);
        }
        // Linux's rounding wraps to 0 at the top, which is nothing to do.
        let end = addr.checked_add(page_up(len).unwrap_or(0)).ok_or(Errno::ENOMEM)?;
        if end == addr {
            return Ok(());
        }
        let (whole, files) = self.with(|inner| {
            let range = addr..end;
            if flags & MS_INVALIDATE != 0
                && inner.vmas.overlaps(range.clone()).any(|vma| vma.flags.contains(VmFlags::LOCKED))
            {
                return Err(Errno::EBUSY);
            }
            Ok((inner.vmas.covers(range.clone()), inner.shared_files(range)))
        })?;
        if flags & MS_SYNC != 0 {
            for part in files {
                match mem::sync_guest(part.start, part.end - part.start, MS_SYNC) {
                    // Unmapped in the meantime by another thread.
                    Ok(()) | Err(Errno::ENOMEM) => {}
                    Err(e) => return Err(e),
                }
            }
        }
        if whole { Ok(()) } else { Err(Errno::ENOMEM) }
    }

    /// Bytes of a range that are in memory, as far as a look of a gigabyte goes.
    pub fn resident(&self, range: core::ops::Range<usize>) -> usize {
        const MOST: usize = 1 << 30;
        let end = range.end.min(range.start.saturating_add(MOST));
        let (mut at, mut count) = (range.start, 0);
        while at < end {
            let mut states = [0u8; CHUNK];
            let next = end.min(at.saturating_add(CHUNK * PAGE_SIZE));
            let known =
                self.with(|inner| inner.vmas.covers(at..next).then(|| mem::mincore_guest(at, next - at, &mut states)));
            if known == Some(Ok(())) {
                count += states.iter().take((next - at) / PAGE_SIZE).filter(|s| **s & 1 != 0).count();
            }
            at = next;
        }
        count * PAGE_SIZE
    }

    /// `mincore(2)` of one page, for the kernel itself; `None` where nothing is mapped.
    pub fn is_resident(&self, addr: usize) -> Option<bool> {
        let start = host::layout::page_down(addr);
        let mut state = [0u8; 1];
        self.with(|inner| {
            inner.vmas.at(start)?;
            mem::mincore_guest(start, PAGE_SIZE, &mut state).ok()?;
            Some(state[0] & 1 != 0)
        })
    }

    /// Whether what is mapped there is for nobody but the process itself to look at (`memfd_secret(2)`).
    pub fn is_secret(&self, addr: usize) -> bool {
        self.with(|inner| inner.vmas.at(addr).is_some_and(|vma| vma.flags.contains(VmFlags::SECRET)))
    }

    /// `mincore(2)`, with the answer written to the guest at `vec`.
    pub fn mincore(&self, addr: usize, len: usize, vec: usize) -> Result<()> {
        if !page_aligned(addr) {
            return Err(Errno::EINVAL);
        }
        let end = addr.checked_add(len).filter(|&end| end <= TASK_SIZE).ok_or(Errno::ENOMEM)?;
        let pages = (end - addr).div_ceil(PAGE_SIZE);
        if pages > 0 && !is_guest(vec, pages) {
            return Err(Errno::EFAULT);
        }
        let mut done = 0;
        while done < pages {
            let n = (pages - done).min(CHUNK);
            let start = addr.saturating_add(done * PAGE_SIZE);
            let range = start..start.saturating_add(n * PAGE_SIZE);
            let mut states = [0u8; CHUNK];
            self.with(|inner| {
                if !inner.vmas.covers(range.clone()) {
                    return Err(Errno::ENOMEM);
                }
                mem::mincore_guest(range.start, range.end - range.start, &mut states)
            })?;
            let states = states.get(..n).unwrap_or_default();
            user::copy_out(vec.saturating_add(done), states)?;
            done += n;
        }
        Ok(())
    }
}

impl Inner {
    /// The parts of a range that show host files and share their changes.
    fn shared_files(&self, range: Range<usize>) -> Vec<Range<usize>> {
        self.vmas
            .overlaps(range.clone())
            .filter(|vma| vma.is_shared() && matches!(vma.backing, Backing::Host(_)))
            .map(|vma| vma.start.max(range.start)..vma.end.min(range.end))
            .collect()
    }
}
