//! Where a tracee stops on its way through the kernel, and single-stepping (`kernel/entry/common.c`, `arch/x86/kernel/step.c`).
//!
//! A step is the processor's: the trap flag is set when the task goes to guest code and taken away at the next stop, so that neither
//! the tracer nor a signal frame sees it. A call counts as one step.

use crate::arch::Context;
use host::Errno;
use vkernel::Task;
use vkernel::ptrace::{Mode, Options, event};
use vkernel::signal::{self, SIGTRAP};
use vkernel::task::Exit;

/// The processor's trap flag.
const TRAP: u64 = 0x100;
const TRAP_BRKPT: i32 = 1;

/// A tracee's call begins. Whether it is to be made: the tracer may have forbidden it, or made it another one.
pub fn before_call(task: &Task, cx: &mut Context) -> bool {
    no_step(task, cx);
    // Whatever becomes of it, the way out passes `to_guest`.
    task.thread.set_work();
    task.trace.set_call(cx.regs().rax);
    if task.trace.mode() != Mode::Syscall {
        return true;
    }
    cx.regs_mut().rax = Errno::ENOSYS.as_ret() as u64;
    task.trace_call(cx, true);
    let nr = task.trace.call();
    if nr == u64::MAX {
        return false;
    }
    cx.regs_mut().rax = nr;
    true
}

/// It is over.
pub fn after_call(task: &Task, cx: &mut Context) {
    match task.trace.mode() {
        _ if !task.trace.active() => {}
        Mode::Run => {}
        Mode::Syscall => task.trace_call(cx, false),
        Mode::Step => task.force(SIGTRAP, signal::info_fault(SIGTRAP, TRAP_BRKPT, cx.regs().rip)),
    }
}

/// The next instruction is the guest's.
pub fn to_guest(task: &Task, cx: &mut Context) {
    if task.trace.active() {
        task.trace.set_call(u64::MAX);
        if task.trace.mode() == Mode::Step && cx.regs().eflags & TRAP == 0 {
            cx.regs_mut().eflags |= TRAP;
            task.trace.set_stepping(true);
        }
    } else {
        no_step(task, cx);
    }
}

/// Takes the trap flag away if it is there for a step.
pub fn no_step(task: &Task, cx: &mut Context) {
    if task.trace.set_stepping(false) {
        let regs = cx.regs_mut();
        // A call has copied the flags.
        if regs.r11 == regs.eflags {
            regs.r11 &= !TRAP;
        }
        regs.eflags &= !TRAP;
    }
}

/// A step led to a handler: it ends there.
pub fn in_handler(task: &Task, cx: &mut Context) {
    if task.trace.active() && task.trace.mode() == Mode::Step {
        task.trace_handler(cx);
    }
}

/// The task is about to end, with `status` if the group's end is not decided yet.
pub fn ending(task: &Task, cx: &mut Context, status: i32) {
    if task.trace_wants(Options::EXIT) {
        let how = task.group.exit_requested().unwrap_or(Exit::code(status));
        task.trace_event(cx, event::EXIT, how.0 as u32 as u64);
    }
}
