//! Open files: what descriptors refer to (Linux's `struct file` and `fs/read_write.c`).
//!
//! An operation that would block answers `EAGAIN`; the kernel above waits and tries again. Locks: the position, outermost
//! of all (rank 5, because the operations below it may take anything), held while one read, write or seek uses it.

use super::dentry::Dentry;
use super::mount::Path;
use super::notify::event;
use super::perm;
use crate::busy::Hold;
use crate::cred::{Caps, Cred};
use crate::file::AT_POSITION;
use crate::file::DirSink;
use crate::{FileOps, FileType, Metadata, OpenFlags, Owner, SetAttr};
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::any::Any;
use core::sync::atomic::{AtomicBool, AtomicU32, Ordering::*};
use host::iov::IovIter;
use host::lock::Mutex;
use host::{Errno, Result};

/// Largest size of a file (`MAX_LFS_FILESIZE`).
pub const MAX_BYTES: u64 = i64::MAX as u64;
/// Rank of the position's lock: outside everything.
const POS: u8 = 5;
/// What `F_SETFL` changes.
const SETFL: OpenFlags = OpenFlags::APPEND
    .union(OpenFlags::NONBLOCK)
    .union(OpenFlags::DIRECT)
    .union(OpenFlags::NOATIME)
    .union(OpenFlags::ASYNC);

/// What limits a write besides the file itself.
#[derive(Clone, Copy, Debug)]
pub struct WriteRules {
    /// `RLIMIT_FSIZE`: a regular file is not written beyond it (`EFBIG`; `SIGXFSZ` is the caller's).
    pub limit: u64,
    /// The writer has `CAP_FSETID`: set-id bits stay.
    pub keep_setid: bool,
    /// This write goes to the end although the file is not open for appending (`RWF_APPEND`).
    pub append: bool,
}

impl WriteRules {
    /// No limit, with the writer's credentials.
    pub fn of(cred: &Cred, limit: u64) -> WriteRules {
        WriteRules { limit, keep_setid: cred.capable(Caps::FSETID), append: false }
    }
}

/// Where `lseek` counts from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Whence {
    Set,
    Cur,
    End,
    Data,
    Hole,
}

impl Whence {
    /// From the argument of `lseek(2)`.
    pub fn from_raw(n: u32) -> Result<Whence> {
        Ok(match n {
            0 => Whence::Set,
            1 => Whence::Cur,
            2 => Whence::End,
            3 => Whence::Data,
            4 => Whence::Hole,
            _ => return Err(Errno::EINVAL),
        })
    }
}

/// An open file description.
pub struct File {
    ops: Arc<dyn FileOps>,
    path: Option<Path>,
    /// It has a name, and is a regular file.
    regular: bool,
    flags: AtomicU32,
    pos: Mutex<u64, POS>,
    /// What the kernel above keeps with it (owner for signals, locks to release); dropped with the file.
    extra: Mutex<Option<Arc<dyn Any + Send + Sync>>>,
    /// That it is open for writing, or that it runs.
    hold: Mutex<Option<Hold>>,
    /// Whether there is a hold, and nobody was told of the end yet.
    unfinished: AtomicBool,
    /// Number of [`OpenRef`]s.
    opens: AtomicU32,
}

/// A reference that keeps a file open: a descriptor's, a sleeping call's, a message's. With the last one the file is closed,
/// although an `Arc` of it may be left in the hand of a call, or on the stack of a killed host thread.
pub struct OpenRef(Arc<File>);

impl OpenRef {
    /// The file itself, which this does not keep open.
    pub fn file(&self) -> &Arc<File> {
        &self.0
    }
}

impl From<Arc<File>> for OpenRef {
    fn from(file: Arc<File>) -> OpenRef {
        file.add_open();
        OpenRef(file)
    }
}

impl Clone for OpenRef {
    fn clone(&self) -> OpenRef {
        OpenRef::from(self.0.clone())
    }
}

impl Drop for OpenRef {
    fn drop(&mut self) {
        self.0.drop_open();
    }
}

/// What stands behind an `O_PATH` descriptor.
struct PathOnly;

impl FileOps for PathOnly {
    fn as_any(&self) -> &dyn Any {
        self
    }

    fn ioctl(&self, _cmd: u32, _arg: usize) -> Result<usize> {
        Err(Errno::EBADF)
    }

