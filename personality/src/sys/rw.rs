//! Reading, writing, positions and syncing (`fs/read_write.c`, `fs/sync.c`, `mm/fadvise.c`, `mm/readahead.c`).
//!
//! Sleeping, faults and signals are `vkernel::files::io`'s; here are the checks, in Linux's order. Left out of `preadv2` and
//! `pwritev2`: `RWF_NOAPPEND`, `RWF_ATOMIC`, `RWF_DONTCACHE` (`EOPNOTSUPP`).

use super::path;
use crate::dispatch::Call;
use crate::table::{Fd, Ptr};
use alloc::sync::Arc;
use fs_emu::FileType;
use fs_emu::vfs::File;
use fs_emu::vfs::file::Whence;
use host::iov::IovIter;
use host::rcu::{self, RcuRef, Reading};
use host::{Errno, Result, user};
use vkernel::Task;
use vkernel::files::FileTable;
use vkernel::files::io::{self, How, Tried};

/// End of the addresses that `access_ok` lets through.
const TASK_SIZE: usize = 1 << 47;

/// The caller's descriptors.
pub(super) fn table(call: &Call<'_>) -> Result<Arc<FileTable>> {
    call.task.files().ok_or(Errno::EBADF)
}

/// An open file that is more than a path (`fdget`).
pub(super) fn file(call: &Call<'_>, fd: Fd) -> Result<Arc<File>> {
    let reading = rcu::read();
    let file = path::look(call.task, &reading, fd)?;
    if file.is_path_only() { Err(Errno::EBADF) } else { Ok(file.to_arc()) }
}

/// A guest buffer, checked with its whole length before that is cut.
pub(super) fn buffer<'a>(buf: Ptr, count: usize) -> Result<IovIter<'a>> {
    match buf.0.checked_add(count) {
        Some(end) if end <= TASK_SIZE => IovIter::user(buf.0, count),
        _ => Err(Errno::EFAULT),
    }
}

/// Guest buffers as `readv(2)` names them.
pub(super) fn buffers<'a>(iov: Ptr, count: usize) -> Result<IovIter<'a>> {
    IovIter::user_vec(user::read_iovecs(iov.0, count)?)
}

/// The file of a call, for as long as this thread reads; with an offset: `EINVAL`, `EBADF`, `ESPIPE`, in this order. In line, as every
/// read and write comes through here.
#[inline(always)]
fn look<'r>(call: &Call<'_>, reading: &'r Reading, fd: Fd, at: Option<i64>) -> Result<RcuRef<'r, File>> {
    if at.is_some_and(|at| at < 0) {
        return Err(Errno::EINVAL);
    }
    let file = path::look(call.task, reading, fd)?;
    if file.is_path_only() {
        return Err(Errno::EBADF);
    }
    if at.is_some() && !file.ops().seekable() { Err(Errno::ESPIPE) } else { Ok(file) }
}

/// The direction of a call.
type Way = bool;
const READ: Way = false;
const WRITE: Way = true;

fn want<const WAY: Way>(file: &File) -> Result<()> {
    if WAY == WRITE { file.want_write() } else { file.want_read() }
}

fn transfer<const WAY: Way>(task: &Task, file: Arc<File>, iter: &mut IovIter<'_>, how: How) -> Result<usize> {
    if WAY == WRITE { io::write(task, file, iter, how) } else { io::read(task, file, iter, how) }
}

/// A transfer with one buffer. A regular file is not counted meanwhile; all others go the long way.
fn one<const WAY: Way>(call: &Call<'_>, fd: Fd, buf: Ptr, count: usize, at: Option<i64>) -> Result<usize> {
    let task = call.task;
    let (mut iter, moved) = {
        let reading = rcu::read();
        let file = look(call, &reading, fd, at)?;
        want::<WAY>(&file)?;
        let mut iter = buffer(buf, count)?;
        let tried = if WAY == WRITE {
            io::try_write(task, task.cred_in(&reading), &file, &mut iter, at)
        } else {
            io::try_read(task, &file, &mut iter, at)
        };
        match tried {
            Tried::Done(done) => return done,
            Tried::Rest(moved) => (iter, moved),
        }
    };
    transfer::<WAY>(task, file(call, fd)?, &mut iter, How { at, moved, ..How::default() })
}

