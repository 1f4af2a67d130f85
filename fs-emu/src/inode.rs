//! What a file system is made of: inodes and their operations (Linux's `struct inode_operations`).
//!
//! Names are single components, already checked by the path walk (not empty, not `.` or `..`, no `/`, at most 255 bytes).
//! Permissions are the path walk's business too: these operations act.

use crate::file::{FileOps, OpenFlags};
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::any::Any;
use host::abi::{Statfs, Timespec};
use host::{Errno, Result};

/// A counted reference to any file system's inode.
pub type InodeRef = Arc<dyn Inode>;

/// The kind of a file; values are those of `S_IFMT >> 12`, which are also `d_type`'s.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
#[allow(missing_docs)]
pub enum FileType {
    Fifo = 1,
    CharDevice = 2,
    Directory = 4,
    BlockDevice = 6,
    Regular = 8,
    Symlink = 10,
    Socket = 12,
}

impl FileType {
    /// From `st_mode`.
    pub const fn from_mode(mode: u32) -> Option<FileType> {
        Some(match mode >> 12 & 0xf {
            1 => FileType::Fifo,
            2 => FileType::CharDevice,
            4 => FileType::Directory,
            6 => FileType::BlockDevice,
            8 => FileType::Regular,
            10 => FileType::Symlink,
            12 => FileType::Socket,
            _ => return None,
        })
    }

    /// As bits of `st_mode`.
    pub const fn mode(self) -> u32 {
        (self as u32) << 12
    }
}

/// What `stat(2)` and `statx(2)` tell.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct Metadata {
    pub dev: u64,
    pub ino: u64,
    /// Type and permission bits.
    pub mode: u32,
    pub nlink: u32,
    pub uid: u32,
    pub gid: u32,
    pub rdev: u64,
    pub size: u64,
    pub blksize: u32,
    /// In units of 512 bytes.
    pub blocks: u64,
    pub atime: Timespec,
    pub mtime: Timespec,
    pub ctime: Timespec,
    pub btime: Timespec,
}

impl Metadata {
    /// The file's kind; a mode without one counts as a regular file.
    pub fn file_type(&self) -> FileType {
        FileType::from_mode(self.mode).unwrap_or(FileType::Regular)
    }
}

/// Who owns a new file.
#[derive(Clone, Copy, Debug)]
#[allow(missing_docs)]
pub struct Owner {
    pub uid: u32,
    pub gid: u32,
}

/// Attributes to change; `None` leaves one alone. The caller has checked permissions and computed the final values
/// (set-id bits already cleared, "now" already a time).
#[derive(Clone, Copy, Debug, Default)]
#[allow(missing_docs)]
pub struct SetAttr {
    /// Permission bits (07777).
    pub mode: Option<u32>,
    pub uid: Option<u32>,
    pub gid: Option<u32>,
    pub size: Option<u64>,
    pub atime: Option<Timespec>,
    pub mtime: Option<Timespec>,
}

/// A mounted instance of a file system.
pub trait FileSystem: Send + Sync {
    /// The root directory.
    fn root(&self) -> InodeRef;
    /// The name in `/proc/mounts` (`tmpfs`, `overlay`).
    fn name(&self) -> &'static str;
    /// `statfs(2)`.
    fn statfs(&self) -> Result<Statfs>;
    /// Whether names found once stay true until this kernel changes them: the dentry cache may answer without asking.
    fn caches_names(&self) -> bool {
        true
    }

    /// Whether a look-up costs so much that names which are not there are worth remembering.
    fn remembers_absent(&self) -> bool {
        false
    }
}

