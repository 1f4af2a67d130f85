//! Control messages (`net/core/scm.c`, `cmsg(3)`): files and credentials of Unix sockets, times, and what IP tells of a datagram.

use super::path;
use crate::table::Ptr;
use alloc::vec;
use alloc::vec::Vec;
use fs_emu::cred::Caps;
use fs_emu::vfs::file::OpenRef;
use host::{Errno, Result, user};
use vkernel::Task;
use vkernel::kernel::kernel;
use vkernel::net::addr::{Ip, LOOPBACK4};
use vkernel::net::{Family, Outgoing, Received, Socket, Ucred, msg};

const SOL_SOCKET: i32 = 1;
const SOL_IP: i32 = 0;
const SOL_TCP: i32 = 6;
const SOL_IPV6: i32 = 41;
const TCP_INQ: i32 = 36;
const SCM_RIGHTS: i32 = 1;
const SCM_CREDENTIALS: i32 = 2;
const SO_TIMESTAMP: i32 = 29;
const SO_TIMESTAMPNS: i32 = 35;
const IP_TOS: i32 = 1;
const IP_TTL: i32 = 2;
const IP_PKTINFO: i32 = 8;
const IP_RECVTTL: i32 = 12;
const IP_RECVTOS: i32 = 13;
/// `IP_RECVORIGDSTADDR` and `IPV6_RECVORIGDSTADDR` have the same numbers.
const IP_ORIGDSTADDR: i32 = 20;
const IPV6_ORIGDSTADDR: i32 = 74;
const IPV6_RECVPKTINFO: i32 = 49;
const IPV6_PKTINFO: i32 = 50;
const IPV6_RECVHOPLIMIT: i32 = 51;
const IPV6_HOPLIMIT: i32 = 52;
const IPV6_RECVTCLASS: i32 = 66;
const IPV6_TCLASS: i32 = 67;
/// Bytes of `struct cmsghdr`.
const HEADER: usize = 16;
/// Most files of one message.
const SCM_MAX_FD: usize = 253;
/// Most bytes of control messages (`net.core.optmem_max`).
const OPTMEM_MAX: usize = 131_072;
/// Who sends without having said so.
const NOBODY: Ucred = Ucred { pid: 0, uid: 65534, gid: 65534 };

/// Reads what is to be sent along (`scm_send`).
pub(super) fn read(task: &Task, socket: &Socket, at: Ptr, len: usize) -> Result<Outgoing> {
    let mut out = Outgoing::default();
    if len > OPTMEM_MAX {
        return Err(Errno::ENOBUFS);
    }
    let mut bytes = vec![0; len];
    user::copy_in(&mut bytes, at.0)?;
    if socket.core().outside().is_some() || !kernel().net.is_own() {
        out.control = bytes.clone();
    }
    let mut rest = bytes.as_slice();
    while let Some(header) = rest.get(..HEADER) {
        let (size, level, kind) = (word(header, 0), int(header, 8), int(header, 12));
        let size = usize::try_from(size).unwrap_or(usize::MAX);
        let data = rest.get(HEADER..size).ok_or(Errno::EINVAL)?;
        match level {
            SOL_SOCKET => read_one(task, socket, kind, data, &mut out)?,
            SOL_IP | SOL_IPV6 if !socket.core().is_unix() => read_mark(level, kind, data, &mut out)?,
            _ => {}
        }
        rest = rest.get(size.next_multiple_of(8)..).unwrap_or_default();
    }
    Ok(out)
}

fn word(bytes: &[u8], at: usize) -> u64 {
    bytes.get(at..at + 8).and_then(|b| b.try_into().ok()).map_or(0, u64::from_ne_bytes)
}

fn int(bytes: &[u8], at: usize) -> i32 {
    bytes.get(at..at + 4).and_then(|b| b.try_into().ok()).map_or(0, i32::from_ne_bytes)
}

/// What a datagram is to be marked with (`ip_cmsg_send`, `ip6_datagram_send_ctl`).
fn read_mark(level: i32, kind: i32, data: &[u8], out: &mut Outgoing) -> Result<()> {
    let number = match data.len() {
        1 if kind == IP_TOS && level == SOL_IP => data.first().map_or(0, |b| i32::from(*b)),
        4 => int(data, 0),
        _ if matches!((level, kind), (SOL_IP, IP_TOS | IP_TTL) | (SOL_IPV6, IPV6_TCLASS | IPV6_HOPLIMIT)) => {
            return Err(Errno::EINVAL);
        }
        _ => return Ok(()),
    };
    let (at, least) = match (level, kind) {
        (SOL_IP, IP_TOS) => (0, 0),
        (SOL_IP, IP_TTL) => (1, 1),
        (SOL_IPV6, IPV6_TCLASS) => (2, -1),
        (SOL_IPV6, IPV6_HOPLIMIT) => (3, -1),
        _ => return Ok(()),
    };
    if !(least..=255).contains(&number) {
        return Err(Errno::EINVAL);
    }
    // No hop limit is the socket's; no class is all of its bits.
    let mark = Some(number as u8).filter(|_| number >= 0 || kind == IPV6_TCLASS);
    out.marks.iter_mut().skip(at).take(1).for_each(|m| *m = mark);
    Ok(())
}

