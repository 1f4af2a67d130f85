//! A tracee's stops: telling the tracer, and waiting for its word.

use super::{Mode, Options, event};
use crate::Task;
use crate::kernel::kernel;
use crate::ptrace::Machine;
use crate::signal::{self, Queued, SIGCHLD, SIGKILL, SIGTRAP, SaFlags, code};
use crate::task::Waited;
use core::sync::atomic::Ordering::SeqCst;
use host::abi::SigInfo;
use host::{Errno, Result};

/// What sort of stop.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// For a signal about to be delivered.
    Signal,
    /// Before or after a call, or an event.
    Trap,
    /// With the whole group.
    Group,
    /// On the way to its end: only being killed once more makes it go on.
    Exit,
}

/// A stop that is going on.
pub(super) struct Stop {
    /// Wait status without its lower byte.
    code: u32,
    kind: Kind,
    info: SigInfo,
    reported: bool,
    /// `PTRACE_LISTEN`.
    listening: bool,
    /// The tracer's word: the signal to go on with.
    pub(super) resume: Option<u32>,
}

/// How a stop ended.
enum Resumed {
    /// With this signal (0 for none) and information.
    With(u32, SigInfo),
    /// It did not stop, or must not wait: nobody traces, or it is to die.
    Not,
    /// A listener is to stop again.
    Again,
}

impl super::Trace {
    /// Whether it waits for its tracer.
    pub fn stopped(&self) -> bool {
        self.stop.lock().as_ref().is_some_and(|s| s.resume.is_none() && !s.listening)
    }

    /// `PTRACE_GETSIGINFO`. `EINVAL` in a group stop, which no signal's information belongs to.
    pub fn info(&self) -> Result<SigInfo> {
        let stop = self.stop.lock();
        let stop = stop.as_ref().ok_or(Errno::ESRCH)?;
        if stop.kind == Kind::Group && stop.code >> 8 == 0 { Err(Errno::EINVAL) } else { Ok(stop.info) }
    }

    /// `PTRACE_SETSIGINFO`.
    pub fn set_info(&self, info: SigInfo) -> Result<()> {
        let mut stop = self.stop.lock();
        let stop = stop.as_mut().ok_or(Errno::ESRCH)?;
        if stop.kind == Kind::Group && stop.code >> 8 == 0 {
            return Err(Errno::EINVAL);
        }
        stop.info = info;
        Ok(())
    }

    /// What `wait4` has to say of a stop that it has not yet told of.
    pub(crate) fn report(&self, task: &Task, keep: bool) -> Option<Waited> {
        let mut stop = self.stop.lock();
        let stop = stop.as_mut().filter(|s| !s.reported && s.resume.is_none() && !s.listening)?;
        stop.reported = !keep;
        let status = (stop.code << 8 | 0x7f) as i32;
        let uid = task.cred().uid;
        let value = stop.code as i32;
        Some(Waited { pid: task.tid(), uid, status, code: code::CLD_TRAPPED, value, ..Waited::default() })
    }
}

impl Task {
    /// Whether a group stop concerns it: a tracee stops once for each.
    pub(crate) fn group_stop_pending(&self) -> bool {
        let group = &self.group;
        group.stopped() && !(self.trace.active() && self.trace.passed.load(SeqCst) == group.stop_count.load(SeqCst))
    }

    /// Stops for the tracer. `code` is the wait status without its lower byte: signal, and event above.
    fn trace_stop(&self, machine: &mut dyn Machine, code: u32, kind: Kind, info: SigInfo) -> Resumed {
        if !self.trace.active() || self.must_leave_stop(kind) {
            return Resumed::Not;
        }
        machine.show(self);
        *self.trace.stop.lock() = Some(Stop { code, kind, info, reported: false, listening: false, resume: None });
        self.take_requests();
        self.set_state(b't');
        self.tell_tracer(code, kind);
        let how = loop {
            self.thread.prepare();
            self.serve_requests();
            if let Some(how) = self.released(code, kind) {
                break how;
            }
            self.thread.sleep(None);
        };
        self.refuse_requests();
        *self.trace.stop.lock() = None;
        self.set_state(b'R');
        machine.take(self);
        // There may be more to do, and a step has to be prepared.
        self.thread.set_work();
        how
    }

