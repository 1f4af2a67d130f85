//! Memory for stubs: pages of the arena, mapped executable near the code, in a gap of the guest's memory that nobody else gets.
//!
//! A block belongs to the address spaces that have it mapped: the one that made it and what was forked from that. Slots are
//! claimed atomically and never given back, for a thread may stand in one for ever; a site that is patched once more has
//! the same stub again, if nothing about it has changed.

use super::{Boundary, JUMP, Left, Request, TRAPS};
use crate::mm::{Inner, Vma};
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::sync::atomic::{AtomicU32, Ordering::Relaxed};
use host::frames::Frames;
use host::layout::PAGE_SIZE;
use host::sys::mem;
use host::{Result, arena};

/// Bytes of a stub.
pub const SLOT: usize = 64;
/// Offset of the entry's address in a block. The first slot's place is the header's.
pub const HEADER: usize = 0;
const PAGES: usize = 16;
const BLOCK: usize = PAGES * PAGE_SIZE;
const SLOTS: usize = BLOCK / SLOT;
/// Most blocks of one address space.
const MAX_BLOCKS: usize = 64;
const MAP_SHARED: u32 = 1;
const READ_EXEC: u32 = 5;

/// Distances from a site's 64 KiB to a block for it. In each of them bytes 2, 3 and 4 of the jump are among [`TRAPS`], whatever the
/// place in the 64 KiB. Above the mmap area first, then far below, then in the wide gaps above a program.
const REACH: [i64; 7] = [0x0607_0000, -0x15f9_0000, 0x6007_0000, 0x3f07_0000, 0x1f07_0000, -0x31f9_0000, -0x65f9_0000];

/// One block.
pub(super) struct Block {
    base: usize,
    frames: Frames,
    /// Which slots are in use.
    used: [AtomicU32; SLOTS / 32],
}

impl Block {
    /// With nothing in it but where stubs enter the kernel.
    pub(super) fn new(base: usize, entry: usize) -> Result<Block> {
        let frames = Frames::alloc(PAGES)?;
        frames.put(HEADER, &(entry as u64).to_le_bytes());
        Ok(Block { base, frames, used: [const { AtomicU32::new(0) }; SLOTS / 32] })
    }

    fn map(&self, at: usize) -> Result<()> {
        mem::map_guest(at, BLOCK, READ_EXEC, MAP_SHARED, arena::memfd(), self.frames.memfd_offset())
    }

    /// Claims a slot; `false` if somebody was faster.
    fn claim(&self, slot: usize) -> bool {
        let bit = 1 << (slot % 32);
        self.used.get(slot / 32).is_some_and(|word| word.fetch_or(bit, Relaxed) & bit == 0)
    }

    fn is_free(&self, slot: usize) -> bool {
        self.used.get(slot / 32).is_some_and(|word| word.load(Relaxed) >> (slot % 32) & 1 == 0)
    }

    /// Whether the slot already holds this code.
    fn holds(&self, slot: usize, code: &[u8; SLOT]) -> bool {
        let mut now = [0; SLOT];
        self.frames.get(slot * SLOT, &mut now);
        now == *code
    }
}

/// Where a stub stands.
pub(super) struct Place {
    pub stub: usize,
    pub boundaries: Vec<Boundary>,
}

/// Finds a slot for a site, and fills it.
pub(super) fn find(blocks: &[Arc<Block>], site: usize, request: &Request<'_>) -> Option<Place> {
    for block in blocks {
        for slot in 1..SLOTS {
            let stub = block.base + slot * SLOT;
            if !suits(site, stub, request.starts) {
                continue;
            }
            let (code, boundaries) = (request.encode)(site, stub, block.base + HEADER)?;
            if block.is_free(slot) {
                if !block.claim(slot) {
                    continue;
                }
                block.frames.put(slot * SLOT, &code);
            } else if !block.holds(slot, &code) {
                continue;
            }
            return Some(Place { stub, boundaries });
        }
    }
    None
}

/// Where the block of a site would stand above it.
pub(super) fn above(site: usize) -> usize {
    let [first, ..] = REACH;
    (site & !(BLOCK - 1)).wrapping_add_signed(first as isize)
}

/// The jump's distance, if it can be had.
pub(super) fn distance(site: usize, stub: usize) -> Option<[u8; 4]> {
    let d = (stub as i64).checked_sub((site + JUMP) as i64)?;
    i32::try_from(d).ok().map(i32::to_le_bytes)
}

/// Whether a jump from `site` to `stub` has a trap at each of these offsets.
fn suits(site: usize, stub: usize, starts: &[usize]) -> bool {
    let Some(distance) = distance(site, stub) else { return false };
    let byte = |offset: &usize| offset.checked_sub(1).and_then(|i| distance.get(i)).is_some_and(|b| TRAPS.contains(b));
    starts.iter().all(byte)
}

impl Inner {
    /// Makes a block in reach of a site.
    pub(super) fn add_block(&mut self, site: usize, entry: usize) -> core::result::Result<(), Left> {
        if self.patches.blocks.len() >= MAX_BLOCKS {
            return Err(Left::Room);
        }
        let base = self.room_for_block(site).ok_or(Left::Room)?;
        let block = Block::new(base, entry).map_err(|_| Left::Room)?;
        block.map(base).map_err(|_| Left::Host)?;
        self.vmas.reserve(base..base + BLOCK);
        Arc::make_mut(&mut self.patches).blocks.push(Arc::new(block));
        Ok(())
    }

    /// Maps a file's block so much farther up, for a mapping that is about to be made; `false` if there is no room. Only above the
    /// mmap area, where it is in nobody's way.
    pub(super) fn share_block(&mut self, block: &Arc<Block>, shift: usize, vma: &Vma) -> bool {
        let base = block.base.wrapping_add(shift);
        if self.patches.shared.iter().any(|(at, there)| *at == base && Arc::ptr_eq(there, block)) {
            return true;
        }
        let apart = base >= self.vmas.base && base >= vma.end;
        if !apart || !self.has_room(base) || self.patches.shared.len() >= MAX_BLOCKS || block.map(base).is_err() {
            return false;
        }
        self.vmas.reserve(base..base + BLOCK);
        Arc::make_mut(&mut self.patches).shared.push((base, block.clone()));
        true
    }

    fn has_room(&self, base: usize) -> bool {
        self.vmas.is_free(base, BLOCK) && self.vmas.is_free(base - PAGE_SIZE, PAGE_SIZE)
    }

    fn room_for_block(&self, site: usize) -> Option<usize> {
        let near = (site & !(BLOCK - 1)) as i64;
        let at = |reach: &i64| usize::try_from(near.checked_add(*reach)?).ok();
        // What stands above the mmap area is in nobody's way: the first choice counts there only.
        let above = |base: &usize| *base >= self.vmas.base;
        let wanted = |base: &usize| self.has_room(*base);
        let (first, rest) = REACH.split_first()?;
        let best = at(first).filter(above).filter(wanted);
        best.or_else(|| rest.iter().chain([first]).filter_map(at).find(wanted))
    }
}
