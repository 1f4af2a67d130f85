//! The rules for the code itself, as tests. CONTRIBUTING.md says why they are there.
//!
//! Everything is read as text: what a rule can not see in text it does not claim.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use umlaut_tests::paths;

/// The crates, what each may use of the others, and whether it is kernel code (no std, no unsafe
/// outside the list below). Dependencies point downward only.
const CRATES: [(&str, &[&str], bool); 6] = [
    ("host", &[], true),
    ("fs-emu", &["host"], true),
    ("loader", &[], true),
    ("vkernel", &["host", "fs-emu", "loader"], true),
    ("personality", &["host", "fs-emu", "loader", "vkernel"], true),
    (".", &["host", "fs-emu", "loader", "vkernel", "personality"], false),
];

/// Crates that must say `#![forbid(unsafe_code)]`.
const SAFE: [&str; 3] = ["fs-emu", "loader", "vkernel"];

/// Where `unsafe` may stand, at most how often, and why. Lower a count when code gets better; raise one
/// only with a reason that a reviewer accepts.
const UNSAFE: [(&str, usize, &str); 10] = [
    (
        "host/src/",
        169,
        "the machine: the gate, host calls, vDSO, arena, locks, read-copy-update, guest and huge memory",
    ),
    ("personality/src/arch/", 40, "entry and exit code, registers, signal frames"),
    ("personality/src/boot.rs", 1, "the first process's step into the kernel"),
    (
        "personality/src/trap/",
        58,
        "arming, the handlers of host signals, kernel stacks, new host threads, unmapping libraries",
    ),
    (
        "src/supervisor/",
        69,
        "start-up, first process, ptrace, reaping, text in huge pages or let go of, the terminal's modes and its relay",
    ),
    ("src/main.rs", 1, "the block that names a library to link"),
    ("src/doctor/", 16, "measuring what a bounce costs, probing what the host offers"),
    ("tests/src/exec.rs", 5, "setsid, rlimits, pidfd and poll, which std does not offer"),
    ("tests/src/procs.rs", 1, "kill"),
    ("benches/", 20, "raw calls, which are what is measured"),
];

const MAX_LINES: usize = 800;
const MAX_MEDIAN: usize = 300;

/// A source file, with its path from the root of the repository.
struct Source {
    path: String,
    text: String,
}

impl Source {
    /// Its lines without comments, with their numbers.
    fn code(&self) -> impl Iterator<Item = (usize, &str)> {
        self.text
            .lines()
            .enumerate()
            .map(|(n, line)| (n + 1, line.split("//").next().unwrap_or("")))
            .filter(|(_, line)| !line.trim().is_empty())
    }

    fn of_crate(&self, name: &str) -> bool {
        let folder = if name == "." { "src/".to_string() } else { format!("{name}/src/") };
        self.path.starts_with(&folder)
    }
}

/// All files of the tree that git knows or would add, without the build directory.
fn files(extensions: &[&str]) -> Vec<Source> {
    let root = paths::repo();
    let mut found = Vec::new();
    collect(&root, &root, extensions, &mut found);
    found.sort_by(|a, b| a.path.cmp(&b.path));
    assert!(!found.is_empty(), "no source files found");
    found
}

fn collect(root: &Path, dir: &Path, extensions: &[&str], into: &mut Vec<Source>) {
    for entry in fs::read_dir(dir).into_iter().flatten().flatten() {
        let path: PathBuf = entry.path();
        let name = entry.file_name().to_string_lossy().into_owned();
        // In a second work tree of git's, `.git` is a file.
        if name == "target" || name == ".git" {
            continue;
        }
        if path.is_dir() {
            collect(root, &path, extensions, into);
        } else if extensions.is_empty() || extensions.iter().any(|e| name.ends_with(e)) {
            let relative = path.strip_prefix(root).unwrap_or(&path).to_string_lossy().into_owned();
            // Files that are not text (fuzz seeds) have no rules here.
            if let Ok(text) = fs::read_to_string(&path) {
                into.push(Source { path: relative, text });
            }
        }
    }
}

