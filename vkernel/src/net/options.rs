//! Options of a socket that the kernel looks at, and those that it only remembers (`setsockopt(2)`).

use super::core::Core;
use alloc::collections::BTreeMap;
use alloc::vec::Vec;
use core::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, AtomicUsize, Ordering::Relaxed};
use host::abi::Timespec;
use host::lock::Mutex;
use host::time::Deadline;

/// Buffer sizes as new sockets have them (`net.core.[rw]mem_default`).
pub const DEFAULT_BUFFER: usize = 212_992;
/// The most that anybody may ask for (`net.core.[rw]mem_max`).
pub const MOST_BUFFER: usize = 4 << 20;
/// TCP's, before it is connected and after.
const TCP_SEND: usize = 16 << 10;
const TCP_SEND_CONNECTED: usize = 2_626_560;
const TCP_RECV: usize = 131_072;
/// Least sizes (`SOCK_MIN_SNDBUF`, `SOCK_MIN_RCVBUF`).
const MIN_SEND: usize = 4608;
const MIN_RECV: usize = 2304;

/// Levels of options.
pub(super) const SOL_IP: i32 = 0;
pub(super) const SOL_TCP: i32 = 6;
pub(super) const SOL_IPV6: i32 = 41;
/// `SOL_SOCKET`, and options of its that the kernel looks at although they are only remembered.
pub const SOL_SOCKET: i32 = 1;
pub(super) const SO_OOBINLINE: i32 = 10;
const SO_RCVLOWAT: i32 = 18;
/// `SO_TIMESTAMP` and `SO_TIMESTAMPNS`.
const TIMES: [i32; 2] = [29, 35];

/// Options. Sizes and times are 0 while nobody has set them.
#[derive(Default)]
pub struct Options {
    /// `SO_REUSEADDR`.
    pub reuse_addr: AtomicBool,
    /// `SO_REUSEPORT`.
    pub reuse_port: AtomicBool,
    /// `SO_PASSCRED`.
    pub pass_cred: AtomicBool,
    /// `IPV6_V6ONLY`.
    pub v6_only: AtomicBool,
    /// `SO_TIMESTAMP` or `SO_TIMESTAMPNS`.
    pub(super) tells_time: AtomicBool,
    /// `SO_RCVTIMEO` in ns.
    pub recv_timeout: AtomicU64,
    /// `SO_SNDTIMEO` in ns.
    pub send_timeout: AtomicU64,
    /// `SO_LINGER`: time in seconds plus one; 0 when off.
    pub linger: AtomicU64,
    /// `TCP_CORK`.
    pub(super) cork: AtomicBool,
    /// `IP_MULTICAST_IF`: index of an interface, and an address of it.
    pub(super) group_index: AtomicU32,
    /// See `group_index`.
    pub(super) group_from: AtomicU32,
    /// It has joined groups.
    pub(super) joined: AtomicBool,
    send_buf: AtomicUsize,
    recv_buf: AtomicUsize,
    /// What is only remembered, by level and name.
    others: Mutex<BTreeMap<(i32, i32), i32>>,
}

impl Options {
    /// Takes over what an accepted socket has of its listener.
    pub(super) fn inherit(&self, from: &Options) {
        for (to, from) in [
            (&self.reuse_addr, &from.reuse_addr),
            (&self.reuse_port, &from.reuse_port),
            (&self.pass_cred, &from.pass_cred),
            (&self.v6_only, &from.v6_only),
        ] {
            to.store(from.load(Relaxed), Relaxed);
        }
        self.linger.store(from.linger.load(Relaxed), Relaxed);
        self.send_buf.store(from.send_buf.load(Relaxed), Relaxed);
        self.recv_buf.store(from.recv_buf.load(Relaxed), Relaxed);
        let others = from.others.lock().clone();
        *self.others.lock() = others;
    }

    /// All that are remembered: level, name, value.
    pub(super) fn remembered(&self) -> Vec<(i32, i32, i32)> {
        self.others.lock().iter().map(|((level, name), n)| (*level, *name, *n)).collect()
    }

    /// `SO_SNDBUF` if it was set.
    pub(super) fn set_send_size(&self) -> Option<usize> {
        Some(self.send_buf.load(Relaxed)).filter(|n| *n != 0)
    }

    /// `SO_RCVBUF` if it was set.
    pub(super) fn set_recv_size(&self) -> Option<usize> {
        Some(self.recv_buf.load(Relaxed)).filter(|n| *n != 0)
    }

    /// A remembered option.
    pub fn get(&self, level: i32, name: i32) -> Option<i32> {
        self.others.lock().get(&(level, name)).copied()
    }

    /// Remembers it. Of the two that ask for the time of a datagram the last one holds.
    pub fn set(&self, level: i32, name: i32, value: i32) {
        let mut others = self.others.lock();
        if level == SOL_SOCKET && TIMES.contains(&name) {
            others.extend(TIMES.map(|name| ((level, name), 0)));
            self.tells_time.store(value != 0, Relaxed);
        }
        others.insert((level, name), value);
    }

    /// Sets `SO_SNDBUF`: doubled for the bookkeeping, as Linux does. Without `force` at most the system's limit.
    pub fn set_send_buf(&self, size: i32, force: bool) {
        self.send_buf.store(doubled(size, force).max(MIN_SEND), Relaxed);
    }

    /// Sets `SO_RCVBUF`.
    pub fn set_recv_buf(&self, size: i32, force: bool) {
        self.recv_buf.store(doubled(size, force).max(MIN_RECV), Relaxed);
    }
}

fn doubled(size: i32, force: bool) -> usize {
    // A negative size is a large one.
    let size =
        if force { (size.max(0) as usize).min(i32::MAX as usize / 2) } else { (size as u32 as usize).min(MOST_BUFFER) };
    size * 2
}

impl Core {
    /// `SO_SNDBUF` as it is told.
    pub fn send_buf(&self, connected: bool) -> usize {
        match self.options.send_buf.load(Relaxed) {
            0 if self.is_tcp() => {
                if connected {
                    TCP_SEND_CONNECTED
                } else {
                    TCP_SEND
                }
            }
            0 => DEFAULT_BUFFER,
            n => n,
        }
    }

    /// `SO_RCVBUF` as it is told.
    pub fn recv_buf(&self) -> usize {
        match self.options.recv_buf.load(Relaxed) {
            0 if self.is_tcp() => TCP_RECV,
            0 => DEFAULT_BUFFER,
            n => n,
        }
    }

    /// `SO_RCVLOWAT`: bytes that make a stream readable.
    pub fn least(&self) -> usize {
        self.options.get(SOL_SOCKET, SO_RCVLOWAT).and_then(|n| usize::try_from(n).ok()).unwrap_or(1).max(1)
    }

    /// How long a call may sleep.
    pub fn deadline(&self, sends: bool) -> Option<Deadline> {
        let time = if sends { &self.options.send_timeout } else { &self.options.recv_timeout };
        match time.load(Relaxed) {
            0 => None,
            ns => Deadline::after(Timespec::from_nanos(ns)),
        }
    }
}
