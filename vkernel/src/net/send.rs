//! Sending: one try, which never sleeps (`unix_stream_sendmsg`, `unix_dgram_sendmsg`, `tcp_sendmsg`, `udp_sendmsg`).
//!
//! Bytes are copied from the guest before the receiver's lock is taken.

use super::addr::{Addr, Ip};
use super::core::{Core, Kind, Role, Socket};
use super::cork::LONGEST;
use super::options::{SOL_IP, SOL_IPV6};
use super::queue::{Marks, Message, Ucred};
use super::{msg, multicast};
use crate::kernel::kernel;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::sync::atomic::Ordering::Relaxed;
use fs_emu::vfs::file::OpenRef;
use host::iov::IovIter;
use host::{Errno, Result, time};

/// Where a message goes.
#[derive(Clone)]
pub enum Target {
    /// A Unix socket.
    Socket(Arc<Core>),
    /// An address.
    Ip(Ip),
    /// A port number and groups of netlink.
    Netlink(u32, u32),
    /// An address as it was given, for a socket of the host.
    Outside(Vec<u8>),
}

/// What a message has besides its bytes.
#[derive(Default)]
pub struct Outgoing {
    /// A destination of its own.
    pub to: Option<Target>,
    /// Files in flight (`SCM_RIGHTS`).
    pub files: Vec<OpenRef>,
    /// The sender.
    pub cred: Option<Ucred>,
    /// The sender said who it is (`SCM_CREDENTIALS`).
    pub said: bool,
    /// What the datagram is to be marked with instead of the socket's own: class and hops of IPv4, and of IPv6.
    pub marks: [Option<u8>; 4],
    /// The last byte is urgent (`MSG_OOB` of TCP).
    pub urgent: bool,
    /// The call's flags and control messages as they are, for sockets of the host.
    pub flags: u32,
    /// See `flags`.
    pub control: Vec<u8>,
}

/// Most bytes of one piece of a Unix stream, and of TCP's.
const UNIX_PIECE: usize = 48_832;
const TCP_PIECE: usize = 16 << 10;
/// Messages that a Unix socket queues from those it is not connected to (`net.unix.max_dgram_qlen`).
const MAX_QUEUE: usize = 10;
/// Most bytes of a UDP datagram.
const UDP_MAX: usize = 65_507;

/// Whether `poll` says that one can write: a quarter of the buffer is in flight at most.
pub(super) fn is_roomy(core: &Core, peer: &Arc<Core>) -> bool {
    let limit = core.send_limit();
    let state = peer.state.lock();
    let mutual = state.peer.as_ref().is_some_and(|p| core::ptr::eq(Arc::as_ptr(p), core));
    let queued = core.kind == Kind::Dgram && !mutual && state.rx.len() > MAX_QUEUE;
    state.rx.charge() * 4 <= limit && !queued
}

impl Core {
    /// Bytes arrive at TCP's other end. One that is closed answers with a reset, which the next call sees.
    fn arrive(&self, peer: &Arc<Core>, message: Message, urgent: bool, corked: bool) -> Result<()> {
        let last = message.data.last().copied().filter(|_| urgent);
        if corked {
            self.corks.store(true, Relaxed);
        }
        let inline = peer.urgent_inline();
        let mut state = peer.state.lock();
        if matches!(state.role, Role::Closed) {
            drop(state);
            self.meet_reset(peer);
            return Ok(());
        }
        let Some(message) = state.hold_back(message, corked)? else {
            let timer = state.held.wants_timer();
            drop(state);
            if timer {
                peer.look_after_held(LONGEST);
            }
            return Ok(());
        };
        let n = message.data.len();
        state.rx.push_bytes(message)?;
        state.arrived += n as u64;
        if let Some(byte) = last {
            state.mark_urgent(byte, inline);
        }
        drop(state);
        peer.may_be_accepted();
        peer.queue.wake_all();
        Ok(())
    }

    /// The other end is closed, and says so.
    fn meet_reset(&self, peer: &Arc<Core>) {
        let ends = {
            let other = peer.state.lock();
            other.local.ip().zip(other.remote.ip())
        };
        if let Some((local, remote)) = ends {
            kernel().net.ended(local, remote, true);
        }
        let mut own = self.state.lock();
        own.error = Some(if own.fin { Errno::EPIPE } else { Errno::ECONNRESET });
        own.role = Role::Reset;
        (own.shut_rd, own.shut_wr) = (true, true);
        drop(own);
        self.queue.wake_all();
    }

