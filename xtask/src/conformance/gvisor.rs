//! gVisor's tests of system calls: a folder of googletest binaries `*_test`; a case is `BINARY:Suite.Case`.

use super::folder::names;
use super::launch::Ran;
use super::{Launch, Suite, Verdict, Verdicts};
use std::path::PathBuf;
use std::process::{Command, Stdio};

/// The suite in a folder.
pub struct Gvisor(PathBuf);

impl Gvisor {
    /// The one in `dir`.
    pub fn new(dir: PathBuf) -> Gvisor {
        Gvisor(dir)
    }
}

impl Suite for Gvisor {
    fn name(&self) -> &'static str {
        "gvisor"
    }

    fn units(&self) -> Result<Vec<String>, String> {
        Ok(names(&self.0)?.into_iter().filter(|n| n.ends_with("_test")).collect())
    }

    fn unit_of(&self, case: &str) -> String {
        case.split(':').next().unwrap_or(case).to_string()
    }

    fn launch(&self, unit: &str, cases: &[String], scratch: &str) -> Launch {
        let mut argv = vec![self.0.join(unit).to_string_lossy().into_owned(), "--gtest_color=no".to_string()];
        if !cases.is_empty() {
            let names: Vec<&str> = cases.iter().filter_map(|c| Some(c.split_once(':')?.1)).collect();
            argv.push(format!("--gtest_filter={}", names.join(":")));
        }
        let folder = self.0.to_string_lossy().into_owned();
        let env = [("TEST_TMPDIR", scratch.to_string()), ("RUNFILE_DIR", folder)];
        Launch { argv, env: env.map(|(n, v)| (n.to_string(), v)).into() }
    }

    fn verdicts(&self, unit: &str, ran: &Ran) -> Verdicts {
        let mut verdicts = Verdicts::new();
        let mut running = None;
        for line in ran.output.lines() {
            let Some((mark, case)) = read(line) else { continue };
            let case = format!("{unit}:{case}");
            let verdict = match mark {
                "RUN" => {
                    running = Some(case);
                    continue;
                }
                "OK" => Verdict::Pass,
                "SKIPPED" => Verdict::Skip,
                _ => Verdict::Fail,
            };
            if running.as_ref() == Some(&case) {
                running = None;
            }
            verdicts.entry(case).or_insert(verdict);
        }
        if let Some(case) = running {
            verdicts.insert(case, if ran.timed_out { Verdict::Timeout } else { Verdict::Crash });
        }
        verdicts
    }

    fn cases(&self, unit: &str) -> Vec<String> {
        let out = Command::new(self.0.join(unit)).arg("--gtest_list_tests").stderr(Stdio::null()).output();
        let text = out.map(|o| String::from_utf8_lossy(&o.stdout).into_owned()).unwrap_or_default();
        let mut suite = String::new();
        let mut cases = Vec::new();
        for line in text.lines() {
            let name = line.split('#').next().unwrap_or_default().trim_end();
            match name.strip_prefix("  ") {
                Some(case) if !format!("{suite}{case}").contains("DISABLED_") => {
                    cases.push(format!("{unit}:{suite}{case}"))
                }
                Some(_) => {}
                None if name.ends_with('.') => suite = name.to_string(),
                None => {}
            }
        }
        cases
    }
}

/// `[       OK ] Suite.Case (3 ms)`: the mark and the case.
fn read(line: &str) -> Option<(&str, &str)> {
    let (mark, rest) = line.strip_prefix('[')?.split_once(']')?;
    let case = rest.trim().split([',', ' ']).next()?;
    let mark = mark.trim();
    let known = matches!(mark, "RUN" | "OK" | "FAILED" | "SKIPPED") && case.contains('.');
    known.then_some((mark, case))
}
