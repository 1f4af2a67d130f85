//! A socket: the part that its peers may hold, and the part that a descriptor refers to.
//!
//! Peers hold the [`Core`]; only descriptors hold the [`Socket`], so that dropping that is closing, however many peers there are.

use super::addr::{Addr, Ip};
use super::cork::Held;
use super::options::Options;
use super::outside::Half;
use super::queue::{Queue, Ucred};
use super::recv::RecvHow;
use super::send::Outgoing;
use super::urgent::Urgent;
use super::{conn, interface, poll};
use crate::kernel::kernel;
use alloc::collections::VecDeque;
use alloc::format;
use alloc::sync::{Arc, Weak};
use alloc::vec::Vec;
use core::any::Any;
use core::sync::atomic::{AtomicBool, AtomicU32, Ordering::Relaxed};
use fs_emu::file::Events;
use fs_emu::vfs::File;
use fs_emu::{FileOps, FileType, Metadata, OpenFlags, SetAttr};
use host::abi::{Timespec, dev_join};
use host::iov::IovIter;
use host::lock::{Mutex, rank};
use host::wait::{PollTable, WaitQueue};
use host::{Errno, Result, time, user};

/// Device number of the file system that sockets are on.
const SOCKFS: u64 = dev_join(0, 8);

/// Address families.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Family {
    Unix,
    Inet,
    Inet6,
    Netlink,
}

/// Types of sockets; values are those of `SOCK_*`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[allow(missing_docs)]
pub enum Kind {
    Stream = 1,
    Dgram = 2,
    SeqPacket = 5,
}

/// What a socket does at the moment.
#[derive(Default)]
pub(super) enum Role {
    /// Nothing yet; all that a datagram socket ever is.
    #[default]
    Idle,
    /// Accepts connections.
    Listening {
        backlog: usize,
        pending: VecDeque<Arc<Core>>,
        /// TCP: those that connect and find it full.
        waiting: VecDeque<Weak<Core>>,
    },
    /// TCP: waits for a listener that is full to take the connection to this address.
    Connecting(Ip),
    /// Is one end of a connection, or was until the other end went.
    Connected,
    /// A connection that was reset.
    Reset,
    /// No descriptor refers to it any more.
    Closed,
}

