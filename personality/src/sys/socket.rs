//! Making, naming and connecting sockets (`net/socket.c`, `net/unix/af_unix.c`, `net/ipv4/af_inet.c`).
//!
//! Families: `AF_UNIX`, `AF_INET` and `AF_INET6` (on a loopback of the sandbox's own, or the host's), `AF_NETLINK` for questions. Any
//! other is `EAFNOSUPPORT`.

use super::path::{self, Asker};
use crate::dispatch::Call;
use crate::table::{Fd, Ptr};
use alloc::sync::Arc;
use alloc::vec;
use alloc::vec::Vec;
use core::sync::atomic::Ordering::Relaxed;
use fs_emu::vfs::{At, File, Resolve, ops, perm};
use fs_emu::{FileType, OpenFlags};
use host::{Errno, Result, user};
use vkernel::Task;
use vkernel::files::io::InUse;
use vkernel::kernel::kernel;
use vkernel::net::addr::{self, AF_INET, AF_INET6, AF_NETLINK, AF_UNIX, AF_UNSPEC};
use vkernel::net::block::{self, Waits};
use vkernel::net::{self, Addr, Connect, Core, Family, Kind, Socket, Ucred, netlink, protocol};

/// One more than the highest family and type that Linux knows.
const NPROTO: i32 = 46;
const SOCK_MAX: u32 = 11;
const SOCK_TYPE_MASK: u32 = 0xf;
const SOCK_RAW: u32 = 3;
/// `SOCK_NONBLOCK` and `SOCK_CLOEXEC` are `O_NONBLOCK` and `O_CLOEXEC`.
const SOCK_FLAGS: OpenFlags = OpenFlags::NONBLOCK.union(OpenFlags::CLOEXEC);
const IPPROTO_TCP: i32 = protocol::TCP as i32;
const IPPROTO_UDP: i32 = protocol::UDP as i32;
const IPPROTO_UDPLITE: i32 = protocol::UDPLITE as i32;
/// Ports below this one need `CAP_NET_BIND_SERVICE` (`ip_unprivileged_port_start`).
const PROT_SOCK: u16 = 1024;
const CAP_NET_BIND_SERVICE: u64 = 1 << 10;

/// The file of a descriptor that is a socket: `EBADF`, `ENOTSOCK`.
pub(super) fn socket_of(call: &Call<'_>, fd: Fd) -> Result<Arc<File>> {
    let file = path::file(call.task, fd)?;
    block::socket(&file)?;
    Ok(file)
}

/// Whether a call on this file waits.
pub(super) fn nonblock(file: &File, flags: u32) -> bool {
    file.flags().contains(OpenFlags::NONBLOCK) || flags & net::msg::DONTWAIT != 0
}

/// The caller, as the other end gets to know it (`SO_PEERCRED`).
fn ucred(task: &Task) -> Ucred {
    let cred = task.cred();
    Ucred { pid: task.tgid(), uid: cred.euid, gid: cred.egid }
}

fn owner(task: &Task) -> (u32, u32) {
    let cred = task.cred();
    (cred.fsuid, cred.fsgid)
}

fn open_file(socket: Socket, flags: OpenFlags) -> Arc<File> {
    File::new(Arc::new(socket.with_flags(flags)), None, OpenFlags::RDWR | (flags & OpenFlags::NONBLOCK))
}

/// Splits `SOCK_CLOEXEC` and `SOCK_NONBLOCK` from the type.
fn split_kind(kind: u32) -> Result<(u32, OpenFlags)> {
    let flags = OpenFlags::from_bits_retain(kind & !SOCK_TYPE_MASK);
    if (flags - SOCK_FLAGS).is_empty() { Ok((kind & SOCK_TYPE_MASK, flags)) } else { Err(Errno::EINVAL) }
}

