//! What a page fault means (Linux's `do_user_addr_fault`, `expand_stack`, `do_fault`).
//!
//! Called without any lock: from the SIGSEGV path for guest code, and from the hook that `host::user` runs when one of
//! the kernel's own copies faults. Most faults never come here, for the host serves them.

use super::hostmap::{self, Run};
use super::tree::is_data;
use super::vma::{Backing, PROT_EXEC, PROT_RWX, PROT_WRITE, VmFlags, Vma};
use super::{Inner, Limits, Mm, STACK_GUARD_GAP};
use alloc::sync::Arc;
use core::ops::Range;
use host::layout::{GUEST_MIN, PAGE_SIZE, is_guest, page_down};
use host::sys::mem;
use host::{Errno, Result, user};

/// A stack grows by this much at once when it may, to save faults.
const STACK_STEP: usize = 128 << 10;

/// What was tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// A load.
    Read,
    /// A store.
    Write,
    /// An instruction fetch.
    Exec,
}

impl Access {
    /// From the page-fault error code of x86 that a signal frame holds (bit 1: write, bit 4: fetch).
    pub fn from_error_code(code: u64) -> Access {
        match code {
            c if c & 0x10 != 0 => Access::Exec,
            c if c & 2 != 0 => Access::Write,
            _ => Access::Read,
        }
    }

    /// From the hook of `host::user`.
    pub fn from_write(write: bool) -> Access {
        if write { Access::Write } else { Access::Read }
    }

    fn allowed(self, prot: u32) -> bool {
        let need = match self {
            // The processor reads whatever it can write or (without protection keys) execute.
            Access::Read => PROT_RWX,
            Access::Write => PROT_WRITE,
            Access::Exec => PROT_EXEC,
        };
        prot & need != 0
    }
}

/// What to do about a fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FaultOutcome {
    /// The page is there now: run the instruction again.
    Retry,
    /// SIGBUS, `BUS_ADRERR`: beyond the end of a file, or no memory for its page.
    Sigbus,
    /// SIGSEGV, `SEGV_MAPERR`: nothing is mapped there.
    SegvMaperr,
    /// SIGSEGV, `SEGV_ACCERR`: the protection does not allow it.
    SegvAccerr,
}

/// What identifies a futex word: threads that wait on the same key meet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum FutexKey {
    /// Private memory: the address space (by its address in the arena) and the address in it.
    Private(usize, usize),
    /// Shared memory: the object behind it (unique among live ones) and the offset in it.
    Shared(u64, u64, u64),
}

impl Mm {
    /// Sees to a fault at `addr`.
    pub fn handle_fault(&self, addr: usize, access: Access, limits: &Limits) -> FaultOutcome {
        self.with(|inner| inner.fault(addr, access, limits))
    }

    /// The key of a futex word; the caller has checked the alignment. `private` is `FUTEX_PRIVATE_FLAG`. `EFAULT` when
    /// nothing is mapped there.
    pub fn futex_key(&self, addr: usize, private: bool) -> Result<FutexKey> {
        let mine = FutexKey::Private(core::ptr::from_ref(self) as usize, addr);
        if private {
            return if is_guest(addr, 4) { Ok(mine) } else { Err(Errno::EFAULT) };
        }
        // A word in a page that is not there yet is made present, as Linux does.
        user::read::<u8>(addr)?;
        let inner = self.inner.lock();
        let vma = inner.vmas.at(addr).ok_or(Errno::EFAULT)?;
        let offset = vma.offset_of(addr);
        let file = match &vma.label {
            super::Label::File(tag) => (tag.dev, tag.ino),
            _ => (0, 0),
        };
        Ok(match &vma.backing {
            _ if !vma.is_shared() => mine,
            Backing::SharedAnon(object) => FutexKey::Shared(Arc::as_ptr(object) as u64, 0, offset),
            // 0 stands for memory without a file.
            _ => FutexKey::Shared(file.1, file.0.wrapping_add(1), offset),
        })
    }
}

impl Inner {
    fn fault(&mut self, addr: usize, access: Access, limits: &Limits) -> FaultOutcome {
        if self.vmas.at(addr).is_none() && self.grow_down(addr, limits).is_err() {
            return FaultOutcome::SegvMaperr;
        }
        let Some(vma) = self.vmas.at(addr) else {
            return FaultOutcome::SegvMaperr;
        };
        if !access.allowed(vma.prot) {
            return FaultOutcome::SegvAccerr;
        }
        let page = vma.page_of(addr);
        if vma.absent_at(page).is_none() {
            return recheck(vma, addr, access);
        }
        match self.fill_page(addr, page) {
            Ok(Some(_)) => FaultOutcome::Retry,
            Ok(None) | Err(_) => FaultOutcome::Sigbus,
        }
    }

