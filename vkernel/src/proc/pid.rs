//! The directory of a process or thread: one table says which files it has (`fs/proc/base.c`: `tgid_base_stuff`).

use super::subject::Subject;
use super::{fd, links, mem, memory, misc, mounts, pagemap, stat, status, threads};
use crate::task::ThreadGroup;
use alloc::sync::Arc;
use alloc::vec::Vec;
use fs_emu::pseudo::{Attr, DirSource, Entry, FileSource, PseudoDir, PseudoFile};
use fs_emu::vfs::File;
use fs_emu::{FileType, InodeRef, OpenFlags};
use host::{Errno, Result};

/// Makes a file's text.
type Read = fn(&Subject) -> Result<Vec<u8>>;
/// Takes what was written.
type Write = fn(&Subject, &[u8]) -> Result<()>;

/// What stands under a name.
pub(super) enum Kind {
    /// A text that everybody may read.
    Text(Read),
    /// A text for those who may look closely.
    Private(Read),
    /// A text that can be written.
    Setting(Read, Write),
    /// A directory or link, made by this function.
    Node(FileType, fn(&Subject) -> InodeRef),
}

/// One line of the table.
pub(super) struct Item {
    pub name: &'static str,
    mode: u32,
    kind: Kind,
    /// Only in `/proc/PID`, or only in `/proc/PID/task/TID`.
    only: Option<bool>,
}

const fn item(name: &'static str, mode: u32, kind: Kind) -> Item {
    Item { name, mode, kind, only: None }
}

const fn of_process(name: &'static str, mode: u32, kind: Kind) -> Item {
    Item { name, mode, kind, only: Some(false) }
}

const fn of_thread(name: &'static str, mode: u32, kind: Kind) -> Item {
    Item { name, mode, kind, only: Some(true) }
}

use Kind::{Node, Private, Setting, Text};

const ITEMS: &[Item] = &[
    of_process("task", 0o555, Node(FileType::Directory, threads::dir)),
    item("fd", 0o500, Node(FileType::Directory, fd::dir)),
    item("fdinfo", 0o555, Node(FileType::Directory, fd::info_dir)),
    item("ns", 0o511, Node(FileType::Directory, links::ns_dir)),
    of_process("net", 0o555, Node(FileType::Directory, |_| super::net::dir())),
    item("environ", 0o400, Private(memory::environ)),
    item("auxv", 0o400, Private(memory::auxv)),
    item("status", 0o444, Text(status::status)),
    item("personality", 0o400, Private(misc::personality)),
    item("limits", 0o444, Text(misc::limits)),
    item("comm", 0o644, Setting(misc::comm, misc::set_comm)),
    item("cmdline", 0o444, Text(memory::cmdline)),
    item("stat", 0o444, Text(stat::stat)),
    item("statm", 0o444, Text(memory::statm)),
    item("maps", 0o444, Private(memory::maps)),
    item("mem", 0o600, Node(FileType::Regular, mem::file)),
    item("cwd", 0o777, Node(FileType::Symlink, links::cwd)),
    item("root", 0o777, Node(FileType::Symlink, links::root)),
    item("exe", 0o777, Node(FileType::Symlink, links::exe)),
    item("mounts", 0o444, Text(mounts::mounts)),
    item("mountinfo", 0o444, Text(mounts::mountinfo)),
    item("smaps", 0o444, Private(memory::smaps)),
    item("pagemap", 0o400, Node(FileType::Regular, pagemap::file)),
    item("wchan", 0o444, Text(|_| Ok(b"0".to_vec()))),
    item("cpuset", 0o444, Text(|_| Ok(b"/\n".to_vec()))),
    item("cgroup", 0o444, Text(|_| Ok(b"0::/\n".to_vec()))),
    item("oom_score", 0o444, Text(misc::oom_score)),
    item("oom_score_adj", 0o644, Setting(misc::oom_score_adj, misc::set_oom_score_adj)),
    item("loginuid", 0o444, Text(|_| Ok(b"4294967295".to_vec()))),
    item("sessionid", 0o444, Text(|_| Ok(b"4294967295".to_vec()))),
    item("io", 0o400, Private(misc::io)),
    item("uid_map", 0o444, Text(misc::id_map)),
    item("gid_map", 0o444, Text(misc::id_map)),
    item("projid_map", 0o444, Text(misc::id_map)),
    item("setgroups", 0o444, Text(|_| Ok(b"allow\n".to_vec()))),
    of_process("coredump_filter", 0o444, Text(|_| Ok(b"00000033\n".to_vec()))),
    of_process("timerslack_ns", 0o666, Setting(misc::timerslack, misc::set_timerslack)),
    of_thread("children", 0o444, Text(misc::children)),
];

