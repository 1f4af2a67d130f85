//! `timer_create(2)`: timers of a process that send signals.
//!
//! A timer has at most one signal pending. A periodic one goes on when that signal is taken, and tells then how many
//! expirations it passed over (`posixtimer_rearm`). A signal of an older setting, or of a timer that is gone, is dropped.

use super::queue::Expire;
use super::{Schedule, Setting, TimerClock};
use crate::kernel::kernel;
use crate::signal::{self, Queued, Target, code};
use crate::task::ThreadGroup;
use alloc::collections::BTreeMap;
use alloc::sync::{Arc, Weak};
use host::abi::SigInfo;
use host::lock::{Mutex, rank};
use host::{Errno, Result};

/// Whom a timer tells.
#[derive(Clone, Copy, Debug)]
pub enum Notify {
    /// Nobody (`SIGEV_NONE`).
    Nobody,
    /// The process, or one of its threads, with a signal.
    Signal {
        /// Its number.
        sig: u32,
        /// The thread's id, 0 for the process.
        thread: u32,
        /// `si_value`.
        value: u64,
    },
}

#[derive(Default)]
struct State {
    schedule: Schedule,
    /// Marks the signals of the present setting.
    tag: u64,
    /// Its signal is pending: the date of a periodic timer stays where it is.
    pending: bool,
    /// Passed over and not yet told.
    overrun: u64,
    /// What the last signal told.
    told: i32,
}

/// A timer.
pub struct PosixTimer {
    number: i32,
    id: u64,
    clock: TimerClock,
    notify: Notify,
    group: Weak<ThreadGroup>,
    state: Mutex<State, { rank::OBJECT }>,
    me: Weak<PosixTimer>,
}

/// The timers of a process, by number.
#[derive(Default)]
pub struct Timers(Mutex<(BTreeMap<i32, Arc<PosixTimer>>, i32)>);

impl Timers {
    /// `timer_create(2)`: a timer that is not set. `notify` is told the number, which may be the signal's value.
    pub fn create(
        &self,
        group: &Arc<ThreadGroup>,
        clock: TimerClock,
        notify: impl FnOnce(i32) -> Notify,
    ) -> Result<i32> {
        let mut timers = self.0.lock();
        let number = (0..=timers.0.len()).map(|i| timers.1.wrapping_add(i as i32) & i32::MAX);
        let number = number.into_iter().find(|n| !timers.0.contains_key(n)).ok_or(Errno::EAGAIN)?;
        let timer = Arc::new_cyclic(|me| PosixTimer {
            number,
            id: kernel().next_id(),
            clock,
            notify: notify(number),
            group: Arc::downgrade(group),
            state: Mutex::default(),
            me: me.clone(),
        });
        timers.0.insert(number, timer);
        timers.1 = number.wrapping_add(1) & i32::MAX;
        Ok(number)
    }

    /// One by number. `EINVAL`.
    pub fn get(&self, number: i32) -> Result<Arc<PosixTimer>> {
        self.0.lock().0.get(&number).cloned().ok_or(Errno::EINVAL)
    }

    /// `timer_delete(2)`.
    pub fn delete(&self, number: i32) -> Result<()> {
        let gone = self.0.lock().0.remove(&number).ok_or(Errno::EINVAL);
        gone.map(drop)
    }

    /// A new program, or the end.
    pub fn delete_all(&self) {
        let gone = core::mem::take(&mut *self.0.lock());
        drop(gone);
    }

    /// A timer's signal is being taken: fills in the overrun. `false` if it is of no meaning any more.
    pub fn taken(&self, tag: u64, info: &mut SigInfo) -> bool {
        let number = info.fields[0] as u32;
        let overrun = self.get(number as i32).ok().and_then(|t| t.taken(tag));
        if let Some(overrun) = overrun {
            info.fields[0] = u64::from(number) | u64::from(overrun as u32) << 32;
        }
        overrun.is_some()
    }
}

impl PosixTimer {
    fn is_silent(&self) -> bool {
        matches!(self.notify, Notify::Nobody)
    }

    /// `timer_settime(2)`: answers the old setting.
    pub fn set(&self, new: Setting, absolute: bool) -> Setting {
        let mut state = self.state.lock();
        let now = self.clock.now();
        let old = self.look(&mut state, now);
        let new = if new.value == 0 { Setting::default() } else { new };
        state.tag = kernel().next_id();
        state.pending = false;
        state.overrun = 0;
        state.schedule.set(new, absolute, now);
        self.queue(&mut state);
        old
    }

    /// `timer_gettime(2)`.
    pub fn get(&self) -> Setting {
        self.look(&mut self.state.lock(), self.clock.now())
    }

    /// `timer_getoverrun(2)`.
    pub fn overrun(&self) -> i32 {
        self.state.lock().told
    }

    fn look(&self, state: &mut State, now: u64) -> Setting {
        let silent = self.is_silent();
        if state.schedule.interval > 0 && (state.pending || silent) && state.schedule.is_due(now) {
            state.overrun = state.overrun.saturating_add(state.schedule.forward(now).saturating_add(1));
        }
        let left = match state.schedule.next {
            None => 0,
            // It is about to fire.
            Some(next) if next <= now && !silent => 1,
            Some(next) => next.saturating_sub(now),
        };
        Setting { interval: state.schedule.interval, value: left }
    }

    fn queue(&self, state: &mut State) {
        if self.is_silent() {
            state.schedule.unqueue(self.id);
        } else {
            state.schedule.queue(self.clock, self.id, self.me.clone());
        }
    }

    /// Its signal is being taken: how many expirations it stands for besides the first.
    fn taken(&self, tag: u64) -> Option<i32> {
        let mut state = self.state.lock();
        if state.tag != tag || !state.pending {
            return None;
        }
        state.pending = false;
        if state.schedule.interval > 0 {
            let now = self.clock.now();
            let missed = state.schedule.forward(now);
            let all = core::mem::take(&mut state.overrun).saturating_add(missed);
            state.told = i32::try_from(all).unwrap_or(i32::MAX);
            self.queue(&mut state);
        } else {
            state.told = 0;
        }
        Some(state.told)
    }

    /// Sends its signal; `false` when that is ignored.
    fn tell(&self, tag: u64) -> bool {
        let (Notify::Signal { sig, thread, value }, Some(group)) = (self.notify, self.group.upgrade()) else {
            return true;
        };
        let mut info = signal::info(sig, code::SI_TIMER);
        info.fields[0] = u64::from(self.number as u32);
        info.fields[1] = value;
        let q = Queued { sig, info, timer: tag };
        if thread == 0 {
            return signal::queue(Target::Group(&group), q).unwrap_or(false);
        }
        let task = kernel().tasks.task(thread).filter(|t| Arc::ptr_eq(&t.group, &group));
        task.is_none_or(|t| signal::queue(Target::Thread(&t), q).unwrap_or(false))
    }
}

impl Expire for PosixTimer {
    fn expire(self: Arc<Self>) {
        let mut state = self.state.lock();
        state.schedule.queued = None;
        if !state.schedule.is_due(self.clock.now()) {
            return self.queue(&mut state);
        }
        state.pending = true;
        let (tag, periodic) = (state.tag, state.schedule.interval > 0);
        if !periodic {
            state.schedule.next = None;
        }
        drop(state);
        if !self.tell(tag) && periodic {
            // Ignored: the next one may not be.
            self.taken(tag);
        }
    }
}

impl Drop for PosixTimer {
    fn drop(&mut self) {
        let id = self.id;
        self.state.get_mut().schedule.unqueue(id);
    }
}
