//! Host clocks and randomness.

use super::{HostCall, call};
use crate::abi::Timespec;
use crate::errno::Result;

/// `clock_gettime(2)`.
pub fn gettime(clock: u32) -> Result<Timespec> {
    let mut t = Timespec::default();
    // SAFETY: `t` is a live timespec.
    unsafe { call(HostCall::ClockGettime, [clock as usize, &raw mut t as usize, 0, 0, 0, 0])? };
    Ok(t)
}

/// The same for a coarse clock, without a host call if the host's vDSO is known.
pub fn quick(clock: u32) -> Result<Timespec> {
    let function = crate::arena::clock();
    if function == 0 {
        return gettime(clock);
    }
    // SAFETY: who registered the function said that it is the vDSO's.
    match unsafe { crate::arch::vdso::gettime(function, clock) } {
        Some(now) => Ok(now),
        None => gettime(clock),
    }
}

/// `clock_getres(2)`.
pub fn getres(clock: u32) -> Result<Timespec> {
    let mut t = Timespec::default();
    // SAFETY: `t` is a live timespec.
    unsafe { call(HostCall::ClockGetres, [clock as usize, &raw mut t as usize, 0, 0, 0, 0])? };
    Ok(t)
}

/// Fills with random bytes (`getrandom(2)`): the one place where chance enters the kernel.
pub fn getrandom(buf: &mut [u8]) -> Result<()> {
    let mut done = 0;
    while done < buf.len() {
        let rest = &mut buf[done..];
        // SAFETY: `rest` is live and writable.
        done += unsafe { call(HostCall::Getrandom, [rest.as_mut_ptr() as usize, rest.len(), 0, 0, 0, 0])? };
    }
    Ok(())
}

/// A random word.
pub fn random_u64() -> u64 {
    let mut b = [0; 8];
    let _ = getrandom(&mut b);
    u64::from_ne_bytes(b)
}
