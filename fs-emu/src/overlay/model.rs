//! The model test: random operations on an overlay and, natively, on a copy of its lower tree; results and trees must agree.

extern crate std;

use super::Overlay;
use crate::file::OpenFlags;
use crate::hostfs::tests::{DIR, REG, TempTree, list, me, read_all, write};
use crate::inode::{FileSystem, FileType, InodeRef, Metadata, Owner, SetAttr};
use alloc::format;
use alloc::string::{String, ToString};
use alloc::sync::Arc;
use alloc::vec::Vec;
use host::abi::{Stat, Timespec};
use host::sys::{fd, path};
use host::{Errno, Result};
use std::ffi::CString;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

const OLD: Timespec = Timespec { sec: 1_000_000, nsec: 7 };
const O_RDWR: u32 = 2;
const O_CREAT: u32 = 0o100;
const O_EXCL: u32 = 0o200;
const O_TRUNC: u32 = 0o1000;
const O_NOFOLLOW: u32 = 0o400000;

/// A small generator of random numbers.
pub(super) struct Random(pub u64);

impl Random {
    pub fn below(&mut self, n: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % n
    }
}

fn c(path: &Path) -> CString {
    CString::new(path.as_os_str().as_bytes()).unwrap()
}

/// Fills a directory with files, directories and links, all with an old time.
fn populate(root: &Path) {
    for dir in ["a", "b", "a/a", "a/b", "b/a", "b/a/c"] {
        std::fs::create_dir(root.join(dir)).unwrap();
    }
    for (i, file) in ["c", "a/c", "a/a/a", "a/a/b", "b/b", "b/a/c/a", "b/a/d"].iter().enumerate() {
        std::fs::write(root.join(file), alloc::vec![b'0' + i as u8; i * 3000 + 1]).unwrap();
    }
    std::os::unix::fs::symlink("nowhere", root.join("d")).unwrap();
    std::os::unix::fs::symlink("nowhere", root.join("a/a/d")).unwrap();
    let sparse = std::fs::File::create(root.join("b/c")).unwrap();
    sparse.set_len(1 << 20).unwrap();
    std::os::unix::fs::FileExt::write_at(&sparse, b"end", 900_000).unwrap();
    for entry in walk_native(root) {
        path::utimens(-1, &c(&root.join(entry)), &[OLD, OLD]).unwrap();
    }
    path::utimens(-1, &c(root), &[OLD, OLD]).unwrap();
}

/// All paths below a native directory.
fn walk_native(root: &Path) -> Vec<String> {
    let mut out = Vec::new();
    let mut pending = alloc::vec![String::new()];
    while let Some(dir) = pending.pop() {
        for entry in std::fs::read_dir(root.join(&dir)).unwrap() {
            let entry = entry.unwrap();
            let below =
                format!("{dir}{}{}", if dir.is_empty() { "" } else { "/" }, entry.file_name().to_str().unwrap());
            if entry.file_type().unwrap().is_dir() {
                pending.push(below.clone());
            }
            out.push(below);
        }
    }
    out.sort();
    out
}

/// The overlay under test beside the native tree.
struct Model {
    native: PathBuf,
    root: InodeRef,
    owner: Owner,
    random: Random,
    /// Nodes kept alive, as a dentry cache would; empty when the test does without.
    held: Option<Vec<InodeRef>>,
}

impl Model {
    /// Mostly a path that exists, or a name in a directory that does.
    fn path(&mut self) -> String {
        const NAMES: [&str; 4] = ["a", "b", "c", "d"];
        let name = NAMES[self.random.below(4) as usize];
        let all = walk_native(&self.native);
        if all.is_empty() {
            return name.to_string();
        }
        let some = &all[self.random.below(all.len() as u64) as usize];
        match self.random.below(20) {
            0..=9 => some.clone(),
            10..=12 => name.to_string(),
            13..=15 => format!("{some}/{name}"),
            _ => match some.rsplit_once('/') {
                Some((dir, _)) => format!("{dir}/{name}"),
                None => name.to_string(),
            },
        }
    }

    fn native(&self, path: &str) -> CString {
        c(&self.native.join(path))
    }

