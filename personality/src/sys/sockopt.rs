//! Socket options (`net/core/sock.c`, `net/ipv4/tcp.c`, `net/ipv4/ip_sockglue.c`, `net/ipv6/ipv6_sockglue.c`).
//!
//! Those that change what the kernel does stand in `vkernel::net::options`; the others of `sockknown` are remembered and told.

use super::socket::socket_of;
use super::sockknown::{self, SOL_IP, SOL_IPV6, SOL_NETLINK, SOL_SOCKET, SOL_TCP, SOL_UDP, SOL_UDPLITE, known};
use super::{sockgroup, sockhost};
use crate::dispatch::Call;
use crate::table::{Fd, Ptr};
use alloc::vec::Vec;
use core::sync::atomic::Ordering::Relaxed;
use fs_emu::cred::Caps;
use host::{Errno, Result, user};
use vkernel::net::addr::{AF_INET, AF_INET6, AF_NETLINK, AF_UNIX};
use vkernel::net::{Core, Family, Kind, Socket, Ucred, block, interface_exists, netlink, protocol, tcp_state};

macro_rules! names {
    ($($name:ident = $n:literal),* $(,)?) => { $(const $name: i32 = $n;)* };
}

names! {
    SO_DEBUG = 1, SO_REUSEADDR = 2, SO_TYPE = 3, SO_ERROR = 4, SO_SNDBUF = 7, SO_RCVBUF = 8, SO_PRIORITY = 12,
    SO_LINGER = 13, SO_BSDCOMPAT = 14, SO_REUSEPORT = 15, SO_PASSCRED = 16, SO_PEERCRED = 17, SO_RCVLOWAT = 18,
    SO_SNDLOWAT = 19, SO_RCVTIMEO = 20, SO_SNDTIMEO = 21, SO_BINDTODEVICE = 25, SO_DETACH_FILTER = 27, SO_PEERNAME = 28,
    SO_ACCEPTCONN = 30, SO_SNDBUFFORCE = 32, SO_RCVBUFFORCE = 33, SO_PASSSEC = 34, SO_TIMESTAMPING = 37, SO_PROTOCOL = 38, SO_DOMAIN = 39, SO_MAX_PACING_RATE = 47, SO_CNX_ADVICE = 53, SO_MEMINFO = 55, SO_COOKIE = 57, SO_PEERGROUPS = 59,
    NETLINK_LIST_MEMBERSHIPS = 9, SO_RCVTIMEO_NEW = 66, SO_SNDTIMEO_NEW = 67, TCP_NODELAY = 1, TCP_MAXSEG = 2, TCP_CORK = 3, TCP_INFO = 11, TCP_CONGESTION = 13, TCP_REPAIR = 19,
    TCP_TIMESTAMP = 24, TCP_SAVED_SYN = 28, TCP_ULP = 31, UDPLITE_SEND_CSCOV = 10, UDPLITE_RECV_CSCOV = 11, IP_OPTIONS = 4, IP_PKTOPTIONS = 9, IP_MTU = 14, IP_MULTICAST_IF = 32, IP_UNICAST_IF = 50,
    IPV6_JOIN = 20, IPV6_LEAVE = 21, IPV6_MTU = 24, IPV6_V6ONLY = 26, IPV6_UNICAST_IF = 76,
}

/// The level whose options these are, if sockets of this kind know them: UDP-Lite's are UDP's.
fn level_of(core: &Core, level: i32) -> Result<i32> {
    if level == SOL_SOCKET {
        return Ok(level);
    }
    if core.is_unix() {
        return Err(Errno::EOPNOTSUPP);
    }
    if core.is_netlink() {
        return if level == SOL_NETLINK { Ok(level) } else { Err(Errno::ENOPROTOOPT) };
    }
    let knows = match level {
        SOL_IP => true,
        SOL_TCP => core.kind == Kind::Stream,
        SOL_UDP | SOL_UDPLITE => core.kind == Kind::Dgram,
        SOL_IPV6 => core.family == Family::Inet6,
        _ => false,
    };
    match level {
        _ if !knows => Err(Errno::ENOPROTOOPT),
        SOL_UDPLITE => Ok(SOL_UDP),
        _ => Ok(level),
    }
}

/// `setsockopt(2)`.
pub fn setsockopt(call: &mut Call<'_>, fd: Fd, level: i32, name: i32, value: Ptr, len: i32) -> Result<usize> {
    let len = usize::try_from(len).map_err(|_| Errno::EINVAL)?;
    let file = socket_of(call, fd)?;
    let socket = block::socket(&file)?;
    if let Some(fd) = socket.core().outside().filter(|_| !sockhost::is_own(level, name)) {
        return sockhost::set(&fd, level, name, value, len);
    }
    let level = level_of(socket.core(), level)?;
    match level {
        SOL_NETLINK => set_netlink(call, socket, name, value, len),
        SOL_SOCKET => set_socket(call, socket, name, value, len),
        _ => set_protocol(call, socket, level, name, value, len),
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
        SO_BSDCOMPAT | SO_CNX_ADVICE => {}
        SO_PASSSEC if !core.is_unix() => return Err(Errno::EOPNOTSUPP),
        SO_DETACH_FILTER => return Err(Errno::ENOENT),
        _ => remember(call, core, SOL_SOCKET, name, n)?,
    }
    socket.changed();
    Ok(())
}

