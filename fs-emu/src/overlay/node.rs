//! A file of the overlay: one node for all its names and for its whole life, before and after copy-up.

use super::table::{Origin, upper_number};
use super::{Shared, dir, file};
use crate::busy::WriteCount;
use crate::file::{FileOps, OpenFlags};
use crate::inode::{FileType, Inode, InodeRef, Metadata, Owner, SetAttr};
use alloc::boxed::Box;
use alloc::collections::BTreeMap;
use alloc::sync::{Arc, Weak};
use alloc::vec::Vec;
use core::any::Any;
use core::sync::atomic::{AtomicBool, Ordering::SeqCst};
use host::lock::{Mutex, RwLock, rank};
use host::rcu::{self, RcuCell, Reading};
use host::{Errno, Result};

/// A file of the overlay.
pub(super) struct Node {
    pub shared: Arc<Shared>,
    pub me: Weak<Node>,
    pub kind: FileType,
    /// The number shown, for good.
    pub ino: u64,
    /// The lower file; of a directory, all lower directories that it merges, topmost first.
    pub lower: Vec<InodeRef>,
    /// Held while copying up, so that it happens once.
    pub copying: Mutex<(), { rank::INODE }>,
    /// Of a directory: held by lookups and by every change of its names.
    pub names: Mutex<Names, { rank::INODE }>,
    /// Writers of a regular file, or those who run it: the same before and after copy-up.
    writers: WriteCount,
    /// Once there is an upper file, it stays; likewise where it came from, which is entered first.
    upper: RcuCell<InodeRef>,
    origin: RcuCell<Origin>,
    /// A removed directory, or a lower file whose name is gone.
    gone: AtomicBool,
    place: RwLock<Place, { rank::LEAF }>,
}

/// Where a directory stands, and a file that is not copied up yet.
struct Place {
    /// `None` for the root and for unnamed files.
    parent: Option<Arc<Node>>,
    name: Box<[u8]>,
}

/// The nodes handed out for a directory's names.
#[derive(Default)]
pub(super) struct Names {
    children: BTreeMap<Box<[u8]>, Weak<Node>>,
    sweep_at: usize,
    /// The name last found missing in the lower layers, which never change.
    pub absent: Option<Box<[u8]>>,
}

impl Names {
    pub fn get(&self, name: &[u8]) -> Option<Arc<Node>> {
        self.children.get(name).and_then(Weak::upgrade)
    }

    pub fn put(&mut self, name: &[u8], node: &Arc<Node>) {
        if self.children.len() >= self.sweep_at {
            self.children.retain(|_, c| c.strong_count() > 0);
            self.sweep_at = self.children.len() * 2 + 32;
        }
        self.children.insert(name.into(), Arc::downgrade(node));
    }

    pub fn remove(&mut self, name: &[u8]) {
        self.children.remove(name);
    }
}

impl Shared {
    /// The node of an upper file found or made at a place.
    pub fn adopt(self: &Arc<Self>, upper: InodeRef, parent: Option<&Node>, name: &[u8]) -> Result<Arc<Node>> {
        let parent = parent.map(Node::this).transpose()?;
        let (ino, kind) = (upper.metadata()?.ino, upper.file_type());
        Ok(self.table.node(ino, |origin| {
            let number = origin.as_ref().map_or_else(|| upper_number(ino), |o| o.ino);
            let lower = origin.as_ref().map(|o| o.lower.clone()).unwrap_or_default();
            Node::new(self, kind, number, lower, Some(upper), origin, Place { parent, name: name.into() })
        }))
    }

    /// A node of a file that only lower layers have.
    pub fn lower_node(self: &Arc<Self>, lower: Vec<InodeRef>, parent: &Node, name: &[u8]) -> Result<Arc<Node>> {
        let first = lower.first().ok_or(Errno::ENOENT)?;
        let (meta, kind) = (first.metadata()?, first.file_type());
        let number = self.lower_number(meta.dev, meta.ino);
        let parent = Some(parent.this()?);
        Ok(Node::new(self, kind, number, lower, None, None, Place { parent, name: name.into() }))
    }
}