/// Which kind of socket is asked for (`__sock_create`, `unix_create`, `inet_create`).
fn choose(domain: i32, kind: u32, protocol: i32) -> Result<(Family, Kind, u32)> {
    if !(0..NPROTO).contains(&domain) {
        return Err(Errno::EAFNOSUPPORT);
    }
    if kind >= SOCK_MAX {
        return Err(Errno::EINVAL);
    }
    let family = match domain as u16 {
        AF_UNIX => Family::Unix,
        AF_INET => Family::Inet,
        AF_INET6 => Family::Inet6,
        AF_NETLINK => return choose_netlink(kind, protocol),
        _ => return Err(Errno::EAFNOSUPPORT),
    };
    if family != Family::Unix {
        return choose_ip(kind, protocol).map(|(kind, protocol)| (family, kind, protocol));
    }
    if protocol != 0 && protocol != i32::from(AF_UNIX) {
        return Err(Errno::EPROTONOSUPPORT);
    }
    let kind = match kind {
        1 => Kind::Stream,
        2 | SOCK_RAW => Kind::Dgram,
        5 => Kind::SeqPacket,
        _ => return Err(Errno::ESOCKTNOSUPPORT),
    };
    Ok((family, kind, 0))
}

fn choose_netlink(kind: u32, protocol: i32) -> Result<(Family, Kind, u32)> {
    if !matches!(kind, 2 | SOCK_RAW) {
        return Err(Errno::ESOCKTNOSUPPORT);
    }
    match u32::try_from(protocol) {
        Ok(protocol @ (netlink::ROUTE | netlink::UEVENT)) => Ok((Family::Netlink, Kind::Dgram, protocol)),
        _ => Err(Errno::EPROTONOSUPPORT),
    }
}

fn choose_ip(kind: u32, protocol: i32) -> Result<(Kind, u32)> {
    if !(0..256).contains(&protocol) {
        return Err(Errno::EINVAL);
    }
    match (kind, protocol) {
        (1, 0 | IPPROTO_TCP) => Ok((Kind::Stream, protocol::TCP)),
        (2, 0 | IPPROTO_UDP) => Ok((Kind::Dgram, protocol::UDP)),
        (2, IPPROTO_UDPLITE) => Ok((Kind::Dgram, protocol::UDPLITE)),
        (1 | 2, _) | (SOCK_RAW, 0) => Err(Errno::EPROTONOSUPPORT),
        (SOCK_RAW, _) => Err(Errno::EPERM),
        _ => Err(Errno::ESOCKTNOSUPPORT),
    }
}

/// `socket(2)`.
pub fn socket(call: &mut Call<'_>, domain: i32, kind: u32, protocol: i32) -> Result<usize> {
    let (kind, flags) = split_kind(kind)?;
    let outside = of_host(domain);
    let chosen = choose(domain, kind, protocol);
    if outside.is_none() {
        chosen?;
    }
    let slot = path::table(call.task)?.reserve(0, path::fd_limit(call.task))?;
    let owner = owner(call.task);
    let socket = match outside {
        // Which types and protocols there are, the host knows.
        Some(family) => Socket::of_host(family, domain as u32, kind, chosen.map_or(protocol as u32, |c| c.2), owner)?,
        None => {
            let (family, ours, protocol) = chosen?;
            Socket::new(family, ours, protocol, owner).with_type(kind)
        }
    };
    Ok(slot.publish(open_file(socket, flags), flags.contains(OpenFlags::CLOEXEC)) as usize)
}

/// The family, if its sockets are the host's.
fn of_host(domain: i32) -> Option<Family> {
    let family = match u16::try_from(domain).ok()? {
        AF_INET => Family::Inet,
        AF_INET6 => Family::Inet6,
        _ => return None,
    };
    (!kernel().net.is_own()).then_some(family)
}

/// `socketpair(2)`.
pub fn socketpair(call: &mut Call<'_>, domain: i32, kind: u32, protocol: i32, fds: Ptr) -> Result<usize> {
    let (kind, flags) = split_kind(kind)?;
    let (table, limit) = (path::table(call.task)?, path::fd_limit(call.task));
    let (a, b) = (table.reserve(0, limit)?, table.reserve(0, limit)?);
    user::write(fds.0, &[a.fd(), b.fd()])?;
    let (family, kind, _) = choose(domain, kind, protocol)?;
    if family != Family::Unix {
        return Err(Errno::EOPNOTSUPP);
    }
    let (one, other) = net::pair(kind, ucred(call.task), owner(call.task));
    let cloexec = flags.contains(OpenFlags::CLOEXEC);
    a.publish(open_file(one, flags), cloexec);
    b.publish(open_file(other, flags), cloexec);
    Ok(0)
}

