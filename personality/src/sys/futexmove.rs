//! `futex(2)`: from a futex without an owner to one with: `FUTEX_WAIT_REQUEUE_PI` and `FUTEX_CMP_REQUEUE_PI`
//! (`kernel/futex/requeue.c`).
//!
//! Who waits to be moved stands in the kernel's own list ([`vkernel::task::Requeues`]), not in the host's; who has been moved waits as
//! `futexpi` has it. Other operations at such a futex are refused, as on Linux. Locks: that list's.

use super::futex::{CMP_REQUEUE, PRIVATE, bring_in, check_word, other};
use super::futexpi::{self, Patience};
use crate::dispatch::Call;
use host::sys::futex::FutexArg;
use host::time::Deadline;
use host::{Errno, Result, cpu, user};
use vkernel::Task;
use vkernel::kernel::kernel;
use vkernel::mm::FutexKey;
use vkernel::task::{Requeue, Stage, TID_MASK, Wait};

/// The two words of such an operation, and the operation.
#[derive(Clone, Copy)]
pub(super) struct Ends {
    /// Where is waited.
    pub addr: usize,
    /// The futex with an owner.
    pub addr2: usize,
    /// The operation, of which `PRIVATE` counts.
    pub op: u32,
}

impl Ends {
    /// What identifies them. The second must be writable.
    fn keys(self, task: &Task) -> Result<(FutexKey, FutexKey)> {
        let from = key(task, self.addr, self.op)?;
        let to = key(task, self.addr2, self.op)?;
        if self.op & PRIVATE == 0 && !cpu::current().fault_in(self.addr2, true) {
            return Err(Errno::EFAULT);
        }
        Ok((from, to))
    }

    /// Does what looks at the words as they are, and again once their pages are there.
    fn with_pages<T>(self, mut act: impl FnMut() -> Result<T>) -> Result<T> {
        match act() {
            Err(Errno::EFAULT) => {
                let (first, second) = (bring_in(self.addr), bring_in(self.addr2));
                if first || second { act() } else { Err(Errno::EFAULT) }
            }
            out => out,
        }
    }
}

fn key(task: &Task, addr: usize, op: u32) -> Result<FutexKey> {
    check_word(addr)?;
    task.mm().futex_key(addr, op & PRIVATE != 0)
}

/// Waits at the first futex, to be moved to the second one and to own that. `EAGAIN` if the first word holds something else, and if
/// a signal comes after the move.
pub(super) fn wait(call: &mut Call<'_>, ends: Ends, val: u32, until: Option<Deadline>) -> Result<usize> {
    let task = call.task;
    *task.restart.lock() = None;
    if ends.addr == ends.addr2 {
        return Err(Errno::EINVAL);
    }
    let (from, to) = ends.keys(task)?;
    let queue = &kernel().requeues;
    let who = ends.with_pages(|| queue.wait(task, ends.addr, val, from, to))?;
    let moved = |stage: Stage| (stage != Stage::Waiting).then_some(());
    let out = task.wait_for(until, |_| moved(who.stage()));
    match (queue.leave(&who), out) {
        (Stage::Owner, _) => Ok(0),
        (Stage::Moved, _) => {
            let out = futexpi::take(task, ends.addr2, ends.op, Patience::Until(until), true);
            // The call cannot be made again: the first word has changed.
            out.map_err(|e| if e == Errno::EINTR { Errno::EAGAIN } else { e })
        }
        (Stage::Waiting, Wait::TimedOut) => Err(Errno::ETIMEDOUT),
        (Stage::Waiting, _) => {
            call.restarts_always = true;
            Err(Errno::EINTR)
        }
    }
}

/// Moves those who wait at the first futex to the second, which the first of them owns if it is free; `more` beside that one.
/// Answers how many.
pub(super) fn requeue(task: &Task, ends: Ends, wake: u32, more: u32, val: u32) -> Result<usize> {
    if ends.addr == ends.addr2 || wake != 1 {
        return Err(Errno::EINVAL);
    }
    let (from, to) = ends.keys(task)?;
    if from == to {
        return Err(Errno::EINVAL);
    }
    if user::load_u32(ends.addr)? != val {
        return Err(Errno::EAGAIN);
    }
    let owner = user::load_u32(ends.addr2)? & TID_MASK;
    let absent = (owner != 0 && !Task::may_own(owner)).then_some(owner);
    let how = Requeue { from: (from, ends.addr, val), to: (to, ends.addr2), more: more as usize, absent };
    let moved = ends.with_pages(|| kernel().requeues.requeue(&how))?;
    if moved <= more as usize && has_others(task, ends, val)? {
        return Err(Errno::EINVAL);
    }
    Ok(moved)
}

/// Whether somebody waits at the first futex in the ordinary way: the host moves and counts them, from where they are to there.
fn has_others(task: &Task, ends: Ends, val: u32) -> Result<bool> {
    let (op, all) = (CMP_REQUEUE | ends.op & PRIVATE, FutexArg::Val2(i32::MAX as u32));
    match other(task, ends.addr, op, 0, all, ends.addr, val) {
        // It holds something else by now.
        Err(Errno::EAGAIN) => Ok(false),
        out => Ok(out? > 0),
    }
}

/// What an ordinary operation at a futex answers that found `n` who wait and may go on to `most`: `EINVAL` if it comes to one who
/// waits to be moved to a futex with an owner.
#[inline]
pub(super) fn unless_reached(task: &Task, addr: usize, op: u32, n: usize, most: u32) -> Result<usize> {
    if n < most as usize && kernel().requeues.any_at(|| key(task, addr, op)) {
        return Err(Errno::EINVAL);
    }
    Ok(n)
}
