//! `access`, `readlink`, `statfs`. (`stat` is [`Path::metadata`].) Takes no locks.

use crate::Cred;
use crate::FileType;
use crate::vfs::{MountFlags, Path, perm};
use alloc::vec::Vec;
use host::abi::Statfs;
use host::{Errno, Result};

/// `faccessat2(2)` on a file found with the same credentials. `cred` are those that ask: [`perm::real`] ones unless `AT_EACCESS`.
/// `mode` is a set of [`perm::READ`], [`perm::WRITE`], [`perm::EXEC`].
pub fn access(cred: &Cred, path: &Path, mode: u32) -> Result<()> {
    let kind = path.dentry.file_type();
    let flags = path.mount.flags();
    if mode & perm::EXEC != 0 && kind == FileType::Regular && flags.contains(MountFlags::NOEXEC) {
        return Err(Errno::EACCES);
    }
    perm::permission(cred, &**path.inode(), mode)?;
    let special = !matches!(kind, FileType::Regular | FileType::Directory | FileType::Symlink);
    if mode & perm::WRITE != 0 && !special {
        path.mount.want_write()?;
    }
    Ok(())
}

/// `readlinkat(2)`: the target of a symlink, found with `NOFOLLOW`. `EINVAL` for anything else.
pub fn readlink(path: &Path) -> Result<Vec<u8>> {
    if path.dentry.file_type() != FileType::Symlink {
        return Err(Errno::EINVAL);
    }
    path.inode().readlink()
}

/// `statfs(2)`, with the mount's flags as `f_flags` shows them.
pub fn statfs(path: &Path) -> Result<Statfs> {
    /// `ST_VALID`: `f_flags` means something.
    const VALID: i64 = 0x20;
    let mut st = path.mount.fs().statfs()?;
    let flags = path.mount.flags();
    let mut bits = VALID | i64::from(flags.bits() & 0xf) | i64::from(flags.bits() & 0xc00);
    if flags.contains(MountFlags::RELATIME) {
        bits |= 0x1000;
    }
    if flags.contains(MountFlags::NOSYMFOLLOW) {
        bits |= 0x2000;
    }
    st.flags = bits;
    Ok(st)
}
