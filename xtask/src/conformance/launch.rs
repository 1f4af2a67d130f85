//! Running one unit: as an ordinary user, in namespaces of its own, natively or under umlaut.
//!
//! The tests of others kill all they may, mount, and leave System V objects behind. As root, each gets its own process, mount, host name and
//! IPC namespace around it, natively and under umlaut alike; for anybody else that is left out.

use super::{Launch, Options, Suite};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;
use umlaut_tests::exec::{self, End};
use umlaut_tests::{mode, paths};

/// The user that suites run as (Debian's `daemon`).
const USER: u32 = 1;

/// What a run left behind.
pub struct Ran {
    /// As a shell shows it: 128+n for a signal.
    pub status: i32,
    /// Both streams, standard output first.
    pub output: String,
    pub timed_out: bool,
    pub elapsed: Duration,
}

/// Where a unit is run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    Native,
    Umlaut,
}

/// Runs a unit with its time limit, in a fresh directory.
pub fn run(suite: &dyn Suite, unit: &str, cases: &[String], side: Side, options: &Options, limit: Duration) -> Ran {
    let scratch = scratch();
    let ran = match prepare(&scratch, suite.root()) {
        Err(e) => Ran { status: 127, output: e, timed_out: false, elapsed: Duration::ZERO },
        Ok(()) => {
            let dir = scratch.to_string_lossy().into_owned();
            start(suite, &suite.launch(unit, cases, &dir), side, options, &scratch, limit)
        }
    };
    let _ = fs::remove_dir_all(&scratch);
    ran
}

fn scratch() -> PathBuf {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let n = NEXT.fetch_add(1, Ordering::Relaxed);
    std::env::temp_dir().join(format!("{}-conformance-{n}", paths::scratch_name()))
}

fn prepare(scratch: &Path, root: bool) -> Result<(), String> {
    fs::create_dir_all(scratch).map_err(|e| format!("{}: {e}", scratch.display()))?;
    if is_root() && !root {
        std::os::unix::fs::chown(scratch, Some(USER), Some(USER)).map_err(|e| format!("chown: {e}"))?;
    }
    Ok(())
}

fn start(suite: &dyn Suite, launch: &Launch, side: Side, options: &Options, dir: &Path, limit: Duration) -> Ran {
    let mut words: Vec<String> = Vec::new();
    if is_root() {
        if namespaces() {
            words.extend(WRAP.iter().map(|w| w.to_string()));
        }
        if !suite.root() {
            words.extend([format!("--reuid={USER}"), format!("--regid={USER}"), "--clear-groups".to_string()]);
            words.insert(words.len() - 3, "setpriv".to_string());
        }
    }
    if side == Side::Umlaut {
        words.extend([mode::binary().to_string_lossy().into_owned(), "run".to_string()]);
        words.push(format!("--trap={}", options.trap.name()));
        words.extend(suite.root().then(|| "--root".to_string()));
        words.push("--".to_string());
    }
    words.extend(launch.argv.iter().cloned());
    let (first, rest) = words.split_first().expect("a unit has a program");
    let mut command = Command::new(first);
    command.args(rest);
    let tag = exec::fresh_tag();
    exec::plain_environment(&mut command, dir, dir, &tag);
    command.env("LC_ALL", "C.UTF-8").env("PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin");
    command.envs(launch.env.iter().cloned()).stdin(Stdio::null());
    let out = exec::run(command, &tag, limit, Duration::from_secs(5));
    let timed_out = out.trouble.as_ref().is_some_and(|t| t.starts_with("did not end"));
    let mut output = String::from_utf8_lossy(&out.stdout).into_owned();
    output.push_str(&String::from_utf8_lossy(&out.stderr));
    if !timed_out && let Some(trouble) = out.trouble {
        output.push_str(&format!("\n[{trouble}]\n"));
    }
    let status = match out.end {
        End::Exit(status) => status,
        End::Signal(n) => 128 + n,
    };
    Ran { status, output, timed_out, elapsed: out.elapsed }
}

/// New namespaces and an empty `/dev/shm`; all of it ends with its first process.
const WRAP: [&str; 11] = [
    "unshare",
    "--pid",
    "--fork",
    "--mount",
    "--uts",
    "--ipc",
    "--kill-child",
    "--mount-proc",
    "sh",
    "-c",
    "mount -t tmpfs -o mode=1777 none /dev/shm && \"$0\" \"$@\"; exit $?",
];

fn namespaces() -> bool {
    static CAN: OnceLock<bool> = OnceLock::new();
    *CAN.get_or_init(|| {
        let tried = Command::new(WRAP[0]).args(&WRAP[1..]).arg("true").stderr(Stdio::null()).status();
        let can = tried.is_ok_and(|s| s.success());
        if !can {
            eprintln!("xtask: no namespaces can be made here: the suites run without");
        }
        can
    })
}

/// Whether this is root.
pub fn is_root() -> bool {
    use std::os::unix::fs::MetadataExt;
    fs::metadata("/proc/self").is_ok_and(|m| m.uid() == 0)
}
