//! The shape of `umlaut doctor`'s report. Its figures are the machine's business.

use std::process::Command;
use umlaut_tests::mode::{self, Mode};

fn doctor(args: &[&str]) -> String {
    let out = Command::new(mode::binary()).arg("doctor").args(args).output().expect("umlaut can be started");
    let text = String::from_utf8_lossy(&out.stdout).into_owned();
    assert!(out.status.success(), "status {}: {text}{}", out.status, String::from_utf8_lossy(&out.stderr));
    assert!(out.stderr.is_empty(), "{}", String::from_utf8_lossy(&out.stderr));
    text
}

/// Name, nanoseconds and ratio of a line of the table.
fn row(line: &str) -> Option<(&str, f64, f64)> {
    let (rest, ratio) = line.trim().rsplit_once(' ')?;
    let (name, ns) = rest.trim().rsplit_once(' ')?;
    Some((name.trim(), ns.parse().ok()?, ratio.parse().ok()?))
}

#[test]
fn report_names_what_there_is_and_measures_it() {
    let text = doctor(&[]);
    let facts = ["sud", "seccomp", "ptrace", "fsgsbase", "memfd", "landlock", "yama", "files"];
    for name in facts {
        assert!(text.lines().any(|l| l.split_whitespace().next() == Some(name)), "no line about {name}:\n{text}");
    }
    let (_, table) = text.split_once("x native\n").unwrap_or_else(|| panic!("no table:\n{text}"));
    let rows: Vec<_> = table.lines().filter_map(row).collect();
    let of = |name: &str| rows.iter().find(|(n, _, _)| *n == name).map(|(_, ns, ratio)| (*ns, *ratio));
    assert_eq!(of("native").map(|(_, ratio)| ratio), Some(1.0), "{text}");
    for mode in Mode::TRAPS {
        let offered = text.lines().any(|l| l.split_whitespace().eq([mode.name(), "yes"]));
        for depth in ["bare bounce", "umlaut"] {
            let found = of(&format!("{}, {depth}", mode.name()));
            assert_eq!(found.is_some(), offered, "{}: {text}", mode.name());
            if let Some((ns, ratio)) = found {
                assert!(ns > 0.0 && ratio > 1.0, "{}, {depth}: a bounce costs more than a call\n{text}", mode.name());
            }
        }
    }
}

#[test]
fn calls_are_listed_with_counts() {
    let text = doctor(&["--calls"]);
    assert!(text.contains("| 39 | `getpid` | full |"), "{text}");
    assert!(text.lines().last().is_some_and(|l| l.contains("calls in full")), "{text}");
}