/// A transfer with many buffers.
fn vector<const WAY: Way>(
    call: &Call<'_>,
    fd: Fd,
    iov: Ptr,
    count: usize,
    at: Option<i64>,
    flags: u32,
) -> Result<usize> {
    let file = look(call, &rcu::read(), fd, at)?.to_arc();
    let mut iter = buffers(iov, count)?;
    want::<WAY>(&file)?;
    if iter.remaining() == 0 {
        return Ok(0);
    }
    let how = how(at, flags)?;
    if WAY == READ || flags & (RWF_SYNC | RWF_DSYNC) == 0 {
        return transfer::<WAY>(call.task, file, &mut iter, how);
    }
    let n = io::write(call.task, file.clone(), &mut iter, how)?;
    match file.sync(flags & RWF_SYNC == 0) {
        // Nothing to sync: what a pipe answers, and a write does not mind.
        Ok(()) | Err(Errno::EINVAL) => Ok(n),
        Err(e) => Err(e),
    }
}

/// `read(2)`.
pub fn read(call: &mut Call<'_>, fd: Fd, buf: Ptr, count: usize) -> Result<usize> {
    one::<READ>(call, fd, buf, count, None)
}

/// `write(2)`.
pub fn write(call: &mut Call<'_>, fd: Fd, buf: Ptr, count: usize) -> Result<usize> {
    one::<WRITE>(call, fd, buf, count, None)
}

/// `pread64(2)`.
pub fn pread64(call: &mut Call<'_>, fd: Fd, buf: Ptr, count: usize, offset: i64) -> Result<usize> {
    one::<READ>(call, fd, buf, count, Some(offset))
}

/// `pwrite64(2)`.
pub fn pwrite64(call: &mut Call<'_>, fd: Fd, buf: Ptr, count: usize, offset: i64) -> Result<usize> {
    one::<WRITE>(call, fd, buf, count, Some(offset))
}

/// `readv(2)`.
pub fn readv(call: &mut Call<'_>, fd: Fd, iov: Ptr, count: usize) -> Result<usize> {
    vector::<READ>(call, fd, iov, count, None, 0)
}

/// `writev(2)`.
pub fn writev(call: &mut Call<'_>, fd: Fd, iov: Ptr, count: usize) -> Result<usize> {
    vector::<WRITE>(call, fd, iov, count, None, 0)
}

/// `preadv(2)`. On x86-64 the low half is the whole offset.
pub fn preadv(call: &mut Call<'_>, fd: Fd, iov: Ptr, count: usize, low: u64, _high: u64) -> Result<usize> {
    vector::<READ>(call, fd, iov, count, Some(low as i64), 0)
}

/// `pwritev(2)`.
pub fn pwritev(call: &mut Call<'_>, fd: Fd, iov: Ptr, count: usize, low: u64, _high: u64) -> Result<usize> {
    vector::<WRITE>(call, fd, iov, count, Some(low as i64), 0)
}

/// The offset of `preadv2(2)` and `pwritev2(2)`: -1 is the file's position.
fn at_or_position(low: u64) -> Option<i64> {
    (low != u64::MAX).then_some(low as i64)
}

/// `preadv2(2)`.
pub fn preadv2(call: &mut Call<'_>, fd: Fd, iov: Ptr, count: usize, low: u64, _high: u64, flags: u32) -> Result<usize> {
    vector::<READ>(call, fd, iov, count, at_or_position(low), flags)
}

/// `pwritev2(2)`.
pub fn pwritev2(
    call: &mut Call<'_>,
    fd: Fd,
    iov: Ptr,
    count: usize,
    low: u64,
    _high: u64,
    flags: u32,
) -> Result<usize> {
    vector::<WRITE>(call, fd, iov, count, at_or_position(low), flags)
}

