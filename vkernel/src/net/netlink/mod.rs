//! Netlink sockets (`net/netlink/af_netlink.c`) and rtnetlink's questions (`net/core/rtnetlink.c`).
//!
//! Protocols: `NETLINK_ROUTE`, which answers from a [`Book`], and `NETLINK_KOBJECT_UEVENT`, on which nothing ever happens. What is
//! asked of the kernel is answered at once, into the asking socket's own queue. Left out: changing anything (`EPERM`), messages
//! between processes, strict checking of dumps, other protocols (`EPROTONOSUPPORT`).
//!
//! Locks: the socket's own (OBJECT), and the table of port numbers (OBJECT), one at a time.

pub mod book;
mod route;

pub use book::Book;

use super::addr::Addr;
use super::core::{Core, Family, Socket};
use super::queue::{Message, Ucred};
use super::send::{Outgoing, Target};
use crate::kernel::kernel;
use alloc::sync::Arc;
use alloc::vec::Vec;
use host::iov::IovIter;
use host::{Errno, Result};

/// `NETLINK_ROUTE`.
pub const ROUTE: u32 = 0;
/// `NETLINK_KOBJECT_UEVENT`.
pub const UEVENT: u32 = 15;

/// An option: answers hold no more of a question than its header.
const SOL_NETLINK: i32 = 270;
const NETLINK_CAP_ACK: i32 = 10;

/// Bytes of `struct nlmsghdr`.
const HEADER: usize = 16;
/// Types of messages: an answer, the end of a list, the first that a protocol gives a meaning to.
const ERROR: u16 = 2;
const DONE: u16 = 3;
const FIRST_TYPE: u16 = 0x10;
/// Flags of messages.
const REQUEST: u16 = 1;
const MULTI: u16 = 2;
const ACK: u16 = 4;
const CAPPED: u16 = 0x100;
/// Bytes of a list that come at a time: what fits a page of Linux's (`NLMSG_GOODSIZE`), which is what readers have room for.
const PIECE: usize = 3776;

/// `struct nlmsghdr`.
#[derive(Clone, Copy)]
struct Header {
    len: usize,
    kind: u16,
    flags: u16,
    seq: u32,
}

impl Header {
    fn parse(bytes: &[u8]) -> Option<Header> {
        let half = |at: usize| bytes.get(at..at + 2).and_then(|b| b.try_into().ok()).map(u16::from_ne_bytes);
        Some(Header {
            len: book::field(bytes.get(..HEADER)?, 0) as usize,
            kind: half(4)?,
            flags: half(6)?,
            seq: book::field(bytes, 8),
        })
    }
}

/// What goes back to the one who asks: messages, in datagrams.
struct Reply {
    port: u32,
    seq: u32,
    done: Vec<Vec<u8>>,
    now: Vec<u8>,
}

impl Reply {
    fn new(port: u32, seq: u32) -> Reply {
        Reply { port, seq, done: Vec::new(), now: Vec::new() }
    }

    fn add(&mut self, kind: u16, flags: u16, body: &[u8]) {
        let len = HEADER + body.len();
        if !self.now.is_empty() && self.now.len() + len > PIECE {
            self.end_datagram();
        }
        self.now.extend_from_slice(&(len as u32).to_ne_bytes());
        self.now.extend_from_slice(&kind.to_ne_bytes());
        self.now.extend_from_slice(&flags.to_ne_bytes());
        self.now.extend_from_slice(&self.seq.to_ne_bytes());
        self.now.extend_from_slice(&self.port.to_ne_bytes());
        self.now.extend_from_slice(body);
        self.now.resize(self.now.len().next_multiple_of(4), 0);
    }

    fn end_datagram(&mut self) {
        if !self.now.is_empty() {
            self.done.push(core::mem::take(&mut self.now));
        }
    }

    /// `nlmsg_done`: the end of a list, in a datagram of its own.
    fn end_list(&mut self) {
        self.end_datagram();
        self.add(DONE, MULTI, &0u32.to_ne_bytes());
        self.end_datagram();
    }

    /// `netlink_ack`: an error with the whole question, or a yes with its header.
    fn acknowledge(&mut self, question: &[u8], error: Option<Errno>, capped: bool) {
        let mut body = (-error.map_or(0, Errno::raw)).to_ne_bytes().to_vec();
        let whole = error.is_some() && !capped;
        let said = if whole { question } else { question.get(..HEADER).unwrap_or(question) };
        body.extend_from_slice(said);
        self.end_datagram();
        self.add(ERROR, if whole { 0 } else { CAPPED }, &body);
        self.end_datagram();
    }
}

impl Socket {
    /// `bind` to a port number (0: any) and groups.
    pub fn bind_netlink(&self, port: u32, groups: u32) -> Result<()> {
        let core = self.core();
        let bound = match core.state.lock().local {
            Addr::Netlink(bound, _) => Some(bound),
            _ => None,
        };
        match bound {
            Some(bound) if bound != port => return Err(Errno::EINVAL),
            Some(_) => {}
            None => drop(core.take_netlink_port(port)?),
        }
        let mut state = core.state.lock();
        if let Addr::Netlink(_, member) = &mut state.local {
            *member = groups;
        }
        Ok(())
    }

