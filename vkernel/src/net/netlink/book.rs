//! What there is to tell about interfaces, addresses, routes and rules: the bodies of rtnetlink's messages.
//!
//! A sandbox with its own loopback has one interface, which is described here as Linux describes it. One with the host's network
//! is given what the host's kernel answered when the sandbox started. Nothing in it changes afterwards. Locks: none.

use crate::net::addr::{AF_INET, AF_INET6};
use alloc::vec::Vec;

/// Kinds of things, by the number of the message that tells of one (`RTM_NEW*`).
#[allow(missing_docs)]
pub mod kind {
    pub const LINK: u16 = 16;
    pub const ADDR: u16 = 20;
    pub const ROUTE: u16 = 24;
    pub const NEIGH: u16 = 28;
    pub const RULE: u16 = 32;
    /// Those that a book holds.
    pub const ALL: [u16; 5] = [LINK, ADDR, ROUTE, NEIGH, RULE];
}

/// A message's body: a fixed header, whose first byte is an address family, and attributes.
pub type Body = Vec<u8>;

/// Everything that can be asked for.
#[derive(Clone, Debug, Default)]
pub struct Book(Vec<(u16, Body)>);

impl Book {
    /// A book with these entries, each with its [`kind`].
    pub fn new(entries: Vec<(u16, Body)>) -> Book {
        Book(entries)
    }

    /// The book of a network that is nothing but a loopback interface.
    pub fn loopback() -> Book {
        let mut all = Vec::from([(kind::LINK, link()), (kind::ADDR, address4()), (kind::ADDR, address6())]);
        all.extend(routes().into_iter().map(|r| (kind::ROUTE, r)));
        all.extend(rules().into_iter().map(|r| (kind::RULE, r)));
        Book(all)
    }

    /// The entries of one kind, in the order in which a dump lists them.
    pub fn of(&self, kind: u16) -> impl Iterator<Item = &[u8]> {
        self.0.iter().filter(move |e| e.0 == kind).map(|e| e.1.as_slice())
    }
}

/// Bytes of the fixed header of each kind.
pub fn header_len(of: u16) -> usize {
    match of {
        kind::LINK => 16,
        kind::ADDR => 8,
        _ => 12,
    }
}

/// An attribute of a body.
pub fn attribute(of: u16, body: &[u8], wanted: u16) -> Option<&[u8]> {
    let mut rest = body.get(header_len(of)..)?;
    while let (Some(len), Some(name)) = (number::<2>(rest, 0), number::<2>(rest, 2)) {
        let (len, name) = (usize::from(u16::from_ne_bytes(len)), u16::from_ne_bytes(name));
        let value = rest.get(4..len)?;
        // The two top bits are flags.
        if name & 0x3fff == wanted {
            return Some(value);
        }
        rest = rest.get(len.next_multiple_of(4)..)?;
    }
    None
}

fn number<const N: usize>(bytes: &[u8], at: usize) -> Option<[u8; N]> {
    bytes.get(at..at.checked_add(N)?)?.try_into().ok()
}

/// A 32-bit field of a fixed header.
pub fn field(body: &[u8], at: usize) -> u32 {
    number(body, at).map_or(0, u32::from_ne_bytes)
}

/// Adds an attribute.
fn put(body: &mut Body, name: u16, value: &[u8]) {
    let len = 4 + value.len();
    body.extend_from_slice(&(len as u16).to_ne_bytes());
    body.extend_from_slice(&name.to_ne_bytes());
    body.extend_from_slice(value);
    body.resize(body.len() + len.next_multiple_of(4) - len, 0);
}

fn put_all(body: &mut Body, numbers: &[(u16, u32)]) {
    for (name, n) in numbers {
        put(body, *name, &n.to_ne_bytes());
    }
}

