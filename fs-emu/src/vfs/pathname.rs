//! From a place back to its name: `getcwd(2)` and what `/proc/PID/fd/N` shows.
//!
//! Answers to Linux's `fs/d_path.c`. Locks: each dentry's place, one at a time; a rename meanwhile may show a mixture,
//! which Linux avoids by its sequence lock.

use super::dentry::Dentry;
use super::mount::Path;
use alloc::sync::Arc;
use alloc::vec::Vec;
use host::{Errno, Result};

/// Joins names that were collected from the leaf up.
fn join(names: &[Arc<[u8]>]) -> Vec<u8> {
    let mut out = Vec::new();
    for name in names.iter().rev() {
        out.push(b'/');
        out.extend_from_slice(name);
    }
    if out.is_empty() {
        out.push(b'/');
    }
    out
}

/// The path from `root`, or from the top of the mounts when `root` is not above; and which it was.
pub(crate) fn path_below(path: &Path, root: &Path) -> (Vec<u8>, bool) {
    let mut names = Vec::new();
    let mut at = path.clone();
    loop {
        if at.same(root) {
            return (join(&names), true);
        }
        if at.is_mount_root() {
            match at.mount.at().cloned() {
                Some(below) => {
                    at = below;
                    continue;
                }
                None => return (join(&names), false),
            }
        }
        let (name, parent) = at.dentry.place();
        let Some(parent) = parent else {
            return (join(&names), false);
        };
        names.push(name);
        at.dentry = parent;
    }
}

/// The path of a dentry within its file system, from `root` (one of its ancestors).
pub(crate) fn within(dentry: &Arc<Dentry>, root: &Arc<Dentry>) -> Vec<u8> {
    let mut names = Vec::new();
    let mut at = dentry.clone();
    while !Arc::ptr_eq(&at, root) {
        let (name, parent) = at.place();
        let Some(parent) = parent else {
            break;
        };
        names.push(name);
        at = parent;
    }
    join(&names)
}

/// The path as `/proc/PID/fd/N` shows it: from `root`, with ` (deleted)` when its name is gone.
pub fn path_string(path: &Path, root: &Path) -> Vec<u8> {
    let (name, parent) = path.dentry.place();
    if parent.is_none() && !path.is_mount_root() {
        // It never had a place: the name is all there is.
        return name.to_vec();
    }
    let (mut out, _) = path_below(path, root);
    if path.dentry.is_dead() {
        out.extend_from_slice(b" (deleted)");
    }
    out
}

/// `getcwd(2)`: `ENOENT` when the directory was removed; `(unreachable)` in front when it is not below `root`.
pub fn getcwd(cwd: &Path, root: &Path) -> Result<Vec<u8>> {
    if cwd.dentry.is_dead() {
        return Err(Errno::ENOENT);
    }
    let (path, reached) = path_below(cwd, root);
    if reached {
        return Ok(path);
    }
    let mut out = b"(unreachable)".to_vec();
    out.extend_from_slice(&path);
    Ok(out)
}