/// Reads an address (`move_addr_to_kernel`).
pub(super) fn read_addr(at: Ptr, len: i32) -> Result<Vec<u8>> {
    let len = usize::try_from(len).ok().filter(|n| *n <= addr::STORAGE).ok_or(Errno::EINVAL)?;
    let mut bytes = vec![0; len];
    user::copy_in(&mut bytes, at.0)?;
    Ok(bytes)
}

/// Writes an address as far as there is room, and its whole length (`move_addr_to_user`).
pub(super) fn write_addr(bytes: &[u8], at: Ptr, len: Ptr) -> Result<()> {
    let room = usize::try_from(user::read::<i32>(len.0)?).map_err(|_| Errno::EINVAL)?;
    user::copy_out(at.0, bytes.get(..room.min(bytes.len())).unwrap_or_default())?;
    user::write(len.0, &(bytes.len() as i32))
}

/// The socket at a Unix address (`unix_find_other`).
pub(super) fn find_unix(task: &Task, kind: Kind, name: &[u8]) -> Result<Arc<Core>> {
    let Some((0, _)) = name.split_first() else {
        return find_path(task, kind, name);
    };
    kernel().net.at_abstract(kind, name).ok_or(Errno::ECONNREFUSED)
}

fn find_path(task: &Task, kind: Kind, name: &[u8]) -> Result<Arc<Core>> {
    let name = name.strip_suffix(b"\0").unwrap_or(name);
    if name.is_empty() {
        return Err(Errno::EINVAL);
    }
    let asker = Asker::of(task);
    let found = path::find(task, &asker, path::AT_FDCWD, name, Resolve::empty())?;
    perm::permission(&asker.cred, &**found.inode(), perm::WRITE)?;
    if found.dentry.file_type() != FileType::Socket {
        return Err(Errno::ECONNREFUSED);
    }
    let m = found.metadata()?;
    let core = kernel().net.at_path((m.dev, m.ino)).ok_or(Errno::ECONNREFUSED)?;
    if core.kind == kind { Ok(core) } else { Err(Errno::EPROTOTYPE) }
}

/// `bind(2)`.
pub fn bind(call: &mut Call<'_>, fd: Fd, at: Ptr, len: i32) -> Result<usize> {
    let file = socket_of(call, fd)?;
    let bytes = read_addr(at, len)?;
    let socket = block::socket(&file)?;
    if let Some(fd) = socket.core().outside() {
        return host::sys::socket::bind(&fd, &bytes).map(|()| 0);
    }
    match socket.core().family {
        Family::Unix => bind_unix(call.task, socket, &bytes),
        Family::Netlink => addr::netlink(&bytes).and_then(|(port, groups)| socket.bind_netlink(port, groups)),
        _ => bind_ip(call.task, socket, &bytes),
    }
    .map(|()| 0)
}

fn bind_unix(task: &Task, socket: &Socket, bytes: &[u8]) -> Result<()> {
    let name = addr::unix_path(bytes)?;
    match name.first() {
        None => socket.bind_automatic(),
        Some(0) => socket.bind_abstract(&name),
        Some(_) => bind_path(task, socket, &name),
    }
}

/// Makes the file first, as Linux does, and takes it away again if the socket has a name already.
fn bind_path(task: &Task, socket: &Socket, name: &[u8]) -> Result<()> {
    let path = name.strip_suffix(b"\0").unwrap_or(name);
    let asker = Asker::of(task);
    let base = path::base(task, path::AT_FDCWD, path)?;
    let mode = FileType::Socket.mode() | socket.core().mode();
    let made = match ops::mknod(&asker.ctx(), At::new(&base, path), mode, 0) {
        Err(Errno::EEXIST) => return Err(Errno::EADDRINUSE),
        made => made?,
    };
    socket.bind_path(name, made).inspect_err(|_| {
        let _ = ops::unlink(&asker.ctx(), At::new(&base, path));
    })
}

