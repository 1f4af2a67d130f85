//! Many cases on two threads, and one list of all failures at the end.
//!
//! `UMLAUT_CASE=name[,name…]` keeps the cases whose name contains one of those;
//! `UMLAUT_TRAP=sud[,…]` keeps those traps; `UMLAUT_VERBOSE=1` prints each case with its time.

use crate::case::Case;
use crate::hosttree::HostTree;
use crate::mode::Mode;
use crate::{pair, paths};
use std::io::Write;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Instant;

/// Worker threads per suite. The suites of one test program take turns.
const WORKERS: usize = 2;

/// After so many hangs a suite gives up: the rest would hang too, and the time is limited.
const MAX_HANGS: usize = 6;

/// So many cases may need a second try.
const MAX_AGAIN: usize = 3;

/// A failed case and what is wrong with it.
pub struct Failure {
    /// The case's name.
    pub name: String,
    /// What is wrong, one text each.
    pub complaints: Vec<String>,
}

/// Waits until no other suite of this test program runs: timing tests want their two cores.
pub fn turn() -> MutexGuard<'static, ()> {
    static TURN: Mutex<()> = Mutex::new(());
    TURN.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The few cases that failed are run once more, natively and here, with nothing beside them: on a machine that stalls not
/// every program agrees with itself. What they did first is said aloud; `cargo xtask stress` is there to look for what is rare.
fn again(suite: &str, mode: Mode, cases: &[Case], failures: Vec<Failure>) -> Vec<Failure> {
    if failures.len() > MAX_AGAIN {
        return failures;
    }
    let parent = paths::scratch().join(mode.name());
    let still_fails = |failure: &Failure| {
        let Some(case) = cases.iter().find(|c| c.name == failure.name) else { return true };
        let fails = !timed(case, &|case, parent| pair::check(case, mode, parent), &parent).is_empty();
        let verdict = if fails { "fails again" } else { "agrees when run alone" };
        let first = pair::shorten(&failure.name, mode, &failure.complaints.join("\n"));
        // Past the test runner, which keeps what a passing test prints.
        let _ = writeln!(std::io::stderr(), "{suite} ({}): {} {verdict}; first: {first}", mode.name(), failure.name);
        fails
    };
    let left = failures.into_iter().filter(still_fails).collect();
    paths::remove_scratch();
    left
}

/// Runs the cases natively and in `mode`, and panics with the list of failures.
pub fn run(suite: &str, mode: Mode, cases: Vec<Case>) {
    if !mode.wanted() {
        println!("{suite}: {} is left out by UMLAUT_TRAP", mode.name());
        return;
    }
    crate::mode::binary();
    let _turn = turn();
    let cases = selected(cases, mode);
    let host = HostTree::look();
    let failures = run_all(&cases, &|case, parent| pair::check(case, mode, parent), mode);
    let mut failures = again(suite, mode, &cases, failures);
    let changes = host.changes();
    if !changes.is_empty() {
        failures.push(Failure { name: "(the host's files, after all cases)".to_string(), complaints: changes });
    }
    report(suite, mode, cases.len(), &failures);
}

/// Runs the cases natively, twice each.
pub fn run_native(suite: &str, cases: Vec<Case>) {
    let _turn = turn();
    // What is left out elsewhere because it takes long is left out here too.
    let short = cases.into_iter().filter(|c| c.modes.len() == Mode::TRAPS.len()).collect();
    let cases = selected(short, Mode::Native);
    let failures = run_all(&cases, &pair::check_native, Mode::Native);
    report(suite, Mode::Native, cases.len(), &failures);
}

/// The cases for that mode that `UMLAUT_CASE` leaves in and that this user can run.
fn selected(cases: Vec<Case>, mode: Mode) -> Vec<Case> {
    let filter = std::env::var("UMLAUT_CASE").unwrap_or_default();
    let wanted = |name: &str| filter.is_empty() || filter.split(',').any(|part| name.contains(part.trim()));
    let (keep, need_root): (Vec<Case>, Vec<Case>) = cases
        .into_iter()
        .filter(|c| wanted(&c.name) && (mode == Mode::Native || c.modes.contains(&mode.trap())))
        .partition(|c| !c.root || is_root());
    for case in need_root {
        eprintln!("NOT RUN: {} needs root for its native half", case.name);
    }
    keep
}

fn is_root() -> bool {
    use std::os::unix::fs::MetadataExt;
    std::fs::metadata("/proc/self").is_ok_and(|m| m.uid() == 0)
}

type Check<'a> = &'a (dyn Fn(&Case, &Path) -> Vec<String> + Sync);

/// Hands the cases out to the workers.
fn run_all(cases: &[Case], check: Check, mode: Mode) -> Vec<Failure> {
    let (next, hangs) = (AtomicUsize::new(0), AtomicUsize::new(0));
    let failures = Mutex::new(Vec::new());
    let parent = paths::scratch().join(mode.name());
    let worker = || {
        while let Some(case) = cases.get(next.fetch_add(1, Ordering::Relaxed)) {
            let complaints = if hangs.load(Ordering::Relaxed) >= MAX_HANGS {
                vec!["not run: too many cases before it have hung".to_string()]
            } else {
                timed(case, check, &parent)
            };
            if complaints.iter().any(|c| c.contains("did not end")) {
                hangs.fetch_add(1, Ordering::Relaxed);
            }
            if !complaints.is_empty() {
                let mut list = failures.lock().unwrap_or_else(PoisonError::into_inner);
                list.push(Failure { name: case.name.clone(), complaints });
            }
        }
    };
    std::thread::scope(|scope| {
        for _ in 0..WORKERS.min(cases.len()) {
            scope.spawn(worker);
        }
    });
    let _ = std::fs::remove_dir(&parent);
    paths::remove_scratch();
    failures.into_inner().unwrap_or_else(PoisonError::into_inner)
}

fn timed(case: &Case, check: Check, parent: &Path) -> Vec<String> {
    let started = Instant::now();
    let complaints = check(case, parent);
    if std::env::var_os("UMLAUT_VERBOSE").is_some() {
        let verdict = if complaints.is_empty() { "ok" } else { "FAILED" };
        eprintln!("{verdict:6} {:7.2} s  {}", started.elapsed().as_secs_f64(), case.name);
    }
    complaints
}

/// Prints the count, or panics with every failure.
fn report(suite: &str, mode: Mode, count: usize, failures: &[Failure]) {
    let title = format!("{suite} ({}): {count} cases", mode.name());
    if failures.is_empty() {
        println!("{title}, all agree");
        return;
    }
    let mut text = format!("{title}, {} failed\n", failures.len());
    for failure in failures {
        text.push_str(&format!("\n  {}\n", failure.name));
        for complaint in &failure.complaints {
            let short = pair::shorten(&failure.name, mode, complaint);
            text.push_str(&format!("    {short}\n"));
        }
    }
    panic!("{text}");
}