fn rust() -> Vec<Source> {
    files(&[".rs"])
}

fn none(rule: &str, broken: Vec<String>) {
    assert!(broken.is_empty(), "{rule}:\n  {}", broken.join("\n  "));
}

/// Whether a word stands in a line by itself.
fn has_word(line: &str, word: &str) -> bool {
    let part = |c: char| c.is_alphanumeric() || c == '_';
    line.match_indices(word).any(|(at, _)| {
        let before = line[..at].chars().next_back();
        let after = line[at + word.len()..].chars().next();
        !before.is_some_and(part) && !after.is_some_and(part)
    })
}

/// The names in a manifest's `[dependencies]`.
fn dependencies(manifest: &str) -> Vec<String> {
    let mut inside = false;
    let mut names = Vec::new();
    for line in manifest.lines() {
        if line.starts_with('[') {
            inside = line.trim() == "[dependencies]";
        } else if inside && !line.trim_start().starts_with('#') {
            let name = line.split(['=', '.']).next().unwrap_or("").trim();
            if !name.is_empty() {
                names.push(name.to_string());
            }
        }
    }
    names
}

#[test]
fn dependencies_point_downward() {
    let ours: Vec<&str> = CRATES.iter().map(|c| c.0).filter(|n| *n != ".").collect();
    let sources = rust();
    let mut broken = Vec::new();
    for (name, may, _) in CRATES {
        let manifest = fs::read_to_string(paths::repo().join(name).join("Cargo.toml")).expect("a manifest");
        for used in dependencies(&manifest) {
            if ours.contains(&used.as_str()) && !may.contains(&used.as_str()) {
                broken.push(format!("{name}/Cargo.toml depends on {used}"));
            }
            if name == "loader" && used != "goblin" {
                broken.push(format!("loader uses goblin only, not {used}"));
            }
        }
        for source in sources.iter().filter(|s| s.of_crate(name)) {
            for (n, line) in source.code() {
                for other in ours.iter().filter(|o| !may.contains(o) && **o != name) {
                    let ident = other.replace('-', "_");
                    if line.trim_start().starts_with("use ")
                        && has_word(line, &ident)
                        && line.contains(&format!("use {ident}"))
                    {
                        broken.push(format!("{}:{n} uses {other}", source.path));
                    }
                }
            }
        }
    }
    none("dependencies point downward (see CRATES)", broken);
}

#[test]
fn kernel_crates_are_freestanding() {
    let mut broken = Vec::new();
    for (name, _, kernel) in CRATES {
        if !kernel {
            continue;
        }
        let root = fs::read_to_string(paths::repo().join(name).join("src/lib.rs")).expect("a crate root");
        if !root.contains("no_std") {
            broken.push(format!("{name}/src/lib.rs does not say no_std"));
        }
        if SAFE.contains(&name) && !root.contains("#![forbid(unsafe_code)]") {
            broken.push(format!("{name}/src/lib.rs does not say #![forbid(unsafe_code)]"));
        }
    }
    none("kernel crates are no_std, and these forbid unsafe", broken);
}

#[test]
fn unsafe_stands_where_it_may() {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    let mut broken = Vec::new();
    for source in rust() {
        for (n, line) in source.code() {
            // Attributes (`unsafe(naked)`, `forbid(unsafe_code)`) and text are not code that does anything.
            let code: String = line.split('"').step_by(2).collect();
            if !has_word(&code, "unsafe") || code.trim_start().starts_with('#') {
                continue;
            }
            match UNSAFE.iter().find(|(place, _, _)| source.path.starts_with(place)) {
                Some((place, _, _)) => *counts.entry(place).or_default() += 1,
                None => broken.push(format!("{}:{n}: {}", source.path, line.trim())),
            }
        }
    }
    for (place, allowed, why) in UNSAFE {
        let count = counts.get(place).copied().unwrap_or(0);
        if count > allowed {
            broken.push(format!("{place} has {count}, allowed are {allowed} ({why})"));
        }
    }
    none("unsafe stands in the places of UNSAFE only, and not oftener than it says", broken);
}

