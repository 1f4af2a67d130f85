//! Sending and receiving (`net/socket.c`, `net/core/scm.c`).
//!
//! Left out: urgent data of Unix sockets (`MSG_OOB`: `EOPNOTSUPP`), error queues (always empty, but for sockets of the host),
//! `MSG_ZEROCOPY` and `MSG_FASTOPEN` (ignored).

use super::cmsg::{self, Control};
use super::rw;
use super::socket::{find_unix, nonblock, read_addr, socket_of, write_addr};
use crate::dispatch::Call;
use crate::table::{Fd, Ptr};
use alloc::sync::Arc;
use alloc::vec::Vec;
use fs_emu::vfs::File;
use host::abi::Timespec;
use host::iov::IovIter;
use host::time::Deadline;
use host::{Errno, Result, user};
use vkernel::Task;
use vkernel::files::io::InUse;
use vkernel::net::{Addr, Family, Kind, Outgoing, Received, Socket, Target, addr, block, msg};

/// Most messages of one call, and most buffers of a message.
const UIO_MAXIOV: u32 = 1024;
/// Bytes of `struct msghdr` and `struct mmsghdr`.
const MMSGHDR: usize = 64;
const MSG_LEN: usize = 56;

/// `struct msghdr`.
#[derive(Clone, Copy)]
struct Header {
    at: usize,
    name: Ptr,
    name_len: i32,
    iov: Ptr,
    iov_len: usize,
    control: Ptr,
    control_len: usize,
}

const NAMELEN_AT: usize = 8;
const CONTROLLEN_AT: usize = 40;
const FLAGS_AT: usize = 48;

impl Header {
    fn read(at: usize) -> Result<Header> {
        let words: [usize; 7] = user::read(at)?;
        let [name, name_len, iov, iov_len, control, control_len, _flags] = words;
        let name_len = if name == 0 { 0 } else { name_len as i32 };
        if name_len < 0 {
            return Err(Errno::EINVAL);
        }
        if iov_len > UIO_MAXIOV as usize {
            return Err(Errno::EMSGSIZE);
        }
        Ok(Header { at, name: Ptr(name), name_len, iov: Ptr(iov), iov_len, control: Ptr(control), control_len })
    }

    fn buffers<'a>(&self) -> Result<IovIter<'a>> {
        rw::buffers(self.iov, self.iov_len)
    }
}

/// Where an address of a datagram of IP leads (`udp_sendmsg`, `udpv6_sendmsg`).
fn datagram_target(family: Family, bytes: &[u8]) -> Result<Option<Target>> {
    let ip = match (family, addr::family_of(bytes)?) {
        // Of old, an address of no family is one of IPv4.
        (Family::Inet, addr::AF_UNSPEC) => {
            let mut bytes = bytes.to_vec();
            bytes.splice(..2, addr::AF_INET.to_ne_bytes());
            addr::ip(Family::Inet, &bytes)?
        }
        (Family::Inet, _) | (_, addr::AF_INET) => addr::ip(Family::Inet, bytes)?,
        (_, addr::AF_UNSPEC) => return Ok(None),
        (_, addr::AF_INET6) => addr::ip(Family::Inet6, bytes)?,
        _ => return Err(Errno::EINVAL),
    };
    Ok(Some(Target::Ip(ip)))
}

/// Where an address of a message leads.
fn target(task: &Task, file: &File, bytes: &[u8]) -> Result<Option<Target>> {
    let socket = block::socket(file)?;
    let core = socket.core();
    if core.is_netlink() {
        let to = (!bytes.is_empty()).then(|| addr::netlink(bytes)).transpose()?;
        return Ok(to.map(|(port, groups)| Target::Netlink(port, groups)));
    }
    if !bytes.is_empty() && core.leads_outside(bytes)? {
        socket.go_outside(file)?;
        return Ok(Some(Target::Outside(bytes.to_vec())));
    }
    if bytes.is_empty() || core.is_tcp() || core.kind == Kind::SeqPacket {
        return Ok(None);
    }
    if core.family != Family::Unix {
        return datagram_target(core.family, bytes);
    }
    if core.kind == Kind::Stream {
        // Refused by the socket, whatever the address.
        return Ok(Some(Target::Socket(core.clone())));
    }
    let name = addr::unix_path(bytes)?;
    if name.is_empty() {
        return Err(Errno::EINVAL);
    }
    find_unix(task, core.kind, &name).map(|other| Some(Target::Socket(other)))
}