/// Where a socket is registered under its name.
pub(super) enum Place {
    /// A path; the reference keeps the inode's number from being given to another file.
    Path((u64, u64), #[allow(dead_code)] fs_emu::vfs::Path),
    /// An abstract name.
    Abstract(Arc<[u8]>),
    /// A port.
    Port(u16),
}

/// What the lock guards.
#[derive(Default)]
pub(super) struct State {
    pub(super) role: Role,
    /// What arrived.
    pub(super) rx: Queue,
    pub(super) local: Addr,
    pub(super) remote: Addr,
    /// The other end, or a datagram socket's default destination.
    pub(super) peer: Option<Arc<Core>>,
    pub(super) shut_rd: bool,
    pub(super) shut_wr: bool,
    /// TCP: the other end has closed after it had said so.
    pub(super) peer_gone: bool,
    /// TCP: the end of the other side's stream has arrived.
    pub(super) fin: bool,
    /// TCP: bytes that have come and wait for more.
    pub(super) held: Held,
    /// `bind` has said which address, and which port.
    pub(super) bound_ip: bool,
    /// See `bound_ip`.
    pub(super) bound_port: bool,
    /// When the last datagram came that was read (`SIOCGSTAMP`).
    pub(super) stamp: Option<Timespec>,
    /// TCP: who is to be told when this connection may be accepted (`TCP_DEFER_ACCEPT`).
    pub(super) listener: Option<Weak<Core>>,
    /// TCP: this side has said first that it sends no more.
    pub(super) first: bool,
    /// TCP: bytes that ever arrived, and the urgent one.
    pub(super) arrived: u64,
    pub(super) urgent: Option<Urgent>,
    /// A published port that it listens on, by number.
    pub(super) door: Option<usize>,
    /// TCP: `connect` has answered `EINPROGRESS`, and nobody asked since.
    pub(super) connecting: bool,
    /// For the next call (`SO_ERROR`).
    pub(super) error: Option<Errno>,
    pub(super) own_cred: Option<Ucred>,
    pub(super) peer_cred: Option<Ucred>,
    pub(super) place: Option<Place>,
}

/// The part of a socket that its peers may hold.
pub struct Core {
    /// The address family.
    pub family: Family,
    /// The type.
    pub kind: Kind,
    /// `SO_PROTOCOL`.
    pub protocol: u32,
    /// Options.
    pub options: Options,
    /// The host's half, if it has one.
    pub(super) outside: Half,
    ino: u64,
    uid: u32,
    gid: u32,
    mode: AtomicU32,
    /// The type that was asked for; 0: `kind`.
    asked: AtomicU32,
    born: Timespec,
    /// TCP: nothing has come yet, and before that it is not to be accepted (`TCP_DEFER_ACCEPT`).
    pub(super) deferred: AtomicBool,
    /// TCP: it has held bytes back before.
    pub(super) corks: AtomicBool,
    /// Everybody waits here who waits for this socket.
    pub(super) queue: Arc<WaitQueue>,
    /// Those wait here who send to this socket, or connect to it, and find it full.
    pub(super) room: Arc<WaitQueue>,
    pub(super) state: Mutex<State, { rank::OBJECT }>,
}

impl Core {
    /// A new one with this owner.
    pub(super) fn new(family: Family, kind: Kind, protocol: u32, (uid, gid): (u32, u32)) -> Arc<Core> {
        let core = Arc::new(Core {
            family,
            kind,
            protocol,
            options: Options::default(),
            outside: Half::default(),
            ino: kernel().next_id(),
            uid,
            gid,
            mode: AtomicU32::new(0o777),
            asked: AtomicU32::new(0),
            born: time::coarse(),
            deferred: AtomicBool::new(false),
            corks: AtomicBool::new(false),
            queue: WaitQueue::new(),
            room: WaitQueue::new(),
            state: Mutex::new(State::default()),
        });
        kernel().net.enlist(&core);
        core
    }

    /// The other end of a connection that comes in at this one.
    pub(super) fn child(&self) -> Arc<Core> {
        let child = Core::new(self.family, self.kind, self.protocol, (self.uid, self.gid));
        child.options.inherit(&self.options);
        child
    }

    /// Whether it is of the family of paths.
    pub fn is_unix(&self) -> bool {
        self.family == Family::Unix
    }

    /// Whether it is a TCP socket.
    pub fn is_tcp(&self) -> bool {
        matches!(self.family, Family::Inet | Family::Inet6) && self.kind == Kind::Stream
    }

    /// Whether it has connections.
    pub fn is_connected_kind(&self) -> bool {
        self.kind != Kind::Dgram
    }

    /// `SO_TYPE`. A raw socket of the Unix family is one of datagrams.
    pub fn told_type(&self) -> u32 {
        match self.asked.load(Relaxed) {
            asked @ 1.. if !self.is_unix() => asked,
            _ => self.kind as u32,
        }
    }

    /// The owner.
    pub fn uid(&self) -> u32 {
        self.uid
    }

    /// The inode number.
    pub fn ino(&self) -> u64 {
        self.ino
    }

    /// Permission bits, which a path that it is bound to starts with.
    pub fn mode(&self) -> u32 {
        self.mode.load(Relaxed)
    }

    /// Where senders to it wait for room.
    pub fn room(&self) -> &Arc<WaitQueue> {
        &self.room
    }
}

impl Drop for Core {
    fn drop(&mut self) {
        kernel().net.strike(self.ino);
    }
}

/// What a descriptor refers to. Dropping it is closing it.
pub struct Socket {
    core: Arc<Core>,
    /// `O_NONBLOCK` is set: for `read`, which does not say it.
    nonblock: AtomicBool,
}

impl Socket {
    /// A new socket with this owner.
    pub fn new(family: Family, kind: Kind, protocol: u32, owner: (u32, u32)) -> Socket {
        Socket::of_core(Core::new(family, kind, protocol, owner))
    }

