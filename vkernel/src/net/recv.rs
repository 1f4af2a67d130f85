//! Receiving: one try, which never sleeps (`unix_stream_read_generic`, `__unix_dgram_recvmsg`, `tcp_recvmsg`, `udp_recvmsg`).

use super::addr::Addr;
use super::core::{Core, Kind, Role, Socket, State};
use super::msg;
use super::queue::{Marks, Message, Ucred};
use crate::kernel::kernel;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::sync::atomic::Ordering::Relaxed;
use fs_emu::vfs::file::OpenRef;
use host::abi::Timespec;
use host::iov::IovIter;
use host::{Errno, Result};

/// How to receive.
#[derive(Clone, Copy, Debug, Default)]
pub struct RecvHow {
    /// Leaves it where it is (`MSG_PEEK`).
    pub peek: bool,
    /// Throws a stream's bytes away instead of copying them (`MSG_TRUNC` of TCP).
    pub skip: bool,
    /// The urgent byte (`MSG_OOB` of TCP).
    pub urgent: bool,
    /// The caller does not wait.
    pub nonblock: bool,
    /// The call's flags as they are, and the room for control messages: for sockets of the host.
    pub flags: u32,
    /// See `flags`.
    pub control: usize,
}

/// What came.
#[derive(Default)]
pub struct Received {
    /// Bytes copied.
    pub len: usize,
    /// Bytes of the message, of which some may have been thrown away.
    pub full: usize,
    /// `MSG_TRUNC` if so.
    pub flags: u32,
    /// Who sent it.
    pub from: Addr,
    /// Where it was sent to, and how it was marked.
    pub to: Addr,
    /// See `to`.
    pub marks: Marks,
    /// Who sent it, if the sender's kernel noted that.
    pub cred: Option<Ucred>,
    /// Files that came with it.
    pub files: Vec<OpenRef>,
    /// When it came.
    pub when: Timespec,
    /// Control messages as the host made them.
    pub control: Vec<u8>,
    /// Bytes of TCP that are still there, with one for its end (`TCP_INQ`).
    pub left: usize,
    /// The other end will send no more.
    pub end: bool,
}

impl Received {
    /// This, and what came after it on a stream.
    pub(super) fn and(self, later: Received) -> Received {
        let (len, full) = (self.len + later.len, self.full + later.full);
        Received { len, full, files: later.files, left: later.left, ..self }
    }
}

impl Socket {
    /// Receives what there is. `EAGAIN` when that is nothing.
    pub fn try_recv(&self, to: &mut IovIter<'_>, how: RecvHow) -> Result<Received> {
        let core = self.core();
        if let Some(fd) = core.outside() {
            return self.recv_outside(&fd, to, how);
        }
        let mut state = core.state.lock();
        state.may_receive(core)?;
        if how.urgent {
            return state.read_urgent(core, to, how);
        }
        if state.rx.is_empty() {
            return state.nothing(core, how);
        }
        let before = state.rx.charge();
        let mut gone = Vec::new();
        let mut got = match core.kind {
            Kind::Stream => state.read_stream(core, to, how, &mut gone),
            _ => state.read_message(core, to, how, &mut gone),
        };
        let after = state.rx.charge();
        if let Ok(got) = &mut got {
            let left = state.rx.bytes();
            got.left = if left == 0 { usize::from(state.fin) } else { left };
        }
        let peer = if after < before { state.peer.clone() } else { None };
        drop(state);
        if after < before {
            core.tell_senders(peer.as_ref(), before, after);
        }
        kernel().net.discard(gone.into_iter());
        got
    }
}

impl Core {
    /// There is room again. A peer is told when it crosses the mark at which `poll` lets it write.
    fn tell_senders(&self, peer: Option<&Arc<Core>>, before: usize, after: usize) {
        self.room.wake_all();
        if let Some(peer) = peer {
            let limit = peer.send_limit();
            if before * 4 > limit && after * 4 <= limit {
                peer.queue.wake_all();
            }
        }
    }
}

impl State {
    fn may_receive(&self, core: &Core) -> Result<()> {
        match (core.kind, &self.role) {
            (Kind::Dgram, _) | (_, Role::Connected | Role::Connecting(_) | Role::Reset) => Ok(()),
            (Kind::Stream, _) if core.is_unix() => Err(Errno::EINVAL),
            // A connection that was refused: that is still to be told.
            _ if core.is_tcp() && (self.error.is_some() || self.shut_rd) => Ok(()),
            _ => Err(Errno::ENOTCONN),
        }
    }

