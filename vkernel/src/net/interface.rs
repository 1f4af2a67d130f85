//! The network interfaces, as `ioctl` shows them (`netdevice(7)`, `net/core/dev_ioctl.c`, `devinet_ioctl`).
//!
//! What there is stands in netlink's book. It can not be changed. Locks: none.

use super::addr::AF_INET;
use super::netlink::book::{attribute, field, ifla, kind};
use crate::kernel::kernel;
use host::{Errno, Result, user};

const SIOCGIFNAME: u32 = 0x8910;
const SIOCGIFCONF: u32 = 0x8912;
const SIOCGIFFLAGS: u32 = 0x8913;
const SIOCGIFADDR: u32 = 0x8915;
const SIOCGIFDSTADDR: u32 = 0x8917;
const SIOCGIFBRDADDR: u32 = 0x8919;
const SIOCGIFNETMASK: u32 = 0x891b;
const SIOCGIFMETRIC: u32 = 0x891d;
const SIOCGIFMTU: u32 = 0x8921;
const SIOCGIFHWADDR: u32 = 0x8927;
const SIOCGIFINDEX: u32 = 0x8933;
const SIOCGIFTXQLEN: u32 = 0x8942;
const SIOCETHTOOL: u32 = 0x8946;
const SIOCGIFMAP: u32 = 0x8970;
/// `SIOCADDRT`, `SIOCDELRT`.
const ROUTES: [u32; 2] = [0x890b, 0x890c];
/// Bytes of `struct ifreq`.
const IFREQ: usize = 40;
/// Bytes of `struct rtentry`.
const RTENTRY: usize = 120;
/// All that set something of an interface: flags, addresses, metric, size, name and others.
const SETTERS: [u32; 15] = [
    0x8914, 0x8916, 0x8918, 0x891a, 0x891c, 0x891e, 0x8922, 0x8923, 0x8924, 0x8931, 0x8932, 0x8937, 0x8943, 0x8971,
    0x8936,
];

/// Attributes of an address (`IFA_*`).
const IFA_ADDRESS: u16 = 1;
const IFA_LOCAL: u16 = 2;
const IFA_LABEL: u16 = 3;
const IFA_BROADCAST: u16 = 4;

/// Bytes of an interface's name, of `struct ifreq`, and where its union begins.
const NAME: usize = 16;
const REQUEST: usize = 40;
const UNION: usize = 16;

/// A `struct sockaddr_in`.
fn address(ip: [u8; 4]) -> [u8; 16] {
    let mut out = [0; 16];
    for (to, from) in out.iter_mut().zip(AF_INET.to_ne_bytes()) {
        *to = from;
    }
    for (to, from) in out.iter_mut().skip(4).zip(ip) {
        *to = from;
    }
    out
}

fn ip_of(body: &[u8], name: u16) -> Option<[u8; 4]> {
    attribute(kind::ADDR, body, name)?.try_into().ok()
}

/// IPv4 addresses of the interfaces.
fn addresses() -> impl Iterator<Item = &'static [u8]> {
    kernel().net.book().of(kind::ADDR).filter(|a| a.first() == Some(&(AF_INET as u8)))
}

fn links() -> impl Iterator<Item = &'static [u8]> {
    kernel().net.book().of(kind::LINK)
}

fn trim(name: &[u8]) -> &[u8] {
    name.split(|b| *b == 0).next().unwrap_or_default()
}

fn name_of(link: &[u8]) -> &[u8] {
    trim(attribute(kind::LINK, link, ifla::IFNAME).unwrap_or_default())
}

/// The name of an interface by its index, for `SO_BINDTODEVICE` and `SIOCGIFNAME`.
fn by_index(index: u32) -> Option<&'static [u8]> {
    links().find(|l| field(l, 4) == index).map(name_of)
}

/// Whether there is an interface of this name.
pub fn exists(name: &[u8]) -> bool {
    links().any(|l| name_of(l) == name)
}

