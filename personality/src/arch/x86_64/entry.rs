//! Into the kernel from a patched call site, and out of it without a host call (`entry_64.S`: `entry_SYSCALL_64`).
//!
//! A stub comes here with `r11` naming it; `rcx` is free too, as the `syscall` that it stands for would have overwritten both. Nothing else
//! may change, the flags included, until they are saved; the guest's stack is not touched at all. The registers go to a
//! [`Context`](super::Context) at the top of the thread's kernel stack, xmm0-15 behind it: all that kernel code uses. What else
//! there is of the vector state stays in the processor.
//!
//! `getpid` is answered at once, from a word of the thread's, where nobody traces. Up to its last instructions that can be undone, and is
//! when a signal comes: the call has not begun then.
//!
//! The way out serves every context whose return needs no help of the host's, however it came in. Three windows have to be known
//! to a signal handler, which finds them by the instruction pointer ([`window`]): before the change of stacks the call has not
//! begun; between the test of the work word and the last jump it is not over; at the last jump it is.

use super::context::{Context, UContext};
use core::arch::global_asm;
use core::mem::offset_of;
use host::cpu::Fast;

/// Says, in a context's `link`, that it was made here: the host writes 0 there.
pub(super) const MADE_HERE: usize = 1;
/// Where xmm0-15 are, from the context on.
pub(super) const XMM: usize = (size_of::<UContext>() + 15) & !15;
/// Bytes of a context with them.
pub(super) const FRAME: usize = (XMM + 256 + 63) & !63;

/// `SYS_getpid`.
const GETPID: u64 = 39;

const MACHINE: usize = offset_of!(UContext, machine);

macro_rules! at {
    ($field:ident) => {
        MACHINE + offset_of!(super::context::MachineContext, $field)
    };
}

