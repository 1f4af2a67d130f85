//! Which units are run, in which order, and both halves of each.

use super::launch::{self, Ran, Side};
use super::{Options, Suite, Verdict, Verdicts};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};
use umlaut_tests::{lists, paths};

/// How often a difference is looked at again before it is one.
const AGAIN: usize = 2;
/// A unit is given up after so many cases that brought it down.
const MAX_DEATHS: usize = 25;

/// What came out of a suite.
#[derive(Default)]
pub struct Tally {
    /// Both verdicts of every case.
    pub cases: BTreeMap<String, (Verdict, Verdict)>,
    /// Cases that differed and then did not.
    pub unsteady: BTreeSet<String>,
    /// Units run, left out because the time was over, and left out because they take long.
    pub units: [usize; 3],
    /// How long it took.
    pub elapsed: Duration,
}

/// Runs the wanted units on a few threads.
pub fn run(suite: &dyn Suite, options: &Options) -> Result<Tally, String> {
    let known = lists::load(suite.name())?;
    let units = select(suite, options, &known)?;
    let started = Instant::now();
    let (next, tally) = (AtomicUsize::new(0), Mutex::new(Tally::default()));
    let worker = || {
        while let Some(unit) = units.get(next.fetch_add(1, Ordering::Relaxed)) {
            let over = options.seconds.is_some_and(|s| started.elapsed().as_secs() >= s);
            let outcome = if over { Outcome::left_out(1) } else { both(suite, unit, options, &known.skipped) };
            let mut tally = tally.lock().unwrap_or_else(PoisonError::into_inner);
            tally.units[outcome.counts_as] += 1;
            tally.cases.extend(outcome.cases);
            tally.unsteady.extend(outcome.unsteady);
        }
    };
    std::thread::scope(|scope| {
        for _ in 0..options.jobs {
            scope.spawn(worker);
        }
    });
    let mut tally = tally.into_inner().unwrap_or_else(PoisonError::into_inner);
    tally.elapsed = started.elapsed();
    Ok(tally)
}

/// The units, by the hash of their names, so that a part is not chosen by hand.
fn select(suite: &dyn Suite, options: &Options, known: &lists::Known) -> Result<Vec<String>, String> {
    let mut units = suite.units()?;
    if let Some(names) = &options.names {
        let wanted: BTreeSet<String> = names.iter().map(|n| suite.unit_of(n)).collect();
        units.retain(|u| wanted.contains(u));
    }
    units.retain(|u| !known.skipped.contains_key(u));
    units.sort_by_key(|u| (hash(u), u.clone()));
    units.truncate(options.units);
    if units.is_empty() { Err(format!("{}: nothing to run", suite.name())) } else { Ok(units) }
}

/// FNV-1a.
fn hash(name: &str) -> u64 {
    name.bytes().fold(0xcbf2_9ce4_8422_2325, |h, b| (h ^ u64::from(b)).wrapping_mul(0x0100_0000_01b3))
}

/// What came out of one unit.
struct Outcome {
    cases: Vec<(String, (Verdict, Verdict))>,
    unsteady: Vec<String>,
    /// Index in [`Tally::units`].
    counts_as: usize,
}

impl Outcome {
    fn left_out(counts_as: usize) -> Outcome {
        Outcome { cases: Vec::new(), unsteady: Vec::new(), counts_as }
    }
}

/// Both halves of a unit, and again what differs.
fn both(suite: &dyn Suite, unit: &str, options: &Options, skipped: &lists::List) -> Outcome {
    let limit = Duration::from_secs(options.timeout.min(options.long.saturating_add(5)));
    let native_start = Instant::now();
    let native = half(suite, unit, Side::Native, options, limit);
    let took = native_start.elapsed();
    if took.as_secs() >= options.long {
        println!("{:10} {unit}: left out, natively {:.1} s", suite.name(), took.as_secs_f64());
        return Outcome::left_out(2);
    }
    let mut out = Outcome::left_out(0);
    let native: Verdicts = native.into_iter().filter(|(c, _)| !skipped.contains_key(c)).collect();
    if !native.values().any(|v| *v == Verdict::Pass) {
        return out;
    }
    let limit = Duration::from_secs(options.timeout).max(took * 8);
    let umlaut = half(suite, unit, Side::Umlaut, options, limit);
    for (case, mine) in native {
        let mut theirs = umlaut.get(&case).copied().unwrap_or(Verdict::Missing);
        if mine == Verdict::Pass && theirs != Verdict::Pass {
            let single = suite.can_single(&case);
            if single && (0..AGAIN).any(|_| alone(suite, unit, &case, options, limit)) {
                theirs = Verdict::Pass;
                out.unsteady.push(case.clone());
            }
        }
        out.cases.push((case, (mine, theirs)));
    }
    println!("{:10} {unit}: {}", suite.name(), summary(&out));
    out
}

fn summary(out: &Outcome) -> String {
    let passing = out.cases.iter().filter(|(_, v)| v.0 == Verdict::Pass).count();
    let bad: Vec<&str> = out
        .cases
        .iter()
        .filter(|(_, v)| v.0 == Verdict::Pass && v.1 != Verdict::Pass)
        .map(|(c, _)| c.as_str())
        .collect();
    let names = if bad.is_empty() { String::new() } else { format!(": {}", bad.join(" ")) };
    format!("{passing} pass natively, {} differ{names}", bad.len())
}

/// Whether a case passes under umlaut when it is run by itself.
fn alone(suite: &dyn Suite, unit: &str, case: &str, options: &Options, limit: Duration) -> bool {
    let ran = launch::run(suite, unit, &[case.to_string()], Side::Umlaut, options, limit);
    let pass = suite.verdicts(unit, &ran).get(case) == Some(&Verdict::Pass);
    if !pass {
        keep_log(suite, case, &ran);
    }
    pass
}

/// Leaves what a case printed for a human.
fn keep_log(suite: &dyn Suite, name: &str, ran: &Ran) {
    let dir = paths::failures().join("conformance").join(suite.name());
    let _ = std::fs::create_dir_all(&dir);
    let text = format!("status {}, {:.1} s\n{}", ran.status, ran.elapsed.as_secs_f64(), ran.output);
    let _ = std::fs::write(dir.join(format!("{}.log", name.replace('/', "_"))), text);
}

/// One half. When a case brings the unit down, the others go on in a new process.
fn half(suite: &dyn Suite, unit: &str, side: Side, options: &Options, limit: Duration) -> Verdicts {
    let mut todo = suite.cases(unit);
    let resumes = !todo.is_empty();
    let mut verdicts = Verdicts::new();
    for _ in 0..MAX_DEATHS {
        let ran = launch::run(suite, unit, &todo, side, options, limit);
        let new = suite.verdicts(unit, &ran);
        if side == Side::Umlaut && (ran.timed_out || new.values().any(|v| !matches!(v, Verdict::Pass | Verdict::Skip)))
        {
            keep_log(suite, unit, &ran);
        }
        let before = todo.len();
        todo.retain(|c| !new.contains_key(c));
        verdicts.extend(new);
        if !resumes || todo.is_empty() || todo.len() == before {
            break;
        }
    }
    verdicts
}
