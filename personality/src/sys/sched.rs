//! Scheduling: `sched_*`, `getpriority`, `getcpu` (Linux's `kernel/sched/`, `kernel/sys.c`).
//!
//! The host schedules. Affinity and nice values are those of the host threads, found by the virtual ids. A policy without
//! priorities (`SCHED_OTHER`, `SCHED_BATCH`, `SCHED_IDLE`) is remembered and has no effect; a real-time one gets `EPERM`, as
//! from a kernel that does not trust the caller.

use crate::dispatch::Call;
use crate::table::Ptr;
use alloc::sync::Arc;
use alloc::vec;
use alloc::vec::Vec;
use core::sync::atomic::Ordering::SeqCst;
use fs_emu::cred::Caps;
use host::sys::process;
use host::{Errno, Result, user};
use vkernel::Task;
use vkernel::kernel::kernel;
use vkernel::task::{limits, sched};

/// Bytes of the largest processor mask that Linux can be built for.
const MASK_BYTES: usize = 1024;

pub(super) fn find(task: &Task, pid: i32) -> Result<Option<Arc<Task>>> {
    match u32::try_from(pid) {
        Ok(0) => Ok(None),
        Ok(pid) if pid == task.tid() => Ok(None),
        Ok(pid) => kernel().tasks.task(pid).map(Some).ok_or(Errno::ESRCH),
        Err(_) => Err(Errno::ESRCH),
    }
}

/// The host's id of a thread; 0, which is the caller, also stands in for one that has ended.
fn host_tid(task: Option<&Task>) -> u32 {
    task.filter(|t| !t.thread.is_dead()).map_or(0, |t| t.thread.host_tid())
}

/// `check_same_owner`, or the right to do it anyway.
fn may_change(me: &Task, other: &Task) -> bool {
    let (mine, theirs) = (me.cred(), other.cred());
    mine.euid == theirs.euid || mine.euid == theirs.uid || mine.capable(Caps::SYS_NICE)
}

/// `sched_yield(2)`.
pub fn sched_yield(_call: &mut Call<'_>) -> Result<usize> {
    process::sched_yield();
    Ok(0)
}

/// `sched_setaffinity(2)`.
pub fn sched_setaffinity(call: &mut Call<'_>, pid: i32, size: usize, mask: Ptr) -> Result<usize> {
    let mut bits = vec![0u8; size.min(MASK_BYTES)];
    user::copy_in(&mut bits, mask.0)?;
    let other = find(call.task, pid)?;
    if other.as_ref().is_some_and(|t| !may_change(call.task, t)) {
        return Err(Errno::EPERM);
    }
    if other.as_ref().is_some_and(|t| t.thread.is_dead()) {
        return Ok(0);
    }
    process::setaffinity(host_tid(other.as_deref()), &bits).map(|()| 0)
}

/// `sched_getaffinity(2)`: answers the number of bytes written.
pub fn sched_getaffinity(call: &mut Call<'_>, pid: i32, size: usize, mask: Ptr) -> Result<usize> {
    let mut bits = vec![0u8; size.min(MASK_BYTES)];
    // The host knows how many processors the mask must hold: a size that is no good comes before everything else.
    let own = process::getaffinity(0, &mut bits);
    if !size.is_multiple_of(8) || own.is_err() {
        return Err(Errno::EINVAL);
    }
    let other = find(call.task, pid)?;
    let n = process::getaffinity(host_tid(other.as_deref()), &mut bits)?;
    user::copy_out(mask.0, bits.get(..n).unwrap_or_default())?;
    Ok(n)
}

/// `getcpu(2)`.
pub fn getcpu(_call: &mut Call<'_>, cpu: Ptr, node: Ptr, _cache: Ptr) -> Result<usize> {
    let (c, n) = process::getcpu();
    user::write_opt(cpu.0, &c)?;
    user::write_opt(node.0, &n).map(|()| 0)
}

