//! `pidfd_open(2)`: a process as a descriptor.
//!
//! Answers to Linux's `kernel/pid.c` and `fs/pidfs.c`. It names the process for good: a number that was given out again is
//! somebody else's. Left out: descriptors of single threads (`PIDFD_THREAD`), the ioctls. Takes TASKLIST.

use crate::kernel::kernel;
use crate::task::{ProcessView, ThreadGroup};
use alloc::format;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::any::Any;
use fs_emu::FileOps;
use fs_emu::file::Events;
use fs_emu::vfs::File;
use host::wait::PollTable;
use host::{Errno, Result};

/// What a descriptor of a process refers to.
pub struct PidFd {
    group: Arc<ThreadGroup>,
}

impl PidFd {
    /// One for this process.
    pub fn new(group: &Arc<ThreadGroup>) -> Arc<PidFd> {
        Arc::new(PidFd { group: group.clone() })
    }

    /// The process behind an open file. `EBADF` when it is no such file.
    pub fn of(file: &File) -> Result<&PidFd> {
        file.ops_as().ok_or(Errno::EBADF)
    }

    /// The process that an open file names: one of these, or a directory `/proc/PID`.
    pub fn named_by(file: &File) -> Result<Arc<ThreadGroup>> {
        let group = file.ops_as().map(|p: &PidFd| p.group.clone());
        group.or_else(|| crate::proc::process_of(file)).ok_or(Errno::EBADF)
    }

    /// The process.
    pub fn group(&self) -> &Arc<ThreadGroup> {
        &self.group
    }

    /// What is known of it: nothing once it has been waited for.
    pub fn process(&self) -> Option<ProcessView> {
        kernel().tasks.process(self.group.tgid).filter(|p| Arc::ptr_eq(&p.group, &self.group))
    }
}

impl FileOps for PidFd {
    fn as_any(&self) -> &dyn Any {
        self
    }

    fn seekable(&self) -> bool {
        false
    }

    fn spliceable(&self) -> bool {
        false
    }

    fn poll(&self, table: Option<&mut PollTable>) -> Events {
        if let Some(table) = table {
            table.wait_on(&self.group.exited);
        }
        match self.process() {
            None => Events::IN | Events::RDNORM | Events::HUP,
            Some(p) if p.zombie => Events::IN | Events::RDNORM,
            Some(_) => Events::empty(),
        }
    }

    fn describe(&self) -> Vec<u8> {
        b"anon_inode:[pidfd]".to_vec()
    }

    fn fd_info(&self) -> Vec<u8> {
        let pid = if self.process().is_some() { i64::from(self.group.tgid) } else { -1 };
        format!("Pid:\t{pid}\nNSpid:\t{pid}\n").into_bytes()
    }
}