/// The one interface's index.
pub const LOOPBACK: u32 = 1;
const MTU: u32 = 65536;
/// `IFF_UP | IFF_LOOPBACK | IFF_RUNNING | IFF_LOWER_UP`.
const FLAGS: u32 = 0x1_0049;
/// `ARPHRD_LOOPBACK`.
const HARDWARE: u16 = 772;
/// Attributes of a link (`IFLA_*`).
#[allow(missing_docs)]
pub mod ifla {
    pub const ADDRESS: u16 = 1;
    pub const BROADCAST: u16 = 2;
    pub const IFNAME: u16 = 3;
    pub const MTU: u16 = 4;
    pub const QDISC: u16 = 6;
    pub const STATS: u16 = 7;
    pub const TXQLEN: u16 = 13;
    pub const OPERSTATE: u16 = 16;
    pub const LINKMODE: u16 = 17;
    pub const STATS64: u16 = 23;
    pub const GROUP: u16 = 27;
    pub const PROMISCUITY: u16 = 30;
    pub const NUM_TX_QUEUES: u16 = 31;
    pub const NUM_RX_QUEUES: u16 = 32;
    pub const CARRIER: u16 = 33;
    pub const CARRIER_CHANGES: u16 = 35;
    pub const MIN_MTU: u16 = 50;
    pub const MAX_MTU: u16 = 51;
}

fn link() -> Body {
    let mut body = Vec::from([0, 0]);
    body.extend_from_slice(&HARDWARE.to_ne_bytes());
    for n in [LOOPBACK, FLAGS, 0] {
        body.extend_from_slice(&n.to_ne_bytes());
    }
    put(&mut body, ifla::IFNAME, b"lo\0");
    put_all(&mut body, &[(ifla::TXQLEN, 1000)]);
    put(&mut body, ifla::OPERSTATE, &[0]);
    put(&mut body, ifla::LINKMODE, &[0]);
    put_all(
        &mut body,
        &[
            (ifla::MTU, MTU),
            (ifla::MIN_MTU, 0),
            (ifla::MAX_MTU, 0),
            (ifla::GROUP, 0),
            (ifla::PROMISCUITY, 0),
            (ifla::NUM_TX_QUEUES, 1),
            (ifla::NUM_RX_QUEUES, 1),
        ],
    );
    put(&mut body, ifla::CARRIER, &[1]);
    put(&mut body, ifla::QDISC, b"noqueue\0");
    put_all(&mut body, &[(ifla::CARRIER_CHANGES, 0)]);
    put(&mut body, ifla::ADDRESS, &[0; 6]);
    put(&mut body, ifla::BROADCAST, &[0; 6]);
    put(&mut body, ifla::STATS64, &[0; 25 * 8]);
    put(&mut body, ifla::STATS, &[0; 24 * 4]);
    body
}

/// `IFA_F_PERMANENT`, scopes of the host and of the link, and "for ever".
const PERMANENT: u8 = 0x80;
const HOST: u8 = 254;
const LINK_SCOPE: u8 = 253;
const EVER: u32 = u32::MAX;

fn lifetime() -> Body {
    [EVER, EVER, 0, 0].iter().flat_map(|n| n.to_ne_bytes()).collect()
}

fn address4() -> Body {
    let mut body = Vec::from([AF_INET as u8, 8, PERMANENT, HOST]);
    body.extend_from_slice(&LOOPBACK.to_ne_bytes());
    put(&mut body, 1, &[127, 0, 0, 1]); // IFA_ADDRESS
    put(&mut body, 2, &[127, 0, 0, 1]); // IFA_LOCAL
    put(&mut body, 3, b"lo\0"); // IFA_LABEL
    put_all(&mut body, &[(8, u32::from(PERMANENT))]); // IFA_FLAGS
    put(&mut body, 6, &lifetime()); // IFA_CACHEINFO
    body
}

fn address6() -> Body {
    let mut body = Vec::from([AF_INET6 as u8, 128, PERMANENT, HOST]);
    body.extend_from_slice(&LOOPBACK.to_ne_bytes());
    put(&mut body, 1, &1u128.to_be_bytes());
    put(&mut body, 6, &lifetime());
    put_all(&mut body, &[(8, u32::from(PERMANENT))]);
    body
}

/// Tables, and who made a route (`RTPROT_KERNEL`), and types of routes.
const MAIN: u8 = 254;
const LOCAL: u8 = 255;
const DEFAULT: u8 = 253;
const KERNEL: u8 = 2;
const RTN_LOCAL: u8 = 2;
const RTN_BROADCAST: u8 = 3;

fn route4(to: [u8; 4], bits: u8, scope: u8, what: u8) -> Body {
    let mut body = Vec::from([AF_INET as u8, bits, 0, 0, LOCAL, KERNEL, scope, what, 0, 0, 0, 0]);
    put_all(&mut body, &[(15, u32::from(LOCAL))]); // RTA_TABLE
    put(&mut body, 1, &to); // RTA_DST
    put(&mut body, 7, &[127, 0, 0, 1]); // RTA_PREFSRC
    put_all(&mut body, &[(4, LOOPBACK)]); // RTA_OIF
    body
}

