//! What the overlay knows about upper files, by their inode number: the node that stands for each, so that all names of
//! one file are one node, and where a copied-up file came from, so that its number outlives the node.

use super::node::Node;
use crate::inode::InodeRef;
use alloc::boxed::Box;
use alloc::collections::BTreeMap;
use alloc::sync::{Arc, Weak};
use alloc::vec::Vec;
use core::sync::atomic::{AtomicI64, Ordering::Relaxed};
use host::lock::{Mutex, rank};

/// Where an upper file was copied up from.
pub(super) struct Origin {
    /// The inode number that the guest has seen and goes on seeing.
    pub ino: u64,
    /// The path in the lower layers, empty for the root.
    pub path: Box<[u8]>,
    /// Of a directory: the lower directories merged below it.
    pub lower: Vec<InodeRef>,
    /// Subdirectories made less those removed since the copy-up.
    links: AtomicI64,
}

impl Origin {
    pub fn new(ino: u64, path: &[u8], lower: Vec<InodeRef>) -> Origin {
        Origin { ino, path: path.into(), lower, links: AtomicI64::new(0) }
    }

    /// Counts a subdirectory that came or went.
    pub fn count_link(&self, change: i64) {
        self.links.fetch_add(change, Relaxed);
    }

    /// The link count of the merged directory, from the lower's. 1, as on Linux, when that does not count either.
    pub fn merged_links(&self, lower: u32) -> u32 {
        if lower < 2 || self.lower.len() != 1 {
            return 1;
        }
        u32::try_from(i64::from(lower) + self.links.load(Relaxed)).unwrap_or(1).max(2)
    }
}

/// The inode number shown for a file that was made in the upper layer.
pub(super) fn upper_number(ino: u64) -> u64 {
    1 << 48 | ino
}

struct Entry {
    node: Weak<Node>,
    origin: Option<Arc<Origin>>,
}

#[derive(Default)]
struct Entries {
    by_ino: BTreeMap<u64, Entry>,
    sweep_at: usize,
}

/// All upper files that are in use or have an origin.
#[derive(Default)]
pub(super) struct Table(Mutex<Entries, { rank::LEAF }>);

impl Table {
    /// The node of an upper file: the one in use, or one made by `make` with its origin.
    pub fn node(&self, ino: u64, make: impl FnOnce(Option<Arc<Origin>>) -> Arc<Node>) -> Arc<Node> {
        let mut entries = self.0.lock();
        entries.sweep();
        let entry = entries.by_ino.entry(ino).or_insert_with(|| Entry { node: Weak::new(), origin: None });
        if let Some(node) = entry.node.upgrade() {
            return node;
        }
        let node = make(entry.origin.clone());
        entry.node = Arc::downgrade(&node);
        node
    }

    /// Enters a file that was just copied up.
    pub fn enter(&self, ino: u64, node: Weak<Node>, origin: Arc<Origin>) {
        let entry = Entry { node, origin: Some(origin) };
        let before = self.0.lock().by_ino.insert(ino, entry);
        drop(before);
    }

    /// Enters an upper file that no node stands for yet.
    pub fn enter_origin(&self, ino: u64, origin: Origin) {
        self.enter(ino, Weak::new(), Arc::new(origin));
    }

    /// Where an upper file came from.
    pub fn origin(&self, ino: u64) -> Option<Arc<Origin>> {
        self.0.lock().by_ino.get(&ino).and_then(|e| e.origin.clone())
    }

    /// The inode number to show for an upper file.
    pub fn number(&self, ino: u64) -> u64 {
        self.origin(ino).map_or_else(|| upper_number(ino), |o| o.ino)
    }

    /// The upper file has lost its last name.
    pub fn forget(&self, ino: u64) {
        let before = self.0.lock().by_ino.remove(&ino);
        drop(before);
    }
}

impl Entries {
    /// Drops what nobody uses, each time the table has doubled.
    fn sweep(&mut self) {
        if self.by_ino.len() >= self.sweep_at {
            self.by_ino.retain(|_, e| e.origin.is_some() || e.node.strong_count() > 0);
            self.sweep_at = self.by_ino.len() * 2 + 64;
        }
    }
}
