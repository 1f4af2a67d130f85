//! The host descriptors among the watched files, in one host epoll.

use super::{Core, Table};
use alloc::collections::BTreeMap;
use alloc::vec::Vec;
use host::Result;
use host::sys::epoll::HostEpoll;

/// Which items stand behind which host descriptor.
pub(super) struct HostSide {
    epoll: HostEpoll,
    users: BTreeMap<i32, Vec<u64>>,
}

impl HostSide {
    /// An item is gone.
    pub fn unwatch(&mut self, id: u64) {
        let epoll = &self.epoll;
        self.users.retain(|fd, ids| {
            ids.retain(|i| *i != id);
            if ids.is_empty() {
                // The descriptor may be closed already.
                let _ = epoll.remove(*fd);
            }
            !ids.is_empty()
        });
    }

    pub fn raw(&self) -> i32 {
        self.epoll.raw()
    }
}

impl Table {
    /// An item has these host descriptors.
    pub(super) fn watch_host(&mut self, id: u64, fds: &[i32]) -> Result<()> {
        if fds.is_empty() {
            return Ok(());
        }
        let host = self.host()?;
        for fd in fds {
            let ids = host.users.entry(*fd).or_default();
            if ids.is_empty() {
                // What the host does not want to watch is always ready; a watch that was left over serves.
                let _ = host.epoll.add(*fd);
            }
            ids.push(id);
        }
        Ok(())
    }

    /// Made at the first use.
    pub(super) fn host(&mut self) -> Result<&mut HostSide> {
        if self.host.is_none() {
            self.host = Some(HostSide { epoll: HostEpoll::new()?, users: BTreeMap::new() });
        }
        self.host.as_mut().ok_or(host::Errno::ENOMEM)
    }

    /// Edges on the host become wakes.
    pub(super) fn take_host_events(&self, core: &Core) {
        let Some(host) = &self.host else { return };
        let mut fds = [0; 32];
        while let Ok(n) = host.epoll.take(&mut fds) {
            let happened = fds.iter().take(n).filter_map(|fd| host.users.get(fd));
            for item in happened.flatten().filter_map(|id| self.items.get(id)) {
                core.mark(item);
            }
            if n < fds.len() {
                return;
            }
        }
    }
}
