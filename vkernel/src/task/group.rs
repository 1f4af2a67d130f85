//! Thread groups: what Linux calls `signal_struct` and users call a process.

use super::Task;
use crate::signal::Pending;
use alloc::collections::BTreeSet;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::sync::atomic::{
    AtomicBool, AtomicI32, AtomicU32, AtomicU64,
    Ordering::{Relaxed, SeqCst},
};
use host::abi::Rlimit;
use host::lock::{Mutex, rank};
use host::wait::WaitQueue;

/// How a group ends: its wait status.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Exit(pub i32);

impl Exit {
    /// By `exit_group(code)`.
    pub const fn code(code: i32) -> Exit {
        Exit(super::exit_status(code))
    }

    /// By a signal.
    pub const fn signal(sig: u32, core: bool) -> Exit {
        Exit(sig as i32 | if core { 0x80 } else { 0 })
    }
}

/// Processor time and faults of a group or of its reaped children, for `getrusage` and `times`.
#[derive(Clone, Copy, Debug, Default)]
#[allow(missing_docs)]
pub struct Usage {
    pub utime_us: u64,
    pub stime_us: u64,
    pub maxrss: i64,
    pub minflt: i64,
    pub majflt: i64,
    pub nvcsw: i64,
    pub nivcsw: i64,
}

impl Usage {
    /// Its processor time, in nanoseconds.
    pub fn cpu_ns(&self) -> u64 {
        self.utime_us.saturating_add(self.stime_us).saturating_mul(1000)
    }

    /// Adds another's; the larger peak memory stays.
    pub fn add(&mut self, o: &Usage) {
        self.utime_us += o.utime_us;
        self.stime_us += o.stime_us;
        self.maxrss = self.maxrss.max(o.maxrss);
        self.minflt += o.minflt;
        self.majflt += o.majflt;
        self.nvcsw += o.nvcsw;
        self.nivcsw += o.nivcsw;
    }

    /// From what the host says of a process or thread.
    pub fn from_host(r: &host::abi::Rusage) -> Usage {
        let us = |t: host::abi::Timeval| (t.sec.max(0) as u64) * 1_000_000 + t.usec.max(0) as u64;
        Usage {
            utime_us: us(r.utime),
            stime_us: us(r.stime),
            maxrss: r.maxrss,
            minflt: r.minflt,
            majflt: r.majflt,
            nvcsw: r.nvcsw,
            nivcsw: r.nivcsw,
        }
    }
}

/// A process.
pub struct ThreadGroup {
    /// Its id: the leader's thread id.
    pub tgid: u32,
    threads: Mutex<Vec<Arc<Task>>>,
    live: AtomicU32,
    /// Signals sent to the process.
    pub pending: Mutex<Pending, { rank::SIGHAND }>,
    /// Where `wait4` of this process waits for children.
    pub child_exited: Arc<WaitQueue>,
    /// Where pollers of a pidfd of this process wait.
    pub exited: Arc<WaitQueue>,
    /// Where readers of a signalfd in this process wait: something became pending.
    pub signalled: Arc<WaitQueue>,
    pgrp: AtomicU32,
    session: AtomicU32,
    /// The signal sent to the parent at the end, 0 for none.
    pub exit_signal: AtomicU32,
    exit: AtomicI32,
    pub(crate) stop_signal: AtomicU32,
    pub(crate) stopped_threads: AtomicU32,
    pub(crate) stop_reported: AtomicU32,
    /// Group stops so far.
    pub(crate) stop_count: AtomicU32,
    /// Threads that are traced.
    pub(crate) traced_threads: AtomicU32,
    /// Its parent traced it when it ended.
    pub(crate) died_traced: AtomicBool,
    /// Thread ids of what threads of this process trace.
    pub(crate) tracees: Mutex<BTreeSet<u32>>,
    /// Ends of tracees that this process has not been told of yet.
    pub(crate) trace_deaths: Mutex<Vec<crate::ptrace::Death>>,
    /// The thread that executes a new program, 0 for none.
    pub(crate) executing: AtomicU32,
    rlimits: Mutex<[Rlimit; super::limits::COUNT]>,
    /// The soft ones again, read without the lock.
    soft_limits: [AtomicU64; super::limits::COUNT],
    /// Of children that were waited for.
    pub children_usage: Mutex<Usage>,
    /// Own usage carried over when the process moved to another host process; all of it once it has ended.
    pub own_usage: Mutex<Usage>,
    /// `PR_SET_CHILD_SUBREAPER`.
    pub subreaper: AtomicU32,
    /// Set once the group has executed a program: `setpgid` by the parent fails from then on.
    pub has_executed: AtomicU32,
    /// The foreground group of its terminal when that was hung up, for a session leader; 0 for none.
    pub old_foreground: AtomicU32,
    /// `PR_SET_PDEATHSIG`.
    pub pdeath_signal: AtomicU32,
    /// `PR_SET_DUMPABLE`.
    pub dumpable: AtomicU32,
    /// `personality(2)`.
    pub persona: AtomicU32,
    /// `oom_score_adj`, for `/proc`.
    pub oom_score_adj: AtomicI32,
    /// `KEY_SPEC_PROCESS_KEYRING`.
    pub keyring: Mutex<Option<Arc<crate::keys::Key>>>,
    /// `timer_create(2)`.
    pub timers: crate::timer::Timers,
    /// `setitimer(2)`.
    pub(crate) real_timer: crate::timer::real::RealTimer,
    /// Bytes read and written, for `/proc/PID/io`.
    pub io_bytes: [AtomicU64; 2],
}

