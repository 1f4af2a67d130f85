//! Names and connections: binding, listening, connecting, accepting, shutting down, closing.
//!
//! One lock at a time: what concerns the other end is done after the own lock is released. A connection is complete as soon as
//! it is in the listener's queue, as Linux has it on the loopback. TCP's way there is in `tcp`.

use super::addr::{ANY4, Addr, Ip, LOOPBACK4, LOOPBACK6};
use super::core::{Core, Family, Kind, Place, Role, Socket, State};
use super::options::SOL_TCP;
use super::ports;
use super::queue::{Queue, Ucred};
use crate::kernel::kernel;
use alloc::collections::VecDeque;
use alloc::sync::{Arc, Weak};
use core::sync::atomic::Ordering::Relaxed;
use host::{Errno, Result};

/// The longest queue of connections (`net.core.somaxconn`).
const SOMAXCONN: usize = 4096;

/// Makes two sockets that are connected to each other (`socketpair`).
pub fn pair(kind: Kind, cred: Ucred, owner: (u32, u32)) -> (Socket, Socket) {
    let a = Core::new(Family::Unix, kind, 0, owner);
    let b = Core::new(Family::Unix, kind, 0, owner);
    for (one, other) in [(&a, &b), (&b, &a)] {
        let mut state = one.state.lock();
        state.peer = Some(other.clone());
        state.peer_cred = Some(cred);
        if kind != Kind::Dgram {
            state.role = Role::Connected;
        }
    }
    (Socket::of_core(a), Socket::of_core(b))
}

impl Socket {
    /// `bind` to an abstract name.
    pub fn bind_abstract(&self, name: &[u8]) -> Result<()> {
        let core = self.core();
        let name: Arc<[u8]> = Arc::from(name);
        if !core.state.lock().local.is_none() {
            return Err(Errno::EINVAL);
        }
        kernel().net.add_abstract(&name, core)?;
        core.place(Addr::Unix(name.clone()), Place::Abstract(name));
        Ok(())
    }

    /// `bind` without a name: one is found. Nothing to do for a socket that has one.
    pub fn bind_automatic(&self) -> Result<()> {
        let core = self.core();
        if !core.state.lock().local.is_none() {
            return Ok(());
        }
        let name = kernel().net.add_automatic(core)?;
        core.place(Addr::Unix(name.clone()), Place::Abstract(name));
        Ok(())
    }

    /// `bind` to a path, for which a file has just been made.
    pub fn bind_path(&self, path: &[u8], file: fs_emu::vfs::Path) -> Result<()> {
        let core = self.core();
        let m = file.metadata()?;
        if !core.state.lock().local.is_none() {
            return Err(Errno::EINVAL);
        }
        kernel().net.add_path((m.dev, m.ino), core);
        core.place(Addr::Unix(Arc::from(path)), Place::Path((m.dev, m.ino), file));
        Ok(())
    }

    /// `bind` to an address and a port.
    pub fn bind_ip(&self, at: Ip) -> Result<()> {
        if !at.is_bindable() {
            return Err(Errno::EADDRNOTAVAIL);
        }
        let core = self.core();
        {
            let state = core.state.lock();
            if state.place.is_some() || !matches!(state.role, Role::Idle) {
                return Err(Errno::EINVAL);
            }
        }
        core.bind_port(at)?;
        let mut state = core.state.lock();
        (state.bound_ip, state.bound_port) = (!at.is_any(), at.port != 0);
        Ok(())
    }

