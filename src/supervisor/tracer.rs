//! The `ptrace` backend: the supervisor as tracer, as the reviewers of the self-ptrace proposal wanted it done. Kept to
//! measure and to teach.
//!
//! A thread is in one of three modes, and the tracer resumes it accordingly:
//!
//! ```text
//! Guest    PTRACE_SYSEMU   a call stops and is not made; the tracer turns it into a SIGSYS   -> Kernel
//! Kernel   PTRACE_CONT     the kernel makes its host calls undisturbed
//!                          a breakpoint in the gate says that it is leaving                  -> Leaving
//! Leaving  PTRACE_SYSCALL  the next stop is the entry of rt_sigreturn                        -> Guest
//! ```
//!
//! A signal that is delivered in `Leaving` makes the kernel start its way out again (the window of the gate), so the mode goes
//! back to `Kernel`. Four stops a call: that is what it costs.

use super::signals;
use anyhow::{Result, bail};
use host::arch::gate::{self, Told};
use host::sys::process as host_process;
use std::collections::HashMap;
use std::mem::MaybeUninit;
use std::sync::atomic::Ordering::SeqCst;
use vkernel::kernel::{TrapKind, kernel};

const PTRACE_SYSEMU: libc::c_uint = 31;
const SYSCALL_STOP: i32 = libc::SIGTRAP | 0x80;
const SYS_USER_DISPATCH: i32 = 2;
const ARCH_X86_64: u32 = 0xc000_003e;
const ARCH_I386: u32 = 0x4000_0003;

#[derive(Clone, Copy, PartialEq, Eq)]
enum Mode {
    Guest,
    Kernel,
    Leaving,
}

/// A traced thread.
struct Tracee {
    mode: Mode,
    /// The architecture of the call that is being turned into a SIGSYS.
    arch: u32,
}

impl Mode {
    fn request(self) -> libc::c_uint {
        match self {
            Mode::Guest => PTRACE_SYSEMU,
            Mode::Kernel => libc::PTRACE_CONT,
            Mode::Leaving => libc::PTRACE_SYSCALL,
        }
    }
}

/// In the first guest's host process: waits until the supervisor has seized it.
pub fn wait_if_traced(kind: TrapKind) {
    while kind == TrapKind::Ptrace && kernel().tracer_ready.load(SeqCst) == 0 {
        host_process::sched_yield();
    }
}

/// In the supervisor: becomes the tracer of the first process, and so of all that it makes.
pub fn seize_if_traced(kind: TrapKind, pid: i32) -> Result<()> {
    if kind != TrapKind::Ptrace {
        return Ok(());
    }
    let options = libc::PTRACE_O_TRACESYSGOOD
        | libc::PTRACE_O_TRACECLONE
        | libc::PTRACE_O_TRACEFORK
        | libc::PTRACE_O_TRACEVFORK
        | libc::PTRACE_O_EXITKILL;
    // SAFETY: plain numbers.
    if unsafe { libc::ptrace(libc::PTRACE_SEIZE, pid, 0usize, options as usize) } != 0 {
        let why = std::io::Error::last_os_error();
        let _ = host_process::kill(pid as u32, libc::SIGKILL);
        bail!("ptrace is not available: {why}");
    }
    kernel().tracer_ready.store(1, SeqCst);
    Ok(())
}

/// Serves a traced sandbox until the first guest has ended.
pub fn serve() -> Result<i32> {
    let mut tracees: HashMap<i32, Tracee> = HashMap::new();
    let mut round = Vec::new();
    loop {
        let alone = gather(&mut round);
        if round.is_empty() {
            if let Some(end) = signals::finished(alone) {
                return Ok(end);
            }
            signals::wait_and_hand_on();
        }
        for (pid, status) in round.drain(..) {
            if libc::WIFSTOPPED(status) {
                let tracee = tracees.entry(pid).or_insert(Tracee { mode: Mode::Kernel, arch: ARCH_X86_64 });
                stopped(pid, status, tracee);
                continue;
            }
            tracees.remove(&pid);
            if let Some(end) = signals::ended(pid as u32, status) {
                return Ok(end);
            }
        }
    }
}

