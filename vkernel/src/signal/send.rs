//! Sending: who may, where it is queued, whom it wakes (`kernel/signal.c`: `__send_signal_locked`, `complete_signal`).

use super::*;
use crate::task::{Task, ThreadGroup};
use alloc::sync::Arc;
use alloc::vec::Vec;
use fs_emu::cred::Caps;
use host::wait::HostThread;
use host::{Errno, Result};

/// Where a signal goes.
pub enum Target<'a> {
    /// This thread (`tgkill`, faults).
    Thread(&'a Task),
    /// Any thread of the group (`kill`).
    Group(&'a ThreadGroup),
}

impl Task {
    /// Whether this task may signal that one (`kill(2)`).
    pub fn may_signal(&self, sig: u32, to: &Task) -> Result<()> {
        let (me, you) = (self.cred(), to.cred());
        let same = [me.euid, me.uid].iter().any(|id| *id == you.uid || *id == you.suid);
        let own = core::ptr::eq(&*self.group, &*to.group);
        let session = sig == SIGCONT && self.group.session() == to.group.session();
        if same || own || session || me.capable(Caps::KILL) { Ok(()) } else { Err(Errno::EPERM) }
    }

    /// Queues a signal for this thread and wakes it if it should look. `EAGAIN` as `rt_sigqueueinfo` has it.
    pub fn send(&self, sig: u32, info: SigInfo) -> Result<()> {
        send(Target::Thread(self), sig, info)
    }

    /// A fault of this thread's own: delivered even when blocked or ignored, then with the default action (`force_sig`).
    pub fn force(&self, sig: u32, info: SigInfo) {
        let hand = self.sighand();
        let action = hand.get(sig);
        let mut state = self.signals.lock();
        let blocked = state.blocked.has(sig);
        if blocked || action.is_ignore() {
            hand.set(sig, Action::DEFAULT);
            state.blocked = state.blocked.minus(SigSet::of(&[sig]));
        }
        let _ = state.pending.push(Queued { sig, info, timer: 0 }, u64::MAX);
        drop(state);
        self.thread.set_work();
    }
}

impl ThreadGroup {
    /// Queues a signal for the process.
    pub fn send(&self, sig: u32, info: SigInfo) -> Result<()> {
        send(Target::Group(self), sig, info)
    }
}

/// One signal for many processes: all have it before the first one is woken. Else a process could end of it, and its neighbour in a pipeline
/// see that and end well, while the sender waits for its processor. (Linux holds the task list, and is not preempted.)
#[derive(Default)]
pub struct Together(Vec<Arc<HostThread>>);

impl Together {
    /// Queues a signal for one of them. They are woken when this is dropped.
    pub fn send(&mut self, group: &ThreadGroup, sig: u32, info: SigInfo) -> Result<()> {
        if sig == 0 {
            return Ok(());
        }
        let later = |thread: &Arc<HostThread>| {
            thread.announce();
            self.0.push(thread.clone());
        };
        queue_for(Target::Group(group), Queued { sig, info, timer: 0 }, later).map(drop)
    }
}

impl Drop for Together {
    fn drop(&mut self) {
        self.0.iter().for_each(|thread| thread.rouse());
    }
}

fn send(target: Target<'_>, sig: u32, info: SigInfo) -> Result<()> {
    if sig == 0 {
        return Ok(());
    }
    queue(target, Queued { sig, info, timer: 0 }).map(drop)
}

/// Queues a signal where it belongs and wakes who should look. `false` if it is ignored, or nobody is left to take it.
pub(crate) fn queue(target: Target<'_>, q: Queued) -> Result<bool> {
    queue_for(target, q, |thread| thread.interrupt())
}

fn queue_for(target: Target<'_>, q: Queued, wake: impl FnMut(&Arc<HostThread>)) -> Result<bool> {
    let sig = q.sig;
    let group = match &target {
        Target::Thread(t) => &*t.group,
        Target::Group(g) => g,
    };
    let threads = group.threads();
    let Some(any) = threads.first() else { return Ok(false) };
    discard_opposite(group, &threads, sig);
    let queued = enqueue(&target, &threads, any, q, wake);
    // Only now may a stopped group go on: it must find the signal when it does.
    if sig == SIGCONT || sig == SIGKILL {
        group.resume(sig == SIGCONT);
    }
    queued
}

fn enqueue(
    target: &Target<'_>,
    threads: &[Arc<Task>],
    any: &Task,
    q: Queued,
    mut wake: impl FnMut(&Arc<HostThread>),
) -> Result<bool> {
    let (group, sig) = (&*any.group, q.sig);
    let hand = any.sighand();
    // A blocked signal is queued even when ignored: the disposition may change before it is unblocked.
    let blocked = match target {
        Target::Thread(t) => t.signals.lock().blocked.has(sig),
        Target::Group(_) => threads.iter().all(|t| t.signals.lock().blocked.has(sig)),
    };
    if hand.get(sig).ignores(sig) && !blocked && !group.traced() {
        return Ok(false);
    }
    let limit = group.rlimit(crate::task::limits::SIGPENDING).cur;
    match target {
        Target::Thread(t) => {
            t.signals.lock().pending.push(q, limit)?;
            if sig == SIGKILL || t.wants(sig) {
                wake(&t.thread);
            }
        }
        Target::Group(g) => {
            g.pending.lock().push(q, limit)?;
            wake_one_of(threads, sig, wake);
        }
    }
    group.signalled.wake_all();
    Ok(true)
}

/// A stop signal cancels pending continues and the other way round.
fn discard_opposite(group: &ThreadGroup, threads: &[Arc<Task>], sig: u32) {
    let gone = match sig {
        SIGCONT => SigSet::STOPS,
        _ if SigSet::STOPS.has(sig) => SigSet::of(&[SIGCONT]),
        _ => return,
    };
    group.pending.lock().flush(gone);
    threads.iter().for_each(|t| t.signals.lock().pending.flush(gone));
}

/// One thread that does not block it is enough; the killing signal wakes all.
fn wake_one_of(threads: &[Arc<Task>], sig: u32, mut wake: impl FnMut(&Arc<HostThread>)) {
    if sig == SIGKILL {
        return threads.iter().for_each(|t| wake(&t.thread));
    }
    let me = Task::current_id();
    let willing: Vec<&Arc<Task>> = threads.iter().filter(|t| t.wants(sig)).collect();
    if let Some(t) = willing.iter().find(|t| Some(t.tid()) == me).or(willing.first()) {
        wake(&t.thread);
    }
}