    fn step(&mut self, dir: &InodeRef, name: &str) -> Result<InodeRef> {
        if dir.file_type() == FileType::Symlink {
            return Err(Errno::ENOENT);
        }
        let found = dir.lookup(name.as_bytes())?;
        if let Some(held) = &mut self.held {
            held.push(found.clone());
        }
        Ok(found)
    }

    fn resolve(&mut self, path: &str) -> Result<InodeRef> {
        let mut at = self.root.clone();
        for name in path.split('/') {
            at = self.step(&at, name)?;
        }
        Ok(at)
    }

    /// The directory of a path and the last name.
    fn parent<'p>(&mut self, path: &'p str) -> Result<(InodeRef, &'p str)> {
        let Some((dir, name)) = path.rsplit_once('/') else {
            return Ok((self.root.clone(), path));
        };
        let dir = self.resolve(dir)?;
        match dir.file_type() {
            FileType::Directory => Ok((dir, name)),
            FileType::Symlink => Err(Errno::ENOENT),
            _ => Err(Errno::ENOTDIR),
        }
    }

    fn file(&mut self, path: &str) -> Result<InodeRef> {
        let file = self.resolve(path)?;
        match file.file_type() {
            FileType::Regular => Ok(file),
            FileType::Symlink => Err(Errno::ELOOP),
            _ => Err(Errno::EISDIR),
        }
    }

    fn create(&mut self, path: &str) -> (Result<()>, Result<()>) {
        let native = path::open_follow(-1, &self.native(path), O_RDWR | O_CREAT | O_EXCL, 0o644).map(drop);
        let ours = self.parent(path).and_then(|(d, n)| d.create(n.as_bytes(), REG | 0o644, 0, self.owner)).map(drop);
        (native, ours)
    }

    fn mkdir(&mut self, path: &str) -> (Result<()>, Result<()>) {
        let native = path::mkdir(-1, &self.native(path), 0o755);
        let ours = self.parent(path).and_then(|(d, n)| d.create(n.as_bytes(), DIR | 0o755, 0, self.owner)).map(drop);
        (native, ours)
    }

    fn symlink(&mut self, path: &str) -> (Result<()>, Result<()>) {
        let native = path::symlink(c"nowhere", -1, &self.native(path));
        let ours = self.parent(path).and_then(|(d, n)| d.symlink(n.as_bytes(), b"nowhere", self.owner)).map(drop);
        (native, ours)
    }

    fn link(&mut self, from: &str, to: &str) -> (Result<()>, Result<()>) {
        let native = path::link(-1, &self.native(from), -1, &self.native(to));
        let ours = self.resolve(from).and_then(|source| {
            let (dir, name) = self.parent(to)?;
            if dir.lookup(name.as_bytes()).is_ok() {
                return Err(Errno::EEXIST);
            }
            if source.file_type() == FileType::Directory {
                return Err(Errno::EPERM);
            }
            dir.link(name.as_bytes(), &source)
        });
        (native, ours)
    }

    fn remove(&mut self, path: &str, directory: bool) -> (Result<()>, Result<()>) {
        let native = path::unlink(-1, &self.native(path), directory);
        let ours = self.parent(path).and_then(|(d, n)| match directory {
            true => d.rmdir(n.as_bytes()),
            false => d.unlink(n.as_bytes()),
        });
        (native, ours)
    }

    /// With the checks that the path walk makes.
    fn rename(&mut self, from: &str, to: &str, flags: u32) -> (Result<()>, Result<()>) {
        let native = path::rename(-1, &self.native(from), -1, &self.native(to), flags);
        let ours = (|| {
            let (from_dir, from_name) = self.parent(from)?;
            let (to_dir, to_name) = self.parent(to)?;
            from_dir.lookup(from_name.as_bytes())?;
            let target = to_dir.lookup(to_name.as_bytes());
            if flags == 1 && target.is_ok() {
                return Err(Errno::EEXIST);
            }
            if flags == 2 && target.is_err() {
                return Err(Errno::ENOENT);
            }
            if to.starts_with(&format!("{from}/")) {
                return Err(Errno::EINVAL);
            }
            if from.starts_with(&format!("{to}/")) {
                return Err(if flags == 2 { Errno::EINVAL } else { Errno::ENOTEMPTY });
            }
            from_dir.rename(from_name.as_bytes(), &to_dir, to_name.as_bytes(), flags)
        })();
        (native, ours)
    }

    fn write(&mut self, path: &str) -> (Result<()>, Result<()>) {
        let off = self.random.below(20_000);
        let data = alloc::vec![b'A' + self.random.below(26) as u8; 1 + self.random.below(5000) as usize];
        let native = path::open_follow(-1, &self.native(path), O_RDWR | O_NOFOLLOW, 0)
            .and_then(|f| fd::pwrite(f.raw(), off, &data).map(drop));
        let ours = self.file(path).and_then(|f| same_number(&f, || write(&f, off, &data)));
        (native, ours)
    }

    fn truncate(&mut self, path: &str) -> (Result<()>, Result<()>) {
        let size = self.random.below(3) * self.random.below(9000);
        let flags = O_RDWR | O_NOFOLLOW | if size == 0 { O_TRUNC } else { 0 };
        let native = path::open_follow(-1, &self.native(path), flags, 0).and_then(|f| fd::ftruncate(&f, size));
        let attr = SetAttr { size: Some(size), mtime: Some(host::time::realtime()), ..SetAttr::default() };
        let ours = self.file(path).and_then(|f| same_number(&f, || f.set_attr(&attr)));
        (native, ours)
    }

    fn set_attr(&mut self, path: &str) -> (Result<()>, Result<()>) {
        let mode = 0o700 | self.random.below(0o100) as u32;
        let time = Timespec { sec: 2_000_000 + self.random.below(1000) as i64, nsec: 1 };
        let found = self.resolve(path);
        if found.as_ref().is_ok_and(|f| f.file_type() == FileType::Symlink) {
            return (Ok(()), Ok(()));
        }
        let at = self.native(path);
        let native = path::lstat(-1, &at).and_then(|_| {
            path::chmod(-1, &at, mode)?;
            path::utimens(-1, &at, &[time, time])
        });
        let attr = SetAttr { mode: Some(mode), atime: Some(time), mtime: Some(time), ..SetAttr::default() };
        (native, found.and_then(|f| same_number(&f, || f.set_attr(&attr))))
    }

    fn read(&mut self, path: &str) -> (Result<()>, Result<()>) {
        let native = path::open_follow(-1, &self.native(path), O_RDWR | O_NOFOLLOW, 0).map(drop);
        let ours = self.file(path).and_then(|f| read_all(&f));
        if let Ok(data) = &ours {
            assert!(*data == std::fs::read(self.native.join(path)).unwrap(), "contents of {path}");
        }
        (native, ours.map(drop))
    }

    fn act(&mut self) -> String {
        let (path, other, what) = (self.path(), self.path(), self.random.below(32));
        let flags = self.random.below(3) as u32;
        let (name, (native, ours)) = match what {
            0..=3 => ("create", self.create(&path)),
            4..=7 => ("mkdir", self.mkdir(&path)),
            8 => ("symlink", self.symlink(&path)),
            9..=12 => ("link", self.link(&path, &other)),
            13 | 14 => ("unlink", self.remove(&path, false)),
            15 | 16 => ("rmdir", self.remove(&path, true)),
            17..=24 => ("rename", self.rename(&path, &other, flags)),
            25..=27 => ("write", self.write(&path)),
            28 => ("truncate", self.truncate(&path)),
            29 => ("set_attr", self.set_attr(&path)),
            _ => ("read", self.read(&path)),
        };
        let line = format!("{name} {path} {other} {flags}: native {native:?}, ours {ours:?}");
        assert_eq!(native, ours, "{line}");
        line
    }

    fn compare(&mut self) {
        let mut seen = Vec::new();
        let mut pending = alloc::vec![(String::new(), self.root.clone())];
        while let Some((prefix, dir)) = pending.pop() {
            let open = dir.clone().open(OpenFlags::DIRECTORY).unwrap();
            for (name, ino, kind) in list(&open, 5) {
                if name == "." || name == ".." {
                    continue;
                }
                let path = format!("{prefix}{name}");
                let file = dir.lookup(name.as_bytes()).unwrap();
                let meta = file.metadata().unwrap();
                assert_eq!((ino, kind), (meta.ino, file.file_type() as u8), "entry {path}");
                self.compare_file(&path, &file, &meta);
                if kind == FileType::Directory as u8 {
                    pending.push((format!("{path}/"), file));
                }
                seen.push(path);
            }
        }
        seen.sort();
        assert_eq!(seen, walk_native(&self.native));
    }

    fn compare_file(&self, path: &str, file: &InodeRef, ours: &Metadata) {
        let native: Stat = path::lstat(-1, &self.native(path)).unwrap();
        assert_eq!((ours.mode, u64::from(ours.nlink)), (native.mode, native.nlink), "mode and links of {path}");
        let recent = |t: Timespec| t.sec > 100_000_000;
        assert_eq!(recent(ours.mtime), recent(native.mtime), "age of {path}");
        if !recent(native.mtime) {
            assert_eq!(ours.mtime, native.mtime, "time of {path}");
        }
        match file.file_type() {
            FileType::Regular => {
                assert_eq!(ours.size, native.size as u64, "size of {path}");
                assert!(read_all(file).unwrap() == std::fs::read(self.native.join(path)).unwrap(), "data of {path}");
            }
            FileType::Symlink => assert_eq!(file.readlink().unwrap(), b"nowhere"),
            _ => {}
        }
    }
}

