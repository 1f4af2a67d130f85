//! Open files and directories of a tmpfs.

use super::dir::FIRST;
use super::node::Node;
use super::seal;
use crate::file::DirSink;
use crate::vfs::file::{MAX_BYTES, fallocate};
use crate::{DirEntry, FileOps, FileType, MapSource, Metadata, OpenFlags, PageSource};
use alloc::sync::Arc;
use core::any::Any;
use core::sync::atomic::{AtomicBool, AtomicU64, Ordering::*};
use host::iov::IovIter;
use host::{Errno, Result, time};

const PAGE: u64 = host::layout::PAGE_SIZE as u64;

/// An open regular file.
pub(super) struct OpenFile {
    node: Arc<Node>,
    /// Reading leaves the access time alone.
    quiet: AtomicBool,
}

impl OpenFile {
    pub(super) fn new(node: Arc<Node>, flags: OpenFlags) -> OpenFile {
        OpenFile { node, quiet: AtomicBool::new(flags.contains(OpenFlags::NOATIME)) }
    }
}

/// `EFAULT` when there was something to move and nothing moved.
fn moved(n: usize, iter: &IovIter<'_>) -> Result<usize> {
    if n == 0 && iter.fault().is_some() { Err(Errno::EFAULT) } else { Ok(n) }
}

impl FileOps for OpenFile {
    fn as_any(&self) -> &dyn Any {
        self
    }

    fn read_at(&self, off: u64, to: &mut IovIter<'_>) -> Result<usize> {
        let n = self.node.data()?.read().read(off, to);
        let n = moved(n, to)?;
        if !self.quiet.load(Relaxed) {
            self.node.accessed();
        }
        Ok(n)
    }

    fn write_at(&self, off: u64, from: &mut IovIter<'_>, append: bool) -> Result<(usize, u64)> {
        if from.remaining() == 0 {
            return Ok((0, off));
        }
        let (n, at) = self.node.change(|data, shared| {
            let at = if append { data.size() } else { off };
            if at >= MAX_BYTES {
                return Err(Errno::EFBIG);
            }
            from.truncate(usize::try_from(MAX_BYTES - at).unwrap_or(usize::MAX));
            self.node.check_write(data.size(), at, from)?;
            Ok((data.write(shared, at, from)?, at))
        })?;
        let n = moved(n, from)?;
        self.node.touch(time::coarse());
        Ok((n, at + n as u64))
    }

    fn seek_data(&self, off: u64, hole: bool) -> Result<u64> {
        self.node.data()?.read().seek(off, hole)
    }

    fn map(&self) -> Result<MapSource> {
        if !self.quiet.load(Relaxed) {
            self.node.accessed();
        }
        Ok(MapSource::Pages(self.node.clone()))
    }

    fn sync(&self, _data_only: bool) -> Result<()> {
        Ok(())
    }

    fn allocate(&self, mode: u32, off: u64, len: u64) -> Result<()> {
        use fallocate::*;
        if mode & (COLLAPSE_RANGE | INSERT_RANGE | UNSHARE_RANGE) != 0 {
            return Err(Errno::EOPNOTSUPP);
        }
        let freed = self.node.change(|data, shared| {
            if mode & PUNCH_HOLE != 0 {
                self.node.seals.check(seal::WRITE | seal::FUTURE_WRITE)?;
                return Ok(data.punch(shared, off, len));
            }
            if off.saturating_add(len) > data.size() {
                self.node.seals.check(seal::GROW)?;
            }
            data.reserve(shared, off, len, mode & KEEP_SIZE != 0, mode & ZERO_RANGE != 0)?;
            Ok(alloc::vec::Vec::new())
        })?;
        drop(freed);
        self.node.touch(time::coarse());
        Ok(())
    }

    fn seals(&self) -> Result<u32> {
        Ok(self.node.seals.get())
    }

    fn add_seals(&self, seals: u32) -> Result<()> {
        let mode = self.node.perm().0;
        self.node.change(|data, _| self.node.seals.add(seals, mode, data.is_mapped_writable()))
    }

