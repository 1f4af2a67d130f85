//! `docs/compatibility.md` is the table of calls, the ratchet lists and the table of command lines, and is current.
//! `cargo xtask calls` writes it anew.

use personality::coverage;
use personality::table::{ROWS, Support};
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;
use umlaut_tests::{lists, table};

const HEAD: &str = "# Compatibility\n\n\
    Written by `cargo xtask calls` from `personality/src/rows.rs`, `tests/conformance/` and `tests/commands/`. What each call does after a\n\
    signal is in [calls.md](calls.md).\n\n";

#[test]
fn page_is_current() {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/compatibility.md");
    let wanted = [HEAD.to_string(), calls(), suites(), programs()].concat();
    if std::env::var_os("UMLAUT_WRITE_CALLS").is_some() {
        std::fs::write(&page, &wanted).expect("docs/compatibility.md can be written");
    }
    let found = std::fs::read_to_string(&page).unwrap_or_default();
    assert!(found == wanted, "docs/compatibility.md is not current any more; write it anew with: cargo xtask calls");
}

/// Every call by its level of support.
fn calls() -> String {
    let n = coverage::counts();
    let mut text = format!(
        "## System calls\n\n{} calls in full, {} in part, {} refused; every other number answers `ENOSYS`.\n\n### In full\n\n",
        n.full, n.part, n.refused
    );
    let full: Vec<String> =
        ROWS.iter().filter(|r| matches!(r.support, Support::Full)).map(|r| format!("`{}`", r.name)).collect();
    for line in full.chunks(10) {
        let end = if line.last() == full.last() { "." } else { "," };
        let _ = writeln!(text, "{}{end}", line.join(", "));
    }
    let mut table = |title: &str, head: &str, pick: &dyn Fn(&Support) -> Option<&'static str>| {
        let _ = write!(text, "\n### {title}\n\n| call | {head} |\n|---|---|\n");
        for row in ROWS {
            if let Some(note) = pick(&row.support) {
                let _ = writeln!(text, "| `{}` | {note} |", row.name);
            }
        }
    };
    table("In part", "what is missing, or what there is", &|s| {
        if let Support::Part(what) = s { Some(what) } else { None }
    });
    table("Refused", "why", &|s| if let Support::Refused(why) = s { Some(why) } else { None });
    text
}

/// What the suites of others show.
fn suites() -> String {
    let mut text = String::from(
        "\n## Suites that others wrote\n\n\
         `cargo xtask conformance` runs them natively and under umlaut. What passes natively and not under umlaut, as far as it has been\n\
         measured; a difference that is not here fails the run:\n",
    );
    for suite in lists::suites() {
        let known = lists::load(&suite).expect("a list that can be read");
        let mut part = |head: &str, list: &lists::List| {
            if !list.is_empty() {
                let _ = write!(text, "\n### {suite}: {head}\n\n| case | reason |\n|---|---|\n");
                list.iter().for_each(|(case, why)| {
                    let _ = writeln!(text, "| `{case}` | {why} |");
                });
            }
        };
        part("differs", &known.differs);
        part("not run", &known.skipped);
    }
    text
}

/// What the command lines are tested with.
fn programs() -> String {
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    for line in table::load().expect("tests/commands can be read") {
        for package in line.packages {
            *counts.entry(package).or_default() += 1;
        }
    }
    let mut text = String::from(
        "\n## Programs\n\n\
         Debian packages whose programs are run natively and under umlaut by every test run, with the same output: how many command lines\n\
         use each, besides bash and coreutils.\n\n| package | command lines |\n|---|---:|\n",
    );
    for (package, count) in counts {
        let _ = writeln!(text, "| {package} | {count} |");
    }
    text
}
