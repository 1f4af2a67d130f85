//! The files that a sandbox inherits from outside: `umlaut`'s own standard input, output and error.
//!
//! Answers to the outer half of Linux's `drivers/tty/tty_io.c`: the terminal itself is the host's, with its line discipline,
//! and this kernel adds what concerns processes, which are virtual: the session it belongs to and the group in the
//! foreground. Whoever made the sandbox sets the terminal's modes back. Left out: pseudo terminals made inside.
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

use crate::tty::Control;
use alloc::sync::Arc;
use core::sync::atomic::{AtomicBool, Ordering::Relaxed};
use host::lock::Mutex;

/// The terminal that umlaut was started on. Shared by all files that refer to it.
#[derive(Default)]
pub struct Console {
    control: Control,
    /// The number of its node in `/dev`, and a file to open it anew from.
    terminal: Mutex<Option<(u64, Arc<HostFile>)>>,
    /// Whether a guest has set modes of a terminal of the host's.
    modes_changed: AtomicBool,
}

impl Console {
    /// Whose it is.
    pub fn control(&self) -> &Control {
        &self.control
    }

    /// Whether a guest has set modes that the user will want back.
    pub fn modes_changed(&self) -> bool {
        self.modes_changed.load(Relaxed)
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
        if session == 0 || session != self.control.session() {
            return None;
        }
        self.terminal.lock().as_ref().map(|(_, f)| f.clone())
    }
}