/// Runs a change and checks that device and inode number stay.
fn same_number(file: &InodeRef, change: impl FnOnce() -> Result<()>) -> Result<()> {
    let before = file.metadata()?;
    change()?;
    let after = file.metadata()?;
    assert_eq!((before.dev, before.ino), (after.dev, after.ino));
    Ok(())
}

fn run(name: &str, seed: u64, steps: usize, hold: bool, upper: &dyn Fn(&TempTree) -> Arc<dyn FileSystem>) {
    let (lower, native, above) = (
        TempTree::new(&format!("{name}-lower-{seed}")),
        TempTree::new(&format!("{name}-native-{seed}")),
        TempTree::new(&format!("{name}-upper-{seed}")),
    );
    populate(lower.path());
    populate(native.path());
    let overlay = Overlay::new(alloc::vec![lower.mount(true, true) as Arc<dyn FileSystem>], upper(&above)).unwrap();
    let mut model = Model {
        native: native.path().to_path_buf(),
        root: overlay.root(),
        owner: me(&lower),
        random: Random(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1),
        held: hold.then(Vec::new),
    };
    let mut log: Vec<String> = Vec::new();
    for i in 0..steps {
        let outcome = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            let line = model.act();
            if i % 25 == 24 {
                model.compare();
            }
            line
        }));
        match outcome {
            Ok(line) => log.push(line),
            Err(_) => panic!("seed {seed}, after:\n{}", log.join("\n")),
        }
    }
    model.compare();
    let mut left = 0;
    overlay
        .changes(&mut |change| {
            left += usize::from(!change.path.is_empty());
            true
        })
        .unwrap();
    assert!(left > 0);
    assert_untouched(&lower);
}