/// Everything that wants to be told now, before anybody is resumed; true when there is nobody left. `waitpid` looks at the
/// newest tracees first: two busy ones, each stopped anew when the other has been resumed, would hide a third one's death
/// for ever.
fn gather(round: &mut Vec<(i32, i32)>) -> bool {
    loop {
        let mut status = 0;
        // SAFETY: a live word.
        let pid = unsafe { libc::waitpid(-1, &mut status, libc::WNOHANG | libc::__WALL) };
        if pid <= 0 {
            return pid < 0;
        }
        round.push((pid, status));
    }
}

fn stopped(pid: i32, status: i32, tracee: &mut Tracee) {
    let sig = libc::WSTOPSIG(status);
    let event = status >> 16;
    let inject = if event != 0 {
        // A new thread's first stop, or its parent's note of it: nothing changes.
        0
    } else if sig == SYSCALL_STOP {
        at_call(pid, tracee)
    } else {
        at_signal(pid, sig, tracee)
    };
    // SAFETY: resumes a stopped tracee; fails harmlessly if it has died meanwhile.
    unsafe { libc::ptrace(tracee.mode.request(), pid, 0usize, inject as usize) };
}

fn regs(pid: i32) -> Option<libc::user_regs_struct> {
    let mut regs = MaybeUninit::<libc::user_regs_struct>::zeroed();
    // SAFETY: a live structure of the size the host fills.
    let r = unsafe { libc::ptrace(libc::PTRACE_GETREGS, pid, 0usize, regs.as_mut_ptr()) };
    // SAFETY: filled in, or zeroed.
    (r == 0).then(|| unsafe { regs.assume_init() })
}

/// A call is about to be made (or, in guest mode, was kept from being made).
fn at_call(pid: i32, tracee: &mut Tracee) -> i32 {
    let Some(mut r) = regs(pid) else { return 0 };
    match tracee.mode {
        Mode::Guest => {
            // `syscall` leaves the return address in rcx; `int 0x80`, which makes 32-bit calls, does not.
            tracee.arch = if r.rcx == r.rip { ARCH_X86_64 } else { ARCH_I386 };
            // As Syscall User Dispatch leaves it: the number back in rax, nothing to restart.
            r.rax = r.orig_rax;
            r.orig_rax = u64::MAX;
            // SAFETY: a live structure.
            unsafe { libc::ptrace(libc::PTRACE_SETREGS, pid, 0usize, &r) };
            libc::SIGSYS
        }
        Mode::Leaving => {
            tracee.mode = if gate::is_leave(r.rip as usize) { Mode::Guest } else { Mode::Kernel };
            0
        }
        Mode::Kernel => 0,
    }
}

/// A signal is about to be delivered: which one the tracee gets.
fn at_signal(pid: i32, sig: i32, tracee: &mut Tracee) -> i32 {
    match sig {
        libc::SIGTRAP => match regs(pid).and_then(|r| gate::told(r.rip as usize)) {
            Some(Told::Leaving) => {
                tracee.mode = Mode::Leaving;
                return 0;
            }
            Some(Told::GuestFollows) => {
                tracee.mode = Mode::Guest;
                return 0;
            }
            None => tracee.mode = Mode::Kernel,
        },
        libc::SIGSYS => {
            name_call(pid, tracee.arch);
            tracee.mode = Mode::Kernel;
        }
        _ if has_handler(sig) => tracee.mode = Mode::Kernel,
        _ => {}
    }
    sig
}

fn has_handler(sig: i32) -> bool {
    personality::trap::handled(sig as u32)
}

/// Gives the SIGSYS that the tracer caused the information that the kernel expects.
fn name_call(pid: i32, arch: u32) {
    let mut info = MaybeUninit::<libc::siginfo_t>::zeroed();
    // SAFETY: a live structure; bytes 0..32 of a siginfo are signo, errno, code, and the union's first words.
    unsafe {
        libc::ptrace(libc::PTRACE_GETSIGINFO, pid, 0usize, info.as_mut_ptr());
        let info = info.assume_init_mut();
        if info.si_code != libc::SI_KERNEL {
            return;
        }
        info.si_code = SYS_USER_DISPATCH;
        let words = (info as *mut libc::siginfo_t).cast::<u32>();
        words.add(7).write(arch);
        libc::ptrace(libc::PTRACE_SETSIGINFO, pid, 0usize, info);
    }
}
