//! `stat`, `statx`, `access`, `statfs` and their kin (Linux's `fs/stat.c`, `fs/statfs.c`, `do_faccessat`).

use super::path::{self, AT_EMPTY_PATH, AT_FDCWD, AT_NO_AUTOMOUNT, AT_SYMLINK_NOFOLLOW, Asker};
use crate::dispatch::Call;
use crate::table::{Fd, PathPtr, Ptr};
use alloc::sync::Arc;
use fs_emu::Metadata;
use fs_emu::vfs::anon::AnonInode;
use fs_emu::vfs::{At, Path, Resolve, anon, ops, perm};
use host::abi::{Stat, Statx, StatxTimestamp, Timespec, dev_split};
use host::{Errno, Result, rcu, user};
use vkernel::Task;

/// `stat(2)`.
pub fn stat(call: &mut Call<'_>, path: PathPtr, statbuf: Ptr) -> Result<usize> {
    newfstatat(call, AT_FDCWD, path, statbuf, 0)
}

/// `lstat(2)`.
pub fn lstat(call: &mut Call<'_>, path: PathPtr, statbuf: Ptr) -> Result<usize> {
    newfstatat(call, AT_FDCWD, path, statbuf, AT_SYMLINK_NOFOLLOW)
}

/// `fstat(2)`.
pub fn fstat(call: &mut Call<'_>, fd: Fd, statbuf: Ptr) -> Result<usize> {
    // Nothing is counted or locked; but the guest's memory is not touched meanwhile.
    let m = path::look(call.task, &rcu::read(), fd)?.metadata()?;
    user::write(statbuf.0, &to_stat(&m)).map(|()| 0)
}

/// `newfstatat(2)`.
pub fn newfstatat(call: &mut Call<'_>, dirfd: Fd, path: PathPtr, statbuf: Ptr, flags: u32) -> Result<usize> {
    if flags & !(AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT | AT_EMPTY_PATH) != 0 {
        return Err(Errno::EINVAL);
    }
    let name = path::read_or_null(path, flags)?;
    if name.is_empty() && dirfd.0 >= 0 {
        return fstat(call, dirfd, statbuf);
    }
    let m = metadata(call.task, dirfd, &name, path::resolve(flags))?;
    user::write(statbuf.0, &to_stat(&m)).map(|()| 0)
}

/// The attributes of what a name leads to.
fn metadata(task: &Task, dirfd: Fd, name: &[u8], how: Resolve) -> Result<Metadata> {
    let reading = rcu::read();
    let base = path::base_in(task, &reading, dirfd, name)?;
    path::ctx(task, &reading).find_in(&reading, At::new(&base, name), how)?.metadata()
}

fn to_stat(m: &Metadata) -> Stat {
    Stat {
        dev: m.dev,
        ino: m.ino,
        nlink: u64::from(m.nlink),
        mode: m.mode,
        uid: m.uid,
        gid: m.gid,
        rdev: m.rdev,
        size: m.size as i64,
        blksize: i64::from(m.blksize),
        blocks: m.blocks as i64,
        atime: m.atime,
        mtime: m.mtime,
        ctime: m.ctime,
        ..Stat::default()
    }
}

/// `statx(2)`.
pub fn statx(call: &mut Call<'_>, dirfd: Fd, path: PathPtr, flags: u32, mask: u32, buf: Ptr) -> Result<usize> {
    /// `AT_STATX_FORCE_SYNC` and `AT_STATX_DONT_SYNC`: not both. Nothing here is ever out of step.
    const SYNC_TYPE: u32 = 0x6000;
    /// `STATX__RESERVED`.
    const RESERVED: u32 = 1 << 31;
    if mask & RESERVED != 0 || flags & SYNC_TYPE == SYNC_TYPE {
        return Err(Errno::EINVAL);
    }
    if flags & !(AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT | AT_EMPTY_PATH | SYNC_TYPE) != 0 {
        return Err(Errno::EINVAL);
    }
    let name = path::read_or_null(path, flags)?;
    let found = path::find(call.task, &Asker::of(call.task), dirfd, &name, path::resolve(flags))?;
    user::write(buf.0, &to_statx(&found, &found.metadata()?, mask)).map(|()| 0)
}

