//! Ports: who is bound to which, and whose is kept although the connection is over (`inet_hashtables.c`, `inet_timewait_sock.c`).
//!
//! Plain data under the lock of `names`.

use super::addr::{ANY4, Ip};
use super::core::{Core, Kind};
use super::protocol;
use alloc::collections::{BTreeMap, VecDeque};
use alloc::sync::{Arc, Weak};
use alloc::vec::Vec;
use core::sync::atomic::Ordering::Relaxed;
use host::time;

/// How long a connection is remembered that this side closed first (`TCP_TIMEWAIT_LEN`), in ns.
pub(super) const TIME_WAIT: u64 = 60_000_000_000;
/// After this time somebody else may have the same connection (`net.ipv4.tcp_tw_reuse` on the loopback).
const REUSE_AFTER: u64 = 1_000_000_000;
/// So many are remembered at most (`net.ipv4.tcp_max_tw_buckets`).
const MOST_PAST: usize = 16 << 10;
/// Ports that a socket is given which did not ask for one (`ip_local_port_range`).
const FIRST_FREE: u16 = 32768;
const LAST_FREE: u16 = 60999;

#[derive(Default)]
pub(super) struct Ports {
    tcp: PortTable,
    udp: PortTable,
    udplite: PortTable,
    pub(super) turn: usize,
}

#[derive(Default)]
pub(super) struct PortTable {
    pub(super) bound: BTreeMap<u16, Vec<Binding>>,
    last: u16,
    /// Connections in `TIME_WAIT`, by local port, remote end and local address.
    past: BTreeMap<(u16, Ip, u128), Past>,
    /// The same in the order in which they will be forgotten, nearly.
    order: VecDeque<(u16, Ip, u128)>,
}

/// A connection that is over.
struct Past {
    binding: Binding,
    /// When it began to be over, and until when its address is kept, in ns of the monotonic clock.
    since: u64,
    until: u64,
}

/// Who is bound to a port.
pub(super) struct Binding {
    pub(super) core: Weak<Core>,
    pub(super) ip: u128,
    v6_only: bool,
    reuse_addr: bool,
    pub(super) reuse_port: bool,
    uid: u32,
    datagrams: bool,
    pub(super) listening: bool,
    pub(super) remote: Option<Ip>,
}

impl Ports {
    pub(super) fn table(&mut self, protocol: u32) -> &mut PortTable {
        match protocol {
            protocol::UDP => &mut self.udp,
            protocol::UDPLITE => &mut self.udplite,
            _ => &mut self.tcp,
        }
    }
}

impl PortTable {
    pub(super) fn free(&mut self) -> Option<u16> {
        let any = self.order.len() * 2 > usize::from(LAST_FREE - FIRST_FREE);
        for _ in FIRST_FREE..=LAST_FREE {
            self.last = if (FIRST_FREE..LAST_FREE).contains(&self.last) { self.last + 1 } else { FIRST_FREE };
            if !self.bound.contains_key(&self.last) && (any || self.past_of(self.last).next().is_none()) {
                return Some(self.last);
            }
        }
        None
    }

    pub(super) fn conflicts(&self, port: u16, new: &Binding, among_listeners: bool) -> bool {
        let others = self.bound.get(&port).into_iter().flatten().filter(|b| !b.core.ptr_eq(&new.core));
        others.filter(|b| !among_listeners || b.listening).any(|b| new.conflicts(b))
            || (!among_listeners && self.past_of(port).any(|p| new.conflicts(&p.binding)))
    }

    /// Connections that are over and whose local port is kept.
    fn past_of(&self, port: u16) -> impl Iterator<Item = &Past> {
        let now = if self.past.is_empty() { 0 } else { time::monotonic().as_nanos() };
        let first = (port, Ip::default(), 0);
        let last = (port, Ip { ip: u128::MAX, port: u16::MAX }, u128::MAX);
        self.past.range(first..=last).map(|(_, p)| p).filter(move |p| p.until > now)
    }

    /// Keeps an address for a while.
    pub(super) fn wait(&mut self, binding: Binding, local: Ip, remote: Ip, ns: u64) {
        let since = time::monotonic().as_nanos();
        while let Some(key) = self.order.front().copied() {
            match self.past.get(&key) {
                Some(p) if p.until > since && self.order.len() < MOST_PAST => break,
                _ => self.past.remove(&key),
            };
            self.order.pop_front();
        }
        let key = (local.port, remote, local.ip);
        if self.past.insert(key, Past { binding, since, until: since.saturating_add(ns) }).is_none() {
            self.order.push_back(key);
        }
    }

    /// The other end is gone: a reset ends the waiting, anything else begins it anew.
    pub(super) fn ended(&mut self, local: Ip, remote: Ip, reset: bool) {
        let key = (local.port, remote, local.ip);
        if self.past.is_empty() {
            return;
        }
        if reset {
            self.past.remove(&key);
        } else if let Some(past) = self.past.get_mut(&key) {
            past.until = time::monotonic().as_nanos().saturating_add(TIME_WAIT);
        }
    }

    /// Whether somebody else has a connection from there to there, or had until a moment ago (`tcp_twsk_unique`).
    pub(super) fn is_taken(&self, core: &Arc<Core>, from: Ip, to: Ip) -> bool {
        let same = |b: &&Binding| b.ip == from.ip && b.remote == Some(to) && !b.is_of(core);
        let now = self.past.get(&(from.port, to, from.ip)).map(|p| (p, time::monotonic().as_nanos()));
        self.bound.get(&from.port).into_iter().flatten().any(|b| same(&b))
            || now.is_some_and(|(p, now)| p.until > now && now < p.since.saturating_add(REUSE_AFTER))
    }

    pub(super) fn change(&mut self, core: &Arc<Core>, port: u16, change: impl FnOnce(&mut Binding)) {
        let list = self.bound.get_mut(&port);
        if let Some(binding) = list.and_then(|l| l.iter_mut().find(|b| b.is_of(core))) {
            change(binding);
        }
    }
}

impl Binding {
    pub(super) fn new(core: &Arc<Core>, ip: u128) -> Binding {
        let o = &core.options;
        Binding {
            core: Arc::downgrade(core),
            ip,
            v6_only: o.v6_only.load(Relaxed),
            reuse_addr: o.reuse_addr.load(Relaxed),
            reuse_port: o.reuse_port.load(Relaxed),
            uid: core.uid(),
            datagrams: core.kind == Kind::Dgram,
            listening: false,
            remote: None,
        }
    }

    /// What is left of a connection.
    pub(super) fn past(core: &Arc<Core>, local: Ip, remote: Ip) -> Binding {
        Binding { core: Weak::new(), remote: Some(remote), ..Binding::new(core, local.ip) }
    }

    pub(super) fn is_of(&self, core: &Arc<Core>) -> bool {
        core::ptr::eq(self.core.as_ptr(), Arc::as_ptr(core))
    }

    /// Whether what is sent to an address comes here.
    pub(super) fn takes(&self, to: u128) -> bool {
        let v4 = Ip { ip: to, port: 0 }.is_v4();
        self.ip == to || (self.ip == ANY4 && v4) || (self.ip == 0 && !(v4 && self.v6_only))
    }

    fn conflicts(&self, other: &Binding) -> bool {
        if !self.takes(other.ip) && !other.takes(self.ip) {
            return false;
        }
        let shared_port = self.reuse_port && other.reuse_port && self.uid == other.uid;
        let listens = self.listening || other.listening;
        let shared_addr = self.reuse_addr && other.reuse_addr && (self.datagrams || !listens);
        !shared_port && !shared_addr
    }
}
