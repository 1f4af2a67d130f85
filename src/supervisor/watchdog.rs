//! Several processes killed at once from outside: the one that is looked into may wait for a lock that another dead one holds.
//!
//! While the supervisor sees to the end of a killed process, a timer of the host's looks now and then whether a second one lies
//! dead and unreaped. If that stays so, the lock will never be free, and the sandbox ends with a message.

use super::{heap, reap};
use std::mem::MaybeUninit;
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

/// Between two looks, in microseconds.
const TICK: libc::suseconds_t = 200_000;
/// Looks in a row that find the same death before the sandbox is given up.
const LIMIT: u32 = 4;

/// How many looks in a row have found a dead process.
static FOUND: AtomicU32 = AtomicU32::new(0);

/// Runs `f`, which sees to a killed process, under watch.
pub fn watched<T>(f: impl FnOnce() -> T) -> T {
    FOUND.store(0, Relaxed);
    // SAFETY: the handler below keeps to what a handler may do until it ends the process.
    unsafe { libc::signal(libc::SIGALRM, tick as *const () as libc::sighandler_t) };
    arm(TICK);
    let out = f();
    arm(0);
    out
}

fn arm(every: libc::suseconds_t) {
    let step = libc::timeval { tv_sec: 0, tv_usec: every };
    let timer = libc::itimerval { it_interval: step, it_value: step };
    // SAFETY: a valid timer.
    unsafe { libc::setitimer(libc::ITIMER_REAL, &timer, std::ptr::null_mut()) };
}

/// One look. The thread it interrupts waits for a lock or works on kernel objects: it is not inside libc's allocator, and it
/// will not go on if the sandbox is given up.
extern "C" fn tick(_: libc::c_int) {
    if !another_lies_dead() {
        FOUND.store(0, Relaxed);
    } else if FOUND.fetch_add(1, Relaxed) + 1 >= LIMIT {
        heap::use_arena(false);
        reap::kill_all();
        eprintln!("umlaut: several processes were killed inside the kernel; the sandbox cannot go on");
        std::process::exit(125);
    }
}

/// Whether a child that a signal of the host has killed waits to be reaped.
fn another_lies_dead() -> bool {
    let mut info = MaybeUninit::<libc::siginfo_t>::zeroed();
    let how = libc::WEXITED | libc::WNOHANG | libc::WNOWAIT | libc::__WALL;
    // SAFETY: a live siginfo; its fields are those of a child's end, or all zero.
    unsafe {
        libc::waitid(libc::P_ALL, 0, info.as_mut_ptr(), how) == 0
            && info.assume_init_ref().si_pid() != 0
            && info.assume_init_ref().si_code == libc::CLD_KILLED
    }
}
