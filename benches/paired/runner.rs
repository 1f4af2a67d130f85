//! What runs a row: the host itself, umlaut, or another runner, by the words that stand before the command.

use crate::memory;
use crate::rows::{Kind, Row};
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// Longest time that one run may take, for `timeout(1)`.
const LIMIT: &str = "180";
/// Where native programs, and those of other runners, have their files in memory. umlaut's root is in memory where it is written.
const SHM: &str = "/dev/shm";
/// How long an idle sandbox gets to become idle.
const SETTLE: Duration = Duration::from_millis(500);

/// Where things are.
pub struct Area {
    pub micro: PathBuf,
    pub tiny: PathBuf,
    /// Prepared inputs.
    pub input: PathBuf,
    /// A place for umlaut's outputs, in its copy-on-write layer: it never exists on the host.
    pub scratch: PathBuf,
    /// The processor that single calls are pinned to.
    pub cpu: Option<usize>,
}

/// One of them.
pub struct Runner {
    pub name: String,
    prefix: Vec<String>,
    /// What makes every call bounce, under umlaut.
    unpatched: Option<String>,
    umlaut: bool,
}

impl Runner {
    /// The host.
    pub fn native() -> Runner {
        Runner { name: "native".into(), prefix: Vec::new(), unpatched: None, umlaut: false }
    }

    /// The binary that was built with this benchmark, or `UMLAUT_BIN`.
    pub fn umlaut(options: &str) -> Runner {
        let binary = std::env::var("UMLAUT_BIN").unwrap_or_else(|_| env!("CARGO_BIN_EXE_umlaut").to_string());
        let help = Command::new(&binary).args(["run", "--help"]).output().map(|o| o.stdout).unwrap_or_default();
        let patches = String::from_utf8_lossy(&help).contains("--patch");
        let mut prefix = vec![binary, "run".to_string()];
        prefix.extend(options.split_whitespace().map(String::from));
        Runner { name: "umlaut".into(), prefix, unpatched: patches.then(|| "--patch=off".into()), umlaut: true }
    }

    /// Any other, by its command line.
    pub fn other(line: &str) -> Runner {
        let prefix = line.split_whitespace().map(String::from).collect();
        Runner { name: line.to_string(), prefix, unpatched: None, umlaut: false }
    }

    /// One run of a row: nanoseconds, or bytes.
    pub fn once(&self, row: &Row, area: &Area) -> Result<f64, String> {
        match &row.kind {
            Kind::Micro => self.micro(row.name, area, None),
            Kind::Bounce if self.prefix.is_empty() => self.micro("sud_bounce", area, None),
            Kind::Bounce => self.micro("getpid", area, self.unpatched.as_deref()),
            Kind::Inside(prepare, timed) => self.inside(prepare, timed, area),
            Kind::Whole(command) => self.whole(command),
            Kind::Idle => self.idle(),
        }
    }

    /// The start of a command, up to the guest's first word.
    fn command(&self, option: Option<&str>, before: &[&str]) -> Command {
        let mut words: Vec<&str> = before.to_vec();
        words.extend(self.prefix.iter().map(String::as_str));
        words.extend(option);
        words.extend(self.umlaut.then_some("--"));
        let mut command = Command::new(words.first().copied().unwrap_or("env"));
        command.args(words.iter().skip(1)).stdin(Stdio::null());
        command
    }

    fn micro(&self, row: &str, area: &Area, option: Option<&str>) -> Result<f64, String> {
        let cpu = area.cpu.map(|n| n.to_string());
        let mut before = vec!["timeout", LIMIT];
        before.extend(cpu.iter().flat_map(|n| ["taskset", "-c", n.as_str()]));
        let mut command = self.command(option, &before);
        command.arg(&area.micro).arg(row).arg(SHM).arg(area.input.join("host-file")).arg(&area.tiny);
        last_number(&mut command)
    }

    fn inside(&self, prepare: &str, timed: &str, area: &Area) -> Result<f64, String> {
        let quoted = timed.replace('\'', "'\\''");
        let script = format!("rm -rf $OUT && mkdir -p $OUT && {prepare} && $MICRO time sh -c '{quoted}'; rm -rf $OUT");
        let out = if self.umlaut {
            area.scratch.clone()
        } else {
            format!("{SHM}/umlaut-bench.{}", std::process::id()).into()
        };
        let mut command = self.command(None, &["timeout", LIMIT]);
        command.args(["sh", "-c", &script]).env("IN", &area.input).env("OUT", out).env("MICRO", &area.micro);
        last_number(&mut command)
    }

    fn whole(&self, words: &[&str]) -> Result<f64, String> {
        let mut command = self.command(None, &[]);
        if self.prefix.is_empty() {
            command = Command::new(words[0]);
            command.args(&words[1..]);
        } else {
            command.args(words);
        }
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        let start = Instant::now();
        let status = command.status().map_err(|e| e.to_string())?;
        let took = start.elapsed();
        if status.success() { Ok(took.as_nanos() as f64) } else { Err(status.to_string()) }
    }

    fn idle(&self) -> Result<f64, String> {
        let mut command = self.command(None, &[]);
        let mut child = command.args(["sleep", "60"]).spawn().map_err(|e| e.to_string())?;
        std::thread::sleep(SETTLE);
        let bytes = memory::of_tree(child.id());
        let _ = child.kill();
        let _ = child.wait();
        if bytes > 0.0 { Ok(bytes) } else { Err("no process was left".into()) }
    }
}

/// Runs a command; the last line of what it prints is the figure.
fn last_number(command: &mut Command) -> Result<f64, String> {
    let output = command.output().map_err(|e| e.to_string())?;
    let (text, errors) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    let last = text.lines().rev().find(|l| !l.trim().is_empty()).unwrap_or_default();
    last.trim().parse().map_err(|_| format!("{last} {} ({})", errors.trim(), output.status))
}
