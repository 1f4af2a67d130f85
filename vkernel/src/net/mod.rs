//! Sockets that live in the kernel's own memory.
//!
//! Answers to Linux's `net/socket.c`, `net/unix/`, and to as much of `net/ipv4` and `net/ipv6` as a machine shows whose only
//! interface is the loopback: both ends are in the sandbox, a message is a move between two queues, and no host call is made
//! for it. Left out: raw and packet sockets, collecting cycles of sockets in flight.
//!
//! * `addr`: addresses, as structures and as `struct sockaddr` bytes;
//! * `queue`: messages and the queue that a socket receives from;
//! * `core`: [`Core`], the shared part of a socket that its peers may hold, and [`Socket`], what a descriptor refers to;
//! * `conn`: connecting, listening, accepting, shutting down, closing; `tcp`: TCP's connections, and the queue before a full listener;
//! * `urgent`: TCP's urgent byte; `cork`: bytes that wait for more;
//! * `send`, `recv`: moving messages, one try each;
//! * `poll`: what is ready;
//! * `names`: who is bound to which path, abstract name or port; `ports`: the ports;
//! * `multicast`: groups of IPv4, and broadcasts;
//! * `options`: options that the kernel itself looks at;
//! * `netlink`: netlink sockets, and the book of interfaces; `interface`: the same by `ioctl`;
//! * `setup`: what a sandbox is given of the host's network; `outside`: sockets of the host behind this interface;
//! * `list`: all sockets, for `/proc/net`;
//! * `block`: the loops that sleep.
//!
//! Locks: one of rank OBJECT per socket, one per table of names. None is taken while another of them is held, and what a queue
//! held is dropped after its lock: a message may hold files, and these may be sockets.

pub mod addr;
pub mod block;
mod conn;
mod core;
mod cork;
mod interface;
pub mod list;
mod multicast;
mod names;
pub mod netlink;
pub mod options;
mod outside;
mod poll;
mod ports;
mod queue;
mod recv;
mod send;
mod setup;
mod tcp;
mod urgent;

pub use self::addr::Addr;
pub use self::conn::pair;
pub use self::core::{Core, Family, Kind, Socket};
pub use self::cork::SEGMENT;
pub use self::interface::exists as interface_exists;
pub use self::multicast::Group;
pub use self::names::Net;
pub use self::outside::Published;
pub use self::queue::{Marks, Ucred};
pub use self::recv::{Received, RecvHow};
pub use self::send::{Outgoing, Target};
pub use self::setup::Setup;
pub use self::tcp::Connect;

/// Numbers of the protocols of IP that there are sockets of.
pub mod protocol {
    /// `IPPROTO_TCP`.
    pub const TCP: u32 = 6;
    /// `IPPROTO_UDP`.
    pub const UDP: u32 = 17;
    /// `IPPROTO_UDPLITE`: UDP with other ports, and a checksum that need not cover all. Nothing gets damaged here.
    pub const UDPLITE: u32 = 136;
}

/// TCP's states, as `/proc/net/tcp` and `TCP_INFO` number them.
#[allow(missing_docs)]
pub mod tcp_state {
    pub const ESTABLISHED: u8 = 1;
    pub const SYN_SENT: u8 = 2;
    pub const FIN_WAIT2: u8 = 5;
    pub const CLOSE: u8 = 7;
    pub const CLOSE_WAIT: u8 = 8;
    pub const LISTEN: u8 = 10;
}

/// Flags of sending and receiving (`MSG_*`).
#[allow(missing_docs)]
pub mod msg {
    pub const OOB: u32 = 1;
    pub const PEEK: u32 = 2;
    pub const CTRUNC: u32 = 8;
    pub const TRUNC: u32 = 0x20;
    pub const DONTWAIT: u32 = 0x40;
    pub const EOR: u32 = 0x80;
    pub const CONFIRM: u32 = 0x800;
    pub const WAITALL: u32 = 0x100;
    pub const ERRQUEUE: u32 = 0x2000;
    pub const NOSIGNAL: u32 = 0x4000;
    pub const MORE: u32 = 0x8000;
    pub const WAITFORONE: u32 = 0x10000;
    pub const CMSG_CLOEXEC: u32 = 0x4000_0000;
    /// What the host is to see of a call's flags: those that say neither how to wait nor what the guest's descriptors are.
    pub const FOR_HOST_RECV: u32 = OOB | TRUNC | ERRQUEUE;
    pub const FOR_HOST_SEND: u32 = OOB | 4 | EOR | CONFIRM | MORE;
}
