//! `cargo xtask stress`: the same cases over and over, while the processors are busy.
//!
//! Races show when a thread is preempted at the wrong place. Several workers per processor, each with a case of its own, make
//! that happen all the time; two processes that only spin stand in for them where a single case is run.

use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;
use umlaut_tests::case::Case;
use umlaut_tests::mode::{self, Mode};
use umlaut_tests::{guest, pair, paths, table};

/// What the command line asks for.
struct Plan {
    rounds: usize,
    jobs: usize,
    modes: Vec<Mode>,
    patterns: Vec<String>,
}

/// Runs the matching cases and names every round that failed.
pub fn run(args: &[String]) -> Result<(), String> {
    let plan = parse(args)?;
    let cases = matching(&plan.patterns)?;
    mode::binary();
    let _busy = Spinners::start(if plan.jobs == 1 { 2 } else { 0 })?;
    let pairs: Vec<(&Case, Mode)> = (plan.modes.iter())
        .flat_map(|&mode| cases.iter().filter(move |c| c.modes.contains(&mode.trap())).map(move |c| (c, mode)))
        .collect();
    let (next, failures) = (AtomicUsize::new(0), AtomicUsize::new(0));
    std::thread::scope(|scope| {
        for _ in 0..plan.jobs {
            scope.spawn(|| {
                while let Some((case, mode)) = pairs.get(next.fetch_add(1, Ordering::Relaxed)) {
                    failures.fetch_add(repeat(case, *mode, plan.rounds), Ordering::Relaxed);
                }
            });
        }
    });
    paths::remove_scratch();
    match failures.into_inner() {
        0 => Ok(()),
        n => Err(format!("{n} rounds failed")),
    }
}

fn parse(args: &[String]) -> Result<Plan, String> {
    let mut plan = Plan { rounds: 200, jobs: 1, modes: vec![Mode::Sud], patterns: Vec::new() };
    let mut rest = args.iter();
    while let Some(arg) = rest.next() {
        match arg.as_str() {
            "--rounds" => plan.rounds = number(rest.next(), "--rounds")?,
            "--jobs" => plan.jobs = number(rest.next(), "--jobs")?,
            "--trap" => {
                let name = rest.next().map(String::as_str).unwrap_or_default();
                plan.modes = match name {
                    "all" => Mode::TRAPS.to_vec(),
                    _ => vec![
                        Mode::from_name(name).ok_or("--trap needs sud, seccomp, ptrace, unpatched, eager or all")?,
                    ],
                };
            }
            pattern => plan.patterns.push(pattern.to_string()),
        }
    }
    if plan.patterns.is_empty() {
        return Err("stress needs a part of the names of the cases".to_string());
    }
    Ok(plan)
}

/// A number above zero.
fn number(arg: Option<&String>, option: &str) -> Result<usize, String> {
    arg.and_then(|n| n.parse().ok()).filter(|n| *n > 0).ok_or(format!("{option} needs a number"))
}

/// Guests and command lines whose name holds one of the patterns.
fn matching(patterns: &[String]) -> Result<Vec<Case>, String> {
    let mut cases = guest::load()?;
    cases.extend(table::load()?.into_iter().map(|line| line.case));
    cases.retain(|case| patterns.iter().any(|p| case.name.contains(p.as_str())));
    if cases.is_empty() { Err(format!("no case is named like {patterns:?}")) } else { Ok(cases) }
}

/// All rounds of one case; how many failed.
fn repeat(case: &Case, mode: Mode, rounds: usize) -> usize {
    let started = Instant::now();
    let parent = paths::scratch().join("stress").join(mode.name());
    let results = pair::check_rounds(case, mode, &parent, rounds);
    let failed = results.iter().filter(|complaints| !complaints.is_empty()).count();
    for (round, complaints) in results.iter().enumerate().filter(|(_, c)| !c.is_empty()) {
        report(case, mode, round + 1, complaints);
    }
    remove_empty(&parent);
    let seconds = started.elapsed().as_secs_f64();
    println!("{} ({}): {rounds} rounds, {failed} failed, {seconds:.1} s", case.name, mode.name());
    failed
}

/// Prints what was wrong in one round; workers do not mix their lines.
fn report(case: &Case, mode: Mode, round: usize, complaints: &[String]) {
    static ONE: Mutex<()> = Mutex::new(());
    let _one = ONE.lock();
    eprintln!("FAILED {} ({}) in round {round}", case.name, mode.name());
    for complaint in complaints {
        let name = format!("{}-round-{round}", case.name);
        eprintln!("    {}", pair::shorten(&name, mode, complaint));
    }
}

/// Other workers may still have their directories there.
fn remove_empty(dir: &Path) {
    let _ = std::fs::remove_dir(dir);
}

/// Processes that keep the processors busy until this is dropped.
struct Spinners(Vec<Child>);

impl Spinners {
    fn start(count: usize) -> Result<Spinners, String> {
        let mut spinners = Spinners(Vec::new());
        for _ in 0..count {
            // The shell ends by itself once the process that started it has gone.
            let script =
                "while kill -0 $PPID 2>/dev/null; do i=0; while [ $i -lt 200000 ]; do i=$((i + 1)); done; done";
            let child = Command::new("sh").args(["-c", script]).stdin(Stdio::null()).spawn();
            spinners.0.push(child.map_err(|e| format!("sh cannot be started: {e}"))?);
        }
        Ok(spinners)
    }
}

impl Drop for Spinners {
    fn drop(&mut self) {
        for child in &mut self.0 {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}
