//! `open`: flags, creation, `O_TMPFILE`, `O_PATH`, and what is checked before a file is handed out (Linux's `build_open_flags`,
//! `open_last_lookups`, `do_open` and `may_open`). Locks: the name lock of the directory in which a file is made.

use super::attr::set_size;
use super::create::make_node;
use crate::busy::Hold;
use crate::vfs::notify::event;
use crate::vfs::walk::{Piece, Walker};
use crate::vfs::{At, Ctx, Dentry, File, MountFlags, Path, Resolve, Spot, perm};
use crate::{Cred, FileType, OpenFlags};
use alloc::sync::Arc;
use host::rcu::{self, Held, Reading};
use host::{Errno, Result};

/// All flags that `open` knows.
const VALID: u32 = 0o37777703;
/// The flags that `O_PATH` leaves: `O_DIRECTORY | O_NOFOLLOW | O_PATH | O_CLOEXEC`.
const PATH_FLAGS: u32 = 0o200000 | 0o400000 | 0o10000000 | 0o2000000;
/// The flags that are kept with the open file.
const NOT_KEPT: OpenFlags =
    OpenFlags::CREAT.union(OpenFlags::EXCL).union(OpenFlags::NOCTTY).union(OpenFlags::TRUNC).union(OpenFlags::CLOEXEC);

/// How to open: checked flags.
#[derive(Clone, Copy, Debug)]
pub struct OpenHow {
    /// Access mode and flags.
    pub flags: OpenFlags,
    /// Permission bits of a new file.
    pub mode: u32,
    /// How to walk.
    pub resolve: Resolve,
}

/// What was opened.
pub enum Opened {
    /// A regular file or directory, or anything with `O_PATH`.
    File(Arc<File>),
    /// Something that the kernel above knows how to open: it makes a [`File`] with its own operations at this path.
    Special {
        /// The file.
        path: Path,
        /// FIFO, device or socket.
        kind: FileType,
        /// A device's number.
        rdev: u64,
        /// The flags of the open call.
        flags: OpenFlags,
    },
}

impl OpenHow {
    /// From the arguments of `open` and `openat`, which ignore what they do not know.
    pub fn legacy(flags: u32, mode: u32) -> Result<OpenHow> {
        let mut flags = (flags & VALID) | OpenFlags::LARGEFILE.bits();
        if flags & OpenFlags::PATH.bits() != 0 {
            flags &= PATH_FLAGS;
        }
        let mode = if creates(OpenFlags::from_bits_retain(flags)) { mode & 0o7777 } else { 0 };
        OpenHow::checked(u64::from(flags), u64::from(mode), 0)
    }

    /// From `struct open_how` of `openat2`, which is strict.
    pub fn checked(flags: u64, mode: u64, resolve: u64) -> Result<OpenHow> {
        if flags & !u64::from(VALID) != 0 || resolve & !0x3f != 0 || resolve & 0x18 == 0x18 {
            return Err(Errno::EINVAL);
        }
        let mut f = OpenFlags::from_bits_retain(flags as u32);
        if if creates(f) { mode & !0o7777 != 0 } else { mode != 0 } {
            return Err(Errno::EINVAL);
        }
        if f.contains(OpenFlags::DIRECTORY | OpenFlags::CREAT) {
            return Err(Errno::EINVAL);
        }
        if f.contains(OpenFlags::TMPFILE_ONLY) && !(f.contains(OpenFlags::DIRECTORY) && f.bits() & 3 != 0) {
            return Err(Errno::EINVAL);
        }
        if f.contains(OpenFlags::PATH) {
            if f.bits() & !PATH_FLAGS != 0 {
                return Err(Errno::EINVAL);
            }
        } else {
            f |= OpenFlags::LARGEFILE;
        }
        let resolve = Resolve::from_bits_retain(resolve as u32);
        if resolve.contains(Resolve::CACHED) && (creates(f) || f.contains(OpenFlags::TRUNC)) {
            return Err(Errno::EAGAIN);
        }
        Ok(OpenHow { flags: f, mode: mode as u32, resolve })
    }

    /// The walk's flags without creation.
    pub fn walk(&self) -> Resolve {
        let mut r = self.resolve;
        r.set(Resolve::NOFOLLOW, self.flags.contains(OpenFlags::NOFOLLOW));
        r.set(Resolve::DIRECTORY, self.flags.contains(OpenFlags::DIRECTORY));
        r
    }