    fn map(&self) -> Result<crate::MapSource> {
        Err(Errno::EBADF)
    }

    fn sync(&self, _data_only: bool) -> Result<()> {
        Err(Errno::EBADF)
    }
}

impl File {
    /// A file with these operations; `path` when it has a name.
    pub fn new(ops: Arc<dyn FileOps>, path: Option<Path>, flags: OpenFlags) -> Arc<File> {
        File::new_held(ops, path, flags, None)
    }

    /// The same, with its count as a writer of the file or as one who runs it.
    pub(super) fn new_held(
        ops: Arc<dyn FileOps>,
        path: Option<Path>,
        flags: OpenFlags,
        hold: Option<Hold>,
    ) -> Arc<File> {
        let kept =
            flags - (OpenFlags::CREAT | OpenFlags::EXCL | OpenFlags::NOCTTY | OpenFlags::TRUNC | OpenFlags::CLOEXEC);
        let (pos, extra, hold) = (Mutex::new(0), Mutex::new(None), Mutex::new(hold));
        let regular =
            path.as_ref().is_some_and(|p| p.dentry.file_type() == FileType::Regular) && !kept.contains(OpenFlags::PATH);
        let file = Arc::new(File {
            ops,
            regular,
            path,
            flags: AtomicU32::new(kept.bits()),
            pos,
            extra,
            hold,
            unfinished: AtomicBool::new(true),
            opens: AtomicU32::new(0),
        });
        file.told(event::OPEN);
        file
    }

    /// One more keeps it open, and says so with [`drop_open`](Self::drop_open): what an [`OpenRef`] does, for who can't hold one.
    pub fn add_open(&self) {
        self.opens.fetch_add(1, SeqCst);
    }

    /// One less. With the last one the file is closed.
    pub fn drop_open(&self) {
        if self.opens.fetch_sub(1, SeqCst) == 1 {
            let extra = self.extra.lock().take();
            drop(extra);
            self.ops.release();
        }
    }

    /// Nobody will use it any more: it does not count as a writer, and who watches is told. For whoever lets go of the last
    /// reference, when that may outlive the end of the call.
    pub fn finish(&self) {
        if self.unfinished.swap(false, SeqCst) {
            self.release();
            self.told(if self.flags().writable() { event::CLOSE_WRITE } else { event::CLOSE_NOWRITE });
        }
    }

    /// Tells who watches that something happened to the file.
    pub fn told(&self, what: u32) {
        if let Some(path) = self.path.as_ref().filter(|_| !self.is_path_only()) {
            path.told(what);
        }
    }

    /// Ends that count early: an interpreter may be written again once it is loaded.
    pub fn release(&self) {
        let hold = self.hold.lock().take();
        drop(hold);
    }

    /// A mere reference to a place (`O_PATH`).
    pub fn new_path(path: Path, flags: OpenFlags) -> Arc<File> {
        File::new(Arc::new(PathOnly), Some(path), flags | OpenFlags::PATH)
    }

    /// A regular file that never had a name, shown as `name` in the directory `dir` and deleted (`memfd_create`).
    pub fn unlinked(dir: &Path, name: &[u8], mode: u32, owner: Owner, flags: OpenFlags) -> Result<Arc<File>> {
        let inode = dir.inode().create_unnamed(FileType::Regular.mode() | (mode & 0o7777), owner)?;
        let ops = inode.clone().open(flags)?;
        let dentry = Dentry::unlinked(&dir.dentry, inode, name);
        Ok(File::new(ops, Some(Path { mount: dir.mount.clone(), dentry }), flags))
    }

    /// What the kernel above keeps with this open file, made at the first use. `None` if it is of another type.
    pub fn extra_or<T: Any + Send + Sync>(&self, make: impl FnOnce() -> T) -> Option<Arc<T>> {
        let mut extra = self.extra.lock();
        let kept: Arc<dyn Any + Send + Sync> = extra.get_or_insert_with(|| Arc::new(make())).clone();
        drop(extra);
        kept.downcast().ok()
    }

    /// The same, if there is any yet.
    pub fn extra<T: Any + Send + Sync>(&self) -> Option<Arc<T>> {
        let kept = self.extra.lock().clone();
        kept?.downcast().ok()
    }

    /// A number that no other open file has as long as this one lives: the owner of its locks.
    pub fn id(&self) -> u64 {
        core::ptr::from_ref(self) as usize as u64
    }

