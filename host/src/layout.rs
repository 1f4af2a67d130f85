//! Who owns which addresses. Constant, so that a later process can be mapped back onto an earlier one.
//!
//! ```text
//! 0x0000_0001_0000 .. RUNTIME_IMAGE   guest: non-PIE programs, brk, anything MAP_FIXED
//! RUNTIME_IMAGE  (0x5500.. - 0x5700..) the umlaut binary and its start-up heap
//! 0x5700_..      .. GUEST_END         guest: PIE programs and their brk; stack on top, mmap area growing down below it
//! GUEST_END      .. ARENA_BASE        runtime: kernel stacks
//! ARENA_BASE     .. ARENA_END         the arena
//! ARENA_END      .. 2^47              runtime: libc, more kernel stacks, vDSO
//! ```

/// Bytes in a page.
pub const PAGE_SIZE: usize = 4096;
/// Lowest address a guest may map (Linux's default `vm.mmap_min_addr`).
pub const GUEST_MIN: usize = 0x1_0000;
/// Where the host puts a position-independent executable, with all of its randomisation and heap.
pub const RUNTIME_IMAGE: core::ops::Range<usize> = 0x5500_0000_0000..0x5700_0000_0000;
/// Where guest PIE programs go (Linux: two thirds of the address space).
pub const GUEST_PIE_BASE: usize = 0x5c00_0000_0000;
/// One past the last address a guest may map. What lies close together shares tables of the host's page tables, each of which
/// costs every `fork`: so the guest's stack and mappings, the kernel stack and the arena are neighbours.
pub const GUEST_END: usize = 0x7df0_0000_0000;
/// The guest's stack ends at or below this address.
pub const GUEST_STACK_TOP: usize = GUEST_END;
/// The guest's mmap area grows down from at or below this address: room for 128 GiB of stack, and for what the top moves by.
pub const GUEST_MMAP_TOP: usize = GUEST_STACK_TOP - (192 << 30);
/// Where kernel stacks go as long as there is room: a few in the arena's first GiB.
pub const STACKS: core::ops::Range<usize> = GUEST_END..ARENA_BASE;
/// First address of the arena, the same in every process.
pub const ARENA_BASE: usize = GUEST_END + (256 << 20);
/// Bytes of address space (and of sparse memfd) that the arena takes.
pub const ARENA_SIZE: usize = ARENA_END - ARENA_BASE;
/// One past the arena: above it are the runtime's libraries and the vDSO. The host's mmap area starts up to 1 TiB of
/// randomness, plus the stack's room, below 2^47.
pub const ARENA_END: usize = GUEST_END + (64 << 30);
/// One past the last user address, as Linux has it with four-level page tables.
pub const TASK_SIZE: usize = 0x7fff_ffff_f000;

/// The ranges a guest may own, in ascending order. `execve` clears exactly these.
pub const GUEST_RANGES: [core::ops::Range<usize>; 2] = [GUEST_MIN..RUNTIME_IMAGE.start, RUNTIME_IMAGE.end..GUEST_END];

/// Whether every byte of `addr..addr+len` lies in a range that a guest may own. An empty range at a bad address is bad
/// too, so that a call with length 0 can use its own rule.
pub const fn is_guest(addr: usize, len: usize) -> bool {
    let Some(end) = addr.checked_add(len) else {
        return false;
    };
    if addr < RUNTIME_IMAGE.start {
        return end <= RUNTIME_IMAGE.start;
    }
    addr >= RUNTIME_IMAGE.end && end <= GUEST_END
}

/// Rounds up to a whole page; `None` on overflow.
pub const fn page_up(n: usize) -> Option<usize> {
    match n.checked_add(PAGE_SIZE - 1) {
        Some(v) => Some(v & !(PAGE_SIZE - 1)),
        None => None,
    }
}

/// Rounds down to a whole page.
pub const fn page_down(n: usize) -> usize {
    n & !(PAGE_SIZE - 1)
}
