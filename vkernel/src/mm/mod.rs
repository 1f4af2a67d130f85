//! A guest's address space (Linux's `struct mm_struct` and `mm/mmap.c`).
//!
//! The guest's page tables are the host's: a mapping of the guest is one of the host process that runs it, and `fork` is a
//! host fork. What stands here is the bookkeeping (the host's own cannot be asked cheaply, and holds our memory too) and
//! Linux's rules: order of checks, limits, merging, where a mapping goes. The book and the host change together under the
//! one lock of this object (rank `MM`), and only inside of `host::layout::GUEST_RANGES`.
//!
//! - [`mmap`](Mm::mmap), [`munmap`](Mm::munmap), [`mprotect`](Mm::mprotect), [`mremap`](Mm::mremap), [`madvise`](Mm::madvise),
//!   [`msync`](Mm::msync), [`mincore`](Mm::mincore), [`mlock`](Mm::mlock) and family, [`brk`](Mm::brk): the calls;
//! - [`handle_fault`](Mm::handle_fault): growing stacks, and pages of arena files that are mapped when touched;
//! - [`new`](Mm::new), [`setup_stack`](Mm::setup_stack), [`map_segment`](Mm::map_segment), [`unmap_all`](Mm::unmap_all): `execve`;
//! - [`begin_fork`](Mm::begin_fork): `fork`; [`maps`](Mm::maps), [`render_maps`](Mm::render_maps): `/proc`.
//!
//! Everything that changes mappings must run in the host process whose memory it is; reading the book and dropping an `Mm`
//! may happen anywhere. Dropping one leaves the host's mappings alone.
//!
//! Left out: huge pages (`ENOMEM`), protection keys, userfaultfd, guard regions, resident
//! sizes (the host knows them), moving several mappings with one `mremap`. Locked memory is counted, not locked.

mod advise;
mod brk;
mod exec;
mod fault;
mod fork;
mod hostmap;
mod lock;
mod mmap;
pub mod patch;
mod policy;
mod protect;
mod remap;
mod remote;
mod render;
mod search;
mod shm;
mod sync;
#[cfg(test)]
mod tests;
mod tree;
mod truncate;
mod unmap;
mod vma;

pub use fault::{Access, FaultOutcome, FutexKey};
pub use fork::Fork;
pub use mmap::{MapFile, MapRequest};
pub use policy::Policy;
pub use render::VmaInfo;
pub use tree::Counts;
pub use truncate::file_shrank;
pub use vma::{
    Backing, FileName, FileTag, Label, PROT_EXEC, PROT_READ, PROT_RWX, PROT_WRITE, SharedAnon, VmFlags, Vma,
};

use alloc::sync::Arc;
use alloc::vec::Vec;
use core::any::Any;
use core::sync::atomic::{AtomicBool, AtomicUsize};
use host::abi::Rlimit;
use host::lock::{Mutex, rank};
use tree::Tree;

/// `MAP_SHARED`.
pub const MAP_SHARED: u32 = 1;
/// `MAP_PRIVATE`.
pub const MAP_PRIVATE: u32 = 2;
/// `MAP_SHARED_VALIDATE`.
pub const MAP_SHARED_VALIDATE: u32 = 3;
/// `MAP_FIXED`.
pub const MAP_FIXED: u32 = 0x10;
/// `MAP_ANONYMOUS`.
pub const MAP_ANONYMOUS: u32 = 0x20;
/// `MAP_32BIT`.
pub const MAP_32BIT: u32 = 0x40;
/// `MAP_GROWSDOWN`.
pub const MAP_GROWSDOWN: u32 = 0x100;
/// `MAP_LOCKED`.
pub const MAP_LOCKED: u32 = 0x2000;
/// `MAP_NORESERVE`.
pub const MAP_NORESERVE: u32 = 0x4000;
/// `MAP_POPULATE`.
pub const MAP_POPULATE: u32 = 0x8000;
/// `MAP_NONBLOCK`.
pub const MAP_NONBLOCK: u32 = 0x1_0000;
/// `MAP_HUGETLB`.
pub const MAP_HUGETLB: u32 = 0x4_0000;
/// `MAP_FIXED_NOREPLACE`.
pub const MAP_FIXED_NOREPLACE: u32 = 0x10_0000;

/// Most mappings of one address space (Linux's default `vm.max_map_count`).
pub const MAX_MAP_COUNT: usize = 65530;
/// Room that is kept free below a mapping that grows down (`stack_guard_gap`).
pub const STACK_GUARD_GAP: usize = 1 << 20;

/// The caller's resource limits that memory calls look at; `u64::MAX` is no limit.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// `RLIMIT_AS`.
    pub address_space: u64,
    /// `RLIMIT_DATA`.
    pub data: u64,
    /// The hard `RLIMIT_DATA`.
    pub data_max: u64,
    /// `RLIMIT_STACK`.
    pub stack: u64,
    /// `RLIMIT_MEMLOCK`; `u64::MAX` as well with `CAP_IPC_LOCK`.
    pub memlock: u64,
}

impl Limits {
    /// No limits but the usual 8 MiB of stack.
    pub const DEFAULT: Limits =
        Limits { address_space: u64::MAX, data: u64::MAX, data_max: u64::MAX, stack: 8 << 20, memlock: u64::MAX };