/// What netlink sockets know (`netlink_setsockopt`).
fn set_netlink(call: &Call<'_>, socket: &Socket, name: i32, value: Ptr, len: usize) -> Result<()> {
    const ADD_MEMBERSHIP: i32 = 1;
    const DROP_MEMBERSHIP: i32 = 2;
    let n = if len < size_of::<i32>() { 0 } else { user::read::<u32>(value.0)? };
    match name {
        ADD_MEMBERSHIP | DROP_MEMBERSHIP => socket.change_group(n, name == ADD_MEMBERSHIP),
        _ => remember(call, socket.core(), SOL_NETLINK, name, n as i32),
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

fn remember(call: &Call<'_>, core: &Core, level: i32, name: i32, n: i32) -> Result<()> {
    let admin = call.task.cred().capable(Caps::NET_ADMIN);
    let n = sockknown::settle(level, name, n, core.kind == Kind::Stream, admin)?;
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

fn set_protocol(call: &Call<'_>, socket: &Socket, level: i32, name: i32, value: Ptr, len: usize) -> Result<()> {
    let core = socket.core();
    match (level, name) {
        (SOL_TCP, TCP_CONGESTION) => return set_congestion(value, len),
        (SOL_TCP, TCP_ULP) => return Err(Errno::ENOENT),
        (SOL_UDP, UDPLITE_SEND_CSCOV | UDPLITE_RECV_CSCOV) if core.protocol != protocol::UDPLITE => {
            return Err(Errno::ENOPROTOOPT);
        }
        (SOL_TCP, TCP_REPAIR | TCP_TIMESTAMP) => return Err(Errno::EPERM),
        (SOL_IP, IP_OPTIONS) if len == 0 => return Ok(()),
        (SOL_IP, _) if sockgroup::knows(name) => return sockgroup::set(socket, name, value, len),
        // There are no groups of IPv6 on the loopback.
        (SOL_IPV6, IPV6_JOIN | IPV6_LEAVE) => {
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
    match (level, name, n) {
        // The one interface is the default; another there is none.
        (SOL_IP, IP_UNICAST_IF, 0) | (SOL_IPV6, IPV6_UNICAST_IF, 0) => return Ok(()),
        (SOL_IP, IP_UNICAST_IF, _) | (SOL_IPV6, IPV6_UNICAST_IF, _) => return Err(Errno::EADDRNOTAVAIL),
        (SOL_IPV6, IPV6_MTU, 0 | 1280..) => return Ok(()),
        (SOL_IPV6, IPV6_MTU, _) => return Err(Errno::EINVAL),
        _ => {}
    }
    match (level, name) {
        (SOL_TCP, TCP_CORK) => socket.set_cork(flag(n)),
        (SOL_TCP, TCP_NODELAY) if flag(n) => socket.push(),
        _ => {}
    }
    if (level, name) == (SOL_IPV6, IPV6_V6ONLY) {
        if !socket.name().is_none() {
            return Err(Errno::EINVAL);
        }
        core.options.v6_only.store(flag(n), Relaxed);
        return Ok(());
    }
    remember(call, core, level, name, n)
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
    let level = level_of(socket.core(), level).map_err(|e| match socket.core().family {
        // What IPv4 answers, when asked and only then.
        Family::Inet => Errno::EOPNOTSUPP,
        _ => e,
    })?;
    let room = usize::try_from(user::read::<i32>(len.0)?).map_err(|_| Errno::EINVAL)?;
    if (level, name) == (SOL_NETLINK, NETLINK_LIST_MEMBERSHIPS) {
        return list_memberships(socket, value, len, room);
    }
    let bytes = match level {
        SOL_SOCKET => get_socket(socket, name, room)?,
        _ => get_protocol(socket, level, name)?,
    };
    let n = room.min(bytes.len());
    user::copy_out(value.0, bytes.get(..n).unwrap_or_default())?;
    user::write(len.0, &(n as i32))?;
    Ok(0)
}

/// Whole words of the groups that a netlink socket is a member of, and what room all of them need.
fn list_memberships(socket: &Socket, value: Ptr, len: Ptr, room: usize) -> Result<usize> {
    let groups = socket.memberships();
    let words = groups.to_ne_bytes();
    let words = words.get(..if socket.core().protocol == netlink::ROUTE { 8 } else { 4 }).unwrap_or_default();
    let n = room.min(words.len()) & !3;
    user::copy_out(value.0, words.get(..n).unwrap_or_default())?;
    user::write(len.0, &(words.len() as i32)).map(|()| 0)
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
        SO_PASSSEC if !core.is_unix() => return Err(Errno::EOPNOTSUPP),
        SO_PEERGROUPS if !core.is_unix() => return Err(Errno::ENODATA),
        SO_TIMESTAMPING => return Ok(ints(&[remembered(core, SOL_SOCKET, name)?, 0])),
        SO_MAX_PACING_RATE if room >= 8 => {
            let rate = remembered(core, SOL_SOCKET, name)?;
            let rate = if rate == -1 { u64::MAX } else { u64::from(rate as u32) };
            return Ok(rate.to_ne_bytes().to_vec());
        }
        SO_MEMINFO => return Ok(memory(socket)),
        SO_COOKIE if room < 8 => return Err(Errno::EINVAL),
        SO_COOKIE => return Ok(core.ino().to_ne_bytes().to_vec()),
        _ => remembered(core, SOL_SOCKET, name)?,
    };
    Ok(ints(&[n]))
}

fn remembered(core: &Core, level: i32, name: i32) -> Result<i32> {
    let (default, _) = known(level, name)?;
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
        (SOL_TCP, TCP_ULP | TCP_SAVED_SYN) | (SOL_IP, IP_OPTIONS) => return Ok(Vec::new()),
        (SOL_IP, IP_PKTOPTIONS) if core.kind == Kind::Stream => return Ok(Vec::new()),
        (SOL_TCP, TCP_REPAIR) => 0,
        (SOL_TCP, TCP_TIMESTAMP) => (host::time::monotonic().as_nanos() / 1_000_000) as i32,
        (SOL_TCP, TCP_MAXSEG) if socket.is_connected() => SEGMENT.min(32768) as i32,
        (SOL_IP, IP_MULTICAST_IF) => socket.multicast_if().to_be() as i32,
        (SOL_IP, IP_UNICAST_IF) | (SOL_IPV6, IPV6_UNICAST_IF) => 0,
        (SOL_IP, IP_MTU) | (SOL_IPV6, IPV6_MTU) if socket.peer_name().is_err() => return Err(Errno::ENOTCONN),
        (SOL_IP, IP_MTU) => 65535,
        (SOL_IPV6, IPV6_MTU) => 65536,
        (SOL_IPV6, IPV6_V6ONLY) => i32::from(core.options.v6_only.load(Relaxed)),
        _ => remembered(core, level, name)?,
    };
    Ok(ints(&[n]))
}

/// TCP's largest segment on the loopback.
const SEGMENT: u32 = vkernel::net::SEGMENT as u32;

/// `struct tcp_info`: the state, what a connection over the loopback has agreed on, and how full a listener is. Nothing is
/// measured, for nothing is sent.
fn tcp_info(socket: &Socket) -> Vec<u8> {
    const WORDS: usize = 62;
    /// `TCPI_OPT_TIMESTAMPS | TCPI_OPT_SACK | TCPI_OPT_WSCALE`, and the scales.
    const AGREED: [u8; 2] = [7, 0xaa];
    let state = socket.core().tcp_state();
    let mut head = [state, 0, 0, 0, 0, 0, 0, 0];
    // Indices of words: rto, snd_mss, rcv_mss, unacked, sacked, pmtu, rcv_ssthresh, rtt, rttvar, snd_ssthresh, snd_cwnd, advmss,
    // reordering, rcv_space, two rates.
    let mut words = [0u32; WORDS];
    let mut set = |list: &[(usize, u32)]| {
        list.iter().for_each(|(at, n)| words.iter_mut().skip(*at).take(1).for_each(|w| *w = *n))
    };
    set(&[(20, 10), (22, 3), (26, u32::MAX), (27, u32::MAX), (28, u32::MAX), (29, u32::MAX)]);
    match state {
        tcp_state::LISTEN => {
            let (waiting, backlog) = socket.backlog();
            set(&[(6, waiting), (7, backlog)]);
        }
        tcp_state::CLOSE if !socket.is_connected() => set(&[(2, 1_000_000), (4, 536), (5, 88), (19, i32::MAX as u32)]),
        _ => {
            head = [state, 0, 0, 0, 0, AGREED[0], AGREED[1], 1];
            set(&[(2, 200_000), (3, 40_000), (4, 32768), (5, 536), (15, 65535), (16, SEGMENT), (17, 25), (18, 12)]);
            set(&[(19, i32::MAX as u32), (21, SEGMENT), (24, SEGMENT)]);
        }
    }
    let rest = words.iter().skip(2).flat_map(|w| w.to_ne_bytes());
    head.into_iter().chain(rest).collect()
}

/// `SO_MEMINFO`: what is used, and the limits.
fn memory(socket: &Socket) -> Vec<u8> {
    let core = socket.core();
    let (recv, send) = (core.recv_buf() as i32, core.send_buf(socket.is_connected()) as i32);
    ints(&[0, recv, 0, send, 0, 0, 0, 0, 0])
}
