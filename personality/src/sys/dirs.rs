//! Directories: `getdents`, `getcwd`, `chdir`, `chroot` (Linux's `fs/readdir.c`, `fs/open.c`, `fs/d_path.c`).

use super::path::{self, AT_FDCWD, Asker};
use crate::dispatch::Call;
use crate::table::{Fd, PathPtr, Ptr};
use alloc::vec::Vec;
use fs_emu::cred::Caps;
use fs_emu::vfs::{File, Path, Resolve, perm};
use fs_emu::{Cred, DirEntry, FileType};
use host::{Errno, Result, user};

/// Most bytes of entries in one answer, whatever the guest has room for.
const MAX_ANSWER: usize = 1 << 20;

/// How an entry looks to the guest.
#[derive(Clone, Copy)]
enum Layout {
    /// `struct linux_dirent`: the kind is the last byte of the record.
    Old,
    /// `struct linux_dirent64`: the kind stands before the name.
    New,
}

/// Records for the guest.
struct Records {
    layout: Layout,
    room: usize,
    bytes: Vec<u8>,
    /// An entry did not fit.
    full: bool,
}

/// What both forms begin with: inode, position, length.
const HEAD: usize = 18;
/// Room for the records of a small directory.
const USUAL: usize = 2048;

impl Records {
    fn new(layout: Layout, room: usize) -> Records {
        Records { layout, room: room.min(MAX_ANSWER), bytes: Vec::new(), full: false }
    }

    /// Appends an entry if there is room for it.
    fn push(&mut self, entry: &DirEntry<'_>) -> bool {
        // Around the name there are its NUL and the kind.
        let len = (HEAD + entry.name.len() + 2).next_multiple_of(8);
        let end = self.bytes.len() + len;
        if end > self.room || !self.reserve(end) {
            self.full = true;
            return false;
        }
        let mut head = [0; HEAD + 1];
        head[..8].copy_from_slice(&entry.ino.to_ne_bytes());
        head[8..16].copy_from_slice(&entry.next.to_ne_bytes());
        head[16..HEAD].copy_from_slice(&(len as u16).to_ne_bytes());
        head[HEAD] = entry.kind;
        match self.layout {
            Layout::Old => self.bytes.extend_from_slice(&head[..HEAD]),
            Layout::New => self.bytes.extend_from_slice(&head),
        }
        self.bytes.extend_from_slice(entry.name);
        self.bytes.resize(end, 0);
        if let (Layout::Old, Some(last)) = (self.layout, self.bytes.last_mut()) {
            *last = entry.kind;
        }
        true
    }

    /// Whether there is memory for so many bytes.
    fn reserve(&mut self, bytes: usize) -> bool {
        let more = bytes.max(USUAL.min(self.room)) - self.bytes.len();
        bytes <= self.bytes.capacity() || self.bytes.try_reserve(more).is_ok()
    }

    /// Copies out as many whole records as can be; answers their bytes and the position after them, `None` for all.
    fn copy_out(&self, buf: usize) -> Result<(usize, Option<u64>)> {
        if user::copy_out(buf, &self.bytes).is_ok() {
            return Ok((self.bytes.len(), None));
        }
        let (mut done, mut pos) = (0, None);
        while let Some((record, next)) = self.record(done) {
            if buf.checked_add(done).is_none_or(|at| user::copy_out(at, record).is_err()) {
                break;
            }
            (done, pos) = (done + record.len(), Some(next));
        }
        if done == 0 { Err(Errno::EFAULT) } else { Ok((done, pos)) }
    }

    /// The record that begins at an offset, and the directory position after it.
    fn record(&self, at: usize) -> Option<(&[u8], u64)> {
        let rest = self.bytes.get(at..)?;
        let next = u64::from_ne_bytes(rest.get(8..16)?.try_into().ok()?);
        let len = u16::from_ne_bytes(rest.get(16..HEAD)?.try_into().ok()?);
        Some((rest.get(..usize::from(len))?, next))
    }
}

/// `getdents(2)`.
pub fn getdents(call: &mut Call<'_>, fd: Fd, buf: Ptr, count: u32) -> Result<usize> {
    let file = path::file(call.task, fd)?;
    read_entries(&file, Layout::Old, buf.0, count as usize)
}

/// `getdents64(2)`.
pub fn getdents64(call: &mut Call<'_>, fd: Fd, buf: Ptr, count: u32) -> Result<usize> {
    let file = path::file(call.task, fd)?;
    read_entries(&file, Layout::New, buf.0, count as usize)
}

fn read_entries(file: &File, layout: Layout, buf: usize, room: usize) -> Result<usize> {
    if file.file_type() != FileType::Directory {
        return Err(Errno::ENOTDIR);
    }
    if file.path().is_some_and(|p| p.dentry.is_dead()) {
        return Err(Errno::ENOENT);
    }
    let before = file.pos();
    let mut records = Records::new(layout, room);
    // The guest's memory is written after the directory's locks are gone.
    file.readdir(&mut |entry| records.push(&entry))?;
    if records.bytes.is_empty() {
        return if records.full { Err(Errno::EINVAL) } else { Ok(0) };
    }
    match records.copy_out(buf) {
        Ok((n, pos)) => {
            if let Some(pos) = pos {
                file.set_pos(pos);
            }
            Ok(n)
        }
        Err(e) => {
            file.set_pos(before);
            Err(e)
        }
    }
}

/// `getcwd(2)`: answers the length with its NUL.
pub fn getcwd(call: &mut Call<'_>, buf: Ptr, size: usize) -> Result<usize> {
    let fs = call.task.fs();
    let mut name = fs_emu::vfs::getcwd(&fs.cwd(), &fs.root())?;
    name.push(0);
    if name.len() > user::PATH_MAX {
        return Err(Errno::ENAMETOOLONG);
    }
    if name.len() > size {
        return Err(Errno::ERANGE);
    }
    user::copy_out(buf.0, &name)?;
    Ok(name.len())
}

/// `chdir(2)`.
pub fn chdir(call: &mut Call<'_>, path: PathPtr) -> Result<usize> {
    let (_, dir) = directory(call, path)?;
    call.task.fs().set_cwd(dir);
    Ok(0)
}

/// `fchdir(2)`.
pub fn fchdir(call: &mut Call<'_>, fd: Fd) -> Result<usize> {
    let file = path::raw_file(call.task, fd)?;
    let dir = file.path().filter(|p| p.dentry.is_dir()).ok_or(Errno::ENOTDIR)?;
    searchable(&call.task.cred(), dir)?;
    call.task.fs().set_cwd(dir.clone());
    Ok(0)
}

/// `chroot(2)`.
pub fn chroot(call: &mut Call<'_>, path: PathPtr) -> Result<usize> {
    let (asker, dir) = directory(call, path)?;
    if !asker.cred.capable(Caps::SYS_CHROOT) {
        return Err(Errno::EPERM);
    }
    call.task.fs().set_root(dir);
    Ok(0)
}

/// A directory that the caller may search.
fn directory(call: &Call<'_>, path: PathPtr) -> Result<(Asker, Path)> {
    let name = path::read(path)?;
    let asker = Asker::of(call.task);
    let dir = path::find(call.task, &asker, AT_FDCWD, &name, Resolve::DIRECTORY)?;
    searchable(&asker.cred, &dir)?;
    Ok((asker, dir))
}

fn searchable(cred: &Cred, dir: &Path) -> Result<()> {
    perm::permission(cred, &**dir.inode(), perm::EXEC)
}
