//! Tasks: one per guest thread (`struct task_struct`).
//!
//! A [`Task`] holds what belongs to one thread and references to what may be shared: thread group, descriptors, file-system
//! context, address space, dispositions, credentials. One aspect per file:
//!
//! * `clone`, `exec`, `exit`, `wait`: the life of one; `sleep`: the loop in which it waits;
//! * `group`: [`ThreadGroup`], a process; `list`: [`TaskList`], the table and tree of all;
//! * `ids`, `cred`, `limits`, `sched`: what the calls of these names set;
//! * `robust`, `pi`, `requeue`: futexes that have an owner.
//!
//! Locks: the fields' own, leaves unless a rank is named; SIGHAND for [`Signals`].

mod clone;
mod cred;
mod exec;
mod exit;
mod group;
mod ids;
pub mod limits;
mod list;
mod pi;
mod requeue;
mod robust;
pub mod sched;
mod sleep;
mod wait;

pub use clone::{CloneFlags, NewTask};
pub use cred::secure;
pub use exec::ExecPoint;
pub use group::{Exit, ThreadGroup, Usage};
pub(crate) use list::decode_status;
pub use list::{ProcessView, TaskList};
pub use requeue::{Requeue, Requeued, Requeues, Stage};
pub use robust::{OWNER_DIED, TID_MASK, WAITERS};
pub use sleep::{Restart, Wait};
pub use wait::{WaitFor, WaitOptions, Waited};

use crate::files::{FileTable, FsContext};
use crate::mm::Mm;
use crate::signal::{Pending, SigHand, SigSet};
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::sync::atomic::{
    AtomicU8, AtomicU32, AtomicU64, AtomicUsize,
    Ordering::{Relaxed, SeqCst},
};
use fs_emu::vfs::File;
use fs_emu::vfs::file::OpenRef;
use fs_emu::{Cred, FileOps};
use host::abi::{StackT, Timespec};
use host::lock::{Mutex, rank};
use host::rcu::{RcuArc, RcuCell, RcuRef, Reading};
use host::wait::HostThread;

/// Wait status of a process that exited with `code` (`W_EXITCODE`).
pub const fn exit_status(code: i32) -> i32 {
    (code & 0xff) << 8
}

/// Wait status of a process that stopped.
pub const fn stop_status(sig: u32) -> i32 {
    (sig as i32) << 8 | 0x7f
}

/// What this thread knows of signals. Guarded by `Task::signals`.
#[derive(Default)]
pub struct Signals {
    /// Blocked.
    pub blocked: SigSet,
    /// Sent to this thread.
    pub pending: Pending,
    /// The mask to restore after `sigsuspend` and its like.
    pub saved_mask: Option<SigSet>,
    /// Being waited for in `sigtimedwait`.
    pub waiting_for: SigSet,
    /// `sigaltstack(2)`; size 0 for none.
    pub altstack: StackT,
}

/// What a call has in use while it sleeps.
enum Held {
    File(OpenRef),
    /// An end of a FIFO whose opening waits for the other one.
    Opening(Arc<dyn FileOps>),
}

