//! `link`: another name for a file. Locks: the new name's directory's name lock.

use super::create::new_name;
use crate::vfs::notify::event;
use crate::vfs::{At, Ctx, Path, perm};
use host::{Errno, Result};

/// `linkat(2)` once the old file is found (with or without following a symlink, by `AT_EMPTY_PATH`, or by a descriptor's magic
/// link): makes `new` another name of `old`.
pub fn link(ctx: &Ctx<'_>, old: &Path, new: At<'_>) -> Result<()> {
    new_name(ctx, new, false, |dir, lock, name| {
        if !alloc::sync::Arc::ptr_eq(&dir.mount, &old.mount) {
            return Err(Errno::EXDEV);
        }
        perm::may_create(ctx.cred, &**dir.inode())?;
        if old.dentry.is_dir() {
            return Err(Errno::EPERM);
        }
        if old.metadata()?.nlink == 0 && !old.dentry.is_linkable() {
            return Err(Errno::ENOENT);
        }
        dir.inode().link(name, old.inode())?;
        dir.dentry.add(lock, name, old.inode().clone());
        old.told_self(event::ATTRIB);
        Ok(())
    })
}
