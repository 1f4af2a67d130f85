//! The pair that stands for the user's terminal. Its master is no file but the relay, a host process of umlaut's that copies
//! between it and the terminal (`src/supervisor/relay.rs`).
//!
//! While nobody asks for keys and nobody sets attributes, the user's terminal is left in the modes it was found in: it does its own
//! post-processing (`Output::plain`), and what is typed stays there, as with a program that does not read. From then on it is in
//! raw mode, and all that a line discipline does is done here; but for post-processing where others write to it, too (the next
//! program of a pipeline).
//!
//! Locks: as in [`super::pair`].

use super::pair::{Pair, State};
use super::termios::Termios;
use crate::console::{OUTPUT, ROOM};
use crate::kernel::kernel;
use alloc::vec::Vec;

impl State {
    /// What the relay is to be told about; each thing once until it acts on it.
    pub(super) fn news(&mut self) -> u32 {
        let mut news = 0;
        if self.line.out.len() > 0 && !core::mem::replace(&mut self.told, true) {
            news |= OUTPUT;
        }
        if self.wants_room && self.room_in() > 0 {
            self.wants_room = false;
            news |= ROOM;
        }
        news
    }
}

impl Pair {
    /// A guest waits for keys, or has looked for them in vain.
    pub(super) fn want_keys(&self) {
        if self.relayed {
            kernel().console.want_keys();
        }
    }

    pub(super) fn tell_relay(&self, what: u32) {
        if self.relayed && what != 0 {
            kernel().console.ask(what);
        }
    }

    /// Takes all output that is meant for the user's terminal as it is now, in raw mode or not; and whether it can only go on in
    /// raw mode.
    pub fn take_output(&self, raw: bool) -> (Vec<u8>, bool) {
        let mut s = self.state.lock();
        let out = &mut s.line.out;
        let n = if raw || out.plain { out.len() } else { out.plain_left };
        let bytes = out.peek(n);
        out.consume(n);
        let raw_next = !raw && !out.plain;
        s.told = raw_next && s.line.out.len() > 0;
        drop(s);
        if n > 0 {
            self.changed.wake_all();
        }
        (bytes, raw_next)
    }

    /// The user's terminal is about to be put into raw mode: only what is in the queue now still goes to it as it was.
    pub fn begin_raw(&self) {
        self.state.lock().line.out.begin_raw();
    }

    /// The user's terminal is to get its own modes back. Takes what has to go to it before that, and answers whether that is all:
    /// from then on output is meant for those modes. `now`: it is all, whatever others may be writing.
    pub fn end_raw(&self, now: bool) -> (Vec<u8>, bool) {
        let mut s = self.state.lock();
        let out = &mut s.line.out;
        let bytes = out.peek(out.len());
        let ended = now || bytes.is_empty();
        out.consume(bytes.len());
        out.plain |= ended;
        s.told = false;
        drop(s);
        if !bytes.is_empty() {
            self.changed.wake_all();
        }
        (bytes, ended)
    }

    /// Types; how many bytes there was room for. The relay is told when there is room for more. `shown`: the user has seen them.
    pub fn type_in(&self, bytes: &[u8], shown: bool) -> usize {
        let typed = self.change(|s| {
            let n = s.room_in().min(bytes.len());
            let now = bytes.get(..n).unwrap_or_default();
            if shown {
                s.push_shown(now)
            } else {
                s.push(now)
            }
            s.wants_room = n < bytes.len();
            Ok(n)
        });
        typed.unwrap_or(0)
    }

    /// Others write to the user's terminal, too: it does the post-processing that guests ask for even in raw mode.
    pub fn share_output(&self) {
        self.state.lock().line.out.plain_always = true;
    }

    /// The attributes of output (`c_oflag`) for that terminal.
    pub fn output_flags(&self) -> u32 {
        self.termios().output
    }

    /// Takes over attributes of the user's terminal, unless a guest has set its own.
    pub fn adopt(&self, raw: &[u8; 44]) {
        let mut s = self.state.lock();
        if !s.touched {
            s.line.set_termios(Termios::from_host(raw));
        }
    }

    /// The user's terminal is gone, and its processes have been told.
    pub fn lose(&self) {
        let _ = self.change(|s| {
            s.hung_up = true;
            Ok(())
        });
    }
}
