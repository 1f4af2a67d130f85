//! `/sys`, just enough of it: how many processors there are and how they lie together, and empty classes of devices.
//!
//! The files are the host's, read when somebody looks; which ones exist is settled when somebody first looks into `/sys`, for a
//! machine has many processors and most programs never ask.

use super::hostfile::{host_text, read_host};
use super::{SYS_DEV, fixed_attr, inode_number};
use alloc::collections::BTreeMap;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use fs_emu::pseudo::{Attr, DirSource, Entry, Late, PseudoDir, TextFile};
use fs_emu::{FileType, InodeRef};
use host::{Errno, Result};

/// Directories that are there but empty.
const EMPTY: [&str; 11] = [
    "block",
    "bus",
    "class/block",
    "class/net",
    "class/tty",
    "dev/block",
    "dev/char",
    "firmware",
    "fs/cgroup",
    "module",
    "power",
];

/// Files that are shown as the host has them.
const FILES: [&str; 18] = [
    "devices/system/cpu/isolated",
    "devices/system/cpu/kernel_max",
    "devices/system/cpu/offline",
    "devices/system/cpu/online",
    "devices/system/cpu/possible",
    "devices/system/cpu/present",
    "devices/system/node/has_cpu",
    "devices/system/node/has_memory",
    "devices/system/node/has_normal_memory",
    "devices/system/node/node0/cpulist",
    "devices/system/node/node0/cpumap",
    "devices/system/node/node0/distance",
    "devices/system/node/node0/meminfo",
    "devices/system/node/node0/numastat",
    "devices/system/node/online",
    "devices/system/node/possible",
    "kernel/mm/transparent_hugepage/enabled",
    "kernel/mm/transparent_hugepage/hpage_pmd_size",
];

/// Files of each processor.
const TOPOLOGY: [&str; 10] = [
    "core_cpus",
    "core_cpus_list",
    "core_id",
    "core_siblings",
    "core_siblings_list",
    "package_cpus",
    "package_cpus_list",
    "physical_package_id",
    "thread_siblings",
    "thread_siblings_list",
];

/// More processors than this are not shown.
const MOST: u32 = 1024;

/// The root inode.
pub(super) fn build() -> InodeRef {
    PseudoDir::build(Root::default())
}

/// The root directory, whose contents are made at the first look.
#[derive(Default)]
struct Root {
    made: Late<SysDir>,
}

impl DirSource for Root {
    fn attr(&self) -> Result<Attr> {
        // The folders of EMPTY and FILES.
        Ok(Attr { nlink: 2 + 10, ..fixed_attr(SYS_DEV, "", 0o555) })
    }

    fn lookup(&self, name: &[u8]) -> Result<InodeRef> {
        self.made.get(tree).lookup(name)
    }

    fn list(&self) -> Result<Vec<Entry>> {
        self.made.get(tree).list()
    }

    fn parent_ino(&self) -> u64 {
        inode_number(&[b""])
    }
}

fn tree() -> SysDir {
    let mut top = Folder::default();
    for path in EMPTY {
        top.folder(path);
    }
    for path in FILES {
        top.add(path);
    }
    for cpu in parse_list(&host_text("/sys/devices/system/cpu/present")) {
        top.folder(&format!("devices/system/cpu/cpu{cpu}"));
        for name in TOPOLOGY {
            top.add(&format!("devices/system/cpu/cpu{cpu}/topology/{name}"));
        }
    }
    top.dir("")
}

/// Numbers of a list such as `0-3,5`.
pub(super) fn parse_list(text: &str) -> Vec<u32> {
    let mut out = Vec::new();
    for part in text.trim().split(',') {
        let (first, last) = part.split_once('-').unwrap_or((part, part));
        if let (Ok(first), Ok(last)) = (first.parse::<u32>(), last.parse::<u32>()) {
            out.extend(first..=last.min(MOST));
        }
    }
    out
}

/// A tree under construction: a folder's folders, and its files.
#[derive(Default)]
struct Folder {
    folders: BTreeMap<String, Folder>,
    files: Vec<String>,
}

impl Folder {
    fn folder(&mut self, path: &str) -> &mut Folder {
        path.split('/').fold(self, |at, name| at.folders.entry(name.into()).or_default())
    }

    /// Adds a file if the host has it.
    fn add(&mut self, path: &str) {
        if read_host(&format!("/sys/{path}")).is_ok() {
            let (folder, name) = path.rsplit_once('/').unwrap_or(("", path));
            self.folder(folder).files.push(name.into());
        }
    }

    fn inode(&self, path: &str) -> InodeRef {
        PseudoDir::build(self.dir(path))
    }

    fn dir(&self, path: &str) -> SysDir {
        let mut entries = BTreeMap::new();
        for (name, folder) in &self.folders {
            entries.insert(name.clone().into_bytes(), folder.inode(&format!("{path}/{name}")));
        }
        for name in &self.files {
            let path = format!("{path}/{name}");
            let attr = Attr { size: 4096, ..fixed_attr(SYS_DEV, &path, 0o444) };
            let file = TextFile::build(attr, move || read_host(&format!("/sys{path}")));
            entries.insert(name.clone().into_bytes(), file);
        }
        SysDir { path: path.into(), entries }
    }
}

struct SysDir {
    path: String,
    entries: BTreeMap<Vec<u8>, InodeRef>,
}

impl DirSource for SysDir {
    fn attr(&self) -> Result<Attr> {
        let folders = self.entries.values().filter(|i| i.file_type() == FileType::Directory).count();
        Ok(Attr { nlink: 2 + folders as u32, ..fixed_attr(SYS_DEV, &self.path, 0o555) })
    }

    fn lookup(&self, name: &[u8]) -> Result<InodeRef> {
        self.entries.get(name).cloned().ok_or(Errno::ENOENT)
    }

    fn list(&self) -> Result<Vec<Entry>> {
        let entry = |(key, (name, inode)): (usize, (&Vec<u8>, &InodeRef))| {
            let ino = inode.metadata().map_or(0, |m| m.ino);
            Entry { key: key as u64, name: name.clone(), kind: inode.file_type(), ino }
        };
        Ok(self.entries.iter().enumerate().map(entry).collect())
    }

    fn parent_ino(&self) -> u64 {
        let parent = self.path.rsplit_once('/').map_or("", |(p, _)| p);
        inode_number(&[parent.as_bytes()])
    }
}
