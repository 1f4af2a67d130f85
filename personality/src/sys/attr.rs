//! Changes of attributes: `chmod`, `chown`, `utimensat`, `truncate`, `fallocate`, `umask` and their kin (Linux's `fs/open.c`,
//! `fs/utimes.c`).

use super::path::{self, AT_EMPTY_PATH, AT_FDCWD, AT_SYMLINK_NOFOLLOW, Asker};
use crate::dispatch::Call;
use crate::table::{Fd, PathPtr, Ptr};
use fs_emu::vfs::ops::TimeSet;
use fs_emu::vfs::{Path, anon, ops};
use host::abi::{Timespec, Timeval};
use host::{Errno, Result, user};
use vkernel::mm::file_shrank;
use vkernel::task::limits;
use vkernel::{Task, signal};

/// `truncate(2)`.
pub fn truncate(call: &mut Call<'_>, path: PathPtr, len: i64) -> Result<usize> {
    let len = u64::try_from(len).map_err(|_| Errno::EINVAL)?;
    let name = path::read(path)?;
    let asker = Asker::of(call.task);
    let found = path::find(call.task, &asker, AT_FDCWD, &name, path::resolve(0))?;
    super::lease::before_truncate(call.task, &found)?;
    let limit = size_limit(call.task);
    let done = ops::truncate(&asker.cred, &found, len, limit);
    shrank(call.task, &found);
    told(call.task, len > limit, done)
}

/// `ftruncate(2)`.
pub fn ftruncate(call: &mut Call<'_>, fd: Fd, len: i64) -> Result<usize> {
    let len = u64::try_from(len).map_err(|_| Errno::EINVAL)?;
    let file = path::file(call.task, fd)?;
    let limit = size_limit(call.task);
    let done = ops::ftruncate(&call.task.cred(), &file, len, limit);
    if let Some(path) = file.path() {
        shrank(call.task, path);
    }
    told(call.task, len > limit, done)
}

/// A file may have got shorter: mappings of it have to follow.
pub(super) fn shrank(task: &Task, path: &Path) {
    if path.inode().is_mapped() {
        file_shrank(task);
    }
}

/// `fallocate(2)`.
pub fn fallocate(call: &mut Call<'_>, fd: Fd, mode: u32, offset: i64, len: i64) -> Result<usize> {
    let file = path::file(call.task, fd)?;
    let limit = size_limit(call.task);
    let beyond = offset.checked_add(len).is_some_and(|end| end as u64 > limit);
    told(call.task, beyond, file.allocate(mode, offset, len, limit))
}

/// `RLIMIT_FSIZE`.
fn size_limit(task: &Task) -> u64 {
    task.group.rlimit(limits::FSIZE).cur
}

/// A file that may not grow beyond the limit: the caller is told by a signal as well.
fn told(task: &Task, beyond_limit: bool, result: Result<()>) -> Result<usize> {
    if beyond_limit && result == Err(Errno::EFBIG) {
        let info = signal::info_user(signal::SIGXFSZ, signal::code::SI_USER, task.tgid(), task.cred().uid);
        let _ = task.send(signal::SIGXFSZ, info);
    }
    result.map(|()| 0)
}

/// `umask(2)`.
pub fn umask(call: &mut Call<'_>, mask: u32) -> Result<usize> {
    Ok(call.task.fs().set_umask(mask) as usize)
}

/// `chmod(2)`.
pub fn chmod(call: &mut Call<'_>, path: PathPtr, mode: u32) -> Result<usize> {
    fchmodat2(call, AT_FDCWD, path, mode, 0)
}

/// `fchmodat(2)`, which has no flags.
pub fn fchmodat(call: &mut Call<'_>, dirfd: Fd, path: PathPtr, mode: u32) -> Result<usize> {
    fchmodat2(call, dirfd, path, mode, 0)
}

/// `fchmodat2(2)`.
pub fn fchmodat2(call: &mut Call<'_>, dirfd: Fd, path: PathPtr, mode: u32, flags: u32) -> Result<usize> {
    let (asker, found) = named(call.task, dirfd, path, flags)?;
    ops::chmod(&asker.cred, &found, mode).map(|()| 0)
}

/// `fchmod(2)`.
pub fn fchmod(call: &mut Call<'_>, fd: Fd, mode: u32) -> Result<usize> {
    let place = anon::path_of(&path::file(call.task, fd)?);
    ops::chmod(&call.task.cred(), &place, mode).map(|()| 0)
}

