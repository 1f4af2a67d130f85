//! What a frozen tree keeps of files that were opened: the host's descriptor, and small contents.
//!
//! Has no counterpart in Linux, where the page cache does it. The tree is taken as unchanging, so what was kept stays true;
//! opening a kept file again, and reading a small one, needs no host call. As many descriptors are kept as there are places,
//! in a ring; who comes takes the place of who has not been opened since the ring came by last. Locks: the ring (LEAF).

use super::inode::HostInode;
use alloc::boxed::Box;
use alloc::sync::{Arc, Weak};
use alloc::vec::Vec;
use core::sync::atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed};
use host::iov::IovIter;
use host::lock::Mutex;
use host::rcu::{self, RcuCell};
use host::sys::fd::{self, HostFd};

/// Descriptors kept by one tree.
const PLACES: usize = 256;
/// Longest file whose contents are kept.
const SMALL: u64 = 64 << 10;
/// Bytes of contents kept by one tree.
const BUDGET: usize = 8 << 20;

/// What is kept of one file.
pub(super) struct Kept {
    pub fd: Arc<HostFd>,
    size: u64,
    /// Opened again since the ring came by.
    used: AtomicBool,
    bytes: RcuCell<Bytes>,
}

/// A small file's contents. They count until they go.
struct Bytes {
    bytes: Box<[u8]>,
    total: Arc<AtomicUsize>,
}

impl Drop for Bytes {
    fn drop(&mut self) {
        self.total.fetch_sub(self.bytes.len(), Relaxed);
    }
}

/// Who is kept.
#[derive(Default)]
pub(super) struct Keeper {
    ring: Mutex<Ring>,
    /// Bytes of contents.
    total: Arc<AtomicUsize>,
}

#[derive(Default)]
struct Ring {
    places: Vec<Weak<HostInode>>,
    next: usize,
}

impl Keeper {
    /// Keeps a file that was just opened for the first time.
    pub fn enter(&self, inode: &Arc<HostInode>, fd: HostFd, size: u64) -> Arc<Kept> {
        let kept = Arc::new(Kept { fd: Arc::new(fd), size, used: AtomicBool::new(false), bytes: RcuCell::new(None) });
        let before = inode.kept.replace(Some(kept.clone()));
        let evicted = self.ring.lock().place(inode);
        // Host descriptors are closed without the lock.
        let gone = evicted.and_then(|old| old.upgrade()).map(|old| old.kept.replace(None));
        drop((before, gone));
        kept
    }
}

impl Ring {
    /// Gives an inode a place; answers who had it.
    fn place(&mut self, inode: &Arc<HostInode>) -> Option<Weak<HostInode>> {
        let weak = Arc::downgrade(inode);
        if self.places.len() < PLACES {
            self.places.push(weak);
            return None;
        }
        // At most once around: whoever was used gets another turn.
        for _ in 0..PLACES {
            let at = self.next;
            self.next = (at + 1) % PLACES;
            if !self.places.get(at).and_then(Weak::upgrade).is_some_and(|i| i.was_used()) {
                break;
            }
        }
        let at = (self.next + PLACES - 1) % PLACES;
        self.places.get_mut(at).map(|place| core::mem::replace(place, weak))
    }
}

impl Kept {
    /// It is opened again.
    pub fn again(&self) {
        self.used.store(true, Relaxed);
    }

    /// Whether it was, since this was asked last.
    pub fn was_used(&self) -> bool {
        self.used.swap(false, Relaxed)
    }

    /// Reads from what is kept, or keeps it first if the file is small and was opened more than once. `None` when the
    /// host has to be asked.
    pub fn read(&self, keeper: &Keeper, off: u64, to: &mut IovIter<'_>) -> Option<usize> {
        // Files without a size may have contents all the same (`/sys`).
        if self.size == 0 {
            return None;
        }
        if off >= self.size {
            return Some(0);
        }
        if self.size > SMALL {
            return None;
        }
        let reading = rcu::read();
        if self.bytes.is_empty() && (!self.used.load(Relaxed) || !self.fill(keeper)) {
            return None;
        }
        let kept = self.bytes.get(&reading)?.get();
        let rest = kept.bytes.get(off as usize..)?;
        Some(to.put(rest.get(..to.remaining()).unwrap_or(rest)))
    }

    fn fill(&self, keeper: &Keeper) -> bool {
        let len = self.size as usize;
        if keeper.total.load(Relaxed) + len > BUDGET {
            return false;
        }
        let mut bytes = Vec::new();
        if bytes.try_reserve_exact(len).is_err() {
            return false;
        }
        bytes.resize(len, 0);
        if fd::read_file(self.fd.raw(), 0, &mut IovIter::kernel_mut(&mut bytes)) != Ok(len) {
            return false;
        }
        keeper.total.fetch_add(len, Relaxed);
        let bytes = Bytes { bytes: bytes.into_boxed_slice(), total: keeper.total.clone() };
        drop(self.bytes.replace(Some(Arc::new(bytes))));
        true
    }
}