    /// `listen`.
    pub fn listen(&self, backlog: i32, cred: Ucred) -> Result<()> {
        let core = self.core();
        if !core.is_connected_kind() {
            return Err(Errno::EOPNOTSUPP);
        }
        if let Some(fd) = core.outside() {
            return host::sys::socket::listen(&fd, backlog as u32);
        }
        let unbound = core.state.lock().local.is_none();
        if unbound && core.is_unix() {
            return Err(Errno::EINVAL);
        }
        if !matches!(core.state.lock().role, Role::Idle | Role::Reset | Role::Listening { .. }) {
            return Err(Errno::EINVAL);
        }
        if !core.is_unix() {
            let port = core.bound_port()?;
            kernel().net.listen(core, port)?;
        }
        // A negative backlog is a large one.
        let limit = (backlog as u32 as usize).min(SOMAXCONN);
        let mut state = core.state.lock();
        let new = !matches!(state.role, Role::Listening { .. });
        match &mut state.role {
            Role::Listening { backlog, .. } => *backlog = limit,
            role => *role = Role::Listening { backlog: limit, pending: VecDeque::new(), waiting: VecDeque::new() },
        }
        state.own_cred = Some(cred);
        if core.is_unix() {
            state.peer_cred = Some(cred);
        }
        let port = state.local.ip().map(|ip| ip.port);
        drop(state);
        if let Some(port) = port.filter(|_| new) {
            core.state.lock().door = core.open_door(port, limit);
        }
        core.admit();
        core.room.wake_all();
        Ok(())
    }

    /// Takes a connection. `EAGAIN` when there is none.
    pub fn accept(&self) -> Result<Socket> {
        let core = self.core();
        if let Some(fd) = core.outside() {
            return self.accept_outside(&fd);
        }
        let mut state = core.state.lock();
        let shut = state.shut_rd;
        let Role::Listening { pending, .. } = &mut state.role else {
            return Err(Errno::EINVAL);
        };
        let ready = pending.iter().position(|c| !c.deferred.load(Relaxed));
        match ready.and_then(|at| pending.remove(at)) {
            None if shut => Err(Errno::EINVAL),
            None => {
                drop(state);
                match core.door() {
                    Some(door) => self.accept_outside(&door),
                    None => Err(Errno::EAGAIN),
                }
            }
            Some(child) => {
                drop(state);
                core.admit();
                core.room.wake_all();
                Ok(Socket::of_core(child))
            }
        }
    }

    /// `connect` of a stream or sequence to a Unix socket. `EAGAIN` when its queue is full.
    pub fn connect_unix(&self, other: &Arc<Core>, cred: Ucred) -> Result<()> {
        let core = self.core();
        if core.options.pass_cred.load(Relaxed) {
            self.bind_automatic()?;
        }
        other.may_connect()?;
        let local = {
            let state = core.state.lock();
            match state.role {
                Role::Idle => state.local.clone(),
                Role::Connected => return Err(Errno::EISCONN),
                _ => return Err(Errno::EINVAL),
            }
        };
        let (name, their_cred) = {
            let state = other.state.lock();
            (state.local.clone(), state.own_cred)
        };
        let child = other.child();
        *child.state.lock() = State {
            role: Role::Connected,
            local: name.clone(),
            remote: local,
            peer: Some(core.clone()),
            peer_cred: Some(cred),
            ..State::default()
        };
        other.enqueue(&child)?;
        core.connected(&child, name, their_cred);
        other.queue.wake_all();
        Ok(())
    }

    /// `connect` of a datagram socket to a Unix socket.
    pub fn connect_datagrams(&self, other: &Arc<Core>) -> Result<()> {
        let core = self.core();
        if core.options.pass_cred.load(Relaxed) {
            self.bind_automatic()?;
        }
        other.may_receive_from(core)?;
        let name = other.state.lock().local.clone();
        let mut state = core.state.lock();
        let old = state.peer.replace(other.clone());
        state.remote = name;
        drop(state);
        drop(old);
        core.queue.wake_all();
        Ok(())
    }

    /// `connect` of a UDP socket.
    pub fn connect_udp(&self, to: Ip) -> Result<()> {
        let core = self.core();
        let (from, to) = core.datagram_way(to)?;
        kernel().net.connect(core, from.port, from.ip, Some(to));
        let mut state = core.state.lock();
        state.local = Addr::Ip(from);
        state.remote = Addr::Ip(to);
        Ok(())
    }

