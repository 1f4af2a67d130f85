//! Making descriptors that have no path: pipes, copies, counters, memory files (`fs/pipe.c`, `fs/file.c`, `fs/eventfd.c`,
//! `mm/memfd.c`). Left out: notification pipes, huge pages.

use super::rw;
use crate::dispatch::Call;
use crate::table::{Fd, Ptr};
use alloc::sync::Arc;
use alloc::vec::Vec;
use fs_emu::tmpfs::{Limits, TmpFs, seal};
use fs_emu::vfs::{File, MountFlags, MountTable};
use fs_emu::{FileOps, OpenFlags, Owner};
use host::abi::dev_join;
use host::{Errno, Result, user};
use vkernel::eventfd::EventFd;
use vkernel::files::Reservation;
use vkernel::kernel::kernel;
use vkernel::pipe::{self, Ident};
use vkernel::secretmem::SecretMem;
use vkernel::task::limits;

/// Device numbers of the file systems that are mounted nowhere.
const PIPEFS: u64 = dev_join(0, 14);
const SHMEM: u64 = dev_join(0, 1);

/// `RLIMIT_NOFILE`.
pub(super) fn limit(call: &Call<'_>) -> u64 {
    call.task.group.rlimit(limits::NOFILE).cur
}

pub(super) fn reserve(call: &Call<'_>) -> Result<Reservation> {
    rw::table(call)?.reserve(0, limit(call))
}

/// `pipe(2)`.
pub fn pipe(call: &mut Call<'_>, fds: Ptr) -> Result<usize> {
    pipe2(call, fds, 0)
}

/// `pipe2(2)`.
pub fn pipe2(call: &mut Call<'_>, fds: Ptr, flags: u32) -> Result<usize> {
    let flags = OpenFlags::from_bits_retain(flags);
    if !(flags - (OpenFlags::CLOEXEC | OpenFlags::NONBLOCK | OpenFlags::DIRECT)).is_empty() {
        return Err(Errno::EINVAL);
    }
    let (read, write) = (reserve(call)?, reserve(call)?);
    let cred = call.task.cred();
    let ident = Ident { dev: PIPEFS, ino: kernel().next_id(), uid: cred.fsuid, gid: cred.fsgid };
    let (read_ops, write_ops) = pipe::pipe(ident, flags);
    user::write(fds.0, &[read.fd(), write.fd()])?;
    let cloexec = flags.contains(OpenFlags::CLOEXEC);
    let nonblock = flags & OpenFlags::NONBLOCK;
    read.publish(File::new(read_ops, None, nonblock), cloexec);
    let flags = OpenFlags::WRONLY | nonblock | (flags & OpenFlags::DIRECT);
    write.publish(File::new(write_ops, None, flags), cloexec);
    Ok(0)
}

/// `dup(2)`.
pub fn dup(call: &mut Call<'_>, fd: Fd) -> Result<usize> {
    let file = rw::table(call)?.get_open(fd.0)?;
    Ok(reserve(call)?.publish(file, false) as usize)
}

/// `dup2(2)`.
pub fn dup2(call: &mut Call<'_>, oldfd: Fd, newfd: Fd) -> Result<usize> {
    if oldfd == newfd {
        return rw::table(call)?.get(oldfd.0).map(|_| oldfd.0 as usize);
    }
    dup_to(call, oldfd, newfd, false)
}

/// `dup3(2)`.
pub fn dup3(call: &mut Call<'_>, oldfd: Fd, newfd: Fd, flags: u32) -> Result<usize> {
    if flags & !OpenFlags::CLOEXEC.bits() != 0 || oldfd == newfd {
        return Err(Errno::EINVAL);
    }
    dup_to(call, oldfd, newfd, flags != 0)
}

fn dup_to(call: &Call<'_>, oldfd: Fd, newfd: Fd, cloexec: bool) -> Result<usize> {
    // A negative number is a large one.
    let new = newfd.0 as u32;
    if u64::from(new) >= limit(call) {
        return Err(Errno::EBADF);
    }
    let files = rw::table(call)?;
    let file = files.get_open(oldfd.0)?;
    files.replace(new, file, cloexec, limit(call))?;
    Ok(new as usize)
}

