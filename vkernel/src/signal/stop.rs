//! Group stop and continue (`do_signal_stop`, `SIGCONT`).

use super::*;
use crate::task::{Task, ThreadGroup, stop_status};
use core::sync::atomic::Ordering::SeqCst;

impl ThreadGroup {
    /// Whether the group is stopped or stopping.
    pub fn stopped(&self) -> bool {
        self.stop_signal.load(SeqCst) != 0
    }

    /// The signal that stopped it, 0 if it is not stopped.
    pub fn stop_signal(&self) -> u32 {
        self.stop_signal.load(SeqCst)
    }

    /// Ends a stop. `notify` tells the parent of a continue.
    pub(crate) fn resume(&self, notify: bool) {
        let list = &crate::kernel::kernel().tasks;
        // The parent is told before anybody runs again: it must not learn of a next stop first.
        let was = if notify { list.report_continue(self) } else { self.end_stop() };
        if was {
            for t in self.threads() {
                t.thread.interrupt();
            }
        }
    }

    /// From here on the group is not stopped. Whether it was.
    pub(crate) fn end_stop(&self) -> bool {
        self.stop_signal.swap(0, SeqCst) != 0
    }
}

impl Task {
    /// The default action of a stop signal: the whole group is to stop, this thread on its way on.
    pub(crate) fn begin_stop(&self, sig: u32) {
        let kernel = crate::kernel::kernel();
        // A stop from the terminal does nothing in an orphaned process group.
        if sig != SIGSTOP && kernel.tasks.is_orphaned(self.group.pgrp()) {
            return;
        }
        if self.must_die() {
            return;
        }
        if !self.group.stopped() {
            self.group.stop_reported.store(0, SeqCst);
        }
        self.group.stop_count.fetch_add(1, SeqCst);
        self.group.stop_signal.store(sig, SeqCst);
        for t in self.group.threads() {
            if t.tid() != self.tid() {
                t.thread.interrupt();
            }
        }
    }

    /// Counts this thread as stopped. The last thread to get here tells the parent, unless that traces and is told anyway.
    pub(crate) fn count_stop(&self) {
        let stopped = self.group.stopped_threads.fetch_add(1, SeqCst) + 1;
        let sig = self.group.stop_signal.load(SeqCst);
        let last = sig != 0 && stopped >= self.group.live_threads();
        if last && self.group.stop_reported.swap(1, SeqCst) == 0 && !self.traced_by_parent() {
            crate::kernel::kernel().tasks.report_stop(&self.group, stop_status(sig));
        }
    }

    /// Waits out a stop, or until somebody traces it.
    pub(crate) fn stop_here(&self) {
        self.set_state(b'T');
        self.count_stop();
        loop {
            self.thread.prepare();
            if !self.group.stopped() || self.fatal_pending() || self.trace.active() {
                break;
            }
            self.thread.sleep(None);
        }
        self.group.stopped_threads.fetch_sub(1, SeqCst);
        self.set_state(b'R');
    }
}