    /// `connect` to `AF_UNSPEC`: takes a connection back.
    pub fn disconnect(&self) {
        let core = self.core();
        let mut state = core.state.lock();
        let old = state.peer.take();
        state.remote = Addr::None;
        if core.kind == Kind::Dgram && !core.is_unix() {
            drop(state);
            core.let_go_of_name();
        } else if core.is_tcp() {
            let role = core::mem::take(&mut state.role);
            (state.shut_rd, state.shut_wr, state.connecting, state.fin, state.peer_gone) =
                (false, false, false, false, false);
            let door = state.door.take();
            drop(state);
            refuse(role, door);
            if let Some(peer) = &old {
                peer.lose_peer(true);
            }
        } else {
            drop(state);
            core.queue.wake_all();
        }
    }

    /// `shutdown`.
    pub fn shutdown(&self, reads: bool, writes: bool) -> Result<()> {
        let core = self.core();
        if let Some(fd) = core.outside() {
            return self.shutdown_outside(&fd, reads, writes);
        }
        if core.is_netlink() {
            return Err(Errno::EOPNOTSUPP);
        }
        if writes {
            core.push_held();
        }
        let mut state = core.state.lock();
        if core.is_tcp() {
            match state.role {
                // Both sides have closed: nothing is left of the connection.
                Role::Connected if state.shut_wr && state.fin => return Err(Errno::ENOTCONN),
                Role::Connected => {}
                Role::Listening { .. } if reads => {
                    let (role, door) = (core::mem::take(&mut state.role), state.door.take());
                    drop(state);
                    core.queue.wake_all();
                    refuse(role, door);
                    return Ok(());
                }
                Role::Listening { .. } => return Ok(()),
                Role::Connecting(_) => {
                    (state.role, state.error, state.connecting) = (Role::Idle, Some(Errno::ECONNRESET), false);
                    drop(state);
                    core.queue.wake_all();
                    return Ok(());
                }
                _ => return Err(Errno::ENOTCONN),
            }
        }
        state.first |= writes && !state.shut_wr && !state.fin;
        state.shut_rd |= reads;
        state.shut_wr |= writes;
        let peer = state.peer.clone().filter(|_| core.is_connected_kind());
        let unconnected = core.kind == Kind::Dgram && !core.is_unix() && state.remote.is_none();
        drop(state);
        if let Some(peer) = &peer {
            peer.other_shut(reads, writes);
        }
        core.queue.wake_all();
        core.room.wake_all();
        if unconnected { Err(Errno::ENOTCONN) } else { Ok(()) }
    }
}

/// What connections do to the shared part.
impl Core {
    fn place(&self, name: Addr, place: Place) {
        let mut state = self.state.lock();
        state.local = name;
        state.place = Some(place);
    }

    pub(super) fn bind_port(self: &Arc<Self>, at: Ip) -> Result<Ip> {
        let port = kernel().net.add_port(self, at)?;
        let at = Ip { port, ..at };
        self.place(Addr::Ip(at), Place::Port(port));
        Ok(at)
    }

    /// The port of an IP socket, which is bound to any if it has none.
    fn bound_port(self: &Arc<Self>) -> Result<u16> {
        self.bound().map(|ip| ip.port)
    }

    /// The address that it is bound to, if need be now.
    pub(super) fn bound(self: &Arc<Self>) -> Result<Ip> {
        let local = self.state.lock().local.ip();
        match local {
            Some(ip) if ip.port != 0 => Ok(ip),
            Some(ip) => self.bind_port(ip),
            None => {
                let any = if self.family == Family::Inet { ANY4 } else { 0 };
                self.bind_port(Ip { ip: any, port: 0 })
            }
        }
    }

    /// A datagram socket is not connected any more: what of its name was not asked for it loses.
    fn let_go_of_name(self: &Arc<Self>) {
        let mut state = self.state.lock();
        let Some(mut ip) = state.local.ip() else { return };
        let (keeps_ip, keeps_port) = (state.bound_ip, state.bound_port);
        let was = ip.port;
        if !keeps_ip {
            ip.ip = if self.family == Family::Inet { ANY4 } else { 0 };
        }
        if !keeps_port {
            ip.port = 0;
        }
        state.local = if keeps_ip || keeps_port { Addr::Ip(ip) } else { Addr::None };
        let place = if keeps_port { None } else { state.place.take() };
        drop(state);
        kernel().net.connect(self, was, ip.ip, None);
        forget_place(self, place);
    }

