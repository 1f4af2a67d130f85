//! Host descriptors. All processes of a sandbox share one host descriptor table.

use super::{HostCall, call, call_interruptible};
pub use crate::abi::PollFd;
use crate::abi::{Stat, Statfs, Timespec};
use crate::errno::{Errno, Result};
use crate::iov::IovIter;
use crate::time::Deadline;
use alloc::vec::Vec;
use core::ffi::CStr;
use core::sync::atomic::AtomicU32;

/// An owned host descriptor, closed when dropped.
#[derive(Debug)]
pub struct HostFd(i32);

impl HostFd {
    /// Takes over a descriptor.
    pub const fn from_raw(fd: i32) -> HostFd {
        HostFd(fd)
    }

    /// The number.
    pub const fn raw(&self) -> i32 {
        self.0
    }

    /// Gives up ownership.
    pub fn into_raw(self) -> i32 {
        let fd = self.0;
        core::mem::forget(self);
        fd
    }
}

impl Drop for HostFd {
    fn drop(&mut self) {
        // SAFETY: closing an owned descriptor.
        let _ = unsafe { call(HostCall::Close, [self.0 as usize, 0, 0, 0, 0, 0]) };
    }
}

/// A call with a descriptor and numbers.
pub(super) fn simple(nr: HostCall, fd: i32, a: usize, b: usize, c: usize) -> Result<usize> {
    // SAFETY: only used for calls whose further arguments are plain numbers.
    unsafe { call(nr, [fd as usize, a, b, c, 0, 0]) }
}

/// `memfd_create(2)` with `MFD_CLOEXEC`.
pub fn memfd_create(name: &CStr) -> Result<HostFd> {
    // SAFETY: a live C string.
    let fd = unsafe { call(HostCall::MemfdCreate, [name.as_ptr() as usize, 1, 0, 0, 0, 0])? };
    Ok(HostFd(fd as i32))
}

/// `ftruncate(2)`.
pub fn ftruncate(fd: &HostFd, len: u64) -> Result<()> {
    simple(HostCall::Ftruncate, fd.0, len as usize, 0, 0).map(drop)
}

/// `fallocate(2)`.
pub fn fallocate(fd: i32, mode: u32, off: u64, len: u64) -> Result<()> {
    simple(HostCall::Fallocate, fd, mode as usize, off as usize, len as usize).map(drop)
}

/// Gives a range of a file back (`FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE`).
pub fn punch_hole(fd: i32, off: u64, len: u64) -> Result<()> {
    fallocate(fd, 3, off, len)
}

/// `fsync(2)`, or `fdatasync(2)`.
pub fn fsync(fd: i32, data_only: bool) -> Result<()> {
    simple(if data_only { HostCall::Fdatasync } else { HostCall::Fsync }, fd, 0, 0, 0).map(drop)
}

/// `lseek(2)`.
pub fn lseek(fd: i32, off: i64, whence: u32) -> Result<u64> {
    simple(HostCall::Lseek, fd, off as usize, whence as usize, 0).map(|v| v as u64)
}

/// `fstat(2)`.
pub fn fstat(fd: i32) -> Result<Stat> {
    let mut st = Stat::default();
    // SAFETY: a live `struct stat`.
    unsafe { call(HostCall::Fstat, [fd as usize, &raw mut st as usize, 0, 0, 0, 0])? };
    Ok(st)
}

/// `fstatfs(2)`.
pub fn fstatfs(fd: i32) -> Result<Statfs> {
    let mut st = Statfs::default();
    // SAFETY: a live `struct statfs`.
    unsafe { call(HostCall::Fstatfs, [fd as usize, &raw mut st as usize, 0, 0, 0, 0])? };
    Ok(st)
}

/// `pread(2)` into kernel memory.
pub fn pread(fd: i32, off: u64, buf: &mut [u8]) -> Result<usize> {
    // SAFETY: `buf` is live and writable.
    unsafe { call(HostCall::Pread64, [fd as usize, buf.as_mut_ptr() as usize, buf.len(), off as usize, 0, 0]) }
}

