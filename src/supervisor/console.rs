//! The supervisor's part in relaying the terminal: it starts the relay, tells it what the host's signals say, stops itself for the
//! user's shell, and lets everything be written before the end.

use super::terminal::{self, UserTerminal};
use super::{relay, signals};
use host::sys::process as host_process;
use std::mem::MaybeUninit;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use vkernel::console;
use vkernel::kernel::kernel;

/// The relay was killed: the terminal may still be in raw mode.
static KILLED: AtomicBool = AtomicBool::new(false);
/// The relay has written everything.
static WRITTEN: AtomicBool = AtomicBool::new(false);

/// A doorbell: starts the relay if it is asked for and not there; stops umlaut if that is asked for.
pub fn serve() {
    let Some(user) = terminal::found() else { return };
    start_if_wanted(user);
    let sig = kernel().console.take_stop();
    if sig != 0 {
        stop(sig as i32);
    }
}

fn start_if_wanted(user: &'static UserTerminal) {
    if !kernel().console.has_asks() {
        return;
    }
    match kernel().console.relay.host_pid() {
        0 => relay::start(user),
        // It was asked before it was known.
        _ => kernel().console.relay.kick(),
    }
}

/// Stops this process as the guest was stopped. Comes back when it goes on, at once if nobody is there to see to that.
fn stop(sig: i32) {
    let sig = if [libc::SIGTSTP, libc::SIGTTIN, libc::SIGTTOU].contains(&sig) { sig } else { libc::SIGSTOP };
    let mut only = MaybeUninit::uninit();
    let mut pending = MaybeUninit::uninit();
    // SAFETY: the sets are filled in before they are used.
    let continued = unsafe {
        libc::sigemptyset(only.as_mut_ptr());
        libc::sigaddset(only.as_mut_ptr(), sig);
        let ignored = libc::signal(sig, libc::SIG_DFL);
        libc::sigprocmask(libc::SIG_UNBLOCK, only.as_ptr(), std::ptr::null_mut());
        libc::kill(libc::getpid(), sig);
        libc::sigprocmask(libc::SIG_BLOCK, &signals::set(), std::ptr::null_mut());
        libc::signal(sig, ignored);
        libc::sigpending(pending.as_mut_ptr()) == 0 && libc::sigismember(pending.as_ptr(), libc::SIGCONT) == 1
    };
    if !continued {
        kernel().console.ask(console::CONTINUED);
    }
}

/// Whether a host signal is the relay's business alone. Tells it of others that concern it.
pub fn takes(sig: i32, info: &libc::siginfo_t) -> bool {
    if terminal::found().is_none() {
        return false;
    }
    let console = &kernel().console;
    if kernel().main_exit().is_some() {
        // Who waits for a terminal that does not go on will not wait any longer.
        if [libc::SIGTERM, libc::SIGHUP, libc::SIGINT, libc::SIGQUIT].contains(&sig) && console.relay.host_pid() != 0 {
            let _ = host_process::kill(console.relay.host_pid(), libc::SIGKILL);
        }
        return true;
    }
    match sig {
        libc::SIGWINCH => console.ask(console::RESIZED),
        libc::SIGCONT => console.ask(console::CONTINUED),
        libc::SIGHUP if info.si_code == libc::SI_KERNEL => {
            console.ask(console::HUNG_UP);
            return false;
        }
        _ => return false,
    }
    true
}

/// Whether everything that was written is on the user's terminal; sees to it that it will be.
pub fn is_written() -> bool {
    let Some(user) = terminal::found().filter(|_| !WRITTEN.load(Relaxed)) else { return true };
    let console = &kernel().console;
    if console.relay.host_pid() == 0 {
        if !console.has_asks() {
            return true;
        }
        relay::start(user);
    }
    console.ask(console::FINISH);
    false
}

/// Whether this host process is the relay and ended while it held a lock of the kernel.
pub fn relay_died_in_kernel(pid: u32) -> bool {
    let relay = &kernel().console.relay;
    relay.host_pid() == pid && relay.locks_held() > 0
}

/// A host process has ended: if it was the relay and was killed, there is a new one when it is asked for something again.
pub fn relay_ended(pid: u32, status: i32) {
    let relay = &kernel().console.relay;
    if relay.host_pid() != pid {
        return;
    }
    relay.bind(0, 0);
    if libc::WIFSIGNALED(status) {
        KILLED.store(true, Relaxed);
        set_back();
    }
    if kernel().main_exit().is_some() {
        WRITTEN.store(true, Relaxed);
    } else {
        // Whatever there is to be relayed now, nobody may ask for again.
        kernel().console.ask(console::OUTPUT | console::KEYS);
    }
}

/// The terminal gets its modes back, if the relay could not see to that.
pub fn set_back() {
    if let Some(user) = terminal::found()
        && (KILLED.load(Relaxed) || kernel().console.relay.host_pid() != 0)
    {
        user.set_back();
    }
}
