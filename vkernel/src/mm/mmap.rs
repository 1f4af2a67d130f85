//! `mmap(2)` (Linux's `do_mmap` and `mmap_region`): the checks in Linux's order, then book and host together.

use super::vma::{Backing, FileTag, Label, PROT_EXEC, PROT_RWX, PROT_WRITE, PagesRef, SharedAnon, VmFlags, Vma};
use super::*;
use core::sync::atomic::Ordering::SeqCst;
use fs_emu::MapSource;
use host::layout::{GUEST_MIN, PAGE_SIZE, TASK_SIZE, page_down, page_up};
use host::{Errno, Result};

/// The flags that Linux knew before `MAP_SHARED_VALIDATE` (`LEGACY_MAP_MASK`).
const LEGACY_MASK: u32 = 0x13 // type and MAP_FIXED
    | MAP_ANONYMOUS
    | MAP_32BIT
    | 0x80 // MAP_ABOVE4G
    | MAP_GROWSDOWN
    | 0x800 // MAP_DENYWRITE
    | 0x1000 // MAP_EXECUTABLE
    | MAP_LOCKED
    | MAP_NORESERVE
    | MAP_POPULATE
    | MAP_NONBLOCK
    | 0x2_0000 // MAP_STACK
    | MAP_HUGETLB
    | (21 << 26) // MAP_HUGE_2MB
    | (30 << 26); // MAP_HUGE_1GB
/// What may stand in the bits above `MAP_HUGE_SHIFT`: the default, 2 MiB, 1 GiB.
const HUGE_SIZES: [u32; 3] = [0, 21, 30];
const MAP_TYPE: u32 = 0xf;

/// The arguments of `mmap(2)`.
#[derive(Clone, Copy, Debug)]
#[allow(missing_docs)]
pub struct MapRequest {
    pub addr: usize,
    pub len: usize,
    pub prot: u32,
    pub flags: u32,
    /// In bytes.
    pub offset: u64,
}

/// A file to map: what its descriptor allows, and what stands behind it.
pub struct MapFile {
    /// The answer of `FileOps::map`; an error comes out where Linux would notice it.
    pub source: Result<MapSource>,
    /// Its name.
    pub tag: FileTag,
    /// The descriptor can be read.
    pub readable: bool,
    /// The descriptor can be written.
    pub writable: bool,
    /// The file is append-only (`chattr +a`).
    pub append_only: bool,
    /// It lies on a mount without execution.
    pub noexec: bool,
    /// It is of `memfd_secret(2)`.
    pub secret: bool,
}

impl Mm {
    /// `mmap(2)`; `file` is `None` exactly with `MAP_ANONYMOUS`. The caller has checked the descriptor (`EBADF`), but after [`check_offset`](Mm::check_offset).
    pub fn mmap(&self, req: &MapRequest, mut file: Option<MapFile>, limits: &Limits) -> Result<usize> {
        Mm::check_offset(req.offset)?;
        if req.flags & MAP_HUGETLB != 0 {
            // A file that is not on hugetlbfs, or a size that no processor has; no huge pages are set aside.
            let size = req.flags >> 26;
            return Err(if file.is_some() || !HUGE_SIZES.contains(&size) { Errno::EINVAL } else { Errno::ENOMEM });
        }
        if let Some(file) = &mut file {
            file.tag.recall(req.prot, req.flags);
        }
        self.with(|inner| {
            if let Some(file) = &mut file
                && self.unpatched.load(SeqCst)
            {
                file.tag.known = None;
            }
            let done = inner.mmap(req, file, limits);
            // Nobody has been to text that was patched ahead.
            self.patched.fetch_or(inner.patches.any(), SeqCst);
            done
        })
    }

    /// `EINVAL` for a file offset that is not on a page boundary: comes before `EBADF`.
    pub fn check_offset(offset: u64) -> Result<()> {
        if offset.is_multiple_of(PAGE_SIZE as u64) { Ok(()) } else { Err(Errno::EINVAL) }
    }
}

