//! Socket options (`net/core/sock.c`, `net/ipv4/tcp.c`, `net/ipv4/ip_sockglue.c`, `net/ipv6/ipv6_sockglue.c`).
//!
//! Those that change what the kernel does stand in `vkernel::net::options`; the others of `KNOWN` are remembered and told.

use super::socket::socket_of;
use super::sockhost;
use crate::dispatch::Call;
use crate::table::{Fd, Ptr};
use alloc::vec::Vec;
use core::sync::atomic::Ordering::Relaxed;
use host::{Errno, Result, user};
use vkernel::net::addr::{AF_INET, AF_INET6, AF_NETLINK, AF_UNIX};
use vkernel::net::{Core, Family, Kind, Socket, Ucred, block, interface_exists};

const SOL_IP: i32 = 0;
const SOL_SOCKET: i32 = 1;
const SOL_TCP: i32 = 6;
const SOL_UDP: i32 = 17;
const SOL_IPV6: i32 = 41;
const SOL_NETLINK: i32 = 270;

macro_rules! names {
    ($($name:ident = $n:literal),* $(,)?) => { $(const $name: i32 = $n;)* };
}

names! {
    SO_DEBUG = 1, SO_REUSEADDR = 2, SO_TYPE = 3, SO_ERROR = 4, SO_SNDBUF = 7, SO_RCVBUF = 8, SO_PRIORITY = 12,
    SO_LINGER = 13, SO_BSDCOMPAT = 14, SO_REUSEPORT = 15, SO_PASSCRED = 16, SO_PEERCRED = 17, SO_RCVLOWAT = 18,
    SO_SNDLOWAT = 19, SO_RCVTIMEO = 20, SO_SNDTIMEO = 21, SO_BINDTODEVICE = 25, SO_DETACH_FILTER = 27, SO_PEERNAME = 28,
    SO_ACCEPTCONN = 30, SO_SNDBUFFORCE = 32, SO_RCVBUFFORCE = 33, SO_PROTOCOL = 38, SO_DOMAIN = 39, SO_COOKIE = 57,
    SO_RCVTIMEO_NEW = 66, SO_SNDTIMEO_NEW = 67, TCP_INFO = 11, TCP_CONGESTION = 13, IP_MTU = 14, IP_ADD_MEMBERSHIP = 35,
    IP_DROP_MEMBERSHIP = 36, IPV6_JOIN = 20, IPV6_LEAVE = 21, IPV6_V6ONLY = 26,
}

/// What an option's value is made of it.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Value {
    /// 0 or 1.
    Bool,
    /// Any in this range.
    Int(i32, i32),
}

use Value::{Bool, Int};

