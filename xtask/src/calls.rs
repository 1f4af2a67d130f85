//! `cargo xtask calls`: writes `docs/calls.md` and `docs/compatibility.md` from the table of system calls.

use std::process::Command;
use umlaut_tests::paths;

/// Runs the test that compares the page, and lets it write first.
pub fn run() -> Result<(), String> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let status = Command::new(cargo)
        .args(["test", "--quiet", "--package", "personality", "--test", "calls_page", "--test", "compatibility_page"])
        .env("UMLAUT_WRITE_CALLS", "1")
        .current_dir(paths::repo())
        .status()
        .map_err(|e| format!("cargo cannot be started: {e}"))?;
    if status.success() { Ok(()) } else { Err("docs/calls.md or docs/compatibility.md was not written".to_string()) }
}
