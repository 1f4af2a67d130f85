//! Tracing of one task by another (`ptrace(2)`, `kernel/ptrace.c`): who traces whom, and what the tracer may ask.
//!
//! A stopped tracee waits in kernel code of its own host process (`stop`). Its registers lie in the arena while it does, put
//! there by the personality ([`Machine`]); its memory only it can reach, so it copies for the tracer (`remote`). Left out:
//! `PTRACE_SYSEMU`, hardware breakpoints, seccomp events.
//!
//! Locks: a stop, the registers, what is asked for, a list of tracees are leaves.

mod end;
mod regs;
mod remote;
mod stop;

pub use end::Death;
pub use regs::{Registers, UserRegs};
pub use remote::Question;

use crate::Task;
use crate::kernel::kernel;
use crate::signal::{self, SIGKILL, SIGSTOP};
use alloc::sync::Arc;
use bitflags::bitflags;
use core::sync::atomic::{AtomicU32, AtomicU64, Ordering::SeqCst};
use host::lock::Mutex;
use host::{Errno, Result};
use stop::Stop;

bitflags! {
    /// `PTRACE_O_*`.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub struct Options: u32 {
        /// `PTRACE_O_TRACESYSGOOD`.
        const SYSGOOD = 1;
        /// `PTRACE_O_TRACEFORK`.
        const FORK = 1 << event::FORK;
        /// `PTRACE_O_TRACEVFORK`.
        const VFORK = 1 << event::VFORK;
        /// `PTRACE_O_TRACECLONE`.
        const CLONE = 1 << event::CLONE;
        /// `PTRACE_O_TRACEEXEC`.
        const EXEC = 1 << event::EXEC;
        /// `PTRACE_O_TRACEVFORKDONE`.
        const VFORK_DONE = 1 << event::VFORK_DONE;
        /// `PTRACE_O_TRACEEXIT`.
        const EXIT = 1 << event::EXIT;
        /// `PTRACE_O_TRACESECCOMP`: taken, and without effect.
        const SECCOMP = 1 << 7;
        /// `PTRACE_O_EXITKILL`.
        const EXITKILL = 1 << 20;
    }
}

/// `PTRACE_EVENT_*`.
#[allow(missing_docs)]
pub mod event {
    pub const FORK: u32 = 1;
    pub const VFORK: u32 = 2;
    pub const CLONE: u32 = 3;
    pub const EXEC: u32 = 4;
    pub const VFORK_DONE: u32 = 5;
    pub const EXIT: u32 = 6;
    pub const STOP: u32 = 128;
}

/// How a tracee goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub enum Mode {
    /// `PTRACE_CONT`.
    Run = 0,
    /// `PTRACE_SYSCALL`.
    Syscall = 1,
    /// `PTRACE_SINGLESTEP`.
    Step = 2,
}

/// What a task has to do with tracing, as a tracee.
#[derive(Default)]
pub struct Trace {
    /// The tracer's thread id, 0 for none.
    tracer: AtomicU32,
    seized: AtomicU32,
    options: AtomicU32,
    mode: AtomicU32,
    /// A stop is wanted (`PTRACE_INTERRUPT`).
    trap: AtomicU32,
    /// The group stop that this task has already stopped for.
    passed: AtomicU32,
    /// `PTRACE_GETEVENTMSG`.
    message: AtomicU64,
    stop: Mutex<Option<Stop>>,
    /// The registers while it is stopped.
    pub regs: Mutex<Registers>,
    asked: Mutex<remote::Asked>,
    /// Stops so far.
    stops: AtomicU32,
    /// The number of the call that it is in, plus one; 0 for none.
    call: AtomicU64,
    /// The processor's trap flag is set for a step.
    stepping: AtomicU32,
}

/// The registers of the running task, where the personality has them.
pub trait Machine {
    /// Puts them where a tracer finds them ([`Trace::regs`]).
    fn show(&mut self, task: &Task);
    /// Takes over what a tracer has changed there.
    fn take(&mut self, task: &Task);
}

impl Trace {
    /// Whether somebody traces.
    pub fn active(&self) -> bool {
        self.tracer.load(SeqCst) != 0
    }

    /// The tracer's thread id, 0 for none.
    pub fn tracer(&self) -> u32 {
        self.tracer.load(SeqCst)
    }

    /// How it was last resumed.
    pub fn mode(&self) -> Mode {
        match self.mode.load(SeqCst) {
            1 => Mode::Syscall,
            2 => Mode::Step,
            _ => Mode::Run,
        }
    }

    /// `PTRACE_O_*`.
    pub fn options(&self) -> Options {
        Options::from_bits_retain(self.options.load(SeqCst))
    }

    /// What `PTRACE_GETEVENTMSG` shows.
    pub fn message(&self) -> u64 {
        self.message.load(SeqCst)
    }

    /// Sets it.
    pub fn set_message(&self, value: u64) {
        self.message.store(value, SeqCst);
    }

    /// Number of the call it is in: all ones for none.
    pub fn call(&self) -> u64 {
        self.call.load(SeqCst).wrapping_sub(1)
    }

    /// Says so.
    pub fn set_call(&self, nr: u64) {
        self.call.store(nr.wrapping_add(1), SeqCst);
    }

    /// Notes whether the trap flag is set for a step; answers what it was.
    pub fn set_stepping(&self, on: bool) -> bool {
        self.stepping.swap(on.into(), SeqCst) != 0
    }

