//! Resource limits and usage (Linux's `kernel/sys.c`: `do_prlimit`, `getrusage`).
//!
//! Limits are kept in the thread group and obeyed by whoever they concern. Only `RLIMIT_CPU` is the host's to watch: it is set
//! on the caller's host process, whose SIGXCPU becomes the guest's. Set for another process, it is kept but not watched.

use crate::dispatch::Call;
use crate::table::Ptr;
use fs_emu::cred::Caps;
use host::abi::{Rlimit, Rusage, Timeval};
use host::sys::process;
use host::{Errno, Result, user};
use vkernel::Task;
use vkernel::kernel::kernel;
use vkernel::task::{ThreadGroup, Usage, limits};

/// Linux's default `fs.nr_open`.
const NR_OPEN: u64 = 1 << 20;

/// `getrlimit(2)`.
pub fn getrlimit(call: &mut Call<'_>, resource: u32, rlim: Ptr) -> Result<usize> {
    let now = exchange(call.task, &call.task.group, resource, None)?;
    user::write(rlim.0, &now).map(|()| 0)
}

/// `setrlimit(2)`.
pub fn setrlimit(call: &mut Call<'_>, resource: u32, rlim: Ptr) -> Result<usize> {
    let new: Rlimit = user::read(rlim.0)?;
    exchange(call.task, &call.task.group, resource, Some(new)).map(|_| 0)
}

/// `prlimit64(2)`.
pub fn prlimit64(call: &mut Call<'_>, pid: i32, resource: u32, new: Ptr, old: Ptr) -> Result<usize> {
    let new: Option<Rlimit> = user::read_opt(new.0)?;
    let before = if pid == 0 {
        exchange(call.task, &call.task.group, resource, new)?
    } else {
        let other = u32::try_from(pid).ok().and_then(|pid| kernel().tasks.task(pid)).ok_or(Errno::ESRCH)?;
        check_permission(call.task, &other)?;
        exchange(call.task, &other.group, resource, new)?
    };
    user::write_opt(old.0, &before).map(|()| 0)
}

/// `check_prlimit_permission`: all of the other's ids are the caller's real ones.
fn check_permission(me: &Task, other: &Task) -> Result<()> {
    let (mine, theirs) = (me.cred(), other.cred());
    let same = [theirs.euid, theirs.suid, theirs.uid].iter().all(|id| *id == mine.uid)
        && [theirs.egid, theirs.sgid, theirs.gid].iter().all(|id| *id == mine.gid);
    if core::ptr::eq(me, other) || same || mine.capable(Caps::SYS_RESOURCE) { Ok(()) } else { Err(Errno::EPERM) }
}

/// Reads a limit, and sets it if there is a new one.
fn exchange(me: &Task, group: &ThreadGroup, resource: u32, new: Option<Rlimit>) -> Result<Rlimit> {
    let which = resource as usize;
    if which >= limits::COUNT {
        return Err(Errno::EINVAL);
    }
    let old = group.rlimit(which);
    let Some(new) = new else { return Ok(old) };
    if new.cur > new.max {
        return Err(Errno::EINVAL);
    }
    // A host may allow more than the default: what the sandbox started with stays allowed.
    if which == limits::NOFILE && new.max > NR_OPEN.max(old.max) {
        return Err(Errno::EPERM);
    }
    if new.max > old.max && !me.cred().capable(Caps::SYS_RESOURCE) {
        return Err(Errno::EPERM);
    }
    group.set_rlimit(which, new);
    if which == limits::CPU && core::ptr::eq(group, &*me.group) {
        watch_cpu(new);
    }
    Ok(old)
}

/// Has the host send SIGXCPU, each second from the soft limit on; the hard limit is looked at then. The host's own stays, because
/// its SIGKILL would strike in the middle of the kernel.
fn watch_cpu(limit: Rlimit) {
    // A virtual root may raise what the host does not let it raise; then the host's limit is the nearer one.
    let max = process::prlimit(limits::CPU as u32, None).map_or(u64::MAX, |l| l.max);
    // Linux takes a soft limit of 0 for 1 second.
    let _ = process::prlimit(limits::CPU as u32, Some(Rlimit { cur: limit.cur.min(max), max }));
}

/// `getrusage(2)`.
pub fn getrusage(call: &mut Call<'_>, who: i32, usage: Ptr) -> Result<usize> {
    const SELF: i32 = 0;
    const CHILDREN: i32 = -1;
    const THREAD: i32 = 1;
    let group = &call.task.group;
    let out = match who {
        SELF => {
            let mut r = process::getrusage(SELF)?;
            add(&mut r, &group.own_usage.lock());
            r
        }
        CHILDREN => {
            let mut r = Rusage::default();
            add(&mut r, &group.children_usage.lock());
            r
        }
        THREAD => process::getrusage(THREAD)?,
        _ => return Err(Errno::EINVAL),
    };
    user::write(usage.0, &out).map(|()| 0)
}

fn add(r: &mut Rusage, u: &Usage) {
    let mut sum = Usage::from_host(r);
    sum.add(u);
    (r.utime, r.stime) = (Timeval::from_micros(sum.utime_us), Timeval::from_micros(sum.stime_us));
    (r.maxrss, r.minflt, r.majflt) = (sum.maxrss, sum.minflt, sum.majflt);
    (r.nvcsw, r.nivcsw) = (sum.nvcsw, sum.nivcsw);
}
