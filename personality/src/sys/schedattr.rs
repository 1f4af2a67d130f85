//! Scheduling attributes beyond the classic calls: `sched_setattr`, `ioprio_set` and their counterparts, `kcmp`
//! (`kernel/sched/syscalls.c`, `block/ioprio.c`, `kernel/kcmp.c`). The host schedules: an I/O priority is remembered only.

use super::pidfd::check_attach;
use super::sched::{find, meant, policy_allowed, set_one};
use super::{rw, sched};
use crate::dispatch::Call;
use crate::table::{Fd, Ptr};
use alloc::sync::Arc;
use core::sync::atomic::Ordering::SeqCst;
use fs_emu::cred::Caps;
use host::layout::PAGE_SIZE;
use host::{Errno, Result, user};
use vkernel::Task;
use vkernel::kernel::kernel;
use vkernel::task::sched as policy;

/// Bytes of `struct sched_attr`, now and at first.
const ATTR: usize = 56;
const ATTR_MIN: usize = 48;
const RESET_ON_FORK: u64 = 1;
const KEEP_POLICY: u64 = 8;
const KEEP_PARAMS: u64 = 16;
const KNOWN_FLAGS: u64 = 0x7f;

/// `sched_getattr(2)`.
pub fn sched_getattr(call: &mut Call<'_>, pid: i32, attr: Ptr, size: u32, flags: u32) -> Result<usize> {
    let size = size as usize;
    if attr.0 == 0 || pid < 0 || !(ATTR_MIN..=PAGE_SIZE).contains(&size) || flags != 0 {
        return Err(Errno::EINVAL);
    }
    let other = find(call.task, pid)?;
    let task = other.as_deref().unwrap_or(call.task);
    let set = task.policy.load(SeqCst);
    let reset = u32::from(set & policy::RESET_ON_FORK != 0);
    let nice = 20i32.wrapping_sub(sched::encoded_nice(task) as i32) as u32;
    let known = size.min(ATTR);
    let mut words = [0u32; ATTR / 4];
    words[0] = known as u32;
    words[1] = set & !policy::RESET_ON_FORK;
    words[2] = reset;
    words[4] = nice;
    for (i, word) in words.iter().take(known / 4).enumerate() {
        user::write(attr.0.wrapping_add(4 * i), word)?;
    }
    Ok(0)
}

/// `sched_setattr(2)`.
pub fn sched_setattr(call: &mut Call<'_>, pid: i32, attr: Ptr, flags: u32) -> Result<usize> {
    if attr.0 == 0 || pid < 0 || flags != 0 {
        return Err(Errno::EINVAL);
    }
    let words = copy_attr(attr.0)?;
    let flags = u64::from(words[2]) | u64::from(words[3]) << 32;
    if (words[1] as i32) < 0 || flags & !KNOWN_FLAGS != 0 {
        return Err(Errno::EINVAL);
    }
    let other = find(call.task, pid)?;
    let task = other.as_deref().unwrap_or(call.task);
    let old = task.policy.load(SeqCst);
    let plain = if flags & KEEP_POLICY != 0 { old & !policy::RESET_ON_FORK } else { words[1] };
    let reset = if flags & RESET_ON_FORK != 0 { policy::RESET_ON_FORK } else { 0 };
    policy_allowed(call.task, task, plain | reset, words[5] as i32)?;
    if flags & KEEP_PARAMS == 0 && matches!(plain, policy::OTHER | policy::BATCH) {
        let own = if other.is_none() { kernel().tasks.task(call.task.tid()) } else { other.clone() };
        if let Some(task) = own {
            set_one(call.task, &task, (words[4] as i32).clamp(-20, 19))
                .map_err(|e| if e == Errno::EACCES { Errno::EPERM } else { e })?;
        }
    }
    task.policy.store(plain | reset, SeqCst);
    Ok(0)
}

