//! Making tasks (`kernel/fork.c`: `copy_process`).
//!
//! Two steps, because between them the host makes the thread: [`Task::prepare_clone`] builds everything and publishes
//! nothing; [`NewTask::publish`] puts it into the table, and [`NewTask::commit`] lets it go. Dropping a [`NewTask`] before
//! that undoes everything.

use super::{Signals, Task, TaskList, ThreadGroup, limits};
use crate::files::{FileTable, FsContext};
use crate::kernel::kernel;
use crate::mm::Mm;
use crate::signal::{SIGCHLD, SigHand};
use alloc::sync::Arc;
use bitflags::bitflags;
use core::sync::atomic::{AtomicU8, AtomicU32, AtomicU64, AtomicUsize, Ordering::SeqCst};
use fs_emu::Cred;
use fs_emu::cred::Caps;
use host::lock::Mutex;
use host::rcu::{RcuArc, RcuCell};
use host::wait::HostThread;
use host::{Errno, Result};

bitflags! {
    /// `clone(2)` flags, without the exit signal.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub struct CloneFlags: u64 {
        /// `CLONE_VM`.
        const VM = 0x100;
        /// `CLONE_FS`.
        const FS = 0x200;
        /// `CLONE_FILES`.
        const FILES = 0x400;
        /// `CLONE_SIGHAND`.
        const SIGHAND = 0x800;
        /// `CLONE_PIDFD`.
        const PIDFD = 0x1000;
        /// `CLONE_PTRACE`.
        const PTRACE = 0x2000;
        /// `CLONE_VFORK`.
        const VFORK = 0x4000;
        /// `CLONE_PARENT`.
        const PARENT = 0x8000;
        /// `CLONE_THREAD`.
        const THREAD = 0x10000;
        /// `CLONE_NEWNS`.
        const NEWNS = 0x20000;
        /// `CLONE_SYSVSEM`.
        const SYSVSEM = 0x40000;
        /// `CLONE_SETTLS`.
        const SETTLS = 0x80000;
        /// `CLONE_PARENT_SETTID`.
        const PARENT_SETTID = 0x100000;
        /// `CLONE_CHILD_CLEARTID`.
        const CHILD_CLEARTID = 0x200000;
        /// `CLONE_DETACHED`.
        const DETACHED = 0x400000;
        /// `CLONE_UNTRACED`.
        const UNTRACED = 0x800000;
        /// `CLONE_CHILD_SETTID`.
        const CHILD_SETTID = 0x1000000;
        /// `CLONE_NEWCGROUP`.
        const NEWCGROUP = 0x2000000;
        /// `CLONE_NEWUTS`.
        const NEWUTS = 0x4000000;
        /// `CLONE_NEWIPC`.
        const NEWIPC = 0x8000000;
        /// `CLONE_NEWUSER`.
        const NEWUSER = 0x10000000;
        /// `CLONE_NEWPID`.
        const NEWPID = 0x20000000;
        /// `CLONE_NEWNET`.
        const NEWNET = 0x40000000;
        /// `CLONE_IO`.
        const IO = 0x80000000;
        /// `CLONE_CLEAR_SIGHAND`.
        const CLEAR_SIGHAND = 0x1_0000_0000;
        /// `CLONE_INTO_CGROUP`.
        const INTO_CGROUP = 0x2_0000_0000;
        /// `CLONE_NEWTIME`.
        const NEWTIME = 0x80;
    }
}

impl CloneFlags {
    const NAMESPACES: CloneFlags = CloneFlags::NEWNS
        .union(CloneFlags::NEWCGROUP)
        .union(CloneFlags::NEWUTS)
        .union(CloneFlags::NEWIPC)
        .union(CloneFlags::NEWUSER)
        .union(CloneFlags::NEWPID)
        .union(CloneFlags::NEWNET)
        .union(CloneFlags::NEWTIME);

    /// The combinations that `clone(2)` refuses.
    pub fn check(self) -> Result<()> {
        let has = |f| self.contains(f);
        let bad = (has(Self::NEWNS | Self::FS))
            || has(Self::NEWUSER | Self::FS)
            || (has(Self::THREAD) && !has(Self::SIGHAND))
            || (has(Self::SIGHAND) && !has(Self::VM))
            || has(Self::CLEAR_SIGHAND | Self::SIGHAND)
            || (has(Self::THREAD) && self.intersects(Self::NEWUSER | Self::NEWPID))
            || has(Self::PIDFD | Self::DETACHED);
        if bad {
            return Err(Errno::EINVAL);
        }
        // Namespaces are not offered; a kernel without CAP_SYS_ADMIN says the same.
        if self.intersects(Self::NAMESPACES) { Err(Errno::EPERM) } else { Ok(()) }
    }
}

/// What tasks may share.
struct Shared {
    mm: Arc<Mm>,
    files: Arc<FileTable>,
    fs: Arc<FsContext>,
    hand: Arc<SigHand>,
}

