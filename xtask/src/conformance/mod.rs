//! `cargo xtask conformance`: suites that others wrote, natively and under umlaut beside each other.
//!
//! ```text
//! python stress-ng                  from Debian's packages, which are installed (as root)
//! ltp=DIR ltp-root=DIR              an install folder of LTP (runtest/syscalls, testcases/bin), as a user and with --root
//! posix=DIR                         a folder of Open POSIX binaries
//! gvisor=DIR                        a folder of gVisor's *_test binaries
//! ```
//!
//! A case counts when it passes natively; it agrees when it passes under umlaut too. One that does not is run again by itself, so
//! that a race of the test's own is not taken for ours. What differs must stand in `tests/conformance/SUITE.txt` with its
//! reason: a difference that is not there fails the run, and `--update` writes the file. `SUITE.skip.txt` names what is not
//! run at all.
//!
//! `--units N` and `--seconds N` run a part: the first units (modules, stressors, binaries) in the order of a hash of their names, until the
//! time is over. Units whose
//! native half takes more than `--long` seconds are not in the part.

mod folder;
mod gvisor;
mod launch;
mod ltp;
mod python;
mod report;
mod runner;
mod stressng;

use std::collections::BTreeMap;
use std::path::PathBuf;

pub const USAGE: &str =
    "cargo xtask conformance [--units N] [--seconds N] [--long N] [--jobs N] [--timeout N] [--trap T] [--list FILE]
                        [--only NAME] [--results FILE] [--update] SUITE[=DIR]...
         with the suites python, stress-ng, ltp=DIR, ltp-root=DIR, posix=DIR, gvisor=DIR";

/// What became of a case.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    Pass,
    Skip,
    Fail,
    Crash,
    Timeout,
    /// Its unit ended without naming it.
    Missing,
}

/// The verdicts of the cases of one unit, by name.
pub type Verdicts = BTreeMap<String, Verdict>;

/// How a unit is started.
pub struct Launch {
    pub argv: Vec<String>,
    pub env: Vec<(String, String)>,
}

/// A suite: what it consists of, how that is started, and how to read what it printed.
pub trait Suite: Sync {
    /// As on the command line, and the name of its lists.
    fn name(&self) -> &'static str;

    /// Whether it runs with all rights.
    fn root(&self) -> bool {
        false
    }

    /// What is started as one process each.
    fn units(&self) -> Result<Vec<String>, String>;

    /// The unit that holds a case of a list.
    fn unit_of(&self, case: &str) -> String {
        case.to_string()
    }

    /// How to start a unit; `cases` leaves the others out, if the suite can do that. `scratch` is an empty directory.
    fn launch(&self, unit: &str, cases: &[String], scratch: &str) -> Launch;

    /// Reads what a unit printed.
    fn verdicts(&self, unit: &str, ran: &launch::Ran) -> Verdicts;

    /// Starts again behind a case that brought its unit down: the cases of the unit, known beforehand.
    fn cases(&self, _unit: &str) -> Vec<String> {
        Vec::new()
    }

    /// Whether `launch` can start one case by itself.
    fn can_single(&self, _case: &str) -> bool {
        true
    }
}

/// What the command line asks for.
#[derive(Clone)]
pub struct Options {
    pub seconds: Option<u64>,
    pub units: usize,
    pub long: u64,
    pub jobs: usize,
    pub timeout: u64,
    pub trap: umlaut_tests::mode::Mode,
    pub names: Option<Vec<String>>,
    pub results: Option<PathBuf>,
    pub update: bool,
}

/// Runs the suites that are named.
pub fn run(args: &[String]) -> Result<(), String> {
    let (options, wanted) = parse(args)?;
    let suites = wanted.iter().map(|w| open(w)).collect::<Result<Vec<_>, _>>()?;
    umlaut_tests::mode::binary();
    let mut bad = Vec::new();
    for suite in &suites {
        let mut options = options.clone();
        options.seconds = options.seconds.map(|s| s / suites.len() as u64);
        let tally = runner::run(suite.as_ref(), &options)?;
        if !report::report(suite.as_ref(), &options, &tally)? {
            bad.push(suite.name());
        }
    }
    if bad.is_empty() { Ok(()) } else { Err(format!("differences that are not in the lists: {}", bad.join(", "))) }
}

/// The suite of a word `NAME[=DIR]`.
fn open(word: &str) -> Result<Box<dyn Suite>, String> {
    let (name, dir) = word.split_once('=').unwrap_or((word, ""));
    let dir = match dir {
        "" => None,
        dir => Some(std::fs::canonicalize(dir).map_err(|e| format!("{dir}: {e}"))?),
    };
    match (name, dir) {
        ("python", None) => Ok(Box::new(python::Python::open()?)),
        ("stress-ng", None) => Ok(Box::new(stressng::StressNg::open()?)),
        ("ltp", Some(dir)) => Ok(Box::new(ltp::Ltp::open(dir, false)?)),
        ("ltp-root", Some(dir)) => Ok(Box::new(ltp::Ltp::open(dir, true)?)),
        ("posix", Some(dir)) => Ok(Box::new(folder::Posix::new(dir))),
        ("gvisor", Some(dir)) => Ok(Box::new(gvisor::Gvisor::new(dir))),
        _ => Err(format!("{word}: no such suite\nusage: {USAGE}")),
    }
}

fn parse(args: &[String]) -> Result<(Options, Vec<String>), String> {
    let mut options = Options {
        seconds: None,
        units: usize::MAX,
        long: u64::MAX,
        jobs: 2,
        timeout: 120,
        trap: umlaut_tests::mode::Mode::Sud,
        names: None,
        results: None,
        update: false,
    };
    let mut suites = Vec::new();
    let mut rest = args.iter();
    while let Some(arg) = rest.next() {
        let mut value = || rest.next().cloned().ok_or(format!("{arg} needs a value"));
        match arg.as_str() {
            "--seconds" => options.seconds = Some(number(&value()?)?),
            "--units" => options.units = number(&value()?)? as usize,
            "--long" => options.long = number(&value()?)?,
            "--jobs" => options.jobs = number(&value()?)?.max(1) as usize,
            "--timeout" => options.timeout = number(&value()?)?,
            "--trap" => {
                let name = value()?;
                options.trap = umlaut_tests::mode::Mode::from_name(&name).ok_or(format!("{name}: no such trap"))?;
            }
            "--list" => {
                let file = value()?;
                let text = std::fs::read_to_string(&file).map_err(|e| format!("{file}: {e}"))?;
                let names = text.lines().filter_map(|l| l.split_whitespace().next()).filter(|n| !n.starts_with('#'));
                options.names.get_or_insert_default().extend(names.map(String::from));
            }
            "--only" => options.names.get_or_insert_default().push(value()?),
            "--results" => options.results = Some(PathBuf::from(value()?)),
            "--update" => options.update = true,
            word if word.starts_with("--") => return Err(format!("{word}: unknown\nusage: {USAGE}")),
            word => suites.push(word.to_string()),
        }
    }
    if suites.is_empty() { Err(format!("no suite is named\nusage: {USAGE}")) } else { Ok((options, suites)) }
}

fn number(text: &str) -> Result<u64, String> {
    text.parse().map_err(|_| format!("{text}: not a number"))
}