/// `eventfd(2)` of old.
pub fn eventfd(call: &mut Call<'_>, value: u32) -> Result<usize> {
    eventfd2(call, value, 0)
}

/// `eventfd(2)`.
pub fn eventfd2(call: &mut Call<'_>, value: u32, flags: u32) -> Result<usize> {
    const SEMAPHORE: u32 = 1;
    let open = OpenFlags::from_bits_retain(flags & !SEMAPHORE);
    if !(open - (OpenFlags::CLOEXEC | OpenFlags::NONBLOCK)).is_empty() {
        return Err(Errno::EINVAL);
    }
    let fd = reserve(call)?;
    let ops: Arc<dyn FileOps> = EventFd::new(value, flags & SEMAPHORE != 0);
    let file = File::new(ops, None, OpenFlags::RDWR | (open & OpenFlags::NONBLOCK));
    Ok(fd.publish(file, open.contains(OpenFlags::CLOEXEC)) as usize)
}

const MFD_CLOEXEC: u32 = 1;
const MFD_ALLOW_SEALING: u32 = 2;
const MFD_HUGETLB: u32 = 4;
const MFD_NOEXEC_SEAL: u32 = 8;
const MFD_EXEC: u32 = 16;
/// Bytes of a name, without the prefix that `/proc` shows.
const NAME_MAX: usize = 249;

/// `memfd_create(2)`.
pub fn memfd_create(call: &mut Call<'_>, name: Ptr, flags: u32) -> Result<usize> {
    if flags & !(MFD_CLOEXEC | MFD_ALLOW_SEALING | MFD_HUGETLB | MFD_NOEXEC_SEAL | MFD_EXEC) != 0
        || flags & (MFD_EXEC | MFD_NOEXEC_SEAL) == MFD_EXEC | MFD_NOEXEC_SEAL
    {
        return Err(Errno::EINVAL);
    }
    let mut shown: Vec<u8> = b"memfd:".to_vec();
    shown.extend(user::read_cstr(name.0, NAME_MAX + 1, Errno::EINVAL)?);
    if flags & MFD_HUGETLB != 0 {
        // As a kernel without huge pages.
        return Err(Errno::ENOSYS);
    }
    let fd = reserve(call)?;
    let cred = call.task.cred();
    let owner = Owner { uid: cred.fsuid, gid: cred.fsgid };
    let open = OpenFlags::RDWR | OpenFlags::LARGEFILE;
    let (mode, seals) = match flags & (MFD_ALLOW_SEALING | MFD_NOEXEC_SEAL) {
        0 => (0o777, seal::SEAL),
        MFD_ALLOW_SEALING => (0o777, 0),
        _ => (0o666, seal::EXEC),
    };
    let file = File::unlinked(&memfds()?.root(), &shown, mode, owner, open)?;
    file.ops().init_seals(seals);
    Ok(fd.publish(file, flags & MFD_CLOEXEC != 0) as usize)
}

/// `memfd_secret(2)`.
pub fn memfd_secret(call: &mut Call<'_>, flags: u32) -> Result<usize> {
    let flags = OpenFlags::from_bits_retain(flags);
    if !(flags - OpenFlags::CLOEXEC).is_empty() {
        return Err(Errno::EINVAL);
    }
    let fd = reserve(call)?;
    let cred = call.task.cred();
    let owner = Owner { uid: cred.fsuid, gid: cred.fsgid };
    let pages = File::unlinked(&memfds()?.root(), b"secretmem", 0o600, owner, OpenFlags::RDWR)?;
    let file = File::new(SecretMem::new(pages), None, OpenFlags::RDWR | OpenFlags::LARGEFILE);
    Ok(fd.publish(file, flags.contains(OpenFlags::CLOEXEC)) as usize)
}

/// The file system of memory files, made at the first use.
pub(super) fn memfds() -> Result<Arc<MountTable>> {
    let made = kernel().memfds.lock().clone();
    if let Some(table) = made {
        return Ok(table);
    }
    let fs = TmpFs::new(SHMEM, Limits::default(), 0o777, Owner { uid: 0, gid: 0 })?;
    let table = Arc::new(MountTable::new(fs, MountFlags::empty(), b"tmpfs"));
    Ok(kernel().memfds.lock().get_or_insert(table).clone())
}
