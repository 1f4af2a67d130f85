//! The attributes of a terminal (`termios(3)`, `drivers/tty/tty_ioctl.c`), as programs read and write them: `struct termio`,
//! `termios` and `termios2` by their bytes. Locks: none.

use host::{Errno, Result, user};

macro_rules! flags {
    ($($name:ident = $n:literal),* $(,)?) => { $(#[allow(missing_docs)] pub const $name: u32 = $n;)* };
}

// c_iflag, c_oflag, c_cflag, c_lflag: octal, as in the kernel's header.
flags! {
    ISTRIP = 0o40, INLCR = 0o100, IGNCR = 0o200, ICRNL = 0o400, IUCLC = 0o1000, IXON = 0o2000, IXANY = 0o4000,
    IUTF8 = 0o40000,
    OPOST = 0o1, OLCUC = 0o2, ONLCR = 0o4, OCRNL = 0o10, ONOCR = 0o20, ONLRET = 0o40, TABDLY = 0o14000,
    CBAUD = 0o10017, CSIZE = 0o60, CS8 = 0o60, CREAD = 0o200, PARENB = 0o400, B38400 = 0o17, CBAUDEX = 0o10000,
    ISIG = 0o1, ICANON = 0o2, ECHO = 0o10, ECHOE = 0o20, ECHOK = 0o40, ECHONL = 0o100, NOFLSH = 0o200, TOSTOP = 0o400,
    ECHOCTL = 0o1000, ECHOPRT = 0o2000, ECHOKE = 0o4000, IEXTEN = 0o100000,
}

/// Indices into `c_cc`.
#[allow(missing_docs)]
pub mod cc {
    pub const VINTR: usize = 0;
    pub const VQUIT: usize = 1;
    pub const VERASE: usize = 2;
    pub const VKILL: usize = 3;
    pub const VEOF: usize = 4;
    pub const VTIME: usize = 5;
    pub const VMIN: usize = 6;
    pub const VSTART: usize = 8;
    pub const VSTOP: usize = 9;
    pub const VSUSP: usize = 10;
    pub const VEOL: usize = 11;
    pub const VREPRINT: usize = 12;
    pub const VWERASE: usize = 14;
    pub const VLNEXT: usize = 15;
    pub const VEOL2: usize = 16;
}

const NCC: usize = 19;
const TERMIO: usize = 18;
const TERMIOS: usize = 36;
const TERMIOS2: usize = 44;

/// Which structure a program passes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// `TCGETA` and its kin.
    Termio,
    /// `TCGETS` and its kin.
    Termios,
    /// `TCGETS2` and its kin: with speeds.
    Termios2,
}

/// The attributes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Termios {
    /// `c_iflag`.
    pub input: u32,
    /// `c_oflag`.
    pub output: u32,
    /// `c_cflag`.
    pub control: u32,
    /// `c_lflag`.
    pub local: u32,
    line: u8,
    chars: [u8; NCC],
    speeds: [u32; 2],
}

impl Default for Termios {
    /// `tty_std_termios`, as a pseudo terminal starts with.
    fn default() -> Termios {
        Termios {
            input: ICRNL | IXON,
            output: OPOST | ONLCR,
            control: B38400 | CS8 | CREAD,
            local: ISIG | ICANON | ECHO | ECHOE | ECHOK | ECHOCTL | ECHOKE | IEXTEN,
            line: 0,
            chars: [3, 0x1c, 0x7f, 0x15, 4, 0, 1, 0, 0x11, 0x13, 0x1a, 0, 0x12, 0xf, 0x17, 0x16, 0, 0, 0],
            speeds: [38400; 2],
        }
    }
}

impl Termios {
    /// The attributes of a terminal of the host's, as its `TCGETS2` fills them in.
    pub fn from_host(raw: &[u8; TERMIOS2]) -> Termios {
        Termios::default().changed_to(raw, Form::Termios2)
    }

    /// A control character, 0 when switched off.
    pub fn cc(&self, which: usize) -> u8 {
        self.chars.get(which).copied().unwrap_or(0)
    }

    /// Whether `c` is that control character.
    pub fn is(&self, which: usize, c: u8) -> bool {
        c != 0 && self.cc(which) == c
    }

    /// Whether all these bits of `c_iflag` are set.
    pub fn i(&self, flags: u32) -> bool {
        self.input & flags == flags
    }

    /// Whether all these bits of `c_oflag` are set.
    pub fn o(&self, flags: u32) -> bool {
        self.output & flags == flags
    }

    /// Whether all these bits of `c_lflag` are set.
    pub fn l(&self, flags: u32) -> bool {
        self.local & flags == flags
    }

    /// Writes it where a program wants it.
    pub fn copy_out(&self, form: Form, at: usize) -> Result<()> {
        let mut out = [0u8; TERMIOS2];
        let words = [self.input, self.output, self.control, self.local];
        if form == Form::Termio {
            for (i, w) in words.iter().enumerate() {
                put(&mut out, i * 2, &(*w as u16).to_ne_bytes());
            }
            put(&mut out, 8, &[self.line]);
            put(&mut out, 9, self.chars.get(..8).unwrap_or_default());
            return user::copy_out(at, out.get(..TERMIO).unwrap_or_default());
        }
        for (i, w) in words.iter().chain(&[]).enumerate() {
            put(&mut out, i * 4, &w.to_ne_bytes());
        }
        put(&mut out, 16, &[self.line]);
        put(&mut out, 17, &self.chars);
        put(&mut out, 36, &self.speeds[0].to_ne_bytes());
        put(&mut out, 40, &self.speeds[1].to_ne_bytes());
        let size = if form == Form::Termios { TERMIOS } else { TERMIOS2 };
        user::copy_out(at, out.get(..size).unwrap_or_default())
    }

