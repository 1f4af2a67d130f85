//! Directory entries: the cache of names, and the tree in which `..` and path strings are found.
//!
//! Answers to Linux's `fs/dcache.c`. Names that exist are cached without bound; of those that do not, where looking them up
//! costs a host call, up to [`ABSENT_MAX`] in a directory. A dentry holds its parent; the parent's
//! table holds the dentry (weakly where the file system does not vouch for names), and unlinking takes it out, so what is
//! left in no table goes when its last user does.
//!
//! A change of a directory's names holds its name lock and makes `changes` odd. A look-up that missed the cache asks
//! the file system without that lock, and caches the answer only if `changes` was even and has stayed: otherwise it
//! asks again under the lock. So no stale name is ever cached, and one directory inode has one dentry.

use super::children::{self, Children};
use super::hash::NameMap;
use crate::{FileType, Inode, InodeRef, Metadata};
use alloc::boxed::Box;
use alloc::sync::{Arc, Weak};
use alloc::vec::Vec;
use core::any::Any;
use core::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering::*};
use host::lock::{Mutex, MutexGuard, rank};
use host::rcu::{self, RcuArc, RcuRef, Reading};
use host::{Errno, Result};

/// Where a dentry hangs.
pub(crate) struct Place {
    pub(crate) name: Arc<[u8]>,
    hash: u64,
    pub(crate) parent: Option<Arc<Dentry>>,
}

impl Place {
    fn new(name: &[u8], parent: Option<Arc<Dentry>>) -> Arc<Place> {
        Arc::new(Place { name: name.into(), hash: children::hash(name), parent })
    }
}

/// Most names of one directory that are remembered as absent.
const ABSENT_MAX: usize = 64;

/// How a file system's names may be cached.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Temper {
    /// It must be asked every time.
    Volatile,
    /// Names found once stay.
    Stable,
    /// So do names that were not found.
    Remembering,
}

/// What stands behind a name that is not there.
struct Nothing;

impl Inode for Nothing {
    fn metadata(&self) -> Result<Metadata> {
        Err(Errno::ENOENT)
    }

    fn file_type(&self) -> FileType {
        FileType::Regular
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}

/// The names known in a directory.
enum Names {
    /// Those of a file system that vouches for them: held.
    Stable(Children),
    /// Those of one that does not: found again as long as somebody else holds them.
    Volatile(Mutex<NameMap<Weak<Dentry>>, { rank::DCACHE }>),
}

/// One name of one inode.
pub struct Dentry {
    inode: InodeRef,
    kind: FileType,
    temper: Temper,
    /// The name is not there: this is only a note of it.
    absent: bool,
    /// No longer reachable by name.
    dead: AtomicBool,
    /// Made by `O_TMPFILE` without `O_EXCL`: may be given a name.
    linkable: bool,
    /// Number of mounts on it.
    mounts: AtomicU32,
    /// Odd while a change is under way.
    changes: AtomicU64,
    names: Mutex<(), { rank::RENAME }>,
    children: Names,
    place: RcuArc<Place>,
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
    fn make(inode: InodeRef, temper: Temper, linkable: bool, name: &[u8], parent: Option<Arc<Dentry>>) -> Arc<Dentry> {
        Arc::new(Dentry::build(inode, temper, linkable, name, parent))
    }

    fn build(inode: InodeRef, temper: Temper, linkable: bool, name: &[u8], parent: Option<Arc<Dentry>>) -> Dentry {
        let volatile = temper == Temper::Volatile;
        Dentry {
            kind: inode.file_type(),
            inode,
            temper,
            absent: false,
            dead: AtomicBool::new(false),
            linkable,
            mounts: AtomicU32::new(0),
            changes: AtomicU64::new(0),
            names: Mutex::new(()),
            children: if volatile { Names::Volatile(Mutex::default()) } else { Names::Stable(Children::new()) },
            place: RcuArc::new(Place::new(name, parent)),
        }
    }

