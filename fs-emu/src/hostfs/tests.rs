//! Tests of `hostfs` over a temporary directory of the host.

extern crate std;

use super::*;
use crate::file::{FileOps, OpenFlags};
use crate::inode::{FileType, Owner, SetAttr};
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use host::iov::IovIter;
use host::sys::path;
use std::ffi::CString;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::{env, fs, process};

/// A temporary directory, removed when dropped.
pub(crate) struct TempTree(PathBuf);

impl TempTree {
    pub fn new(name: &str) -> TempTree {
        host::testing::init();
        let path = env::temp_dir().join(format!("umlaut-fs-{}-{name}", process::id()));
        let _ = fs::remove_dir_all(&path);
        fs::create_dir_all(&path).unwrap();
        TempTree(path)
    }

    pub fn path(&self) -> &Path {
        &self.0
    }

    pub fn mount(&self, read_only: bool, frozen: bool) -> Arc<HostFs> {
        const O_PATH: u32 = 0o10000000;
        let path = CString::new(self.0.as_os_str().as_bytes()).unwrap();
        let root = path::open_follow(-1, &path, O_PATH, 0).unwrap();
        HostFs::new(root, path.as_bytes(), read_only, frozen).unwrap()
    }
}

impl Drop for TempTree {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// The runtime's own owner, so that nothing needs a change of owner.
pub(crate) fn me(tree: &TempTree) -> Owner {
    let m = fs::metadata(tree.path()).unwrap();
    Owner { uid: m.uid(), gid: m.gid() }
}

pub(crate) const REG: u32 = FileType::Regular.mode();
pub(crate) const DIR: u32 = FileType::Directory.mode();

pub(crate) fn read_all(inode: &InodeRef) -> Result<Vec<u8>> {
    let file = inode.clone().open(OpenFlags::empty())?;
    let mut out = Vec::new();
    let mut buf = [0; 1000];
    loop {
        let n = file.read_at(out.len() as u64, &mut IovIter::kernel_mut(&mut buf))?;
        if n == 0 {
            return Ok(out);
        }
        out.extend_from_slice(&buf[..n]);
    }
}

pub(crate) fn write(inode: &InodeRef, off: u64, data: &[u8]) -> Result<()> {
    let file = inode.clone().open(OpenFlags::RDWR)?;
    let n = file.write_at(off, &mut IovIter::kernel(data), false)?.0;
    assert_eq!(n, data.len());
    Ok(())
}

pub(crate) fn list(file: &Arc<dyn FileOps>, per_call: usize) -> Vec<(String, u64, u8)> {
    let mut out = Vec::new();
    let mut pos = 0;
    loop {
        let mut left = per_call;
        let before = out.len();
        pos = file
            .readdir(pos, &mut |e| {
                if left == 0 {
                    return false;
                }
                left -= 1;
                out.push((String::from_utf8_lossy(e.name).into_owned(), e.ino, e.kind));
                true
            })
            .unwrap();
        if out.len() == before {
            return out;
        }
    }
}

fn names(dir: &InodeRef) -> Vec<String> {
    let mut all: Vec<_> = list(&dir.clone().open(OpenFlags::DIRECTORY).unwrap(), 3).into_iter().map(|e| e.0).collect();
    all.sort();
    all
}

#[test]
fn reads_a_frozen_tree() {
    let tree = TempTree::new("frozen");
    fs::create_dir(tree.path().join("d")).unwrap();
    fs::write(tree.path().join("d/f"), b"hello").unwrap();
    std::os::unix::fs::symlink("d/f", tree.path().join("l")).unwrap();
    let fs = tree.mount(false, true);
    let d = fs.root().lookup(b"d").unwrap();
    let f = d.lookup(b"f").unwrap();
    assert_eq!(read_all(&f).unwrap(), b"hello");
    assert_eq!(f.metadata().unwrap().ino, std::fs::metadata(tree.path().join("d/f")).unwrap().ino());
    assert_eq!(fs.root().lookup(b"l").unwrap().readlink().unwrap(), b"d/f");
    assert_eq!(f.readlink().err(), Some(Errno::EINVAL));
    assert_eq!(d.lookup(b"nope").err(), Some(Errno::ENOENT));
    assert_eq!(f.lookup(b"x").err(), Some(Errno::ENOTDIR));
    assert_eq!(names(&fs.root()), [".", "..", "d", "l"]);
    let o = me(&tree);
    assert_eq!(d.create(b"x", REG | 0o644, 0, o).err(), Some(Errno::EROFS));
    assert_eq!(d.unlink(b"f").err(), Some(Errno::EROFS));
    assert_eq!(f.clone().open(OpenFlags::WRONLY).err(), Some(Errno::EROFS));
    assert_eq!(f.set_attr(&SetAttr::default()).err(), Some(Errno::EROFS));
    assert!(fs.caches_names());
}

#[test]
fn makes_and_changes_files() {
    let tree = TempTree::new("live");
    let (fs, o) = (tree.mount(false, false), me(&tree));
    let root = fs.root();
    let f = root.create(b"f", REG | 0o400, 0, o).unwrap();
    let file = f.clone().open(OpenFlags::RDWR).unwrap();
    assert_eq!(file.write_at(3, &mut IovIter::kernel(b"abc"), false).unwrap(), (3, 6));
    assert_eq!(file.write_at(0, &mut IovIter::kernel(b"xy"), true).unwrap(), (2, 8));
    f.set_attr(&SetAttr { size: Some(7), mode: Some(0o640), ..SetAttr::default() }).unwrap();
    assert_eq!(read_all(&f).unwrap(), b"\0\0\0abcx");
    let host = std::fs::metadata(tree.path().join("f")).unwrap();
    assert_eq!((host.len(), host.permissions().mode() & 0o7777), (7, 0o640));
    assert_eq!(root.create(b"f", REG | 0o644, 0, o).err(), Some(Errno::EEXIST));
    let t = host::abi::Timespec { sec: 77, nsec: 5 };
    f.set_attr(&SetAttr { mtime: Some(t), ..SetAttr::default() }).unwrap();
    assert_eq!(f.metadata().unwrap().mtime, t);
    root.link(b"g", &f).unwrap();
    assert_eq!(f.metadata().unwrap().nlink, 2);
    root.unlink(b"f").unwrap();
    root.unlink(b"g").unwrap();
    assert_eq!(f.metadata().unwrap().nlink, 0);
    assert_eq!(read_all(&f).unwrap(), b"\0\0\0abcx");
    assert_eq!(names(&root), [".", ".."]);
}

#[test]
fn removed_without_being_open_still_answers() {
    let tree = TempTree::new("gone");
    let (fs, o) = (tree.mount(false, false), me(&tree));
    let d = fs.root().create(b"d", DIR | 0o755, 0, o).unwrap();
    let s = fs.root().symlink(b"s", b"target", o).unwrap();
    fs.root().rmdir(b"d").unwrap();
    fs.root().unlink(b"s").unwrap();
    assert_eq!(d.metadata().unwrap().nlink, 0);
    assert_eq!(d.create(b"x", REG | 0o644, 0, o).err(), Some(Errno::ENOENT));
    assert_eq!(s.readlink().unwrap(), b"target");
    d.set_attr(&SetAttr { mode: Some(0o700), ..SetAttr::default() }).unwrap();
    assert_eq!(d.metadata().unwrap().mode & 0o7777, 0o700);
}

#[test]
fn renames_carry_descendants() {
    let tree = TempTree::new("rename");
    let (fs, o) = (tree.mount(false, false), me(&tree));
    let root = fs.root();
    let a = root.create(b"a", DIR | 0o755, 0, o).unwrap();
    let b = root.create(b"b", DIR | 0o755, 0, o).unwrap();
    let f = a.create(b"f", REG | 0o644, 0, o).unwrap();
    write(&f, 0, b"1").unwrap();
    root.rename(b"a", &b, b"c", 0).unwrap();
    assert_eq!(read_all(&f).unwrap(), b"1");
    assert_eq!(f.metadata().unwrap().ino, a.lookup(b"f").unwrap().metadata().unwrap().ino);
    let other = root.create(b"o", REG | 0o644, 0, o).unwrap();
    assert_eq!(root.rename(b"o", &b, b"c", 1).err(), Some(Errno::EEXIST));
    root.rename(b"o", &b, b"c", 2).unwrap();
    assert_eq!(root.lookup(b"o").unwrap().file_type(), FileType::Directory);
    assert!(Arc::ptr_eq(&root.lookup(b"o").unwrap(), &a));
    assert!(Arc::ptr_eq(&b.lookup(b"c").unwrap(), &other));
    assert_eq!(read_all(&f).unwrap(), b"1");
    a.rename(b"f", &b, b"c", 0).unwrap();
    assert_eq!(other.metadata().unwrap().nlink, 0);
    assert_eq!(f.metadata().unwrap().nlink, 1);
}

#[test]
fn symlinks_on_the_way_lead_nowhere() {
    let tree = TempTree::new("escape");
    let (fs, o) = (tree.mount(false, false), me(&tree));
    let d = fs.root().create(b"d", DIR | 0o755, 0, o).unwrap();
    let f = d.create(b"f", REG | 0o644, 0, o).unwrap();
    drop(f.clone().open(OpenFlags::RDWR).unwrap());
    std::fs::rename(tree.path().join("d"), tree.path().join("e")).unwrap();
    std::os::unix::fs::symlink("e", tree.path().join("d")).unwrap();
    assert_eq!(f.clone().open(OpenFlags::RDWR).err(), Some(Errno::ELOOP));
    assert!(f.set_attr(&SetAttr { mode: Some(0o600), ..SetAttr::default() }).is_err());
    assert!(d.unlink(b"f").is_err());
    assert!(d.create(b"n", DIR | 0o755, 0, o).is_err());
    assert!(tree.path().join("e/f").exists());
}

#[test]
fn unnamed_files_and_xattrs() {
    let tree = TempTree::new("tmpfile");
    let (fs, o) = (tree.mount(false, false), me(&tree));
    match fs.root().create_unnamed(REG | 0o600, o) {
        Ok(f) => {
            write(&f, 0, b"data").unwrap();
            assert_eq!(f.metadata().unwrap().nlink, 0);
            fs.root().link(b"named", &f).unwrap();
            assert_eq!(std::fs::read(tree.path().join("named")).unwrap(), b"data");
        }
        Err(e) => assert_eq!(e, Errno::EOPNOTSUPP),
    }
    let f = fs.root().create(b"x", REG | 0o600, 0, o).unwrap();
    match f.setxattr(b"user.a", b"1", 0) {
        Ok(()) => {
            assert_eq!(f.getxattr(b"user.a").unwrap(), b"1");
            assert_eq!(f.setxattr(b"user.a", b"2", 1).err(), Some(Errno::EEXIST));
            assert_eq!(f.listxattr().unwrap(), b"user.a\0");
            let frozen = tree.mount(true, true).root().lookup(b"x").unwrap();
            assert_eq!(frozen.getxattr(b"user.a").unwrap(), b"1");
            f.removexattr(b"user.a").unwrap();
            assert_eq!(f.getxattr(b"user.a").err(), Some(Errno::ENODATA));
        }
        Err(e) => assert_eq!(e, Errno::EOPNOTSUPP),
    }
}

#[test]
fn very_deep_trees_work() {
    let tree = TempTree::new("deep");
    let (fs, o) = (tree.mount(false, false), me(&tree));
    let name = [b'n'; 250];
    let mut at = fs.root();
    let mut chain = Vec::new();
    for _ in 0..40 {
        at = at.create(&name, DIR | 0o755, 0, o).unwrap();
        chain.push(at.clone());
    }
    write(&at.create(b"f", REG | 0o600, 0, o).unwrap(), 0, b"deep").unwrap();
    assert_eq!(read_all(&at.lookup(b"f").unwrap()).unwrap(), b"deep");
    assert_eq!(names(&at), [".", "..", "f"]);
    at.unlink(b"f").unwrap();
    while chain.pop().is_some() {
        chain.last().cloned().unwrap_or_else(|| fs.root()).rmdir(&name).unwrap();
    }
}

/// A path goes from the nearest directory that is open; nothing else may show.
#[test]
fn open_directories_shorten_the_way() {
    let tree = TempTree::new("open-dirs");
    fs::create_dir_all(tree.path().join("a/b/c")).unwrap();
    fs::write(tree.path().join("a/b/c/file"), b"deep").unwrap();
    let hostfs = tree.mount(true, true);
    let a = hostfs.root().lookup(b"a").unwrap();
    let b = a.lookup(b"b").unwrap();
    let find = || read_all(&b.lookup(b"c").unwrap().lookup(b"file").unwrap()).unwrap();
    let opened = a.clone().open(OpenFlags::DIRECTORY).unwrap();
    assert_eq!(find(), b"deep");
    let nearer = b.clone().open(OpenFlags::DIRECTORY).unwrap();
    let again = b.clone().open(OpenFlags::DIRECTORY).unwrap();
    assert_eq!(find(), b"deep");
    let all = list(&nearer, 1);
    assert_eq!(all, list(&again, 100));
    assert_eq!(all.iter().map(|(name, ..)| name.as_str()).filter(|n| !n.starts_with('.')).collect::<Vec<_>>(), ["c"]);
    drop((nearer, opened));
    assert_eq!(find(), b"deep");
    drop(again);
    assert_eq!(find(), b"deep");
    // The end is the end, until the directory is read from its beginning.
    let c = b.lookup(b"c").unwrap().open(OpenFlags::DIRECTORY).unwrap();
    let mut count = 0;
    let end = c
        .readdir(0, &mut |_| {
            count += 1;
            true
        })
        .unwrap();
    assert_eq!(c.readdir(end, &mut |_| panic!("an entry behind the end")).unwrap(), end);
    assert_eq!(c.readdir(end, &mut |_| panic!("an entry behind the end")).unwrap(), end);
    c.readdir(0, &mut |_| {
        count += 1;
        true
    })
    .unwrap();
    assert_eq!(count, 6);
}
