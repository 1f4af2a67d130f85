//! Terminal `ioctl`s that pass through to the host, with the size of what each reads or writes.

use host::sys::fd;
use host::{Errno, Result, user};

/// Which way an argument goes.
enum Way {
    /// The host fills so many bytes, which go out to the guest.
    Out(usize),
    /// So many bytes come from the guest.
    In(usize),
    /// The argument is a number.
    Value,
}

const TERMIO: usize = 18;
const TERMIOS: usize = 36;
const TERMIOS2: usize = 44;
const WINSIZE: usize = 8;
const INT: usize = 4;
/// Room for the largest of them.
const MAX: usize = 64;

const FIONREAD: u32 = 0x541b;
const TIOCSTI: u32 = 0x5412;

/// What passes through on a terminal.
fn way(cmd: u32) -> Option<Way> {
    Some(match cmd {
        // TCGETS, TCGETA, TCGETS2
        0x5401 => Way::Out(TERMIOS),
        0x5405 => Way::Out(TERMIO),
        0x802c_542a => Way::Out(TERMIOS2),
        // TCSETS, TCSETSW, TCSETSF; TCSETA, TCSETAW, TCSETAF; TCSETS2, TCSETSW2, TCSETSF2
        0x5402..=0x5404 => Way::In(TERMIOS),
        0x5406..=0x5408 => Way::In(TERMIO),
        0x402c_542b..=0x402c_542d => Way::In(TERMIOS2),
        // TIOCGWINSZ, TIOCSWINSZ
        0x5413 => Way::Out(WINSIZE),
        0x5414 => Way::In(WINSIZE),
        // TIOCOUTQ, TIOCGSOFTCAR, TIOCGETD, TIOCGDEV, TIOCGEXCL
        FIONREAD | 0x5411 | 0x5419 | 0x5424 | 0x8004_5432 | 0x8004_5440 => Way::Out(INT),
        // TCSBRK, TCXONC, TCFLSH, TIOCEXCL, TIOCNXCL, TCSBRKP
        0x5409..=0x540d | 0x5425 => Way::Value,
        _ => return None,
    })
}

/// Whether a process in the background may not do this to its controlling terminal without being stopped by `SIGTTOU`
/// (`tty_check_change`).
pub fn needs_foreground(cmd: u32) -> bool {
    // All that set attributes, TCSBRK, TCXONC, TCFLSH, TIOCSPGRP, TCSBRKP.
    sets_modes(cmd) || matches!(cmd, 0x5409..=0x540b | 0x5410 | 0x5425)
}

/// Whether this sets the terminal's attributes.
pub(super) fn sets_modes(cmd: u32) -> bool {
    matches!(cmd, 0x5402..=0x5404 | 0x5406..=0x5408 | 0x402c_542b..=0x402c_542d)
}

/// Does one on a host descriptor. `ENOTTY` for what does not pass through.
pub(super) fn pass(host_fd: i32, terminal: bool, cmd: u32, arg: usize) -> Result<usize> {
    if !terminal && cmd != FIONREAD {
        return Err(Errno::ENOTTY);
    }
    if cmd == TIOCSTI {
        // What a host answers that does not let programs type (`dev.tty.legacy_tiocsti = 0`).
        return Err(Errno::EIO);
    }
    let mut room = [0u8; MAX];
    match way(cmd).ok_or(Errno::ENOTTY)? {
        Way::Out(size) => {
            let n = fd::ioctl(host_fd, cmd, &mut room)?;
            user::copy_out(arg, room.get(..size).unwrap_or_default())?;
            Ok(n)
        }
        Way::In(size) => {
            user::copy_in(room.get_mut(..size).unwrap_or_default(), arg)?;
            fd::ioctl(host_fd, cmd, &mut room)
        }
        // Only whether it is 0 matters for large ones, and the host call refuses what could be an address.
        Way::Value => fd::ioctl_value(host_fd, cmd, arg.min(4096)),
    }
}

/// Whether the descriptor is a terminal.
pub(super) fn is_terminal(host_fd: i32) -> bool {
    termios(host_fd).is_some()
}

/// Whether a read of this terminal comes back without a byte (`VMIN` 0 in noncanonical mode): it must not be waited for.
pub(super) fn reads_nothing(host_fd: i32) -> bool {
    const LFLAG: usize = 12;
    const ICANON: u8 = 2;
    const VMIN: usize = 17 + 6;
    termios(host_fd).is_some_and(|t| t[LFLAG] & ICANON == 0 && t[VMIN] == 0)
}

fn termios(host_fd: i32) -> Option<[u8; MAX]> {
    let mut room = [0u8; MAX];
    fd::ioctl(host_fd, 0x5401, &mut room).ok().map(|_| room)
}
