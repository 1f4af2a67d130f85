//! A file's data: runs of page frames, with holes between them.
//!
//! Runs grow geometrically up to 2 MiB while a file is written from front to back, so that a mapping of it is made of few
//! pieces. Frames beyond the end of file hold zeros, unless the file was ever mapped: then a guest may have written there,
//! and whatever comes back into the file is cleared first.

use super::Shared;
use alloc::collections::BTreeMap;
use alloc::vec::Vec;
use host::frames::Frames;
use host::iov::IovIter;
use host::layout::PAGE_SIZE;
use host::{Errno, Result};

const PAGE: u64 = PAGE_SIZE as u64;
/// Most pages in one run.
const RUN_MAX: u64 = 512;

/// The contents of a regular file.
#[derive(Default)]
pub(super) struct Data {
    size: u64,
    /// Runs by their first page; they neither overlap nor touch the end of the number range.
    runs: BTreeMap<u64, Frames>,
    pages: usize,
    /// Mappings that exist now: meanwhile no frame is freed.
    mapped: u64,
    /// Those of them that are shared and may become writable.
    mapped_writable: u64,
    /// There was one: frames beyond the end may hold anything.
    was_mapped: bool,
}

impl Data {
    pub(super) fn size(&self) -> u64 {
        self.size
    }

    /// Frames held.
    pub(super) fn pages(&self) -> usize {
        self.pages
    }

    /// Frames that hold part of the file: those reserved behind its end don't count.
    pub(super) fn pages_in_use(&self) -> u64 {
        let end = self.end_page();
        let spare: u64 = self
            .runs
            .range(..)
            .rev()
            .map_while(|(first, run)| {
                let last = first + run.pages() as u64;
                (last > end).then(|| last - end.max(*first))
            })
            .sum();
        self.pages as u64 - spare
    }

    /// The first page behind the file.
    fn end_page(&self) -> u64 {
        self.size.div_ceil(PAGE)
    }

    /// The run that has a page, with its first page.
    fn find(&self, page: u64) -> Option<(u64, &Frames)> {
        let (first, run) = self.runs.range(..=page).next_back()?;
        (page - first < run.pages() as u64).then_some((*first, run))
    }

    /// Where the next run behind a page starts.
    fn next_run(&self, page: u64) -> u64 {
        self.runs.range(page..).next().map_or(u64::MAX / PAGE, |(first, _)| *first)
    }

    /// Copies out. Stops short at the end of file or at a fault.
    pub(super) fn read(&self, off: u64, to: &mut IovIter<'_>) -> usize {
        let mut done = 0;
        loop {
            let pos = off.saturating_add(done as u64);
            if pos >= self.size || to.remaining() == 0 {
                return done;
            }
            let left = to.remaining().min(usize::try_from(self.size - pos).unwrap_or(usize::MAX));
            let (want, n) = match self.find(pos / PAGE) {
                Some((first, run)) => {
                    let at = (pos - first * PAGE) as usize;
                    let want = left.min(run.len() - at);
                    (want, run.read(at, want, to))
                }
                None => {
                    let hole = self.next_run(pos / PAGE) * PAGE - pos;
                    let want = left.min(usize::try_from(hole).unwrap_or(usize::MAX));
                    (want, to.put_zeros(want))
                }
            };
            done += n;
            if n < want {
                return done;
            }
        }
    }

    /// Copies in, allocating what is missing. Stops short at a fault or when there is no more room.
    pub(super) fn write(&mut self, shared: &Shared, off: u64, from: &mut IovIter<'_>) -> Result<usize> {
        let total = from.remaining();
        let mut done = 0;
        self.clear_stale(off.saturating_add(total as u64));
        while done < total {
            let pos = off.checked_add(done as u64).ok_or(Errno::EFBIG)?;
            let page = pos / PAGE;
            if self.find(page).is_none() {
                let want = (pos % PAGE + (total - done) as u64).div_ceil(PAGE);
                if let Err(e) = self.fill(shared, page, want) {
                    if done == 0 {
                        return Err(e);
                    }
                    break;
                }
            }
            let Some((first, run)) = self.find(page) else {
                break;
            };
            let at = (pos - first * PAGE) as usize;
            let want = (total - done).min(run.len() - at);
            let n = run.write(at, want, from);
            done += n;
            if n < want {
                break;
            }
        }
        if done > 0 {
            self.size = self.size.max(off + done as u64);
        }
        Ok(done)
    }

    /// Puts a new run of about `want` pages at a page that has none.
    fn fill(&mut self, shared: &Shared, page: u64, want: u64) -> Result<()> {
        let hole = self.next_run(page).saturating_sub(page).max(1);
        let follows = page == 0 || self.find(page - 1).is_some();
        let ahead = if follows && page >= self.end_page() { self.pages as u64 } else { 0 };
        let mut n = want.max(ahead).clamp(1, RUN_MAX).min(hole) as usize;
        loop {
            match alloc(shared, n) {
                Ok(run) => {
                    self.pages += run.pages();
                    self.runs.insert(page, run);
                    return Ok(());
                }
                Err(e) if n == 1 => return Err(e),
                Err(_) => n /= 2,
            }
        }
    }

    /// Clears what mappings may have left between the end of file and `end`, where the file is about to grow.
    fn clear_stale(&self, end: u64) {
        if self.was_mapped && end > self.size {
            self.clear(self.size, end);
        }
    }

    /// Clears the bytes of a range that have frames.
    fn clear(&self, from: u64, to: u64) {
        let start = self.find(from / PAGE).map_or(from / PAGE, |(first, _)| first);
        for (first, run) in self.runs.range(start..to.div_ceil(PAGE).max(start)) {
            let base = first * PAGE;
            let a = from.max(base) - base;
            let b = to.min(base + run.len() as u64).saturating_sub(base);
            if b > a {
                run.zero(a as usize, (b - a) as usize);
            }
        }
    }

