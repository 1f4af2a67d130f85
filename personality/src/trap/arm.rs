//! Arming: what makes the host bounce guest calls back.

use host::arch::gate;
use host::sys::process;
use host::{Errno, Result};
use vkernel::kernel::{TrapKind, kernel};

const PR_SET_SYSCALL_USER_DISPATCH: u32 = 59;
const PR_SET_NO_NEW_PRIVS: u32 = 38;
const PR_SET_SECCOMP: u32 = 22;
const DISPATCH_ON: usize = 1;
const PAGE: usize = 4096;

/// Arms the calling host thread, as the sandbox was told. Nothing to do for a filter, which children inherit, and for a
/// tracer, which has them already.
pub fn arm() -> Result<()> {
    match kernel().trap {
        TrapKind::Sud => arm_sud(),
        TrapKind::Seccomp | TrapKind::Ptrace => Ok(()),
    }
}

/// Syscall User Dispatch: every call from outside the gate's page becomes SIGSYS. No selector byte: nothing in memory
/// turns it off. `EINVAL` where the host does not know it, `EPERM` where it is switched off.
pub fn arm_sud() -> Result<()> {
    // SAFETY: plain numbers; from here on only the gate's calls pass, and the kernel makes no others.
    unsafe { process::prctl(PR_SET_SYSCALL_USER_DISPATCH, DISPATCH_ON, gate::gate_page(), PAGE, 0).map(drop) }
}

/// One instruction of a classic BPF program.
#[repr(C)]
#[derive(Clone, Copy)]
pub(super) struct Insn {
    pub(super) code: u16,
    pub(super) jt: u8,
    pub(super) jf: u8,
    pub(super) k: u32,
}

#[repr(C)]
struct Program {
    len: u16,
    insns: *const Insn,
}

pub(super) const LOAD: u16 = 0x20;
pub(super) const JUMP_EQ: u16 = 0x15;
pub(super) const JUMP_GE: u16 = 0x35;
pub(super) const JUMP_SET: u16 = 0x45;
pub(super) const RETURN: u16 = 0x06;
pub(super) const RET_ALLOW: u32 = 0x7fff_0000;
const RET_TRAP: u32 = 0x0003_0000;
pub(super) const ARCH_X86_64: u32 = 0xc000_003e;

/// A seccomp filter for good: calls from the gate's page pass, all others become SIGSYS, and so do all of another ABI.
pub fn arm_seccomp() -> Result<()> {
    let page = gate::gate_page() as u64;
    let (lo, hi) = (page as u32, (page >> 32) as u32);
    let op = |code, jt, jf, k| Insn { code, jt, jf, k };
    let end = lo.checked_add(PAGE as u32).ok_or(Errno::EINVAL)?;
    let program = [
        op(LOAD, 0, 0, 4),
        op(JUMP_EQ, 0, 6, ARCH_X86_64),
        op(LOAD, 0, 0, 12),
        op(JUMP_EQ, 0, 4, hi),
        op(LOAD, 0, 0, 8),
        op(JUMP_GE, 0, 2, lo),
        op(JUMP_GE, 1, 0, end),
        op(RETURN, 0, 0, RET_ALLOW),
        op(RETURN, 0, 0, RET_TRAP),
    ];
    install_filter(&program)
}

/// Installs a seccomp filter for good.
pub(super) fn install_filter(program: &[Insn]) -> Result<()> {
    let filter = Program { len: program.len() as u16, insns: program.as_ptr() };
    // SAFETY: the program outlives the call; its effect is the one described.
    unsafe {
        process::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)?;
        process::prctl(PR_SET_SECCOMP, 2, &raw const filter as usize, 0, 0)?;
    }
    Ok(())
}