    /// Whether it was seized and not attached to.
    pub fn was_seized(&self) -> bool {
        self.seized.load(SeqCst) != 0
    }

    pub(crate) fn trap_wanted(&self) -> bool {
        self.trap.load(SeqCst) != 0 && self.active()
    }
}

impl Task {
    /// `PTRACE_TRACEME`.
    pub fn trace_me(&self) -> Result<()> {
        if self.trace.active() {
            return Err(Errno::EPERM);
        }
        let tracer = kernel().tasks.real_parent(self.tgid()).ok_or(Errno::EPERM)?;
        self.become_tracee(&tracer, false, Options::empty())
    }

    fn become_tracee(&self, tracer: &Task, seized: bool, options: Options) -> Result<()> {
        if self.trace.tracer.compare_exchange(0, tracer.tid(), SeqCst, SeqCst).is_err() {
            return Err(Errno::EPERM);
        }
        self.trace.seized.store(seized.into(), SeqCst);
        self.trace.options.store(options.bits(), SeqCst);
        self.trace.mode.store(Mode::Run as u32, SeqCst);
        self.trace.passed.store(0, SeqCst);
        self.group.traced_threads.fetch_add(1, SeqCst);
        tracer.group.tracees.lock().insert(self.tid());
        Ok(())
    }

    /// `PTRACE_ATTACH`, or `PTRACE_SEIZE` with options.
    pub fn attach_to(&self, target: &Task, seize: Option<Options>) -> Result<()> {
        if Arc::ptr_eq(&self.group, &target.group)
            || !self.may_trace(target)
            || is_gone(target)
            || target.thread.is_dead()
        {
            return Err(Errno::EPERM);
        }
        target.become_tracee(self, seize.is_some(), seize.unwrap_or(Options::empty()))?;
        if seize.is_none() {
            let _ = target.send(SIGSTOP, signal::info(SIGSTOP, signal::code::SI_KERNEL));
        }
        // One that has stopped already stops again, for its tracer.
        target.thread.interrupt();
        Ok(())
    }

    /// Whether it may look into that one and change it (`PTRACE_MODE_ATTACH_REALCREDS`).
    pub fn may_trace(&self, target: &Task) -> bool {
        let (me, you) = (self.cred(), target.cred());
        let uids = [you.uid, you.euid, you.suid].iter().all(|id| *id == me.uid);
        let gids = [you.gid, you.egid, you.sgid].iter().all(|id| *id == me.gid);
        let dumpable = target.group.dumpable.load(SeqCst) == 1;
        me.capable(fs_emu::cred::Caps::SYS_PTRACE) || uids && gids && dumpable && me.permitted.contains(you.permitted)
    }

    /// The task of that number if this one traces it and it is stopped (or need not be); else `ESRCH`.
    pub fn tracee(&self, tid: u32, any_state: bool) -> Result<Arc<Task>> {
        let task = kernel().tasks.task(tid).ok_or(Errno::ESRCH)?;
        let mine = task.trace.tracer() == self.tid();
        if !mine || !(any_state || task.trace.stopped()) {
            return Err(Errno::ESRCH);
        }
        Ok(task)
    }

    /// A child made by this tracee, before it can run: whether the tracer wants to be told, and by which event.
    pub fn hand_down_trace(&self, child: &Task, flags: crate::task::CloneFlags, exit_signal: u32) -> Option<u32> {
        use crate::task::CloneFlags;
        if !self.trace.active() || flags.contains(CloneFlags::UNTRACED) {
            return None;
        }
        let (what, wanted) = if flags.contains(CloneFlags::VFORK) {
            (event::VFORK, Options::VFORK)
        } else if exit_signal != signal::SIGCHLD {
            (event::CLONE, Options::CLONE)
        } else {
            (event::FORK, Options::FORK)
        };
        let told = self.trace.options().contains(wanted);
        if !told && !flags.contains(CloneFlags::PTRACE) {
            return None;
        }
        let tracer = kernel().tasks.task(self.trace.tracer())?;
        let seized = self.trace.seized.load(SeqCst) != 0;
        child.become_tracee(&tracer, seized, self.trace.options()).ok()?;
        if seized {
            child.trace.trap.store(1, SeqCst);
        } else {
            let _ = child.signals.lock().pending.push(
                signal::Queued { sig: SIGSTOP, info: signal::info(SIGSTOP, signal::code::SI_USER), timer: 0 },
                u64::MAX,
            );
        }
        child.thread.set_work();
        told.then_some(what)
    }

    /// `PTRACE_INTERRUPT`.
    pub fn interrupt_tracee(&self) -> Result<()> {
        if self.trace.seized.load(SeqCst) == 0 {
            return Err(Errno::EIO);
        }
        self.trace.trap.store(1, SeqCst);
        self.thread.interrupt();
        Ok(())
    }

    /// `PTRACE_SETOPTIONS`.
    pub fn set_trace_options(&self, bits: u64) -> Result<()> {
        let known = u32::try_from(bits).ok().and_then(Options::from_bits).ok_or(Errno::EINVAL)?;
        self.trace.options.store(known.bits(), SeqCst);
        Ok(())
    }

    /// `PTRACE_KILL`.
    pub fn kill_tracee(&self) {
        let _ = self.send(SIGKILL, signal::info(SIGKILL, signal::code::SI_USER));
    }
}

fn is_gone(task: &Task) -> bool {
    matches!(task.state(), b'Z' | b'X')
}
