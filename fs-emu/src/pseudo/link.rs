//! Symlinks made up on demand, magic ones among them, and device nodes.

use super::{Attr, set_attr};
use crate::vfs::Path;
use crate::{FileType, Inode, InodeRef, Metadata, Owner, SetAttr};
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::any::Any;
use host::{Errno, Result};

/// Where a symlink leads.
pub trait LinkSource: Send + Sync + 'static {
    /// The link's attributes.
    fn attr(&self) -> Result<Attr>;
    /// Its text.
    fn readlink(&self) -> Result<Vec<u8>>;
    /// For a magic link: the very place it stands for, whatever its text. `EACCES` where Linux's ptrace check refuses.
    fn jump(&self) -> Option<Result<Path>> {
        None
    }
}

/// A symlink.
pub struct PseudoLink<S>(S);

impl<S: LinkSource> PseudoLink<S> {
    /// An inode that shows a source.
    pub fn build(source: S) -> InodeRef {
        Arc::new(PseudoLink(source))
    }
}

impl<S: LinkSource> Inode for PseudoLink<S> {
    fn metadata(&self) -> Result<Metadata> {
        self.0.attr().map(|a| a.metadata(FileType::Symlink, 0))
    }

    fn file_type(&self) -> FileType {
        FileType::Symlink
    }

    fn as_any(&self) -> &dyn Any {
        self
    }

    fn readlink(&self) -> Result<Vec<u8>> {
        self.0.readlink()
    }

    fn magic_link(&self) -> Option<Result<Path>> {
        self.0.jump()
    }

    fn set_attr(&self, attr: &SetAttr) -> Result<()> {
        set_attr(attr)
    }
}

/// A device node, FIFO or socket, which the kernel above knows how to open.
pub struct PseudoNode {
    attr: Attr,
    kind: FileType,
    rdev: u64,
}

impl PseudoNode {
    /// A node of this kind. `EINVAL` for a kind that has a content of its own.
    pub fn build(attr: Attr, kind: FileType, rdev: u64) -> Result<InodeRef> {
        match kind {
            FileType::Regular | FileType::Directory | FileType::Symlink => Err(Errno::EINVAL),
            _ => Ok(Arc::new(PseudoNode { attr, kind, rdev })),
        }
    }
}

impl Inode for PseudoNode {
    fn metadata(&self) -> Result<Metadata> {
        Ok(self.attr.metadata(self.kind, self.rdev))
    }

    fn file_type(&self) -> FileType {
        self.kind
    }

    fn as_any(&self) -> &dyn Any {
        self
    }

    fn mode_owner(&self) -> Result<(u32, Owner)> {
        Ok(self.attr.mode_owner(self.kind))
    }

    fn set_attr(&self, attr: &SetAttr) -> Result<()> {
        set_attr(attr)
    }
}
