//! The one loop in which tasks sleep (`kernel/sched/wait.c`, `wait_event_interruptible`).

use super::Task;
use alloc::sync::Arc;
use host::time::Deadline;
use host::wait::{PollTable, Wake};
use host::{Errno, Result};

/// A call to be made again after a signal that ran no handler, with the time until which it sleeps.
#[derive(Clone, Copy, Debug)]
pub struct Restart {
    /// The number of the call.
    pub nr: u32,
    /// Until when; `None` for a call without a timeout.
    pub deadline: Option<Deadline>,
}

/// How a wait ended.
#[derive(Debug, PartialEq, Eq)]
pub enum Wait<T> {
    /// The condition held.
    Ready(T),
    /// The deadline passed.
    TimedOut,
    /// A signal is to be looked at.
    Interrupted,
}

impl<T> Wait<T> {
    /// `EINTR` for a signal, `timeout` for the deadline.
    pub fn or(self, timeout: Errno) -> Result<T> {
        match self {
            Wait::Ready(v) => Ok(v),
            Wait::TimedOut => Err(timeout),
            Wait::Interrupted => Err(Errno::EINTR),
        }
    }
}

impl Task {
    /// Sleeps until `ready` answers something. It is called first without, then once with a table on which it must register
    /// with everything that can change its answer, then without again after every wake-up.
    pub fn wait_for<T>(
        &self,
        deadline: Option<Deadline>,
        mut ready: impl FnMut(Option<&mut PollTable>) -> Option<T>,
    ) -> Wait<T> {
        if let Some(v) = ready(None) {
            return Wait::Ready(v);
        }
        // Whoever is told by a signal may be the one that ends this sleep.
        crate::kernel::kernel().sigio.send_all();
        let who: Arc<dyn Wake> = self.thread.clone();
        let mut table = PollTable::new(who);
        self.thread.prepare();
        if let Some(v) = ready(Some(&mut table)) {
            return Wait::Ready(v);
        }
        self.set_state(b'S');
        let out = loop {
            if self.signal_pending() {
                break Wait::Interrupted;
            }
            if deadline.is_some_and(|d| d.passed()) {
                break Wait::TimedOut;
            }
            if table.host_fds().is_empty() {
                self.thread.sleep(deadline);
            } else {
                self.thread.sleep_on_host(table.host_fds(), deadline);
            }
            self.thread.prepare();
            if let Some(v) = ready(None) {
                break Wait::Ready(v);
            }
        };
        self.set_state(b'R');
        out
    }

    /// The deadline of a call with a relative timeout. A call that is being made again keeps its first one.
    pub fn deadline_for(&self, nr: u32, span: host::abi::Timespec) -> Option<Deadline> {
        let again = self.restart.lock().take();
        match again {
            Some(r) if r.nr == nr && r.deadline.is_some() => r.deadline,
            _ => Deadline::after(span),
        }
    }

    /// Before answering `EINTR` from such a call: keeps its deadline for when it is made again.
    pub fn keep_deadline(&self, nr: u32, deadline: Option<Deadline>) {
        *self.restart.lock() = Some(Restart { nr, deadline });
    }
}
