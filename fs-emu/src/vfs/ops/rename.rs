//! `rename`, in all its forms (Linux's `do_renameat2` and `vfs_rename`).
//!
//! Locks: for a move between directories the file system's rename mutex, under which no directory changes its place;
//! then both directories' name locks, lower address first.

use super::remove::last_name_gone;
use crate::vfs::dentry::NameLock;
use crate::vfs::notify::event;
use crate::vfs::{At, Ctx, Dentry, Last, Path, Resolve, perm};
use alloc::sync::Arc;
use alloc::vec::Vec;
use host::{Errno, Result};

/// `RENAME_NOREPLACE`.
pub const NOREPLACE: u32 = 1;
/// `RENAME_EXCHANGE`.
pub const EXCHANGE: u32 = 2;
/// `RENAME_WHITEOUT`.
pub const WHITEOUT: u32 = 4;

/// One side of a rename.
struct Side {
    dir: Path,
    name: Vec<u8>,
    slash: bool,
}

/// Which flags go together: what `renameat2(2)` looks at before the paths.
pub fn check_flags(flags: u32) -> Result<()> {
    let clash = flags & (NOREPLACE | WHITEOUT) != 0 && flags & EXCHANGE != 0;
    if flags & !(NOREPLACE | EXCHANGE | WHITEOUT) != 0 || clash { Err(Errno::EINVAL) } else { Ok(()) }
}

/// `renameat2(2)`.
pub fn rename(ctx: &Ctx<'_>, old: At<'_>, new: At<'_>, flags: u32) -> Result<()> {
    check_flags(flags)?;
    let from = ctx.parent(old, Resolve::empty())?;
    let to = ctx.parent(new, Resolve::empty())?;
    if !Arc::ptr_eq(&from.dir.mount, &to.dir.mount) {
        return Err(Errno::EXDEV);
    }
    let Last::Name(old_name) = from.last else {
        return Err(Errno::EBUSY);
    };
    let Last::Name(new_name) = to.last else {
        return Err(if flags & NOREPLACE != 0 { Errno::EEXIST } else { Errno::EBUSY });
    };
    from.dir.mount.want_write()?;
    let from = Side { dir: from.dir, name: old_name, slash: from.slash };
    let to = Side { dir: to.dir, name: new_name, slash: to.slash };
    let moved = under_locks(ctx, &from, &to, flags)?;
    moved.told(&from, &to, flags);
    Ok(())
}

fn under_locks(ctx: &Ctx<'_>, from: &Side, to: &Side, flags: u32) -> Result<Moved> {
    if Arc::ptr_eq(&from.dir.dentry, &to.dir.dentry) {
        let lock = from.dir.dentry.lock_names();
        return locked(ctx, from, &lock, to, &lock, flags);
    }
    // A volatile file system answers with locks of its own held, and moves nothing.
    let _shape = (!from.dir.dentry.is_volatile()).then(|| from.dir.mount.sb().rename.lock());
    let (a, b) = (&from.dir.dentry, &to.dir.dentry);
    if Arc::as_ptr(a) < Arc::as_ptr(b) {
        let la = a.lock_names();
        let lb = b.lock_names();
        locked(ctx, from, &la, to, &lb, flags)
    } else {
        let lb = b.lock_names();
        let la = a.lock_names();
        locked(ctx, from, &la, to, &lb, flags)
    }
}

/// What was moved, and what was in its place; nothing when both names were one file's.
#[derive(Default)]
struct Moved {
    source: Option<Arc<Dentry>>,
    target: Option<Arc<Dentry>>,
}

impl Moved {
    fn told(self, from: &Side, to: &Side, flags: u32) {
        let place = |dentry: Arc<Dentry>| Path { mount: from.dir.mount.clone(), dentry };
        let (Some(source), true) = (self.source.map(place), from.dir.is_observed()) else { return };
        Path::told_moved(&from.dir, &from.name, &to.dir, &to.name, &source);
        match self.target.map(place) {
            Some(target) if flags & EXCHANGE != 0 => {
                Path::told_moved(&to.dir, &to.name, &from.dir, &from.name, &target);
            }
            Some(target) => {
                if !target.dentry.is_dir() {
                    target.told_self(event::ATTRIB);
                }
                last_name_gone(&target);
            }
            None => {}
        }
    }
}

