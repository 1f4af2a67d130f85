//! Signal frames on the guest's stack, byte for byte Linux's (`arch/x86/kernel/signal_64.c`: `x64_setup_rt_frame`).
//!
//! ```text
//! higher   vector state (64-aligned)
//!          siginfo (128)
//!          ucontext (304)
//! rsp ->   return address: sa_restorer
//! ```

use super::context::{Context, HOST_FLAGS, UContext};
use super::fpu;
use host::abi::{SigInfo, StackT};
use host::{Errno, Result, user};
use vkernel::Task;
use vkernel::signal::{Action, Queued, SaFlags, SigSet};

const RED_ZONE: usize = 128;
const SS_ONSTACK: i32 = 1;
const SS_DISABLE: i32 = 2;
const SS_AUTODISARM: i32 = i32::MIN;
const UC_OFFSET: usize = 8;
const INFO_OFFSET: usize = UC_OFFSET + size_of::<UContext>();
const FRAME: usize = INFO_OFFSET + size_of::<SigInfo>();

/// Whether `sp` lies on the alternate stack.
fn on_stack(alt: &StackT, sp: usize) -> bool {
    alt.flags & SS_AUTODISARM == 0 && alt.size != 0 && sp > alt.sp && sp - alt.sp <= alt.size
}

/// What `sigaltstack` and a frame show: the stack with its status.
fn shown(alt: &StackT, sp: usize) -> StackT {
    let status = match alt {
        a if a.size == 0 => SS_DISABLE,
        a if on_stack(a, sp) => SS_ONSTACK,
        _ => 0,
    };
    StackT { flags: alt.flags & SS_AUTODISARM | status, ..*alt }
}

/// Builds the frame for a handler and points the context at it. `EFAULT` when the stack is bad: the caller raises SIGSEGV.
/// `mask` is what the handler's return restores.
pub fn build_frame(task: &Task, cx: &mut Context, q: &Queued, action: &Action, mask: SigSet) -> Result<()> {
    let alt = task.signals.lock().altstack;
    let sp = cx.regs().rsp as usize;
    let use_alt = action.flags().contains(SaFlags::ONSTACK) && alt.size != 0 && !on_stack(&alt, sp);
    let top = if use_alt { alt.sp + alt.size } else { sp.wrapping_sub(RED_ZONE) };
    let was_short = cx.made_here();
    let area = cx.vector_area();
    let fp = top.wrapping_sub(fpu::area_size(area)) & !63;
    // As after a call: rsp + 8 is a multiple of 16.
    let frame = (fp.wrapping_sub(FRAME) & !15).wrapping_sub(8);
    if (use_alt || on_stack(&alt, sp)) && !(alt.sp..alt.sp + alt.size).contains(&frame) {
        return Err(Errno::EFAULT);
    }
    if !action.flags().contains(SaFlags::RESTORER) {
        return Err(Errno::EFAULT);
    }
    fpu::copy_to_guest(area, fp)?;
    let mut uc = *cx.raw();
    uc.flags = HOST_FLAGS;
    uc.link = 0;
    // The raw state, not what `sigaltstack` would show (`__save_altstack`).
    uc.stack = alt;
    uc.sigmask = mask.0;
    uc.machine.fpstate = fp;
    uc.machine.oldmask = mask.0;
    uc.machine.cs = 0x33;
    uc.machine.ss = 0x2b;
    (uc.machine.fs, uc.machine.gs, uc.machine.reserved) = (0, 0, [0; 8]);
    if was_short {
        // What the host fills in for a fault; nothing of the kind has happened.
        (uc.machine.err, uc.machine.trapno, uc.machine.cr2) = (0, 0, 0);
    }
    user::write(frame, &action.0.restorer)?;
    user::write(frame + UC_OFFSET, &uc)?;
    user::write(frame + INFO_OFFSET, &q.info)?;
    if alt.flags & SS_AUTODISARM != 0 {
        task.signals.lock().altstack = StackT::default();
    }
    let regs = cx.regs_mut();
    regs.rsp = frame as u64;
    regs.rip = action.0.handler as u64;
    regs.rdi = u64::from(q.sig);
    regs.rsi = (frame + INFO_OFFSET) as u64;
    regs.rdx = (frame + UC_OFFSET) as u64;
    regs.rax = 0;
    // Direction, trap and resume flags are clear in a handler.
    regs.eflags &= !(0x400 | 0x100 | 0x10000);
    Ok(())
}

/// `rt_sigreturn(2)`: takes registers, vector state, mask and alternate stack from the frame above `rsp`.
pub fn restore_frame(task: &Task, cx: &mut Context) -> Result<()> {
    let at = (cx.regs().rsp as usize).wrapping_sub(8).wrapping_add(UC_OFFSET);
    let uc: UContext = user::read(at)?;
    task.set_blocked(SigSet(uc.sigmask));
    fpu::copy_from_guest(cx.vector_area(), uc.machine.fpstate)?;
    cx.set_machine(&uc.machine);
    // As Linux: errors of the alternate stack are ignored.
    let _ = altstack(task, cx, Some(uc.stack));
    Ok(())
}

/// `sigaltstack(2)`: what it shows, and setting it.
pub fn altstack(task: &Task, cx: &Context, new: Option<StackT>) -> Result<StackT> {
    const MIN: usize = 2048;
    let sp = cx.regs().rsp as usize;
    let mut state = task.signals.lock();
    let old = shown(&state.altstack, sp);
    let Some(new) = new else { return Ok(old) };
    if on_stack(&state.altstack, sp) {
        return Err(Errno::EPERM);
    }
    let mode = new.flags & !SS_AUTODISARM;
    if mode != SS_DISABLE && mode != SS_ONSTACK && mode != 0 {
        return Err(Errno::EINVAL);
    }
    let new = StackT { pad: 0, ..new };
    if new == state.altstack {
        return Ok(old);
    }
    if mode != SS_DISABLE && new.size < MIN {
        return Err(Errno::ENOMEM);
    }
    state.altstack = if mode == SS_DISABLE { StackT { sp: 0, size: 0, ..new } } else { new };
    Ok(old)
}