impl Node {
    fn new(
        shared: &Arc<Shared>,
        kind: FileType,
        ino: u64,
        lower: Vec<InodeRef>,
        upper: Option<InodeRef>,
        origin: Option<Arc<Origin>>,
        place: Place,
    ) -> Arc<Node> {
        Arc::new_cyclic(|me| Node {
            shared: shared.clone(),
            me: me.clone(),
            kind,
            ino,
            lower,
            copying: Mutex::new(()),
            names: Mutex::new(Names::default()),
            writers: WriteCount::default(),
            upper: RcuCell::new(upper.map(Arc::new)),
            origin: RcuCell::new(origin),
            gone: AtomicBool::new(false),
            place: RwLock::new(place),
        })
    }

    pub fn this(&self) -> Result<Arc<Node>> {
        self.me.upgrade().ok_or(Errno::ESTALE)
    }

    pub fn is_dir(&self) -> bool {
        self.kind == FileType::Directory
    }

    pub fn upper(&self) -> Option<InodeRef> {
        self.upper.get(&rcu::read()).map(|upper| upper.get().clone())
    }

    /// Whether it is copied up, or was made in the upper layer.
    pub fn has_upper(&self) -> bool {
        !self.upper.is_empty()
    }

    pub fn origin(&self) -> Option<Arc<Origin>> {
        self.origin.get_arc()
    }

    pub fn is_gone(&self) -> bool {
        self.gone.load(SeqCst)
    }

    pub fn parent(&self) -> Option<Arc<Node>> {
        self.place.read().parent.clone()
    }

    /// Parent and name; `ESTALE` for the root and unnamed files.
    pub fn place(&self) -> Result<(Arc<Node>, Box<[u8]>)> {
        let place = self.place.read();
        let parent = place.parent.clone().ok_or(Errno::ESTALE)?;
        Ok((parent, place.name.clone()))
    }

    /// Where data and attributes are now.
    pub fn layer(&self) -> Result<InodeRef> {
        self.layer_in(&rcu::read()).cloned()
    }

    /// The same for as long as this thread reads.
    fn layer_in<'r>(&'r self, reading: &'r Reading) -> Result<&'r InodeRef> {
        match self.upper.get(reading) {
            Some(upper) => Ok(upper.get()),
            None => self.lower.first().ok_or(Errno::ESTALE),
        }
    }

    /// Copy-up is done.
    pub fn set_upper(&self, upper: InodeRef, origin: Arc<Origin>) {
        drop(self.origin.replace(Some(origin)));
        drop(self.upper.replace(Some(Arc::new(upper))));
    }

    /// The last name that this node can know of is gone.
    pub fn set_gone(&self) {
        self.gone.store(self.is_dir() || self.upper.is_empty(), SeqCst);
    }

    /// It was renamed.
    pub fn set_place(&self, parent: Arc<Node>, name: &[u8]) {
        let before = {
            let mut place = self.place.write();
            place.name = name.into();
            place.parent.replace(parent)
        };
        drop(before);
    }

    /// Counts a subdirectory that came or went, where the layers' own counts do not tell.
    pub fn count_link(&self, change: i64) {
        if let Some(origin) = self.origin() {
            origin.count_link(change);
        }
    }

    fn links(&self, upper: bool, shown: u32) -> Result<u32> {
        if self.is_gone() {
            return Ok(if self.is_dir() || shown < 2 { 0 } else { shown - u32::from(!upper) });
        }
        if !self.is_dir() {
            return Ok(shown);
        }
        match (self.origin(), self.lower.first()) {
            (Some(origin), Some(lower)) => Ok(origin.merged_links(lower.metadata()?.nlink)),
            _ => Ok(shown),
        }
    }

    /// Size and blocks of a directory in the upper layer: those it had in the lower, else of one block, as on most disks.
    fn dir_size(&self) -> (u64, u64) {
        let lower = self.lower.first().and_then(|l| l.metadata().ok());
        lower.map_or((4096, 8), |m| (m.size, m.blocks))
    }

    /// An inode as a node of this overlay.
    fn ours<'a>(&self, inode: &'a InodeRef) -> Result<&'a Node> {
        let other = inode.as_any().downcast_ref::<Node>().ok_or(Errno::EXDEV)?;
        if Arc::ptr_eq(&self.shared, &other.shared) { Ok(other) } else { Err(Errno::EXDEV) }
    }
}

