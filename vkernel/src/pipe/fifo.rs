//! Pipes that have a name (`fifo(7)`): which inode has which pipe, and the opening that waits for a partner.
//!
//! Nothing here sleeps. [`FifoTable::open`] opens the end at once, so that the other side can see it, and says with
//! [`FifoOpen::ready`] whether a partner has come; dropping a [`FifoOpen`] and its end closes it again.

use super::buffer::{Ident, Pipe};
use super::end::PipeEnd;
use alloc::collections::BTreeMap;
use alloc::sync::{Arc, Weak};
use fs_emu::{FileOps, OpenFlags};
use host::lock::{Mutex, rank};
use host::wait::WaitQueue;
use host::{Errno, Result};

/// The pipes behind the FIFOs that are open now, by device and inode number. Whoever holds an end must hold the inode
/// as well, so that the number is not given to another file meanwhile.
#[derive(Default)]
pub struct FifoTable {
    pipes: Mutex<BTreeMap<(u64, u64), Weak<Pipe>>, { rank::OBJECT }>,
}

impl FifoTable {
    /// Starts to open the FIFO with this identity. `ENXIO` for a nonblocking writer without a reader.
    pub fn open(&self, ident: Ident, flags: OpenFlags) -> Result<FifoOpen> {
        let (reads, writes) = (flags.readable(), flags.writable());
        if !reads && !writes {
            return Err(Errno::EINVAL);
        }
        let (end, ends) = PipeEnd::open_fifo(&self.pipe(ident), flags)?;
        let wants = match (reads, writes) {
            (true, false) if ends.writers == 0 && !flags.contains(OpenFlags::NONBLOCK) => {
                Some(Wants::Writer(ends.writer_opens))
            }
            (false, true) if ends.readers == 0 => Some(Wants::Reader(ends.reader_opens)),
            _ => None,
        };
        Ok(FifoOpen { end: Arc::new(end), wants })
    }

    fn pipe(&self, ident: Ident) -> Arc<Pipe> {
        let key = (ident.dev, ident.ino);
        let mut pipes = self.pipes.lock();
        if let Some(pipe) = pipes.get(&key).and_then(Weak::upgrade) {
            return pipe;
        }
        pipes.retain(|_, pipe| pipe.strong_count() > 0);
        let pipe = Arc::new(Pipe::new(ident));
        pipes.insert(key, Arc::downgrade(&pipe));
        pipe
    }
}

/// The partner waited for: one opened after this many.
enum Wants {
    Writer(u64),
    Reader(u64),
}

/// An opening under way.
pub struct FifoOpen {
    end: Arc<PipeEnd>,
    wants: Option<Wants>,
}

impl FifoOpen {
    /// Whether the partner has come (even if it left again), or none is needed.
    pub fn ready(&self) -> bool {
        let now = self.end.buffer().ends();
        match self.wants {
            None => true,
            Some(Wants::Writer(before)) => now.writer_opens != before,
            Some(Wants::Reader(before)) => now.reader_opens != before,
        }
    }

    /// The queue to wait on before asking [`ready`](Self::ready) again.
    pub fn queue(&self) -> &Arc<WaitQueue> {
        self.end.buffer().readable()
    }

    /// The open end, once ready.
    pub fn finish(self) -> Arc<dyn FileOps> {
        self.end
    }

    /// The end as it is: open, perhaps without a partner.
    pub fn end(&self) -> Arc<dyn FileOps> {
        self.end.clone()
    }
}
