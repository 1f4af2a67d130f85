//! `/proc/PID/net`: sockets, interfaces, routes; and `/proc/tty`, from which `ps` learns terminals' names.
//!
//! With the host's own network the tables of what is the host's are the host's. Left out: counters (all 0), the tables of
//! packet filters, of multicast, and of what does not exist here. Locks: those of `net::list`, for a look.

use super::hostfile::read_host;
use super::{PROC_DEV, fixed_attr};
use crate::kernel::kernel;
use crate::net::netlink::book::{attribute, field, ifla, kind};
use crate::net::{Family, list, protocol};
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use fs_emu::InodeRef;
use fs_emu::pseudo::{StaticDir, TextFile};
use host::Result;

const DEV: &str = "\
Inter-|   Receive                                                |  Transmit
 face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs drop fifo colls carrier compressed
";
const TCP: &str = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode";
const TCP6: &str = "  sl  local_address                         remote_address                        st tx_queue rx_queue \
    tr tm->when retrnsmt   uid  timeout inode\n";
const UDP: &str = "   sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode ref pointer drops";
const UDP6: &str = "  sl  local_address                         remote_address                        st tx_queue rx_queue \
    tr tm->when retrnsmt   uid  timeout inode ref pointer drops\n";
const RAW: &str = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode ref pointer drops\n";
const UNIX: &str = "Num       RefCount Protocol Flags    Type St Inode Path\n";
const NETLINK: &str = "sk               Eth Pid        Groups   Rmem     Wmem     Dump  Locks    Drops    Inode\n";
const PACKET: &str = "sk               RefCnt Type Proto  Iface R Rmem   User   Inode\n";
const ARP: &str = "IP address       HW type     Flags       HW address            Mask     Device\n";
const ROUTE: &str = "Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT";
/// Widths of the lines of IPv4's tables.
const TCP_WIDTH: usize = 149;
const UDP_WIDTH: usize = 127;

fn padded(lines: impl IntoIterator<Item = String>, width: usize) -> Vec<u8> {
    lines.into_iter().flat_map(|line| format!("{line:<width$}\n").into_bytes()).collect()
}

/// A table of IP sockets: its header and its lines.
fn ip(header: &str, family: Family, protocol: u32) -> Vec<u8> {
    let lines = list::ip_lines(family, protocol);
    if family == Family::Inet {
        let width = if protocol == protocol::TCP { TCP_WIDTH } else { UDP_WIDTH };
        return padded(core::iter::once(String::from(header)).chain(lines), width);
    }
    let mut out = header.as_bytes().to_vec();
    lines.iter().for_each(|line| out.extend_from_slice(format!("{line}\n").as_bytes()));
    out
}

fn unix() -> Vec<u8> {
    let mut out = UNIX.as_bytes().to_vec();
    for line in list::unix_lines() {
        out.extend_from_slice(&line);
        out.push(b'\n');
    }
    out
}

fn netlink() -> Vec<u8> {
    let mut out = NETLINK.as_bytes().to_vec();
    list::netlink_lines().iter().for_each(|line| out.extend_from_slice(format!("{line}\n").as_bytes()));
    out
}

