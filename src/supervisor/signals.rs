//! The supervisor's loop: one host signal at a time, taken synchronously.
//!
//! Guests share the supervisor's process group, so the signals of a terminal that is not in raw mode reach all of them; guests ignore
//! theirs, and the supervisor hands its own to the virtual foreground group.

use super::heap::in_arena;
use super::{console, huge, image, reap, timekeeper, tracer, watchdog};
use anyhow::Result;
use host::abi::SigAction;
use host::sys::signal::DOORBELL;
use std::io::Error;
use std::mem::MaybeUninit;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use vkernel::Task;
use vkernel::kernel::{Kernel, TrapKind, kernel};
use vkernel::signal::{self, Action, NSIG, SIGPIPE, SigSet, code};

const HANDED_ON: [i32; 9] = [
    libc::SIGINT,
    libc::SIGQUIT,
    libc::SIGHUP,
    libc::SIGTERM,
    libc::SIGTSTP,
    libc::SIGCONT,
    libc::SIGWINCH,
    libc::SIGUSR1,
    libc::SIGUSR2,
];

pub fn set() -> libc::sigset_t {
    let mut set = MaybeUninit::uninit();
    // SAFETY: `sigemptyset` initialises the set; the rest adds to it.
    unsafe {
        libc::sigemptyset(set.as_mut_ptr());
        libc::sigaddset(set.as_mut_ptr(), libc::SIGCHLD);
        libc::sigaddset(set.as_mut_ptr(), DOORBELL);
        for sig in HANDED_ON {
            libc::sigaddset(set.as_mut_ptr(), sig);
        }
        set.assume_init()
    }
}

/// How this program's signals were when it was started.
pub struct Inherited {
    ignored: SigSet,
    blocked: SigSet,
}

impl Inherited {
    /// As they are now. Whether SIGPIPE was ignored nobody knows any more: Rust's start-up ignores it by itself.
    pub fn read() -> Inherited {
        const WORD: usize = size_of::<u64>();
        let is_ignored = |&sig: &u32| {
            let mut old = SigAction::default();
            // SAFETY: only asks, and not the C library, which keeps two signals for itself.
            unsafe { libc::syscall(libc::SYS_rt_sigaction, sig, 0usize, &raw mut old, WORD) };
            sig != SIGPIPE && old.handler == libc::SIG_IGN
        };
        let ignored: Vec<u32> = (1..=NSIG).filter(is_ignored).collect();
        let mut mask = 0u64;
        // SAFETY: only asks, for all that the kernel has of a set.
        unsafe { libc::syscall(libc::SYS_rt_sigprocmask, libc::SIG_BLOCK, 0usize, &raw mut mask, WORD) };
        Inherited { ignored: SigSet::of(&ignored), blocked: SigSet(mask) }
    }

    /// The first guest has them so, as every `execve` keeps them: `nohup umlaut run ...`.
    pub fn hand_to(&self, task: &Task) {
        for sig in (1..=NSIG).filter(|&sig| self.ignored.has(sig)) {
            task.sighand().set(sig, Action::IGNORE);
        }
        task.set_blocked(self.blocked);
    }
}

/// Blocks what the loop will take; guests unblock for themselves.
pub fn block() {
    // SAFETY: a valid set. SIGTTOU is ignored so that the supervisor may restore the terminal from the background; SIGCHLD
    // must not be, for then nobody could be waited for.
    unsafe {
        libc::signal(libc::SIGCHLD, libc::SIG_DFL);
        libc::sigprocmask(libc::SIG_BLOCK, &set(), std::ptr::null_mut());
        libc::signal(libc::SIGTTOU, libc::SIG_IGN);
        libc::signal(libc::SIGTTIN, libc::SIG_IGN);
        libc::signal(libc::SIGPIPE, libc::SIG_IGN);
    }
}

/// Serves until the first guest has ended; answers the sandbox's exit status.
pub fn serve(trap: TrapKind) -> Result<i32> {
    if trap == TrapKind::Ptrace {
        return tracer::serve();
    }
    loop {
        let mut status = 0;
        // SAFETY: a live word.
        let pid = unsafe { libc::waitpid(-1, &mut status, libc::WNOHANG | libc::__WALL) };
        let over = if pid > 0 { ended(pid as u32, status) } else { finished(pid < 0) };
        match over {
            Some(status) => return Ok(status),
            None if pid > 0 => {}
            None => wait_and_hand_on(),
        }
    }
}

