//! Open regular files. One opened in the upper layer is that layer's own; one opened for reading in the lower is wrapped,
//! and goes on in the upper as soon as the file has been copied up.

use super::node::Node;
use crate::Metadata;
use crate::file::{FileOps, MapSource, OpenFlags};
use crate::inode::Inode;
use alloc::sync::Arc;
use core::any::Any;
use host::iov::IovIter;
use host::lock::{Mutex, rank};
use host::{Errno, Result};

struct LowerFile {
    node: Arc<Node>,
    lower: Arc<dyn FileOps>,
    /// Opened at the first use after the copy-up.
    upper: Mutex<Option<Arc<dyn FileOps>>, { rank::LEAF }>,
}

pub(super) fn open(node: Arc<Node>, flags: OpenFlags) -> Result<Arc<dyn FileOps>> {
    if flags.writable() {
        // What is truncated next need not be copied.
        let limit = if flags.contains(OpenFlags::TRUNC) { 0 } else { u64::MAX };
        return node.copy_up_to(limit)?.open(flags);
    }
    if let Some(upper) = node.upper() {
        return upper.open(flags);
    }
    let lower = node.layer()?.open(flags)?;
    Ok(Arc::new(LowerFile { node, lower, upper: Mutex::new(None) }))
}

impl LowerFile {
    fn now(&self) -> Result<Arc<dyn FileOps>> {
        let Some(upper) = self.node.upper() else {
            return Ok(self.lower.clone());
        };
        if let Some(file) = &*self.upper.lock() {
            return Ok(file.clone());
        }
        let file = upper.open(OpenFlags::empty())?;
        let before = self.upper.lock().replace(file.clone());
        drop(before);
        Ok(file)
    }
}

impl FileOps for LowerFile {
    fn as_any(&self) -> &dyn Any {
        self
    }

    fn read_at(&self, off: u64, to: &mut IovIter<'_>) -> Result<usize> {
        if !self.node.has_upper() { self.lower.read_at(off, to) } else { self.now()?.read_at(off, to) }
    }

    fn write_at(&self, _off: u64, _from: &mut IovIter<'_>, _append: bool) -> Result<(usize, u64)> {
        Err(Errno::EBADF)
    }

    fn seek_data(&self, off: u64, hole: bool) -> Result<u64> {
        self.now()?.seek_data(off, hole)
    }

    fn map(&self) -> Result<MapSource> {
        self.now()?.map()
    }

    fn sync(&self, data_only: bool) -> Result<()> {
        // A lower file has nothing to be written back.
        if self.node.upper().is_none() { Ok(()) } else { self.now()?.sync(data_only) }
    }

    fn metadata(&self) -> Result<Metadata> {
        self.node.metadata()
    }
}