/// `pwrite(2)` from kernel memory.
pub fn pwrite(fd: i32, off: u64, buf: &[u8]) -> Result<usize> {
    // SAFETY: `buf` is live.
    unsafe { call(HostCall::Pwrite64, [fd as usize, buf.as_ptr() as usize, buf.len(), off as usize, 0, 0]) }
}

/// `write(2)` from kernel memory: for messages.
pub fn write(fd: i32, buf: &[u8]) -> Result<usize> {
    // SAFETY: `buf` is live.
    unsafe { call(HostCall::Write, [fd as usize, buf.as_ptr() as usize, buf.len(), 0, 0, 0]) }
}

/// `read(2)` into kernel memory.
pub fn read(fd: i32, buf: &mut [u8]) -> Result<usize> {
    // SAFETY: `buf` is live and writable.
    unsafe { call(HostCall::Read, [fd as usize, buf.as_mut_ptr() as usize, buf.len(), 0, 0, 0]) }
}

/// Reads straight into the iterator's buffers, at `off` or (with `None`) at the host's own position. May sleep:
/// `EINTR` once the running thread is kicked.
pub fn readv(fd: i32, off: Option<u64>, to: &mut IovIter<'_>) -> Result<usize> {
    stream_io(&READING, fd, off, to)
}

/// As [`readv`], for writing.
pub fn writev(fd: i32, off: Option<u64>, from: &mut IovIter<'_>) -> Result<usize> {
    stream_io(&WRITING, fd, off, from)
}

/// The host calls of one direction. Those for one buffer are cheaper.
struct Transfer {
    one: HostCall,
    many: HostCall,
    one_at: HostCall,
    many_at: HostCall,
}

const READING: Transfer =
    Transfer { one: HostCall::Read, many: HostCall::Readv, one_at: HostCall::Pread64, many_at: HostCall::Preadv };

const WRITING: Transfer =
    Transfer { one: HostCall::Write, many: HostCall::Writev, one_at: HostCall::Pwrite64, many_at: HostCall::Pwritev };

impl Transfer {
    /// Makes `call` with the right number, descriptor, buffers and offset.
    fn with<T>(
        &self,
        fd: i32,
        off: Option<u64>,
        iter: &IovIter<'_>,
        call: impl FnOnce(HostCall, [usize; 6]) -> T,
    ) -> T {
        let at = off.map_or(0, |o| o as usize);
        if let Some((base, len)) = iter.piece() {
            return call(if off.is_some() { self.one_at } else { self.one }, [fd as usize, base, len, at, 0, 0]);
        }
        let vecs = iter.host_iovecs();
        let nr = if off.is_some() { self.many_at } else { self.many };
        call(nr, [fd as usize, vecs.as_ptr() as usize, vecs.len(), at, 0, 0])
    }
}

fn stream_io(way: &Transfer, fd: i32, off: Option<u64>, iter: &mut IovIter<'_>) -> Result<usize> {
    let thread = crate::cpu::current().thread();
    let n = way.with(fd, off, iter, |nr, args| {
        // SAFETY: an iterator's buffers are checked guest memory or live kernel memory.
        thread.in_host_call(|kick| unsafe { call_interruptible(nr, args, kick.as_ptr()) })
    })?;
    iter.advance(n);
    Ok(n)
}

/// As [`readv`] of a stream in which something is waiting: kicks do not count.
pub fn readv_now(fd: i32, to: &mut IovIter<'_>) -> Result<usize> {
    let n = READING.with(fd, None, to, with_buffers)?;
    to.advance(n);
    Ok(n)
}

/// Makes a host call that reads or writes an iterator's buffers.
fn with_buffers(nr: HostCall, args: [usize; 6]) -> Result<usize> {
    // SAFETY: only used with an iterator's buffers, which are checked guest memory or live kernel memory.
    unsafe { call(nr, args) }
}

