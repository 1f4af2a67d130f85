//! What happens between the end of a call (or a doorbell, or a fault) and the next guest instruction
//! (`exit_to_user_mode_loop`, `arch_do_signal_or_restart`, `kernel/signal.c`).

use crate::arch::{Context, UContext, build_frame};
use crate::dispatch;
use crate::ptrace;
use crate::table::Restarts;
use alloc::format;
use host::abi::SigInfo;
use host::cpu;
use host::sys::{fd, process};
use vkernel::Task;
use vkernel::mm::{Access, FaultOutcome};
use vkernel::signal::{self, Action, Delivery, Queued, SaFlags, SigSet};
use vkernel::task::Exit;

/// Does all announced work. Returns when guest code may run; does not return for a task that ends.
pub fn before_guest(task: &'static Task, cx: &mut Context) {
    // Somebody may trace it from now on.
    cpu::current().fast.forget_pid();
    vkernel::kernel::kernel().sigio.send_all();
    loop {
        let next = task.next_delivery(cx);
        task.mm().trim_if_stale();
        match next {
            Delivery::None => {
                restart_call(task, cx);
                task.restore_saved_mask();
                if !task.thread.has_work() || !task.signal_pending() {
                    return ptrace::to_guest(task, cx);
                }
            }
            Delivery::Handler(q, action) => deliver(task, cx, &q, &action),
            Delivery::Die(sig, core) => die(task, cx, sig, core),
            Delivery::Exit => {
                ptrace::ending(task, cx, 0);
                dispatch::exit(task, 0)
            }
        }
    }
}

fn die(task: &'static Task, cx: &mut Context, sig: u32, core: bool) -> ! {
    task.group.request_exit(Exit::signal(sig, core && core_allowed(task)));
    ptrace::ending(task, cx, 0);
    dispatch::exit(task, 0)
}

/// The bit that says a core was dumped follows the limit, although no file is written.
fn core_allowed(task: &Task) -> bool {
    task.group.rlimit(vkernel::task::limits::CORE).cur > 0
}

fn deliver(task: &'static Task, cx: &mut Context, q: &Queued, action: &Action) {
    interrupt_call(task, cx, action);
    crate::patch::to_original(task, cx);
    ptrace::no_step(task, cx);
    let mask = task.mask_for_frame();
    if build_frame(task, cx, q, action, mask).is_err() {
        // As Linux: no room for the frame is a fault of its own, final if it was for SIGSEGV already.
        if q.sig == signal::SIGSEGV {
            die(task, cx, signal::SIGSEGV, true);
        }
        task.force(signal::SIGSEGV, signal::info(signal::SIGSEGV, signal::code::SI_KERNEL));
        return;
    }
    let mut blocked = task.blocked().or(SigSet(action.0.mask));
    if !action.flags().contains(SaFlags::NODEFER) {
        blocked = blocked.with(q.sig);
    }
    task.set_blocked(blocked);
    ptrace::in_handler(task, cx);
}

/// A handler will run: the call it interrupted answers `EINTR`, or is made again after `SA_RESTART`.
fn interrupt_call(task: &Task, cx: &mut Context, action: &Action) {
    let Some((nr, how)) = task.take_interrupted() else { return };
    // What sleeps until a deadline is not made again after a handler, whatever the handler's flags (`ERESTART_RESTARTBLOCK`).
    let timed = task.restart.lock().take().is_some();
    let sys = how == Restarts::Sys as u32 && !timed && action.flags().contains(SaFlags::RESTART);
    if how == Restarts::Always as u32 || sys {
        again(cx, nr);
    }
}

/// No handler ran: the interrupted call is made again, unless it never is.
fn restart_call(task: &Task, cx: &mut Context) {
    if let Some((nr, how)) = task.take_interrupted()
        && how != Restarts::Never as u32
    {
        again(cx, nr);
    }
}

fn again(cx: &mut Context, nr: u32) {
    let regs = cx.regs_mut();
    regs.rax = u64::from(nr);
    // Back over the two bytes of `syscall`.
    regs.rip = regs.rip.wrapping_sub(2);
}

/// A processor fault in guest code: the address space may mend it, otherwise it is the guest's signal.
pub fn on_fault(task: &'static Task, cx: &mut Context, sig: u32, info: &SigInfo) {
    const PAGE_FAULT: u64 = 14;
    let mut info = *info;
    let mut sig = sig;
    // Raised by a displaced instruction: it is the original that the guest knows.
    if info.code > 0
        && info.fields[0] == cx.regs().rip
        && let Some(rip) = crate::patch::original(task, cx.regs().rip)
    {
        info.fields[0] = rip;
    }
    if cx.regs().trapno == PAGE_FAULT {
        let addr = cx.regs().cr2 as usize;
        match task.mm().handle_fault(addr, Access::from_error_code(cx.regs().err), &crate::sys::mm::limits(task)) {
            FaultOutcome::Retry => return,
            FaultOutcome::Sigbus => {
                sig = signal::SIGBUS;
                info = signal::info_fault(sig, signal::code::BUS_ADRERR, addr as u64);
            }
            FaultOutcome::SegvMaperr => info = signal::info_fault(sig, signal::code::SEGV_MAPERR, addr as u64),
            FaultOutcome::SegvAccerr => info = signal::info_fault(sig, signal::code::SEGV_ACCERR, addr as u64),
        }
    }
    task.force(sig, info);
}

/// The hook of `host::user`: a guest page was not there.
pub fn fault_in(addr: usize, write: bool) -> bool {
    let Some(task) = Task::current() else { return false };
    task.mm().handle_fault(addr, Access::from_write(write), &crate::sys::mm::limits(task)) == FaultOutcome::Retry
}

/// A fault in the kernel's own code: says where, and ends the sandbox. Nothing here allocates before the message is out.
pub fn kernel_bug(sig: u32, context: &UContext) -> ! {
    let m = &context.machine;
    let text = format!(
        "umlaut: kernel bug: signal {sig} at {:#x} (image {:#x}), address {:#x}, stack {:#x}\n",
        m.rip,
        m.rip.wrapping_sub(host::arch::gate::gate_page() as u64),
        m.cr2,
        m.rsp
    );
    let _ = fd::write(2, text.as_bytes());
    end_sandbox()
}

/// Something that must not happen did, and no guest instruction may run any more.
pub fn fatal(what: &str) -> ! {
    let _ = fd::write(2, b"umlaut: ");
    let _ = fd::write(2, what.as_bytes());
    let _ = fd::write(2, b"\n");
    end_sandbox()
}

/// Asks the supervisor to end everything, and ends this process.
fn end_sandbox() -> ! {
    const SIGTERM: i32 = 15;
    let _ = process::kill(vkernel::kernel::kernel().supervisor, SIGTERM);
    process::exit_group(125)
}