    fn must_leave_stop(&self, kind: Kind) -> bool {
        if kind == Kind::Exit { self.kill_pending() } else { self.fatal_pending() }
    }

    fn released(&self, code: u32, kind: Kind) -> Option<Resumed> {
        let stop = self.trace.stop.lock();
        let Some(s) = stop.as_ref() else { return Some(Resumed::Not) };
        if let Some(sig) = s.resume {
            return Some(Resumed::With(sig, s.info));
        }
        let (listening, info) = (s.listening, s.info);
        drop(stop);
        if self.must_leave_stop(kind) {
            return Some(Resumed::Not);
        }
        if !self.trace.active() {
            // Nobody is left to say a word: what was to be delivered is.
            return Some(Resumed::With(if kind == Kind::Signal { code } else { 0 }, info));
        }
        // A listener tells of a group stop that begins, and of one that ends.
        let changed = self.group.stopped() != (kind == Kind::Group);
        (listening && (changed || self.trace.trap_wanted())).then_some(Resumed::Again)
    }

    fn tell_tracer(&self, stop: u32, kind: Kind) {
        let Some(tracer) = kernel().tasks.task(self.trace.tracer()) else { return };
        let action = tracer.sighand().get(SIGCHLD);
        if !action.is_ignore() && !action.flags().contains(SaFlags::NOCLDSTOP) {
            let c = if kind == Kind::Group { code::CLD_STOPPED } else { code::CLD_TRAPPED };
            let info = signal::info_child(c, self.tid(), self.cred().uid, (stop & 0x7f) as i32, 0, 0);
            let _ = tracer.group.send(SIGCHLD, info);
        }
        tracer.group.child_exited.wake_all();
    }

    /// `PTRACE_CONT` and its like: a stopped tracee goes on with a signal, 0 for none.
    pub fn resume_tracee(&self, mode: Mode, sig: u32) -> Result<()> {
        if sig > signal::NSIG {
            return Err(Errno::EIO);
        }
        let mut stop = self.trace.stop.lock();
        let waiting = stop.as_mut().filter(|s| s.resume.is_none()).ok_or(Errno::ESRCH)?;
        self.trace.mode.store(mode as u32, SeqCst);
        waiting.resume = Some(sig);
        drop(stop);
        self.thread.kick();
        Ok(())
    }

    /// `PTRACE_LISTEN`.
    pub fn listen_tracee(&self) -> Result<()> {
        let mut stop = self.trace.stop.lock();
        let stop = stop.as_mut().ok_or(Errno::ESRCH)?;
        if !self.trace.was_seized() || stop.code >> 8 != event::STOP {
            return Err(Errno::EIO);
        }
        stop.listening = true;
        self.thread.kick();
        Ok(())
    }

    /// Whether its tracer wants to be told of an event.
    pub fn trace_wants(&self, what: Options) -> bool {
        self.trace.active() && self.trace.options().contains(what)
    }

    /// The stop that an event brings (`ptrace_event`); `message` is for `PTRACE_GETEVENTMSG`.
    pub fn trace_event(&self, machine: &mut dyn Machine, event: u32, message: u64) {
        self.trace.set_message(message);
        let code = SIGTRAP | event << 8;
        let kind = if event == super::event::EXIT { Kind::Exit } else { Kind::Trap };
        let how = self.trace_stop(machine, code, kind, self.own_info(code));
        self.send_to_self(how);
    }

    /// A new program is about to run, in the thread that was `old` before.
    pub fn trace_exec(&self, machine: &mut dyn Machine, old: u32) {
        if self.trace_wants(Options::EXEC) {
            self.trace_event(machine, event::EXEC, u64::from(old));
        } else if self.trace.active() && !self.trace.was_seized() {
            let info = signal::info_user(SIGTRAP, code::SI_USER, self.tgid(), self.cred().uid);
            let _ = self.send(SIGTRAP, info);
        }
    }