/// Options that are only remembered: level, name, default, value.
const KNOWN: &[(i32, i32, i32, Value)] = &[
    (SOL_SOCKET, 5, 0, Bool),  // SO_DONTROUTE
    (SOL_SOCKET, 6, 0, Bool),  // SO_BROADCAST
    (SOL_SOCKET, 9, 0, Bool),  // SO_KEEPALIVE
    (SOL_SOCKET, 10, 0, Bool), // SO_OOBINLINE
    (SOL_SOCKET, 11, 0, Bool), // SO_NO_CHECK
    (SOL_SOCKET, SO_RCVLOWAT, 1, Int(i32::MIN, i32::MAX)),
    (SOL_SOCKET, 29, 0, Bool),                     // SO_TIMESTAMP
    (SOL_SOCKET, 34, 0, Bool),                     // SO_PASSSEC
    (SOL_SOCKET, 35, 0, Bool),                     // SO_TIMESTAMPNS
    (SOL_SOCKET, 37, 0, Int(0, 0x1ffff)),          // SO_TIMESTAMPING
    (SOL_SOCKET, 40, 0, Bool),                     // SO_RXQ_OVFL
    (SOL_SOCKET, 41, 0, Bool),                     // SO_WIFI_STATUS
    (SOL_SOCKET, 43, 0, Bool),                     // SO_NOFCS
    (SOL_SOCKET, 44, 0, Bool),                     // SO_LOCK_FILTER
    (SOL_SOCKET, 45, 0, Bool),                     // SO_SELECT_ERR_QUEUE
    (SOL_SOCKET, 46, 0, Int(0, 0)),                // SO_BUSY_POLL
    (SOL_SOCKET, 49, -1, Int(i32::MIN, i32::MAX)), // SO_INCOMING_CPU
    (SOL_SOCKET, 60, 0, Int(0, 1)),                // SO_ZEROCOPY
    (SOL_TCP, 1, 0, Bool),                         // TCP_NODELAY
    (SOL_TCP, 2, 536, Int(88, 32767)),             // TCP_MAXSEG
    (SOL_TCP, 3, 0, Bool),                         // TCP_CORK
    (SOL_TCP, 4, 7200, Int(1, 32767)),             // TCP_KEEPIDLE
    (SOL_TCP, 5, 75, Int(1, 32767)),               // TCP_KEEPINTVL
    (SOL_TCP, 6, 9, Int(1, 127)),                  // TCP_KEEPCNT
    (SOL_TCP, 7, 6, Int(1, 127)),                  // TCP_SYNCNT
    (SOL_TCP, 8, 60, Int(i32::MIN, i32::MAX)),     // TCP_LINGER2
    (SOL_TCP, 9, 0, Int(i32::MIN, i32::MAX)),      // TCP_DEFER_ACCEPT
    (SOL_TCP, 10, 0, Int(0, i32::MAX)),            // TCP_WINDOW_CLAMP
    (SOL_TCP, 12, 1, Bool),                        // TCP_QUICKACK
    (SOL_TCP, 16, 0, Bool),                        // TCP_THIN_LINEAR_TIMEOUTS
    (SOL_TCP, 18, 0, Int(0, i32::MAX)),            // TCP_USER_TIMEOUT
    (SOL_TCP, 23, 0, Int(0, i32::MAX)),            // TCP_FASTOPEN
    (SOL_TCP, 24, 0, Int(i32::MIN, i32::MAX)),     // TCP_TIMESTAMP
    (SOL_TCP, 25, 0, Int(i32::MIN, i32::MAX)),     // TCP_NOTSENT_LOWAT
    (SOL_TCP, 36, 0, Int(0, 1)),                   // TCP_INQ
    (SOL_UDP, 1, 0, Bool),                         // UDP_CORK
    (SOL_IP, 1, 0, Int(i32::MIN, i32::MAX)),       // IP_TOS
    (SOL_IP, 2, 64, Int(-1, 255)),                 // IP_TTL
    (SOL_IP, 6, 0, Bool),                          // IP_RECVOPTS
    (SOL_IP, 7, 0, Bool),                          // IP_RETOPTS
    (SOL_IP, 8, 0, Bool),                          // IP_PKTINFO
    (SOL_IP, 10, 1, Int(0, 5)),                    // IP_MTU_DISCOVER
    (SOL_IP, 11, 0, Bool),                         // IP_RECVERR
    (SOL_IP, 12, 0, Bool),                         // IP_RECVTTL
    (SOL_IP, 13, 0, Bool),                         // IP_RECVTOS
    (SOL_IP, 15, 0, Bool),                         // IP_FREEBIND
    (SOL_IP, 20, 0, Bool),                         // IP_RECVORIGDSTADDR
    (SOL_IP, 24, 0, Bool),                         // IP_BIND_ADDRESS_NO_PORT
    (SOL_IP, 33, 1, Int(-1, 255)),                 // IP_MULTICAST_TTL
    (SOL_IP, 34, 1, Bool),                         // IP_MULTICAST_LOOP
    (SOL_IP, 49, 1, Int(0, 1)),                    // IP_MULTICAST_ALL
    (SOL_IPV6, 16, 64, Int(-1, 255)),              // IPV6_UNICAST_HOPS
    (SOL_IPV6, 17, 0, Int(0, 1)),                  // IPV6_MULTICAST_IF
    (SOL_IPV6, 18, 1, Int(-1, 255)),               // IPV6_MULTICAST_HOPS
    (SOL_IPV6, 19, 1, Int(0, 1)),                  // IPV6_MULTICAST_LOOP
    (SOL_IPV6, 23, 1, Int(0, 5)),                  // IPV6_MTU_DISCOVER
    (SOL_IPV6, 25, 0, Bool),                       // IPV6_RECVERR
    (SOL_IPV6, 49, 0, Bool),                       // IPV6_RECVPKTINFO
    (SOL_IPV6, 51, 0, Bool),                       // IPV6_RECVHOPLIMIT
    (SOL_IPV6, 66, 0, Bool),                       // IPV6_RECVTCLASS
    (SOL_IPV6, 67, 0, Int(-1, 255)),               // IPV6_TCLASS
    (SOL_IPV6, 78, 0, Bool),                       // IPV6_FREEBIND
    (SOL_NETLINK, 3, 0, Bool),                     // NETLINK_PKTINFO
    (SOL_NETLINK, 4, 0, Bool),                     // NETLINK_BROADCAST_ERROR
    (SOL_NETLINK, 5, 0, Bool),                     // NETLINK_NO_ENOBUFS
    (SOL_NETLINK, 10, 0, Bool),                    // NETLINK_CAP_ACK
    (SOL_NETLINK, 11, 0, Bool),                    // NETLINK_EXT_ACK
];

