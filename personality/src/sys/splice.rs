//! Moving bytes between descriptors without the guest's memory: `sendfile`, `splice`, `tee`, `vmsplice`, `copy_file_range`
//! (`fs/splice.c`, `fs/read_write.c`).
//!
//! Here are the checks, in Linux's order; the moving is `vkernel::files::pump`'s. Left out: sharing of pages (a later write to
//! the source does not show in a pipe).

use super::rw;
use crate::dispatch::Call;
use crate::table::{Fd, Ptr};
use alloc::sync::Arc;
use fs_emu::vfs::File;
use fs_emu::{FileType, OpenFlags};
use host::iov::MAX_RW_COUNT;
use host::{Errno, Result, user};
use vkernel::files::io::{self, How};
use vkernel::files::pump::{End, Rules, pipe_of, pump, sleep_on, wait_for_room};
use vkernel::signal::SIGPIPE;

const SPLICE_F_NONBLOCK: u32 = 2;
const SPLICE_F_ALL: u32 = 15;

/// An offset that the guest keeps, read before and written after.
fn offset(at: Ptr) -> Result<Option<i64>> {
    user::read_opt(at.0)
}

fn not_negative(at: Option<i64>) -> Result<()> {
    if at.is_some_and(|at| at < 0) { Err(Errno::EINVAL) } else { Ok(()) }
}

fn has_flag(file: &File, flag: OpenFlags) -> bool {
    file.flags().contains(flag)
}

/// `sendfile(2)`.
pub fn sendfile(call: &mut Call<'_>, out: Fd, input: Fd, at: Ptr, count: usize) -> Result<usize> {
    let start = offset(at)?;
    let source = rw::file(call, input)?;
    source.want_read()?;
    if start.is_some() && !source.ops().seekable() {
        return Err(Errno::ESPIPE);
    }
    not_negative(start)?;
    if count > isize::MAX as usize {
        return Err(Errno::EINVAL);
    }
    let sink = rw::file(call, out)?;
    sink.want_write()?;
    let from = source.ops().seekable() && source.file_type() != FileType::Directory;
    if !from || !sink.ops().spliceable() || has_flag(&sink, OpenFlags::APPEND) {
        return Err(Errno::EINVAL);
    }
    let rules = Rules { nonblock: has_flag(&sink, OpenFlags::NONBLOCK), once: pipe_of(&sink).is_some() };
    let mut from = End::new(call.task, source, start);
    let mut to = End::new(call.task, sink, None);
    let moved = pump(call.task, &mut from, &mut to, count.min(MAX_RW_COUNT), rules);
    if let Some(at_now) = from.at {
        user::write(at.0, &at_now)?;
    }
    moved
}

/// `splice(2)`.
pub fn splice(
    call: &mut Call<'_>,
    input: Fd,
    off_in: Ptr,
    out: Fd,
    off_out: Ptr,
    len: usize,
    flags: u32,
) -> Result<usize> {
    if len == 0 {
        return Ok(0);
    }
    if flags & !SPLICE_F_ALL != 0 {
        return Err(Errno::EINVAL);
    }
    let (source, sink) = (rw::file(call, input)?, rw::file(call, out)?);
    let (pipe_in, pipe_out) = (pipe_of(&source), pipe_of(&sink));
    if (pipe_in.is_some() && off_in.0 != 0) || (pipe_out.is_some() && off_out.0 != 0) {
        return Err(Errno::ESPIPE);
    }
    let (at_in, at_out) = (offset(off_in)?, offset(off_out)?);
    source.want_read()?;
    sink.want_write()?;
    match (&pipe_in, &pipe_out) {
        (Some(a), Some(b)) if Arc::ptr_eq(a, b) => return Err(Errno::EINVAL),
        (None, None) => return Err(Errno::EINVAL),
        _ => {}
    }
    let no_place = (at_in.is_some() && !source.ops().seekable()) || (at_out.is_some() && !sink.ops().seekable());
    let append = pipe_out.is_none() && has_flag(&sink, OpenFlags::APPEND);
    let other_kind = !source.ops().spliceable() || !sink.ops().spliceable();
    if no_place || append || other_kind || source.file_type() == FileType::Directory {
        return Err(Errno::EINVAL);
    }
    not_negative(at_in).and_then(|()| not_negative(at_out))?;
    let nonblock = flags & SPLICE_F_NONBLOCK != 0
        || (pipe_out.is_some() && has_flag(&sink, OpenFlags::NONBLOCK))
        || (pipe_in.is_some() && pipe_out.is_some() && has_flag(&source, OpenFlags::NONBLOCK));
    let (mut from, mut to) = (End::new(call.task, source, at_in), End::new(call.task, sink, at_out));
    let rules = Rules { nonblock, once: true };
    let moved = pump(call.task, &mut from, &mut to, len.min(MAX_RW_COUNT), rules)?;
    user_offset(off_in, &from)?;
    user_offset(off_out, &to)?;
    Ok(moved)
}

fn user_offset(at: Ptr, end: &End<'_>) -> Result<()> {
    end.at.map_or(Ok(()), |now| user::write(at.0, &now))
}

