//! What processes have to do with one terminal: the session it controls and the group in the foreground
//! (`drivers/tty/tty_jobctrl.c`). Locks: none, a few words.

use core::sync::atomic::{AtomicBool, AtomicU32, Ordering::SeqCst};

/// Session and foreground group of a terminal, 0 for none.
#[derive(Default)]
pub struct Control {
    session: AtomicU32,
    foreground: AtomicU32,
    /// The user's terminal is somebody else's just now: whoever is in the foreground here, is in the background there.
    away: AtomicBool,
}

impl Control {
    /// The session whose controlling terminal it is, 0 for none.
    pub fn session(&self) -> u32 {
        self.session.load(SeqCst)
    }

    /// The process group in the foreground, 0 for none.
    pub fn foreground(&self) -> u32 {
        self.foreground.load(SeqCst)
    }

    /// What `TIOCGPGRP` answers: 0, as for a group that cannot be named here, while somebody outside has the terminal.
    pub fn visible_foreground(&self) -> u32 {
        if self.away() { 0 } else { self.foreground() }
    }

    /// Whether umlaut is in the background of the user's terminal, which this one stands for.
    pub fn away(&self) -> bool {
        self.away.load(SeqCst)
    }

    /// Takes note of who has the user's terminal; answers what was known before.
    pub fn set_away(&self, away: bool) -> bool {
        self.away.swap(away, SeqCst)
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

    /// Is given up (`TIOCNOTTY` by the leader, or its exit). Answers the group that was in the foreground, which is told;
    /// `None` when it was not this session's.
    pub fn release(&self, session: u32) -> Option<u32> {
        self.session.compare_exchange(session, 0, SeqCst, SeqCst).ok()?;
        Some(self.foreground.swap(0, SeqCst))
    }
}
