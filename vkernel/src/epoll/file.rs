//! An epoll as an open file, and `epoll_wait`.

use super::item::Item;
use super::{Collected, Epoll};
use crate::files::io::InUse;
use crate::task::{Task, Wait};
use alloc::format;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::any::Any;
use fs_emu::FileOps;
use fs_emu::file::Events;
use fs_emu::vfs::File;
use host::time::Deadline;
use host::wait::PollTable;
use host::{Errno, Result};

impl FileOps for Epoll {
    fn as_any(&self) -> &dyn Any {
        self
    }

    fn seekable(&self) -> bool {
        false
    }

    fn spliceable(&self) -> bool {
        false
    }

    fn poll(&self, table: Option<&mut PollTable>) -> Events {
        if let Some(table) = table {
            table.wait_on(&self.core.pollers);
            // Host descriptors may be added while somebody polls, who then would not know.
            if let Ok(host) = self.table.lock().host() {
                table.wait_on_host(host.raw(), Events::IN.bits() as i16);
            }
        }
        if self.is_ready() { Events::IN | Events::RDNORM } else { Events::empty() }
    }

    fn describe(&self) -> Vec<u8> {
        b"anon_inode:[eventpoll]".to_vec()
    }

    fn fd_info(&self) -> Vec<u8> {
        let line = |item: &Arc<Item>| {
            let (fd, events, data) = (item.key.1, item.interest(), item.data());
            format!("tfd: {fd:8} events: {events:8x} data: {data:16x}  pos:0 ino:0 sdev:0\n")
        };
        self.table.lock().items.values().flat_map(|i| line(i).into_bytes()).collect()
    }
}

impl Epoll {
    /// Registers a sleeper; answers whether it sleeps on the host's epoll too.
    fn register(&self, table: &mut PollTable) -> bool {
        table.wait_on(&self.core.waiters);
        let host = self.table.lock().host.as_ref().map(|h| h.raw());
        if let Some(fd) = host {
            table.wait_on_host(fd, Events::IN.bits() as i16);
        }
        host.is_some()
    }

    fn has_host(&self) -> bool {
        self.table.lock().host.is_some()
    }
}

/// `epoll_wait(2)`: sleeps until something is ready; nothing when the time is up.
pub fn wait(task: &Task, file: Arc<File>, max: usize, deadline: Option<Deadline>) -> Result<Collected> {
    let mut file = InUse::new(task, file);
    file.park();
    loop {
        let mut on_host = None;
        let slept = task.wait_for(deadline, |table| {
            let file = match file.get() {
                Ok(file) => file,
                Err(e) => return Some(Err(e)),
            };
            let Some(epoll) = Epoll::of(&file) else { return Some(Err(Errno::EINVAL)) };
            if let Some(table) = table {
                on_host = Some(epoll.register(table));
            }
            let got = epoll.collect(max);
            let stale = on_host.is_some_and(|on_host| on_host != epoll.has_host());
            (!got.is_empty() || stale).then_some(Ok(got))
        });
        match slept {
            Wait::Ready(Ok(got)) if got.is_empty() => {}
            Wait::Ready(done) => return done,
            Wait::TimedOut => return Ok(Collected::default()),
            Wait::Interrupted => return Err(Errno::EINTR),
        }
    }
}
