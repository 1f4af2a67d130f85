//! The files that a sandbox inherits from outside: `umlaut`'s own standard input, output and error.
//!
//! Answers to the outer half of Linux's `drivers/tty/tty_io.c`: the terminal itself is the host's, with its line discipline,
//! and this kernel adds what concerns processes, which are virtual: the session it belongs to and the group in the
//! foreground. Left out: pseudo terminals made inside.
//!
//! * `file`: [`HostFile`], a host descriptor as an open file;
//! * `ioctl`: the terminal calls that pass through to the host;
//! * [`Console`]: whose the terminal is. `TIOCGPGRP`, `TIOCSPGRP`, `TIOCGSID`, `TIOCSCTTY` and `TIOCNOTTY` are answered from it by
//!   the kernel above, before the file is asked.
//!
//! Locks: which file is the terminal (a leaf).

mod file;
mod ioctl;
#[cfg(test)]
mod tests;

pub use file::HostFile;
pub use ioctl::needs_foreground;

use alloc::sync::Arc;
use core::sync::atomic::{AtomicU32, Ordering::SeqCst};
use host::lock::Mutex;

/// What processes have to do with one terminal. Shared by all files that refer to it.
#[derive(Default)]
pub struct Console {
    session: AtomicU32,
    foreground: AtomicU32,
    /// The number of its node in `/dev`, and a file to open it anew from.
    terminal: Mutex<Option<(u64, Arc<HostFile>)>>,
}

impl Console {
    /// The session whose controlling terminal it is, 0 for none.
    pub fn session(&self) -> u32 {
        self.session.load(SeqCst)
    }

    /// Names the file that stands for the terminal, and its device number: what opening its node or `/dev/tty` opens again.
    pub fn set_terminal(&self, rdev: u64, file: Arc<HostFile>) {
        let _old = self.terminal.lock().replace((rdev, file));
    }

    /// The terminal with this device number.
    pub fn terminal(&self, rdev: u64) -> Option<Arc<HostFile>> {
        self.terminal.lock().as_ref().filter(|(n, _)| *n == rdev).map(|(_, f)| f.clone())
    }

    /// The terminal, if a session with this number has it (`/dev/tty`).
    pub fn terminal_of(&self, session: u32) -> Option<Arc<HostFile>> {
        if session == 0 || session != self.session() {
            return None;
        }
        self.terminal.lock().as_ref().map(|(_, f)| f.clone())
    }

    /// The process group in the foreground, 0 for none.
    pub fn foreground(&self) -> u32 {
        self.foreground.load(SeqCst)
    }

    /// Puts a process group into the foreground (`TIOCSPGRP`).
    pub fn set_foreground(&self, group: u32) {
        self.foreground.store(group, SeqCst);
    }

    /// Becomes the controlling terminal of a session (`TIOCSCTTY`) with its leader's group in the foreground; `false` when it
    /// belongs to another one.
    pub fn acquire(&self, session: u32, group: u32) -> bool {
        match self.session.compare_exchange(0, session, SeqCst, SeqCst) {
            Ok(_) => self.set_foreground(group),
            Err(owner) if owner == session => {}
            Err(_) => return false,
        }
        true
    }

    /// Is given up (`TIOCNOTTY` by the leader, or its exit). Answers the group that was in the foreground, which gets `SIGHUP`
    /// and `SIGCONT`; `None` when it was not this session's.
    pub fn release(&self, session: u32) -> Option<u32> {
        self.session.compare_exchange(session, 0, SeqCst, SeqCst).ok()?;
        Some(self.foreground.swap(0, SeqCst))
    }
}
