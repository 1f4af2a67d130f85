//! Sockets of the host, for sandboxes that may use its network: every one is nonblocking, so no call here sleeps.
//!
//! The wall lets these calls through only where the sandbox's network asks for them ([`super::HostCall::network`]).

use super::fd::{HostFd, simple};
use super::{HostCall, call};
use crate::errno::{Errno, Result};
use crate::iov::IovIter;
use crate::user::IoVec;

/// `SOCK_NONBLOCK | SOCK_CLOEXEC`.
const FLAGS: usize = 0o2004000;
/// `MSG_DONTWAIT | MSG_NOSIGNAL`.
const QUIETLY: usize = 0x4040;
/// How far to look for the page at which the host gave up.
const PROBE: usize = 64 << 10;

/// Room for the largest address.
pub type Name = [u8; 128];

/// `struct msghdr`.
#[repr(C)]
struct Header {
    name: usize,
    name_len: usize,
    iov: usize,
    iov_len: usize,
    control: usize,
    control_len: usize,
    flags: usize,
}

/// What a receiving call tells besides the bytes.
pub struct Got {
    /// Bytes moved, or with `MSG_TRUNC` those of the message.
    pub len: usize,
    /// Bytes of the sender's address.
    pub name_len: usize,
    /// Bytes of control messages.
    pub control_len: usize,
    /// `MSG_TRUNC`, `MSG_CTRUNC` and others.
    pub flags: u32,
}

/// A call whose further arguments end with bytes and their number.
fn with_bytes(nr: HostCall, fd: &HostFd, front: &[usize], bytes: &[u8]) -> Result<()> {
    let mut args = [0; 6];
    let all = [fd.raw() as usize].into_iter().chain(front.iter().copied());
    args.iter_mut().zip(all.chain([bytes.as_ptr() as usize, bytes.len()])).for_each(|(to, from)| *to = from);
    // SAFETY: only used for calls that read those live bytes and otherwise take numbers.
    unsafe { call(nr, args).map(drop) }
}

/// A call whose further arguments end with a buffer and where its length is; answers how much of it was filled.
fn into_bytes(nr: HostCall, fd: &HostFd, front: &[usize], into: &mut [u8]) -> Result<usize> {
    let mut len = into.len() as u32;
    let mut args = [0; 6];
    let all = [fd.raw() as usize].into_iter().chain(front.iter().copied());
    args.iter_mut()
        .zip(all.chain([into.as_mut_ptr() as usize, &raw mut len as usize]))
        .for_each(|(to, from)| *to = from);
    // SAFETY: only used for calls that fill that live buffer as far as the live word says, and otherwise take numbers.
    unsafe { call(nr, args)? };
    Ok((len as usize).min(into.len()))
}

/// `socket(2)`.
pub fn socket(family: u32, kind: u32, protocol: u32) -> Result<HostFd> {
    let fd = simple(HostCall::Socket, family as i32, kind as usize | FLAGS, protocol as usize, 0)?;
    Ok(HostFd::from_raw(fd as i32))
}

/// `bind(2)`.
pub fn bind(fd: &HostFd, to: &[u8]) -> Result<()> {
    with_bytes(HostCall::Bind, fd, &[], to)
}

/// `connect(2)`, which does not wait.
pub fn connect(fd: &HostFd, to: &[u8]) -> Result<()> {
    with_bytes(HostCall::Connect, fd, &[], to)
}

/// `listen(2)`.
pub fn listen(fd: &HostFd, backlog: u32) -> Result<()> {
    simple(HostCall::Listen, fd.raw(), backlog as usize, 0, 0).map(drop)
}

/// `shutdown(2)`.
pub fn shutdown(fd: &HostFd, how: u32) -> Result<()> {
    simple(HostCall::Shutdown, fd.raw(), how as usize, 0, 0).map(drop)
}

