//! stress-ng (Debian): each stressor by itself, fifty operations, with `--verify`.

use super::launch::Ran;
use super::{Launch, Suite, Verdict, Verdicts};
use crate::test;
use std::process::Command;

/// The classes of stressors that are about the kernel.
const CLASSES: [&str; 7] = ["os", "pipe", "scheduler", "interrupt", "filesystem", "io", "network"];
/// Stressors that would work on much memory or disk.
const SMALL: [&str; 11] =
    ["fallocate", "fiemap", "hdd", "iomix", "memfd", "mmap", "mremap", "msync", "readahead", "sync-file", "vm"];

/// The suite.
pub struct StressNg;

impl StressNg {
    /// Installs it where it is missing.
    pub fn open() -> Result<StressNg, String> {
        test::need(&["stress-ng"])?;
        Ok(StressNg)
    }
}

impl Suite for StressNg {
    fn name(&self) -> &'static str {
        "stress-ng"
    }

    fn units(&self) -> Result<Vec<String>, String> {
        let mut names = Vec::new();
        for class in CLASSES {
            let out = Command::new("/usr/bin/stress-ng").args(["--class", &format!("{class}?")]).output();
            let out = out.map_err(|e| format!("stress-ng: {e}"))?;
            let mut text = String::from_utf8_lossy(&out.stdout).into_owned();
            text.push_str(&String::from_utf8_lossy(&out.stderr));
            // class 'os' stressors: access af-alg aio …
            let list = text.split_once("stressors: ").map(|(_, list)| list).unwrap_or_default();
            names.extend(list.split_whitespace().map(String::from));
        }
        names.sort();
        names.dedup();
        Ok(names)
    }

    fn launch(&self, unit: &str, _cases: &[String], scratch: &str) -> Launch {
        let mut argv: Vec<String> =
            ["/usr/bin/prlimit", "--fsize=2147483648", "/usr/bin/stress-ng"].map(String::from).into();
        argv.extend([format!("--{unit}"), "1".to_string(), format!("--{unit}-ops"), "50".to_string()]);
        let rest =
            ["--verify", "--timeout", "10", "--metrics-brief", "--no-rand-seed", "--oomable", "--temp-path", scratch];
        argv.extend(rest.map(String::from));
        if SMALL.contains(&unit) {
            argv.extend([format!("--{unit}-bytes"), "16M".to_string()]);
        }
        Launch { argv, env: Vec::new() }
    }

    fn verdicts(&self, unit: &str, ran: &Ran) -> Verdicts {
        const SKIPS: [&str; 4] = [
            "skipping stressor",
            "stressor will be skipped",
            "not implemented on this system",
            "No stress workers invoked",
        ];
        let out = &ran.output;
        let verdict = match ran.status {
            _ if ran.timed_out => Verdict::Timeout,
            status if status >= 128 => Verdict::Crash,
            3 | 4 => Verdict::Skip,
            _ if SKIPS.iter().any(|s| out.contains(s)) => Verdict::Skip,
            0 if out.contains("successful run completed") && !out.contains(" fail: ") => Verdict::Pass,
            _ => Verdict::Fail,
        };
        Verdicts::from([(unit.to_string(), verdict)])
    }
}
