//! `mkdir`, `mknod`, `symlink`: new names (Linux's `filename_create` and its users). Locks: the directory's name lock.

use crate::cred::Caps;
use crate::vfs::dentry::NameLock;
use crate::vfs::notify::event;
use crate::vfs::{At, Ctx, Dentry, Last, Path, Resolve, perm};
use crate::{FileType, InodeRef};
use alloc::sync::Arc;
use host::{Errno, Result};

/// The longest target of a symlink, without a NUL.
const TARGET_MAX: usize = 4095;

/// Walks to the directory of a name that is to be made, checks what comes first in Linux's order (`EEXIST`, `ENOENT` for a
/// slash behind a name that will be no directory, `EROFS`), and hands over directory and name under the name lock.
pub(super) fn new_name<T>(
    ctx: &Ctx<'_>,
    at: At<'_>,
    dir_wanted: bool,
    make: impl FnOnce(&Path, &NameLock<'_>, &[u8]) -> Result<T>,
) -> Result<T> {
    let parent = ctx.parent(at, Resolve::empty())?;
    let Last::Name(name) = parent.last else {
        return Err(Errno::EEXIST);
    };
    let dir = parent.dir;
    let lock = dir.dentry.lock_names();
    match dir.dentry.lookup_locked(&lock, &name) {
        Ok(_) => return Err(Errno::EEXIST),
        Err(Errno::ENOENT) => {}
        Err(e) => return Err(e),
    }
    if let Some(e) = dir.inode().refuses_names() {
        return Err(e);
    }
    if parent.slash && !dir_wanted {
        return Err(Errno::ENOENT);
    }
    dir.mount.want_write()?;
    let made = make(&dir, &lock, &name)?;
    drop(lock);
    if dir.is_observed() {
        let kind = if dir_wanted { event::ISDIR } else { 0 };
        dir.told_of(event::CREATE | kind, 0, &name);
    }
    Ok(made)
}

/// Makes an inode of any kind but a symlink under the name lock. The caller has checked the write access to the mount.
pub(super) fn make_node(
    ctx: &Ctx<'_>,
    dir: &Path,
    lock: &NameLock<'_>,
    name: &[u8],
    mode: u32,
    rdev: u64,
) -> Result<Arc<Dentry>> {
    let inode = &**dir.inode();
    perm::may_create(ctx.cred, inode)?;
    let (mode, owner) = perm::init_owner(ctx.cred, inode, mode, ctx.umask)?;
    let new: InodeRef = inode.create(name, mode, rdev, owner)?;
    Ok(dir.dentry.add(lock, name, new))
}

/// `mkdir(2)`; answers the new directory.
pub fn mkdir(ctx: &Ctx<'_>, at: At<'_>, mode: u32) -> Result<Path> {
    let mode = FileType::Directory.mode() | (mode & 0o1777);
    new_name(ctx, at, true, |dir, lock, name| {
        let dentry = make_node(ctx, dir, lock, name, mode, 0)?;
        Ok(Path { mount: dir.mount.clone(), dentry })
    })
}

/// `mknod(2)`; also what `bind(2)` of a Unix socket uses (`S_IFSOCK`). Answers the new file.
pub fn mknod(ctx: &Ctx<'_>, at: At<'_>, mode: u32, rdev: u64) -> Result<Path> {
    let kind = match mode >> 12 & 0xf {
        0 => FileType::Regular,
        _ => FileType::from_mode(mode).ok_or(Errno::EINVAL)?,
    };
    match kind {
        FileType::Directory => return Err(Errno::EPERM),
        FileType::Symlink => return Err(Errno::EINVAL),
        _ => {}
    }
    let device = matches!(kind, FileType::CharDevice | FileType::BlockDevice);
    new_name(ctx, at, false, |dir, lock, name| {
        perm::may_create(ctx.cred, &**dir.inode())?;
        // A character device 0:0 is an overlay's whiteout, which anybody may make.
        let whiteout = kind == FileType::CharDevice && rdev == 0;
        if device && !whiteout && !ctx.cred.capable(Caps::MKNOD) {
            return Err(Errno::EPERM);
        }
        let rdev = if device { rdev } else { 0 };
        let dentry = make_node(ctx, dir, lock, name, kind.mode() | (mode & 0o7777), rdev)?;
        Ok(Path { mount: dir.mount.clone(), dentry })
    })
}

/// `symlink(2)`.
pub fn symlink(ctx: &Ctx<'_>, target: &[u8], at: At<'_>) -> Result<()> {
    if target.is_empty() {
        return Err(Errno::ENOENT);
    }
    if target.len() > TARGET_MAX {
        return Err(Errno::ENAMETOOLONG);
    }
    new_name(ctx, at, false, |dir, lock, name| {
        let inode = &**dir.inode();
        perm::may_create(ctx.cred, inode)?;
        let (_, owner) = perm::init_owner(ctx.cred, inode, FileType::Symlink.mode() | 0o777, 0)?;
        let new = inode.symlink(name, target, owner)?;
        dir.dentry.add(lock, name, new);
        Ok(())
    })
}
