//! Locks over a shared futex word, good across processes.
//!
//! Answers to Linux's `kernel/locking/`. `lock_api` gives the guards; the raw locks are ours, because std's and
//! parking_lot's park on private futexes and thread-local storage. The mutex word holds its owner's host thread id, so a
//! holder that died is known; each thread counts the locks it holds in its [`HostThread`](crate::wait::HostThread),
//! and the supervisor ends the sandbox when a thread died with that count above zero.
//!
//! # Lock order
//! A lock may be taken only while no lock of a *higher* rank is held; debug builds check it. Outermost first:
//!
//! ```text
//! NEST                the graph of epolls that watch epolls
//! EPOLL               one epoll's interest list (two of this rank: the watching one first)
//! TASKLIST            pid table, parent and child links, sessions
//!   SIGHAND           dispositions and pending signals
//!     MM              one address space's mappings
//!       FILES         a descriptor table
//!         MOUNT       the mount table
//!           RENAME    one file system's rename mutex
//!             INODE   an inode's data or directory entries (two of one rank: by address)
//!               DCACHE  a dentry's children and name
//!                 OBJECT  a pipe, an eventfd, a lock list
//!                   WAITQ   a wait queue
//!                     LEAF    anything that takes no other lock (rank 0 is the same, unchecked)
//! ```

use crate::cpu;
use crate::sys::futex;
use core::sync::atomic::{AtomicU32, Ordering::*};

/// The ranks of the lock order, outermost smallest.
#[allow(missing_docs)]
pub mod rank {
    pub const NONE: u8 = 0;
    pub const NEST: u8 = 7;
    pub const EPOLL: u8 = 8;
    pub const TASKLIST: u8 = 10;
    pub const SIGHAND: u8 = 20;
    pub const MM: u8 = 30;
    pub const FILES: u8 = 40;
    pub const MOUNT: u8 = 50;
    pub const RENAME: u8 = 60;
    pub const INODE: u8 = 70;
    pub const DCACHE: u8 = 80;
    pub const OBJECT: u8 = 90;
    pub const WAITQ: u8 = 100;
    pub const LEAF: u8 = 110;
}

/// A mutual-exclusion lock of rank `R`.
pub type Mutex<T, const R: u8 = 0> = lock_api::Mutex<RawMutex<R>, T>;
/// Its guard.
pub type MutexGuard<'a, T, const R: u8 = 0> = lock_api::MutexGuard<'a, RawMutex<R>, T>;
/// A readers-writer lock of rank `R`.
pub type RwLock<T, const R: u8 = 0> = lock_api::RwLock<RawRwLock<R>, T>;
/// Its read guard.
pub type RwLockReadGuard<'a, T, const R: u8 = 0> = lock_api::RwLockReadGuard<'a, RawRwLock<R>, T>;
/// Its write guard.
pub type RwLockWriteGuard<'a, T, const R: u8 = 0> = lock_api::RwLockWriteGuard<'a, RawRwLock<R>, T>;

const WAITERS: u32 = 1 << 31;
const SPINS: u32 = 60;

/// The host thread id of the owner of a mutex; 0 when it is free.
pub fn owner<T, const R: u8>(mutex: &Mutex<T, R>) -> u32 {
    // SAFETY: the word is only looked at.
    unsafe { mutex.raw() }.owner()
}

#[inline]
fn took(rank: u8) {
    cpu::current().thread().lock_taken(rank);
}

#[inline]
fn gave(rank: u8) {
    cpu::current().thread().lock_released(rank);
}

/// Mutex word: 0 free, else the owner's host tid, with the top bit set while others sleep.
pub struct RawMutex<const R: u8>(AtomicU32);

impl<const R: u8> RawMutex<R> {
    /// The host thread id of the owner; 0 when it is free.
    fn owner(&self) -> u32 {
        self.0.load(Relaxed) & !WAITERS
    }

    fn lock_slow(&self, me: u32) {
        for _ in 0..SPINS {
            if self.0.load(Relaxed) == 0 && self.0.compare_exchange(0, me, Acquire, Relaxed).is_ok() {
                return;
            }
            crate::arch::spin_hint();
        }
        loop {
            let seen = self.0.load(Relaxed);
            if seen == 0 {
                // Others may sleep: keep the bit, at the price of one needless wake.
                if self.0.compare_exchange(0, me | WAITERS, Acquire, Relaxed).is_ok() {
                    return;
                }
                continue;
            }
            if seen & WAITERS == 0 && self.0.compare_exchange(seen, seen | WAITERS, Relaxed, Relaxed).is_err() {
                continue;
            }
            futex::wait_uninterruptible(&self.0, seen | WAITERS);
        }
    }
}

