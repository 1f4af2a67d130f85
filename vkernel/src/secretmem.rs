//! `memfd_secret(2)`: memory that only mappings of its own descriptor reach.
//!
//! Answers to Linux's `mm/secretmem.c`: such a file is sized once, mapped shared, counts as locked, and is neither read nor
//! written by calls; nor is it shown to other processes or in dumps. Left out: hiding it from the host, whose memory it is, and
//! refusing it to `vmsplice(2)`. Locks: those of the file of a tmpfs that holds the pages.

use alloc::sync::Arc;
use alloc::vec::Vec;
use core::any::Any;
use fs_emu::file::MapSource;
use fs_emu::vfs::File;
use fs_emu::{FileOps, Metadata, SetAttr};
use host::{Errno, Result};

/// An open file of secret memory.
pub struct SecretMem {
    /// Its pages: a file that has no name.
    pages: Arc<File>,
}

impl SecretMem {
    /// One whose pages are those of an empty file.
    pub fn new(pages: Arc<File>) -> Arc<SecretMem> {
        Arc::new(SecretMem { pages })
    }

    /// Whether an open file is one.
    pub fn is(file: &File) -> bool {
        file.ops_as::<SecretMem>().is_some()
    }
}

impl FileOps for SecretMem {
    fn as_any(&self) -> &dyn Any {
        self
    }

    fn seekable(&self) -> bool {
        false
    }

    fn spliceable(&self) -> bool {
        false
    }

    fn map(&self) -> Result<MapSource> {
        self.pages.ops().map()
    }

    fn allocate(&self, _mode: u32, _off: u64, _len: u64) -> Result<()> {
        Err(Errno::EOPNOTSUPP)
    }

    /// The first size is the last.
    fn set_attr(&self, attr: &SetAttr) -> Result<()> {
        if attr.size.is_some() && self.pages.metadata()?.size != 0 {
            return Err(Errno::EINVAL);
        }
        let path = self.pages.path().ok_or(Errno::EINVAL)?;
        path.inode().set_attr(attr)
    }

    fn describe(&self) -> Vec<u8> {
        b"/secretmem (deleted)".to_vec()
    }

    fn metadata(&self) -> Result<Metadata> {
        Ok(Metadata { blocks: 0, nlink: 1, ..self.pages.metadata()? })
    }
}