/// The first line of some tables, to be compared with the host's.
#[cfg(test)]
pub(super) fn headers() -> [(&'static str, Vec<u8>); 4] {
    let line = |text: &str, width| padded([String::from(text)], width);
    [
        ("tcp", line(TCP, TCP_WIDTH)),
        ("udp", line(UDP, UDP_WIDTH)),
        ("route", route()),
        ("unix", UNIX.as_bytes().to_vec()),
    ]
}

/// The name of an interface by its index.
fn device(index: u32) -> String {
    let link = kernel().net.book().of(kind::LINK).find(|l| field(l, 4) == index).unwrap_or_default();
    let name = attribute(kind::LINK, link, ifla::IFNAME).unwrap_or_default();
    String::from_utf8_lossy(name.strip_suffix(b"\0").unwrap_or(name)).into_owned()
}

fn dev() -> Vec<u8> {
    let mut out = DEV.as_bytes().to_vec();
    for link in kernel().net.book().of(kind::LINK) {
        let name = device(field(link, 4));
        let line = format!(
            "{name:>6}:       0       0    0    0    0     0          0         0        0       0    0    0    0     0       0          0\n"
        );
        out.extend_from_slice(line.as_bytes());
    }
    out
}

/// IPv4's routes of the main table; the loopback's own are not in it.
fn route() -> Vec<u8> {
    padded([String::from(ROUTE)], UDP_WIDTH)
}

fn if_inet6() -> Vec<u8> {
    const AF_INET6: u8 = 10;
    let mut out = Vec::new();
    for body in kernel().net.book().of(kind::ADDR).filter(|a| a.first() == Some(&AF_INET6)) {
        let ip: [u8; 16] = attribute(kind::ADDR, body, 1).and_then(|a| a.try_into().ok()).unwrap_or_default();
        let index = field(body, 4);
        let byte = |at: usize| body.get(at).copied().unwrap_or(0);
        // Scopes are numbered in another way here: of the host, of the link, of all.
        let scope = match byte(3) {
            254 => 0x10,
            253 => 0x20,
            _ => 0,
        };
        let line = format!(
            "{:032x} {index:02x} {:02x} {scope:02x} {:02x} {:>8}\n",
            u128::from_be_bytes(ip),
            byte(1),
            byte(2),
            device(index)
        );
        out.extend_from_slice(line.as_bytes());
    }
    out
}

fn ipv6_route() -> Vec<u8> {
    let line = |to: u32, bits: u32, metric: u32, flags: u32| {
        format!(
            "{to:032x} {bits:02x} {:032x} 00 {:032x} {metric:08x} 00000001 00000000 {flags:08x} {:>8}\n",
            0, 0, "lo"
        )
    };
    let nowhere = line(0, 0, u32::MAX, 0x20_0200);
    [nowhere.as_str(), &line(1, 128, 0, 0x8020_0001), &nowhere].concat().into_bytes()
}

fn counts(family: Family) -> [usize; 3] {
    [protocol::TCP, protocol::UDP, protocol::UDPLITE].map(|p| list::count(family, p))
}

fn sockstat() -> Vec<u8> {
    let used = list::count_all();
    let [tcp, udp, lite] = counts(Family::Inet);
    format!(
        "sockets: used {used}\nTCP: inuse {tcp} orphan 0 tw 0 alloc {tcp} mem 0\nUDP: inuse {udp} mem 0\nUDPLITE: inuse {lite}\nRAW: inuse 0\nFRAG: inuse 0 memory 0\n"
    )
    .into_bytes()
}

fn sockstat6() -> Vec<u8> {
    let [tcp, udp, lite] = counts(Family::Inet6);
    format!("TCP6: inuse {tcp}\nUDP6: inuse {udp}\nUDPLITE6: inuse {lite}\nRAW6: inuse 0\nFRAG6: inuse 0 memory 0\n")
        .into_bytes()
}

/// A table of what a sandbox has itself.
fn own(name: &'static str, make: fn() -> Vec<u8>) -> (&'static str, InodeRef) {
    (name, TextFile::build(fixed_attr(PROC_DEV, &format!("net/{name}"), 0o444), move || Ok(make())))
}

/// A table of what is the host's when the network is.
fn shared(name: &'static str, make: fn() -> Vec<u8>) -> (&'static str, InodeRef) {
    let content = move || -> Result<Vec<u8>> {
        if kernel().net.is_own() { Ok(make()) } else { read_host(&format!("/proc/net/{name}")) }
    };
    (name, TextFile::build(fixed_attr(PROC_DEV, &format!("net/{name}"), 0o444), content))
}

/// `/proc/PID/net`.
pub(super) fn dir() -> InodeRef {
    let files = [
        shared("dev", dev),
        shared("tcp", || ip(TCP, Family::Inet, protocol::TCP)),
        shared("tcp6", || ip(TCP6, Family::Inet6, protocol::TCP)),
        shared("udp", || ip(UDP, Family::Inet, protocol::UDP)),
        shared("udp6", || ip(UDP6, Family::Inet6, protocol::UDP)),
        shared("udplite", || ip(UDP, Family::Inet, protocol::UDPLITE)),
        shared("udplite6", || ip(UDP6, Family::Inet6, protocol::UDPLITE)),
        shared("raw", || RAW.as_bytes().to_vec()),
        shared("raw6", || UDP6.as_bytes().to_vec()),
        shared("arp", || ARP.as_bytes().to_vec()),
        shared("route", route),
        shared("if_inet6", if_inet6),
        shared("ipv6_route", ipv6_route),
        shared("sockstat", sockstat),
        shared("sockstat6", sockstat6),
        own("packet", || PACKET.as_bytes().to_vec()),
        own("netlink", netlink),
        own("unix", unix),
    ];
    StaticDir::build(fixed_attr(PROC_DEV, "net", 0o555), files)
}

const DRIVERS: &str = "\
/dev/tty             /dev/tty        5       0 system:/dev/tty
/dev/console         /dev/console    5       1 system:console
pty_slave            /dev/pts      136 0-1048575 pty:slave
";

/// `/proc/tty`.
pub(super) fn tty_dir() -> InodeRef {
    let drivers = TextFile::build(fixed_attr(PROC_DEV, "tty/drivers", 0o444), || Ok(DRIVERS.as_bytes().to_vec()));
    StaticDir::build(fixed_attr(PROC_DEV, "tty", 0o555), [("drivers", drivers)])
}
