//! `chmod`, `chown`, `utimens`, `truncate`: changes of attributes (Linux's `fs/attr.c` and `fs/open.c`).
//!
//! Takes no locks: two concurrent changes of one file may each decide on what they saw before, and the later one stands.

use crate::cred::{Caps, Cred};
use crate::vfs::notify::event;
use crate::vfs::perm::{S_ISGID, S_ISUID, S_IXGRP, keeps_setgid, owns, permission};
use crate::vfs::{File, Path, perm};
use crate::{FileType, InodeRef, Metadata, SetAttr};
use host::abi::Timespec;
use host::{Errno, Result};

/// `chmod(2)` and its kin.
pub fn chmod(cred: &Cred, path: &Path, mode: u32) -> Result<()> {
    path.mount.want_write()?;
    let (_, owner) = path.inode().mode_owner()?;
    if !owns(cred, owner) {
        return Err(Errno::EPERM);
    }
    if path.dentry.file_type() == FileType::Symlink {
        return Err(Errno::EOPNOTSUPP);
    }
    let mut mode = mode & 0o7777;
    if !keeps_setgid(cred, owner.gid) {
        mode &= !S_ISGID;
    }
    path.inode().set_attr(&SetAttr { mode: Some(mode), ..SetAttr::default() })?;
    path.told(event::ATTRIB);
    Ok(())
}

/// `chown(2)` and its kin; `None` leaves an id alone.
pub fn chown(cred: &Cred, path: &Path, uid: Option<u32>, gid: Option<u32>) -> Result<()> {
    path.mount.want_write()?;
    let (mode, owner) = path.inode().mode_owner()?;
    let mine = cred.fsuid == owner.uid;
    let any = cred.capable(Caps::CHOWN);
    let may_uid = |u: u32| any || (mine && u == owner.uid);
    let may_gid = |g: u32| any || (mine && (g == owner.gid || cred.in_group(g)));
    if !uid.is_none_or(may_uid) || !gid.is_none_or(may_gid) {
        return Err(Errno::EPERM);
    }
    let mut attr = SetAttr { uid, gid, ..SetAttr::default() };
    if FileType::from_mode(mode) != Some(FileType::Directory) {
        let mut drop = mode & S_ISUID;
        if mode & S_IXGRP != 0 || !keeps_setgid(cred, owner.gid) {
            drop |= mode & S_ISGID;
        }
        if drop != 0 {
            attr.mode = Some(mode & 0o7777 & !drop);
        }
    }
    path.inode().set_attr(&attr)?;
    path.told(event::ATTRIB);
    Ok(())
}

/// A time for `utimensat(2)`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TimeSet {
    /// Leave it (`UTIME_OMIT`).
    Omit,
    /// The present (`UTIME_NOW`).
    Now,
    /// This one, already checked for validity.
    At(Timespec),
}

impl TimeSet {
    /// From the guest's `struct timespec`: `EINVAL` for nanoseconds out of range.
    pub fn from_guest(t: Timespec) -> Result<TimeSet> {
        match t.nsec {
            0x3fff_ffff => Ok(TimeSet::Now),
            0x3fff_fffe => Ok(TimeSet::Omit),
            0..1_000_000_000 => Ok(TimeSet::At(t)),
            _ => Err(Errno::EINVAL),
        }
    }

    fn value(self, now: Timespec) -> Option<Timespec> {
        match self {
            TimeSet::Omit => None,
            TimeSet::Now => Some(now),
            TimeSet::At(t) => Some(t),
        }
    }
}

/// `utimensat(2)`: access and modification time. A NULL argument is twice `Now`. (The caller answers 0 at once, without even
/// looking for the file, when both are `Omit`.)
pub fn utimens(cred: &Cred, path: &Path, atime: TimeSet, mtime: TimeSet) -> Result<()> {
    path.mount.want_write()?;
    let (_, owner) = path.inode().mode_owner()?;
    if !owns(cred, owner) {
        if (atime, mtime) != (TimeSet::Now, TimeSet::Now) {
            return Err(Errno::EPERM);
        }
        permission(cred, &**path.inode(), perm::WRITE)?;
    }
    let now = host::time::coarse();
    path.inode().set_attr(&SetAttr { atime: atime.value(now), mtime: mtime.value(now), ..SetAttr::default() })?;
    path.told(event::ATTRIB);
    Ok(())
}

/// `truncate(2)` on a file found by name. `EFBIG` when it would grow beyond `limit` (`RLIMIT_FSIZE`; `SIGXFSZ` is the caller's).
pub fn truncate(cred: &Cred, path: &Path, len: u64, limit: u64) -> Result<()> {
    match path.dentry.file_type() {
        FileType::Directory => return Err(Errno::EISDIR),
        FileType::Regular => {}
        _ => return Err(Errno::EINVAL),
    }
    path.mount.want_write()?;
    permission(cred, &**path.inode(), perm::WRITE)?;
    let _writing = crate::busy::Hold::write(path.inode())?;
    within(len, limit, || path.metadata())?;
    set_size(cred, path.inode(), len)?;
    path.told(event::MODIFY);
    Ok(())
}

/// `ftruncate(2)`: `EINVAL` unless it is a regular file open for writing. `limit` as for [`truncate`].
pub fn ftruncate(cred: &Cred, file: &File, len: u64, limit: u64) -> Result<()> {
    let regular = match file.path() {
        Some(path) => path.dentry.file_type() == FileType::Regular,
        None => FileType::from_mode(file.metadata()?.mode) == Some(FileType::Regular),
    };
    if !regular || !file.flags().writable() {
        return Err(Errno::EINVAL);
    }
    within(len, limit, || file.metadata())?;
    match file.path() {
        Some(path) => set_size(cred, path.inode(), len).map(|()| path.told(event::MODIFY)),
        None => file.ops().set_attr(&SetAttr { size: Some(len), ..SetAttr::default() }),
    }
}

/// Only growing is limited.
fn within(len: u64, limit: u64, now: impl FnOnce() -> Result<Metadata>) -> Result<()> {
    if len > limit && len > now()?.size { Err(Errno::EFBIG) } else { Ok(()) }
}

/// Changes the size of a regular file; set-id bits go unless `cred` has `CAP_FSETID`.
pub(super) fn set_size(cred: &Cred, inode: &InodeRef, len: u64) -> Result<()> {
    if len > crate::vfs::file::MAX_BYTES {
        return Err(if len > i64::MAX as u64 { Errno::EINVAL } else { Errno::EFBIG });
    }
    let now = host::time::coarse();
    let mut attr = SetAttr { size: Some(len), mtime: Some(now), ..SetAttr::default() };
    if !cred.capable(Caps::FSETID) {
        attr.mode = perm::without_setid(inode.mode_owner()?.0);
    }
    inode.set_attr(&attr)
}
