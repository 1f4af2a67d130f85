//! Building blocks for file systems whose contents are made up when somebody looks: `/proc`, `/sys`, `/dev/pts`.
//!
//! Answers to Linux's `fs/proc/generic.c`, `fs/seq_file.c` and `fs/kernfs/`. What stands in the files is the business of the
//! kernel above, which implements [`DirSource`], [`FileSource`] and [`LinkSource`]. Names are never cached, and the VFS
//! holds no lock while it asks, so that a source may take any lock it needs. Inode numbers tell files apart: a new process
//! with an old one's id must have new numbers.
//!
//! Locks: the text of an open file (rank OBJECT), never while a source works.

mod dir;
mod file;
mod link;

#[cfg(test)]
mod tests;

pub use dir::{DirSource, Entries, Entry, Late, LateDir, PseudoDir, StaticDir};
pub use file::{FileSource, PseudoFile, TextFile};
pub use link::{LinkSource, PseudoLink, PseudoNode};

use crate::{FileSystem, FileType, InodeRef, Metadata, Owner, SetAttr};
use alloc::sync::Arc;
use host::abi::{Statfs, Timespec};
use host::{Errno, Result};

/// The attributes that a source gives; the rest of `stat` is made up.
#[derive(Clone, Copy, Debug)]
pub struct Attr {
    /// The file system's device number.
    pub dev: u64,
    /// The inode number, unique in it for as long as the sandbox lives.
    pub ino: u64,
    /// Permission bits.
    pub mode: u32,
    /// Owner.
    pub owner: Owner,
    /// Link count: 1, or 2 and more for a directory.
    pub nlink: u32,
    /// What `st_size` shows.
    pub size: u64,
    /// All three times.
    pub time: Timespec,
}

impl Attr {
    /// Root's, with one link.
    pub fn new(dev: u64, ino: u64, mode: u32) -> Attr {
        let owner = Owner { uid: 0, gid: 0 };
        Attr { dev, ino, mode, owner, nlink: 1, size: 0, time: Timespec::default() }
    }

    /// The same with another owner.
    pub fn owned(self, uid: u32, gid: u32) -> Attr {
        Attr { owner: Owner { uid, gid }, ..self }
    }

    /// As `stat` shows them.
    pub fn metadata(&self, kind: FileType, rdev: u64) -> Metadata {
        let nlink = if kind == FileType::Directory { self.nlink.max(2) } else { self.nlink };
        Metadata {
            dev: self.dev,
            ino: self.ino,
            mode: kind.mode() | (self.mode & 0o7777),
            nlink,
            uid: self.owner.uid,
            gid: self.owner.gid,
            rdev,
            size: self.size,
            blksize: 1024,
            blocks: 0,
            atime: self.time,
            mtime: self.time,
            ctime: self.time,
            btime: Timespec::default(),
        }
    }

    fn mode_owner(&self, kind: FileType) -> (u32, Owner) {
        (kind.mode() | (self.mode & 0o7777), self.owner)
    }
}

/// Owner and mode belong to the source; truncation and times are let pass, as a shell's `>` needs.
pub fn set_attr(attr: &SetAttr) -> Result<()> {
    if attr.mode.is_some() || attr.uid.is_some() || attr.gid.is_some() { Err(Errno::EPERM) } else { Ok(()) }
}

/// A file system made of such files.
pub struct PseudoFs {
    name: &'static str,
    magic: i64,
    root: InodeRef,
}

impl PseudoFs {
    /// `magic` is the number that `statfs` shows (`0x9fa0` for proc, `0x62656572` for sysfs, `0x1cd1` for devpts).
    pub fn new(name: &'static str, magic: i64, root: InodeRef) -> Arc<PseudoFs> {
        Arc::new(PseudoFs { name, magic, root })
    }
}

impl FileSystem for PseudoFs {
    fn root(&self) -> InodeRef {
        self.root.clone()
    }

    fn name(&self) -> &'static str {
        self.name
    }

    fn statfs(&self) -> Result<Statfs> {
        Ok(Statfs { kind: self.magic, bsize: 4096, frsize: 4096, namelen: 255, ..Statfs::default() })
    }

    fn caches_names(&self) -> bool {
        false
    }
}
