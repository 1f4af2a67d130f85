//! `hostfs`: a directory tree of the host, served through host descriptors.
//!
//! It has no counterpart in Linux but for UML's file system of the same name (`fs/hostfs/`). An inode knows its place, a
//! parent and a name, and asks the host by path; only open files and directories hold a host descriptor. Two tempers:
//!
//! * *frozen* (the lower layer of the default root): the tree is taken as unchanging and as trusted. Attributes are
//!   asked once, paths go from the root in one host call; descriptors and small contents are kept ([`keep`]).
//! * *live* (`-v SRC:DST`): names and attributes are asked anew each time. Whatever opens or changes something goes through
//!   `openat2` without symlinks, or names the last component below a parent opened that way, so that neither the host nor
//!   a guest that swaps a directory for a symlink meanwhile can lead out of the mount.
//!
//! Ids, device and inode numbers, and errors are the host's. Devices, FIFOs and sockets are told by type and never
//! opened here. Left out: `ioctl` on files, POSIX ACLs beyond their raw xattrs. The runtime's umask is 0.
//!
//! Locks: the tree lock (INODE; shared by everything that uses a path, exclusive for renames), then a file's append lock or
//! a directory's cursor (INODE), then places and children (LEAF).

mod dir;
mod file;
mod inode;
mod keep;
mod names;
mod place;
#[cfg(test)]
pub(crate) mod tests;
mod xattr;

pub use inode::HostInode;

use crate::inode::{FileSystem, InodeRef};
use alloc::boxed::Box;
use alloc::sync::Arc;
use core::sync::atomic::{AtomicU64, Ordering::Relaxed};
use host::abi::Statfs;
use host::lock::{RwLock, RwLockReadGuard, rank};
use host::sys::fd::{self, HostFd};
use host::{Errno, Result};

/// What all inodes of one instance share.
pub(crate) struct Shared {
    /// The root directory, `O_PATH`.
    root: HostFd,
    /// Its absolute path on the host, without a trailing slash: xattrs go by path.
    host_path: Box<[u8]>,
    read_only: bool,
    frozen: bool,
    /// Keeps places still while a path made of them is in use. Frozen trees don't need it.
    tree: RwLock<(), { rank::INODE }>,
    /// Opened files of a frozen tree.
    keeper: keep::Keeper,
    /// The owner whose files the host last refused to open with `O_NOATIME` (plus one; 0: none yet).
    atime_refused: AtomicU64,
}

impl Shared {
    fn writable(&self) -> Result<()> {
        if self.read_only { Err(Errno::EROFS) } else { Ok(()) }
    }

    fn still(&self) -> Option<RwLockReadGuard<'_, (), { rank::INODE }>> {
        (!self.frozen).then(|| self.tree.read())
    }

    /// Opens for reading without leaving a trace in the host's access times, where the host allows that.
    fn open_quietly(&self, owner: u32, open: impl Fn(u32) -> Result<HostFd>) -> Result<HostFd> {
        const NOATIME: u32 = 0o1000000;
        let mark = u64::from(owner) + 1;
        if self.atime_refused.load(Relaxed) == mark {
            return open(0);
        }
        match open(NOATIME) {
            Err(Errno::EPERM) => {
                self.atime_refused.store(mark, Relaxed);
                open(0)
            }
            other => other,
        }
    }
}

/// A mounted host tree.
pub struct HostFs {
    shared: Arc<Shared>,
    root: Arc<HostInode>,
}

impl HostFs {
    /// Serves the tree below `root` (an `O_PATH` directory), whose absolute path on the host is `host_path`. `read_only`
    /// answers `EROFS` to every change; `frozen` takes the tree as unchanging (and implies `read_only`).
    pub fn new(root: HostFd, host_path: &[u8], read_only: bool, frozen: bool) -> Result<Arc<HostFs>> {
        let mut end = host_path.len();
        while end > 0 && host_path.get(end - 1) == Some(&b'/') {
            end -= 1;
        }
        let shared = Arc::new(Shared {
            root,
            host_path: host_path.get(..end).unwrap_or_default().into(),
            read_only: read_only || frozen,
            frozen,
            tree: RwLock::new(()),
            keeper: keep::Keeper::default(),
            atime_refused: AtomicU64::new(0),
        });
        let root = HostInode::root(&shared)?;
        Ok(Arc::new(HostFs { shared, root }))
    }
}

impl FileSystem for HostFs {
    fn root(&self) -> InodeRef {
        self.root.clone()
    }

    fn name(&self) -> &'static str {
        "hostfs"
    }

    fn statfs(&self) -> Result<Statfs> {
        let mut st = fd::fstatfs(self.shared.root.raw())?;
        if self.shared.read_only {
            const ST_RDONLY: i64 = 1;
            st.flags |= ST_RDONLY;
        }
        Ok(st)
    }

    fn caches_names(&self) -> bool {
        self.shared.frozen
    }
}