    /// Why nothing is there.
    fn nothing(&mut self, core: &Core, how: RecvHow) -> Result<Received> {
        let end = Ok(Received { end: true, ..Received::default() });
        if core.is_tcp() && self.fin {
            return end;
        }
        if let Some(e) = self.error.take() {
            return Err(e);
        }
        // Who does not wait for datagrams is not told that none will come.
        let told = self.shut_rd && !(how.nonblock && core.kind == Kind::Dgram);
        if told { end } else { Err(Errno::EAGAIN) }
    }

    fn read_stream(
        &mut self,
        core: &Core,
        to: &mut IovIter<'_>,
        how: RecvHow,
        gone: &mut Vec<Message>,
    ) -> Result<Received> {
        let (skip, limit) = self.before_mark(core.urgent_inline(), how.peek);
        if self.rx.bytes() <= skip {
            return self.nothing(core, how);
        }
        let most = limit.unwrap_or(usize::MAX);
        if how.peek { self.peek_stream(core, to, how, skip, most) } else { self.take_stream(core, to, how, most, gone) }
    }

    /// Looks at bytes, behind `skip` and `most` of them.
    fn peek_stream(
        &self,
        core: &Core,
        to: &mut IovIter<'_>,
        how: RecvHow,
        mut skip: usize,
        most: usize,
    ) -> Result<Received> {
        let same_sender = core.options.pass_cred.load(Relaxed);
        let (mut got, mut first) = (Received::default(), true);
        for message in self.rx.iter() {
            let rest = message.rest().get(core::mem::take(&mut skip)..).unwrap_or_default();
            if rest.is_empty() {
                continue;
            }
            let left = most.saturating_sub(got.full);
            if left == 0 || to.remaining() == 0 || (!first && same_sender && message.cred != got.cred) {
                break;
            }
            if core::mem::take(&mut first) {
                got.cred = message.cred;
            }
            if !copy(rest, left, to, how, &mut got)? {
                break;
            }
            if !message.files.is_empty() {
                got.files = message.files.clone();
                break;
            }
        }
        Ok(got)
    }

    /// Takes bytes out, `most` of them.
    fn take_stream(
        &mut self,
        core: &Core,
        to: &mut IovIter<'_>,
        how: RecvHow,
        most: usize,
        gone: &mut Vec<Message>,
    ) -> Result<Received> {
        let same_sender = core.options.pass_cred.load(Relaxed);
        let (mut got, mut first) = (Received::default(), true);
        while let Some(message) = self.rx.front_mut() {
            // Who asks for no bytes of a Unix stream gets the files that come with the next one.
            let enough = to.remaining() == 0 && !(first && core.is_unix());
            let left = most.saturating_sub(got.full);
            if left == 0 || enough || (!first && same_sender && message.cred != got.cred) {
                break;
            }
            if core::mem::take(&mut first) {
                got.cred = message.cred;
            }
            let before = got.len;
            let whole = copy(message.rest(), left, to, how, &mut got)?;
            got.files = core::mem::take(&mut message.files);
            gone.extend(self.rx.consume(got.len - before));
            if !whole || !got.files.is_empty() {
                break;
            }
        }
        Ok(got)
    }

    fn read_message(
        &mut self,
        core: &Core,
        to: &mut IovIter<'_>,
        how: RecvHow,
        gone: &mut Vec<Message>,
    ) -> Result<Received> {
        let Some(message) = self.rx.front_mut() else { return Err(Errno::EAGAIN) };
        let full = message.rest().len();
        let n = full.min(to.remaining());
        let moved = to.put(message.rest().get(..n).unwrap_or_default());
        if moved < n {
            to.revert(moved);
            return Err(Errno::EFAULT);
        }
        let files = if how.peek { message.files.clone() } else { core::mem::take(&mut message.files) };
        let got = Received {
            len: n,
            full,
            flags: if full > n { msg::TRUNC } else { 0 },
            from: message.from.clone(),
            to: message.to.clone(),
            marks: message.marks,
            cred: message.cred,
            files,
            when: message.when,
            ..Received::default()
        };
        // The time is told once: with the message, or to who asks for it.
        if !core.options.tells_time.load(Relaxed) {
            self.stamp = Some(got.when);
        }
        if !how.peek {
            gone.extend(self.rx.pop());
        }
        Ok(got)
    }
}

/// Copies bytes of a stream, `most` at most; answers whether one may go on with the next piece. `EFAULT` only when nothing was copied at all.
fn copy(bytes: &[u8], most: usize, to: &mut IovIter<'_>, how: RecvHow, got: &mut Received) -> Result<bool> {
    let n = bytes.len().min(to.remaining()).min(most);
    let moved = if how.skip {
        to.advance(n);
        n
    } else {
        to.put(bytes.get(..n).unwrap_or_default())
    };
    if moved == 0 && n > 0 && got.len == 0 {
        return Err(Errno::EFAULT);
    }
    got.len += moved;
    got.full += moved;
    Ok(moved == bytes.len())
}
