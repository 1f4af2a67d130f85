//! Patched call sites of an address space: the book of them, and writing the patches.
//!
//! A patched site is a `syscall` (2 bytes) and what follows it (3 bytes), replaced by a jump to a *stub* ([`blocks`]). Every
//! address inside of these five bytes at which an instruction of the original starts holds a byte that the processor
//! refuses ([`TRAPS`]), by the choice of the stub's place: whoever gets there otherwise (a branch, a saved address, a thread
//! that stood there) is caught, and sent on to the copy of that instruction in the stub. `docs/patching.md` has the whole
//! protocol.
//!
//! What is known of a file from other processes ([`known`]) is patched when it is mapped ([`ahead`]).
//!
//! What stands here knows no instructions: what is displaced, and the stub's code, come from above. Everything is done under
//! the address space's lock, in the process whose memory it is. Only private mappings of files that are not writable are patched.

mod ahead;
mod blocks;
mod known;
mod traps;
mod write;

use super::vma::{Label, PROT_EXEC, PROT_READ, Vma};
use super::{Inner, Mm};
use crate::kernel::kernel;
use alloc::collections::BTreeMap;
use alloc::sync::Arc;
use alloc::vec::Vec;
use blocks::Block;
pub use blocks::{HEADER, SLOT};
use core::ops::Range;
use core::sync::atomic::Ordering::{Relaxed, SeqCst};
use host::user;
pub use known::{Known, KnownFile, Version};
pub(super) use traps::Traps;

/// Bytes of the jump.
pub const JUMP: usize = 5;
/// Bytes that are no instruction in 64-bit mode, alone or as the start of one.
pub const TRAPS: [u8; 18] =
    [0x06, 0x07, 0x0e, 0x16, 0x17, 0x1e, 0x1f, 0x27, 0x2f, 0x37, 0x3f, 0x60, 0x61, 0x82, 0x9a, 0xce, 0xd4, 0xea];
/// Most bytes that a request has seen.
const MAX_SEEN: usize = 32;
/// A site that is entered from behind so often is better off without its patch.
const MAX_LANDINGS: u32 = 16;
/// How many sites that were given back are remembered, for threads that were caught on their way.
const MAX_GONE: usize = 512;
const BREAKPOINT: u8 = 0xcc;

/// Why a site is left on the trap.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(usize)]
pub enum Left {
    /// Not in a private, readable, executable mapping of a file that cannot be written.
    Memory,
    /// The bytes are not what they were.
    Changed,
    /// An instruction behind it cannot be moved.
    Neighbour,
    /// It may have a prefix with which a jump means something else.
    Prefix,
    /// The return from a signal handler: unwinders know it by its bytes.
    Sigreturn,
    /// No room for a stub in reach.
    Room,
    /// Too many jumps to the instruction behind it.
    Target,
    /// The host refused.
    Host,
}

impl Left {
    /// All of them, with the words of the statistics.
    pub const ALL: [(Left, &str); 8] = [
        (Left::Memory, "not in a file's read-only text"),
        (Left::Changed, "the text has changed"),
        (Left::Neighbour, "the instruction behind it cannot be moved"),
        (Left::Prefix, "the instruction may have a prefix"),
        (Left::Sigreturn, "return from a signal handler"),
        (Left::Room, "no room for a stub in reach"),
        (Left::Target, "often jumped to from elsewhere"),
        (Left::Host, "the host refused"),
    ];
}

/// An instruction of the original and its copy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Boundary {
    /// Offset from the site.
    pub original: u8,
    /// Offset in the stub.
    pub stub: u8,
}

/// What makes a stub for a site at a slot's address, with the block's header at the third: code, and the boundaries in it.
pub type Encode<'a> = &'a dyn Fn(usize, usize, usize) -> Option<([u8; SLOT], Vec<Boundary>)>;

/// A site to be patched.
pub struct Request<'a> {
    /// Address of the `syscall`.
    pub site: usize,
    /// What stands there, as far as it was looked at.
    pub original: [u8; JUMP],
    /// The byte before it, and everything that the stub will have a copy of.
    pub seen: &'a [u8],
    /// Offsets in the window at which instructions start, the first aside.
    pub starts: &'a [usize],
    /// Makes the stub.
    pub encode: Encode<'a>,
    /// Where stubs enter the kernel.
    pub entry: usize,
}

/// A patched site.
#[derive(Clone)]
struct Site {
    original: [u8; JUMP],
    /// Address of the stub.
    stub: usize,
    boundaries: Arc<[Boundary]>,
    /// Times that somebody was caught in the window.
    landings: u32,
}

impl Site {
    /// Where the copy of the instruction at this offset is.
    fn copy_of(&self, offset: usize) -> Option<usize> {
        self.boundaries.iter().find(|b| usize::from(b.original) == offset).map(|b| self.stub + usize::from(b.stub))
    }
}