fn send(task: &Task, file: &Arc<File>, mut from: IovIter<'_>, mut out: Outgoing, flags: u32) -> Result<usize> {
    let core = block::socket(file)?.core().clone();
    if flags & msg::OOB != 0 && !core.is_tcp() {
        return Err(Errno::EOPNOTSUPP);
    }
    (out.urgent, out.flags) = (flags & msg::OOB != 0, flags & msg::FOR_HOST_SEND);
    let wait = nonblock(file, flags);
    block::send(task, &mut InUse::new(task, file.clone()), &mut from, &mut out, flags, wait)
}

/// `sendto(2)`.
pub fn sendto(call: &mut Call<'_>, fd: Fd, buf: Ptr, n: usize, flags: u32, to: Ptr, len: i32) -> Result<usize> {
    let from = rw::buffer(buf, n)?;
    let file = socket_of(call, fd)?;
    let bytes = if to.0 == 0 { Vec::new() } else { read_addr(to, len)? };
    let to = target(call.task, &file, &bytes)?;
    send(call.task, &file, from, Outgoing { to, ..Outgoing::default() }, flags)
}

/// `sendmsg(2)`.
pub fn sendmsg(call: &mut Call<'_>, fd: Fd, msg: Ptr, flags: u32) -> Result<usize> {
    let file = socket_of(call, fd)?;
    send_one(call.task, &file, msg.0, flags)
}

fn send_one(task: &Task, file: &Arc<File>, at: usize, flags: u32) -> Result<usize> {
    let header = Header::read(at)?;
    let bytes = read_addr(header.name, header.name_len.min(addr::STORAGE as i32))?;
    let from = header.buffers()?;
    let socket = block::socket(file)?;
    let mut out = cmsg::read(task, socket, header.control, header.control_len)?;
    out.to = target(task, file, &bytes)?;
    send(task, file, from, out, flags)
}

/// `sendmmsg(2)`: an error only if not even the first could be sent.
pub fn sendmmsg(call: &mut Call<'_>, fd: Fd, msgs: Ptr, count: u32, flags: u32) -> Result<usize> {
    let file = socket_of(call, fd)?;
    let mut sent = 0;
    while sent < count.min(UIO_MAXIOV) as usize {
        let at = msgs.0.checked_add(sent * MMSGHDR).ok_or(Errno::EFAULT)?;
        let one = send_one(call.task, &file, at, flags).and_then(|n| user::write(at + MSG_LEN, &(n as u32)));
        match one {
            Ok(()) => sent += 1,
            Err(e) if sent == 0 => return Err(e),
            Err(_) => break,
        }
    }
    Ok(sent)
}

fn recv(task: &Task, file: &Arc<File>, to: &mut IovIter<'_>, flags: u32, control: usize) -> Result<Received> {
    let core = block::socket(file)?.core().clone();
    let own = core.outside().is_none();
    if own && flags & msg::ERRQUEUE != 0 && !core.is_unix() {
        return Err(Errno::EAGAIN);
    }
    if flags & msg::OOB != 0 && (core.is_unix() || core.is_netlink()) {
        return Err(Errno::EOPNOTSUPP);
    }
    // The host's errors are there at once or not at all.
    let wait = nonblock(file, flags) || flags & msg::ERRQUEUE != 0;
    block::recv(task, &mut InUse::new(task, file.clone()), to, (flags, control), wait)
}

