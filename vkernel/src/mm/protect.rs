//! `mprotect(2)` (Linux's `mm/mprotect.c`).

use super::tree::is_data;
use super::vma::{PROT_RWX, PROT_WRITE, VmFlags, Vma};
use super::{Inner, Limits, Mm, hostmap, page_aligned};
use core::ops::Range;
use host::layout::page_up;
use host::{Errno, Result};

const PROT_SEM: u32 = 8;
const PROT_GROWSDOWN: u32 = 0x0100_0000;
const PROT_GROWSUP: u32 = 0x0200_0000;

impl Mm {
    /// `mprotect(2)`. On an error the mappings before the bad one are changed, as on Linux.
    pub fn mprotect(&self, addr: usize, len: usize, prot: u32, limits: &Limits) -> Result<()> {
        let grows = prot & (PROT_GROWSDOWN | PROT_GROWSUP);
        let prot = prot & !grows;
        if grows == PROT_GROWSDOWN | PROT_GROWSUP || !page_aligned(addr) {
            return Err(Errno::EINVAL);
        }
        if len == 0 {
            return Ok(());
        }
        let end = page_up(len).and_then(|len| addr.checked_add(len)).filter(|&end| end > addr).ok_or(Errno::ENOMEM)?;
        if prot & !(PROT_RWX | PROT_SEM) != 0 {
            return Err(Errno::EINVAL);
        }
        self.with(|inner| {
            let start = inner.protect_start(addr, end, grows)?;
            inner.protect(start..end, prot & PROT_RWX, limits)
        })
    }
}

impl Inner {
    /// Where to begin, with `PROT_GROWSDOWN` seen to.
    fn protect_start(&self, addr: usize, end: usize, grows: u32) -> Result<usize> {
        let vma = self.vmas.find(addr).ok_or(Errno::ENOMEM)?;
        match grows {
            PROT_GROWSDOWN if vma.start >= end => Err(Errno::ENOMEM),
            PROT_GROWSDOWN if !vma.flags.contains(VmFlags::GROWSDOWN) => Err(Errno::EINVAL),
            PROT_GROWSDOWN => Ok(vma.start),
            _ if vma.start > addr => Err(Errno::ENOMEM),
            // Nothing grows up on this processor.
            PROT_GROWSUP => Err(Errno::EINVAL),
            _ => Ok(addr),
        }
    }

    fn protect(&mut self, range: Range<usize>, prot: u32, limits: &Limits) -> Result<()> {
        let mut at = range.start;
        while at < range.end {
            let vma = self.vmas.at(at).ok_or(Errno::ENOMEM)?;
            let piece = at..vma.end.min(range.end);
            at = piece.end;
            if prot & !vma.may != 0 {
                return Err(Errno::EACCES);
            }
            if prot == vma.prot {
                continue;
            }
            if is_data(prot, vma.flags) && !is_data(vma.prot, vma.flags) {
                self.vmas.check_data(piece.end - piece.start, limits)?;
            }
            self.vmas.check_split(piece.clone())?;
            if prot & PROT_WRITE != 0 {
                self.give_back(piece.clone(), false);
            }
            let vma = self.vmas.at(piece.start).ok_or(Errno::ENOMEM)?;
            hostmap::protect(vma, piece.clone(), prot)?;
            self.change(piece, |vma| vma.prot = prot);
        }
        Ok(())
    }

    /// Changes all mappings in a range, which are split at its ends and merged again where they can be.
    pub(super) fn change(&mut self, range: Range<usize>, edit: impl Fn(&mut Vma)) {
        let hint = self.vmas.hint;
        let parts = self.vmas.carve(range);
        for mut vma in parts {
            edit(&mut vma);
            self.vmas.insert(vma);
        }
        // Nothing has become free.
        self.vmas.hint = hint;
    }
}
