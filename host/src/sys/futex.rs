//! `futex(2)` on the kernel's own words, and passed through on the guest's.

use super::{HostCall, call, call_interruptible};
use crate::errno::{Errno, Result};
use crate::time::Deadline;
use core::sync::atomic::AtomicU32;

const WAIT: usize = 0;
const WAKE: usize = 1;
const WAIT_BITSET: usize = 9;
const CLOCK_REALTIME: usize = 256;

/// Sleeps while `*word == seen`, whatever signals arrive: for locks.
pub fn wait_uninterruptible(word: &AtomicU32, seen: u32) {
    // SAFETY: a live word; no timeout. Every outcome is answered by looking at the word again.
    let _ = unsafe { call(HostCall::Futex, [word.as_ptr() as usize, WAIT, seen as usize, 0, 0, 0]) };
}

/// Sleeps while `*word == seen`, until woken, until a signal, or until the deadline (`ETIMEDOUT`).
pub fn wait_until(word: &AtomicU32, seen: u32, deadline: Option<Deadline>) -> Result<()> {
    let at = deadline.as_ref().map_or(0, |d| &raw const d.at as usize);
    let clock = if deadline.is_some_and(|d| d.clock == 0) { CLOCK_REALTIME } else { 0 };
    let args = [word.as_ptr() as usize, WAIT_BITSET | clock, seen as usize, at, 0, u32::MAX as usize];
    // SAFETY: a live word and a live timespec or NULL.
    unsafe { call(HostCall::Futex, args).map(drop) }
}

/// Wakes up to `n` sleepers.
pub fn wake(word: &AtomicU32, n: u32) {
    // SAFETY: a live word.
    let _ = unsafe { call(HostCall::Futex, [word.as_ptr() as usize, WAKE, n as usize, 0, 0, 0]) };
}

/// The same for a word that may be gone meanwhile: the host looks at the address only.
pub fn wake_at(word: usize, n: u32) {
    // SAFETY: waking neither reads nor writes the word.
    let _ = unsafe { call(HostCall::Futex, [word, WAKE, n as usize, 0, 0, 0]) };
}

/// A guest's futex call, made on its behalf. Host and guest processes have the same memory, so the host's futexes are
/// the guest's. The caller has checked that both words are guest memory; `timeout` is in kernel memory or `val2`.
pub fn guest(
    addr: usize,
    op: u32,
    val: u32,
    timeout: FutexArg,
    addr2: usize,
    val3: u32,
    kick: &AtomicU32,
) -> Result<usize> {
    if !crate::layout::is_guest(addr, 4) || (addr2 != 0 && !crate::layout::is_guest(addr2, 4)) {
        return Err(Errno::EFAULT);
    }
    let arg = match &timeout {
        FutexArg::None => 0,
        FutexArg::Timeout(t) => t as *const _ as usize,
        FutexArg::Val2(v) => *v as usize,
    };
    let args = [addr, op as usize, val as usize, arg, addr2, val3 as usize];
    // SAFETY: both words are guest memory, so the host can break nothing of ours.
    unsafe { call_interruptible(HostCall::Futex, args, kick.as_ptr()) }
}

/// `struct futex_waitv`: value, address, flags.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct WaitV {
    /// What the word should hold.
    pub value: u64,
    /// Where it is.
    pub addr: u64,
    /// Its size, and whether it is private.
    pub flags: u32,
    /// 0.
    pub reserved: u32,
}

/// `futex_waitv(2)` on guest words, made on the guest's behalf: answers which one was woken.
pub fn guest_waitv(
    list: &[WaitV],
    until: Option<&crate::abi::Timespec>,
    clock: u32,
    kick: &AtomicU32,
) -> Result<usize> {
    if list.iter().any(|w| !crate::layout::is_guest(w.addr as usize, 4)) {
        return Err(Errno::EFAULT);
    }
    let at = until.map_or(0, |t| &raw const *t as usize);
    let args = [list.as_ptr() as usize, list.len(), 0, at, clock as usize, 0];
    // SAFETY: a live list of guest words, and a live timespec or NULL.
    unsafe { call_interruptible(HostCall::FutexWaitv, args, kick.as_ptr()) }
}

/// The fourth argument of `futex(2)`.
pub enum FutexArg {
    /// No timeout.
    None,
    /// A timeout, relative or absolute as the operation has it.
    Timeout(crate::abi::Timespec),
    /// A second count.
    Val2(u32),
}
