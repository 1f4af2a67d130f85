//! Addresses: what `bind` and `connect` are given, and what `getsockname` tells.
//!
//! An IPv4 address is kept as the IPv6 address that it is mapped to, so that one table serves both families. Locks: none.

use super::core::Family;
use alloc::sync::Arc;
use alloc::vec::Vec;
use host::{Errno, Result};

/// `AF_UNSPEC`.
pub const AF_UNSPEC: u16 = 0;
/// `AF_UNIX`.
pub const AF_UNIX: u16 = 1;
/// `AF_INET`.
pub const AF_INET: u16 = 2;
/// `AF_INET6`.
pub const AF_INET6: u16 = 10;
/// `AF_NETLINK`.
pub const AF_NETLINK: u16 = 16;
/// Bytes of `sun_path`.
pub const UNIX_PATH_MAX: usize = 108;
/// Bytes of the largest address (`struct sockaddr_storage`).
pub const STORAGE: usize = 128;
/// Bytes of `struct sockaddr_in` and `struct sockaddr_in6`; the latter without its scope in the elder form.
const IN_LEN: usize = 16;
const IN6_LEN: usize = 28;
const IN6_ELDER: usize = 24;

/// An IP address and a port.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Ip {
    /// The address; `::ffff:a.b.c.d` for IPv4.
    pub ip: u128,
    /// The port.
    pub port: u16,
}

/// `::ffff:0:0`, where IPv4 begins.
const MAPPED: u128 = 0xffff_0000_0000;
/// `127.0.0.1`.
pub const LOOPBACK4: u128 = MAPPED | 0x7f00_0001;
/// `0.0.0.0`.
pub const ANY4: u128 = MAPPED;
/// `::1`.
pub const LOOPBACK6: u128 = 1;
/// `255.255.255.255`.
pub const BROADCAST: u128 = MAPPED | 0xffff_ffff;
/// `127.255.255.255`, which reaches all on the loopback.
const LOOPBACK_ALL: u128 = MAPPED | 0x7fff_ffff;

impl Ip {
    /// Whether it is an IPv4 address.
    pub fn is_v4(self) -> bool {
        self.ip >> 32 == MAPPED >> 32
    }

    /// A number to choose by.
    pub fn hash(self) -> usize {
        let mixed = (self.ip ^ (self.ip >> 64)) as u64 ^ (u64::from(self.port) << 32);
        (mixed.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 33) as usize
    }

    /// `0.0.0.0` or `::`.
    pub fn is_any(self) -> bool {
        self.ip == ANY4 || self.ip == 0
    }

    /// Whether this machine has it.
    pub fn is_local(self) -> bool {
        self.ip == LOOPBACK6 || (self.is_v4() && (self.ip as u32) >> 24 == 127)
    }

    /// Whether an address is that of a group of IPv4 (`224.0.0.0/4`).
    pub fn is_group(ip: u128) -> bool {
        ip >> 28 == (MAPPED | 0xe000_0000) >> 28
    }

    /// Whether what is sent there may be received by many: groups and broadcasts of IPv4.
    pub fn is_many(self) -> bool {
        Self::is_group(self.ip) || self.ip == BROADCAST || self.ip == LOOPBACK_ALL
    }

    /// Whether a socket can be bound to it.
    pub fn is_bindable(self) -> bool {
        self.is_any() || self.is_local() || self.is_many()
    }

    /// Where a message to it goes: to "any" is to the loopback.
    pub fn destination(self) -> Ip {
        let ip = match self.ip {
            0 => LOOPBACK6,
            ANY4 => LOOPBACK4,
            ip => ip,
        };
        Ip { ip, ..self }
    }
}

/// The name of a socket.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Addr {
    /// None: a Unix socket that is not bound.
    #[default]
    None,
    /// A path with its NUL, or an abstract name with the NUL that it begins with.
    Unix(Arc<[u8]>),
    /// An address of the loopback.
    Ip(Ip),
    /// A port number and groups of netlink.
    Netlink(u32, u32),
    /// An address as the host tells it.
    Outside(Arc<[u8]>),
}

fn u16_at(bytes: &[u8], at: usize) -> Option<[u8; 2]> {
    bytes.get(at..at + 2)?.try_into().ok()
}

/// The family that an address says it is of.
pub fn family_of(bytes: &[u8]) -> Result<u16> {
    u16_at(bytes, 0).map(u16::from_ne_bytes).ok_or(Errno::EINVAL)
}