fn known(level: i32, name: i32) -> Option<(i32, Value)> {
    KNOWN.iter().find(|k| (k.0, k.1) == (level, name)).map(|k| (k.2, k.3))
}

/// Whether sockets of this kind know options of this level.
fn check_level(core: &Core, level: i32) -> Result<()> {
    if level == SOL_SOCKET {
        return Ok(());
    }
    if core.is_unix() {
        return Err(Errno::EOPNOTSUPP);
    }
    if core.is_netlink() {
        return if level == SOL_NETLINK { Ok(()) } else { Err(Errno::ENOPROTOOPT) };
    }
    let knows = match level {
        SOL_IP => true,
        SOL_TCP => core.kind == Kind::Stream,
        SOL_UDP => core.kind == Kind::Dgram,
        SOL_IPV6 => core.family == Family::Inet6,
        _ => false,
    };
    if knows { Ok(()) } else { Err(Errno::ENOPROTOOPT) }
}

/// `setsockopt(2)`.
pub fn setsockopt(call: &mut Call<'_>, fd: Fd, level: i32, name: i32, value: Ptr, len: i32) -> Result<usize> {
    let len = usize::try_from(len).map_err(|_| Errno::EINVAL)?;
    let file = socket_of(call, fd)?;
    let socket = block::socket(&file)?;
    if let Some(fd) = socket.core().outside().filter(|_| !sockhost::is_own(level, name)) {
        return sockhost::set(&fd, level, name, value, len);
    }
    check_level(socket.core(), level)?;
    match level {
        SOL_NETLINK => set_netlink(socket, name, value, len),
        SOL_SOCKET => set_socket(call, socket, name, value, len),
        _ => set_protocol(socket, level, name, value, len),
    }
    .map(|()| 0)
}

fn flag(n: i32) -> bool {
    n != 0
}