impl Inode for Node {
    fn metadata(&self) -> Result<Metadata> {
        let reading = rcu::read();
        let is_upper = !self.upper.is_empty();
        let meta = self.layer_in(&reading)?.metadata()?;
        let nlink = self.links(is_upper, meta.nlink)?;
        let (size, blocks) = if is_upper && self.is_dir() { self.dir_size() } else { (meta.size, meta.blocks) };
        Ok(Metadata { dev: self.shared.dev, ino: self.ino, nlink, size, blocks, ..meta })
    }

    fn file_type(&self) -> FileType {
        self.kind
    }

    fn mode_owner(&self) -> Result<(u32, Owner)> {
        self.layer_in(&rcu::read())?.mode_owner()
    }

    fn as_any(&self) -> &dyn Any {
        self
    }

    fn lookup(&self, name: &[u8]) -> Result<InodeRef> {
        let mut names = self.names.lock();
        self.find(&mut names, name).map(|n| n as InodeRef)
    }

    fn create(&self, name: &[u8], mode: u32, rdev: u64, owner: Owner) -> Result<InodeRef> {
        self.create_node(name, mode, rdev, owner).map(|n| n as InodeRef)
    }

    fn create_unnamed(&self, mode: u32, owner: Owner) -> Result<InodeRef> {
        let upper = self.copy_up()?.create_unnamed(mode, owner)?;
        self.shared.adopt(upper, None, b"").map(|n| n as InodeRef)
    }

    fn symlink(&self, name: &[u8], target: &[u8], owner: Owner) -> Result<InodeRef> {
        self.make(name, false, |dir, name| dir.symlink(name, target, owner)).map(|n| n as InodeRef)
    }

    fn link(&self, name: &[u8], inode: &InodeRef) -> Result<()> {
        self.link_node(name, self.ours(inode)?)
    }

    fn unlink(&self, name: &[u8]) -> Result<()> {
        self.unlink_node(name)
    }

    fn rmdir(&self, name: &[u8]) -> Result<()> {
        self.rmdir_node(name)
    }

    fn rename(&self, old: &[u8], new_dir: &InodeRef, new: &[u8], flags: u32) -> Result<()> {
        self.rename_node(old, self.ours(new_dir)?, new, flags)
    }

    fn readlink(&self) -> Result<Vec<u8>> {
        self.layer()?.readlink()
    }

    fn set_attr(&self, attr: &SetAttr) -> Result<()> {
        self.copy_up_to(attr.size.unwrap_or(u64::MAX))?.set_attr(attr)
    }

    fn open(self: Arc<Self>, flags: OpenFlags) -> Result<Arc<dyn FileOps>> {
        match self.kind {
            FileType::Directory => dir::open(self),
            FileType::Regular => file::open(self, flags),
            _ => Err(Errno::ENXIO),
        }
    }

    fn is_mapped(&self) -> bool {
        self.upper.get(&rcu::read()).is_some_and(|upper| upper.get().is_mapped())
    }

    fn writers(&self) -> Option<&WriteCount> {
        Some(&self.writers)
    }

    fn getxattr(&self, name: &[u8]) -> Result<Vec<u8>> {
        self.layer()?.getxattr(name)
    }

    fn setxattr(&self, name: &[u8], value: &[u8], flags: u32) -> Result<()> {
        self.copy_up()?.setxattr(name, value, flags)
    }

    fn listxattr(&self) -> Result<Vec<u8>> {
        self.layer()?.listxattr()
    }

    fn removexattr(&self, name: &[u8]) -> Result<()> {
        if self.upper.is_empty() {
            self.getxattr(name)?;
        }
        self.copy_up()?.removexattr(name)
    }
}

impl Drop for Node {
    /// Lets go of the ancestors one by one: a deep tree must not become a deep recursion.
    fn drop(&mut self) {
        let mut next = self.place.get_mut().parent.take();
        while let Some(parent) = next {
            next = Arc::into_inner(parent).and_then(|mut p| p.place.get_mut().parent.take());
        }
    }
}
