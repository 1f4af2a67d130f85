//! The line discipline's way in (`drivers/tty/n_tty.c`): what is typed becomes lines, signals and echoes.
//!
//! Left out: parity and break marks, `EXTPROC`. Locks: none, it is part of the pair's state; the signals that keys stand for
//! are collected for who called, to be sent once nothing is locked.

use super::output::{Output, is_continuation};
use super::termios::*;
use crate::signal::{SIGINT, SIGQUIT, SIGTSTP};
use alloc::collections::VecDeque;
use alloc::vec::Vec;

/// The buffer, and the longest line with its end.
pub(super) const BUFFER: usize = 4096;
/// A character that ends a line.
const END: u16 = 0x100;
/// `VEOF`: ends a line and is not part of it.
const END_OF_FILE: u16 = END;

/// A terminal's attributes and both of its directions.
#[derive(Default)]
pub(super) struct Line {
    pub termios: Termios,
    pub out: Output,
    /// What was typed, `END` added where a line ends.
    pub(super) typed: VecDeque<u16>,
    /// How much of it is complete lines.
    pub(super) complete: usize,
    /// Length of the output before what is being received: echoes beyond it are not with the master yet.
    mark: usize,
    /// The next character is taken as it is (`VLNEXT`).
    literal: bool,
    /// An erasure is being shown between slashes (`ECHOPRT`).
    pub(super) erasing: bool,
    /// Signals for the group in the foreground.
    pub signals: Vec<u32>,
    /// Input was thrown away by a key: for packet mode.
    pub flushed: bool,
    /// Keys stopped or started the output: for packet mode.
    pub flow: Option<bool>,
}

impl Line {
    /// Takes what the master wrote; how many bytes.
    pub fn receive(&mut self, bytes: &[u8]) -> usize {
        let mut done = 0;
        self.mark = self.out.len();
        for &c in bytes {
            if self.typed.len() >= BUFFER - 1 {
                // A line that is too long goes on to be read without its tail; complete lines wait for their reader.
                if !self.termios.l(ICANON) || self.complete > 0 {
                    break;
                }
                if self.typed.len() >= BUFFER {
                    self.typed.pop_back();
                }
            }
            self.character(c);
            done += 1;
        }
        done
    }

    /// Bytes that can be read now. Whole lines only in canonical mode.
    pub fn available(&self) -> usize {
        if self.termios.l(ICANON) { self.complete } else { self.typed.len() }
    }

    /// What `FIONREAD` tells: marks of the end of file do not count.
    pub fn readable_bytes(&self) -> usize {
        self.typed.iter().take(self.available()).filter(|c| **c != END_OF_FILE).count()
    }

    /// What a read of `max` bytes gets, and how much of the buffer that uses up. At most one line in canonical mode.
    pub fn peek(&self, max: usize) -> (Vec<u8>, usize) {
        if !self.termios.l(ICANON) {
            let bytes: Vec<u8> = self.typed.iter().take(max).map(|c| *c as u8).collect();
            let n = bytes.len();
            return (bytes, n);
        }
        let mut bytes = Vec::new();
        let mut used = 0;
        for &c in self.typed.iter().take(self.complete) {
            if c == END_OF_FILE {
                return (bytes, used + 1);
            }
            if bytes.len() == max {
                break;
            }
            bytes.push(c as u8);
            used += 1;
            if c & END != 0 {
                break;
            }
        }
        (bytes, used)
    }

    /// Uses up what was read.
    pub fn consume(&mut self, n: usize) {
        let n = n.min(self.typed.len());
        self.typed.drain(..n);
        self.complete = self.complete.saturating_sub(n);
    }

    /// Throws away all input.
    pub fn flush_input(&mut self) {
        self.typed.clear();
        self.complete = 0;
        self.literal = false;
        self.erasing = false;
    }

    /// New attributes. What was typed so far counts as a line when lines begin to matter.
    pub fn set_termios(&mut self, new: Termios) {
        let old = core::mem::replace(&mut self.termios, new);
        if (old.local ^ new.local) & ICANON != 0 {
            self.typed.iter_mut().for_each(|c| *c &= 0xff);
            self.complete = 0;
            if new.l(ICANON) && !self.typed.is_empty() {
                self.complete = self.typed.len();
                if let Some(last) = self.typed.back_mut() {
                    *last |= END;
                }
            }
            self.literal = false;
            self.erasing = false;
        }
        if self.out.stopped && !new.i(IXON) && old.i(IXON) && !self.out.stopped_by_program {
            self.out.start();
        }
    }

