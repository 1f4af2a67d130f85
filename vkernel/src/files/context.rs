//! Root directory, working directory, umask (`struct fs_struct`). Read without a lock; changes take one of its own (leaf).

use alloc::sync::Arc;
use core::sync::atomic::{AtomicU32, Ordering::SeqCst};
use fs_emu::vfs::Path;
use host::lock::Mutex;
use host::rcu::{self, RcuArc, Reading};

/// Where absolute and relative paths start.
pub struct Starts {
    /// The root directory.
    pub root: Path,
    /// The working directory.
    pub cwd: Path,
}

/// What relative and absolute paths start from. Shared with `CLONE_FS`.
pub struct FsContext {
    starts: RcuArc<Starts>,
    /// Held by who changes one of the two.
    change: Mutex<()>,
    umask: AtomicU32,
}

impl FsContext {
    /// A context with this root and working directory.
    pub fn new(root: Path, cwd: Path, umask: u32) -> FsContext {
        let starts = RcuArc::new(Arc::new(Starts { root, cwd }));
        FsContext { starts, change: Mutex::new(()), umask: AtomicU32::new(umask) }
    }

    /// A copy, as `fork` makes it.
    pub fn copy(&self) -> FsContext {
        FsContext::new(self.root(), self.cwd(), self.umask())
    }

    /// Both, without counting: as long as this thread reads.
    pub fn starts<'r>(&self, reading: &'r Reading) -> &'r Starts {
        self.starts.get(reading).get()
    }

    /// The root directory.
    pub fn root(&self) -> Path {
        self.starts(&rcu::read()).root.clone()
    }

    /// The working directory.
    pub fn cwd(&self) -> Path {
        self.starts(&rcu::read()).cwd.clone()
    }

    fn set(&self, change: impl FnOnce(&Starts) -> Starts) {
        let old = {
            let reading = rcu::read();
            let _alone = self.change.lock();
            self.starts.replace(Arc::new(change(self.starts(&reading))))
        };
        drop(old);
    }

    /// `chroot(2)`.
    pub fn set_root(&self, root: Path) {
        self.set(|old| Starts { root, cwd: old.cwd.clone() });
    }

    /// `chdir(2)`.
    pub fn set_cwd(&self, cwd: Path) {
        self.set(|old| Starts { root: old.root.clone(), cwd });
    }

    /// The umask.
    pub fn umask(&self) -> u32 {
        self.umask.load(SeqCst)
    }

    /// `umask(2)`: the old one.
    pub fn set_umask(&self, mask: u32) -> u32 {
        self.umask.swap(mask & 0o777, SeqCst)
    }
}
