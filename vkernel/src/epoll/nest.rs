//! Epolls that watch epolls: no circles, and no more than [`MAX_NESTS`] levels (`ep_loop_check`).

use super::Epoll;
use crate::kernel::kernel;
use alloc::sync::{Arc, Weak};
use alloc::vec::Vec;
use fs_emu::vfs::File;
use host::lock::{Mutex, MutexGuard, rank};
use host::{Errno, Result};

/// `EP_MAX_NESTS`.
const MAX_NESTS: usize = 4;

/// Guards the making of edges: two at once could close a circle.
pub type Graph = Mutex<(), { rank::NEST }>;

pub(super) fn lock() -> MutexGuard<'static, (), { rank::NEST }> {
    kernel().epolls.lock()
}

/// Which epolls watch this one, one entry for each time.
#[derive(Default)]
pub(super) struct Parents(Mutex<Vec<Weak<Epoll>>>);

impl Parents {
    pub fn add(&self, parent: &Weak<Epoll>) {
        let mut all = self.0.lock();
        all.retain(|p| p.strong_count() > 0);
        all.push(parent.clone());
    }

    pub fn remove(&self, parent: &Weak<Epoll>) {
        let mut all = self.0.lock();
        if let Some(i) = all.iter().position(|p| p.ptr_eq(parent)) {
            all.swap_remove(i);
        }
    }

    fn list(&self) -> Vec<Arc<Epoll>> {
        let all: Vec<Weak<Epoll>> = self.0.lock().clone();
        all.iter().filter_map(Weak::upgrade).collect()
    }
}

impl Epoll {
    /// Whether `inner` may be watched: `ELOOP` if it watches this one, or if the tree would be too deep.
    pub(super) fn check_nesting(&self, inner: &Epoll) -> Result<()> {
        let below = self.depth_below(inner, 0);
        if below > MAX_NESTS || below + 1 + self.depth_above(0) > MAX_NESTS {
            return Err(Errno::ELOOP);
        }
        Ok(())
    }

    fn depth_below(&self, at: &Epoll, level: usize) -> usize {
        let mut deepest = 0;
        for file in at.watched_epolls() {
            let Some(next) = Epoll::of(&file) else { continue };
            if core::ptr::eq(next, self) || level > MAX_NESTS {
                return MAX_NESTS + 1;
            }
            deepest = deepest.max(self.depth_below(next, level + 1) + 1);
        }
        deepest
    }

    fn depth_above(&self, level: usize) -> usize {
        if level > MAX_NESTS {
            return level;
        }
        self.parents.list().iter().map(|p| p.depth_above(level + 1) + 1).max().unwrap_or(0)
    }

    fn watched_epolls(&self) -> Vec<Arc<File>> {
        let all: Vec<Arc<File>> = self.table.lock().items.values().filter_map(|i| i.file.upgrade()).collect();
        all.into_iter().filter(|f| Epoll::of(f).is_some()).collect()
    }
}
