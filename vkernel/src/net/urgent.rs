//! TCP's urgent byte (`tcp(7)`, `tcp_recv_urg`, `tcp_check_urg`).
//!
//! It stays where it is in the stream, as Linux has it: an ordinary read stops before it and, without `SO_OOBINLINE`, skips it then;
//! `MSG_OOB` reads it out of turn, once. Plain data under the socket's lock.

use super::core::{Core, State};
use super::recv::{Received, RecvHow};
use super::{msg, options};
use host::iov::IovIter;
use host::{Errno, Result};

/// The last urgent byte that arrived.
#[derive(Clone, Copy)]
pub(super) struct Urgent {
    /// Where in the stream, counted from its beginning.
    at: u64,
    byte: u8,
    /// It was read with `MSG_OOB`.
    read: bool,
}

impl Core {
    /// `SO_OOBINLINE`.
    pub(super) fn urgent_inline(&self) -> bool {
        self.options.get(options::SOL_SOCKET, options::SO_OOBINLINE).unwrap_or(0) != 0
    }
}

impl State {
    /// Where in the stream the next read begins.
    fn position(&self) -> u64 {
        self.arrived - self.rx.bytes() as u64
    }

    /// The last byte that arrived is urgent. One before it that would be the next to be read is lost.
    pub(super) fn mark_urgent(&mut self, byte: u8, inline: bool) {
        if !inline && self.at_mark() && self.rx.bytes() > 1 {
            drop(self.rx.consume(1));
        }
        self.urgent = Some(Urgent { at: self.arrived.saturating_sub(1), byte, read: false });
    }

    /// Whether the next byte is the urgent one (`SIOCATMARK`).
    pub(super) fn at_mark(&self) -> bool {
        self.urgent.is_some_and(|u| u.at == self.position())
    }

    /// Whether there is one to be read with `MSG_OOB` (`POLLPRI`).
    pub(super) fn has_urgent(&self) -> bool {
        self.urgent.is_some_and(|u| !u.read)
    }

    /// Whether an ordinary read finds at least so many bytes.
    pub(super) fn readable(&self, core: &Core, least: usize) -> bool {
        let skipped = usize::from(self.urgent.is_some() && self.at_mark() && !core.urgent_inline());
        self.rx.bytes() >= least.saturating_add(skipped).max(1)
    }

    /// Bytes before the urgent one (`FIONREAD`).
    pub(super) fn unread_to_mark(&self, inline: bool) -> usize {
        match self.urgent {
            Some(u) if !inline && u.at >= self.position() => (u.at - self.position()) as usize,
            _ => self.rx.bytes(),
        }
    }

    /// What an ordinary read is to do about the mark: how many bytes it skips, and how many it takes at most (`None`: any number). A read
    /// that begins at the mark leaves it behind.
    pub(super) fn before_mark(&mut self, inline: bool, peek: bool) -> (usize, Option<usize>) {
        let Some(urgent) = self.urgent else { return (0, None) };
        let position = self.position();
        if urgent.at > position {
            return (0, usize::try_from(urgent.at - position).ok());
        }
        let skipped = usize::from(urgent.at == position && !inline);
        if peek {
            return (skipped, None);
        }
        if skipped > 0 {
            drop(self.rx.consume(1));
        }
        self.urgent = None;
        (0, None)
    }

    /// Receiving with `MSG_OOB`.
    pub(super) fn read_urgent(&mut self, core: &Core, to: &mut IovIter<'_>, how: RecvHow) -> Result<Received> {
        let Some(urgent) = self.urgent.as_mut().filter(|u| !u.read) else { return Err(Errno::EINVAL) };
        if core.options.get(options::SOL_SOCKET, options::SO_OOBINLINE).unwrap_or(0) != 0 {
            return Err(Errno::EINVAL);
        }
        let mut got = Received { flags: msg::OOB, full: 1, ..Received::default() };
        if to.remaining() == 0 {
            got.flags |= msg::TRUNC;
        } else if !how.skip {
            if to.put(&[urgent.byte]) == 0 {
                return Err(Errno::EFAULT);
            }
            got.len = 1;
        }
        urgent.read |= !how.peek;
        Ok(got)
    }
}