    /// What permission the open call needs: `O_TRUNC` needs to write whatever the access mode.
    pub fn access(&self) -> u32 {
        let acc = match self.flags.bits() & 3 {
            0 => perm::READ,
            1 => perm::WRITE,
            _ => perm::READ | perm::WRITE,
        };
        if self.flags.contains(OpenFlags::TRUNC) { acc | perm::WRITE } else { acc }
    }
}

fn creates(f: OpenFlags) -> bool {
    f.intersects(OpenFlags::CREAT | OpenFlags::TMPFILE_ONLY)
}

/// `openat2(2)` and its elders.
pub fn open(ctx: &Ctx<'_>, at: At<'_>, how: &OpenHow) -> Result<Opened> {
    let flags = how.flags;
    if flags.contains(OpenFlags::PATH) {
        let path = ctx.find(at, how.walk())?;
        return Ok(Opened::File(File::new_path(path, flags - NOT_KEPT)));
    }
    if flags.contains(OpenFlags::TMPFILE_ONLY) {
        return open_unnamed(ctx, at, how);
    }
    if !flags.contains(OpenFlags::CREAT) {
        let path = ctx.find(at, how.walk())?;
        return finish(ctx, path, how, false);
    }
    let (path, created) =
        find_or_create(ctx, &rcu::read(), at, how).map(|(spot, created)| (spot.into_path(), created))?;
    finish(ctx, path, how, created)
}

/// Opens an executable as `execve` does (`do_open_execat`): it must be a regular file with execute permission, on a mount without
/// `noexec`. The file is readable for the loader, and cannot be opened for writing (`ETXTBSY`) until [`File::release`].
pub fn open_exec(ctx: &Ctx<'_>, at: At<'_>, resolve: Resolve) -> Result<Arc<File>> {
    let path = ctx.find(at, resolve)?;
    match path.dentry.file_type() {
        FileType::Symlink => return Err(Errno::ELOOP),
        FileType::Regular if !path.mount.flags().contains(MountFlags::NOEXEC) => {}
        _ => return Err(Errno::EACCES),
    }
    perm::permission(ctx.cred, &**path.inode(), perm::EXEC)?;
    let hold = Hold::run(path.inode())?;
    let ops = path.inode().clone().open(OpenFlags::LARGEFILE)?;
    Ok(File::new_held(ops, Some(path), OpenFlags::LARGEFILE, hold))
}

/// Opens once more what a path leads to, without a walk: `/proc/self/fd/N` of a special file, a pipe's other end.
pub fn reopen(ctx: &Ctx<'_>, path: Path, how: &OpenHow) -> Result<Opened> {
    finish(ctx, path, how, false)
}

/// The walk of `O_CREAT`: follows symlinks to names that do not exist yet. `true` when the file was made.
fn find_or_create<'r>(ctx: &Ctx<'r>, reading: &'r Reading, at: At<'r>, how: &OpenHow) -> Result<(Spot<'r>, bool)> {
    if at.path.is_empty() {
        return Err(Errno::ENOENT);
    }
    let mut walker = Walker::new(*ctx, reading, at, how.resolve)?;
    let follow = !how.flags.intersects(OpenFlags::NOFOLLOW | OpenFlags::EXCL);
    loop {
        let (last, slash) = walker.advance()?;
        let name = match last {
            Piece::Name(_) if slash => return Err(Errno::EISDIR),
            Piece::Name(name) => name,
            Piece::DotDot => {
                walker.dotdot()?;
                return Ok((walker.cur, false));
            }
            Piece::Dot | Piece::Root => return Ok((walker.cur, false)),
        };
        let (spot, created) = match walker.known_child(name)? {
            Some(spot) => (spot, false),
            None => {
                let (dentry, created) = lookup_or_create(ctx, &walker.cur.clone().into_path(), walker.name(name), how)?;
                (walker.enter(Held::Counted(dentry))?, created)
            }
        };
        if created || !follow || spot.dentry.file_type() != FileType::Symlink {
            return Ok((spot, created));
        }
        if walker.follow(&spot)? {
            return Ok((walker.cur, false));
        }
    }
}

