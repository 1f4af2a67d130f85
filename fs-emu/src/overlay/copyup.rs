//! Copy-up: a lower file gets its own copy in the upper layer, with all directories above it, before it first changes.
//!
//! The copy is made in the work directory and enters the tree by one rename. A lower file that has lost its name but is
//! still open gets a copy without a name.

use super::node::Node;
use super::table::Origin;
use crate::file::OpenFlags;
use crate::inode::{FileType, InodeRef, Metadata, Owner, SetAttr};
use alloc::sync::Arc;
use alloc::vec::Vec;
use host::iov::IovIter;
use host::{Errno, Result};

/// Bytes of file data in kernel memory at a time.
const CHUNK: usize = 128 << 10;

impl Node {
    /// The upper file, made now if there is none.
    pub fn copy_up(&self) -> Result<InodeRef> {
        self.copy_up_to(u64::MAX)
    }

    /// As [`copy_up`](Self::copy_up), but only the first `limit` bytes of data (which are about to be cut there).
    pub fn copy_up_to(&self, limit: u64) -> Result<InodeRef> {
        if let Some(upper) = self.upper() {
            return Ok(upper);
        }
        for dir in self.lower_ancestors().iter().rev() {
            dir.copy_one(u64::MAX)?;
        }
        self.copy_one(limit)
    }

    /// The directories above that are not copied up yet, nearest first.
    fn lower_ancestors(&self) -> Vec<Arc<Node>> {
        let mut dirs = Vec::new();
        if self.is_gone() {
            return dirs;
        }
        let mut next = self.parent();
        while let Some(dir) = next.filter(|d| d.upper().is_none()) {
            next = dir.parent();
            dirs.push(dir);
        }
        dirs
    }

    /// Copies up this file alone; the directory above is there already.
    fn copy_one(&self, limit: u64) -> Result<InodeRef> {
        let _once = self.copying.lock();
        if let Some(upper) = self.upper() {
            return Ok(upper);
        }
        let lower = self.lower.first().ok_or(Errno::ESTALE)?;
        let work = &self.shared.work;
        let temp = work.name();
        let done = make_copy(lower, &work.dir, &temp, limit).and_then(|upper| {
            self.enter(&upper, &temp)?;
            Ok(upper)
        });
        if done.is_err() {
            work.discard(&temp);
        }
        done
    }

    /// Puts the finished copy in its place, and makes it what this node stands for.
    fn enter(&self, upper: &InodeRef, temp: &[u8]) -> Result<()> {
        let (parent, name) = self.place()?;
        let ino = upper.metadata()?.ino;
        let mut path = parent.origin().map(|o| o.path.to_vec()).unwrap_or_default();
        path.push(b'/');
        path.extend_from_slice(&name);
        let lower = if self.is_dir() { self.lower.clone() } else { Vec::new() };
        let origin = Arc::new(Origin::new(self.ino, &path, lower));
        let _names = parent.names.lock();
        if self.is_gone() {
            if self.is_dir() {
                return Err(Errno::ENOENT);
            }
            self.shared.work.dir.unlink(temp)?;
        } else {
            let dir = parent.upper().ok_or(Errno::ESTALE)?;
            let Metadata { atime, mtime, .. } = dir.metadata()?;
            // Known before it can be seen: a reader of the directory must find the right number.
            self.shared.table.enter(ino, self.me.clone(), origin.clone());
            if let Err(e) = self.shared.work.put(temp, &dir, &name) {
                self.shared.table.forget(ino);
                return Err(e);
            }
            dir.set_attr(&SetAttr { atime: Some(atime), mtime: Some(mtime), ..SetAttr::default() })?;
        }
        self.set_upper(upper.clone(), origin);
        Ok(())
    }
}

/// Makes a full copy of a lower file as `name` in `dir`.
fn make_copy(lower: &InodeRef, dir: &InodeRef, name: &[u8], limit: u64) -> Result<InodeRef> {
    let meta = lower.metadata()?;
    let owner = Owner { uid: meta.uid, gid: meta.gid };
    let copy = match meta.file_type() {
        FileType::Regular => {
            let copy = dir.create(name, FileType::Regular.mode() | 0o600, 0, owner)?;
            copy_data(lower, &copy, meta.size.min(limit))?;
            copy
        }
        FileType::Directory => dir.create(name, FileType::Directory.mode() | 0o700, 0, owner)?,
        FileType::Symlink => dir.symlink(name, &lower.readlink()?, owner)?,
        _ => dir.create(name, meta.mode, meta.rdev, owner)?,
    };
    copy_xattrs(lower, &copy)?;
    let mode = (meta.file_type() != FileType::Symlink).then_some(meta.mode & 0o7777);
    let (atime, mtime) = (Some(meta.atime), Some(meta.mtime));
    copy.set_attr(&SetAttr { mode, uid: Some(meta.uid), gid: Some(meta.gid), size: None, atime, mtime })?;
    Ok(copy)
}

/// Copies `size` bytes in pieces, leaving holes as they are.
fn copy_data(lower: &InodeRef, copy: &InodeRef, size: u64) -> Result<()> {
    if size == 0 {
        return Ok(());
    }
    let from = lower.clone().open(OpenFlags::empty())?;
    let to = copy.clone().open(OpenFlags::RDWR)?;
    let mut buf = Vec::new();
    let chunk = usize::try_from(size).unwrap_or(CHUNK).min(CHUNK);
    buf.try_reserve_exact(chunk).map_err(|_| Errno::ENOMEM)?;
    buf.resize(chunk, 0);
    let mut off = 0;
    while off < size {
        let start = match from.seek_data(off, false) {
            Ok(start) => start,
            Err(Errno::ENXIO) => break,
            Err(_) => off,
        };
        let end = from.seek_data(start, true).unwrap_or(size).min(size);
        off = start;
        while off < end {
            let want = usize::try_from(end - off).unwrap_or(chunk).min(chunk);
            let piece = buf.get_mut(..want).unwrap_or_default();
            let n = from.read_at(off, &mut IovIter::kernel_mut(piece))?;
            if n == 0 {
                return copy.set_attr(&SetAttr { size: Some(size), ..SetAttr::default() });
            }
            write_all(&*to, off, piece.get(..n).unwrap_or_default())?;
            off = off.saturating_add(n as u64);
        }
    }
    copy.set_attr(&SetAttr { size: Some(size), ..SetAttr::default() })
}

fn write_all(to: &dyn crate::file::FileOps, mut off: u64, mut data: &[u8]) -> Result<()> {
    while !data.is_empty() {
        let n = to.write_at(off, &mut IovIter::kernel(data), false)?.0;
        if n == 0 {
            return Err(Errno::EIO);
        }
        off = off.saturating_add(n as u64);
        data = data.get(n..).unwrap_or_default();
    }
    Ok(())
}

/// Copies what extended attributes the upper layer can take.
fn copy_xattrs(lower: &InodeRef, copy: &InodeRef) -> Result<()> {
    for name in lower.listxattr().unwrap_or_default().split(|&b| b == 0).filter(|n| !n.is_empty()) {
        let Ok(value) = lower.getxattr(name) else {
            continue;
        };
        match copy.setxattr(name, &value, 0) {
            Err(e @ (Errno::ENOMEM | Errno::ENOSPC)) => return Err(e),
            _ => continue,
        }
    }
    Ok(())
}
