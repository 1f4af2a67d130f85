//! Open directories. One that lies in a single layer passes that layer's positions through; a merged one is a snapshot,
//! taken at the first read and at each rewind, with the index as position.

use super::node::Node;
use super::work::{self, Entry, is_whiteout};
use crate::Metadata;
use crate::file::{DirEntry, DirSink, FileOps, OpenFlags};
use crate::inode::{FileType, Inode, InodeRef};
use alloc::collections::BTreeSet;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::any::Any;
use host::lock::{Mutex, rank};
use host::{Errno, Result};

struct DirFile {
    node: Arc<Node>,
    view: Mutex<View, { rank::INODE }>,
}

/// How the directory is being read.
enum View {
    Unread,
    /// The one layer's own open directory.
    Upper(Arc<dyn FileOps>),
    /// As `Upper`, of a lower layer on this device.
    Lower(Arc<dyn FileOps>, u64),
    /// A merged directory, without `.` and `..`.
    Merged(Vec<Entry>),
}

pub(super) fn open(node: Arc<Node>) -> Result<Arc<dyn FileOps>> {
    // Opening the layer now tells at once whether the host allows it.
    let view = match single_layer(&node) {
        Some(_) => view_of(&node)?,
        None => View::Unread,
    };
    Ok(Arc::new(DirFile { node, view: Mutex::new(view) }))
}

fn single_layer(node: &Node) -> Option<InodeRef> {
    match (node.upper(), node.lower.as_slice()) {
        (Some(upper), []) => Some(upper),
        (None, [lower]) => Some(lower.clone()),
        _ => None,
    }
}

fn view_of(node: &Node) -> Result<View> {
    let Some(layer) = single_layer(node) else {
        return merge(node).map(View::Merged);
    };
    let file = layer.clone().open(OpenFlags::DIRECTORY)?;
    if node.lower.is_empty() { Ok(View::Upper(file)) } else { Ok(View::Lower(file, layer.metadata()?.dev)) }
}

/// What all layers together show.
fn merge(node: &Node) -> Result<Vec<Entry>> {
    let shared = &node.shared;
    let mut seen = BTreeSet::new();
    let mut all = Vec::new();
    let upper = node.upper();
    for layer in upper.iter().chain(&node.lower) {
        let is_upper = upper.as_ref().is_some_and(|u| Arc::ptr_eq(u, layer));
        let dev = layer.metadata()?.dev;
        for mut entry in work::entries(layer)? {
            if !seen.insert(entry.name.clone()) {
                continue;
            }
            if entry.kind == FileType::CharDevice as u8 && hides(layer, &entry, is_upper || shared.layers > 1) {
                continue;
            }
            entry.ino = if is_upper { shared.table.number(entry.ino) } else { shared.lower_number(dev, entry.ino) };
            all.push(entry);
        }
    }
    Ok(all)
}

fn hides(layer: &InodeRef, entry: &Entry, may: bool) -> bool {
    may && layer.lookup(&entry.name).and_then(|f| is_whiteout(&f)).unwrap_or(true)
}

impl DirFile {
    fn parent_ino(&self) -> u64 {
        self.node.parent().map_or(self.node.ino, |p| p.ino)
    }

    /// Whether the view can go on; a rewind also asks for the present state.
    fn is_current(&self, view: &View, pos: u64) -> bool {
        match view {
            View::Unread => false,
            View::Upper(_) => true,
            View::Lower(..) => pos != 0 || self.node.upper().is_none(),
            View::Merged(_) => pos != 0,
        }
    }

    /// Passes a layer's entries on with the overlay's inode numbers.
    fn pass(&self, file: &dyn FileOps, pos: u64, sink: DirSink<'_>, number: impl Fn(u64) -> u64) -> Result<u64> {
        file.readdir(pos, &mut |e| {
            let ino = match e.name {
                b"." => self.node.ino,
                b".." => self.parent_ino(),
                _ => number(e.ino),
            };
            sink(DirEntry { ino, ..e })
        })
    }

    fn list(&self, entries: &[Entry], mut pos: u64, sink: DirSink<'_>) -> Result<u64> {
        let dir = FileType::Directory as u8;
        loop {
            let next = pos.saturating_add(1);
            let entry = match pos {
                0 => DirEntry { ino: self.node.ino, next, kind: dir, name: b"." },
                1 => DirEntry { ino: self.parent_ino(), next, kind: dir, name: b".." },
                _ => match usize::try_from(pos - 2).ok().and_then(|i| entries.get(i)) {
                    Some(e) => DirEntry { ino: e.ino, next, kind: e.kind, name: &e.name },
                    None => return Ok(pos),
                },
            };
            if !sink(entry) {
                return Ok(pos);
            }
            pos = next;
        }
    }
}

impl FileOps for DirFile {
    fn as_any(&self) -> &dyn Any {
        self
    }

    fn readdir(&self, pos: u64, sink: DirSink<'_>) -> Result<u64> {
        if self.node.is_gone() {
            return Err(Errno::ENOENT);
        }
        let mut view = self.view.lock();
        if !self.is_current(&view, pos) {
            *view = view_of(&self.node)?;
        }
        let shared = &self.node.shared;
        match &*view {
            View::Upper(file) => self.pass(&**file, pos, sink, |ino| shared.table.number(ino)),
            View::Lower(file, dev) => self.pass(&**file, pos, sink, |ino| shared.lower_number(*dev, ino)),
            View::Merged(entries) => self.list(entries, pos, sink),
            View::Unread => Err(Errno::EIO),
        }
    }

    fn sync(&self, _data_only: bool) -> Result<()> {
        Ok(())
    }

    fn metadata(&self) -> Result<Metadata> {
        self.node.metadata()
    }
}
