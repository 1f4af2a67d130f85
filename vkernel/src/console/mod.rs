//! What a sandbox has of the world outside: the files that it inherits, and the user's terminal.
//!
//! Guests never touch the user's terminal. They have a pseudo terminal of this kernel's in its place ([`crate::tty`]), and a host process,
//! the *relay* (`src/supervisor/relay.rs`), is the master of it: it copies keys in and output out, as `ssh` does for a distant
//! machine. Other inherited files, terminals among them, are read and written on the host.
//!
//! * `file`: [`HostFile`], a host descriptor as an open file;
//! * [`Console`]: which terminal it is, and what guests ask of the relay. The relay sleeps until it is asked for something; there
//!   is none until then.
//!
//! Locks: which terminal it is (a leaf).

mod file;
#[cfg(test)]
mod tests;

pub use file::HostFile;

use crate::kernel::kernel;
use crate::task::ThreadGroup;
use crate::tty::Pair;
use alloc::sync::Arc;
use core::sync::atomic::{AtomicBool, AtomicU32, Ordering::SeqCst};
use host::lock::Mutex;
use host::sys::process;
use host::sys::signal::DOORBELL;
use host::wait::HostThread;

/// There is output.
pub const OUTPUT: u32 = 1;
/// Somebody wants to know what is typed.
pub const KEYS: u32 = 2;
/// Attributes were set.
pub const MODES: u32 = 4;
/// What is typed but not read is to be thrown away.
pub const FLUSH: u32 = 8;
/// There is room for keys again.
pub const ROOM: u32 = 16;
/// The main process has stopped.
pub const STOPPED: u32 = 32;
/// The supervisor: the window of the user's terminal has another size.
pub const RESIZED: u32 = 64;
/// The supervisor: umlaut goes on after a stop.
pub const CONTINUED: u32 = 128;
/// The supervisor: the user's terminal was hung up.
pub const HUNG_UP: u32 = 256;
/// The supervisor: the main process has ended.
pub const FINISH: u32 = 512;

/// The terminal that stands for the user's.
#[derive(Default)]
pub struct Console {
    pair: Mutex<Option<Arc<Pair>>>,
    /// The relay's host thread, bound while there is one.
    pub relay: Arc<HostThread>,
    asks: AtomicU32,
    /// Somebody has asked for keys before.
    keys_wanted: AtomicBool,
    /// Somebody outside does the job control of the main process's group: umlaut's parent.
    supervised: AtomicBool,
    /// The signal by which the supervisor is to stop itself.
    stop: AtomicU32,
}

impl Console {
    /// Names the terminal. `supervised`: a stopped umlaut will be set going again by its parent.
    pub fn set(&self, pair: Arc<Pair>, supervised: bool) {
        self.supervised.store(supervised, SeqCst);
        let _none = self.pair.lock().replace(pair);
    }

    /// The terminal, if umlaut was started on one.
    pub fn pair(&self) -> Option<Arc<Pair>> {
        self.pair.lock().clone()
    }

    /// Whether a process group has its job control outside.
    pub fn supervises(&self, pgrp: u32) -> bool {
        self.supervised.load(SeqCst) && pgrp == kernel().main_pid()
    }

    /// Asks something of the relay, or of the supervisor to start it.
    pub fn ask(&self, what: u32) {
        if self.asks.fetch_or(what, SeqCst) & what != what {
            self.wake_relay();
        }
    }

    /// Lets the relay look at what it was asked.
    pub fn wake_relay(&self) {
        if self.relay.host_pid() != 0 {
            self.relay.kick();
        } else {
            let _ = process::kill(kernel().supervisor, DOORBELL);
        }
    }

    /// Asks for keys, once: after that the relay goes on bringing them.
    pub fn want_keys(&self) {
        if !self.keys_wanted.load(SeqCst) && !self.keys_wanted.swap(true, SeqCst) {
            self.ask(KEYS);
        }
    }

    /// Whether the relay was asked for something that it has not taken note of.
    pub fn has_asks(&self) -> bool {
        self.asks.load(SeqCst) != 0
    }

    /// For the relay: what it was asked.
    pub fn take_asks(&self) -> u32 {
        self.asks.swap(0, SeqCst)
    }

    /// For the relay: the supervisor is to stop itself by this signal.
    pub fn ask_stop(&self, sig: u32) {
        self.stop.store(sig, SeqCst);
        let _ = process::kill(kernel().supervisor, DOORBELL);
    }

    /// For the supervisor: the signal by which it is to stop itself, or 0.
    pub fn take_stop(&self) -> u32 {
        self.stop.swap(0, SeqCst)
    }

    /// A process has stopped: if it is the main one, umlaut's parent is to see that.
    pub(crate) fn note_stop(&self, group: &ThreadGroup) {
        if group.tgid == kernel().main_pid() && self.pair.lock().is_some() {
            self.ask(STOPPED);
        }
    }
}
