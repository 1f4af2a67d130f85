//! From `--net`, `--net-allow` and `-p` to what the kernel is given of the host's network. Runs before there is a guest.

use crate::sandbox::{Network, Publish, Sandbox};
use anyhow::{Context, Result, anyhow, bail};
use host::Errno;
use host::iov::IovIter;
use host::sys::fd::HostFd;
use host::sys::socket;
use std::net::{IpAddr, SocketAddr, ToSocketAddrs};
use vkernel::net::addr::{AF_NETLINK, Ip};
use vkernel::net::netlink::book::kind;
use vkernel::net::netlink::{Book, ROUTE};
use vkernel::net::{Published, Setup};

/// Checks what was asked for and makes it.
pub fn setup(sandbox: &Sandbox) -> Result<Setup> {
    let host = sandbox.network == Network::Host;
    if host && !sandbox.publish.is_empty() {
        bail!("-p publishes ports of the sandbox's own network: with --net=host every port is the host's already");
    }
    let allowed = allowed(sandbox)?.iter().map(|(_, at)| to_ip(*at)).collect();
    let published = sandbox.publish.iter().map(publish).collect::<Result<_>>()?;
    let book = if host { host_book().unwrap_or_else(|_| Book::loopback()) } else { Book::loopback() };
    Ok(Setup { host, allowed, published, book })
}

/// The ports of TCP that Landlock is to let through; `None` when that is not its business.
pub fn ports(sandbox: &Sandbox) -> Option<Vec<u16>> {
    if sandbox.net_allow.is_empty() {
        return None;
    }
    Some(allowed(sandbox).unwrap_or_default().iter().map(|(_, at)| at.port()).collect())
}

/// Names and what they are now, so that the sandbox can look them up: lines for `/etc/hosts`.
pub fn hosts_lines(sandbox: &Sandbox) -> Result<Vec<u8>> {
    let mut out = String::new();
    for (name, at) in allowed(sandbox)? {
        if name.parse::<IpAddr>().is_err() && name != "localhost" {
            out.push_str(&format!("{}\t{name}\n", at.ip()));
        }
    }
    Ok(out.into_bytes())
}

/// Every address of every `--net-allow`, with the host's part of what was said.
fn allowed(sandbox: &Sandbox) -> Result<Vec<(String, SocketAddr)>> {
    let mut out = Vec::new();
    for text in &sandbox.net_allow {
        let name = || format!("--net-allow {text}");
        let (host, _) = text.rsplit_once(':').with_context(|| format!("{}: wanted HOST:PORT", name()))?;
        let host = host.trim_start_matches('[').trim_end_matches(']').to_string();
        let found = text.to_socket_addrs().with_context(name)?;
        out.extend(found.map(|at| (host.clone(), at)));
    }
    Ok(out)
}

fn to_ip(at: SocketAddr) -> Ip {
    let ip = match at.ip() {
        IpAddr::V4(v4) => v4.to_ipv6_mapped().to_bits(),
        IpAddr::V6(v6) => v6.to_bits(),
    };
    Ip { ip, port: at.port() }.destination()
}

/// A socket that is bound, and listens once a guest does.
fn publish(what: &Publish) -> Result<Published> {
    let on = 1i32.to_ne_bytes();
    let family = if what.host.is_ipv6() { libc::AF_INET6 } else { libc::AF_INET };
    let made = socket::socket(family as u32, libc::SOCK_STREAM as u32, 0).and_then(|fd| {
        socket::set_option(&fd, libc::SOL_SOCKET, libc::SO_REUSEADDR, &on)?;
        socket::bind(&fd, &encode(what.host)).map(|()| fd)
    });
    let fd = made.map_err(|e| anyhow!("-p {}:{}: {}", what.host, what.port, said(e)))?;
    Ok(Published::new(what.port, fd))
}

fn said(e: Errno) -> std::io::Error {
    std::io::Error::from_raw_os_error(e.raw())
}

