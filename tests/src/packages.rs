//! The Debian packages that the table of command lines needs.

use crate::table;
use std::collections::BTreeSet;
use std::process::{Command, Stdio};

/// All packages that any line of the table names, sorted.
pub fn needed() -> Result<BTreeSet<String>, String> {
    Ok(table::load()?.into_iter().flat_map(|line| line.packages).collect())
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
