//! Memory: `mmap`, `mprotect`, `mremap`, `brk`, `madvise`, `mlock` and their families (Linux's `mm/`).
//!
//! The address space does the work (`vkernel::mm`); here descriptors become what stands behind a mapping, and resource
//! limits become [`Limits`]. Left out: protection keys, huge pages. NUMA policies stand in `numa`.

use crate::dispatch::Call;
use crate::table::{Fd, Ptr};
use alloc::sync::Arc;
use fs_emu::cred::Caps;
use fs_emu::vfs::{File, MountFlags};
use host::layout::PAGE_SIZE;
use host::{Errno, Result};
use vkernel::Task;
use vkernel::ipc::shm;
use vkernel::mm::patch::Version;
use vkernel::mm::{
    FileTag, Limits, MAP_ANONYMOUS, MAP_FIXED, MAP_NONBLOCK, MAP_POPULATE, MAP_SHARED, MapFile, MapRequest, Mm,
    PROT_EXEC, PROT_WRITE, VmFlags,
};
use vkernel::secretmem::SecretMem;

const IPC_LOCK: Caps = Caps::from_bits_retain(1 << 14);

/// The resource limits that memory calls look at.
pub fn limits(task: &Task) -> Limits {
    Limits::from_rlimits(&task.group.rlimits(), task.cred().capable(IPC_LOCK))
}

/// The same for what a loader maps: call sites in its text are remembered, and patched ahead in the next process.
pub fn map_remembered(file: &Arc<File>) -> MapFile {
    let mut map = map_file(file);
    map.tag.version = file.metadata().ok().and_then(|meta| Version::of(&meta));
    map
}

/// What an open file offers to a mapping.
pub fn map_file(file: &Arc<File>) -> MapFile {
    let flags = file.flags();
    let meta = file.metadata().unwrap_or_default();
    let tag = FileTag::new(file.clone(), meta.dev, meta.ino);
    let secret = SecretMem::is(file);
    MapFile {
        source: file.ops().map(),
        tag,
        readable: flags.readable(),
        writable: flags.writable(),
        append_only: false,
        noexec: file.path().is_some_and(|p| p.mount.flags().contains(MountFlags::NOEXEC)) || secret,
        secret,
    }
}

/// `mmap(2)`.
pub fn mmap(call: &mut Call<'_>, addr: Ptr, len: usize, prot: u32, flags: u32, fd: Fd, offset: u64) -> Result<usize> {
    Mm::check_offset(offset)?;
    let file = if flags & MAP_ANONYMOUS != 0 { None } else { Some(mappable(call.task, fd)?) };
    let request = MapRequest { addr: addr.0, len, prot, flags, offset };
    let mm = call.task.mm();
    // Others, emulators for instance, may map text to do something else with it than to run it here.
    let remembered = prot & PROT_EXEC != 0 && file.is_some() && mm.is_loader(call.cx.regs().rip as usize);
    let file = file.as_ref().map(if remembered { map_remembered } else { map_file });
    mm.mmap(&request, file, &limits(call.task))
}

fn mappable(task: &Task, fd: Fd) -> Result<Arc<File>> {
    let file = task.files().ok_or(Errno::EBADF)?.get(fd.0)?;
    if file.is_path_only() { Err(Errno::EBADF) } else { Ok(file) }
}

/// `munmap(2)`.
pub fn munmap(call: &mut Call<'_>, addr: Ptr, len: usize) -> Result<usize> {
    call.task.mm().munmap(addr.0, len).map(|()| 0)
}

/// `mprotect(2)`.
pub fn mprotect(call: &mut Call<'_>, addr: Ptr, len: usize, prot: u32) -> Result<usize> {
    call.task.mm().mprotect(addr.0, len, prot, &limits(call.task)).map(|()| 0)
}

