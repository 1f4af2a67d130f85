//! Who waits for which owner of a futex with priority inheritance (`kernel/futex/pi.c`), so that an owner's end is no end of
//! waiting.
//!
//! The word itself says who owns it and whether somebody waits; who waits sleeps on it as on any other futex. What that does not
//! tell is that an owner has ended without a word: then those who wait for it look again. All policies here are without
//! priorities, so that there is nothing to inherit. Locks: the table of tasks, for a moment.

use super::Task;
use crate::kernel::kernel;
use core::sync::atomic::{AtomicU32, Ordering::SeqCst};

impl Task {
    /// Notes that this task waits for the thread `owner`; `false` if that is not there, or ends: then it is not noted.
    pub fn wait_for_owner(&self, owner: u32) -> bool {
        self.pi_owner.store(owner, SeqCst);
        waiters().fetch_add(1, SeqCst);
        // Noted first: an owner that ends now finds it, or is found to have ended.
        let there = Task::may_own(owner);
        if !there {
            self.wait_no_more();
        }
        there
    }

    /// It does not wait for an owner any more.
    pub fn wait_no_more(&self) {
        if self.pi_owner.swap(0, SeqCst) != 0 {
            waiters().fetch_sub(1, SeqCst);
        }
    }

    /// Whether there is a thread of this id that has not ended.
    pub fn may_own(tid: u32) -> bool {
        kernel().tasks.task(tid).is_some_and(|t| t.left.load(SeqCst) == 0)
    }

    /// This thread has ended: who waits for a futex of its looks again.
    pub(super) fn owner_ended(&self) {
        self.wait_no_more();
        if waiters().load(SeqCst) == 0 {
            return;
        }
        let waits = |t: &Task| t.pi_owner.load(SeqCst) == self.tid();
        kernel().tasks.all_tasks().iter().filter(|t| waits(t)).for_each(|t| t.thread.kick());
    }
}

/// How many tasks wait for an owner.
fn waiters() -> &'static AtomicU32 {
    &kernel().pi_waiters
}
