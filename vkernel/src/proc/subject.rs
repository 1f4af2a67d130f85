//! Which process or thread a file of `/proc` is about, and who may look at it.
//!
//! A file stays about the process it was found for: when that one is gone, reading answers `ESRCH`, even if its id is
//! another's now. Nothing here keeps a task alive.

use super::inode_number;
use crate::Task;
use crate::kernel::kernel;
use crate::task::{ProcessView, ThreadGroup};
use alloc::sync::Arc;
use core::sync::atomic::Ordering::SeqCst;
use fs_emu::cred::Caps;
use fs_emu::pseudo::Attr;
use fs_emu::vfs::Path;
use fs_emu::{Cred, Owner};
use host::abi::Timespec;
use host::{Errno, Result};

/// The subject of a directory `/proc/PID` or `/proc/PID/task/TID`.
#[derive(Clone)]
pub(super) struct Subject {
    /// The id that the directory is called by.
    pub id: u32,
    /// Whether it is about one thread.
    pub thread: bool,
    pub group: Arc<ThreadGroup>,
    /// When it started: tells apart two that had the same id.
    born: Timespec,
}

impl Subject {
    /// A process, or the process of a thread, by number. `ENOENT` when there is none.
    pub fn process(id: u32) -> Result<Subject> {
        let tasks = &kernel().tasks;
        let task = tasks.task(id);
        let group = match (&task, tasks.process(id)) {
            (Some(t), _) => t.group.clone(),
            (None, Some(view)) => view.group,
            (None, None) => return Err(Errno::ENOENT),
        };
        let born = task.map_or(Timespec::default(), |t| t.started());
        Ok(Subject { id, thread: false, group, born })
    }

    /// A thread of the same process.
    pub fn of_thread(&self, tid: u32) -> Result<Subject> {
        let task = kernel().tasks.task(tid).filter(|t| Arc::ptr_eq(&t.group, &self.group)).ok_or(Errno::ENOENT)?;
        Ok(Subject { id: tid, thread: true, born: task.started(), ..self.clone() })
    }

    /// The process in the table. `ESRCH` once it has been waited for.
    pub fn view(&self) -> Result<ProcessView> {
        let view = kernel().tasks.process(self.group.tgid).ok_or(Errno::ESRCH)?;
        if Arc::ptr_eq(&view.group, &self.group) { Ok(view) } else { Err(Errno::ESRCH) }
    }

    /// The thread itself, or the one that stands for the process. `ESRCH` when there is none any more.
    pub fn task(&self) -> Result<Arc<Task>> {
        let found = kernel().tasks.task(self.id).filter(|t| Arc::ptr_eq(&t.group, &self.group));
        match found {
            Some(t) => Ok(t),
            None if self.thread => Err(Errno::ESRCH),
            None => self.group.threads().first().cloned().ok_or(Errno::ESRCH),
        }
    }

    /// A task that still has memory and files. `ESRCH` for a zombie.
    pub fn live_task(&self) -> Result<Arc<Task>> {
        let task = self.task()?;
        if is_gone(&task) {
            let other = self.group.threads().first().cloned();
            return other.filter(|t| !self.thread && !is_gone(t)).ok_or(Errno::ESRCH);
        }
        Ok(task)
    }

    /// `EACCES` unless the caller may look closely (`ptrace_may_access` with `PTRACE_MODE_READ_FSCREDS`).
    pub fn check_access(&self) -> Result<()> {
        let Some(me) = Task::current() else { return Ok(()) };
        if Arc::ptr_eq(&me.group, &self.group) {
            return Ok(());
        }
        let task = self.task()?;
        let dumpable = self.group.dumpable.load(SeqCst) == 1;
        if may_look(&me.cred(), &task.cred(), dumpable) { Ok(()) } else { Err(Errno::EACCES) }
    }

    /// Whether it is about the process of the caller.
    pub fn is_own(&self) -> bool {
        Task::current().is_some_and(|me| Arc::ptr_eq(&me.group, &self.group))
    }

    /// The caller's root, from which paths are shown.
    pub fn asker_root() -> Path {
        Task::current().map_or_else(|| kernel().mounts.root(), |me| me.fs().root())
    }

    /// Attributes of one of its files. `ENOENT` when it is gone.
    pub fn attr(&self, name: &[u8], mode: u32, directory: bool) -> Result<Attr> {
        self.view().map_err(|_| Errno::ENOENT)?;
        let cred = self.task().map(|t| t.cred()).ok();
        // What is not dumpable belongs to root, except for directories that everybody may read.
        let open = directory && mode == 0o555;
        let visible = open || self.group.dumpable.load(SeqCst) == 1;
        let owner = match cred.filter(|_| visible) {
            Some(c) => Owner { uid: c.euid, gid: c.egid },
            None => Owner { uid: 0, gid: 0 },
        };
        let boot = kernel().boot;
        let time = boot.1.checked_add(self.born.saturating_sub(boot.0)).unwrap_or_default();
        Ok(Attr { dev: super::PROC_DEV, ino: self.ino(name), mode, owner, nlink: 1, size: 0, time })
    }

    /// The inode number of one of its files.
    pub fn ino(&self, name: &[u8]) -> u64 {
        let born = self.born.as_nanos().to_ne_bytes();
        inode_number(&[&self.id.to_ne_bytes(), &[u8::from(self.thread)], &born, name])
    }
}

/// Whether a task has ended.
pub(super) fn is_gone(task: &Task) -> bool {
    matches!(task.state(), b'Z' | b'X')
}

/// Linux's rule: all ids alike, or the privilege to trace.
pub(super) fn may_look(me: &Cred, you: &Cred, dumpable: bool) -> bool {
    let trace = me.capable(Caps::SYS_PTRACE);
    let uids = [you.uid, you.euid, you.suid].iter().all(|id| *id == me.fsuid);
    let gids = [you.gid, you.egid, you.sgid].iter().all(|id| *id == me.fsgid);
    let caps = me.permitted.contains(you.permitted);
    trace || (uids && gids && dumpable && caps)
}
