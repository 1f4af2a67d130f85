//! The terminal calls that concern no process (`drivers/tty/tty_ioctl.c`, `drivers/tty/pty.c`). Those about sessions and
//! groups are the kernel's above.

use super::output::Output;
use super::pair::{Pair, State, packet};
use super::termios::{self, IXON, Locks, cc};
use crate::Task;
use crate::console;
use crate::signal::NSIG;
use fs_emu::cred::Caps;
use host::{Errno, Result, user};

macro_rules! commands {
    ($($name:ident = $n:literal),* $(,)?) => { $(const $name: u32 = $n;)* };
}

commands! {
    TCSBRK = 0x5409, TCXONC = 0x540a, TCFLSH = 0x540b, TIOCEXCL = 0x540c, TIOCNXCL = 0x540d, TIOCOUTQ = 0x5411,
    TIOCSTI = 0x5412, TIOCGLCKTRMIOS = 0x5456, TIOCSLCKTRMIOS = 0x5457, TIOCGWINSZ = 0x5413, TIOCSWINSZ = 0x5414, TIOCGSOFTCAR = 0x5419, TIOCSSOFTCAR = 0x541a,
    FIONREAD = 0x541b, TIOCCONS = 0x541d, TIOCPKT = 0x5420, TIOCSETD = 0x5423, TIOCGETD = 0x5424, TCSBRKP = 0x5425,
    TIOCVHANGUP = 0x5437, TIOCGDEV = 0x8004_5432, TIOCGEXCL = 0x8004_5440, TIOCGPTN = 0x8004_5430,
    TIOCSPTLCK = 0x4004_5431, TIOCSIG = 0x4004_5436, TIOCGPKT = 0x8004_5438, TIOCGPTLCK = 0x8004_5439,
}

/// Whether a process in the background may not do this to its controlling terminal without being stopped by `SIGTTOU`
/// (`tty_check_change`).
pub fn needs_foreground(cmd: u32) -> bool {
    const TIOCSPGRP: u32 = 0x5410;
    termios::setting(cmd).is_some() || matches!(cmd, TCSBRK | TCXONC | TCFLSH | TIOCSPGRP | TCSBRKP)
}

fn put(at: usize, value: u32) -> Result<usize> {
    user::write(at, &value).map(|()| 0)
}

/// On the slave.
pub(super) fn slave(pair: &Pair, cmd: u32, arg: usize) -> Result<usize> {
    if pair.look(|s| s.hung_up) {
        return Err(Errno::EIO);
    }
    match cmd {
        TCFLSH => flush(pair, arg, false),
        TCXONC => flow(pair, arg),
        FIONREAD => {
            pair.want_keys();
            put(arg, pair.look(|s| s.line.readable_bytes()) as u32)
        }
        _ => both(pair, cmd, arg),
    }
}

/// On the master.
pub(super) fn master(pair: &Pair, cmd: u32, arg: usize) -> Result<usize> {
    match cmd {
        TIOCGPTN => put(arg, pair.index),
        TIOCSPTLCK => set(pair, arg, |s, on| s.locked = on),
        TIOCGPTLCK => put(arg, u32::from(pair.look(|s| s.locked))),
        TIOCPKT => set(pair, arg, |s, on| {
            if on && !s.packet {
                s.status = 0;
            }
            s.packet = on;
        }),
        TIOCGPKT => put(arg, u32::from(pair.look(|s| s.packet))),
        TIOCSIG => {
            let sig = u32::try_from(arg as i32).ok().filter(|sig| (1..=NSIG).contains(sig)).ok_or(Errno::EINVAL)?;
            pair.signal_foreground(sig);
            Ok(0)
        }
        TCFLSH => flush(pair, arg, true),
        TCXONC if arg < 4 => Ok(0),
        TCXONC => Err(Errno::EINVAL),
        FIONREAD => put(arg, pair.look(|s| s.line.out.len()) as u32),
        _ => both(pair, cmd, arg),
    }
}

fn set(pair: &Pair, arg: usize, f: impl FnOnce(&mut State, bool)) -> Result<usize> {
    let on = user::read::<i32>(arg)? != 0;
    pair.change(|s| {
        f(s, on);
        Ok(0)
    })
}