/// A guest thread.
pub struct Task {
    tid: AtomicU32,
    /// The process it belongs to.
    pub group: Arc<ThreadGroup>,
    /// Its host thread.
    pub thread: Arc<HostThread>,
    /// Signals.
    pub signals: Mutex<Signals, { rank::SIGHAND }>,
    sighand: Mutex<Arc<SigHand>>,
    /// Empty once the task is exiting.
    files: RcuCell<FileTable>,
    fs: RcuArc<FsContext>,
    mm: Mutex<Arc<Mm>>,
    cred: RcuArc<Cred>,
    comm: Mutex<[u8; 16]>,
    state: AtomicU8,
    /// Set when another thread of the group executes a new program, and this one must go.
    killed: AtomicU32,
    /// `set_tid_address(2)`: cleared, and its futex woken, when the thread ends.
    pub clear_child_tid: AtomicUsize,
    /// `set_robust_list(2)`.
    pub robust_list: AtomicUsize,
    /// The owner of the futex with priority inheritance that it waits for, or 0.
    pub(super) pi_owner: AtomicU32,
    /// Whom to wake when this `vfork` child has let go of its parent's memory.
    vfork_parent: Mutex<Option<Arc<Task>>>,
    /// Nonzero while a `vfork` child of this task still has its memory.
    vfork_child: AtomicU32,
    /// An interrupted call that will be made again, and until when it sleeps.
    pub restart: Mutex<Option<Restart>>,
    /// The call that a signal interrupted, until the way back decides about it: number + 1, and its restart rule.
    interrupted: AtomicU64,
    /// `prctl(PR_SET_NO_NEW_PRIVS)`.
    pub no_new_privs: AtomicU32,
    /// `prctl(PR_SET_SECUREBITS)`: bits of [`secure`](cred::secure).
    pub securebits: AtomicU32,
    /// `sched_setscheduler(2)`: the policy as the guest has set it. The host is not told.
    pub policy: AtomicU32,
    /// `set_mempolicy(2)`.
    pub mempolicy: Mutex<Option<crate::mm::Policy>>,
    /// Keyrings.
    pub keyrings: Mutex<crate::keys::Keyrings>,
    /// `ioprio_set(2)`.
    pub ioprio: AtomicU32,
    /// `prctl(PR_SET_TIMERSLACK)` in ns.
    pub timer_slack: AtomicUsize,
    /// Files in use by the call being made, so that the supervisor can let go of them if the host thread is killed.
    held: Mutex<Vec<Held>>,
    /// Nonzero when there may be any. Only the task itself adds some.
    holds: AtomicU32,
    /// Set by the first who ends this task: itself, or the supervisor for a killed host process.
    left: AtomicU32,
    started: Timespec,
    /// What a tracer does with it.
    pub trace: crate::ptrace::Trace,
}