    /// `connect`: the default destination.
    pub fn connect_netlink(&self, port: u32, groups: u32) -> Result<()> {
        let core = self.core();
        core.netlink_port()?;
        core.state.lock().remote = Addr::Netlink(port, groups);
        Ok(())
    }

    /// Joins or leaves a group, by its number from 1 on.
    pub fn change_group(&self, group: u32, join: bool) -> Result<()> {
        const GROUPS: u32 = 64;
        let bit = group.checked_sub(1).filter(|_| group < GROUPS).ok_or(Errno::EINVAL)?;
        let core = self.core();
        core.netlink_port()?;
        // Those beyond the first 32 do not stand in the address.
        let mask = 1u32.checked_shl(bit).unwrap_or(0);
        let mut state = core.state.lock();
        if let Addr::Netlink(_, member) = &mut state.local {
            *member = if join { *member | mask } else { *member & !mask };
        }
        Ok(())
    }

    /// The groups that it is a member of (`NETLINK_LIST_MEMBERSHIPS`), a bit each.
    pub fn memberships(&self) -> u64 {
        match self.core().state.lock().local {
            Addr::Netlink(_, member) => u64::from(member),
            _ => 0,
        }
    }

    /// A message to the kernel, which answers at once (`netlink_rcv_skb`).
    pub(super) fn send_netlink(&self, from: &mut IovIter<'_>, out: &Outgoing) -> Result<usize> {
        let core = self.core();
        let to = match &out.to {
            Some(Target::Netlink(port, groups)) => (*port, *groups),
            _ => match core.state.lock().remote {
                Addr::Netlink(port, groups) => (port, groups),
                _ => (0, 0),
            },
        };
        if to != (0, 0) {
            return Err(if core.protocol == UEVENT { Errno::ECONNREFUSED } else { Errno::EPERM });
        }
        let len = from.remaining();
        if len > core.send_limit().saturating_sub(32) {
            return Err(Errno::EMSGSIZE);
        }
        let port = core.netlink_port()?;
        let message = Message::copy_in(from, len)?;
        if core.protocol != ROUTE {
            return Err(Errno::ECONNREFUSED);
        }
        let capped = core.options.get(SOL_NETLINK, NETLINK_CAP_ACK).unwrap_or(0) != 0;
        for answer in answers(port, capped, &message.data) {
            core.answer(answer)?;
        }
        core.queue.wake_all();
        Ok(len)
    }
}

/// The datagrams that answer one.
fn answers(port: u32, capped: bool, mut rest: &[u8]) -> Vec<Vec<u8>> {
    let mut out = Vec::new();
    while let Some(header) = Header::parse(rest) {
        let Some(question) = rest.get(..header.len).filter(|q| q.len() >= HEADER) else { break };
        let mut reply = Reply::new(port, header.seq);
        let result = match header.flags & REQUEST != 0 && header.kind >= FIRST_TYPE {
            true => route::answer(&header, question, &mut reply),
            false => Ok(route::Answer::Acknowledge),
        };
        match result {
            Ok(route::Answer::Given) => {}
            Ok(route::Answer::Acknowledge) if header.flags & ACK == 0 => {}
            Ok(_) => reply.acknowledge(question, None, capped),
            Err(e) => reply.acknowledge(question, Some(e), capped),
        }
        reply.end_datagram();
        out.append(&mut reply.done);
        rest = rest.get(header.len.next_multiple_of(4)..).unwrap_or_default();
    }
    out
}

impl Core {
    /// Whether it is a netlink socket.
    pub fn is_netlink(&self) -> bool {
        self.family == Family::Netlink
    }

    /// The port number, which is given now if there is none.
    fn netlink_port(self: &Arc<Self>) -> Result<u32> {
        if let Addr::Netlink(port, _) = self.state.lock().local {
            return Ok(port);
        }
        self.take_netlink_port(0)
    }

    fn take_netlink_port(self: &Arc<Self>, port: u32) -> Result<u32> {
        let own = crate::Task::current().map_or(0, |t| t.tgid());
        let port = kernel().net.add_netlink(self.protocol, port, own)?;
        self.state.lock().local = Addr::Netlink(port, 0);
        Ok(port)
    }

    /// Puts an answer into the own queue. What does not fit is lost, and told (`netlink_overrun`).
    fn answer(&self, data: Vec<u8>) -> Result<()> {
        let mut state = self.state.lock();
        if state.rx.charge() >= self.recv_buf() {
            state.error = Some(Errno::ENOBUFS);
            return Ok(());
        }
        let mut message = Message::of(data);
        message.from = Addr::Netlink(0, 0);
        message.cred = Some(Ucred::default());
        state.rx.push(message)
    }
}
