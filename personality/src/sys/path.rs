//! What the calls that name files share: descriptor, path and flags become a place (Linux's `getname`, `user_path_at`, `fdget`).
//!
//! A path is read before the descriptor is looked at, and an absolute one leaves the descriptor alone. Locks: none held on return.

use crate::table::{Fd, PathPtr};
use alloc::borrow::Cow;
use alloc::sync::Arc;
use fs_emu::Cred;
use fs_emu::vfs::{At, Ctx, File, Path, Resolve, anon};
use host::rcu::{RcuRef, Reading};
use host::user::PathText;
use host::{Errno, Result};
use vkernel::Task;
use vkernel::files::FileTable;
use vkernel::task::limits;

/// In place of a descriptor: the working directory.
pub const AT_FDCWD: Fd = Fd(-100);
/// A final symlink is the file itself.
pub const AT_SYMLINK_NOFOLLOW: u32 = 0x100;
/// Follow a final symlink, where the default is not to (`linkat`).
pub const AT_SYMLINK_FOLLOW: u32 = 0x400;
/// No automounts: there are none.
pub const AT_NO_AUTOMOUNT: u32 = 0x800;
/// An empty path means the descriptor's own file.
pub const AT_EMPTY_PATH: u32 = 0x1000;

/// The caller's descriptor table. `EBADF` when it is exiting.
pub fn table(task: &Task) -> Result<Arc<FileTable>> {
    task.files().ok_or(Errno::EBADF)
}

/// How many descriptors the caller may have.
pub fn fd_limit(task: &Task) -> u64 {
    task.group.soft_limit(limits::NOFILE)
}

/// Any open file, `O_PATH` ones too (`fdget_raw`).
pub fn raw_file(task: &Task, fd: Fd) -> Result<Arc<File>> {
    table(task)?.get(fd.0)
}

/// An open file that is more than a reference to a place (`fdget`).
pub fn file(task: &Task, fd: Fd) -> Result<Arc<File>> {
    let file = raw_file(task, fd)?;
    if file.is_path_only() { Err(Errno::EBADF) } else { Ok(file) }
}

/// Reads a path that must not be empty.
pub fn read(path: PathPtr) -> Result<PathText> {
    let name = PathText::read(path.0)?;
    if name.is_empty() { Err(Errno::ENOENT) } else { Ok(name) }
}

/// Reads a path; with `AT_EMPTY_PATH` in the flags it may be empty.
pub fn read_at(path: PathPtr, flags: u32) -> Result<PathText> {
    if flags & AT_EMPTY_PATH != 0 { PathText::read(path.0) } else { read(path) }
}

/// The same for the calls for which NULL is an empty path then.
pub fn read_or_null(path: PathPtr, flags: u32) -> Result<PathText> {
    if flags & AT_EMPTY_PATH != 0 && path.0 == 0 { Ok(PathText::EMPTY) } else { read_at(path, flags) }
}

/// How `AT_*` flags make a walk end.
pub fn resolve(flags: u32) -> Resolve {
    let mut how = Resolve::empty();
    how.set(Resolve::NOFOLLOW, flags & AT_SYMLINK_NOFOLLOW != 0);
    how.set(Resolve::EMPTY_PATH, flags & AT_EMPTY_PATH != 0);
    how
}

/// The caller as the walk wants to know it, for as long as this thread reads.
pub fn ctx<'r>(task: &Task, reading: &'r Reading) -> Ctx<'r> {
    let fs = task.fs_in(reading);
    Ctx { root: &fs.starts(reading).root, cred: task.cred_in(reading), umask: fs.umask() }
}

/// Where a path starts, likewise.
pub fn base_in<'r>(task: &Task, reading: &'r Reading, dirfd: Fd, name: &[u8]) -> Result<Cow<'r, Path>> {
    if name.first() == Some(&b'/') {
        return Ok(Cow::Borrowed(&task.fs_in(reading).starts(reading).root));
    }
    if dirfd == AT_FDCWD {
        return Ok(Cow::Borrowed(&task.fs_in(reading).starts(reading).cwd));
    }
    Ok(Cow::Owned(anon::path_of(&raw_file(task, dirfd)?)))
}

/// Any open file, likewise (`fdget_raw`).
pub fn look<'r>(task: &Task, reading: &'r Reading, fd: Fd) -> Result<RcuRef<'r, File>> {
    task.files_in(reading).ok_or(Errno::EBADF)?.look(reading, fd.0)
}

/// Who asks, as the walk wants to know it.
pub struct Asker {
    root: Path,
    /// The credentials.
    pub cred: Arc<Cred>,
    umask: u32,
}

impl Asker {
    /// The task itself.
    pub fn of(task: &Task) -> Asker {
        let fs = task.fs();
        Asker { root: fs.root(), cred: task.cred(), umask: fs.umask() }
    }

    /// The same with other credentials.
    pub fn with_cred(self, cred: Arc<Cred>) -> Asker {
        Asker { cred, ..self }
    }

    /// For the operations of `fs_emu::vfs`.
    pub fn ctx(&self) -> Ctx<'_> {
        Ctx { root: &self.root, cred: &self.cred, umask: self.umask }
    }
}

/// Where a path starts that is relative to a descriptor.
pub fn base(task: &Task, dirfd: Fd, name: &[u8]) -> Result<Path> {
    if name.first() == Some(&b'/') { Ok(task.fs().root()) } else { scoped_base(task, dirfd) }
}

/// The descriptor's place, however the path looks (`RESOLVE_BENEATH`, `RESOLVE_IN_ROOT`).
pub fn scoped_base(task: &Task, dirfd: Fd) -> Result<Path> {
    if dirfd == AT_FDCWD {
        return Ok(task.fs().cwd());
    }
    Ok(anon::path_of(&raw_file(task, dirfd)?))
}

/// Walks to a file that is there.
pub fn find(task: &Task, asker: &Asker, dirfd: Fd, name: &[u8], how: Resolve) -> Result<Path> {
    let base = base(task, dirfd, name)?;
    asker.ctx().find(At::new(&base, name), how)
}