/// Reads a regular file at `off` straight into the iterator's buffers. Not interruptible, as on Linux: regular files never
/// answer `EINTR`.
pub fn read_file(fd: i32, off: u64, to: &mut IovIter<'_>) -> Result<usize> {
    moved(to, |iter| READING.with(fd, Some(off), iter, with_buffers))
}

/// As [`read_file`], for writing.
pub fn write_file(fd: i32, off: u64, from: &mut IovIter<'_>) -> Result<usize> {
    moved(from, |iter| WRITING.with(fd, Some(off), iter, with_buffers))
}

/// Writes at the end of a regular file, atomically against other appenders; the host's own position of `fd` ends up after
/// what was written.
pub fn append_file(fd: i32, from: &mut IovIter<'_>) -> Result<usize> {
    const RWF_APPEND: usize = 0x10;
    moved(from, |iter| {
        let vecs = iter.host_iovecs();
        let args = [fd as usize, vecs.as_ptr() as usize, vecs.len(), usize::MAX, 0, RWF_APPEND];
        with_buffers(HostCall::Pwritev2, args)
    })
}

/// Moves an iterator by what a host call has done with it, or says where that stopped.
fn moved(iter: &mut IovIter<'_>, io: impl FnOnce(&IovIter<'_>) -> Result<usize>) -> Result<usize> {
    match io(iter) {
        Ok(n) => {
            iter.advance(n);
            Ok(n)
        }
        Err(e) => {
            if e == Errno::EFAULT {
                iter.mark_fault();
            }
            Err(e)
        }
    }
}

/// `getdents64(2)` into a buffer's room; what was in it is gone. It is not cleared first: most directories are short.
pub fn getdents(fd: i32, buf: &mut Vec<u8>) -> Result<()> {
    buf.clear();
    let room = buf.spare_capacity_mut();
    // SAFETY: `room` is live and writable.
    let n = unsafe { call(HostCall::Getdents64, [fd as usize, room.as_mut_ptr() as usize, room.len(), 0, 0, 0])? };
    // SAFETY: the host has written so many bytes, which is not more than there is room for.
    unsafe { buf.set_len(n) };
    Ok(())
}

/// `fcntl(2)` with a number as argument.
pub fn fcntl(fd: i32, cmd: u32, arg: usize) -> Result<usize> {
    simple(HostCall::Fcntl, fd, cmd as usize, arg, 0)
}

/// `ioctl(2)` with kernel memory as argument.
pub fn ioctl(fd: i32, cmd: u32, arg: &mut [u8]) -> Result<usize> {
    // SAFETY: the caller sized `arg` for `cmd`; a wrong size is a bug of the kernel's.
    unsafe { call(HostCall::Ioctl, [fd as usize, cmd as usize, arg.as_mut_ptr() as usize, 0, 0, 0]) }
}

/// `ppoll(2)` without sleeping: fills in `revents`.
pub fn poll_now(fds: &mut [PollFd]) -> Result<usize> {
    let zero = Timespec::default();
    // SAFETY: live array and timespec.
    unsafe { call(HostCall::Ppoll, [fds.as_mut_ptr() as usize, fds.len(), &raw const zero as usize, 0, 8, 0]) }
}

/// `ppoll(2)` until the deadline or until `*kick` is set.
pub fn poll_interruptible(fds: &mut [PollFd], deadline: Option<Deadline>, kick: &AtomicU32) -> Result<usize> {
    let left = deadline.map(|d| d.left());
    let at = left.as_ref().map_or(0, |t| t as *const Timespec as usize);
    // SAFETY: live array, timespec or NULL, and kick word.
    unsafe { call_interruptible(HostCall::Ppoll, [fds.as_mut_ptr() as usize, fds.len(), at, 0, 8, 0], kick.as_ptr()) }
}