fn bind_ip(task: &Task, socket: &Socket, bytes: &[u8]) -> Result<()> {
    let family = socket.core().family;
    let at = match addr::ip(family, bytes) {
        // Of old, an address of no family that is "any" is one of this.
        Err(Errno::EAFNOSUPPORT) if family == Family::Inet && addr::family_of(bytes)? == AF_UNSPEC => {
            let mut bytes = bytes.to_vec();
            bytes.splice(..2, AF_INET.to_ne_bytes());
            addr::ip(family, &bytes).ok().filter(|ip| ip.is_any()).ok_or(Errno::EAFNOSUPPORT)?
        }
        at => at?,
    };
    if !at.is_bindable() {
        return Err(Errno::EADDRNOTAVAIL);
    }
    let may = task.cred().effective.bits() & CAP_NET_BIND_SERVICE != 0;
    if (1..PROT_SOCK).contains(&at.port) && !may {
        return Err(Errno::EACCES);
    }
    socket.bind_ip(at)
}

/// `listen(2)`.
pub fn listen(call: &mut Call<'_>, fd: Fd, backlog: i32) -> Result<usize> {
    let file = socket_of(call, fd)?;
    block::socket(&file)?.listen(backlog, ucred(call.task)).map(|()| 0)
}

/// `accept(2)`.
pub fn accept(call: &mut Call<'_>, fd: Fd, addr: Ptr, len: Ptr) -> Result<usize> {
    accept4(call, fd, addr, len, 0)
}

/// `accept4(2)`.
pub fn accept4(call: &mut Call<'_>, fd: Fd, addr: Ptr, len: Ptr, flags: u32) -> Result<usize> {
    let file = path::file(call.task, fd)?;
    let flags = OpenFlags::from_bits_retain(flags);
    if !(flags - SOCK_FLAGS).is_empty() {
        return Err(Errno::EINVAL);
    }
    let slot = path::table(call.task)?.reserve(0, path::fd_limit(call.task))?;
    let core = block::socket(&file)?.core().clone();
    if !core.is_connected_kind() {
        return Err(Errno::EOPNOTSUPP);
    }
    let waits = Waits { nonblock: nonblock(&file, 0), sends: false };
    let mut file = InUse::new(call.task, file);
    let new = block::until(call.task, &mut file, waits, None, Socket::accept)?;
    if addr.0 != 0 {
        let name = new.peer_name().unwrap_or_default();
        write_addr(&name.encode(core.family), addr, len)?;
    }
    Ok(slot.publish(open_file(new, flags), flags.contains(OpenFlags::CLOEXEC)) as usize)
}

/// `connect(2)`.
pub fn connect(call: &mut Call<'_>, fd: Fd, at: Ptr, len: i32) -> Result<usize> {
    let file = socket_of(call, fd)?;
    let bytes = read_addr(at, len)?;
    let core = block::socket(&file)?.core().clone();
    if core.leads_outside(&bytes)? {
        return connect_outside(call.task, file, &bytes);
    }
    match core.family {
        Family::Unix => connect_unix(call.task, file, &core, &bytes),
        Family::Netlink => connect_netlink(&file, &bytes),
        _ => connect_ip(call.task, file, &core, &bytes),
    }
}

/// To the host's network, where it may take a while.
fn connect_outside(task: &Task, file: Arc<File>, bytes: &[u8]) -> Result<usize> {
    let fd = block::socket(&file)?.go_outside(&file)?;
    let done = block::socket(&file)?.connect_outside(&fd, bytes);
    match done {
        Err(Errno::EINPROGRESS | Errno::EALREADY) if !nonblock(&file, 0) => {}
        done => return done.map(|()| 0),
    }
    let waits = Waits { nonblock: false, sends: true };
    let mut file = InUse::new(task, file);
    still_going(block::until(task, &mut file, waits, None, |socket| socket.connected_outside(&fd, bytes)))
}

/// A time limit that passed leaves a connection in the making.
fn still_going(done: Result<()>) -> Result<usize> {
    match done {
        Err(Errno::EAGAIN) => Err(Errno::EINPROGRESS),
        done => done.map(|()| 0),
    }
}

