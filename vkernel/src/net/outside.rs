//! Sockets of the host behind the same interface (`--net=host`, `--net-allow`, `-p`).
//!
//! A socket's [`Core`] may hold a descriptor of the host's. From then on what is asked of the socket is asked of the host: all
//! calls are nonblocking, `EAGAIN` is waited for as everywhere, with the descriptor among what the sleeper waits for. Names go
//! through as the host tells them, except where one end is of the other family.
//!
//! * With the host's network every socket of an IP family has one from the start.
//! * Otherwise it comes with the first `connect` or `sendto` to an address that was allowed; what was set before goes along.
//! * A listening socket whose port is published has the host's listening socket beside its own queue, and what is accepted
//!   there is a socket of the host.
//!
//! Locks: a leaf for the descriptor.

use super::addr::{self, Addr, Ip};
use super::core::{Core, Family, Kind, Role, Socket};
use super::options::{SOL_IPV6, SOL_SOCKET};
use super::recv::{Received, RecvHow};
use super::send::{Outgoing, Target};
use super::{conn, interface};
use crate::files::extra::FileExtra;
use crate::kernel::kernel;
use alloc::sync::Arc;
use alloc::vec;
use alloc::vec::Vec;
use core::sync::atomic::{AtomicBool, AtomicUsize, Ordering::*};
use fs_emu::file::Events;
use fs_emu::vfs::File;
use host::abi::PollFd;
use host::iov::IovIter;
use host::lock::{Mutex, rank};
use host::sys::fd::{self, HostFd};
use host::sys::socket::{self, Name};
use host::wait::PollTable;
use host::{Errno, Result, user};

const SO_REUSEADDR: i32 = 2;
const SO_SNDBUF: i32 = 7;
const SO_RCVBUF: i32 = 8;
const SO_LINGER: i32 = 13;
const SO_REUSEPORT: i32 = 15;
const IPV6_V6ONLY: i32 = 26;

/// The host's half of a socket, if it has one.
#[derive(Default)]
pub(super) struct Half {
    there: AtomicBool,
    fd: Mutex<Option<Arc<HostFd>>, { rank::LEAF }>,
}

impl Half {
    fn get(&self) -> Option<Arc<HostFd>> {
        if self.there.load(Acquire) { self.fd.lock().clone() } else { None }
    }

    fn set(&self, fd: HostFd) {
        *self.fd.lock() = Some(Arc::new(fd));
        self.there.store(true, Release);
    }

    /// The socket is closed.
    pub(super) fn take(&self) -> Option<Arc<HostFd>> {
        self.fd.lock().take()
    }
}

/// A port of the sandbox that is one of the host's, too.
pub struct Published {
    port: u16,
    fd: Arc<HostFd>,
    /// Sockets that listen there.
    users: AtomicUsize,
}

impl Published {
    /// Port `port` of the sandbox is this socket of the host, which is bound and does not listen yet.
    pub fn new(port: u16, fd: HostFd) -> Published {
        Published { port, fd: Arc::new(fd), users: AtomicUsize::new(0) }
    }
}

impl Core {
    /// The host's half.
    pub fn outside(&self) -> Option<Arc<HostFd>> {
        self.outside.get()
    }

    /// The socket of the host that listens beside this one.
    pub(super) fn door(&self) -> Option<Arc<HostFd>> {
        let at = self.state.lock().door?;
        kernel().net.published().get(at).map(|p| p.fd.clone())
    }

    /// A socket begins to listen on a port; the host listens too if it is published. Answers the number of the door.
    pub(super) fn open_door(&self, port: u16, backlog: usize) -> Option<usize> {
        let at = kernel().net.published().iter().position(|p| p.port == port && self.is_tcp())?;
        let door = kernel().net.published().get(at)?;
        door.users.fetch_add(1, SeqCst);
        socket::listen(&door.fd, u32::try_from(backlog.max(1)).unwrap_or(1)).ok()?;
        Some(at)
    }

    /// The last one that listens closes the door.
    pub(super) fn close_door(at: usize) {
        const SHUT_RD: u32 = 0;
        let Some(door) = kernel().net.published().get(at) else { return };
        if door.users.fetch_sub(1, SeqCst) == 1 {
            let _ = socket::shutdown(&door.fd, SHUT_RD);
        }
    }

    /// Whether a socket may send there; whether that is on the host.
    pub fn leads_outside(&self, to: &[u8]) -> Result<bool> {
        if self.is_unix() || self.is_netlink() {
            return Ok(false);
        }
        kernel().net.leads_outside(self, to)
    }
}