const RUNNING: i32 = i32::MIN;

impl ThreadGroup {
    pub(crate) fn new(
        tgid: u32,
        pgrp: u32,
        session: u32,
        exit_signal: u32,
        rlimits: [Rlimit; super::limits::COUNT],
    ) -> ThreadGroup {
        ThreadGroup {
            tgid,
            threads: Mutex::default(),
            live: AtomicU32::new(0),
            pending: Mutex::default(),
            child_exited: WaitQueue::new(),
            exited: WaitQueue::new(),
            signalled: WaitQueue::new(),
            pgrp: AtomicU32::new(pgrp),
            session: AtomicU32::new(session),
            exit_signal: AtomicU32::new(exit_signal),
            exit: AtomicI32::new(RUNNING),
            stop_signal: AtomicU32::new(0),
            stopped_threads: AtomicU32::new(0),
            stop_reported: AtomicU32::new(0),
            stop_count: AtomicU32::new(0),
            traced_threads: AtomicU32::new(0),
            died_traced: AtomicBool::new(false),
            tracees: Mutex::default(),
            trace_deaths: Mutex::default(),
            executing: AtomicU32::new(0),
            soft_limits: rlimits.map(|l| AtomicU64::new(l.cur)),
            rlimits: Mutex::new(rlimits),
            children_usage: Mutex::default(),
            own_usage: Mutex::default(),
            subreaper: AtomicU32::new(0),
            has_executed: AtomicU32::new(0),
            old_foreground: AtomicU32::new(0),
            pdeath_signal: AtomicU32::new(0),
            dumpable: AtomicU32::new(1),
            persona: AtomicU32::new(0),
            oom_score_adj: AtomicI32::new(0),
            keyring: Mutex::default(),
            timers: Default::default(),
            real_timer: Default::default(),
            io_bytes: Default::default(),
        }
    }

    /// Its threads, exited leader excluded.
    pub fn threads(&self) -> Vec<Arc<Task>> {
        self.threads.lock().clone()
    }

    /// Number of threads that have not ended.
    pub fn live_threads(&self) -> u32 {
        self.live.load(SeqCst)
    }

    pub(crate) fn add_thread(&self, task: Arc<Task>) {
        self.threads.lock().push(task);
        self.live.fetch_add(1, SeqCst);
    }

    /// Takes a thread out; answers how many are left.
    pub(crate) fn remove_thread(&self, task: &Task) -> u32 {
        let mut threads = self.threads.lock();
        let at = threads.iter().position(|t| core::ptr::eq(&**t, task));
        let gone = at.map(|i| threads.remove(i));
        let left = if gone.is_some() { self.live.fetch_sub(1, SeqCst) - 1 } else { self.live.load(SeqCst) };
        drop(threads);
        left
    }

    /// Process group.
    pub fn pgrp(&self) -> u32 {
        self.pgrp.load(SeqCst)
    }

    /// Session.
    pub fn session(&self) -> u32 {
        self.session.load(SeqCst)
    }

    pub(crate) fn set_pgrp(&self, pgrp: u32) {
        self.pgrp.store(pgrp, SeqCst);
    }

    pub(crate) fn set_session(&self, session: u32) {
        self.session.store(session, SeqCst);
    }

    /// How the group was told to end, if it was.
    pub fn exit_requested(&self) -> Option<Exit> {
        let v = self.exit.load(SeqCst);
        (v != RUNNING).then_some(Exit(v))
    }

    /// Starts the end of the group (`do_group_exit`): the first reason counts. All threads are told.
    pub fn request_exit(&self, how: Exit) {
        if self.exit.compare_exchange(RUNNING, how.0, SeqCst, SeqCst).is_ok() {
            for t in self.threads() {
                t.thread.interrupt();
            }
        }
    }

    /// A resource limit.
    pub fn rlimit(&self, which: usize) -> Rlimit {
        self.rlimits.lock().get(which).copied().unwrap_or(Rlimit { cur: u64::MAX, max: u64::MAX })
    }

    /// Its soft value.
    pub fn soft_limit(&self, which: usize) -> u64 {
        self.soft_limits.get(which).map_or(u64::MAX, |l| l.load(Relaxed))
    }

    /// All of them.
    pub fn rlimits(&self) -> [Rlimit; super::limits::COUNT] {
        *self.rlimits.lock()
    }

    /// Sets one; the caller has checked it.
    pub fn set_rlimit(&self, which: usize, limit: Rlimit) {
        let mut all = self.rlimits.lock();
        if let (Some(l), Some(soft)) = (all.get_mut(which), self.soft_limits.get(which)) {
            *l = limit;
            soft.store(limit.cur, Relaxed);
        }
    }

    /// Whether any of its threads is traced.
    pub fn traced(&self) -> bool {
        self.traced_threads.load(SeqCst) != 0
    }
}
