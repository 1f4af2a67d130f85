//! Which sites of a file are worth being patched ahead: what each has cost, and what patching it costs.

use super::Ready;
use crate::mm::patch::JUMP;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::ops::Range;
use host::layout::PAGE_SIZE;

/// After so many mappings what was counted counts half.
const FADE: u32 = 32;
/// What a trap costs more than a call from a patched site, in tenths of a microsecond.
const TRAP: u32 = 22;
/// What a page costs: the copy, and that a fork has to copy it as well.
const PAGE: u32 = 32;
/// What a file has to gain: its block and the change of protection cost less, but below that no gain could be measured. The loader's two dozen calls
/// for a program that needs libc alone stay below it.
const FILE: u32 = 500;

/// One site.
pub(super) struct Site {
    /// In the file.
    pub offset: u64,
    /// How often it has trapped, and in how many mappings it could have; both faded.
    traps: u32,
    chances: u32,
    pub stub: Stub,
}

pub(super) enum Stub {
    /// Not asked for yet.
    None,
    Ready(Arc<Ready>),
    /// There can be none, or it is better off without.
    Never,
}

/// Sites of pages that are worth it, ascending, and none if all together are not worth a block.
pub(super) fn chosen(sites: &[Site], part: &Range<u64>, all: bool) -> Vec<Arc<Ready>> {
    let inside = |s: &&Site| part.start < s.offset && s.offset + JUMP as u64 <= part.end;
    let sites: Vec<&Site> = sites.iter().filter(inside).collect();
    let (mut chosen, mut gain) = (Vec::new(), 0);
    for page in sites.chunk_by(|a, b| a.page() == b.page()) {
        let worth: u32 = page.iter().filter(|s| s.is_ready()).map(|s| s.worth()).sum();
        if worth > PAGE || all {
            gain += worth.saturating_sub(PAGE);
            chosen.extend(page.iter().filter_map(|s| s.ready()));
        }
    }
    if gain > FILE || all { chosen } else { Vec::new() }
}

impl Site {
    /// One of a file that was mapped so often.
    pub fn new(offset: u64, mapped: u32) -> Site {
        Site { offset, traps: 0, chances: mapped.max(1), stub: Stub::None }
    }

    /// It has trapped so often more.
    pub fn count_traps(&mut self, traps: u32) {
        self.traps = self.traps.saturating_add(traps);
    }

    /// It can trap in one mapping more.
    pub fn count_chance(&mut self) {
        if self.chances >= FADE {
            self.traps /= 2;
        }
        self.chances = fade(self.chances) + 1;
    }

    /// Whether it has trapped more than once.
    pub fn has_trapped_again(&self) -> bool {
        self.traps > 1
    }

    fn page(&self) -> u64 {
        self.offset / PAGE_SIZE as u64
    }

    fn ready(&self) -> Option<Arc<Ready>> {
        if let Stub::Ready(ready) = &self.stub { Some(ready.clone()) } else { None }
    }

    fn is_ready(&self) -> bool {
        matches!(self.stub, Stub::Ready(_))
    }

    /// What a mapping saves by it, in tenths of a microsecond.
    fn worth(&self) -> u32 {
        self.traps.saturating_mul(TRAP) / self.chances.max(1)
    }
}

/// A count that is about to grow, which is not to grow for ever.
pub(super) fn fade(count: u32) -> u32 {
    if count >= FADE { count / 2 } else { count }
}