    /// Where an address leads to. `ENETUNREACH` for everything but the loopback.
    pub(super) fn reach(&self, to: Ip) -> Result<Ip> {
        let to = to.destination();
        if to.is_v4() && self.options.v6_only.load(Relaxed) {
            return Err(Errno::ENETUNREACH);
        }
        if to.is_local() && !to.is_many() { Ok(to) } else { Err(Errno::ENETUNREACH) }
    }

    /// From where and to where a datagram to this address goes.
    pub(super) fn datagram_way(self: &Arc<Self>, to: Ip) -> Result<(Ip, Ip)> {
        if let Some(from) = self.source_to_many(to)? {
            return Ok((from, to));
        }
        let to = self.reach(to)?;
        Ok((self.source(to)?, to))
    }

    /// The address from which it sends there.
    pub(super) fn source(self: &Arc<Self>, to: Ip) -> Result<Ip> {
        let bound = self.bound().map_err(|e| if e == Errno::EADDRINUSE { Errno::EADDRNOTAVAIL } else { e })?;
        if bound.is_any() || bound.is_many() {
            return Ok(Ip { ip: if to.is_v4() { LOOPBACK4 } else { LOOPBACK6 }, ..bound });
        }
        match (bound.is_v4(), to.is_v4()) {
            (true, false) => Err(Errno::EAFNOSUPPORT),
            // Who is bound to an address of IPv6 keeps to that.
            (false, true) if self.state.lock().bound_ip => Err(Errno::ENETUNREACH),
            (false, true) => Ok(Ip { ip: LOOPBACK4, ..bound }),
            _ => Ok(bound),
        }
    }

    pub(super) fn connected(&self, child: &Arc<Core>, name: Addr, cred: Option<Ucred>) {
        let mut state = self.state.lock();
        state.role = Role::Connected;
        let old = state.peer.replace(child.clone());
        state.remote = name;
        state.peer_cred = cred;
        (state.shut_rd, state.shut_wr, state.fin, state.peer_gone) = (false, false, false, false);
        state.first = false;
        drop(state);
        drop(old);
        self.queue.wake_all();
    }

    fn may_connect(&self) -> Result<()> {
        let state = self.state.lock();
        match &state.role {
            Role::Listening { .. } if state.shut_rd => Err(Errno::ECONNREFUSED),
            Role::Listening { backlog, pending, .. } if pending.len() > *backlog => Err(Errno::EAGAIN),
            Role::Listening { .. } => Ok(()),
            _ => Err(Errno::ECONNREFUSED),
        }
    }

    /// Adds the other end of a connection.
    fn enqueue(&self, child: &Arc<Core>) -> Result<()> {
        let mut state = self.state.lock();
        match &mut state.role {
            Role::Listening { backlog, pending, .. } => {
                if pending.len() > *backlog {
                    return Err(Errno::EAGAIN);
                }
                pending.push_back(child.clone());
                Ok(())
            }
            _ => Err(Errno::ECONNREFUSED),
        }
    }

    /// Whether a datagram socket takes anything from another: one that is connected does from its peer only.
    pub(super) fn may_receive_from(&self, from: &Arc<Core>) -> Result<()> {
        let state = self.state.lock();
        if matches!(state.role, Role::Closed) {
            return Err(Errno::ECONNREFUSED);
        }
        match &state.peer {
            Some(peer) if !Arc::ptr_eq(peer, from) => Err(Errno::EPERM),
            _ => Ok(()),
        }
    }

    /// The other end was shut down.
    fn other_shut(&self, reads: bool, writes: bool) {
        self.may_be_accepted();
        let mut state = self.state.lock();
        state.shut_rd |= writes;
        if self.is_unix() {
            state.shut_wr |= reads;
        } else {
            state.fin |= writes;
        }
        drop(state);
        self.queue.wake_all();
        self.room.wake_all();
    }

