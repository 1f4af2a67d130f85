//! An open directory of the host. Positions are the host's own cookies, so that they stay good while entries come and go.

use super::inode::{HostInode, stat_fd};
use super::place::{self};
use crate::Metadata;
use crate::file::{DirEntry, DirSink, FileOps};
use alloc::sync::{Arc, Weak};
use alloc::vec::Vec;
use core::any::Any;
use host::lock::{Mutex, rank};
use host::sys::fd::{self, HostFd};
use host::sys::path;
use host::{Errno, Result};

const O_DIRECTORY: u32 = 0o200000;
const O_NOFOLLOW: u32 = 0o400000;
/// As much as the host's libc asks for at a time.
const BUFFER: usize = 32 << 10;
/// `struct linux_dirent64` up to the name.
const HEADER: usize = 19;
/// The last position there can be. File systems that sort by hashes (ext4), and some others, give it to the end: then the host
/// need not be asked what follows.
const LAST: u64 = i64::MAX as u64;

/// An open directory.
pub(super) struct HostDir {
    fd: HostFd,
    /// Of a frozen tree: the inode, which knows of this.
    inode: Weak<HostInode>,
    cursor: Mutex<Cursor, { rank::INODE }>,
}

/// Entries got from the host and not yet handed out.
struct Cursor {
    buf: Vec<u8>,
    /// How many bytes of `buf` are used up.
    used: usize,
    /// The position that belongs to `used`.
    pos: u64,
    /// What the host need not be asked again.
    known: Known,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Known {
    Nothing,
    /// It was opened and is at its beginning.
    Fresh,
    /// The last entries that were handed out were the last there are: the next call says so, and after that who knows.
    End,
}

pub(super) fn open(dir: &HostInode) -> Result<Arc<dyn FileOps>> {
    let _still = dir.fs.still();
    let at = place::quick(&dir.fs, dir, None)?;
    let at_path = if at.path().is_empty() { c"." } else { at.path() };
    let flags = O_DIRECTORY | O_NOFOLLOW;
    let fd = dir.fs.open_quietly(dir.owner_uid(), |extra| path::open(at.dir(), at_path, flags | extra, 0))?;
    let cursor = Cursor { buf: Vec::new(), used: 0, pos: 0, known: Known::Fresh };
    let inode = if dir.fs.frozen { dir.me.clone() } else { Weak::new() };
    let opened = Arc::new(HostDir { fd, inode, cursor: Mutex::new(cursor) });
    if dir.fs.frozen {
        let before = core::mem::replace(&mut dir.place.lock().opened, Arc::downgrade(&opened));
        drop(before);
    }
    Ok(opened)
}

impl Drop for HostDir {
    /// The inode must not keep the memory.
    fn drop(&mut self) {
        let Some(inode) = self.inode.upgrade() else { return };
        let mut place = inode.place.lock();
        if core::ptr::eq(place.opened.as_ptr(), self) {
            place.opened = Weak::new();
        }
    }
}

impl HostDir {
    pub fn descriptor(&self) -> &HostFd {
        &self.fd
    }
}

/// One entry as the host wrote it.
struct Raw<'a> {
    entry: DirEntry<'a>,
    bytes: usize,
}

impl Cursor {
    /// Asks the host for more; `false` at the end.
    fn refill(&mut self, fd: i32) -> Result<bool> {
        if self.pos == LAST {
            self.forget();
            return Ok(false);
        }
        if self.buf.capacity() == 0 {
            self.buf.try_reserve_exact(BUFFER).map_err(|_| Errno::ENOMEM)?;
        }
        self.used = 0;
        fd::getdents(fd, &mut self.buf)?;
        if self.buf.is_empty() {
            self.forget();
            return Ok(false);
        }
        Ok(true)
    }

    /// Directories that were read to their end stay open for long in a walk over a tree.
    fn forget(&mut self) {
        (self.buf, self.used) = (Vec::new(), 0);
    }

    fn next(&self) -> Option<Raw<'_>> {
        parse(self.buf.get(self.used..)?)
    }
}

fn parse(bytes: &[u8]) -> Option<Raw<'_>> {
    let word = |at: usize| Some(u64::from_ne_bytes(bytes.get(at..at + 8)?.try_into().ok()?));
    let reclen = usize::from(u16::from_ne_bytes(bytes.get(16..18)?.try_into().ok()?));
    let name = bytes.get(HEADER..reclen)?;
    let end = name.iter().position(|&b| b == 0).unwrap_or(name.len());
    let entry = DirEntry { ino: word(0)?, next: word(8)?, kind: *bytes.get(18)?, name: name.get(..end)? };
    Some(Raw { entry, bytes: reclen })
}

impl FileOps for HostDir {
    fn as_any(&self) -> &dyn Any {
        self
    }

    fn readdir(&self, pos: u64, sink: DirSink<'_>) -> Result<u64> {
        let mut cursor = self.cursor.lock();
        let known = core::mem::replace(&mut cursor.known, Known::Nothing);
        // Position 0 is a rewind: what was buffered may be stale.
        if cursor.pos != pos || pos == 0 && known != Known::Fresh {
            fd::lseek(self.fd.raw(), pos as i64, 0)?;
            (cursor.used, cursor.pos) = (cursor.buf.len(), pos);
        } else if known == Known::End {
            return Ok(pos);
        }
        let mut any = false;
        loop {
            if cursor.used >= cursor.buf.len() && !cursor.refill(self.fd.raw())? {
                if any {
                    cursor.known = Known::End;
                }
                return Ok(cursor.pos);
            }
            let raw = cursor.next().ok_or(Errno::EIO)?;
            let (next, bytes) = (raw.entry.next, raw.bytes);
            if !sink(raw.entry) {
                return Ok(cursor.pos);
            }
            any = true;
            cursor.used += bytes;
            cursor.pos = next;
        }
    }

    fn sync(&self, data_only: bool) -> Result<()> {
        fd::fsync(self.fd.raw(), data_only)
    }

    fn metadata(&self) -> Result<Metadata> {
        stat_fd(self.fd.raw())
    }
}