/// The name is not known to be there.
fn lookup_or_create(ctx: &Ctx<'_>, dir: &Path, name: &[u8], how: &OpenHow) -> Result<(Arc<Dentry>, bool)> {
    let lock = dir.dentry.lock_names();
    match dir.dentry.lookup_locked(&lock, name) {
        Err(Errno::ENOENT) => {}
        found => return found.map(|d| (d, false)),
    }
    if let Some(e) = dir.inode().refuses_names() {
        // `->create` missing is EACCES in Linux, where `->mkdir` missing is EPERM.
        return Err(if e == Errno::EPERM { Errno::EACCES } else { e });
    }
    dir.mount.want_write()?;
    let mode = FileType::Regular.mode() | how.mode;
    let made = make_node(ctx, dir, &lock, name, mode, 0);
    drop(lock);
    if made.is_ok() {
        dir.told_of(event::CREATE, 0, name);
    }
    match made {
        // A file system without a name lock: somebody else was faster.
        Err(Errno::EEXIST) if !how.flags.contains(OpenFlags::EXCL) => dir.dentry.lookup(name).map(|d| (d, false)),
        made => made.map(|d| (d, true)),
    }
}

fn open_unnamed(ctx: &Ctx<'_>, at: At<'_>, how: &OpenHow) -> Result<Opened> {
    let dir = ctx.find(at, how.walk())?;
    dir.mount.want_write()?;
    let inode = &**dir.inode();
    perm::permission(ctx.cred, inode, perm::WRITE | perm::EXEC)?;
    let (mode, owner) = perm::init_owner(ctx.cred, inode, FileType::Regular.mode() | how.mode, ctx.umask)?;
    let new = inode.create_unnamed(mode, owner)?;
    let dentry = Dentry::unnamed(&dir.dentry, new, !how.flags.contains(OpenFlags::EXCL));
    let path = Path { mount: dir.mount, dentry };
    let hold = Hold::write(path.inode())?;
    let ops = path.inode().clone().open(how.flags)?;
    Ok(Opened::File(File::new_held(ops, Some(path), how.flags - NOT_KEPT, hold)))
}

/// The checks on the file that was found, and opening it.
fn finish(ctx: &Ctx<'_>, path: Path, how: &OpenHow, created: bool) -> Result<Opened> {
    let flags = how.flags;
    let kind = path.dentry.file_type();
    if flags.contains(OpenFlags::CREAT) {
        if flags.contains(OpenFlags::EXCL) && !created {
            return Err(Errno::EEXIST);
        }
        if kind == FileType::Directory {
            return Err(Errno::EISDIR);
        }
    }
    if flags.contains(OpenFlags::DIRECTORY) && kind != FileType::Directory {
        return Err(Errno::ENOTDIR);
    }
    let truncate = !created && kind == FileType::Regular && flags.contains(OpenFlags::TRUNC);
    if truncate {
        path.mount.want_write()?;
    }
    may_open(ctx.cred, &path, kind, if created { 0 } else { how.access() }, flags)?;
    if !matches!(kind, FileType::Regular | FileType::Directory) {
        let rdev = path.metadata()?.rdev;
        return Ok(Opened::Special { path, kind, rdev, flags });
    }
    if flags.writable() {
        path.mount.want_write()?;
    }
    let counts = kind == FileType::Regular && (truncate || flags.writable());
    let mut hold = if counts { Hold::write(path.inode())? } else { None };
    let ops = path.inode().clone().open(flags)?;
    if truncate {
        set_size(ctx.cred, path.inode(), 0)?;
    }
    if !flags.writable() {
        hold = None;
    }
    let file = File::new_held(ops, Some(path), flags - NOT_KEPT, hold);
    if truncate {
        file.told(event::MODIFY);
    }
    Ok(Opened::File(file))
}

/// Whether a file of this kind may be opened so.
fn may_open(cred: &Cred, path: &Path, kind: FileType, access: u32, flags: OpenFlags) -> Result<()> {
    match kind {
        FileType::Symlink => return Err(Errno::ELOOP),
        FileType::Directory if access & perm::WRITE != 0 => return Err(Errno::EISDIR),
        FileType::BlockDevice | FileType::CharDevice if path.mount.flags().contains(MountFlags::NODEV) => {
            return Err(Errno::EACCES);
        }
        _ => {}
    }
    let (mode, owner) = path.inode().mode_owner()?;
    perm::check(cred, mode, owner, access)?;
    if flags.contains(OpenFlags::NOATIME) && !perm::owns(cred, owner) {
        return Err(Errno::EPERM);
    }
    Ok(())
}