impl Task {
    /// The running task. Every thread that runs guest code has one.
    #[inline]
    pub fn current() -> Option<&'static Task> {
        host::cpu::current().task::<Task>()
    }

    /// The running task's id.
    pub fn current_id() -> Option<u32> {
        Task::current().map(Task::tid)
    }

    /// Thread id. Changes only when a thread other than the leader executes a program.
    pub fn tid(&self) -> u32 {
        self.tid.load(SeqCst)
    }

    /// Process id.
    #[inline]
    pub fn tgid(&self) -> u32 {
        self.group.tgid
    }

    /// Whether it leads its group.
    pub fn is_leader(&self) -> bool {
        self.tid() == self.group.tgid
    }

    /// Dispositions.
    pub fn sighand(&self) -> Arc<SigHand> {
        self.sighand.lock().clone()
    }

    /// Descriptors. `None` once the task is exiting.
    pub fn files(&self) -> Option<Arc<FileTable>> {
        self.files.get_arc()
    }

    /// The same for as long as this thread reads, without a count.
    pub fn files_in<'r>(&self, reading: &'r Reading) -> Option<&'r FileTable> {
        self.files.get(reading).map(RcuRef::get)
    }

    /// Replaces the descriptor table (`unshare`, `exec`).
    pub fn set_files(&self, files: Arc<FileTable>) {
        self.swap_files(Some(files));
    }

    /// Puts another table there, or none, and lets go of the old one.
    fn swap_files(&self, files: Option<Arc<FileTable>>) {
        let old = self.files.replace(files);
        if let Some(old) = old.get() {
            old.release(self);
        }
    }

    /// Root, working directory, umask.
    pub fn fs(&self) -> Arc<FsContext> {
        self.fs.get_arc()
    }

    /// The same for as long as this thread reads.
    pub fn fs_in<'r>(&self, reading: &'r Reading) -> &'r FsContext {
        self.fs.get(reading).get()
    }

    /// Replaces them (`unshare`).
    pub fn set_fs(&self, fs: Arc<FsContext>) {
        drop(self.fs.replace(fs));
    }

    /// The address space.
    pub fn mm(&self) -> Arc<Mm> {
        self.mm.lock().clone()
    }

    /// Credentials.
    pub fn cred(&self) -> Arc<Cred> {
        self.cred.get_arc()
    }

    /// The same for as long as this thread reads.
    pub fn cred_in<'r>(&self, reading: &'r Reading) -> &'r Cred {
        self.cred.get(reading).get()
    }

    /// The name that `ps` shows: up to 15 bytes.
    pub fn comm(&self) -> Vec<u8> {
        let comm = *self.comm.lock();
        comm.iter().copied().take_while(|&b| b != 0).collect()
    }

    /// Sets it, cut to 15 bytes.
    pub fn set_comm(&self, name: &[u8]) {
        let mut comm = [0; 16];
        for (to, from) in comm.iter_mut().take(15).zip(name.iter().take_while(|&&b| b != 0)) {
            *to = *from;
        }
        *self.comm.lock() = comm;
    }

    /// The letter of `/proc/PID/stat`: R, S, T, Z, D.
    pub fn state(&self) -> u8 {
        self.state.load(SeqCst)
    }

    /// Sets it.
    pub fn set_state(&self, state: u8) {
        self.state.store(state, SeqCst);
    }

    /// When it started, on the monotonic clock.
    pub fn started(&self) -> Timespec {
        self.started
    }

    /// Whether the group exits or another thread takes over: nothing but leaving is left to do.
    pub fn must_die(&self) -> bool {
        self.killed.load(SeqCst) != 0 || self.group.exit_requested().is_some()
    }

    pub(crate) fn kill_for_exec(&self) {
        self.killed.store(1, SeqCst);
        self.thread.interrupt();
    }

    /// Notes that a signal interrupted call `nr`, whose row says `how` it restarts.
    pub fn set_interrupted(&self, nr: u32, how: u32) {
        self.interrupted.store((u64::from(nr) + 1) | (u64::from(how) << 32), SeqCst);
    }

    /// The note: number and restart rule.
    pub fn interrupted(&self) -> Option<(u32, u32)> {
        let v = self.interrupted.load(SeqCst);
        (v != 0).then(|| (v as u32 - 1, (v >> 32) as u32))
    }

    /// Takes the note: number and restart rule.
    pub fn take_interrupted(&self) -> Option<(u32, u32)> {
        let v = self.interrupted.swap(0, SeqCst);
        (v != 0).then(|| (v as u32 - 1, (v >> 32) as u32))
    }

    /// Keeps a file alive, visibly to the supervisor, while a call uses it.
    /// The sleeping call keeps only the number: a reference on the stack of a killed host thread would never be dropped.
    pub fn hold(&self, file: Arc<File>) -> usize {
        self.holds.store(1, SeqCst);
        let mut held = self.held.lock();
        held.push(Held::File(file.into()));
        held.len() - 1
    }

    /// A file that [`hold`](Self::hold) keeps, for a moment.
    pub fn held(&self, number: usize) -> Option<Arc<File>> {
        match self.held.lock().get(number)? {
            Held::File(file) => Some(file.file().clone()),
            Held::Opening(_) => None,
        }
    }

    /// Shows the supervisor an end of a FIFO that is being opened.
    pub fn hold_opening(&self, end: Arc<dyn FileOps>) {
        self.holds.store(1, SeqCst);
        self.held.lock().push(Held::Opening(end));
    }

    /// The task will not finish its call: what it was opening is closed.
    fn abandon_held(&self) {
        let held = core::mem::take(&mut *self.held.lock());
        for one in held {
            if let Held::Opening(end) = one {
                end.release();
            }
        }
    }

    /// The call is done: lets go of what it held.
    #[inline]
    pub fn release_held(&self) {
        if self.holds.load(Relaxed) != 0 {
            self.release_some();
        }
    }

    fn release_some(&self) {
        self.holds.store(0, SeqCst);
        let mut held = self.held.lock();
        // The usual one file goes by itself, so that the list keeps its memory.
        let (last, rest) = (held.pop(), if held.is_empty() { Vec::new() } else { core::mem::take(&mut *held) });
        drop(held);
        drop((last, rest));
    }
}
