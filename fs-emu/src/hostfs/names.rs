//! Names in host directories: finding, making, removing, moving.

use super::inode::{HostInode, chmod, stat, stat_fd};
use super::place::{self, Pin, Place, c_string};
use crate::inode::{FileType, Metadata, Owner};
use alloc::sync::{Arc, Weak};
use host::sys::fd::HostFd;
use host::sys::path;
use host::{Errno, Result};

const O_RDWR: u32 = 2;
const O_CREAT: u32 = 0o100;
const O_EXCL: u32 = 0o200;
const O_NOFOLLOW: u32 = 0o400000;
const O_TMPFILE: u32 = 0o20200000;
const RENAME_EXCHANGE: u32 = 2;

pub(super) fn lookup(dir: &HostInode, name: &[u8]) -> Result<Arc<HostInode>> {
    let _still = dir.fs.still();
    let found = stat(&place::quick(&dir.fs, dir, Some(name))?)?;
    adopt(dir, name, found)
}

/// The inode for a name just found or made: the object already handed out for it, if it is still the same file.
fn adopt(dir: &HostInode, name: &[u8], found: Metadata) -> Result<Arc<HostInode>> {
    let parent = this(dir)?;
    if dir.fs.frozen {
        return Ok(HostInode::new(&dir.fs, found, Place::new(Some(parent), name)));
    }
    let mut live = dir.live.lock();
    let known = live.children.get(name).and_then(Weak::upgrade);
    if let Some(known) = known.filter(|k| k.is_same_file(&found)) {
        return Ok(known);
    }
    if live.children.len() >= live.sweep_at {
        live.children.retain(|_, c| c.strong_count() > 0);
        live.sweep_at = live.children.len() * 2 + 32;
    }
    let child = HostInode::new(&dir.fs, found, Place::new(Some(parent), name));
    live.children.insert(name.into(), Arc::downgrade(&child));
    Ok(child)
}

pub(super) fn create(dir: &HostInode, name: &[u8], mode: u32, rdev: u64, owner: Owner) -> Result<Arc<HostInode>> {
    dir.fs.writable()?;
    let _still = dir.fs.still();
    let bits = mode & 0o7777;
    match FileType::from_mode(mode) {
        Some(FileType::Regular) | None => {
            let at = place::quick(&dir.fs, dir, Some(name))?;
            let fd = path::open(at.dir(), at.path(), O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW, bits)?;
            let child = adopt(dir, name, stat_fd(fd.raw())?)?;
            child.keep_fresh(fd);
            give_to(dir, name, &child, bits, owner);
            return Ok(child);
        }
        Some(FileType::Directory) => {
            let at = place::firm_child(&dir.fs, dir, name)?;
            path::mkdir(at.dir(), at.path(), bits)?;
        }
        Some(FileType::Symlink) => return Err(Errno::EINVAL),
        Some(_) => {
            let at = place::firm_child(&dir.fs, dir, name)?;
            path::mknod(at.dir(), at.path(), mode, rdev)?;
        }
    }
    finish(dir, name, bits, owner)
}

pub(super) fn symlink(dir: &HostInode, name: &[u8], target: &[u8], owner: Owner) -> Result<Arc<HostInode>> {
    dir.fs.writable()?;
    let _still = dir.fs.still();
    let at = place::firm_child(&dir.fs, dir, name)?;
    path::symlink(&c_string(target)?, at.dir(), at.path())?;
    finish(dir, name, 0, owner)
}

fn finish(dir: &HostInode, name: &[u8], bits: u32, owner: Owner) -> Result<Arc<HostInode>> {
    let found = stat(&place::quick(&dir.fs, dir, Some(name))?)?;
    let child = adopt(dir, name, found)?;
    give_to(dir, name, &child, bits, owner);
    Ok(child)
}

/// Gives a new file to the guest's owner if the host lets us (as root); otherwise it stays ours. Changing the owner
/// clears the set-id bits, so they are set again.
fn give_to(dir: &HostInode, name: &[u8], child: &HostInode, bits: u32, owner: Owner) {
    if child.is_owned_by(owner) {
        return;
    }
    let Ok(at) = place::firm_child(&dir.fs, dir, name) else {
        return;
    };
    if path::chown(at.dir(), at.path(), owner.uid, owner.gid).is_err() {
        return;
    }
    if bits & 0o6000 != 0 {
        let _ = chmod(&at, bits);
    }
}

