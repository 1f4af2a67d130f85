//! Sockets that live in the kernel's own memory.
//!
//! Answers to Linux's `net/socket.c`, `net/unix/`, and to as much of `net/ipv4` and `net/ipv6` as a machine shows whose only
//! interface is the loopback: both ends are in the sandbox, a message is a move between two queues, and no host call is made
//! for it. Left out: host networks, raw and packet sockets, netlink, urgent data, TIME_WAIT, collecting cycles of sockets in flight.
//!
//! * `addr`: addresses, as structures and as `struct sockaddr` bytes;
//! * `queue`: messages and the queue that a socket receives from;
//! * `core`: [`Core`], the shared part of a socket that its peers may hold, and [`Socket`], what a descriptor refers to;
//! * `conn`: connecting, listening, accepting, shutting down, closing;
//! * `send`, `recv`: moving messages, one try each;
//! * `poll`: what is ready;
//! * `names`: who is bound to which path, abstract name or port;
//! * `options`: options that the kernel itself looks at;
//! * `interface`: the one network interface, as `ioctl` shows it;
//! * `block`: the loops that sleep.
//!
//! Locks: one of rank OBJECT per socket, one per table of names. None is taken while another of them is held, and what a queue
//! held is dropped after its lock: a message may hold files, and these may be sockets.

pub mod addr;
pub mod block;
mod conn;
mod core;
mod interface;
mod names;
pub mod options;
mod poll;
mod queue;
mod recv;
mod send;

pub use self::addr::Addr;
pub use self::conn::{Connect, pair};
pub use self::core::{Core, Family, Kind, Socket};
pub use self::names::Net;
pub use self::queue::Ucred;
pub use self::recv::{Received, RecvHow};
pub use self::send::{Outgoing, Target};

/// Flags of sending and receiving (`MSG_*`).
#[allow(missing_docs)]
pub mod msg {
    pub const OOB: u32 = 1;
    pub const PEEK: u32 = 2;
    pub const CTRUNC: u32 = 8;
    pub const TRUNC: u32 = 0x20;
    pub const DONTWAIT: u32 = 0x40;
    pub const EOR: u32 = 0x80;
    pub const WAITALL: u32 = 0x100;
    pub const ERRQUEUE: u32 = 0x2000;
    pub const NOSIGNAL: u32 = 0x4000;
    pub const WAITFORONE: u32 = 0x10000;
    pub const CMSG_CLOEXEC: u32 = 0x4000_0000;
}
