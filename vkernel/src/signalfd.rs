//! `signalfd(2)`: signals to read.
//!
//! Answers to Linux's `fs/signalfd.c`. It holds no signals: whoever reads gets what is pending for the reader. Locks: SIGHAND,
//! through the task.

use crate::signal::{SIGBUS, SIGCHLD, SIGFPE, SIGILL, SIGSEGV, SIGSYS, SIGTRAP, SigSet, code};
use crate::task::Task;
use alloc::format;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::any::Any;
use core::sync::atomic::{AtomicU64, Ordering::SeqCst};
use fs_emu::FileOps;
use fs_emu::file::Events;
use host::abi::SigInfo;
use host::iov::IovIter;
use host::wait::PollTable;
use host::{Errno, Result};

/// Bytes of `struct signalfd_siginfo`.
const RECORD: usize = 128;

/// What a descriptor refers to.
pub struct SignalFd {
    mask: AtomicU64,
}

impl SignalFd {
    /// For these signals.
    pub fn new(mask: SigSet) -> Arc<SignalFd> {
        Arc::new(SignalFd { mask: AtomicU64::new(mask.0) })
    }

    /// Changes which.
    pub fn set_mask(&self, mask: SigSet) {
        self.mask.store(mask.0, SeqCst);
        if let Some(task) = Task::current() {
            task.group.signalled.wake_all();
        }
    }

    fn mask(&self) -> SigSet {
        SigSet(self.mask.load(SeqCst))
    }
}

impl FileOps for SignalFd {
    fn as_any(&self) -> &dyn Any {
        self
    }

    fn read_at(&self, _off: u64, to: &mut IovIter<'_>) -> Result<usize> {
        if to.remaining() < RECORD {
            return Err(Errno::EINVAL);
        }
        let task = Task::current().ok_or(Errno::EAGAIN)?;
        let mut done = 0;
        while to.remaining() >= RECORD {
            let Some(q) = task.dequeue(self.mask()) else { break };
            if to.put(&record(&q.info)) < RECORD {
                return if done > 0 { Ok(done) } else { Err(Errno::EFAULT) };
            }
            done += RECORD;
        }
        if done > 0 { Ok(done) } else { Err(Errno::EAGAIN) }
    }

    fn seekable(&self) -> bool {
        false
    }

    fn spliceable(&self) -> bool {
        false
    }

    fn poll(&self, table: Option<&mut PollTable>) -> Events {
        let Some(task) = Task::current() else { return Events::empty() };
        if let Some(table) = table {
            table.wait_on(&task.group.signalled);
        }
        let own = task.signals.lock().pending.set();
        let all = own.or(task.group.pending.lock().set());
        if all.and(self.mask()).is_empty() { Events::empty() } else { Events::IN }
    }

    fn describe(&self) -> Vec<u8> {
        b"anon_inode:[signalfd]".to_vec()
    }

    fn fd_info(&self) -> Vec<u8> {
        format!("sigmask:\t{:016x}\n", self.mask().0).into_bytes()
    }
}

/// `signalfd_copyinfo`: which fields mean something depends on who sent the signal.
fn record(info: &SigInfo) -> [u8; RECORD] {
    let mut out = Record([0; RECORD]);
    let [first, second, third, fourth, ..] = info.fields;
    out.put(0, info.signo as u32);
    out.put(4, info.errno as u32);
    out.put(8, info.code as u32);
    let sender = |out: &mut Record| {
        out.put(12, first as u32);
        out.put(16, (first >> 32) as u32);
    };
    let value = |out: &mut Record| {
        out.put(44, second as u32);
        out.put_long(48, second);
    };
    let sig = info.signo as u32;
    match info.code {
        code::SI_USER | code::SI_TKILL | code::SI_KERNEL => sender(&mut out),
        code::SI_TIMER => {
            out.put(24, first as u32);
            out.put(32, (first >> 32) as u32);
            value(&mut out);
        }
        ..0 => {
            sender(&mut out);
            value(&mut out);
        }
        _ if sig == SIGCHLD => {
            sender(&mut out);
            out.put(40, second as u32);
            out.put_long(56, third);
            out.put_long(64, fourth);
        }
        _ if [SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGTRAP, SIGSYS].contains(&sig) => out.put_long(72, first),
        _ => sender(&mut out),
    }
    out.0
}

struct Record([u8; RECORD]);

impl Record {
    fn put(&mut self, at: usize, v: u32) {
        if let Some(to) = self.0.get_mut(at..at + 4) {
            to.copy_from_slice(&v.to_ne_bytes());
        }
    }

    fn put_long(&mut self, at: usize, v: u64) {
        if let Some(to) = self.0.get_mut(at..at + 8) {
            to.copy_from_slice(&v.to_ne_bytes());
        }
    }
}
