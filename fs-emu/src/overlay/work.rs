//! The work directory: files under construction, whiteouts about to be placed, and what was taken out of the tree.
//!
//! Everything enters the tree by one rename, so that no lookup ever sees half of it.

use crate::file::{FileOps, OpenFlags};
use crate::inode::{FileType, InodeRef, Owner};
use alloc::format;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::sync::atomic::{AtomicU64, Ordering::Relaxed};
use host::Result;

const RENAME_EXCHANGE: u32 = 2;

/// The work directory of an overlay.
pub(super) struct Work {
    pub dir: InodeRef,
    next: AtomicU64,
}

/// Whether a file of a layer is a whiteout.
pub(super) fn is_whiteout(inode: &InodeRef) -> Result<bool> {
    Ok(inode.file_type() == FileType::CharDevice && inode.metadata()?.rdev == 0)
}

fn make_whiteout(dir: &InodeRef, name: &[u8]) -> Result<()> {
    dir.create(name, FileType::CharDevice.mode(), 0, Owner { uid: 0, gid: 0 }).map(drop)
}

impl Work {
    pub fn new(dir: InodeRef) -> Work {
        Work { dir, next: AtomicU64::new(0) }
    }

    /// A name not in use.
    pub fn name(&self) -> Vec<u8> {
        format!("{:x}", self.next.fetch_add(1, Relaxed)).into_bytes()
    }

    /// Makes a whiteout, to be placed later.
    pub fn whiteout(&self) -> Result<Vec<u8>> {
        let name = self.name();
        make_whiteout(&self.dir, &name)?;
        Ok(name)
    }

    /// Puts a whiteout at a name where the upper directory has nothing.
    pub fn hide(&self, dir: &InodeRef, name: &[u8]) -> Result<()> {
        make_whiteout(dir, name)
    }

    /// Moves something into the tree, over what is there if that is not a directory.
    pub fn put(&self, from: &[u8], dir: &InodeRef, name: &[u8]) -> Result<()> {
        self.dir.rename(from, dir, name, 0)
    }

    /// Moves something into the tree; what was at the name is thrown away.
    pub fn replace(&self, from: &[u8], dir: &InodeRef, name: &[u8]) -> Result<()> {
        self.dir.rename(from, dir, name, RENAME_EXCHANGE)?;
        self.discard(from);
        Ok(())
    }

    /// Takes a directory out of the tree; [`put_back`](Self::put_back) or [`discard`](Self::discard) it afterwards.
    pub fn take(&self, dir: &InodeRef, name: &[u8]) -> Result<Vec<u8>> {
        let to = self.name();
        dir.rename(name, &self.dir, &to, 0)?;
        Ok(to)
    }

    /// Undoes [`take`](Self::take).
    pub fn put_back(&self, from: &[u8], dir: &InodeRef, name: &[u8]) {
        let _ = self.dir.rename(from, dir, name, 0);
    }

    /// Removes a file, or a directory that holds nothing but whiteouts. Best effort: a leftover is invisible.
    pub fn discard(&self, name: &[u8]) {
        let Ok(inode) = self.dir.lookup(name) else {
            return;
        };
        if inode.file_type() != FileType::Directory {
            let _ = self.dir.unlink(name);
            return;
        }
        for entry in entries(&inode).unwrap_or_default() {
            let _ = inode.unlink(&entry.name);
        }
        let _ = self.dir.rmdir(name);
    }
}

/// An entry of one layer's directory.
pub(super) struct Entry {
    pub name: Vec<u8>,
    pub ino: u64,
    pub kind: u8,
}

/// All entries of one layer's directory, without `.` and `..`.
pub(super) fn entries(dir: &InodeRef) -> Result<Vec<Entry>> {
    let file: Arc<dyn FileOps> = dir.clone().open(OpenFlags::DIRECTORY)?;
    let mut all = Vec::new();
    let mut pos = 0;
    loop {
        let mut more = false;
        pos = file.readdir(pos, &mut |e| {
            more = true;
            if e.name != b"." && e.name != b".." {
                all.push(Entry { name: e.name.to_vec(), ino: e.ino, kind: e.kind });
            }
            true
        })?;
        if !more {
            return Ok(all);
        }
    }
}
