//! The fresh directory of a case, and whether it has changed.
//!
//! Both runs of a case get the same path with the same files, sizes and times. The native run
//! changes it as it likes; umlaut's guest writes to the overlay, so there it must stay as it was.

use std::collections::BTreeMap;
use std::collections::hash_map::DefaultHasher;
use std::fs;
use std::hash::{Hash, Hasher};
use std::io;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

/// A case's directory: `work` is where it runs, `tmp` is its TMPDIR.
pub struct WorkDir {
    root: PathBuf,
}

/// All of a tree that a guest could change, by path.
pub type Snapshot = BTreeMap<PathBuf, Entry>;

/// One file as the host has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    mode: u32,
    owner: (u32, u32),
    links: u64,
    size: u64,
    modified: (i64, i64),
    content: u64,
}

impl WorkDir {
    /// A directory of that name below `parent`; nothing is made yet.
    pub fn new(parent: &Path, name: &str) -> WorkDir {
        WorkDir { root: parent.join(name.replace('/', "+")) }
    }

    /// Where the case runs.
    pub fn work(&self) -> PathBuf {
        self.root.join("work")
    }

    /// Where the case keeps its temporary files.
    pub fn tmp(&self) -> PathBuf {
        self.root.join("tmp")
    }

    /// A file with the case's standard input.
    pub fn stdin(&self, text: &str) -> io::Result<fs::File> {
        let path = self.root.join("stdin");
        fs::write(&path, format!("{text}\n"))?;
        fs::File::open(path)
    }

    /// Removes what is there and makes it anew, with a copy of `files`.
    pub fn renew(&self, files: Option<&Path>) -> io::Result<()> {
        self.remove()?;
        fs::create_dir_all(self.tmp())?;
        match files {
            Some(from) => copy_tree(from, &self.work())?,
            None => fs::create_dir_all(self.work())?,
        }
        settle_times(&self.root)
    }

    /// Removes it, also where the case has taken away its own permissions.
    pub fn remove(&self) -> io::Result<()> {
        if fs::symlink_metadata(&self.root).is_err() {
            return Ok(());
        }
        if fs::remove_dir_all(&self.root).is_err() {
            make_writable(&self.root);
            fs::remove_dir_all(&self.root)?;
        }
        Ok(())
    }

    /// The tree as it is now.
    pub fn snapshot(&self) -> io::Result<Snapshot> {
        snapshot(&self.root)
    }
}

/// The tree below a directory, the directory itself included.
pub fn snapshot(root: &Path) -> io::Result<Snapshot> {
    let mut found = Snapshot::new();
    visit(root, &mut |path, meta| {
        found.insert(path.to_path_buf(), Entry::read(path, meta)?);
        Ok(())
    })?;
    Ok(found)
}

/// What differs between two snapshots, one line each.
pub fn differences(before: &Snapshot, after: &Snapshot) -> Vec<String> {
    let mut out = Vec::new();
    for (path, old) in before {
        match after.get(path) {
            None => out.push(format!("{} has gone", path.display())),
            Some(new) if new != old => {
                out.push(format!("{} has changed: {old:?} -> {new:?}", path.display()));
            }
            Some(_) => {}
        }
    }
    for path in after.keys().filter(|p| !before.contains_key(*p)) {
        out.push(format!("{} is new", path.display()));
    }
    out
}

impl Entry {
    fn read(path: &Path, meta: &fs::Metadata) -> io::Result<Entry> {
        let mut hash = DefaultHasher::new();
        if meta.is_file() {
            fs::read(path)?.hash(&mut hash);
        } else if meta.is_symlink() {
            fs::read_link(path)?.hash(&mut hash);
        }
        Ok(Entry {
            mode: meta.mode(),
            owner: (meta.uid(), meta.gid()),
            links: meta.nlink(),
            size: meta.size(),
            modified: (meta.mtime(), meta.mtime_nsec()),
            content: hash.finish(),
        })
    }
}

/// Calls `f` for the directory and everything below it, without following symbolic links.
fn visit(path: &Path, f: &mut dyn FnMut(&Path, &fs::Metadata) -> io::Result<()>) -> io::Result<()> {
    let meta = fs::symlink_metadata(path)?;
    f(path, &meta)?;
    if meta.is_dir() {
        let mut names: Vec<PathBuf> = fs::read_dir(path)?.map(|e| e.map(|e| e.path())).collect::<io::Result<_>>()?;
        names.sort();
        for name in names {
            visit(&name, f)?;
        }
    }
    Ok(())
}

fn copy_tree(from: &Path, to: &Path) -> io::Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy_tree(&entry.path(), &target)?;
        } else {
            fs::copy(entry.path(), &target)?;
        }
    }
    Ok(())
}

/// Gives every file the same old time, so that both runs see the same and make rebuilds nothing.
fn settle_times(root: &Path) -> io::Result<()> {
    let when = SystemTime::UNIX_EPOCH + Duration::from_secs(1_700_000_000);
    visit(root, &mut |path, meta| {
        if meta.is_file() || meta.is_dir() {
            fs::File::open(path)?.set_modified(when)?;
        }
        Ok(())
    })
}

fn make_writable(path: &Path) {
    let Ok(meta) = fs::symlink_metadata(path) else {
        return;
    };
    if meta.is_dir() {
        let _ = fs::set_permissions(path, fs::Permissions::from_mode(0o700));
        for entry in fs::read_dir(path).into_iter().flatten().flatten() {
            make_writable(&entry.path());
        }
    }
}
