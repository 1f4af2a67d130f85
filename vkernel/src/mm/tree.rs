//! The ordered map of a guest's mappings, and what must stay in step with it: byte counts and the search hint.
//!
//! Answers to Linux's `mm/vma.c`. Pure bookkeeping: no host calls.

use super::vma::{PROT_EXEC, PROT_WRITE, VmFlags, Vma};
use super::{Limits, MAX_MAP_COUNT};
use alloc::collections::BTreeMap;
use alloc::vec::Vec;
use core::ops::Range;
use host::{Errno, Result};

/// Bytes mapped, by kind (`/proc/PID/status` and `statm`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Everything (`VmSize`).
    pub total: usize,
    /// Private and writable, stacks aside (`VmData`).
    pub data: usize,
    /// Stacks (`VmStk`).
    pub stack: usize,
    /// Executable and not writable (`VmExe` + `VmLib`).
    pub exec: usize,
    /// Locked (`VmLck`).
    pub locked: usize,
}

impl Counts {
    fn of(vma: &Vma) -> Counts {
        let len = vma.len();
        let on = |cond: bool| if cond { len } else { 0 };
        let stack = vma.flags.contains(VmFlags::GROWSDOWN);
        let writable = vma.prot & PROT_WRITE != 0;
        Counts {
            total: len,
            data: on(is_data(vma.prot, vma.flags)),
            stack: on(stack),
            exec: on(vma.prot & PROT_EXEC != 0 && !writable && !stack),
            locked: on(vma.flags.contains(VmFlags::LOCKED)),
        }
    }

    fn apply(&mut self, other: Counts, op: impl Fn(usize, usize) -> usize) {
        self.total = op(self.total, other.total);
        self.data = op(self.data, other.data);
        self.stack = op(self.stack, other.stack);
        self.exec = op(self.exec, other.exec);
        self.locked = op(self.locked, other.locked);
    }
}

/// Whether a mapping counts against `RLIMIT_DATA` (`is_data_mapping`).
pub(super) fn is_data(prot: u32, flags: VmFlags) -> bool {
    prot & PROT_WRITE != 0 && !flags.intersects(VmFlags::SHARED | VmFlags::GROWSDOWN)
}

/// Where the search for free room begins: there is no gap of `len` bytes or more between `top` and the base.
#[derive(Clone, Copy)]
pub(super) struct Hint {
    pub top: usize,
    pub len: usize,
}

/// The mappings, by start address. They never overlap.
#[derive(Clone)]
pub(super) struct Tree {
    map: BTreeMap<usize, Vma>,
    counts: Counts,
    pub base: usize,
    pub hint: Hint,
    /// The runtime's own among the guest's addresses: never given out.
    reserved: Vec<Range<usize>>,
}

impl Tree {
    pub fn new(base: usize) -> Tree {
        Tree {
            map: BTreeMap::new(),
            counts: Counts::default(),
            base,
            hint: Hint { top: base, len: 0 },
            reserved: Vec::new(),
        }
    }

    /// Sets a range aside for the runtime.
    pub fn reserve(&mut self, range: Range<usize>) {
        self.reserved.push(range);
    }

    /// Forgets what was set aside.
    pub fn unreserve_all(&mut self) {
        self.reserved.clear();
    }

    /// The runtime's range that touches this one.
    pub fn reserved(&self, range: &Range<usize>) -> Option<&Range<usize>> {
        self.reserved.iter().find(|r| r.start < range.end && range.start < r.end)
    }

    /// All of the runtime's ranges.
    pub fn all_reserved(&self) -> impl Iterator<Item = Range<usize>> {
        self.reserved.iter().cloned()
    }

    pub fn counts(&self) -> Counts {
        self.counts
    }

    pub fn count(&self) -> usize {
        self.map.len()
    }

    pub fn iter(&self) -> impl DoubleEndedIterator<Item = &Vma> {
        self.map.values()
    }

    /// The mapping that contains an address.
    pub fn at(&self, addr: usize) -> Option<&Vma> {
        self.map.range(..=addr).next_back().map(|(_, v)| v).filter(|v| v.end > addr)
    }

    /// Changes the mapping that contains an address. Its range and whatever is counted must stay.
    pub fn at_mut(&mut self, addr: usize) -> Option<&mut Vma> {
        self.map.range_mut(..=addr).next_back().map(|(_, v)| v).filter(|v| v.end > addr)
    }

    /// The first mapping that ends above `addr` (`find_vma`).
    pub fn find(&self, addr: usize) -> Option<&Vma> {
        self.at(addr).or_else(|| self.next(addr))
    }

    /// The first mapping that starts above `addr`.
    pub fn next(&self, addr: usize) -> Option<&Vma> {
        self.map.range((core::ops::Bound::Excluded(addr), core::ops::Bound::Unbounded)).next().map(|(_, v)| v)
    }

    /// The last mapping that starts below `addr`.
    pub fn prev(&self, addr: usize) -> Option<&Vma> {
        self.map.range(..addr).next_back().map(|(_, v)| v)
    }

    /// The mappings that start below `addr`, descending.
    pub fn below(&self, addr: usize) -> impl Iterator<Item = &Vma> {
        self.map.range(..addr).rev().map(|(_, v)| v)
    }

    /// The mappings that touch a range, ascending.
    pub fn overlaps(&self, range: Range<usize>) -> impl Iterator<Item = &Vma> {
        let first = self.at(range.start).map_or(range.start, |v| v.start);
        // A range that ends before it starts would panic.
        self.map.range(first..range.end.max(first)).map(|(_, v)| v)
    }