#[test]
fn files_are_short() {
    let mut lengths: Vec<(usize, String)> = rust().into_iter().map(|s| (s.text.lines().count(), s.path)).collect();
    lengths.sort();
    let long = lengths.iter().filter(|(n, _)| *n > MAX_LINES).map(|(n, p)| format!("{p}: {n} lines"));
    none("no file has more than 800 lines", long.collect());
    let median = lengths[lengths.len() / 2].0;
    assert!(median <= MAX_MEDIAN, "the median file has {median} lines, not at most {MAX_MEDIAN}");
}

/// Whether a path is one of the kernel crates' sources, and not of their tests.
fn kernel(source: &Source) -> bool {
    let for_tests = ["/testing.rs", "/tests.rs"].iter().any(|end| source.path.ends_with(end))
        || source.path.contains("/src/") && source.path.contains("/tests/");
    !for_tests && CRATES.iter().any(|(name, _, kernel)| *kernel && source.of_crate(name))
}

#[test]
fn no_hidden_state() {
    let cells = [
        "Cell<",
        "RefCell<",
        "UnsafeCell<",
        "Mutex<",
        "RwLock<",
        "Once",
        "Lazy",
        "AtomicBool",
        "AtomicU",
        "AtomicI",
        "AtomicPtr",
        "SpinLock<",
    ];
    let mut broken = Vec::new();
    for source in rust() {
        for (n, line) in source.code() {
            let mutable = ["static", "mut"].join(" ");
            if has_word(line, &mutable) && !line.contains('"') {
                broken.push(format!("{}:{n}: {}", source.path, line.trim()));
            }
            let item = line.trim_start().trim_start_matches("pub ").trim_start_matches("pub(crate) ");
            if kernel(&source) && item.starts_with("static ") && cells.iter().any(|c| item.contains(c)) {
                broken.push(format!("{}:{n}: {}", source.path, line.trim()));
            }
        }
    }
    none("state lives in the arena and not in statics, which every process would have its own of", broken);
}

#[test]
fn nothing_is_left_to_do() {
    let mut broken = Vec::new();
    for source in rust() {
        for (n, line) in source.code() {
            for name in ["todo", "unimplemented", "dbg"] {
                if line.contains(&format!("{name}!(")) {
                    broken.push(format!("{}:{n}: {}", source.path, line.trim()));
                }
            }
        }
    }
    none("no placeholder that panics, no debugging print", broken);
}

#[test]
fn every_file_says_what_it_is() {
    // What `include!` takes in can only have a plain comment.
    let head = |s: &Source| if s.path == "personality/src/rows.rs" { "// " } else { "//!" };
    let silent = rust().into_iter().filter(|s| !s.text.trim_start().starts_with(head(s)));
    none("every file starts with a //! header", silent.map(|s| s.path).collect());
}

#[test]
fn no_path_of_one_machine() {
    // Put together here, so that this file does not break its own rule.
    let homes = [format!("/{}/", "work"), format!("/{}/", "root"), format!("/{}/", "home")];
    let mut broken = Vec::new();
    for source in files(&[]) {
        for (n, line) in source.text.lines().enumerate() {
            let own = |home: &String| {
                line.match_indices(home.as_str()).any(|(at, _)| {
                    // A relative path like target/work/ is nobody's machine.
                    let before = line[..at].chars().next_back();
                    !before.is_some_and(|c| c.is_alphanumeric() || "._-)}*$".contains(c))
                })
            };
            if homes.iter().any(own) {
                broken.push(format!("{}:{}: {}", source.path, n + 1, line.trim()));
            }
        }
    }
    none("no absolute path of somebody's machine", broken);
}