/// `sched_copy_attr`: a structure of any size, with nothing in it that is not known.
fn copy_attr(at: usize) -> Result<[u32; ATTR / 4]> {
    let size = match user::read::<u32>(at)? as usize {
        0 => ATTR_MIN,
        size => size,
    };
    let mut fits = (ATTR_MIN..=PAGE_SIZE).contains(&size);
    for i in ATTR..size.min(PAGE_SIZE) {
        fits &= user::read::<u8>(at.wrapping_add(i))? == 0;
    }
    if !fits {
        user::write(at, &(ATTR as u32))?;
        return Err(Errno::E2BIG);
    }
    let mut words = [0u32; ATTR / 4];
    for (i, word) in words.iter_mut().take(size / 4).enumerate() {
        *word = user::read(at.wrapping_add(4 * i))?;
    }
    Ok(words)
}

const CLASS_SHIFT: u32 = 13;

/// `ioprio_set(2)`.
pub fn ioprio_set(call: &mut Call<'_>, which: i32, who: i32, value: u32) -> Result<usize> {
    const REAL_TIME: u32 = 1;
    const BEST_EFFORT: u32 = 2;
    const IDLE: u32 = 3;
    let cred = call.task.cred();
    match (value >> CLASS_SHIFT, value & 7) {
        (REAL_TIME, _) if !cred.capable(Caps::SYS_ADMIN) && !cred.capable(Caps::SYS_NICE) => return Err(Errno::EPERM),
        (REAL_TIME | BEST_EFFORT | IDLE, _) | (0, 0) => {}
        _ => return Err(Errno::EINVAL),
    }
    let tasks = meant(call.task, which.wrapping_sub(1), who)?;
    for task in &tasks {
        let theirs = task.cred().uid;
        if theirs != cred.euid && theirs != cred.uid && !cred.capable(Caps::SYS_NICE) {
            return Err(Errno::EPERM);
        }
        task.ioprio.store(value, SeqCst);
    }
    if tasks.is_empty() { Err(Errno::ESRCH) } else { Ok(0) }
}

/// `ioprio_get(2)`: the best of those meant.
pub fn ioprio_get(call: &mut Call<'_>, which: i32, who: i32) -> Result<usize> {
    let tasks = meant(call.task, which.wrapping_sub(1), who)?;
    let best =
        tasks.iter().map(|t| t.ioprio.load(SeqCst)).min_by_key(|v| if *v == 0 { 2 << CLASS_SHIFT | 4 } else { *v });
    best.map(|v| v as usize).ok_or(Errno::ESRCH)
}

/// `kcmp(2)`: 0 for the same object, else 1 or 2 for an order between them.
pub fn kcmp(call: &mut Call<'_>, pid1: i32, pid2: i32, kind: i32, first: u64, second: u64) -> Result<usize> {
    let task = |pid: i32| kernel().tasks.task(pid as u32).ok_or(Errno::ESRCH);
    let (a, b) = (task(pid1)?, task(pid2)?);
    check_attach(call.task, &a)?;
    check_attach(call.task, &b)?;
    let file = |t: &Task, fd: u64| {
        let files = t.files().ok_or(Errno::EBADF)?;
        i32::try_from(fd).map_err(|_| Errno::EBADF).and_then(|fd| files.get(fd)).map(|f| address(&f))
    };
    let (x, y) = match kind {
        0 => (file(&a, first)?, file(&b, second)?),
        1 => (address(&a.mm()), address(&b.mm())),
        2 => (a.files().map_or(0, |f| address(&f)), b.files().map_or(0, |f| address(&f))),
        3 => (address(&a.fs()), address(&b.fs())),
        4 => (address(&a.sighand()), address(&b.sighand())),
        // No I/O contexts and no undo lists of their own.
        5 | 6 => (0, 0),
        7 => return epoll_target(call, first, second),
        _ => return Err(Errno::EINVAL),
    };
    Ok(match x.cmp(&y) {
        core::cmp::Ordering::Equal => 0,
        core::cmp::Ordering::Less => 1,
        core::cmp::Ordering::Greater => 2,
    })
}

fn epoll_target(call: &Call<'_>, fd: u64, _slot: u64) -> Result<usize> {
    let fd = i32::try_from(fd).map_err(|_| Errno::EBADF)?;
    rw::file(call, Fd(fd)).and(Err(Errno::EOPNOTSUPP))
}

fn address<T>(of: &Arc<T>) -> usize {
    Arc::as_ptr(of) as usize
}
