//! Those who wait at one futex and are to be moved to another one, which has an owner (`kernel/futex/requeue.c`).
//!
//! `FUTEX_WAIT_REQUEUE_PI` waits in this list and not in the host's: who is moved first gets the second futex without having
//! run, and its word then holds a thread id that the host does not know. Who is moved and does not get it is woken, and takes its
//! turn at the second futex as any who waits there. First come, first served: there are no priorities. Locks: the list's (rank
//! OBJECT), under which the words are looked at as they are; where a page is missing, the caller brings it in and tries again.

use super::{OWNER_DIED, TID_MASK, Task, WAITERS};
use crate::mm::FutexKey;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::sync::atomic::{AtomicU32, Ordering::SeqCst};
use host::lock::{Mutex, rank};
use host::wait::HostThread;
use host::{Errno, Result, user};

/// How far a waiter has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// It waits at the first futex.
    Waiting,
    /// It is to wait for the second.
    Moved,
    /// It owns the second.
    Owner,
}

/// Who waits at a futex, and to which it may be moved.
pub struct Requeued {
    tid: u32,
    thread: Arc<HostThread>,
    from: FutexKey,
    to: FutexKey,
    stage: Mutex<Stage, { rank::LEAF }>,
}

/// What `FUTEX_CMP_REQUEUE_PI` asks for.
pub struct Requeue {
    /// The first futex, where its word is, and what that must hold.
    pub from: (FutexKey, usize, u32),
    /// The second, and where its word is.
    pub to: (FutexKey, usize),
    /// How many are moved beside the first.
    pub more: usize,
    /// A thread that was not there after the second word had named it as the owner.
    pub absent: Option<u32>,
}

/// Everybody who waits to be moved.
#[derive(Default)]
pub struct Requeues {
    count: AtomicU32,
    waiting: Mutex<Vec<Arc<Requeued>>, { rank::OBJECT }>,
}

impl Requeues {
    /// Lets `task` wait at the futex `from`, whose word is at `addr`. `EAGAIN` if that does not hold `val`; `EINVAL` if both
    /// futexes are one; `EFAULT` if its page is not there.
    pub fn wait(&self, task: &Task, addr: usize, val: u32, from: FutexKey, to: FutexKey) -> Result<Arc<Requeued>> {
        let thread = task.thread.clone();
        let who = Arc::new(Requeued { tid: task.tid(), thread, from, to, stage: Mutex::new(Stage::Waiting) });
        let mut waiting = self.waiting.lock();
        if user::peek_u32(addr)? != val {
            return Err(Errno::EAGAIN);
        }
        if from == to {
            return Err(Errno::EINVAL);
        }
        waiting.push(who.clone());
        self.count.fetch_add(1, SeqCst);
        Ok(who)
    }

    /// It waits no more: how far it has come.
    pub fn leave(&self, who: &Arc<Requeued>) -> Stage {
        let mut waiting = self.waiting.lock();
        if let Some(at) = waiting.iter().position(|w| Arc::ptr_eq(w, who)) {
            waiting.remove(at);
            self.count.fetch_sub(1, SeqCst);
        }
        who.stage()
    }

    /// Whether somebody waits at a futex whose key `key` finds out; asked only if somebody waits at all.
    #[inline]
    pub fn any_at(&self, key: impl FnOnce() -> Result<FutexKey>) -> bool {
        self.count.load(SeqCst) != 0 && key().is_ok_and(|key| self.waiting.lock().iter().any(|w| w.from == key))
    }

    /// Moves those who wait, and answers how many. The second futex goes to the first of them if it is free. `EAGAIN` if the first
    /// word holds something else; `EINVAL` for one who waits to be moved elsewhere; `EDEADLK` if it owns the second futex
    /// already; `ESRCH` if nobody can let go of that; `EFAULT` if a page is not there.
    pub fn requeue(&self, how: &Requeue) -> Result<usize> {
        let mut waiting = self.waiting.lock();
        let (from, addr, val) = how.from;
        if user::peek_u32(addr)? != val {
            return Err(Errno::EAGAIN);
        }
        user::peek_u32(how.to.1)?;
        let mut done = 0;
        while done <= how.more {
            let Some((at, who)) = waiting.iter().enumerate().find(|(_, w)| w.from == from) else {
                break;
            };
            if who.to != how.to.0 {
                return Err(Errno::EINVAL);
            }
            let stage = how.take_for(who.tid, done == 0)?;
            let who = waiting.remove(at);
            self.count.fetch_sub(1, SeqCst);
            *who.stage.lock() = stage;
            who.thread.kick();
            done += 1;
        }
        Ok(done)
    }
}

impl Requeued {
    /// How far it has come.
    pub fn stage(&self) -> Stage {
        *self.stage.lock()
    }
}

impl Requeue {
    /// Takes the second futex for `tid` if it is the first one's turn and nobody has it; else says in it that somebody waits.
    fn take_for(&self, tid: u32, first: bool) -> Result<Stage> {
        let addr = self.to.1;
        loop {
            let seen = user::peek_u32(addr)?;
            let owner = seen & TID_MASK;
            if owner == tid {
                return Err(Errno::EDEADLK);
            }
            if owner != 0 && self.absent == Some(owner) {
                return Err(Errno::ESRCH);
            }
            let (new, stage) = match owner {
                // Linux says that others wait as soon as others might.
                0 if first => {
                    let others = if self.more > 0 { WAITERS } else { 0 };
                    (tid | seen & (OWNER_DIED | WAITERS) | others, Stage::Owner)
                }
                // Whoever is woken sees to it.
                0 => return Ok(Stage::Moved),
                _ => (seen | WAITERS, Stage::Moved),
            };
            if new == seen || user::poke_u32(addr, seen, new)? == seen {
                return Ok(stage);
            }
        }
    }
}
