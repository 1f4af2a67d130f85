//! Who is bound to which name: paths, abstract names, ports.
//!
//! Locks: one of rank OBJECT per table, none held on return. The tables do not keep sockets alive.

use super::addr::Ip;
use super::core::{Core, Kind};
use super::list::List;
use super::multicast::Groups;
use super::ports::{Binding, Ports};
use super::protocol;
use super::queue::Message;
use super::setup::Setup;
use alloc::collections::{BTreeMap, BTreeSet};
use alloc::format;
use alloc::sync::{Arc, Weak};
use alloc::vec::Vec;
use host::lock::{Mutex, rank};
use host::{Errno, Result};

/// Device and inode number.
type FileId = (u64, u64);

/// Abstract names, each with the socket that has it.
type Names = BTreeMap<(Kind, Arc<[u8]>), Weak<Core>>;

/// The tables.
#[derive(Default)]
pub struct Net {
    paths: Mutex<BTreeMap<FileId, Weak<Core>>, { rank::OBJECT }>,
    abstracts: Mutex<Names, { rank::OBJECT }>,
    ports: Mutex<Ports, { rank::OBJECT }>,
    /// Port numbers of netlink, each with its protocol.
    netlink: Mutex<BTreeSet<(u32, u32)>, { rank::OBJECT }>,
    refuse: Mutex<Refuse>,
    groups: Groups,
    all: List,
    setup: Setup,
}

/// Messages that nobody will read. Dropping one may close a socket that holds more of them, and so on: whoever drops the
/// first drops the rest in a loop.
#[derive(Default)]
struct Refuse {
    messages: Vec<Message>,
    busy: bool,
}

impl Net {
    /// Tables for a sandbox that is given this.
    pub fn new(setup: Setup) -> Net {
        Net { setup, ..Net::default() }
    }

    pub(super) fn setup(&self) -> &Setup {
        &self.setup
    }

    pub(super) fn groups(&self) -> &Groups {
        &self.groups
    }

    /// All sockets.
    pub(super) fn sockets(&self) -> &List {
        &self.all
    }

    pub(super) fn enlist(&self, core: &Arc<Core>) {
        self.all.add(core);
    }

    pub(super) fn strike(&self, ino: u64) {
        self.all.remove(ino);
    }

    /// Takes a port number of netlink: the one asked for, or the process's own if that is free, or any. `EADDRINUSE`.
    pub(super) fn add_netlink(&self, protocol: u32, port: u32, own: u32) -> Result<u32> {
        let mut ports = self.netlink.lock();
        if port != 0 {
            return if ports.insert((protocol, port)) { Ok(port) } else { Err(Errno::EADDRINUSE) };
        }
        // Those that are nobody's process id count down from here.
        const FIRST: i32 = -4097;
        let others = (0..i32::MAX).map(|n| FIRST.wrapping_sub(n) as u32);
        let free = core::iter::once(own).chain(others).find(|p| *p != 0 && !ports.contains(&(protocol, *p)));
        let port = free.ok_or(Errno::EADDRINUSE)?;
        ports.insert((protocol, port));
        Ok(port)
    }

    pub(super) fn remove_netlink(&self, protocol: u32, port: u32) {
        self.netlink.lock().remove(&(protocol, port));
    }

    /// Drops messages, without recursion. No lock may be held.
    pub(super) fn discard(&self, messages: impl Iterator<Item = Message>) {
        let mut heap = self.refuse.lock();
        let before = heap.messages.len();
        heap.messages.extend(messages.filter(|m| !m.files.is_empty()));
        if heap.messages.len() == before || core::mem::replace(&mut heap.busy, true) {
            return;
        }
        while !heap.messages.is_empty() {
            let now = core::mem::take(&mut heap.messages);
            drop(heap);
            drop(now);
            heap = self.refuse.lock();
        }
        heap.busy = false;
    }

    /// The socket bound to a file.
    pub fn at_path(&self, file: FileId) -> Option<Arc<Core>> {
        self.paths.lock().get(&file)?.upgrade()
    }

    pub(super) fn add_path(&self, file: FileId, core: &Arc<Core>) {
        self.paths.lock().insert(file, Arc::downgrade(core));
    }

    pub(super) fn remove_path(&self, file: FileId) {
        self.paths.lock().remove(&file);
    }

    /// The socket of this type with an abstract name.
    pub fn at_abstract(&self, kind: Kind, name: &[u8]) -> Option<Arc<Core>> {
        self.abstracts.lock().get(&(kind, Arc::from(name)))?.upgrade()
    }

    /// `EADDRINUSE` when the name is taken.
    pub(super) fn add_abstract(&self, name: &Arc<[u8]>, core: &Arc<Core>) -> Result<()> {
        let mut names = self.abstracts.lock();
        let key = (core.kind, name.clone());
        if names.get(&key).is_some_and(|c| c.strong_count() > 0) {
            return Err(Errno::EADDRINUSE);
        }
        names.insert(key, Arc::downgrade(core));
        Ok(())
    }

    /// Gives a socket an abstract name that nobody has (`unix_autobind`).
    pub(super) fn add_automatic(&self, core: &Arc<Core>) -> Result<Arc<[u8]>> {
        const NAMES: u64 = 1 << 20;
        for _ in 0..NAMES {
            let number = crate::kernel::kernel().next_id() % NAMES;
            let name: Arc<[u8]> = Arc::from(format!("\0{number:05x}").into_bytes());
            if self.add_abstract(&name, core).is_ok() {
                return Ok(name);
            }
        }
        Err(Errno::ENOSPC)
    }

