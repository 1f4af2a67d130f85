//! What the guest changed: a walk of the upper layer, for listing and for committing.

use super::Shared;
use super::work::{self, is_whiteout};
use crate::inode::{FileType, InodeRef};
use alloc::vec::Vec;
use host::Result;

/// What became of a path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ChangeKind {
    /// The lower layers' file at this path was removed.
    Removed,
    /// A new file; a new directory hides whatever the lower layers have at the path.
    Added,
    /// A copy of the lower file at `from`, with changes in data or attributes (or, of a directory, perhaps only below
    /// it). If `from` is another path, the file was renamed or linked; a directory merges with the lower one there.
    Copied {
        /// The path in the lower layers.
        from: Vec<u8>,
    },
}

/// One difference from the lower layers.
pub struct Change {
    /// Absolute path in the overlay.
    pub path: Vec<u8>,
    /// What became of it.
    pub kind: ChangeKind,
    /// The file now, in the upper layer, for its data and attributes; `None` when removed.
    pub file: Option<InodeRef>,
}

pub(super) fn walk(shared: &Shared, top: &InodeRef, visit: &mut dyn FnMut(Change) -> bool) -> Result<()> {
    let mut pending = alloc::vec![(Vec::new(), top.clone())];
    while let Some((prefix, dir)) = pending.pop() {
        for entry in work::entries(&dir)? {
            let mut path = prefix.clone();
            path.push(b'/');
            path.extend_from_slice(&entry.name);
            let file = dir.lookup(&entry.name)?;
            if file.file_type() == FileType::Directory {
                pending.push((path.clone(), file.clone()));
            }
            if !visit(describe(shared, path, file)?) {
                return Ok(());
            }
        }
    }
    Ok(())
}

fn describe(shared: &Shared, path: Vec<u8>, file: InodeRef) -> Result<Change> {
    if is_whiteout(&file)? {
        return Ok(Change { path, kind: ChangeKind::Removed, file: None });
    }
    let kind = match shared.table.origin(file.metadata()?.ino) {
        Some(origin) => ChangeKind::Copied { from: origin.path.to_vec() },
        None => ChangeKind::Added,
    };
    Ok(Change { path, kind, file: Some(file) })
}
