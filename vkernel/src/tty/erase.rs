//! Echoes, and the keys that take back what was typed (`drivers/tty/n_tty.c`: `eraser`, `echo_char`). Locks: none.

use super::line::Line;
use super::output::{is_continuation, is_control};
use super::termios::*;

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Character,
    Word,
    Line,
}

impl Line {
    /// Shows a character as an echo.
    pub(super) fn echo(&mut self, c: u8) {
        if self.termios.l(ECHOCTL) && is_control(c) && c != b'\t' {
            self.out.echo_control(c);
        } else {
            self.out.echo(&self.termios, c);
        }
    }

    pub(super) fn finish_erasing(&mut self) {
        if core::mem::take(&mut self.erasing) {
            self.out.echo(&self.termios, b'/');
        }
    }

    /// Shows the line so far once more.
    pub(super) fn reprint(&mut self, key: u8) {
        self.finish_erasing();
        self.echo(key);
        self.out.echo(&self.termios, b'\n');
        for i in self.complete..self.typed.len() {
            let c = self.typed.get(i).map_or(0, |c| *c as u8);
            self.echo(c);
        }
    }

    /// `VERASE`, `VWERASE` or `VKILL` was typed.
    pub(super) fn erase(&mut self, key: u8) {
        let t = self.termios;
        if self.pending() == 0 {
            return;
        }
        let kind = if t.is(cc::VERASE, key) {
            Kind::Character
        } else if t.is(cc::VWERASE, key) && t.l(IEXTEN) {
            Kind::Word
        } else {
            Kind::Line
        };
        if kind == Kind::Line && !t.l(ECHO | ECHOK | ECHOKE | ECHOE) {
            self.typed.truncate(self.complete);
            if t.l(ECHO) {
                self.finish_erasing();
                self.echo(t.cc(cc::VKILL));
                if t.l(ECHOK) {
                    self.out.echo(&t, b'\n');
                }
            }
            return;
        }
        self.erase_characters(kind);
        if self.pending() == 0 && t.l(ECHO) {
            self.finish_erasing();
        }
    }

    fn erase_characters(&mut self, kind: Kind) {
        let mut in_word = false;
        while let Some(at) = self.last_character() {
            let c = self.typed.get(at).map_or(0, |c| *c as u8);
            if kind == Kind::Word {
                if c.is_ascii_alphanumeric() || c == b'_' {
                    in_word = true;
                } else if in_word {
                    break;
                }
            }
            let tail: alloc::vec::Vec<u8> = self.typed.iter().skip(at + 1).map(|c| *c as u8).collect();
            self.typed.truncate(at);
            if self.termios.l(ECHO) {
                self.show_erasure(kind, c, &tail);
            }
            if kind == Kind::Character {
                break;
            }
        }
    }

    fn show_erasure(&mut self, kind: Kind, c: u8, tail: &[u8]) {
        let t = self.termios;
        if t.l(ECHOPRT) {
            if !self.erasing {
                self.out.echo(&t, b'\\');
                self.erasing = true;
            }
            self.echo(c);
            tail.iter().for_each(|c| self.out.echo(&t, *c));
        } else if kind == Kind::Character && !t.l(ECHOE) {
            self.echo(t.cc(cc::VERASE));
        } else if c == b'\t' {
            self.erase_tab();
        } else {
            let width = match (is_control(c), t.l(ECHOCTL)) {
                (true, true) => 2,
                (true, false) => 0,
                _ => 1,
            };
            for _ in 0..width {
                self.out.echo(&t, 8);
                self.out.echo(&t, b' ');
                self.out.echo(&t, 8);
            }
        }
    }

    /// Goes back over a tab: as far as it went, which depends on what stands before it.
    fn erase_tab(&mut self) {
        let (mut before, mut after_tab) = (0, false);
        for i in (self.complete..self.typed.len()).rev() {
            let c = self.typed.get(i).map_or(0, |c| *c as u8);
            if c == b'\t' {
                after_tab = true;
                break;
            }
            if is_control(c) {
                before += if self.termios.l(ECHOCTL) { 2 } else { 0 };
            } else if !(self.termios.i(IUTF8) && is_continuation(c)) {
                before += 1;
            }
        }
        if !after_tab {
            before += self.out.canon_column;
        }
        for _ in 0..8 - (before & 7) {
            self.out.back();
        }
    }
}
