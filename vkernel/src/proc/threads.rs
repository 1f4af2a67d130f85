//! `/proc/PID/task`: the threads.

use super::pid;
use super::root::parse_id;
use super::subject::Subject;
use crate::kernel::kernel;
use alloc::string::ToString;
use alloc::vec::Vec;
use fs_emu::pseudo::{Attr, DirSource, Entry, PseudoDir};
use fs_emu::{FileType, InodeRef};
use host::{Errno, Result};

/// The inode.
pub(super) fn dir(subject: &Subject) -> InodeRef {
    PseudoDir::build(TaskDir(subject.clone()))
}

struct TaskDir(Subject);

impl TaskDir {
    /// Ids of the threads, ascending; a zombie's leader too.
    fn tids(&self) -> Vec<u32> {
        let mut tids: Vec<u32> = self.0.group.threads().iter().map(|t| t.tid()).collect();
        let leader = self.0.group.tgid;
        if !tids.contains(&leader) && kernel().tasks.task(leader).is_some() {
            tids.push(leader);
        }
        tids.sort_unstable();
        tids
    }
}

impl DirSource for TaskDir {
    fn attr(&self) -> Result<Attr> {
        let attr = self.0.attr(b"task", 0o555, true)?;
        Ok(Attr { nlink: 2 + self.tids().len() as u32, ..attr })
    }

    fn lookup(&self, name: &[u8]) -> Result<InodeRef> {
        let tid = parse_id(name).ok_or(Errno::ENOENT)?;
        self.0.of_thread(tid).map(pid::dir)
    }

    fn list(&self) -> Result<Vec<Entry>> {
        self.0.view().map_err(|_| Errno::ENOENT)?;
        let entry = |tid: u32| {
            let ino = self.0.of_thread(tid).ok()?.ino(b"");
            Some(Entry { key: u64::from(tid), name: tid.to_string().into_bytes(), kind: FileType::Directory, ino })
        };
        Ok(self.tids().into_iter().filter_map(entry).collect())
    }

    fn parent_ino(&self) -> u64 {
        self.0.ino(b"")
    }
}
