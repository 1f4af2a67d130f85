//! The host's clocks without a host call: its vDSO, a piece of host text that reads what the host keeps up to date.
//!
//! It is text outside of the runtime's, which guests run too. So a signal handler must know when the kernel runs it: the
//! thread's [`Cpu::borrows`](crate::cpu::Cpu::borrows) says so. Only the coarse clocks are read this way: they never need a system call,
//! which would be trapped here. Should the host make one after all, the handler answers `ENOSYS`, and the caller asks the host.

use crate::abi::Timespec;
use crate::cpu;

type ClockGettime = unsafe extern "C" fn(clock: i32, at: *mut Timespec) -> i32;

/// Reads a clock with the function at `function`. `None` if it does not know.
///
/// # Safety
/// `function` must be the address of the `clock_gettime` of this process's vDSO.
pub unsafe fn gettime(function: usize, clock: u32) -> Option<Timespec> {
    let mut at = Timespec::default();
    // SAFETY: the caller's promise; baseline code without vector registers or thread-local storage, and `at` is live.
    let result = cpu::current()
        .borrow_text(|| unsafe { core::mem::transmute::<usize, ClockGettime>(function)(clock as i32, &raw mut at) });
    (result == 0).then_some(at)
}
