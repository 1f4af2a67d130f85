//! `open`, `openat2`, `close` and their kin (Linux's `fs/open.c`), and what stands behind special files.
//!
//! Devices, FIFOs and terminals come out of the walk as [`Opened::Special`] and get their operations here. The
//! descriptor is reserved before the walk, as Linux does, and published when nothing can fail any more.

use super::path::{self, AT_FDCWD};
use crate::dispatch::Call;
use crate::table::{Fd, PathPtr, Ptr};
use alloc::borrow::Cow;
use alloc::sync::Arc;
use fs_emu::cred::Caps;
use fs_emu::vfs::anon::AnonInode;
use fs_emu::vfs::{At, File, OpenHow, Opened, Path, Resolve, ops};
use fs_emu::{FileOps, FileType, OpenFlags};
use host::layout::PAGE_SIZE;
use host::rcu::{self, Reading};
use host::{Errno, Result, abi, user};
use vkernel::kernel::kernel;
use vkernel::pipe::Ident;
use vkernel::tty::SlaveFile;
use vkernel::{Task, dev, tty};

/// `open(2)`.
pub fn open(call: &mut Call<'_>, path: PathPtr, flags: u32, mode: u32) -> Result<usize> {
    openat(call, AT_FDCWD, path, flags, mode)
}

/// `creat(2)`.
pub fn creat(call: &mut Call<'_>, path: PathPtr, mode: u32) -> Result<usize> {
    let flags = OpenFlags::CREAT | OpenFlags::WRONLY | OpenFlags::TRUNC;
    openat(call, AT_FDCWD, path, flags.bits(), mode)
}

/// `openat(2)`.
pub fn openat(call: &mut Call<'_>, dirfd: Fd, path: PathPtr, flags: u32, mode: u32) -> Result<usize> {
    open_how(call.task, dirfd, path, &OpenHow::legacy(flags, mode)?)
}

/// `openat2(2)`.
pub fn openat2(call: &mut Call<'_>, dirfd: Fd, path: PathPtr, how: Ptr, size: usize) -> Result<usize> {
    let how = read_how(how.0, size)?;
    open_how(call.task, dirfd, path, &OpenHow::checked(how.flags, how.mode, how.resolve)?)
}

/// `struct open_how` of any size: what this kernel does not know must be zero (`copy_struct_from_user`).
fn read_how(addr: usize, size: usize) -> Result<abi::OpenHow> {
    let known = size_of::<abi::OpenHow>();
    if size < known {
        return Err(Errno::EINVAL);
    }
    if size > PAGE_SIZE {
        return Err(Errno::E2BIG);
    }
    let rest: alloc::vec::Vec<u8> = user::read_array(addr.checked_add(known).ok_or(Errno::EFAULT)?, size - known)?;
    if rest.iter().any(|&b| b != 0) {
        return Err(Errno::E2BIG);
    }
    user::read(addr)
}

fn open_how(task: &Task, dirfd: Fd, path: PathPtr, how: &OpenHow) -> Result<usize> {
    let name = path::read(path)?;
    let slot = path::table(task)?.reserve(0, path::fd_limit(task))?;
    super::lease::before_open(task, dirfd, &name, how)?;
    let reading = rcu::read();
    let base = base(task, &reading, dirfd, &name, how)?;
    let opened = ops::open(&path::ctx(task, &reading), At::new(&base, &name), how)?;
    drop(base);
    drop(reading);
    let file = match opened {
        Opened::File(file) => {
            if let Some(path) = file.path().filter(|_| how.flags.contains(OpenFlags::TRUNC)) {
                super::attr::shrank(task, path);
            }
            nameless(file)
        }
        Opened::Special { path, kind, rdev, flags } => open_special(task, path, kind, rdev, flags)?,
    };
    Ok(slot.publish(file, how.flags.contains(OpenFlags::CLOEXEC)) as usize)
}