/// Patches of one address space. Shared by a fork's parent and child until one changes something.
#[derive(Clone, Default)]
pub(super) struct Patches {
    sites: BTreeMap<usize, Site>,
    /// Site by stub.
    stubs: BTreeMap<usize, usize>,
    left: BTreeMap<usize, Left>,
    blocks: Vec<Arc<Block>>,
    /// Blocks of files, and where they are.
    shared: Vec<(usize, Arc<Block>)>,
    /// Given back lately.
    gone: Vec<(usize, Site)>,
}

impl Patches {
    /// Whether a site is patched, or was.
    pub(super) fn any(&self) -> bool {
        !self.stubs.is_empty()
    }
}

/// What an interrupted address means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// In the part of the stub of this site that enters the kernel.
    Entering(usize),
    /// In the part of a stub that stands for this guest address.
    Copy(usize),
}

/// What a fault at a patched site means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Landing {
    /// Go on here.
    At(usize),
    /// Not ours.
    No,
}

impl Mm {
    /// Whether any site is patched, or was, or may just be.
    pub fn has_patches(&self) -> bool {
        self.patched.load(Relaxed)
    }

    /// A call site has trapped; answers how often it has here, as far as is known.
    pub fn count_trap(&self, site: usize) -> u32 {
        self.traps.count(site)
    }

    /// Patches a site; answers where its call resumes. `Err(None)`: it has been decided before.
    pub fn patch(&self, request: &Request<'_>) -> Result<usize, Option<Left>> {
        self.with(|inner| {
            if let Some(site) = inner.patches.sites.get(&request.site) {
                return site.copy_of(2).ok_or(None);
            }
            if inner.patches.left.contains_key(&request.site) || self.unpatched.load(SeqCst) {
                return Err(None);
            }
            // Before anything is written: whoever is caught by the very first patch has to look for it, and waits for the lock then.
            self.patched.store(true, SeqCst);
            let result = inner.patch(request, self.users() > 1);
            match &result {
                Ok(_) => {
                    kernel().stats.sites.fetch_add(1, Relaxed);
                }
                Err(why) => inner.leave_site(request.site, *why),
            }
            result.map_err(Some)
        })
    }

    /// Notes that a site stays on the trap. `false` if that was known.
    pub fn leave_site(&self, site: usize, why: Left) -> bool {
        self.with(|inner| {
            let new = !inner.patches.left.contains_key(&site);
            inner.leave_site(site, why);
            new
        })
    }

    /// Whether an address lies in the text of the program itself, not in a library's.
    pub fn is_program(&self, addr: usize) -> bool {
        let inner = self.inner.lock();
        (inner.info.start_code..inner.info.end_code).contains(&addr)
    }

    /// Whether it lies in the text of the program's interpreter.
    pub fn is_loader(&self, addr: usize) -> bool {
        self.inner.lock().info.loader.contains(&addr)
    }

    /// What it means that guest code was interrupted at `rip`.
    pub fn place(&self, rip: usize) -> Option<Place> {
        if !self.has_patches() {
            return None;
        }
        let inner = self.inner.lock();
        let (stub, at) = inner.patches.stubs.range(..=rip).next_back()?;
        let offset = rip.checked_sub(*stub).filter(|o| *o < SLOT)?;
        let site = inner.patches.sites.get(at).filter(|s| s.stub == *stub);
        let gone = || inner.patches.gone.iter().rev().find(|(_, s)| s.stub == *stub).map(|(_, s)| s);
        let boundaries = &site.or_else(gone)?.boundaries;
        let first = boundaries.first()?;
        if offset < usize::from(first.stub) {
            return Some(Place::Entering(*at));
        }
        let found = boundaries.iter().rev().find(|b| usize::from(b.stub) <= offset)?;
        Some(Place::Copy(at + usize::from(found.original)))
    }

    /// Where the copy of the guest's instruction at `rip` is, if that was displaced.
    pub fn copy_of(&self, rip: usize) -> Option<usize> {
        if !self.has_patches() {
            return None;
        }
        let inner = self.inner.lock();
        let (at, site) = inner.patches.sites.range(..rip).next_back()?;
        rip.checked_sub(*at).filter(|o| *o < JUMP).and_then(|o| site.copy_of(o))
    }

    /// An instruction at `rip` was refused by the processor, or (`breakpoint`) the one before `rip` was a breakpoint.
    pub fn landed(&self, rip: usize, breakpoint: bool) -> Landing {
        if !self.has_patches() {
            return Landing::No;
        }
        self.with(|inner| inner.landed(rip, breakpoint))
    }
}

