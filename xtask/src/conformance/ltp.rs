//! LTP's system calls: an install folder, one case a line of `runtest/syscalls`.

use super::launch::Ran;
use super::{Launch, Suite, Verdict, Verdicts};
use std::collections::BTreeMap;
use std::path::PathBuf;

/// The suite in a folder, as an ordinary user or as root.
pub struct Ltp {
    dir: PathBuf,
    root: bool,
    commands: BTreeMap<String, String>,
}

impl Ltp {
    /// Reads `runtest/syscalls`.
    pub fn open(dir: PathBuf, root: bool) -> Result<Ltp, String> {
        let file = dir.join("runtest/syscalls");
        let text = std::fs::read_to_string(&file).map_err(|e| format!("{}: {e}", file.display()))?;
        let lines = text.lines().map(str::trim).filter(|l| !l.is_empty() && !l.starts_with('#'));
        let commands = lines
            .map(|l| l.split_once(char::is_whitespace).unwrap_or((l, l)))
            .map(|(name, command)| (name.to_string(), command.trim().to_string()))
            .collect();
        Ok(Ltp { dir, root, commands })
    }

    fn binaries(&self) -> String {
        self.dir.join("testcases/bin").to_string_lossy().into_owned()
    }
}

impl Suite for Ltp {
    fn name(&self) -> &'static str {
        if self.root { "ltp-root" } else { "ltp" }
    }

    fn root(&self) -> bool {
        self.root
    }

    fn units(&self) -> Result<Vec<String>, String> {
        Ok(self.commands.keys().cloned().collect())
    }

    fn launch(&self, unit: &str, _cases: &[String], _scratch: &str) -> Launch {
        let bin = self.binaries();
        let command = self.commands.get(unit).cloned().unwrap_or_default();
        let env = [
            ("LTPROOT", self.dir.to_string_lossy().into_owned()),
            ("LTP_COLORIZE_OUTPUT", "n".to_string()),
            ("KCONFIG_SKIP_CHECK", "1".to_string()),
            ("PATH", format!("{bin}:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin")),
        ];
        let argv = match command.contains(['|', ';', '&', '<', '>', '$', '`', '"', '\'']) {
            true => vec!["/bin/sh".to_string(), "-c".to_string(), command],
            false => {
                let mut words: Vec<String> = command.split_whitespace().map(String::from).collect();
                if let Some(first) = words.first_mut() {
                    *first = format!("{bin}/{first}");
                }
                words
            }
        };
        Launch { argv, env: env.map(|(n, v)| (n.to_string(), v)).into() }
    }

    fn verdicts(&self, unit: &str, ran: &Ran) -> Verdicts {
        let out = &ran.output;
        let late = ran.timed_out || out.contains("Test timeouted") || out.contains("Test timed out");
        let passes = out.contains("TPASS") || out.contains("PASSED") || out.lines().any(counts_passes);
        let verdict = match ran.status {
            _ if late => Verdict::Timeout,
            0 if passes => Verdict::Pass,
            0 | 32 => Verdict::Skip,
            status if status >= 128 => Verdict::Crash,
            _ => Verdict::Fail,
        };
        Verdicts::from([(unit.to_string(), verdict)])
    }
}

/// `passed   3` of a summary.
fn counts_passes(line: &str) -> bool {
    let count = line.strip_prefix("passed").map(str::trim).and_then(|n| n.parse::<u32>().ok());
    count.is_some_and(|n| n > 0)
}