    /// Makes the absent page at `addr` present, and with it what follows in the file and is there anyway. Answers the
    /// number of pages; `None` beyond the end of the file.
    fn fill_page(&mut self, addr: usize, page: u64) -> Result<Option<u64>> {
        let vma = self.vmas.at_mut(addr).ok_or(Errno::EFAULT)?;
        let gap = vma.absent_at(page).ok_or(Errno::EFAULT)?;
        match hostmap::map_run(vma, page..gap.end, true)? {
            Run::Pages(n) => {
                vma.set_present(page..page.saturating_add(n));
                Ok(Some(n))
            }
            Run::Hole => Err(Errno::EIO),
            Run::Beyond => Ok(None),
        }
    }

    /// Makes all absent pages of a range inside one mapping present (`MADV_POPULATE_*`).
    pub(super) fn fill(&mut self, range: Range<usize>) -> Result<()> {
        let mut addr = range.start;
        while addr < range.end {
            let vma = self.vmas.at(addr).ok_or(Errno::ENOMEM)?;
            let page = vma.page_of(addr);
            let n = if vma.absent_at(page).is_some() { self.fill_page(addr, page)?.ok_or(Errno::EFAULT)? } else { 1 };
            addr = addr.saturating_add(n as usize * PAGE_SIZE);
        }
        Ok(())
    }

    /// Grows the stack above `addr` down to it (`acct_stack_growth`, `expand_downwards`).
    fn grow_down(&mut self, addr: usize, limits: &Limits) -> Result<()> {
        let vma = self.vmas.next(addr).filter(|v| v.flags.contains(VmFlags::GROWSDOWN)).ok_or(Errno::EFAULT)?;
        let wanted = page_down(addr);
        let floor = self.stack_floor(vma, limits);
        if wanted < floor || self.vmas.is_runtimes(wanted, vma.end - wanted) {
            return Err(Errno::ENOMEM);
        }
        // Some more than was asked for, if all of it is allowed.
        let step = wanted & !(STACK_STEP - 1);
        let start = if step >= floor { step } else { wanted };
        let start = if self.vmas.check_limits(vma.start - start, vma.prot, vma.flags, limits).is_ok() {
            start
        } else {
            self.vmas.check_limits(vma.start - wanted, vma.prot, vma.flags, limits)?;
            wanted
        };
        let mut more: Vma = vma.clone();
        more.end = vma.start;
        more.start = start;
        debug_assert!(!is_data(more.prot, more.flags));
        hostmap::map(&mut more, false)?;
        self.vmas.insert(more);
        Ok(())
    }

    /// The lowest address that a stack may grow to.
    fn stack_floor(&self, vma: &Vma, limits: &Limits) -> usize {
        let by_limit = vma.end.saturating_sub(usize::try_from(limits.stack).unwrap_or(usize::MAX));
        let by_limit = host::layout::page_up(by_limit).unwrap_or(usize::MAX);
        let by_gap = match self.vmas.prev(vma.start) {
            // No gap towards another stack, or towards what nobody can run into.
            Some(prev) if prev.flags.contains(VmFlags::GROWSDOWN) || prev.prot & PROT_RWX == 0 => prev.end,
            Some(prev) => prev.end.saturating_add(STACK_GUARD_GAP),
            None => 0,
        };
        let by_range =
            host::layout::GUEST_RANGES.iter().find(|r| r.contains(&vma.start)).map_or(usize::MAX, |r| r.start);
        by_limit.max(by_gap).max(by_range).max(GUEST_MIN)
    }
}

/// A fault where the book sees no reason for one: somebody else was faster, or the stack has just grown. The host is told
/// once more, so that a fault can't repeat for ever should the two disagree.
fn recheck(vma: &Vma, addr: usize, access: Access) -> FaultOutcome {
    if access == Access::Read && vma.prot == PROT_EXEC {
        // The host has protection keys and uses them for this.
        return FaultOutcome::SegvAccerr;
    }
    match mem::protect_guest(page_down(addr), PAGE_SIZE, vma.prot) {
        Ok(()) => FaultOutcome::Retry,
        Err(_) => FaultOutcome::SegvMaperr,
    }
}
