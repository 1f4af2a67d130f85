//! Extended attributes (Linux's `fs/xattr.c`). Takes no locks.

use crate::FileType;
use crate::cred::{Caps, Cred};
use crate::vfs::notify::event;
use crate::vfs::{Path, perm};
use alloc::vec::Vec;
use host::{Errno, Result};

/// Longest name.
pub const XATTR_NAME_MAX: usize = 255;
/// Largest value, and largest list of names.
pub const XATTR_SIZE_MAX: usize = 65536;
/// `XATTR_CREATE`: must not exist.
pub const CREATE: u32 = 1;
/// `XATTR_REPLACE`: must exist.
pub const REPLACE: u32 = 2;

/// The attribute's value, any length: the caller compares it with the guest's buffer (`ERANGE`).
pub fn getxattr(cred: &Cred, path: &Path, name: &[u8]) -> Result<Vec<u8>> {
    check_name(name)?;
    allowed(cred, path, name, perm::READ)?;
    path.inode().getxattr(name)
}

/// `setxattr(2)` and its kin.
pub fn setxattr(cred: &Cred, path: &Path, name: &[u8], value: &[u8], flags: u32) -> Result<()> {
    if flags & !(CREATE | REPLACE) != 0 {
        return Err(Errno::EINVAL);
    }
    check_name(name)?;
    if value.len() > XATTR_SIZE_MAX {
        return Err(Errno::E2BIG);
    }
    path.mount.want_write()?;
    allowed(cred, path, name, perm::WRITE)?;
    path.inode().setxattr(name, value, flags)?;
    path.told(event::ATTRIB);
    Ok(())
}

/// `listxattr(2)` and its kin: all names that `cred` may see, each with its NUL.
pub fn listxattr(cred: &Cred, path: &Path) -> Result<Vec<u8>> {
    let names = path.inode().listxattr()?;
    if cred.capable(Caps::SYS_ADMIN) {
        return Ok(names);
    }
    let mut out = Vec::with_capacity(names.len());
    for name in names.split_inclusive(|&b| b == 0).filter(|n| !n.starts_with(b"trusted.")) {
        out.extend_from_slice(name);
    }
    Ok(out)
}

/// `removexattr(2)` and its kin.
pub fn removexattr(cred: &Cred, path: &Path, name: &[u8]) -> Result<()> {
    check_name(name)?;
    path.mount.want_write()?;
    allowed(cred, path, name, perm::WRITE)?;
    path.inode().removexattr(name)?;
    path.told(event::ATTRIB);
    Ok(())
}

fn check_name(name: &[u8]) -> Result<()> {
    if name.is_empty() || name.len() > XATTR_NAME_MAX { Err(Errno::ERANGE) } else { Ok(()) }
}

/// `xattr_permission`, and what `security/commoncap.c` says of `security.*`.
fn allowed(cred: &Cred, path: &Path, name: &[u8], mask: u32) -> Result<()> {
    let write = mask == perm::WRITE;
    let refused = if write { Errno::EPERM } else { Errno::ENODATA };
    let inode = &**path.inode();
    if name.starts_with(b"security.") {
        let needed = if name == b"security.capability" { Caps::from_bits_retain(1 << 31) } else { Caps::SYS_ADMIN };
        return if write && !cred.capable(needed) { Err(Errno::EPERM) } else { Ok(()) };
    }
    if name.starts_with(b"system.") {
        // POSIX ACLs and their like: no file system here has them.
        return Err(Errno::EOPNOTSUPP);
    }
    if name.starts_with(b"trusted.") {
        return if cred.capable(Caps::SYS_ADMIN) { Ok(()) } else { Err(refused) };
    }
    if name.starts_with(b"user.") {
        let kind = path.dentry.file_type();
        if !matches!(kind, FileType::Regular | FileType::Directory) {
            return Err(refused);
        }
        let (mode, owner) = inode.mode_owner()?;
        if write && kind == FileType::Directory && mode & perm::S_ISVTX != 0 && !perm::owns(cred, owner) {
            return Err(Errno::EPERM);
        }
        return perm::check(cred, mode, owner, mask).and_then(|()| suffix(name, b"user."));
    }
    perm::permission(cred, inode, mask)?;
    Err(Errno::EOPNOTSUPP)
}

/// A prefix alone is no name.
fn suffix(name: &[u8], prefix: &[u8]) -> Result<()> {
    if name.len() == prefix.len() { Err(Errno::EINVAL) } else { Ok(()) }
}
