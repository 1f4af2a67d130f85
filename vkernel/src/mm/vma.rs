//! One mapping of a guest (Linux's `struct vm_area_struct`): pure bookkeeping, no host calls, no locks of its own.
//!
//! A mapping of arena pages may have *absent* pages: holes of the file and what lies beyond its end. On the host they are
//! placeholders without access, and the fault handler makes them present.

use super::patch::{KnownFile, Version};
use alloc::sync::Arc;
use alloc::vec::Vec;
use bitflags::bitflags;
use core::any::Any;
use core::ops::Range;
use fs_emu::PageSource;
use host::Result;
use host::layout::PAGE_SIZE;
use host::sys::fd::HostFd;

/// `PROT_READ`.
pub const PROT_READ: u32 = 1;
/// `PROT_WRITE`.
pub const PROT_WRITE: u32 = 2;
/// `PROT_EXEC`.
pub const PROT_EXEC: u32 = 4;
/// All of them.
pub const PROT_RWX: u32 = 7;

bitflags! {
    /// Properties of a mapping (Linux's `VM_*`), protection aside.
    #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
    pub struct VmFlags: u32 {
        /// Changes are seen by everyone who maps the same object.
        const SHARED = 1;
        /// Grows down when touched below its start: stacks.
        const GROWSDOWN = 2;
        /// Counts as locked (`mlock`); the host is not asked to.
        const LOCKED = 4;
        /// `MAP_NORESERVE`.
        const NORESERVE = 8;
        /// `MADV_DONTFORK`: not in a child.
        const DONTFORK = 16;
        /// `MADV_WIPEONFORK`: zero in a child.
        const WIPEONFORK = 32;
        /// `MADV_DONTDUMP`.
        const DONTDUMP = 64;
        /// Of `memfd_secret(2)`: locked as long as it is there, and for nobody else to look at.
        const SECRET = 128;
    }
}

/// How a mapped file is called. The kernel's open file implements it, and the mapping keeps it alive.
pub trait FileName: Send + Sync {
    /// The path as `/proc/PID/maps` shows it, with ` (deleted)` where that is so.
    fn path(&self) -> Vec<u8>;
    /// To find the file itself again.
    fn as_any(&self) -> &dyn Any;
}

/// Which file a mapping shows.
#[derive(Clone)]
pub struct FileTag {
    /// Its name, and a hold on it.
    pub name: Arc<dyn FileName>,
    /// Device number.
    pub dev: u64,
    /// Inode number.
    pub ino: u64,
    /// What says that its contents are the same as another time; `None` if its text is none of other processes' business.
    pub version: Option<Version>,
    /// What is known of its text.
    pub(super) known: Option<Arc<KnownFile>>,
}

impl FileTag {
    /// Of a file whose text is not remembered.
    pub fn new(name: Arc<dyn FileName>, dev: u64, ino: u64) -> FileTag {
        FileTag { name, dev, ino, version: None, known: None }
    }
}

/// What `/proc/PID/maps` shows in the last column.
#[derive(Clone, Default)]
pub enum Label {
    /// Nothing, `[heap]` or `[stack]`, as the address has it.
    #[default]
    None,
    /// A file.
    File(FileTag),
    /// A mapping that the kernel made, such as `[vdso]`.
    Special(&'static str),
}

impl Label {
    /// Whether two neighbours could be one.
    fn same(&self, other: &Label) -> bool {
        match (self, other) {
            (Label::None, Label::None) => true,
            (Label::File(a), Label::File(b)) => Arc::ptr_eq(&a.name, &b.name) && a.dev == b.dev && a.ino == b.ino,
            // Linux never merges special mappings.
            _ => false,
        }
    }
}

/// A hold on a file's pages. Counts itself with [`PageSource::mapped`], so that copies and drops stay balanced.
pub struct PagesRef {
    source: Arc<dyn PageSource>,
    /// Shared, and may become writable.
    writable: bool,
}

impl PagesRef {
    /// Counts a new mapping. `EPERM` when it may be written and the file is sealed against that.
    pub fn new(source: Arc<dyn PageSource>, writable: bool) -> Result<PagesRef> {
        source.map_new(writable)?;
        Ok(PagesRef { source, writable })
    }

