//! The guest programs: `guests/<group>/<name>.c`, one subject each.
//!
//! Comment lines at the top of a program may say how it is built and run:
//!
//! | line                    | meaning                                                     |
//! |-------------------------|-------------------------------------------------------------|
//! | `// cc: -static`        | more flags for gcc                                          |
//! | `// args: a b`          | its arguments                                               |
//! | `// env: NAME=value`   | a variable in its environment                               |
//! | `// stdin: text`      | its standard input, not an empty one                        |
//! | `// modes: sud,seccomp` | only these traps (say why)                                  |
//! | `// reads: text`         | it looks at its own instructions: its calls are never patched at once |
//! | `// wrap: root`         | with `--root`, natively as root                             |
//! | `// status: 3`          | the status it must end with natively (128+n: a signal)      |
//! | `// sort`               | several writers: its output is compared with sorted lines   |
//! | `// limit: 60`          | it may take so many seconds natively, not 20                |
//!
//! A program is compiled into `target/guests` when it, a header beside it or the compiler's flags
//! are newer than what is there.

use crate::case::{Case, Program};
use crate::mode::Mode;
use crate::paths;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, SystemTime};

/// What every guest is compiled with.
const FLAGS: [&str; 7] = ["-O1", "-Wall", "-Wextra", "-Wno-unused-result", "-g", "-pthread", "-D_GNU_SOURCE"];

/// A guest's source and what its first lines say.
struct Guest {
    source: PathBuf,
    binary: PathBuf,
    cc: Vec<String>,
    case: Case,
}

/// Compiles all guests and gives the cases to run them.
pub fn load() -> Result<Vec<Case>, String> {
    let root = paths::repo().join("tests/guests");
    let mut guests = Vec::new();
    for group in sorted(&root)? {
        if group.is_dir() {
            let sources = sorted(&group)?;
            for source in sources.iter().filter(|p| p.extension().is_some_and(|e| e == "c")) {
                guests.push(describe(&root, source)?);
            }
        }
    }
    compile_all(&root, &mut guests)?;
    Ok(guests.into_iter().map(|g| g.case).collect())
}

fn sorted(dir: &Path) -> Result<Vec<PathBuf>, String> {
    let mut found: Vec<PathBuf> =
        fs::read_dir(dir).map_err(|e| format!("{}: {e}", dir.display()))?.flatten().map(|e| e.path()).collect();
    found.sort();
    Ok(found)
}

fn describe(root: &Path, source: &Path) -> Result<Guest, String> {
    let text = fs::read_to_string(source).map_err(|e| format!("{}: {e}", source.display()))?;
    let relative = source.strip_prefix(root).unwrap_or(source).with_extension("");
    let binary = paths::target().join("guests").join(&relative);
    let name = relative.to_string_lossy().into_owned();
    let mut argv = vec![binary.to_string_lossy().into_owned()];
    let mut case = Case::new(&name, Program::Argv(Vec::new()));
    case.status = None;
    let mut cc = Vec::new();
    for line in text.lines().map_while(|l| l.strip_prefix("//")) {
        let (key, value) = line.split_once(':').unwrap_or((line, ""));
        let words = || value.split_whitespace().map(str::to_string);
        let number = || value.trim().parse().map_err(|_| format!("{name}: //{line}"));
        match key.trim() {
            "cc" => cc.extend(words()),
            "stdin" => case.stdin = Some(value.trim_start().to_string()),
            "env" => {
                let setting = value.trim().split_once('=');
                case.env.extend(setting.map(|(k, v)| (k.to_string(), v.to_string())));
            }
            "args" => argv.extend(words()),
            "wrap" if value.trim() == "root" => case.root = true,
            "reads" if value.trim() == "text" => case.reads_text = true,
            "sort" if value.is_empty() => case.sort = true,
            "status" => case.status = Some(number()?),
            "limit" => case.limit = Duration::from_secs(number()?.unsigned_abs().into()),
            "modes" => {
                let modes = value.split([',', ' ']).filter(|m| !m.is_empty());
                case.modes = modes
                    .map(|m| Mode::from_name(m).ok_or_else(|| format!("{name}: no trap is named {m}")))
                    .collect::<Result<_, _>>()?;
            }
            _ => {}
        }
    }
    case.program = Program::Argv(argv);
    Ok(Guest { source: source.to_path_buf(), binary, cc, case })
}