    /// Says which `SOCK_*` was asked for, where several are the same here.
    pub fn with_type(self, kind: u32) -> Socket {
        self.core.asked.store(kind, Relaxed);
        self
    }

    /// Says which of `SOCK_*` beside the type were asked for.
    pub fn with_flags(self, flags: OpenFlags) -> Socket {
        self.nonblock.store(flags.contains(OpenFlags::NONBLOCK), Relaxed);
        self
    }

    pub(super) fn of_core(core: Arc<Core>) -> Socket {
        Socket { core, nonblock: AtomicBool::new(false) }
    }

    /// The socket behind an open file, if it is one.
    pub fn of(file: &File) -> Option<&Socket> {
        file.ops_as()
    }

    /// The part that peers may hold.
    pub fn core(&self) -> &Arc<Core> {
        &self.core
    }

    /// Its name.
    pub fn name(&self) -> Addr {
        if let Some(fd) = self.core.outside() {
            return self.name_outside(&fd, false).unwrap_or_default();
        }
        self.core.state.lock().local.clone()
    }

    /// The other end's name. `ENOTCONN` when there is none.
    pub fn peer_name(&self) -> Result<Addr> {
        if let Some(fd) = self.core.outside() {
            return self.name_outside(&fd, true);
        }
        if self.core.is_netlink() {
            return Ok(self.core.state.lock().remote.clone());
        }
        let state = self.core.state.lock();
        let connected = match self.core.kind {
            Kind::Dgram if !self.core.is_unix() => state.remote.ip().is_some_and(|ip| ip.port != 0),
            Kind::Dgram => state.peer.is_some(),
            _ => matches!(state.role, Role::Connected),
        };
        let remote = state.remote.clone();
        // The name of a Unix socket may come after the connection.
        let peer = state.peer.clone().filter(|_| self.core.is_unix());
        drop(state);
        if !connected {
            return Err(Errno::ENOTCONN);
        }
        Ok(peer.map_or(remote, |peer| peer.state.lock().local.clone()))
    }

    /// Takes the error of an earlier call (`SO_ERROR`).
    pub fn take_error(&self) -> Option<Errno> {
        self.core.state.lock().error.take()
    }

    /// Whether it listens (`SO_ACCEPTCONN`).
    pub fn is_listening(&self) -> bool {
        matches!(self.core.state.lock().role, Role::Listening { .. })
    }

    /// How many connections wait to be accepted, and how many may.
    pub fn backlog(&self) -> (u32, u32) {
        match &self.core.state.lock().role {
            Role::Listening { pending, backlog, .. } => (pending.len() as u32, *backlog as u32),
            _ => (0, 0),
        }
    }

    /// Whether it is connected.
    pub fn is_connected(&self) -> bool {
        matches!(self.core.state.lock().role, Role::Connected)
    }

    /// Who is at the other end (`SO_PEERCRED`).
    pub fn peer_cred(&self) -> Option<Ucred> {
        self.core.state.lock().peer_cred
    }

    /// A write without a reader is also a signal.
    pub fn raises_sigpipe(&self) -> bool {
        self.core.kind == Kind::Stream
    }

    /// Wakes everybody who waits: an option changed.
    pub fn changed(&self) {
        self.core.queue.wake_all();
    }
}

impl Drop for Socket {
    fn drop(&mut self) {
        conn::release(&self.core, false);
    }
}

const FIONREAD: u32 = 0x541b;
const SIOCOUTQ: u32 = 0x5411;
const SIOCATMARK: u32 = 0x8905;
const SIOCGSTAMP: u32 = 0x8906;
const SIOCGSTAMPNS: u32 = 0x8907;

impl FileOps for Socket {
    fn as_any(&self) -> &dyn Any {
        self
    }