/// What the host answered, as an address for a socket of this family.
fn name_for(core: &Core, bytes: &[u8]) -> Addr {
    let theirs = match addr::family_of(bytes) {
        Ok(addr::AF_INET) => Family::Inet,
        Ok(addr::AF_INET6) => Family::Inet6,
        _ => return Addr::None,
    };
    match addr::ip(theirs, bytes) {
        Ok(ip) if theirs != core.family => Addr::Ip(ip),
        _ => Addr::Outside(Arc::from(bytes)),
    }
}

impl Socket {
    /// A socket of the host. The numbers are those of `socket(2)`.
    pub fn of_host(family: Family, domain: u32, kind: u32, protocol: u32, owner: (u32, u32)) -> Result<Socket> {
        const SOCK_STREAM: u32 = 1;
        let fd = socket::socket(domain, kind, protocol)?;
        let ours = if kind == SOCK_STREAM { Kind::Stream } else { Kind::Dgram };
        let core = Core::new(family, ours, protocol, owner);
        core.outside.set(fd);
        Ok(Socket::of_core(core).with_type(kind))
    }

    /// Makes it a socket of the host, which is what it takes to reach an address there. What was set stays set; where it was
    /// bound to is forgotten.
    pub fn go_outside(&self, file: &File) -> Result<Arc<HostFd>> {
        let core = self.core();
        if let Some(fd) = core.outside() {
            return Ok(fd);
        }
        if !matches!(core.state.lock().role, Role::Idle | Role::Reset) {
            return Err(Errno::EISCONN);
        }
        let domain = if core.family == Family::Inet { addr::AF_INET } else { addr::AF_INET6 };
        let fd = socket::socket(u32::from(domain), core.kind as u32, core.protocol)?;
        core.options_to(&fd);
        core.outside.set(fd);
        conn::unbind(core);
        // Who waits for the socket is to wait for the host's.
        FileExtra::of(file)?.watch_again(file);
        self.changed();
        core.outside().ok_or(Errno::EBADF)
    }

    /// A connection that came in from outside. `EAGAIN` when there is none.
    pub(super) fn accept_outside(&self, listener: &HostFd) -> Result<Socket> {
        let fd = socket::accept(listener)?;
        let child = self.core().child();
        child.state.lock().role = Role::Connected;
        child.outside.set(fd);
        Ok(Socket::of_core(child))
    }

    /// `connect`, which answers `EINPROGRESS` when it would take a while.
    pub fn connect_outside(&self, fd: &HostFd, to: &[u8]) -> Result<()> {
        socket::connect(fd, to)
    }

    /// Whether a connection that is being made has been. `EAGAIN` while it has not. The host is asked by the same call once more, which is
    /// what makes the socket ready for another attempt if it has failed.
    pub fn connected_outside(&self, fd: &HostFd, to: &[u8]) -> Result<()> {
        let ready = Events::OUT | Events::ERR | Events::HUP;
        if !ask(fd, Events::OUT).intersects(ready) {
            return Err(Errno::EAGAIN);
        }
        match socket::connect(fd, to) {
            Err(Errno::EALREADY) => Err(Errno::EAGAIN),
            done => done,
        }
    }

    /// `getsockname` or `getpeername`.
    pub(super) fn name_outside(&self, fd: &HostFd, peer: bool) -> Result<Addr> {
        let mut name: Name = [0; 128];
        let len = socket::name(fd, peer, &mut name)?;
        Ok(name_for(self.core(), name.get(..len).unwrap_or_default()))
    }

    pub(super) fn send_outside(&self, fd: &HostFd, from: &mut IovIter<'_>, out: &Outgoing) -> Result<usize> {
        let to: &[u8] = match &out.to {
            Some(Target::Outside(to)) => to,
            _ => &[],
        };
        socket::send(fd, from, to, &out.control, out.flags)
    }

    pub(super) fn recv_outside(&self, fd: &HostFd, to: &mut IovIter<'_>, how: RecvHow) -> Result<Received> {
        const MSG_PEEK: u32 = 2;
        let core = self.core();
        let mut name: Name = [0; 128];
        let mut control = vec![0; how.control.min(MAX_CONTROL)];
        let stream = core.kind == Kind::Stream;
        let flags = how.flags | if how.peek { MSG_PEEK } else { 0 };
        let wanted = to.remaining();
        let got = if stream {
            socket::recv(fd, to, &mut name, &mut control, flags)?
        } else {
            // A datagram whose buffer is not there would be lost: it comes here first.
            let mut buf = vec![0; wanted.min(MAX_DATAGRAM)];
            let got = match socket::recv(fd, &mut IovIter::kernel_mut(&mut buf), &mut name, &mut control, flags) {
                // The host was asked not to wait, and so does not tell that none will come.
                Err(Errno::EAGAIN) if !how.nonblock && core.state.lock().shut_rd => {
                    return Ok(Received { end: true, ..Received::default() });
                }
                got => got?,
            };
            put_all(to, buf.get(..got.len.min(buf.len())).unwrap_or_default())?;
            got
        };
        control.truncate(got.control_len);
        let from =
            if got.name_len == 0 { Addr::None } else { name_for(core, name.get(..got.name_len).unwrap_or_default()) };
        Ok(Received {
            len: got.len.min(wanted),
            full: got.len,
            flags: got.flags,
            from,
            control,
            end: stream && got.len == 0,
            ..Received::default()
        })
    }