    /// The other end was closed; `reset` when it had not read everything, or was never accepted.
    pub(super) fn lose_peer(&self, reset: bool) {
        self.may_be_accepted();
        let mut state = self.state.lock();
        state.shut_rd = true;
        if reset {
            state.error = Some(Errno::ECONNRESET);
        }
        if self.is_unix() || reset {
            state.shut_wr = true;
        } else {
            (state.fin, state.peer_gone) = (true, true);
        }
        if !self.is_unix() && reset {
            state.role = Role::Reset;
        }
        drop(state);
        self.queue.wake_all();
        self.room.wake_all();
    }

    /// How long the address of a connection is kept that this side closed first, in ns; `waits`: the other side has not closed
    /// (`FIN_WAIT2`, `TCP_LINGER2`).
    fn lingers(&self, waits: bool) -> Option<u64> {
        const TCP_LINGER2: i32 = 8;
        match self.options.get(SOL_TCP, TCP_LINGER2).filter(|_| waits) {
            Some(seconds) => u64::try_from(seconds).ok().map(|s| s.saturating_mul(1_000_000_000)),
            None => Some(ports::TIME_WAIT),
        }
    }

    /// `SO_LINGER` with a time of zero: closing is a reset.
    fn closes_hard(&self) -> bool {
        self.is_tcp() && self.options.linger.load(Relaxed) == 1
    }
}

/// The last descriptor was closed, or a connection that was never accepted goes with its listener.
pub(super) fn release(core: &Arc<Core>, embryo: bool) {
    core.push_held();
    let mut state = core.state.lock();
    let rx: Queue = core::mem::take(&mut state.rx);
    let role = core::mem::replace(&mut state.role, Role::Closed);
    let (peer, place, door) = (state.peer.take(), state.place.take(), state.door.take());
    let port = state.local.clone();
    let ends = state.local.ip().zip(state.remote.ip());
    let first = state.first || (!state.fin && !state.shut_wr);
    let alone = !state.fin;
    (state.shut_rd, state.shut_wr) = (true, true);
    drop(state);
    drop(core.outside.take());
    forget_place(core, place);
    kernel().net.groups().forget(core);
    if let Addr::Netlink(port, _) = port {
        kernel().net.remove_netlink(core.protocol, port);
    }
    if let Some(peer) = peer.filter(|_| core.is_connected_kind() && !matches!(role, Role::Reset)) {
        let reset = embryo || !rx.is_empty() || core.closes_hard();
        peer.lose_peer(reset);
        if let Some((local, remote)) = ends.filter(|_| core.is_tcp()) {
            kernel().net.ended(remote, local, reset);
            if first
                && !reset
                && let Some(ns) = core.lingers(alone)
            {
                kernel().net.linger_on(core, local, remote, ns);
            }
        }
    }
    refuse(role, door);
    core.queue.wake_all();
    core.room.wake_all();
    kernel().net.discard(rx.into_messages());
}

fn forget_place(core: &Arc<Core>, place: Option<Place>) {
    match &place {
        Some(Place::Path(file, _)) => kernel().net.remove_path(*file),
        Some(Place::Abstract(name)) => kernel().net.remove_abstract(core.kind, name),
        Some(Place::Port(port)) => kernel().net.remove_port(core, *port),
        None => {}
    }
}

/// A socket has no name any more.
pub(super) fn unbind(core: &Arc<Core>) {
    let place = {
        let mut state = core.state.lock();
        (state.local, state.remote) = (Addr::None, Addr::None);
        state.place.take()
    };
    forget_place(core, place);
}

/// Nobody listens any more. Connections that nobody will accept are reset, and those that nobody will take are refused.
fn refuse(role: Role, door: Option<usize>) {
    if let Some(door) = door {
        Core::close_door(door);
    }
    if let Role::Listening { pending, waiting, .. } = role {
        pending.iter().for_each(|child| release(child, true));
        waiting.iter().filter_map(Weak::upgrade).for_each(|client| client.refused());
    }
}