/// `accept4(2)`, without asking for the address. `EAGAIN` when nobody is there.
pub fn accept(fd: &HostFd) -> Result<HostFd> {
    let new = simple(HostCall::Accept4, fd.raw(), 0, 0, FLAGS)?;
    Ok(HostFd::from_raw(new as i32))
}

/// `getsockname(2)`, or `getpeername(2)`: fills in the address, answers its length.
pub fn name(fd: &HostFd, peer: bool, into: &mut Name) -> Result<usize> {
    into_bytes(if peer { HostCall::Getpeername } else { HostCall::Getsockname }, fd, &[], into)
}

/// `setsockopt(2)`.
pub fn set_option(fd: &HostFd, level: i32, name: i32, value: &[u8]) -> Result<()> {
    with_bytes(HostCall::Setsockopt, fd, &[level as usize, name as usize], value)
}

/// `getsockopt(2)`: fills in the value, answers its length.
pub fn option(fd: &HostFd, level: i32, name: i32, into: &mut [u8]) -> Result<usize> {
    into_bytes(HostCall::Getsockopt, fd, &[level as usize, name as usize], into)
}

/// `sendmsg(2)` or `recvmsg(2)`, which does not wait.
fn message(nr: HostCall, fd: &HostFd, header: &mut Header, flags: u32) -> Result<usize> {
    let args = [fd.raw() as usize, header as *mut Header as usize, flags as usize | QUIETLY, 0, 0, 0];
    // SAFETY: a live header of live buffers, writable ones where the call writes; an iterator's are checked guest memory or live
    // kernel memory.
    unsafe { call(nr, args) }
}

fn header(vecs: &[IoVec], name: (usize, usize), control: (usize, usize)) -> Header {
    Header {
        name: name.0,
        name_len: name.1,
        iov: vecs.as_ptr() as usize,
        iov_len: vecs.len(),
        control: control.0,
        control_len: control.1,
        flags: 0,
    }
}

fn place(bytes: &[u8]) -> (usize, usize) {
    if bytes.is_empty() { (0, 0) } else { (bytes.as_ptr() as usize, bytes.len()) }
}

/// `sendmsg(2)` straight from the iterator's buffers.
pub fn send(fd: &HostFd, from: &mut IovIter<'_>, to: &[u8], control: &[u8], flags: u32) -> Result<usize> {
    let vecs = from.host_iovecs();
    let mut header = header(&vecs, place(to), place(control));
    match message(HostCall::Sendmsg, fd, &mut header, flags) {
        Ok(n) => {
            from.advance(n);
            Ok(n)
        }
        Err(Errno::EFAULT) => {
            // The host cannot make guest pages present. Find out which one is missing.
            let mut probe = alloc::vec![0; PROBE.min(from.remaining())];
            let n = from.take(&mut probe);
            from.revert(n);
            Err(Errno::EFAULT)
        }
        Err(e) => Err(e),
    }
}

/// `recvmsg(2)` straight into the iterator's buffers.
pub fn recv(fd: &HostFd, to: &mut IovIter<'_>, name: &mut Name, control: &mut [u8], flags: u32) -> Result<Got> {
    let vecs = to.host_iovecs();
    let room = to.remaining();
    let mut header = header(&vecs, (name.as_mut_ptr() as usize, name.len()), (0, 0));
    if !control.is_empty() {
        (header.control, header.control_len) = (control.as_mut_ptr() as usize, control.len());
    }
    match message(HostCall::Recvmsg, fd, &mut header, flags) {
        Ok(len) => {
            to.advance(len.min(room));
            let control_len = header.control_len.min(control.len());
            Ok(Got {
                len,
                name_len: (header.name_len as u32 as usize).min(name.len()),
                control_len,
                flags: header.flags as u32,
            })
        }
        Err(Errno::EFAULT) => {
            // As in `send`; what stands there is about to be overwritten.
            let n = to.put_zeros(PROBE);
            to.revert(n);
            Err(Errno::EFAULT)
        }
        Err(e) => Err(e),
    }
}