// SAFETY: the word is taken by compare-and-exchange and given back by swap; one owner at a time.
unsafe impl<const R: u8> lock_api::RawMutex for RawMutex<R> {
    #[allow(clippy::declare_interior_mutable_const)]
    const INIT: Self = RawMutex(AtomicU32::new(0));
    type GuardMarker = lock_api::GuardNoSend;

    fn lock(&self) {
        took(R);
        let me = cpu::current().thread().host_tid();
        if self.0.compare_exchange(0, me, Acquire, Relaxed).is_err() {
            self.lock_slow(me);
        }
    }

    fn try_lock(&self) -> bool {
        let me = cpu::current().thread().host_tid();
        let ok = self.0.compare_exchange(0, me, Acquire, Relaxed).is_ok();
        if ok {
            took(R);
        }
        ok
    }

    unsafe fn unlock(&self) {
        if self.0.swap(0, Release) & WAITERS != 0 {
            futex::wake(&self.0, 1);
        }
        gave(R);
    }
}

const WRITER: u32 = 1 << 30;

/// Word: number of readers, or `WRITER`; the top bit set while others sleep.
pub struct RawRwLock<const R: u8>(AtomicU32);

impl<const R: u8> RawRwLock<R> {
    fn acquire(&self, step: impl Fn(u32) -> Option<u32>) {
        let mut spins = 0;
        loop {
            let seen = self.0.load(Relaxed);
            if let Some(new) = step(seen) {
                if self.0.compare_exchange_weak(seen, new, Acquire, Relaxed).is_ok() {
                    return;
                }
                continue;
            }
            spins += 1;
            if spins < SPINS {
                crate::arch::spin_hint();
                continue;
            }
            if seen & WAITERS == 0 && self.0.compare_exchange(seen, seen | WAITERS, Relaxed, Relaxed).is_err() {
                continue;
            }
            futex::wait_uninterruptible(&self.0, seen | WAITERS);
        }
    }

    fn release(&self, step: impl Fn(u32) -> u32) {
        loop {
            let seen = self.0.load(Relaxed);
            let left = step(seen & !WAITERS);
            // Everybody is woken once nobody holds it; they sort it out among themselves.
            let new = if left == 0 { 0 } else { left | (seen & WAITERS) };
            if self.0.compare_exchange_weak(seen, new, Release, Relaxed).is_ok() {
                if left == 0 && seen & WAITERS != 0 {
                    futex::wake(&self.0, u32::MAX >> 1);
                }
                return;
            }
        }
    }
}

fn read_step(seen: u32) -> Option<u32> {
    (seen & WRITER == 0).then(|| seen + 1)
}

fn write_step(seen: u32) -> Option<u32> {
    (seen & !WAITERS == 0).then_some(seen | WRITER)
}

// SAFETY: a writer enters only when there are no readers and no writer; a reader only when there is no writer.
unsafe impl<const R: u8> lock_api::RawRwLock for RawRwLock<R> {
    #[allow(clippy::declare_interior_mutable_const)]
    const INIT: Self = RawRwLock(AtomicU32::new(0));
    type GuardMarker = lock_api::GuardNoSend;

    fn lock_shared(&self) {
        took(R);
        self.acquire(read_step);
    }

    fn try_lock_shared(&self) -> bool {
        let seen = self.0.load(Relaxed);
        let ok = read_step(seen).is_some_and(|new| self.0.compare_exchange(seen, new, Acquire, Relaxed).is_ok());
        if ok {
            took(R);
        }
        ok
    }

    unsafe fn unlock_shared(&self) {
        self.release(|n| n - 1);
        gave(R);
    }

    fn lock_exclusive(&self) {
        took(R);
        self.acquire(write_step);
    }

    fn try_lock_exclusive(&self) -> bool {
        let seen = self.0.load(Relaxed);
        let ok = write_step(seen).is_some_and(|new| self.0.compare_exchange(seen, new, Acquire, Relaxed).is_ok());
        if ok {
            took(R);
        }
        ok
    }

    unsafe fn unlock_exclusive(&self) {
        self.release(|_| 0);
        gave(R);
    }
}
