//! The loops that sleep: what never sleeps is tried again when something happened (`sock_wait_for_wmem` and its like).
//!
//! A time limit that passes answers `EAGAIN`, as `SO_RCVTIMEO` and `SO_SNDTIMEO` have it. Locks: none.

use super::core::{Core, Kind, Socket};
use super::msg;
use super::recv::{Received, RecvHow};
use super::send::{Outgoing, Target};
use crate::files::io::{self, InUse};
use crate::signal::SIGPIPE;
use crate::task::Task;
use alloc::sync::Arc;
use fs_emu::FileOps;
use fs_emu::file::Events;
use fs_emu::vfs::File;
use host::iov::IovIter;
use host::{Errno, Result};

/// Faults on guest pages that one call stands.
const PATIENCE: u32 = 64;

/// How a call waits.
#[derive(Clone, Copy)]
pub struct Waits {
    /// Not at all.
    pub nonblock: bool,
    /// Its time limit is that for sending.
    pub sends: bool,
}

/// The socket of a file: `ENOTSOCK` if it is something else.
pub fn socket(file: &File) -> Result<&Socket> {
    Socket::of(file).ok_or(Errno::ENOTSOCK)
}

/// Runs `step` until it answers something else than `EAGAIN`.
pub fn until<T>(
    task: &Task,
    file: &mut InUse<'_>,
    waits: Waits,
    other: Option<&Arc<Core>>,
    mut step: impl FnMut(&Socket) -> Result<T>,
) -> Result<T> {
    let now = file.get()?;
    let first = step(socket(&now)?);
    if waits.nonblock || !matches!(first, Err(Errno::EAGAIN)) {
        return first;
    }
    let deadline = socket(&now)?.core().deadline(waits.sends);
    drop(now);
    file.park();
    let file = &*file;
    let slept = task.wait_for(deadline, |table| {
        let file = match file.get() {
            Ok(file) => file,
            Err(e) => return Some(Err(e)),
        };
        let socket = match socket(&file) {
            Ok(socket) => socket,
            Err(e) => return Some(Err(e)),
        };
        if let Some(table) = table {
            let before = table.host_fds().len();
            socket.poll(Some(table));
            // A host descriptor that is ready for something else would end every sleep at once.
            let wanted = if waits.sends { Events::OUT } else { Events::IN };
            for fd in table.host_fds().iter_mut().skip(before) {
                fd.events &= wanted.bits() as i16;
            }
            if let Some(other) = other {
                table.wait_on(other.room());
            }
        }
        match step(socket) {
            Err(Errno::EAGAIN) => None,
            done => Some(done),
        }
    });
    slept.or(Errno::EAGAIN)?
}

/// Sends all of a message; a stream in as many pieces as it takes.
pub fn send(
    task: &Task,
    file: &mut InUse<'_>,
    from: &mut IovIter<'_>,
    out: &mut Outgoing,
    flags: u32,
    nonblock: bool,
) -> Result<usize> {
    let stream = socket(&*file.get()?)?.core().kind == Kind::Stream;
    let other = match &out.to {
        Some(Target::Socket(other)) => Some(other.clone()),
        _ => None,
    };
    let waits = Waits { nonblock, sends: true };
    let (mut sent, mut faults) = (0, 0);
    loop {
        match until(task, file, waits, other.as_ref(), |s| s.try_send(from, out)) {
            Ok(n) => {
                sent += n;
                let more = stream && n > 0 && from.remaining() > 0;
                if !more || (nonblock && from.fault().is_none()) {
                    return Ok(sent);
                }
            }
            Err(e) if e != Errno::EFAULT && sent > 0 => return Ok(sent),
            Err(Errno::EFAULT) if from.fault().is_none() => {
                return if sent > 0 { Ok(sent) } else { Err(Errno::EFAULT) };
            }
            Err(Errno::EFAULT) => {}
            Err(e) => {
                if e == Errno::EPIPE && stream && flags & msg::NOSIGNAL == 0 {
                    io::signal_self(task, SIGPIPE);
                }
                return Err(e);
            }
        }
        faults += u32::from(from.fault().is_some());
        if faults > PATIENCE || from.resolve_fault(false).is_err() {
            return if sent > 0 { Ok(sent) } else { Err(Errno::EFAULT) };
        }
    }
}

/// Receives a message, or of a stream what there is; with `MSG_WAITALL` all that was asked for, else as much as `SO_RCVLOWAT` says.
pub fn recv(
    task: &Task,
    file: &mut InUse<'_>,
    to: &mut IovIter<'_>,
    (flags, control): (u32, usize),
    nonblock: bool,
) -> Result<Received> {
    let (stream, tcp, least) = {
        let file = file.get()?;
        let core = socket(&file)?.core();
        (core.kind == Kind::Stream, core.is_tcp(), core.least())
    };
    let how = RecvHow {
        peek: flags & msg::PEEK != 0,
        skip: tcp && flags & msg::TRUNC != 0,
        urgent: tcp && flags & msg::OOB != 0,
        nonblock,
        flags: flags & msg::FOR_HOST_RECV,
        control,
    };
    let goes_on = stream && !how.peek && !nonblock && !how.urgent;
    let wanted = if flags & msg::WAITALL != 0 { to.remaining() } else { least.min(to.remaining()) };
    let waits = Waits { nonblock, sends: false };
    let mut total: Option<Received> = None;
    let (mut faults, mut all) = (0, false);
    loop {
        match until(task, file, waits, None, |s| s.try_recv(to, how)) {
            Ok(got) => {
                let (end, fault) = (got.end || !got.files.is_empty(), to.fault().is_some());
                let sum = match total.take() {
                    None => got,
                    Some(before) => before.and(got),
                };
                all = goes_on && sum.full < wanted;
                total = Some(sum);
                if end || to.remaining() == 0 || (!all && !fault) {
                    break;
                }
            }
            Err(Errno::EFAULT) if to.fault().is_some() => {}
            Err(e) => return total.ok_or(e),
        }
        faults += u32::from(to.fault().is_some());
        if faults > PATIENCE || to.resolve_fault(true).is_err() {
            return total.ok_or(Errno::EFAULT);
        }
        if total.is_some() && !all {
            break;
        }
    }
    Ok(total.unwrap_or_default())
}