impl Inner {
    fn mmap(&mut self, req: &MapRequest, file: Option<MapFile>, limits: &Limits) -> Result<usize> {
        if req.len == 0 {
            return Err(Errno::EINVAL);
        }
        let noreplace = req.flags & MAP_FIXED_NOREPLACE != 0;
        let flags = if noreplace { req.flags | MAP_FIXED } else { req.flags };
        let addr = if flags & MAP_FIXED != 0 { req.addr } else { round_hint(req.addr) };
        let len = page_up(req.len).filter(|&len| len > 0).ok_or(Errno::ENOMEM)?;
        self.vmas.check_count(0)?;
        let addr = match self.vmas.get_unmapped(addr, len, flags, file.is_none()) {
            // Asked politely, the runtime's own mappings are just mappings that are there.
            Err(Errno::ENOMEM)
                if noreplace && addr <= TASK_SIZE.saturating_sub(len) && self.vmas.is_runtimes(addr, len) =>
            {
                return Err(Errno::EEXIST);
            }
            other => other?,
        };
        let range = addr..addr.saturating_add(len);
        if noreplace && self.vmas.overlaps(range.clone()).next().is_some() {
            return Err(Errno::EEXIST);
        }
        let secret = file.as_ref().is_some_and(|f| f.secret);
        let locked = flags & MAP_LOCKED != 0 || self.lock_future || secret;
        self.check_lock(flags & MAP_LOCKED != 0, locked, len, limits)?;
        let (kind, may) = match &file {
            Some(file) => check_file(file, req.prot, flags, req.offset, len)?,
            None => check_anonymous(flags)?,
        };
        let mut vm_flags = kind;
        vm_flags.set(VmFlags::LOCKED, locked);
        vm_flags.set(VmFlags::SECRET | VmFlags::DONTDUMP, secret);
        vm_flags.set(VmFlags::NORESERVE, flags & MAP_NORESERVE != 0);
        let prot = req.prot & PROT_RWX;
        let fresh = len - self.vmas.mapped_bytes(range.clone());
        self.vmas.check_limits(fresh, prot, vm_flags, limits)?;
        let (backing, label) = backing(file, kind, may)?;
        let keeps_offset = matches!(label, Label::File(_));
        let offset = if keeps_offset { req.offset } else { 0 };
        let vma = Vma {
            start: range.start,
            end: range.end,
            prot,
            may,
            flags: vm_flags,
            backing,
            offset,
            label,
            policy: None,
            absent: Vec::new(),
        };
        let populate = flags & MAP_LOCKED != 0 || flags & (MAP_POPULATE | MAP_NONBLOCK) == MAP_POPULATE;
        self.install(vma, populate && prot != 0)?;
        Ok(addr)
    }

    /// Puts a mapping in the place of whatever is there.
    pub(super) fn install(&mut self, mut vma: Vma, populate: bool) -> Result<()> {
        let range = vma.range();
        self.vmas.check_split(range.clone())?;
        self.give_back(range.clone(), true);
        let batch = if populate { None } else { self.batch(&vma) };
        let mapped = match &batch {
            Some(batch) => self.map_patched(&mut vma, batch),
            None => hostmap::map(&mut vma, populate),
        };
        if let Err(e) = mapped {
            if !refused_early(e, &vma) {
                // Nobody knows how much of the old mappings is left: nothing, then.
                host::sys::mem::unmap_guest(range.start, range.end - range.start)?;
                self.dead.extend(self.vmas.carve(range));
                self.dead.push(vma);
            }
            return Err(e);
        }
        self.dead.extend(self.vmas.carve(range));
        self.vmas.insert(vma);
        Ok(())
    }

    /// The checks for memory that is to be locked: `EPERM` when locking is not allowed at all (only if asked for it),
    /// `EAGAIN` when it is too much.
    pub(super) fn check_lock(&self, asked: bool, locked: bool, len: usize, limits: &Limits) -> Result<()> {
        if asked && limits.memlock == 0 {
            return Err(Errno::EPERM);
        }
        let sum = self.vmas.counts().locked.saturating_add(len);
        if locked && sum as u64 > limits.memlock { Err(Errno::EAGAIN) } else { Ok(()) }
    }
}