fn to_statx(path: &Path, m: &Metadata, want: u32) -> Statx {
    /// `STATX_BASIC_STATS`.
    const BASIC: u32 = 0x7ff;
    const BTIME: u32 = 0x800;
    const MNT_ID: u32 = 0x1000;
    const MNT_ID_UNIQUE: u32 = 0x4000;
    /// `STATX_ATTR_MOUNT_ROOT`.
    const MOUNT_ROOT: u64 = 0x2000;
    // A mount's number is never given again, so that it is both kinds of id.
    let mut mask = BASIC | if want & MNT_ID_UNIQUE != 0 { MNT_ID_UNIQUE } else { MNT_ID };
    let mut btime = Timespec::default();
    if want & BTIME != 0 && m.btime != Timespec::default() {
        mask |= BTIME;
        btime = m.btime;
    }
    let (rdev_major, rdev_minor) = dev_split(m.rdev);
    let (dev_major, dev_minor) = dev_split(m.dev);
    let stamp = |t: Timespec| StatxTimestamp { sec: t.sec, nsec: t.nsec as u32, pad: 0 };
    Statx {
        mask,
        blksize: m.blksize,
        attributes: if path.is_mount_root() && AnonInode::of(path.inode()).is_none() { MOUNT_ROOT } else { 0 },
        attributes_mask: MOUNT_ROOT,
        nlink: m.nlink,
        uid: m.uid,
        gid: m.gid,
        mode: m.mode as u16,
        ino: m.ino,
        size: m.size,
        blocks: m.blocks,
        atime: stamp(m.atime),
        btime: stamp(btime),
        ctime: stamp(m.ctime),
        mtime: stamp(m.mtime),
        rdev_major,
        rdev_minor,
        dev_major,
        dev_minor,
        mnt_id: u64::from(path.mount.id()),
        ..Statx::default()
    }
}

/// `access(2)`.
pub fn access(call: &mut Call<'_>, path: PathPtr, mode: u32) -> Result<usize> {
    faccessat2(call, AT_FDCWD, path, mode, 0)
}

/// `faccessat(2)`, which has no flags.
pub fn faccessat(call: &mut Call<'_>, dirfd: Fd, path: PathPtr, mode: u32) -> Result<usize> {
    faccessat2(call, dirfd, path, mode, 0)
}

/// `faccessat2(2)`.
pub fn faccessat2(call: &mut Call<'_>, dirfd: Fd, path: PathPtr, mode: u32, flags: u32) -> Result<usize> {
    /// Ask with the effective ids.
    const AT_EACCESS: u32 = 0x200;
    let all = perm::READ | perm::WRITE | perm::EXEC;
    if mode & !all != 0 || flags & !(AT_EACCESS | AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH) != 0 {
        return Err(Errno::EINVAL);
    }
    let name = path::read_at(path, flags)?;
    let mut asker = Asker::of(call.task);
    if flags & AT_EACCESS == 0 {
        let real = Arc::new(perm::real(&asker.cred));
        asker = asker.with_cred(real);
    }
    let found = path::find(call.task, &asker, dirfd, &name, path::resolve(flags))?;
    if mode != 0 {
        ops::access(&asker.cred, &found, mode)?;
    }
    Ok(0)
}

/// `statfs(2)`.
pub fn statfs(call: &mut Call<'_>, path: PathPtr, buf: Ptr) -> Result<usize> {
    let name = path::read(path)?;
    let found = path::find(call.task, &Asker::of(call.task), AT_FDCWD, &name, path::resolve(0))?;
    user::write(buf.0, &ops::statfs(&found)?).map(|()| 0)
}

/// `fstatfs(2)`.
pub fn fstatfs(call: &mut Call<'_>, fd: Fd, buf: Ptr) -> Result<usize> {
    let file = path::raw_file(call.task, fd)?;
    user::write(buf.0, &ops::statfs(&anon::path_of(&file))?).map(|()| 0)
}
