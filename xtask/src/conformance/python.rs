//! CPython's own tests (Debian's `libpython3.N-testsuite`): a unit is a module, a case a method.

use super::launch::Ran;
use super::{Launch, Suite, Verdict, Verdicts};
use crate::test;
use std::path::PathBuf;
use std::process::Command;

/// What tests may use of the machine.
const RESOURCES: &str = "all,-network,-urlfetch,-cpu,-gui,-audio,-largefile";

/// A module that imports none of these asks the kernel for files at most.
const SYSTEM: [&str; 22] = [
    "os",
    "signal",
    "socket",
    "socketserver",
    "select",
    "selectors",
    "subprocess",
    "threading",
    "_thread",
    "mmap",
    "fcntl",
    "pty",
    "tty",
    "termios",
    "resource",
    "multiprocessing",
    "asyncio",
    "posix",
    "time",
    "tempfile",
    "pathlib",
    "shutil",
];

/// The suite of the Python that Debian calls python3.
pub struct Python {
    program: String,
    folder: PathBuf,
}

impl Python {
    /// Finds Python's version, and installs its tests where they are missing.
    pub fn open() -> Result<Python, String> {
        test::need(&["python3"])?;
        let script =
            "import sys, sysconfig; print('%d.%d' % sys.version_info[:2]); print(sysconfig.get_path('stdlib'))";
        let out =
            Command::new("/usr/bin/python3").args(["-c", script]).output().map_err(|e| format!("python3: {e}"))?;
        let text = String::from_utf8_lossy(&out.stdout).into_owned();
        let mut lines = text.lines();
        let (Some(version), Some(lib)) = (lines.next(), lines.next()) else {
            return Err("python3 does not say its version".to_string());
        };
        test::need(&[&format!("libpython{version}-testsuite")])?;
        Ok(Python { program: format!("/usr/bin/python{version}"), folder: PathBuf::from(lib).join("test") })
    }

    /// Whether the module, a file or a folder, imports something of the system.
    fn asks_system(&self, module: &str) -> bool {
        let mut files = vec![self.folder.join(format!("{module}.py"))];
        let inside = std::fs::read_dir(self.folder.join(module)).into_iter().flatten().flatten();
        files.extend(inside.map(|e| e.path()).filter(|p| p.extension().is_some_and(|e| e == "py")));
        files.iter().any(|f| std::fs::read_to_string(f).is_ok_and(|text| text.lines().any(imports_system)))
    }
}

fn imports_system(line: &str) -> bool {
    let line = line.trim();
    let Some(rest) = line.strip_prefix("import ").or_else(|| line.strip_prefix("from ")) else { return false };
    let names = rest.split(" import ").next().unwrap_or_default();
    names.split([',', ' ']).any(|n| SYSTEM.contains(&n.split('.').next().unwrap_or_default()))
}

impl Suite for Python {
    fn name(&self) -> &'static str {
        "python"
    }

    fn units(&self) -> Result<Vec<String>, String> {
        let out = Command::new(&self.program).args(["-m", "test", "--list-tests"]).output();
        let out = out.map_err(|e| format!("{}: {e}", self.program))?;
        let all = String::from_utf8_lossy(&out.stdout).into_owned();
        Ok(all.split_whitespace().filter(|m| self.asks_system(m)).map(String::from).collect())
    }

    fn unit_of(&self, case: &str) -> String {
        case.split('.').find(|part| part.starts_with("test_")).unwrap_or(case).to_string()
    }

    fn launch(&self, unit: &str, cases: &[String], _scratch: &str) -> Launch {
        let mut argv = vec![self.program.clone(), "-m".to_string()];
        match cases {
            [] => argv.extend(["test", "-v", "-u", RESOURCES, unit].map(String::from)),
            cases => {
                argv.extend(["test", "-v", "-u", RESOURCES].map(String::from));
                argv.extend(cases.iter().flat_map(|c| ["-m".to_string(), c.clone()]));
                argv.push(unit.to_string());
            }
        }
        Launch { argv, env: Vec::new() }
    }

    fn verdicts(&self, _unit: &str, ran: &Ran) -> Verdicts {
        let mut verdicts = read(&ran.output);
        if ran.status >= 128 && !ran.timed_out {
            verdicts.values_mut().filter(|v| **v == Verdict::Missing).for_each(|v| *v = Verdict::Crash);
        }
        if ran.timed_out {
            verdicts.values_mut().filter(|v| **v == Verdict::Missing).for_each(|v| *v = Verdict::Timeout);
        }
        verdicts
    }

    fn can_single(&self, case: &str) -> bool {
        case.starts_with("test.")
    }
}

