//! A pipe: the ring with its lock, its counts of readers and writers, and its wait queues.

use super::ring::Ring;
use super::{DEFAULT_SLOTS, PIPE_MAX_SIZE};
use alloc::sync::Arc;
use alloc::vec::Vec;
use fs_emu::{FileType, Metadata, SetAttr};
use host::abi::Timespec;
use host::iov::IovIter;
use host::layout::PAGE_SIZE;
use host::lock::{Mutex, rank};
use host::time;
use host::wait::WaitQueue;
use host::{Errno, Result};

/// How a file without a place in a file system appears in `fstat`.
#[derive(Clone, Copy, Debug, Default)]
pub struct Ident {
    /// Device number of the kernel-internal file system.
    pub dev: u64,
    /// Inode number, unique on it.
    pub ino: u64,
    /// Owner.
    pub uid: u32,
    /// Group.
    pub gid: u32,
}

/// What the lock guards.
struct State {
    ring: Ring,
    ends: Ends,
    times: Times,
    /// Permission bits and owner of a pipe without a name: `fchmod(2)` and `fchown(2)` change them.
    mode: u32,
    uid: u32,
    gid: u32,
}

/// Who has a pipe open.
#[derive(Clone, Copy, Default)]
pub(super) struct Ends {
    pub(super) readers: u32,
    pub(super) writers: u32,
    /// Ends ever opened: how one who waits for a partner sees one that came and went.
    pub(super) reader_opens: u64,
    pub(super) writer_opens: u64,
}

/// Stamping each transfer would cost a host call. Transfers leave a mark, and whoever looks at the times stamps it.
struct Times {
    accessed: Timespec,
    modified: Timespec,
    created: Timespec,
    was_read: bool,
    was_written: bool,
}

impl Times {
    fn now() -> Times {
        let now = time::coarse();
        Times { accessed: now, modified: now, created: now, was_read: false, was_written: false }
    }

    fn settle(&mut self) {
        if core::mem::take(&mut self.was_read) {
            self.accessed = time::coarse();
        }
        if core::mem::take(&mut self.was_written) {
            self.modified = time::coarse();
        }
    }
}

/// A pipe's buffer, shared by its ends.
pub struct Pipe {
    ident: Ident,
    /// Readers wait here, and who opens a FIFO and waits for a partner.
    readable: Arc<WaitQueue>,
    /// Writers wait here.
    writable: Arc<WaitQueue>,
    state: Mutex<State, { rank::OBJECT }>,
}

impl Pipe {
    pub(super) fn new(ident: Ident) -> Pipe {
        let (uid, gid) = (ident.uid, ident.gid);
        let ring = Ring::new(DEFAULT_SLOTS);
        let state = State { ring, ends: Ends::default(), times: Times::now(), mode: 0o600, uid, gid };
        Pipe { ident, readable: WaitQueue::new(), writable: WaitQueue::new(), state: Mutex::new(state) }
    }

    /// How it appears in `fstat`.
    pub fn ident(&self) -> Ident {
        self.ident
    }

    /// Opens ends and tells those who wait for a partner. With `needs_reader`, `ENXIO` when there is none.
    pub(super) fn join(&self, reads: bool, writes: bool, needs_reader: bool) -> Result<Ends> {
        let mut state = self.state.lock();
        if needs_reader && state.ends.readers == 0 {
            return Err(Errno::ENXIO);
        }
        if reads {
            state.ends.readers += 1;
            state.ends.reader_opens += 1;
        }
        if writes {
            state.ends.writers += 1;
            state.ends.writer_opens += 1;
        }
        let ends = state.ends;
        drop(state);
        self.readable.wake_all();
        Ok(ends)
    }

    /// Closes what [`join`](Self::join) opened.
    pub(super) fn leave(&self, reads: bool, writes: bool) {
        let mut state = self.state.lock();
        state.ends.readers -= u32::from(reads);
        state.ends.writers -= u32::from(writes);
        let half_open = (state.ends.readers == 0) != (state.ends.writers == 0);
        drop(state);
        if half_open {
            self.readable.wake_all();
            self.writable.wake_all();
        }
    }

    /// Takes bytes: 0 when it is empty and nobody writes, `EAGAIN` when it is empty and somebody may.
    pub fn read(&self, to: &mut IovIter<'_>) -> Result<usize> {
        if to.remaining() == 0 {
            return Ok(0);
        }
        Ok(self.take(|ring| ring.read(to))?.unwrap_or(0))
    }

    /// Puts bytes: `EPIPE` when nobody reads (the caller raises `SIGPIPE`), `EAGAIN` when nothing fits.
    pub fn write(&self, from: &mut IovIter<'_>, packet: bool) -> Result<usize> {
        if from.remaining() == 0 {
            return Ok(0);
        }
        let mut state = self.state.lock();
        if state.ends.readers == 0 {
            return Err(Errno::EPIPE);
        }
        let n = state.ring.write(from, packet)?;
        state.times.was_written = true;
        drop(state);
        self.readable.wake_all();
        Ok(n)
    }