    /// These attributes with what a program passes in place of them.
    pub fn copy_in(&self, form: Form, at: usize) -> Result<Termios> {
        let mut new = *self;
        let words = [&mut new.input, &mut new.output, &mut new.control, &mut new.local];
        match form {
            Form::Termio => {
                let raw: [u8; TERMIO] = read(at)?;
                for (i, w) in words.into_iter().enumerate() {
                    *w = *w & 0xffff_0000 | u32::from(u16::from_ne_bytes([raw[i * 2], raw[i * 2 + 1]]));
                }
                new.line = raw[8];
                put(&mut new.chars, 0, &raw[9..17]);
            }
            Form::Termios | Form::Termios2 => {
                let mut raw = [0u8; TERMIOS2];
                let size = if form == Form::Termios { TERMIOS } else { TERMIOS2 };
                user::copy_in(raw.get_mut(..size).unwrap_or_default(), at)?;
                return Ok(self.changed_to(&raw, form));
            }
        }
        Ok(new.settled())
    }

    /// With what a `struct termios` or `termios2` says.
    fn changed_to(mut self, raw: &[u8; TERMIOS2], form: Form) -> Termios {
        let word = |i: usize| u32::from_ne_bytes([raw[i], raw[i + 1], raw[i + 2], raw[i + 3]]);
        [self.input, self.output, self.control, self.local] = [word(0), word(4), word(8), word(12)];
        self.line = raw[16];
        put(&mut self.chars, 0, &raw[17..36]);
        if form == Form::Termios2 {
            self.speeds = [word(36), word(40)];
        }
        self.settled()
    }

    /// What a pseudo terminal makes of them (`pty_set_termios`).
    fn settled(mut self) -> Termios {
        self.settle_speed();
        self.control = self.control & !(CSIZE | PARENB) | CS8 | CREAD;
        self
    }

    /// The speeds follow from `c_cflag`, unless that says "other" (`BOTHER`).
    fn settle_speed(&mut self) {
        const LOW: [u32; 16] = [0, 50, 75, 110, 134, 150, 200, 300, 600, 1200, 1800, 2400, 4800, 9600, 19200, 38400];
        const HIGH: [u32; 16] = [
            0, 57600, 115_200, 230_400, 460_800, 500_000, 576_000, 921_600, 1_000_000, 1_152_000, 1_500_000, 2_000_000,
            2_500_000, 3_000_000, 3_500_000, 4_000_000,
        ];
        let table = if self.control & CBAUDEX == 0 { &LOW } else { &HIGH };
        if self.control & CBAUD == CBAUDEX {
            return;
        }
        let speed = table.get((self.control & 0o17) as usize).copied().unwrap_or(0);
        self.speeds = [speed; 2];
    }
}

/// What of a terminal's attributes cannot be changed (`TIOCSLCKTRMIOS`): the bits that are set, the characters that are not 0.
#[derive(Clone, Copy, Debug)]
pub struct Locks([u8; TERMIOS]);

impl Default for Locks {
    fn default() -> Locks {
        Locks([0; TERMIOS])
    }
}

impl Locks {
    /// Reads them from a program.
    pub fn copy_in(at: usize) -> Result<Locks> {
        read(at).map(Locks)
    }

    /// Writes them where a program wants them.
    pub fn copy_out(&self, at: usize) -> Result<()> {
        user::copy_out(at, &self.0)
    }

    /// `unset_locked_termios`: `new`, but for what is locked.
    pub fn keep(&self, old: &Termios, mut new: Termios) -> Termios {
        let bits = |i: usize| u32::from_ne_bytes([self.0[i], self.0[i + 1], self.0[i + 2], self.0[i + 3]]);
        let words = [
            (&mut new.input, old.input),
            (&mut new.output, old.output),
            (&mut new.control, old.control),
            (&mut new.local, old.local),
        ];
        for (i, (word, old)) in words.into_iter().enumerate() {
            *word = old & bits(i * 4) | *word & !bits(i * 4);
        }
        if self.0[16] != 0 {
            new.line = old.line;
        }
        for ((char, old), lock) in new.chars.iter_mut().zip(old.chars).zip(&self.0[17..]) {
            if *lock != 0 {
                *char = old;
            }
        }
        new
    }
}

fn read<const N: usize>(at: usize) -> Result<[u8; N]> {
    let mut raw = [0u8; N];
    user::copy_in(&mut raw, at).map(|()| raw)
}

fn put(to: &mut [u8], at: usize, bytes: &[u8]) {
    if let Some(part) = to.get_mut(at..at + bytes.len()) {
        part.copy_from_slice(bytes);
    }
}

/// The form and whether input is thrown away first, of the commands that set attributes; `None` for other commands.
pub fn setting(cmd: u32) -> Option<(Form, bool)> {
    Some(match cmd {
        0x5402 | 0x5403 => (Form::Termios, false),
        0x5404 => (Form::Termios, true),
        0x5406 | 0x5407 => (Form::Termio, false),
        0x5408 => (Form::Termio, true),
        0x402c_542b | 0x402c_542c => (Form::Termios2, false),
        0x402c_542d => (Form::Termios2, true),
        _ => return None,
    })
}

/// The form, of the commands that ask for them.
pub fn asking(cmd: u32) -> Result<Form> {
    match cmd {
        0x5401 => Ok(Form::Termios),
        0x5405 => Ok(Form::Termio),
        0x802c_542a => Ok(Form::Termios2),
        _ => Err(Errno::ENOTTY),
    }
}
