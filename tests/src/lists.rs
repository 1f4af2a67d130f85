//! The lists of what does not agree with native in suites that others wrote: `conformance/*.txt`.
//!
//! A line is a name and its reason: `test_os.FileTests.test_x  # why`. `SUITE.txt` holds what differs, `SUITE.skip.txt` what is
//! not run at all, because natively it hangs on time or on the machine. Empty lines and lines that start with `#` are comments.

use crate::paths;
use std::collections::BTreeMap;
use std::path::PathBuf;

/// Names and their reasons.
pub type List = BTreeMap<String, String>;

/// What is known of one suite.
#[derive(Clone, Debug, Default)]
pub struct Known {
    /// What differs.
    pub differs: List,
    /// What is not run.
    pub skipped: List,
}

/// Where the lists are.
pub fn folder() -> PathBuf {
    paths::repo().join("tests/conformance")
}

/// The lists of a suite; a file that is not there is empty.
pub fn load(suite: &str) -> Result<Known, String> {
    Ok(Known { differs: read(&format!("{suite}.txt"))?, skipped: read(&format!("{suite}.skip.txt"))? })
}

/// The suites that have a list, by name.
pub fn suites() -> Vec<String> {
    let entries = std::fs::read_dir(folder()).into_iter().flatten().flatten();
    let names = entries.map(|e| e.file_name().to_string_lossy().into_owned());
    let mut names: Vec<String> = names
        .filter_map(|n| n.strip_suffix(".txt").map(|n| n.strip_suffix(".skip").unwrap_or(n).to_string()))
        .collect();
    names.sort();
    names.dedup();
    names
}

fn read(file: &str) -> Result<List, String> {
    match std::fs::read_to_string(folder().join(file)) {
        Ok(text) => parse(&text).map_err(|line| format!("tests/conformance/{file}: no reason: {line}")),
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => Ok(List::new()),
        Err(e) => Err(format!("tests/conformance/{file}: {e}")),
    }
}

/// The list in a text; the line that has no reason, if there is one.
pub fn parse(text: &str) -> Result<List, String> {
    let lines = text.lines().map(str::trim).filter(|l| !l.is_empty() && !l.starts_with('#'));
    lines
        .map(|line| match line.split_once('#') {
            Some((name, why)) if !name.trim().is_empty() && !why.trim().is_empty() => {
                Ok((name.trim().to_string(), why.trim().to_string()))
            }
            _ => Err(line.to_string()),
        })
        .collect()
}

/// Writes what differs, names in order, below what the file says at its top.
pub fn write(suite: &str, differs: &List) -> Result<(), String> {
    let path = folder().join(format!("{suite}.txt"));
    let old = std::fs::read_to_string(&path).unwrap_or_default();
    let mut text: String = old.lines().take_while(|l| l.starts_with('#')).map(|l| format!("{l}\n")).collect();
    if text.is_empty() {
        text = format!("# What passes natively and not under umlaut: {suite}.\n");
    }
    for (name, why) in differs {
        text.push_str(&format!("{name}  # {why}\n"));
    }
    std::fs::write(&path, text).map_err(|e| format!("{}: {e}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_a_name_and_a_reason() {
        let list = parse("# head\n\na.b  # no keys\nc:D.e # why # not\n").expect("parses");
        assert_eq!(list.get("a.b").map(String::as_str), Some("no keys"));
        assert_eq!(list.get("c:D.e").map(String::as_str), Some("why # not"));
        assert_eq!(parse("a.b\n"), Err("a.b".to_string()));
        assert_eq!(parse("a.b #\n"), Err("a.b #".to_string()));
    }

    #[test]
    fn all_lists_can_be_read() {
        for suite in suites() {
            load(&suite).expect("a list");
        }
    }
}
