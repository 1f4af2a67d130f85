//! A tracee's registers, as its tracer sees and changes them (`arch/x86/kernel/ptrace.c`).
//!
//! What Linux keeps beside the registers, the number of the call (`orig_rax`) and that an interrupted call is to be made again
//! (`-ERESTARTSYS` in `rax`), the tracer may see and change as well: debuggers do, to run functions of the tracee.

use super::context::{Context, MachineContext};
use super::fpu;
use crate::table::Restarts;
use host::sys::process::set_guest_fs;
use host::{arch, cpu};
use vkernel::Task;
use vkernel::ptrace::{Machine, Registers, UserRegs};

const CS: u64 = 0x33;
const SS: u64 = 0x2b;
const EINTR: i64 = -4;
const ERESTARTSYS: i64 = -512;
const ERESTARTNOINTR: i64 = -513;
const ERESTARTNOHAND: i64 = -514;
const ERESTART_RESTARTBLOCK: i64 = -516;

impl Machine for Context {
    fn show(&mut self, task: &Task) {
        task.mm().stop_patching();
        crate::patch::to_original(task, self);
        crate::ptrace::no_step(task, self);
        let (rip, fast) = (self.regs().rip as usize, &cpu::current().fast);
        if fast.stands_for() == rip {
            // The copy in a stub is not what a debugger sets breakpoints in.
            fast.set_resume(rip, rip);
        }
        let area = self.vector_area();
        let user = self.user_regs(task);
        *task.trace.regs.lock() = Registers { user, user_changed: false, fpu: fpu::shown(area), fpu_changed: false };
    }

    fn take(&mut self, task: &Task) {
        let seen = core::mem::take(&mut *task.trace.regs.lock());
        if seen.user_changed {
            self.set_user_regs(task, &seen.user);
        }
        if seen.fpu_changed {
            fpu::set_shown(self.vector_area(), &seen.fpu);
        }
    }
}

impl Context {
    fn user_regs(&self, task: &Task) -> UserRegs {
        let m = *self.regs();
        let (orig_rax, rax) = match task.interrupted() {
            Some((nr, how)) => (u64::from(nr), shown_restart(task, how) as u64),
            None => (task.trace.call(), m.rax),
        };
        UserRegs {
            r15: m.r15,
            r14: m.r14,
            r13: m.r13,
            r12: m.r12,
            rbp: m.rbp,
            rbx: m.rbx,
            r11: m.r11,
            r10: m.r10,
            r9: m.r9,
            r8: m.r8,
            rax,
            rcx: m.rcx,
            rdx: m.rdx,
            rsi: m.rsi,
            rdi: m.rdi,
            orig_rax,
            rip: m.rip,
            cs: CS,
            eflags: m.eflags,
            rsp: m.rsp,
            ss: SS,
            // SAFETY: `FSGSBASE` was checked at start-up.
            fs_base: unsafe { arch::read_fs() } as u64,
            gs_base: cpu::current().guest_gs() as u64,
            ..UserRegs::default()
        }
    }

    fn set_user_regs(&mut self, task: &Task, u: &UserRegs) {
        let _ = task.take_interrupted();
        task.trace.set_call(u.orig_rax);
        let again = restart_rule(u.rax as i64).filter(|_| u.orig_rax as i64 >= 0);
        if let Some(how) = again {
            task.set_interrupted(u.orig_rax as u32, how as u32);
        }
        let machine = MachineContext {
            r15: u.r15,
            r14: u.r14,
            r13: u.r13,
            r12: u.r12,
            rbp: u.rbp,
            rbx: u.rbx,
            r11: u.r11,
            r10: u.r10,
            r9: u.r9,
            r8: u.r8,
            rax: if again.is_some() { EINTR as u64 } else { u.rax },
            rcx: u.rcx,
            rdx: u.rdx,
            rsi: u.rsi,
            rdi: u.rdi,
            rip: u.rip,
            eflags: u.eflags,
            rsp: u.rsp,
            ..*self.regs()
        };
        self.set_machine(&machine);
        // SAFETY: as above.
        if u.fs_base != unsafe { arch::read_fs() } as u64 {
            let _ = set_guest_fs(u.fs_base as usize);
        }
        cpu::current().set_guest_gs(u.gs_base as usize);
    }
}

fn shown_restart(task: &Task, how: u32) -> i64 {
    match how {
        how if how == Restarts::Sys as u32 => ERESTARTSYS,
        how if how == Restarts::Always as u32 => ERESTARTNOINTR,
        how if how == Restarts::NoHandler as u32 && task.restart.lock().is_some() => ERESTART_RESTARTBLOCK,
        how if how == Restarts::NoHandler as u32 => ERESTARTNOHAND,
        _ => EINTR,
    }
}

fn restart_rule(rax: i64) -> Option<Restarts> {
    match rax {
        ERESTARTSYS => Some(Restarts::Sys),
        ERESTARTNOINTR => Some(Restarts::Always),
        ERESTARTNOHAND | ERESTART_RESTARTBLOCK => Some(Restarts::NoHandler),
        _ => None,
    }
}
