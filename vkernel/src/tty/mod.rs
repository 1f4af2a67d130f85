//! Terminals: pseudo terminals with their line discipline, and which terminal controls which session.
//!
//! Answers to Linux's `drivers/tty/{pty,n_tty,tty_ioctl,tty_jobctrl}.c` and `fs/devpts/`. For the terminal that umlaut was started on
//! stands one of these, too; what connects them is [`crate::console`].
//!
//! * [`control`](Control): session and foreground group;
//! * `termios`: attributes; `line`, `erase`, `output`: the line discipline's two directions;
//! * `pair`: what the two sides share; `master`, `slave`: open files; `ioctl`: their calls; `devpts`: `/dev/pts`;
//! * `relayed`: the pair that stands for the user's terminal.
//!
//! Left out: BSD ptys, line disciplines other than `N_TTY`, modem lines, `EXTPROC`. Only a session's leader lets go of
//! its terminal; which other process has (`TIOCNOTTY`) is not kept.
//!
//! Locks: the table of pairs (a leaf), then a pair's state (OBJECT), never both. Signals are sent with neither.

mod control;
mod devpts;
mod erase;
mod ioctl;
mod line;
mod master;
mod output;
mod pair;
mod relayed;
mod slave;
mod termios;
#[cfg(test)]
mod tests;

pub use control::Control;
pub use devpts::{PTMX, PtsNode, devpts_fs};
pub use ioctl::needs_foreground;
pub use master::MasterFile;
pub use pair::Pair;
pub use slave::SlaveFile;

use crate::kernel::kernel;
use crate::signal::{SIGCONT, SIGHUP};
use crate::task::ThreadGroup;
use alloc::collections::BTreeMap;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::sync::atomic::Ordering::SeqCst;
use fs_emu::{FileOps, InodeRef, OpenFlags};
use host::abi::{dev_join, dev_split};
use host::lock::Mutex;
use host::{Errno, Result};

/// Major number of pseudo terminals.
const MAJOR: u32 = 136;
/// How many there may be (`kernel.pty.max`).
const MAX: u32 = 4096;

/// All pseudo terminals.
#[derive(Default)]
pub struct Ptys {
    pairs: Mutex<BTreeMap<u32, Arc<Pair>>>,
}

impl Ptys {
    /// Opens `/dev/ptmx`: makes a pair that belongs to this user.
    pub fn open_master(&self, uid: u32) -> Result<MasterFile> {
        self.make(None, uid, false).map(MasterFile::new)
    }

    /// Makes the pair that stands for the user's terminal, with the number that it has on the host if it is a pseudo terminal there.
    pub fn add_relayed(&self, index: Option<u32>, uid: u32) -> Result<Arc<Pair>> {
        self.make(index, uid, true)
    }

    fn make(&self, index: Option<u32>, uid: u32, relayed: bool) -> Result<Arc<Pair>> {
        let mut pairs = self.pairs.lock();
        let free = |n: &u32| !pairs.contains_key(n);
        let index = index.filter(|n| free(n)).or_else(|| (0..MAX).find(free)).ok_or(Errno::ENOSPC)?;
        let pair = Arc::new(Pair::new(index, PtsNode::new(index, dev_join(MAJOR, index), uid), relayed));
        pairs.insert(index, pair.clone());
        Ok(pair)
    }

    /// Opens a slave by its device number. `EIO` when there is none (any more). `privileged` is `CAP_SYS_ADMIN`.
    pub fn open_slave(&self, rdev: u64, flags: OpenFlags, privileged: bool) -> Result<SlaveFile> {
        let pair = match (dev_split(rdev), self.pairs.lock().get(&dev_split(rdev).1)) {
            ((MAJOR, _), Some(pair)) => pair.clone(),
            ((MAJOR, _), _) => return Err(Errno::EIO),
            _ => return Err(Errno::ENXIO),
        };
        SlaveFile::open(&pair, flags, privileged)
    }

    fn remove(&self, index: u32) {
        let gone = self.pairs.lock().remove(&index);
        drop(gone);
    }

    fn node(&self, index: u32) -> Option<InodeRef> {
        self.pairs.lock().get(&index).map(|pair| pair.node.clone() as InodeRef)
    }

    fn indices(&self) -> Vec<u32> {
        self.pairs.lock().keys().copied().collect()
    }

    fn of_session(&self, session: u32) -> Option<Arc<Pair>> {
        self.pairs.lock().values().find(|pair| pair.control.session() == session).cloned()
    }
}

/// The terminal that controls a session.
pub fn of_session(session: u32) -> Option<Arc<Pair>> {
    if session == 0 { None } else { kernel().ptys.of_session(session) }
}

/// What an open file has to do with a terminal.
#[derive(Clone, Copy)]
pub enum Side<'a> {
    /// It is the terminal.
    Terminal(&'a Control),
    /// It is the other side of one.
    Master(&'a Control),
}

/// The terminal behind an open file.
pub fn side(ops: &dyn FileOps) -> Option<Side<'_>> {
    if let Some(slave) = SlaveFile::of(ops) {
        return Some(Side::Terminal(&slave.pair().control));
    }
    MasterFile::of(ops).map(|master| Side::Master(&master.pair().control))
}

/// A terminal is opened by its name: a session leader without one gets it as its controlling terminal, if nobody has it
/// (`tty_open_proc_set_tty`).
pub fn opened(group: &ThreadGroup, ops: &dyn FileOps, flags: OpenFlags) {
    let leader = group.session() == group.tgid;
    if !leader || flags.contains(OpenFlags::NOCTTY) || !flags.readable() {
        return;
    }
    if let Some(Side::Terminal(control)) = side(ops)
        && of_session(group.session()).is_none()
    {
        control.acquire(group.session(), group.pgrp());
    }
}

/// The leader gives its session's terminal up (`disassociate_ctty`): the group in the foreground is told, and nobody of the
/// session has a terminal any more.
pub fn give_up(group: &ThreadGroup, exits: bool) {
    let session = group.session();
    if session != group.tgid {
        return;
    }
    match of_session(session).and_then(|t| t.control.release(session)) {
        Some(foreground) => pair::send_group(foreground, if exits { &[SIGHUP] } else { &[SIGHUP, SIGCONT] }),
        // It was hung up before: the group that was in the foreground then hears of it now.
        None if exits => pair::send_group(group.old_foreground.swap(0, SeqCst), &[SIGHUP, SIGCONT]),
        None => {}
    }
}
