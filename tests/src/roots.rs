//! Root directories for cases that run in one: made by the scripts in `commands/roots/`, once for each version of a script.
//!
//! A script gets the directory's name as its argument and runs as root. What it makes stays in `target/umlaut-roots`; natively, cases change
//! it, so they undo what they do. A script ends with 77 if it lacks something that the machine cannot be blamed for: its cases are not
//! run then, and that is said.

use crate::paths;
use std::collections::BTreeSet;
use std::collections::hash_map::DefaultHasher;
use std::fs;
use std::hash::{Hash, Hasher};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::{Mutex, PoisonError};

/// Where the root of this script is, or will be.
pub fn folder(script: &Path) -> PathBuf {
    let mut hash = DefaultHasher::new();
    fs::read(script).unwrap_or_default().hash(&mut hash);
    let name = script.file_stem().unwrap_or_default().to_string_lossy().into_owned();
    paths::target().join("umlaut-roots").join(format!("{name}-{:016x}", hash.finish()))
}

/// Makes it if it is not there yet; whether it is there now.
pub fn make(script: &Path) -> Result<bool, String> {
    const CANNOT: i32 = 77;
    // What has been tried in vain: it is not tried for every mode again.
    static ONE_AT_A_TIME: Mutex<BTreeSet<PathBuf>> = Mutex::new(BTreeSet::new());
    let mut in_vain = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
    let done = folder(script);
    if done.is_dir() {
        return Ok(true);
    }
    if in_vain.contains(&done) {
        return Ok(false);
    }
    let name = |e: std::io::Error| format!("{}: {e}", done.display());
    let new = done.with_extension("new");
    // What is left of an attempt that was ended.
    if new.is_dir() {
        fs::remove_dir_all(&new).map_err(name)?;
    }
    fs::create_dir_all(&new).map_err(name)?;
    let mut command = Command::new("/bin/sh");
    command.arg("-e").arg(script).arg(&new).stdin(Stdio::null()).env("LC_ALL", "C");
    command.env("PATH", "/usr/bin:/bin:/usr/sbin:/sbin");
    let out = command.output().map_err(name)?;
    if !out.status.success() {
        in_vain.insert(done.clone());
        let text = String::from_utf8_lossy(&[out.stdout, out.stderr].concat()).into_owned();
        let last: Vec<&str> = text.lines().rev().take(12).collect();
        let last: Vec<&str> = last.into_iter().rev().collect();
        let told = format!("{}: {}\n{}", script.display(), out.status, last.join("\n"));
        if out.status.code() == Some(CANNOT) {
            eprintln!("NOT RUN: {told}");
            return Ok(false);
        }
        return Err(told);
    }
    fs::rename(&new, &done).map_err(name)?;
    Ok(true)
}
