//! `futex(2)` (Linux's `kernel/futex/`).
//!
//! Guest memory is the host's, so the host's futexes serve: every operation without priority inheritance is made there on
//! the guest's words. A wait is made with an absolute deadline, so that it can be made again at any time, and it is made again
//! whenever it was interrupted by something that is none of the guest's business.
//!
//! Operations with an owner are `futexpi`'s, and those that lead to one `futexmove`'s.

use super::futexmove::{self, Ends};
use super::futexpi::{self, Patience};
use crate::dispatch::Call;
use crate::table::Ptr;
use alloc::vec::Vec;
use host::abi::Timespec;
use host::sys::futex::{FutexArg, WaitV, guest, guest_waitv};
use host::time::Deadline;
use host::{Errno, Result, cpu, user};
use vkernel::Task;

const WAIT: u32 = 0;
pub(super) const WAKE: u32 = 1;
const REQUEUE: u32 = 3;
pub(super) const CMP_REQUEUE: u32 = 4;
const WAKE_OP: u32 = 5;
const LOCK_PI: u32 = 6;
const UNLOCK_PI: u32 = 7;
const TRYLOCK_PI: u32 = 8;
const WAIT_BITSET: u32 = 9;
const WAKE_BITSET: u32 = 10;
const WAIT_REQUEUE_PI: u32 = 11;
const CMP_REQUEUE_PI: u32 = 12;
const LOCK_PI2: u32 = 13;

pub(super) const PRIVATE: u32 = 128;
/// `FUTEX_CLOCK_REALTIME`.
const REALTIME: u32 = 256;
const CMD_MASK: u32 = !(PRIVATE | REALTIME);
pub(super) const ALL_BITS: u32 = u32::MAX;

/// `futex(2)`.
pub fn futex(call: &mut Call<'_>, word: Ptr, op: u32, val: u32, timeout: Ptr, word2: Ptr, val3: u32) -> Result<usize> {
    let cmd = op & CMD_MASK;
    let waits = matches!(cmd, WAIT | WAIT_BITSET | WAIT_REQUEUE_PI | LOCK_PI | LOCK_PI2);
    let time = if waits { read_timeout(timeout)? } else { None };
    if op & REALTIME != 0 && !matches!(cmd, WAIT_BITSET | WAIT_REQUEUE_PI | LOCK_PI2) {
        return Err(Errno::ENOSYS);
    }
    let (addr, addr2, val2) = (word.0, word2.0, timeout.0 as u32);
    let bits = if cmd == WAIT_BITSET || cmd == WAKE_BITSET { val3 } else { ALL_BITS };
    if bits == 0 {
        return Err(Errno::EINVAL);
    }
    let negative = |n: u32| (n as i32) < 0;
    match cmd {
        WAIT | WAIT_BITSET => {
            check_word(addr)?;
            wait(call, Waiting { addr, op, val, bits }, time)
        }
        WAKE | WAKE_BITSET => {
            let woken = other(call.task, addr, op, val, FutexArg::None, 0, val3)?;
            futexmove::unless_reached(call.task, addr, op, woken, val.max(1))
        }
        REQUEUE | CMP_REQUEUE | CMP_REQUEUE_PI if negative(val) || negative(val2) => Err(Errno::EINVAL),
        REQUEUE | CMP_REQUEUE | WAKE_OP => {
            check_word(addr)?;
            check_word(addr2)?;
            let moved = other(call.task, addr, op, val, FutexArg::Val2(val2), addr2, val3)?;
            futexmove::unless_reached(call.task, addr, op, moved, val.saturating_add(val2))
        }
        WAIT_REQUEUE_PI => {
            let clock = if op & REALTIME != 0 { 0 } else { 1 };
            futexmove::wait(call, Ends { addr, addr2, op }, val, time.map(|at| Deadline { clock, at }))
        }
        CMP_REQUEUE_PI => futexmove::requeue(call.task, Ends { addr, addr2, op }, val, val2, val3),
        LOCK_PI | LOCK_PI2 => {
            check_word(addr)?;
            let real = cmd == LOCK_PI || op & REALTIME != 0;
            let until = time.map(|at| Deadline { clock: if real { 0 } else { 1 }, at });
            futexpi::lock(call, addr, op, Patience::Until(until))
        }
        TRYLOCK_PI => {
            check_word(addr)?;
            futexpi::lock(call, addr, op, Patience::Try)
        }
        UNLOCK_PI => {
            check_word(addr)?;
            futexpi::unlock(call.task, addr, op)
        }
        _ => Err(Errno::ENOSYS),
    }
}

fn read_timeout(at: Ptr) -> Result<Option<Timespec>> {
    match user::read_opt::<Timespec>(at.0)? {
        Some(t) if !t.is_valid() => Err(Errno::EINVAL),
        t => Ok(t),
    }
}

/// `get_futex_key`: alignment before everything else.
pub(super) fn check_word(addr: usize) -> Result<()> {
    if !addr.is_multiple_of(4) {
        return Err(Errno::EINVAL);
    }
    if host::layout::is_guest(addr, 4) { Ok(()) } else { Err(Errno::EFAULT) }
}

/// Asks the address space for the page of a word that the host could not reach.
pub(super) fn bring_in(addr: usize) -> bool {
    addr != 0 && (cpu::current().fault_in(addr, true) || cpu::current().fault_in(addr, false))
}

