//! `cargo xtask test`: installs what the guest tests need, then runs all tests.
//!
//! As root, missing Debian packages are installed with apt-get. Anybody else is told their names, and
//! nothing is run: a suite that skips what it cannot run proves nothing.

use std::collections::BTreeSet;
use std::os::unix::fs::MetadataExt;
use std::process::{Command, Stdio};
use umlaut_tests::{packages, paths};

/// Runs the whole test suite; `args` go to the test programs.
///
/// What runs guests is the program as it is shipped. The tests themselves, and the kernel in the unit tests, are built as for
/// development: that takes a fraction of the time, and checks the order of locks.
pub fn run(args: &[String]) -> Result<(), String> {
    install(&packages::missing()?)?;
    cargo(&["build", "--release", "--package", "umlaut"], &[], "umlaut does not build")?;
    let test = ["test", "--workspace", "--no-fail-fast", "--", "--include-ignored"];
    cargo(&test, args, "some tests failed; they are named above")
}

fn cargo(command: &[&str], args: &[String], failed: &str) -> Result<(), String> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let status = Command::new(cargo)
        .args(command)
        .args(args)
        .current_dir(paths::repo())
        .status()
        .map_err(|e| format!("cargo cannot be started: {e}"))?;
    if status.success() { Ok(()) } else { Err(failed.to_string()) }
}

/// Prints the packages.
pub fn list() -> Result<(), String> {
    for package in packages::needed()? {
        println!("{package}");
    }
    Ok(())
}

fn is_root() -> bool {
    std::fs::metadata("/proc/self").is_ok_and(|m| m.uid() == 0)
}

/// Sees to it that these packages are there.
pub fn need(names: &[&str]) -> Result<(), String> {
    let missing: Vec<String> = names.iter().filter(|p| !packages::installed(p)).map(|p| p.to_string()).collect();
    install(&missing)
}

/// Installs with apt-get, without questions. Anybody but root is told the names.
fn install(names: &[String]) -> Result<(), String> {
    if names.is_empty() {
        return Ok(());
    }
    if !is_root() {
        let names = names.join(" ");
        return Err(format!("these Debian packages are missing: {names}\n  as root: apt-get install {names}"));
    }
    eprintln!("xtask: installing {}", names.join(" "));
    apt(&["update", "-q"])?;
    let mut args = vec!["install", "-y", "-q", "--no-install-recommends"];
    args.extend(names.iter().map(String::as_str));
    apt(&args)?;
    let still: BTreeSet<&String> = names.iter().filter(|p| !packages::installed(p)).collect();
    if still.is_empty() { Ok(()) } else { Err(format!("apt-get did not install {still:?}")) }
}

fn apt(args: &[&str]) -> Result<(), String> {
    let status = Command::new("apt-get")
        .args(args)
        .env("DEBIAN_FRONTEND", "noninteractive")
        .stdin(Stdio::null())
        .status()
        .map_err(|e| format!("apt-get cannot be started: {e}"))?;
    if status.success() { Ok(()) } else { Err(format!("apt-get {} failed", args.join(" "))) }
}
