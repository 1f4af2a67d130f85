//! Directories: a table by name, and the order in which `readdir` shows the entries.
//!
//! Each entry has an id that is never used again, and a position in a directory is such an id: entries that come or go
//! meanwhile make a reader neither skip nor repeat the others. (A reader stops at the id that was next when it began, or
//! else renaming every file it meets would never end.)

use super::node::{Body, Node};
use crate::FileType;
use crate::vfs::hash::NameMap;
use alloc::boxed::Box;
use alloc::collections::BTreeMap;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::sync::atomic::Ordering::*;
use host::abi::Timespec;
use host::lock::{RwLockWriteGuard, rank};
use host::{Errno, Result};

/// The id of the first entry: 0 and 1 are `.` and `..`.
pub(super) const FIRST: u64 = 2;
/// What tmpfs counts for a directory entry in `st_size`.
const BOGO_SIZE: u64 = 20;

/// A directory's entries.
#[derive(Default)]
pub(super) struct Entries {
    ids: NameMap<u64>,
    list: BTreeMap<u64, (Box<[u8]>, Arc<Node>)>,
    used: u64,
    /// Removed: nothing can be made here any more.
    pub(super) dead: bool,
}

impl Entries {
    pub(super) fn get(&self, name: &[u8]) -> Option<&Arc<Node>> {
        self.ids.get(name).and_then(|id| self.list.get(id)).map(|(_, node)| node)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    pub(super) fn len(&self) -> usize {
        self.list.len()
    }

    /// The id that the next new entry will get.
    pub(super) fn next_id(&self) -> u64 {
        FIRST + self.used
    }

    /// Adds an entry; the caller knows that the name is free.
    pub(super) fn insert(&mut self, name: &[u8], node: Arc<Node>) {
        let id = self.next_id();
        self.used += 1;
        self.ids.insert(name.into(), id);
        self.list.insert(id, (name.into(), node));
    }

    pub(super) fn remove(&mut self, name: &[u8]) -> Option<Arc<Node>> {
        let id = self.ids.remove(name)?;
        self.list.remove(&id).map(|(_, node)| node)
    }

    /// Puts another node in a name's place.
    pub(super) fn replace(&mut self, name: &[u8], node: Arc<Node>) -> Option<Arc<Node>> {
        let id = self.ids.get(name)?;
        let entry = self.list.get_mut(id)?;
        Some(core::mem::replace(&mut entry.1, node))
    }

    /// The entries from an id on.
    pub(super) fn from(&self, id: u64) -> impl Iterator<Item = (u64, &[u8], &Arc<Node>)> {
        self.list.range(id..).map(|(id, (name, node))| (*id, &name[..], node))
    }

    /// Takes everything out.
    pub(super) fn drain(&mut self) -> Vec<Arc<Node>> {
        self.ids.clear();
        core::mem::take(&mut self.list).into_values().map(|(_, node)| node).collect()
    }
}

/// Some directories, locked for writing, lowest address first.
pub(super) struct Locked<'a> {
    guards: Vec<(&'a Node, RwLockWriteGuard<'a, Entries, { rank::INODE }>)>,
}

impl<'a> Locked<'a> {
    /// Locks each of them once. `ENOTDIR` if one is none.
    pub(super) fn new(dirs: &[&'a Node]) -> Result<Locked<'a>> {
        let mut sorted: Vec<&'a Node> = dirs.to_vec();
        sorted.sort_by_key(|d| core::ptr::from_ref(*d) as usize);
        sorted.dedup_by(|a, b| core::ptr::eq(*a, *b));
        let mut guards = Vec::with_capacity(sorted.len());
        for dir in sorted {
            guards.push((dir, dir.entries()?.write()));
        }
        Ok(Locked { guards })
    }

    /// The entries of one of them.
    pub(super) fn get(&mut self, dir: &Node) -> Result<&mut Entries> {
        self.guards.iter_mut().find(|(d, _)| core::ptr::eq(*d, dir)).map(|(_, g)| &mut **g).ok_or(Errno::ENOENT)
    }

    /// Brings the attributes of all of them up to date: size, times.
    pub(super) fn changed(&mut self, dirs: &[&Node], now: Timespec) {
        for (dir, entries) in &self.guards {
            if dirs.iter().any(|d| core::ptr::eq(*d, *dir)) {
                dir.size.store((2 + entries.len() as u64) * BOGO_SIZE, Relaxed);
                dir.touch(now);
            }
        }
    }
}

impl Node {
    /// Adds a node under a free name: its `first` one, or another.
    pub(super) fn enter(&self, name: &[u8], node: &Arc<Node>, first: bool) -> Result<()> {
        let mut dirs = Locked::new(&[self])?;
        let entries = dirs.get(self)?;
        if entries.dead {
            return Err(Errno::ENOENT);
        }
        if entries.get(name).is_some() {
            return Err(Errno::EEXIST);
        }
        let now = if first { node.btime } else { host::time::coarse() };
        {
            let mut a = node.attr.lock();
            if a.nlink == 0 && !first && !node.unnamed {
                return Err(Errno::ENOENT);
            }
            a.nlink = a.nlink.checked_add(1).ok_or(Errno::EMLINK)?;
            a.ctime = now;
            node.times_changed();
        }
        entries.insert(name, node.clone());
        if node.kind == FileType::Directory {
            node.parent_ino.store(self.ino, Relaxed);
            self.relink(1, now);
        }
        dirs.changed(&[self], now);
        Ok(())
    }

    /// Takes out a name of a non-directory. The node is let go after the locks.
    pub(super) fn take_out(&self, name: &[u8]) -> Result<Arc<Node>> {
        let mut dirs = Locked::new(&[self])?;
        let entries = dirs.get(self)?;
        if entries.get(name).ok_or(Errno::ENOENT)?.kind == FileType::Directory {
            return Err(Errno::EISDIR);
        }
        let node = entries.remove(name).ok_or(Errno::ENOENT)?;
        let now = host::time::coarse();
        node.relink(-1, now);
        dirs.changed(&[self], now);
        Ok(node)
    }

    /// Takes out an empty directory.
    pub(super) fn take_out_dir(&self, name: &[u8]) -> Result<Arc<Node>> {
        loop {
            let victim = self.entries()?.read().get(name).cloned().ok_or(Errno::ENOENT)?;
            let mut dirs = Locked::new(&[self, &victim])?;
            match dirs.get(self)?.get(name) {
                Some(n) if Arc::ptr_eq(n, &victim) => {}
                _ => continue,
            }
            kill(dirs.get(&victim)?)?;
            dirs.get(self)?.remove(name);
            let now = host::time::coarse();
            victim.relink(-2, now);
            self.relink(-1, now);
            dirs.changed(&[self], now);
            drop(dirs);
            return Ok(victim);
        }
    }
}

/// Marks an empty directory as removed.
pub(super) fn kill(entries: &mut Entries) -> Result<()> {
    if !entries.is_empty() {
        return Err(Errno::ENOTEMPTY);
    }
    entries.dead = true;
    Ok(())
}

/// Whether a node is a directory.
pub(super) fn is_dir(node: &Node) -> bool {
    matches!(node.body, Body::Dir(_))
}
