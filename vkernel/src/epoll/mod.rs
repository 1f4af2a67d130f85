//! `epoll(7)`: an interest list, and the part of it that may be ready.
//!
//! Answers to Linux's `fs/eventpoll.c`. An [`Item`] is registered once on the wait queues of its file; a wake puts its number
//! into the ready list; whoever collects asks the file again, so a wake too many does no harm. A file goes out of every list
//! when its last reference goes ([`FileExtra`]). Host descriptors are watched by a host epoll of our own, made when the first
//! one is added: its edges become wakes, and a sleeper sleeps on that one descriptor. Left out: busy polling, `EPOLLWAKEUP`,
//! wake-one (`EPOLLEXCLUSIVE` wakes everybody).
//! Locks: NEST around making an edge between epolls, EPOLL for the interest list, held while files are asked; a leaf for the
//! ready list.

mod collect;
mod file;
mod hostside;
mod item;
mod nest;

pub use collect::Collected;
pub use file::wait;
pub use nest::Graph;

use crate::console::HostFile;
use crate::files::extra::FileExtra;
use alloc::collections::{BTreeMap, VecDeque};
use alloc::sync::{Arc, Weak};
use alloc::vec::Vec;
use core::sync::atomic::{AtomicUsize, Ordering::*};
use fs_emu::FileType;
use fs_emu::vfs::File;
use host::abi::dev_join;
use host::lock::{Mutex, rank};
use host::wait::WaitQueue;
use host::{Errno, Result};
use hostside::HostSide;
use item::Item;
use nest::Parents;

/// `EPOLLERR | EPOLLHUP`: always of interest.
const ALWAYS: u32 = 0x8 | 0x10;
/// `/dev/null`, `/dev/zero`, `/dev/full` of the host.
const ALWAYS_READY: [u64; 3] = [dev_join(1, 3), dev_join(1, 5), dev_join(1, 7)];
/// Flags of [`Interest::events`].
#[allow(missing_docs)]
pub mod flag {
    pub const EXCLUSIVE: u32 = 1 << 28;
    pub const WAKEUP: u32 = 1 << 29;
    pub const ONESHOT: u32 = 1 << 30;
    pub const EDGE: u32 = 1 << 31;
    /// None of these is an event.
    pub const ALL: u32 = EXCLUSIVE | WAKEUP | ONESHOT | EDGE;
}

/// `struct epoll_event`: what a guest asks for, and what it gets.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Interest {
    /// Events and [`flag`]s.
    pub events: u32,
    /// The guest's own.
    pub data: u64,
}

/// A file by its identity, and the descriptor that it was added as.
type Key = (u64, i32);

/// An epoll.
pub struct Epoll {
    core: Arc<Core>,
    table: Mutex<Table, { rank::EPOLL }>,
    parents: Parents,
    me: Weak<Epoll>,
}

/// What wakers touch.
struct Core {
    ready: Mutex<VecDeque<u64>, { rank::LEAF }>,
    /// How many they are. Who adds one wakes afterwards, which begins with a fence; so who is registered before looking here
    /// misses none.
    queued: AtomicUsize,
    /// Who sleeps in `epoll_wait`.
    waiters: Arc<WaitQueue>,
    /// Who polls the epoll itself.
    pollers: Arc<WaitQueue>,
}

#[derive(Default)]
struct Table {
    keys: BTreeMap<Key, u64>,
    items: BTreeMap<u64, Arc<Item>>,
    host: Option<HostSide>,
}

impl Core {
    /// Something may have happened to an item.
    fn mark(&self, item: &Item) {
        if !item.queued.swap(true, SeqCst) {
            self.change(|ready| ready.push_back(item.id));
        }
        self.waiters.wake_all();
        self.pollers.wake_all();
    }

    /// Changes the list of who is ready. There is room for all: it was reserved when the items were added.
    fn change<T>(&self, step: impl FnOnce(&mut VecDeque<u64>) -> T) -> T {
        let mut ready = self.ready.lock();
        let out = step(&mut ready);
        self.queued.store(ready.len(), Release);
        out
    }

    fn pop(&self) -> Option<u64> {
        self.change(VecDeque::pop_front)
    }

    fn len(&self) -> usize {
        self.queued.load(SeqCst)
    }
}

impl Epoll {
    /// An empty one.
    pub fn new() -> Arc<Epoll> {
        Arc::new_cyclic(|me| Epoll {
            core: Arc::new(Core {
                ready: Mutex::default(),
                queued: AtomicUsize::new(0),
                waiters: WaitQueue::new(),
                pollers: WaitQueue::new(),
            }),
            table: Mutex::default(),
            parents: Parents::default(),
            me: me.clone(),
        })
    }

    /// The epoll behind an open file.
    pub fn of(file: &File) -> Option<&Epoll> {
        file.ops_as()
    }