    /// Runs `step` on a ring that holds something, and wakes writers if that made room. `None` at the end of file.
    fn take<T>(&self, step: impl FnOnce(&mut Ring) -> Result<T>) -> Result<Option<T>> {
        let mut state = self.state.lock();
        if state.ring.is_empty() {
            return if state.ends.writers == 0 { Ok(None) } else { Err(Errno::EAGAIN) };
        }
        let was_full = state.ring.is_full();
        let out = step(&mut state.ring);
        state.times.was_read = true;
        let room = was_full && !state.ring.is_full();
        drop(state);
        if room {
            self.writable.wake_all();
        }
        out.map(Some)
    }

    /// Bytes waiting (`FIONREAD`).
    pub fn bytes(&self) -> usize {
        self.state.lock().ring.bytes()
    }

    /// Capacity in bytes (`F_GETPIPE_SZ`).
    pub fn size(&self) -> usize {
        self.state.lock().ring.limit() * PAGE_SIZE
    }

    /// Sets the capacity (`F_SETPIPE_SZ`), rounded up to a power of two of pages, and answers it. `privileged` is
    /// `CAP_SYS_RESOURCE`.
    pub fn set_size(&self, bytes: u32, privileged: bool) -> Result<usize> {
        if bytes > 1 << 31 {
            return Err(Errno::EINVAL);
        }
        let size = (bytes as usize).next_power_of_two().max(PAGE_SIZE);
        let mut state = self.state.lock();
        let slots = size / PAGE_SIZE;
        if slots > state.ring.limit() && size > PIPE_MAX_SIZE && !privileged {
            return Err(Errno::EPERM);
        }
        state.ring.set_limit(slots)?;
        drop(state);
        self.writable.wake_all();
        Ok(size)
    }

    /// Who has it open.
    pub(super) fn ends(&self) -> Ends {
        self.state.lock().ends
    }

    /// Whether it is empty, whether it is full, and who has it open, all at one moment.
    pub(super) fn look(&self) -> (bool, bool, Ends) {
        let s = self.state.lock();
        (s.ring.is_empty(), s.ring.is_full(), s.ends)
    }

    /// Attributes for `fstat`.
    pub fn metadata(&self) -> Metadata {
        let mut state = self.state.lock();
        state.times.settle();
        Metadata {
            dev: self.ident.dev,
            ino: self.ident.ino,
            mode: FileType::Fifo.mode() | state.mode,
            nlink: 1,
            uid: state.uid,
            gid: state.gid,
            blksize: PAGE_SIZE as u32,
            atime: state.times.accessed,
            mtime: state.times.modified,
            ctime: state.times.modified,
            btime: state.times.created,
            ..Metadata::default()
        }
    }
}

impl Pipe {
    /// `fchmod(2)`, `fchown(2)`, `futimens(2)` on a pipe. It has no size to change.
    pub fn set_attr(&self, attr: &SetAttr) -> Result<()> {
        let mut state = self.state.lock();
        state.times.settle();
        state.mode = attr.mode.unwrap_or(state.mode) & 0o7777;
        state.uid = attr.uid.unwrap_or(state.uid);
        state.gid = attr.gid.unwrap_or(state.gid);
        state.times.accessed = attr.atime.unwrap_or(state.times.accessed);
        state.times.modified = attr.mtime.unwrap_or(state.times.modified);
        Ok(())
    }
}

/// What `splice`, `tee` and `sendfile` are made of: moving kernel bytes.
impl Pipe {
    /// Copies up to `max` bytes without taking them (`tee`). Empty at the end of file; `EAGAIN` as for a read.
    pub fn peek_bytes(&self, max: usize) -> Result<Vec<u8>> {
        let state = self.state.lock();
        if state.ring.is_empty() && state.ends.writers > 0 {
            return Err(Errno::EAGAIN);
        }
        state.ring.peek(max)
    }

    /// Takes up to `max` bytes. Empty at the end of file; `EAGAIN` as for a read.
    pub fn take_bytes(&self, max: usize) -> Result<Vec<u8>> {
        let took = self.take(|ring| {
            let bytes = ring.peek(max)?;
            ring.consume(bytes.len());
            Ok(bytes)
        })?;
        Ok(took.unwrap_or_default())
    }

    /// Gives back the tail of what [`take_bytes`](Self::take_bytes) took, when its destination would not have it all.
    pub fn put_back(&self, bytes: &[u8]) -> Result<()> {
        self.state.lock().ring.put_back(bytes)?;
        self.readable.wake_all();
        Ok(())
    }

    /// Puts bytes, as many as fit; errors as for a write.
    pub fn put_bytes(&self, bytes: &[u8]) -> Result<usize> {
        self.write(&mut IovIter::kernel(bytes), false)
    }

    /// The queue that readers wait on.
    pub fn readable(&self) -> &Arc<WaitQueue> {
        &self.readable
    }

    /// The queue that writers wait on.
    pub fn writable(&self) -> &Arc<WaitQueue> {
        &self.writable
    }
}
