//! POSIX message queues (`ipc/mqueue.c`). Left out: `SIGEV_THREAD`, which needs netlink.

use super::{fds, rw};
use crate::dispatch::Call;
use crate::table::{Fd, Ptr};
use alloc::sync::Arc;
use alloc::vec;
use fs_emu::OpenFlags;
use fs_emu::vfs::File;
use host::abi::Timespec;
use host::time::Deadline;
use host::{Errno, Result, user};
use vkernel::ipc::mqueue::{Caller, MqFile, Mqueue, Notify, PRIO_MAX};
use vkernel::kernel::kernel;
use vkernel::signal::NSIG;
use vkernel::task::limits;

/// `struct mq_attr`: flags, most messages, most bytes of one, messages now, and four words kept free.
type RawAttr = [i64; 8];
const SIGEV_SIGNAL: i32 = 0;
const SIGEV_NONE: i32 = 1;

/// `mq_open(2)`. The name comes without its slash.
pub fn mq_open(call: &mut Call<'_>, name: Ptr, flags: u32, mode: u32, attr: Ptr) -> Result<usize> {
    let attr = user::read_opt::<RawAttr>(attr.0)?;
    let name = user::read_path(name.0)?;
    let flags = OpenFlags::from_bits_retain(flags);
    let fd = fds::reserve(call)?;
    let cred = call.task.cred();
    let caller =
        Caller { cred: &cred, limit: call.task.group.rlimit(limits::MSGQUEUE).cur, umask: call.task.fs().umask() };
    let queue = kernel().mqueues.open(&name, flags, mode, attr.map(|a| (a[1], a[2])), &caller)?;
    let kept = flags & (OpenFlags::WRONLY | OpenFlags::RDWR | OpenFlags::NONBLOCK);
    // `mq_open` closes on exec, whatever the flags say.
    Ok(fd.publish(MqFile::open(queue, kept), true) as usize)
}

/// `mq_unlink(2)`.
pub fn mq_unlink(call: &mut Call<'_>, name: Ptr) -> Result<usize> {
    let name = user::read_path(name.0)?;
    kernel().mqueues.unlink(&name, &call.task.cred()).map(|()| 0)
}

/// The queue behind a descriptor, and whether its calls do not sleep.
fn queue(file: &File) -> Result<(Arc<Mqueue>, bool)> {
    Ok((MqFile::of(file)?.clone(), file.flags().contains(OpenFlags::NONBLOCK)))
}

/// An absolute time on the wall clock.
fn deadline(at: Ptr) -> Result<Option<Deadline>> {
    match user::read_opt::<Timespec>(at.0)? {
        Some(at) if !at.is_valid() => Err(Errno::EINVAL),
        at => Ok(at.map(|at| Deadline { clock: 0, at })),
    }
}

/// `mq_timedsend(2)`.
pub fn mq_timedsend(call: &mut Call<'_>, fd: Fd, msg: Ptr, len: usize, prio: u32, timeout: Ptr) -> Result<usize> {
    let until = deadline(timeout)?;
    if prio >= PRIO_MAX {
        return Err(Errno::EINVAL);
    }
    let file = rw::file(call, fd)?;
    let (queue, nonblock) = queue(&file)?;
    file.want_write()?;
    if len as u64 > queue.attr().1 as u64 {
        return Err(Errno::EMSGSIZE);
    }
    let mut body = vec![0; len];
    user::copy_in(&mut body, msg.0)?;
    queue.send(call.task, body.into(), prio, nonblock, until).map(|()| 0)
}

/// `mq_timedreceive(2)`.
pub fn mq_timedreceive(call: &mut Call<'_>, fd: Fd, msg: Ptr, len: usize, prio: Ptr, timeout: Ptr) -> Result<usize> {
    let until = deadline(timeout)?;
    let file = rw::file(call, fd)?;
    let (queue, nonblock) = queue(&file)?;
    file.want_read()?;
    if (len as u64) < queue.attr().1 as u64 {
        return Err(Errno::EMSGSIZE);
    }
    let (body, its) = queue.receive(call.task, nonblock, until)?;
    // As on Linux, the message is gone even if it cannot be copied.
    user::write_opt(prio.0, &its)?;
    user::copy_out(msg.0, &body)?;
    Ok(body.len())
}

/// `mq_notify(2)`.
pub fn mq_notify(call: &mut Call<'_>, fd: Fd, event: Ptr) -> Result<usize> {
    // `struct sigevent`: value, signal and kind, and words for threads.
    let how = match user::read_opt::<[u64; 8]>(event.0)? {
        None => None,
        Some(event) => {
            let (value, sig, kind) = (event[0], event[1] as u32, (event[1] >> 32) as i32);
            match kind {
                SIGEV_NONE => Some(Notify::Nothing),
                SIGEV_SIGNAL if sig <= NSIG => Some(Notify::Signal { sig, value }),
                _ => return Err(Errno::EINVAL),
            }
        }
    };
    let file = rw::file(call, fd)?;
    MqFile::of(&file)?.notify(call.task, how).map(|()| 0)
}

/// `mq_getsetattr(2)`: only `O_NONBLOCK` can be set.
pub fn mq_getsetattr(call: &mut Call<'_>, fd: Fd, new: Ptr, old: Ptr) -> Result<usize> {
    let new = user::read_opt::<RawAttr>(new.0)?;
    let nonblock = i64::from(OpenFlags::NONBLOCK.bits());
    if new.is_some_and(|new| new[0] & !nonblock != 0) {
        return Err(Errno::EINVAL);
    }
    let file = rw::file(call, fd)?;
    let (queue, was) = queue(&file)?;
    let (max_messages, max_bytes, now) = queue.attr();
    if let Some(new) = new {
        file.set_nonblock(new[0] & nonblock != 0)?;
    }
    let flags = if was { nonblock } else { 0 };
    user::write_opt::<RawAttr>(old.0, &[flags, max_messages, max_bytes, now, 0, 0, 0, 0]).map(|()| 0)
}
