//! `process_vm_readv(2)` (`mm/process_vm_access.c`).
//!
//! Another process's memory is read through the host; a page of a file that it has not touched yet is `EFAULT`. Left out:
//! `process_vm_writev` (`ENOSYS`), which would need a right over host processes that the wall does not grant.

use super::pidfd::check_attach;
use super::sched::find;
use crate::dispatch::Call;
use crate::table::Ptr;
use alloc::vec::Vec;
use host::layout::{PAGE_SIZE, is_guest};
use host::user::IoVec;
use host::{Errno, Result, user};
use vkernel::Task;
use vkernel::proc::read_memory;

/// Both lists: the caller's, and the other's, which is at most as long in all.
fn lists(local: Ptr, n: usize, remote: Ptr, m: usize, flags: u64) -> Result<(Vec<IoVec>, Vec<IoVec>)> {
    if flags != 0 {
        return Err(Errno::EINVAL);
    }
    let local = user::read_iovecs(local.0, n)?;
    let bad = local.iter().any(|v| v.len > 0 && !is_guest(v.base, v.len));
    if bad {
        return Err(Errno::EFAULT);
    }
    if local.iter().all(|v| v.len == 0) {
        return Ok((Vec::new(), Vec::new()));
    }
    Ok((local, user::read_iovecs(remote.0, m)?))
}

/// `process_vm_readv(2)`.
pub fn process_vm_readv(
    call: &mut Call<'_>,
    pid: i32,
    local: Ptr,
    n: usize,
    remote: Ptr,
    m: usize,
    flags: u64,
) -> Result<usize> {
    transfer(call, pid, lists(local, n, remote, m, flags)?)
}

fn transfer(call: &Call<'_>, pid: i32, (local, remote): (Vec<IoVec>, Vec<IoVec>)) -> Result<usize> {
    if local.is_empty() || remote.iter().all(|v| v.len == 0) {
        return Ok(0);
    }
    let other = match find(call.task, pid)? {
        // 0 is nobody here.
        None if pid == 0 => return Err(Errno::ESRCH),
        other => other,
    };
    if let Some(other) = &other {
        check_attach(call.task, other)?;
    }
    let other = other.filter(|t| !alloc::sync::Arc::ptr_eq(&t.mm(), &call.task.mm()));
    let mut done = 0;
    let mut mine = Cursor { list: &local, at: 0, off: 0 };
    let mut theirs = Cursor { list: &remote, at: 0, off: 0 };
    while let (Some(a), Some(b)) = (mine.piece(), theirs.piece()) {
        let len = a.len.min(b.len);
        match move_piece(call, other.as_deref(), a.base, b.base, len) {
            Ok(()) => done += len,
            Err(e) if done == 0 => return Err(e),
            Err(_) => break,
        }
        mine.skip(len);
        theirs.skip(len);
    }
    Ok(done)
}

fn move_piece(call: &Call<'_>, other: Option<&Task>, mine: usize, theirs: usize, len: usize) -> Result<()> {
    if !is_guest(theirs, len) {
        return Err(Errno::EFAULT);
    }
    let space = other.map_or_else(|| call.task.mm(), Task::mm);
    if space.is_secret(theirs) {
        return Err(Errno::EFAULT);
    }
    let bytes = match other {
        // The host does not know what may be read of pages that are not there yet; whoever is stopped does.
        Some(task) if task.trace.stopped() => {
            match task.read_tracee(theirs, len, false) {
                // It has gone on meanwhile.
                Err(Errno::ESRCH) => read_memory(task, theirs, len)?,
                other => other?,
            }
        }
        Some(task) => read_memory(task, theirs, len)?,
        None => {
            let mut bytes = alloc::vec![0; len];
            user::copy_in(&mut bytes, theirs)?;
            bytes
        }
    };
    if bytes.len() < len {
        return Err(Errno::EFAULT);
    }
    user::copy_out(mine, &bytes)
}

/// Goes through a list page by page.
struct Cursor<'a> {
    list: &'a [IoVec],
    at: usize,
    off: usize,
}

impl Cursor<'_> {
    fn piece(&mut self) -> Option<IoVec> {
        loop {
            let vec = self.list.get(self.at)?;
            if self.off < vec.len {
                let base = vec.base.wrapping_add(self.off);
                let page = PAGE_SIZE - base % PAGE_SIZE;
                return Some(IoVec { base, len: (vec.len - self.off).min(page) });
            }
            self.at += 1;
            self.off = 0;
        }
    }

    fn skip(&mut self, n: usize) {
        self.off += n;
    }
}