/// What is the same on both: the attributes are the slave's.
fn both(pair: &Pair, cmd: u32, arg: usize) -> Result<usize> {
    if let Some((form, flush)) = termios::setting(cmd) {
        let new = pair.termios().copy_in(form, arg)?;
        let changed = pair.change(|s| {
            if flush {
                s.line.flush_input();
                s.drop_backlog();
            }
            let old = s.line.termios;
            set_attributes(s, new);
            let changed = s.line.termios != old;
            if changed {
                s.touched = true;
                if !pair.control.away() {
                    s.line.out.begin_raw();
                }
            }
            Ok(changed)
        })?;
        pair.tell_relay(if changed { console::MODES } else { 0 } | if flush { console::FLUSH } else { 0 });
        return Ok(0);
    }
    match cmd {
        TIOCGLCKTRMIOS => pair.look(|s| s.locks).copy_out(arg).map(|()| 0),
        TIOCSLCKTRMIOS => {
            if !Task::current().is_some_and(|me| me.cred().capable(Caps::SYS_ADMIN)) {
                return Err(Errno::EPERM);
            }
            let locks = Locks::copy_in(arg)?;
            pair.change(|s| {
                s.locks = locks;
                Ok(0)
            })
        }
        TIOCGWINSZ => user::write(arg, &pair.look(|s| s.winsize)).map(|()| 0),
        TIOCSWINSZ => pair.set_winsize(user::read(arg)?).map(|()| 0),
        // Nothing is ever on its way: it is with the other side at once.
        TIOCOUTQ => put(arg, 0),
        TCSBRK | TCSBRKP => Ok(0),
        // What a kernel answers that does not let programs type (`dev.tty.legacy_tiocsti = 0`).
        TIOCSTI => Err(Errno::EIO),
        TIOCEXCL | TIOCNXCL => pair.change(|s| {
            s.exclusive = cmd == TIOCEXCL;
            Ok(0)
        }),
        TIOCGEXCL => put(arg, u32::from(pair.look(|s| s.exclusive))),
        TIOCGETD | TIOCGSOFTCAR => put(arg, 0),
        TIOCSETD if user::read::<u32>(arg)? == 0 => Ok(0),
        TIOCSETD => Err(Errno::EINVAL),
        TIOCSSOFTCAR => user::read::<u32>(arg).map(|_| 0),
        TIOCGDEV => put(arg, pair.node.rdev() as u32),
        TIOCCONS | TIOCVHANGUP => Err(Errno::EPERM),
        _ => pair.termios().copy_out(termios::asking(cmd)?, arg).map(|()| 0),
    }
}

/// Packet mode reports when the keys that stop output change their meaning.
fn set_attributes(s: &mut State, new: termios::Termios) {
    let new = s.locks.keep(&s.line.termios, new);
    let stops = |t: &termios::Termios| t.i(IXON) && t.cc(cc::VSTOP) == 0x13 && t.cc(cc::VSTART) == 0x11;
    let (before, after) = (stops(&s.line.termios), stops(&new));
    if before != after {
        s.status &= !(packet::DO_STOP | packet::NO_STOP);
        s.status |= if after { packet::DO_STOP } else { packet::NO_STOP };
    }
    s.line.set_termios(new);
}

/// `TCFLSH`. What the slave wrote is with the master at once; only the master can throw it away.
fn flush(pair: &Pair, queue: usize, master: bool) -> Result<usize> {
    if queue > 2 {
        return Err(Errno::EINVAL);
    }
    let (input, output) = (queue != 1, queue != 0);
    let done = pair.change(|s| {
        if master {
            if input {
                s.line.out.clear();
            }
            if output {
                s.drop_backlog();
            }
            return Ok(0);
        }
        if input {
            s.line.flush_input();
            s.drop_backlog();
            s.status |= packet::FLUSH_READ;
        }
        if output {
            s.status |= packet::FLUSH_WRITE;
        }
        Ok(0)
    });
    if input && !master {
        pair.tell_relay(console::FLUSH);
    }
    done
}

/// `TCXONC`: stops and starts output, or types the keys that do so at the other end.
fn flow(pair: &Pair, what: usize) -> Result<usize> {
    pair.change(|s| {
        match what {
            0 => {
                s.line.out.stopped = true;
                s.line.out.stopped_by_program = true;
            }
            1 if s.line.out.stopped_by_program => s.line.out.start(),
            1 => {}
            2 => send_key(s, cc::VSTOP),
            3 => send_key(s, cc::VSTART),
            _ => return Err(Errno::EINVAL),
        }
        Ok(0)
    })
}

fn send_key(s: &mut State, key: usize) {
    let c = s.line.termios.cc(key);
    if c != 0 {
        let out: &mut Output = &mut s.line.out;
        out.send_key(c);
    }
}