    /// The stop before (`entry`) or after a call.
    pub fn trace_call(&self, machine: &mut dyn Machine, entry: bool) {
        self.trace.set_message(if entry { 1 } else { 2 });
        let good = self.trace.options().contains(Options::SYSGOOD);
        let code = SIGTRAP | if good { 0x80 } else { 0 };
        let how = self.trace_stop(machine, code, Kind::Trap, self.own_info(code));
        self.send_to_self(how);
    }

    /// The stop at the first instruction of a handler that was entered while stepping.
    pub fn trace_handler(&self, machine: &mut dyn Machine) {
        let how = self.trace_stop(machine, SIGTRAP, Kind::Trap, self.own_info(SIGTRAP));
        self.send_to_self(how);
    }

    /// The signal that the tracer gave where none was stopped for.
    fn send_to_self(&self, how: Resumed) {
        if let Resumed::With(sig @ 1.., _) = how {
            let _ = self.send(sig, signal::info(sig, code::SI_KERNEL));
        }
    }

    /// The stop for a signal that was just taken from its queue. What is to be delivered instead, if anything.
    pub(crate) fn trace_signal(&self, machine: &mut dyn Machine, q: Queued) -> Option<Queued> {
        if !self.trace.active() || q.sig == SIGKILL {
            return Some(q);
        }
        let (sig, mut info) = match self.trace_stop(machine, q.sig, Kind::Signal, q.info) {
            Resumed::With(0, _) => return None,
            Resumed::With(sig, info) => (sig, info),
            // It dies, of something else.
            Resumed::Not | Resumed::Again => return Some(q),
        };
        if sig as i32 != info.signo {
            let tracer = kernel().tasks.task(self.trace.tracer());
            let (pid, uid) = tracer.map_or((0, 0), |t| (t.tgid(), t.cred().uid));
            info = signal::info_user(sig, code::SI_USER, pid, uid);
        }
        if self.blocked().has(sig) {
            let _ = self.send(sig, info);
            return None;
        }
        Some(Queued { sig, info, timer: if sig == q.sig { q.timer } else { 0 } })
    }

    /// The stop that `PTRACE_INTERRUPT` asks for, also in the middle of a group stop, which it then tells of.
    pub(crate) fn trace_trap(&self, machine: &mut dyn Machine) {
        self.trace.trap.store(0, SeqCst);
        let sig = self.group.stop_signal.load(SeqCst);
        if sig != 0 {
            self.trace.passed.store(self.group.stop_count.load(SeqCst), SeqCst);
        }
        let code = if sig == 0 { SIGTRAP } else { sig } | event::STOP << 8;
        let kind = if sig == 0 { Kind::Trap } else { Kind::Group };
        if let Resumed::Again = self.trace_stop(machine, code, kind, self.own_info(code)) {
            self.trace.trap.store(1, SeqCst);
        }
    }

    /// A tracee's share in a group stop.
    pub(crate) fn trace_group_stop(&self, machine: &mut dyn Machine) {
        let group = &self.group;
        self.trace.passed.store(group.stop_count.load(SeqCst), SeqCst);
        self.count_stop();
        let sig = group.stop_signal.load(SeqCst);
        if self.trace.was_seized() {
            self.trace_trap(machine);
        } else if sig != 0 {
            let _ = self.trace_stop(machine, sig, Kind::Group, SigInfo::default());
        }
        group.stopped_threads.fetch_sub(1, SeqCst);
    }

    /// Whether its tracer is its parent, who need not be told twice.
    pub(crate) fn traced_by_parent(&self) -> bool {
        let tracer = kernel().tasks.task(self.trace.tracer());
        tracer.is_some_and(|t| t.tgid() == kernel().tasks.parent_of(self.tgid()))
    }

    /// The information of a stop that no signal brought.
    fn own_info(&self, code: u32) -> SigInfo {
        signal::info_user(code & 0x7f, code as i32, self.tid(), self.cred().uid)
    }
}
