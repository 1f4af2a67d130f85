//! What the kernel keeps with an open file description besides its operations (`struct fown_struct`, `f_flock`).
//!
//! Made at the first use and dropped with the description, whose locks it then releases. Locks: its own (leaf); the lock
//! table's (OBJECT) and those of the epolls that watch it (EPOLL) when it is dropped.

use crate::epoll::Epoll;
use crate::kernel::kernel;
use crate::locks::FileId;
use alloc::sync::{Arc, Weak};
use alloc::vec::Vec;
use core::sync::atomic::{AtomicU32, Ordering::SeqCst};
use fs_emu::vfs::File;
use host::lock::Mutex;
use host::{Errno, Result};

/// Whom `SIGIO` would go to (`F_SETOWN`).
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
    receiver: Mutex<Receiver>,
    signal: AtomicU32,
    locked: Mutex<Option<(FileId, u64)>>,
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
        *self.receiver.lock()
    }

    /// `F_SETOWN`.
    pub fn set_receiver(&self, to: Receiver) {
        *self.receiver.lock() = to;
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
}

impl FileExtra {
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

impl Drop for FileExtra {
    fn drop(&mut self) {
        if let Some((file, description)) = self.locked.lock().take() {
            kernel().locks.release_description(file, description);
        }
        let (watchers, identity) = core::mem::take(&mut *self.watchers.lock());
        for epoll in watchers.iter().filter_map(Weak::upgrade) {
            epoll.forget(identity);
        }
    }
}
