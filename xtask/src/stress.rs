//! `cargo xtask stress`: the same cases over and over, while both processors are busy.
//!
//! Races show when a thread is preempted at the wrong place. Two processes that only spin make that
//! happen all the time; the cases run one after another among them.

use std::process::{Child, Command, Stdio};
use std::time::Instant;
use umlaut_tests::case::Case;
use umlaut_tests::mode::{self, Mode};
use umlaut_tests::{guest, pair, paths, table};

/// What the command line asks for.
struct Plan {
    rounds: usize,
    modes: Vec<Mode>,
    patterns: Vec<String>,
}

/// Runs the matching cases and names every round that failed.
pub fn run(args: &[String]) -> Result<(), String> {
    let plan = parse(args)?;
    let cases = matching(&plan.patterns)?;
    mode::binary();
    let _busy = Spinners::start(2)?;
    let mut failures = 0;
    for mode in plan.modes {
        for case in cases.iter().filter(|c| c.modes.contains(&mode)) {
            failures += repeat(case, mode, plan.rounds);
        }
    }
    paths::remove_scratch();
    if failures == 0 { Ok(()) } else { Err(format!("{failures} rounds failed")) }
}

fn parse(args: &[String]) -> Result<Plan, String> {
    let mut plan = Plan { rounds: 200, modes: vec![Mode::Sud], patterns: Vec::new() };
    let mut rest = args.iter();
    while let Some(arg) = rest.next() {
        match arg.as_str() {
            "--rounds" => {
                let number = rest.next().and_then(|n| n.parse().ok());
                plan.rounds = number.ok_or("--rounds needs a number")?;
            }
            "--trap" => {
                let name = rest.next().map(String::as_str).unwrap_or_default();
                plan.modes = match name {
                    "all" => Mode::TRAPS.to_vec(),
                    _ => vec![Mode::from_name(name).ok_or("--trap needs sud, seccomp, ptrace or all")?],
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
    let parent = paths::scratch().join("stress");
    let mut failed = 0;
    for round in 1..=rounds {
        let complaints = pair::check(case, mode, &parent);
        if !complaints.is_empty() {
            failed += 1;
            eprintln!("FAILED {} ({}) in round {round}", case.name, mode.name());
            for complaint in &complaints {
                let name = format!("{}-round-{round}", case.name);
                eprintln!("    {}", pair::shorten(&name, mode, complaint));
            }
        }
    }
    let _ = std::fs::remove_dir(&parent);
    let seconds = started.elapsed().as_secs_f64();
    println!("{} ({}): {rounds} rounds, {failed} failed, {seconds:.1} s", case.name, mode.name());
    failed
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
