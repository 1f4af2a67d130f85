//! The end of threads and processes (`kernel/exit.c`).

use super::{Exit, Task, Usage};
use crate::kernel::kernel;
use core::sync::atomic::Ordering::SeqCst;
use host::sys::{futex, process};
use host::user;

impl Task {
    /// Everything that a thread's end means, except the host thread's own: the caller ends that next. `code` counts only
    /// if this is the group's last thread and nobody asked the group to exit before.
    pub fn exit(&self, code: i32) {
        self.exit_robust_list();
        self.clear_tid_word();
        self.leave(Exit::code(code), || process::getrusage(0).map(|r| Usage::from_host(&r)).unwrap_or_default());
    }

    /// Its host process was killed from outside: the same, without touching memory that is gone.
    pub fn exit_by_host(&self, how: Exit) {
        self.thread.set_dead();
        self.group.request_exit(how);
        self.leave(how, Usage::default);
    }

    fn leave(&self, how: Exit, usage: impl FnOnce() -> Usage) {
        if self.left.swap(1, SeqCst) != 0 {
            return;
        }
        self.owner_ended();
        self.set_state(b'X');
        self.vfork_done();
        self.abandon_held();
        self.swap_files(None);
        let last = self.group.remove_thread(self) == 0;
        self.trace_ended(last, self.group.exit_requested().unwrap_or(how));
        if last {
            self.group.timers.delete_all();
            crate::ipc::sem::process_ended(self.tgid());
            let mut total = *self.group.own_usage.lock();
            total.add(&usage());
            let how = self.group.exit_requested().unwrap_or(how);
            self.mm().drop_user();
            self.set_state(b'Z');
            if !self.is_leader() {
                kernel().tasks.remove_thread(self.tid());
            }
            crate::tty::give_up(&self.group, true);
            kernel().process_ended(&self.group, how, total);
        } else {
            self.mm().drop_user();
            if self.is_leader() {
                // Its id stands for the process as long as that lives.
                self.set_state(b'Z');
            } else {
                kernel().tasks.remove_thread(self.tid());
            }
            self.tell_executing_thread();
        }
        self.thread.set_dead();
    }

    /// A thread that executes a program waits for the others to go.
    fn tell_executing_thread(&self) {
        let tid = self.group.executing.load(SeqCst);
        if tid != 0 {
            self.group.threads().iter().for_each(|t| t.thread.kick());
        }
    }

    /// `CLONE_CHILD_CLEARTID`: clears the word and wakes who joins.
    pub(super) fn clear_tid_word(&self) {
        let at = self.clear_child_tid.swap(0, SeqCst);
        if at != 0 && self.mm().users() > 1 && user::write(at, &0u32).is_ok() {
            const WAKE: u32 = 1;
            let _ = futex::guest(at, WAKE, 1, futex::FutexArg::None, 0, 0, self.thread.kick_never());
        }
    }
}
