//! What the kernel keeps with an open file description besides its operations (`struct fown_struct`, `f_flock`).
//!
//! Made at the first use and dropped with the description, whose locks it then releases. Locks: its own (leaf); the lock
//! table's (OBJECT) and those of the epolls that watch it (EPOLL) when it is dropped.

use super::dnotify::Dnotify;
use super::sigio::{Async, Watch};
use crate::epoll::Epoll;
use crate::kernel::kernel;
use crate::locks::FileId;
use alloc::sync::{Arc, Weak};
use alloc::vec::Vec;
use core::sync::atomic::{AtomicU32, Ordering::SeqCst};
use fs_emu::Cred;
use fs_emu::vfs::File;
use host::lock::Mutex;
use host::{Errno, Result};

/// Whom `SIGIO` goes to (`F_SETOWN`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Receiver {
    /// Nobody.
    #[default]
    None,
    /// A thread.
    Thread(u32),
    /// A process.
    Process(u32),
    /// A process group.
    Group(u32),
}

/// The extra state of one open file description.
#[derive(Default)]
pub struct FileExtra {
    /// And the real and effective user who named it.
    receiver: Mutex<(Receiver, (u32, u32))>,
    signal: AtomicU32,
    locked: Mutex<Option<(FileId, u64)>>,
    leased: Mutex<Option<(FileId, u64)>>,
    dnotify: Mutex<Vec<Arc<Dnotify>>>,
    /// What `O_ASYNC` has registered.
    watch: Mutex<Option<Async>>,
    /// Epolls that watch it, and its identity among what they watch.
    watchers: Mutex<(Vec<Weak<Epoll>>, u64)>,
}

impl FileExtra {
    /// That of a file.
    pub fn of(file: &File) -> Result<Arc<FileExtra>> {
        file.extra_or(FileExtra::default).ok_or(Errno::EINVAL)
    }

    /// `F_GETOWN`.
    pub fn receiver(&self) -> Receiver {
        self.receiver.lock().0
    }

    /// The same, with the real and effective user who said so.
    pub fn owner(&self) -> (Receiver, (u32, u32)) {
        *self.receiver.lock()
    }

    /// `F_SETOWN`.
    pub fn set_receiver(&self, to: Receiver, cred: &Cred) {
        *self.receiver.lock() = (to, (cred.uid, cred.euid));
    }

    /// The same, if nobody is named yet.
    pub fn default_receiver(&self, to: Receiver, cred: &Cred) {
        let mut receiver = self.receiver.lock();
        if receiver.0 == Receiver::None {
            *receiver = (to, (cred.uid, cred.euid));
        }
    }

    /// `O_ASYNC` was set or cleared on this descriptor.
    pub fn set_async(self: &Arc<Self>, file: &Arc<File>, fd: i32, on: bool) {
        let new = on.then(|| Watch::begin(file, self, fd));
        let old = core::mem::replace(&mut *self.watch.lock(), new);
        drop(old);
    }

    /// Notes that the description has a lease on this file.
    pub fn has_lease(&self, file: FileId, description: u64) {
        *self.leased.lock() = Some((file, description));
    }

    /// `F_NOTIFY`: a signal for what happens in the directory, asked for through this table's descriptor.
    pub fn notify(self: &Arc<Self>, file: &File, table: u64, fd: i32, mask: u32) -> Result<()> {
        if let Some(mine) = self.dnotify.lock().iter().find(|d| d.is_of(table)) {
            mine.add(mask);
            return Ok(());
        }
        if let Some(new) = Dnotify::begin(file, self, table, fd, mask)? {
            kernel().dnotifies.fetch_add(1, SeqCst);
            self.dnotify.lock().push(new);
        }
        Ok(())
    }

    /// A descriptor table closes a descriptor of the file, or wants to hear no more.
    pub fn end_notify(&self, table: u64) {
        let mut all = self.dnotify.lock();
        let (gone, kept) = core::mem::take(&mut *all).into_iter().partition(|d| d.is_of(table));
        *all = kept;
        drop(all);
        end_all(gone);
    }

    /// `F_GETSIG`; 0 stands for `SIGIO`.
    pub fn signal(&self) -> u32 {
        self.signal.load(SeqCst)
    }

    /// `F_SETSIG`.
    pub fn set_signal(&self, sig: u32) {
        self.signal.store(sig, SeqCst);
    }

    /// Notes that the description has, or is about to have, a lock on this file.
    pub fn will_lock(&self, file: FileId, description: u64) {
        *self.locked.lock() = Some((file, description));
    }

    /// An epoll watches the file, which it knows by this identity.
    pub fn watched_by(&self, epoll: &Weak<Epoll>, identity: u64) {
        let mut watchers = self.watchers.lock();
        watchers.1 = identity;
        watchers.0.retain(|w| w.strong_count() > 0 && !w.ptr_eq(epoll));
        watchers.0.push(epoll.clone());
    }

    /// The file has other things to wait for than before.
    pub fn watch_again(&self, file: &File) {
        let (watchers, identity) = {
            let watchers = self.watchers.lock();
            (watchers.0.clone(), watchers.1)
        };
        for epoll in watchers.iter().filter_map(Weak::upgrade) {
            epoll.watch_again(identity, file);
        }
    }
}

fn end_all(gone: Vec<Arc<Dnotify>>) {
    for one in gone {
        kernel().dnotifies.fetch_sub(1, SeqCst);
        one.end();
    }
}

impl Drop for FileExtra {
    fn drop(&mut self) {
        if let Some((file, description)) = self.leased.lock().take() {
            kernel().leases.release(file, description);
        }
        end_all(core::mem::take(self.dnotify.get_mut()));
        if let Some((file, description)) = self.locked.lock().take() {
            kernel().locks.release_description(file, description);
        }
        let (watchers, identity) = core::mem::take(&mut *self.watchers.lock());
        for epoll in watchers.iter().filter_map(Weak::upgrade) {
            epoll.forget(identity);
        }
    }
}
