//! The embedding API: describe a sandbox, run it.
//!
//! ```no_run
//! let status = umlaut::sandbox::Sandbox::new(["bash", "-c", "echo hello"]).hostname("box").run().unwrap();
//! ```

use crate::supervisor;
use anyhow::Result;
use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::path::PathBuf;
use vkernel::kernel::Patching;

/// How guest calls are intercepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Trap {
    /// `sud` where the host has it, else `seccomp`, with a word about it.
    Auto,
    /// Syscall User Dispatch.
    Sud,
    /// A seccomp filter that raises SIGSYS.
    Seccomp,
    /// A tracer process with PTRACE_SYSEMU: slow, to compare and to teach with.
    Ptrace,
}

/// When call sites are replaced by jumps into the kernel.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Patch {
    /// Once they have trapped often.
    On,
    /// Never.
    Off,
    /// As soon as they have trapped once: for tests of patching itself.
    Eager,
}

impl From<Patch> for Patching {
    fn from(patch: Patch) -> Patching {
        match patch {
            Patch::On => Patching::On,
            Patch::Off => Patching::Off,
            Patch::Eager => Patching::Eager,
        }
    }
}

/// Which network the sandbox sees.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum Network {
    /// A loopback of its own and nothing else.
    #[default]
    None,
    /// The host's.
    Host,
}

/// A port of the sandbox that can be connected to from outside.
#[derive(Clone, Copy, Debug)]
pub struct Publish {
    /// Where on the host.
    pub host: std::net::SocketAddr,
    /// The port inside.
    pub port: u16,
}

/// A host directory or file shown inside.
#[derive(Clone, Debug)]
pub struct Bind {
    /// On the host.
    pub source: PathBuf,
    /// Inside, absolute.
    pub target: PathBuf,
    /// Whether changes go through to the host.
    pub writable: bool,
}

/// A sandbox to be.
#[derive(Clone, Debug)]
pub struct Sandbox {
    pub(crate) command: Vec<OsString>,
    pub(crate) trap: Trap,
    pub(crate) patch: Patch,
    pub(crate) root: bool,
    pub(crate) trace: bool,
    pub(crate) stats: bool,
    pub(crate) hostname: Option<String>,
    pub(crate) env: BTreeMap<OsString, OsString>,
    pub(crate) workdir: Option<PathBuf>,
    pub(crate) rootfs: Option<PathBuf>,
    pub(crate) binds: Vec<Bind>,
    pub(crate) stack_limit: Option<u64>,
    pub(crate) network: Network,
    pub(crate) net_allow: Vec<String>,
    pub(crate) publish: Vec<Publish>,
}

impl Sandbox {
    /// A sandbox that runs `command` with the caller's environment, ids, working directory and descriptors.
    pub fn new<I: IntoIterator<Item = S>, S: Into<OsString>>(command: I) -> Sandbox {
        Sandbox {
            command: command.into_iter().map(Into::into).collect(),
            trap: Trap::Auto,
            patch: Patch::On,
            root: false,
            trace: false,
            stats: false,
            hostname: None,
            env: std::env::vars_os().collect(),
            workdir: None,
            rootfs: None,
            binds: Vec::new(),
            stack_limit: None,
            network: Network::None,
            net_allow: Vec::new(),
            publish: Vec::new(),
        }
    }

    /// Chooses the trap mechanism.
    pub fn trap(mut self, trap: Trap) -> Sandbox {
        self.trap = trap;
        self
    }

    /// When call sites are patched, so that they do not trap any more. Never with [`Trap::Ptrace`].
    pub fn patch(mut self, patch: Patch) -> Sandbox {
        self.patch = patch;
        self
    }

    /// User 0 inside, with all capabilities over what is virtual.
    pub fn root(mut self, root: bool) -> Sandbox {
        self.root = root;
        self
    }

    /// Writes every call to stderr.
    pub fn trace(mut self, trace: bool) -> Sandbox {
        self.trace = trace;
        self
    }

    /// Says at the end, on stderr, how calls came in and which call sites were patched.
    pub fn stats(mut self, stats: bool) -> Sandbox {
        self.stats = stats;
        self
    }

    /// The name that `uname -n` gives.
    pub fn hostname(mut self, name: impl Into<String>) -> Sandbox {
        self.hostname = Some(name.into());
        self
    }

    /// Sets or removes an environment variable.
    pub fn env(mut self, name: impl AsRef<OsStr>, value: Option<&OsStr>) -> Sandbox {
        match value {
            Some(v) => self.env.insert(name.as_ref().to_owned(), v.to_owned()),
            None => self.env.remove(name.as_ref()),
        };
        self
    }

    /// The working directory inside.
    pub fn workdir(mut self, dir: impl Into<PathBuf>) -> Sandbox {
        self.workdir = Some(dir.into());
        self
    }

    /// A host directory as root instead of `/`; it does not change either.
    pub fn rootfs(mut self, dir: impl Into<PathBuf>) -> Sandbox {
        self.rootfs = Some(dir.into());
        self
    }

    /// The soft stack limit inside, instead of the caller's.
    pub fn stack_limit(mut self, bytes: Option<u64>) -> Sandbox {
        self.stack_limit = bytes;
        self
    }

    /// Shows a host directory or file inside.
    pub fn bind(mut self, bind: Bind) -> Sandbox {
        self.binds.push(bind);
        self
    }

    /// The network inside.
    pub fn network(mut self, network: Network) -> Sandbox {
        self.network = network;
        self
    }

    /// Lets the sandbox connect and send to this `HOST:PORT`, of TCP and UDP. Names are looked up when the sandbox starts. With
    /// [`Network::Host`], everything that is not allowed is then refused.
    pub fn net_allow(mut self, host_port: impl Into<String>) -> Sandbox {
        self.net_allow.push(host_port.into());
        self
    }

    /// Makes a TCP port of the sandbox one of the host's, too.
    pub fn publish(mut self, publish: Publish) -> Sandbox {
        self.publish.push(publish);
        self
    }

    /// Runs it to its end: the command's exit status, 128+n when a signal killed it, 126 or 127 when it could not be executed
    /// or found. Once in a process: the kernel's memory stands at fixed addresses.
    pub fn run(self) -> Result<i32> {
        supervisor::run(&self)
    }
}
