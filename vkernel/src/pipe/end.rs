//! One open end of a pipe, or of a FIFO (where `O_RDWR` makes it both).

use super::buffer::{Ends, Pipe};
use alloc::format;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::any::Any;
use core::sync::atomic::{AtomicBool, Ordering::Relaxed};
use fs_emu::file::Events;
use fs_emu::{FileOps, Metadata, OpenFlags, SetAttr};
use host::iov::IovIter;
use host::wait::PollTable;
use host::{Errno, Result, user};

const FIONREAD: u32 = 0x541b;

/// What a descriptor of a pipe refers to. Dropping it is closing it.
pub struct PipeEnd {
    pipe: Arc<Pipe>,
    reads: bool,
    writes: bool,
    /// `O_DIRECT`: each write is a packet.
    packet: AtomicBool,
    /// No hang-up is reported while the count of writers ever opened is this: a reader that opened a FIFO without waiting
    /// has not lost a writer yet.
    quiet_at: u64,
    closed: AtomicBool,
}

impl PipeEnd {
    /// Opens an end of a pipe: never waits, never fails.
    pub(super) fn open(pipe: &Arc<Pipe>, reads: bool, writes: bool, flags: OpenFlags) -> PipeEnd {
        let _ = pipe.join(reads, writes, false);
        PipeEnd::joined(pipe, reads, writes, flags)
    }

    /// Opens an end of a FIFO; also answers who else has it open.
    pub(super) fn open_fifo(pipe: &Arc<Pipe>, flags: OpenFlags) -> Result<(PipeEnd, Ends)> {
        let (reads, writes) = (flags.readable(), flags.writable());
        let nonblock = flags.contains(OpenFlags::NONBLOCK);
        let ends = pipe.join(reads, writes, nonblock && writes && !reads)?;
        let mut end = PipeEnd::joined(pipe, reads, writes, flags);
        if nonblock && ends.writers == 0 {
            end.quiet_at = ends.writer_opens;
        }
        Ok((end, ends))
    }

    fn joined(pipe: &Arc<Pipe>, reads: bool, writes: bool, flags: OpenFlags) -> PipeEnd {
        let packet = AtomicBool::new(flags.contains(OpenFlags::DIRECT));
        PipeEnd { pipe: pipe.clone(), reads, writes, packet, quiet_at: 0, closed: AtomicBool::new(false) }
    }

    /// The pipe end behind an open file, if it is one.
    pub fn of(ops: &dyn FileOps) -> Option<&PipeEnd> {
        ops.as_any().downcast_ref()
    }

    /// The buffer, for `splice`, `F_GETPIPE_SZ` and `F_SETPIPE_SZ`.
    pub fn buffer(&self) -> &Arc<Pipe> {
        &self.pipe
    }
}

impl Drop for PipeEnd {
    fn drop(&mut self) {
        self.release();
    }
}

impl FileOps for PipeEnd {
    fn as_any(&self) -> &dyn Any {
        self
    }

    fn read_at(&self, _off: u64, to: &mut IovIter<'_>) -> Result<usize> {
        if !self.reads {
            return Err(Errno::EBADF);
        }
        self.pipe.read(to)
    }

    fn write_at(&self, off: u64, from: &mut IovIter<'_>, _append: bool) -> Result<(usize, u64)> {
        if !self.writes {
            return Err(Errno::EBADF);
        }
        self.pipe.write(from, self.packet.load(Relaxed)).map(|n| (n, off))
    }

    fn release(&self) {
        if !self.closed.swap(true, Relaxed) {
            self.pipe.leave(self.reads, self.writes);
        }
    }

    fn seekable(&self) -> bool {
        false
    }

    fn writes_all(&self) -> bool {
        true
    }

    fn poll(&self, table: Option<&mut PollTable>) -> Events {
        if let Some(table) = table {
            if self.reads {
                table.wait_on(self.pipe.readable());
            }
            if self.writes {
                table.wait_on(self.pipe.writable());
            }
        }
        let (empty, full, ends) = self.pipe.look();
        let mut events = Events::empty();
        if self.reads {
            events.set(Events::IN | Events::RDNORM, !empty);
            events.set(Events::HUP, ends.writers == 0 && ends.writer_opens != self.quiet_at);
        }
        if self.writes {
            events.set(Events::OUT | Events::WRNORM, !full);
            events.set(Events::ERR, ends.readers == 0);
        }
        events
    }

    fn ioctl(&self, cmd: u32, arg: usize) -> Result<usize> {
        if cmd != FIONREAD {
            return Err(Errno::ENOTTY);
        }
        let bytes = i32::try_from(self.pipe.bytes()).unwrap_or(i32::MAX);
        user::write(arg, &bytes).map(|()| 0)
    }

    fn set_flags(&self, flags: OpenFlags) -> Result<()> {
        self.packet.store(flags.contains(OpenFlags::DIRECT), Relaxed);
        Ok(())
    }

    fn open_again(&self, flags: OpenFlags) -> Result<Arc<dyn FileOps>> {
        let (reads, writes) = (flags.readable(), flags.writable());
        if !reads && !writes {
            return Err(Errno::EINVAL);
        }
        Ok(Arc::new(PipeEnd::open(&self.pipe, reads, writes, flags)))
    }

    fn describe(&self) -> Vec<u8> {
        format!("pipe:[{}]", self.pipe.ident().ino).into_bytes()
    }

    fn set_attr(&self, attr: &SetAttr) -> Result<()> {
        self.pipe.set_attr(attr)
    }

    fn metadata(&self) -> Result<Metadata> {
        Ok(self.pipe.metadata())
    }
}
