//! What a case is: the program to run and what the harness has to know about it.

use crate::mode::Mode;
use std::path::PathBuf;
use std::time::Duration;

/// What is executed.
#[derive(Clone, Debug)]
pub enum Program {
    /// `shell -c text`.
    Shell {
        /// The shell, by path.
        shell: &'static str,
        /// The text it is given.
        text: String,
    },
    /// A program and its arguments.
    Argv(Vec<String>),
}

impl Program {
    /// The argument vector.
    pub fn argv(&self) -> Vec<String> {
        match self {
            Program::Shell { shell, text } => {
                vec![(*shell).to_string(), "-c".to_string(), text.clone()]
            }
            Program::Argv(argv) => argv.clone(),
        }
    }
}

/// One test case.
#[derive(Clone, Debug)]
pub struct Case {
    /// A name that is unique within its suite; also the name of its directory.
    pub name: String,
    /// What is run.
    pub program: Program,
    /// Variables added to the fixed environment.
    pub env: Vec<(String, String)>,
    /// Its standard input; `None`: empty.
    pub stdin: Option<String>,
    /// A directory whose files are copied into the fresh working directory.
    pub files: Option<PathBuf>,
    /// The traps it is run with.
    pub modes: Vec<Mode>,
    /// Run with `--root`, natively as root.
    pub root: bool,
    /// The script that makes the root directory in which it runs: natively by `chroot`, with `--rootfs` under umlaut.
    pub rootfs: Option<PathBuf>,
    /// Run with `--net=host`.
    pub host_network: bool,
    /// Compare standard output with its lines sorted (parallel writers).
    pub sort: bool,
    /// The status the native run must end with, as a shell would show it (128+n for a signal).
    /// `None`: any but 98 and 99, with which a guest says that a step it needs has failed.
    pub status: Option<i32>,
    /// The native run must write something; a case that compares nothing shows nothing.
    pub must_speak: bool,
    /// It reads its own text: what a patched site shows is not what stands in its file.
    pub reads_text: bool,
    /// Why it cannot be run at all (its program does not compile): a failure of the case.
    pub broken: Option<String>,
    /// How long the native run may take.
    pub limit: Duration,
}

/// The time a case gets natively unless it says otherwise.
pub const DEFAULT_LIMIT: Duration = Duration::from_secs(20);

impl Case {
    /// A case with every flag at its default.
    pub fn new(name: &str, program: Program) -> Case {
        Case {
            name: name.to_string(),
            program,
            env: Vec::new(),
            stdin: None,
            files: None,
            modes: Mode::TRAPS.to_vec(),
            root: false,
            rootfs: None,
            host_network: false,
            sort: false,
            status: Some(0),
            must_speak: true,
            reads_text: false,
            broken: None,
            limit: DEFAULT_LIMIT,
        }
    }

    /// The time it gets in a mode. A trap that costs two task switches a call is allowed for.
    pub fn limit_in(&self, mode: Mode) -> Duration {
        match mode {
            Mode::Native => self.limit,
            Mode::Sud | Mode::Seccomp | Mode::Unpatched | Mode::Eager => self.limit * 2,
            Mode::Ptrace => self.limit * 8,
        }
    }
}
