//! The table of command lines: `commands/*.txt`.
//!
//! A line is a case. Four columns, divided by ` | `; the command is the last and may hold bars:
//!
//! ```text
//! name | packages | flags | command
//! ```
//!
//! If the command is empty, the indented lines that follow are it (four spaces are taken away).
//! `#` starts a comment line; `@env NAME=value` sets a variable for all cases below it in that file.
//!
//! Packages are Debian's names for what the command needs besides bash and coreutils. Flags:
//!
//! | flag         | meaning                                                               |
//! |--------------|-----------------------------------------------------------------------|
//! | `dash`       | dash runs it, not bash                                                |
//! | `sort`       | several writers: standard output is compared with its lines sorted    |
//! | `status=N`   | it ends with that status natively, not with 0                         |
//! | `limit=N`    | it may take N seconds natively, not 20                                |
//! | `files=NAME` | the files of `commands/files/NAME` are in its working directory       |
//! | `root`       | it runs with `--root`, natively as root                               |
//! | `net`        | it runs with `--net=host`                                             |
//! | `traps=A,B`  | it runs with these traps only                                         |
//! | `rootfs=NAME`| it runs in the root directory that `commands/roots/NAME.sh` makes (as root) |
//!
//! What a command prints must not hold process ids, times or inode numbers: a test runs every
//! case twice natively and compares.

use crate::case::{Case, Program};
use crate::mode::Mode;
use crate::paths;
use std::collections::BTreeSet;
use std::path::PathBuf;
use std::time::Duration;

/// A case of the table with what it needs installed.
pub struct Line {
    /// The case.
    pub case: Case,
    /// Debian packages.
    pub packages: Vec<String>,
}

fn folder() -> PathBuf {
    paths::repo().join("tests/commands")
}

/// Reads all files of the table.
pub fn load() -> Result<Vec<Line>, String> {
    let dir = folder();
    let mut files: Vec<PathBuf> = std::fs::read_dir(&dir)
        .map_err(|e| format!("{}: {e}", dir.display()))?
        .flatten()
        .map(|e| e.path())
        .filter(|p| p.extension().is_some_and(|e| e == "txt"))
        .collect();
    files.sort();
    let mut lines = Vec::new();
    for file in files {
        let text = std::fs::read_to_string(&file).map_err(|e| format!("{}: {e}", file.display()))?;
        let group = file.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        lines.extend(parse(&group, &text)?);
    }
    let mut names = BTreeSet::new();
    match lines.iter().find(|l| !names.insert(l.case.name.clone())) {
        Some(twice) => Err(format!("two cases are named {}", twice.case.name)),
        None => Ok(lines),
    }
}

/// Parses one file; its cases are named `group/name`.
pub fn parse(group: &str, text: &str) -> Result<Vec<Line>, String> {
    let mut lines = Vec::new();
    let mut env: Vec<(String, String)> = Vec::new();
    let mut rows = text.lines().enumerate().peekable();
    while let Some((number, row)) = rows.next() {
        let place = |what: &str| format!("commands/{group}.txt, line {}: {what}", number + 1);
        if row.trim().is_empty() || row.starts_with('#') {
            continue;
        }
        if let Some(setting) = row.strip_prefix("@env ") {
            let (key, value) = setting.split_once('=').ok_or_else(|| place("@env NAME=value"))?;
            env.push((key.trim().to_string(), value.to_string()));
            continue;
        }
        let mut block = Vec::new();
        while let Some((_, line)) = rows.next_if(|(_, l)| l.starts_with("    ") || l.trim().is_empty()) {
            block.push(line.get(4..).unwrap_or(""));
        }
        let columns: Vec<&str> = row.splitn(4, '|').map(str::trim).collect();
        let &[name, packages, flags, command] = columns.as_slice() else {
            return Err(place("a case has four columns: name | packages | flags | command"));
        };
        let command = match (command, block.join("\n")) {
            ("", block) if block.trim().is_empty() => return Err(place("no command")),
            ("", block) => block,
            (line, block) if block.trim().is_empty() => line.to_string(),
            _ => return Err(place("a command in the row and indented lines as well")),
        };
        let case = case(group, name, flags, command, &env).map_err(|e| place(&e))?;
        let packages = packages.split_whitespace().map(str::to_string).collect();
        lines.push(Line { case, packages });
    }
    Ok(lines)
}

fn case(group: &str, name: &str, flags: &str, text: String, env: &[(String, String)]) -> Result<Case, String> {
    let shell = "/bin/bash";
    let mut case = Case::new(&format!("{group}/{name}"), Program::Shell { shell, text: text.clone() });
    case.env = env.to_vec();
    for flag in flags.split_whitespace() {
        match flag.split_once('=').unwrap_or((flag, "")) {
            ("dash", "") => {
                let shell = "/bin/dash";
                case.program = Program::Shell { shell, text: text.clone() };
            }
            ("sort", "") => case.sort = true,
            ("root", "") => case.root = true,
            ("net", "") => case.host_network = true,
            ("rootfs", name) => {
                let builder = folder().join("roots").join(format!("{name}.sh"));
                case.program = Program::Shell { shell: "/bin/sh", text: text.clone() };
                case.rootfs = Some(builder);
                case.root = true;
                case.env.extend([("HOME", "/root"), ("TMPDIR", "/tmp")].map(|(k, v)| (k.to_string(), v.to_string())));
            }
            ("traps", list) => {
                let traps: Option<Vec<Mode>> = list.split(',').map(Mode::from_name).collect();
                case.modes = traps.ok_or(format!("flag {flag}"))?;
            }
            ("status", n) => case.status = Some(n.parse().map_err(|_| format!("flag {flag}"))?),
            ("limit", n) => {
                case.limit = Duration::from_secs(n.parse().map_err(|_| format!("flag {flag}"))?);
            }
            ("files", set) => case.files = Some(folder().join("files").join(set)),
            _ => return Err(format!("unknown flag {flag}")),
        }
    }
    Ok(case)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_and_blocks() {
        let text = "# note\n@env A=b c\none | git make | sort status=3 | echo a | cat\ntwo | | dash |\n    echo 1\n\n      echo 2\n\n";
        let lines = parse("g", text).expect("parses");
        assert_eq!(lines.len(), 2);
        assert_eq!(lines[0].packages, ["git", "make"]);
        assert_eq!(lines[0].case.name, "g/one");
        assert_eq!(lines[0].case.status, Some(3));
        assert!(lines[0].case.sort);
        assert_eq!(lines[0].case.program.argv()[2], "echo a | cat");
        assert_eq!(lines[1].case.program.argv()[0], "/bin/dash");
        assert!(lines[1].case.program.argv()[2].starts_with("echo 1\n\n  echo 2"));
        assert_eq!(lines[1].case.env, [("A".to_string(), "b c".to_string())]);
    }

    #[test]
    fn mistakes_are_named() {
        assert!(parse("g", "one | two").is_err_and(|e| e.contains("four columns")));
        assert!(parse("g", "a | | nonsense | true").is_err_and(|e| e.contains("nonsense")));
        assert!(parse("g", "a | | |\n").is_err_and(|e| e.contains("no command")));
    }
}