/// A Unix address: `sun_path` as far as it goes, a path cut at its NUL and ended with one. Empty for an address of only a family.
pub fn unix_path(bytes: &[u8]) -> Result<Vec<u8>> {
    if bytes.len() > UNIX_PATH_MAX + 2 || family_of(bytes)? != AF_UNIX {
        return Err(Errno::EINVAL);
    }
    let path = bytes.get(2..).unwrap_or_default();
    if path.first().is_none_or(|b| *b == 0) {
        return Ok(path.to_vec());
    }
    let mut path: Vec<u8> = path.iter().copied().take_while(|b| *b != 0).collect();
    path.push(0);
    Ok(path)
}

/// An address for a socket of an IP family. The length is checked before the family, as Linux does.
pub fn ip(family: Family, bytes: &[u8]) -> Result<Ip> {
    let (len, wanted) = if family == Family::Inet { (IN_LEN, AF_INET) } else { (IN6_ELDER, AF_INET6) };
    if bytes.len() < len {
        return Err(Errno::EINVAL);
    }
    let said = family_of(bytes)?;
    let port = u16_at(bytes, 2).map_or(0, u16::from_be_bytes);
    if said != wanted {
        return Err(Errno::EAFNOSUPPORT);
    }
    let ip = if family == Family::Inet { v4(bytes) } else { v6(bytes) };
    Ok(Ip { ip, port })
}

/// An address of netlink: port number and groups.
pub fn netlink(bytes: &[u8]) -> Result<(u32, u32)> {
    const LEN: usize = 12;
    if bytes.len() < LEN || family_of(bytes)? != AF_NETLINK {
        return Err(Errno::EINVAL);
    }
    let word = |at: usize| bytes.get(at..at + 4).and_then(|b| b.try_into().ok()).map_or(0, u32::from_ne_bytes);
    Ok((word(4), word(8)))
}

fn v4(bytes: &[u8]) -> u128 {
    let raw = bytes.get(4..8).and_then(|b| b.try_into().ok()).map_or(0, u32::from_be_bytes);
    MAPPED | u128::from(raw)
}

fn v6(bytes: &[u8]) -> u128 {
    bytes.get(8..24).and_then(|b| b.try_into().ok()).map_or(0, u128::from_be_bytes)
}

impl Addr {
    /// As the bytes of a `struct sockaddr` for a socket of this family.
    pub fn encode(&self, family: Family) -> Vec<u8> {
        let mut out = Vec::with_capacity(IN6_LEN);
        match (self, family) {
            (Addr::Outside(bytes), _) => out.extend_from_slice(bytes),
            (_, Family::Netlink) => {
                let (port, groups) = if let Addr::Netlink(port, groups) = self { (*port, *groups) } else { (0, 0) };
                out.extend_from_slice(&AF_NETLINK.to_ne_bytes());
                out.extend_from_slice(&[0; 2]);
                out.extend_from_slice(&port.to_ne_bytes());
                out.extend_from_slice(&groups.to_ne_bytes());
            }
            (Addr::Unix(path), _) => {
                out.extend_from_slice(&AF_UNIX.to_ne_bytes());
                out.extend_from_slice(path);
            }
            (_, Family::Unix) => out.extend_from_slice(&AF_UNIX.to_ne_bytes()),
            (_, Family::Inet) => {
                let ip = self.ip().unwrap_or_default();
                out.extend_from_slice(&AF_INET.to_ne_bytes());
                out.extend_from_slice(&ip.port.to_be_bytes());
                out.extend_from_slice(&(ip.ip as u32).to_be_bytes());
                out.resize(IN_LEN, 0);
            }
            (_, Family::Inet6) => {
                let ip = self.ip().unwrap_or_default();
                out.extend_from_slice(&AF_INET6.to_ne_bytes());
                out.extend_from_slice(&ip.port.to_be_bytes());
                out.extend_from_slice(&[0; 4]);
                out.extend_from_slice(&ip.ip.to_be_bytes());
                out.resize(IN6_LEN, 0);
            }
        }
        out
    }

    /// The IP address, if it is one.
    pub fn ip(&self) -> Option<Ip> {
        match self {
            Addr::Ip(ip) => Some(*ip),
            _ => None,
        }
    }

    /// Whether there is a name.
    pub fn is_none(&self) -> bool {
        *self == Addr::None
    }
}
