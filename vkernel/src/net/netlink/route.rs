//! The questions of `NETLINK_ROUTE` (`rtnetlink_rcv_msg`). Locks: none.

use super::book::{self, attribute, field, header_len, ifla, kind};
use super::{HEADER, Header, MULTI, Reply};
use crate::kernel::kernel;
use crate::net::addr::{AF_INET, AF_INET6};
use host::{Errno, Result};

/// `RTM_MAX`, `RTM_BASE`.
const LAST_TYPE: u16 = 123;
const BASE: u16 = 16;
/// `NLM_F_ROOT | NLM_F_MATCH`.
const DUMP: u16 = 0x300;
const AF_UNSPEC: u8 = 0;
const AF_BRIDGE: u8 = 7;
/// Families that have lists of their own.
const FAMILIES: [u8; 3] = [AF_UNSPEC, AF_INET as u8, AF_INET6 as u8];

/// What became of a question.
pub(super) enum Answer {
    /// It was answered with a list.
    Given,
    /// Done; what is left to say is yes, if that was wanted.
    Acknowledge,
}

/// Answers one message.
pub(super) fn answer(header: &Header, question: &[u8], reply: &mut Reply) -> Result<Answer> {
    if header.kind > LAST_TYPE {
        return Err(Errno::EOPNOTSUPP);
    }
    let body = question.get(HEADER..).unwrap_or_default();
    let Some(family) = body.first().copied() else { return Ok(Answer::Acknowledge) };
    // Types come in fours: new, delete, get, set.
    let of = header.kind - (header.kind - BASE) % 4;
    if (header.kind - BASE) % 4 != 2 {
        return Err(Errno::EPERM);
    }
    if header.flags & DUMP == 0 {
        return one(of, body, reply);
    }
    list(of, family, body, reply).map(|()| Answer::Given)
}

/// All of a kind that are of the family asked for.
fn list(of: u16, family: u8, body: &[u8], reply: &mut Reply) -> Result<()> {
    if !kind::ALL.contains(&of) {
        return Err(Errno::EOPNOTSUPP);
    }
    let links = of == kind::LINK;
    if links && family == AF_BRIDGE {
        reply.end_list();
        return Ok(());
    }
    // A family without a list of its own gets everybody's.
    let any = family == AF_UNSPEC || (links && family != AF_INET6 as u8) || !FAMILIES.contains(&family);
    let index = if of == kind::NEIGH { field(body, 4) } else { 0 };
    for entry in kernel().net.book().of(of) {
        let own = entry.first().copied().unwrap_or(0);
        let here = index == 0 || field(entry, 4) == index;
        if (any || links || own == family) && here {
            reply.add(of, MULTI, entry);
        }
    }
    reply.end_list();
    Ok(())
}

/// One link by its index or name; the route to one address of the loopback.
fn one(of: u16, body: &[u8], reply: &mut Reply) -> Result<Answer> {
    if body.len() < header_len(of) {
        return Err(Errno::EINVAL);
    }
    match of {
        kind::LINK => {
            reply.add(of, 0, find_link(body)?);
            Ok(Answer::Acknowledge)
        }
        kind::ROUTE => {
            let route = find_route(body)?;
            reply.add(of, 0, &route);
            Ok(Answer::Acknowledge)
        }
        _ => Err(Errno::EOPNOTSUPP),
    }
}

fn find_link(body: &[u8]) -> Result<&'static [u8]> {
    const IFLA_ALT_IFNAME: u16 = 53;
    let book = kernel().net.book();
    let index = field(body, 4);
    let name = attribute(kind::LINK, body, ifla::IFNAME).or_else(|| attribute(kind::LINK, body, IFLA_ALT_IFNAME));
    let name = name.map(|n| n.strip_suffix(b"\0").unwrap_or(n));
    if (index as i32) < 0 || (index == 0 && name.is_none()) {
        return Err(Errno::EINVAL);
    }
    let named = |l: &&[u8]| {
        let own = attribute(kind::LINK, l, ifla::IFNAME).unwrap_or_default();
        name.is_some_and(|n| own.strip_suffix(b"\0") == Some(n))
    };
    let found =
        if index != 0 { book.of(kind::LINK).find(|l| field(l, 4) == index) } else { book.of(kind::LINK).find(named) };
    found.ok_or(Errno::ENODEV)
}

/// Only for what the sandbox has itself: which way the host would send something, only the host knows.
fn find_route(body: &[u8]) -> Result<book::Body> {
    const RTA_DST: u16 = 1;
    let family = body.first().copied().unwrap_or(0);
    if !FAMILIES.contains(&family) || family == AF_UNSPEC || !kernel().net.is_own() {
        return Err(Errno::EOPNOTSUPP);
    }
    let to = attribute(kind::ROUTE, body, RTA_DST).ok_or(Errno::EINVAL)?;
    book::route_to(to).ok_or(Errno::ENETUNREACH)
}
