//! Pending signals of a task or of a thread group (`struct sigpending`).
//!
//! Standard signals coalesce; real-time signals queue in order, each with its information.

use super::{SIGRTMIN, SigSet};
use alloc::collections::VecDeque;
use host::abi::SigInfo;
use host::{Errno, Result};

/// One pending signal.
#[derive(Clone, Copy, Debug)]
pub struct Queued {
    /// The number, 1..=64.
    pub sig: u32,
    /// What `sigaction` handlers and `sigwaitinfo` get.
    pub info: SigInfo,
    /// Nonzero for the signal of a POSIX timer: which of its settings sent it.
    pub timer: u64,
}

/// A queue of pending signals.
#[derive(Default)]
pub struct Pending {
    set: SigSet,
    queue: VecDeque<Queued>,
}

impl Pending {
    /// The pending set.
    pub fn set(&self) -> SigSet {
        self.set
    }

    /// Number queued, against `RLIMIT_SIGPENDING`.
    pub fn len(&self) -> usize {
        self.queue.len()
    }

    /// All of them, oldest first.
    pub fn iter(&self) -> impl Iterator<Item = &Queued> {
        self.queue.iter()
    }

    /// Whether nothing is pending.
    pub fn is_empty(&self) -> bool {
        self.queue.is_empty()
    }

    /// Queues a signal. `EAGAIN` when a real-time signal finds the queue full.
    pub fn push(&mut self, q: Queued, limit: u64) -> Result<()> {
        // A timer has one of its own, and always room for it.
        if q.timer == 0 && q.sig < SIGRTMIN && self.set.has(q.sig) {
            return Ok(());
        }
        if q.timer == 0 && q.sig >= SIGRTMIN && self.queue.len() as u64 >= limit {
            return Err(Errno::EAGAIN);
        }
        self.queue.try_reserve(1).map_err(|_| Errno::EAGAIN)?;
        self.queue.push_back(q);
        self.set = self.set.with(q.sig);
        Ok(())
    }

    /// Takes the next signal that is in `wanted`.
    pub fn take(&mut self, wanted: SigSet) -> Option<Queued> {
        let sig = self.set.and(wanted).next()?;
        let at = self.queue.iter().position(|q| q.sig == sig)?;
        let q = self.queue.remove(at);
        if !self.queue.iter().any(|q| q.sig == sig) {
            self.set = self.set.minus(SigSet::of(&[sig]));
        }
        q
    }

    /// Drops all signals of a set.
    pub fn flush(&mut self, gone: SigSet) {
        if !self.set.and(gone).is_empty() {
            self.queue.retain(|q| !gone.has(q.sig));
            self.set = self.set.minus(gone);
        }
    }
}
