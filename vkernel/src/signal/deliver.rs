//! Choosing what a task does about its signals before it runs guest code again (`get_signal`).

use super::*;
use crate::ptrace::Machine;
use crate::task::{Exit, Task, Usage, limits};
use host::wait::HostThread;

/// What the way back to the guest must do.
#[derive(Debug)]
pub enum Delivery {
    /// Nothing: run on.
    None,
    /// Build a frame for this handler.
    Handler(Queued, Action),
    /// The whole process dies of this signal; `true` if the default action would dump core.
    Die(u32, bool),
    /// The thread ends: its group is exiting, or another thread executes a new program.
    Exit,
}

impl Task {
    /// Whether a signal would be acted on now: pending and not blocked, or the group is stopping, exiting, executing.
    pub fn signal_pending(&self) -> bool {
        if !self.thread.has_work() {
            return false;
        }
        self.take_host_signals();
        let state = self.signals.lock();
        let wanted = SigSet(!state.blocked.0);
        let own = state.pending.set().and(wanted);
        drop(state);
        let shared = self.group.pending.lock().set().and(wanted);
        !own.is_empty()
            || !shared.is_empty()
            || self.must_die()
            || self.group_stop_pending()
            || self.trace.trap_wanted()
    }

    /// Whether only death waits: what interrupts an otherwise uninterruptible wait (`fatal_signal_pending`).
    pub fn fatal_pending(&self) -> bool {
        self.must_die() || self.kill_pending()
    }

    /// Whether SIGKILL waits.
    pub(crate) fn kill_pending(&self) -> bool {
        let kill = SigSet::of(&[SIGKILL]);
        !self.signals.lock().pending.set().and(kill).is_empty() || !self.group.pending.lock().set().and(kill).is_empty()
    }

    /// Takes the next signal that is not blocked and says what to do. Stops happen inside.
    pub fn next_delivery(&self, machine: &mut dyn Machine) -> Delivery {
        loop {
            self.thread.clear_work();
            self.take_host_signals();
            if self.must_die() {
                return Delivery::Exit;
            }
            if self.trace.trap_wanted() && !self.fatal_pending() {
                self.trace_trap(machine);
                continue;
            }
            if self.group_stop_pending() && !self.fatal_pending() {
                if self.trace.active() {
                    self.trace_group_stop(machine)
                } else {
                    self.stop_here()
                }
                continue;
            }
            let Some(q) = self.dequeue(SigSet(!self.blocked().0)) else { return Delivery::None };
            let Some(q) = self.trace_signal(machine, q) else { continue };
            let action = self.sighand().take(q.sig);
            if !action.is_default() && !action.is_ignore() {
                // There may be more: look again before the handler's first instruction.
                self.thread.set_work();
                return Delivery::Handler(q, action);
            }
            if action.ignores(q.sig) {
                continue;
            }
            match default_action(q.sig) {
                Default::Ignore | Default::Continue => {}
                Default::Terminate => return Delivery::Die(q.sig, false),
                Default::Core => return Delivery::Die(q.sig, true),
                Default::Stop => self.begin_stop(q.sig),
            }
        }
    }

    /// Signals that the host sent to the process (its timers, a request from outside) become the guest's.
    fn take_host_signals(&self) {
        let mut bits = self.thread.take_host_signals();
        while bits != 0 {
            let sig = bits.trailing_zeros();
            bits &= bits - 1;
            if sig == HostThread::REAL_TIMER {
                self.group.alarm_rang();
                continue;
            }
            if sig == SIGXCPU && self.beyond_cpu_limit() {
                self.group.request_exit(Exit::signal(SIGKILL, false));
                continue;
            }
            let _ = self.group.send(sig, info(sig, code::SI_KERNEL));
        }
    }

    /// Whether the processor time is used up to the hard limit.
    fn beyond_cpu_limit(&self) -> bool {
        /// The host looks at the limit with its own clock tick.
        const TICK_US: u64 = 20_000;
        let used = host::sys::process::getrusage(0).map(|r| Usage::from_host(&r)).unwrap_or_default();
        let hard = self.group.rlimit(limits::CPU).max.saturating_mul(1_000_000);
        used.utime_us + used.stime_us + TICK_US >= hard
    }

    /// Takes a pending signal of a set, the thread's own before the group's.
    pub fn dequeue(&self, wanted: SigSet) -> Option<Queued> {
        loop {
            let mut q = self.dequeue_any(wanted)?;
            if q.timer == 0 || self.group.timers.taken(q.timer, &mut q.info) {
                return Some(q);
            }
        }
    }

    fn dequeue_any(&self, wanted: SigSet) -> Option<Queued> {
        let mut state = self.signals.lock();
        // Synchronous signals are always the thread's own.
        if let Some(q) = state.pending.take(wanted) {
            return Some(q);
        }
        drop(state);
        let q = self.group.pending.lock().take(wanted)?;
        if q.sig == SIGALRM {
            self.group.alarm_taken();
        }
        Some(q)
    }

    /// Everything pending for this thread that it blocks (`sigpending(2)`).
    pub fn pending_set(&self) -> SigSet {
        let state = self.signals.lock();
        let own = state.pending.set();
        let blocked = state.blocked;
        drop(state);
        own.or(self.group.pending.lock().set()).and(blocked)
    }

    /// The blocked set.
    pub fn blocked(&self) -> SigSet {
        self.signals.lock().blocked
    }

    /// Replaces the blocked set; signals that it uncovers are looked at before the guest runs on.
    pub fn set_blocked(&self, mask: SigSet) -> SigSet {
        let mut state = self.signals.lock();
        let old = state.blocked;
        state.blocked = mask.minus(SigSet::UNMASKABLE);
        drop(state);
        // Group signals that only this thread would have taken may now have to go to another one.
        self.retarget(mask.minus(old));
        self.thread.set_work();
        old
    }

    fn retarget(&self, newly_blocked: SigSet) {
        let shared = self.group.pending.lock().set().and(newly_blocked);
        if shared.is_empty() {
            return;
        }
        for t in self.group.threads() {
            if t.tid() != self.tid() && !shared.minus(t.blocked()).is_empty() {
                t.thread.interrupt();
            }
        }
    }

    /// `sigsuspend`, `ppoll`: a mask for the duration of a call; the old one comes back after a handler has run.
    pub fn suspend_mask(&self, mask: SigSet) {
        let old = self.set_blocked(mask);
        let mut state = self.signals.lock();
        if state.saved_mask.is_none() {
            state.saved_mask = Some(old);
        }
    }

    /// The mask that a handler's frame must restore: the saved one, else the present one.
    pub fn mask_for_frame(&self) -> SigSet {
        let mut state = self.signals.lock();
        let blocked = state.blocked;
        state.saved_mask.take().unwrap_or(blocked)
    }

    /// No handler ran: back to the mask before `suspend_mask`.
    pub fn restore_saved_mask(&self) {
        let saved = self.signals.lock().saved_mask.take();
        if let Some(mask) = saved {
            self.set_blocked(mask);
        }
    }

    /// Whether this thread would take the signal: not blocked, or waited for in `sigtimedwait`.
    pub(crate) fn wants(&self, sig: u32) -> bool {
        let state = self.signals.lock();
        !state.blocked.has(sig) || state.waiting_for.has(sig)
    }
}