    /// The operations.
    pub fn ops(&self) -> &Arc<dyn FileOps> {
        &self.ops
    }

    /// Its operations, if they are of this kind.
    pub fn ops_as<T: 'static>(&self) -> Option<&T> {
        self.ops.as_any().downcast_ref()
    }

    /// Where it was opened.
    pub fn path(&self) -> Option<&Path> {
        self.path.as_ref()
    }

    /// Access mode and status flags (`F_GETFL`).
    pub fn flags(&self) -> OpenFlags {
        OpenFlags::from_bits_retain(self.flags.load(Relaxed))
    }

    /// Whether it is a regular file with a name, open for more than its path.
    pub fn is_regular(&self) -> bool {
        self.regular
    }

    /// Whether it is an `O_PATH` file, with which most calls answer `EBADF`.
    pub fn is_path_only(&self) -> bool {
        self.flags().contains(OpenFlags::PATH)
    }

    /// The inode's kind; a file without an inode counts by what its operations say.
    pub fn file_type(&self) -> FileType {
        match &self.path {
            Some(p) => p.dentry.file_type(),
            None => self.ops.metadata().map_or(FileType::Regular, |m| m.file_type()),
        }
    }

    /// `F_SETFL`.
    pub fn set_flags(&self, cred: &Cred, flags: OpenFlags) -> Result<()> {
        let old = self.flags();
        if flags.contains(OpenFlags::NOATIME)
            && !old.contains(OpenFlags::NOATIME)
            && let Some(p) = &self.path
            && !perm::owns(cred, p.inode().mode_owner()?.1)
        {
            return Err(Errno::EPERM);
        }
        let new = (old - SETFL) | (flags & SETFL);
        self.ops.set_flags(new)?;
        self.flags.store(new.bits(), Relaxed);
        Ok(())
    }

    /// Switches `O_NONBLOCK` (`FIONBIO`).
    pub fn set_nonblock(&self, on: bool) -> Result<()> {
        let mut new = self.flags();
        new.set(OpenFlags::NONBLOCK, on);
        self.ops.set_flags(new)?;
        self.flags.store(new.bits(), Relaxed);
        Ok(())
    }

    /// Notes whether `O_ASYNC` is set.
    pub fn set_async(&self, on: bool) {
        let mut new = self.flags();
        new.set(OpenFlags::ASYNC, on);
        self.flags.store(new.bits(), Relaxed);
    }

    /// Attributes, as `fstat` gives them.
    pub fn metadata(&self) -> Result<Metadata> {
        match &self.path {
            Some(p) => p.metadata(),
            None => self.ops.metadata(),
        }
    }

    /// `EBADF` unless open for reading.
    pub fn want_read(&self) -> Result<()> {
        if self.flags().readable() { Ok(()) } else { Err(Errno::EBADF) }
    }

    /// `EBADF` unless open for writing.
    pub fn want_write(&self) -> Result<()> {
        if self.flags().writable() { Ok(()) } else { Err(Errno::EBADF) }
    }

    /// `read(2)` and `readv(2)`.
    pub fn read(&self, to: &mut IovIter<'_>) -> Result<usize> {
        self.read_here(to).inspect(|n| self.moved(*n, event::ACCESS))
    }

    /// Bytes were read or written.
    fn moved(&self, n: usize, what: u32) {
        if n > 0 {
            self.told(what);
        }
    }

    fn read_here(&self, to: &mut IovIter<'_>) -> Result<usize> {
        self.want_read()?;
        if !self.ops.seekable() || self.ops.own_position() {
            return self.read_at(AT_POSITION, to);
        }
        let mut pos = self.pos.lock();
        let n = self.read_at(*pos, to)?;
        *pos = pos.saturating_add(n as u64);
        Ok(n)
    }

    /// `pread(2)`.
    pub fn pread(&self, off: i64, to: &mut IovIter<'_>) -> Result<usize> {
        let off = self.at(off)?;
        self.want_read()?;
        self.read_at(off, to).inspect(|n| self.moved(*n, event::ACCESS))
    }

    /// A directory that has no reading of its own is one all the same (`generic_read_dir`).
    fn read_at(&self, off: u64, to: &mut IovIter<'_>) -> Result<usize> {
        in_range(off, to.remaining())?;
        match self.ops.read_at(off, to) {
            Err(Errno::EINVAL) if self.file_type() == FileType::Directory => Err(Errno::EISDIR),
            done => done,
        }
    }

    /// `write(2)` and `writev(2)`.
    pub fn write(&self, from: &mut IovIter<'_>, rules: WriteRules) -> Result<usize> {
        self.write_here(from, rules).inspect(|n| self.moved(*n, event::MODIFY))
    }

    fn write_here(&self, from: &mut IovIter<'_>, rules: WriteRules) -> Result<usize> {
        self.want_write()?;
        let append = rules.append || self.flags().contains(OpenFlags::APPEND);
        if !self.ops.seekable() || self.ops.own_position() {
            return self.ops.write_at(AT_POSITION, from, append).map(|(n, _)| n);
        }
        let mut pos = self.pos.lock();
        let (n, end) = self.write_checked(*pos, from, append, rules)?;
        if n > 0 {
            *pos = end;
        }
        Ok(n)
    }

    /// `pwrite(2)`, which appends too if the file was opened so.
    pub fn pwrite(&self, off: i64, from: &mut IovIter<'_>, rules: WriteRules) -> Result<usize> {
        let off = self.at(off)?;
        self.want_write()?;
        let append = rules.append || self.flags().contains(OpenFlags::APPEND);
        let n = self.write_checked(off, from, append, rules)?.0;
        self.moved(n, event::MODIFY);
        Ok(n)
    }

    fn at(&self, off: i64) -> Result<u64> {
        let off = u64::try_from(off).map_err(|_| Errno::EINVAL)?;
        if self.is_path_only() {
            return Err(Errno::EBADF);
        }
        if self.ops.seekable() { Ok(off) } else { Err(Errno::ESPIPE) }
    }

    fn write_checked(&self, pos: u64, from: &mut IovIter<'_>, append: bool, rules: WriteRules) -> Result<(usize, u64)> {
        in_range(pos, from.remaining())?;
        let Some(path) = self.path.as_ref().filter(|p| p.dentry.file_type() == FileType::Regular) else {
            return self.ops.write_at(pos, from, append);
        };
        if from.remaining() > 0 {
            let limit = rules.limit.min(MAX_BYTES);
            // Without a limit the size is not worth asking for: `write_at` finds it itself.
            let start = if append && rules.limit < MAX_BYTES { path.metadata()?.size } else { pos };
            if start >= limit {
                return Err(Errno::EFBIG);
            }
            from.truncate(usize::try_from(limit - start).unwrap_or(usize::MAX));
        }
        let done = self.ops.write_at(pos, from, append)?;
        if done.0 > 0
            && !rules.keep_setid
            && let Some(mode) = perm::without_setid(path.inode().mode_owner()?.0)
        {
            let _ = path.inode().set_attr(&SetAttr { mode: Some(mode), ..SetAttr::default() });
        }
        Ok(done)
    }

    /// `getdents64(2)`: hands entries to `sink` from the position on. `ENOTDIR` for anything but a directory.
    pub fn readdir(&self, sink: DirSink<'_>) -> Result<()> {
        self.want_read()?;
        let mut pos = self.pos.lock();
        *pos = self.ops.readdir(*pos, sink)?;
        drop(pos);
        self.told(event::ACCESS);
        Ok(())
    }

    /// The position now.
    pub fn pos(&self) -> u64 {
        if self.ops.own_position() {
            return self.ops.seek(0, 1).unwrap_or(0);
        }
        *self.pos.lock()
    }

    /// Sets the position without any check (`sendfile`, `copy_file_range` after the fact).
    pub fn set_pos(&self, to: u64) {
        if self.ops.own_position() {
            let _ = self.ops.seek(i64::try_from(to).unwrap_or(i64::MAX), 0);
            return;
        }
        *self.pos.lock() = to;
    }

    /// `lseek(2)`.
    pub fn seek(&self, off: i64, whence: Whence) -> Result<u64> {
        if self.is_path_only() {
            return Err(Errno::EBADF);
        }
        if !self.ops.seekable() {
            return Err(Errno::ESPIPE);
        }
        if self.ops.own_position() {
            return self.ops.seek(off, whence as u32);
        }
        let mut pos = self.pos.lock();
        let new = match whence {
            Whence::Set => off,
            Whence::Cur => (*pos as i64).checked_add(off).ok_or(Errno::EINVAL)?,
            Whence::End => (self.metadata()?.size as i64).checked_add(off).ok_or(Errno::EINVAL)?,
            Whence::Data | Whence::Hole => self.seek_data(off, whence == Whence::Hole)?,
        };
        let new = u64::try_from(new).map_err(|_| Errno::EINVAL)?;
        *pos = new;
        Ok(new)
    }

    fn seek_data(&self, off: i64, hole: bool) -> Result<i64> {
        let start = u64::try_from(off).map_err(|_| Errno::ENXIO)?;
        if start >= self.metadata()?.size {
            return Err(Errno::ENXIO);
        }
        self.ops.seek_data(start, hole).map(|n| n as i64)
    }

    /// `fsync(2)` and `fdatasync(2)`.
    pub fn sync(&self, data_only: bool) -> Result<()> {
        self.ops.sync(data_only)
    }

    /// `fallocate(2)`: all of its checks, then the file's own.
    pub fn allocate(&self, mode: u32, off: i64, len: i64, limit: u64) -> Result<()> {
        use fallocate::*;
        if off < 0 || len <= 0 {
            return Err(Errno::EINVAL);
        }
        check_mode(mode)?;
        self.want_write()?;
        match self.file_type() {
            FileType::Fifo => return Err(Errno::ESPIPE),
            FileType::Directory => return Err(Errno::EISDIR),
            FileType::Regular | FileType::BlockDevice => {}
            _ => return Err(Errno::ENODEV),
        }
        let (off, len) = (off as u64, len as u64);
        let end = off.checked_add(len).filter(|e| *e <= MAX_BYTES).ok_or(Errno::EFBIG)?;
        if mode & KEEP_SIZE == 0 && end > limit {
            return Err(Errno::EFBIG);
        }
        self.ops.allocate(mode, off, len)?;
        self.told(event::MODIFY);
        Ok(())
    }

    /// What `/proc/PID/fd/N` shows.
    pub fn describe(&self, root: &Path) -> Vec<u8> {
        match &self.path {
            // `O_PATH` on a magic link: what the link stood for.
            Some(p) => match super::anon::AnonInode::of(p.inode()) {
                Some(anon) => anon.file().ops().describe(),
                None => super::path_string(p, root),
            },
            None => self.ops.describe(),
        }
    }
}

