//! Mounts: a file system's tree (or a part of it) at a place of another, and [`Path`], a place in the whole.
//!
//! Answers to Linux's `struct vfsmount` and `struct path`. Locks: a mount's list of children (rank MOUNT).

use super::dentry::{Dentry, Temper};
use super::notify::Watches;
use crate::{FileSystem, InodeRef};
use alloc::sync::Arc;
use alloc::vec::Vec;
use bitflags::bitflags;
use core::sync::atomic::{AtomicU32, Ordering::*};
use host::lock::{Mutex, rank};
use host::rcu::{self, RcuArc, Reading, Retired};
use host::{Errno, Result};

bitflags! {
    /// Flags of one mount, with the values of `mount(2)`.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub struct MountFlags: u32 {
        /// `MS_RDONLY`.
        const RDONLY = 1;
        /// `MS_NOSUID`.
        const NOSUID = 2;
        /// `MS_NODEV`.
        const NODEV = 4;
        /// `MS_NOEXEC`.
        const NOEXEC = 8;
        /// `MS_NOSYMFOLLOW`.
        const NOSYMFOLLOW = 256;
        /// `MS_NOATIME`.
        const NOATIME = 1024;
        /// `MS_NODIRATIME`.
        const NODIRATIME = 2048;
        /// `MS_RELATIME`.
        const RELATIME = 1 << 21;
    }
}

/// One instance of a file system with its tree of names, shared by all of its mounts.
pub(crate) struct Super {
    pub(crate) fs: Arc<dyn FileSystem>,
    pub(crate) root: Arc<Dentry>,
    /// Held while directories move between directories, so that the tree's shape stands still.
    pub(crate) rename: Mutex<(), { rank::RENAME }>,
    /// Who is told of what happens.
    pub(crate) watches: Watches,
}

impl Drop for Super {
    fn drop(&mut self) {
        self.root.prune();
    }
}

/// A mount.
pub struct Mount {
    id: u32,
    sb: Arc<Super>,
    root: Arc<Dentry>,
    /// Where it is mounted; `None` for the root mount.
    at: Option<Path>,
    flags: AtomicU32,
    source: Vec<u8>,
    children: RcuArc<Vec<Arc<Mount>>>,
    /// Held by who changes that list.
    change: Mutex<(), { rank::MOUNT }>,
}

/// A place in the tree of mounts: a name in a mount.
#[derive(Clone)]
pub struct Path {
    /// The mount.
    pub mount: Arc<Mount>,
    /// The name.
    pub dentry: Arc<Dentry>,
}

impl Mount {
    /// A mount of a whole file system, connected by [`MountTable`](super::MountTable) only.
    pub(crate) fn new(
        id: u32,
        fs: Arc<dyn FileSystem>,
        at: Option<Path>,
        flags: MountFlags,
        source: &[u8],
    ) -> Arc<Mount> {
        let temper = match (fs.caches_names(), fs.remembers_absent()) {
            (false, _) => Temper::Volatile,
            (true, false) => Temper::Stable,
            (true, true) => Temper::Remembering,
        };
        let root = Dentry::root(fs.root(), temper);
        let sb = Arc::new(Super { fs, root: root.clone(), rename: Mutex::new(()), watches: Watches::default() });
        Mount::of(id, sb, root, at, flags, source)
    }

    /// A mount that is nowhere in the tree, for files without a place: pipes, sockets, memfds (`kern_mount`).
    pub fn internal(fs: Arc<dyn FileSystem>) -> Arc<Mount> {
        Mount::new(0, fs, None, MountFlags::empty(), b"none")
    }

    /// A mount of a part of the file system that is mounted at `what`.
    pub(crate) fn bind(id: u32, what: &Path, at: Path, flags: MountFlags) -> Arc<Mount> {
        let source = what.mount.source.clone();
        Mount::of(id, what.mount.sb.clone(), what.dentry.clone(), Some(at), flags, &source)
    }

    fn of(
        id: u32,
        sb: Arc<Super>,
        root: Arc<Dentry>,
        at: Option<Path>,
        flags: MountFlags,
        source: &[u8],
    ) -> Arc<Mount> {
        let flags = AtomicU32::new(flags.bits());
        let children = RcuArc::new(Arc::new(Vec::new()));
        Arc::new(Mount { id, sb, root, at, flags, source: source.to_vec(), children, change: Mutex::new(()) })
    }

