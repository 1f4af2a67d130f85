//! `cargo bench`: every row natively, under umlaut and under any other runner, interleaved; medians and ratios.
//!
//! One round runs a row once under each runner, in an order that moves on by one, so that a busy machine hits all alike. The
//! ratio of a row is the median of its rounds' ratios to native. `rows.rs` is the table of rows; `BENCHMARKS.md` holds results.

mod memory;
mod prep;
mod rows;
mod runner;
mod stats;

use anyhow::{Result, bail};
use clap::Parser;
use rows::{ROWS, Row};
use runner::{Area, Runner};
use stats::{Samples, geometric_mean};

#[derive(Parser)]
#[command(name = "cargo bench --", about = "Times every row natively and under umlaut, interleaved")]
struct Cli {
    /// Only rows whose name contains one of these; the whole name of a row means that row only.
    rows: Vec<String>,
    /// Rounds of each row.
    #[arg(long, default_value_t = 5)]
    rounds: usize,
    /// One more runner, a command line: `--vs 'proot -r /'`. May be given again.
    #[arg(long, value_name = "COMMAND")]
    vs: Vec<String>,
    /// Options for `umlaut run`, such as `--umlaut-args=--trap=seccomp`.
    #[arg(long, value_name = "OPTIONS", allow_hyphen_values = true, default_value = "")]
    umlaut_args: String,
    /// The processor that the rows of single calls are pinned to.
    #[arg(long, default_value_t = 0)]
    cpu: usize,
    /// Pin nothing.
    #[arg(long)]
    unpinned: bool,
    /// Name the rows and stop.
    #[arg(long)]
    list: bool,
    /// What `cargo bench` adds.
    #[arg(long, hide = true)]
    bench: bool,
}

fn main() -> Result<()> {
    let cli = Cli::parse();
    if cli.list {
        ROWS.iter().for_each(|row| println!("{:16} {}", row.name, row.about));
        return Ok(());
    }
    let rows: Vec<&Row> = ROWS.iter().filter(|row| wanted(row.name, &cli.rows)).collect();
    if rows.is_empty() || cli.rounds == 0 {
        bail!("nothing to do; `cargo bench -- --list` names the rows");
    }
    let area = Area { cpu: (!cli.unpinned).then_some(cli.cpu), ..prep::area()? };
    let mut runners = vec![Runner::native(), Runner::umlaut(&cli.umlaut_args)];
    runners.extend(cli.vs.iter().map(|line| Runner::other(line)));
    print_heading(&runners);
    let mut programs = vec![Vec::new(); runners.len()];
    for row in rows {
        if let Some(tool) = row.needs.iter().find(|tool| !prep::installed(tool)) {
            eprintln!("{}: {tool} is not installed", row.name);
            continue;
        }
        let samples = measure(row, &runners, &area, cli.rounds);
        print_row(row, &samples);
        if row.is_program() {
            let ratios = samples.iter().map(|s| s.ratio(&samples[0]));
            programs.iter_mut().zip(ratios).for_each(|(all, ratio)| all.extend(ratio));
        }
    }
    print_mean(&programs);
    Ok(())
}

/// A word that is some row's whole name selects that row only: `stat` is not `fstat`.
fn wanted(name: &str, words: &[String]) -> bool {
    let exact = |word: &str| ROWS.iter().any(|row| row.name == word);
    words.is_empty() || words.iter().any(|w| if exact(w) { name == w } else { name.contains(w.as_str()) })
}

fn measure(row: &Row, runners: &[Runner], area: &Area, rounds: usize) -> Vec<Samples> {
    let mut samples = vec![Samples::default(); runners.len()];
    if row.is_program() {
        // The host's caches are filled first.
        let _ = runners[0].once(row, area);
    }
    for round in 0..rounds {
        for turn in 0..runners.len() {
            let at = (turn + round) % runners.len();
            samples[at].add(runners[at].once(row, area));
        }
    }
    samples
}

fn print_heading(runners: &[Runner]) {
    let others = runners.iter().skip(2).map(|r| format!(" {} | ratio |", r.name)).collect::<String>();
    println!("| row | native | umlaut | ratio | at most | fastest |{others}");
    println!("|---|---:|---:|---:|---:|---:|{}", "---:|---:|".repeat(runners.len() - 2));
}

fn print_row(row: &Row, samples: &[Samples]) {
    let native = &samples[0];
    let text = |value: Option<f64>| value.map_or("-".to_string(), |v| format!("{v:.2}"));
    print!("| {} | {} |", row.name, native.show(row.unit));
    for (i, s) in samples.iter().enumerate().skip(1) {
        print!(" {} | {} |", s.show(row.unit), text(s.ratio(native)));
        if i == 1 {
            print!(" {} | {} |", text(row.at_most), text(s.ratio_of_fastest(native)));
        }
    }
    println!();
    for (i, s) in samples.iter().enumerate() {
        if let Some(why) = &s.failure {
            eprintln!("{}: runner {i}: {why}", row.name);
        }
    }
}

fn print_mean(programs: &[Vec<f64>]) {
    if programs[0].len() > 1 {
        let means: Vec<String> = programs.iter().skip(1).map(|all| format!("{:.2}", geometric_mean(all))).collect();
        println!("\nGeometric mean of the whole programs' ratios: {}.", means.join(", "));
    }
}