fn set_socket(call: &Call<'_>, socket: &Socket, name: i32, value: Ptr, len: usize) -> Result<()> {
    let core = socket.core();
    let options = &core.options;
    if name == SO_BINDTODEVICE {
        return bind_to_device(value, len);
    }
    if len < size_of::<i32>() {
        return Err(Errno::EINVAL);
    }
    let n = user::read::<i32>(value.0)?;
    let admin = call.task.cred().effective.bits() & (1 << 12) != 0;
    match name {
        SO_DEBUG if flag(n) && !admin => return Err(Errno::EACCES),
        SO_DEBUG => options.set(SOL_SOCKET, name, i32::from(flag(n))),
        SO_REUSEADDR => options.reuse_addr.store(flag(n), Relaxed),
        SO_REUSEPORT => options.reuse_port.store(flag(n), Relaxed),
        SO_PASSCRED if !core.is_unix() && !core.is_netlink() => return Err(Errno::EOPNOTSUPP),
        SO_PASSCRED => options.pass_cred.store(flag(n), Relaxed),
        SO_SNDBUF => options.set_send_buf(n, false),
        SO_RCVBUF => options.set_recv_buf(n, false),
        SO_SNDBUFFORCE | SO_RCVBUFFORCE if !admin => return Err(Errno::EPERM),
        SO_SNDBUFFORCE => options.set_send_buf(n, true),
        SO_RCVBUFFORCE => options.set_recv_buf(n, true),
        SO_PRIORITY if !(0..=6).contains(&n) && !admin => return Err(Errno::EPERM),
        SO_PRIORITY => options.set(SOL_SOCKET, name, n),
        SO_LINGER => options.linger.store(linger(value, len)?, Relaxed),
        SO_RCVTIMEO | SO_RCVTIMEO_NEW => options.recv_timeout.store(timeout(value, len)?, Relaxed),
        SO_SNDTIMEO | SO_SNDTIMEO_NEW => options.send_timeout.store(timeout(value, len)?, Relaxed),
        SO_RCVLOWAT => options.set(SOL_SOCKET, name, if n < 0 { i32::MAX } else { n.max(1) }),
        SO_BSDCOMPAT => {}
        SO_DETACH_FILTER => return Err(Errno::ENOENT),
        _ => remember(core, SOL_SOCKET, name, n)?,
    }
    socket.changed();
    Ok(())
}

/// What netlink sockets know (`netlink_setsockopt`).
fn set_netlink(socket: &Socket, name: i32, value: Ptr, len: usize) -> Result<()> {
    const ADD_MEMBERSHIP: i32 = 1;
    const DROP_MEMBERSHIP: i32 = 2;
    let n = if len < size_of::<i32>() { 0 } else { user::read::<u32>(value.0)? };
    match name {
        ADD_MEMBERSHIP | DROP_MEMBERSHIP => socket.change_group(n, name == ADD_MEMBERSHIP),
        _ => remember(socket.core(), SOL_NETLINK, name, n as i32),
    }
}

/// A socket may be bound to an interface that there is, which changes nothing.
fn bind_to_device(value: Ptr, len: usize) -> Result<()> {
    let mut name = [0; 15];
    let len = len.min(name.len());
    user::copy_in(name.get_mut(..len).unwrap_or_default(), value.0)?;
    let name: Vec<u8> = name.into_iter().take_while(|b| *b != 0).collect();
    if name.is_empty() || interface_exists(&name) { Ok(()) } else { Err(Errno::ENODEV) }
}

fn remember(core: &Core, level: i32, name: i32, n: i32) -> Result<()> {
    let n = match known(level, name).ok_or(Errno::ENOPROTOOPT)?.1 {
        Bool => i32::from(flag(n)),
        Int(least, most) if (least..=most).contains(&n) => n,
        Int(..) => return Err(Errno::EINVAL),
    };
    core.options.set(level, name, n);
    Ok(())
}

/// `struct linger` as a number: the time plus one, 0 when off.
fn linger(value: Ptr, len: usize) -> Result<u64> {
    if len < 8 {
        return Err(Errno::EINVAL);
    }
    let [on, seconds] = user::read::<[i32; 2]>(value.0)?;
    Ok(if on == 0 { 0 } else { u64::from(seconds as u32) + 1 })
}

/// A `struct timeval` in ns; 0 is for ever. A negative time is none at all.
fn timeout(value: Ptr, len: usize) -> Result<u64> {
    if len < 16 {
        return Err(Errno::EINVAL);
    }
    let [sec, usec] = user::read::<[i64; 2]>(value.0)?;
    if !(0..1_000_000).contains(&usec) {
        return Err(Errno::EDOM);
    }
    Ok(u64::try_from(sec).map_or(1, |sec| sec.saturating_mul(1_000_000_000).saturating_add(usec as u64 * 1000)))
}