/// A `struct sockaddr_in` or `struct sockaddr_in6`.
fn encode(at: SocketAddr) -> Vec<u8> {
    let mut out = Vec::new();
    let family = if at.is_ipv6() { libc::AF_INET6 } else { libc::AF_INET } as u16;
    out.extend_from_slice(&family.to_ne_bytes());
    out.extend_from_slice(&at.port().to_be_bytes());
    match at {
        SocketAddr::V4(v4) => out.extend_from_slice(&v4.ip().octets()),
        SocketAddr::V6(v6) => {
            out.extend_from_slice(&v6.flowinfo().to_ne_bytes());
            out.extend_from_slice(&v6.ip().octets());
            out.extend_from_slice(&v6.scope_id().to_ne_bytes());
        }
    }
    if !at.is_ipv6() {
        out.resize(16, 0);
    }
    out
}

/// What the host's kernel tells of its interfaces, addresses, routes and rules.
fn host_book() -> Result<Book> {
    let socket = socket::socket(u32::from(AF_NETLINK), libc::SOCK_RAW as u32, ROUTE);
    let socket = socket.map_err(|e| anyhow!("netlink: {}", said(e)))?;
    let mut entries = Vec::new();
    for kind in kind::ALL {
        // A kernel without such a list has none.
        let _ = dump(&socket, kind, &mut entries);
    }
    Ok(Book::new(entries))
}

/// Bytes of `struct nlmsghdr`.
const HEADER: usize = 16;

/// One list. Each piece of it is there as soon as the one before has been taken.
fn dump(fd: &HostFd, kind: u16, entries: &mut Vec<(u16, Vec<u8>)>) -> host::Result<()> {
    /// `NLM_F_REQUEST | NLM_F_DUMP`.
    const FLAGS: u16 = 0x301;
    const LONGEST_BODY: usize = 16;
    let mut question = Vec::new();
    question.extend_from_slice(&((HEADER + LONGEST_BODY) as u32).to_ne_bytes());
    question.extend_from_slice(&(kind + 2).to_ne_bytes());
    question.extend_from_slice(&FLAGS.to_ne_bytes());
    question.resize(HEADER + LONGEST_BODY, 0);
    socket::send(fd, &mut IovIter::kernel(&question), &[], &[], 0)?;
    let mut room = vec![0; 64 << 10];
    loop {
        let got = socket::recv(fd, &mut IovIter::kernel_mut(&mut room), &mut [0; 128], &mut [], 0)?;
        if take(room.get(..got.len).unwrap_or_default(), kind, entries) {
            return Ok(());
        }
    }
}

/// Takes the messages of one datagram; whether the list has ended.
fn take(mut rest: &[u8], kind: u16, entries: &mut Vec<(u16, Vec<u8>)>) -> bool {
    /// `NLMSG_ERROR`, `NLMSG_DONE`.
    const LAST: [u16; 2] = [2, 3];
    while let Some(header) = rest.get(..HEADER) {
        let len = u32::from_ne_bytes([header[0], header[1], header[2], header[3]]) as usize;
        let this = u16::from_ne_bytes([header[4], header[5]]);
        if LAST.contains(&this) || len < HEADER {
            return true;
        }
        if this == kind {
            entries.push((kind, rest.get(HEADER..len).unwrap_or_default().to_vec()));
        }
        rest = rest.get(len.next_multiple_of(4)..).unwrap_or_default();
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses() {
        let local = |text: &str| to_ip(text.parse().expect("an address"));
        assert_eq!(local("127.0.0.1:80"), Ip { ip: 0xffff_7f00_0001, port: 80 });
        assert_eq!(local("0.0.0.0:80"), local("127.0.0.1:80"));
        assert_eq!(local("[::1]:443"), Ip { ip: 1, port: 443 });
        let bytes = encode("1.2.3.4:258".parse().expect("an address"));
        assert_eq!(bytes, [2, 0, 1, 2, 1, 2, 3, 4, 0, 0, 0, 0, 0, 0, 0, 0]);
        assert_eq!(encode("[::1]:1".parse().expect("an address")).len(), 28);
    }

    #[test]
    fn the_hosts_interfaces() {
        let book = host_book().expect("netlink");
        assert!(book.of(kind::LINK).count() > 0);
    }
}
