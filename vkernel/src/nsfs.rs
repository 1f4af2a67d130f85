//! Namespaces as open files: what `/proc/PID/ns` leads to (`fs/nsfs.c`).
//!
//! There is one of each kind, which all processes share, with the number that Linux gives to the first one. Left out: making
//! others. No locks.

use alloc::format;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::any::Any;
use fs_emu::vfs::{File, Path, anon};
use fs_emu::{FileOps, FileType, Metadata, OpenFlags};
use host::{Errno, Result, user};

/// A kind of namespace.
#[derive(Debug)]
pub struct Kind {
    /// As in `/proc/PID/ns`.
    pub name: &'static str,
    /// As the link shows it.
    pub shown: &'static str,
    /// The first one's inode.
    pub ino: u32,
    /// `CLONE_NEW…`.
    pub flag: u32,
}

const fn kind(name: &'static str, shown: &'static str, ino: u32, flag: u32) -> Kind {
    Kind { name, shown, ino, flag }
}

/// `CLONE_NEWTIME`.
pub const NEWTIME: u32 = 0x80;
/// `CLONE_NEWNS`.
pub const NEWNS: u32 = 0x2_0000;
/// `CLONE_NEWUSER`.
pub const NEWUSER: u32 = 0x1000_0000;
/// `CLONE_NEWPID`.
const NEWPID: u32 = 0x2000_0000;

/// All kinds.
pub const KINDS: [Kind; 10] = [
    kind("cgroup", "cgroup", 0xeffffffb, 0x0200_0000),
    kind("ipc", "ipc", 0xefffffff, 0x0800_0000),
    kind("mnt", "mnt", 0xeffffff8, NEWNS),
    kind("net", "net", 0xeffffff9, 0x4000_0000),
    kind("pid", "pid", 0xeffffffc, NEWPID),
    kind("pid_for_children", "pid", 0xeffffffc, NEWPID),
    kind("time", "time", 0xeffffffa, NEWTIME),
    kind("time_for_children", "time", 0xeffffffa, NEWTIME),
    kind("user", "user", 0xeffffffd, NEWUSER),
    kind("uts", "uts", 0xeffffffe, 0x0400_0000),
];

impl Kind {
    /// What the link says.
    pub fn text(&self) -> Vec<u8> {
        format!("{}:[{}]", self.shown, self.ino).into_bytes()
    }
}

/// An open namespace.
pub struct NsFile {
    kind: &'static Kind,
}

impl NsFile {
    /// An open one.
    pub fn ops(kind: &'static Kind) -> Arc<dyn FileOps> {
        Arc::new(NsFile { kind })
    }

    /// Where the link of a kind leads.
    pub fn place(kind: &'static Kind) -> Path {
        anon::path_of(&File::new(NsFile::ops(kind), None, OpenFlags::empty()))
    }

    /// Whether an open file is a namespace that a user namespace owns, which the first of those itself has none of.
    pub fn owned(file: &File) -> bool {
        NsFile::kind_of(file).is_some_and(|kind| kind.flag != NEWUSER)
    }

    /// The kind of an open file, if it is a namespace.
    pub fn kind_of(file: &File) -> Option<&'static Kind> {
        file.ops_as::<NsFile>().map(|ns| ns.kind)
    }
}

impl FileOps for NsFile {
    fn as_any(&self) -> &dyn Any {
        self
    }

    fn seekable(&self) -> bool {
        false
    }

    fn spliceable(&self) -> bool {
        false
    }

    /// But for `NS_GET_USERNS` where it makes a descriptor.
    fn ioctl(&self, cmd: u32, arg: usize) -> Result<usize> {
        const GET_USERNS: u32 = 0xb701;
        const GET_PARENT: u32 = 0xb702;
        const GET_NSTYPE: u32 = 0xb703;
        const GET_OWNER_UID: u32 = 0xb704;
        match cmd {
            // Nobody sees what lies above the first one.
            GET_USERNS if self.kind.flag == NEWUSER => Err(Errno::EPERM),
            GET_PARENT if matches!(self.kind.flag, NEWUSER | NEWPID) => Err(Errno::EPERM),
            GET_PARENT => Err(Errno::EINVAL),
            GET_NSTYPE => Ok(self.kind.flag as usize),
            GET_OWNER_UID if self.kind.flag == NEWUSER => user::write(arg, &0u32).map(|()| 0),
            GET_OWNER_UID => Err(Errno::EINVAL),
            _ => Err(Errno::ENOTTY),
        }
    }

    fn open_again(&self, _flags: OpenFlags) -> Result<Arc<dyn FileOps>> {
        Ok(NsFile::ops(self.kind))
    }

    fn describe(&self) -> Vec<u8> {
        self.kind.text()
    }

    fn metadata(&self) -> Result<Metadata> {
        let mode = FileType::Regular.mode() | 0o444;
        Ok(Metadata { dev: 4, ino: self.kind.ino.into(), mode, nlink: 1, blksize: 4096, ..Metadata::default() })
    }
}
