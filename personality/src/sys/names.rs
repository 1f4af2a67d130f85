//! Names: `mkdir`, `mknod`, `link`, `symlink`, `readlink`, `rename`, `unlink`, `rmdir` and their kin (Linux's `fs/namei.c`).

use super::path::{self, AT_EMPTY_PATH, AT_FDCWD, AT_SYMLINK_FOLLOW, Asker};
use crate::dispatch::Call;
use crate::table::{Fd, PathPtr, Ptr};
use fs_emu::FileType;
use fs_emu::vfs::{At, Resolve, ops};
use host::{Errno, Result, user};

/// `mkdir(2)`.
pub fn mkdir(call: &mut Call<'_>, path: PathPtr, mode: u32) -> Result<usize> {
    mkdirat(call, AT_FDCWD, path, mode)
}

/// `mkdirat(2)`.
pub fn mkdirat(call: &mut Call<'_>, dirfd: Fd, path: PathPtr, mode: u32) -> Result<usize> {
    let name = path::read(path)?;
    let base = path::base(call.task, dirfd, &name)?;
    ops::mkdir(&Asker::of(call.task).ctx(), At::new(&base, &name), mode).map(|_| 0)
}

/// `mknod(2)`.
pub fn mknod(call: &mut Call<'_>, path: PathPtr, mode: u32, dev: u32) -> Result<usize> {
    mknodat(call, AT_FDCWD, path, mode, dev)
}

/// `mknodat(2)`.
pub fn mknodat(call: &mut Call<'_>, dirfd: Fd, path: PathPtr, mode: u32, dev: u32) -> Result<usize> {
    match (mode >> 12 & 0xf, FileType::from_mode(mode)) {
        (_, Some(FileType::Directory)) => return Err(Errno::EPERM),
        (_, Some(FileType::Symlink)) | (1.., None) => return Err(Errno::EINVAL),
        _ => {}
    }
    let name = path::read(path)?;
    let base = path::base(call.task, dirfd, &name)?;
    // The 32-bit form of a device number is the low half of the 64-bit one.
    ops::mknod(&Asker::of(call.task).ctx(), At::new(&base, &name), mode, u64::from(dev)).map(|_| 0)
}

/// `symlink(2)`.
pub fn symlink(call: &mut Call<'_>, target: PathPtr, path: PathPtr) -> Result<usize> {
    symlinkat(call, target, AT_FDCWD, path)
}

/// `symlinkat(2)`.
pub fn symlinkat(call: &mut Call<'_>, target: PathPtr, dirfd: Fd, path: PathPtr) -> Result<usize> {
    let target = path::read(target)?;
    let name = path::read(path)?;
    let base = path::base(call.task, dirfd, &name)?;
    ops::symlink(&Asker::of(call.task).ctx(), &target, At::new(&base, &name)).map(|()| 0)
}

/// `readlink(2)`.
pub fn readlink(call: &mut Call<'_>, path: PathPtr, buf: Ptr, size: i32) -> Result<usize> {
    readlinkat(call, AT_FDCWD, path, buf, size)
}

/// `readlinkat(2)`: an empty path is the descriptor's own symlink.
pub fn readlinkat(call: &mut Call<'_>, dirfd: Fd, path: PathPtr, buf: Ptr, size: i32) -> Result<usize> {
    let room = usize::try_from(size).ok().filter(|n| *n > 0).ok_or(Errno::EINVAL)?;
    let name = user::read_path(path.0)?;
    let how = Resolve::NOFOLLOW | Resolve::EMPTY_PATH;
    let found = path::find(call.task, &Asker::of(call.task), dirfd, &name, how)?;
    let mut target = match ops::readlink(&found) {
        Err(Errno::EINVAL) if name.is_empty() => return Err(Errno::ENOENT),
        other => other?,
    };
    target.truncate(room);
    user::copy_out(buf.0, &target)?;
    Ok(target.len())
}

/// `link(2)`.
pub fn link(call: &mut Call<'_>, old: PathPtr, new: PathPtr) -> Result<usize> {
    linkat(call, AT_FDCWD, old, AT_FDCWD, new, 0)
}

/// `linkat(2)`. An empty old path may be used by whoever has the descriptor, as Linux allows to who opened it.
pub fn linkat(call: &mut Call<'_>, olddir: Fd, old: PathPtr, newdir: Fd, new: PathPtr, flags: u32) -> Result<usize> {
    if flags & !(AT_SYMLINK_FOLLOW | AT_EMPTY_PATH) != 0 {
        return Err(Errno::EINVAL);
    }
    let old = path::read_at(old, flags)?;
    let mut how = path::resolve(flags);
    how.set(Resolve::NOFOLLOW, flags & AT_SYMLINK_FOLLOW == 0);
    let asker = Asker::of(call.task);
    let found = path::find(call.task, &asker, olddir, &old, how)?;
    let new = path::read(new)?;
    let base = path::base(call.task, newdir, &new)?;
    ops::link(&asker.ctx(), &found, At::new(&base, &new)).map(|()| 0)
}

/// `unlink(2)`.
pub fn unlink(call: &mut Call<'_>, path: PathPtr) -> Result<usize> {
    unlinkat(call, AT_FDCWD, path, 0)
}

/// `rmdir(2)`.
pub fn rmdir(call: &mut Call<'_>, path: PathPtr) -> Result<usize> {
    unlinkat(call, AT_FDCWD, path, AT_REMOVEDIR)
}

/// Remove a directory.
const AT_REMOVEDIR: u32 = 0x200;

/// `unlinkat(2)`.
pub fn unlinkat(call: &mut Call<'_>, dirfd: Fd, path: PathPtr, flags: u32) -> Result<usize> {
    if flags & !AT_REMOVEDIR != 0 {
        return Err(Errno::EINVAL);
    }
    let name = path::read(path)?;
    let base = path::base(call.task, dirfd, &name)?;
    let (asker, at) = (Asker::of(call.task), At::new(&base, &name));
    let done = if flags & AT_REMOVEDIR != 0 { ops::rmdir(&asker.ctx(), at) } else { ops::unlink(&asker.ctx(), at) };
    done.map(|()| 0)
}

/// `rename(2)`.
pub fn rename(call: &mut Call<'_>, old: PathPtr, new: PathPtr) -> Result<usize> {
    renameat2(call, AT_FDCWD, old, AT_FDCWD, new, 0)
}

/// `renameat(2)`.
pub fn renameat(call: &mut Call<'_>, olddir: Fd, old: PathPtr, newdir: Fd, new: PathPtr) -> Result<usize> {
    renameat2(call, olddir, old, newdir, new, 0)
}

/// `renameat2(2)`.
pub fn renameat2(call: &mut Call<'_>, olddir: Fd, old: PathPtr, newdir: Fd, new: PathPtr, flags: u32) -> Result<usize> {
    ops::rename::check_flags(flags)?;
    let old = path::read(old)?;
    let old_base = path::base(call.task, olddir, &old)?;
    let new = path::read(new)?;
    let new_base = path::base(call.task, newdir, &new)?;
    ops::rename(&Asker::of(call.task).ctx(), At::new(&old_base, &old), At::new(&new_base, &new), flags).map(|()| 0)
}