    /// How a datagram is marked that goes there.
    fn marks(&self, to: Ip, said: [Option<u8>; 4]) -> Marks {
        const IP_TOS: i32 = 1;
        const IP_TTL: i32 = 2;
        const IP_MULTICAST_TTL: i32 = 33;
        const IPV6_UNICAST_HOPS: i32 = 16;
        const IPV6_TCLASS: i32 = 67;
        let own = |level, name, default| self.options.get(level, name).map_or(default, |n| n as u8);
        let [class4, hops4, class6, hops6] = said;
        if !to.is_v4() {
            let class = class6.unwrap_or_else(|| own(SOL_IPV6, IPV6_TCLASS, 0));
            return Marks { class, hops: hops6.unwrap_or_else(|| own(SOL_IPV6, IPV6_UNICAST_HOPS, 64)) };
        }
        let (name, default) = if Ip::is_group(to.ip) { (IP_MULTICAST_TTL, 1) } else { (IP_TTL, 64) };
        let class = class4.unwrap_or_else(|| own(SOL_IP, IP_TOS, 0));
        Marks { class, hops: hops4.unwrap_or_else(|| own(SOL_IP, name, default)) }
    }

    /// A datagram of UDP comes, also to a socket that is shut for reading. What does not fit is lost.
    pub(super) fn receive(&self, message: Message) -> Result<()> {
        let mut state = self.state.lock();
        if !matches!(state.role, Role::Closed) && state.rx.charge() < self.recv_buf() {
            state.rx.push(message)?;
        }
        drop(state);
        self.queue.wake_all();
        Ok(())
    }

    /// What may be in flight.
    pub(super) fn send_limit(&self) -> usize {
        self.send_buf(true)
    }

    fn wants_cred(&self) -> bool {
        self.options.pass_cred.load(Relaxed)
    }
}

impl Socket {
    /// Sends what it can. `EAGAIN` when there is no room; `EPIPE` without the signal, which is the caller's.
    pub fn try_send(&self, from: &mut IovIter<'_>, out: &mut Outgoing) -> Result<usize> {
        if let Some(fd) = self.core().outside() {
            return self.send_outside(&fd, from, out);
        }
        if self.core().is_netlink() {
            return self.send_netlink(from, out);
        }
        match (self.core().kind, self.core().is_unix()) {
            (Kind::Stream, _) => self.send_stream(from, out),
            (_, true) => self.send_message(from, out),
            (_, false) => self.send_udp(from, out),
        }
    }

    fn send_stream(&self, from: &mut IovIter<'_>, out: &mut Outgoing) -> Result<usize> {
        let mut sent = 0;
        loop {
            match self.send_piece(from, out, sent) {
                Ok(0) => return Ok(sent),
                Ok(n) => sent += n,
                Err(_) if sent > 0 => return Ok(sent),
                Err(e) => return Err(e),
            }
            if from.remaining() == 0 {
                return Ok(sent);
            }
        }
    }

    /// The connection's other end, if one may send to it.
    fn connection(&self, out: &Outgoing) -> Result<Arc<Core>> {
        let core = self.core();
        let mut state = core.state.lock();
        if core.is_unix() {
            match (&out.to, &state.role) {
                (Some(_), Role::Connected) => return Err(Errno::EISCONN),
                (Some(_), _) => return Err(Errno::EOPNOTSUPP),
                (None, Role::Connected) => {}
                _ => return Err(Errno::ENOTCONN),
            }
        } else {
            if let Some(e) = state.error.take() {
                return Err(e);
            }
            match state.role {
                Role::Connected => {}
                Role::Connecting(_) => return Err(Errno::EAGAIN),
                _ => return Err(Errno::EPIPE),
            }
        }
        if state.shut_wr {
            return Err(Errno::EPIPE);
        }
        state.peer.clone().ok_or(Errno::ENOTCONN)
    }

    fn send_piece(&self, from: &mut IovIter<'_>, out: &mut Outgoing, sent: usize) -> Result<usize> {
        let core = self.core();
        let peer = self.connection(out)?;
        if from.remaining() == 0 {
            return Ok(0);
        }
        let tcp = core.is_tcp();
        let limit = core.send_limit();
        let used = peer.state.lock().rx.charge();
        if used >= limit {
            return Err(Errno::EAGAIN);
        }
        let piece = if tcp { TCP_PIECE.min(limit - used) } else { UNIX_PIECE.min((limit / 2).saturating_sub(64)) };
        let mut message = Message::copy_some(from, from.remaining().min(piece))?;
        let n = message.data.len();
        if tcp {
            let corked = !out.urgent && (out.flags & msg::MORE != 0 || core.options.cork.load(Relaxed));
            core.arrive(&peer, message, out.urgent && from.remaining() == 0, corked)?;
            return Ok(n);
        }
        if sent == 0 {
            message.files = core::mem::take(&mut out.files);
        }
        if core.wants_cred() || peer.wants_cred() || out.said {
            message.cred = out.cred.or_else(sender);
        }
        let mut state = peer.state.lock();
        if state.shut_rd || matches!(state.role, Role::Closed) {
            drop(state);
            out.files = message.files;
            from.revert(n);
            return Err(Errno::EPIPE);
        }
        state.rx.push(message)?;
        drop(state);
        peer.queue.wake_all();
        Ok(n)
    }

