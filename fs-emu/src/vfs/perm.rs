//! Who may do what to a file.
//!
//! Answers to the permission parts of Linux's `fs/namei.c` (`generic_permission`, `may_create`, `may_delete`) and
//! `fs/inode.c` (`inode_init_owner`). No ACLs, no immutable or append-only files. Takes no lock of its own.

use crate::cred::{Caps, Cred};
use crate::{FileType, Inode, Owner};
use host::{Errno, Result};

/// Execute a file, search a directory.
pub const EXEC: u32 = 1;
/// Write.
pub const WRITE: u32 = 2;
/// Read.
pub const READ: u32 = 4;

/// Set-user-id.
pub const S_ISUID: u32 = 0o4000;
/// Set-group-id.
pub const S_ISGID: u32 = 0o2000;
/// Sticky.
pub const S_ISVTX: u32 = 0o1000;
/// Group execute.
pub const S_IXGRP: u32 = 0o010;

/// Whether `cred` has all of `mask` ([`READ`], [`WRITE`], [`EXEC`]) on an inode: `EACCES` if not.
pub fn permission(cred: &Cred, inode: &dyn Inode, mask: u32) -> Result<()> {
    let (mode, owner) = inode.mode_owner()?;
    check(cred, mode, owner, mask)
}

/// The same on attributes.
pub fn check(cred: &Cred, mode: u32, owner: Owner, mask: u32) -> Result<()> {
    let class = if cred.fsuid == owner.uid {
        mode >> 6
    } else if (mode >> 3 ^ mode) & 7 != 0 && cred.in_group(owner.gid) {
        mode >> 3
    } else {
        mode
    };
    if mask & !class & 7 == 0 || overrides(cred, mode, mask) { Ok(()) } else { Err(Errno::EACCES) }
}

fn overrides(cred: &Cred, mode: u32, mask: u32) -> bool {
    if FileType::from_mode(mode) == Some(FileType::Directory) {
        return (mask & WRITE == 0 && cred.capable(Caps::DAC_READ_SEARCH)) || cred.capable(Caps::DAC_OVERRIDE);
    }
    if mask == READ && cred.capable(Caps::DAC_READ_SEARCH) {
        return true;
    }
    // Even root executes only what somebody may execute.
    (mask & EXEC == 0 || mode & 0o111 != 0) && cred.capable(Caps::DAC_OVERRIDE)
}

/// Owner of the file, or `CAP_FOWNER` (`inode_owner_or_capable`).
pub fn owns(cred: &Cred, owner: Owner) -> bool {
    cred.fsuid == owner.uid || cred.capable(Caps::FOWNER)
}

/// Whether a name may be made in `dir` (which the caller knows to lack it).
pub fn may_create(cred: &Cred, dir: &dyn Inode) -> Result<()> {
    permission(cred, dir, WRITE | EXEC)
}

/// Whether the name of `victim` may be taken out of `dir`, by a call that removes a directory (or not).
pub fn may_delete(cred: &Cred, dir: &dyn Inode, victim: &dyn Inode, want_dir: bool) -> Result<()> {
    let (mode, owner) = dir.mode_owner()?;
    check(cred, mode, owner, WRITE | EXEC)?;
    if mode & S_ISVTX != 0 && cred.fsuid != owner.uid {
        let (_, theirs) = victim.mode_owner()?;
        if !owns(cred, theirs) {
            return Err(Errno::EPERM);
        }
    }
    match (want_dir, victim.file_type() == FileType::Directory) {
        (true, false) => Err(Errno::ENOTDIR),
        (false, true) => Err(Errno::EISDIR),
        _ => Ok(()),
    }
}

/// Mode and owner of a file that `cred` makes in `dir`: umask, inherited group, inherited or stripped set-group-id.
/// `mode` has the type.
pub fn init_owner(cred: &Cred, dir: &dyn Inode, mode: u32, umask: u32) -> Result<(u32, Owner)> {
    let (dir_mode, dir_owner) = dir.mode_owner()?;
    let is_dir = FileType::from_mode(mode) == Some(FileType::Directory);
    let mut mode = mode & !(umask & 0o777);
    if dir_mode & S_ISGID == 0 {
        return Ok((mode, Owner { uid: cred.fsuid, gid: cred.fsgid }));
    }
    if is_dir {
        mode |= S_ISGID;
    } else if mode & (S_ISGID | S_IXGRP) == S_ISGID | S_IXGRP && !keeps_setgid(cred, dir_owner.gid) {
        mode &= !S_ISGID;
    }
    Ok((mode, Owner { uid: cred.fsuid, gid: dir_owner.gid }))
}

/// Whether `cred` may leave set-group-id on a file of this group (`in_group_or_capable`).
pub fn keeps_setgid(cred: &Cred, gid: u32) -> bool {
    cred.in_group(gid) || cred.capable(Caps::FSETID)
}

/// The mode left over when somebody changes a regular file's contents (`file_remove_privs`); `None` when nothing changes.
pub fn without_setid(mode: u32) -> Option<u32> {
    let mut drop = mode & S_ISUID;
    if mode & S_IXGRP != 0 {
        drop |= mode & S_ISGID;
    }
    (drop != 0).then_some(mode & 0o7777 & !drop)
}

/// The credentials with which `access(2)` asks: the real ids, and no capabilities unless the real user is root.
pub fn real(cred: &Cred) -> Cred {
    let effective = if cred.uid == 0 { cred.permitted } else { Caps::empty() };
    Cred { fsuid: cred.uid, fsgid: cred.gid, effective, ..cred.clone() }
}