/// Compiles what is out of date, on two threads. What does not compile is a failure of its own case.
fn compile_all(root: &Path, guests: &mut [Guest]) -> Result<(), String> {
    // Two test threads may want the guests at once.
    static ONE: Mutex<()> = Mutex::new(());
    let _one = ONE.lock().unwrap_or_else(PoisonError::into_inner);
    let headers = newest_header(root)?;
    let queue = Mutex::new(guests.iter_mut());
    let next = || queue.lock().unwrap_or_else(PoisonError::into_inner).next();
    let worker = || {
        while let Some(guest) = next() {
            guest.case.broken = compile(root, guest, headers).err();
        }
    };
    std::thread::scope(|scope| {
        scope.spawn(worker);
        scope.spawn(worker);
    });
    Ok(())
}

fn modified(path: &Path) -> SystemTime {
    fs::metadata(path).and_then(|m| m.modified()).unwrap_or(SystemTime::UNIX_EPOCH)
}

fn newest_header(root: &Path) -> Result<SystemTime, String> {
    let mut newest = SystemTime::UNIX_EPOCH;
    for dir in sorted(root)?.into_iter().filter(|p| p.is_dir()).chain([root.to_path_buf()]) {
        let headers = sorted(&dir)?.into_iter().filter(|p| p.extension().is_some_and(|e| e == "h"));
        newest = headers.map(|p| modified(&p)).fold(newest, SystemTime::max);
    }
    Ok(newest)
}

fn compile(root: &Path, guest: &Guest, headers: SystemTime) -> Result<(), String> {
    let built = modified(&guest.binary);
    // Changed flags stand in the source itself, so its time covers them.
    if guest.binary.exists() && built > modified(&guest.source) && built > headers {
        return Ok(());
    }
    if let Some(dir) = guest.binary.parent() {
        fs::create_dir_all(dir).map_err(|e| format!("{}: {e}", dir.display()))?;
    }
    // Compiled beside its place and moved there: another test program may be running it.
    let fresh = guest.binary.with_extension(format!("new{}", std::process::id()));
    let output = Command::new("gcc")
        .args(FLAGS)
        .arg("-I")
        .arg(root)
        .arg("-o")
        .arg(&fresh)
        .arg(&guest.source)
        .args(&guest.cc)
        .output()
        .map_err(|e| format!("gcc cannot be started: {e}"))?;
    if !output.status.success() {
        let text = String::from_utf8_lossy(&output.stderr);
        return Err(format!("{}: does not compile\n{text}", guest.source.display()));
    }
    fs::rename(&fresh, &guest.binary).map_err(|e| format!("{}: {e}", guest.binary.display()))
}

/// Compiles a C helper that a test brings along as text, and gives its path.
pub fn helper(name: &str, text: &str, flags: &[&str]) -> PathBuf {
    let dir = paths::target().join("guests/helpers");
    fs::create_dir_all(&dir).expect("the build directory can be written");
    let source = dir.join(format!("{name}-{}.c", std::process::id()));
    let binary = dir.join(name);
    let fresh = source.with_extension("new");
    fs::write(&source, text).expect("the build directory can be written");
    let status = Command::new("gcc")
        .args(["-O1", "-Wall", "-o"])
        .arg(&fresh)
        .arg(&source)
        .args(flags)
        .status()
        .expect("gcc can be started");
    assert!(status.success(), "{name} does not compile");
    fs::rename(&fresh, &binary).expect("the build directory can be written");
    let _ = fs::remove_file(&source);
    binary
}
