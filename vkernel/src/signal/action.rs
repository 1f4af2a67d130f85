//! Dispositions (`struct sighand_struct`, `sigaction(2)`).

use super::*;
use bitflags::bitflags;
use host::abi::SigAction;
use host::lock::{Mutex, rank};

bitflags! {
    /// `sa_flags`.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub struct SaFlags: u64 {
        /// `SA_NOCLDSTOP`.
        const NOCLDSTOP = 1;
        /// `SA_NOCLDWAIT`.
        const NOCLDWAIT = 2;
        /// `SA_SIGINFO`.
        const SIGINFO = 4;
        /// `SA_UNSUPPORTED`.
        const UNSUPPORTED = 0x400;
        /// `SA_EXPOSE_TAGBITS`.
        const EXPOSE_TAGBITS = 0x800;
        /// `SA_RESTORER`.
        const RESTORER = 0x0400_0000;
        /// `SA_ONSTACK`.
        const ONSTACK = 0x0800_0000;
        /// `SA_RESTART`.
        const RESTART = 0x1000_0000;
        /// `SA_NODEFER`.
        const NODEFER = 0x4000_0000;
        /// `SA_RESETHAND`.
        const RESETHAND = 0x8000_0000;
    }
}

/// What a signal does when nobody has said otherwise.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Default {
    Ignore,
    Terminate,
    Core,
    Stop,
    Continue,
}

/// The default action of a signal, as `signal(7)` lists it.
pub fn default_action(sig: u32) -> Default {
    match sig {
        SIGCHLD | SIGURG | SIGWINCH => Default::Ignore,
        SIGCONT => Default::Continue,
        SIGSTOP | SIGTSTP | SIGTTIN | SIGTTOU => Default::Stop,
        SIGQUIT | SIGILL | SIGTRAP | SIGABRT | SIGBUS | SIGFPE | SIGSEGV | SIGXCPU | SIGXFSZ | SIGSYS => Default::Core,
        _ => Default::Terminate,
    }
}

/// One disposition, in the kernel's form.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Action(pub SigAction);

impl Action {
    /// `SIG_DFL`, no flags.
    pub const DEFAULT: Action = Action(SigAction { handler: 0, flags: 0, restorer: 0, mask: 0 });

    /// `SIG_IGN`, no flags.
    pub const IGNORE: Action = Action(SigAction { handler: 1, flags: 0, restorer: 0, mask: 0 });

    /// Whether it is `SIG_DFL`.
    pub fn is_default(self) -> bool {
        self.0.handler == 0
    }

    /// Whether it is `SIG_IGN`.
    pub fn is_ignore(self) -> bool {
        self.0.handler == 1
    }

    /// The flags.
    pub fn flags(self) -> SaFlags {
        SaFlags::from_bits_retain(self.0.flags)
    }

    /// Whether `sig` with this disposition does nothing at all.
    pub fn ignores(self, sig: u32) -> bool {
        self.is_ignore() || (self.is_default() && default_action(sig) == Default::Ignore)
    }
}

/// The dispositions of a thread group (shared further with `CLONE_SIGHAND`).
pub struct SigHand {
    actions: Mutex<[Action; NSIG as usize], { rank::SIGHAND }>,
}

impl SigHand {
    /// All default.
    pub fn new() -> SigHand {
        SigHand { actions: Mutex::new([Action::DEFAULT; NSIG as usize]) }
    }

    /// A copy, as `fork` makes it.
    pub fn copy(&self) -> SigHand {
        SigHand { actions: Mutex::new(*self.actions.lock()) }
    }

    /// The disposition of a signal (1..=64).
    pub fn get(&self, sig: u32) -> Action {
        self.actions.lock().get(sig.wrapping_sub(1) as usize).copied().unwrap_or(Action::DEFAULT)
    }

    /// Replaces one; returns the old.
    pub fn set(&self, sig: u32, action: Action) -> Action {
        match self.actions.lock().get_mut(sig.wrapping_sub(1) as usize) {
            Some(a) => core::mem::replace(a, action),
            None => Action::DEFAULT,
        }
    }

    /// For delivery: reads, and resets at once if `SA_RESETHAND` says so.
    pub fn take(&self, sig: u32) -> Action {
        let mut actions = self.actions.lock();
        let Some(a) = actions.get_mut(sig.wrapping_sub(1) as usize) else { return Action::DEFAULT };
        let now = *a;
        if !now.is_default() && !now.is_ignore() && now.flags().contains(SaFlags::RESETHAND) {
            a.0.handler = 0;
        }
        now
    }

    /// After `execve`: handlers become default, ignored stay ignored, flags and masks go.
    pub fn reset_for_exec(&self) {
        for a in self.actions.lock().iter_mut() {
            *a = if a.is_ignore() { Action(SigAction { handler: 1, ..Action::DEFAULT.0 }) } else { Action::DEFAULT };
        }
    }

    /// The signals ignored and those caught, for `/proc/PID/status`.
    pub fn sets(&self) -> (SigSet, SigSet) {
        let (mut ignored, mut caught) = (SigSet::EMPTY, SigSet::EMPTY);
        for (i, a) in self.actions.lock().iter().enumerate() {
            let sig = i as u32 + 1;
            if a.is_ignore() {
                ignored = ignored.with(sig);
            } else if !a.is_default() {
                caught = caught.with(sig);
            }
        }
        (ignored, caught)
    }
}

impl core::default::Default for SigHand {
    fn default() -> SigHand {
        SigHand::new()
    }
}