/// Whether the host refused before it changed anything.
fn refused_early(e: Errno, vma: &Vma) -> bool {
    let early =
        [Errno::EACCES, Errno::EPERM, Errno::ENODEV, Errno::EBADF, Errno::EAGAIN, Errno::EINVAL, Errno::EOVERFLOW];
    !matches!(vma.backing, Backing::Pages(_)) && early.contains(&e)
}

/// `round_hint_to_min`.
fn round_hint(addr: usize) -> usize {
    match page_down(addr) {
        0 => 0,
        hint => hint.max(GUEST_MIN),
    }
}

/// The checks on a mapping of a file, and what may become of its protection.
fn check_file(file: &MapFile, prot: u32, flags: u32, offset: u64, len: usize) -> Result<(VmFlags, u32)> {
    if offset.saturating_add(len as u64) > i64::MAX as u64 {
        return Err(Errno::EOVERFLOW);
    }
    let mut kind = VmFlags::empty();
    let mut may = PROT_RWX;
    let map_type = flags & MAP_TYPE;
    if map_type == MAP_SHARED || map_type == MAP_SHARED_VALIDATE {
        if map_type == MAP_SHARED_VALIDATE && flags & !LEGACY_MASK != 0 {
            return Err(Errno::EOPNOTSUPP);
        }
        if prot & PROT_WRITE != 0 && !file.writable || file.append_only && file.writable {
            return Err(Errno::EACCES);
        }
        kind |= VmFlags::SHARED;
        if !file.writable {
            may &= !PROT_WRITE;
        }
    } else if map_type != MAP_PRIVATE {
        return Err(Errno::EINVAL);
    }
    if !file.readable {
        return Err(Errno::EACCES);
    }
    if file.noexec {
        if prot & PROT_EXEC != 0 {
            return Err(Errno::EPERM);
        }
        may &= !PROT_EXEC;
    }
    if file.secret && !kind.contains(VmFlags::SHARED) {
        return Err(Errno::EINVAL);
    }
    match &file.source {
        Err(e) => return Err(*e),
        Ok(MapSource::Pages(source)) if kind.contains(VmFlags::SHARED) && source.write_sealed() => {
            if prot & PROT_WRITE != 0 {
                return Err(Errno::EPERM);
            }
            may &= !PROT_WRITE;
        }
        Ok(_) => {}
    }
    if flags & MAP_GROWSDOWN != 0 {
        return Err(Errno::EINVAL);
    }
    Ok((kind, may))
}

fn check_anonymous(flags: u32) -> Result<(VmFlags, u32)> {
    let down = flags & MAP_GROWSDOWN != 0;
    match flags & MAP_TYPE {
        MAP_SHARED if down => Err(Errno::EINVAL),
        MAP_SHARED => Ok((VmFlags::SHARED, PROT_RWX)),
        MAP_PRIVATE if down => Ok((VmFlags::GROWSDOWN, PROT_RWX)),
        MAP_PRIVATE => Ok((VmFlags::empty(), PROT_RWX)),
        _ => Err(Errno::EINVAL),
    }
}

fn backing(file: Option<MapFile>, kind: VmFlags, may: u32) -> Result<(Backing, Label)> {
    let shared = kind.contains(VmFlags::SHARED);
    let shared_anon = || (Backing::SharedAnon(SharedAnon::new()), Label::None);
    let Some(file) = file else {
        return Ok(if shared { shared_anon() } else { (Backing::Anonymous, Label::None) });
    };
    let label = Label::File(file.tag);
    Ok(match file.source? {
        MapSource::Host(fd) => (Backing::Host(fd), label),
        MapSource::Pages(source) => (Backing::Pages(PagesRef::new(source, shared && may & PROT_WRITE != 0)?), label),
        MapSource::Anonymous if shared => shared_anon(),
        MapSource::Anonymous => (Backing::Anonymous, label),
    })
}
