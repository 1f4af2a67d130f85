//! `/proc/PID/fd` and `fdinfo` (`fs/proc/fd.c`).

use super::PROC_DEV;
use super::pid::mode_of;
use super::root::parse_id;
use super::subject::Subject;
use crate::Task;
use crate::files::FileTable;
use alloc::format;
use alloc::string::ToString;
use alloc::sync::Arc;
use alloc::vec::Vec;
use fs_emu::pseudo::{Attr, DirSource, Entry, FileSource, LinkSource, PseudoDir, PseudoFile, PseudoLink};
use fs_emu::vfs::anon::{AnonInode, path_of};
use fs_emu::vfs::{File, Path};
use fs_emu::{FileType, InodeRef, OpenFlags, Owner};
use host::{Errno, Result};

/// `/proc/PID/fd`.
pub(super) fn dir(subject: &Subject) -> InodeRef {
    PseudoDir::build(FdDir { subject: subject.clone(), info: false })
}

/// `/proc/PID/fdinfo`.
pub(super) fn info_dir(subject: &Subject) -> InodeRef {
    PseudoDir::build(FdDir { subject: subject.clone(), info: true })
}

struct FdDir {
    subject: Subject,
    info: bool,
}

fn files_of(subject: &Subject) -> Result<Arc<FileTable>> {
    subject.task()?.files().ok_or(Errno::ENOENT)
}

impl FdDir {
    fn name(&self) -> &'static str {
        if self.info { "fdinfo" } else { "fd" }
    }

    fn entry_ino(&self, fd: i32) -> u64 {
        self.subject.ino(format!("{}/{fd}", self.name()).as_bytes())
    }
}

impl DirSource for FdDir {
    fn attr(&self) -> Result<Attr> {
        let attr = self.subject.attr(self.name().as_bytes(), mode_of(self.name()), true)?;
        let size = if self.info { 0 } else { files_of(&self.subject).map_or(0, |f| f.list().len() as u64) };
        let mut attr = Attr { size, ..attr };
        // A process may always look at its own descriptors, even when the directory is root's (`proc_fd_permission`).
        if let Some(me) = Task::current().filter(|_| self.subject.is_own()) {
            let cred = me.cred();
            attr.owner = Owner { uid: cred.fsuid, gid: cred.fsgid };
        }
        Ok(attr)
    }

    fn lookup(&self, name: &[u8]) -> Result<InodeRef> {
        let fd = parse_id(name).and_then(|n| i32::try_from(n).ok()).ok_or(Errno::ENOENT)?;
        self.subject.check_access().map_err(|_| Errno::ENOENT)?;
        files_of(&self.subject)?.get(fd).map_err(|_| Errno::ENOENT)?;
        let open = OpenFd { subject: self.subject.clone(), fd, ino: self.entry_ino(fd) };
        Ok(if self.info { PseudoFile::build(open) } else { PseudoLink::build(open) })
    }

    fn list(&self) -> Result<Vec<Entry>> {
        self.subject.check_access()?;
        let kind = if self.info { FileType::Regular } else { FileType::Symlink };
        let entry = |fd: i32| {
            let name = fd.to_string().into_bytes();
            Entry { key: fd.max(0) as u64, name, kind, ino: self.entry_ino(fd) }
        };
        Ok(files_of(&self.subject).map(|f| f.list()).unwrap_or_default().into_iter().map(entry).collect())
    }

    fn parent_ino(&self) -> u64 {
        self.subject.ino(b"")
    }
}

/// A descriptor, whatever it refers to at the time of asking.
struct OpenFd {
    subject: Subject,
    fd: i32,
    ino: u64,
}

impl OpenFd {
    fn file(&self) -> Result<Arc<File>> {
        files_of(&self.subject)?.get(self.fd).map_err(|_| Errno::ENOENT)
    }

    fn attributes(&self, mode: u32) -> Result<Attr> {
        let attr = self.subject.attr(b"fd", mode, false)?;
        Ok(Attr { dev: PROC_DEV, ino: self.ino, ..attr })
    }
}

impl LinkSource for OpenFd {
    fn attr(&self) -> Result<Attr> {
        let attr = self.attributes(link_mode(self.file()?.flags()))?;
        Ok(Attr { size: 64, ..attr })
    }

    fn readlink(&self) -> Result<Vec<u8>> {
        self.subject.check_access()?;
        Ok(describe(&*self.file()?, &Subject::asker_root()))
    }

    fn jump(&self) -> Option<Result<Path>> {
        Some(self.subject.check_access().and_then(|()| self.file()).map(|f| path_of(&f)))
    }
}

/// The permission bits of a link show how the file is open: none for `O_PATH`, execute with any access.
pub(super) fn link_mode(flags: OpenFlags) -> u32 {
    let read = if flags.readable() { 0o500 } else { 0 };
    let write = if flags.writable() { 0o300 } else { 0 };
    read | write
}

fn describe(file: &File, root: &Path) -> Vec<u8> {
    match file.path().and_then(|p| AnonInode::of(p.inode())) {
        // `O_PATH` on a link to a file without a path.
        Some(anon) => anon.file().describe(root),
        None => file.describe(root),
    }
}

impl FileSource for OpenFd {
    fn attr(&self) -> Result<Attr> {
        self.attributes(0o444)
    }

    fn open(&self, _flags: OpenFlags) -> Result<()> {
        self.subject.check_access()
    }

    fn read(&self) -> Result<Vec<u8>> {
        let table = files_of(&self.subject)?;
        let file = table.get(self.fd).map_err(|_| Errno::ENOENT)?;
        let mut flags = file.flags().bits();
        if table.cloexec(self.fd).unwrap_or(false) {
            flags |= OpenFlags::CLOEXEC.bits();
        }
        // Whoever reads this holds the position of a file of /proc; to want another one of them could wait for ever.
        let own = file.path().is_some_and(|p| p.mount.fs().name() == "proc");
        let pos = if own || !file.ops().seekable() { 0 } else { file.pos() };
        let mount = file.path().map_or(0, |p| p.mount.id());
        let ino = file.metadata().map_or(0, |m| m.ino);
        let mut text = format!("pos:\t{pos}\nflags:\t0{flags:o}\nmnt_id:\t{mount}\nino:\t{ino}\n").into_bytes();
        text.extend(file.ops().fd_info());
        Ok(text)
    }
}
