//! Making the host's mappings what the book says. Everything here is called under the address space's lock.
//!
//! Every function works on a range inside of one [`Vma`] and goes through `host::sys::mem`, which refuses any range
//! that is not the guest's.

use super::vma::{Backing, PROT_RWX, VmFlags, Vma};
use super::{MAP_ANONYMOUS, MAP_NORESERVE, MAP_POPULATE, MAP_PRIVATE, MAP_SHARED};
use core::ops::Range;
use host::layout::{PAGE_SIZE, page_down};
use host::sys::mem;
use host::{Errno, Result, arena};

/// After a hole this many pages are looked at one by one for the next run; the rest is left to the fault handler.
const PROBE: u64 = 16;
/// Most pages asked for in one run.
const MAX_RUN: u64 = 1 << 20;

/// Makes the host's mapping for all of `vma`, over whatever is there. `populate` makes all pages present.
pub(super) fn map(vma: &mut Vma, populate: bool) -> Result<()> {
    let (addr, len, prot) = (vma.start, vma.len(), vma.prot);
    let flags = host_flags(vma) | if populate { MAP_POPULATE } else { 0 };
    match &vma.backing {
        Backing::Anonymous | Backing::SharedAnon(_) => mem::map_guest(addr, len, prot, flags | MAP_ANONYMOUS, -1, 0),
        Backing::Host(fd) => mem::map_guest(addr, len, prot, flags, fd.raw(), vma.offset),
        Backing::Pages(_) => map_pages(vma, populate),
    }
}

fn host_flags(vma: &Vma) -> u32 {
    let kind = if vma.is_shared() { MAP_SHARED } else { MAP_PRIVATE };
    kind | if vma.flags.contains(VmFlags::NORESERVE) { MAP_NORESERVE } else { 0 }
}

/// Maps the runs of an arena file, and placeholders for what is not there.
fn map_pages(vma: &mut Vma, fill: bool) -> Result<()> {
    vma.absent.clear();
    let (mut page, last) = (vma.page_of(vma.start), vma.page_of(vma.end));
    let mut misses = 0;
    while page < last && misses < PROBE {
        let run = match map_run(vma, page..last, fill) {
            // Populating is a wish: what can't be had now is reported when it is touched.
            Err(_) if fill => Run::Beyond,
            other => other?,
        };
        match run {
            Run::Pages(n) => {
                page += n;
                misses = 0;
            }
            Run::Hole => {
                placeholder(vma, page..page + 1)?;
                page += 1;
                misses += 1;
            }
            Run::Beyond => break,
        }
    }
    placeholder(vma, page..last)
}

/// What [`map_run`] found.
pub(super) enum Run {
    /// So many pages were mapped.
    Pages(u64),
    /// A hole.
    Hole,
    /// The file ends before.
    Beyond,
}

/// Maps the run of file pages that starts at `pages.start`, at most up to `pages.end`. Does not touch the absent list.
pub(super) fn map_run(vma: &Vma, pages: Range<u64>, fill: bool) -> Result<Run> {
    let Backing::Pages(pages_ref) = &vma.backing else {
        return Ok(Run::Hole);
    };
    let most = pages.end.saturating_sub(pages.start).min(MAX_RUN);
    let (off, n) = match pages_ref.source().run(pages.start, most as usize, fill) {
        Err(Errno::ENXIO) => return Ok(Run::Beyond),
        Err(e) => return Err(e),
        Ok(None) => return Ok(Run::Hole),
        Ok(Some(run)) => run,
    };
    let n = (n as u64).clamp(1, most);
    let len = n as usize * PAGE_SIZE;
    // Copies of private pages are made one by one as they are written: no reservation for the whole file.
    let flags = if vma.is_shared() { MAP_SHARED } else { MAP_PRIVATE | MAP_NORESERVE };
    mem::map_guest(vma.addr_of(pages.start), len, vma.prot, flags, arena::memfd(), off)?;
    Ok(Run::Pages(n))
}

/// Maps nothing at all over file pages, and notes them as absent.
fn placeholder(vma: &mut Vma, pages: Range<u64>) -> Result<()> {
    if pages.is_empty() {
        return Ok(());
    }
    let (start, end) = (vma.addr_of(pages.start), vma.addr_of(pages.end));
    reserve(start..end)?;
    vma.push_absent(pages);
    Ok(())
}

/// Takes the place of something without access.
pub(super) fn reserve(range: Range<usize>) -> Result<()> {
    let flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE;
    mem::map_guest(range.start, range.end - range.start, 0, flags, -1, 0)
}

/// Changes the protection of the pages that are present.
pub(super) fn protect(vma: &Vma, range: Range<usize>, prot: u32) -> Result<()> {
    for part in vma.present(range) {
        mem::protect_guest(part.start, part.end - part.start, prot & PROT_RWX)?;
    }
    Ok(())
}

/// Runs `madvise` on the pages that are present.
pub(super) fn advise(vma: &Vma, range: Range<usize>, advice: u32) -> Result<()> {
    for part in vma.present(range) {
        mem::advise_guest(part.start, part.end - part.start, advice)?;
    }
    Ok(())
}

/// Moves `len` bytes of host mappings from `from` to `to`. What the guest sees as one mapping may be several on the
/// host, which moves only within one; so halves are tried until they fit. `flags` may be `MREMAP_DONTUNMAP`. `done` counts
/// what has moved, should a later half fail.
pub(super) fn relocate(from: usize, to: usize, len: usize, flags: u32, done: &mut usize) -> Result<()> {
    match mem::remap_guest(from, len, to, len, flags) {
        Err(Errno::EFAULT) if len > PAGE_SIZE => {
            let half = page_down(len / 2).max(PAGE_SIZE);
            relocate(from, to, half, flags, done)?;
            relocate(from + half, to + half, len - half, flags, done)
        }
        Err(e) => Err(e),
        Ok(()) => {
            *done += len;
            Ok(())
        }
    }
}

/// Makes the host mapping that ends at `end` longer by `more` bytes, which must be free.
pub(super) fn extend(end: usize, more: usize) -> Result<()> {
    let last = end - PAGE_SIZE;
    mem::remap_guest(last, PAGE_SIZE, last, PAGE_SIZE + more, 0)
}
