//! The directory `/proc` itself: what is always there, and a directory for each process (`fs/proc/root.c`).

use super::subject::Subject;
use super::{PROC_DEV, fixed_attr, inode_number, machine, net, pid, sysctl, sysvipc};
use crate::Task;
use crate::kernel::kernel;
use alloc::format;
use alloc::string::ToString;
use alloc::vec::Vec;
use fs_emu::pseudo::{Attr, DirSource, Entries, Entry, Late, LinkSource, PseudoDir, PseudoLink};
use fs_emu::{FileType, InodeRef};
use host::{Errno, Result};

/// Keys of the processes in the listing begin here.
const FIRST_PID_KEY: u64 = 256;

/// The root inode.
pub(super) fn build() -> InodeRef {
    PseudoDir::build(Root::default())
}

fn fixed() -> Entries {
    let mut fixed = machine::files();
    fixed.push(("self", link("self")));
    fixed.push(("thread-self", link("thread-self")));
    fixed.push(("mounts", link("mounts")));
    fixed.push(("net", link("net")));
    fixed.push(("sys", sysctl::dir()));
    fixed.push(("sysvipc", sysvipc::dir()));
    fixed.push(("tty", net::tty_dir()));
    fixed
}

/// A process or thread number as a name: decimal, without leading zeros.
pub(super) fn parse_id(name: &[u8]) -> Option<u32> {
    let plain = name.iter().all(u8::is_ascii_digit) && (name.len() == 1 || name.first() != Some(&b'0'));
    if plain { core::str::from_utf8(name).ok()?.parse().ok() } else { None }
}

#[derive(Default)]
struct Root {
    /// What is no process's.
    fixed: Late<Entries>,
}

impl DirSource for Root {
    fn attr(&self) -> Result<Attr> {
        let processes = kernel().tasks.pids().len() as u32;
        Ok(Attr { ino: 1, nlink: 4 + processes, ..fixed_attr(PROC_DEV, "/", 0o555) })
    }

    fn lookup(&self, name: &[u8]) -> Result<InodeRef> {
        if let Some((_, inode)) = self.fixed.get(fixed).iter().find(|(n, _)| n.as_bytes() == name) {
            return Ok(inode.clone());
        }
        let id = parse_id(name).ok_or(Errno::ENOENT)?;
        Subject::process(id).map(pid::dir)
    }

    fn list(&self) -> Result<Vec<Entry>> {
        let entry = |(key, (name, inode)): (usize, &(&str, InodeRef))| {
            let ino = inode.metadata().map_or(0, |m| m.ino);
            Entry { key: key as u64, name: name.as_bytes().to_vec(), kind: inode.file_type(), ino }
        };
        let process = |pid: u32| {
            let ino = Subject::process(pid).ok()?.ino(b"");
            let key = FIRST_PID_KEY + u64::from(pid);
            Some(Entry { key, name: pid.to_string().into_bytes(), kind: FileType::Directory, ino })
        };
        let fixed = self.fixed.get(fixed);
        Ok(fixed.iter().enumerate().map(entry).chain(kernel().tasks.pids().into_iter().filter_map(process)).collect())
    }
}

/// The links whose text depends on who asks.
struct RootLink(&'static str);

fn link(name: &'static str) -> InodeRef {
    PseudoLink::build(RootLink(name))
}

impl LinkSource for RootLink {
    fn attr(&self) -> Result<Attr> {
        Ok(Attr { ino: inode_number(&[b"/", self.0.as_bytes()]), ..fixed_attr(PROC_DEV, self.0, 0o777) })
    }

    fn readlink(&self) -> Result<Vec<u8>> {
        let me = || Task::current().ok_or(Errno::ENOENT);
        Ok(match self.0 {
            "self" => me()?.tgid().to_string().into_bytes(),
            "thread-self" => format!("{}/task/{}", me()?.tgid(), me()?.tid()).into_bytes(),
            name => format!("self/{name}").into_bytes(),
        })
    }
}
