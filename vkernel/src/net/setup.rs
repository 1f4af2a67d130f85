//! What a sandbox is given of a network when it is made, and who may go where (`--net`, `--net-allow`, `-p`). Locks: none.

use super::addr::{self, Ip};
use super::core::{Core, Family};
use super::names::Net;
use super::netlink::Book;
use super::outside::{self, Published};
use alloc::vec::Vec;
use host::sys::Reach;
use host::{Errno, Result};

/// What a sandbox is given.
pub struct Setup {
    /// Sockets of IP families are the host's (`--net=host`).
    pub host: bool,
    /// Addresses of the host's network that may be connected and sent to. With the host's own network, an empty list is no limit.
    pub allowed: Vec<Ip>,
    /// Ports that are the host's, too.
    pub published: Vec<Published>,
    /// The interfaces that there are.
    pub book: Book,
}

impl Default for Setup {
    /// A loopback and nothing else.
    fn default() -> Setup {
        Setup { host: false, allowed: Vec::new(), published: Vec::new(), book: Book::loopback() }
    }
}

impl Net {
    /// Whether IP sockets are the sandbox's own.
    pub fn is_own(&self) -> bool {
        !self.setup().host
    }

    /// What the runtime asks of the host's network.
    pub fn reach(&self) -> Reach {
        let setup = self.setup();
        match (setup.host || !setup.allowed.is_empty(), setup.published.is_empty()) {
            (true, _) => Reach::Outward,
            (false, false) => Reach::Inward,
            (false, true) => Reach::Nowhere,
        }
    }

    /// The interfaces.
    pub fn book(&self) -> &Book {
        &self.setup().book
    }

    pub(super) fn published(&self) -> &[Published] {
        &self.setup().published
    }

    /// Whether an address leads to the host. `EACCES` with the host's network for one that was not allowed; without it such an address
    /// is no different from any other that nobody knows a way to.
    pub(super) fn leads_outside(&self, core: &Core, to: &[u8]) -> Result<bool> {
        let setup = self.setup();
        if setup.allowed.is_empty() {
            return Ok(setup.host);
        }
        let family = match addr::family_of(to) {
            // An IPv4 address on a socket of IPv6 that sends datagrams is one of IPv4.
            Ok(addr::AF_INET) => Family::Inet,
            Ok(_) => core.family,
            Err(e) => return Err(e),
        };
        match addr::ip(family, to) {
            // Whoever has the socket says what is wrong with such an address.
            Err(_) => Ok(core.outside().is_some()),
            Ok(to) if outside::may_go(&setup.allowed, to) => Ok(true),
            Ok(_) if setup.host => Err(Errno::EACCES),
            // A socket that is outside stays there.
            Ok(_) if core.outside().is_some() => Err(Errno::ENETUNREACH),
            Ok(_) => Ok(false),
        }
    }
}
