//! `ITIMER_REAL`: the one timer that a process has without asking (`kernel/time/itimer.c`, `it_real_fn`).
//!
//! As in Linux it does not go on by itself: an interval begins anew when the SIGALRM is taken. So a process that takes longer to
//! handle one than the interval lasts still gets on, and one that ignores the signal hears once and never again. The dates are kept
//! here; the host's timer of the same name is its alarm clock, set for one date at a time: it interrupts the process itself,
//! wherever that is. Lock: one of rank SIGHAND, held while the signal is sent, so that none comes after the call that stops
//! the timer.

use super::{Schedule, Setting, TimerClock};
use crate::signal::{self, SIGALRM, code};
use crate::task::ThreadGroup;
use host::abi::{Itimerval, Timeval};
use host::lock::{Mutex, rank};
use host::sys::process;

const CLOCK: TimerClock = TimerClock::Machine(1);
const ITIMER_REAL: u32 = 0;
/// What is left of a timer that is just about to expire, in nanoseconds: never 0, which would mean that it is not set.
const ABOUT_TO: u64 = 1_000;

#[derive(Default)]
struct State {
    /// Never in the queue.
    schedule: Schedule,
    /// It has expired, and its signal was not taken yet.
    fired: bool,
}

/// A process's timer.
#[derive(Default)]
pub struct RealTimer(Mutex<State, { rank::SIGHAND }>);

impl State {
    fn look(&self) -> Setting {
        let left = if self.is_running() { self.schedule.left(CLOCK.now()).max(ABOUT_TO) } else { 0 };
        Setting { interval: self.schedule.interval, value: left }
    }

    fn is_running(&self) -> bool {
        self.schedule.next.is_some() && !self.fired
    }

    /// Sets the host's timer of this process to the next date.
    fn arm(&self) {
        let us = if self.is_running() { self.schedule.left(CLOCK.now()).div_ceil(1000).max(1) } else { 0 };
        let value = Itimerval { value: Timeval::from_micros(us), ..Itimerval::default() };
        // It refuses nothing that is a time.
        let _ = process::setitimer(ITIMER_REAL, &value);
    }
}

/// All but [`real_timer`](Self::real_timer) are for threads of the process itself.
impl ThreadGroup {
    /// `setitimer(ITIMER_REAL)`: answers the old setting.
    pub fn set_real_timer(&self, new: Setting) -> Setting {
        let mut state = self.real_timer.0.lock();
        let old = state.look();
        let new = if new.value == 0 { Setting::default() } else { new };
        if new.value == 0 && state.schedule.next.is_none() {
            return old;
        }
        state.fired = false;
        state.schedule.set(new, false, CLOCK.now());
        state.arm();
        old
    }

    /// `getitimer(ITIMER_REAL)`.
    pub fn real_timer(&self) -> Setting {
        self.real_timer.0.lock().look()
    }

    /// The host's timer has expired.
    pub(crate) fn alarm_rang(&self) {
        let mut state = self.real_timer.0.lock();
        if !state.is_running() {
            return;
        }
        if !state.schedule.is_due(CLOCK.now()) {
            return state.arm();
        }
        state.fired = state.schedule.interval > 0;
        if !state.fired {
            state.schedule.next = None;
        }
        let _ = self.send(SIGALRM, signal::info(SIGALRM, code::SI_KERNEL));
    }

    /// A SIGALRM of the process is being taken: the next interval begins.
    pub(crate) fn alarm_taken(&self) {
        let mut state = self.real_timer.0.lock();
        if core::mem::take(&mut state.fired) {
            state.schedule.forward(CLOCK.now());
            state.arm();
        }
    }

    /// The process has moved to another host process, whose timer is not set.
    pub fn rearm_real_timer(&self) {
        let state = self.real_timer.0.lock();
        if state.is_running() {
            state.arm();
        }
    }
}