    /// From a task's table of limits (indexed by `RLIMIT_*`). `ipc_lock` says whether it has `CAP_IPC_LOCK`.
    pub fn from_rlimits(limits: &[Rlimit; 16], ipc_lock: bool) -> Limits {
        let [_, _, data, stack, _, _, _, _, memlock, address_space, ..] = limits;
        Limits {
            address_space: address_space.cur,
            data: data.cur,
            data_max: data.max,
            stack: stack.cur,
            memlock: if ipc_lock { u64::MAX } else { memlock.cur },
        }
    }
}

/// What `execve` notes about the image (Linux's fields of the same names), for `/proc` and `prctl(PR_SET_MM)`.
#[derive(Clone, Default)]
#[allow(missing_docs)]
pub struct MmInfo {
    /// The text of the program's interpreter, if it has one.
    pub loader: core::ops::Range<usize>,
    pub start_code: usize,
    pub end_code: usize,
    pub start_data: usize,
    pub end_data: usize,
    pub start_stack: usize,
    pub arg_start: usize,
    pub arg_end: usize,
    pub env_start: usize,
    pub env_end: usize,
    /// The auxiliary vector as bytes (`/proc/PID/auxv`).
    pub auxv: Vec<u8>,
    /// The executable, of the caller's own type (`/proc/PID/exe`).
    pub exe: Option<Arc<dyn Any + Send + Sync>>,
}

/// Whether an address is on a page boundary.
const fn page_aligned(addr: usize) -> bool {
    host::layout::page_down(addr) == addr
}

/// Everything under the lock.
struct Inner {
    vmas: Tree,
    info: MmInfo,
    start_brk: usize,
    brk: usize,
    /// `mlockall(MCL_FUTURE)`.
    lock_future: bool,
    /// Patched call sites.
    patches: Arc<patch::Patches>,
    /// Whether more than one task lives here; brought up to date by [`Mm::with`].
    threads: bool,
    /// Most bytes ever mapped.
    peak: usize,
    /// Mappings that ended; dropped by [`Mm::with`] once the lock is gone, for that may close files.
    dead: Vec<Vma>,
}

/// An address space, shared by the threads (and `vfork` children) that live in it.
pub struct Mm {
    /// Tasks that live here (Linux's `mm_users`).
    users: AtomicUsize,
    /// A file mapped here got shorter by another process's doing.
    stale: AtomicBool,
    /// A call site was patched, or was to be.
    patched: AtomicBool,
    /// Call sites that trap.
    traps: patch::Traps,
    /// None may be any more: somebody has traced a task that lives here.
    unpatched: AtomicBool,
    /// The host is to copy none of the mappings: see [`close`](Mm::close). Changed with `inner` locked.
    closed: AtomicBool,
    /// Contexts of `io_setup(2)`.
    pub aio: crate::aio::Contexts,
    inner: Mutex<Inner, { rank::MM }>,
}

impl Mm {
    /// An empty address space whose mappings are placed below `mmap_base`. For `execve`: an ordinary one gets
    /// `GUEST_MMAP_TOP` less a random number of pages.
    pub fn new(mmap_base: usize) -> Arc<Mm> {
        Mm::from_inner(Inner {
            vmas: Tree::new(mmap_base),
            info: MmInfo::default(),
            start_brk: 0,
            brk: 0,
            lock_future: false,
            patches: Arc::default(),
            threads: false,
            peak: 0,
            dead: Vec::new(),
        })
    }

    fn from_inner(inner: Inner) -> Arc<Mm> {
        let (users, stale, closed, aio) =
            (AtomicUsize::new(0), AtomicBool::default(), AtomicBool::default(), Default::default());
        let patched = AtomicBool::new(inner.patches.any());
        let (traps, unpatched) = (Default::default(), AtomicBool::new(false));
        Arc::new(Mm { users, stale, patched, traps, unpatched, closed, aio, inner: Mutex::new(inner) })
    }

    /// Runs `op` under the lock; what it ended is dropped afterwards.
    fn with<T>(&self, op: impl FnOnce(&mut Inner) -> T) -> T {
        let mut inner = self.inner.lock();
        inner.threads = self.users() > 1;
        let out = op(&mut inner);
        inner.peak = inner.peak.max(inner.vmas.counts().total);
        let dead = core::mem::take(&mut inner.dead);
        drop(inner);
        drop(dead);
        out
    }

    /// What `execve` noted about the image.
    pub fn info(&self) -> MmInfo {
        self.inner.lock().info.clone()
    }

    /// Changes it.
    pub fn update_info(&self, change: impl FnOnce(&mut MmInfo)) {
        // The old executable may be closed by this: not under the lock.
        let mut info = self.info();
        change(&mut info);
        let old = core::mem::replace(&mut self.inner.lock().info, info);
        drop(old);
    }

    /// Bytes mapped, by kind.
    pub fn counts(&self) -> Counts {
        self.inner.lock().vmas.counts()
    }

    /// Most bytes that were ever mapped at once (`VmPeak`).
    pub fn peak(&self) -> usize {
        self.inner.lock().peak
    }
}
