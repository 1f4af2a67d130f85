//! Host processes and threads: this kernel's CPUs.

use super::{HostCall, call};
use crate::abi::{Itimerval, Rlimit, Rusage, Sysinfo, Timespec};
use crate::errno::Result;
use crate::sys::signal::DOORBELL;

fn plain(nr: HostCall, a: usize, b: usize, c: usize) -> Result<usize> {
    // SAFETY: only used for calls that take plain numbers.
    unsafe { call(nr, [a, b, c, 0, 0, 0]) }
}

/// The host's process id.
pub fn getpid() -> u32 {
    plain(HostCall::Getpid, 0, 0, 0).unwrap_or(0) as u32
}

/// The host's thread id.
pub fn gettid() -> u32 {
    plain(HostCall::Gettid, 0, 0, 0).unwrap_or(0) as u32
}

/// The host's parent process id.
pub fn getppid() -> u32 {
    plain(HostCall::Getppid, 0, 0, 0).unwrap_or(0) as u32
}

/// Rings a thread's doorbell.
pub fn ring_doorbell(pid: u32, tid: u32) -> Result<()> {
    plain(HostCall::Tgkill, pid as usize, tid as usize, DOORBELL as usize).map(drop)
}

/// Sends a host signal to a thread of the sandbox.
pub fn tgkill(pid: u32, tid: u32, sig: i32) -> Result<()> {
    plain(HostCall::Tgkill, pid as usize, tid as usize, sig as usize).map(drop)
}

/// Sends a host signal to a process of the sandbox.
pub fn kill(pid: u32, sig: i32) -> Result<()> {
    plain(HostCall::Kill, pid as usize, sig as usize, 0).map(drop)
}

/// Ends this host thread.
pub fn exit_thread(status: i32) -> ! {
    loop {
        let _ = plain(HostCall::Exit, status as usize, 0, 0);
    }
}

/// Ends this host process.
pub fn exit_group(status: i32) -> ! {
    loop {
        let _ = plain(HostCall::ExitGroup, status as usize, 0, 0);
    }
}

/// `sched_yield(2)`.
pub fn sched_yield() {
    let _ = plain(HostCall::SchedYield, 0, 0, 0);
}

/// `prctl(2)` with plain numbers.
///
/// # Safety
/// The option must not take pointers, nor change what the trap relies on.
pub unsafe fn prctl(option: u32, a: usize, b: usize, c: usize, d: usize) -> Result<usize> {
    // SAFETY: the caller's promise.
    unsafe { call(HostCall::Prctl, [option as usize, a, b, c, d, 0]) }
}

/// `membarrier(2)`: every thread of this process has passed a serialising instruction since, wherever it runs. Registers
/// the process first, which its memory may have forgotten by a fork.
pub fn sync_cores() -> Result<()> {
    const REGISTER_PRIVATE_EXPEDITED_SYNC_CORE: usize = 64;
    const PRIVATE_EXPEDITED_SYNC_CORE: usize = 32;
    plain(HostCall::Membarrier, REGISTER_PRIVATE_EXPEDITED_SYNC_CORE, 0, 0)?;
    plain(HostCall::Membarrier, PRIVATE_EXPEDITED_SYNC_CORE, 0, 0).map(drop)
}

/// Asks to be killed with `sig` when the host parent dies.
pub fn set_pdeathsig(sig: i32) -> Result<()> {
    plain(HostCall::Prctl, 1, sig as usize, 0).map(drop)
}

/// `arch_prctl(ARCH_SET_GS)`: where `%gs:0` finds the [`Cpu`](crate::cpu::Cpu).
///
/// # Safety
/// `base` must be the address of a `Cpu` of this thread.
pub unsafe fn set_gs(base: usize) -> Result<()> {
    plain(HostCall::ArchPrctl, 0x1001, base, 0).map(drop)
}

/// `arch_prctl(ARCH_SET_FS)`: the guest's thread pointer.
pub fn set_guest_fs(base: usize) -> Result<()> {
    plain(HostCall::ArchPrctl, 0x1002, base, 0).map(drop)
}

/// `arch_prctl(ARCH_GET_FS)`.
pub fn guest_fs() -> usize {
    let mut v = 0usize;
    // SAFETY: a live word.
    let _ = unsafe { call(HostCall::ArchPrctl, [0x1003, &raw mut v as usize, 0, 0, 0, 0]) };
    v
}

