//! The mount table: every mount in the order it was made, and the calls that change it.
//!
//! Answers to Linux's `fs/namespace.c`. There is one table for a sandbox; no propagation, no namespaces of a task's own.
//! Locks: the list and the mounts' children (rank MOUNT; the list's first).

use super::mount::{Mount, MountFlags, Path};
use super::pathname::path_below;
use crate::{FileSystem, FileType};
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::sync::atomic::{AtomicU32, Ordering::*};
use host::lock::{Mutex, rank};
use host::{Errno, Result, rcu};

/// All mounts of the sandbox.
pub struct MountTable {
    root: Arc<Mount>,
    next_id: AtomicU32,
    list: Mutex<Vec<Arc<Mount>>, { rank::MOUNT }>,
}

/// One line of `/proc/self/mountinfo`.
pub struct MountInfo {
    /// The mount's number.
    pub id: u32,
    /// The parent's number; its own for the root.
    pub parent: u32,
    /// `st_dev` of the files there.
    pub dev: u64,
    /// The part of the file system that is mounted.
    pub root: Vec<u8>,
    /// Where, as seen from the asker's root.
    pub at: Vec<u8>,
    /// The flags.
    pub flags: MountFlags,
    /// The file system's name.
    pub kind: &'static str,
    /// What was mounted.
    pub source: Vec<u8>,
}

/// Number of references to a mount that nobody uses: the list's, its parent's, and the path by which umount was asked.
const IDLE_REFS: usize = 3;

impl MountTable {
    /// A table with its root mount.
    pub fn new(fs: Arc<dyn FileSystem>, flags: MountFlags, source: &[u8]) -> MountTable {
        let root = Mount::new(1, fs, None, flags, source);
        MountTable { root: root.clone(), next_id: AtomicU32::new(2), list: Mutex::new(alloc::vec![root]) }
    }

    /// The root of everything.
    pub fn root(&self) -> Path {
        self.root.root_path().down()
    }

    /// Mounts a file system on a directory (or, for a root that is a file, on a file). `ENOTDIR` when the kinds differ.
    pub fn mount(&self, at: Path, fs: Arc<dyn FileSystem>, flags: MountFlags, source: &[u8]) -> Result<Arc<Mount>> {
        let id = self.next_id.fetch_add(1, Relaxed);
        self.connect(Mount::new(id, fs, Some(at.clone()), flags, source), &at)
    }

    /// Makes `what` visible at `at` too (`MS_BIND`, without the mounts below it).
    pub fn bind(&self, what: &Path, at: Path, flags: MountFlags) -> Result<Arc<Mount>> {
        if what.dentry.is_dead() {
            return Err(Errno::ENOENT);
        }
        let id = self.next_id.fetch_add(1, Relaxed);
        self.connect(Mount::bind(id, what, at.clone(), flags), &at)
    }

    fn connect(&self, mount: Arc<Mount>, at: &Path) -> Result<Arc<Mount>> {
        let is_dir = |t: FileType| t == FileType::Directory;
        if is_dir(mount.root().file_type()) != is_dir(at.dentry.file_type()) {
            return Err(Errno::ENOTDIR);
        }
        let mut list = self.list.lock();
        if at.dentry.is_dead() {
            return Err(Errno::ENOENT);
        }
        at.dentry.mounted(true);
        let old = at.mount.attach(mount.clone());
        list.push(mount.clone());
        drop(list);
        drop(old);
        Ok(mount)
    }

    /// Takes a mount off. `EINVAL` unless `path` is a mount's root (and not the root of all); `EBUSY` while there are mounts
    /// below it or somebody uses it, unless `detach` (`MNT_DETACH`).
    pub fn umount(&self, path: Path, detach: bool) -> Result<()> {
        if !path.is_mount_root() || path.mount.at().is_none() {
            return Err(Errno::EINVAL);
        }
        let mount = path.mount;
        drop(path.dentry);
        // What was used until now is not used any more.
        rcu::settle();
        let (mut gone, mut old) = (Vec::new(), Vec::new());
        {
            let mut list = self.list.lock();
            if !list.iter().any(|m| Arc::ptr_eq(m, &mount)) {
                return Err(Errno::EINVAL);
            }
            if !detach && (mount.has_children() || Arc::strong_count(&mount) > IDLE_REFS) {
                return Err(Errno::EBUSY);
            }
            if let Some(at) = mount.at() {
                old.push(at.mount.detach(&mount));
            }
            gone.push(mount);
            let mut i = 0;
            while let Some(m) = gone.get(i).cloned() {
                if let Some(at) = m.at() {
                    at.dentry.mounted(false);
                }
                let children = m.take_children();
                gone.extend(children.get().into_iter().flat_map(|list| list.iter().cloned()));
                old.push(children);
                i += 1;
            }
            list.retain(|m| !gone.iter().any(|g| Arc::ptr_eq(g, m)));
        }
        // Outside the lock: the last user of a file system frees it.
        drop((gone, old));
        Ok(())
    }

    /// Whether anything is left mounted of this file system's kind and source: for tests and `df`-like listings.
    pub fn mounts(&self) -> Vec<Arc<Mount>> {
        self.list.lock().clone()
    }

    /// The mounts that can be reached from `root`, for `/proc/PID/mounts` and `mountinfo`.
    pub fn list(&self, root: &Path) -> Vec<MountInfo> {
        self.mounts().iter().filter_map(|m| info(m, root)).collect()
    }
}

fn info(m: &Arc<Mount>, root: &Path) -> Option<MountInfo> {
    let (at, reached) = path_below(&m.root_path(), root);
    if !reached {
        return None;
    }
    let fs_root = Path { mount: m.clone(), dentry: m.sb().root.clone() };
    Some(MountInfo {
        id: m.id(),
        parent: m.at().map_or(m.id(), |p| p.mount.id()),
        dev: m.root().inode().metadata().map_or(0, |d| d.dev),
        root: super::pathname::within(m.root(), &fs_root.dentry),
        at,
        flags: m.flags(),
        kind: m.fs().name(),
        source: m.source().to_vec(),
    })
}