/// What unittest prints with `-v`: `method (module.Class.method)`, perhaps a line of documentation, ` ... ok`; and at
/// the end `FAIL: method (…)`.
fn read(output: &str) -> Verdicts {
    let mut verdicts = Verdicts::new();
    let mut current: Option<String> = None;
    for line in output.lines() {
        let failed = ["FAIL: ", "ERROR: "].iter().find_map(|p| line.strip_prefix(p));
        if let Some(case) = failed.and_then(title) {
            verdicts.insert(case, Verdict::Fail);
            continue;
        }
        if let Some(case) = title(line) {
            verdicts.entry(case.clone()).or_insert(Verdict::Missing);
            current = Some(case);
        }
        let verdict = match line.rsplit_once("... ").map_or(line, |(_, end)| end).trim_end() {
            "FAIL" | "ERROR" => Some(Verdict::Fail),
            end if end == "ok" || end.ends_with(" ok") => Some(Verdict::Pass),
            end if end.starts_with("skipped ") => Some(Verdict::Skip),
            "expected failure" => Some(Verdict::Skip),
            _ => None,
        };
        if let (Some(verdict), Some(case)) = (verdict, current.clone()) {
            // A case that runs several times, or whose class fails later, has its worst verdict.
            let entry = verdicts.entry(case).or_insert(verdict);
            if *entry == Verdict::Missing {
                *entry = verdict;
            }
            current = None;
        }
    }
    verdicts
}

/// The case of a line `method (module.Class.method)…`.
fn title(line: &str) -> Option<String> {
    let (method, rest) = line.split_once(" (")?;
    let (path, _) = rest.split_once(')')?;
    let word = |s: &str| !s.is_empty() && s.chars().all(|c| c.is_alphanumeric() || c == '_' || c == '.');
    let method = method.rsplit(' ').next().unwrap_or(method);
    if !word(method) || method.contains('.') || !word(path) || !path.contains('.') {
        return None;
    }
    Some(if path.ends_with(&format!(".{method}")) { path.to_string() } else { format!("{path}.{method}") })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_unittest_prints() {
        let text = "test_a (test.m.C.test_a) ... ok\ntest_b (test.m.C.test_b)\nSays what. ... FAIL\n\
                    0.00s test_c (test.m.C.test_c) ... 0.01s ok\ntest_d (test.m.C.test_d) ... skipped 'no'\n\
                    test_e (test.m.C.test_e) ... output\nok\ntest_f (test.m.C.test_f) ... \n\
                    FAIL: test_b (test.m.C.test_b)\nERROR: setUpClass (test.m.D)\n";
        let found: Vec<(String, Verdict)> = read(text).into_iter().collect();
        let want = [
            ("test.m.C.test_a", Verdict::Pass),
            ("test.m.C.test_b", Verdict::Fail),
            ("test.m.C.test_c", Verdict::Pass),
            ("test.m.C.test_d", Verdict::Skip),
            ("test.m.C.test_e", Verdict::Pass),
            ("test.m.C.test_f", Verdict::Missing),
            ("test.m.D.setUpClass", Verdict::Fail),
        ];
        assert_eq!(found, want.map(|(n, v)| (n.to_string(), v)));
    }
}