fn route6() -> Body {
    let mut body = Vec::from([AF_INET6 as u8, 128, 0, 0, LOCAL, KERNEL, 0, RTN_LOCAL, 0, 0, 0, 0]);
    put_all(&mut body, &[(15, u32::from(LOCAL))]);
    put(&mut body, 1, &1u128.to_be_bytes());
    put_all(&mut body, &[(6, 0), (4, LOOPBACK)]); // RTA_PRIORITY, RTA_OIF
    put(&mut body, 12, &[0; 32]); // RTA_CACHEINFO
    put(&mut body, 20, &[0]); // RTA_PREF
    body
}

fn routes() -> [Body; 4] {
    [
        route4([127, 0, 0, 0], 8, HOST, RTN_LOCAL),
        route4([127, 0, 0, 1], 32, HOST, RTN_LOCAL),
        route4([127, 255, 255, 255], 32, LINK_SCOPE, RTN_BROADCAST),
        route6(),
    ]
}

/// How one gets to an address of the loopback (`ip route get`); `None` when there is no way.
pub fn route_to(to: &[u8]) -> Option<Body> {
    /// `RTM_F_CLONED | RTCF_LOCAL`.
    const FLAGS: u32 = 0x8000_0200;
    let local = match to.len() {
        4 => to.first() == Some(&127),
        16 => *to == 1u128.to_be_bytes(),
        _ => false,
    };
    if !local {
        return None;
    }
    let v4 = to.len() == 4;
    let (family, flags) = if v4 { (AF_INET, FLAGS) } else { (AF_INET6, 0) };
    let protocol = if v4 { 0 } else { KERNEL };
    let mut body = Vec::from([family as u8, (to.len() * 8) as u8, 0, 0, LOCAL, protocol, 0, RTN_LOCAL]);
    body.extend_from_slice(&flags.to_ne_bytes());
    put_all(&mut body, &[(15, u32::from(LOCAL))]);
    put(&mut body, 1, to);
    put_all(&mut body, &[(4, LOOPBACK)]);
    put(&mut body, 7, to);
    if !v4 {
        put_all(&mut body, &[(6, 0)]);
    }
    put(&mut body, 12, &[0; 32]);
    Some(body)
}

fn rules() -> [Body; 5] {
    let rule = |family: u16, table: u8, priority: u32| {
        const TO_TABLE: u8 = 1;
        let mut body = Vec::from([family as u8, 0, 0, 0, table, 0, 0, TO_TABLE, 0, 0, 0, 0]);
        put_all(&mut body, &[(15, u32::from(table)), (14, u32::MAX)]); // FRA_TABLE, FRA_SUPPRESS_PREFIXLEN
        if priority != 0 {
            put_all(&mut body, &[(6, priority)]); // FRA_PRIORITY
        }
        put(&mut body, 21, &[KERNEL]); // FRA_PROTOCOL
        body
    };
    [
        rule(AF_INET, LOCAL, 0),
        rule(AF_INET, MAIN, 32766),
        rule(AF_INET, DEFAULT, 32767),
        rule(AF_INET6, LOCAL, 0),
        rule(AF_INET6, MAIN, 32766),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn attributes_are_found() {
        let book = Book::loopback();
        let link = book.of(kind::LINK).next().expect("lo");
        assert_eq!(attribute(kind::LINK, link, ifla::IFNAME), Some(b"lo\0".as_slice()));
        assert_eq!(attribute(kind::LINK, link, ifla::MTU), Some(MTU.to_ne_bytes().as_slice()));
        assert_eq!(attribute(kind::LINK, link, 99), None);
        assert_eq!(field(link, 4), LOOPBACK);
        let addresses: Vec<_> = book.of(kind::ADDR).filter_map(|a| attribute(kind::ADDR, a, 1)).collect();
        assert_eq!(addresses, [[127, 0, 0, 1].as_slice(), 1u128.to_be_bytes().as_slice()]);
        // What is damaged ends the search.
        assert_eq!(attribute(kind::ADDR, &[2, 8, 0, 0, 1, 0, 0, 0, 3, 0, 1, 0], 1), None);
        assert_eq!(attribute(kind::ADDR, &[2, 8], 1), None);
    }
}