global_asm!(
    ".pushsection .text.umlaut_entry,\"ax\",@progbits",
    ".balign 64",
    ".globl umlaut_entry",
    "umlaut_entry:",
    // Without a change of flags: is %gs ours?
    "mov rcx, gs:[{magic}]",
    "lea rcx, [rcx - {MAGIC}]",
    "jrcxz 2f",
    ".globl umlaut_entry_refused",
    "umlaut_entry_refused:",
    "ud2",
    "9: jmp umlaut_quick_begins",
    "2: lea rcx, [rax - {GETPID}]",
    "jrcxz 9b",
    "umlaut_entry_whole:",
    "mov gs:[{user_sp}], rsp",
    "mov rsp, gs:[{entry_sp}]",
    ".globl umlaut_entry_inside",
    "umlaut_entry_inside:",
    "pushfq",
    "pop rcx",
    "mov [rsp + {r11}], rcx",
    "mov [rsp + {eflags}], rcx",
    // Trap, direction, alignment check: not for the kernel.
    "test ecx, 0x40500",
    "jz 8f",
    "push 2",
    "popfq",
    "8: mov gs:[{resume}], r11",
    "movsxd rcx, dword ptr [r11 - 4]",
    "add rcx, r11",
    "mov gs:[{stands_for}], rcx",
    "mov [rsp + {rip}], rcx",
    "mov [rsp + {rcx}], rcx",
    "mov rcx, gs:[{user_sp}]",
    "mov [rsp + {rsp}], rcx",
    "mov [rsp + {rax}], rax",
    "mov [rsp + {rdi}], rdi",
    "mov [rsp + {rsi}], rsi",
    "mov [rsp + {rdx}], rdx",
    "mov [rsp + {r10}], r10",
    "mov [rsp + {r8}], r8",
    "mov [rsp + {r9}], r9",
    "mov [rsp + {rbx}], rbx",
    "mov [rsp + {rbp}], rbp",
    "mov [rsp + {r12}], r12",
    "mov [rsp + {r13}], r13",
    "mov [rsp + {r14}], r14",
    "mov [rsp + {r15}], r15",
    "movaps [rsp + {xmm} + 0x00], xmm0",
    "movaps [rsp + {xmm} + 0x10], xmm1",
    "movaps [rsp + {xmm} + 0x20], xmm2",
    "movaps [rsp + {xmm} + 0x30], xmm3",
    "movaps [rsp + {xmm} + 0x40], xmm4",
    "movaps [rsp + {xmm} + 0x50], xmm5",
    "movaps [rsp + {xmm} + 0x60], xmm6",
    "movaps [rsp + {xmm} + 0x70], xmm7",
    "movaps [rsp + {xmm} + 0x80], xmm8",
    "movaps [rsp + {xmm} + 0x90], xmm9",
    "movaps [rsp + {xmm} + 0xa0], xmm10",
    "movaps [rsp + {xmm} + 0xb0], xmm11",
    "movaps [rsp + {xmm} + 0xc0], xmm12",
    "movaps [rsp + {xmm} + 0xd0], xmm13",
    "movaps [rsp + {xmm} + 0xe0], xmm14",
    "movaps [rsp + {xmm} + 0xf0], xmm15",
    "mov qword ptr [rsp + {link}], {MADE_HERE}",
    "mov qword ptr [rsp + {fpstate}], 0",
    "mov rdi, rsp",
    "call {call}",
    // The way out: rsp is the context.
    ".globl umlaut_exit",
    "umlaut_exit:",
    "mov rcx, gs:[{work}]",
    ".globl umlaut_exit_check",
    "umlaut_exit_check:",
    "cmp dword ptr [rcx], 0",
    "jne umlaut_exit_slow",
    "mov rcx, [rsp + {fpstate}]",
    "test rcx, rcx",
    "jnz 6f",
    "movaps xmm0, [rsp + {xmm} + 0x00]",
    "movaps xmm1, [rsp + {xmm} + 0x10]",
    "movaps xmm2, [rsp + {xmm} + 0x20]",
    "movaps xmm3, [rsp + {xmm} + 0x30]",
    "movaps xmm4, [rsp + {xmm} + 0x40]",
    "movaps xmm5, [rsp + {xmm} + 0x50]",
    "movaps xmm6, [rsp + {xmm} + 0x60]",
    "movaps xmm7, [rsp + {xmm} + 0x70]",
    "movaps xmm8, [rsp + {xmm} + 0x80]",
    "movaps xmm9, [rsp + {xmm} + 0x90]",
    "movaps xmm10, [rsp + {xmm} + 0xa0]",
    "movaps xmm11, [rsp + {xmm} + 0xb0]",
    "movaps xmm12, [rsp + {xmm} + 0xc0]",
    "movaps xmm13, [rsp + {xmm} + 0xd0]",
    "movaps xmm14, [rsp + {xmm} + 0xe0]",
    "movaps xmm15, [rsp + {xmm} + 0xf0]",
    "4: mov rcx, [rsp + {eflags}]",
    // Only the arithmetic flags: sahf for five, an overflow for the sixth. Others need popf, which is slow.
    "test ecx, 0x3c7500",
    "jnz 7f",
    "mov eax, ecx",
    "shr eax, 11",
    "and eax, 1",
    "mov ah, cl",
    "add al, 127",
    "sahf",
    "5: mov rdi, [rsp + {rdi}]",
    "mov rsi, [rsp + {rsi}]",
    "mov rdx, [rsp + {rdx}]",
    "mov r10, [rsp + {r10}]",
    "mov r8, [rsp + {r8}]",
    "mov r9, [rsp + {r9}]",
    "mov rbx, [rsp + {rbx}]",
    "mov rbp, [rsp + {rbp}]",
    "mov r12, [rsp + {r12}]",
    "mov r13, [rsp + {r13}]",
    "mov r14, [rsp + {r14}]",
    "mov r15, [rsp + {r15}]",
    "mov rax, [rsp + {rax}]",
    "mov rcx, [rsp + {rcx}]",
    "mov r11, [rsp + {r11}]",
    "mov rsp, [rsp + {rsp}]",
    ".globl umlaut_exit_jump",
    "umlaut_exit_jump:",
    "jmp gs:[{resume}]",
    "6: mov eax, -1",
    "mov edx, -1",
    "xrstor64 [rcx]",
    "jmp 4b",
    "7: push rcx",
    "popfq",
    "jmp 5b",
    ".globl umlaut_exit_slow",
    "umlaut_exit_slow:",
    "mov rdi, rsp",
    "lea rsp, [rsp - 256]",
    "and rsp, -16",
    "call {slow}",
    "ud2",
    // The flags are the guest's, and stay so.
    ".globl umlaut_quick",
    "umlaut_quick:",
    "jmp umlaut_entry_whole",
    "umlaut_quick_begins:",
    "mov rcx, gs:[{pid}]",
    "jrcxz umlaut_quick",
    "mov gs:[{resume}], r11",
    "mov gs:[{user_sp}], rsp",
    ".globl umlaut_quick_inside",
    "umlaut_quick_inside:",
    "movsxd rcx, dword ptr [r11 - 4]",
    "lea rcx, [rcx + r11]",
    "mov gs:[{stands_for}], rcx",
    "mov rcx, gs:[{calls}]",
    "lea rcx, [rcx + 1]",
    "mov gs:[{calls}], rcx",
    "mov rsp, gs:[{entry_sp}]",
    "pushfq",
    "pop r11",
    "mov rsp, gs:[{user_sp}]",
    "mov rcx, gs:[{stands_for}]",
    "mov rax, gs:[{pid}]",
    ".globl umlaut_quick_jump",
    "umlaut_quick_jump:",
    "jmp gs:[{resume}]",
    // rdi = the context
    ".globl umlaut_exit_to",
    "umlaut_exit_to:",
    "mov rsp, rdi",
    "jmp umlaut_exit",
    ".popsection",
    magic = const Fast::OFFSETS[0],
    entry_sp = const Fast::OFFSETS[1],
    user_sp = const Fast::OFFSETS[2],
    resume = const Fast::OFFSETS[3],
    stands_for = const Fast::OFFSETS[4],
    work = const Fast::OFFSETS[5],
    calls = const Fast::OFFSETS[6],
    pid = const Fast::OFFSETS[7],
    GETPID = const GETPID,
    MAGIC = const Fast::MAGIC,
    MADE_HERE = const MADE_HERE,
    link = const offset_of!(UContext, link),
    xmm = const XMM,
    rax = const at!(rax), rbx = const at!(rbx), rcx = const at!(rcx), rdx = const at!(rdx),
    rsi = const at!(rsi), rdi = const at!(rdi), rbp = const at!(rbp), rsp = const at!(rsp),
    r8 = const at!(r8), r9 = const at!(r9), r10 = const at!(r10), r11 = const at!(r11),
    r12 = const at!(r12), r13 = const at!(r13), r14 = const at!(r14), r15 = const at!(r15),
    rip = const at!(rip), eflags = const at!(eflags), fpstate = const at!(fpstate),
    call = sym crate::trap::fast_call,
    slow = sym crate::trap::slow,
);