/// Where the walk starts: with a scope, in the directory even if the path is absolute.
pub(super) fn base<'r>(
    task: &Task,
    reading: &'r Reading,
    dirfd: Fd,
    name: &[u8],
    how: &OpenHow,
) -> Result<Cow<'r, Path>> {
    if how.resolve.intersects(Resolve::BENEATH | Resolve::IN_ROOT) {
        return path::scoped_base(task, dirfd).map(Cow::Owned);
    }
    path::base_in(task, reading, dirfd, name)
}

/// A file reached through a magic link to one without a path has none either.
fn nameless(file: Arc<File>) -> Arc<File> {
    let anonymous = file.path().is_some_and(|p| AnonInode::of(p.inode()).is_some());
    if anonymous && !file.is_path_only() { File::new(file.ops().clone(), None, file.flags()) } else { file }
}

fn open_special(task: &Task, path: Path, kind: FileType, rdev: u64, flags: OpenFlags) -> Result<Arc<File>> {
    if let Some(anon) = AnonInode::of(path.inode()) {
        return Ok(File::new(anon.file().ops().open_again(flags)?, None, flags));
    }
    let ops = match kind {
        FileType::CharDevice => open_device(task, rdev, flags)?,
        FileType::Fifo => open_fifo(task, &path, flags)?,
        _ => return Err(Errno::ENXIO),
    };
    Ok(File::new(ops, Some(path), flags))
}

/// Opens a character device; a terminal may become the caller's controlling one.
pub(super) fn open_device(task: &Task, rdev: u64, flags: OpenFlags) -> Result<Arc<dyn FileOps>> {
    if let Some(ops) = dev::open_char(rdev) {
        return Ok(ops);
    }
    let (cred, ptys) = (task.cred(), &kernel().ptys);
    if rdev == tty::PTMX {
        return Ok(Arc::new(ptys.open_master(cred.fsuid)?));
    }
    let privileged = cred.capable(Caps::SYS_ADMIN);
    if rdev == dev::TTY {
        let terminal = tty::of_session(task.group.session()).ok_or(Errno::ENXIO)?;
        return Ok(Arc::new(SlaveFile::open(&terminal, flags, privileged)?));
    }
    let ops = match kernel().console.pair().filter(|_| rdev == dev::CONSOLE) {
        Some(terminal) => SlaveFile::open(&terminal, flags, privileged)?,
        None => ptys.open_slave(rdev, flags, privileged)?,
    };
    // Opening the console never makes it anybody's controlling terminal.
    if rdev != dev::CONSOLE {
        tty::opened(&task.group, &ops, flags);
    }
    Ok(Arc::new(ops))
}

/// Waits for the other side. A signal undoes the opening.
fn open_fifo(task: &Task, path: &Path, flags: OpenFlags) -> Result<Arc<dyn FileOps>> {
    let m = path.metadata()?;
    let opening = kernel().fifos.open(Ident { dev: m.dev, ino: m.ino, uid: m.uid, gid: m.gid }, flags)?;
    task.hold_opening(opening.end());
    let met = task.wait_for(None, |table| {
        if let Some(table) = table {
            table.wait_on(opening.queue());
        }
        opening.ready().then_some(())
    });
    met.or(Errno::EINTR)?;
    Ok(opening.finish())
}

/// `close(2)`.
pub fn close(call: &mut Call<'_>, fd: Fd) -> Result<usize> {
    path::table(call.task)?.close(fd.0).map(|()| 0)
}

/// `close_range(2)`.
pub fn close_range(call: &mut Call<'_>, first: u32, last: u32, flags: u32) -> Result<usize> {
    /// A table of one's own first.
    const UNSHARE: u32 = 2;
    /// Mark instead of closing.
    const CLOEXEC: u32 = 4;
    if flags & !(UNSHARE | CLOEXEC) != 0 || first > last {
        return Err(Errno::EINVAL);
    }
    let mut table = path::table(call.task)?;
    if flags & UNSHARE != 0 && table.users() > 1 {
        table = Arc::new(table.copy()?);
        table.add_user();
        call.task.set_files(table.clone());
    }
    table.close_range(first, last, flags & CLOEXEC != 0);
    Ok(0)
}
