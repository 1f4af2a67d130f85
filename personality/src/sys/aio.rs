//! `io_setup(2)` and its family (`fs/aio.c`). Operations are made as they are submitted; see `vkernel::aio`.

use super::{mm, poll, rw};
use crate::dispatch::Call;
use crate::table::{Fd, Ptr};
use alloc::sync::Arc;
use fs_emu::vfs::File;
use host::abi::Timespec;
use host::layout::PAGE_SIZE;
use host::time::Deadline;
use host::{Errno, Result, user};
use vkernel::aio::{Context, MAX_EVENTS};
use vkernel::eventfd::EventFd;
use vkernel::mm::{MAP_ANONYMOUS, MAP_PRIVATE, MapRequest, PROT_READ, PROT_WRITE};

/// `struct iocb`: data, key and flags, operation with priority and descriptor, buffer, bytes, offset, 0, flags and eventfd.
type Iocb = [u64; 8];
const PREAD: u16 = 0;
const PWRITE: u16 = 1;
const FSYNC: u16 = 2;
const FDSYNC: u16 = 3;
const PREADV: u16 = 7;
const PWRITEV: u16 = 8;
const FLAG_RESFD: u32 = 1;
/// Largest `nr_events` that `io_setup` multiplies without overflow.
const MOST: u32 = 0x1000_0000 / 32;
const KEY: u32 = 0;

/// `io_setup(2)`.
pub fn io_setup(call: &mut Call<'_>, events: u32, at: Ptr) -> Result<usize> {
    let before: u64 = user::read(at.0)?;
    if before != 0 || events == 0 || events > MOST / 2 {
        return Err(Errno::EINVAL);
    }
    if u64::from(events) > MAX_EVENTS {
        return Err(Errno::EAGAIN);
    }
    let space = call.task.mm();
    let flags = MAP_ANONYMOUS | MAP_PRIVATE;
    let page = MapRequest { addr: 0, len: PAGE_SIZE, prot: PROT_READ | PROT_WRITE, flags, offset: 0 };
    let addr = space.mmap(&page, None, &mm::limits(call.task))?;
    let made = space.aio.add(addr, events).and_then(|()| user::write(at.0, &addr));
    if let Err(e) = made {
        let _ = space.aio.remove(addr);
        space.munmap(addr, PAGE_SIZE)?;
        return Err(e);
    }
    Ok(0)
}

/// `io_destroy(2)`.
pub fn io_destroy(call: &mut Call<'_>, context: Ptr) -> Result<usize> {
    let space = call.task.mm();
    space.aio.remove(context.0)?;
    let _ = space.munmap(context.0, PAGE_SIZE);
    Ok(0)
}

/// `io_submit(2)`: how many were submitted; an error only if it is about the first.
pub fn io_submit(call: &mut Call<'_>, context: Ptr, n: i64, list: Ptr) -> Result<usize> {
    if n < 0 {
        return Err(Errno::EINVAL);
    }
    let context = call.task.mm().aio.find(context.0)?;
    let mut done = 0;
    while done < n as usize {
        let one = user::read::<u64>(list.0.wrapping_add(8 * done)).and_then(|at| submit(call, &context, at as usize));
        match one {
            Ok(()) => done += 1,
            Err(e) if done == 0 => return Err(e),
            Err(_) => break,
        }
    }
    Ok(done)
}

fn submit(call: &Call<'_>, context: &Context, at: usize) -> Result<()> {
    let iocb: Iocb = user::read(at)?;
    let (op, fd) = (iocb[2] as u16, (iocb[2] >> 32) as i32);
    let (flags, notified) = (iocb[7] as u32, (iocb[7] >> 32) as i32);
    if iocb[6] != 0 || (iocb[4] as i64) < 0 {
        return Err(Errno::EINVAL);
    }
    context.has_room()?;
    let file = rw::file(call, Fd(fd))?;
    let notified = if flags & FLAG_RESFD != 0 {
        let file = rw::file(call, Fd(notified))?;
        file.ops_as::<EventFd>().ok_or(Errno::EINVAL)?;
        Some(file)
    } else {
        None
    };
    user::write(at.wrapping_add(8), &KEY)?;
    let result = operate(call, file, op, &iocb)?;
    context.complete([iocb[0], at as u64, result as u64, 0]);
    if let Some(eventfd) = notified.as_ref().and_then(|f| f.ops_as::<EventFd>()) {
        eventfd.signal(1);
    }
    Ok(())
}