const PRIO_PROCESS: i32 = 0;
const PRIO_PGRP: i32 = 1;
const PRIO_USER: i32 = 2;

/// The tasks that `getpriority` and `setpriority` mean.
pub(super) fn meant(me: &Task, which: i32, who: i32) -> Result<Vec<Arc<Task>>> {
    let all = || kernel().tasks.all_tasks().into_iter();
    let Ok(who) = u32::try_from(who) else {
        return if (PRIO_PROCESS..=PRIO_USER).contains(&which) { Ok(Vec::new()) } else { Err(Errno::EINVAL) };
    };
    Ok(match which {
        PRIO_PROCESS => {
            let tid = if who == 0 { me.tid() } else { who };
            all().filter(|t| t.tid() == tid).collect()
        }
        PRIO_PGRP => {
            let pgrp = if who == 0 { me.group.pgrp() } else { who };
            all().filter(|t| t.group.pgrp() == pgrp).collect()
        }
        PRIO_USER => {
            let uid = if who == 0 { me.cred().uid } else { who };
            all().filter(|t| t.cred().uid == uid).collect()
        }
        _ => return Err(Errno::EINVAL),
    })
}

/// 20 less the nice value, as the system call answers it; that of one that has ended is forgotten.
pub(super) fn encoded_nice(task: &Task) -> usize {
    const DEFAULT: usize = 20;
    if task.thread.is_dead() {
        return DEFAULT;
    }
    process::getpriority(PRIO_PROCESS as u32, task.thread.host_tid()).unwrap_or(DEFAULT)
}

/// `getpriority(2)`: the highest of those meant, as 20 less the nice value.
pub fn getpriority(call: &mut Call<'_>, which: i32, who: i32) -> Result<usize> {
    let tasks = meant(call.task, which, who)?;
    tasks.iter().map(|t| encoded_nice(t)).max().ok_or(Errno::ESRCH)
}

/// `setpriority(2)`. All those meant are tried; the last error counts.
pub fn setpriority(call: &mut Call<'_>, which: i32, who: i32, nice: i32) -> Result<usize> {
    let tasks = meant(call.task, which, who)?;
    let mut out = Err(Errno::ESRCH);
    for t in tasks {
        match set_one(call.task, &t, nice.clamp(-20, 19)) {
            Ok(()) if out == Err(Errno::ESRCH) => out = Ok(0),
            Ok(()) => {}
            Err(e) => out = Err(e),
        }
    }
    out
}

/// `set_one_prio`.
pub(super) fn set_one(me: &Task, other: &Task, nice: i32) -> Result<()> {
    let (mine, theirs) = (me.cred(), other.cred());
    let privileged = mine.capable(Caps::SYS_NICE);
    if mine.euid != theirs.uid && mine.euid != theirs.euid && !privileged {
        return Err(Errno::EPERM);
    }
    let wanted = (20 - nice) as usize;
    let allowed = wanted as u64 <= other.group.rlimit(limits::NICE).cur;
    if wanted > encoded_nice(other) && !allowed && !privileged {
        return Err(Errno::EACCES);
    }
    if other.thread.is_dead() {
        return Ok(());
    }
    process::setpriority(PRIO_PROCESS as u32, other.thread.host_tid(), nice)
}

/// `sched_get_priority_max(2)`.
pub fn sched_get_priority_max(_call: &mut Call<'_>, policy: i32) -> Result<usize> {
    priority_bound(policy, 99)
}

/// `sched_get_priority_min(2)`.
pub fn sched_get_priority_min(_call: &mut Call<'_>, policy: i32) -> Result<usize> {
    priority_bound(policy, 1)
}

