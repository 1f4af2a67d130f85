//! Watching files (`fs/notify/inotify/inotify_user.c`).

use super::path::{self, AT_FDCWD, Asker};
use super::{fds, rw};
use crate::dispatch::Call;
use crate::table::{Fd, PathPtr};
use alloc::sync::Arc;
use fs_emu::OpenFlags;
use fs_emu::vfs::{File, Resolve, ops, perm};
use host::{Errno, Result};
use vkernel::inotify::{ALL_EVENTS, Inotify, MASK_ADD, MASK_CREATE, ONESHOT};

const ONLYDIR: u32 = 0x0100_0000;
const DONT_FOLLOW: u32 = 0x0200_0000;
const EXCL_UNLINK: u32 = 0x0400_0000;
/// `IN_UNMOUNT`, `IN_Q_OVERFLOW`, `IN_IGNORED`, `IN_ISDIR`: part of what a mask may not be without.
const ANSWERS: u32 = 0x2000 | 0x4000 | 0x8000 | 0x4000_0000;

/// `inotify_init(2)` of old.
pub fn inotify_init(call: &mut Call<'_>) -> Result<usize> {
    inotify_init1(call, 0)
}

/// `inotify_init1(2)`.
pub fn inotify_init1(call: &mut Call<'_>, flags: u32) -> Result<usize> {
    let flags = OpenFlags::from_bits_retain(flags);
    if !(flags - (OpenFlags::CLOEXEC | OpenFlags::NONBLOCK)).is_empty() {
        return Err(Errno::EINVAL);
    }
    let fd = fds::reserve(call)?;
    let file = File::new(Inotify::new(), None, flags & OpenFlags::NONBLOCK);
    Ok(fd.publish(file, flags.contains(OpenFlags::CLOEXEC)) as usize)
}

fn instance(file: &Arc<File>) -> Result<&Inotify> {
    file.ops_as().ok_or(Errno::EINVAL)
}

/// `inotify_add_watch(2)`.
pub fn inotify_add_watch(call: &mut Call<'_>, fd: Fd, name: PathPtr, mask: u32) -> Result<usize> {
    const OPTIONS: u32 = ONLYDIR | DONT_FOLLOW | EXCL_UNLINK | MASK_ADD | MASK_CREATE | ONESHOT | ANSWERS;
    if mask & (ALL_EVENTS | OPTIONS) == 0 {
        return Err(Errno::EINVAL);
    }
    let file = rw::file(call, fd)?;
    if mask & MASK_ADD != 0 && mask & MASK_CREATE != 0 {
        return Err(Errno::EINVAL);
    }
    let inotify = instance(&file)?;
    let mut how = Resolve::empty();
    how.set(Resolve::NOFOLLOW, mask & DONT_FOLLOW != 0);
    let name = path::read(name)?;
    let found = path::find(call.task, &Asker::of(call.task), AT_FDCWD, &name, how)?;
    if mask & ONLYDIR != 0 && !found.dentry.is_dir() {
        return Err(Errno::ENOTDIR);
    }
    ops::access(&call.task.cred(), &found, perm::READ)?;
    inotify.add(found, mask).map(|wd| wd as usize)
}

/// `inotify_rm_watch(2)`.
pub fn inotify_rm_watch(call: &mut Call<'_>, fd: Fd, wd: i32) -> Result<usize> {
    let file = rw::file(call, fd)?;
    instance(&file)?.remove(wd).map(|()| 0)
}
