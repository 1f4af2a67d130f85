//! All sockets, for `/proc/net` (`tcp4_seq_show`, `udp4_seq_show`, `unix_seq_show`, `sockstat_seq_show`).
//!
//! Connections that were closed are not among them, not even those that are remembered for a while (`TIME_WAIT`).
//! Locks: the list's own (a leaf), then one socket's at a time.

use super::addr::{Addr, Ip};
use super::core::{Core, Family, Kind, Role};
use super::protocol::TCP;
use super::tcp_state::*;
use crate::kernel::kernel;
use alloc::collections::BTreeMap;
use alloc::format;
use alloc::string::String;
use alloc::sync::{Arc, Weak};
use alloc::vec::Vec;
use host::lock::{Mutex, rank};

/// Every socket by its inode number.
#[derive(Default)]
pub(super) struct List(Mutex<BTreeMap<u64, Weak<Core>>, { rank::LEAF }>);

impl List {
    pub(super) fn add(&self, core: &Arc<Core>) {
        self.0.lock().insert(core.ino(), Arc::downgrade(core));
    }

    pub(super) fn remove(&self, ino: u64) {
        let gone = self.0.lock().remove(&ino);
        drop(gone);
    }

    fn all(&self) -> Vec<Arc<Core>> {
        let all: Vec<Weak<Core>> = self.0.lock().values().cloned().collect();
        all.iter().filter_map(Weak::upgrade).collect()
    }
}

fn sockets(family: Family, protocol: u32) -> Vec<Arc<Core>> {
    let mut all = kernel().net.sockets().all();
    all.retain(|c| c.family == family && c.protocol == protocol && c.outside().is_none());
    all
}

/// What one line tells.
struct Row {
    local: Ip,
    remote: Ip,
    state: u8,
    /// Bytes on the way out and bytes to be read; of a listener the backlog and how many connections wait.
    queues: (usize, usize),
    uid: u32,
    ino: u64,
}

impl Core {
    /// Which of [`tcp_state`](super::tcp_state).
    pub fn tcp_state(&self) -> u8 {
        let state = self.state.lock();
        match &state.role {
            Role::Listening { .. } => LISTEN,
            Role::Connecting(_) => SYN_SENT,
            Role::Connected if state.fin && state.shut_wr => CLOSE,
            Role::Connected if state.fin => CLOSE_WAIT,
            Role::Connected if state.shut_wr => FIN_WAIT2,
            Role::Connected => ESTABLISHED,
            _ => CLOSE,
        }
    }

    fn row(&self) -> Option<Row> {
        let tcp = match self.kind {
            Kind::Stream => self.tcp_state(),
            _ => CLOSE,
        };
        let state = self.state.lock();
        if state.place.is_none() && !matches!(state.role, Role::Connected | Role::Connecting(_)) {
            return None;
        }
        let remote = match state.role {
            Role::Connecting(to) => Some(to),
            _ => state.remote.ip(),
        };
        let queues = match &state.role {
            Role::Listening { pending, .. } => (0, pending.len()),
            _ => (0, if self.kind == Kind::Stream { state.rx.bytes() } else { state.rx.charge() }),
        };
        let connected = self.kind == Kind::Dgram && remote.is_some();
        Some(Row {
            local: state.local.ip()?,
            remote: remote.unwrap_or_default(),
            state: if connected { ESTABLISHED } else { tcp },
            queues,
            uid: self.uid(),
            ino: self.ino(),
        })
    }
}

/// An address as the tables have it: words of 32 bits in the machine's own order.
fn place(at: Ip, family: Family) -> String {
    let words: Vec<u32> = at.ip.to_be_bytes().as_chunks::<4>().0.iter().map(|w| u32::from_ne_bytes(*w)).collect();
    let words = if family == Family::Inet { words.get(3..) } else { words.get(..) };
    let mut out = String::new();
    for word in words.unwrap_or_default() {
        // Nowhere is 0 in both families.
        let word = if family == Family::Inet && at.ip == 0 { 0 } else { *word };
        out.push_str(&format!("{word:08X}"));
    }
    out.push_str(&format!(":{:04X}", at.port));
    out
}

