//! Directories made up on demand.

use super::{Attr, set_attr};
use crate::file::DirSink;
use crate::vfs::File;
use crate::{DirEntry, FileOps, FileType, Inode, InodeRef, Metadata, OpenFlags, Owner, SetAttr};
use alloc::collections::BTreeMap;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::any::Any;
use host::iov::IovIter;
use host::lock::Mutex;
use host::{Errno, Result};

/// One entry of a listing.
#[derive(Clone, Debug)]
pub struct Entry {
    /// Orders the entries and is a reader's position: stable for an entry as long as it exists (a pid, a descriptor number).
    pub key: u64,
    /// The name.
    pub name: Vec<u8>,
    /// Its kind.
    pub kind: FileType,
    /// Its inode number.
    pub ino: u64,
}

/// What a directory shows.
pub trait DirSource: Send + Sync + 'static {
    /// The directory's attributes.
    fn attr(&self) -> Result<Attr>;
    /// Finds a name: `ENOENT` when it is not there.
    fn lookup(&self, name: &[u8]) -> Result<InodeRef>;
    /// All entries in ascending order of key, without `.` and `..`.
    fn list(&self) -> Result<Vec<Entry>>;
    /// What making a name here answers: procfs says `ENOENT`, sysfs `EPERM`.
    fn refusal(&self) -> Errno {
        Errno::ENOENT
    }
    /// The inode number of `..`.
    fn parent_ino(&self) -> u64 {
        self.attr().map_or(1, |a| a.ino)
    }
}

/// A directory.
pub struct PseudoDir<S>(Arc<S>);

impl<S: DirSource> PseudoDir<S> {
    /// An inode that shows a source.
    pub fn build(source: S) -> InodeRef {
        Arc::new(PseudoDir(Arc::new(source)))
    }

    /// What an open directory shows, if it is of this kind.
    pub fn source_of(file: &File) -> Option<&S> {
        file.ops_as::<OpenDir<S>>().map(|dir| &*dir.0)
    }
}

impl<S: DirSource> Inode for PseudoDir<S> {
    fn metadata(&self) -> Result<Metadata> {
        self.0.attr().map(|a| a.metadata(FileType::Directory, 0))
    }

    fn file_type(&self) -> FileType {
        FileType::Directory
    }

    fn as_any(&self) -> &dyn Any {
        self
    }

    fn mode_owner(&self) -> Result<(u32, Owner)> {
        self.0.attr().map(|a| a.mode_owner(FileType::Directory))
    }

    fn lookup(&self, name: &[u8]) -> Result<InodeRef> {
        self.0.lookup(name)
    }

    fn refuses_names(&self) -> Option<Errno> {
        Some(self.0.refusal())
    }

    fn set_attr(&self, attr: &SetAttr) -> Result<()> {
        set_attr(attr)
    }

    fn open(self: Arc<Self>, _flags: OpenFlags) -> Result<Arc<dyn FileOps>> {
        Ok(Arc::new(OpenDir(self.0.clone())))
    }
}

struct OpenDir<S>(Arc<S>);

impl<S: DirSource> FileOps for OpenDir<S> {
    fn as_any(&self) -> &dyn Any {
        self
    }

    fn read_at(&self, _off: u64, _to: &mut IovIter<'_>) -> Result<usize> {
        Err(Errno::EISDIR)
    }

    fn readdir(&self, pos: u64, sink: DirSink<'_>) -> Result<u64> {
        let me = self.0.attr()?.ino;
        let mut at = pos;
        let dots: [(u64, &[u8]); 2] = [(me, b"."), (self.0.parent_ino(), b"..")];
        for (i, (ino, name)) in dots.into_iter().enumerate().skip(pos.min(2) as usize) {
            let next = i as u64 + 1;
            if !sink(DirEntry { ino, next, kind: FileType::Directory as u8, name }) {
                return Ok(at);
            }
            at = next;
        }
        for e in self.0.list()?.iter().filter(|e| e.key.saturating_add(2) >= pos) {
            let next = e.key.saturating_add(3);
            if !sink(DirEntry { ino: e.ino, next, kind: e.kind as u8, name: &e.name }) {
                return Ok(at);
            }
            at = next;
        }
        Ok(at)
    }

    fn metadata(&self) -> Result<Metadata> {
        self.0.attr().map(|a| a.metadata(FileType::Directory, 0))
    }
}

/// A directory whose entries never change.
pub struct StaticDir {
    attr: Attr,
    entries: BTreeMap<Vec<u8>, InodeRef>,
}

impl StaticDir {
    /// An inode with these entries, shown in the order of their names.
    pub fn build(attr: Attr, entries: impl IntoIterator<Item = (&'static str, InodeRef)>) -> InodeRef {
        PseudoDir::build(StaticDir::new(attr, entries))
    }

    fn new(attr: Attr, entries: impl IntoIterator<Item = (&'static str, InodeRef)>) -> StaticDir {
        StaticDir { attr, entries: entries.into_iter().map(|(n, i)| (n.as_bytes().to_vec(), i)).collect() }
    }
}

impl DirSource for StaticDir {
    fn attr(&self) -> Result<Attr> {
        Ok(self.attr)
    }

    fn lookup(&self, name: &[u8]) -> Result<InodeRef> {
        self.entries.get(name).cloned().ok_or(Errno::ENOENT)
    }

    fn list(&self) -> Result<Vec<Entry>> {
        let entry = |(i, (name, inode)): (usize, (&Vec<u8>, &InodeRef))| {
            let ino = inode.metadata().map_or(0, |m| m.ino);
            Entry { key: i as u64, name: name.clone(), kind: inode.file_type(), ino }
        };
        Ok(self.entries.iter().enumerate().map(entry).collect())
    }
}

/// What is made when somebody first looks, and then stays. Locks: its own (a leaf), not while it is made.
pub struct Late<T>(Mutex<Option<Arc<T>>>);

impl<T> Default for Late<T> {
    fn default() -> Late<T> {
        Late(Mutex::new(None))
    }
}

impl<T> Late<T> {
    /// It, made if nobody has yet; of two who make it at once, one has worked in vain.
    pub fn get(&self, make: impl FnOnce() -> T) -> Arc<T> {
        if let Some(made) = &*self.0.lock() {
            return made.clone();
        }
        let new = Arc::new(make());
        self.0.lock().get_or_insert_with(|| new.clone()).clone()
    }
}

/// Names and what they stand for.
pub type Entries = Vec<(&'static str, InodeRef)>;

/// A directory whose entries never change, for a tree of which most sandboxes need nothing.
pub struct LateDir {
    attr: Attr,
    make: fn() -> Entries,
    made: Late<StaticDir>,
}

impl LateDir {
    /// An inode with the entries that `make` gives, shown in the order of their names.
    pub fn build(attr: Attr, make: fn() -> Entries) -> InodeRef {
        PseudoDir::build(LateDir { attr, make, made: Late::default() })
    }

    fn dir(&self) -> Arc<StaticDir> {
        self.made.get(|| StaticDir::new(self.attr, (self.make)()))
    }
}

impl DirSource for LateDir {
    fn attr(&self) -> Result<Attr> {
        Ok(self.attr)
    }

    fn lookup(&self, name: &[u8]) -> Result<InodeRef> {
        self.dir().lookup(name)
    }

    fn list(&self) -> Result<Vec<Entry>> {
        self.dir().list()
    }
}