/// One operation: an error is one of the submission, its result otherwise the bytes moved or the negative error.
fn operate(call: &Call<'_>, file: Arc<File>, op: u16, iocb: &Iocb) -> Result<i64> {
    let (buf, len, offset, rw_flags) =
        (Ptr(iocb[3] as usize), iocb[4] as usize, iocb[5] as i64, (iocb[1] >> 32) as u32);
    match op {
        PREAD | PWRITE => rw::prepared(call, file, op == PWRITE, rw::buffer(buf, len), offset, rw_flags),
        PREADV | PWRITEV => rw::prepared(call, file, op == PWRITEV, rw::buffers(buf, len), offset, rw_flags),
        FSYNC | FDSYNC if iocb[3] != 0 || iocb[4] != 0 || offset != 0 || rw_flags != 0 => Err(Errno::EINVAL),
        FSYNC | FDSYNC => {
            let done = file.sync(op == FDSYNC);
            if done == Err(Errno::EINVAL) { Err(Errno::EINVAL) } else { Ok(result(done.map(|()| 0))) }
        }
        _ => Err(Errno::EINVAL),
    }
}

pub(super) fn result(done: Result<usize>) -> i64 {
    done.map_or_else(|e| e.as_ret() as i64, |n| n as i64)
}

/// `io_cancel(2)`: nothing is ever under way.
pub fn io_cancel(call: &mut Call<'_>, context: Ptr, iocb: Ptr, _result: Ptr) -> Result<usize> {
    let key: u32 = user::read(iocb.0.wrapping_add(8))?;
    if key != KEY {
        return Err(Errno::EINVAL);
    }
    call.task.mm().aio.find(context.0)?;
    Err(Errno::EINVAL)
}

/// `io_getevents(2)`.
pub fn io_getevents(call: &mut Call<'_>, context: Ptr, min: i64, n: i64, events: Ptr, timeout: Ptr) -> Result<usize> {
    let timeout = user::read_opt::<Timespec>(timeout.0)?;
    fetch(call, context, min, n, events, timeout)
}

/// `io_pgetevents(2)`.
pub fn io_pgetevents(
    call: &mut Call<'_>,
    context: Ptr,
    min: i64,
    n: i64,
    events: Ptr,
    timeout: Ptr,
    mask: Ptr,
) -> Result<usize> {
    let timeout = user::read_opt::<Timespec>(timeout.0)?;
    if let Some([mask, size]) = user::read_opt::<[usize; 2]>(mask.0)? {
        poll::swap_mask(call.task, mask, size)?;
    }
    let got = fetch(call, context, min, n, events, timeout);
    if got != Err(Errno::EINTR) {
        call.task.restore_saved_mask();
    }
    got
}

fn fetch(call: &Call<'_>, context: Ptr, min: i64, n: i64, at: Ptr, timeout: Option<Timespec>) -> Result<usize> {
    let context = call.task.mm().aio.find(context.0)?;
    if min < 0 || n < min {
        return Err(Errno::EINVAL);
    }
    let until = match timeout {
        Some(span) if span.sec < 0 || span.nsec < 0 => Deadline::after(Timespec::default()),
        Some(span) => Deadline::after(span),
        None => None,
    };
    let got = context.take(call.task, min as usize, n as usize, until)?;
    for (i, event) in got.iter().enumerate() {
        user::write(at.0.wrapping_add(32 * i), event)?;
    }
    Ok(got.len())
}