/// Raw `clone(2)`. With `stack == 0` the child returns 0 from here on a copy of the memory.
///
/// With a stack, the child starts at that stack as the gate leaves it: it pops `rbx`, then returns to the address above.
///
/// # Safety
/// Flags and stack must be such that the child never runs on memory that another thread uses, and the words that `flags` asks
/// for must stay valid.
pub unsafe fn clone(flags: u64, stack: usize, words: CloneWords) -> Result<usize> {
    let args = [flags as usize, stack, words.parent_tid, words.child_tid, words.tls, 0];
    // SAFETY: the caller's promise.
    unsafe { call(HostCall::Clone, args) }
}

/// The further arguments of `clone(2)`, each used only if its flag asks for it.
#[derive(Clone, Copy, Debug, Default)]
pub struct CloneWords {
    /// `CLONE_PARENT_SETTID`: filled in before the child runs.
    pub parent_tid: usize,
    /// `CLONE_CHILD_CLEARTID`: cleared when the child is gone.
    pub child_tid: usize,
    /// `CLONE_SETTLS`: the child's `%fs` base.
    pub tls: usize,
}

/// `setitimer(2)`: guests and host processes are one to one, so the host's timers serve.
pub fn setitimer(which: u32, new: &Itimerval) -> Result<Itimerval> {
    let mut old = Itimerval::default();
    let args = [which as usize, new as *const _ as usize, &raw mut old as usize, 0, 0, 0];
    // SAFETY: live structures.
    unsafe { call(HostCall::Setitimer, args)? };
    Ok(old)
}

/// `getitimer(2)`.
pub fn getitimer(which: u32) -> Result<Itimerval> {
    let mut old = Itimerval::default();
    // SAFETY: a live structure.
    unsafe { call(HostCall::Getitimer, [which as usize, &raw mut old as usize, 0, 0, 0, 0])? };
    Ok(old)
}

/// `getrusage(2)`.
pub fn getrusage(who: i32) -> Result<Rusage> {
    let mut r = Rusage::default();
    // SAFETY: a live structure.
    unsafe { call(HostCall::Getrusage, [who as usize, &raw mut r as usize, 0, 0, 0, 0])? };
    Ok(r)
}

/// `sysinfo(2)`.
pub fn sysinfo() -> Result<Sysinfo> {
    let mut s = Sysinfo::default();
    // SAFETY: a live structure.
    unsafe { call(HostCall::Sysinfo, [&raw mut s as usize, 0, 0, 0, 0, 0])? };
    Ok(s)
}

/// `prlimit64(2)` on this process.
pub fn prlimit(resource: u32, new: Option<Rlimit>) -> Result<Rlimit> {
    let mut old = Rlimit::default();
    let new = new.as_ref().map_or(0, |n| n as *const Rlimit as usize);
    // SAFETY: live structures.
    unsafe { call(HostCall::Prlimit64, [0, resource as usize, new, &raw mut old as usize, 0, 0])? };
    Ok(old)
}

/// `sched_getaffinity(2)` of a host thread (0: this one): bytes filled.
pub fn getaffinity(tid: u32, mask: &mut [u8]) -> Result<usize> {
    // SAFETY: `mask` is live and writable.
    unsafe { call(HostCall::SchedGetaffinity, [tid as usize, mask.len(), mask.as_mut_ptr() as usize, 0, 0, 0]) }
}

/// `sched_setaffinity(2)` of a host thread.
pub fn setaffinity(tid: u32, mask: &[u8]) -> Result<()> {
    // SAFETY: `mask` is live.
    unsafe { call(HostCall::SchedSetaffinity, [tid as usize, mask.len(), mask.as_ptr() as usize, 0, 0, 0]).map(drop) }
}

/// `sched_rr_get_interval(2)` of a host thread (0: this one).
pub fn rr_interval(tid: u32) -> Result<Timespec> {
    let mut out = Timespec::default();
    // SAFETY: a live structure.
    unsafe { call(HostCall::SchedRrGetInterval, [tid as usize, &raw mut out as usize, 0, 0, 0, 0])? };
    Ok(out)
}

/// `getcpu(2)`: processor and node.
pub fn getcpu() -> (u32, u32) {
    let (mut cpu, mut node) = (0u32, 0u32);
    // SAFETY: live words.
    let _ = unsafe { call(HostCall::Getcpu, [&raw mut cpu as usize, &raw mut node as usize, 0, 0, 0, 0]) };
    (cpu, node)
}

/// `getpriority(2)` of a host process, as the kernel encodes it (20 - nice).
pub fn getpriority(which: u32, who: u32) -> Result<usize> {
    plain(HostCall::Getpriority, which as usize, who as usize, 0)
}

/// `setpriority(2)`.
pub fn setpriority(which: u32, who: u32, nice: i32) -> Result<()> {
    plain(HostCall::Setpriority, which as usize, who as usize, nice as usize).map(drop)
}
