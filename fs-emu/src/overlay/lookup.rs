//! Finding names through the layers.

use super::node::{Names, Node};
use super::work::is_whiteout;
use crate::inode::{FileType, InodeRef};
use alloc::sync::Arc;
use alloc::vec::Vec;
use host::{Errno, Result};

/// What the upper layer has at a name.
pub(super) enum Upper {
    Nothing,
    Whiteout,
    File(InodeRef),
}

/// Whether a directory of a lower layer hides those of the layers below it.
fn is_opaque(dir: &InodeRef) -> bool {
    [b"trusted.overlay.opaque".as_slice(), b"user.overlay.opaque"]
        .iter()
        .any(|name| dir.getxattr(name).is_ok_and(|v| v == b"y"))
}

impl Node {
    /// The node at a name; the caller holds this directory's lock.
    pub fn find(&self, names: &mut Names, name: &[u8]) -> Result<Arc<Node>> {
        if !self.is_dir() {
            return Err(Errno::ENOTDIR);
        }
        if let Some(node) = names.get(name) {
            return Ok(node);
        }
        if self.is_gone() {
            return Err(Errno::ENOENT);
        }
        let node = match self.in_upper(name)? {
            Upper::File(upper) => self.shared.adopt(upper, Some(self), name)?,
            Upper::Whiteout => return Err(Errno::ENOENT),
            Upper::Nothing => {
                let lower = self.in_lower(names, name)?;
                self.shared.lower_node(lower, self, name)?
            }
        };
        names.put(name, &node);
        Ok(node)
    }

    /// As [`find`](Self::find), with `None` for a name that is free.
    pub fn find_opt(&self, names: &mut Names, name: &[u8]) -> Result<Option<Arc<Node>>> {
        match self.find(names, name) {
            Ok(node) => Ok(Some(node)),
            Err(Errno::ENOENT) => Ok(None),
            Err(e) => Err(e),
        }
    }

    /// What the upper layer has at a name.
    pub fn in_upper(&self, name: &[u8]) -> Result<Upper> {
        let Some(dir) = self.upper() else {
            return Ok(Upper::Nothing);
        };
        match dir.lookup(name) {
            Ok(file) if is_whiteout(&file)? => Ok(Upper::Whiteout),
            Ok(file) => Ok(Upper::File(file)),
            Err(Errno::ENOENT) => Ok(Upper::Nothing),
            Err(e) => Err(e),
        }
    }

    /// What the lower layers have at a name, whatever the upper says: nothing, one file, or directories to be merged.
    pub fn in_lower(&self, names: &mut Names, name: &[u8]) -> Result<Vec<InodeRef>> {
        if self.lower.is_empty() || names.absent.as_deref() == Some(name) {
            return Ok(Vec::new());
        }
        let found = self.search_lower(name)?;
        if found.is_empty() {
            names.absent = Some(name.into());
        }
        Ok(found)
    }

    fn search_lower(&self, name: &[u8]) -> Result<Vec<InodeRef>> {
        let mut found: Vec<InodeRef> = Vec::new();
        for layer in &self.lower {
            let file = match layer.lookup(name) {
                Ok(file) => file,
                Err(Errno::ENOENT | Errno::ENOTDIR) => continue,
                Err(_) if !found.is_empty() => break,
                Err(e) => return Err(e),
            };
            let directory = file.file_type() == FileType::Directory;
            if !found.is_empty() && !directory || self.shared.layers > 1 && is_whiteout(&file)? {
                break;
            }
            let last = !directory || self.shared.layers > 1 && is_opaque(&file);
            found.push(file);
            if last {
                break;
            }
        }
        Ok(found)
    }
}
