//! Directory entries: the cache of names, and the tree in which `..` and path strings are found.
//!
//! Answers to Linux's `fs/dcache.c`. Only names that exist are cached, without bound. A dentry holds its parent; the parent's
//! table holds the dentry (weakly where the file system does not vouch for names), and unlinking takes it out, so what is
//! left in no table goes when its last user does.
//!
//! A change of a directory's names holds its name lock and makes `changes` odd. A look-up that missed the cache asks
//! the file system without that lock, and caches the answer only if `changes` was even and has stayed: otherwise it
//! asks again under the lock. So no stale name is ever cached, and one directory inode has one dentry.

use super::hash::NameMap;
use crate::{FileType, InodeRef};
use alloc::boxed::Box;
use alloc::sync::{Arc, Weak};
use alloc::vec::Vec;
use core::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering::*};
use host::lock::{Mutex, MutexGuard, RwLock, rank};
use host::{Errno, Result};

/// Where a dentry hangs.
struct Place {
    name: Arc<[u8]>,
    parent: Option<Arc<Dentry>>,
}

/// A child in the table: held only where the file system's names are stable.
struct Child {
    seen: Weak<Dentry>,
    _held: Option<Arc<Dentry>>,
}

/// One name of one inode.
pub struct Dentry {
    inode: InodeRef,
    /// The file system does not vouch for names: ask it every time.
    volatile: bool,
    /// No longer reachable by name.
    dead: AtomicBool,
    /// Made by `O_TMPFILE` without `O_EXCL`: may be given a name.
    linkable: bool,
    /// Number of mounts on it.
    mounts: AtomicU32,
    /// Odd while a change is under way.
    changes: AtomicU64,
    names: Mutex<(), { rank::RENAME }>,
    children: Mutex<NameMap<Child>, { rank::DCACHE }>,
    place: RwLock<Place, { rank::DCACHE }>,
}

/// Permission to change the names of one directory. Empty-handed for a volatile file system, which does its own locking.
pub(crate) struct NameLock<'a> {
    dir: &'a Dentry,
    guard: Option<MutexGuard<'a, (), { rank::RENAME }>>,
}

impl Drop for NameLock<'_> {
    fn drop(&mut self) {
        if self.guard.is_some() {
            self.dir.changes.fetch_add(1, SeqCst);
        }
    }
}

impl Dentry {
    fn make(inode: InodeRef, volatile: bool, linkable: bool, name: &[u8], parent: Option<Arc<Dentry>>) -> Arc<Dentry> {
        Arc::new(Dentry {
            inode,
            volatile,
            dead: AtomicBool::new(false),
            linkable,
            mounts: AtomicU32::new(0),
            changes: AtomicU64::new(0),
            names: Mutex::new(()),
            children: Mutex::new(NameMap::default()),
            place: RwLock::new(Place { name: name.into(), parent }),
        })
    }

    /// The root of a file system. `volatile` when its names must be asked for every time.
    pub(crate) fn root(inode: InodeRef, volatile: bool) -> Arc<Dentry> {
        Dentry::make(inode, volatile, false, b"/", None)
    }

    /// A file that never had a place, such as a pipe; `name` is what `/proc/PID/fd/N` shows of it.
    pub(crate) fn anonymous(inode: InodeRef, name: &[u8]) -> Arc<Dentry> {
        Dentry::make(inode, true, false, name, None)
    }

    /// A file without a name, of the file system of `dir` (`O_TMPFILE`).
    pub(crate) fn unnamed(dir: &Arc<Dentry>, inode: InodeRef, linkable: bool) -> Arc<Dentry> {
        let ino = inode.metadata().map_or(0, |m| m.ino);
        let name = alloc::format!("#{ino}");
        let d = Dentry::make(inode, dir.volatile, linkable, name.as_bytes(), Some(dir.clone()));
        d.dead.store(true, Relaxed);
        d
    }

    /// A file that is shown with a name that it never had (`memfd_create`).
    pub(crate) fn unlinked(dir: &Arc<Dentry>, inode: InodeRef, name: &[u8]) -> Arc<Dentry> {
        let d = Dentry::make(inode, dir.volatile, false, name, Some(dir.clone()));
        d.dead.store(true, Relaxed);
        d
    }

    /// The inode.
    pub fn inode(&self) -> &InodeRef {
        &self.inode
    }

    /// The inode's kind.
    pub fn file_type(&self) -> FileType {
        self.inode.file_type()
    }

    /// Whether it is a directory.
    pub fn is_dir(&self) -> bool {
        self.file_type() == FileType::Directory
    }