/// `chown(2)`.
pub fn chown(call: &mut Call<'_>, path: PathPtr, uid: u32, gid: u32) -> Result<usize> {
    fchownat(call, AT_FDCWD, path, uid, gid, 0)
}

/// `lchown(2)`.
pub fn lchown(call: &mut Call<'_>, path: PathPtr, uid: u32, gid: u32) -> Result<usize> {
    fchownat(call, AT_FDCWD, path, uid, gid, AT_SYMLINK_NOFOLLOW)
}

/// `fchownat(2)`.
pub fn fchownat(call: &mut Call<'_>, dirfd: Fd, path: PathPtr, uid: u32, gid: u32, flags: u32) -> Result<usize> {
    let (asker, found) = named(call.task, dirfd, path, flags)?;
    ops::chown(&asker.cred, &found, id(uid), id(gid)).map(|()| 0)
}

/// `fchown(2)`.
pub fn fchown(call: &mut Call<'_>, fd: Fd, uid: u32, gid: u32) -> Result<usize> {
    let place = anon::path_of(&path::file(call.task, fd)?);
    ops::chown(&call.task.cred(), &place, id(uid), id(gid)).map(|()| 0)
}

/// -1 leaves an id alone.
fn id(raw: u32) -> Option<u32> {
    (raw != u32::MAX).then_some(raw)
}

/// The file that `fchmodat2`, `fchownat` and `utimensat` are about.
fn named(task: &Task, dirfd: Fd, path: PathPtr, flags: u32) -> Result<(Asker, Path)> {
    if flags & !(AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH) != 0 {
        return Err(Errno::EINVAL);
    }
    let name = path::read_at(path, flags)?;
    let asker = Asker::of(task);
    let found = path::find(task, &asker, dirfd, &name, path::resolve(flags))?;
    Ok((asker, found))
}

/// Access and modification time; `None` for twice the present.
type Times = Option<[Timespec; 2]>;

/// `utime(2)`: whole seconds.
pub fn utime(call: &mut Call<'_>, path: PathPtr, times: Ptr) -> Result<usize> {
    let times = user::read_opt::<[i64; 2]>(times.0)?.map(|t| t.map(|sec| Timespec { sec, nsec: 0 }));
    set_times(call.task, AT_FDCWD, path, times, 0)
}

/// `utimes(2)`: microseconds.
pub fn utimes(call: &mut Call<'_>, path: PathPtr, times: Ptr) -> Result<usize> {
    futimesat(call, AT_FDCWD, path, times)
}

/// `futimesat(2)`.
pub fn futimesat(call: &mut Call<'_>, dirfd: Fd, path: PathPtr, times: Ptr) -> Result<usize> {
    let times = match user::read_opt::<[Timeval; 2]>(times.0)? {
        None => None,
        Some([atime, mtime]) => {
            Some([atime.to_timespec().ok_or(Errno::EINVAL)?, mtime.to_timespec().ok_or(Errno::EINVAL)?])
        }
    };
    set_times(call.task, dirfd, path, times, 0)
}

/// `utimensat(2)`: nanoseconds, `UTIME_NOW`, `UTIME_OMIT`.
pub fn utimensat(call: &mut Call<'_>, dirfd: Fd, path: PathPtr, times: Ptr, flags: u32) -> Result<usize> {
    /// `UTIME_OMIT`.
    const OMIT: i64 = 0x3fff_fffe;
    let times = user::read_opt::<[Timespec; 2]>(times.0)?;
    // Nothing to do: not even the path is looked at.
    if times.is_some_and(|t| t.iter().all(|t| t.nsec == OMIT)) {
        return Ok(0);
    }
    set_times(call.task, dirfd, path, times, flags)
}

/// `do_utimes`: a NULL path with a descriptor means the descriptor's file.
fn set_times(task: &Task, dirfd: Fd, path: PathPtr, times: Times, flags: u32) -> Result<usize> {
    let (cred, place) = if path.0 == 0 && dirfd != AT_FDCWD {
        if flags != 0 {
            return Err(Errno::EINVAL);
        }
        (task.cred(), anon::path_of(&path::file(task, dirfd)?))
    } else {
        let (asker, found) = named(task, dirfd, path, flags)?;
        (asker.cred, found)
    };
    let (atime, mtime) = match times {
        Some([a, m]) => (TimeSet::from_guest(a)?, TimeSet::from_guest(m)?),
        None => (TimeSet::Now, TimeSet::Now),
    };
    ops::utimens(&cred, &place, atime, mtime).map(|()| 0)
}
