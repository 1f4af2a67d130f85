//! Signals: sets, information, queues, dispositions, sending, choosing what to deliver (`signal(7)`, `kernel/signal.c`).
//!
//! Everything is virtual: no host signal stands for a guest's. A sender queues here and rings the target's doorbell; the
//! target looks at its queues on its way back to guest code. Locks: SIGHAND.

mod action;
mod deliver;
mod queue;
mod send;
mod stop;

pub use action::{Action, Default, SaFlags, SigHand, default_action};
pub use deliver::Delivery;
pub use queue::{Pending, Queued};
pub(crate) use send::queue;
pub use send::{Target, Together};

use host::abi::SigInfo;

/// Highest signal number.
pub const NSIG: u32 = 64;
/// First real-time signal.
pub const SIGRTMIN: u32 = 32;

macro_rules! numbers {
    ($($name:ident = $n:literal),* $(,)?) => { $(#[allow(missing_docs)] pub const $name: u32 = $n;)* };
}

numbers! {
    SIGHUP = 1, SIGINT = 2, SIGQUIT = 3, SIGILL = 4, SIGTRAP = 5, SIGABRT = 6, SIGBUS = 7, SIGFPE = 8, SIGKILL = 9,
    SIGUSR1 = 10, SIGSEGV = 11, SIGUSR2 = 12, SIGPIPE = 13, SIGALRM = 14, SIGTERM = 15, SIGSTKFLT = 16, SIGCHLD = 17,
    SIGCONT = 18, SIGSTOP = 19, SIGTSTP = 20, SIGTTIN = 21, SIGTTOU = 22, SIGURG = 23, SIGXCPU = 24, SIGXFSZ = 25,
    SIGVTALRM = 26, SIGPROF = 27, SIGWINCH = 28, SIGIO = 29, SIGPWR = 30, SIGSYS = 31,
}

/// A set of signals as `rt_sigprocmask` has it: bit `n - 1` for signal `n`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SigSet(pub u64);

impl SigSet {
    /// Nothing.
    pub const EMPTY: SigSet = SigSet(0);
    /// The two that can be neither caught, blocked nor ignored.
    pub const UNMASKABLE: SigSet = SigSet::of(&[SIGKILL, SIGSTOP]);
    /// Those that stop.
    pub const STOPS: SigSet = SigSet::of(&[SIGSTOP, SIGTSTP, SIGTTIN, SIGTTOU]);
    /// Those a processor raises, delivered before all others.
    pub const SYNCHRONOUS: SigSet = SigSet::of(&[SIGSEGV, SIGBUS, SIGILL, SIGTRAP, SIGFPE, SIGSYS]);

    /// The set of these signals.
    pub const fn of(list: &[u32]) -> SigSet {
        let (mut bits, mut i) = (0, 0);
        while i < list.len() {
            bits |= 1 << (list[i] - 1);
            i += 1;
        }
        SigSet(bits)
    }

    /// Whether `sig` (1..=64) is in it.
    pub const fn has(self, sig: u32) -> bool {
        sig >= 1 && sig <= NSIG && self.0 >> (sig - 1) & 1 != 0
    }

    /// With `sig`.
    pub const fn with(self, sig: u32) -> SigSet {
        if sig >= 1 && sig <= NSIG { SigSet(self.0 | 1 << (sig - 1)) } else { self }
    }

    /// Without those of `other`.
    pub const fn minus(self, other: SigSet) -> SigSet {
        SigSet(self.0 & !other.0)
    }

    /// Both.
    pub const fn and(self, other: SigSet) -> SigSet {
        SigSet(self.0 & other.0)
    }

    /// Either.
    pub const fn or(self, other: SigSet) -> SigSet {
        SigSet(self.0 | other.0)
    }

    /// Whether nothing is in it.
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// The lowest signal in it; synchronous ones first.
    pub fn next(self) -> Option<u32> {
        let sync = self.and(SigSet::SYNCHRONOUS);
        let from = if sync.is_empty() { self } else { sync };
        (!from.is_empty()).then(|| from.0.trailing_zeros() + 1)
    }
}

/// `si_code` values.
#[allow(missing_docs)]
pub mod code {
    pub const SI_USER: i32 = 0;
    pub const SI_KERNEL: i32 = 0x80;
    pub const SI_QUEUE: i32 = -1;
    pub const SI_TIMER: i32 = -2;
    pub const SI_MESGQ: i32 = -3;
    pub const SI_SIGIO: i32 = -5;
    pub const SI_TKILL: i32 = -6;
    pub const CLD_EXITED: i32 = 1;
    pub const CLD_KILLED: i32 = 2;
    pub const CLD_DUMPED: i32 = 3;
    pub const CLD_TRAPPED: i32 = 4;
    pub const CLD_STOPPED: i32 = 5;
    pub const CLD_CONTINUED: i32 = 6;
    pub const SEGV_MAPERR: i32 = 1;
    pub const SEGV_ACCERR: i32 = 2;
    pub const BUS_ADRERR: i32 = 2;
}

/// A bare `siginfo`.
pub fn info(sig: u32, code: i32) -> SigInfo {
    SigInfo { signo: sig as i32, code, ..SigInfo::default() }
}

/// Sent by a process: pid and uid.
pub fn info_user(sig: u32, code: i32, pid: u32, uid: u32) -> SigInfo {
    let mut i = info(sig, code);
    i.fields[0] = u64::from(pid) | u64::from(uid) << 32;
    i
}

/// Raised by the processor: the address.
pub fn info_fault(sig: u32, code: i32, addr: u64) -> SigInfo {
    let mut i = info(sig, code);
    i.fields[0] = addr;
    i
}

/// A child's change of state: pid, uid, status, times in clock ticks.
pub fn info_child(code: i32, pid: u32, uid: u32, status: i32, utime: u64, stime: u64) -> SigInfo {
    let mut i = info_user(SIGCHLD, code, pid, uid);
    i.fields[1] = u64::from(status as u32);
    i.fields[2] = utime;
    i.fields[3] = stime;
    i
}