/// The next signal, slept for. Where none comes for a while, what only the set-up needed is let go of, once.
fn next(info: &mut MaybeUninit<libc::siginfo_t>) -> i32 {
    const QUIET: libc::timespec = libc::timespec { tv_sec: 0, tv_nsec: 100_000_000 };
    static LET_GO: AtomicBool = AtomicBool::new(false);
    loop {
        let at_most = if LET_GO.load(Relaxed) { std::ptr::null() } else { &QUIET };
        // SAFETY: a valid set, a live siginfo, and a time or none.
        let sig = unsafe { libc::sigtimedwait(&set(), info.as_mut_ptr(), at_most) };
        if sig > 0 || Error::last_os_error().raw_os_error() != Some(libc::EAGAIN) {
            return sig;
        }
        image::let_go();
        LET_GO.store(true, Relaxed);
    }
}

/// Sleeps until a signal comes; one that is not about children is handed on.
pub fn wait_and_hand_on() {
    let mut info = MaybeUninit::<libc::siginfo_t>::zeroed();
    let sig = next(&mut info);
    if sig == DOORBELL {
        timekeeper::start_if_wanted();
        huge::serve();
        console::serve();
    } else if sig == libc::SIGCHLD {
        huge::gather();
    } else if sig > 0 {
        // SAFETY: zeroed at least, filled in by the call.
        hand_on(sig, unsafe { info.assume_init_ref() });
    }
}

/// The sandbox's status if its main process has ended although its host process may not have; `alone` when no child is
/// left.
pub fn finished(alone: bool) -> Option<i32> {
    over().or_else(|| alone.then(|| give_up("no process is left")))
}

/// One host process ended; the sandbox's status if that ends it.
pub fn ended(pid: u32, status: i32) -> Option<i32> {
    if timekeeper::is(pid) {
        timekeeper::start();
    }
    if console::relay_died_in_kernel(pid) {
        return Some(give_up("the terminal's relay was killed inside the kernel; the sandbox cannot go on"));
    }
    let outcome = match libc::WIFSIGNALED(status) {
        true => watchdog::watched(|| reap::process_ended(pid, status)),
        false => reap::process_ended(pid, status),
    };
    if let reap::Outcome::Poisoned = outcome {
        return Some(give_up("a process was killed inside the kernel; the sandbox cannot go on"));
    }
    console::relay_ended(pid, status);
    over()
}

/// The sandbox's status once the main process has ended and all that was written is on the user's terminal.
fn over() -> Option<i32> {
    let how = kernel().main_exit()?;
    console::is_written().then(|| finish(how.0))
}

/// The main process has ended: everything else goes.
fn finish(status: i32) -> i32 {
    reap::kill_all();
    console::set_back();
    match status & 0x7f {
        0 => status >> 8 & 0xff,
        sig => 128 + sig,
    }
}

fn give_up(why: &str) -> i32 {
    reap::kill_all();
    console::set_back();
    eprintln!("umlaut: {why}");
    125
}

/// The terminal is gone: its session's leader learns it too, and who is stopped goes on to see it.
fn hang_up(k: &Kernel, foreground: u32) {
    let [hup, cont] = [libc::SIGHUP as u32, libc::SIGCONT as u32];
    let leader = k.console.pair().and_then(|tty| k.tasks.process(tty.control.session()));
    if let Some(leader) = leader.filter(|l| l.group.pgrp() != foreground) {
        let _ = leader.group.send(hup, signal::info(hup, code::SI_KERNEL));
        let _ = leader.group.send(cont, signal::info(cont, code::SI_KERNEL));
    }
    for group in k.tasks.pgrp_members(foreground) {
        let _ = group.send(cont, signal::info(cont, code::SI_KERNEL));
    }
}

/// The terminal's signals go to the foreground group, others to the main process.
fn hand_on(sig: i32, info: &libc::siginfo_t) {
    if console::takes(sig, info) {
        return;
    }
    in_arena(|| {
        let k = kernel();
        let n = sig as u32;
        let from_terminal = info.si_code == libc::SI_KERNEL;
        let foreground = k.console.pair().map_or(0, |tty| tty.control.foreground());
        let what = signal::info(n, if from_terminal { code::SI_KERNEL } else { code::SI_USER });
        if from_terminal && foreground != 0 {
            let mut all = signal::Together::default();
            for group in k.tasks.pgrp_members(foreground) {
                let _ = all.send(&group, n, what);
            }
            drop(all);
            if sig == libc::SIGHUP {
                hang_up(k, foreground);
            }
        } else if let Some(main) = k.tasks.process(k.main_pid()) {
            let _ = main.group.send(n, what);
        }
    });
}