    /// Whether the file system must be asked for every name.
    pub(crate) fn is_volatile(&self) -> bool {
        self.volatile
    }

    /// Whether its name was removed.
    pub fn is_dead(&self) -> bool {
        self.dead.load(Relaxed)
    }

    /// Whether `O_TMPFILE` made it and `linkat` may name it.
    pub fn is_linkable(&self) -> bool {
        self.linkable
    }

    /// Whether something is mounted on it.
    pub fn is_mountpoint(&self) -> bool {
        self.mounts.load(Relaxed) != 0
    }

    /// Counts mounts on it.
    pub(crate) fn mounted(&self, more: bool) {
        if more {
            self.mounts.fetch_add(1, SeqCst);
        } else {
            self.mounts.fetch_sub(1, SeqCst);
        }
    }

    /// The last name it had (`/` for a root).
    pub fn name(&self) -> Arc<[u8]> {
        self.place.read().name.clone()
    }

    /// The directory it is or was in; `None` for a root.
    pub fn parent(&self) -> Option<Arc<Dentry>> {
        self.place.read().parent.clone()
    }

    /// Name and parent, of one moment.
    pub(crate) fn place(&self) -> (Arc<[u8]>, Option<Arc<Dentry>>) {
        let p = self.place.read();
        (p.name.clone(), p.parent.clone())
    }

    /// Whether `self` is `other` or lies below it. Stable only under the file system's rename mutex.
    pub(crate) fn is_below(self: &Arc<Dentry>, other: &Arc<Dentry>) -> bool {
        let mut at = Some(self.clone());
        while let Some(d) = at {
            if Arc::ptr_eq(&d, other) {
                return true;
            }
            at = d.parent();
        }
        false
    }