/// `tee(2)`.
pub fn tee(call: &mut Call<'_>, input: Fd, out: Fd, len: usize, flags: u32) -> Result<usize> {
    if flags & !SPLICE_F_ALL != 0 {
        return Err(Errno::EINVAL);
    }
    if len == 0 {
        return Ok(0);
    }
    let (source, sink) = (rw::file(call, input)?, rw::file(call, out)?);
    source.want_read()?;
    sink.want_write()?;
    let nonblock = flags & SPLICE_F_NONBLOCK != 0
        || has_flag(&source, OpenFlags::NONBLOCK)
        || has_flag(&sink, OpenFlags::NONBLOCK);
    let from = End::new(call.task, source, None);
    let to = End::new(call.task, sink, None);
    let (Some(a), Some(b)) = (&from.pipe, &to.pipe) else { return Err(Errno::EINVAL) };
    if Arc::ptr_eq(a, b) {
        return Err(Errno::EINVAL);
    }
    let len = len.min(MAX_RW_COUNT);
    loop {
        // Both wait without taking anything, so the order does not matter; what came loose meanwhile is seen below.
        sleep_on(call.task, a, nonblock, || a.peek_bytes(1))?;
        wait_for_room(call.task, &to, nonblock)?;
        let bytes = match a.peek_bytes(len) {
            Err(Errno::EAGAIN) if !nonblock => continue,
            bytes => bytes?,
        };
        match b.put_bytes(&bytes) {
            Err(Errno::EAGAIN) if !nonblock => {}
            Err(Errno::EPIPE) => {
                io::signal_self(call.task, SIGPIPE);
                return Err(Errno::EPIPE);
            }
            put => return put,
        }
    }
}

/// `vmsplice(2)`: copies, either way.
pub fn vmsplice(call: &mut Call<'_>, fd: Fd, iov: Ptr, count: usize, flags: u32) -> Result<usize> {
    if flags & !SPLICE_F_ALL != 0 {
        return Err(Errno::EINVAL);
    }
    let file = rw::file(call, fd)?;
    let writes = file.flags().writable();
    if !writes && !file.flags().readable() {
        return Err(Errno::EBADF);
    }
    let mut bytes = rw::buffers(iov, count)?;
    if bytes.remaining() == 0 {
        return Ok(0);
    }
    if pipe_of(&file).is_none() {
        return Err(Errno::EBADF);
    }
    let how = How { nowait: flags & SPLICE_F_NONBLOCK != 0, once: true, ..How::default() };
    if writes { io::write(call.task, file, &mut bytes, how) } else { io::read(call.task, file, &mut bytes, how) }
}

/// `copy_file_range(2)`.
pub fn copy_file_range(
    call: &mut Call<'_>,
    input: Fd,
    off_in: Ptr,
    out: Fd,
    off_out: Ptr,
    len: usize,
    flags: u32,
) -> Result<usize> {
    let (source, sink) = (rw::file(call, input)?, rw::file(call, out)?);
    let (at_in, at_out) = (offset(off_in)?, offset(off_out)?);
    if flags != 0 {
        return Err(Errno::EINVAL);
    }
    let len = range_checks(&source, &sink, at_in, at_out, len)?;
    if len == 0 {
        return Ok(0);
    }
    let (mut from, mut to) = (End::new(call.task, source, at_in), End::new(call.task, sink, at_out));
    let rules = Rules { nonblock: false, once: false };
    let moved = pump(call.task, &mut from, &mut to, len.min(MAX_RW_COUNT), rules)?;
    user_offset(off_in, &from)?;
    user_offset(off_out, &to)?;
    Ok(moved)
}

/// `generic_copy_file_checks`: how much there is to copy.
fn range_checks(source: &File, sink: &File, at_in: Option<i64>, at_out: Option<i64>, len: usize) -> Result<usize> {
    let kinds = [source.file_type(), sink.file_type()];
    if kinds.contains(&FileType::Directory) {
        return Err(Errno::EISDIR);
    }
    if kinds.iter().any(|k| *k != FileType::Regular) {
        return Err(Errno::EINVAL);
    }
    source.want_read()?;
    sink.want_write()?;
    if has_flag(sink, OpenFlags::APPEND) {
        return Err(Errno::EBADF);
    }
    not_negative(at_in).and_then(|()| not_negative(at_out))?;
    let start_in = at_in.map_or(source.pos(), |at| at as u64);
    let start_out = at_out.map_or(sink.pos(), |at| at as u64);
    // Not against the largest offset: `cp` asks for all that a length can say.
    if start_in.checked_add(len as u64).is_none() || start_out.checked_add(len as u64).is_none() {
        return Err(Errno::EOVERFLOW);
    }
    let (a, b) = (source.metadata()?, sink.metadata()?);
    let len = (len as u64).min(a.size.saturating_sub(start_in));
    let same = (a.dev, a.ino) == (b.dev, b.ino);
    if same && start_out.saturating_add(len) > start_in && start_out < start_in.saturating_add(len) {
        return Err(Errno::EINVAL);
    }
    Ok(len as usize)
}
