//! The timekeeper: a host process that lets timers expire (`vkernel::timer::queue`). Forked when a guest sets the first one.

use super::heap;
use host::cpu;
use host::sys::process as host_process;
use std::sync::Arc;
use vkernel::kernel::kernel;

/// Whether this host process is it.
pub fn is(pid: u32) -> bool {
    kernel().timers.wants_keeper() && kernel().timers.keeper.host_pid() == pid
}

/// Whether it ended while it held a lock of the kernel.
pub fn died_in_kernel(pid: u32) -> bool {
    is(pid) && kernel().timers.keeper.locks_held() > 0
}

/// A doorbell: makes it if it is asked for and not there.
pub fn start_if_wanted() {
    if kernel().timers.wants_keeper() && kernel().timers.keeper.host_pid() == 0 {
        start();
    }
}

/// Makes it. Without one, timers do not expire; nothing else suffers.
pub fn start() {
    const CLONE_FILES: u64 = 0x400;
    const SIGCHLD: u64 = 17;
    let supervisor = host_process::getpid();
    // SAFETY: a fork: the child goes on here on a copy of everything, and calls nothing of libc or std any more.
    match unsafe { host_process::clone(CLONE_FILES | SIGCHLD, 0, Default::default()) } {
        Ok(0) => live(supervisor),
        Ok(pid) => kernel().timers.keeper.bind(pid as u32, pid as u32),
        Err(e) => eprintln!("umlaut: no timekeeper: {}", e.name()),
    }
}

fn live(supervisor: u32) -> ! {
    heap::use_arena(true);
    let _ = host_process::set_pdeathsig(libc::SIGKILL);
    if host_process::getppid() != supervisor {
        host_process::exit_group(0);
    }
    let keeper = &kernel().timers.keeper;
    keeper.bind(host_process::getpid(), host_process::gettid());
    // SAFETY: the kernel and what it refers to stay for ever.
    unsafe { cpu::current().set_thread(Arc::as_ptr(keeper)) };
    kernel().timers.keep()
}
