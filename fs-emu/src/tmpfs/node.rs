//! A node: what every file of a tmpfs has, whatever its kind.

use super::Shared;
use super::data::Data;
use super::dir::Entries;
use super::seal::Seals;
use crate::busy::WriteCount;
use crate::{FileType, InodeRef, Metadata, Owner};
use alloc::boxed::Box;
use alloc::collections::BTreeMap;
use alloc::sync::{Arc, Weak};
use alloc::vec::Vec;
use core::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering::*};
use host::abi::Timespec;
use host::layout::PAGE_SIZE;
use host::lock::{Mutex, RwLock, rank};
use host::{Errno, Result, time};

/// What `stat` shows and may change.
pub(super) struct Attr {
    /// Type and permission bits.
    pub mode: u32,
    pub nlink: u32,
    pub uid: u32,
    pub gid: u32,
    pub atime: Timespec,
    pub mtime: Timespec,
    pub ctime: Timespec,
}

/// What a file of one kind has of its own.
pub(super) enum Body {
    File(RwLock<Data, { rank::INODE }>),
    Dir(RwLock<Entries, { rank::INODE }>),
    Link(Box<[u8]>),
    /// FIFO, socket, device: the kernel above knows what to do.
    Special,
}

/// Extended attributes by name.
pub(super) type Xattrs = BTreeMap<Box<[u8]>, Box<[u8]>>;

/// A file of any kind.
pub(super) struct Node {
    // Never change.
    pub shared: Arc<Shared>,
    pub ino: u64,
    pub kind: FileType,
    pub rdev: u64,
    pub btime: Timespec,
    /// Itself, for whoever has it only as a `dyn Inode`.
    this: Weak<Node>,
    /// Made by `O_TMPFILE`: may get a first name.
    pub unnamed: bool,

    /// A directory's parent, for `..` of `readdir`.
    pub parent_ino: AtomicU64,
    /// A file's size, and its pages up to there, or a directory's entries; written under the body's lock, read without.
    pub size: AtomicU64,
    pub blocks: AtomicU64,

    /// What a permission check needs, again: written with `attr`, read without its lock by every path walk.
    perm: [AtomicU32; 3],

    /// What may not be done to a memory file.
    pub seals: Seals,
    /// Writers of a regular file, or those who run it.
    pub writers: WriteCount,

    pub body: Body,
    pub attr: Mutex<Attr, { rank::OBJECT }>,
    /// The access time may be older than the last change; read without the lock.
    atime_due: AtomicBool,
    pub xattrs: Mutex<Xattrs, { rank::LEAF }>,
}

impl Node {
    /// A new node without a name: link count 0 (1 for a directory: its own `.`).
    pub(super) fn make(
        shared: &Arc<Shared>,
        mode: u32,
        rdev: u64,
        owner: Owner,
        target: Option<&[u8]>,
    ) -> Result<Arc<Node>> {
        Node::build(shared, mode, rdev, owner, target, false)
    }

    /// A regular file without a name that may get one.
    pub(super) fn make_unnamed(shared: &Arc<Shared>, mode: u32, owner: Owner) -> Result<Arc<Node>> {
        Node::build(shared, mode, 0, owner, None, true)
    }

    fn build(
        shared: &Arc<Shared>,
        mode: u32,
        rdev: u64,
        owner: Owner,
        target: Option<&[u8]>,
        unnamed: bool,
    ) -> Result<Arc<Node>> {
        let kind = FileType::from_mode(mode).ok_or(Errno::EINVAL)?;
        let body = match kind {
            FileType::Regular => Body::File(RwLock::new(Data::default())),
            FileType::Directory => Body::Dir(RwLock::new(Entries::default())),
            FileType::Symlink => Body::Link(target.unwrap_or_default().into()),
            _ => Body::Special,
        };
        let now = time::coarse();
        let nlink = u32::from(kind == FileType::Directory);
        let attr = Attr { mode, nlink, uid: owner.uid, gid: owner.gid, atime: now, mtime: now, ctime: now };
        let ino = shared.take_inode()?;
        Ok(Arc::new_cyclic(|this| Node {
            shared: shared.clone(),
            ino,
            kind,
            rdev,
            btime: now,
            this: this.clone(),
            unnamed,
            parent_ino: AtomicU64::new(ino),
            size: AtomicU64::new(target.map_or(0, |t| t.len() as u64)),
            blocks: AtomicU64::new(0),
            perm: [mode, owner.uid, owner.gid].map(AtomicU32::new),
            seals: Seals::default(),
            writers: WriteCount::default(),
            body,
            attr: Mutex::new(attr),
            atime_due: AtomicBool::new(true),
            xattrs: Mutex::new(BTreeMap::new()),
        }))
    }