fn read_one(task: &Task, socket: &Socket, kind: i32, data: &[u8], out: &mut Outgoing) -> Result<()> {
    if !socket.core().is_unix() {
        return if matches!(kind, SCM_RIGHTS | SCM_CREDENTIALS) { Ok(()) } else { Err(Errno::EINVAL) };
    }
    match kind {
        SCM_RIGHTS => read_files(task, data, &mut out.files),
        SCM_CREDENTIALS if data.len() == size_of::<Ucred>() => {
            let cred = Ucred { pid: int(data, 0) as u32, uid: int(data, 4) as u32, gid: int(data, 8) as u32 };
            may_say(task, cred)?;
            (out.cred, out.said) = (Some(cred), true);
            Ok(())
        }
        _ => Err(Errno::EINVAL),
    }
}

fn read_files(task: &Task, data: &[u8], files: &mut Vec<OpenRef>) -> Result<()> {
    let numbers = data.chunks_exact(4).map(|b| int(b, 0));
    if numbers.len() + files.len() > SCM_MAX_FD {
        return Err(Errno::EINVAL);
    }
    for fd in numbers {
        files.push(path::table(task)?.get_open(fd)?);
    }
    Ok(())
}

/// Whether the caller may say that it is this one (`scm_check_creds`).
fn may_say(task: &Task, said: Ucred) -> Result<()> {
    let own = task.cred();
    let pid = said.pid == task.tgid() || own.capable(Caps::SYS_ADMIN);
    let uid = [own.uid, own.euid, own.suid].contains(&said.uid) || own.capable(Caps::SETUID);
    let gid = [own.gid, own.egid, own.sgid].contains(&said.gid) || own.capable(Caps::SETGID);
    if pid && uid && gid { Ok(()) } else { Err(Errno::EPERM) }
}

/// The guest's buffer for control messages.
pub(super) struct Control {
    at: usize,
    room: usize,
    used: usize,
    flags: u32,
}

impl Control {
    /// The buffer of a `struct msghdr`.
    pub(super) fn new(at: Ptr, len: usize) -> Control {
        Control { at: at.0, room: if at.0 == 0 { 0 } else { len }, used: 0, flags: 0 }
    }

    /// Bytes written.
    pub(super) fn used(&self) -> usize {
        self.used
    }

    /// `MSG_CTRUNC`, if something did not fit.
    pub(super) fn flags(&self) -> u32 {
        self.flags
    }

    /// What the host made, which fits: it was told the room.
    fn put_raw(&mut self, bytes: &[u8]) -> Result<()> {
        user::copy_out(self.at, bytes)?;
        self.used += bytes.len();
        Ok(())
    }

    /// Adds a message, cut where the room ends (`put_cmsg`).
    fn put(&mut self, level: i32, kind: i32, data: &[u8]) -> Result<()> {
        let room = self.room - self.used;
        if room < HEADER {
            self.flags |= msg::CTRUNC;
            return Ok(());
        }
        let mut len = HEADER + data.len();
        if room < len {
            self.flags |= msg::CTRUNC;
            len = room;
        }
        let at = self.at + self.used;
        user::write(at, &len)?;
        user::write(at + 8, &[level, kind])?;
        user::copy_out(at + HEADER, data.get(..len - HEADER).unwrap_or_default())?;
        self.used += len.next_multiple_of(8).min(room);
        Ok(())
    }
}

/// Writes what came along (`scm_recv`, `sock_recv_timestamp`, `ip_cmsg_recv`).
pub(super) fn write(task: &Task, socket: &Socket, got: &mut Received, control: &mut Control, flags: u32) -> Result<()> {
    let core = socket.core();
    if core.outside().is_some() {
        return control.put_raw(&got.control);
    }
    if core.is_netlink() {
        return write_netlink(socket, got, control);
    }
    if core.kind == vkernel::net::Kind::Dgram {
        write_time(socket, got, control)?;
    }
    if !core.is_unix() {
        return write_ip(socket, got, control);
    }
    if core.options.pass_cred.load(core::sync::atomic::Ordering::Relaxed) && !got.end {
        write_cred(got.cred.unwrap_or(NOBODY), control)?;
    }
    write_files(task, core::mem::take(&mut got.files), control, flags & msg::CMSG_CLOEXEC != 0)
}

/// Gives the caller descriptors of the files, as many as there is room for; the others are closed.
fn write_files(task: &Task, files: Vec<OpenRef>, control: &mut Control, cloexec: bool) -> Result<()> {
    let room = (control.room - control.used).saturating_sub(HEADER) / 4;
    if files.len() > room {
        control.flags |= msg::CTRUNC;
    }
    let (table, limit) = (path::table(task)?, path::fd_limit(task));
    let mut numbers = Vec::new();
    for file in files.into_iter().take(room) {
        let at = control.at.wrapping_add(control.used + HEADER + 4 * numbers.len());
        let Ok(slot) = table.reserve(0, limit) else {
            control.flags |= msg::CTRUNC;
            break;
        };
        user::write(at, &slot.fd())?;
        numbers.extend_from_slice(&[slot.publish(file, cloexec)]);
    }
    if numbers.is_empty() {
        return Ok(());
    }
    let at = control.at + control.used;
    let len = HEADER + 4 * numbers.len();
    user::write(at, &len)?;
    user::write(at + 8, &[SOL_SOCKET, SCM_RIGHTS])?;
    control.used += len.next_multiple_of(8).min(control.room - control.used);
    Ok(())
}

