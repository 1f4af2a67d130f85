//! x86-64: the gate, the user-copy instructions, `%gs`, and the C memory functions in baseline SSE2.

pub mod gate;
pub mod mem;
pub mod usercopy;

/// Reads the word at `%gs:0`, which is the address of the running thread's [`crate::cpu::Cpu`].
#[inline(always)]
pub fn gs_word0() -> usize {
    let v: usize;
    // SAFETY: `%gs` points at a `Cpu` in every thread that runs kernel code, and its first word never changes.
    unsafe { core::arch::asm!("mov {}, gs:[0]", out(reg) v, options(nostack, readonly, preserves_flags, pure)) };
    v
}

/// One turn of a spinning wait.
#[inline(always)]
pub fn spin_hint() {
    core::hint::spin_loop();
}
