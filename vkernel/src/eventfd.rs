//! `eventfd(2)`: a counter to wait on.
//!
//! Answers to Linux's `fs/eventfd.c`. Locks: one of rank OBJECT per counter.

use alloc::format;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::any::Any;
use fs_emu::FileOps;
use fs_emu::file::Events;
use host::iov::IovIter;
use host::lock::{Mutex, rank};
use host::wait::{PollTable, WaitQueue};
use host::{Errno, Result};

const WORD: usize = size_of::<u64>();

/// A counter.
pub struct EventFd {
    /// Reads take 1, not everything.
    semaphore: bool,
    /// `u64::MAX` only after [`signal`](Self::signal) overflowed it.
    count: Mutex<u64, { rank::OBJECT }>,
    changed: Arc<WaitQueue>,
}

impl EventFd {
    /// A counter that starts at `count`; with `semaphore` (`EFD_SEMAPHORE`) each read takes 1.
    pub fn new(count: u32, semaphore: bool) -> Arc<EventFd> {
        Arc::new(EventFd { semaphore, count: Mutex::new(u64::from(count)), changed: WaitQueue::new() })
    }

    /// Adds without waiting, up to the overflow mark: for events that the kernel itself raises.
    pub fn signal(&self, n: u64) {
        let mut count = self.count.lock();
        *count = count.saturating_add(n);
        drop(count);
        self.changed.wake_for((Events::IN | Events::ERR).bits());
    }

    /// The count now.
    pub fn count(&self) -> u64 {
        *self.count.lock()
    }
}

impl FileOps for EventFd {
    fn as_any(&self) -> &dyn Any {
        self
    }

    fn read_at(&self, _off: u64, to: &mut IovIter<'_>) -> Result<usize> {
        if to.remaining() < WORD {
            return Err(Errno::EINVAL);
        }
        let mut count = self.count.lock();
        if *count == 0 {
            return Err(Errno::EAGAIN);
        }
        let value = if self.semaphore { 1 } else { *count };
        let moved = to.put(&value.to_ne_bytes());
        if moved < WORD {
            to.revert(moved);
            return Err(Errno::EFAULT);
        }
        *count -= value;
        drop(count);
        self.changed.wake_for(Events::OUT.bits());
        Ok(WORD)
    }

    fn write_at(&self, off: u64, from: &mut IovIter<'_>, _append: bool) -> Result<(usize, u64)> {
        if from.remaining() != WORD {
            return Err(Errno::EINVAL);
        }
        let mut bytes = [0; WORD];
        let moved = from.take(&mut bytes);
        if moved < WORD {
            from.revert(moved);
            return Err(Errno::EFAULT);
        }
        let value = u64::from_ne_bytes(bytes);
        let mut count = self.count.lock();
        let sum = count.checked_add(value).filter(|&sum| sum < u64::MAX);
        let Some(sum) = sum else {
            drop(count);
            from.revert(WORD);
            return Err(if value == u64::MAX { Errno::EINVAL } else { Errno::EAGAIN });
        };
        *count = sum;
        drop(count);
        self.changed.wake_for(Events::IN.bits());
        Ok((WORD, off))
    }

    fn seekable(&self) -> bool {
        false
    }

    fn spliceable(&self) -> bool {
        false
    }

    fn poll(&self, table: Option<&mut PollTable>) -> Events {
        if let Some(table) = table {
            table.wait_on(&self.changed);
        }
        let count = self.count();
        let mut events = Events::empty();
        events.set(Events::IN, count > 0);
        events.set(Events::OUT, count < u64::MAX - 1);
        events.set(Events::ERR, count == u64::MAX);
        events
    }

    fn describe(&self) -> Vec<u8> {
        b"anon_inode:[eventfd]".to_vec()
    }

    fn fd_info(&self) -> Vec<u8> {
        format!("eventfd-count: {:16x}\n", self.count()).into_bytes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(e: &EventFd) -> Result<u64> {
        let mut buf = [0; 8];
        e.read_at(0, &mut IovIter::kernel_mut(&mut buf))?;
        Ok(u64::from_ne_bytes(buf))
    }

    fn write(e: &EventFd, n: u64) -> Result<usize> {
        e.write_at(0, &mut IovIter::kernel(&n.to_ne_bytes()), false).map(|(n, _)| n)
    }

    #[test]
    fn counts_and_empties() {
        host::testing::init();
        let e = EventFd::new(3, false);
        assert_eq!(write(&e, 4), Ok(8));
        assert_eq!(read(&e), Ok(7));
        assert_eq!(read(&e), Err(Errno::EAGAIN));
        assert_eq!(e.poll(None), Events::OUT);
    }

    #[test]
    fn semaphore_gives_ones() {
        host::testing::init();
        let e = EventFd::new(2, true);
        assert_eq!((read(&e), read(&e), read(&e)), (Ok(1), Ok(1), Err(Errno::EAGAIN)));
    }

    #[test]
    fn limits() {
        host::testing::init();
        let e = EventFd::new(0, false);
        assert_eq!(write(&e, u64::MAX), Err(Errno::EINVAL));
        assert_eq!(write(&e, u64::MAX - 1), Ok(8));
        assert_eq!(e.poll(None), Events::IN);
        assert_eq!(write(&e, 1), Err(Errno::EAGAIN));
        assert_eq!(write(&e, 0), Ok(8));
        e.signal(1);
        assert_eq!(e.poll(None), Events::IN | Events::ERR);
        assert_eq!(read(&e), Ok(u64::MAX));
    }

    #[test]
    fn wrong_sizes() {
        host::testing::init();
        let e = EventFd::new(1, false);
        for len in [0, 7, 9] {
            let r = e.write_at(0, &mut IovIter::kernel(&[1; 16][..len]), false);
            assert_eq!(r, Err(Errno::EINVAL));
        }
        assert_eq!(e.read_at(0, &mut IovIter::kernel_mut(&mut [0; 7])), Err(Errno::EINVAL));
        assert_eq!(e.read_at(0, &mut IovIter::kernel_mut(&mut [0; 9])), Ok(8));
    }
}