fn set_protocol(socket: &Socket, level: i32, name: i32, value: Ptr, len: usize) -> Result<()> {
    let core = socket.core();
    match (level, name) {
        (SOL_TCP, TCP_CONGESTION) => return set_congestion(value, len),
        // The loopback carries no multicast: who joins a group hears nothing.
        (SOL_IP, IP_ADD_MEMBERSHIP | IP_DROP_MEMBERSHIP) | (SOL_IPV6, IPV6_JOIN | IPV6_LEAVE) => {
            return if len < 8 { Err(Errno::EINVAL) } else { Err(Errno::ENODEV) };
        }
        _ => {}
    }
    let n = match len {
        0 if level == SOL_IP => 0,
        1..4 if level == SOL_IP => i32::from(user::read::<u8>(value.0)?),
        0..4 => return Err(Errno::EINVAL),
        _ => user::read::<i32>(value.0)?,
    };
    if (level, name) == (SOL_IPV6, IPV6_V6ONLY) {
        if !socket.name().is_none() {
            return Err(Errno::EINVAL);
        }
        core.options.v6_only.store(flag(n), Relaxed);
        return Ok(());
    }
    remember(core, level, name, n)
}

const CONGESTION: &[u8] = b"cubic";

fn set_congestion(value: Ptr, len: usize) -> Result<()> {
    if len == 0 {
        return Err(Errno::EINVAL);
    }
    let mut name = [0; 15];
    let len = len.min(name.len());
    user::copy_in(name.get_mut(..len).unwrap_or_default(), value.0)?;
    let end = name.iter().position(|b| *b == 0).unwrap_or(name.len());
    match name.get(..end) {
        Some(b"cubic" | b"reno") => Ok(()),
        _ => Err(Errno::ENOENT),
    }
}

/// `getsockopt(2)`.
pub fn getsockopt(call: &mut Call<'_>, fd: Fd, level: i32, name: i32, value: Ptr, len: Ptr) -> Result<usize> {
    let file = socket_of(call, fd)?;
    let socket = block::socket(&file)?;
    if let Some(fd) = socket.core().outside().filter(|_| !sockhost::is_own(level, name)) {
        return sockhost::get(&fd, level, name, value, len);
    }
    check_level(socket.core(), level).map_err(|e| match socket.core().family {
        // What IPv4 answers, when asked and only then.
        Family::Inet => Errno::EOPNOTSUPP,
        _ => e,
    })?;
    let room = usize::try_from(user::read::<i32>(len.0)?).map_err(|_| Errno::EINVAL)?;
    let bytes = match level {
        SOL_SOCKET => get_socket(socket, name, room)?,
        _ => get_protocol(socket, level, name)?,
    };
    let n = room.min(bytes.len());
    user::copy_out(value.0, bytes.get(..n).unwrap_or_default())?;
    user::write(len.0, &(n as i32))?;
    Ok(0)
}

fn ints(list: &[i32]) -> Vec<u8> {
    list.iter().flat_map(|n| n.to_ne_bytes()).collect()
}

