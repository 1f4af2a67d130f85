//! Open files that have no place in the tree (pipes, eventfds, files inherited from outside), made to look as if they had.
//!
//! Answers to Linux's `fs/anon_inodes.c` and `fs/pipe.c`'s `pipefs`: there such a file has an inode on a mount that nobody can
//! reach. Here that inode is made up when somebody asks: for a magic link of `/proc/PID/fd`, and for calls such as
//! `fchmod` that want a [`Path`]. Takes no locks.

use super::{File, Mount, MountFlags, Path};
use crate::{FileOps, FileSystem, FileType, Inode, InodeRef, Metadata, OpenFlags, SetAttr};
use alloc::sync::Arc;
use core::any::Any;
use host::Result;
use host::abi::Statfs;

/// `PIPEFS_MAGIC`.
const PIPEFS: i64 = 0x5049_5045;
/// `SOCKFS_MAGIC`.
const SOCKFS: i64 = 0x534f_434b;
/// `ANON_INODE_FS_MAGIC`.
const ANON_INODE_FS: i64 = 0x0904_1934;

/// The inode of an open file without a path.
pub struct AnonInode {
    file: Arc<File>,
}

impl AnonInode {
    /// The one behind an inode, if it is of this kind.
    pub fn of(inode: &InodeRef) -> Option<&AnonInode> {
        inode.as_any().downcast_ref()
    }

    /// The open file it stands for.
    pub fn file(&self) -> &Arc<File> {
        &self.file
    }
}

impl Inode for AnonInode {
    fn metadata(&self) -> Result<Metadata> {
        self.file.ops().metadata()
    }

    fn file_type(&self) -> FileType {
        self.file.file_type()
    }

    fn as_any(&self) -> &dyn Any {
        self
    }

    fn set_attr(&self, attr: &SetAttr) -> Result<()> {
        self.file.ops().set_attr(attr)
    }

    fn open(self: Arc<Self>, flags: OpenFlags) -> Result<Arc<dyn FileOps>> {
        self.file.ops().open_again(flags)
    }
}

/// What such a file is "mounted" from.
struct AnonFs {
    root: InodeRef,
}

impl FileSystem for AnonFs {
    fn root(&self) -> InodeRef {
        self.root.clone()
    }

    fn name(&self) -> &'static str {
        "anon_inodefs"
    }

    fn statfs(&self) -> Result<Statfs> {
        let kind = match self.root.file_type() {
            FileType::Fifo => PIPEFS,
            FileType::Socket => SOCKFS,
            _ => ANON_INODE_FS,
        };
        Ok(Statfs { kind, bsize: 4096, frsize: 4096, namelen: 255, ..Statfs::default() })
    }

    fn caches_names(&self) -> bool {
        false
    }
}

/// Where an open file is: its own path, or one made up for a file without.
pub fn path_of(file: &Arc<File>) -> Path {
    if let Some(path) = file.path() {
        return path.clone();
    }
    let root: InodeRef = Arc::new(AnonInode { file: file.clone() });
    Mount::new(0, Arc::new(AnonFs { root }), None, MountFlags::empty(), b"none").root_path()
}
