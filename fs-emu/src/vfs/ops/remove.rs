//! `unlink` and `rmdir`. Locks: the directory's name lock.

use crate::vfs::notify::event;
use crate::vfs::{At, Ctx, Dentry, Last, Path, Resolve, perm};
use alloc::sync::Arc;
use host::{Errno, Result};

/// `unlink(2)`.
pub fn unlink(ctx: &Ctx<'_>, at: At<'_>) -> Result<()> {
    let parent = ctx.parent(at, Resolve::empty())?;
    let Last::Name(name) = parent.last else {
        return Err(Errno::EISDIR);
    };
    let dir = parent.dir;
    dir.mount.want_write()?;
    let lock = dir.dentry.lock_names();
    let victim = dir.dentry.lookup_locked(&lock, &name)?;
    if parent.slash {
        return Err(if victim.is_dir() { Errno::EISDIR } else { Errno::ENOTDIR });
    }
    perm::may_delete(ctx.cred, &**dir.inode(), &**victim.inode(), false)?;
    if victim.is_mountpoint() {
        return Err(Errno::EBUSY);
    }
    dir.inode().unlink(&name)?;
    dir.dentry.remove(&lock, &victim);
    drop(lock);
    told(&dir, &name, &victim);
    // Only now: the last user of a file frees its pages.
    drop(victim);
    Ok(())
}

/// `rmdir(2)`.
pub fn rmdir(ctx: &Ctx<'_>, at: At<'_>) -> Result<()> {
    let parent = ctx.parent(at, Resolve::empty())?;
    let name = match parent.last {
        Last::Name(name) => name,
        Last::DotDot => return Err(Errno::ENOTEMPTY),
        Last::Dot => return Err(Errno::EINVAL),
        Last::Root => return Err(Errno::EBUSY),
    };
    let dir = parent.dir;
    dir.mount.want_write()?;
    let lock = dir.dentry.lock_names();
    let victim = dir.dentry.lookup_locked(&lock, &name)?;
    perm::may_delete(ctx.cred, &**dir.inode(), &**victim.inode(), true)?;
    if victim.is_mountpoint() {
        return Err(Errno::EBUSY);
    }
    dir.inode().rmdir(&name)?;
    dir.dentry.remove(&lock, &victim);
    drop(lock);
    told(&dir, &name, &victim);
    drop(victim);
    Ok(())
}

fn told(dir: &Path, name: &[u8], victim: &Arc<Dentry>) {
    if !dir.is_observed() {
        return;
    }
    let gone = Path { mount: dir.mount.clone(), dentry: victim.clone() };
    if !victim.is_dir() {
        gone.told_self(event::ATTRIB);
    }
    dir.told_of(event::DELETE | if victim.is_dir() { event::ISDIR } else { 0 }, 0, name);
    last_name_gone(&gone);
}

/// A name is gone; its file may be, too.
pub(super) fn last_name_gone(path: &Path) {
    if path.dentry.is_dir() || path.metadata().is_ok_and(|m| m.nlink == 0) {
        path.told_self(event::DELETE_SELF);
    }
}
