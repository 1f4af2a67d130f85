//! The magic links `exe`, `cwd` and `root`, and the links of `ns` (`fs/proc/base.c`, `fs/proc/namespaces.c`).

use super::PROC_DEV;
use super::subject::Subject;
use crate::nsfs::{KINDS, Kind, NsFile};
use alloc::vec::Vec;
use fs_emu::pseudo::{Attr, DirSource, Entry, LinkSource, PseudoDir, PseudoLink};
use fs_emu::vfs::{File, Path, path_string};
use fs_emu::{FileType, InodeRef};
use host::{Errno, Result};

/// Where a magic link leads.
#[derive(Clone, Copy)]
enum Place {
    Cwd,
    Root,
    Exe,
}

struct PlaceLink {
    subject: Subject,
    place: Place,
}

/// `/proc/PID/cwd`.
pub(super) fn cwd(subject: &Subject) -> InodeRef {
    link(subject, Place::Cwd)
}

/// `/proc/PID/root`.
pub(super) fn root(subject: &Subject) -> InodeRef {
    link(subject, Place::Root)
}

/// `/proc/PID/exe`.
pub(super) fn exe(subject: &Subject) -> InodeRef {
    link(subject, Place::Exe)
}

fn link(subject: &Subject, place: Place) -> InodeRef {
    PseudoLink::build(PlaceLink { subject: subject.clone(), place })
}

impl PlaceLink {
    /// `ENOENT` for a process that has none any more.
    fn path(&self) -> Result<Path> {
        self.subject.check_access()?;
        let task = self.subject.live_task().map_err(|_| Errno::ENOENT)?;
        match self.place {
            Place::Cwd => Ok(task.fs().cwd()),
            Place::Root => Ok(task.fs().root()),
            Place::Exe => {
                let exe = task.mm().info().exe.ok_or(Errno::ENOENT)?;
                exe.downcast_ref::<File>().and_then(|f| f.path().cloned()).ok_or(Errno::ENOENT)
            }
        }
    }
}

impl LinkSource for PlaceLink {
    fn attr(&self) -> Result<Attr> {
        let name: &[u8] = match self.place {
            Place::Cwd => b"cwd",
            Place::Root => b"root",
            Place::Exe => b"exe",
        };
        self.subject.attr(name, 0o777, false)
    }

    fn readlink(&self) -> Result<Vec<u8>> {
        self.path().map(|p| path_string(&p, &Subject::asker_root()))
    }

    fn jump(&self) -> Option<Result<Path>> {
        Some(self.path())
    }
}

/// `/proc/PID/ns`.
pub(super) fn ns_dir(subject: &Subject) -> InodeRef {
    PseudoDir::build(NsDir(subject.clone()))
}

struct NsDir(Subject);

impl DirSource for NsDir {
    fn attr(&self) -> Result<Attr> {
        self.0.attr(b"ns", super::pid::mode_of("ns"), true)
    }

    fn lookup(&self, name: &[u8]) -> Result<InodeRef> {
        let kind = KINDS.iter().find(|kind| kind.name.as_bytes() == name).ok_or(Errno::ENOENT)?;
        Ok(PseudoLink::build(NsLink { subject: self.0.clone(), kind }))
    }

    fn list(&self) -> Result<Vec<Entry>> {
        self.0.check_access()?;
        let entry = |(key, kind): (usize, &Kind)| {
            let name = kind.name.as_bytes().to_vec();
            Entry { key: key as u64, ino: self.0.ino(&name), name, kind: FileType::Symlink }
        };
        Ok(KINDS.iter().enumerate().map(entry).collect())
    }

    fn parent_ino(&self) -> u64 {
        self.0.ino(b"")
    }
}

/// Leads to the one namespace of its kind.
struct NsLink {
    subject: Subject,
    kind: &'static Kind,
}

impl LinkSource for NsLink {
    fn attr(&self) -> Result<Attr> {
        let attr = self.subject.attr(self.kind.name.as_bytes(), 0o777, false)?;
        Ok(Attr { dev: PROC_DEV, ..attr })
    }

    fn readlink(&self) -> Result<Vec<u8>> {
        self.subject.check_access()?;
        Ok(self.kind.text())
    }

    fn jump(&self) -> Option<Result<Path>> {
        Some(self.subject.check_access().map(|()| NsFile::place(self.kind)))
    }
}