const RWF_HIPRI: u32 = 1;
const RWF_DSYNC: u32 = 2;
const RWF_SYNC: u32 = 4;
const RWF_NOWAIT: u32 = 8;
const RWF_APPEND: u32 = 16;
const RWF_KNOWN: u32 = RWF_HIPRI | RWF_DSYNC | RWF_SYNC | RWF_NOWAIT | RWF_APPEND;

fn how(at: Option<i64>, flags: u32) -> Result<How> {
    if flags & !RWF_KNOWN != 0 {
        return Err(Errno::EOPNOTSUPP);
    }
    Ok(How { at, nowait: flags & RWF_NOWAIT != 0, append: flags & RWF_APPEND != 0, ..How::default() })
}

/// An operation of `io_submit(2)`: what is wrong before the transfer starts is an error, what comes of it a result.
pub(super) fn prepared(
    call: &Call<'_>,
    file: Arc<File>,
    writes: bool,
    buffer: Result<IovIter<'_>>,
    offset: i64,
    flags: u32,
) -> Result<i64> {
    let at = if file.ops().seekable() { Some(offset) } else { None };
    let how = how(at, flags)?;
    if writes {
        file.want_write()?
    } else {
        file.want_read()?
    }
    let mut buffer = buffer?;
    if offset < 0 {
        return Err(Errno::EINVAL);
    }
    let done =
        if writes { io::write(call.task, file, &mut buffer, how) } else { io::read(call.task, file, &mut buffer, how) };
    Ok(super::aio::result(done))
}

/// `lseek(2)`.
pub fn lseek(call: &mut Call<'_>, fd: Fd, offset: i64, whence: u32) -> Result<usize> {
    let reading = rcu::read();
    let file = look(call, &reading, fd, None)?;
    file.seek(offset, Whence::from_raw(whence)?).map(|pos| pos as usize)
}

/// `fsync(2)`.
pub fn fsync(call: &mut Call<'_>, fd: Fd) -> Result<usize> {
    file(call, fd)?.sync(false).map(|()| 0)
}

/// `fdatasync(2)`.
pub fn fdatasync(call: &mut Call<'_>, fd: Fd) -> Result<usize> {
    file(call, fd)?.sync(true).map(|()| 0)
}

/// `sync(2)`: nothing of this kernel's waits to be written.
pub fn sync(_call: &mut Call<'_>) -> Result<usize> {
    Ok(0)
}

/// `syncfs(2)`.
pub fn syncfs(call: &mut Call<'_>, fd: Fd) -> Result<usize> {
    file(call, fd).map(|_| 0)
}

/// `sync_file_range(2)`.
pub fn sync_file_range(call: &mut Call<'_>, fd: Fd, offset: i64, len: i64, flags: u32) -> Result<usize> {
    const KNOWN: u32 = 7;
    let file = file(call, fd)?;
    let end = offset.checked_add(len);
    if flags & !KNOWN != 0 || offset < 0 || end.is_none_or(|end| end < offset) {
        return Err(Errno::EINVAL);
    }
    match file.file_type() {
        FileType::Regular | FileType::BlockDevice | FileType::Directory => Ok(0),
        _ => Err(Errno::ESPIPE),
    }
}

/// `readahead(2)`: a hint that needs nothing.
pub fn readahead(call: &mut Call<'_>, fd: Fd, _offset: i64, _count: usize) -> Result<usize> {
    let file = file(call, fd)?;
    file.want_read()?;
    match file.file_type() {
        FileType::Regular | FileType::BlockDevice if file.path().is_some() => Ok(0),
        _ => Err(Errno::EINVAL),
    }
}

/// `posix_fadvise(2)`: a hint that needs nothing.
pub fn fadvise64(call: &mut Call<'_>, fd: Fd, _offset: i64, len: i64, advice: u32) -> Result<usize> {
    const LAST: u32 = 5;
    let file = file(call, fd)?;
    if file.file_type() == FileType::Fifo {
        return Err(Errno::ESPIPE);
    }
    if len < 0 || advice > LAST {
        return Err(Errno::EINVAL);
    }
    Ok(0)
}
