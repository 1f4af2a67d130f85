//! Programs driven by keys on a terminal: the screens natively and under umlaut.
//!
//! They need Debian packages, like `commands`.

use std::path::PathBuf;
use std::time::Duration;
use umlaut_tests::mode::Mode;
use umlaut_tests::workdir::WorkDir;
use umlaut_tests::{packages, paths, screen, suite};

/// How long a screen is still before it is looked at, if the screens do not differ.
const STILL: Duration = Duration::from_millis(400);

/// What a script looked at.
type Played = Result<Vec<String>, String>;

fn scripts() -> Vec<(String, String)> {
    let folder = paths::repo().join("tests/terminals");
    let mut files: Vec<PathBuf> = std::fs::read_dir(folder).expect("a folder").flatten().map(|e| e.path()).collect();
    files.sort();
    let name = |p: &PathBuf| p.file_stem().unwrap_or_default().to_string_lossy().into_owned();
    files.iter().map(|p| (name(p), std::fs::read_to_string(p).expect("a script"))).collect()
}

fn compare(mode: Mode) {
    if !mode.wanted() {
        return;
    }
    let _turn = suite::turn();
    let missing = packages::missing().expect("the lists can be read");
    assert!(missing.is_empty(), "these Debian packages are missing: {}", missing.join(" "));
    let filter = std::env::var("UMLAUT_CASE").unwrap_or_default();
    let mut failures = Vec::new();
    for (name, script) in scripts().iter().filter(|(n, _)| filter.split(',').any(|f| n.contains(f))) {
        let dir = WorkDir::new(&paths::scratch().join("terminals"), name);
        let play = |mode, still, wanted: &[String]| {
            dir.renew(None).expect("a fresh directory");
            let root = dir.work().parent().expect("it lies in its root").to_path_buf();
            screen::play(script, mode, &root, still, wanted)
        };
        // On a busy machine a program may think for longer than a screen has to be still to be looked at.
        let agree = |(a, b): &(Played, Played)| a.is_ok() && a == b;
        let both = |still| {
            let native = play(Mode::Native, still, &[]);
            let here = play(mode, still, native.as_deref().unwrap_or(&[]));
            (native, here)
        };
        let played = Some(both(STILL)).filter(agree).unwrap_or_else(|| both(STILL * 5));
        match played {
            (Ok(a), Ok(b)) if a == b && !a.is_empty() => {}
            (Ok(a), Ok(b)) => {
                let at = a.iter().zip(&b).position(|(x, y)| x != y).unwrap_or(0);
                let shown = |s: &[String]| s.get(at).cloned().unwrap_or_default();
                failures.push(format!("{name}, look {}: natively\n{}\n-- here\n{}", at + 1, shown(&a), shown(&b)));
            }
            (Err(e), _) => failures.push(format!("{name}, natively: {e}")),
            (_, Err(e)) => failures.push(format!("{name}: {e}")),
        }
        let _ = dir.remove();
    }
    paths::remove_scratch();
    assert!(failures.is_empty(), "{}", failures.join("\n\n"));
}

#[test]
#[ignore = "needs Debian packages: cargo xtask test"]
fn terminals_sud() {
    compare(Mode::Sud);
}

#[test]
#[ignore = "needs Debian packages: cargo xtask test"]
fn terminals_seccomp() {
    compare(Mode::Seccomp);
}