    /// `shutdown`.
    pub(super) fn shutdown_outside(&self, fd: &HostFd, reads: bool, writes: bool) -> Result<()> {
        if reads && self.core().kind != Kind::Stream {
            // Before anybody is woken; and also if the host answers that it is not connected.
            self.core().state.lock().shut_rd = true;
        }
        socket::shutdown(fd, if !writes { 0 } else { 1 + u32::from(reads) })
    }

    pub(super) fn ioctl_outside(&self, fd: &HostFd, cmd: u32, arg: usize) -> Result<usize> {
        // SIOCGSTAMP, SIOCGSTAMPNS
        if matches!(cmd, 0x8906 | 0x8907) {
            let mut when = [0; 16];
            fd::ioctl(fd.raw(), cmd, &mut when)?;
            return user::write(arg, &when).map(|()| 0);
        }
        // FIONREAD, SIOCOUTQ, SIOCATMARK, SIOCOUTQNSD
        if !matches!(cmd, 0x541b | 0x5411 | 0x8905 | 0x894b) {
            return interface::ioctl(cmd, arg);
        }
        let mut n = [0; 4];
        fd::ioctl(fd.raw(), cmd, &mut n)?;
        user::write(arg, &n).map(|()| 0)
    }
}

/// Most bytes of control messages, and of a datagram with its headers.
const MAX_CONTROL: usize = 64 << 10;
const MAX_DATAGRAM: usize = 128 << 10;

/// Copies what can not be received a second time: a page that is missing is made present, for no lock is held.
fn put_all(to: &mut IovIter<'_>, mut bytes: &[u8]) -> Result<()> {
    while !bytes.is_empty() {
        let n = to.put(bytes);
        bytes = bytes.get(n..).unwrap_or_default();
        if !bytes.is_empty() {
            to.resolve_fault(true)?;
            if to.remaining() == 0 {
                return Ok(());
            }
        }
    }
    Ok(())
}

fn ask(fd: &HostFd, events: Events) -> Events {
    let mut fds = [PollFd { fd: fd.raw(), events: events.bits() as i16, revents: 0 }];
    match fd::poll_now(&mut fds) {
        Ok(_) => Events::from_bits_truncate(fds[0].revents as u16),
        Err(_) => Events::empty(),
    }
}

/// What is ready on a descriptor of the host, with the sleeper registered for the rest.
pub(super) fn poll(fd: &HostFd, table: Option<&mut PollTable>) -> Events {
    let want = Events::IN
        | Events::PRI
        | Events::OUT
        | Events::RDNORM
        | Events::RDBAND
        | Events::WRNORM
        | Events::WRBAND
        | Events::RDHUP;
    let now = ask(fd, want);
    if let Some(table) = table {
        table.wait_on_host(fd.raw(), want.difference(now).bits() as i16);
    }
    now
}

impl Core {
    /// Sets on the host's socket what was set on this one.
    fn options_to(&self, fd: &HostFd) {
        let o = &self.options;
        let set = |level, name, n: i32| {
            // What the host refuses is lost, as an option is that a kernel does not know.
            let _ = socket::set_option(fd, level, name, &n.to_ne_bytes());
        };
        set(SOL_SOCKET, SO_REUSEADDR, i32::from(o.reuse_addr.load(Relaxed)));
        set(SOL_SOCKET, SO_REUSEPORT, i32::from(o.reuse_port.load(Relaxed)));
        if self.family == Family::Inet6 {
            set(SOL_IPV6, IPV6_V6ONLY, i32::from(o.v6_only.load(Relaxed)));
        }
        for (name, size) in [(SO_SNDBUF, o.set_send_size()), (SO_RCVBUF, o.set_recv_size())] {
            if let Some(size) = size {
                set(SOL_SOCKET, name, i32::try_from(size / 2).unwrap_or(i32::MAX));
            }
        }
        let linger = o.linger.load(Relaxed);
        if linger != 0 {
            let seconds = i32::try_from(linger - 1).unwrap_or(i32::MAX);
            let value: Vec<u8> = [1, seconds].iter().flat_map(|n| n.to_ne_bytes()).collect();
            let _ = socket::set_option(fd, SOL_SOCKET, SO_LINGER, &value);
        }
        for (level, name, n) in o.remembered() {
            set(level, name, n);
        }
    }
}

/// Where a sandbox's sockets may go.
pub(super) fn may_go(allowed: &[Ip], to: Ip) -> bool {
    allowed.contains(&to.destination())
}
