//! Groups of IPv4, which datagrams to many go to (`net/ipv4/igmp.c`), and broadcasts.
//!
//! The loopback is the one interface, so a group is joined there or not at all. There is no route to a group: who sends to one has said through
//! which interface (`IP_MULTICAST_IF`), or is bound to an address of it. Left out: sources that are let through or not
//! (`IP_BLOCK_SOURCE` and others), groups of IPv6.
//!
//! Locks: one of rank OBJECT for the memberships, held alone.

use super::addr::{ANY4, BROADCAST, Ip, LOOPBACK4};
use super::core::{Core, Socket};
use super::options::{SOL_IP, SOL_SOCKET};
use super::queue::Message;
use crate::kernel::kernel;
use alloc::sync::{Arc, Weak};
use alloc::vec::Vec;
use core::sync::atomic::Ordering::Relaxed;
use host::lock::{Mutex, rank};
use host::{Errno, Result};

/// Index of the loopback interface.
const LOOPBACK: u32 = 1;
/// Most groups of one socket (`net.ipv4.igmp_max_memberships`).
const MOST: usize = 20;
/// `224.0.0.1`: all have joined it.
const ALL_HOSTS: u128 = ANY4 | 0xe000_0001;

const IP_MULTICAST_ALL: i32 = 49;
const SO_BROADCAST: i32 = 6;

/// A group as a socket names it (`struct ip_mreqn`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Group {
    /// The group's address, IPv4 as an IPv6 address that is mapped to.
    pub ip: u128,
    /// An address of the interface; `0.0.0.0`: none.
    pub interface: u128,
    /// The interface's index; 0: none.
    pub index: u32,
}

/// Who has joined what.
#[derive(Default)]
pub(super) struct Groups(Mutex<Vec<(Weak<Core>, Group)>, { rank::OBJECT }>);

impl Groups {
    /// Sockets that have joined a group.
    fn members(&self, ip: u128) -> Vec<Weak<Core>> {
        self.0.lock().iter().filter(|(_, g)| g.ip == ip).map(|(core, _)| core.clone()).collect()
    }

    /// A socket is closed.
    pub(super) fn forget(&self, core: &Arc<Core>) {
        if core.options.joined.load(Relaxed) {
            self.0.lock().retain(|(c, _)| c.as_ptr() != Arc::as_ptr(core));
        }
    }
}

impl Group {
    /// The interface that is meant. Without one there is no route to the group.
    fn device(&self) -> Option<u32> {
        match self.index {
            0 if self.interface == ANY4 => None,
            0 => Ip { ip: self.interface, port: 0 }.is_local().then_some(LOOPBACK),
            index => Some(index).filter(|i| *i == LOOPBACK),
        }
    }
}

impl Socket {
    /// `IP_ADD_MEMBERSHIP`.
    pub fn join_group(&self, group: Group) -> Result<()> {
        if !Ip::is_group(group.ip) {
            return Err(Errno::EINVAL);
        }
        group.device().ok_or(Errno::ENODEV)?;
        let core = self.core();
        let mut list = kernel().net.groups().0.lock();
        let own = || list.iter().filter(|(c, _)| c.as_ptr() == Arc::as_ptr(core));
        if own().any(|(_, g)| g.ip == group.ip) {
            return Err(Errno::EADDRINUSE);
        }
        if own().count() >= MOST {
            return Err(Errno::ENOBUFS);
        }
        core.options.joined.store(true, Relaxed);
        list.push((Arc::downgrade(core), group));
        Ok(())
    }

    /// `IP_DROP_MEMBERSHIP`.
    pub fn leave_group(&self, group: Group) -> Result<()> {
        if group.index == 0 && group.interface == ANY4 {
            return Err(Errno::ENODEV);
        }
        let core = self.core();
        let mut list = kernel().net.groups().0.lock();
        let fits = |g: &Group| match group.index {
            0 => g.interface == group.interface,
            index => g.device() == Some(index),
        };
        let at = list.iter().position(|(c, g)| c.as_ptr() == Arc::as_ptr(core) && g.ip == group.ip && fits(g));
        list.swap_remove(at.ok_or(Errno::EADDRNOTAVAIL)?);
        Ok(())
    }

    /// `IP_MULTICAST_IF`: through which interface, and from which address, this sends to groups.
    pub fn set_multicast_if(&self, by: Group) -> Result<()> {
        let options = &self.core().options;
        if by.index == 0 && by.interface == ANY4 {
            options.group_index.store(0, Relaxed);
            options.group_from.store(0, Relaxed);
            return Ok(());
        }
        let index = by.device().ok_or(Errno::EADDRNOTAVAIL)?;
        options.group_index.store(index, Relaxed);
        options.group_from.store(by.interface as u32, Relaxed);
        Ok(())
    }

    /// The address of `IP_MULTICAST_IF`.
    pub fn multicast_if(&self) -> u32 {
        self.core().options.group_from.load(Relaxed)
    }
}

impl Core {
    /// From which address a datagram to many goes there. `None` when it is to one.
    pub(super) fn source_to_many(self: &Arc<Self>, to: Ip) -> Result<Option<Ip>> {
        if !to.is_many() {
            return Ok(None);
        }
        let bound = self.bound()?;
        let own = Some(bound.ip).filter(|ip| !bound.is_any() && !Ip { ip: *ip, port: 0 }.is_many());
        let from = if Ip::is_group(to.ip) {
            let named = self.options.group_from.load(Relaxed);
            let named = if named == 0 { LOOPBACK4 } else { ANY4 | u128::from(named) };
            own.or_else(|| (self.options.group_index.load(Relaxed) != 0).then_some(named))
        } else if to.ip == BROADCAST {
            own
        } else {
            own.or(Some(LOOPBACK4))
        };
        let from = from.filter(|ip| Ip { ip: *ip, port: 0 }.is_v4()).ok_or(Errno::ENETUNREACH)?;
        if !Ip::is_group(to.ip) && self.options.get(SOL_SOCKET, SO_BROADCAST).unwrap_or(0) == 0 {
            return Err(Errno::EACCES);
        }
        Ok(Some(Ip { ip: from, ..bound }))
    }
}

/// Gives a datagram to all who receive what is sent to many (`__udp4_lib_mcast_deliver`).
pub(super) fn deliver(protocol: u32, from: Ip, to: Ip, message: &Message) -> Result<()> {
    let net = &kernel().net;
    let group = Ip::is_group(to.ip);
    let members = if group { net.groups().members(to.ip) } else { Vec::new() };
    if group && members.is_empty() && to.ip != ALL_HOSTS {
        return Ok(());
    }
    for other in net.receivers(protocol, from, to) {
        let member = members.iter().any(|m| m.as_ptr() == Arc::as_ptr(&other));
        let hears = !group || member || other.options.get(SOL_IP, IP_MULTICAST_ALL).unwrap_or(1) != 0;
        if hears {
            other.receive(message.copy()?)?;
        }
    }
    Ok(())
}