fn get_socket(socket: &Socket, name: i32, room: usize) -> Result<Vec<u8>> {
    let core = socket.core();
    let options = &core.options;
    let n = match name {
        SO_DEBUG => options.get(SOL_SOCKET, name).unwrap_or(0),
        SO_REUSEADDR => i32::from(options.reuse_addr.load(Relaxed)),
        SO_REUSEPORT => i32::from(options.reuse_port.load(Relaxed)),
        SO_PASSCRED if !core.is_unix() && !core.is_netlink() => return Err(Errno::EOPNOTSUPP),
        SO_PASSCRED => i32::from(options.pass_cred.load(Relaxed)),
        SO_TYPE => core.told_type() as i32,
        SO_ERROR => socket.take_error().map_or(0, Errno::raw),
        SO_SNDBUF => core.send_buf(socket.is_connected()) as i32,
        SO_RCVBUF => core.recv_buf() as i32,
        SO_PRIORITY => options.get(SOL_SOCKET, name).unwrap_or(0),
        SO_SNDLOWAT => 1,
        SO_BSDCOMPAT => 0,
        SO_ACCEPTCONN => i32::from(socket.is_listening()),
        SO_PROTOCOL => core.protocol as i32,
        SO_DOMAIN => i32::from(match core.family {
            Family::Unix => AF_UNIX,
            Family::Inet => AF_INET,
            Family::Inet6 => AF_INET6,
            Family::Netlink => AF_NETLINK,
        }),
        SO_LINGER => {
            let time = options.linger.load(Relaxed);
            return Ok(ints(&[i32::from(time != 0), time.saturating_sub(1) as i32]));
        }
        SO_RCVTIMEO | SO_RCVTIMEO_NEW => return Ok(timeval(options.recv_timeout.load(Relaxed))),
        SO_SNDTIMEO | SO_SNDTIMEO_NEW => return Ok(timeval(options.send_timeout.load(Relaxed))),
        SO_PEERCRED => {
            let none = Ucred { pid: 0, uid: u32::MAX, gid: u32::MAX };
            let cred = socket.peer_cred().unwrap_or(none);
            return Ok(ints(&[cred.pid as i32, cred.uid as i32, cred.gid as i32]));
        }
        SO_PEERNAME => {
            let name = socket.peer_name()?.encode(core.family);
            return if name.len() < room { Err(Errno::EINVAL) } else { Ok(name) };
        }
        SO_BINDTODEVICE => return Ok(Vec::new()),
        SO_COOKIE if room < 8 => return Err(Errno::EINVAL),
        SO_COOKIE => return Ok(core.ino().to_ne_bytes().to_vec()),
        _ => remembered(core, SOL_SOCKET, name)?,
    };
    Ok(ints(&[n]))
}

fn remembered(core: &Core, level: i32, name: i32) -> Result<i32> {
    let (default, _) = known(level, name).ok_or(Errno::ENOPROTOOPT)?;
    Ok(core.options.get(level, name).unwrap_or(default))
}

fn timeval(ns: u64) -> Vec<u8> {
    let mut out = (ns / 1_000_000_000).to_ne_bytes().to_vec();
    out.extend_from_slice(&(ns % 1_000_000_000 / 1000).to_ne_bytes());
    out
}

fn get_protocol(socket: &Socket, level: i32, name: i32) -> Result<Vec<u8>> {
    let core = socket.core();
    let n = match (level, name) {
        (SOL_TCP, TCP_INFO) => return Ok(tcp_info(socket)),
        (SOL_TCP, TCP_CONGESTION) => {
            let mut name = CONGESTION.to_vec();
            name.resize(16, 0);
            return Ok(name);
        }
        (SOL_IP, IP_MTU) if socket.peer_name().is_err() => return Err(Errno::ENOTCONN),
        (SOL_IP, IP_MTU) => 65536,
        (SOL_IPV6, IPV6_V6ONLY) => i32::from(core.options.v6_only.load(Relaxed)),
        _ => remembered(core, level, name)?,
    };
    Ok(ints(&[n]))
}

/// `struct tcp_info` with nothing but the state in it.
fn tcp_info(socket: &Socket) -> Vec<u8> {
    const SIZE: usize = 248;
    const ESTABLISHED: u8 = 1;
    const CLOSE: u8 = 7;
    const LISTEN: u8 = 10;
    let state = match (socket.is_connected(), socket.is_listening()) {
        (true, _) => ESTABLISHED,
        (_, true) => LISTEN,
        _ => CLOSE,
    };
    let mut out = alloc::vec![0; SIZE];
    out.splice(..1, [state]);
    out
}
