//! The side of a pseudo terminal that stands for the keyboard and the screen: what opening `/dev/ptmx` makes.

use super::ioctl;
use super::pair::Pair;
use crate::kernel::kernel;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::any::Any;
use core::sync::atomic::{AtomicBool, Ordering::SeqCst};
use fs_emu::FileOps;
use fs_emu::file::Events;
use host::iov::IovIter;
use host::wait::PollTable;
use host::{Errno, Result};

/// How much one step moves.
const CHUNK: usize = 4096;

/// The open master, one per pair. Closing it hangs up.
pub struct MasterFile {
    pair: Arc<Pair>,
    closed: AtomicBool,
}

impl MasterFile {
    pub(super) fn new(pair: Arc<Pair>) -> MasterFile {
        MasterFile { pair, closed: AtomicBool::new(false) }
    }

    /// The master behind an open file, if it is one.
    pub fn of(ops: &dyn FileOps) -> Option<&MasterFile> {
        ops.as_any().downcast_ref()
    }

    /// The terminal.
    pub fn pair(&self) -> &Arc<Pair> {
        &self.pair
    }
}

impl Drop for MasterFile {
    fn drop(&mut self) {
        self.release();
    }
}

impl FileOps for MasterFile {
    fn as_any(&self) -> &dyn Any {
        self
    }

    fn release(&self) {
        if !self.closed.swap(true, SeqCst) {
            kernel().ptys.remove(self.pair.index);
            self.pair.hang_up();
        }
    }

    fn read_at(&self, _off: u64, to: &mut IovIter<'_>) -> Result<usize> {
        if to.remaining() == 0 {
            return Ok(0);
        }
        self.pair.change(|s| {
            let mut bytes: Vec<u8> = Vec::new();
            if s.packet && s.status != 0 {
                bytes.push(s.status);
            } else if s.line.out.len() > 0 {
                let head = usize::from(s.packet);
                bytes.resize(head, 0);
                bytes.extend(s.line.out.peek((to.remaining() - head).min(CHUNK)));
            } else {
                return Err(if s.slave_closed { Errno::EIO } else { Errno::EAGAIN });
            }
            let moved = to.put(&bytes);
            if moved == 0 {
                return Err(Errno::EFAULT);
            }
            if s.packet && s.status != 0 {
                s.status = 0;
            } else {
                s.line.out.consume(moved - usize::from(s.packet));
            }
            Ok(moved)
        })
    }

    fn write_at(&self, off: u64, from: &mut IovIter<'_>, _append: bool) -> Result<(usize, u64)> {
        let done = self.pair.write(from, CHUNK, |s, bytes| {
            let n = s.room_in().min(bytes.len());
            if n == 0 && !bytes.is_empty() {
                return Err(Errno::EAGAIN);
            }
            s.push(bytes.get(..n).unwrap_or_default());
            Ok(n)
        });
        done.map(|n| (n, off))
    }

    fn seekable(&self) -> bool {
        false
    }

    fn writes_all(&self) -> bool {
        true
    }

    fn poll(&self, table: Option<&mut PollTable>) -> Events {
        if let Some(table) = table {
            table.wait_on(&self.pair.changed);
        }
        self.pair.look(|s| {
            let mut now = Events::empty();
            let status = s.packet && s.status != 0;
            if s.line.out.len() > 0 || status {
                now |= Events::IN | Events::RDNORM;
            }
            if status {
                now |= Events::PRI;
            }
            if s.slave_closed {
                now |= Events::HUP;
            }
            if s.room_in() > 0 {
                now |= Events::OUT | Events::WRNORM;
            }
            now
        })
    }

    fn ioctl(&self, cmd: u32, arg: usize) -> Result<usize> {
        ioctl::master(&self.pair, cmd, arg)
    }

    fn describe(&self) -> Vec<u8> {
        b"/dev/ptmx".to_vec()
    }
}