fn locked(
    ctx: &Ctx<'_>,
    from: &Side,
    from_lock: &NameLock<'_>,
    to: &Side,
    to_lock: &NameLock<'_>,
    flags: u32,
) -> Result<Moved> {
    let source = from.dir.dentry.lookup_locked(from_lock, &from.name)?;
    let target = match to.dir.dentry.lookup_locked(to_lock, &to.name) {
        Ok(d) => Some(d),
        Err(Errno::ENOENT) => None,
        Err(e) => return Err(e),
    };
    check_names(from, &source, to, target.as_ref(), flags)?;
    if let Some(t) = &target
        && same_file(&source, t)
    {
        return Ok(Moved::default());
    }
    check_rights(ctx, from, &source, to, target.as_ref(), flags)?;
    from.dir.inode().rename(&from.name, to.dir.inode(), &to.name, flags)?;
    let (old_dir, new_dir) = (&from.dir.dentry, &to.dir.dentry);
    match &target {
        Some(t) if flags & EXCHANGE != 0 => old_dir.exchanged(&source, new_dir, t),
        _ => old_dir.moved(&source, new_dir, &to.name),
    }
    Ok(Moved { source: Some(source), target })
}

fn same_file(a: &Arc<Dentry>, b: &Arc<Dentry>) -> bool {
    core::ptr::addr_eq(Arc::as_ptr(a.inode()), Arc::as_ptr(b.inode()))
}

/// What is wrong with the names as such.
fn check_names(from: &Side, source: &Arc<Dentry>, to: &Side, target: Option<&Arc<Dentry>>, flags: u32) -> Result<()> {
    if flags & NOREPLACE != 0 && target.is_some() {
        return Err(Errno::EEXIST);
    }
    if flags & EXCHANGE != 0 {
        let Some(t) = target else {
            return Err(Errno::ENOENT);
        };
        if !t.is_dir() && to.slash {
            return Err(Errno::ENOTDIR);
        }
    }
    if !source.is_dir() && (from.slash || (flags & EXCHANGE == 0 && to.slash)) {
        return Err(Errno::ENOTDIR);
    }
    if to.dir.dentry.is_below(source) {
        return Err(Errno::EINVAL);
    }
    match target {
        Some(t) if from.dir.dentry.is_below(t) => {
            Err(if flags & EXCHANGE != 0 { Errno::EINVAL } else { Errno::ENOTEMPTY })
        }
        _ => Ok(()),
    }
}

/// What `ctx` may not do, and what may not be done to mount points.
fn check_rights(
    ctx: &Ctx<'_>,
    from: &Side,
    source: &Arc<Dentry>,
    to: &Side,
    target: Option<&Arc<Dentry>>,
    flags: u32,
) -> Result<()> {
    let is_dir = source.is_dir();
    perm::may_delete(ctx.cred, &**from.dir.inode(), &**source.inode(), is_dir)?;
    match target {
        None => perm::may_create(ctx.cred, &**to.dir.inode())?,
        Some(t) => {
            let want_dir = if flags & EXCHANGE != 0 { t.is_dir() } else { is_dir };
            perm::may_delete(ctx.cred, &**to.dir.inode(), &**t.inode(), want_dir)?;
        }
    }
    if !Arc::ptr_eq(&from.dir.dentry, &to.dir.dentry) {
        // Its `..` will change.
        if is_dir {
            perm::permission(ctx.cred, &**source.inode(), perm::WRITE)?;
        }
        if let Some(t) = target.filter(|t| flags & EXCHANGE != 0 && t.is_dir()) {
            perm::permission(ctx.cred, &**t.inode(), perm::WRITE)?;
        }
    }
    if source.is_mountpoint() || target.is_some_and(|t| t.is_mountpoint()) {
        return Err(Errno::EBUSY);
    }
    Ok(())
}