    /// Whether it only says that the name is not there.
    pub(crate) fn is_absent(&self) -> bool {
        self.absent
    }

    /// The root of a file system.
    pub(crate) fn root(inode: InodeRef, temper: Temper) -> Arc<Dentry> {
        Dentry::make(inode, temper, false, b"/", None)
    }

    /// A file that never had a place, such as a pipe; `name` is what `/proc/PID/fd/N` shows of it.
    pub(crate) fn anonymous(inode: InodeRef, name: &[u8]) -> Arc<Dentry> {
        Dentry::make(inode, Temper::Volatile, false, name, None)
    }

    /// A file without a name, of the file system of `dir` (`O_TMPFILE`).
    pub(crate) fn unnamed(dir: &Arc<Dentry>, inode: InodeRef, linkable: bool) -> Arc<Dentry> {
        let ino = inode.metadata().map_or(0, |m| m.ino);
        let name = alloc::format!("#{ino}");
        let d = Dentry::make(inode, dir.temper, linkable, name.as_bytes(), Some(dir.clone()));
        d.dead.store(true, Relaxed);
        d
    }

    /// A file that is shown with a name that it never had (`memfd_create`).
    pub(crate) fn unlinked(dir: &Arc<Dentry>, inode: InodeRef, name: &[u8]) -> Arc<Dentry> {
        let d = Dentry::make(inode, dir.temper, false, name, Some(dir.clone()));
        d.dead.store(true, Relaxed);
        d
    }

    /// The inode.
    pub fn inode(&self) -> &InodeRef {
        &self.inode
    }

    /// The inode's kind.
    pub fn file_type(&self) -> FileType {
        self.kind
    }

    /// Whether it is a directory.
    pub fn is_dir(&self) -> bool {
        self.kind == FileType::Directory
    }

    /// Whether the file system must be asked for every name.
    pub(crate) fn is_volatile(&self) -> bool {
        matches!(self.children, Names::Volatile(_))
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
        self.place.get(&rcu::read()).name.clone()
    }

    /// The directory it is or was in; `None` for a root.
    pub fn parent(&self) -> Option<Arc<Dentry>> {
        self.place.get(&rcu::read()).parent.clone()
    }

    /// Name and parent, of one moment.
    pub(crate) fn place(&self) -> (Arc<[u8]>, Option<Arc<Dentry>>) {
        let reading = rcu::read();
        let p = self.place.get(&reading);
        (p.name.clone(), p.parent.clone())
    }