/// The number of bytes that a call tells: with `MSG_TRUNC` all of a message.
fn told(got: &Received, flags: u32) -> usize {
    if flags & msg::TRUNC != 0 { got.full } else { got.len }
}

/// The sender's address; empty for a stream of TCP's and for a sender without a name.
fn sender(socket: &Socket, got: &Received) -> Vec<u8> {
    let core = socket.core();
    let stream = core.kind == Kind::Stream && core.is_unix();
    let name = if stream { socket.peer_name().unwrap_or_default() } else { got.from.clone() };
    if name == Addr::None { Vec::new() } else { name.encode(core.family) }
}

/// `recvfrom(2)`.
pub fn recvfrom(call: &mut Call<'_>, fd: Fd, buf: Ptr, n: usize, flags: u32, from: Ptr, len: Ptr) -> Result<usize> {
    let mut to = rw::buffer(buf, n)?;
    let file = socket_of(call, fd)?;
    let got = recv(call.task, &file, &mut to, flags, 0)?;
    if from.0 != 0 {
        write_addr(&sender(block::socket(&file)?, &got), from, len)?;
    }
    Ok(told(&got, flags))
}

/// `recvmsg(2)`.
pub fn recvmsg(call: &mut Call<'_>, fd: Fd, msg: Ptr, flags: u32) -> Result<usize> {
    let file = socket_of(call, fd)?;
    recv_one(call.task, &file, msg.0, flags)
}

fn recv_one(task: &Task, file: &Arc<File>, at: usize, flags: u32) -> Result<usize> {
    let header = Header::read(at)?;
    let mut to = header.buffers()?;
    let mut got = recv(task, file, &mut to, flags, header.control_len)?;
    let socket = block::socket(file)?;
    let mut control = Control::new(header.control, header.control_len);
    cmsg::write(task, socket, &mut got, &mut control, flags)?;
    if header.name.0 != 0 {
        let name = sender(socket, &got);
        let room = usize::try_from(header.name_len).unwrap_or(0).min(name.len());
        user::copy_out(header.name.0, name.get(..room).unwrap_or_default())?;
        user::write(header.at + NAMELEN_AT, &(name.len() as i32))?;
    }
    let cloexec = flags & msg::CMSG_CLOEXEC;
    user::write(header.at + FLAGS_AT, &(got.flags | control.flags() | cloexec))?;
    user::write(header.at + CONTROLLEN_AT, &control.used())?;
    Ok(told(&got, flags))
}

/// `recvmmsg(2)`: the time limit is looked at after each message.
pub fn recvmmsg(call: &mut Call<'_>, fd: Fd, msgs: Ptr, n: u32, flags: u32, timeout: Ptr) -> Result<usize> {
    let span = user::read_opt::<Timespec>(timeout.0)?;
    if span.is_some_and(|s| !s.is_valid()) {
        return Err(Errno::EINVAL);
    }
    let deadline = span.and_then(Deadline::after);
    let file = socket_of(call, fd)?;
    let mut how = flags & !msg::WAITFORONE;
    let mut got = 0;
    while got < n.min(UIO_MAXIOV) as usize {
        let at = msgs.0.checked_add(got * MMSGHDR).ok_or(Errno::EFAULT)?;
        let one = recv_one(call.task, &file, at, how).and_then(|n| user::write(at + MSG_LEN, &(n as u32)));
        match one {
            Ok(()) => got += 1,
            Err(e) if got == 0 => return Err(e),
            Err(_) => break,
        }
        if flags & msg::WAITFORONE != 0 {
            how |= msg::DONTWAIT;
        }
        if deadline.is_some_and(|d| d.passed()) {
            break;
        }
    }
    if let Some(deadline) = deadline {
        user::write(timeout.0, &deadline.left())?;
    }
    Ok(got)
}