    pub(super) fn remove_abstract(&self, kind: Kind, name: &Arc<[u8]>) {
        self.abstracts.lock().remove(&(kind, name.clone()));
    }

    /// Binds a socket to an address; port 0 is any that is free. Answers the port.
    pub(super) fn add_port(&self, core: &Arc<Core>, at: Ip) -> Result<u16> {
        let mut ports = self.ports.lock();
        let new = Binding::new(core, at.ip);
        let table = ports.table(core.protocol);
        let port = match at.port {
            0 => table.free().ok_or(Errno::EADDRINUSE)?,
            port if table.conflicts(port, &new, false) => return Err(Errno::EADDRINUSE),
            port => port,
        };
        table.bound.entry(port).or_default().push(new);
        Ok(port)
    }

    pub(super) fn remove_port(&self, core: &Arc<Core>, port: u16) {
        let mut ports = self.ports.lock();
        let table = ports.table(core.protocol);
        if let Some(list) = table.bound.get_mut(&port) {
            list.retain(|b| !b.is_of(core));
            if list.is_empty() {
                table.bound.remove(&port);
            }
        }
    }

    /// A connection was closed by this side first: its address is not given to just anybody for a while (`TIME_WAIT`).
    pub(super) fn linger_on(&self, core: &Arc<Core>, local: Ip, remote: Ip, ns: u64) {
        let binding = Binding::past(core, local, remote);
        self.ports.lock().table(core.protocol).wait(binding, local, remote, ns);
    }

    /// The other side of such a connection has come to its end, too: by a reset or not.
    pub(super) fn ended(&self, local: Ip, remote: Ip, reset: bool) {
        self.ports.lock().table(protocol::TCP).ended(local, remote, reset);
    }

    /// Takes the way from one address to another for a connection of TCP. `EADDRNOTAVAIL` when there is one already.
    pub(super) fn claim(&self, core: &Arc<Core>, from: Ip, to: Ip) -> Result<()> {
        let mut ports = self.ports.lock();
        let table = ports.table(core.protocol);
        if table.is_taken(core, from, to) {
            return Err(Errno::EADDRNOTAVAIL);
        }
        table.change(core, from.port, |b| {
            b.ip = from.ip;
            b.remote = Some(to);
        });
        Ok(())
    }

    /// Marks a bound socket as listening. `EADDRINUSE` when another listens there already.
    pub(super) fn listen(&self, core: &Arc<Core>, port: u16) -> Result<()> {
        let mut ports = self.ports.lock();
        let table = ports.table(core.protocol);
        let ip = table.bound.get(&port).and_then(|l| l.iter().find(|b| b.is_of(core))).map_or(0, |b| b.ip);
        let mut new = Binding::new(core, ip);
        new.listening = true;
        if table.conflicts(port, &new, true) {
            return Err(Errno::EADDRINUSE);
        }
        table.change(core, port, |b| b.listening = true);
        Ok(())
    }

    /// Notes where a UDP socket is connected to, or that it no longer is.
    pub(super) fn connect(&self, core: &Arc<Core>, port: u16, local: u128, remote: Option<Ip>) {
        self.ports.lock().table(core.protocol).change(core, port, |b| {
            b.ip = local;
            b.remote = remote;
        });
    }

    /// Who listens there, for a connection from there.
    pub(super) fn listener(&self, from: Ip, to: Ip) -> Option<Arc<Core>> {
        let mut ports = self.ports.lock();
        ports.table(protocol::TCP).ended(to, from, true);
        ports.turn = ports.turn.wrapping_add(1);
        let turn = ports.turn;
        let list = ports.table(protocol::TCP).bound.get(&to.port)?;
        let able = || list.iter().filter(|b| b.listening && b.takes(to.ip));
        let exact = able().any(|b| b.ip == to.ip);
        let fitting: Vec<&Binding> = able().filter(|b| !exact || b.ip == to.ip).collect();
        // Several with SO_REUSEPORT take turns.
        fitting.get(turn.checked_rem(fitting.len()).unwrap_or(0))?.core.upgrade()
    }

    /// Who receives a datagram.
    pub(super) fn receiver(&self, protocol: u32, from: Ip, to: Ip) -> Option<Arc<Core>> {
        let mut ports = self.ports.lock();
        let list = ports.table(protocol).bound.get(&to.port)?;
        let able = || list.iter().filter(|b| b.takes(to.ip) && b.remote.is_none_or(|r| r == from));
        let rank = |b: &Binding| (b.remote.is_some(), b.ip == to.ip);
        let best = able().max_by_key(|b| rank(b))?;
        if !best.reuse_port {
            return best.core.upgrade();
        }
        // Several with SO_REUSEPORT share what comes, each sender staying with one.
        let group: Vec<&Binding> = able().filter(|b| rank(b) == rank(best) && b.reuse_port).collect();
        group.get(from.hash() % group.len().max(1))?.core.upgrade()
    }

    /// All who are bound to where a datagram goes to that is for many.
    pub(super) fn receivers(&self, protocol: u32, from: Ip, to: Ip) -> Vec<Arc<Core>> {
        let mut ports = self.ports.lock();
        let list = ports.table(protocol).bound.get(&to.port).into_iter().flatten();
        let able = list.filter(|b| b.takes(to.ip) && b.remote.is_none_or(|r| r == from));
        able.filter_map(|b| b.core.upgrade()).collect()
    }
}