    fn character(&mut self, c: u8) {
        let t = self.termios;
        let mut c = if t.i(ISTRIP) { c & 0x7f } else { c };
        if t.i(IUCLC) && t.l(IEXTEN) {
            c = c.to_ascii_lowercase();
        }
        if core::mem::take(&mut self.literal) {
            return self.ordinary(c, false);
        }
        if self.flow_key(c) || self.signal_key(c) {
            return;
        }
        if self.out.stopped && !self.out.stopped_by_program && t.i(IXON | IXANY) {
            self.start();
        }
        let typed = c;
        match c {
            b'\r' if t.i(IGNCR) => return,
            b'\r' if t.i(ICRNL) => c = b'\n',
            b'\n' if t.i(INLCR) => c = b'\r',
            _ => {}
        }
        if t.l(ICANON) && self.editing_key(c) {
            return;
        }
        self.ordinary(c, typed != c);
    }

    fn start(&mut self) {
        if self.out.stopped {
            self.out.start();
            self.flow = Some(true);
        }
    }

    /// `VSTOP` and `VSTART`.
    fn flow_key(&mut self, c: u8) -> bool {
        let t = self.termios;
        if !t.i(IXON) {
            return false;
        }
        if t.is(cc::VSTART, c) {
            if !self.out.stopped_by_program {
                self.start();
            }
            return true;
        }
        if t.is(cc::VSTOP, c) {
            if !self.out.stopped {
                self.out.stopped = true;
                self.flow = Some(false);
            }
            return true;
        }
        false
    }

    /// The keys that stand for signals. They throw away what was typed, and then show themselves.
    fn signal_key(&mut self, c: u8) -> bool {
        let t = self.termios;
        let keys = [(cc::VINTR, SIGINT), (cc::VQUIT, SIGQUIT), (cc::VSUSP, SIGTSTP)];
        let Some((_, sig)) = keys.into_iter().find(|(key, _)| t.l(ISIG) && t.is(*key, c)) else { return false };
        self.signals.push(sig);
        if !t.l(NOFLSH) {
            self.flush_input();
            self.out.cut(self.mark);
            self.flushed = true;
        }
        if t.i(IXON) && !self.out.stopped_by_program {
            self.start();
        }
        if t.l(ECHO) {
            self.echo(c);
        }
        true
    }

    /// The keys that edit or end a line.
    fn editing_key(&mut self, c: u8) -> bool {
        let t = self.termios;
        let extended = t.l(IEXTEN);
        if t.is(cc::VERASE, c) || t.is(cc::VKILL, c) || (extended && t.is(cc::VWERASE, c)) {
            self.erase(c);
        } else if extended && t.is(cc::VLNEXT, c) {
            self.literal = true;
            if t.l(ECHO) {
                self.finish_erasing();
                if t.l(ECHOCTL) {
                    self.out.echo(&t, b'^');
                    self.out.echo(&t, 8);
                }
            }
        } else if extended && t.l(ECHO) && t.is(cc::VREPRINT, c) {
            self.reprint(c);
        } else if c == b'\n' {
            if t.l(ECHO) || t.l(ECHONL) {
                self.out.echo(&t, b'\n');
            }
            self.end_line(END | u16::from(c));
        } else if t.is(cc::VEOF, c) {
            self.end_line(END_OF_FILE);
        } else if t.is(cc::VEOL, c) || (extended && t.is(cc::VEOL2, c)) {
            if t.l(ECHO) {
                self.mark_begin();
                self.echo(c);
            }
            self.end_line(END | u16::from(c));
        } else {
            return false;
        }
        true
    }

    fn end_line(&mut self, c: u16) {
        self.typed.push_back(c);
        self.complete = self.typed.len();
    }

    /// A newline shows itself as one only where it was made from a carriage return.
    fn ordinary(&mut self, c: u8, translated: bool) {
        if self.termios.l(ECHO) {
            self.finish_erasing();
            if c == b'\n' && translated {
                self.out.echo(&self.termios, c);
            } else {
                self.mark_begin();
                self.echo(c);
            }
        }
        self.typed.push_back(u16::from(c));
    }

    /// Remembers the column if a line begins here.
    fn mark_begin(&mut self) {
        if self.complete == self.typed.len() {
            self.out.set_canon_column();
        }
    }

    /// The length of what was typed since the last line.
    pub(super) fn pending(&self) -> usize {
        self.typed.len().saturating_sub(self.complete)
    }

    /// The start of the last character that is not in a line yet, or `None` when that is only a part of one.
    pub(super) fn last_character(&self) -> Option<usize> {
        let utf8 = self.termios.i(IUTF8);
        let at = (self.complete..self.typed.len()).rev();
        let mut at = at.filter(|i| !utf8 || self.typed.get(*i).is_some_and(|c| !is_continuation(*c as u8)));
        at.next()
    }
}
