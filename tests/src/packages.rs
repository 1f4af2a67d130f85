//! The Debian packages that the table of command lines and the terminal scripts need.

use crate::{paths, screen, table};
use std::collections::BTreeSet;
use std::process::{Command, Stdio};

/// All packages that any line of the table or any script names, sorted.
pub fn needed() -> Result<BTreeSet<String>, String> {
    let mut all: BTreeSet<String> = table::load()?.into_iter().flat_map(|line| line.packages).collect();
    let folder = paths::repo().join("tests/terminals");
    for file in std::fs::read_dir(&folder).map_err(|e| format!("{}: {e}", folder.display()))?.flatten() {
        let script = std::fs::read_to_string(file.path()).map_err(|e| format!("{}: {e}", file.path().display()))?;
        all.extend(screen::packages(&script));
    }
    Ok(all)
}

/// Those of them that are not installed.
pub fn missing() -> Result<Vec<String>, String> {
    Ok(needed()?.into_iter().filter(|p| !installed(p)).collect())
}

/// Whether dpkg has the package.
pub fn installed(package: &str) -> bool {
    let query =
        Command::new("dpkg-query").args(["-W", "-f", "${db:Status-Status}", package]).stderr(Stdio::null()).output();
    query.is_ok_and(|o| o.stdout == b"installed")
}