/// The lines of `/proc/net/tcp`, `tcp6`, `udp`, `udp6`, `udplite`, `udplite6`, without the header.
pub fn ip_lines(family: Family, protocol: u32) -> Vec<String> {
    let cores = sockets(family, protocol);
    let mut rows: Vec<Row> = cores.iter().filter_map(|c| c.row()).collect();
    // Listeners come first; UDP is in the order of ports.
    match protocol {
        TCP => rows.sort_by_key(|r| r.state != LISTEN),
        _ => rows.sort_by_key(|r| r.local.port),
    }
    rows.iter().enumerate().map(|(n, row)| ip_line(n, row, family, protocol == TCP)).collect()
}

fn ip_line(n: usize, row: &Row, family: Family, tcp: bool) -> String {
    let sl = if tcp { n } else { usize::from(row.local.port) };
    let width = if tcp { 4 } else { 5 };
    let (local, remote) = (place(row.local, family), place(row.remote, family));
    let tail = match (tcp, row.state) {
        (true, LISTEN) => " 100 0 0 10 0",
        (true, _) => " 20 4 30 10 -1",
        _ => " 0",
    };
    format!(
        "{sl:width$}: {local} {remote} {:02X} {:08X}:{:08X} 00:00000000 00000000 {:5}        0 {} {} {:016x}{tail}",
        row.state,
        row.queues.0,
        row.queues.1,
        row.uid,
        row.ino,
        if tcp { 1 } else { 2 },
        0,
    )
}

/// The lines of `/proc/net/unix`, without the header.
pub fn unix_lines() -> Vec<Vec<u8>> {
    let mut all = kernel().net.sockets().all();
    all.retain(|c| c.is_unix());
    all.iter().map(|c| unix_line(c)).collect()
}

fn unix_line(core: &Core) -> Vec<u8> {
    const ACCEPTS: u32 = 0x10000;
    const UNCONNECTED: u8 = 1;
    const CONNECTED: u8 = 3;
    let state = core.state.lock();
    let listens = matches!(state.role, Role::Listening { .. });
    let connected = matches!(state.role, Role::Connected) || (core.kind == Kind::Dgram && state.peer.is_some());
    let references = 2 + usize::from(connected);
    let mut out = format!(
        "{:016x}: {references:08X} {:08X} {:08X} {:04X} {:02X} {:5}",
        0,
        0,
        if listens { ACCEPTS } else { 0 },
        core.kind as u32,
        if connected { CONNECTED } else { UNCONNECTED },
        core.ino()
    )
    .into_bytes();
    if let Addr::Unix(name) = &state.local {
        out.push(b' ');
        match name.split_first() {
            Some((0, name)) => {
                out.push(b'@');
                out.extend(name.iter().map(|b| if *b == 0 { b'@' } else { *b }));
            }
            _ => out.extend_from_slice(name.strip_suffix(b"\0").unwrap_or(name)),
        }
    }
    out
}

/// How many sockets of a family and protocol there are.
pub fn count(family: Family, protocol: u32) -> usize {
    sockets(family, protocol).iter().filter(|c| c.row().is_some()).count()
}

/// How many sockets there are at all.
pub fn count_all() -> usize {
    kernel().net.sockets().all().len()
}

/// The lines of `/proc/net/netlink`, without the header.
pub fn netlink_lines() -> Vec<String> {
    let mut all = kernel().net.sockets().all();
    all.retain(|c| c.is_netlink());
    all.iter().map(|c| netlink_line(c)).collect()
}

fn netlink_line(core: &Core) -> String {
    let state = core.state.lock();
    let (port, groups) = match state.local {
        Addr::Netlink(port, groups) => (port, groups),
        _ => (0, 0),
    };
    let (waiting, ino) = (state.rx.charge(), core.ino());
    format!(
        "{:016x} {:<3} {port:<10} {groups:08x} {waiting:<8} 0        0     2        0        {ino:<8}",
        0, core.protocol
    )
}