/// A call about interfaces; `ENOTTY` when it is none.
pub(super) fn ioctl(cmd: u32, arg: usize) -> Result<usize> {
    match cmd {
        SIOCGIFCONF => return list(arg),
        SIOCGIFNAME => {
            let index = user::read::<u32>(arg.wrapping_add(UNION))?;
            let name = padded(by_index(index).ok_or(Errno::ENODEV)?);
            return user::write(arg, &name).map(|()| 0);
        }
        // What it says is copied in before anybody asks who may say it.
        _ if SETTERS.contains(&cmd) => return user::read::<[u8; IFREQ]>(arg).and(Err(Errno::EPERM)),
        _ if ROUTES.contains(&cmd) => return user::read::<[u8; RTENTRY]>(arg).and(Err(Errno::EPERM)),
        SIOCGIFFLAGS | SIOCGIFADDR | SIOCGIFDSTADDR | SIOCGIFBRDADDR | SIOCGIFNETMASK | SIOCGIFMETRIC | SIOCGIFMTU
        | SIOCGIFHWADDR | SIOCGIFINDEX | SIOCGIFTXQLEN | SIOCGIFMAP | SIOCETHTOOL => {}
        _ => return Err(Errno::ENOTTY),
    }
    let name = user::read::<[u8; NAME]>(arg)?;
    let name = trim(&name);
    // An address may have a label of its own, which is the interface's name with something behind it.
    let device = name.split(|b| *b == b':').next().unwrap_or_default();
    let link = links().find(|l| name_of(l) == device).ok_or(Errno::ENODEV)?;
    match cmd {
        SIOCGIFADDR | SIOCGIFDSTADDR | SIOCGIFBRDADDR | SIOCGIFNETMASK => {
            let ip = show_address(cmd, name)?;
            user::write(arg.wrapping_add(UNION), &address(ip))?;
        }
        _ => show_link(cmd, link, arg.wrapping_add(UNION))?,
    }
    Ok(0)
}

fn show_address(cmd: u32, name: &[u8]) -> Result<[u8; 4]> {
    let labelled = |a: &&[u8]| attribute(kind::ADDR, a, IFA_LABEL).is_some_and(|l| trim(l) == name);
    let body = addresses().find(labelled).ok_or(Errno::EADDRNOTAVAIL)?;
    let bits = u32::from(body.get(1).copied().unwrap_or(0)).min(32);
    Ok(match cmd {
        SIOCGIFADDR => ip_of(body, IFA_LOCAL),
        SIOCGIFDSTADDR => ip_of(body, IFA_ADDRESS),
        SIOCGIFBRDADDR => ip_of(body, IFA_BROADCAST),
        _ => Some(u32::MAX.checked_shl(32 - bits).unwrap_or(0).to_be_bytes()),
    }
    .unwrap_or_default())
}

fn show_link(cmd: u32, link: &[u8], to: usize) -> Result<()> {
    let number = |name| attribute(kind::LINK, link, name).map_or(0, |v| field(v, 0));
    match cmd {
        SIOCGIFHWADDR => {
            let mut out = [0; 16];
            let (hardware, at) = out.split_at_mut(2);
            hardware.copy_from_slice(link.get(2..4).ok_or(Errno::EINVAL)?);
            for (to, from) in at.iter_mut().zip(attribute(kind::LINK, link, ifla::ADDRESS).unwrap_or_default()) {
                *to = *from;
            }
            user::write(to, &out)
        }
        SIOCGIFFLAGS => user::write(to, &(field(link, 8) as u16)),
        SIOCGIFMETRIC => user::write(to, &0),
        SIOCGIFMAP => user::write(to, &[0u8; 24]),
        SIOCGIFMTU => user::write(to, &number(ifla::MTU)),
        SIOCGIFTXQLEN => user::write(to, &number(ifla::TXQLEN)),
        SIOCGIFINDEX => user::write(to, &field(link, 4)),
        _ => Err(Errno::EOPNOTSUPP),
    }
}

fn padded(name: &[u8]) -> [u8; NAME] {
    let mut out = [0; NAME];
    for (to, from) in out.iter_mut().zip(name.iter().take(NAME - 1)) {
        *to = *from;
    }
    out
}

/// `SIOCGIFCONF`: the IPv4 addresses of the interfaces. Without a buffer, the room that they need.
fn list(arg: usize) -> Result<usize> {
    let room = usize::try_from(user::read::<i32>(arg)?).unwrap_or(0);
    let buf = user::read::<usize>(arg.wrapping_add(8))?;
    if buf == 0 {
        return user::write(arg, &((addresses().count() * REQUEST) as i32)).map(|()| 0);
    }
    let mut done = 0;
    for body in addresses() {
        if room - done < REQUEST {
            break;
        }
        let label = attribute(kind::ADDR, body, IFA_LABEL).unwrap_or_default();
        let mut request = [0; REQUEST];
        let content = padded(trim(label)).into_iter().chain(address(ip_of(body, IFA_LOCAL).unwrap_or_default()));
        for (to, from) in request.iter_mut().zip(content) {
            *to = from;
        }
        user::write(buf.checked_add(done).ok_or(Errno::EFAULT)?, &request)?;
        done += REQUEST;
    }
    user::write(arg, &(done as i32)).map(|()| 0)
}