/// A wait for a word.
pub(super) struct Waiting {
    /// Where it is.
    pub addr: usize,
    /// The operation, of which `PRIVATE` counts.
    pub op: u32,
    /// What it must hold.
    pub val: u32,
    /// Whose wake-ups count.
    pub bits: u32,
}

fn wait(call: &mut Call<'_>, w: Waiting, time: Option<Timespec>) -> Result<usize> {
    let task = call.task;
    let deadline = match time {
        None => {
            *task.restart.lock() = None;
            None
        }
        Some(span) if w.op & CMD_MASK == WAIT => task.deadline_for(call.nr, span),
        Some(at) => {
            *task.restart.lock() = None;
            Some(Deadline { clock: if w.op & REALTIME != 0 { 0 } else { 1 }, at })
        }
    };
    let out = sleep(task, &w, deadline);
    if out == Err(Errno::EINTR) && time.is_some() {
        // With a timeout, the call is made again only if no handler runs, whatever its flags.
        task.keep_deadline(call.nr, deadline);
    }
    out
}

fn sleep(task: &Task, w: &Waiting, deadline: Option<Deadline>) -> Result<usize> {
    let mut brought_in = false;
    loop {
        task.thread.prepare();
        if task.signal_pending() {
            // As on Linux, a value that differs comes first.
            return Err(if user::load_u32(w.addr)? == w.val { Errno::EINTR } else { Errno::EAGAIN });
        }
        let holds = || user::load_u32(w.addr) == Ok(w.val);
        // For everybody else, the call has not begun yet.
        if deadline.is_none() && holds() && task.thread.give_turn(|| !holds()) && user::load_u32(w.addr)? != w.val {
            return Err(Errno::EAGAIN);
        }
        match sleep_once(task, w, deadline) {
            // Kicked, not woken: look at the signals, and wait on if it was nothing.
            Err(Errno::EINTR) => {}
            Err(Errno::EFAULT) if !brought_in && bring_in(w.addr) => brought_in = true,
            other => return other,
        }
    }
}

/// One sleep of the host's.
pub(super) fn sleep_once(task: &Task, w: &Waiting, until: Option<Deadline>) -> Result<usize> {
    let clock = if until.is_some_and(|d| d.clock == 0) { REALTIME } else { 0 };
    let host_op = WAIT_BITSET | w.op & PRIVATE | clock;
    let arg = until.map_or(FutexArg::None, |d| FutexArg::Timeout(d.at));
    task.set_state(b'S');
    let out = task.thread.in_host_call(|kick| guest(w.addr, host_op, w.val, arg, 0, w.bits, kick));
    task.set_state(b'R');
    out
}

/// The operations that do not sleep.
pub(super) fn other(
    task: &Task,
    addr: usize,
    op: u32,
    val: u32,
    arg: FutexArg,
    addr2: usize,
    val3: u32,
) -> Result<usize> {
    check_word(addr)?;
    let again = match &arg {
        FutexArg::Val2(n) => FutexArg::Val2(*n),
        _ => FutexArg::None,
    };
    let never = task.thread.kick_never();
    match guest(addr, op, val, arg, addr2, val3, never) {
        Err(Errno::EFAULT) => {
            let (first, second) = (bring_in(addr), bring_in(addr2));
            if first || second { guest(addr, op, val, again, addr2, val3, never) } else { Err(Errno::EFAULT) }
        }
        out => out,
    }
}

/// `struct futex_waitv`: value, address, flags, 0.
type RawWaitV = [u64; 3];

/// `futex_waitv(2)`.
pub fn futex_waitv(call: &mut Call<'_>, list: Ptr, n: u32, flags: u32, timeout: Ptr, clock: i32) -> Result<usize> {
    const MOST: u32 = 128;
    const SIZE_U32: u32 = 2;
    const KNOWN: u32 = SIZE_U32 | PRIVATE;
    if flags != 0 || n == 0 || n > MOST || list.0 == 0 {
        return Err(Errno::EINVAL);
    }
    let until = if timeout.0 == 0 {
        None
    } else if !(0..=1).contains(&clock) {
        return Err(Errno::EINVAL);
    } else {
        read_timeout(timeout)?
    };
    let mut words = Vec::new();
    for i in 0..n as usize {
        let [value, addr, rest]: RawWaitV = user::read(list.0.wrapping_add(24 * i))?;
        let (flags, reserved) = (rest as u32, (rest >> 32) as u32);
        if flags & !KNOWN != 0 || flags & SIZE_U32 == 0 || reserved != 0 || value > u64::from(u32::MAX) {
            return Err(Errno::EINVAL);
        }
        words.push(WaitV { value, addr, flags, reserved });
    }
    for word in &words {
        check_word(word.addr as usize)?;
    }
    let task = call.task;
    let mut brought_in = false;
    loop {
        task.thread.prepare();
        if task.signal_pending() {
            return Err(Errno::EINTR);
        }
        task.set_state(b'S');
        let out = task.thread.in_host_call(|kick| guest_waitv(&words, until.as_ref(), clock as u32, kick));
        task.set_state(b'R');
        match out {
            // Kicked, not woken: look at the signals, and wait on if it was nothing.
            Err(Errno::EINTR) => {}
            Err(Errno::EFAULT) if !brought_in => {
                brought_in = true;
                for word in &words {
                    bring_in(word.addr as usize);
                }
            }
            other => return other,
        }
    }
}
