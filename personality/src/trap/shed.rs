//! What the first guest process has of the host's program and never uses: its C library, loader and heap. They go, because each
//! mapping would cost every fork, and every end of a process, some time.
//!
//! The kernel is self-contained: of the program it needs the image alone. The host's stack stays, with the arguments that the
//! host's `ps` shows, and so does the vDSO.

use super::stack::Stack;
use core::ops::Range;
use host::layout::{ARENA_END, PAGE_SIZE, RUNTIME_IMAGE, page_up};
use host::sys::mem;
use vkernel::kernel::kernel;

/// The pages with the vDSO's data lie right below it: fewer than so many bytes.
const VDSO_DATA: usize = 64 << 10;

unsafe extern "C" {
    /// The linker's: the end of this program's image.
    static _end: u8;
}

/// Unmaps it.
///
/// # Safety
/// In a process whose only thread is on the kernel stack `own` and goes back to nothing that lies in the host's libraries;
/// `sp` is on the host's stack.
pub unsafe fn shed(own: &Stack, sp: usize) {
    if !(ARENA_END..1 << 47).contains(&sp) {
        return;
    }
    let vdso = kernel().vdso;
    let mut kept = [own.block(), own.pool_range(), vdso.0.saturating_sub(VDSO_DATA)..vdso.1];
    kept.sort_unstable_by_key(|range| range.start);
    let mut from = ARENA_END;
    for keep in kept {
        // SAFETY: what lies between has belonged to the host's libraries.
        unsafe { unmap(from..keep.start.min(sp)) };
        from = from.max(keep.end);
    }
    // SAFETY: as above; and behind the image lies the heap of the host's C library.
    unsafe {
        unmap(from..sp);
        unmap(&raw const _end as usize..RUNTIME_IMAGE.end);
    }
}

/// Unmaps the whole pages of a range, if there are any.
///
/// # Safety
/// Nobody needs them.
unsafe fn unmap(range: Range<usize>) {
    let (Some(start), end) = (page_up(range.start), range.end & !(PAGE_SIZE - 1)) else { return };
    if start < end {
        // A mapping that stays costs time and nothing else.
        // SAFETY: the caller's promise.
        let _ = unsafe { mem::unmap_runtime(start, end - start) };
    }
}
