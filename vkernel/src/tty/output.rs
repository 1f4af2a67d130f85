//! What goes out of a terminal: post-processing (`OPOST`), columns, and the queue that the master reads
//! (`drivers/tty/n_tty.c`: `do_output_char`). Locks: none, it is part of the pair's state.

use super::termios::*;
use alloc::collections::VecDeque;
use alloc::vec::Vec;

/// Bytes that writers may leave for the master.
const LIMIT: usize = 8192;
/// The same where the master is the user's terminal: it is fed in large pieces.
const RELAYED_LIMIT: usize = 65536;
/// Room beyond it that only echoes use; more of them are lost.
const ECHO_ROOM: usize = 4096;

/// The way out.
#[derive(Default)]
pub(super) struct Output {
    queue: VecDeque<u8>,
    /// Where the cursor stands, and where the line that is being typed began.
    column: usize,
    pub canon_column: usize,
    /// Output is stopped (`VSTOP`, `TCOOFF`); the second only by the program, so that no key starts it.
    pub stopped: bool,
    pub stopped_by_program: bool,
    /// Echoes of that time.
    held: Vec<u8>,
    /// The master is the user's terminal, relayed.
    pub relayed: bool,
    /// That terminal does the post-processing itself (it is not in raw mode), and so does with the first `plain_left` bytes
    /// when this has just ended.
    pub plain: bool,
    pub plain_left: usize,
    /// That terminal does so in raw mode, too.
    pub plain_always: bool,
}

impl Output {
    /// Bytes for the master.
    pub fn len(&self) -> usize {
        self.queue.len()
    }

    /// Room for a writer.
    pub fn room(&self) -> usize {
        if self.stopped { 0 } else { self.limit().saturating_sub(self.queue.len()) }
    }

    fn limit(&self) -> usize {
        if self.relayed { RELAYED_LIMIT } else { LIMIT }
    }

    /// From here on the user's terminal is in raw mode.
    pub fn begin_raw(&mut self) {
        if self.plain && !self.plain_always {
            self.plain = false;
            self.plain_left = self.queue.len();
        }
    }

    /// The first bytes, up to `max`.
    pub fn peek(&self, max: usize) -> Vec<u8> {
        self.queue.iter().take(max).copied().collect()
    }

    /// Drops the first `n`.
    pub fn consume(&mut self, n: usize) {
        self.queue.drain(..n.min(self.queue.len()));
        self.plain_left = self.plain_left.saturating_sub(n);
    }

    /// Throws away what the master has not read.
    pub fn clear(&mut self) {
        self.queue.clear();
        self.plain_left = 0;
    }

    /// What an interrupt leaves of it: what the master's own buffer has, which is nothing that came after `mark`.
    pub fn cut(&mut self, mark: usize) {
        self.queue.truncate(mark.min(ECHO_ROOM));
        self.plain_left = self.plain_left.min(self.queue.len());
        self.held.clear();
    }

    /// Lets output go on.
    pub fn start(&mut self) {
        self.stopped = false;
        self.stopped_by_program = false;
        for c in core::mem::take(&mut self.held) {
            self.queue.push_back(c);
        }
    }

    /// Writes as a program does; how many bytes were taken.
    pub fn write(&mut self, t: &Termios, bytes: &[u8]) -> usize {
        let mut done = 0;
        for &c in bytes {
            // A character may become eight (a tab).
            if self.stopped || self.queue.len() + 8 > self.limit() {
                break;
            }
            if t.o(OPOST) {
                self.processed(t, c);
            } else {
                self.queue.push_back(c);
            }
            done += 1;
        }
        done
    }

    /// Sends a key to the other side, past everything else.
    pub fn send_key(&mut self, c: u8) {
        self.queue.push_front(c);
    }

    /// Puts a character as an echo.
    pub fn echo(&mut self, t: &Termios, c: u8) {
        if t.o(OPOST) { self.processed(t, c) } else { self.emit(c) }
    }

    /// Puts a control character as `^X`.
    pub fn echo_control(&mut self, c: u8) {
        self.emit(b'^');
        self.emit(c ^ 0o100);
        self.column += 2;
    }

    /// One step back without post-processing.
    pub fn back(&mut self) {
        self.emit(8);
        self.column = self.column.saturating_sub(1);
    }

    /// The line that is being typed begins here.
    pub fn set_canon_column(&mut self) {
        self.canon_column = self.column;
    }

    fn emit(&mut self, c: u8) {
        if self.stopped {
            if self.held.len() < ECHO_ROOM {
                self.held.push(c);
            }
        } else if self.queue.len() < self.limit() + ECHO_ROOM {
            self.queue.push_back(c);
        }
    }

    fn new_line(&mut self) {
        self.column = 0;
        self.canon_column = 0;
    }

    /// Where the cursor will stand after what the user's terminal makes of a character.
    fn follow(&mut self, t: &Termios, c: u8) {
        match c {
            b'\n' if t.o(ONLCR) => self.new_line(),
            b'\r' => self.new_line(),
            b'\t' => self.column += 8 - (self.column & 7),
            8 => self.column = self.column.saturating_sub(1),
            _ if is_control(c) || t.i(IUTF8) && is_continuation(c) => {}
            _ => self.column += 1,
        }
    }

    fn processed(&mut self, t: &Termios, c: u8) {
        if self.plain {
            self.follow(t, c);
            return self.emit(c);
        }
        match c {
            b'\n' => {
                if t.o(ONLRET) {
                    self.column = 0;
                }
                if t.o(ONLCR) {
                    self.new_line();
                    self.emit(b'\r');
                } else {
                    self.canon_column = self.column;
                }
                self.emit(b'\n');
            }
            b'\r' if t.o(ONOCR) && self.column == 0 => {}
            b'\r' if t.o(OCRNL) => {
                if t.o(ONLRET) {
                    self.new_line();
                }
                self.emit(b'\n');
            }
            b'\r' => {
                self.new_line();
                self.emit(c);
            }
            b'\t' => {
                let spaces = 8 - (self.column & 7);
                self.column += spaces;
                if t.o(TABDLY) {
                    (0..spaces).for_each(|_| self.emit(b' '));
                } else {
                    self.emit(c);
                }
            }
            8 => {
                self.column = self.column.saturating_sub(1);
                self.emit(c);
            }
            _ => {
                if !(is_control(c) || t.i(IUTF8) && is_continuation(c)) {
                    self.column += 1;
                }
                self.emit(if t.o(OLCUC) { c.to_ascii_uppercase() } else { c });
            }
        }
    }
}

/// What is echoed as `^X`.
pub(super) fn is_control(c: u8) -> bool {
    c < 0x20 || c == 0x7f
}

/// The second and later bytes of a character in UTF-8.
pub(super) fn is_continuation(c: u8) -> bool {
    c & 0xc0 == 0x80
}
