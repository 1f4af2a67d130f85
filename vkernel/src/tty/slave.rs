//! The side of a pseudo terminal that programs use as their terminal: `/dev/pts/N` (`drivers/tty/n_tty.c`).

use super::ioctl;
use super::pair::Pair;
use super::termios::{ICANON, TOSTOP, cc};
use alloc::format;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::any::Any;
use core::sync::atomic::{AtomicBool, Ordering::Relaxed};
use fs_emu::file::{Events, Patience};
use fs_emu::{FileOps, Inode, Metadata, OpenFlags, SetAttr};
use host::abi::Timespec;
use host::iov::IovIter;
use host::wait::PollTable;
use host::{Errno, Result};

/// How much one step writes.
const CHUNK: usize = 2048;

/// An open slave.
pub struct SlaveFile {
    pair: Arc<Pair>,
    nonblock: AtomicBool,
    /// The last read would have waited: if it does and the master goes, that is an error and not the end of the file.
    waiting: AtomicBool,
    closed: AtomicBool,
}

impl SlaveFile {
    /// Opens it. `privileged` is `CAP_SYS_ADMIN`.
    pub fn open(pair: &Arc<Pair>, flags: OpenFlags, privileged: bool) -> Result<SlaveFile> {
        pair.slave_opens(privileged)?;
        let nonblock = AtomicBool::new(flags.contains(OpenFlags::NONBLOCK));
        Ok(SlaveFile { pair: pair.clone(), nonblock, waiting: AtomicBool::new(false), closed: AtomicBool::new(false) })
    }

    /// The slave behind an open file, if it is one.
    pub fn of(ops: &dyn FileOps) -> Option<&SlaveFile> {
        ops.as_any().downcast_ref()
    }

    /// The terminal.
    pub fn pair(&self) -> &Arc<Pair> {
        &self.pair
    }

    /// Whether writers in the background are stopped.
    pub fn stops_writers(&self) -> bool {
        self.pair.termios().l(TOSTOP)
    }

    /// Whether the master is gone.
    pub fn hung_up(&self) -> bool {
        self.pair.look(|s| s.hung_up)
    }

    fn ready(&self) -> Events {
        let input = Events::IN | Events::RDNORM;
        let output = Events::OUT | Events::WRNORM;
        let now = self.pair.look(|s| {
            if s.hung_up {
                return input | output | Events::ERR | Events::HUP;
            }
            let t = &s.line.termios;
            let min = if t.l(ICANON) || t.cc(cc::VTIME) != 0 { 1 } else { usize::from(t.cc(cc::VMIN)).max(1) };
            let mut now = Events::empty();
            if s.line.available() >= min {
                now |= input;
            }
            if s.line.out.room() >= 8 {
                now |= output;
            }
            now
        });
        // Who cannot write waits for that.
        if now & (input | output) == output {
            self.pair.want_keys();
        }
        now
    }
}

impl Drop for SlaveFile {
    fn drop(&mut self) {
        self.release();
    }
}

impl FileOps for SlaveFile {
    fn as_any(&self) -> &dyn Any {
        self
    }

    fn release(&self) {
        if !self.closed.swap(true, Relaxed) {
            self.pair.slave_closes();
        }
    }

    fn read_at(&self, _off: u64, to: &mut IovIter<'_>) -> Result<usize> {
        if to.remaining() == 0 {
            return Ok(0);
        }
        let waited = self.waiting.swap(false, Relaxed);
        let done = self.pair.change(|s| {
            if s.hung_up {
                return if waited { Err(Errno::EIO) } else { Ok(0) };
            }
            let (bytes, used) = s.line.peek(to.remaining());
            if used == 0 {
                let t = &s.line.termios;
                let at_once = !t.l(ICANON) && t.cc(cc::VMIN) == 0 && t.cc(cc::VTIME) == 0;
                return if at_once { Ok(0) } else { Err(Errno::EAGAIN) };
            }
            let moved = to.put(&bytes);
            if moved < bytes.len() {
                s.line.consume(moved);
                return if moved == 0 { Err(Errno::EFAULT) } else { Ok(moved) };
            }
            s.line.consume(used);
            if to.remaining() == 0 && used == moved && s.line.peek(0).1 == 1 && s.line.termios.l(ICANON) {
                // The end of file right behind a line that filled the buffer is part of it.
                let ended = bytes.last() == Some(&b'\n');
                s.line.consume(usize::from(!ended));
            }
            Ok(moved)
        });
        if matches!(done, Err(Errno::EAGAIN) | Ok(0)) {
            self.pair.want_keys();
        }
        if done == Err(Errno::EAGAIN) && !self.nonblock.load(Relaxed) {
            self.waiting.store(true, Relaxed);
        }
        done
    }

    fn write_at(&self, off: u64, from: &mut IovIter<'_>, _append: bool) -> Result<(usize, u64)> {
        let done = self.pair.write(from, CHUNK, |s, bytes| {
            if s.hung_up {
                return Err(Errno::EIO);
            }
            let t = s.line.termios;
            match s.line.out.write(&t, bytes) {
                0 if !bytes.is_empty() => Err(Errno::EAGAIN),
                n => Ok(n),
            }
        });
        done.map(|n| (n, off))
    }

    fn seekable(&self) -> bool {
        false
    }

    fn writes_all(&self) -> bool {
        true
    }

    fn patience(&self) -> Option<Patience> {
        let t = self.pair.termios();
        if t.l(ICANON) {
            return None;
        }
        let tenths = i64::from(t.cc(cc::VTIME));
        let span = (tenths > 0).then(|| Timespec { sec: tenths / 10, nsec: tenths % 10 * 100_000_000 });
        Some(match usize::from(t.cc(cc::VMIN)) {
            0 => Patience { at_least: 1, first: span, between: None },
            min => Patience { at_least: min, first: None, between: span },
        })
    }

    fn poll(&self, table: Option<&mut PollTable>) -> Events {
        if let Some(table) = table {
            table.wait_on(&self.pair.changed);
        }
        self.ready()
    }

    fn ioctl(&self, cmd: u32, arg: usize) -> Result<usize> {
        ioctl::slave(&self.pair, cmd, arg)
    }

    fn set_flags(&self, flags: OpenFlags) -> Result<()> {
        self.nonblock.store(flags.contains(OpenFlags::NONBLOCK), Relaxed);
        Ok(())
    }

    fn open_again(&self, flags: OpenFlags) -> Result<Arc<dyn FileOps>> {
        Ok(Arc::new(SlaveFile::open(&self.pair, flags, false)?))
    }

    fn set_attr(&self, attr: &SetAttr) -> Result<()> {
        self.pair.node.set_attr(attr)
    }

    fn describe(&self) -> Vec<u8> {
        format!("/dev/pts/{}", self.pair.index).into_bytes()
    }

    fn metadata(&self) -> Result<Metadata> {
        self.pair.node.metadata()
    }
}