/// `EINVAL` for a transfer beyond the largest offset (`rw_verify_area`).
fn in_range(off: u64, len: usize) -> Result<()> {
    let fits = off == AT_POSITION || off.checked_add(len as u64).is_some_and(|end| end <= MAX_BYTES);
    if fits { Ok(()) } else { Err(Errno::EINVAL) }
}

impl Drop for File {
    fn drop(&mut self) {
        self.finish();
    }
}

/// Modes of `fallocate(2)`.
pub mod fallocate {
    use host::{Errno, Result};

    /// The size stays.
    pub const KEEP_SIZE: u32 = 1;
    /// Make a hole.
    pub const PUNCH_HOLE: u32 = 2;
    /// Take a range out.
    pub const COLLAPSE_RANGE: u32 = 8;
    /// Make zeros.
    pub const ZERO_RANGE: u32 = 16;
    /// Put a hole in.
    pub const INSERT_RANGE: u32 = 32;
    /// Make shared extents private.
    pub const UNSHARE_RANGE: u32 = 64;

    /// Which combinations exist (`vfs_fallocate`).
    pub(super) fn check_mode(mode: u32) -> Result<()> {
        let known = KEEP_SIZE | PUNCH_HOLE | COLLAPSE_RANGE | ZERO_RANGE | INSERT_RANGE | UNSHARE_RANGE;
        if mode & !known != 0 || mode & (PUNCH_HOLE | ZERO_RANGE) == PUNCH_HOLE | ZERO_RANGE {
            return Err(Errno::EOPNOTSUPP);
        }
        if mode & PUNCH_HOLE != 0 && mode & KEEP_SIZE == 0 {
            return Err(Errno::EOPNOTSUPP);
        }
        let alone = (mode & COLLAPSE_RANGE != 0 && mode != COLLAPSE_RANGE)
            || (mode & INSERT_RANGE != 0 && mode != INSERT_RANGE)
            || (mode & UNSHARE_RANGE != 0 && mode & !(UNSHARE_RANGE | KEEP_SIZE) != 0);
        if alone { Err(Errno::EINVAL) } else { Ok(()) }
    }
}
