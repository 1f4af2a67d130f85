//! The gate: the one page whose `syscall` instructions the trap lets through (`docs/trap.md`).
//!
//! Two instructions live here: the gate proper, which every host call of the kernel uses, and the one of the restorer
//! that leaves a signal handler. A guest that jumps here gets what the wall (seccomp, Landlock) grants, no more.
//!
//! The window: a sleeping host call must not begin once its thread has been kicked. The gate therefore tests a word
//! right before the `syscall`; a signal handler that finds the interrupted `%rip` between that test and the
//! instruction, with the word now set, moves `%rip` to the `EINTR` exit ([`unwind_window`]).

use core::arch::global_asm;

global_asm!(
    ".pushsection .text.umlaut_gate,\"ax\",@progbits",
    ".balign 4096",
    ".globl umlaut_gate_page",
    "umlaut_gate_page:",
    // rdi = &[nr, a0..a5], rsi = the word to test
    ".globl umlaut_gate",
    "umlaut_gate:",
    "push rbx",
    "mov rbx, rsi",
    "mov rax, [rdi]",
    "mov rsi, [rdi + 16]",
    "mov rdx, [rdi + 24]",
    "mov r10, [rdi + 32]",
    "mov r8, [rdi + 40]",
    "mov r9, [rdi + 48]",
    "mov rdi, [rdi + 8]",
    ".globl umlaut_gate_check",
    "umlaut_gate_check:",
    "cmp dword ptr [rbx], 0",
    "jne umlaut_gate_eintr",
    ".globl umlaut_gate_syscall",
    "umlaut_gate_syscall:",
    "syscall",
    "pop rbx",
    "ret",
    ".globl umlaut_gate_eintr",
    "umlaut_gate_eintr:",
    "mov rax, -4",
    "pop rbx",
    "ret",
    ".globl umlaut_gate_restorer",
    "umlaut_gate_restorer:",
    "mov eax, 15",
    "syscall",
    "ud2",
    // rdi = saved context on the kernel stack, rsi = the work word, rdx = the guest's %gs base if it has set one, else 0,
    // rcx = the slow path, r8 = nonzero to tell a tracer first
    ".globl umlaut_leave",
    "umlaut_leave:",
    "mov rsp, rdi",
    "mov rbx, rdi",
    ".globl umlaut_leave_check",
    "umlaut_leave_check:",
    "cmp dword ptr [rsi], 0",
    "jne umlaut_leave_slow",
    "test rdx, rdx",
    "jz 2f",
    "wrgsbase rdx",
    "2: test r8, r8",
    "jz 3f",
    "int3",
    ".globl umlaut_leave_told",
    "umlaut_leave_told:",
    "3: mov eax, 15",
    ".globl umlaut_leave_syscall",
    "umlaut_leave_syscall:",
    "syscall",
    "ud2",
    ".globl umlaut_leave_slow",
    "umlaut_leave_slow:",
    "mov rdi, rbx",
    "lea rsp, [rbx - 256]",
    "and rsp, -16",
    "call rcx",
    "ud2",
    // tells a tracer that the next instruction is a guest's
    ".globl umlaut_tell_tracer",
    "umlaut_tell_tracer:",
    "int3",
    "ret",
    // a new thread: the gate popped rbx (its saved context) from the fresh stack and returned here
    ".globl umlaut_child_entry",
    "umlaut_child_entry:",
    "pop rcx",
    "mov rdi, rbx",
    "and rsp, -16",
    "call rcx",
    "ud2",
    ".balign 4096",
    ".popsection",
);

unsafe extern "C" {
    fn umlaut_gate(args: *const [usize; 7], flag: *const u32) -> isize;
    fn umlaut_gate_page();
    fn umlaut_gate_check();
    fn umlaut_gate_syscall();
    fn umlaut_gate_eintr();
    fn umlaut_gate_restorer();
    fn umlaut_leave(context: usize, work: *const u32, gs: usize, slow: LeaveWork, tell: usize) -> !;
    fn umlaut_leave_told();
    fn umlaut_tell_tracer();
    fn umlaut_leave_check();
    fn umlaut_leave_syscall();
    fn umlaut_leave_slow();
    fn umlaut_child_entry();
}

/// The slow path of [`leave`]: does the announced work, then leaves again.
pub type LeaveWork = unsafe extern "C" fn(context: usize) -> !;

