//! Where a new mapping goes (Linux's `mm/mmap.c` and `arch/x86/kernel/sys_x86_64.c`: `get_unmapped_area`).
//!
//! Top-down first fit below the base; when that is full, bottom-up from a third of the address space. Only the guest's
//! ranges count. Mappings that grow down keep their guard gap free.

use super::tree::{Hint, Tree};
use super::vma::{VmFlags, Vma};
use super::{MAP_32BIT, MAP_FIXED, STACK_GUARD_GAP, page_aligned};
use core::ops::Range;
use host::layout::{GUEST_MIN, GUEST_RANGES, PAGE_SIZE, TASK_SIZE, is_guest, page_down};
use host::{Errno, Result};

/// Where bottom-up search starts (`TASK_UNMAPPED_BASE`).
const UNMAPPED_BASE: usize = page_down(TASK_SIZE / 3);
/// `MAP_32BIT` means these.
const LOW: Range<usize> = 0x4000_0000..0x8000_0000;
/// Anonymous mappings of whole huge pages are aligned to them, so that the host may use huge pages.
const HUGE: usize = 2 << 20;

/// The lowest address at which something may end that stands right below a mapping (`vm_start_gap`).
fn gap_start(vma: &Vma) -> usize {
    if vma.flags.contains(VmFlags::GROWSDOWN) { vma.start.saturating_sub(STACK_GUARD_GAP) } else { vma.start }
}

impl Tree {
    /// An address for `len` bytes: the given one with `MAP_FIXED`, the hint if it is free, else what the search finds.
    /// `huge` allows to align large mappings.
    pub fn get_unmapped(&mut self, addr: usize, len: usize, flags: u32, huge: bool) -> Result<usize> {
        if len > TASK_SIZE {
            return Err(Errno::ENOMEM);
        }
        if flags & MAP_FIXED != 0 {
            let addr = check_fixed(addr, len)?;
            return if self.reserved(&(addr..addr + len)).is_some() { Err(Errno::ENOMEM) } else { Ok(addr) };
        }
        if flags & MAP_32BIT != 0 {
            let ok = addr.checked_add(len).is_some_and(|end| end <= LOW.end) && self.is_free(addr, len);
            return if ok { Ok(addr) } else { self.bottom_up(LOW, len).ok_or(Errno::ENOMEM) };
        }
        if addr != 0 && self.is_free(addr, len) {
            return Ok(addr);
        }
        let huge = huge && len >= HUGE && len.is_multiple_of(HUGE);
        let found = if huge { self.top_down(len, HUGE) } else { None };
        found
            .or_else(|| self.top_down(len, PAGE_SIZE))
            .or_else(|| GUEST_RANGES.into_iter().find_map(|r| self.bottom_up(r.start.max(UNMAPPED_BASE)..r.end, len)))
            .ok_or(Errno::ENOMEM)
    }

    /// Whether a range is the guest's and free, guard gaps included.
    pub fn is_free(&self, addr: usize, len: usize) -> bool {
        let Some(end) = addr.checked_add(len) else {
            return false;
        };
        let free =
            addr >= GUEST_MIN && is_guest(addr, len) && self.find(addr).is_none_or(|next| end <= gap_start(next));
        free && self.reserved(&(addr..end)).is_none()
    }

    /// Whether any of a range is the runtime's.
    pub fn is_runtimes(&self, addr: usize, len: usize) -> bool {
        !is_guest(addr, len) || self.reserved(&(addr..addr.saturating_add(len))).is_some()
    }

    fn top_down(&mut self, len: usize, align: usize) -> Option<usize> {
        let from_base = len < self.hint.len;
        let top = if from_base { self.base } else { self.hint.top };
        let found = GUEST_RANGES.into_iter().rev().find_map(|r| self.highest(r.start..r.end.min(top), len, align))?;
        // Only a plain search has looked at all gaps above what it found.
        if align == PAGE_SIZE && (from_base || len == self.hint.len || self.hint.len == 0) {
            self.hint = Hint { top: found.saturating_add(len), len };
        }
        Some(found)
    }

    /// The highest place for `len` bytes in a range.
    fn highest(&self, mut range: Range<usize>, len: usize, align: usize) -> Option<usize> {
        loop {
            let at = self.highest_gap(range.clone(), len, align)?;
            match self.reserved(&(at..at + len)) {
                None => return Some(at),
                Some(ours) => range.end = ours.start,
            }
        }
    }

    fn highest_gap(&self, range: Range<usize>, len: usize, align: usize) -> Option<usize> {
        if range.is_empty() {
            return None;
        }
        let fits = |top: usize, bottom: usize| {
            let at = top.checked_sub(len)? & !(align - 1);
            (at >= bottom).then_some(at)
        };
        let mut top = self.next(range.end - 1).map_or(range.end, |next| gap_start(next).min(range.end));
        for vma in self.below(range.end) {
            if let Some(at) = fits(top, vma.end.max(range.start)) {
                return Some(at);
            }
            top = top.min(gap_start(vma));
            if top <= range.start {
                return None;
            }
        }
        fits(top, range.start)
    }

    /// The lowest place for `len` bytes in a range.
    fn bottom_up(&self, mut range: Range<usize>, len: usize) -> Option<usize> {
        loop {
            let at = self.lowest_gap(range.clone(), len)?;
            match self.reserved(&(at..at + len)) {
                None => return Some(at),
                Some(ours) => range.start = ours.end,
            }
        }
    }

    fn lowest_gap(&self, range: Range<usize>, len: usize) -> Option<usize> {
        if range.is_empty() {
            return None;
        }
        let mut at = range.start;
        for vma in self.overlaps(range.clone()) {
            if gap_start(vma).checked_sub(at).is_some_and(|room| room >= len) {
                return Some(at);
            }
            at = at.max(vma.end);
        }
        let top = self.next(range.end - 1).map_or(range.end, |next| gap_start(next).min(range.end));
        top.checked_sub(at).is_some_and(|room| room >= len).then_some(at)
    }
}

/// The checks on an address that the guest insists on.
pub(super) fn check_fixed(addr: usize, len: usize) -> Result<usize> {
    if len > TASK_SIZE || addr > TASK_SIZE - len {
        return Err(Errno::ENOMEM);
    }
    if !page_aligned(addr) {
        return Err(Errno::EINVAL);
    }
    if addr < GUEST_MIN {
        return Err(Errno::EPERM);
    }
    // What belongs to the runtime is simply not to be had.
    if is_guest(addr, len) { Ok(addr) } else { Err(Errno::ENOMEM) }
}