/// A task that is not in the table yet.
pub struct NewTask {
    task: Arc<Task>,
    flags: CloneFlags,
    parent: u32,
    creator: u32,
    published: bool,
    committed: bool,
}

impl Task {
    /// Builds a child of this task. `EAGAIN` at `RLIMIT_NPROC` or without a free id.
    pub fn prepare_clone(&self, flags: CloneFlags, exit_signal: u32) -> Result<NewTask> {
        let list = &kernel().tasks;
        self.check_nproc(list)?;
        let tid = list.reserve_id()?;
        self.build_child(flags, exit_signal, tid).inspect_err(|_| list.cancel_id(tid))
    }

    fn check_nproc(&self, list: &TaskList) -> Result<()> {
        let cred = self.cred();
        let limit = self.group.rlimit(limits::NPROC).cur;
        if limit == u64::MAX || cred.uid == 0 || cred.effective.intersects(Caps::SYS_ADMIN | Caps::SYS_RESOURCE) {
            return Ok(());
        }
        if list.counts().0 as u64 >= limit { Err(Errno::EAGAIN) } else { Ok(()) }
    }

    fn build_child(&self, flags: CloneFlags, exit_signal: u32, tid: u32) -> Result<NewTask> {
        let thread = flags.contains(CloneFlags::THREAD);
        let group = if thread {
            self.group.clone()
        } else {
            let g = &self.group;
            let new = ThreadGroup::new(tid, g.pgrp(), g.session(), exit_signal, g.rlimits());
            new.dumpable.store(g.dumpable.load(SeqCst), SeqCst);
            new.persona.store(g.persona.load(SeqCst), SeqCst);
            new.oom_score_adj.store(g.oom_score_adj.load(SeqCst), SeqCst);
            Arc::new(new)
        };
        let mm = if flags.contains(CloneFlags::VM) { self.mm() } else { self.mm().fork_copy()? };
        mm.add_user();
        let task = Arc::new(self.child_with(flags, tid, group, mm)?);
        let parent = if flags.intersects(CloneFlags::PARENT | CloneFlags::THREAD) {
            kernel().tasks.parent_of(self.tgid())
        } else {
            self.tgid()
        };
        if flags.contains(CloneFlags::PARENT) && !thread {
            task.group.exit_signal.store(self.group.exit_signal.load(SeqCst), SeqCst);
        }
        Ok(NewTask { task, flags, parent, creator: self.tid(), published: false, committed: false })
    }

    fn child_with(&self, flags: CloneFlags, tid: u32, group: Arc<ThreadGroup>, mm: Arc<Mm>) -> Result<Task> {
        let files = self.files().ok_or(Errno::EAGAIN)?;
        let files = if flags.contains(CloneFlags::FILES) { files } else { Arc::new(files.copy()?) };
        files.add_user();
        let fs = if flags.contains(CloneFlags::FS) { self.fs() } else { Arc::new(self.fs().copy()) };
        let hand = if flags.contains(CloneFlags::SIGHAND) { self.sighand() } else { Arc::new(self.sighand().copy()) };
        if flags.contains(CloneFlags::CLEAR_SIGHAND) {
            hand.reset_for_exec();
        }
        let mine = self.signals.lock();
        // Threads start without an alternate stack, and so do those that share memory without being `vfork`ed.
        let keeps_altstack = !flags.contains(CloneFlags::VM) || flags.contains(CloneFlags::VFORK);
        let signals = Signals {
            blocked: mine.blocked,
            altstack: if keeps_altstack { mine.altstack } else { Default::default() },
            ..Signals::default()
        };
        drop(mine);
        let task = self.like(tid, group, Shared { mm, files, fs, hand });
        *task.signals.lock() = signals;
        Ok(task)
    }

    /// A task with what a new one has from this one, whoever shares what.
    fn like(&self, tid: u32, group: Arc<ThreadGroup>, shared: Shared) -> Task {
        let thread = HostThread::made_by(self.thread.host_pid());
        Task {
            comm: Mutex::new(*self.comm.lock()),
            no_new_privs: AtomicU32::new(self.no_new_privs.load(SeqCst)),
            securebits: AtomicU32::new(self.securebits.load(SeqCst)),
            policy: AtomicU32::new(super::sched::inherited(self.policy.load(SeqCst))),
            mempolicy: Mutex::new(*self.mempolicy.lock()),
            keyrings: Mutex::new(self.keyrings.lock().inherited()),
            ioprio: AtomicU32::new(self.ioprio.load(SeqCst)),
            timer_slack: AtomicUsize::new(self.timer_slack.load(SeqCst)),
            ..Task::new(tid, group, thread, shared, self.cred())
        }
    }

