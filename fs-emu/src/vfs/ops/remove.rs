//! `unlink` and `rmdir`. Locks: the directory's name lock.

use crate::vfs::{At, Ctx, Last, Resolve, perm};
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
    drop(victim);
    Ok(())
}
