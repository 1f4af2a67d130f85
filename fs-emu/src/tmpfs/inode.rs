//! A node as an [`Inode`]: what the VFS asks of it.

use super::node::{Body, Node};
use super::open::{OpenDir, OpenFile};
use super::rename::Move;
use super::seal;
use crate::vfs::ops::xattr::{CREATE, REPLACE};
use crate::{FileOps, FileType, Inode, InodeRef, Metadata, OpenFlags, Owner, SetAttr};
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::any::Any;
use core::sync::atomic::Ordering::*;
use host::{Errno, Result, time};

/// Longest target of a symlink.
const TARGET_MAX: usize = 4095;

impl Inode for Node {
    fn metadata(&self) -> Result<Metadata> {
        Ok(Node::metadata(self))
    }

    fn file_type(&self) -> FileType {
        self.kind
    }

    fn as_any(&self) -> &dyn Any {
        self
    }

    fn mode_owner(&self) -> Result<(u32, Owner)> {
        Ok(self.perm())
    }

    fn lookup(&self, name: &[u8]) -> Result<InodeRef> {
        match self.entries()?.read().get(name) {
            Some(node) => Ok(node.clone()),
            None => Err(Errno::ENOENT),
        }
    }

    fn create(&self, name: &[u8], mode: u32, rdev: u64, owner: Owner) -> Result<InodeRef> {
        self.entries()?;
        let node = Node::make(&self.shared, mode, rdev, owner, None)?;
        self.enter(name, &node, true)?;
        Ok(node)
    }

    fn create_unnamed(&self, mode: u32, owner: Owner) -> Result<InodeRef> {
        self.entries()?;
        Ok(Node::make_unnamed(&self.shared, mode, owner)?)
    }

    fn symlink(&self, name: &[u8], target: &[u8], owner: Owner) -> Result<InodeRef> {
        self.entries()?;
        if target.len() > TARGET_MAX {
            return Err(Errno::ENAMETOOLONG);
        }
        let node = Node::make(&self.shared, FileType::Symlink.mode() | 0o777, 0, owner, Some(target))?;
        self.enter(name, &node, true)?;
        Ok(node)
    }

    fn link(&self, name: &[u8], inode: &InodeRef) -> Result<()> {
        let node = Node::of(inode, &self.shared)?;
        if node.kind == FileType::Directory {
            return Err(Errno::EPERM);
        }
        self.enter(name, &node, false)
    }

    fn unlink(&self, name: &[u8]) -> Result<()> {
        self.take_out(name).map(drop)
    }

    fn rmdir(&self, name: &[u8]) -> Result<()> {
        self.take_out_dir(name).map(drop)
    }

    fn rename(&self, old: &[u8], new_dir: &InodeRef, new: &[u8], flags: u32) -> Result<()> {
        let to = Node::of(new_dir, &self.shared)?;
        Move { from: self, old, to: &to, new, flags }.run()
    }

    fn readlink(&self) -> Result<Vec<u8>> {
        match &self.body {
            Body::Link(target) => Ok(target.to_vec()),
            _ => Err(Errno::EINVAL),
        }
    }

    fn set_attr(&self, attr: &SetAttr) -> Result<()> {
        let now = time::coarse();
        if attr.mode.is_some_and(|mode| (mode ^ self.perm().0) & 0o111 != 0) {
            self.seals.check(seal::EXEC)?;
        }
        if let Some(size) = attr.size {
            let freed = self.change(|data, shared| {
                self.seals.check_resize(data.size(), size)?;
                Ok(data.resize(shared, size))
            })?;
            drop(freed);
        }
        let mut a = self.attr.lock();
        if let Some(mode) = attr.mode {
            a.mode = (a.mode & !0o7777) | (mode & 0o7777);
        }
        a.uid = attr.uid.unwrap_or(a.uid);
        a.gid = attr.gid.unwrap_or(a.gid);
        a.atime = attr.atime.unwrap_or(a.atime);
        a.mtime = attr.mtime.unwrap_or(if attr.size.is_some() { now } else { a.mtime });
        a.ctime = now;
        self.times_changed();
        self.publish_perm(&a);
        Ok(())
    }

    fn open(self: Arc<Self>, flags: OpenFlags) -> Result<Arc<dyn FileOps>> {
        match &self.body {
            Body::File(_) => Ok(Arc::new(OpenFile::new(self, flags))),
            Body::Dir(_) => Ok(Arc::new(OpenDir::new(self))),
            _ => Err(Errno::ENXIO),
        }
    }

    fn is_mapped(&self) -> bool {
        self.data().is_ok_and(|data| data.read().is_mapped())
    }

    fn writers(&self) -> Option<&crate::busy::WriteCount> {
        Some(&self.writers)
    }

    fn getxattr(&self, name: &[u8]) -> Result<Vec<u8>> {
        self.xattrs.lock().get(name).map(|v| v.to_vec()).ok_or(Errno::ENODATA)
    }

    fn setxattr(&self, name: &[u8], value: &[u8], flags: u32) -> Result<()> {
        {
            let mut map = self.xattrs.lock();
            match map.contains_key(name) {
                true if flags & CREATE != 0 => return Err(Errno::EEXIST),
                false if flags & REPLACE != 0 => return Err(Errno::ENODATA),
                _ => {}
            }
            let used: usize = map.iter().map(|(k, v)| k.len() + v.len()).sum();
            if used.saturating_add(name.len() + value.len()) > XATTR_ROOM {
                return Err(Errno::ENOSPC);
            }
            map.insert(name.into(), value.into());
        }
        self.relink(0, time::coarse());
        Ok(())
    }

    fn listxattr(&self) -> Result<Vec<u8>> {
        let mut out = Vec::new();
        for name in self.xattrs.lock().keys() {
            out.extend_from_slice(name);
            out.push(0);
        }
        Ok(out)
    }

    fn removexattr(&self, name: &[u8]) -> Result<()> {
        let gone = self.xattrs.lock().remove(name);
        gone.map(drop).ok_or(Errno::ENODATA)?;
        self.relink(0, time::coarse());
        Ok(())
    }
}

/// Bytes of extended attributes that one file may have (Linux limits them to a share of the instance).
const XATTR_ROOM: usize = 256 << 10;

impl Node {
    /// Changes a regular file's data, and what `stat` shows of it.
    pub(super) fn change<T>(&self, f: impl FnOnce(&mut super::data::Data, &super::Shared) -> Result<T>) -> Result<T> {
        let mut data = self.data()?.write();
        let out = f(&mut data, &self.shared);
        self.size.store(data.size(), Relaxed);
        self.blocks.store(data.pages_in_use(), Relaxed);
        out
    }
}