unsafe extern "C" {
    fn umlaut_entry();
    fn umlaut_entry_refused();
    fn umlaut_entry_inside();
    fn umlaut_exit_check();
    fn umlaut_exit_jump();
    fn umlaut_exit_slow();
    fn umlaut_quick();
    fn umlaut_quick_inside();
    fn umlaut_quick_jump();
    fn umlaut_exit_to(context: usize) -> !;
}

/// Where stubs jump to.
pub fn entry() -> usize {
    umlaut_entry as *const () as usize
}

/// Goes to guest code from any context, unless the work word is set: then by way of `trap::slow`.
///
/// # Safety
/// `context` must be this thread's, complete, and such that [`Context::needs_host`] says no; `Fast::set_resume` has
/// been told where to go. Nothing on the stack below it is needed any more.
pub unsafe fn exit(context: usize) -> ! {
    // SAFETY: the caller's promise.
    unsafe { umlaut_exit_to(context) }
}

/// Where between guest and kernel an address of this file is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Window {
    /// The call has not begun: `r11` names the stub, everything else is the guest's.
    Entering,
    /// As `Entering`; `%gs` is not ours.
    Refused,
    /// On the way out, but not out: `rsp` is the context.
    Leaving,
    /// All registers are the guest's again: only the last jump is missing.
    Left,
}

/// Which of the windows an interrupted address is in.
pub fn window(rip: usize) -> Option<Window> {
    let at = |f: unsafe extern "C" fn()| f as *const () as usize;
    if rip == at(umlaut_entry_refused) {
        return Some(Window::Refused);
    }
    let entering = [at(umlaut_entry)..at(umlaut_entry_inside), at(umlaut_quick)..at(umlaut_quick_jump)];
    if entering.iter().any(|part| part.contains(&rip)) {
        return Some(Window::Entering);
    }
    if rip == at(umlaut_exit_jump) || rip == at(umlaut_quick_jump) {
        return Some(Window::Left);
    }
    // The rare parts stand behind the jump.
    (at(umlaut_exit_check)..at(umlaut_exit_slow)).contains(&rip).then_some(Window::Leaving)
}

/// Which of the windows an interrupted context is in. What `getpid`'s short way had done is undone: the registers are then those
/// of [`Window::Entering`].
pub fn interrupted(cx: &mut Context, fast: &Fast) -> Option<Window> {
    let at = |f: unsafe extern "C" fn()| f as *const () as usize;
    let regs = cx.regs_mut();
    if (at(umlaut_quick_inside)..at(umlaut_quick_jump)).contains(&(regs.rip as usize)) {
        (regs.rsp, regs.r11, regs.rax) = (fast.user_sp() as u64, fast.resume() as u64, GETPID);
    }
    window(regs.rip as usize)
}

/// Sends a context that was interrupted in [`Window::Leaving`] to the slow way out.
pub fn leave_slowly(cx: &mut Context) {
    let regs = cx.regs_mut();
    regs.rip = umlaut_exit_slow as *const () as u64;
    // The flags may have been pushed.
    regs.rsp = (regs.rsp + 15) & !15;
}
