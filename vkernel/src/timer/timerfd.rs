//! `timerfd_create(2)`: a timer to read and to wait on (`fs/timerfd.c`).
//!
//! Expirations are counted when somebody looks, so a timer that nobody reads costs one wake-up.

use super::queue::Expire;
use super::{Schedule, Setting, TimerClock};
use crate::kernel::kernel;
use alloc::sync::{Arc, Weak};
use alloc::vec::Vec;
use core::any::Any;
use fs_emu::FileOps;
use fs_emu::file::Events;
use host::iov::IovIter;
use host::lock::{Mutex, rank};
use host::wait::{PollTable, WaitQueue};
use host::{Errno, Result};

const WORD: usize = size_of::<u64>();

#[derive(Default)]
struct State {
    schedule: Schedule,
    /// Expirations not read yet. The date stays where it was until they are.
    ticks: u64,
}

/// A timer descriptor.
pub struct TimerFd {
    id: u64,
    clock: TimerClock,
    state: Mutex<State, { rank::OBJECT }>,
    changed: Arc<WaitQueue>,
    me: Weak<TimerFd>,
}

impl TimerFd {
    /// A timer that is not set.
    pub fn new(clock: TimerClock) -> Arc<TimerFd> {
        Arc::new_cyclic(|me| TimerFd {
            id: kernel().next_id(),
            clock,
            state: Mutex::default(),
            changed: WaitQueue::new(),
            me: me.clone(),
        })
    }

    /// `timerfd_settime(2)`: answers the old setting.
    pub fn set(&self, new: Setting, absolute: bool) -> Setting {
        let mut state = self.state.lock();
        let now = self.clock.now();
        let old = self.look(&mut state, now);
        state.ticks = 0;
        state.schedule.set(new, absolute, now);
        state.schedule.queue(self.clock, self.id, self.me.clone());
        old
    }

    /// `timerfd_gettime(2)`.
    pub fn get(&self) -> Setting {
        self.look(&mut self.state.lock(), self.clock.now())
    }

    /// Counts what has happened and goes on to the next date.
    fn look(&self, state: &mut State, now: u64) -> Setting {
        self.count(state, now);
        if state.ticks > 0 && state.schedule.interval > 0 && state.schedule.is_due(now) {
            state.ticks = state.ticks.saturating_add(state.schedule.forward(now));
            state.schedule.queue(self.clock, self.id, self.me.clone());
        }
        Setting { interval: state.schedule.interval, value: state.schedule.left(now) }
    }

    /// The first expiration since the last look.
    fn count(&self, state: &mut State, now: u64) {
        if state.schedule.is_due(now) && state.ticks == 0 {
            state.ticks = 1;
        }
    }
}

impl Expire for TimerFd {
    fn expire(self: Arc<Self>) {
        let mut state = self.state.lock();
        state.schedule.queued = None;
        let now = self.clock.now();
        if !state.schedule.is_due(now) {
            state.schedule.queue(self.clock, self.id, self.me.clone());
            return;
        }
        self.count(&mut state, now);
        drop(state);
        self.changed.wake_for(Events::IN.bits());
    }
}

impl FileOps for TimerFd {
    fn as_any(&self) -> &dyn Any {
        self
    }

    fn read_at(&self, _off: u64, to: &mut IovIter<'_>) -> Result<usize> {
        if to.remaining() < WORD {
            return Err(Errno::EINVAL);
        }
        let mut state = self.state.lock();
        let now = self.clock.now();
        self.count(&mut state, now);
        if state.ticks == 0 {
            return Err(Errno::EAGAIN);
        }
        let due = state.schedule.is_due(now);
        let extra = if due { state.schedule.forward(now) } else { 0 };
        let moved = to.put(&state.ticks.saturating_add(extra).to_ne_bytes());
        if moved < WORD {
            to.revert(moved);
            state.ticks = state.ticks.saturating_add(extra);
            return Err(Errno::EFAULT);
        }
        state.ticks = 0;
        if due {
            state.schedule.queue(self.clock, self.id, self.me.clone());
        }
        Ok(WORD)
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
        let mut state = self.state.lock();
        self.count(&mut state, self.clock.now());
        if state.ticks > 0 { Events::IN } else { Events::empty() }
    }

    fn describe(&self) -> Vec<u8> {
        b"anon_inode:[timerfd]".to_vec()
    }
}

impl Drop for TimerFd {
    fn drop(&mut self) {
        let id = self.id;
        self.state.get_mut().schedule.unqueue(id);
    }
}
