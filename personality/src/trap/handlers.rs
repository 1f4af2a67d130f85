//! The ways into the kernel, and the way out: three host signal handlers, and the call that comes from a patched site without a signal
//! (`arch::entry`).
//!
//! In guest code a handler enters the kernel at once. In kernel code it only marks and returns: it allocates
//! nothing, takes no lock, and lets the interrupted code find the mark, either before it sleeps (the gate's window) or
//! before it leaves (the window of `leave`).

use super::stack::Stack;
use crate::arch::entry::{self, Window};
use crate::arch::{Context, UContext};
use crate::{dispatch, patch, work};
use host::abi::SigInfo;
use host::arch::{self, gate, usercopy};
use host::cpu::{self, Cpu};
use host::sys::signal::{DOORBELL, action};
use host::wait::HostThread;
use host::{Errno, Result, layout};
use vkernel::Task;
use vkernel::kernel::{TrapKind, kernel};
use vkernel::signal::*;

const SA_SIGINFO: u64 = 4;
const SA_ONSTACK: u64 = 0x0800_0000;
const SA_NODEFER: u64 = 0x4000_0000;
/// Synchronous signals: what the guest's own instructions raise.
const FAULTS: [u32; 5] = [SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP];
/// Asynchronous ones that reach a guest: its own timers and limit of processor time, and plain requests from outside.
const FORWARDED: [u32; 7] = [SIGALRM, SIGVTALRM, SIGPROF, SIGXCPU, SIGTERM, SIGUSR1, SIGUSR2];
/// The terminal's: the supervisor has them and hands them to the foreground group. The rest would be noise.
const IGNORED: [u32; 9] = [SIGINT, SIGQUIT, SIGHUP, SIGTSTP, SIGTTIN, SIGTTOU, SIGWINCH, SIGPIPE, SIGXFSZ];

/// Installs all handlers in this process.
pub fn install() -> Result<()> {
    let flags = SA_SIGINFO | SA_ONSTACK;
    // SAFETY: the functions below are handlers for exactly these flags.
    unsafe {
        // Nothing is blocked while it runs: then nothing has to be restored by the host afterwards.
        action(SIGSYS as i32, on_syscall as *const () as usize, flags | SA_NODEFER, 0)?;
        for sig in FAULTS {
            action(sig as i32, on_fault as *const () as usize, flags | SA_NODEFER, 0)?;
        }
        // One at a time, however fast they come: they would pile up on the stack.
        action(DOORBELL, on_event as *const () as usize, flags, events())?;
        for sig in FORWARDED {
            action(sig as i32, on_event as *const () as usize, flags, events())?;
        }
        for sig in IGNORED {
            action(sig as i32, 1, 0, 0)?;
        }
        // The host must not reap behind our back, nor interrupt for children that only a tracer has.
        action(SIGCHLD as i32, 0, 0, 0)
    }
}

/// Whether a host signal has a handler of ours.
pub fn handled(sig: u32) -> bool {
    sig == SIGSYS || sig == DOORBELL as u32 || FAULTS.contains(&sig) || FORWARDED.contains(&sig)
}

/// The signals of [`on_event`], as a mask.
pub(super) fn events() -> u64 {
    FORWARDED.iter().fold(1 << (DOORBELL - 1), |mask, sig| mask | 1 << (sig - 1))
}

/// Whether the interrupted code was the guest's. What is not the runtime's text is: the vDSO too, unless the kernel has called it.
fn from_guest(cpu: &Cpu, uc: &UContext) -> bool {
    if cpu.borrows() {
        return false;
    }
    let rip = uc.machine.rip as usize;
    let vdso = kernel().vdso;
    layout::is_guest(rip, 1) || (vdso.0..vdso.1).contains(&rip) || !runtime_text(rip)
}

/// The umlaut binary's own range. Everything else that could run (the host's libc) belongs to nobody any more.
fn runtime_text(rip: usize) -> bool {
    layout::RUNTIME_IMAGE.contains(&rip)
}

/// Finds the thread from the stack, and gives `%gs` back to the kernel.
///
/// # Safety
/// `uc` must be the context of a signal delivered on a kernel stack.
unsafe fn enter(uc: *const UContext) -> &'static Cpu {
    // SAFETY: the caller's promise; `FSGSBASE` was checked at start-up.
    unsafe {
        let stack = Stack::of(uc as usize);
        let gs = arch::read_gs();
        if gs != stack.cpu_addr() {
            arch::write_gs(stack.cpu_addr());
        }
        stack.cpu()
    }
}

unsafe extern "C" fn on_syscall(_sig: i32, info: *const SigInfo, uc: *mut UContext) {
    // SAFETY: the host's arguments to a SA_SIGINFO handler on our stack.
    unsafe {
        let cpu = enter(uc);
        let mut cx = Context::at(uc as usize);
        if cpu.borrows() {
            // Not a guest's: the vDSO wanted a call that the kernel can make itself.
            cx.regs_mut().rax = Errno::ENOSYS.as_ret() as u64;
            return;
        }
        cpu.set_frame(uc as usize);
        cpu.fast.set_resume(0, 0);
        match Task::current() {
            Some(task) => {
                dispatch::on_trap(task, &mut cx, &*info);
                patch::after_trap(task, &cx);
            }
            None => host::sys::process::exit_group(70),
        }
        leave(uc as usize)
    }
}

