//! `mremap(2)` (Linux's `mm/mremap.c`), within one mapping.

use super::vma::{Backing, VmFlags, Vma};
use super::{Inner, Limits, MAP_FIXED, Mm, hostmap, page_aligned};
use core::ops::Range;
use host::layout::{TASK_SIZE, page_up};
use host::sys::mem;
use host::{Errno, Result};

const MAYMOVE: u32 = 1;
const FIXED: u32 = 2;
const DONTUNMAP: u32 = 4;

/// The arguments of one call, checked and rounded.
#[derive(Clone, Copy)]
struct Remap {
    old: usize,
    old_len: usize,
    new_len: usize,
    flags: u32,
}

impl Mm {
    /// `mremap(2)`; `new` counts only with `MREMAP_FIXED` (or, as a hint, with `MREMAP_DONTUNMAP`).
    pub fn mremap(
        &self,
        old: usize,
        old_len: usize,
        new_len: usize,
        flags: u32,
        new: usize,
        limits: &Limits,
    ) -> Result<usize> {
        let moves = flags & MAYMOVE != 0;
        if flags & !(MAYMOVE | FIXED | DONTUNMAP) != 0
            || flags & (FIXED | DONTUNMAP) != 0 && !moves
            || !page_aligned(old)
        {
            return Err(Errno::EINVAL);
        }
        // Linux's rounding wraps to 0 at the top.
        let old_len = page_up(old_len).unwrap_or(0);
        let new_len = page_up(new_len).filter(|&len| len > 0 && len <= TASK_SIZE).ok_or(Errno::EINVAL)?;
        if flags & DONTUNMAP != 0 && old_len != new_len {
            return Err(Errno::EINVAL);
        }
        if flags & (FIXED | DONTUNMAP) != 0 {
            check_target(old, old_len, new, new_len)?;
        }
        let call = Remap { old, old_len, new_len, flags };
        self.with(|inner| {
            inner.vmas.at(old).ok_or(Errno::EFAULT)?;
            if flags & (FIXED | DONTUNMAP) != 0 { inner.remap_to(call, new, limits) } else { inner.remap(call, limits) }
        })
    }
}

/// The address that the guest gives: aligned, in range, apart from the old one.
fn check_target(old: usize, old_len: usize, new: usize, new_len: usize) -> Result<()> {
    let aligned = page_aligned(new) && new <= TASK_SIZE.saturating_sub(new_len);
    let overlaps = old.saturating_add(old_len) > new && new.saturating_add(new_len) > old;
    if aligned && !overlaps { Ok(()) } else { Err(Errno::EINVAL) }
}

impl Inner {
    /// Without an address: shrink, grow in place, or move.
    fn remap(&mut self, call: Remap, limits: &Limits) -> Result<usize> {
        let Remap { old, old_len, new_len, flags } = call;
        if old_len >= new_len {
            if old_len > new_len {
                self.munmap(old.saturating_add(new_len), old_len - new_len)?;
            }
            return Ok(old);
        }
        let vma = self.check_resize(call, limits)?;
        let end = vma.end;
        if old_len > 0 && old_len == end - old && self.grow(end, new_len - old_len)? {
            return Ok(old);
        }
        if flags & MAYMOVE == 0 {
            return Err(Errno::ENOMEM);
        }
        let to = self.vmas.get_unmapped(0, new_len, 0, false)?;
        self.relocate(call, to)
    }

    /// To an address (`mremap_to`).
    fn remap_to(&mut self, mut call: Remap, new: usize, limits: &Limits) -> Result<usize> {
        let Remap { old, old_len, new_len, flags } = call;
        self.vmas.check_count(4)?;
        let vma = self.check_resize(call, limits)?;
        if flags & DONTUNMAP != 0 {
            self.vmas.check_limits(call.old_len, vma.prot, vma.flags, limits)?;
        }
        if flags & FIXED != 0 {
            super::search::check_fixed(new, new_len)?;
            self.unmap(new..new.saturating_add(new_len))?;
        }
        if old_len > new_len {
            self.munmap(old.saturating_add(new_len), old_len - new_len)?;
            call.old_len = new_len;
        }
        let fixed = if flags & FIXED != 0 { MAP_FIXED } else { 0 };
        let to = self.vmas.get_unmapped(new, new_len, fixed, false)?;
        self.relocate(call, to)
    }

