//! x86-64: the gate, the user-copy instructions, the vDSO, `%gs`, and the C memory functions in baseline SSE2.

pub mod gate;
pub mod mem;
pub mod usercopy;
pub mod vdso;

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

/// The processor's counter of time, which runs at some gigahertz.
#[inline(always)]
pub fn ticks() -> u64 {
    // SAFETY: reads a counter that user space may read wherever the vDSO may.
    unsafe { core::arch::x86_64::_rdtsc() }
}

/// Sets `%gs` without a host call (`FSGSBASE`).
///
/// # Safety
/// The processor and the host kernel must allow it (`AT_HWCAP2` bit 1); `base` must be a [`crate::cpu::Cpu`] of this thread.
#[inline(always)]
pub unsafe fn write_gs(base: usize) {
    // SAFETY: the caller's promise.
    unsafe { core::arch::asm!("wrgsbase {}", in(reg) base, options(nostack, preserves_flags)) };
}

/// Reads the `%gs` base (`FSGSBASE`).
///
/// # Safety
/// As [`write_gs`], about the processor.
#[inline(always)]
pub unsafe fn read_gs() -> usize {
    let v;
    // SAFETY: the caller's promise.
    unsafe { core::arch::asm!("rdgsbase {}", out(reg) v, options(nostack, preserves_flags)) };
    v
}

/// Reads the `%fs` base (`FSGSBASE`).
///
/// # Safety
/// As [`read_gs`].
#[inline(always)]
pub unsafe fn read_fs() -> usize {
    let v;
    // SAFETY: the caller's promise.
    unsafe { core::arch::asm!("rdfsbase {}", out(reg) v, options(nostack, preserves_flags)) };
    v
}