    /// A counted reference to itself. `None` only while it is being freed.
    pub(super) fn this(&self) -> Option<Arc<Node>> {
        self.this.upgrade()
    }

    /// The tmpfs node behind an inode: `EXDEV` if it is another file system's, or another instance's.
    pub(super) fn of(inode: &InodeRef, shared: &Arc<Shared>) -> Result<Arc<Node>> {
        let node = inode.as_any().downcast_ref::<Node>().and_then(Node::this).ok_or(Errno::EXDEV)?;
        if Arc::ptr_eq(&node.shared, shared) { Ok(node) } else { Err(Errno::EXDEV) }
    }

    /// A directory's entries: `ENOTDIR` for anything else.
    pub(super) fn entries(&self) -> Result<&RwLock<Entries, { rank::INODE }>> {
        match &self.body {
            Body::Dir(e) => Ok(e),
            _ => Err(Errno::ENOTDIR),
        }
    }

    /// A regular file's data: `EINVAL` for anything else.
    pub(super) fn data(&self) -> Result<&RwLock<Data, { rank::INODE }>> {
        match &self.body {
            Body::File(d) => Ok(d),
            _ => Err(Errno::EINVAL),
        }
    }

    pub(super) fn metadata(&self) -> Metadata {
        let a = self.attr.lock();
        Metadata {
            dev: self.shared.dev,
            ino: self.ino,
            mode: a.mode,
            nlink: a.nlink,
            uid: a.uid,
            gid: a.gid,
            rdev: self.rdev,
            size: self.size.load(Relaxed),
            blksize: PAGE_SIZE as u32,
            blocks: self.blocks.load(Relaxed) * (PAGE_SIZE as u64 / 512),
            atime: a.atime,
            mtime: a.mtime,
            ctime: a.ctime,
            btime: self.btime,
        }
    }

    /// Mode and owner, of one moment as nearly as a permission check needs it (Linux's reads them one by one too).
    pub(super) fn perm(&self) -> (u32, Owner) {
        let [mode, uid, gid] = &self.perm;
        (mode.load(Relaxed), Owner { uid: uid.load(Relaxed), gid: gid.load(Relaxed) })
    }

    /// Makes a change of mode or owner known.
    pub(super) fn publish_perm(&self, a: &Attr) {
        for (to, from) in self.perm.iter().zip([a.mode, a.uid, a.gid]) {
            to.store(from, Relaxed);
        }
    }

    /// The contents changed.
    pub(super) fn touch(&self, now: Timespec) {
        let mut a = self.attr.lock();
        a.mtime = now;
        a.ctime = now;
        self.times_changed();
    }

    /// To be said after every change of times, under the lock.
    pub(super) fn times_changed(&self) {
        if !self.atime_due.load(Relaxed) {
            self.atime_due.store(true, Relaxed);
        }
    }

    /// The contents were read: notes it as `relatime` does, when the last note is older than the last change.
    pub(super) fn accessed(&self) {
        if !self.atime_due.load(Relaxed) {
            return;
        }
        let now = time::coarse();
        let mut a = self.attr.lock();
        let due = |a: &Attr| a.atime <= a.mtime || a.atime <= a.ctime;
        if due(&a) {
            a.atime = now;
        }
        self.atime_due.store(due(&a), Relaxed);
    }

    /// Adds to the link count, and notes the change.
    pub(super) fn relink(&self, change: i32, now: Timespec) {
        let mut a = self.attr.lock();
        a.nlink = a.nlink.saturating_add_signed(change);
        a.ctime = now;
        self.times_changed();
    }
}

/// Gives back what was accounted for. A directory that still has entries goes with its file system: their nodes are let go
/// in a loop, because a deep tree must not become a deep recursion.
impl Drop for Node {
    fn drop(&mut self) {
        self.shared.give_inode();
        match &mut self.body {
            Body::File(data) => self.shared.give_pages(data.get_mut().pages()),
            Body::Dir(entries) => {
                let mut work: Vec<Arc<Node>> = entries.get_mut().drain();
                while let Some(node) = work.pop() {
                    if let Some(mut node) = Arc::into_inner(node)
                        && let Body::Dir(e) = &mut node.body
                    {
                        work.extend(e.get_mut().drain());
                    }
                }
            }
            _ => {}
        }
    }
}
