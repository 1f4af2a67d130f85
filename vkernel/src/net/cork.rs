//! Bytes of TCP that wait for more (`TCP_CORK`, `MSG_MORE`): until they fill a segment, until nobody wants that any more, or for 200 ms.
//!
//! Locks: one socket's at a time.

use super::core::{Core, Socket};
use super::queue::Message;
use crate::kernel::kernel;
use crate::timer::queue::Expire;
use alloc::sync::Arc;
use core::sync::atomic::Ordering::Relaxed;
use host::{Errno, Result, time};

/// Bytes of TCP's largest segment on the loopback.
pub const SEGMENT: usize = 65_483;
/// The longest that bytes wait, in ns.
const LONGEST: u64 = 200_000_000;

impl Core {
    /// What is to go to the other end now: nothing, if the bytes wait for more, or these behind what has waited.
    pub(super) fn hold_back(self: &Arc<Self>, message: Message, corked: bool) -> Result<Option<Message>> {
        if !corked && !self.holds.load(Relaxed) {
            return Ok(Some(message));
        }
        let mut state = self.state.lock();
        let first = state.held.is_empty();
        state.held.try_reserve(message.data.len()).map_err(|_| Errno::ENOBUFS)?;
        state.held.extend_from_slice(&message.data);
        if !corked || state.held.len() >= SEGMENT {
            self.holds.store(false, Relaxed);
            return Ok(Some(Message::of(core::mem::take(&mut state.held))));
        }
        self.holds.store(true, Relaxed);
        drop(state);
        if first {
            let until = time::monotonic().as_nanos().saturating_add(LONGEST);
            let who: Arc<dyn Expire> = self.clone();
            kernel().timers.add(until, kernel().next_id(), Arc::downgrade(&who));
        }
        Ok(None)
    }

    /// What has waited goes to the other end.
    pub(super) fn push_held(&self) {
        if !self.holds.swap(false, Relaxed) {
            return;
        }
        let (held, peer) = {
            let mut state = self.state.lock();
            (core::mem::take(&mut state.held), state.peer.clone())
        };
        if let Some(peer) = peer.filter(|_| !held.is_empty()) {
            // A connection that is over has nobody to tell.
            let _ = self.arrive(&peer, Message::of(held), false);
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
    fn expire(&self) {
        self.may_be_accepted();
        self.push_held();
    }
}
