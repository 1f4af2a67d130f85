//! A pipe's queue of page slots: plain data under the pipe's lock.

use alloc::collections::VecDeque;
use alloc::vec::Vec;
use host::frames::Frames;
use host::iov::IovIter;
use host::layout::PAGE_SIZE;
use host::{Errno, Result};

/// Emptied pages kept for the next write, so that a busy pipe does not go to the allocator for each.
const SPARES: usize = 16;

struct Slot {
    page: Frames,
    off: usize,
    len: usize,
    /// One write of packet mode: read in one piece, the rest thrown away. Nothing is added to it.
    packet: bool,
}

/// The slots in use, oldest first, and how many there may be.
pub(super) struct Ring {
    slots: VecDeque<Slot>,
    limit: usize,
    spare: Vec<Frames>,
}

impl Ring {
    pub(super) fn new(limit: usize) -> Ring {
        Ring { slots: VecDeque::new(), limit, spare: Vec::new() }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.slots.is_empty()
    }

    pub(super) fn is_full(&self) -> bool {
        self.slots.len() >= self.limit
    }

    /// Bytes waiting to be read.
    pub(super) fn bytes(&self) -> usize {
        self.slots.iter().map(|s| s.len).sum()
    }

    /// The number of slots there may be.
    pub(super) fn limit(&self) -> usize {
        self.limit
    }

    /// Changes it; `EBUSY` when more are in use.
    pub(super) fn set_limit(&mut self, limit: usize) -> Result<()> {
        if limit < self.slots.len() {
            return Err(Errno::EBUSY);
        }
        self.limit = limit;
        Ok(())
    }

    /// Moves bytes out. A slot that faults is left as it was, as if not yet reached: what Linux does, and what makes a retry
    /// after the fault was resolved exact.
    pub(super) fn read(&mut self, to: &mut IovIter<'_>) -> Result<usize> {
        let mut done = 0;
        while to.remaining() > 0
            && let Some(slot) = self.slots.front_mut()
        {
            let n = slot.len.min(to.remaining());
            let moved = slot.page.read(slot.off, n, to);
            if moved < n {
                to.revert(moved);
                return if done > 0 { Ok(done) } else { Err(Errno::EFAULT) };
            }
            done += n;
            slot.off += n;
            slot.len -= n;
            let packet = slot.packet;
            if packet || slot.len == 0 {
                self.pop();
            }
            if packet {
                break;
            }
        }
        Ok(done)
    }

    /// Moves bytes in: as many as fit; `EAGAIN` when that is none. Up to a page goes in whole or not at all.
    pub(super) fn write(&mut self, from: &mut IovIter<'_>, packet: bool) -> Result<usize> {
        let mut done = self.merge(from)?;
        while from.remaining() > 0 {
            match self.append(from, packet) {
                Ok(n) => done += n,
                Err(_) if done > 0 => break,
                Err(e) => return Err(e),
            }
        }
        Ok(done)
    }

    /// Puts the odd bytes of a write behind the last one, if they fit in its page.
    fn merge(&mut self, from: &mut IovIter<'_>) -> Result<usize> {
        let odd = from.remaining() % PAGE_SIZE;
        let Some(last) = self.slots.back_mut() else {
            return Ok(0);
        };
        let end = last.off + last.len;
        if odd == 0 || last.packet || end + odd > PAGE_SIZE {
            return Ok(0);
        }
        let moved = last.page.write(end, odd, from);
        if moved < odd {
            from.revert(moved);
            return Err(Errno::EFAULT);
        }
        last.len += odd;
        Ok(odd)
    }

    /// Fills a fresh slot.
    fn append(&mut self, from: &mut IovIter<'_>, packet: bool) -> Result<usize> {
        if self.is_full() {
            return Err(Errno::EAGAIN);
        }
        let page = self.page()?;
        let n = from.remaining().min(PAGE_SIZE);
        let moved = page.write(0, n, from);
        if moved < n {
            from.revert(moved);
            self.keep(page);
            return Err(Errno::EFAULT);
        }
        self.slots.push_back(Slot { page, off: 0, len: n, packet });
        Ok(n)
    }

    /// Copies up to `max` bytes without taking them.
    pub(super) fn peek(&self, max: usize) -> Result<Vec<u8>> {
        let want = self.bytes().min(max);
        let mut out = Vec::new();
        out.try_reserve_exact(want).map_err(|_| Errno::ENOMEM)?;
        out.resize(want, 0);
        let mut rest = out.as_mut_slice();
        for slot in &self.slots {
            let n = slot.len.min(rest.len());
            let (now, later) = rest.split_at_mut(n);
            slot.page.get(slot.off, now);
            rest = later;
        }
        Ok(out)
    }

    /// Drops up to `n` bytes from the front.
    pub(super) fn consume(&mut self, mut n: usize) {
        while n > 0
            && let Some(slot) = self.slots.front_mut()
        {
            let k = slot.len.min(n);
            slot.off += k;
            slot.len -= k;
            n -= k;
            if slot.len == 0 {
                self.pop();
            }
        }
    }

    /// Puts bytes back in front of everything, over the limit if need be.
    pub(super) fn put_back(&mut self, bytes: &[u8]) -> Result<()> {
        for piece in bytes.rchunks(PAGE_SIZE) {
            let page = self.page()?;
            page.put(0, piece);
            self.slots.push_front(Slot { page, off: 0, len: piece.len(), packet: false });
        }
        Ok(())
    }

    /// A page, and room for its slot.
    fn page(&mut self) -> Result<Frames> {
        self.slots.try_reserve(1).map_err(|_| Errno::ENOMEM)?;
        self.spare.pop().map_or_else(|| Frames::alloc(1), Ok)
    }

    fn pop(&mut self) {
        if let Some(slot) = self.slots.pop_front() {
            self.keep(slot.page);
        }
    }

    fn keep(&mut self, page: Frames) {
        if self.spare.len() < SPARES && self.spare.try_reserve(1).is_ok() {
            self.spare.push(page);
        }
    }
}