/// A call from a patched site: `context` was filled in by the entry. Comes back to go on from it as it is.
pub(crate) unsafe extern "C" fn fast_call(context: usize) {
    // SAFETY: only the entry calls this.
    unsafe {
        let cpu = cpu::current();
        let mut cx = Context::at(context);
        cpu.set_frame(context);
        cpu.fast.count();
        match Task::current() {
            Some(task) => dispatch::syscall(task, &mut cx),
            None => host::sys::process::exit_group(70),
        }
        if cx.regs().rip as usize != cpu.fast.stands_for() || cpu.guest_gs() != 0 || cx.needs_host() {
            leave(context)
        }
    }
}

unsafe extern "C" fn on_fault(sig: i32, info: *const SigInfo, uc: *mut UContext) {
    // SAFETY: as in `on_syscall`.
    unsafe {
        let cpu = enter(uc);
        let window = entry::interrupted(&mut Context::at(uc as usize), &cpu.fast);
        let context = &mut *uc;
        match window {
            // The call is made by this signal instead of the other one.
            Some(Window::Entering | Window::Refused) => return begun_call(cpu, uc),
            Some(Window::Left) => context.machine.rip = cpu.fast.resume() as u64,
            _ => {}
        }
        if !from_guest(cpu, context) {
            if let Some(to) = usercopy::fixup(context.machine.rip as usize) {
                context.machine.rip = to as u64;
                return;
            }
            work::kernel_bug(sig as u32, context);
        }
        let Some(task) = Task::current() else { host::sys::process::exit_group(70) };
        match patch::on_fault(task, &mut Context::at(uc as usize), sig as u32) {
            patch::Fault::Mended => {
                cpu.set_frame(uc as usize);
                cpu.fast.set_resume(0, 0);
                leave(uc as usize)
            }
            patch::Fault::Call => return begun_call(cpu, uc),
            patch::Fault::Guests => {}
        }
        cpu.set_frame(uc as usize);
        cpu.fast.set_resume(0, 0);
        work::on_fault(task, &mut Context::at(uc as usize), sig as u32, &*info);
        leave(uc as usize)
    }
}

/// A fault of the entry's, or of a stub's part that leads there: the site's call is made from here.
///
/// # Safety
/// As [`enter`], and the registers must be those of [`Window::Entering`].
unsafe fn begun_call(cpu: &'static Cpu, uc: *mut UContext) {
    // SAFETY: the caller's promise.
    unsafe {
        let mut cx = Context::at(uc as usize);
        let Some(task) = Task::current() else { host::sys::process::exit_group(70) };
        patch::to_site(task, &mut cx);
        let regs = cx.regs_mut();
        regs.rip += 2;
        let behind = regs.rip;
        cpu.set_frame(uc as usize);
        cpu.fast.set_resume(behind as usize, patch::resume_at(task, behind));
        dispatch::syscall(task, &mut cx);
        leave(uc as usize)
    }
}

unsafe extern "C" fn on_event(sig: i32, info: *const SigInfo, uc: *mut UContext) {
    // SAFETY: as in `on_syscall`.
    unsafe {
        let cpu = enter(uc);
        let context = &mut *uc;
        if sig != DOORBELL {
            let own_timer = sig as u32 == SIGALRM && (*info).code == code::SI_KERNEL;
            cpu.thread().note_host_signal(if own_timer { HostThread::REAL_TIMER } else { sig as u32 });
        }
        cpu.thread().note_event();
        if let Some(to) = gate::unwind_window(context.machine.rip as usize, context.machine.rbx as usize) {
            context.machine.rip = to as u64;
            return go_on(context);
        }
        let mut cx = Context::at(uc as usize);
        match entry::interrupted(&mut cx, &cpu.fast) {
            Some(Window::Leaving) => return entry::leave_slowly(&mut cx),
            Some(Window::Left) => context.machine.rip = cpu.fast.resume() as u64,
            // As if it had come before the call.
            Some(Window::Entering | Window::Refused) => {}
            None if !from_guest(cpu, context) => return go_on(context),
            None => {}
        }
        if let Some(task) = Task::current() {
            patch::to_site(task, &mut cx);
        }
        cpu.set_frame(uc as usize);
        cpu.fast.set_resume(0, 0);
        leave(uc as usize)
    }
}

/// Back to the kernel code that an event interrupted. No other one comes until that looks at it or sleeps: else it might never get
/// any further.
fn go_on(context: &mut UContext) {
    context.sigmask |= events();
}

/// Goes back to guest code, through the slow path if there is work.
///
/// # Safety
/// `context` must be the saved guest context of this thread; nothing on the stack is needed any more.
pub unsafe fn leave(context: usize) -> ! {
    let cpu = cpu::current();
    // SAFETY: the caller's promise.
    unsafe {
        let mut cx = Context::at(context);
        let rip = cx.regs().rip as usize;
        let traced = kernel().trap == TrapKind::Ptrace;
        if traced || cpu.guest_gs() != 0 || cx.needs_host() {
            cx.complete(&cpu.stack);
            if rip == cpu.fast.stands_for() {
                cx.regs_mut().rip = cpu.fast.resume() as u64;
            }
            gate::leave(context, cpu.thread().work_word(), cpu.guest_gs(), slow, traced)
        }
        if rip != cpu.fast.stands_for() {
            cpu.fast.set_resume(rip, rip);
        }
        entry::exit(context)
    }
}

/// The work that was announced, then the way out again.
pub(crate) unsafe extern "C" fn slow(context: usize) -> ! {
    // SAFETY: `leave` and the entry pass on what they were given.
    unsafe {
        match Task::current() {
            Some(task) => work::before_guest(task, &mut Context::at(context)),
            None => host::sys::process::exit_group(70),
        }
        // Who comes in now leads here once more.
        cpu::current().thread().hear_events();
        leave(context)
    }
}
