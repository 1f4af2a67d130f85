//! The end of tracing: by the tracer's word, by its end, by the tracee's.

use super::{Mode, Options};
use crate::Task;
use crate::kernel::kernel;
use crate::signal::{self, SIGCHLD, SIGKILL, code};
use crate::task::Exit;
use alloc::sync::Arc;
use core::sync::atomic::Ordering::SeqCst;
use host::{Errno, Result};

/// A tracee's end that its tracer has not been told of.
#[derive(Clone, Copy, Debug)]
pub struct Death {
    /// Thread id.
    pub tid: u32,
    /// Its process group.
    pub pgrp: u32,
    /// Wait status.
    pub status: i32,
    /// Real user id.
    pub uid: u32,
}

impl Task {
    /// `PTRACE_DETACH`: it goes on with a signal, 0 for none.
    pub fn detach_tracee(&self, sig: u32) -> Result<()> {
        if sig > signal::NSIG {
            return Err(Errno::EIO);
        }
        let mut stop = self.trace.stop.lock();
        let waiting = stop.as_mut().filter(|s| s.resume.is_none()).ok_or(Errno::ESRCH)?;
        self.trace.mode.store(Mode::Run as u32, SeqCst);
        waiting.resume = Some(sig);
        drop(stop);
        self.untrace();
        self.thread.interrupt();
        Ok(())
    }

    /// Nobody traces it any more. Answers the tracer, if there was one.
    pub(crate) fn untrace(&self) -> Option<Arc<Task>> {
        let tid = self.trace.tracer.swap(0, SeqCst);
        if tid == 0 {
            return None;
        }
        self.trace.trap.store(0, SeqCst);
        self.trace.mode.store(Mode::Run as u32, SeqCst);
        self.group.traced_threads.fetch_sub(1, SeqCst);
        let tracer = kernel().tasks.task(tid)?;
        tracer.group.tracees.lock().remove(&self.tid());
        Some(tracer)
    }

    /// A task ends that may trace others, and be traced. `last` of its group; how the group ended, or this thread.
    pub(crate) fn trace_ended(&self, last: bool, how: Exit) {
        self.refuse_requests();
        self.free_tracees();
        if self.trace.active() && (last || !self.is_leader()) {
            self.tell_of_end(how);
        }
        // A leader's end counts when its group's does.
        if last
            && !self.is_leader()
            && let Some(leader) = kernel().tasks.task(self.tgid()).filter(|t| Arc::ptr_eq(&t.group, &self.group))
        {
            leader.tell_of_end(how);
        }
    }

    /// Tells the tracer, unless it is told as a parent.
    fn tell_of_end(&self, how: Exit) {
        let parent = kernel().tasks.parent_of(self.tgid());
        let Some(tracer) = self.untrace() else { return };
        if self.is_leader() && tracer.tgid() == parent {
            self.group.died_traced.store(true, SeqCst);
            return;
        }
        let uid = self.cred().uid;
        let death = Death { tid: self.tid(), pgrp: self.group.pgrp(), status: how.0, uid };
        tracer.group.trace_deaths.lock().push(death);
        let (c, value) = crate::task::decode_status(how.0);
        let _ = tracer.group.send(SIGCHLD, signal::info_child(c, self.tid(), uid, value, 0, 0));
        tracer.group.child_exited.wake_all();
    }

    /// A tracer ends: what it traced goes on, or dies with it.
    fn free_tracees(&self) {
        let all = self.group.tracees.lock().clone();
        for tid in all {
            let Some(task) = kernel().tasks.task(tid).filter(|t| t.trace.tracer() == self.tid()) else { continue };
            let kill = task.trace.options().contains(Options::EXITKILL);
            task.untrace();
            self.group.tracees.lock().remove(&tid);
            if kill {
                let _ = task.send(SIGKILL, signal::info(SIGKILL, code::SI_KERNEL));
            }
            task.thread.interrupt();
        }
    }

    /// A thread that executes a program has taken its leader's id: as a tracee, and as a tracer.
    pub(crate) fn trace_renamed(&self, old: u32) {
        if let Some(tracer) = kernel().tasks.task(self.trace.tracer()) {
            let mut tracees = tracer.group.tracees.lock();
            tracees.remove(&old);
            tracees.insert(self.tid());
        }
        let mine = self.group.tracees.lock().clone();
        for tracee in mine.into_iter().filter_map(|tid| kernel().tasks.task(tid)) {
            let _ = tracee.trace.tracer.compare_exchange(old, self.tid(), SeqCst, SeqCst);
        }
    }
}
