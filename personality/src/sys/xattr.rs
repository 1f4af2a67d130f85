//! Extended attributes (Linux's `fs/xattr.c`).

use super::path::{self, AT_FDCWD, AT_SYMLINK_NOFOLLOW, Asker};
use crate::dispatch::Call;
use crate::table::{Fd, PathPtr, Ptr};
use alloc::vec::Vec;
use fs_emu::vfs::ops::xattr::{CREATE, REPLACE, XATTR_NAME_MAX, XATTR_SIZE_MAX};
use fs_emu::vfs::{Path, anon, ops};
use host::{Errno, Result, user};
use vkernel::Task;

/// `XATTR_LIST_MAX`.
const LIST_MAX: usize = 65536;

/// What a family is about.
enum Target {
    Name(PathPtr, u32),
    File(Fd),
}

impl Target {
    fn find(&self, task: &Task) -> Result<(Asker, Path)> {
        let asker = Asker::of(task);
        let found = match *self {
            Target::Name(path, flags) => {
                let name = path::read(path)?;
                path::find(task, &asker, AT_FDCWD, &name, path::resolve(flags))?
            }
            Target::File(fd) => anon::path_of(&path::file(task, fd)?),
        };
        Ok((asker, found))
    }
}

/// An attribute's name: `ERANGE` for none and for one that is too long.
fn read_name(name: Ptr) -> Result<Vec<u8>> {
    let name = user::read_cstr(name.0, XATTR_NAME_MAX + 1, Errno::ERANGE)?;
    if name.is_empty() { Err(Errno::ERANGE) } else { Ok(name) }
}

/// Answers a value or list of names; size 0 only asks how long it is.
fn answer(bytes: &[u8], buf: Ptr, size: usize, max: usize) -> Result<usize> {
    if size == 0 {
        return Ok(bytes.len());
    }
    let room = size.min(max);
    if bytes.len() > room {
        return Err(if room == max { Errno::E2BIG } else { Errno::ERANGE });
    }
    user::copy_out(buf.0, bytes)?;
    Ok(bytes.len())
}

fn set(task: &Task, target: Target, name: Ptr, value: Ptr, size: usize, flags: u32) -> Result<usize> {
    if flags & !(CREATE | REPLACE) != 0 {
        return Err(Errno::EINVAL);
    }
    let name = read_name(name)?;
    if size > XATTR_SIZE_MAX {
        return Err(Errno::E2BIG);
    }
    let value = read_value(value.0, size)?;
    let (asker, found) = target.find(task)?;
    ops::setxattr(&asker.cred, &found, &name, &value, flags).map(|()| 0)
}

fn read_value(addr: usize, size: usize) -> Result<Vec<u8>> {
    let mut value = Vec::new();
    value.try_reserve_exact(size).map_err(|_| Errno::ENOMEM)?;
    value.resize(size, 0);
    user::copy_in(&mut value, addr)?;
    Ok(value)
}

fn get(task: &Task, target: Target, name: Ptr, value: Ptr, size: usize) -> Result<usize> {
    let name = read_name(name)?;
    let (asker, found) = target.find(task)?;
    let bytes = ops::getxattr(&asker.cred, &found, &name)?;
    answer(&bytes, value, size, XATTR_SIZE_MAX)
}

fn list(task: &Task, target: Target, buf: Ptr, size: usize) -> Result<usize> {
    let (asker, found) = target.find(task)?;
    answer(&ops::listxattr(&asker.cred, &found)?, buf, size, LIST_MAX)
}

fn remove(task: &Task, target: Target, name: Ptr) -> Result<usize> {
    let name = read_name(name)?;
    let (asker, found) = target.find(task)?;
    ops::removexattr(&asker.cred, &found, &name).map(|()| 0)
}

/// `setxattr(2)`.
pub fn setxattr(call: &mut Call<'_>, path: PathPtr, name: Ptr, value: Ptr, size: usize, flags: u32) -> Result<usize> {
    set(call.task, Target::Name(path, 0), name, value, size, flags)
}

/// `lsetxattr(2)`.
pub fn lsetxattr(call: &mut Call<'_>, path: PathPtr, name: Ptr, value: Ptr, size: usize, flags: u32) -> Result<usize> {
    set(call.task, Target::Name(path, AT_SYMLINK_NOFOLLOW), name, value, size, flags)
}

/// `fsetxattr(2)`.
pub fn fsetxattr(call: &mut Call<'_>, fd: Fd, name: Ptr, value: Ptr, size: usize, flags: u32) -> Result<usize> {
    set(call.task, Target::File(fd), name, value, size, flags)
}

/// `getxattr(2)`.
pub fn getxattr(call: &mut Call<'_>, path: PathPtr, name: Ptr, value: Ptr, size: usize) -> Result<usize> {
    get(call.task, Target::Name(path, 0), name, value, size)
}

/// `lgetxattr(2)`.
pub fn lgetxattr(call: &mut Call<'_>, path: PathPtr, name: Ptr, value: Ptr, size: usize) -> Result<usize> {
    get(call.task, Target::Name(path, AT_SYMLINK_NOFOLLOW), name, value, size)
}

/// `fgetxattr(2)`.
pub fn fgetxattr(call: &mut Call<'_>, fd: Fd, name: Ptr, value: Ptr, size: usize) -> Result<usize> {
    get(call.task, Target::File(fd), name, value, size)
}

/// `listxattr(2)`.
pub fn listxattr(call: &mut Call<'_>, path: PathPtr, buf: Ptr, size: usize) -> Result<usize> {
    list(call.task, Target::Name(path, 0), buf, size)
}

/// `llistxattr(2)`.
pub fn llistxattr(call: &mut Call<'_>, path: PathPtr, buf: Ptr, size: usize) -> Result<usize> {
    list(call.task, Target::Name(path, AT_SYMLINK_NOFOLLOW), buf, size)
}

/// `flistxattr(2)`.
pub fn flistxattr(call: &mut Call<'_>, fd: Fd, buf: Ptr, size: usize) -> Result<usize> {
    list(call.task, Target::File(fd), buf, size)
}

/// `removexattr(2)`.
pub fn removexattr(call: &mut Call<'_>, path: PathPtr, name: Ptr) -> Result<usize> {
    remove(call.task, Target::Name(path, 0), name)
}

/// `lremovexattr(2)`.
pub fn lremovexattr(call: &mut Call<'_>, path: PathPtr, name: Ptr) -> Result<usize> {
    remove(call.task, Target::Name(path, AT_SYMLINK_NOFOLLOW), name)
}

/// `fremovexattr(2)`.
pub fn fremovexattr(call: &mut Call<'_>, fd: Fd, name: Ptr) -> Result<usize> {
    remove(call.task, Target::File(fd), name)
}
