//! From a call, trapped or of a patched site, to its handler and back (`arch/x86/entry/common.c`: `do_syscall_64`).

use crate::arch::Context;
use crate::ptrace;
use crate::table::{self, Restarts};
use crate::trap::spawn;
use core::sync::atomic::Ordering::Relaxed;
use host::abi::SigInfo;
use host::{Errno, Result};
use vkernel::Task;
use vkernel::kernel::{Patching, kernel};

/// A call being handled.
pub struct Call<'a> {
    /// Who calls.
    pub task: &'static Task,
    /// The caller's registers: the arguments, and what calls that are about registers change.
    pub cx: &'a mut Context,
    /// The call's number.
    pub nr: u32,
    /// The handler has set all registers itself (`rt_sigreturn`, `execve`).
    pub registers_set: bool,
    /// Interrupted, it is made again after any handler, unlike other calls of its row.
    pub restarts_always: bool,
}

const SYS_SECCOMP: i32 = 1;
const SYS_USER_DISPATCH: i32 = 2;
const ARCH_X86_64: u32 = 0xc000_003e;

/// A SIGSYS arrived in guest code: a system call, or a guest's own doing.
pub fn on_trap(task: &'static Task, cx: &mut Context, info: &SigInfo) {
    // The union of a SIGSYS: call address, number and architecture.
    let arch = (info.fields[1] >> 32) as u32;
    match info.code {
        SYS_USER_DISPATCH | SYS_SECCOMP if arch == ARCH_X86_64 => {
            kernel().stats.trapped.fetch_add(1, Relaxed);
            if kernel().patch != Patching::Off {
                crate::patch::on_trap(task, cx);
            }
            syscall(task, cx)
        }
        // A 32-bit call: this kernel has none.
        SYS_USER_DISPATCH | SYS_SECCOMP => cx.regs_mut().rax = Errno::ENOSYS.as_ret() as u64,
        _ => {
            let _ = task.send(vkernel::signal::SIGSYS, *info);
        }
    }
}

/// Handles the call in the registers and leaves its result there.
pub fn syscall(task: &'static Task, cx: &mut Context) {
    let nr = cx.nr();
    if nr == crate::boot::BOOT_CALL && crate::boot::is_booting(task) {
        return crate::boot::start(task, cx);
    }
    if !task.trace.active() {
        return make_call(task, cx);
    }
    if ptrace::before_call(task, cx) {
        make_call(task, cx);
    }
    ptrace::after_call(task, cx);
}

fn make_call(task: &'static Task, cx: &mut Context) {
    let nr = cx.nr();
    let number = nr as u32;
    // Linux looks at the lower half only.
    let row = table::lookup(u64::from(number));
    let tracing = kernel().trace.load(Relaxed) != 0;
    let traced = if tracing { Some(crate::strace::enter(task, row, cx)) } else { None };
    let mut call = Call { task, cx, nr: number, registers_set: false, restarts_always: false };
    let result = match row {
        Some(row) => (row.handler)(&mut call),
        None => Err(Errno::ENOSYS),
    };
    let (registers_set, always) = (call.registers_set, call.restarts_always);
    task.release_held();
    host::rcu::catch_up();
    if let Some(line) = traced {
        crate::strace::leave(&line, &result);
    }
    if !registers_set {
        let how = if always { Restarts::Always } else { row.map_or(Restarts::Never, |r| r.restarts) };
        finish(task, cx, how, nr, result);
    }
}

fn finish(task: &Task, cx: &mut Context, how: Restarts, nr: u64, result: Result<usize>) {
    cx.regs_mut().rax = match result {
        Ok(v) => v as u64,
        Err(e) => e.as_ret() as u64,
    };
    // The `syscall` instruction's own doing: rcx and r11 hold rip and flags.
    let (rip, flags) = (cx.regs().rip, cx.regs().eflags);
    cx.regs_mut().rcx = rip;
    cx.regs_mut().r11 = flags;
    if result == Err(Errno::EINTR) {
        task.set_interrupted(nr as u32, how as u32);
        task.thread.set_work();
    }
}

/// Ends the running task's host thread once the task has ended.
pub fn exit(task: &'static Task, code: i32) -> ! {
    task.exit(code);
    spawn::end_thread(task)
}
