//! Giving the processor away once before sleeping.
//!
//! Two who take turns on one processor need no sleep and no wake-up: whoever waits lets the other one go first
//! (`sched_yield(2)`) and finds done what it waited for. That is one host call for each turn where sleeping and waking are two,
//! each dearer. Nothing is spun: with nobody else to run, the call returns at once, and the sleep follows.
//!
//! It pays only where the wait is short and the other one is next in line, so each thread learns from its own tries. A try
//! that was for nothing is followed by a pause of a few waits, twice as many each time. Where somebody else had the processor
//! for long, the thread would have been better asleep, because who wakes up goes before who has yielded: then the pause is long.
//! For the same reason nobody yields who sleeps until some time.
//!
//! Linux has no such thing in the kernel, since a pipe's wake-up there says that the waker is about to sleep (`WF_SYNC`).

use core::sync::atomic::{AtomicU32, Ordering::Relaxed};

/// What a thread has learnt about yielding before it sleeps. Only the thread itself uses it.
pub(super) struct Turn {
    /// How many waits to go straight to sleep from now on.
    pause: AtomicU32,
    /// The length of the last pause, 0 after a success.
    last: AtomicU32,
}

/// How many waits a new thread sleeps through: most threads have no more, and some are waited for.
const NEW: u32 = 8;
/// The first pause after a try that was for nothing, in waits.
const FIRST: u32 = 4;
/// The longest pause after tries that cost next to nothing.
const MOST: u32 = 64;
/// The pause after a try that took [`LONG`].
const LATE: u32 = 4096;
/// A fifth to a half of a millisecond, in ticks of the processor's counter.
const LONG: u64 = 1 << 20;

impl Default for Turn {
    fn default() -> Turn {
        Turn { pause: AtomicU32::new(NEW), last: AtomicU32::new(0) }
    }
}

impl Turn {
    /// Lets somebody else run if that has been of use lately, and answers whether `came` holds after it.
    pub(super) fn give(&self, came: impl FnOnce() -> bool) -> bool {
        let pause = self.pause.load(Relaxed);
        if pause != 0 {
            self.pause.store(pause - 1, Relaxed);
            return false;
        }
        let start = crate::arch::ticks();
        crate::sys::process::sched_yield();
        let late = crate::arch::ticks().wrapping_sub(start) > LONG;
        let came = came();
        let pause = pause_after(self.last.load(Relaxed), came, late);
        self.pause.store(pause, Relaxed);
        self.last.store(pause, Relaxed);
        came
    }
}

/// The pause after a try, given the one before it.
fn pause_after(last: u32, came: bool, late: bool) -> u32 {
    match (came, late) {
        (_, true) => LATE,
        (true, false) => 0,
        (false, false) => (last * 2).clamp(FIRST, MOST),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_until_a_success() {
        let mut pause = 0;
        let seen: [u32; 6] = core::array::from_fn(|_| {
            pause = pause_after(pause, false, false);
            pause
        });
        assert_eq!(seen, [4, 8, 16, 32, 64, 64]);
        assert_eq!(pause_after(pause, true, false), 0);
    }

    #[test]
    fn a_long_absence_stops_it_for_long_whatever_came_of_it() {
        assert_eq!(pause_after(0, true, true), LATE);
        assert_eq!(pause_after(64, false, true), LATE);
        assert_eq!(pause_after(LATE, false, false), MOST, "and it starts again from the longest ordinary pause");
    }
}
