//! Whether anything on the host has changed besides the case's own directory.
//!
//! Looked at once per suite, because other programs of the machine write there too. Two kinds:
//! system trees, of which nothing may change; and the directories for temporary files, where a
//! new name is ours if it carries our name. Cases write *probes* (`…umlaut-probe…`) there on purpose.

use crate::paths;
use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

/// Trees that a guest can write to in its overlay, and how deep they are looked at.
const TREES: [(&str, usize); 8] =
    [("/etc", 3), ("/usr", 1), ("/usr/local", 3), ("/opt", 1), ("/srv", 1), ("/boot", 1), ("/home", 1), ("/", 1)];

/// Where temporary files would be left.
const TEMPORARY: [&str; 5] = ["/tmp", "/var/tmp", "/dev/shm", "/run", "/run/lock"];

/// Directories in which other programs of the host are at work all the time: only their names count.
const BUSY: [&str; 9] = ["/", "/tmp", "/run", "/dev", "/proc", "/sys", "/root", "/var", "/home"];

/// What the host looked like.
pub struct HostTree {
    system: BTreeMap<PathBuf, (u32, u64, i64, i64)>,
    temporary: Vec<PathBuf>,
}

impl HostTree {
    /// Looks at the host.
    pub fn look() -> HostTree {
        let mut system = BTreeMap::new();
        for (tree, depth) in TREES {
            note(Path::new(tree), depth, &mut system);
        }
        HostTree { system, temporary: temporary() }
    }

    /// What has changed since, one line each.
    pub fn changes(&self) -> Vec<String> {
        let now = HostTree::look();
        let mut out = Vec::new();
        for (path, new) in &now.system {
            match self.system.get(path) {
                None => out.push(format!("host: {} is new", path.display())),
                Some(old) if old != new => out.push(format!("host: {} has changed", path.display())),
                Some(_) => {}
            }
        }
        for path in self.system.keys().filter(|p| !now.system.contains_key(*p)) {
            out.push(format!("host: {} has gone", path.display()));
        }
        for path in now.temporary.iter().filter(|p| !self.temporary.contains(p)) {
            out.push(format!("host: temporary file {} was left", path.display()));
        }
        out
    }
}

fn note(path: &Path, depth: usize, into: &mut BTreeMap<PathBuf, (u32, u64, i64, i64)>) {
    let Ok(meta) = fs::symlink_metadata(path) else {
        return;
    };
    let busy = BUSY.iter().any(|b| Path::new(b) == path);
    let facts = if busy { (meta.mode(), 0, 0, 0) } else { (meta.mode(), meta.size(), meta.mtime(), meta.mtime_nsec()) };
    into.insert(path.to_path_buf(), facts);
    if meta.is_dir() && depth > 0 {
        for entry in fs::read_dir(path).into_iter().flatten().flatten() {
            note(&entry.path(), depth - 1, into);
        }
    }
}

/// Names in the temporary directories that can only be ours.
fn temporary() -> Vec<PathBuf> {
    let tests = "umlaut-tests-";
    let own = std::env::temp_dir();
    let mut dirs: Vec<PathBuf> = TEMPORARY.iter().map(PathBuf::from).collect();
    if !dirs.contains(&own) {
        dirs.push(own);
    }
    dirs.iter()
        .flat_map(|dir| fs::read_dir(dir).into_iter().flatten().flatten())
        .filter(|entry| {
            let name = entry.file_name().to_string_lossy().into_owned();
            // Scratch directories of this and other test processes are the harness's, not umlaut's.
            name.contains("umlaut") && name != paths::scratch_name() && !name.starts_with(tests)
        })
        .map(|entry| entry.path())
        .collect()
}
