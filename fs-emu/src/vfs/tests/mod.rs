//! Tests of the VFS on a tmpfs, and the small world they share.

mod create;
mod dirs;
mod mounts;
mod open;
mod perms;
mod rename;
mod walk;

use super::ops;
use super::{At, Ctx, MountFlags, MountTable, OpenHow, Opened, Path, Resolve};
use crate::tmpfs::{Limits, TmpFs};
use crate::{Cred, Owner, vfs::File};
use alloc::sync::Arc;
use host::{Errno, Result};

pub(super) const O_RDONLY: u32 = 0;
pub(super) const O_WRONLY: u32 = 1;
pub(super) const O_RDWR: u32 = 2;
pub(super) const O_CREAT: u32 = 0o100;
pub(super) const O_EXCL: u32 = 0o200;
pub(super) const O_TRUNC: u32 = 0o1000;
pub(super) const O_DIRECTORY: u32 = 0o200000;
pub(super) const O_NOFOLLOW: u32 = 0o400000;
pub(super) const O_PATH: u32 = 0o10000000;
pub(super) const O_TMPFILE: u32 = 0o20000000 | O_DIRECTORY;

/// One task's view of a fresh tmpfs.
pub(super) struct World {
    pub table: MountTable,
    pub root: Path,
    pub cwd: Path,
    pub cred: Cred,
    pub umask: u32,
}

pub(super) fn tmpfs(dev: u64) -> Arc<TmpFs> {
    TmpFs::new(dev, Limits::default(), 0o755, Owner { uid: 0, gid: 0 }).unwrap()
}

impl World {
    pub fn new() -> World {
        host::testing::init();
        let table = MountTable::new(tmpfs(1), MountFlags::empty(), b"tmpfs");
        let root = table.root();
        World { table, cwd: root.clone(), root, cred: Cred::new(0, 0, Arc::from([])), umask: 0o022 }
    }

    pub fn ctx(&self) -> Ctx<'_> {
        Ctx { root: &self.root, cred: &self.cred, umask: self.umask }
    }

    pub fn at<'a>(&'a self, path: &'a str) -> At<'a> {
        At::new(&self.cwd, path.as_bytes())
    }

    /// Becomes an ordinary user.
    pub fn user(&mut self, uid: u32, gid: u32, groups: &[u32]) {
        self.cred = Cred::new(uid, gid, Arc::from(groups));
    }

    pub fn find(&self, path: &str) -> Result<Path> {
        self.ctx().find(self.at(path), Resolve::empty())
    }

    pub fn lfind(&self, path: &str) -> Result<Path> {
        self.ctx().find(self.at(path), Resolve::NOFOLLOW)
    }

    pub fn ino(&self, path: &str) -> u64 {
        self.lfind(path).unwrap().metadata().unwrap().ino
    }

    pub fn mode(&self, path: &str) -> u32 {
        self.lfind(path).unwrap().metadata().unwrap().mode
    }

    pub fn nlink(&self, path: &str) -> u32 {
        self.lfind(path).unwrap().metadata().unwrap().nlink
    }

    pub fn mkdir(&self, path: &str) -> Result<()> {
        ops::mkdir(&self.ctx(), self.at(path), 0o777).map(drop)
    }

    pub fn touch(&self, path: &str) -> Result<()> {
        self.open(path, O_CREAT | O_WRONLY).map(drop)
    }

    pub fn symlink(&self, target: &str, path: &str) -> Result<()> {
        ops::symlink(&self.ctx(), target.as_bytes(), self.at(path))
    }

    pub fn link(&self, old: &str, new: &str) -> Result<()> {
        ops::link(&self.ctx(), &self.lfind(old)?, self.at(new))
    }

    pub fn unlink(&self, path: &str) -> Result<()> {
        ops::unlink(&self.ctx(), self.at(path))
    }

    pub fn rmdir(&self, path: &str) -> Result<()> {
        ops::rmdir(&self.ctx(), self.at(path))
    }

    pub fn rename(&self, old: &str, new: &str, flags: u32) -> Result<()> {
        ops::rename(&self.ctx(), self.at(old), self.at(new), flags)
    }

    pub fn chmod(&self, path: &str, mode: u32) -> Result<()> {
        ops::chmod(&self.cred, &self.find(path)?, mode)
    }

    pub fn chown(&self, path: &str, uid: u32, gid: u32) -> Result<()> {
        ops::chown(&self.cred, &self.lfind(path)?, Some(uid), Some(gid))
    }

    pub fn open(&self, path: &str, flags: u32) -> Result<Opened> {
        ops::open(&self.ctx(), self.at(path), &OpenHow::legacy(flags, 0o666)?)
    }

    pub fn file(&self, path: &str, flags: u32) -> Result<Arc<File>> {
        match self.open(path, flags)? {
            Opened::File(f) => Ok(f),
            Opened::Special { .. } => panic!("a special file"),
        }
    }

    pub fn is(&self, a: &str, b: &str) -> bool {
        self.find(a).unwrap().same(&self.find(b).unwrap())
    }
}

/// The error of something that must fail.
pub(super) fn err<T>(r: Result<T>) -> Errno {
    match r {
        Ok(_) => panic!("succeeded"),
        Err(e) => e,
    }
}
