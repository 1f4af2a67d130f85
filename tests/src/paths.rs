//! Where the harness finds things: the repository, the build directory, its scratch space.

use std::path::{Path, PathBuf};
use std::sync::OnceLock;

/// The root of the repository.
pub fn repo() -> PathBuf {
    let tests = Path::new(env!("CARGO_MANIFEST_DIR"));
    tests.parent().unwrap_or(tests).to_path_buf()
}

/// Cargo's build directory, found from the running executable
/// (`target/<profile>/deps/<test>` or `target/<profile>/xtask`).
pub fn target() -> PathBuf {
    let exe = std::env::current_exe().unwrap_or_default();
    let mut dir = exe.parent().map(Path::to_path_buf).unwrap_or_default();
    if dir.ends_with("deps") {
        dir.pop();
    }
    dir.pop();
    dir
}

/// Where reports of failures are left for a human: `target/umlaut-failures`.
pub fn failures() -> PathBuf {
    target().join("umlaut-failures")
}

/// This process's scratch directory, made on first use. Cases run below it.
///
/// It is removed by [`remove_scratch`] at the end of a suite.
pub fn scratch() -> &'static Path {
    static SCRATCH: OnceLock<PathBuf> = OnceLock::new();
    SCRATCH.get_or_init(|| std::env::temp_dir().join(scratch_name()))
}

/// The name of the scratch directory, which the check for left-over files knows as our own.
pub fn scratch_name() -> String {
    format!("umlaut-tests-{}", std::process::id())
}

/// Removes the scratch directory if it is empty; a failing case keeps its files.
pub fn remove_scratch() {
    let _ = std::fs::remove_dir(scratch());
}
