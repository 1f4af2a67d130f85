//! Chores of the project, started with `cargo xtask`.
//!
//! ```text
//! cargo xtask test                                       everything, with the Debian packages it needs
//! cargo xtask stress [--rounds N] [--jobs N] [--trap T] PATTERN…    guests and command lines, over and over, on busy processors
//! cargo xtask conformance SUITE…                         suites that others wrote, natively and under umlaut
//! cargo xtask soak [--minutes N]                        redis, postgres and forks together, for long: nothing may leak or hang
//! cargo xtask packages                                   names the Debian packages that the tests need
//! cargo xtask calls                                      writes docs/calls.md from the table of calls
//! ```

mod calls;
mod conformance;
mod soak;
mod stress;
mod test;

use std::process::ExitCode;

const USAGE: &str = "usage: cargo xtask test
       cargo xtask stress [--rounds N] [--jobs N] [--trap sud|seccomp|ptrace] PATTERN...
       cargo xtask conformance [OPTION]... SUITE[=DIR]...
       cargo xtask soak [--minutes N]
       cargo xtask packages
       cargo xtask calls";

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let result = match args.split_first() {
        Some((chore, rest)) if chore == "test" => test::run(rest),
        Some((chore, rest)) if chore == "stress" => stress::run(rest),
        Some((chore, rest)) if chore == "conformance" => conformance::run(rest),
        Some((chore, rest)) if chore == "soak" => soak::run(rest),
        Some((chore, [])) if chore == "packages" => test::list(),
        Some((chore, [])) if chore == "calls" => calls::run(),
        _ => Err(USAGE.to_string()),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("xtask: {message}");
            ExitCode::FAILURE
        }
    }
}
