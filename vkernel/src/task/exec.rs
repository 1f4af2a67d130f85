//! The task's side of `execve(2)`: what a new program keeps and what it loses (`fs/exec.c`: `begin_new_exec`).

use super::Task;
use super::cred::secure;
use crate::kernel::kernel;
use crate::mm::Mm;
use alloc::sync::Arc;
use core::sync::atomic::Ordering::SeqCst;
use fs_emu::Cred;
use host::{Errno, Result};

/// Proof that this task is its group's only thread: from here on the old program is gone.
pub struct ExecPoint<'a>(&'a Task);

impl Task {
    /// Ends all other threads of the group and takes over the leader's id (`de_thread`). `EAGAIN` when another thread got
    /// there first or the group is exiting: this one must go.
    pub fn become_only_thread(&self) -> Result<ExecPoint<'_>> {
        let group = &self.group;
        if group.executing.compare_exchange(0, self.tid(), SeqCst, SeqCst).is_err() {
            return Err(Errno::EAGAIN);
        }
        loop {
            self.thread.prepare();
            let others = group.threads();
            if others.len() <= 1 {
                break;
            }
            if self.must_die() {
                group.executing.store(0, SeqCst);
                return Err(Errno::EAGAIN);
            }
            others.iter().filter(|t| t.tid() != self.tid()).for_each(|t| {
                if !t.must_die() {
                    t.kill_for_exec();
                }
            });
            self.thread.sleep(None);
        }
        if !self.is_leader() {
            let old = self.tid();
            if let Some(leader) = kernel().tasks.task(group.tgid) {
                leader.untrace();
            }
            self.tid.store(group.tgid, SeqCst);
            kernel().tasks.rename_thread(old, group.tgid);
            self.trace_renamed(old);
        }
        group.executing.store(0, SeqCst);
        Ok(ExecPoint(self))
    }

    /// Whether another process uses this task's memory: then a new program needs a host process of its own.
    pub fn shares_memory(&self) -> bool {
        self.mm().users() > 1
    }
}

impl ExecPoint<'_> {
    /// The old memory's last words: robust futexes, the cleared tid word.
    pub fn leave_memory(&self) {
        self.0.exit_robust_list();
        self.0.clear_tid_word();
    }

    /// The task gets a new, empty address space; whoever waited for it to leave the old one goes on.
    pub fn replace_mm(&self, mm: Arc<Mm>) {
        mm.add_user();
        let old = core::mem::replace(&mut *self.0.mm.lock(), mm);
        old.drop_user();
        drop(old);
        self.0.vfork_done();
    }

    /// Everything else that a new program does not inherit.
    pub fn reset(&self, comm: &[u8], cred: Cred) -> Result<()> {
        let task = self.0;
        let hand = Arc::new(task.sighand().copy());
        hand.reset_for_exec();
        *task.sighand.lock() = hand;
        {
            let mut state = task.signals.lock();
            state.altstack = Default::default();
            state.saved_mask = None;
        }
        task.group.timers.delete_all();
        task.drop_own_keyrings();
        *task.restart.lock() = None;
        task.securebits.fetch_and(!secure::KEEP_CAPS, SeqCst);
        if let Some(files) = task.files() {
            let own = if files.users() > 1 { Arc::new(files.copy()?) } else { files.clone() };
            if !Arc::ptr_eq(&own, &files) {
                own.add_user();
                task.set_files(own.clone());
            }
            own.close_on_exec(task);
        }
        task.set_comm(comm);
        let changed = cred.euid != cred.uid || cred.egid != cred.gid;
        task.set_cred(cred);
        task.group.dumpable.store(if changed { 0 } else { 1 }, SeqCst);
        task.group.has_executed.store(1, SeqCst);
        task.group.exit_signal.store(crate::signal::SIGCHLD, SeqCst);
        Ok(())
    }
}
