//! Host signals: the few dispositions that the runtime itself installs.

use super::{HostCall, call};
use crate::abi::{SigAction, StackT};
use crate::arch::gate;
use crate::errno::Result;

const SA_RESTORER: u64 = 0x0400_0000;

/// The host signal that tells a thread to look at its virtual signals: one that is ignored by default and coalesces.
pub const DOORBELL: i32 = 23; // SIGURG

/// `rt_sigaction(2)`; the restorer is the gate's.
///
/// # Safety
/// `handler` must be a signal handler fit for `flags`, or `SIG_IGN`/`SIG_DFL`.
pub unsafe fn action(sig: i32, handler: usize, flags: u64, mask: u64) -> Result<()> {
    let act = SigAction { handler, flags: flags | SA_RESTORER, restorer: gate::restorer(), mask };
    // SAFETY: a live structure; the handler is the caller's promise.
    unsafe { call(HostCall::RtSigaction, [sig as usize, &raw const act as usize, 0, 8, 0, 0]).map(drop) }
}

/// Replaces the thread's host mask; returns the old one.
pub fn set_mask(mask: u64) -> Result<u64> {
    let mut old = 0u64;
    let args = [2, &raw const mask as usize, &raw mut old as usize, 8, 0, 0];
    // SAFETY: live words.
    unsafe { call(HostCall::RtSigprocmask, args)? };
    Ok(old)
}

/// Names the thread's kernel stack as its signal stack.
///
/// # Safety
/// The range must be a stack of this thread's alone.
pub unsafe fn altstack(base: usize, size: usize) -> Result<()> {
    let st = StackT { sp: base, flags: 0, pad: 0, size };
    // SAFETY: a live structure; the stack is the caller's promise.
    unsafe { call(HostCall::Sigaltstack, [&raw const st as usize, 0, 0, 0, 0, 0]).map(drop) }
}