    fn init_seals(&self, seals: u32) {
        self.node.seals.set(seals);
    }

    fn set_flags(&self, flags: OpenFlags) -> Result<()> {
        self.quiet.store(flags.contains(OpenFlags::NOATIME), Relaxed);
        Ok(())
    }

    fn metadata(&self) -> Result<Metadata> {
        Ok(self.node.metadata())
    }
}

impl PageSource for Node {
    fn run(&self, page: u64, max: usize, fill: bool) -> Result<Option<(u64, usize)>> {
        let found = self.data()?.read().run(page, max)?;
        if found.is_some() || !fill {
            return Ok(found);
        }
        self.change(|data, shared| data.run_filled(shared, page, max))
    }

    fn mapped(&self, change: i32, writable: bool) {
        let freed = self.change(|data, shared| Ok(data.mapped(shared, change, writable)));
        drop(freed);
    }

    fn map_new(&self, writable: bool) -> Result<()> {
        self.change(|data, shared| {
            if writable {
                self.seals.check(seal::WRITE | seal::FUTURE_WRITE)?;
            }
            data.mapped(shared, 1, writable);
            Ok(())
        })
    }

    fn pages(&self) -> u64 {
        self.size.load(Relaxed).div_ceil(PAGE)
    }

    fn write_sealed(&self) -> bool {
        self.seals.check(seal::WRITE | seal::FUTURE_WRITE).is_err()
    }
}

impl Node {
    /// What the seals leave of a write: one against growing lets the pages through that the file has in full.
    fn check_write(&self, size: u64, at: u64, from: &mut IovIter<'_>) -> Result<()> {
        self.seals.check(seal::WRITE | seal::FUTURE_WRITE)?;
        if at.saturating_add(from.remaining() as u64) > size && self.seals.check(seal::GROW).is_err() {
            let room = (size / PAGE * PAGE).checked_sub(at).filter(|&room| room > 0).ok_or(Errno::EPERM)?;
            from.truncate(usize::try_from(room).unwrap_or(usize::MAX));
        }
        Ok(())
    }
}

/// An open directory.
pub(super) struct OpenDir {
    node: Arc<Node>,
    /// The id that was next when reading began at the start: what came later is not shown.
    end: AtomicU64,
}

impl OpenDir {
    pub(super) fn new(node: Arc<Node>) -> OpenDir {
        OpenDir { node, end: AtomicU64::new(0) }
    }
}

impl FileOps for OpenDir {
    fn as_any(&self) -> &dyn Any {
        self
    }

    fn read_at(&self, _off: u64, _to: &mut IovIter<'_>) -> Result<usize> {
        Err(Errno::EISDIR)
    }

    fn readdir(&self, pos: u64, sink: DirSink<'_>) -> Result<u64> {
        let entries = self.node.entries()?.read();
        if entries.dead {
            return Err(Errno::ENOENT);
        }
        if pos == 0 || self.end.load(Relaxed) == 0 {
            self.end.store(entries.next_id(), Relaxed);
        }
        let (end, dir) = (self.end.load(Relaxed), FileType::Directory as u8);
        let dots: [(u64, &[u8]); 2] = [(self.node.ino, b"."), (self.node.parent_ino.load(Relaxed), b"..")];
        let mut at = pos;
        for (i, (ino, name)) in dots.into_iter().enumerate().skip(pos.min(2) as usize) {
            let next = i as u64 + 1;
            if !sink(DirEntry { ino, next, kind: dir, name }) {
                return Ok(at);
            }
            at = next;
        }
        for (id, name, node) in entries.from(at.max(FIRST)).take_while(|(id, ..)| *id < end) {
            if !sink(DirEntry { ino: node.ino, next: id + 1, kind: node.kind as u8, name }) {
                return Ok(at);
            }
            at = id + 1;
        }
        drop(entries);
        self.node.accessed();
        Ok(at)
    }

    fn sync(&self, _data_only: bool) -> Result<()> {
        Ok(())
    }

    fn metadata(&self) -> Result<Metadata> {
        Ok(self.node.metadata())
    }
}