/// `mremap(2)`.
pub fn mremap(call: &mut Call<'_>, old: Ptr, old_len: usize, new_len: usize, flags: u32, new: Ptr) -> Result<usize> {
    call.task.mm().mremap(old.0, old_len, new_len, flags, new.0, &limits(call.task))
}

/// `brk(2)`: the break as it is now, moved or not.
pub fn brk(call: &mut Call<'_>, addr: Ptr) -> Result<usize> {
    Ok(call.task.mm().brk(addr.0, &limits(call.task)))
}

/// `madvise(2)`.
pub fn madvise(call: &mut Call<'_>, addr: Ptr, len: usize, advice: u32) -> Result<usize> {
    call.task.mm().madvise(addr.0, len, advice).map(|()| 0)
}

/// `msync(2)`.
pub fn msync(call: &mut Call<'_>, addr: Ptr, len: usize, flags: u32) -> Result<usize> {
    call.task.mm().msync(addr.0, len, flags).map(|()| 0)
}

/// `remap_file_pages(2)`: as Linux does it today, another mapping of the same file in its place.
pub fn remap_file_pages(
    call: &mut Call<'_>,
    addr: Ptr,
    len: usize,
    prot: u32,
    page: usize,
    flags: u32,
) -> Result<usize> {
    let start = host::layout::page_down(addr.0);
    let len = host::layout::page_down(len);
    let offset = page.checked_mul(PAGE_SIZE).and_then(|o| o.checked_add(len).map(|_| o)).ok_or(Errno::EINVAL)?;
    let end = start.checked_add(len).ok_or(Errno::EINVAL)?;
    if prot != 0 || len == 0 {
        return Err(Errno::EINVAL);
    }
    let space = call.task.mm();
    let info =
        space.map_at(start).filter(|m| m.flags.contains(VmFlags::SHARED) && end <= m.end).ok_or(Errno::EINVAL)?;
    let name = info.file.ok_or(Errno::EINVAL)?;
    let source = shm::file_of(&*name).or_else(|| name.as_any().downcast_ref::<File>().map(|f| f.ops().clone()));
    let (source, tag) = (source.ok_or(Errno::EINVAL)?.map(), FileTag::new(name, info.dev, info.ino));
    let file = MapFile {
        source,
        tag,
        readable: true,
        writable: info.may & PROT_WRITE != 0,
        append_only: false,
        noexec: false,
        secret: info.flags.contains(VmFlags::SECRET),
    };
    let flags = MAP_SHARED | MAP_FIXED | MAP_POPULATE | flags & MAP_NONBLOCK;
    let request = MapRequest { addr: start, len, prot: info.prot, flags, offset: offset as u64 };
    space.mmap(&request, Some(file), &limits(call.task)).map(|_| 0)
}

/// `mincore(2)`.
pub fn mincore(call: &mut Call<'_>, addr: Ptr, len: usize, vec: Ptr) -> Result<usize> {
    call.task.mm().mincore(addr.0, len, vec.0).map(|()| 0)
}

/// `mlock(2)`.
pub fn mlock(call: &mut Call<'_>, addr: Ptr, len: usize) -> Result<usize> {
    mlock2(call, addr, len, 0)
}

/// `mlock2(2)`.
pub fn mlock2(call: &mut Call<'_>, addr: Ptr, len: usize, flags: u32) -> Result<usize> {
    call.task.mm().mlock(addr.0, len, flags, &limits(call.task)).map(|()| 0)
}

/// `munlock(2)`.
pub fn munlock(call: &mut Call<'_>, addr: Ptr, len: usize) -> Result<usize> {
    call.task.mm().munlock(addr.0, len).map(|()| 0)
}

/// `mlockall(2)`.
pub fn mlockall(call: &mut Call<'_>, flags: u32) -> Result<usize> {
    call.task.mm().mlockall(flags, &limits(call.task)).map(|()| 0)
}

/// `munlockall(2)`.
pub fn munlockall(call: &mut Call<'_>) -> Result<usize> {
    call.task.mm().munlockall();
    Ok(0)
}
