//! An open regular file of the host. Data goes straight between the host and the guest's buffers.

use super::Shared;
use super::inode::stat_fd;
use super::keep::Kept;
use crate::Metadata;
use crate::file::{FileOps, MapSource};
use alloc::sync::Arc;
use core::any::Any;
use host::iov::IovIter;
use host::lock::{Mutex, rank};
use host::sys::fd::{self, HostFd};
use host::{Errno, Result};

const SEEK_CUR: u32 = 1;
const SEEK_DATA: u32 = 3;
const SEEK_HOLE: u32 = 4;

/// An open regular file.
pub(super) struct HostFile {
    fd: Arc<HostFd>,
    /// Of a frozen tree's file: what is kept of it, and by whom.
    kept: Option<(Arc<Kept>, Arc<Shared>)>,
    writable: bool,
    /// Held by whoever uses the host's own file position.
    position: Mutex<(), { rank::INODE }>,
}

impl HostFile {
    pub fn new(fd: Arc<HostFd>, writable: bool) -> Arc<HostFile> {
        Arc::new(HostFile { fd, kept: None, writable, position: Mutex::new(()) })
    }

    /// A file of a frozen tree, open for reading.
    pub fn of_kept(kept: Arc<Kept>, fs: &Arc<Shared>) -> Arc<HostFile> {
        let fd = kept.fd.clone();
        Arc::new(HostFile { fd, kept: Some((kept, fs.clone())), writable: false, position: Mutex::new(()) })
    }

    pub fn writable(&self) -> bool {
        self.writable
    }

    pub fn descriptor(&self) -> &HostFd {
        &self.fd
    }
}

impl FileOps for HostFile {
    fn as_any(&self) -> &dyn Any {
        self
    }

    fn read_at(&self, off: u64, to: &mut IovIter<'_>) -> Result<usize> {
        if let Some((kept, fs)) = &self.kept
            && let Some(n) = kept.read(&fs.keeper, off, to)
        {
            // Nothing at all although there was something: a page of the guest's is missing.
            return if n == 0 && to.fault().is_some() { Err(Errno::EFAULT) } else { Ok(n) };
        }
        fd::read_file(self.fd.raw(), off, to)
    }

    fn write_at(&self, off: u64, from: &mut IovIter<'_>, append: bool) -> Result<(usize, u64)> {
        if !append {
            let n = fd::write_file(self.fd.raw(), off, from)?;
            return Ok((n, off.saturating_add(n as u64)));
        }
        let _position = self.position.lock();
        let n = fd::append_file(self.fd.raw(), from)?;
        Ok((n, fd::lseek(self.fd.raw(), 0, SEEK_CUR)?))
    }

    fn seek_data(&self, off: u64, hole: bool) -> Result<u64> {
        let _position = self.position.lock();
        let whence = if hole { SEEK_HOLE } else { SEEK_DATA };
        fd::lseek(self.fd.raw(), off as i64, whence)
    }

    fn map(&self) -> Result<MapSource> {
        Ok(MapSource::Host(self.fd.clone()))
    }

    fn sync(&self, data_only: bool) -> Result<()> {
        fd::fsync(self.fd.raw(), data_only)
    }

    fn allocate(&self, mode: u32, off: u64, len: u64) -> Result<()> {
        fd::fallocate(self.fd.raw(), mode, off, len)
    }

    fn metadata(&self) -> Result<Metadata> {
        stat_fd(self.fd.raw())
    }
}