/// The lower tree must be as `populate` made it.
fn assert_untouched(lower: &TempTree) {
    let fresh = TempTree::new(&format!("fresh-{}", lower.path().file_name().unwrap().to_str().unwrap()));
    populate(fresh.path());
    assert_eq!(walk_native(lower.path()), walk_native(fresh.path()));
    for entry in walk_native(lower.path()) {
        let (a, b) = (lower.path().join(&entry), fresh.path().join(&entry));
        let (x, y) = (path::lstat(-1, &c(&a)).unwrap(), path::lstat(-1, &c(&b)).unwrap());
        assert_eq!(
            (x.mode, x.nlink, x.size, x.mtime, x.blocks),
            (y.mode, y.nlink, y.size, y.mtime, y.blocks),
            "{entry}"
        );
        if a.is_file() {
            assert!(std::fs::read(a).unwrap() == std::fs::read(b).unwrap(), "{entry}");
        }
    }
}

#[test]
fn agrees_with_the_host_over_hostfs() {
    for seed in 1..=12 {
        run("model-host", seed, 300, seed % 2 == 0, &|dir| dir.mount(false, false));
    }
}

fn tmpfs(_: &TempTree) -> Arc<dyn FileSystem> {
    crate::tmpfs::TmpFs::new(99, crate::tmpfs::Limits::default(), 0o755, Owner { uid: 0, gid: 0 }).unwrap()
}

#[test]
fn agrees_with_the_host_over_tmpfs() {
    for seed in 101..=130 {
        run("model-tmpfs", seed, 300, seed % 2 == 0, &tmpfs);
    }
}