    /// One that has nothing from any other.
    fn new(tid: u32, group: Arc<ThreadGroup>, thread: HostThread, shared: Shared, cred: Arc<Cred>) -> Task {
        Task {
            tid: AtomicU32::new(tid),
            group,
            thread: Arc::new(thread),
            signals: Mutex::default(),
            sighand: Mutex::new(shared.hand),
            files: RcuCell::new(Some(shared.files)),
            fs: RcuArc::new(shared.fs),
            mm: Mutex::new(shared.mm),
            cred: RcuArc::new(cred),
            comm: Mutex::default(),
            state: AtomicU8::new(b'R'),
            killed: AtomicU32::new(0),
            clear_child_tid: AtomicUsize::new(0),
            robust_list: AtomicUsize::new(0),
            pi_owner: AtomicU32::new(0),
            vfork_parent: Mutex::new(None),
            vfork_child: AtomicU32::new(0),
            restart: Mutex::new(None),
            interrupted: AtomicU64::new(0),
            no_new_privs: AtomicU32::new(0),
            securebits: AtomicU32::new(0),
            policy: AtomicU32::new(0),
            mempolicy: Mutex::default(),
            keyrings: Mutex::default(),
            ioprio: AtomicU32::new(0),
            timer_slack: AtomicUsize::new(50_000),
            held: Mutex::default(),
            holds: AtomicU32::new(0),
            left: AtomicU32::new(0),
            started: host::time::monotonic(),
            trace: Default::default(),
        }
    }

    /// The sandbox's first task, before it has a program.
    pub fn first(
        cred: Cred,
        mm: Arc<Mm>,
        files: Arc<FileTable>,
        fs: Arc<FsContext>,
        rlimits: [host::abi::Rlimit; limits::COUNT],
    ) -> Result<Arc<Task>> {
        let list = &kernel().tasks;
        let pid = list.reserve_id()?;
        let uid = cred.uid;
        mm.add_user();
        files.add_user();
        let group = Arc::new(ThreadGroup::new(pid, pid, pid, SIGCHLD, rlimits));
        let shared = Shared { mm, files, fs, hand: Arc::default() };
        let task = Arc::new(Task::new(pid, group, HostThread::default(), shared, Arc::new(cred)));
        task.set_comm(b"umlaut");
        task.make_init()?;
        list.publish_process(&task, super::list::INIT, 0, uid);
        Ok(task)
    }

    /// The virtual init: root's, and asleep for ever.
    fn make_init(&self) -> Result<()> {
        use super::list::INIT;
        let group = Arc::new(ThreadGroup::new(INIT, INIT, INIT, 0, self.group.rlimits()));
        let shared = Shared {
            mm: Mm::new(0),
            files: Arc::new(FileTable::new()),
            fs: Arc::new(FsContext::new(self.fs().root(), self.fs().root(), 0o22)),
            hand: Arc::default(),
        };
        let init = self.like(INIT, group, shared);
        init.set_cred(Cred::new(0, 0, Arc::from(&[][..])));
        init.set_comm(b"init");
        init.set_state(b'S');
        init.thread.set_dead();
        *kernel().tasks.init.lock() = Some(Arc::new(init));
        Ok(())
    }

    /// Waits until the `vfork` child has executed or ended. Only death interrupts.
    pub fn wait_for_vfork(&self) {
        loop {
            self.thread.prepare();
            if self.vfork_child.load(SeqCst) == 0 || self.fatal_pending() {
                return;
            }
            self.thread.sleep(None);
        }
    }

    /// This task no longer uses its parent's memory: the parent goes on.
    pub(super) fn vfork_done(&self) {
        let parent = self.vfork_parent.lock().take();
        if let Some(parent) = parent {
            parent.vfork_child.store(0, SeqCst);
            parent.thread.kick();
        }
    }
}

impl NewTask {
    /// The task, to be given its host thread.
    pub fn task(&self) -> &Arc<Task> {
        &self.task
    }

    /// Before the host makes the thread: a `vfork` parent will wait.
    pub fn arm_vfork(&self, parent: &Arc<Task>) {
        parent.vfork_child.store(1, SeqCst);
        *self.task.vfork_parent.lock() = Some(parent.clone());
    }

    /// Puts it into the table, before its host thread runs: the child must find itself and its parent there.
    pub fn publish(&mut self) {
        self.published = true;
        let list = &kernel().tasks;
        if self.flags.contains(CloneFlags::THREAD) {
            list.publish_thread(&self.task);
        } else {
            kernel().huge.count_process();
            list.publish_process(&self.task, self.parent, self.creator, self.task.cred().uid);
        }
    }

    /// The host made the thread: it is on its own now.
    pub fn commit(mut self) {
        self.committed = true;
    }
}

impl Drop for NewTask {
    fn drop(&mut self) {
        if self.committed {
            return;
        }
        let list = &kernel().tasks;
        if self.published {
            self.task.untrace();
            self.task.group.remove_thread(&self.task);
            list.remove_thread(self.task.tid());
            if !self.flags.contains(CloneFlags::THREAD) {
                drop(list.forget(self.task.tid()));
            }
        } else {
            list.cancel_id(self.task.tid());
        }
        self.task.mm().drop_user();
        self.task.swap_files(None);
        self.task.vfork_done();
    }
}