const SOL_NETLINK: i32 = 270;
const NETLINK_PKTINFO: i32 = 3;

/// The kernel is who sends; to no group.
fn write_netlink(socket: &Socket, got: &Received, control: &mut Control) -> Result<()> {
    if wants(socket, SOL_NETLINK, NETLINK_PKTINFO) {
        control.put(SOL_NETLINK, NETLINK_PKTINFO, &0u32.to_ne_bytes())?;
    }
    if socket.core().options.pass_cred.load(core::sync::atomic::Ordering::Relaxed) {
        write_cred(got.cred.unwrap_or(NOBODY), control)?;
    }
    Ok(())
}

fn write_cred(cred: Ucred, control: &mut Control) -> Result<()> {
    let mut data = Vec::new();
    [cred.pid, cred.uid, cred.gid].iter().for_each(|n| data.extend_from_slice(&n.to_ne_bytes()));
    control.put(SOL_SOCKET, SCM_CREDENTIALS, &data)
}

fn wants(socket: &Socket, level: i32, name: i32) -> bool {
    socket.core().options.get(level, name).unwrap_or(0) != 0
}

fn write_time(socket: &Socket, got: &Received, control: &mut Control) -> Result<()> {
    let mut put = |name, fraction: i64| {
        let mut data = got.when.sec.to_ne_bytes().to_vec();
        data.extend_from_slice(&fraction.to_ne_bytes());
        control.put(SOL_SOCKET, name, &data)
    };
    if wants(socket, SOL_SOCKET, SO_TIMESTAMPNS) {
        return put(SO_TIMESTAMPNS, got.when.nsec);
    }
    if wants(socket, SOL_SOCKET, SO_TIMESTAMP) {
        return put(SO_TIMESTAMP, got.when.nsec / 1000);
    }
    Ok(())
}

/// Index of the loopback interface.
const LOOPBACK: i32 = 1;

fn write_ip(socket: &Socket, got: &Received, control: &mut Control) -> Result<()> {
    if socket.core().is_tcp() && wants(socket, SOL_TCP, TCP_INQ) && !got.end {
        let left = i32::try_from(got.left).unwrap_or(i32::MAX);
        return control.put(SOL_TCP, TCP_INQ, &left.to_ne_bytes());
    }
    let Some(to) = got.to.ip() else { return Ok(()) };
    let [class, hops] = [got.marks.class, got.marks.hops];
    if wants(socket, SOL_IPV6, IPV6_RECVPKTINFO) {
        let mut data = to.ip.to_be_bytes().to_vec();
        data.extend_from_slice(&LOOPBACK.to_ne_bytes());
        control.put(SOL_IPV6, IPV6_PKTINFO, &data)?;
    }
    if to.is_v4() {
        return write_ip4(socket, to, got, control);
    }
    if wants(socket, SOL_IPV6, IPV6_RECVHOPLIMIT) {
        control.put(SOL_IPV6, IPV6_HOPLIMIT, &i32::from(hops).to_ne_bytes())?;
    }
    if wants(socket, SOL_IPV6, IPV6_RECVTCLASS) {
        control.put(SOL_IPV6, IPV6_TCLASS, &i32::from(class).to_ne_bytes())?;
    }
    if wants(socket, SOL_IPV6, IPV6_ORIGDSTADDR) {
        control.put(SOL_IPV6, IPV6_ORIGDSTADDR, &got.to.encode(Family::Inet6))?;
    }
    Ok(())
}

fn write_ip4(socket: &Socket, to: Ip, got: &Received, control: &mut Control) -> Result<()> {
    if wants(socket, SOL_IP, IP_PKTINFO) {
        let here = if to.is_many() { LOOPBACK4 } else { to.ip };
        let mut data = LOOPBACK.to_ne_bytes().to_vec();
        data.extend_from_slice(&(here as u32).to_be_bytes());
        data.extend_from_slice(&(to.ip as u32).to_be_bytes());
        control.put(SOL_IP, IP_PKTINFO, &data)?;
    }
    if wants(socket, SOL_IP, IP_RECVTTL) {
        control.put(SOL_IP, IP_TTL, &i32::from(got.marks.hops).to_ne_bytes())?;
    }
    if wants(socket, SOL_IP, IP_RECVTOS) {
        control.put(SOL_IP, IP_TOS, &[got.marks.class])?;
    }
    if wants(socket, SOL_IP, IP_ORIGDSTADDR) {
        control.put(SOL_IP, IP_ORIGDSTADDR, &got.to.encode(Family::Inet))?;
    }
    Ok(())
}