    /// The number in `mountinfo` and `stx_mnt_id`.
    pub fn id(&self) -> u32 {
        self.id
    }

    /// The file system.
    pub fn fs(&self) -> &Arc<dyn FileSystem> {
        &self.sb.fs
    }

    pub(crate) fn sb(&self) -> &Arc<Super> {
        &self.sb
    }

    /// The dentry that stands at the mount point (not the file system's root for a bind mount).
    pub fn root(&self) -> &Arc<Dentry> {
        &self.root
    }

    /// The mount's root as a path.
    pub fn root_path(self: &Arc<Mount>) -> Path {
        Path { mount: self.clone(), dentry: self.root.clone() }
    }

    /// Where it is mounted; `None` for the root mount.
    pub fn at(&self) -> Option<&Path> {
        self.at.as_ref()
    }

    /// What was mounted, as `/proc/mounts` shows it.
    pub fn source(&self) -> &[u8] {
        &self.source
    }

    /// The flags.
    pub fn flags(&self) -> MountFlags {
        MountFlags::from_bits_retain(self.flags.load(Relaxed))
    }

    /// Changes the flags (`MS_REMOUNT | MS_BIND`).
    pub fn set_flags(&self, flags: MountFlags) {
        self.flags.store(flags.bits(), Relaxed);
    }

    /// `EROFS` on a read-only mount (`mnt_want_write`).
    pub fn want_write(&self) -> Result<()> {
        if self.flags().contains(MountFlags::RDONLY) { Err(Errno::EROFS) } else { Ok(()) }
    }

    /// What is mounted on `dentry` of this mount: the topmost one.
    pub(crate) fn child_at<'r>(&self, reading: &'r Reading, dentry: &Dentry) -> Option<&'r Arc<Mount>> {
        if !dentry.is_mountpoint() {
            return None;
        }
        let children = self.children.get(reading).get();
        children.iter().rev().find(|m| m.at.as_ref().is_some_and(|p| core::ptr::eq(&*p.dentry, dentry)))
    }

    pub(crate) fn has_children(&self) -> bool {
        !self.children.get(&rcu::read()).is_empty()
    }

    /// Changes the list of children; answers the old one, to be dropped outside of locks.
    fn change_children(&self, change: impl FnOnce(&mut Vec<Arc<Mount>>)) -> Retired<Vec<Arc<Mount>>> {
        let _alone = self.change.lock();
        let mut list = (*self.children.get_arc()).clone();
        change(&mut list);
        self.children.replace(Arc::new(list))
    }

    pub(crate) fn attach(&self, child: Arc<Mount>) -> Retired<Vec<Arc<Mount>>> {
        self.change_children(|list| list.push(child))
    }

    pub(crate) fn detach(&self, child: &Arc<Mount>) -> Retired<Vec<Arc<Mount>>> {
        self.change_children(|list| list.retain(|m| !Arc::ptr_eq(m, child)))
    }

    /// Takes the children off; answers them.
    pub(crate) fn take_children(&self) -> Retired<Vec<Arc<Mount>>> {
        self.change_children(Vec::clear)
    }
}

impl Path {
    /// A path for a file without a place, in an [internal](Mount::internal) mount. `name` is all that is shown of it
    /// (`pipe:[12]`, `/memfd:x (deleted)`).
    pub fn anonymous(mount: &Arc<Mount>, inode: InodeRef, name: &[u8]) -> Path {
        Path { mount: mount.clone(), dentry: Dentry::anonymous(inode, name) }
    }

    /// The inode there.
    pub fn inode(&self) -> &InodeRef {
        self.dentry.inode()
    }

    /// Whether both are the same place.
    pub fn same(&self, other: &Path) -> bool {
        Arc::ptr_eq(&self.mount, &other.mount) && Arc::ptr_eq(&self.dentry, &other.dentry)
    }

    /// Whether this is its mount's root.
    pub fn is_mount_root(&self) -> bool {
        Arc::ptr_eq(&self.dentry, self.mount.root())
    }

    /// Attributes, as `stat` gives them.
    pub fn metadata(&self) -> Result<crate::Metadata> {
        self.inode().metadata()
    }

    /// From a mount point to the root of what is mounted there, however many lie on top of each other.
    pub(crate) fn down(mut self) -> Path {
        while self.dentry.is_mountpoint() {
            let reading = rcu::read();
            let Some(mount) = self.mount.child_at(&reading, &self.dentry).cloned() else { break };
            self = mount.root_path();
        }
        self
    }
}
