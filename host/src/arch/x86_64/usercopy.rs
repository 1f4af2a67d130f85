//! The only instructions that touch guest memory, and what happens when they fault.
//!
//! Every function here keeps the number of bytes still to copy in `rcx` and pushes nothing, so one rule serves all: a
//! fault with `%rip` between the two labels continues at the exit, which returns `rcx` ([`fixup`]). The loop over words, where
//! it is eight less, goes on with bytes. Answers to Linux's `arch/x86/lib/copy_user_64.S` and its exception table.

use core::arch::global_asm;

global_asm!(
    ".pushsection .text.umlaut_user,\"ax\",@progbits",
    ".globl umlaut_user_start",
    "umlaut_user_start:",
    // rdi = dst, rsi = src, rdx = len
    ".globl umlaut_user_copy",
    "umlaut_user_copy:",
    "mov rcx, rdx",
    "cmp rcx, 255",
    "jbe 2f",
    "rep movsb",
    "mov rax, rcx",
    "ret",
    // Short: starting `rep movsb` would cost more than the bytes. Whole words, then bytes.
    "2: sub rcx, 8",
    "jb 3f",
    ".globl umlaut_user_word",
    "umlaut_user_word:",
    "21: mov r8, [rsi]",
    "mov [rdi], r8",
    "add rsi, 8",
    "add rdi, 8",
    "sub rcx, 8",
    "jae 21b",
    ".globl umlaut_user_word_end",
    "umlaut_user_word_end:",
    ".globl umlaut_user_rest",
    "umlaut_user_rest:",
    "3: add rcx, 8",
    "jz 4f",
    "31: mov r8b, [rsi]",
    "mov [rdi], r8b",
    "inc rsi",
    "inc rdi",
    "dec rcx",
    "jnz 31b",
    "4: xor eax, eax",
    "ret",
    // rdi = dst, rsi = value, rdx = len
    ".globl umlaut_user_fill",
    "umlaut_user_fill:",
    "mov rcx, rdx",
    "mov eax, esi",
    "rep stosb",
    "mov rax, rcx",
    "ret",
    // rdi = address of u32, esi = expected, edx = new, r8 = *mut u32 that receives what was found
    ".globl umlaut_user_cmpxchg4",
    "umlaut_user_cmpxchg4:",
    "mov r8, rcx",
    "mov ecx, 4",
    "mov eax, esi",
    "lock cmpxchg dword ptr [rdi], edx",
    "mov [r8], eax",
    "xor eax, eax",
    "ret",
    // rdi = address of u32, rsi = *mut u32
    ".globl umlaut_user_load4",
    "umlaut_user_load4:",
    "mov ecx, 4",
    "mov eax, [rdi]",
    "mov [rsi], eax",
    "xor eax, eax",
    "ret",
    ".globl umlaut_user_end",
    "umlaut_user_end:",
    ".globl umlaut_user_fault",
    "umlaut_user_fault:",
    "mov rax, rcx",
    "ret",
    ".popsection",
);

unsafe extern "C" {
    fn umlaut_user_start();
    fn umlaut_user_end();
    fn umlaut_user_fault();
    fn umlaut_user_word();
    fn umlaut_user_word_end();
    fn umlaut_user_rest();
    fn umlaut_user_copy(dst: usize, src: usize, len: usize) -> usize;
    fn umlaut_user_fill(dst: usize, byte: u32, len: usize) -> usize;
    fn umlaut_user_cmpxchg4(addr: usize, old: u32, new: u32, found: *mut u32) -> usize;
    fn umlaut_user_load4(addr: usize, found: *mut u32) -> usize;
}

/// For the fault handler: where a fault at `rip` continues, if it came from one of these functions.
pub fn fixup(rip: usize) -> Option<usize> {
    let word = umlaut_user_word as *const () as usize..umlaut_user_word_end as *const () as usize;
    if word.contains(&rip) {
        // A word across the border of what is there: as many of its bytes as can be moved.
        return Some(umlaut_user_rest as *const () as usize);
    }
    let range = umlaut_user_start as *const () as usize..umlaut_user_end as *const () as usize;
    range.contains(&rip).then_some(umlaut_user_fault as *const () as usize)
}

/// Copies `len` bytes; returns how many were *not* copied because of a fault.
///
/// # Safety
/// The side that is kernel memory must be valid for `len`; the guest side must pass `layout::is_guest` (or, to read, `user::is_readable`).
#[inline]
pub unsafe fn copy(dst: usize, src: usize, len: usize) -> usize {
    // SAFETY: the caller's promise; a fault on the guest side is fixed up.
    unsafe { umlaut_user_copy(dst, src, len) }
}

/// Fills `len` bytes; returns how many were not filled.
///
/// # Safety
/// `dst..dst+len` must pass `layout::is_guest`.
#[inline]
pub unsafe fn fill(dst: usize, byte: u8, len: usize) -> usize {
    // SAFETY: the caller's promise.
    unsafe { umlaut_user_fill(dst, u32::from(byte), len) }
}

/// Compare-and-exchange on a guest word. `Some(found)`, or `None` on a fault.
///
/// # Safety
/// `addr` must pass `layout::is_guest` and be 4-aligned.
pub unsafe fn cmpxchg4(addr: usize, old: u32, new: u32) -> Option<u32> {
    let mut found = 0;
    // SAFETY: the caller's promise; `found` is a live word.
    (unsafe { umlaut_user_cmpxchg4(addr, old, new, &mut found) } == 0).then_some(found)
}

/// Atomic load of a guest word; `None` on a fault.
///
/// # Safety
/// As [`cmpxchg4`].
pub unsafe fn load4(addr: usize) -> Option<u32> {
    let mut found = 0;
    // SAFETY: the caller's promise; `found` is a live word.
    (unsafe { umlaut_user_load4(addr, &mut found) } == 0).then_some(found)
}
