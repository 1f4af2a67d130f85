//! Moving bytes from one file to another through a kernel buffer (`fs/splice.c`, `fs/read_write.c`).
//!
//! What a sink does not take goes back to where it came from: into the pipe, or by not moving the position. A source that can
//! do neither (a terminal) is read in pieces that are then written in full. Locks: none.

use super::io::{self, How, InUse};
use crate::pipe::{Pipe, PipeEnd};
use crate::task::Task;
use alloc::sync::Arc;
use alloc::vec::Vec;
use fs_emu::file::Events;
use fs_emu::vfs::File;
use host::iov::IovIter;
use host::wait::PollTable;
use host::{Errno, Result};

/// Bytes moved at a time.
const PIECE: usize = 64 << 10;
/// From a source that cannot take back: what any pipe with room has room for.
const SMALL: usize = 4096;

/// The buffer of a file that is a pipe.
pub fn pipe_of(file: &File) -> Option<Arc<Pipe>> {
    PipeEnd::of(&**file.ops()).map(|end| end.buffer().clone())
}

/// One end of a move.
pub struct End<'t> {
    /// The file.
    pub file: InUse<'t>,
    /// Its buffer, if it is a pipe.
    pub pipe: Option<Arc<Pipe>>,
    /// An offset of the caller's; `None` for the file's position.
    pub at: Option<i64>,
    seekable: bool,
}

impl<'t> End<'t> {
    /// An end; the file is parked, for whatever follows may sleep.
    pub fn new(task: &'t Task, file: Arc<File>, at: Option<i64>) -> End<'t> {
        let (pipe, seekable) = (pipe_of(&file), file.ops().seekable());
        let mut file = InUse::new(task, file);
        file.park();
        End { file, pipe, at, seekable }
    }
}

/// How to move.
#[derive(Clone, Copy)]
pub struct Rules {
    /// Never sleeps.
    pub nonblock: bool,
    /// Is content with the first piece, as everything is that a pipe takes part in.
    pub once: bool,
}

/// Moves up to `len` bytes: how many went.
pub fn pump(task: &Task, from: &mut End<'_>, to: &mut End<'_>, len: usize, rules: Rules) -> Result<usize> {
    let mut done = 0;
    while done < len {
        let nonblock = rules.nonblock || (rules.once && done > 0);
        match piece(task, from, to, len - done, nonblock) {
            Ok((0, _)) => break,
            Ok((n, whole)) => {
                done += n;
                if !whole || task.signal_pending() {
                    break;
                }
            }
            Err(e) if done == 0 => return Err(e),
            Err(_) => break,
        }
    }
    Ok(done)
}

/// Moves one piece; also answers whether the sink took all of it.
fn piece(task: &Task, from: &mut End<'_>, to: &mut End<'_>, len: usize, nonblock: bool) -> Result<(usize, bool)> {
    let returns = from.pipe.is_some() || from.seekable;
    let len = len.min(if returns { PIECE } else { SMALL });
    if to.pipe.is_some() {
        wait_for_room(task, to, nonblock)?;
    }
    let bytes = take(task, from, len, nonblock)?;
    if bytes.is_empty() {
        return Ok((0, true));
    }
    let how = How { at: to.at, nowait: nonblock && returns, once: returns && to.pipe.is_some(), ..How::default() };
    let put = io::write_to(task, &mut to.file, &mut IovIter::kernel(&bytes), how);
    let n = *put.as_ref().unwrap_or(&0);
    give_back(from, &bytes, n)?;
    put?;
    to.at = to.at.map(|at| at.saturating_add(n as i64));
    Ok((n, n == bytes.len()))
}

/// Sleeps until a pipe that is to be written has room.
pub fn wait_for_room(task: &Task, to: &End<'_>, nonblock: bool) -> Result<()> {
    let file = &to.file;
    let ready = |table: Option<&mut PollTable>| match file.get() {
        Ok(file) => (!io::poll(&file, Events::OUT, table).is_empty()).then_some(Ok(())),
        Err(e) => Some(Err(e)),
    };
    if nonblock {
        return ready(None).unwrap_or(Err(Errno::EAGAIN));
    }
    task.wait_for(None, ready).or(Errno::EINTR)?
}

/// Takes bytes from the source. A position stays where it is until [`give_back`] says how far it moves.
fn take(task: &Task, from: &mut End<'_>, len: usize, nonblock: bool) -> Result<Vec<u8>> {
    if let Some(pipe) = &from.pipe {
        return sleep_on(task, pipe, nonblock, || pipe.take_bytes(len));
    }
    let mut buf = Vec::new();
    buf.try_reserve_exact(len).map_err(|_| Errno::ENOMEM)?;
    buf.resize(len, 0);
    let at = match from.at {
        None if from.seekable => Some(i64::try_from(from.file.get()?.pos()).map_err(|_| Errno::EOVERFLOW)?),
        at => at,
    };
    let how = How { at, nowait: nonblock, ..How::default() };
    let n = io::read_from(task, &mut from.file, &mut IovIter::kernel_mut(&mut buf), how)?;
    buf.truncate(n);
    Ok(buf)
}

/// Of `bytes` only the first `n` went.
fn give_back(from: &mut End<'_>, bytes: &[u8], n: usize) -> Result<()> {
    let rest = bytes.get(n..).unwrap_or_default();
    match (&from.pipe, from.at) {
        (Some(pipe), _) if !rest.is_empty() => pipe.put_back(rest),
        (None, Some(at)) => {
            from.at = Some(at.saturating_add(n as i64));
            Ok(())
        }
        (None, None) if from.seekable => {
            let file = from.file.get()?;
            file.set_pos(file.pos().saturating_add(n as u64));
            Ok(())
        }
        _ => Ok(()),
    }
}

/// Runs `step` until a pipe has bytes for it.
pub fn sleep_on<T>(task: &Task, pipe: &Arc<Pipe>, nonblock: bool, mut step: impl FnMut() -> Result<T>) -> Result<T> {
    let mut tried = || match step() {
        Err(Errno::EAGAIN) => None,
        done => Some(done),
    };
    if nonblock {
        return tried().unwrap_or(Err(Errno::EAGAIN));
    }
    let slept = task.wait_for(None, |table| {
        if let Some(table) = table {
            table.wait_on(pipe.readable());
        }
        tried()
    });
    slept.or(Errno::EINTR)?
}