    /// The same for as long as this thread reads.
    pub(crate) fn place_in<'r>(&self, reading: &'r Reading) -> &'r Place {
        self.place.get(reading).get()
    }

    /// Whether it hangs in this directory under this name, which has this hash.
    pub(super) fn is_named(&self, reading: &Reading, dir: &Dentry, name: &[u8], hash: u64) -> bool {
        let place = self.place.get(reading).get();
        place.hash == hash && *place.name == *name && place.parent.as_ref().is_some_and(|p| core::ptr::eq(&**p, dir))
    }

    /// The hash of its name.
    pub(super) fn hash(&self, reading: &Reading) -> u64 {
        self.place.get(reading).hash
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
        if self.is_volatile() {
            return NameLock { dir: self, guard: None };
        }
        let guard = self.names.lock();
        self.changes.fetch_add(1, SeqCst);
        NameLock { dir: self, guard: Some(guard) }
    }

    /// A name that is known, if only to be absent. `None` when it must be [looked up](Self::lookup).
    #[inline]
    pub(crate) fn cached<'r>(&self, reading: &'r Reading, name: &[u8]) -> Option<RcuRef<'r, Dentry>> {
        match &self.children {
            Names::Stable(children) => children.find(reading, self, name),
            Names::Volatile(_) => None,
        }
    }

    /// Finds a name. `ENOENT` when it is not there; the caller has checked that this is a directory that may be searched.
    pub fn lookup(self: &Arc<Dentry>, name: &[u8]) -> Result<Arc<Dentry>> {
        let Names::Stable(children) = &self.children else {
            return self.revalidate(name);
        };
        if let Some(d) = children.find(&rcu::read(), self, name) {
            return d.get().present(|| d.to_arc());
        }
        let before = self.changes.load(SeqCst);
        if before.is_multiple_of(2) {
            let known = children.lock(self).get(name);
            if let Some(d) = known {
                return d.present(|| d.clone());
            }
            let inode = match self.inode.lookup(name) {
                Ok(inode) => inode,
                Err(e) => {
                    if e == Errno::ENOENT && self.temper == Temper::Remembering {
                        self.note_absent(children, name, before);
                    }
                    return Err(e);
                }
            };
            let new = self.child(name, &inode);
            let mut locked = children.lock(self);
            if self.changes.load(SeqCst) == before {
                let entered = enter(&mut locked, name, new);
                drop(locked);
                return Ok(entered);
            }
        }
        let lock = self.lock_names();
        self.lookup_locked(&lock, name)
    }

    /// The same under the name lock.
    pub(crate) fn lookup_locked(self: &Arc<Dentry>, lock: &NameLock<'_>, name: &[u8]) -> Result<Arc<Dentry>> {
        debug_assert!(core::ptr::eq(lock.dir, Arc::as_ptr(self)));
        let Names::Stable(children) = &self.children else {
            return self.revalidate(name);
        };
        let known = children.lock(self).get(name);
        if let Some(d) = known {
            return d.present(|| d.clone());
        }
        let inode = self.inode.lookup(name)?;
        let new = self.child(name, &inode);
        Ok(enter(&mut children.lock(self), name, new))
    }

    /// What `get` gives, unless this is a note of absence.
    fn present<T>(&self, get: impl FnOnce() -> T) -> Result<T> {
        if self.absent { Err(Errno::ENOENT) } else { Ok(get()) }
    }

    /// Remembers that a name was not there, if no name has changed since `before`.
    fn note_absent(self: &Arc<Dentry>, children: &Children, name: &[u8], before: u64) {
        let mut note = Dentry::build(Arc::new(Nothing), self.temper, false, name, Some(self.clone()));
        note.absent = true;
        let note = Arc::new(note);
        let mut locked = children.lock(self);
        if self.changes.load(SeqCst) == before && locked.get(name).is_none() {
            locked.insert_note(note, ABSENT_MAX);
        }
    }

    /// A dentry that nobody knows yet.
    fn child(self: &Arc<Dentry>, name: &[u8], inode: &InodeRef) -> Arc<Dentry> {
        Dentry::make(inode.clone(), self.temper, false, name, Some(self.clone()))
    }

    /// A new name made by the file system under the name lock.
    pub(crate) fn add(self: &Arc<Dentry>, _lock: &NameLock<'_>, name: &[u8], inode: InodeRef) -> Arc<Dentry> {
        let new = self.child(name, &inode);
        self.hold(name, &new);
        new
    }

    /// Enters a dentry that has this name already, in place of one that may have it too; answers that.
    fn hold(&self, name: &[u8], d: &Arc<Dentry>) -> Option<Arc<Dentry>> {
        match &self.children {
            Names::Stable(children) => {
                let mut locked = children.lock(self);
                let old = locked.remove(name);
                locked.insert(d.clone());
                old
            }
            Names::Volatile(map) => {
                let mut map = map.lock();
                if map.len() == map.capacity() {
                    map.retain(|_, c| c.strong_count() != 0);
                }
                map.insert(Box::from(name), Arc::downgrade(d)).and_then(|old| old.upgrade())
            }
        }
    }

    /// Takes a name out of the table.
    fn release(&self, name: &[u8]) -> Option<Arc<Dentry>> {
        match &self.children {
            Names::Stable(children) => children.lock(self).remove(name),
            Names::Volatile(map) => map.lock().remove(name).and_then(|old| old.upgrade()),
        }
    }

    /// Takes all names out of the table.
    fn release_all(&self) -> Vec<Arc<Dentry>> {
        match &self.children {
            Names::Stable(children) => children.take(),
            Names::Volatile(map) => {
                let all = core::mem::take(&mut *map.lock());
                all.into_values().filter_map(|c| c.upgrade()).collect()
            }
        }
    }

    /// Asks the file system, and keeps the known dentry if it is still the same file.
    fn revalidate(self: &Arc<Dentry>, name: &[u8]) -> Result<Arc<Dentry>> {
        let Names::Volatile(map) = &self.children else {
            return Err(Errno::ENOENT);
        };
        let known = map.lock().get(name).and_then(Weak::upgrade);
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
        let new = self.child(name, &fresh);
        // Somebody else may have been faster.
        let faster = map.lock().get(name).and_then(Weak::upgrade);
        if let Some(d) = faster {
            return Ok(d);
        }
        self.hold(name, &new);
        Ok(new)
    }

    fn forget(&self, name: &[u8], known: Option<Arc<Dentry>>) {
        if let Some(d) = known {
            let child = self.release(name);
            d.dead.store(true, Relaxed);
            drop(child);
        }
    }

    /// The name is gone: the child stays alive for those who have it open.
    pub(crate) fn remove(&self, _lock: &NameLock<'_>, child: &Arc<Dentry>) {
        let gone = self.release(&child.name());
        child.dead.store(true, Relaxed);
        // A dead directory's cached children (there are none that live) would be a cycle.
        let rest = if child.is_dir() { child.release_all() } else { Vec::new() };
        drop((gone, rest));
    }

    /// `child` of `self` has become `name` of `dir`; whoever had that name is dead. Both name locks are held.
    pub(crate) fn moved(&self, child: &Arc<Dentry>, dir: &Arc<Dentry>, name: &[u8]) {
        let gone = self.release(&child.name());
        let victim = dir.release(name);
        child.replace_place(name, dir.clone());
        dir.hold(name, child);
        if let Some(v) = victim.filter(|v| !Arc::ptr_eq(v, child)) {
            v.dead.store(true, Relaxed);
            let rest = v.release_all();
            drop(rest);
        }
        drop(gone);
    }

    /// `a` of `self` and `b` of `dir` have changed places. Both name locks are held.
    pub(crate) fn exchanged(self: &Arc<Dentry>, a: &Arc<Dentry>, dir: &Arc<Dentry>, b: &Arc<Dentry>) {
        let (a_name, b_name) = (a.name(), b.name());
        let old = (self.release(&a_name), dir.release(&b_name));
        a.replace_place(&b_name, dir.clone());
        b.replace_place(&a_name, self.clone());
        self.hold(&a_name, b);
        dir.hold(&b_name, a);
        drop(old);
    }

    fn replace_place(&self, name: &[u8], parent: Arc<Dentry>) {
        drop(self.place.replace(Place::new(name, Some(parent))));
    }

    /// Drops everything cached below: at the end of a file system, whose tables would otherwise hold each other.
    pub(crate) fn prune(self: &Arc<Dentry>) {
        let mut work: Vec<Arc<Dentry>> = alloc::vec![self.clone()];
        while let Some(d) = work.pop() {
            work.extend(d.release_all());
        }
    }
}

/// Enters a new dentry unless somebody else was faster.
fn enter(locked: &mut children::Locked<'_>, name: &[u8], new: Arc<Dentry>) -> Arc<Dentry> {
    if let Some(d) = locked.get(name).filter(|d| !d.absent) {
        return d;
    }
    drop(locked.remove(name));
    locked.insert(new.clone());
    new
}

/// Parents are let go in a loop: a deep tree must not become a deep recursion. A dentry that goes leaves its place behind for
/// a moment, because that has a counted reference here.
impl Drop for Place {
    fn drop(&mut self) {
        let mut next = self.parent.take();
        while let Some(last) = next.take().and_then(Arc::into_inner) {
            let place = last.place.get_arc();
            drop(last);
            next = Arc::into_inner(place).and_then(|mut place| place.parent.take());
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
