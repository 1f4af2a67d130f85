//! tmpfs: a file system whose files live in the arena.
//!
//! Answers to Linux's `mm/shmem.c`. File data are page frames ([`data`]), so that reading is a copy and mapping needs no copy
//! at all; directories are tables ([`dir`]). Left out: swap, huge pages as an option,
//! quotas, memory policies, `FALLOC_FL_COLLAPSE_RANGE` and `INSERT_RANGE`.
//!
//! Locks: a file's data or a directory's entries (rank INODE; several directories by address), then a node's attributes
//! (rank OBJECT), then its extended attributes (LEAF).

mod data;
mod dir;
mod inode;
mod node;
mod open;
mod rename;
pub mod seal;

#[cfg(test)]
mod tests;

use crate::{FileSystem, InodeRef, Owner};
use alloc::sync::Arc;
use core::sync::atomic::{AtomicU64, Ordering::*};
use host::abi::Statfs;
use host::layout::PAGE_SIZE;
use host::{Errno, Result};
use node::Node;

/// Linux's `TMPFS_MAGIC`.
const MAGIC: i64 = 0x0102_1994;

/// What an instance may hold.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Pages of file data.
    pub pages: u64,
    /// Files of any kind.
    pub inodes: u64,
}

impl Default for Limits {
    /// 8 GiB, half of a middling machine's memory, and as many files as pages.
    fn default() -> Limits {
        Limits { pages: 2 << 20, inodes: 2 << 20 }
    }
}

/// What the nodes of an instance share.
pub(crate) struct Shared {
    dev: u64,
    limits: Limits,
    pages: AtomicU64,
    inodes: AtomicU64,
    next_ino: AtomicU64,
}

impl Shared {
    fn take(counter: &AtomicU64, n: u64, limit: u64) -> Result<()> {
        let step = |old: u64| old.checked_add(n).filter(|new| *new <= limit);
        counter.fetch_update(Relaxed, Relaxed, step).map(drop).map_err(|_| Errno::ENOSPC)
    }

    /// Accounts for pages of data. `ENOSPC` beyond the limit.
    fn take_pages(&self, n: usize) -> Result<()> {
        Shared::take(&self.pages, n as u64, self.limits.pages)
    }

    fn give_pages(&self, n: usize) {
        self.pages.fetch_sub(n as u64, Relaxed);
    }

    /// Accounts for a new file and gives its number.
    fn take_inode(&self) -> Result<u64> {
        Shared::take(&self.inodes, 1, self.limits.inodes)?;
        Ok(self.next_ino.fetch_add(1, Relaxed))
    }

    fn give_inode(&self) {
        self.inodes.fetch_sub(1, Relaxed);
    }
}

/// An instance.
pub struct TmpFs {
    shared: Arc<Shared>,
    root: Arc<Node>,
}

impl TmpFs {
    /// An empty instance. `dev` is its device number (unique among file systems); `mode` and `owner` are the root directory's.
    pub fn new(dev: u64, limits: Limits, mode: u32, owner: Owner) -> Result<Arc<TmpFs>> {
        let (pages, inodes) = (AtomicU64::new(0), AtomicU64::new(0));
        let shared = Arc::new(Shared { dev, limits, pages, inodes, next_ino: AtomicU64::new(1) });
        let mode = crate::FileType::Directory.mode() | (mode & 0o7777);
        let root = Node::make(&shared, mode, 0, owner, None)?;
        root.attr.lock().nlink = 2;
        root.parent_ino.store(root.ino, Relaxed);
        Ok(Arc::new(TmpFs { shared, root }))
    }
}

impl FileSystem for TmpFs {
    fn root(&self) -> InodeRef {
        self.root.clone()
    }

    fn name(&self) -> &'static str {
        "tmpfs"
    }

    fn statfs(&self) -> Result<Statfs> {
        let s = &self.shared;
        let free = s.limits.pages.saturating_sub(s.pages.load(Relaxed));
        Ok(Statfs {
            kind: MAGIC,
            bsize: PAGE_SIZE as i64,
            frsize: PAGE_SIZE as i64,
            blocks: s.limits.pages,
            bfree: free,
            bavail: free,
            files: s.limits.inodes,
            ffree: s.limits.inodes.saturating_sub(s.inodes.load(Relaxed)),
            fsid: [s.dev as i32, 0],
            namelen: 255,
            ..Statfs::default()
        })
    }
}