    /// Linux's `vma_to_resize`: the mapping, if it may become that long.
    fn check_resize(&self, call: Remap, limits: &Limits) -> Result<&Vma> {
        let vma = self.vmas.at(call.old).ok_or(Errno::EFAULT)?;
        if call.old_len == 0 && !vma.is_shared() {
            return Err(Errno::EINVAL);
        }
        if call.old_len > vma.end - call.old {
            return Err(Errno::EFAULT);
        }
        if call.new_len == call.old_len {
            return Ok(vma);
        }
        if vma.offset_of(call.old).checked_add(call.new_len as u64).is_none() {
            return Err(Errno::EINVAL);
        }
        if matches!(vma.label, super::Label::Special(_)) {
            return Err(Errno::EFAULT);
        }
        let more = call.new_len.saturating_sub(call.old_len);
        self.check_lock(false, vma.flags.contains(VmFlags::LOCKED), more, limits)?;
        self.vmas.check_limits(more, vma.prot, vma.flags, limits)?;
        Ok(vma)
    }

    /// Makes the mapping that ends at `end` longer where it stands; `false` when there is no room.
    fn grow(&mut self, end: usize, more: usize) -> Result<bool> {
        if !self.vmas.is_free(end, more) {
            return Ok(false);
        }
        let Some(vma) = self.vmas.at(end - 1) else {
            return Ok(false);
        };
        let part = map_after(vma, end..end.saturating_add(more))?;
        self.vmas.insert(part);
        Ok(true)
    }

    /// Moves the mapping (or shares it, when the old length is 0), and makes it longer at its new place.
    fn relocate(&mut self, call: Remap, to: usize) -> Result<usize> {
        let Remap { old, old_len, new_len, flags } = call;
        let keeps = flags & DONTUNMAP != 0;
        let vma = self.vmas.at(old).ok_or(Errno::EFAULT)?;
        self.vmas.check_split(old..old.saturating_add(old_len))?;
        self.vmas.check_count(1)?;
        if old_len == 0 {
            let twin = share(vma, old, to, new_len)?;
            self.vmas.insert(twin);
            return Ok(to);
        }
        let mut moved = vma.slice(old, old.saturating_add(old_len));
        self.relocate_on_host(old, to, old_len, if keeps { DONTUNMAP } else { 0 })?;
        moved.start = to;
        moved.end = to.saturating_add(old_len);
        if keeps {
            self.change(old..old.saturating_add(old_len), |vma| vma.flags.remove(VmFlags::LOCKED));
        } else {
            self.dead.extend(self.vmas.carve(old..old.saturating_add(old_len)));
        }
        let rest = moved.end..to.saturating_add(new_len);
        // The old part has moved already: if the new part can't be had, the guest is told, and keeps what there is.
        let longer = if rest.is_empty() { None } else { Some(map_after(&moved, rest)) };
        self.vmas.insert(moved);
        if let Some(longer) = longer {
            self.vmas.insert(longer?);
        }
        Ok(to)
    }
}

impl Inner {
    /// Moves the host's mappings, all or nothing.
    fn relocate_on_host(&mut self, old: usize, to: usize, len: usize, flags: u32) -> Result<()> {
        self.give_back(old..old.saturating_add(len), false);
        let mut done = 0;
        let Err(e) = hostmap::relocate(old, to, len, flags, &mut done) else {
            return Ok(());
        };
        if done > 0 && hostmap::relocate(to, old, done, 0, &mut 0).is_err() {
            // The host has run out of mappings in both directions. What is torn is given up, so that the book is true.
            mem::unmap_guest(to, len)?;
            mem::unmap_guest(old, len)?;
            self.dead.extend(self.vmas.carve(old..old.saturating_add(len)));
        }
        Err(e)
    }
}

/// Maps what follows on `vma` in its object, at a free range right behind it.
fn map_after(vma: &Vma, range: Range<usize>) -> Result<Vma> {
    let mut part = vma.clone();
    part.offset = vma.offset_of(vma.end);
    part.start = range.start;
    part.end = range.end;
    match part.backing {
        // Of this object nobody but the host has a handle.
        Backing::SharedAnon(_) => hostmap::extend(vma.end, range.end - range.start)?,
        _ => hostmap::map(&mut part, false)?,
    }
    Ok(part)
}

/// A second mapping of a shared object (an old length of 0).
fn share(vma: &Vma, old: usize, to: usize, len: usize) -> Result<Vma> {
    let mut twin = vma.clone();
    twin.offset = vma.offset_of(old);
    twin.start = to;
    twin.end = to.saturating_add(len);
    twin.absent.clear();
    match twin.backing {
        Backing::SharedAnon(_) => mem::remap_guest(old, 0, to, len, 0)?,
        _ => hostmap::map(&mut twin, false)?,
    }
    Ok(twin)
}
