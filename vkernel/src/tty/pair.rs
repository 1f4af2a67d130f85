//! A pseudo terminal: what its two sides share (`drivers/tty/pty.c`).
//!
//! Locks: the pair's state (rank OBJECT). Whoever changes it wakes both sides and sends the signals that came of it after the
//! lock is gone.

use super::control::Control;
use super::devpts::PtsNode;
use super::line::Line;
use super::termios::{ECHO, ECHONL, Locks, Termios};
use crate::kernel::kernel;
use crate::signal::{self, SIGCONT, SIGHUP, SIGWINCH, code};
use alloc::collections::VecDeque;
use alloc::sync::Arc;
use alloc::vec;
use core::sync::atomic::Ordering::SeqCst;
use host::iov::IovIter;
use host::lock::{Mutex, rank};
use host::wait::WaitQueue;
use host::{Errno, Result};

/// Bytes that a master may write ahead of what the line discipline can take.
const BACKLOG: usize = 8192;

/// What packet mode reports.
pub(super) mod packet {
    pub const FLUSH_READ: u8 = 1;
    pub const FLUSH_WRITE: u8 = 2;
    pub const STOP: u8 = 4;
    pub const START: u8 = 8;
    pub const NO_STOP: u8 = 16;
    pub const DO_STOP: u8 = 32;
}

/// What the lock guards.
#[derive(Default)]
pub(super) struct State {
    pub line: Line,
    backlog: VecDeque<u8>,
    pub winsize: [u16; 4],
    /// `TIOCSLCKTRMIOS`: the attributes that cannot be changed.
    pub locks: Locks,
    /// Packet mode, and what is to be reported in it.
    pub packet: bool,
    pub status: u8,
    /// `TIOCSPTLCK`: the slave cannot be opened.
    pub locked: bool,
    /// `TIOCEXCL`.
    pub exclusive: bool,
    /// Open files of the slave, and whether the last was closed.
    slaves: u32,
    pub slave_closed: bool,
    /// The master is closed.
    pub hung_up: bool,
    /// A guest has set attributes.
    pub touched: bool,
    /// The relay knows that there is output; it waits for room for keys.
    pub(super) told: bool,
    pub(super) wants_room: bool,
}

impl State {
    /// Room for what a master writes.
    pub fn room_in(&self) -> usize {
        BACKLOG.saturating_sub(self.backlog.len())
    }

    /// Takes what a master writes; the caller has looked at the room.
    pub fn push(&mut self, bytes: &[u8]) {
        self.backlog.extend(bytes);
    }

    /// The same for what the user's terminal has shown already, as far as the line discipline takes it.
    pub fn push_shown(&mut self, bytes: &[u8]) {
        let mut taken = 0;
        if self.backlog.is_empty() {
            let local = self.line.termios.local;
            self.line.termios.local &= !(ECHO | ECHONL);
            taken = self.line.receive(bytes);
            self.line.termios.local = local;
        }
        self.push(bytes.get(taken..).unwrap_or_default());
    }

    /// Forgets what a master wrote and the line discipline has not seen.
    pub fn drop_backlog(&mut self) {
        self.backlog.clear();
    }

    /// Lets the line discipline see as much as it takes.
    pub(super) fn pump(&mut self) {
        while !self.backlog.is_empty() {
            let taken = self.line.receive(self.backlog.as_slices().0);
            self.backlog.drain(..taken);
            if taken == 0 {
                break;
            }
        }
        if core::mem::take(&mut self.line.flushed) {
            self.status |= packet::FLUSH_READ | packet::FLUSH_WRITE;
        }
        match self.line.flow.take() {
            Some(true) => self.status = self.status & !packet::STOP | packet::START,
            Some(false) => self.status = self.status & !packet::START | packet::STOP,
            None => {}
        }
        if !self.packet {
            self.status = 0;
        }
    }
}

/// A pseudo terminal.
pub struct Pair {
    /// N of `/dev/pts/N`.
    pub index: u32,
    /// It stands for the user's terminal, and a host process is its master (`relayed`).
    pub(super) relayed: bool,
    /// Whose terminal it is.
    pub control: Control,
    pub(super) node: Arc<PtsNode>,
    /// Where both sides wait.
    pub(super) changed: Arc<WaitQueue>,
    pub(super) state: Mutex<State, { rank::OBJECT }>,
}

