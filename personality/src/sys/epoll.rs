//! `epoll_create`, `epoll_ctl`, `epoll_wait` and their variants (`fs/eventpoll.c`).

use super::poll::{swap_mask, timespec};
use super::{fds, rw};
use crate::dispatch::Call;
use crate::table::{Fd, Ptr};
use alloc::sync::Arc;
use fs_emu::OpenFlags;
use fs_emu::vfs::File;
use host::abi::Timespec;
use host::layout::is_guest;
use host::time::Deadline;
use host::{Errno, Result, user};
use vkernel::epoll::{self, Collected, Epoll, Interest, flag};

/// Bytes of `struct epoll_event`, which is packed on x86-64.
const EVENT: usize = size_of::<[u32; 3]>();

/// `epoll_create(2)` of old.
pub fn epoll_create(call: &mut Call<'_>, size: i32) -> Result<usize> {
    if size <= 0 { Err(Errno::EINVAL) } else { epoll_create1(call, 0) }
}

/// `epoll_create1(2)`.
pub fn epoll_create1(call: &mut Call<'_>, flags: u32) -> Result<usize> {
    if flags & !OpenFlags::CLOEXEC.bits() != 0 {
        return Err(Errno::EINVAL);
    }
    let fd = fds::reserve(call)?;
    let file = File::new(Epoll::new(), None, OpenFlags::RDWR);
    Ok(fd.publish(file, flags != 0) as usize)
}

const ADD: i32 = 1;
const DEL: i32 = 2;
const MOD: i32 = 3;

/// `epoll_ctl(2)`.
pub fn epoll_ctl(call: &mut Call<'_>, epfd: Fd, op: i32, fd: Fd, event: Ptr) -> Result<usize> {
    let want = if op == DEL { Interest { events: 0, data: 0 } } else { interest(event)? };
    let file = rw::file(call, epfd)?;
    let target = rw::file(call, fd)?;
    if !Epoll::can_watch(&target) {
        return Err(Errno::EPERM);
    }
    if Arc::ptr_eq(&file, &target) {
        return Err(Errno::EINVAL);
    }
    let epoll = Epoll::of(&file).ok_or(Errno::EINVAL)?;
    if op != DEL && want.events & flag::EXCLUSIVE != 0 {
        check_exclusive(op, want.events, &target)?;
    }
    match op {
        ADD => epoll.add(&target, fd.0, want)?,
        MOD => epoll.modify(&target, fd.0, want)?,
        DEL => epoll.remove(&target, fd.0)?,
        _ => return Err(Errno::EINVAL),
    }
    Ok(0)
}

fn interest(at: Ptr) -> Result<Interest> {
    let [events, low, high]: [u32; 3] = user::read(at.0)?;
    // Nobody here keeps a machine awake.
    Ok(Interest { events: events & !flag::WAKEUP, data: u64::from(low) | u64::from(high) << 32 })
}

/// What may go with `EPOLLEXCLUSIVE`.
fn check_exclusive(op: i32, events: u32, target: &File) -> Result<()> {
    const FITTING: u32 = 0x1 | 0x4 | 0x8 | 0x10 | flag::WAKEUP | flag::EDGE | flag::EXCLUSIVE;
    let bad = op == MOD || (op == ADD && (Epoll::of(target).is_some() || events & !FITTING != 0));
    if bad { Err(Errno::EINVAL) } else { Ok(()) }
}

/// `epoll_wait(2)`.
pub fn epoll_wait(call: &mut Call<'_>, epfd: Fd, events: Ptr, max: i32, timeout: i32) -> Result<usize> {
    wait(call, epfd, events, max, milliseconds(timeout))
}

/// `epoll_pwait(2)`.
pub fn epoll_pwait(
    call: &mut Call<'_>,
    epfd: Fd,
    events: Ptr,
    max: i32,
    timeout: i32,
    mask: Ptr,
    size: usize,
) -> Result<usize> {
    swap_mask(call.task, mask.0, size)?;
    let result = wait(call, epfd, events, max, milliseconds(timeout));
    mask_back(call, result)
}

/// `epoll_pwait2(2)`.
pub fn epoll_pwait2(
    call: &mut Call<'_>,
    epfd: Fd,
    events: Ptr,
    max: i32,
    timeout: Ptr,
    mask: Ptr,
    size: usize,
) -> Result<usize> {
    let span = timespec(timeout)?;
    swap_mask(call.task, mask.0, size)?;
    let result = wait(call, epfd, events, max, span);
    mask_back(call, result)
}

/// Unless a handler is to run under the call's mask.
fn mask_back(call: &Call<'_>, result: Result<usize>) -> Result<usize> {
    if result != Err(Errno::EINTR) {
        call.task.restore_saved_mask();
    }
    result
}

/// `None` is for ever.
fn milliseconds(timeout: i32) -> Option<Timespec> {
    u64::try_from(timeout).ok().map(|ms| Timespec::from_nanos(ms * 1_000_000))
}

fn wait(call: &Call<'_>, epfd: Fd, events: Ptr, max: i32, span: Option<Timespec>) -> Result<usize> {
    let max = usize::try_from(max).ok().filter(|m| (1..=i32::MAX as usize / EVENT).contains(m)).ok_or(Errno::EINVAL)?;
    if !is_guest(events.0, max * EVENT) {
        return Err(Errno::EFAULT);
    }
    let file = rw::file(call, epfd)?;
    let epoll = Epoll::of(&file).ok_or(Errno::EINVAL)?;
    let mut got = epoll.collect(max);
    if got.is_empty() && span != Some(Timespec::default()) {
        let deadline = span.and_then(Deadline::after);
        got = epoll::wait(call.task, file, max, deadline)?;
    }
    hand_out(events, &got)
}

/// What can be written counts.
fn hand_out(events: Ptr, got: &Collected) -> Result<usize> {
    for (i, e) in got.iter().enumerate() {
        let raw = [e.events, e.data as u32, (e.data >> 32) as u32];
        if let Err(fault) = user::write(events.0 + i * EVENT, &raw) {
            return if i == 0 { Err(fault) } else { Ok(i) };
        }
    }
    Ok(got.len())
}
