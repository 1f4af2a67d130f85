//! Leases, directory notification and `O_ASYNC`: the parts of `fcntl` that send signals (`fs/locks.c`, `fs/notify/dnotify/`).

use super::path::Asker;
use super::rw;
use crate::dispatch::Call;
use crate::table::Fd;
use alloc::sync::Arc;
use fs_emu::cred::Caps;
use fs_emu::vfs::{At, File, OpenHow, Path, perm};
use fs_emu::{FileType, OpenFlags};
use host::{Errno, Result, rcu};
use vkernel::Task;
use vkernel::files::dnotify::Dnotify;
use vkernel::files::extra::{FileExtra, Receiver};
use vkernel::inotify::Inotify;
use vkernel::kernel::kernel;
use vkernel::locks::{FileId, Kind};
use vkernel::net::Socket;
use vkernel::pipe::PipeEnd;
use vkernel::task::Wait;
use vkernel::tty;

/// `F_UNLCK`.
const UNLOCKED: i32 = 2;
const LEASE: Caps = Caps::from_bits_retain(1 << 28);

fn id_of(file: &File) -> Result<FileId> {
    file.metadata().map(|m| (m.dev, m.ino))
}

/// `F_GETLEASE`.
pub(super) fn get(file: &File) -> Result<usize> {
    Ok(match kernel().leases.get(id_of(file)?, file.id()) {
        Some(Kind::Shared) => 0,
        Some(Kind::Exclusive) => 1,
        None => UNLOCKED as usize,
    })
}

/// `F_SETLEASE`.
pub(super) fn set(call: &Call<'_>, fd: Fd, file: &File, arg: i32) -> Result<usize> {
    let kind = i16::try_from(arg).map_err(|_| Errno::EINVAL).and_then(Kind::from_type)?;
    let (meta, cred) = (file.metadata()?, call.task.cred());
    if meta.uid != cred.fsuid && !cred.capable(LEASE) {
        return Err(Errno::EACCES);
    }
    if meta.file_type() != FileType::Regular {
        return Err(Errno::EINVAL);
    }
    let id = (meta.dev, meta.ino);
    let Some(kind) = kind else {
        return if kernel().leases.release(id, file.id()) { Ok(0) } else { Err(Errno::EAGAIN) };
    };
    let (readers, writers) = opened(id);
    let conflict = match kind {
        Kind::Shared => writers > 0,
        Kind::Exclusive => {
            let own = if file.flags().writable() { (0, 1) } else { (1, 0) };
            (readers, writers) != own
        }
    };
    if conflict {
        return Err(Errno::EAGAIN);
    }
    let extra = FileExtra::of(file)?;
    extra.default_receiver(Receiver::Process(call.task.tgid()), &cred);
    extra.has_lease(id, file.id());
    kernel().leases.set(id, file.id(), fd.0, kind, &extra).map(|()| 0)
}

/// How many have the file open to read only, and to write (`i_readcount`, `i_writecount`). Leases are rare, opening is not: so
/// the descriptors are counted here and not there.
fn opened(id: FileId) -> (usize, usize) {
    let mut seen: alloc::collections::BTreeMap<u64, bool> = Default::default();
    for task in kernel().tasks.all_tasks() {
        let Some(table) = task.files() else { continue };
        for file in table.list().into_iter().filter_map(|fd| table.get(fd).ok()) {
            let regular = !file.is_path_only() && file.file_type() == FileType::Regular;
            if regular && id_of(&file) == Ok(id) {
                seen.insert(file.id(), file.flags().writable());
            }
        }
    }
    let writers = seen.values().filter(|writes| **writes).count();
    (seen.len() - writers, writers)
}

/// Before a file is opened: leases in the way are broken. What is wrong with the path, the open itself will say. The walk is
/// made for this alone, and only where there are leases: the open's own goes on to create and to truncate.
pub(super) fn before_open(task: &Task, dirfd: Fd, name: &[u8], how: &OpenHow) -> Result<()> {
    if !kernel().leases.any() || how.flags.contains(OpenFlags::PATH) {
        return Ok(());
    }
    let asker = Asker::of(task);
    let base = super::open::base(task, &rcu::read(), dirfd, name, how)?.into_owned();
    let Ok(path) = asker.ctx().find(At::new(&base, name), how.walk()) else { return Ok(()) };
    let exclusive = how.flags.contains(OpenFlags::CREAT | OpenFlags::EXCL);
    if exclusive || perm::permission(&asker.cred, &**path.inode(), how.access()).is_err() {
        return Ok(());
    }
    wait(task, &path, how.access() & perm::WRITE != 0, how.flags.contains(OpenFlags::NONBLOCK))
}

/// Before `truncate(2)`.
pub(super) fn before_truncate(task: &Task, path: &Path) -> Result<()> {
    if !kernel().leases.any() || perm::permission(&task.cred(), &**path.inode(), perm::WRITE).is_err() {
        return Ok(());
    }
    wait(task, path, true, false)
}

/// Waits until no lease is in the way: `EAGAIN` for those who will not.
fn wait(task: &Task, path: &Path, writes: bool, nonblock: bool) -> Result<()> {
    let meta = path.metadata()?;
    let (id, leases) = ((meta.dev, meta.ino), &kernel().leases);
    while let Some(until) = leases.conflict(id, writes) {
        if nonblock {
            return Err(Errno::EAGAIN);
        }
        let slept = task.wait_for(Some(until), |table| {
            if let Some(table) = table {
                table.wait_on(leases.changed());
            }
            leases.conflict(id, writes).is_none().then_some(())
        });
        if slept == Wait::Interrupted {
            return Err(Errno::EINTR);
        }
    }
    Ok(())
}

/// `F_NOTIFY`.
pub(super) fn notify(call: &Call<'_>, fd: Fd, file: &File, mask: u32) -> Result<usize> {
    let (extra, table) = (FileExtra::of(file)?, rw::table(call)?.id());
    if !Dnotify::is_request(mask) {
        extra.end_notify(table);
        return Ok(0);
    }
    if file.file_type() != FileType::Directory {
        return Err(Errno::ENOTDIR);
    }
    extra.default_receiver(Receiver::Process(call.task.tgid()), &call.task.cred());
    extra.notify(file, table, fd.0, mask).map(|()| 0)
}

/// `O_ASYNC` is to be set or cleared; `false` for a file that has no such thing.
pub(super) fn set_async(fd: Fd, file: &Arc<File>, on: bool) -> Result<bool> {
    let ops = &**file.ops();
    let knows = PipeEnd::of(ops).is_some()
        || Socket::of(file).is_some()
        || tty::side(ops).is_some()
        || file.ops_as::<Inotify>().is_some();
    if knows {
        FileExtra::of(file)?.set_async(file, fd.0, on);
    }
    Ok(knows)
}