/// Leaves the kernel for guest code by `rt_sigreturn` from a saved context, unless the work word is set: then
/// `slow(context)` runs instead, which comes back here when it is done.
///
/// The test and the call form a second window: a signal handler that interrupts between them sends the thread to the
/// slow path ([`unwind_window`]), so no work announced before the first guest instruction is overlooked.
///
/// # Safety
/// `context` must be a host signal context on this thread's kernel stack; nothing on the stack is needed any more.
pub unsafe fn leave(context: usize, work: *const u32, gs: usize, slow: LeaveWork, traced: bool) -> ! {
    // SAFETY: the caller's promise.
    unsafe { umlaut_leave(context, work, gs, slow, traced as usize) }
}

/// Tells the tracer of a traced sandbox that guest code follows. Without a tracer this is a breakpoint trap.
pub fn tell_tracer() {
    // SAFETY: a breakpoint and a return.
    unsafe { umlaut_tell_tracer() }
}

/// For the tracer: what a breakpoint trap at `rip` says.
pub fn told(rip: usize) -> Option<Told> {
    match rip {
        r if r == umlaut_leave_told as *const () as usize => Some(Told::Leaving),
        r if r == umlaut_tell_tracer as *const () as usize + 1 => Some(Told::GuestFollows),
        _ => None,
    }
}

/// What the kernel tells its tracer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Told {
    /// The next call is the `rt_sigreturn` to guest code.
    Leaving,
    /// The next instruction counts as a guest's.
    GuestFollows,
}

/// For the tracer: whether a call whose instruction ended at `rip` is the way out of the kernel.
pub fn is_leave(rip: usize) -> bool {
    rip == umlaut_leave_syscall as *const () as usize + 2
}

/// What a new thread's stack must hold for the gate to start it: the word for `rbx`, then this address, then the
/// address of a [`LeaveWork`]-shaped function that is called with that word.
pub fn child_entry() -> usize {
    umlaut_child_entry as *const () as usize
}

/// A word that is never set, for calls that do not sleep or may not be interrupted.
static NEVER: u32 = 0;

/// First address of the gate page.
pub fn gate_page() -> usize {
    umlaut_gate_page as *const () as usize
}

/// The restorer to name in host `sigaction`: `rt_sigreturn` issued from the gate page.
pub fn restorer() -> usize {
    umlaut_gate_restorer as *const () as usize
}

/// Makes a host call.
///
/// # Safety
/// The call with these arguments must not break memory safety: pointers must be good for what the host does with them.
#[inline]
pub unsafe fn host_call(nr: usize, a: [usize; 6]) -> isize {
    let args = [nr, a[0], a[1], a[2], a[3], a[4], a[5]];
    // SAFETY: the caller vouches for the call; `NEVER` is a live word.
    unsafe { umlaut_gate(&args, &NEVER) }
}

/// Makes a host call that may sleep; answers `-EINTR` without making it once `*kick` is nonzero.
///
/// # Safety
/// As [`host_call`]; `kick` must point to a live word.
#[inline]
pub unsafe fn host_call_interruptible(nr: usize, a: [usize; 6], kick: *const u32) -> isize {
    let args = [nr, a[0], a[1], a[2], a[3], a[4], a[5]];
    // SAFETY: the caller vouches for the call and for `kick`.
    unsafe { umlaut_gate(&args, kick) }
}

/// For a signal handler: where an interrupted `rip` must continue instead, if it stood in the gate's window and the
/// word that the gate watches (in `rbx`) has been set, or if it stood in the window of [`leave`].
///
/// # Safety
/// `rip` and `rbx` must come from the interrupted context of this thread.
pub unsafe fn unwind_window(rip: usize, rbx: usize) -> Option<usize> {
    let leaving = umlaut_leave_check as *const () as usize..=umlaut_leave_syscall as *const () as usize;
    if leaving.contains(&rip) {
        return Some(umlaut_leave_slow as *const () as usize);
    }
    let check = umlaut_gate_check as *const () as usize;
    let call = umlaut_gate_syscall as *const () as usize;
    if rip < check || rip > call {
        return None;
    }
    // SAFETY: between these labels `rbx` holds the watched word's address.
    let set = unsafe { core::ptr::read_volatile(rbx as *const u32) } != 0;
    set.then_some(umlaut_gate_eintr as *const () as usize)
}