impl Inner {
    fn patch(&mut self, request: &Request<'_>, threads: bool) -> Result<usize, Left> {
        let (site, window) = (request.site, request.site..request.site.saturating_add(JUMP));
        let vma = self.vmas.at(site).filter(|v| window.end <= v.end && may_be_patched(v)).ok_or(Left::Memory)?;
        let prot = vma.prot;
        let mut now = [0; JUMP];
        user::peek(&mut now, site).map_err(|_| Left::Memory)?;
        if now != request.original {
            return Err(Left::Changed);
        }
        if threads {
            host::sys::process::sync_cores().map_err(|_| Left::Host)?;
        }
        let place = match blocks::find(&self.patches.blocks, site, request) {
            Some(place) => place,
            None => {
                self.add_block(site, request.entry)?;
                blocks::find(&self.patches.blocks, site, request).ok_or(Left::Room)?
            }
        };
        let patches = Arc::make_mut(&mut self.patches);
        let new = Site { original: now, stub: place.stub, boundaries: place.boundaries.into(), landings: 0 };
        let resume = new.copy_of(2).ok_or(Left::Neighbour)?;
        // Known before the first byte is written: from then on threads may be caught there.
        patches.sites.insert(site, new);
        patches.stubs.insert(place.stub, site);
        let written = write::jump(site, place.stub, request.starts, prot, threads);
        if written.is_err() {
            Arc::make_mut(&mut self.patches).sites.remove(&site);
            return Err(Left::Host);
        }
        Ok(resume)
    }

    fn leave_site(&mut self, site: usize, why: Left) {
        self.refuse(site, why);
        Arc::make_mut(&mut self.patches).left.insert(site, why);
    }

    fn landed(&mut self, rip: usize, breakpoint: bool) -> Landing {
        let rip = if breakpoint { rip - 1 } else { rip };
        let found = self.patches.sites.range(..=rip).next_back().map(|(at, site)| (*at, site.clone()));
        if let Some((at, site)) = found.filter(|(at, _)| rip - at < JUMP) {
            if breakpoint {
                // Met the patch while it was being written; this lock says that it is done.
                return if rip == at { Landing::At(rip) } else { Landing::No };
            }
            let Some(copy) = site.copy_of(rip - at) else { return Landing::No };
            let count = site.landings + 1;
            if let Some(site) = Arc::make_mut(&mut self.patches).sites.get_mut(&at) {
                site.landings = count;
            }
            if count >= MAX_LANDINGS {
                self.give_back(at..at + 1, false);
                self.leave_site(at, Left::Target);
            }
            return Landing::At(copy);
        }
        // It was a patch when the processor met it. What the original has there can be executed.
        let mut gone = self.patches.gone.iter().rev();
        match gone.find(|(at, site)| rip == *at && breakpoint || site.copy_of(rip.wrapping_sub(*at)).is_some()) {
            Some((at, site)) if write::is_original(*at, &site.original) => Landing::At(rip),
            _ => Landing::No,
        }
    }

    /// Text in `range` will change or go away: its sites get their original bytes back, or are forgotten with them when
    /// `vanishes` and nothing is left of them.
    pub(super) fn give_back(&mut self, range: Range<usize>, vanishes: bool) {
        if self.patches.sites.is_empty() && self.patches.left.is_empty() {
            return;
        }
        let first = range.start.saturating_sub(JUMP - 1);
        let touched: Vec<usize> = self.patches.sites.range(first..range.end.max(first)).map(|(at, _)| *at).collect();
        let decided: Vec<usize> = self.patches.left.range(first..range.end.max(first)).map(|(at, _)| *at).collect();
        if touched.is_empty() && decided.is_empty() {
            return;
        }
        let threads = self.threads;
        let patches = Arc::make_mut(&mut self.patches);
        for at in decided {
            patches.left.remove(&at);
        }
        for at in touched {
            let Some(site) = Arc::make_mut(&mut self.patches).sites.remove(&at) else { continue };
            let whole = range.start <= at && at + JUMP <= range.end;
            if !(vanishes && whole) {
                self.restore(at, &site, threads);
            }
            let gone = &mut Arc::make_mut(&mut self.patches).gone;
            if gone.len() >= MAX_GONE {
                gone.remove(0);
            }
            gone.push((at, site));
        }
    }

    fn restore(&self, at: usize, site: &Site, threads: bool) {
        let prot = |addr: usize| self.vmas.at(addr).map(|v| v.prot);
        let starts: Vec<usize> = site.boundaries.iter().map(|b| usize::from(b.original)).collect();
        write::original(at, &site.original, &starts, &prot, threads);
    }
}

/// Private text of a file.
fn may_be_patched(vma: &Vma) -> bool {
    vma.prot == PROT_READ | PROT_EXEC && !vma.is_shared() && matches!(vma.label, Label::File(_))
}
