//! `/proc/PID/mem`: a process's memory as a file (`fs/proc/base.c`: `mem_rw`).
//!
//! One's own, and that of a tracee which is stopped, can be read and written whatever its protection. Of other processes, what
//! is there can be read, through the host; writing to them is `EIO`, which Linux lets those do who may trace.
//!
//! A stopped tracee copies itself: the file asks, answers `EAGAIN`, and the caller comes back to wait. Locks: the question, a
//! leaf.

use super::hostfile::read_host_memory;
use super::subject::Subject;
use crate::Task;
use crate::ptrace::Question;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::any::Any;
use fs_emu::pseudo::set_attr;
use fs_emu::{FileOps, FileType, Inode, InodeRef, Metadata, OpenFlags, Owner, SetAttr};
use host::iov::IovIter;
use host::layout::{PAGE_SIZE, is_guest};
use host::lock::Mutex;
use host::{Errno, Result, user};

/// Most bytes moved at a time.
const MOST: usize = 64 << 10;

/// The file of a process.
pub(super) fn file(subject: &Subject) -> InodeRef {
    Arc::new(MemInode(subject.clone()))
}

struct MemInode(Subject);

/// An open one.
struct MemFile {
    subject: Subject,
    asked: Mutex<Option<Question>>,
}

fn attributes(subject: &Subject) -> Result<Metadata> {
    subject.attr(b"mem", 0o600, false).map(|a| a.metadata(FileType::Regular, 0))
}

impl Inode for MemInode {
    fn metadata(&self) -> Result<Metadata> {
        attributes(&self.0)
    }

    fn file_type(&self) -> FileType {
        FileType::Regular
    }

    fn as_any(&self) -> &dyn Any {
        self
    }

    fn mode_owner(&self) -> Result<(u32, Owner)> {
        attributes(&self.0).map(|m| (m.mode, Owner { uid: m.uid, gid: m.gid }))
    }

    fn set_attr(&self, attr: &SetAttr) -> Result<()> {
        set_attr(attr)
    }

    fn open(self: Arc<Self>, _flags: OpenFlags) -> Result<Arc<dyn FileOps>> {
        self.0.check_access()?;
        Ok(Arc::new(MemFile { subject: self.0.clone(), asked: Mutex::default() }))
    }
}

impl MemFile {
    /// Who knows this memory best: a thread that is stopped, if there is one.
    fn task(&self) -> Result<Arc<Task>> {
        let first = self.subject.live_task()?;
        if first.trace.stopped() {
            return Ok(first);
        }
        let stopped = self.subject.group.threads().into_iter().find(|t| t.trace.stopped());
        Ok(stopped.unwrap_or(first))
    }

    /// Asks for a copy and answers `EAGAIN`; the caller who comes back waits for the answer. The first time it may come from where
    /// nobody may sleep.
    fn ask(&self, task: &Task, addr: usize, data: Vec<u8>, write: bool) -> Result<Vec<u8>> {
        let known = self.asked.lock().take();
        if let Some(question) = known.filter(|q| q.is_about(task, addr, data.len(), write)) {
            return question.wait();
        }
        let question = task.ask_tracee(addr, data, write)?;
        let old = self.asked.lock().replace(question);
        drop(old);
        Err(Errno::EAGAIN)
    }

    /// `len` bytes or less from `addr`.
    fn fetch(&self, task: &Task, addr: usize, len: usize) -> Result<Vec<u8>> {
        if task.trace.stopped() {
            let mut room = Vec::new();
            room.try_reserve_exact(len).map_err(|_| Errno::ENOMEM)?;
            room.resize(len, 0);
            return self.ask(task, addr, room, false);
        }
        read_host_memory(task.thread.host_pid(), addr, len)
    }
}

/// What can be moved at once: guest memory only, and no more than a page to write.
fn piece(addr: u64, len: usize, write: bool) -> Result<(usize, usize)> {
    let addr = usize::try_from(addr).map_err(|_| Errno::EIO)?;
    let page = PAGE_SIZE - addr % PAGE_SIZE;
    let may = |len| if write { is_guest(addr, len) } else { user::is_readable(addr, len) };
    let len = if write || !may(len.min(MOST)) { len.min(page) } else { len.min(MOST) };
    if may(len) { Ok((addr, len)) } else { Err(Errno::EIO) }
}

/// No memory is an error of its own here.
fn no_memory(e: Errno) -> Errno {
    if e == Errno::EAGAIN || e == Errno::ENOMEM { e } else { Errno::EIO }
}

impl FileOps for MemFile {
    fn as_any(&self) -> &dyn Any {
        self
    }

    fn read_at(&self, off: u64, to: &mut IovIter<'_>) -> Result<usize> {
        // Nothing is left of a process that has ended.
        let Ok(task) = self.task() else { return Ok(0) };
        // A question is asked once a call.
        let (mut done, asks) = (0, task.trace.stopped());
        while to.remaining() > 0 && !(asks && done > 0) {
            let bytes = piece(off.saturating_add(done as u64), to.remaining(), false)
                .and_then(|(addr, len)| self.fetch(&task, addr, len).map_err(no_memory));
            let bytes = match bytes {
                Ok(bytes) if !bytes.is_empty() => bytes,
                Ok(_) if done > 0 => break,
                Ok(_) => return Err(Errno::EIO),
                Err(_) if done > 0 => break,
                Err(e) => return Err(e),
            };
            let moved = to.put(&bytes);
            done += moved;
            if moved < bytes.len() {
                break;
            }
        }
        if done == 0 && to.fault().is_some() { Err(Errno::EFAULT) } else { Ok(done) }
    }

    fn write_at(&self, off: u64, from: &mut IovIter<'_>, _append: bool) -> Result<(usize, u64)> {
        let Ok(task) = self.task() else { return Ok((0, off)) };
        let (addr, len) = piece(off, from.remaining(), true)?;
        let mut data = Vec::new();
        data.try_reserve_exact(len).map_err(|_| Errno::ENOMEM)?;
        data.resize(len, 0);
        let n = from.take(&mut data);
        if n == 0 {
            return Err(Errno::EFAULT);
        }
        data.truncate(n);
        let done = if self.subject.is_own() {
            task.mm().copy_by_force(addr, &mut data, true).map(|()| n)
        } else {
            self.ask(&task, addr, data, true).map(|d| d.len())
        };
        match done {
            Ok(done) => {
                from.revert(n - done);
                Ok((done, off.saturating_add(done as u64)))
            }
            Err(e) => {
                from.revert(n);
                Err(no_memory(e))
            }
        }
    }

    /// The rest of a write to several pages.
    fn writes_all(&self) -> bool {
        true
    }

    fn metadata(&self) -> Result<Metadata> {
        attributes(&self.subject)
    }
}
