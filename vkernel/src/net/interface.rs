//! The one network interface, as `ioctl` shows it (`netdevice(7)`, `net/core/dev_ioctl.c`). It can not be changed. Locks: none.

use super::addr::AF_INET;
use host::{Errno, Result, user};

const SIOCGIFNAME: u32 = 0x8910;
const SIOCGIFCONF: u32 = 0x8912;
const SIOCGIFFLAGS: u32 = 0x8913;
const SIOCSIFFLAGS: u32 = 0x8914;
const SIOCGIFADDR: u32 = 0x8915;
const SIOCSIFADDR: u32 = 0x8916;
const SIOCGIFBRDADDR: u32 = 0x8919;
const SIOCGIFNETMASK: u32 = 0x891b;
const SIOCGIFMETRIC: u32 = 0x891d;
const SIOCGIFMTU: u32 = 0x8921;
const SIOCGIFHWADDR: u32 = 0x8927;
const SIOCGIFINDEX: u32 = 0x8933;
const SIOCGIFTXQLEN: u32 = 0x8942;

/// Its name, index, largest packet, and flags: up, loopback, running.
const NAME: &[u8; 16] = b"lo\0\0\0\0\0\0\0\0\0\0\0\0\0\0";
const INDEX: i32 = 1;
const MTU: i32 = 65536;
const FLAGS: i32 = 0x49;
const QUEUE: i32 = 1000;
/// `ARPHRD_LOOPBACK`.
const HARDWARE: u16 = 772;
/// Bytes of `struct ifreq`, and where the union begins.
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

/// A call about interfaces; `ENOTTY` when it is none.
pub(super) fn ioctl(cmd: u32, arg: usize) -> Result<usize> {
    match cmd {
        SIOCGIFCONF => return list(arg),
        SIOCGIFNAME => {
            let index = user::read::<i32>(arg.wrapping_add(UNION))?;
            return if index == INDEX { user::write(arg, NAME).map(|()| 0) } else { Err(Errno::ENODEV) };
        }
        SIOCSIFFLAGS | SIOCSIFADDR => return Err(Errno::EPERM),
        SIOCGIFFLAGS | SIOCGIFADDR | SIOCGIFBRDADDR | SIOCGIFNETMASK | SIOCGIFMETRIC | SIOCGIFMTU | SIOCGIFHWADDR
        | SIOCGIFINDEX | SIOCGIFTXQLEN => {}
        _ => return Err(Errno::ENOTTY),
    }
    let name = user::read::<[u8; 16]>(arg)?;
    if name.split(|b| *b == 0).next() != Some(b"lo".as_slice()) {
        return Err(Errno::ENODEV);
    }
    let to = arg.wrapping_add(UNION);
    match cmd {
        SIOCGIFADDR => user::write(to, &address([127, 0, 0, 1]))?,
        SIOCGIFNETMASK => user::write(to, &address([255, 0, 0, 0]))?,
        SIOCGIFBRDADDR => user::write(to, &address([0; 4]))?,
        SIOCGIFHWADDR => user::write(to, &[HARDWARE, 0, 0, 0, 0, 0, 0, 0])?,
        SIOCGIFFLAGS => user::write(to, &(FLAGS as u16))?,
        SIOCGIFMETRIC => user::write(to, &0)?,
        SIOCGIFMTU => user::write(to, &MTU)?,
        SIOCGIFTXQLEN => user::write(to, &QUEUE)?,
        _ => user::write(to, &INDEX)?,
    }
    Ok(0)
}

/// `SIOCGIFCONF`: the interfaces that have an IPv4 address. Without a buffer, the room that they need.
fn list(arg: usize) -> Result<usize> {
    let room = user::read::<i32>(arg)?;
    let buf = user::read::<usize>(arg.wrapping_add(8))?;
    if buf == 0 {
        return user::write(arg, &(REQUEST as i32)).map(|()| 0);
    }
    if usize::try_from(room).unwrap_or(0) < REQUEST {
        return user::write(arg, &0).map(|()| 0);
    }
    let mut request = [0; REQUEST];
    for (to, from) in request.iter_mut().zip(NAME.iter().chain(&address([127, 0, 0, 1]))) {
        *to = *from;
    }
    user::write(buf, &request)?;
    user::write(arg, &(REQUEST as i32)).map(|()| 0)
}
