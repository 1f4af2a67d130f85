//! Timers behind descriptors (`fs/timerfd.c`).

use super::time::check_alarm;
use super::{fds, rw};
use crate::dispatch::Call;
use crate::table::{Fd, Ptr};
use fs_emu::OpenFlags;
use fs_emu::vfs::File;
use host::abi::Timespec;
use host::{Errno, Result, user};
use vkernel::timer::{Setting, TimerClock, TimerFd};

const ABSTIME: u32 = 1;
const CANCEL_ON_SET: u32 = 2;

/// `timerfd_create(2)`.
pub fn timerfd_create(call: &mut Call<'_>, clock: i32, flags: u32) -> Result<usize> {
    const REALTIME: i32 = 0;
    const MONOTONIC: i32 = 1;
    const BOOTTIME: i32 = 7;
    const ALARMS: core::ops::RangeInclusive<i32> = 8..=9;
    let flags = OpenFlags::from_bits_retain(flags);
    let known = matches!(clock, REALTIME | MONOTONIC | BOOTTIME) || ALARMS.contains(&clock);
    if !(flags - (OpenFlags::CLOEXEC | OpenFlags::NONBLOCK)).is_empty() || !known {
        return Err(Errno::EINVAL);
    }
    check_alarm(call.task, clock)?;
    let fd = fds::reserve(call)?;
    let ops = TimerFd::new(TimerClock::Machine(clock as u32));
    let file = File::new(ops, None, OpenFlags::RDWR | (flags & OpenFlags::NONBLOCK));
    Ok(fd.publish(file, flags.contains(OpenFlags::CLOEXEC)) as usize)
}

/// `timerfd_settime(2)`.
pub fn timerfd_settime(call: &mut Call<'_>, fd: Fd, flags: u32, new: Ptr, old: Ptr) -> Result<usize> {
    let new = Setting::from_raw(user::read::<[Timespec; 2]>(new.0)?);
    if flags & !(ABSTIME | CANCEL_ON_SET) != 0 {
        return Err(Errno::EINVAL);
    }
    let new = new.ok_or(Errno::EINVAL)?;
    let file = rw::file(call, fd)?;
    let timer: &TimerFd = file.ops_as().ok_or(Errno::EINVAL)?;
    let before = timer.set(new, flags & ABSTIME != 0);
    user::write_opt(old.0, &before.to_raw()).map(|()| 0)
}

/// `timerfd_gettime(2)`.
pub fn timerfd_gettime(call: &mut Call<'_>, fd: Fd, value: Ptr) -> Result<usize> {
    let file = rw::file(call, fd)?;
    let timer: &TimerFd = file.ops_as().ok_or(Errno::EINVAL)?;
    user::write(value.0, &timer.get().to_raw()).map(|()| 0)
}
