//! `fork`: the host copies the memory, this copies the book (Linux's `dup_mmap`). And who uses an address space.
//!
//! A `vfork` child that executes a program needs a host process of its own, too, but nothing of its parent's memory. For that the guest's
//! mappings are marked as not to be copied (`MADV_DONTFORK`), which saves the copy of their page tables and the removal of what was
//! copied. They stay so until somebody forks: who only ever starts programs by `vfork` pays for the marks once.

use super::advise::{DOFORK, DONTFORK};
use super::vma::VmFlags;
use super::{Inner, Mm};
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::sync::atomic::Ordering::*;
use host::Result;
use host::lock::{MutexGuard, rank};
use host::sys::mem;

/// A fork under way: the parent's address space stays locked, so that the host's copy and the book's agree.
///
/// The host's `clone` goes between [`Mm::begin_fork`] and its end: dropping this in the parent (also when the clone failed),
/// [`child`](Fork::child) in the child. Locks that stand before `MM` in the order can't be taken in between.
pub struct Fork<'a> {
    _guard: MutexGuard<'a, Inner, { rank::MM }>,
}

impl Fork<'_> {
    /// In the child: what its stack has is a byte copy of the parent's. The lock is the parent's to give back; the child's
    /// own thread has never taken it.
    pub fn child(self) {
        core::mem::forget(self);
    }
}

impl Mm {
    /// An address space with a copy of the book, for a child that is being built.
    pub fn fork_copy(&self) -> Result<Arc<Mm>> {
        let copy = self.inner.lock().copy();
        Ok(Mm::from_inner(copy))
    }

    /// Right before the host's `clone`: brings the child's book up to date (other threads may have mapped something since
    /// [`fork_copy`](Mm::fork_copy)) and locks this address space.
    pub fn begin_fork(&self, child: &Mm) -> Fork<'_> {
        let guard = self.inner.lock();
        if self.closed.swap(false, Relaxed) {
            guard.open();
        }
        let copy = guard.copy();
        child.patched.store(copy.patches.any(), Relaxed);
        child.traps.copy_from(&self.traps);
        // Nobody else uses the child's lock yet, so that two of one rank do no harm.
        child.with(|inner| {
            let mut old = core::mem::replace(inner, copy);
            inner.dead = old.vmas.clear();
        });
        Fork { _guard: guard }
    }

    /// Before the host's `clone` for a task that leaves this memory: its process will have none of the guest's mappings, or some or all of
    /// them if the host refuses or somebody else forks meanwhile.
    pub fn close(&self) {
        let _guard = self.inner.lock();
        self.closed.store(true, Relaxed);
        let _ = mem::advise_all_guest(DONTFORK);
    }

    /// One more task lives here.
    pub fn add_user(&self) {
        self.users.fetch_add(1, SeqCst);
    }

    /// A task has left. The last one empties the book, so that files are let go of; the host's mappings end with the
    /// process, or have ended with [`unmap_all`](Mm::unmap_all).
    pub fn drop_user(&self) {
        if self.users.fetch_sub(1, SeqCst) == 1 {
            let info = self.with(Inner::clear);
            drop(info);
        }
    }

    /// How many tasks live here.
    pub fn users(&self) -> usize {
        self.users.load(SeqCst)
    }
}

impl Inner {
    /// Undoes [`close`](Mm::close): forks copy again what the guest wants to be copied.
    fn open(&self) {
        if mem::advise_all_guest(DOFORK).is_err() {
            // The host has stopped at a device's memory, which is never copied.
            for range in self.vmas.iter().map(|vma| vma.range()).chain(self.vmas.all_reserved()) {
                let _ = mem::advise_guest(range.start, range.end - range.start, DOFORK);
            }
        }
        for vma in self.vmas.iter().filter(|vma| vma.flags.contains(VmFlags::DONTFORK)) {
            let _ = mem::advise_guest(vma.start, vma.len(), DONTFORK);
        }
    }

    fn copy(&self) -> Inner {
        let mut vmas = self.vmas.clone();
        vmas.retain(|vma| {
            vma.flags.remove(VmFlags::LOCKED);
            !vma.flags.contains(VmFlags::DONTFORK)
        });
        Inner {
            vmas,
            info: self.info.clone(),
            start_brk: self.start_brk,
            brk: self.brk,
            lock_future: false,
            patches: self.patches.clone(),
            threads: false,
            peak: self.vmas.counts().total,
            dead: Vec::new(),
        }
    }
}
