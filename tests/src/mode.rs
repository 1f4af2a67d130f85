//! Natively, or under umlaut with one of its traps; and where the umlaut binary is.

use crate::case::Case;
use crate::{paths, roots};
use std::path::PathBuf;
use std::process::Command;
use std::sync::OnceLock;

/// Which kernel answers a case.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// The host's.
    Native,
    /// umlaut's, entered by Syscall User Dispatch.
    Sud,
    /// umlaut's, entered by a seccomp trap.
    Seccomp,
    /// umlaut's, entered by a second process with PTRACE_SYSEMU.
    Ptrace,
    /// As `Sud`, with no call site patched.
    Unpatched,
    /// As `Sud`, with call sites patched at their first use.
    Eager,
}

impl Mode {
    /// The three traps.
    pub const TRAPS: [Mode; 3] = [Mode::Sud, Mode::Seccomp, Mode::Ptrace];

    /// Its name, in `UMLAUT_TRAP` and on umlaut's command line.
    pub fn name(self) -> &'static str {
        match self {
            Mode::Native => "native",
            Mode::Sud => "sud",
            Mode::Seccomp => "seccomp",
            Mode::Ptrace => "ptrace",
            Mode::Unpatched => "unpatched",
            Mode::Eager => "eager",
        }
    }

    /// The mode that a case which is meant for this one must name: those that only differ in patching are all `Sud`.
    pub fn trap(self) -> Mode {
        match self {
            Mode::Unpatched | Mode::Eager => Mode::Sud,
            other => other,
        }
    }

    /// The trap of that name.
    pub fn from_name(name: &str) -> Option<Mode> {
        Mode::TRAPS.into_iter().chain([Mode::Unpatched, Mode::Eager]).find(|m| m.name() == name)
    }

    /// Whether `UMLAUT_TRAP` (a comma-separated list) leaves this trap in.
    pub fn wanted(self) -> bool {
        match std::env::var("UMLAUT_TRAP") {
            Ok(list) if !list.is_empty() => list.split(',').any(|t| t.trim() == self.name()),
            _ => true,
        }
    }

    /// The command that runs a case in this mode, without environment and directory.
    pub fn command(self, case: &Case) -> Command {
        let argv = case.program.argv();
        let (first, rest) = argv.split_first().expect("a case has a program");
        let rootfs = case.rootfs.as_deref().map(roots::folder);
        let mut command = if self == Mode::Native {
            match &rootfs {
                Some(root) => {
                    let mut c = Command::new("chroot");
                    c.arg(root).arg(first);
                    c
                }
                None => Command::new(first),
            }
        } else {
            // A program that reads its own text knows patches as soon as there are any.
            let mode = if case.reads_text && self == Mode::Eager { Mode::Sud } else { self };
            let mut c = umlaut(mode);
            if case.root {
                c.arg("--root");
            }
            if case.host_network {
                c.arg("--net=host");
            }
            if let Some(root) = &rootfs {
                c.arg("--rootfs").arg(root);
            }
            c.arg("--").arg(first);
            c
        };
        command.args(rest);
        command
    }
}

/// `umlaut run --trap=…`, to be completed with options, `--` and the command.
pub fn umlaut(mode: Mode) -> Command {
    let mut command = Command::new(binary());
    command.arg("run").arg(format!("--trap={}", mode.trap().name()));
    let asked = std::env::var("UMLAUT_PATCH").ok().filter(|p| !p.is_empty());
    let patch = match mode {
        Mode::Unpatched => Some("off".to_string()),
        Mode::Eager => Some("eager".to_string()),
        _ => asked,
    };
    command.args(patch.map(|p| format!("--patch={p}")));
    command
}

/// The umlaut binary: `UMLAUT_BIN`, else a release build that is brought up to date once.
pub fn binary() -> &'static PathBuf {
    static BINARY: OnceLock<PathBuf> = OnceLock::new();
    BINARY.get_or_init(|| match std::env::var_os("UMLAUT_BIN") {
        // Cases run in directories of their own, so a relative path would get lost.
        Some(path) if !path.is_empty() => std::fs::canonicalize(path).expect("UMLAUT_BIN names a file"),
        _ => build(),
    })
}

/// Builds umlaut with cargo, which does nothing when it is fresh.
fn build() -> PathBuf {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let status = Command::new(cargo)
        .args(["build", "--quiet", "--release", "--package", "umlaut"])
        .arg("--target-dir")
        .arg(paths::target())
        .current_dir(paths::repo())
        .status()
        .expect("cargo can be started");
    assert!(status.success(), "umlaut does not build");
    paths::target().join("release/umlaut")
}