/// One file of any kind. Defaults are what Linux answers when the operation is missing.
pub trait Inode: Send + Sync + 'static {
    /// All attributes.
    fn metadata(&self) -> Result<Metadata>;

    /// The kind, which never changes. Cheap: the path walk asks it for every component.
    fn file_type(&self) -> FileType;

    /// For a file system to recognise its own inodes (`link`, `rename`).
    fn as_any(&self) -> &dyn Any;

    /// What a permission check needs: type and permission bits, and the owner. Asked for every directory of a path.
    fn mode_owner(&self) -> Result<(u32, Owner)> {
        self.metadata().map(|m| (m.mode, Owner { uid: m.uid, gid: m.gid }))
    }

    /// Where a magic link of `/proc` jumps to; `None` for everything else (an ordinary symlink is read with `readlink`).
    fn magic_link(&self) -> Option<Result<crate::vfs::Path>> {
        None
    }

    /// Finds a name in a directory: `ENOENT` when it is not there.
    fn lookup(&self, _name: &[u8]) -> Result<InodeRef> {
        Err(Errno::ENOTDIR)
    }

    /// A directory in which nothing can ever be made says so here, with the error that comes before any permission check.
    fn refuses_names(&self) -> Option<Errno> {
        None
    }

    /// Makes a file, directory, FIFO, socket or device node (`mode` has the type). `EEXIST` when the name is taken.
    fn create(&self, _name: &[u8], _mode: u32, _rdev: u64, _owner: Owner) -> Result<InodeRef> {
        Err(Errno::EPERM)
    }

    /// Makes an unnamed regular file in this directory's file system (`O_TMPFILE`).
    fn create_unnamed(&self, _mode: u32, _owner: Owner) -> Result<InodeRef> {
        Err(Errno::EOPNOTSUPP)
    }

    /// Makes a symlink.
    fn symlink(&self, _name: &[u8], _target: &[u8], _owner: Owner) -> Result<InodeRef> {
        Err(Errno::EPERM)
    }

    /// Gives an inode of the same file system another name here.
    fn link(&self, _name: &[u8], _inode: &InodeRef) -> Result<()> {
        Err(Errno::EPERM)
    }

    /// Removes a name of a non-directory.
    fn unlink(&self, _name: &[u8]) -> Result<()> {
        Err(Errno::EPERM)
    }

    /// Removes an empty directory.
    fn rmdir(&self, _name: &[u8]) -> Result<()> {
        Err(Errno::EPERM)
    }

    /// Moves a name within the file system (`renameat2(2)`; flags already checked for validity: NOREPLACE, EXCHANGE or
    /// WHITEOUT). The path walk has excluded that a directory moves below itself, and holds the rename lock.
    fn rename(&self, _old: &[u8], _new_dir: &InodeRef, _new: &[u8], _flags: u32) -> Result<()> {
        Err(Errno::EPERM)
    }

    /// A symlink's target.
    fn readlink(&self) -> Result<Vec<u8>> {
        Err(Errno::EINVAL)
    }

    /// Changes attributes.
    fn set_attr(&self, _attr: &SetAttr) -> Result<()> {
        Err(Errno::EPERM)
    }

    /// Opens a regular file or directory. FIFOs, sockets and devices never come here: the kernel above has them.
    fn open(self: Arc<Self>, _flags: OpenFlags) -> Result<Arc<dyn FileOps>> {
        Err(Errno::ENXIO)
    }

    /// Whether pages of it are mapped that would have to go if it got shorter.
    fn is_mapped(&self) -> bool {
        false
    }

    /// Counts who writes the file and who runs it. `None` for a file system whose files do not count.
    fn writers(&self) -> Option<&crate::busy::WriteCount> {
        None
    }

    /// An extended attribute's value; `ENODATA` when it is not there.
    fn getxattr(&self, _name: &[u8]) -> Result<Vec<u8>> {
        Err(Errno::EOPNOTSUPP)
    }

    /// Sets one; flags are `XATTR_CREATE` (1) and `XATTR_REPLACE` (2).
    fn setxattr(&self, _name: &[u8], _value: &[u8], _flags: u32) -> Result<()> {
        Err(Errno::EOPNOTSUPP)
    }

    /// All names, each with its NUL.
    fn listxattr(&self) -> Result<Vec<u8>> {
        Ok(Vec::new())
    }

    /// Removes one.
    fn removexattr(&self, _name: &[u8]) -> Result<()> {
        Err(Errno::EOPNOTSUPP)
    }
}