    /// The file's pages.
    pub fn source(&self) -> &Arc<dyn PageSource> {
        &self.source
    }
}

impl Clone for PagesRef {
    fn clone(&self) -> PagesRef {
        self.source.mapped(1, self.writable);
        PagesRef { source: self.source.clone(), writable: self.writable }
    }
}

impl Drop for PagesRef {
    fn drop(&mut self) {
        self.source.mapped(-1, self.writable);
    }
}

/// Identity of a piece of shared anonymous memory, the same in all processes that inherited it.
pub struct SharedAnon {
    /// Not empty, so that each one has an address of its own.
    _place: u8,
}

impl SharedAnon {
    pub(super) fn new() -> Arc<SharedAnon> {
        Arc::new(SharedAnon { _place: 0 })
    }
}

/// What stands behind a mapping.
#[derive(Clone)]
pub enum Backing {
    /// Private zero pages.
    Anonymous,
    /// Host shared anonymous memory.
    SharedAnon(Arc<SharedAnon>),
    /// A host descriptor, at the mapping's offset.
    Host(Arc<HostFd>),
    /// Pages of the arena.
    Pages(PagesRef),
}

impl Backing {
    fn same(&self, other: &Backing) -> bool {
        match (self, other) {
            (Backing::Anonymous, Backing::Anonymous) => true,
            (Backing::SharedAnon(a), Backing::SharedAnon(b)) => Arc::ptr_eq(a, b),
            (Backing::Host(a), Backing::Host(b)) => Arc::ptr_eq(a, b),
            (Backing::Pages(a), Backing::Pages(b)) => Arc::ptr_eq(a.source(), b.source()),
            _ => false,
        }
    }
}

/// One mapping. Addresses are page-aligned and `start < end`.
#[derive(Clone)]
pub struct Vma {
    /// First byte.
    pub start: usize,
    /// One past the last byte.
    pub end: usize,
    /// `PROT_*`.
    pub prot: u32,
    /// What `mprotect` may raise the protection to.
    pub may: u32,
    /// Other properties.
    pub flags: VmFlags,
    /// What stands behind it.
    pub backing: Backing,
    /// Offset of `start` in the object behind it; 0 for anonymous memory without a file.
    pub offset: u64,
    /// Its name.
    pub label: Label,
    /// Which nodes its memory comes from; `None` for the default.
    pub policy: Option<super::Policy>,
    /// Pages of the *file* (by number) that have no host mapping yet; ascending, apart. Only with [`Backing::Pages`].
    pub(super) absent: Vec<Range<u64>>,
}

impl Vma {
    /// Bytes.
    pub fn len(&self) -> usize {
        self.end - self.start
    }

    /// Never: a mapping has at least one page.
    pub fn is_empty(&self) -> bool {
        self.end <= self.start
    }

    /// Its addresses.
    pub fn range(&self) -> Range<usize> {
        self.start..self.end
    }

    /// Whether writes are seen by others.
    pub fn is_shared(&self) -> bool {
        self.flags.contains(VmFlags::SHARED)
    }

    /// Private memory without a file.
    pub fn is_private_anonymous(&self) -> bool {
        matches!(self.backing, Backing::Anonymous) && matches!(self.label, Label::None | Label::Special(_))
    }

    /// Whether `offset` means something.
    fn has_offset(&self) -> bool {
        !self.is_private_anonymous()
    }

    /// The offset that belongs to an address inside.
    pub fn offset_of(&self, addr: usize) -> u64 {
        if self.has_offset() { self.offset.wrapping_add(addr.wrapping_sub(self.start) as u64) } else { 0 }
    }

    /// The file page at an address.
    pub(super) fn page_of(&self, addr: usize) -> u64 {
        self.offset_of(addr) / PAGE_SIZE as u64
    }

