//! `overlay`: lower layers that never change, under an upper one that takes all changes (Linux's `fs/overlayfs/`).
//!
//! The upper layer is a file system of our own (a tmpfs), with two directories in its root: `upper` mirrors the tree that
//! the guest sees, `work` holds what is not yet, or no longer, in it. What the guest sees at a name is the upper layer's
//! file; else the lower's, unless a *whiteout* (a character device 0:0, as on Linux) in the upper hides it. Changing
//! a lower file first copies it up, with all directories above it.
//!
//! Differences from Linux, which has to keep everything on disk: what an upper file was copied from, and which lower
//! directories an upper directory merges with, stands in a table in memory ([`table`]). A directory made anew has no entry
//! and so is opaque; a renamed directory keeps its entry, so a rename never copies a tree. A file open for reading
//! sees what is written after the copy-up, and link counts of merged directories are right. As on Linux, the names of a lower
//! file with several links become separate files when copied up, and mappings made before the copy-up keep showing the
//! lower file. `RENAME_WHITEOUT` is refused. Whiteouts and opaque marks in lower layers count when there are several.
//!
//! Locks: a node's `copying` (INODE), then directories' `names` (INODE; ancestors first, else by address), then the layers'
//! own INODE locks, then node state and table (LEAF). Copying up happens before any `names` lock is taken.

mod changes;
mod copyup;
mod dir;
mod file;
mod lookup;
#[cfg(test)]
mod model;
mod names;
mod node;
mod rename;
mod table;
#[cfg(test)]
mod tests;
mod work;

pub use changes::{Change, ChangeKind};

use crate::inode::{FileSystem, FileType, InodeRef, Metadata, Owner, SetAttr};
use alloc::sync::Arc;
use alloc::vec::Vec;
use host::Result;
use host::abi::Statfs;
use node::Node;
use table::{Origin, Table};
use work::Work;

const OVERLAYFS_SUPER_MAGIC: i64 = 0x794c_7630;

/// What all nodes of one overlay share.
struct Shared {
    upper: Arc<dyn FileSystem>,
    work: Work,
    table: Table,
    /// The one `st_dev` of everything in the overlay.
    dev: u64,
    /// The device whose inode numbers show as they are.
    base_dev: u64,
    /// Number of lower layers.
    layers: usize,
}

impl Shared {
    /// The inode number shown for a lower file: below 2^48 as it is on the first layer's device, else a hash in
    /// `2^51..2^52`. Upper files have `2^48..2^49` ([`table::upper_number`]). All are exact in a double.
    fn lower_number(&self, dev: u64, ino: u64) -> u64 {
        if dev == self.base_dev && ino < 1 << 48 {
            return ino;
        }
        let mixed = mix(ino ^ mix(dev));
        1 << 51 | mixed >> 13
    }
}

fn mix(mut x: u64) -> u64 {
    x = (x ^ x >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    x = (x ^ x >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
    x ^ x >> 31
}

/// A mounted overlay.
pub struct Overlay {
    shared: Arc<Shared>,
    root: Arc<Node>,
    top: InodeRef,
}

impl Overlay {
    /// Puts a fresh `upper` (empty, writable, with inode numbers that are never used twice) over `lowers`, topmost first.
    pub fn new(lowers: Vec<Arc<dyn FileSystem>>, upper: Arc<dyn FileSystem>) -> Result<Arc<Overlay>> {
        let lower: Vec<InodeRef> = lowers.iter().map(|l| l.root()).collect();
        let like = lower.first().map_or_else(|| upper.root().metadata(), |l| l.metadata())?;
        let top = make_top(&upper, &like)?;
        let shared = Arc::new(Shared {
            work: Work::new(make_dir(&upper.root(), b"work", 0o700, &like)?),
            table: Table::default(),
            dev: top.metadata()?.dev,
            base_dev: like.dev,
            layers: lower.len(),
            upper,
        });
        let upper_ino = top.metadata()?.ino;
        if !lower.is_empty() {
            let ino = shared.lower_number(like.dev, like.ino);
            shared.table.enter_origin(upper_ino, Origin::new(ino, b"", lower));
        }
        let root = shared.adopt(top.clone(), None, b"")?;
        Ok(Arc::new(Overlay { shared, root, top }))
    }

    /// Tells what differs from the lower layers, parents before children, until `visit` answers `false`. Consistent only
    /// while nothing changes.
    pub fn changes(&self, visit: &mut dyn FnMut(Change) -> bool) -> Result<()> {
        changes::walk(&self.shared, &self.top, visit)
    }
}

fn make_dir(at: &InodeRef, name: &[u8], mode: u32, like: &Metadata) -> Result<InodeRef> {
    at.create(name, FileType::Directory.mode() | mode, 0, Owner { uid: like.uid, gid: like.gid })
}

/// The root of what the guest sees: attributes as the lower root's.
fn make_top(upper: &Arc<dyn FileSystem>, like: &Metadata) -> Result<InodeRef> {
    let top = make_dir(&upper.root(), b"upper", like.mode & 0o7777, like)?;
    top.set_attr(&SetAttr { atime: Some(like.atime), mtime: Some(like.mtime), ..SetAttr::default() })?;
    Ok(top)
}

impl FileSystem for Overlay {
    fn root(&self) -> InodeRef {
        self.root.clone()
    }

    fn name(&self) -> &'static str {
        "overlay"
    }

    fn remembers_absent(&self) -> bool {
        true
    }

    fn statfs(&self) -> Result<Statfs> {
        let st = self.shared.upper.statfs()?;
        Ok(Statfs { kind: OVERLAYFS_SUPER_MAGIC, ..st })
    }
}
