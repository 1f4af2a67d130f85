//! `ITIMER_REAL`: the one timer that a process has without asking (`kernel/time/itimer.c`, `it_real_fn`).
//!
//! As in Linux it does not go on by itself: an interval begins anew when the SIGALRM is taken. So a process that takes longer to
//! handle one than the interval lasts still gets on, and one that ignores the signal hears once and never again. It belongs to the
//! process, not to the host's: `execve` keeps it, a fork's child has none. Lock: one of rank SIGHAND, held while the signal is
//! sent, so that none comes after the call that stops the timer.

use super::queue::Expire;
use super::{Schedule, Setting, TimerClock};
use crate::kernel::kernel;
use crate::signal::{self, SIGALRM, code};
use crate::task::ThreadGroup;
use alloc::sync::{Arc, Weak};
use host::lock::{Mutex, rank};

const CLOCK: TimerClock = TimerClock::Machine(1);
/// What is left of a timer that is just about to expire, in nanoseconds: never 0, which would mean that it is not set.
const ABOUT_TO: u64 = 1_000;

#[derive(Default)]
struct State {
    schedule: Schedule,
    /// It has expired, and its signal was not taken yet.
    fired: bool,
}

/// A process's timer. Made when it is first set.
pub struct RealTimer {
    id: u64,
    group: Weak<ThreadGroup>,
    state: Mutex<State, { rank::SIGHAND }>,
    me: Weak<RealTimer>,
}

impl RealTimer {
    fn new(group: &Arc<ThreadGroup>) -> Arc<RealTimer> {
        let (id, group) = (kernel().next_id(), Arc::downgrade(group));
        Arc::new_cyclic(|me| RealTimer { id, group, state: Mutex::default(), me: me.clone() })
    }

    /// A new setting; answers the old one.
    fn set(&self, new: Setting) -> Setting {
        let mut state = self.state.lock();
        let old = state.look();
        state.fired = false;
        let new = if new.value == 0 { Setting::default() } else { new };
        state.schedule.set(new, false, CLOCK.now());
        state.schedule.queue(CLOCK, self.id, self.me.clone());
        old
    }

    /// A SIGALRM of the process is being taken: the next interval begins.
    fn taken(&self) {
        let mut state = self.state.lock();
        if core::mem::take(&mut state.fired) {
            state.schedule.forward(CLOCK.now());
            state.schedule.queue(CLOCK, self.id, self.me.clone());
        }
    }
}

impl State {
    fn look(&self) -> Setting {
        let left = match self.schedule.next {
            Some(_) if !self.fired => self.schedule.left(CLOCK.now()).max(ABOUT_TO),
            _ => 0,
        };
        Setting { interval: self.schedule.interval, value: left }
    }
}

impl ThreadGroup {
    /// `setitimer(ITIMER_REAL)`: answers the old setting.
    pub fn set_real_timer(self: &Arc<Self>, new: Setting) -> Setting {
        let mut mine = self.real_timer.lock();
        match &*mine {
            None if new.value == 0 => Setting::default(),
            None => mine.insert(RealTimer::new(self)).clone().set(new),
            Some(timer) => timer.set(new),
        }
    }

    /// `getitimer(ITIMER_REAL)`.
    pub fn real_timer(&self) -> Setting {
        self.real_timer.lock().as_ref().map_or(Setting::default(), |timer| timer.state.lock().look())
    }

    /// To be called when a SIGALRM of the process was taken.
    pub(crate) fn alarm_taken(&self) {
        let timer = self.real_timer.lock().clone();
        timer.inspect(|t| t.taken());
    }
}

impl Expire for RealTimer {
    fn expire(self: Arc<Self>) {
        let Some(group) = self.group.upgrade() else { return };
        let mut state = self.state.lock();
        state.schedule.queued = None;
        if !state.schedule.is_due(CLOCK.now()) {
            return state.schedule.queue(CLOCK, self.id, self.me.clone());
        }
        state.fired = state.schedule.interval > 0;
        if !state.fired {
            state.schedule.next = None;
        }
        let _ = group.send(SIGALRM, signal::info(SIGALRM, code::SI_KERNEL));
    }
}

impl Drop for RealTimer {
    fn drop(&mut self) {
        let id = self.id;
        self.state.get_mut().schedule.unqueue(id);
    }
}