    /// The pieces of mappings inside a range, as addresses.
    pub fn pieces(&self, range: Range<usize>) -> Vec<Range<usize>> {
        self.overlaps(range.clone()).map(|v| v.start.max(range.start)..v.end.min(range.end)).collect()
    }

    /// As [`pieces`](Self::pieces), with those joined that touch each other.
    pub fn spans(&self, range: Range<usize>) -> Vec<Range<usize>> {
        let mut spans = self.pieces(range);
        spans.dedup_by(|next, prev| {
            let touch = prev.end == next.start;
            if touch {
                prev.end = next.end;
            }
            touch
        });
        spans
    }

    /// Whether every byte of a range is mapped.
    pub fn covers(&self, range: Range<usize>) -> bool {
        let mut at = range.start;
        for vma in self.overlaps(range.clone()) {
            if vma.start > at {
                return false;
            }
            at = vma.end;
        }
        at >= range.end
    }

    /// How many bytes of a range are mapped.
    pub fn mapped_bytes(&self, range: Range<usize>) -> usize {
        self.pieces(range).iter().map(|r| r.end - r.start).sum()
    }

    /// `ENOMEM` when there are too many mappings to add `more`.
    pub fn check_count(&self, more: usize) -> Result<()> {
        if self.map.len().saturating_add(more) > MAX_MAP_COUNT { Err(Errno::ENOMEM) } else { Ok(()) }
    }

    /// Linux's `may_expand_vm`: `ENOMEM` when `len` more bytes of this kind go over a limit.
    pub fn check_limits(&self, len: usize, prot: u32, flags: VmFlags, limits: &Limits) -> Result<()> {
        let over = |have: usize, limit: u64| have.saturating_add(len) as u64 > limit & !0xfff;
        if over(self.counts.total, limits.address_space) {
            return Err(Errno::ENOMEM);
        }
        if is_data(prot, flags) { self.check_data(len, limits) } else { Ok(()) }
    }

    /// `ENOMEM` when `len` more bytes of private writable memory go over `RLIMIT_DATA`.
    pub fn check_data(&self, len: usize, limits: &Limits) -> Result<()> {
        let over = |limit: u64| self.counts.data.saturating_add(len) as u64 > limit & !0xfff;
        // Valgrind sets the soft limit to 0 and expects only `brk` to notice.
        let excused = limits.data == 0 && !over(limits.data_max);
        if over(limits.data) && !excused { Err(Errno::ENOMEM) } else { Ok(()) }
    }

    fn put(&mut self, vma: Vma) {
        self.counts.apply(Counts::of(&vma), usize::saturating_add);
        self.map.insert(vma.start, vma);
    }

    fn take(&mut self, start: usize) -> Option<Vma> {
        let vma = self.map.remove(&start)?;
        self.counts.apply(Counts::of(&vma), usize::saturating_sub);
        Some(vma)
    }

    /// Adds a mapping where there is none, and merges it with its neighbours.
    pub fn insert(&mut self, mut vma: Vma) {
        let next = self.map.get(&vma.end).filter(|next| vma.can_merge(next)).map(|next| next.start);
        if let Some(next) = next.and_then(|start| self.take(start)) {
            vma.merge(next);
        }
        let prev = self.prev(vma.start).filter(|prev| prev.can_merge(&vma)).map(|prev| prev.start);
        if let Some(mut prev) = prev.and_then(|start| self.take(start)) {
            prev.merge(vma);
            vma = prev;
        }
        self.put(vma);
    }

    /// Takes everything inside a range out, splitting what reaches over its ends.
    pub fn carve(&mut self, range: Range<usize>) -> Vec<Vma> {
        self.split_at(range.start);
        self.split_at(range.end);
        let starts: Vec<usize> =
            if range.is_empty() { Vec::new() } else { self.map.range(range.clone()).map(|(&s, _)| s).collect() };
        if !starts.is_empty() && range.end > self.hint.top {
            self.reset_hint();
        }
        starts.into_iter().filter_map(|start| self.take(start)).collect()
    }

    /// Splits the mapping that has `addr` inside, so that one starts there.
    fn split_at(&mut self, addr: usize) {
        let Some(start) = self.at(addr).map(|v| v.start).filter(|&s| s < addr) else {
            return;
        };
        if let Some(mut head) = self.take(start) {
            let tail = head.split_off(addr);
            self.put(head);
            self.put(tail);
        }
    }

    /// Whether taking exactly `range` out needs more mappings than there may be.
    pub fn check_split(&self, range: Range<usize>) -> Result<()> {
        let inside = |addr: usize| self.at(addr).is_some_and(|v| v.start < addr);
        if inside(range.start) && inside(range.end) { self.check_count(1) } else { Ok(()) }
    }

    /// Forgets where the search left off.
    pub fn reset_hint(&mut self) {
        self.hint = Hint { top: self.base, len: 0 };
    }

    /// Everything, leaving nothing.
    pub fn clear(&mut self) -> Vec<Vma> {
        self.counts = Counts::default();
        self.reset_hint();
        core::mem::take(&mut self.map).into_values().collect()
    }

    /// Drops the mappings for which `keep` says no, as a fork does. `keep` may change what it keeps.
    pub fn retain(&mut self, mut keep: impl FnMut(&mut Vma) -> bool) {
        for mut vma in self.clear() {
            if keep(&mut vma) {
                self.put(vma);
            }
        }
    }
}
