//! Host calls that take a path: what `hostfs` is made of.
//!
//! Every path is relative to a directory descriptor and a C string that the caller built. None follows a final symlink
//! unless it says so; [`open`] refuses symlinks on the way as well, so that a host tree that changes underneath cannot
//! lead out of a mount.

use super::{HostCall, call};
use crate::abi::{OpenHow, Stat, Statfs, Statx, Timespec};
use crate::errno::{Errno, Result};
use crate::sys::fd::HostFd;
use alloc::ffi::CString;
use alloc::format;
use core::ffi::CStr;

const AT_SYMLINK_NOFOLLOW: usize = 0x100;
const AT_SYMLINK_FOLLOW: usize = 0x400;
const AT_EMPTY_PATH: usize = 0x1000;
const NOFOLLOW_OR_EMPTY: usize = AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH;
const RESOLVE_NO_MAGICLINKS: u64 = 2;
const RESOLVE_NO_SYMLINKS: u64 = 4;

fn at(nr: HostCall, dir: i32, path: &CStr, a: usize, b: usize, c: usize) -> Result<usize> {
    // SAFETY: a live C string; the other arguments are numbers or live buffers of the right size, as the callers here have it.
    unsafe { call(nr, [dir as usize, path.as_ptr() as usize, a, b, c, 0]) }
}

/// `openat2(2)`, `O_CLOEXEC`, with no symlink anywhere on the way (but a final one may be opened with `O_PATH | O_NOFOLLOW`).
pub fn open(dir: i32, path: &CStr, flags: u32, mode: u32) -> Result<HostFd> {
    let how = OpenHow {
        flags: u64::from(flags) | 0o2000000,
        mode: u64::from(mode),
        resolve: RESOLVE_NO_MAGICLINKS | RESOLVE_NO_SYMLINKS,
    };
    at(HostCall::Openat2, dir, path, &raw const how as usize, size_of::<OpenHow>(), 0)
        .map(|fd| HostFd::from_raw(fd as i32))
}

/// Plain `openat(2)`, `O_CLOEXEC`, following symlinks: for paths that the user of umlaut gave.
pub fn open_follow(dir: i32, path: &CStr, flags: u32, mode: u32) -> Result<HostFd> {
    at(HostCall::Openat, dir, path, (flags | 0o2000000) as usize, mode as usize, 0)
        .map(|fd| HostFd::from_raw(fd as i32))
}

/// `newfstatat(2)`, not following.
pub fn lstat(dir: i32, path: &CStr) -> Result<Stat> {
    let mut st = Stat::default();
    at(HostCall::Newfstatat, dir, path, &raw mut st as usize, AT_SYMLINK_NOFOLLOW, 0)?;
    Ok(st)
}

/// `statx(2)`, not following; an empty path means `dir` itself (any file, `O_PATH` too).
pub fn statx(dir: i32, path: &CStr, mask: u32) -> Result<Statx> {
    let mut st = Statx::default();
    at(HostCall::Statx, dir, path, NOFOLLOW_OR_EMPTY, mask as usize, &raw mut st as usize)?;
    Ok(st)
}

/// `statfs(2)` by descriptor is in `fd`; this one by path.
pub fn statfs(path: &CStr) -> Result<Statfs> {
    let mut st = Statfs::default();
    // SAFETY: a live C string and a live `struct statfs`.
    unsafe { call(HostCall::Statfs, [path.as_ptr() as usize, &raw mut st as usize, 0, 0, 0, 0])? };
    Ok(st)
}

/// `readlinkat(2)`: number of bytes.
pub fn readlink(dir: i32, path: &CStr, buf: &mut [u8]) -> Result<usize> {
    at(HostCall::Readlinkat, dir, path, buf.as_mut_ptr() as usize, buf.len(), 0)
}

/// `mkdirat(2)`.
pub fn mkdir(dir: i32, path: &CStr, mode: u32) -> Result<()> {
    at(HostCall::Mkdirat, dir, path, mode as usize, 0, 0).map(drop)
}

/// `mknodat(2)`.
pub fn mknod(dir: i32, path: &CStr, mode: u32, dev: u64) -> Result<()> {
    at(HostCall::Mknodat, dir, path, mode as usize, dev as usize, 0).map(drop)
}

/// `unlinkat(2)`; `directory` for `AT_REMOVEDIR`.
pub fn unlink(dir: i32, path: &CStr, directory: bool) -> Result<()> {
    at(HostCall::Unlinkat, dir, path, if directory { 0x200 } else { 0 }, 0, 0).map(drop)
}

/// `symlinkat(2)`.
pub fn symlink(target: &CStr, dir: i32, path: &CStr) -> Result<()> {
    // SAFETY: live C strings.
    unsafe {
        call(HostCall::Symlinkat, [target.as_ptr() as usize, dir as usize, path.as_ptr() as usize, 0, 0, 0]).map(drop)
    }
}