impl Item {
    fn inode(&'static self, subject: &Subject) -> InodeRef {
        match self.kind {
            Node(_, make) => make(subject),
            _ => PseudoFile::build(PidFile { subject: subject.clone(), item: self }),
        }
    }

    fn file_type(&self) -> FileType {
        match self.kind {
            Node(kind, _) => kind,
            _ => FileType::Regular,
        }
    }
}

/// Mode of the entry of this name, for the nodes that are made elsewhere.
pub(super) fn mode_of(name: &str) -> u32 {
    ITEMS.iter().find(|i| i.name == name).map_or(0o555, |i| i.mode)
}

/// The inode of a process's or thread's directory.
pub(super) fn dir(subject: Subject) -> InodeRef {
    PseudoDir::build(PidDir(subject))
}

struct PidDir(Subject);

/// The process whose directory `/proc/PID` an open file is.
pub fn process_of(file: &File) -> Option<Arc<ThreadGroup>> {
    let dir: &PidDir = PseudoDir::source_of(file)?;
    (!dir.0.thread).then(|| dir.0.group.clone())
}

impl PidDir {
    fn items(&self) -> impl Iterator<Item = &'static Item> + '_ {
        ITEMS.iter().filter(|i| i.only.is_none_or(|thread| thread == self.0.thread))
    }
}

impl DirSource for PidDir {
    fn attr(&self) -> Result<Attr> {
        self.0.attr(b"", 0o555, true)
    }

    fn lookup(&self, name: &[u8]) -> Result<InodeRef> {
        self.0.view().map_err(|_| Errno::ENOENT)?;
        let item = self.items().find(|i| i.name.as_bytes() == name).ok_or(Errno::ENOENT)?;
        Ok(item.inode(&self.0))
    }

    fn list(&self) -> Result<Vec<Entry>> {
        self.0.view().map_err(|_| Errno::ENOENT)?;
        let entry = |(key, item): (usize, &Item)| {
            let name = item.name.as_bytes().to_vec();
            Entry { key: key as u64, ino: self.0.ino(&name), name, kind: item.file_type() }
        };
        Ok(self.items().enumerate().map(entry).collect())
    }
}

struct PidFile {
    subject: Subject,
    item: &'static Item,
}

impl FileSource for PidFile {
    fn attr(&self) -> Result<Attr> {
        self.subject.attr(self.item.name.as_bytes(), self.item.mode, false)
    }

    fn open(&self, _flags: OpenFlags) -> Result<()> {
        match self.item.kind {
            Private(_) => self.subject.check_access(),
            _ => Ok(()),
        }
    }

    fn read(&self) -> Result<Vec<u8>> {
        self.subject.view()?;
        match self.item.kind {
            Text(read) | Setting(read, _) => read(&self.subject),
            Private(read) => {
                self.subject.check_access()?;
                read(&self.subject)
            }
            Node(..) => Err(Errno::EINVAL),
        }
    }

    fn ioctl(&self, cmd: u32, arg: usize) -> Result<usize> {
        match self.item.name {
            "maps" => super::procmap::ioctl(&self.subject, cmd, arg),
            _ => Err(Errno::ENOTTY),
        }
    }

    fn write(&self, _off: u64, data: &[u8]) -> Result<usize> {
        self.subject.view()?;
        match self.item.kind {
            Setting(_, write) => write(&self.subject, data).map(|()| data.len()),
            _ => Err(Errno::EIO),
        }
    }
}
