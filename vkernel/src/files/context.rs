//! Root directory, working directory, umask (`struct fs_struct`). Locks: its own (leaf).

use core::sync::atomic::{AtomicU32, Ordering::SeqCst};
use fs_emu::vfs::Path;
use host::lock::Mutex;

/// What relative and absolute paths start from. Shared with `CLONE_FS`.
pub struct FsContext {
    paths: Mutex<(Path, Path)>,
    umask: AtomicU32,
}

impl FsContext {
    /// A context with this root and working directory.
    pub fn new(root: Path, cwd: Path, umask: u32) -> FsContext {
        FsContext { paths: Mutex::new((root, cwd)), umask: AtomicU32::new(umask) }
    }

    /// A copy, as `fork` makes it.
    pub fn copy(&self) -> FsContext {
        let (root, cwd) = self.paths.lock().clone();
        FsContext::new(root, cwd, self.umask())
    }

    /// The root directory.
    pub fn root(&self) -> Path {
        self.paths.lock().0.clone()
    }

    /// The working directory.
    pub fn cwd(&self) -> Path {
        self.paths.lock().1.clone()
    }

    /// `chroot(2)`.
    pub fn set_root(&self, root: Path) {
        let _old = core::mem::replace(&mut self.paths.lock().0, root);
    }

    /// `chdir(2)`.
    pub fn set_cwd(&self, cwd: Path) {
        let _old = core::mem::replace(&mut self.paths.lock().1, cwd);
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
