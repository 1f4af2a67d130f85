//! POSIX timers (`kernel/time/posix-timers.c`).

use super::time::{check_alarm, for_timer};
use crate::dispatch::Call;
use crate::table::Ptr;
use host::abi::Timespec;
use host::{Errno, Result, user};
use vkernel::kernel::kernel;
use vkernel::signal::{NSIG, SIGALRM};
use vkernel::timer::{Notify, Setting};

const SIGEV_SIGNAL: i32 = 0;
const SIGEV_NONE: i32 = 1;
const SIGEV_THREAD: i32 = 2;
const SIGEV_THREAD_ID: i32 = 4;
const ABSTIME: u32 = 1;

/// `timer_create(2)`.
pub fn timer_create(call: &mut Call<'_>, clock: i32, event: Ptr, id: Ptr) -> Result<usize> {
    // `struct sigevent`: value, signal and kind, thread, and unused words.
    let event: Option<[u64; 8]> = user::read_opt(event.0)?;
    let group = &call.task.group;
    let clock_of = for_timer(call.task, clock)?;
    check_alarm(call.task, clock)?;
    let notify = event.map(|e| notify(call, e)).transpose()?;
    let default = |number: i32| Notify::Signal { sig: SIGALRM, thread: 0, value: number as u64 };
    let number = group.timers.create(group, clock_of, |number| notify.unwrap_or_else(|| default(number)))?;
    if let Err(e) = user::write(id.0, &number) {
        let _ = group.timers.delete(number);
        return Err(e);
    }
    Ok(0)
}

fn notify(call: &Call<'_>, event: [u64; 8]) -> Result<Notify> {
    let (value, sig, kind) = (event[0], event[1] as u32, (event[1] >> 32) as i32);
    let thread = match kind {
        SIGEV_NONE => return Ok(Notify::Nobody),
        SIGEV_SIGNAL | SIGEV_THREAD => 0,
        SIGEV_THREAD_ID => {
            let tid = event[2] as u32;
            let found = kernel().tasks.task(tid).filter(|t| t.tgid() == call.task.tgid());
            found.ok_or(Errno::EINVAL)?.tid()
        }
        _ => return Err(Errno::EINVAL),
    };
    if !(1..=NSIG).contains(&sig) {
        return Err(Errno::EINVAL);
    }
    Ok(Notify::Signal { sig, thread, value })
}

/// `timer_settime(2)`.
pub fn timer_settime(call: &mut Call<'_>, id: i32, flags: u32, new: Ptr, old: Ptr) -> Result<usize> {
    if new.0 == 0 {
        return Err(Errno::EINVAL);
    }
    let new = Setting::from_raw(user::read::<[Timespec; 2]>(new.0)?).ok_or(Errno::EINVAL)?;
    let before = call.task.group.timers.get(id)?.set(new, flags & ABSTIME != 0);
    user::write_opt(old.0, &before.to_raw()).map(|()| 0)
}

/// `timer_gettime(2)`.
pub fn timer_gettime(call: &mut Call<'_>, id: i32, value: Ptr) -> Result<usize> {
    let now = call.task.group.timers.get(id)?.get();
    user::write(value.0, &now.to_raw()).map(|()| 0)
}

/// `timer_getoverrun(2)`.
pub fn timer_getoverrun(call: &mut Call<'_>, id: i32) -> Result<usize> {
    Ok(call.task.group.timers.get(id)?.overrun() as usize)
}

/// `timer_delete(2)`.
pub fn timer_delete(call: &mut Call<'_>, id: i32) -> Result<usize> {
    call.task.group.timers.delete(id).map(|()| 0)
}