    /// Takes the right to change this directory's names, and to look at them meanwhile with [`lookup_locked`](Self::lookup_locked).
    pub(crate) fn lock_names(&self) -> NameLock<'_> {
        if self.volatile {
            return NameLock { dir: self, guard: None };
        }
        let guard = self.names.lock();
        self.changes.fetch_add(1, SeqCst);
        NameLock { dir: self, guard: Some(guard) }
    }

    fn cached(&self, name: &[u8]) -> Option<Arc<Dentry>> {
        self.children.lock().get(name).and_then(|c| c.seen.upgrade())
    }

    /// Finds a name. `ENOENT` when it is not there; the caller has checked that this is a directory that may be searched.
    pub fn lookup(self: &Arc<Dentry>, name: &[u8]) -> Result<Arc<Dentry>> {
        if self.volatile {
            return self.revalidate(name);
        }
        if let Some(d) = self.cached(name) {
            return Ok(d);
        }
        let before = self.changes.load(SeqCst);
        if before.is_multiple_of(2) {
            let inode = self.inode.lookup(name)?;
            let mut map = self.children.lock();
            if self.changes.load(SeqCst) == before {
                return Ok(self.insert(&mut map, name, &inode));
            }
        }
        let lock = self.lock_names();
        self.lookup_locked(&lock, name)
    }

    /// The same under the name lock.
    pub(crate) fn lookup_locked(self: &Arc<Dentry>, lock: &NameLock<'_>, name: &[u8]) -> Result<Arc<Dentry>> {
        debug_assert!(core::ptr::eq(lock.dir, Arc::as_ptr(self)));
        if self.volatile {
            return self.revalidate(name);
        }
        if let Some(d) = self.cached(name) {
            return Ok(d);
        }
        let inode = self.inode.lookup(name)?;
        Ok(self.insert(&mut self.children.lock(), name, &inode))
    }

    /// A new name made by the file system under the name lock.
    pub(crate) fn add(self: &Arc<Dentry>, _lock: &NameLock<'_>, name: &[u8], inode: InodeRef) -> Arc<Dentry> {
        let mut map = self.children.lock();
        map.remove(name);
        self.insert(&mut map, name, &inode)
    }

    /// Enters an inode in the table unless somebody else already has. (A reference, so that a spare inode is let go
    /// after the table's lock.)
    fn insert(self: &Arc<Dentry>, map: &mut NameMap<Child>, name: &[u8], inode: &InodeRef) -> Arc<Dentry> {
        if let Some(d) = map.get(name).and_then(|c| c.seen.upgrade()) {
            return d;
        }
        let d = Dentry::make(inode.clone(), self.volatile, false, name, Some(self.clone()));
        self.hold(map, name, &d);
        d
    }

    fn hold(&self, map: &mut NameMap<Child>, name: &[u8], d: &Arc<Dentry>) {
        if self.volatile && map.len() == map.capacity() {
            map.retain(|_, c| c.seen.strong_count() != 0);
        }
        let child = Child { seen: Arc::downgrade(d), _held: (!self.volatile).then(|| d.clone()) };
        map.insert(Box::from(name), child);
    }

    /// Asks the file system, and keeps the known dentry if it is still the same file.
    fn revalidate(self: &Arc<Dentry>, name: &[u8]) -> Result<Arc<Dentry>> {
        let known = self.cached(name);
        let fresh = match self.inode.lookup(name) {
            Ok(inode) => inode,
            Err(e) => {
                if e == Errno::ENOENT {
                    self.forget(name, known);
                }
                return Err(e);
            }
        };
        if let Some(d) = known {
            if same_inode(&d.inode, &fresh) {
                return Ok(d);
            }
            self.forget(name, Some(d));
        }
        Ok(self.insert(&mut self.children.lock(), name, &fresh))
    }

    fn forget(&self, name: &[u8], known: Option<Arc<Dentry>>) {
        if let Some(d) = known {
            let child = self.children.lock().remove(name);
            d.dead.store(true, Relaxed);
            drop(child);
        }
    }

    /// The name is gone: the child stays alive for those who have it open.
    pub(crate) fn remove(&self, _lock: &NameLock<'_>, child: &Arc<Dentry>) {
        let name = child.name();
        let gone = self.children.lock().remove(&name[..]);
        child.dead.store(true, Relaxed);
        // A dead directory's cached children (there are none that live) would be a cycle.
        let rest = core::mem::take(&mut *child.children.lock());
        drop((gone, rest));
    }

    /// `child` of `self` has become `name` of `dir`; whoever had that name is dead. Both name locks are held.
    pub(crate) fn moved(&self, child: &Arc<Dentry>, dir: &Arc<Dentry>, name: &[u8]) {
        let old = child.name();
        let gone = self.children.lock().remove(&old[..]);
        let victim = {
            let mut map = dir.children.lock();
            let victim = map.remove(name);
            dir.hold(&mut map, name, child);
            victim
        };
        child.replace_place(name, dir.clone());
        if let Some(v) = victim.and_then(|c| c.seen.upgrade())
            && !Arc::ptr_eq(&v, child)
        {
            v.dead.store(true, Relaxed);
            let rest = core::mem::take(&mut *v.children.lock());
            drop(rest);
        }
        drop(gone);
    }

    /// `a` of `self` and `b` of `dir` have changed places. Both name locks are held.
    pub(crate) fn exchanged(self: &Arc<Dentry>, a: &Arc<Dentry>, dir: &Arc<Dentry>, b: &Arc<Dentry>) {
        let (a_name, b_name) = (a.name(), b.name());
        let old = {
            let mut map = self.children.lock();
            let old = map.remove(&a_name[..]);
            self.hold(&mut map, &a_name, b);
            old
        };
        let old2 = {
            let mut map = dir.children.lock();
            let old = map.remove(&b_name[..]);
            dir.hold(&mut map, &b_name, a);
            old
        };
        a.replace_place(&b_name, dir.clone());
        b.replace_place(&a_name, self.clone());
        drop((old, old2));
    }

    fn replace_place(&self, name: &[u8], parent: Arc<Dentry>) {
        let old = core::mem::replace(&mut *self.place.write(), Place { name: name.into(), parent: Some(parent) });
        drop(old);
    }

    /// Drops everything cached below: at the end of a file system, whose tables would otherwise hold each other.
    pub(crate) fn prune(self: &Arc<Dentry>) {
        let mut work: Vec<Arc<Dentry>> = alloc::vec![self.clone()];
        while let Some(d) = work.pop() {
            let children = core::mem::take(&mut *d.children.lock());
            work.extend(children.into_values().filter_map(|c| c.seen.upgrade()));
        }
    }
}

/// Parents are let go in a loop: a deep tree must not become a deep recursion.
impl Drop for Dentry {
    fn drop(&mut self) {
        let mut next = self.place.get_mut().parent.take();
        while let Some(mut last) = next.and_then(Arc::into_inner) {
            next = last.place.get_mut().parent.take();
        }
    }
}

/// The same object, or at least the same number on the same device.
fn same_inode(a: &InodeRef, b: &InodeRef) -> bool {
    if core::ptr::addr_eq(Arc::as_ptr(a), Arc::as_ptr(b)) {
        return true;
    }
    match (a.metadata(), b.metadata()) {
        (Ok(x), Ok(y)) => x.dev == y.dev && x.ino == y.ino && x.mode >> 12 == y.mode >> 12,
        _ => false,
    }
}
