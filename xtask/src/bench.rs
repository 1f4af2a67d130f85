//! `cargo xtask bench-startup`: the start of a sandbox, whole processes from `exec` to the reaped exit, beside native and the
//! other runners that are installed.
//!
//! Every round runs every runner once, in an order that moves on by one, so that a busy machine hits all alike. The ratio is
//! the median of the rounds' ratios to native.

use std::process::{Command, Stdio};
use std::time::Instant;
use umlaut_tests::{mode, paths};

/// What runs `true`, and how it is started. The sandboxes show the host's tree.
const OTHERS: [(&str, &[&str]); 3] = [
    ("bubblewrap", &["bwrap", "--ro-bind", "/", "/", "--dev", "/dev", "--proc", "/proc"]),
    (
        "bubblewrap, own namespaces",
        &["bwrap", "--unshare-all", "--ro-bind", "/", "/", "--dev", "/dev", "--proc", "/proc"],
    ),
    ("proot", &["proot", "-r", "/"]),
];
/// A program of the host's with little of its own to do.
const TRUE: &str = "/bin/true";

struct Runner {
    name: String,
    argv: Vec<String>,
    times: Vec<f64>,
}

/// Measures and prints a table.
pub fn run(args: &[String]) -> Result<(), String> {
    let rounds = match args {
        [] => 100,
        [flag, n] if flag == "--rounds" => n.parse().map_err(|_| format!("{n} is no number"))?,
        _ => return Err("usage: cargo xtask bench-startup [--rounds N]".to_string()),
    };
    let mut runners = runners();
    for round in 0..=rounds {
        for at in 0..runners.len() {
            let at = (at + round) % runners.len();
            let ms = once(&runners[at])?;
            // The first round warms up.
            if round > 0 {
                runners[at].times.push(ms);
            }
        }
    }
    print(&runners);
    Ok(())
}

fn runners() -> Vec<Runner> {
    let umlaut = mode::binary().to_string_lossy().into_owned();
    let mut all = vec![Runner { name: "native".into(), argv: vec![TRUE.into()], times: Vec::new() }];
    for trap in mode::Mode::TRAPS {
        let argv = [&umlaut, "run", "--trap", trap.name(), "--", TRUE].map(String::from);
        all.push(Runner { name: format!("umlaut, {}", trap.name()), argv: argv.into(), times: Vec::new() });
    }
    for (name, start) in OTHERS {
        let argv: Vec<String> = start.iter().copied().chain([TRUE]).map(String::from).collect();
        let runner = Runner { name: name.into(), argv, times: Vec::new() };
        match once(&runner) {
            Ok(_) => all.push(runner),
            Err(why) => eprintln!("xtask: without {name}: {why}"),
        }
    }
    all
}

/// One start, in milliseconds.
fn once(runner: &Runner) -> Result<f64, String> {
    let mut command = Command::new(&runner.argv[0]);
    command.args(&runner.argv[1..]).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command.current_dir(paths::repo());
    let start = Instant::now();
    let status = command.status().map_err(|e| format!("{}: {e}", runner.argv[0]))?;
    let took = start.elapsed();
    if status.success() { Ok(took.as_secs_f64() * 1e3) } else { Err(format!("{:?}: {status}", runner.argv)) }
}

fn print(runners: &[Runner]) {
    println!("| `{TRUE}` under | median ms | fastest ms | x native |");
    println!("|---|---:|---:|---:|");
    for r in runners {
        let ratios = r.times.iter().zip(&runners[0].times).map(|(t, native)| t / native).collect();
        let fastest = r.times.iter().copied().fold(f64::INFINITY, f64::min);
        println!("| {} | {:.2} | {:.2} | {:.1} |", r.name, median(r.times.clone()), fastest, median(ratios));
    }
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(0.0)
}
