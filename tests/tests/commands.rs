//! The table of real command lines, natively and under umlaut, with each trap.
//!
//! The commands need Debian packages, and plain `cargo test` needs nothing but Rust and gcc: so these
//! tests are ignored there. `cargo xtask test` installs the packages and includes them.

use umlaut_tests::case::Case;
use umlaut_tests::mode::Mode;
use umlaut_tests::{packages, suite, table};

/// The table's cases; a package that is missing is an error and never a silent skip.
fn cases() -> Vec<Case> {
    let missing = packages::missing().expect("the table can be read");
    assert!(
        missing.is_empty(),
        "these Debian packages are missing (cargo xtask test installs them as root): {}",
        missing.join(" ")
    );
    let lines = table::load().expect("the table can be read");
    lines.into_iter().map(|line| line.case).collect()
}

#[test]
fn the_table_is_well_formed() {
    let lines = table::load().expect("the table can be read");
    assert!(lines.len() >= 110, "only {} command lines", lines.len());
    for line in lines {
        if let Some(files) = &line.case.files {
            assert!(files.is_dir(), "{}: {} is missing", line.case.name, files.display());
        }
    }
}

#[test]
#[ignore = "needs Debian packages: cargo xtask test"]
fn commands_are_deterministic_natively() {
    suite::run_native("commands", cases());
}

#[test]
#[ignore = "needs Debian packages: cargo xtask test"]
fn commands_sud() {
    suite::run("commands", Mode::Sud, cases());
}

#[test]
#[ignore = "needs Debian packages: cargo xtask test"]
fn commands_seccomp() {
    suite::run("commands", Mode::Seccomp, cases());
}

#[test]
#[ignore = "needs Debian packages: cargo xtask test"]
fn commands_ptrace() {
    suite::run("commands", Mode::Ptrace, cases());
}