    /// A message of its own to a Unix socket.
    fn send_message(&self, from: &mut IovIter<'_>, out: &mut Outgoing) -> Result<usize> {
        let core = self.core();
        let (other, default, name) = self.destination(out)?;
        let len = from.remaining();
        if len > core.send_limit().saturating_sub(32) {
            return Err(Errno::EMSGSIZE);
        }
        if core.wants_cred() {
            self.bind_automatic()?;
        }
        let mutual = self.check_receiver(&other, default)?;
        let mut message = Message::copy_in(from, len)?;
        message.from = name;
        if core.wants_cred() || other.wants_cred() || out.said {
            message.cred = out.cred.or_else(sender);
        }
        let mut state = other.state.lock();
        let full = state.rx.charge() >= core.send_limit() || (!mutual && state.rx.len() > MAX_QUEUE);
        if full || state.shut_rd {
            let gone = state.shut_rd;
            drop(state);
            from.revert(len);
            return Err(if gone { Errno::EPIPE } else { Errno::EAGAIN });
        }
        message.files = core::mem::take(&mut out.files);
        message.when = time::realtime();
        state.rx.push(message)?;
        drop(state);
        other.queue.wake_all();
        Ok(len)
    }

    /// To whom a message goes, whether that is the default, and the sender's name.
    fn destination(&self, out: &Outgoing) -> Result<(Arc<Core>, bool, Addr)> {
        let core = self.core();
        let mut state = core.state.lock();
        if core.kind == Kind::SeqPacket {
            if let Some(e) = state.error.take() {
                return Err(e);
            }
            if !matches!(state.role, Role::Connected) {
                return Err(Errno::ENOTCONN);
            }
        }
        let own = match &out.to {
            Some(Target::Socket(to)) if core.kind == Kind::Dgram => Some(to.clone()),
            _ => None,
        };
        let (other, default) = match own {
            Some(other) => (other, false),
            None => (state.peer.clone().ok_or(Errno::ENOTCONN)?, true),
        };
        if state.shut_wr {
            return Err(Errno::EPIPE);
        }
        Ok((other, default, state.local.clone()))
    }

    /// Whether the receiver is there and takes it; answers whether it is connected to this one.
    fn check_receiver(&self, other: &Arc<Core>, default: bool) -> Result<bool> {
        let core = self.core();
        let state = other.state.lock();
        let mutual = state.peer.as_ref().is_some_and(|p| Arc::ptr_eq(p, core));
        if matches!(state.role, Role::Closed) {
            drop(state);
            if default {
                let mut own = core.state.lock();
                let old = own.peer.take();
                drop(own);
                drop(old);
            }
            return Err(Errno::ECONNREFUSED);
        }
        if state.peer.is_some() && !mutual {
            return Err(Errno::EPERM);
        }
        if state.shut_rd { Err(Errno::EPIPE) } else { Ok(mutual || Arc::ptr_eq(core, other)) }
    }

    fn send_udp(&self, from: &mut IovIter<'_>, out: &Outgoing) -> Result<usize> {
        let core = self.core();
        let len = from.remaining();
        let connected = {
            let mut state = core.state.lock();
            if let Some(e) = state.error.take() {
                return Err(e);
            }
            if state.shut_wr {
                return Err(Errno::EPIPE);
            }
            state.remote.ip()
        };
        if len > UDP_MAX {
            return Err(Errno::EMSGSIZE);
        }
        let to = match &out.to {
            Some(Target::Ip(to)) if to.port == 0 => return Err(Errno::EINVAL),
            Some(Target::Ip(to)) => *to,
            _ => connected.ok_or(Errno::EDESTADDRREQ)?,
        };
        let (source, to) = core.datagram_way(to)?;
        let mut message = Message::copy_in(from, len)?;
        (message.from, message.to, message.when) = (Addr::Ip(source), Addr::Ip(to), time::realtime());
        message.marks = core.marks(to, out.marks);
        if to.is_many() {
            return multicast::deliver(core.protocol, source, to, &message).map(|()| len);
        }
        match kernel().net.receiver(core.protocol, source, to) {
            Some(other) => other.receive(message)?,
            // The refusal comes back to one that is connected there.
            None if connected == Some(to) => {
                core.state.lock().error = Some(Errno::ECONNREFUSED);
                core.queue.wake_all();
            }
            None => {}
        }
        Ok(len)
    }
}

/// The running task, as the sender of a message.
fn sender() -> Option<Ucred> {
    let task = crate::Task::current()?;
    let cred = task.cred();
    Some(Ucred { pid: task.tgid(), uid: cred.uid, gid: cred.gid })
}