/// `sched_rr_get_interval(2)`: how long a thread runs at a time; 0 for one that has ended.
pub fn sched_rr_get_interval(call: &mut Call<'_>, pid: i32, interval: Ptr) -> Result<usize> {
    if pid < 0 {
        return Err(Errno::EINVAL);
    }
    let other = find(call.task, pid)?;
    let ended = other.as_ref().is_some_and(|t| t.thread.is_dead());
    let span = if ended { Default::default() } else { process::rr_interval(host_tid(other.as_deref()))? };
    user::write(interval.0, &span).map(|()| 0)
}

fn priority_bound(policy: i32, real_time: usize) -> Result<usize> {
    match policy as u32 {
        sched::FIFO | sched::RR => Ok(real_time),
        sched::OTHER | sched::BATCH | sched::IDLE | sched::DEADLINE | sched::EXT => Ok(0),
        _ => Err(Errno::EINVAL),
    }
}

/// `sched_getscheduler(2)`.
pub fn sched_getscheduler(call: &mut Call<'_>, pid: i32) -> Result<usize> {
    if pid < 0 {
        return Err(Errno::EINVAL);
    }
    let other = find(call.task, pid)?;
    let task = other.as_deref().unwrap_or(call.task);
    Ok(task.policy.load(SeqCst) as usize)
}

/// `sched_getparam(2)`: the priority, 0 for policies without any.
pub fn sched_getparam(call: &mut Call<'_>, pid: i32, param: Ptr) -> Result<usize> {
    if param.0 == 0 || pid < 0 {
        return Err(Errno::EINVAL);
    }
    find(call.task, pid)?;
    user::write(param.0, &0i32).map(|()| 0)
}

/// `sched_setparam(2)`.
pub fn sched_setparam(call: &mut Call<'_>, pid: i32, param: Ptr) -> Result<usize> {
    set_policy(call.task, pid, None, param)
}

/// `sched_setscheduler(2)`.
pub fn sched_setscheduler(call: &mut Call<'_>, pid: i32, policy: i32, param: Ptr) -> Result<usize> {
    let policy = u32::try_from(policy).map_err(|_| Errno::EINVAL)?;
    set_policy(call.task, pid, Some(policy), param)
}

fn set_policy(me: &Task, pid: i32, policy: Option<u32>, param: Ptr) -> Result<usize> {
    if param.0 == 0 || pid < 0 {
        return Err(Errno::EINVAL);
    }
    let priority: i32 = user::read(param.0)?;
    let other = find(me, pid)?;
    let task = other.as_deref().unwrap_or(me);
    let old = task.policy.load(SeqCst);
    let new = policy.unwrap_or(old);
    policy_allowed(me, task, new, priority)?;
    task.policy.store(new, SeqCst);
    Ok(0)
}

/// Whether `me` may give `task` this policy: `EINVAL` for what there is not, `EPERM` for what is not allowed.
pub(super) fn policy_allowed(me: &Task, task: &Task, new: u32, priority: i32) -> Result<()> {
    let old = task.policy.load(SeqCst);
    let plain = new & !sched::RESET_ON_FORK;
    let real_time = matches!(plain, sched::FIFO | sched::RR);
    if !(real_time || matches!(plain, sched::OTHER | sched::BATCH | sched::IDLE))
        || !(0..=99).contains(&priority)
        || real_time != (priority != 0)
    {
        return Err(Errno::EINVAL);
    }
    // Leaving SCHED_IDLE counts as a better nice value; giving up the reset needs the right as well.
    let leaves_idle = old & !sched::RESET_ON_FORK == sched::IDLE && plain != sched::IDLE;
    let keeps_reset = old & sched::RESET_ON_FORK == 0 || new & sched::RESET_ON_FORK != 0;
    let nice_ok = !leaves_idle || encoded_nice(task) as u64 <= task.group.rlimit(limits::NICE).cur;
    let privileged = me.cred().capable(Caps::SYS_NICE);
    if real_time || !(privileged || may_change(me, task) && nice_ok && keeps_reset) {
        return Err(Errno::EPERM);
    }
    Ok(())
}