pub(super) fn create_unnamed(dir: &HostInode, mode: u32, owner: Owner) -> Result<Arc<HostInode>> {
    dir.fs.writable()?;
    let _still = dir.fs.still();
    let at = place::quick(&dir.fs, dir, None)?;
    let at_path = if at.path().is_empty() { c"." } else { at.path() };
    let fd = path::open(at.dir(), at_path, O_TMPFILE | O_RDWR, mode & 0o7777)?;
    let _ = path::chown(fd.raw(), c"", owner.uid, owner.gid);
    let found = stat_fd(fd.raw())?;
    let pin = Some(Pin { fd: Arc::new(fd), io: true });
    Ok(HostInode::new(&dir.fs, found, Place { pin, ..Place::new(None, b"") }))
}

pub(super) fn link(dir: &HostInode, name: &[u8], inode: &HostInode) -> Result<()> {
    dir.fs.writable()?;
    let _still = dir.fs.still();
    let to = place::firm_child(&dir.fs, dir, name)?;
    let pin = inode.place.lock().pin.clone();
    if let Some(pin) = pin {
        return path::link_fd(pin.fd.raw(), to.dir(), to.path());
    }
    let from = place::firm(&dir.fs, inode)?;
    path::link(from.dir(), from.path(), to.dir(), to.path())
}

pub(super) fn remove(dir: &HostInode, name: &[u8], directory: bool) -> Result<()> {
    dir.fs.writable()?;
    let _still = dir.fs.still();
    let at = place::firm_child(&dir.fs, dir, name)?;
    let child = known(dir, name);
    let pin = child.as_ref().and_then(|_| at.pin().ok());
    path::unlink(at.dir(), at.path(), directory)?;
    dir.live.lock().children.remove(name);
    if let Some(child) = child {
        forget(&child, pin);
    }
    Ok(())
}

pub(super) fn rename(dir: &HostInode, old: &[u8], to: &HostInode, new: &[u8], flags: u32) -> Result<()> {
    dir.fs.writable()?;
    let _moving = dir.fs.tree.write();
    let from_at = place::firm_child(&dir.fs, dir, old)?;
    let to_at = place::firm_child(&dir.fs, to, new)?;
    let (moved, target) = (known(dir, old), known(to, new));
    let pin = target.as_ref().filter(|_| flags & RENAME_EXCHANGE == 0).and_then(|_| to_at.pin().ok());
    path::rename(from_at.dir(), from_at.path(), to_at.dir(), to_at.path(), flags)?;
    // Two names of one file: the host leaves both.
    if moved.is_some() && stat(&from_at).is_ok_and(|m| moved.as_ref().is_some_and(|c| c.is_same_file(&m))) {
        return Ok(());
    }
    dir.live.lock().children.remove(old);
    to.live.lock().children.remove(new);
    if flags & RENAME_EXCHANGE != 0 {
        settle(target, dir, old)?;
    } else if let Some(target) = target {
        forget(&target, pin);
    }
    settle(moved, to, new)
}

/// Enters an inode that was moved at its new place.
fn settle(inode: Option<Arc<HostInode>>, dir: &HostInode, name: &[u8]) -> Result<()> {
    let Some(inode) = inode else {
        return Ok(());
    };
    let parent = this(dir)?;
    dir.live.lock().children.insert(name.into(), Arc::downgrade(&inode));
    let before = {
        let mut place = inode.place.lock();
        core::mem::replace(&mut *place, Place::new(Some(parent), name))
    };
    drop(before);
    Ok(())
}

/// The inode handed out for a name, if anybody still has it.
fn known(dir: &HostInode, name: &[u8]) -> Option<Arc<HostInode>> {
    dir.live.lock().children.get(name).and_then(Weak::upgrade)
}

/// The name is gone: from now on the descriptor stands for the inode.
fn forget(child: &HostInode, pin: Option<Arc<HostFd>>) {
    if let Some(fd) = pin {
        child.place.lock().pin = Some(Pin { fd, io: false });
    }
}

/// The counted reference to an inode that is known only by plain reference.
fn this(inode: &HostInode) -> Result<Arc<HostInode>> {
    inode.me.upgrade().ok_or(Errno::ESTALE)
}