    fn release(&self) {
        conn::release(&self.core, false);
    }

    fn read_at(&self, _off: u64, to: &mut IovIter<'_>) -> Result<usize> {
        if to.remaining() == 0 {
            return Ok(0);
        }
        let nonblock = self.nonblock.load(Relaxed);
        self.try_recv(to, RecvHow { nonblock, ..RecvHow::default() }).map(|r| r.len)
    }

    fn write_at(&self, off: u64, from: &mut IovIter<'_>, _append: bool) -> Result<(usize, u64)> {
        self.try_send(from, &mut Outgoing::default()).map(|n| (n, off))
    }

    fn set_flags(&self, flags: OpenFlags) -> Result<()> {
        self.nonblock.store(flags.contains(OpenFlags::NONBLOCK), Relaxed);
        Ok(())
    }

    fn seekable(&self) -> bool {
        false
    }

    fn writes_all(&self) -> bool {
        true
    }

    fn poll(&self, table: Option<&mut PollTable>) -> Events {
        poll::poll(&self.core, table)
    }

    fn ioctl(&self, cmd: u32, arg: usize) -> Result<usize> {
        if let Some(fd) = self.core.outside() {
            return self.ioctl_outside(&fd, cmd, arg);
        }
        let n = match cmd {
            SIOCGSTAMP | SIOCGSTAMPNS if matches!(self.core.family, Family::Inet | Family::Inet6) => {
                let when = self.core.state.lock().stamp.ok_or(Errno::ENOENT)?;
                let fraction = if cmd == SIOCGSTAMP { when.nsec / 1000 } else { when.nsec };
                return user::write(arg, &[when.sec, fraction]).map(|()| 0);
            }
            FIONREAD if self.core.is_netlink() => return Err(Errno::EOPNOTSUPP),
            FIONREAD => self.unread()?,
            SIOCOUTQ => self.unsent()?,
            SIOCATMARK if self.core.is_tcp() => usize::from(self.core.state.lock().at_mark()),
            _ => return interface::ioctl(cmd, arg),
        };
        user::write(arg, &i32::try_from(n).unwrap_or(i32::MAX)).map(|()| 0)
    }

    fn set_attr(&self, attr: &SetAttr) -> Result<()> {
        if let Some(mode) = attr.mode {
            self.core.mode.store(mode & 0o7777, Relaxed);
        }
        Ok(())
    }

    fn describe(&self) -> Vec<u8> {
        format!("socket:[{}]", self.core.ino).into_bytes()
    }

    fn metadata(&self) -> Result<Metadata> {
        let core = &self.core;
        Ok(Metadata {
            dev: SOCKFS,
            ino: core.ino,
            mode: FileType::Socket.mode() | core.mode(),
            nlink: 1,
            uid: core.uid,
            gid: core.gid,
            blksize: 4096,
            atime: core.born,
            mtime: core.born,
            ctime: core.born,
            ..Metadata::default()
        })
    }
}

impl Socket {
    /// Bytes that a read would find (`FIONREAD`): of a stream all, else of the first message.
    fn unread(&self) -> Result<usize> {
        let state = self.core.state.lock();
        if matches!(state.role, Role::Listening { .. }) {
            return Err(Errno::EINVAL);
        }
        Ok(match self.core.kind {
            Kind::Stream if self.core.is_tcp() => state.unread_to_mark(self.core.urgent_inline()),
            Kind::Dgram => state.rx.front().map_or(0, |m| m.rest().len()),
            _ => state.rx.bytes(),
        })
    }

    /// Bytes sent that were not read yet (`SIOCOUTQ`); what TCP has sent counts as arrived.
    fn unsent(&self) -> Result<usize> {
        let state = self.core.state.lock();
        if matches!(state.role, Role::Listening { .. }) {
            return Err(Errno::EINVAL);
        }
        let peer = state.peer.clone();
        drop(state);
        Ok(peer.filter(|_| self.core.is_unix()).map_or(0, |p| p.state.lock().rx.charge()))
    }
}
