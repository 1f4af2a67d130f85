//! Bytes of TCP that wait for more (`TCP_CORK`, `MSG_MORE`): until they fill a segment, until nobody wants that any more, or for 200 ms.
//!
//! Locks: one socket's at a time.

use super::core::{Core, Role, Socket, State};
use super::queue::Message;
use crate::kernel::kernel;
use crate::timer::queue::Expire;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::sync::atomic::Ordering::Relaxed;
use host::{Errno, Result, time};

/// Bytes of TCP's largest segment on the loopback.
pub const SEGMENT: usize = 65_483;
/// The longest that bytes wait, in ns.
pub(super) const LONGEST: u64 = 200_000_000;

/// What the other end has sent and holds back. The receiver has it, so that one lock orders it with what comes behind.
#[derive(Default)]
pub(super) struct Held {
    bytes: Vec<u8>,
    /// When the first of them came, in ns of the monotonic clock.
    since: u64,
    /// A timer runs that will look.
    timed: bool,
}

impl Held {
    /// Whether a timer has to be set, which the caller does.
    pub(super) fn wants_timer(&mut self) -> bool {
        !core::mem::replace(&mut self.timed, true)
    }
}

impl State {
    /// Holds bytes back (`None`), or answers what is to be received now: these behind what was held.
    pub(super) fn hold_back(&mut self, message: Message, corked: bool) -> Result<Option<Message>> {
        if !corked && self.held.bytes.is_empty() {
            return Ok(Some(message));
        }
        self.held.bytes.try_reserve(message.data.len()).map_err(|_| Errno::ENOBUFS)?;
        if self.held.bytes.is_empty() {
            // Nothing can be in the way later.
            self.rx.reserve()?;
            self.held.since = time::monotonic().as_nanos();
        }
        self.held.bytes.extend_from_slice(&message.data);
        if corked && self.held.bytes.len() < SEGMENT {
            return Ok(None);
        }
        Ok(Some(Message::of(core::mem::take(&mut self.held.bytes))))
    }

    /// What was held is received. Whether that was anything.
    fn let_in(&mut self) -> bool {
        let bytes = core::mem::take(&mut self.held.bytes);
        let n = bytes.len();
        if n == 0 || matches!(self.role, Role::Closed) || self.rx.push_bytes(Message::of(bytes)).is_err() {
            return false;
        }
        self.arrived += n as u64;
        true
    }
}

impl Core {
    /// What this side holds back goes to the other end.
    pub(super) fn push_held(&self) {
        if !self.corks.load(Relaxed) {
            return;
        }
        let peer = self.state.lock().peer.clone();
        if let Some(peer) = peer {
            let came = peer.state.lock().let_in();
            peer.tell_arrival(came);
        }
    }

    /// Looks after what is held in `ns`.
    pub(super) fn look_after_held(self: &Arc<Self>, ns: u64) {
        let until = time::monotonic().as_nanos().saturating_add(ns);
        let who: Arc<dyn Expire> = self.clone();
        kernel().timers.add(until, kernel().next_id(), Arc::downgrade(&who));
    }

    /// What has been held for long enough is received. How long the rest still may be, in ns.
    fn held_too_long(&self) -> Option<u64> {
        let mut state = self.state.lock();
        let age = time::monotonic().as_nanos().saturating_sub(state.held.since);
        let left = LONGEST.checked_sub(age).filter(|left| *left > 0 && !state.held.bytes.is_empty());
        state.held.timed = left.is_some();
        let came = left.is_none() && state.let_in();
        drop(state);
        self.tell_arrival(came);
        left
    }

    fn tell_arrival(&self, came: bool) {
        if came {
            self.may_be_accepted();
            self.queue.wake_all();
        }
    }
}

impl Socket {
    /// `TCP_CORK`.
    pub fn set_cork(&self, on: bool) {
        self.core().options.cork.store(on, Relaxed);
        if !on {
            self.core().push_held();
        }
    }

    /// `TCP_NODELAY` was set: what waits is sent.
    pub fn push(&self) {
        self.core().push_held();
    }
}

impl Expire for Core {
    fn expire(self: Arc<Self>) {
        self.may_be_accepted();
        if let Some(ns) = self.held_too_long() {
            self.look_after_held(ns);
        }
    }
}