impl Pair {
    pub(super) fn new(index: u32, node: Arc<PtsNode>, relayed: bool) -> Pair {
        let mut state = State { locked: !relayed, ..State::default() };
        state.line.out.relayed = relayed;
        state.line.out.plain = relayed;
        Pair { index, relayed, control: Control::default(), node, changed: WaitQueue::new(), state: Mutex::new(state) }
    }

    /// Looks at the state.
    pub(super) fn look<T>(&self, f: impl FnOnce(&State) -> T) -> T {
        f(&self.state.lock())
    }

    /// Changes the state, and tells everybody unless that failed.
    pub(super) fn change<T>(&self, f: impl FnOnce(&mut State) -> Result<T>) -> Result<T> {
        let mut state = self.state.lock();
        let out = f(&mut state)?;
        state.pump();
        let signals = core::mem::take(&mut state.line.signals);
        let news = if self.relayed { state.news() } else { 0 };
        drop(state);
        self.changed.wake_all();
        if news != 0 {
            kernel().console.ask(news);
        }
        signals.into_iter().for_each(|sig| self.signal_foreground(sig));
        Ok(out)
    }

    /// Changes the state by bytes from a guest, `most` of them; `take` answers how many it takes.
    pub(super) fn write(
        &self,
        from: &mut IovIter<'_>,
        most: usize,
        take: impl FnOnce(&mut State, &[u8]) -> Result<usize>,
    ) -> Result<usize> {
        let mut buf = vec![0; from.remaining().min(most)];
        let there = from.take(&mut buf);
        if there == 0 && !buf.is_empty() {
            return Err(Errno::EFAULT);
        }
        buf.truncate(there);
        let done = self.change(|s| take(s, &buf));
        from.revert(there - done.unwrap_or(0));
        done
    }

    /// The slave's device number.
    pub fn rdev(&self) -> u64 {
        self.node.rdev()
    }

    /// The attributes.
    pub fn termios(&self) -> Termios {
        self.look(|s| s.line.termios)
    }

    /// Sends a signal to the group in the foreground.
    pub(super) fn signal_foreground(&self, sig: u32) {
        send_group(self.control.foreground(), &[sig]);
    }

    /// `TIOCSWINSZ`: a change is told to the foreground.
    pub fn set_winsize(&self, size: [u16; 4]) -> Result<()> {
        let old = self.change(|s| Ok(core::mem::replace(&mut s.winsize, size)))?;
        if old != size {
            self.signal_foreground(SIGWINCH);
        }
        Ok(())
    }

    /// The slave is opened. `EIO` while it is locked or when the master is gone, `EBUSY` when somebody has it for himself.
    pub(super) fn slave_opens(&self, privileged: bool) -> Result<()> {
        self.change(|s| {
            if s.hung_up || s.locked {
                return Err(Errno::EIO);
            }
            if s.exclusive && s.slaves > 0 && !privileged {
                return Err(Errno::EBUSY);
            }
            s.slaves += 1;
            s.slave_closed = false;
            Ok(())
        })
    }

    /// An open file of the slave is closed.
    pub(super) fn slave_closes(&self) {
        let _ = self.change(|s| {
            s.slaves = s.slaves.saturating_sub(1);
            s.slave_closed = s.slaves == 0;
            s.exclusive &= s.slaves > 0;
            Ok(())
        });
    }

    /// The master is closed: the slave is of no use any more, and its session hears of it.
    ///
    /// The signals go first: a reader that the hang-up wakes finds them pending, as `__tty_hangup` has it.
    pub(super) fn hang_up(&self) {
        self.signal_session();
        let _ = self.change(|s| {
            s.hung_up = true;
            Ok(())
        });
    }

    /// SIGHUP and SIGCONT for the leader of the session, which has this terminal no longer.
    fn signal_session(&self) {
        let session = self.control.session();
        let Some(foreground) = self.control.release(session) else { return };
        if let Some(leader) = kernel().tasks.process(session).filter(|p| session != 0 && !p.zombie) {
            leader.group.old_foreground.store(foreground, SeqCst);
            for sig in [SIGHUP, SIGCONT] {
                let _ = leader.group.send(sig, signal::info(sig, code::SI_KERNEL));
            }
        }
    }
}

/// Sends signals to the members of a group; to nobody for 0.
pub(super) fn send_group(pgrp: u32, signals: &[u32]) {
    if pgrp == 0 {
        return;
    }
    let mut all = signal::Together::default();
    for group in kernel().tasks.pgrp_members(pgrp) {
        for &sig in signals {
            let _ = all.send(&group, sig, signal::info(sig, code::SI_KERNEL));
        }
    }
}
