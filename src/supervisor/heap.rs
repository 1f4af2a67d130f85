//! The allocator of the binary: the arena for kernel objects, the system's for the command line's own.
//!
//! Which of the two serves a request is a flag of this process alone: on in guests from their first instruction, on in the
//! supervisor only while it makes or changes kernel objects. What is freed says by its address where it came from.

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

struct Heap;

#[global_allocator]
static HEAP: Heap = Heap;

/// Private to the process, and copied by fork.
static IN_ARENA: AtomicBool = AtomicBool::new(false);

/// Chooses for this process; answers what was chosen before.
pub fn use_arena(on: bool) -> bool {
    IN_ARENA.swap(on, Relaxed)
}

/// Runs `f` with kernel objects being made and dropped in the arena.
pub fn in_arena<T>(f: impl FnOnce() -> T) -> T {
    let before = use_arena(true);
    let out = f();
    use_arena(before);
    out
}

// SAFETY: both allocators keep the contract; an object goes back to the one it came from.
unsafe impl GlobalAlloc for Heap {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        if IN_ARENA.load(Relaxed) {
            return host::arena::alloc(layout);
        }
        // SAFETY: the caller's promise about `layout`.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, ptr: *mut u8, layout: Layout) {
        if host::arena::contains(ptr as usize) {
            // SAFETY: an address in the arena came from `arena::alloc`.
            return unsafe { host::arena::free(ptr, layout) };
        }
        if IN_ARENA.load(Relaxed) && !std::ptr::eq(ptr, std::ptr::null()) {
            // A guest lets go of something that the supervisor made before the fork: its copy of libc's heap is never
            // used again.
            return;
        }
        // SAFETY: everything else came from the system's allocator.
        unsafe { System.dealloc(ptr, layout) }
    }
}
