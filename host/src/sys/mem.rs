//! Host memory calls. Those for the guest check that the range is the guest's; those for the runtime are `unsafe`.

use super::{HostCall, call};
use crate::errno::{Errno, Result};
use crate::layout::is_guest;

const MAP_SHARED: usize = 1;
const MAP_PRIVATE: usize = 2;
const MAP_FIXED: usize = 0x10;
const MAP_ANONYMOUS: usize = 0x20;
const MAP_NORESERVE: usize = 0x4000;
const MAP_FIXED_NOREPLACE: usize = 0x10_0000;
const PROT_RW: usize = 3;

fn guest_range(addr: usize, len: usize) -> Result<()> {
    if addr.is_multiple_of(4096) && len > 0 && is_guest(addr, len) { Ok(()) } else { Err(Errno::ENOMEM) }
}

/// `mmap(2)` at exactly `addr`, replacing what is there. `fd` is -1 for anonymous memory; `flags` are the host's, without
/// `MAP_FIXED`. The range must be the guest's.
pub fn map_guest(addr: usize, len: usize, prot: u32, flags: u32, fd: i32, off: u64) -> Result<()> {
    guest_range(addr, len)?;
    let flags = flags as usize | MAP_FIXED;
    // SAFETY: only guest memory is replaced, which the kernel never borrows.
    unsafe { call(HostCall::Mmap, [addr, len, prot as usize, flags, fd as usize, off as usize]).map(drop) }
}

/// `munmap(2)` of guest memory.
pub fn unmap_guest(addr: usize, len: usize) -> Result<()> {
    guest_range(addr, len)?;
    // SAFETY: only guest memory.
    unsafe { call(HostCall::Munmap, [addr, len, 0, 0, 0, 0]).map(drop) }
}

/// `mprotect(2)` of guest memory.
pub fn protect_guest(addr: usize, len: usize, prot: u32) -> Result<()> {
    guest_range(addr, len)?;
    // SAFETY: only guest memory.
    unsafe { call(HostCall::Mprotect, [addr, len, prot as usize, 0, 0, 0]).map(drop) }
}

/// `mremap(2)` of guest memory to exactly `new` (`MREMAP_FIXED`), or in place when `new == old`. `flags` may add
/// `MREMAP_DONTUNMAP`.
pub fn remap_guest(old: usize, old_len: usize, new: usize, new_len: usize, flags: u32) -> Result<()> {
    guest_range(old, old_len.max(1))?;
    guest_range(new, new_len)?;
    let flags = if new == old { 0 } else { flags as usize | 3 };
    // SAFETY: only guest memory on both sides.
    unsafe { call(HostCall::Mremap, [old, old_len, new_len, flags, new, 0]).map(drop) }
}

/// `madvise(2)` on guest memory.
pub fn advise_guest(addr: usize, len: usize, advice: u32) -> Result<()> {
    guest_range(addr, len)?;
    // SAFETY: only guest memory.
    unsafe { call(HostCall::Madvise, [addr, len, advice as usize, 0, 0, 0]).map(drop) }
}

/// `msync(2)` on guest memory.
pub fn sync_guest(addr: usize, len: usize, flags: u32) -> Result<()> {
    guest_range(addr, len)?;
    // SAFETY: only guest memory.
    unsafe { call(HostCall::Msync, [addr, len, flags as usize, 0, 0, 0]).map(drop) }
}

/// `mincore(2)` on guest memory, one byte a page.
pub fn mincore_guest(addr: usize, len: usize, out: &mut [u8]) -> Result<()> {
    guest_range(addr, len)?;
    if out.len() < len.div_ceil(4096) {
        return Err(Errno::EINVAL);
    }
    // SAFETY: `out` has a byte for each page.
    unsafe { call(HostCall::Mincore, [addr, len, out.as_mut_ptr() as usize, 0, 0, 0]).map(drop) }
}

/// Unmaps everything that a guest may own, as `execve` does.
pub fn unmap_all_guest() {
    for range in crate::layout::GUEST_RANGES {
        let _ = unmap_guest(range.start, range.end - range.start);
    }
}

/// `madvise(2)` on everything that a guest may own. Holes are no error; the host may stop at a mapping that it will not advise.
pub fn advise_all_guest(advice: u32) -> Result<()> {
    for range in crate::layout::GUEST_RANGES {
        match advise_guest(range.start, range.end - range.start, advice) {
            Ok(()) | Err(Errno::ENOMEM) => {}
            Err(e) => return Err(e),
        }
    }
    Ok(())
}

/// Maps a file shared at a fixed, free address of the runtime's.
///
/// # Safety
/// The range must be the runtime's to use.
pub(crate) unsafe fn map_runtime_shared(addr: usize, len: usize, fd: i32) -> Result<()> {
    let flags = MAP_SHARED | MAP_NORESERVE | MAP_FIXED_NOREPLACE;
    // SAFETY: NOREPLACE: nothing that exists is touched.
    let at = unsafe { call(HostCall::Mmap, [addr, len, PROT_RW, flags, fd as usize, 0])? };
    if at == addr { Ok(()) } else { Err(Errno::EEXIST) }
}

/// Maps private memory for the runtime: at `hint` if there is room, else anywhere above the guest's ranges.
pub fn map_runtime_private(hint: usize, len: usize) -> Result<usize> {
    let flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE;
    // SAFETY: a fresh mapping where the host finds room.
    let addr = unsafe { call(HostCall::Mmap, [hint, len, PROT_RW, flags, usize::MAX, 0])? };
    if is_guest(addr, len) {
        // SAFETY: the mapping just made.
        let _ = unsafe { call(HostCall::Munmap, [addr, len, 0, 0, 0, 0]) };
        return Err(Errno::ENOMEM);
    }
    Ok(addr)
}

/// Makes part of the runtime's own memory inaccessible: guard pages.
///
/// # Safety
/// Nobody may use the range any more.
pub unsafe fn guard_runtime(addr: usize, len: usize) -> Result<()> {
    // SAFETY: the caller's promise.
    unsafe { call(HostCall::Mprotect, [addr, len, 0, 0, 0, 0]).map(drop) }
}

/// Gives back memory of [`map_runtime_private`].
///
/// # Safety
/// Nobody may use the range any more.
pub unsafe fn unmap_runtime(addr: usize, len: usize) -> Result<()> {
    // SAFETY: the caller's promise.
    unsafe { call(HostCall::Munmap, [addr, len, 0, 0, 0, 0]).map(drop) }
}

/// Asks the host to put a range of the runtime's own memory into huge pages (`MADV_COLLAPSE`, Linux 6.1). Contents stay.
pub(crate) fn collapse_runtime(addr: usize, len: usize) -> Result<()> {
    const MADV_COLLAPSE: usize = 25;
    // SAFETY: changes how the host keeps the bytes, not the bytes.
    unsafe { call(HostCall::Madvise, [addr, len, MADV_COLLAPSE, 0, 0, 0]).map(drop) }
}

/// Maps a copy of the runtime's text over the text.
///
/// # Safety
/// The file must hold the same bytes for good.
pub unsafe fn map_runtime_text(addr: usize, len: usize, fd: i32) -> Result<()> {
    const PROT_READ_EXEC: usize = 5;
    // SAFETY: the caller's promise: who runs there finds the same instructions.
    unsafe { call(HostCall::Mmap, [addr, len, PROT_READ_EXEC, MAP_PRIVATE | MAP_FIXED, fd as usize, 0]).map(drop) }
}