fn connect_netlink(file: &File, bytes: &[u8]) -> Result<usize> {
    let socket = block::socket(file)?;
    if addr::family_of(bytes)? == AF_UNSPEC {
        return socket.connect_netlink(0, 0).map(|()| 0);
    }
    let (port, groups) = addr::netlink(bytes)?;
    socket.connect_netlink(port, groups).map(|()| 0)
}

fn connect_unix(task: &Task, file: Arc<File>, core: &Core, bytes: &[u8]) -> Result<usize> {
    if core.kind == Kind::Dgram && addr::family_of(bytes)? == AF_UNSPEC {
        block::socket(&file)?.disconnect();
        return Ok(0);
    }
    let name = addr::unix_path(bytes)?;
    if name.is_empty() {
        return Err(Errno::EINVAL);
    }
    if core.kind == Kind::Dgram {
        let other = find_unix(task, core.kind, &name)?;
        return block::socket(&file)?.connect_datagrams(&other).map(|()| 0);
    }
    let other = find_unix(task, core.kind, &name)?;
    let waits = Waits { nonblock: nonblock(&file, 0), sends: true };
    let cred = ucred(task);
    let mut file = InUse::new(task, file);
    block::until(task, &mut file, waits, Some(&other), |socket| socket.connect_unix(&other, cred)).map(|()| 0)
}

fn connect_ip(task: &Task, file: Arc<File>, core: &Core, bytes: &[u8]) -> Result<usize> {
    let socket = block::socket(&file)?;
    if addr::family_of(bytes)? == AF_UNSPEC {
        socket.disconnect();
        return Ok(0);
    }
    if core.kind == Kind::Stream {
        socket.may_begin()?;
    }
    if core.kind == Kind::Dgram {
        // Also a socket of IPv6 takes an address of IPv4.
        let family = if addr::family_of(bytes)? == AF_INET { Family::Inet } else { core.family };
        if family != core.family && core.options.v6_only.load(Relaxed) {
            return Err(Errno::EAFNOSUPPORT);
        }
        return socket.connect_udp(addr::ip(family, bytes)?).map(|()| 0);
    }
    let to = addr::ip(core.family, bytes)?;
    match socket.connect_tcp(to)? {
        Connect::Done => Ok(0),
        Connect::Later(done) if nonblock(&file, 0) => {
            socket.connect_later(done);
            Err(Errno::EINPROGRESS)
        }
        Connect::Later(done) => done.map(|()| 0),
        Connect::Full(first) if nonblock(&file, 0) => {
            if first {
                socket.connect_later(Ok(()));
            }
            Err(if first { Errno::EINPROGRESS } else { Errno::EALREADY })
        }
        Connect::Full(_) => {
            let waits = Waits { nonblock: false, sends: true };
            let mut file = InUse::new(task, file);
            still_going(block::until(task, &mut file, waits, None, Socket::admitted))
        }
    }
}

/// `getsockname(2)`.
pub fn getsockname(call: &mut Call<'_>, fd: Fd, addr: Ptr, len: Ptr) -> Result<usize> {
    let file = socket_of(call, fd)?;
    let socket = block::socket(&file)?;
    let name = match (socket.name(), socket.core().family) {
        // An IPv4 socket that is not bound is at 0.0.0.0.
        (Addr::None, Family::Inet) => Addr::Ip(addr::Ip { ip: addr::ANY4, port: 0 }),
        (name, _) => name,
    };
    write_addr(&name.encode(socket.core().family), addr, len).map(|()| 0)
}

/// `getpeername(2)`.
pub fn getpeername(call: &mut Call<'_>, fd: Fd, addr: Ptr, len: Ptr) -> Result<usize> {
    let file = socket_of(call, fd)?;
    let socket = block::socket(&file)?;
    write_addr(&socket.peer_name()?.encode(socket.core().family), addr, len).map(|()| 0)
}

/// `shutdown(2)`.
pub fn shutdown(call: &mut Call<'_>, fd: Fd, how: i32) -> Result<usize> {
    let file = socket_of(call, fd)?;
    let (reads, writes) = match how {
        0 => (true, false),
        1 => (false, true),
        2 => (true, true),
        _ => return Err(Errno::EINVAL),
    };
    block::socket(&file)?.shutdown(reads, writes).map(|()| 0)
}
