//! The queue of dates, and the timekeeper that serves it.
//!
//! The timekeeper is a host process that the supervisor forks when the first timer is set (SIGURG asks it to). It sleeps on
//! a word of the queue with the earliest date as its deadline; whoever adds an earlier date changes the word and wakes it.
//! The supervisor itself takes no part, so a lock whose holder died cannot keep it from noticing.

use crate::kernel::kernel;
use alloc::collections::BTreeMap;
use alloc::sync::{Arc, Weak};
use core::sync::atomic::{AtomicU32, Ordering::SeqCst};
use host::abi::Timespec;
use host::lock::{Mutex, rank};
use host::sys::signal::DOORBELL;
use host::sys::{futex, process};
use host::time::{Deadline, monotonic};
use host::wait::HostThread;

/// Something with a date.
pub trait Expire: Send + Sync {
    /// Its date has come, at least on the monotonic clock. Called by the timekeeper without locks.
    fn expire(self: Arc<Self>);
}

/// How the queue knows it: a timer that is dropped never expires.
pub type Expirer = Weak<dyn Expire>;

/// The dates.
#[derive(Default)]
pub struct TimerQueue {
    dates: Mutex<BTreeMap<(u64, u64), Expirer>, { rank::LEAF }>,
    /// Changes when there is an earlier date than before.
    word: AtomicU32,
    /// Nonzero once a timekeeper was asked for.
    wanted: AtomicU32,
    /// The timekeeper's host thread.
    pub keeper: Arc<HostThread>,
}

impl TimerQueue {
    /// Adds a date on the monotonic clock, in nanoseconds; `id` is the timer's own number.
    pub fn add(&self, at: u64, id: u64, who: Expirer) {
        let mut dates = self.dates.lock();
        dates.insert((at, id), who);
        let first = dates.keys().next() == Some(&(at, id));
        drop(dates);
        if self.wanted.swap(1, SeqCst) == 0 {
            let _ = process::kill(kernel().supervisor, DOORBELL);
        } else if first {
            self.word.fetch_add(1, SeqCst);
            futex::wake(&self.word, 1);
        }
    }

    /// Takes one back.
    pub fn remove(&self, at: u64, id: u64) {
        let gone = self.dates.lock().remove(&(at, id));
        drop(gone);
    }

    /// Whether somebody asked for a timekeeper: for the supervisor.
    pub fn wants_keeper(&self) -> bool {
        self.wanted.load(SeqCst) != 0
    }

    /// The timekeeper's life.
    pub fn keep(&self) -> ! {
        loop {
            let seen = self.word.load(SeqCst);
            let next = self.run_due();
            let deadline = next.map(|ns| Deadline { clock: 1, at: Timespec::from_nanos(ns) });
            let _ = futex::wait_until(&self.word, seen, deadline);
        }
    }

    /// Lets everything expire that is due; answers the next date.
    fn run_due(&self) -> Option<u64> {
        loop {
            let mut dates = self.dates.lock();
            let first = *dates.keys().next()?;
            if first.0 > monotonic().as_nanos() {
                return Some(first.0);
            }
            let who = dates.remove(&first);
            drop(dates);
            if let Some(timer) = who.and_then(|w| w.upgrade()) {
                timer.expire();
            }
        }
    }
}