    /// Frees the frames of whole pages, or clears them while there are mappings. Answers what to drop once unlocked.
    fn release(&mut self, shared: &Shared, from: u64, to: u64) -> Vec<Frames> {
        let mut freed = Vec::new();
        if from >= to {
            return freed;
        }
        if self.mapped > 0 {
            self.clear(from.saturating_mul(PAGE), to.saturating_mul(PAGE));
            return freed;
        }
        self.split(from);
        self.split(to);
        let keys: Vec<u64> = self.runs.range(from..to).map(|(k, _)| *k).collect();
        for run in keys.iter().filter_map(|k| self.runs.remove(k)) {
            self.pages -= run.pages();
            shared.give_pages(run.pages());
            freed.push(run);
        }
        freed
    }

    /// Makes a run start at a page, if one spans it.
    fn split(&mut self, page: u64) {
        let Some(first) = self.find(page).map(|(first, _)| first) else {
            return;
        };
        if let Some(tail) = self.runs.get_mut(&first).and_then(|run| run.split_off((page - first) as usize)) {
            self.runs.insert(page, tail);
        }
    }

    /// Changes the size.
    pub(super) fn resize(&mut self, shared: &Shared, size: u64) -> Vec<Frames> {
        let mut freed = Vec::new();
        if size < self.size {
            let keep = size.div_ceil(PAGE);
            self.clear(size, keep * PAGE);
            freed = self.release(shared, keep, u64::MAX / PAGE);
        } else {
            self.clear_stale(size);
        }
        self.size = size;
        freed
    }

    /// Makes a hole of a range.
    pub(super) fn punch(&mut self, shared: &Shared, off: u64, len: u64) -> Vec<Frames> {
        let end = off.saturating_add(len);
        let (first, last) = (off.div_ceil(PAGE), end / PAGE);
        if first > last {
            self.clear(off, end);
            return Vec::new();
        }
        self.clear(off, first * PAGE);
        self.clear(last * PAGE, end);
        self.release(shared, first, last)
    }

    /// Gives every page of a range a frame; `zero` also clears what is there.
    pub(super) fn reserve(&mut self, shared: &Shared, off: u64, len: u64, keep_size: bool, zero: bool) -> Result<()> {
        let end = off.checked_add(len).ok_or(Errno::EFBIG)?;
        self.clear_stale(end);
        if zero {
            self.clear(off, end);
        }
        let (mut page, last) = (off / PAGE, end.div_ceil(PAGE));
        if last - page > shared.limits.pages {
            return Err(Errno::ENOSPC);
        }
        while page < last {
            match self.find(page) {
                Some((first, run)) => page = first + run.pages() as u64,
                None => self.fill(shared, page, last - page)?,
            }
        }
        if !keep_size {
            self.size = self.size.max(end);
        }
        Ok(())
    }

    /// `SEEK_DATA` and `SEEK_HOLE`, a page being data when it has a frame. `ENXIO` when there is no more data.
    pub(super) fn seek(&self, off: u64, hole: bool) -> Result<u64> {
        if off >= self.size {
            return Err(Errno::ENXIO);
        }
        let page = off / PAGE;
        if !hole {
            if self.find(page).is_some() {
                return Ok(off);
            }
            let data = self.next_run(page).saturating_mul(PAGE);
            return if data < self.size { Ok(data) } else { Err(Errno::ENXIO) };
        }
        let mut at = page;
        while let Some((first, run)) = self.find(at) {
            at = first + run.pages() as u64;
        }
        Ok((at * PAGE).clamp(off, self.size))
    }

    /// See [`PageSource::run`](crate::PageSource::run).
    pub(super) fn run(&self, page: u64, max: usize) -> Result<Option<(u64, usize)>> {
        let end = self.end_page();
        if page >= end {
            return Err(Errno::ENXIO);
        }
        Ok(self.find(page).map(|(first, run)| {
            let skip = page - first;
            let n = (run.pages() as u64 - skip).min(end - page).min(max.max(1) as u64);
            (run.memfd_offset() + skip * PAGE, n as usize)
        }))
    }

    /// The same, with a frame put there if there is none: as many as `max` if the hole is that long.
    pub(super) fn run_filled(&mut self, shared: &Shared, page: u64, max: usize) -> Result<Option<(u64, usize)>> {
        if self.run(page, max)?.is_none() {
            let want = (max as u64).min(self.end_page() - page);
            self.fill(shared, page, want)?;
        }
        self.run(page, max)
    }

    /// Whether there are mappings.
    pub(super) fn is_mapped(&self) -> bool {
        self.mapped > 0
    }

    /// Whether somebody may write to it through a mapping.
    pub(super) fn is_mapped_writable(&self) -> bool {
        self.mapped_writable > 0
    }

    /// Counts mappings; after the last one what lies behind the end of file is freed.
    pub(super) fn mapped(&mut self, shared: &Shared, change: i32, writable: bool) -> Vec<Frames> {
        if writable {
            self.mapped_writable = self.mapped_writable.saturating_add_signed(i64::from(change));
        }
        self.mapped = self.mapped.saturating_add_signed(i64::from(change));
        self.was_mapped |= change > 0;
        if self.mapped == 0 { self.release(shared, self.end_page(), u64::MAX / PAGE) } else { Vec::new() }
    }
}

fn alloc(shared: &Shared, pages: usize) -> Result<Frames> {
    shared.take_pages(pages)?;
    Frames::alloc(pages).map_err(|_| {
        shared.give_pages(pages);
        Errno::ENOSPC
    })
}
