//! `futex(2)` with owners: `FUTEX_LOCK_PI`, `LOCK_PI2`, `TRYLOCK_PI`, `UNLOCK_PI` (`kernel/futex/pi.c`).
//!
//! The word holds the owner's thread id, which is the guest's and which the host does not know; so the protocol is kept here,
//! and the host's futex is what waiters sleep on. A word that is let go of while somebody waits says so until a waiter has it:
//! nobody takes it past the kernel then. There are no priorities to inherit. How a waiter at another futex comes here, `futexmove` says.

use super::futex::{ALL_BITS, PRIVATE, WAKE, Waiting, bring_in, other, sleep_once};
use crate::dispatch::Call;
use host::sys::futex::FutexArg;
use host::time::Deadline;
use host::{Errno, Result, user};
use vkernel::Task;
use vkernel::task::{OWNER_DIED, TID_MASK, WAITERS};

/// What to do when somebody else has it.
#[derive(Clone, Copy)]
pub(super) enum Patience {
    /// `EAGAIN`.
    Try,
    /// Wait, until then if it is given.
    Until(Option<Deadline>),
}

/// Takes the futex. `EDEADLK` when the caller has it, `ESRCH` when nobody can have it who it says has.
pub(super) fn lock(call: &mut Call<'_>, addr: usize, op: u32, patience: Patience) -> Result<usize> {
    *call.task.restart.lock() = None;
    let out = take(call.task, addr, op, patience, false);
    call.restarts_always = out == Err(Errno::EINTR);
    out
}

/// The same. `waited` says whether the caller counts as one who waits already.
pub(super) fn take(task: &Task, addr: usize, op: u32, patience: Patience, mut waited: bool) -> Result<usize> {
    let mut brought_in = false;
    loop {
        task.thread.prepare();
        let seen = user::load_u32(addr)?;
        let owner = seen & TID_MASK;
        if owner == task.tid() {
            return Err(Errno::EDEADLK);
        }
        let lost = owner != 0 && !Task::may_own(owner);
        if owner == 0 || lost && waited {
            let died = if lost { OWNER_DIED } else { seen & OWNER_DIED };
            let marks = if waited { WAITERS } else { seen & WAITERS };
            if user::cmpxchg_u32(addr, seen, task.tid() | died | marks)? == seen {
                return Ok(0);
            }
            continue;
        }
        // It may have let go and ended since.
        if lost && user::load_u32(addr)? != seen {
            continue;
        }
        let until = match patience {
            _ if lost => return Err(Errno::ESRCH),
            Patience::Try => return Err(Errno::EAGAIN),
            Patience::Until(until) => until,
        };
        if seen & WAITERS == 0 && user::cmpxchg_u32(addr, seen, seen | WAITERS)? != seen {
            continue;
        }
        if task.signal_pending() {
            return Err(Errno::EINTR);
        }
        waited = true;
        match sleep(task, addr, op, seen | WAITERS, owner, until) {
            // Somebody let go of it, or something else is to be looked at.
            Ok(_) | Err(Errno::EAGAIN | Errno::EINTR) => {}
            Err(Errno::EFAULT) if !brought_in && bring_in(addr) => brought_in = true,
            Err(e) => return Err(e),
        }
    }
}

/// One sleep for as long as the word says that `owner` has it, and `owner` is there.
fn sleep(task: &Task, addr: usize, op: u32, word: u32, owner: u32, until: Option<Deadline>) -> Result<usize> {
    if !task.wait_for_owner(owner) {
        return Ok(0);
    }
    let out = sleep_once(task, &Waiting { addr, op, val: word, bits: ALL_BITS }, until);
    task.wait_no_more();
    out
}

/// Lets go of the futex: `EPERM` if the caller does not have it.
pub(super) fn unlock(task: &Task, addr: usize, op: u32) -> Result<usize> {
    loop {
        let seen = user::load_u32(addr)?;
        if seen & TID_MASK != task.tid() {
            return Err(Errno::EPERM);
        }
        let left = seen & WAITERS;
        if user::cmpxchg_u32(addr, seen, left)? != seen {
            continue;
        }
        if left != 0 && other(task, addr, WAKE | op & PRIVATE, 1, FutexArg::None, 0, 0)? == 0 {
            // Who waited has given up, or is on the way to find it free.
            let _ = user::cmpxchg_u32(addr, left, 0)?;
        }
        return Ok(0);
    }
}
