//! What `execve` needs of an address space (Linux's `fs/exec.c`, `fs/binfmt_elf.c`).
//!
//! Order: make the new [`Mm`], give up the old one ([`unmap_all`](Mm::unmap_all), unless a `vfork` parent lives in it), then
//! segments, heap, stack. The bytes go in with `host::user`, outside of the lock.

use super::vma::{Backing, Label, PROT_EXEC, PROT_READ, PROT_RWX, PROT_WRITE, VmFlags, Vma};
use super::{Inner, Limits, MAP_ANONYMOUS, MAP_FIXED, MAP_PRIVATE, MapFile, MapRequest, Mm, MmInfo};
use alloc::vec::Vec;
use core::ops::Range;
use host::layout::{PAGE_SIZE, page_down, page_up};
use host::sys::mem;
use host::{Errno, Result};

/// What a new stack has beyond its contents.
const STACK_EXPAND: usize = 128 << 10;

impl Mm {
    /// Unmaps everything, on the host as well: the image is given up. Only the last user may call it, in the process
    /// whose memory it is.
    pub fn unmap_all(&self) {
        let info = self.with(|inner| {
            mem::unmap_all_guest();
            inner.clear()
        });
        // May close the old executable.
        drop(info);
    }

    /// Maps part of an image at exactly `addr`, private, over whatever is there; anonymous memory without a file.
    pub fn map_segment(
        &self,
        addr: usize,
        len: usize,
        prot: u32,
        file: Option<MapFile>,
        offset: u64,
        limits: &Limits,
    ) -> Result<()> {
        let anonymous = if file.is_none() { MAP_ANONYMOUS } else { 0 };
        let req = MapRequest { addr, len, prot, flags: MAP_PRIVATE | MAP_FIXED | anonymous, offset };
        self.mmap(&req, file, limits).map(drop)
    }

    /// Maps the stack below `top`: room for `used` bytes and some more, growing down to the limit when touched.
    /// Answers what is mapped. `E2BIG` when the limit does not even allow `used`.
    pub fn setup_stack(&self, top: usize, used: usize, executable: bool, limits: &Limits) -> Result<Range<usize>> {
        let top = page_down(top);
        let most = page_down(usize::try_from(limits.stack).unwrap_or(usize::MAX));
        let used = page_up(used).filter(|&used| used <= most).ok_or(Errno::E2BIG)?;
        let len = used.saturating_add(STACK_EXPAND).min(most).max(PAGE_SIZE);
        let start = top.checked_sub(len).ok_or(Errno::ENOMEM)?;
        let prot = PROT_READ | PROT_WRITE | if executable { PROT_EXEC } else { 0 };
        self.with(|inner| {
            inner.info.start_stack = top.saturating_sub(1);
            inner.map_anonymous(start..top, prot, VmFlags::GROWSDOWN, Label::None, limits)
        })?;
        Ok(start..top)
    }

    /// Where `mmap` would put `len` bytes now.
    pub fn find_free(&self, len: usize) -> Result<usize> {
        self.with(|inner| inner.vmas.get_unmapped(0, len, 0, false))
    }

    /// Maps zeroed, writable memory under a name of the kernel's own, such as `[vdso]`, at a place of its choosing. Write
    /// the contents, then [`mprotect`](Mm::mprotect).
    pub fn map_special(&self, len: usize, name: &'static str, limits: &Limits) -> Result<usize> {
        let len = page_up(len).filter(|&len| len > 0).ok_or(Errno::EINVAL)?;
        self.with(|inner| {
            let addr = inner.vmas.get_unmapped(0, len, 0, false)?;
            let range = addr..addr.saturating_add(len);
            inner.map_anonymous(range, PROT_READ | PROT_WRITE, VmFlags::empty(), Label::Special(name), limits)?;
            Ok(addr)
        })
    }
}

impl Inner {
    /// Empties the book. The answer is to be dropped outside of the lock.
    pub(super) fn clear(&mut self) -> MmInfo {
        self.dead.extend(self.vmas.clear());
        self.vmas.unreserve_all();
        self.patches = Default::default();
        (self.start_brk, self.brk, self.lock_future) = (0, 0, false);
        core::mem::take(&mut self.info)
    }

    /// Maps private zero pages at a place that must be free.
    pub(super) fn map_anonymous(
        &mut self,
        range: Range<usize>,
        prot: u32,
        mut flags: VmFlags,
        label: Label,
        limits: &Limits,
    ) -> Result<()> {
        let len = range.end.saturating_sub(range.start);
        super::search::check_fixed(range.start, len)?;
        if self.vmas.overlaps(range.clone()).next().is_some() {
            return Err(Errno::ENOMEM);
        }
        self.check_lock(false, self.lock_future, len, limits)?;
        self.vmas.check_limits(len, prot, flags, limits)?;
        self.vmas.check_count(1)?;
        flags.set(VmFlags::LOCKED, self.lock_future);
        let vma = Vma {
            start: range.start,
            end: range.end,
            prot,
            may: PROT_RWX,
            flags,
            backing: Backing::Anonymous,
            offset: 0,
            label,
            policy: None,
            absent: Vec::new(),
        };
        self.install(vma, false)
    }
}