    /// The address of a file page inside.
    pub(super) fn addr_of(&self, page: u64) -> usize {
        let pages = page.wrapping_sub(self.offset / PAGE_SIZE as u64) as usize;
        self.start.wrapping_add(pages.wrapping_mul(PAGE_SIZE))
    }

    /// A copy of the part between two addresses inside.
    pub(super) fn slice(&self, start: usize, end: usize) -> Vma {
        let mut part = self.clone();
        part.start = start;
        part.end = end;
        part.offset = self.offset_of(start);
        let pages = self.page_of(start)..self.page_of(end);
        part.absent = clip(&self.absent, &pages);
        part
    }

    /// Cuts the part from `addr` on off and answers it.
    pub(super) fn split_off(&mut self, addr: usize) -> Vma {
        let tail = self.slice(addr, self.end);
        let pages = self.page_of(self.start)..self.page_of(addr);
        self.absent = clip(&self.absent, &pages);
        self.end = addr;
        tail
    }

    /// Whether `next`, which starts where this ends, could be one with it.
    pub(super) fn can_merge(&self, next: &Vma) -> bool {
        self.end == next.start
            && self.prot == next.prot
            && self.may == next.may
            && self.flags == next.flags
            && self.policy == next.policy
            && self.backing.same(&next.backing)
            && self.label.same(&next.label)
            && (!self.has_offset() || self.offset_of(self.end) == next.offset)
    }

    /// Takes `next` in.
    pub(super) fn merge(&mut self, mut next: Vma) {
        self.end = next.end;
        self.absent.append(&mut next.absent);
        normalise(&mut self.absent);
    }

    /// The parts of `range` that have host mappings of their own, ascending.
    pub(super) fn present(&self, range: Range<usize>) -> Vec<Range<usize>> {
        let mut out = Vec::new();
        let mut at = range.start;
        for gap in &self.absent {
            let gap = self.addr_of(gap.start)..self.addr_of(gap.end);
            if gap.end <= at {
                continue;
            }
            if gap.start >= range.end {
                break;
            }
            if gap.start > at {
                out.push(at..gap.start);
            }
            at = gap.end;
        }
        if at < range.end {
            out.push(at..range.end);
        }
        out
    }

    /// The absent run of file pages around `page`, if it is absent.
    pub(super) fn absent_at(&self, page: u64) -> Option<Range<u64>> {
        let i = self.absent.partition_point(|r| r.end <= page);
        self.absent.get(i).filter(|r| r.start <= page).cloned()
    }

    /// Notes that file pages have host mappings now.
    pub(super) fn set_present(&mut self, pages: Range<u64>) {
        let mut out = Vec::with_capacity(self.absent.len() + 1);
        for r in self.absent.drain(..) {
            for part in [r.start..r.end.min(pages.start), r.start.max(pages.end)..r.end] {
                if part.start < part.end {
                    out.push(part);
                }
            }
        }
        self.absent = out;
    }

    /// Notes that all file pages from `first` on have only a placeholder.
    pub(super) fn set_absent_from(&mut self, first: u64, end: u64) {
        self.absent.retain_mut(|r| {
            r.end = r.end.min(first);
            r.start < r.end
        });
        self.push_absent(first..end);
    }

    /// Notes that file pages have only a placeholder. Called with ascending ranges.
    pub(super) fn push_absent(&mut self, pages: Range<u64>) {
        if pages.start < pages.end {
            self.absent.push(pages);
            normalise(&mut self.absent);
        }
    }
}

/// The parts of `ranges` inside of `within`.
fn clip(ranges: &[Range<u64>], within: &Range<u64>) -> Vec<Range<u64>> {
    ranges.iter().map(|r| r.start.max(within.start)..r.end.min(within.end)).filter(|r| r.start < r.end).collect()
}

/// Joins neighbours.
fn normalise(ranges: &mut Vec<Range<u64>>) {
    ranges.dedup_by(|next, prev| {
        let joined = prev.end == next.start;
        if joined {
            prev.end = next.end;
        }
        joined
    });
}