    /// Whether a file can be watched at all: one that is always ready can't (`file_can_poll`).
    pub fn can_watch(file: &File) -> bool {
        if file.ops_as::<crate::dev::MemDevice>().is_some() {
            return false;
        }
        if let Some(host) = HostFile::of(&**file.ops()) {
            return host.waits() && !file.ops().metadata().is_ok_and(|m| ALWAYS_READY.contains(&m.rdev));
        }
        let kind = match file.path() {
            Some(_) => file.file_type(),
            None => match file.ops().metadata() {
                Ok(m) if m.mode & 0o170_000 != 0 => m.file_type(),
                _ => return true,
            },
        };
        !matches!(kind, FileType::Regular | FileType::Directory | FileType::BlockDevice | FileType::Symlink)
    }

    /// `EPOLL_CTL_ADD`. `EEXIST`, `ELOOP`.
    pub fn add(&self, file: &Arc<File>, fd: i32, want: Interest) -> Result<()> {
        let Some(inner) = Epoll::of(file) else { return self.insert(file, fd, want) };
        let _graph = nest::lock();
        self.check_nesting(inner)?;
        self.insert(file, fd, want)?;
        inner.parents.add(&self.me);
        Ok(())
    }

    fn insert(&self, file: &Arc<File>, fd: i32, want: Interest) -> Result<()> {
        let extra = FileExtra::of(file)?;
        let mut table = self.table.lock();
        let key = (file.id(), fd);
        if table.keys.contains_key(&key) {
            return Err(Errno::EEXIST);
        }
        self.core.ready.lock().try_reserve(table.items.len() + 1).map_err(|_| Errno::ENOMEM)?;
        let item = Item::new(file, key, want, &self.core);
        let fds = item.register(file);
        table.watch_host(item.id, &fds)?;
        table.keys.insert(key, item.id);
        table.items.insert(item.id, item.clone());
        extra.watched_by(&self.me, file.id());
        if item.look(file) != 0 {
            self.core.mark(&item);
        }
        let first_host = !fds.is_empty();
        drop(table);
        if first_host {
            // Sleepers must sleep on the host's epoll too from now on.
            self.core.waiters.wake_all();
        }
        Ok(())
    }

    /// `EPOLL_CTL_MOD`. `ENOENT`; `EINVAL` for an exclusive item.
    pub fn modify(&self, file: &Arc<File>, fd: i32, want: Interest) -> Result<()> {
        let table = self.table.lock();
        let item = table.find((file.id(), fd)).ok_or(Errno::ENOENT)?;
        if item.interest() & flag::EXCLUSIVE != 0 {
            return Err(Errno::EINVAL);
        }
        item.set(want);
        if item.look(file) != 0 {
            self.core.mark(item);
        }
        Ok(())
    }

    /// `EPOLL_CTL_DEL`. `ENOENT`.
    pub fn remove(&self, file: &Arc<File>, fd: i32) -> Result<()> {
        let item = self.table.lock().take((file.id(), fd)).ok_or(Errno::ENOENT)?;
        self.let_go(&item);
        if let Some(inner) = Epoll::of(file) {
            inner.parents.remove(&self.me);
        }
        Ok(())
    }

    /// The file with this identity is no more.
    pub fn forget(&self, file: u64) {
        let mut gone = Vec::new();
        {
            let mut table = self.table.lock();
            let keys: Vec<Key> = table.keys.range((file, i32::MIN)..=(file, i32::MAX)).map(|(k, _)| *k).collect();
            gone.extend(keys.into_iter().filter_map(|key| table.take(key)));
        }
        gone.iter().for_each(|item| self.let_go(item));
    }

    /// The file with this identity has other things to wait for than when it was added.
    pub fn watch_again(&self, identity: u64, file: &File) {
        let mut table = self.table.lock();
        let ids: Vec<u64> = table.keys.range((identity, i32::MIN)..=(identity, i32::MAX)).map(|(_, id)| *id).collect();
        for id in ids {
            let Some(item) = table.items.get(&id).cloned() else { continue };
            item.unregister();
            let fds = item.register(file);
            // Without the host's epoll it is not told of; there is nobody to hear of that.
            let _ = table.watch_host(id, &fds);
            self.core.mark(&item);
        }
        drop(table);
        self.core.waiters.wake_all();
    }

    fn let_go(&self, item: &Item) {
        item.unregister();
        self.core.change(|ready| ready.retain(|id| *id != item.id));
    }
}

impl Table {
    fn find(&self, key: Key) -> Option<&Arc<Item>> {
        self.items.get(self.keys.get(&key)?)
    }

    fn take(&mut self, key: Key) -> Option<Arc<Item>> {
        let id = self.keys.remove(&key)?;
        if let Some(host) = &mut self.host {
            host.unwatch(id);
        }
        self.items.remove(&id)
    }
}

impl Drop for Epoll {
    fn drop(&mut self) {
        let items = core::mem::take(&mut self.table.get_mut().items);
        items.values().for_each(|item| item.unregister());
    }
}