/// `linkat(2)`, not following.
pub fn link(old_dir: i32, old: &CStr, new_dir: i32, new: &CStr) -> Result<()> {
    at(HostCall::Linkat, old_dir, old, new_dir as usize, new.as_ptr() as usize, 0).map(drop)
}

/// Gives the file behind a descriptor a name (`linkat(2)` with `AT_EMPTY_PATH`, or through `/proc` where that needs a
/// privilege).
pub fn link_fd(fd: i32, new_dir: i32, new: &CStr) -> Result<()> {
    let to = (new_dir as usize, new.as_ptr() as usize);
    match at(HostCall::Linkat, fd, c"", to.0, to.1, AT_EMPTY_PATH) {
        Err(Errno::ENOENT | Errno::EPERM) => {}
        other => return other.map(drop),
    }
    at(HostCall::Linkat, -1, &proc_fd(fd, b""), to.0, to.1, AT_SYMLINK_FOLLOW).map(drop)
}

/// `/proc/self/fd/N` and what is to follow it: a name for what a descriptor stands for, for calls that take only paths.
pub fn proc_fd(fd: i32, tail: &[u8]) -> CString {
    let mut path = format!("/proc/self/fd/{fd}").into_bytes();
    path.extend_from_slice(tail);
    CString::new(path).unwrap_or_default()
}

/// `renameat2(2)`.
pub fn rename(old_dir: i32, old: &CStr, new_dir: i32, new: &CStr, flags: u32) -> Result<()> {
    at(HostCall::Renameat2, old_dir, old, new_dir as usize, new.as_ptr() as usize, flags as usize).map(drop)
}

/// `fchmodat(2)` (follows: never call it on a symlink).
pub fn chmod(dir: i32, path: &CStr, mode: u32) -> Result<()> {
    at(HostCall::Fchmodat, dir, path, mode as usize, 0, 0).map(drop)
}

/// `fchmodat2(2)`, not following; an empty path means `dir` itself. `ENOSYS` before Linux 6.6.
pub fn chmod_nofollow(dir: i32, path: &CStr, mode: u32) -> Result<()> {
    at(HostCall::Fchmodat2, dir, path, mode as usize, NOFOLLOW_OR_EMPTY, 0).map(drop)
}

/// `fchownat(2)`, not following; `u32::MAX` leaves an id; an empty path means `dir` itself.
pub fn chown(dir: i32, path: &CStr, uid: u32, gid: u32) -> Result<()> {
    at(HostCall::Fchownat, dir, path, uid as usize, gid as usize, NOFOLLOW_OR_EMPTY).map(drop)
}

/// `utimensat(2)`, not following; an empty path means `dir` itself.
pub fn utimens(dir: i32, path: &CStr, times: &[Timespec; 2]) -> Result<()> {
    at(HostCall::Utimensat, dir, path, times.as_ptr() as usize, NOFOLLOW_OR_EMPTY, 0).map(drop)
}

/// `faccessat2(2)` with `AT_SYMLINK_NOFOLLOW`.
pub fn access(dir: i32, path: &CStr, mode: u32) -> Result<()> {
    at(HostCall::Faccessat2, dir, path, mode as usize, AT_SYMLINK_NOFOLLOW, 0).map(drop)
}

/// `lgetxattr(2)` by absolute path.
pub fn getxattr(path: &CStr, name: &CStr, buf: &mut [u8]) -> Result<usize> {
    xattr(HostCall::Lgetxattr, path, name.as_ptr() as usize, buf.as_mut_ptr() as usize, buf.len(), 0)
}

/// `lsetxattr(2)` by absolute path.
pub fn setxattr(path: &CStr, name: &CStr, value: &[u8], flags: u32) -> Result<()> {
    xattr(HostCall::Lsetxattr, path, name.as_ptr() as usize, value.as_ptr() as usize, value.len(), flags as usize)
        .map(drop)
}

/// `llistxattr(2)` by absolute path.
pub fn listxattr(path: &CStr, buf: &mut [u8]) -> Result<usize> {
    xattr(HostCall::Llistxattr, path, buf.as_mut_ptr() as usize, buf.len(), 0, 0)
}

/// `lremovexattr(2)` by absolute path.
pub fn removexattr(path: &CStr, name: &CStr) -> Result<()> {
    xattr(HostCall::Lremovexattr, path, name.as_ptr() as usize, 0, 0, 0).map(drop)
}

fn xattr(nr: HostCall, path: &CStr, a: usize, b: usize, c: usize, d: usize) -> Result<usize> {
    // SAFETY: live C strings and buffers, as the callers here have it.
    unsafe { call(nr, [path.as_ptr() as usize, a, b, c, d, 0]) }
}
