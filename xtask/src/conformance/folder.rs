//! Open POSIX test suite: a folder of binaries, one case each, whose exit status is the verdict.

use super::launch::Ran;
use super::{Launch, Suite, Verdict, Verdicts};
use std::path::{Path, PathBuf};

/// The suite in a folder.
pub struct Posix(PathBuf);

impl Posix {
    /// The one in `dir`.
    pub fn new(dir: PathBuf) -> Posix {
        Posix(dir)
    }
}

/// The names in a folder, in order.
pub fn names(dir: &Path) -> Result<Vec<String>, String> {
    let entries = std::fs::read_dir(dir).map_err(|e| format!("{}: {e}", dir.display()))?;
    let mut names: Vec<String> = entries.flatten().map(|e| e.file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    Ok(names)
}

impl Suite for Posix {
    fn name(&self) -> &'static str {
        "posix"
    }

    fn units(&self) -> Result<Vec<String>, String> {
        names(&self.0)
    }

    fn launch(&self, unit: &str, _cases: &[String], _scratch: &str) -> Launch {
        Launch { argv: vec![self.0.join(unit).to_string_lossy().into_owned()], env: Vec::new() }
    }

    fn verdicts(&self, unit: &str, ran: &Ran) -> Verdicts {
        let verdict = match ran.status {
            _ if ran.timed_out => Verdict::Timeout,
            0 => Verdict::Pass,
            4 | 5 => Verdict::Skip,
            status if status >= 128 => Verdict::Crash,
            _ => Verdict::Fail,
        };
        Verdicts::from([(unit.to_string(), verdict)])
    }
}
