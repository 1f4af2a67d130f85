//! Terminals: pseudo terminals with their line discipline, and which terminal controls which session.
//!
//! Answers to Linux's `drivers/tty/{pty,n_tty,tty_ioctl,tty_jobctrl}.c` and `fs/devpts/`. The terminal that umlaut was started
//! on is the host's and has its own module ([`crate::console`]); job control is the same for both.
//!
//! * [`control`](Control): session and foreground group;
//! * `termios`: attributes; `line`, `erase`, `output`: the line discipline's two directions;
//! * `pair`: what the two sides share; `master`, `slave`: open files; `ioctl`: their calls; `devpts`: `/dev/pts`.
//!
//! Left out: BSD ptys, line disciplines other than `N_TTY`, modem lines, `EXTPROC`, `SIGIO`. Only a session's leader lets go of
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
mod slave;
mod termios;
#[cfg(test)]
mod tests;

pub use control::Control;
pub use devpts::{PTMX, PtsNode, devpts_fs};
pub use master::MasterFile;
pub use pair::Pair;
pub use slave::SlaveFile;

use crate::console::HostFile;
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

enum Slot {
    Ours(Arc<Pair>),
    /// The host's own, with a node if it is known as `/dev/pts/N` there.
    Hosts(Option<Arc<PtsNode>>),
}

/// All pseudo terminals.
#[derive(Default)]
pub struct Ptys {
    slots: Mutex<BTreeMap<u32, Slot>>,
}

impl Ptys {
    /// Opens `/dev/ptmx`: makes a pair that belongs to this user.
    pub fn open_master(&self, uid: u32) -> Result<MasterFile> {
        let mut slots = self.slots.lock();
        let index = (0..MAX).find(|n| !slots.contains_key(n)).ok_or(Errno::ENOSPC)?;
        let pair = Arc::new(Pair::new(index, PtsNode::new(index, dev_join(MAJOR, index), uid)));
        slots.insert(index, Slot::Ours(pair.clone()));
        Ok(MasterFile::new(pair))
    }

    /// Opens a slave by its device number. `EIO` when there is none (any more). `privileged` is `CAP_SYS_ADMIN`.
    pub fn open_slave(&self, rdev: u64, flags: OpenFlags, privileged: bool) -> Result<SlaveFile> {
        let pair = match (dev_split(rdev), self.slots.lock().get(&dev_split(rdev).1)) {
            ((MAJOR, _), Some(Slot::Ours(pair))) => pair.clone(),
            ((MAJOR, _), _) => return Err(Errno::EIO),
            _ => return Err(Errno::ENXIO),
        };
        SlaveFile::open(&pair, flags, privileged)
    }

    /// Takes note of the host's terminal: no pair gets its number. Answers a node if `path` is in `/dev/pts`.
    pub fn add_host(&self, path: &[u8], rdev: u64, uid: u32) -> Option<InodeRef> {
        let name = path.strip_prefix(b"/dev/pts/").and_then(devpts::parse);
        let node = name.map(|n| PtsNode::new(n, rdev, uid));
        let mut slots = self.slots.lock();
        if let (MAJOR, minor) = dev_split(rdev) {
            slots.insert(minor, Slot::Hosts(None));
        }
        if let (Some(n), Some(node)) = (name, &node) {
            slots.insert(n, Slot::Hosts(Some(node.clone())));
        }
        node.map(|node| node as InodeRef)
    }

    fn remove(&self, index: u32) {
        let gone = self.slots.lock().remove(&index);
        drop(gone);
    }

    fn node(&self, index: u32) -> Option<InodeRef> {
        match self.slots.lock().get(&index)? {
            Slot::Ours(pair) => Some(pair.node.clone()),
            Slot::Hosts(node) => node.clone().map(|node| node as InodeRef),
        }
    }

    fn indices(&self) -> Vec<u32> {
        let slots = self.slots.lock();
        slots.iter().filter(|(_, s)| !matches!(s, Slot::Hosts(None))).map(|(n, _)| *n).collect()
    }

    fn of_session(&self, session: u32) -> Option<Arc<Pair>> {
        self.slots.lock().values().find_map(|slot| match slot {
            Slot::Ours(pair) if pair.control.session() == session => Some(pair.clone()),
            _ => None,
        })
    }
}

/// A session's controlling terminal.
pub enum Terminal {
    /// The host's.
    Host(Arc<HostFile>),
    /// A pseudo terminal.
    Pty(Arc<Pair>),
}

impl Terminal {
    /// Whose it is.
    pub fn control(&self) -> &Control {
        match self {
            Terminal::Host(_) => kernel().console.control(),
            Terminal::Pty(pair) => &pair.control,
        }
    }

    /// Its device number.
    pub fn rdev(&self) -> u64 {
        match self {
            Terminal::Host(file) => file.metadata().map_or(dev_join(MAJOR, 0), |m| m.rdev),
            Terminal::Pty(pair) => pair.node.rdev(),
        }
    }

    /// Opens it once more (`/dev/tty`).
    pub fn open(&self, flags: OpenFlags, privileged: bool) -> Result<Arc<dyn FileOps>> {
        Ok(match self {
            Terminal::Host(file) => Arc::new(file.reopen(flags)?),
            Terminal::Pty(pair) => Arc::new(SlaveFile::open(pair, flags, privileged)?),
        })
    }
}

/// The terminal that controls a session.
pub fn of_session(session: u32) -> Option<Terminal> {
    if session == 0 {
        return None;
    }
    let host = kernel().console.terminal_of(session).map(Terminal::Host);
    host.or_else(|| kernel().ptys.of_session(session).map(Terminal::Pty))
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
    if let Some(master) = MasterFile::of(ops) {
        return Some(Side::Master(&master.pair().control));
    }
    HostFile::of(ops).and_then(HostFile::console).map(|console| Side::Terminal(console.control()))
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
    match of_session(session).and_then(|t| t.control().release(session)) {
        Some(foreground) => pair::send_group(foreground, if exits { &[SIGHUP] } else { &[SIGHUP, SIGCONT] }),
        // It was hung up before: the group that was in the foreground then hears of it now.
        None if exits => pair::send_group(group.old_foreground.swap(0, SeqCst), &[SIGHUP, SIGCONT]),
        None => {}
    }
}
