//! The command line. Errors of umlaut's own are one line on stderr and status 125; 126 and 127 say that the command could
//! not be executed or found, as `env` and `docker run` have it.

use crate::sandbox::{Bind, Network, Patch, Publish, Sandbox, Trap};
use anyhow::{Context, Result, bail};
use clap::{Args, Parser, Subcommand};
use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt;
use std::path::PathBuf;

/// Status for umlaut's own errors.
const OWN_ERROR: i32 = 125;

#[derive(Parser)]
#[command(
    name = "umlaut",
    version,
    about = "Runs unmodified Linux programs on a Linux kernel in their own address space"
)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Run a command in a sandbox: it sees the host's files and may change them, but the host never changes.
    Run(Run),
    /// Say what this host offers, and what a bounced call costs with each mechanism.
    Doctor {
        /// Print the table of system calls and how much of each there is.
        #[arg(long)]
        calls: bool,
    },
    /// The part of `doctor` that runs in a sandbox.
    #[command(hide = true)]
    DoctorInside,
}

#[derive(Args)]
struct Run {
    /// How calls are intercepted.
    #[arg(long, value_enum, default_value_t = Trap::Auto)]
    trap: Trap,
    /// Replace system calls that are made often by jumps into the kernel.
    #[arg(long, value_enum, default_value_t = Patch::On)]
    patch: Patch,
    /// Be user 0 inside.
    #[arg(long)]
    root: bool,
    /// The host name inside.
    #[arg(long, value_name = "H")]
    hostname: Option<String>,
    /// Set an environment variable; `K` alone removes it.
    #[arg(long, value_name = "K=V")]
    env: Vec<OsString>,
    /// The working directory inside.
    #[arg(long, value_name = "D")]
    workdir: Option<PathBuf>,
    /// Use this directory as the root instead of the host's.
    #[arg(long, value_name = "DIR")]
    rootfs: Option<PathBuf>,
    /// Show a host directory or file inside; `rw` lets changes through.
    #[arg(short = 'v', long = "volume", value_name = "SRC:DST[:ro|rw]")]
    volumes: Vec<OsString>,
    /// The network inside: a loopback of its own, or the host's.
    #[arg(long, value_enum, default_value_t = Network::None)]
    net: Network,
    /// An address that may be connected and sent to, looked up now; with `--net=host` nothing else may then.
    #[arg(long, value_name = "HOST:PORT")]
    net_allow: Vec<String>,
    /// Publish a port of the sandbox on the host, on 127.0.0.1 unless an address is given.
    #[arg(short = 'p', long, value_name = "[ADDR:]HOSTPORT:PORT")]
    publish: Vec<String>,
    /// Write every system call to stderr.
    #[arg(long)]
    trace: bool,
    /// Say at the end how calls came in, and what became of call sites.
    #[arg(long)]
    stats: bool,
    /// The command.
    #[arg(required = true, trailing_var_arg = true, allow_hyphen_values = true, value_name = "CMD")]
    command: Vec<OsString>,
}

/// Parses the command line, does what it says, answers the exit status.
pub fn main() -> i32 {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(e) => {
            let _ = e.print();
            return if e.use_stderr() { OWN_ERROR } else { 0 };
        }
    };
    let result = match cli.command {
        Command::Run(run) => run_command(run),
        Command::Doctor { calls } => crate::doctor::run(calls),
        Command::DoctorInside => crate::doctor::serve_inside(),
    };
    result.unwrap_or_else(|e| {
        eprintln!("umlaut: {e:#}");
        OWN_ERROR
    })
}

fn run_command(run: Run) -> Result<i32> {
    // First, because it changes the environment.
    let stack = crate::supervisor::room::make()?;
    let mut sandbox = Sandbox::new(run.command)
        .trap(run.trap)
        .patch(run.patch)
        .root(run.root)
        .trace(run.trace)
        .stats(run.stats)
        .stack_limit(stack);
    if let Some(name) = run.hostname {
        sandbox = sandbox.hostname(name);
    }
    for pair in &run.env {
        let bytes = pair.as_bytes();
        sandbox = match bytes.iter().position(|&b| b == b'=') {
            Some(0) => bail!("--env {}: no name", pair.to_string_lossy()),
            Some(at) => sandbox.env(OsStr::from_bytes(&bytes[..at]), Some(OsStr::from_bytes(&bytes[at + 1..]))),
            None => sandbox.env(pair, None),
        };
    }
    if let Some(dir) = run.workdir {
        sandbox = sandbox.workdir(dir);
    }
    if let Some(dir) = run.rootfs {
        sandbox = sandbox.rootfs(dir);
    }
    for v in &run.volumes {
        sandbox = sandbox.bind(parse_volume(v).with_context(|| format!("-v {}", v.to_string_lossy()))?);
    }
    sandbox = sandbox.network(run.net);
    for text in run.net_allow {
        sandbox = sandbox.net_allow(text);
    }
    for text in &run.publish {
        sandbox = sandbox.publish(parse_publish(text).with_context(|| format!("-p {text}"))?);
    }
    sandbox.run()
}

/// `[ADDR:]HOSTPORT:PORT`.
fn parse_publish(text: &str) -> Result<Publish> {
    let (host, port) = text.rsplit_once(':').context("wanted HOSTPORT:PORT")?;
    let host = if host.contains(':') { host.to_string() } else { format!("127.0.0.1:{host}") };
    let publish = Publish { host: host.parse().context("wanted an address and a port")?, port: port.parse()? };
    if publish.port == 0 || publish.host.port() == 0 {
        bail!("0 is no port");
    }
    Ok(publish)
}

/// `SRC:DST[:ro|rw]`; read-only unless it says otherwise.
fn parse_volume(text: &OsStr) -> Result<Bind> {
    let parts: Vec<&[u8]> = text.as_bytes().split(|&b| b == b':').collect();
    let (source, target, mode) = match parts[..] {
        [source, target] => (source, target, &b"ro"[..]),
        [source, target, mode] => (source, target, mode),
        _ => bail!("wanted SRC:DST[:ro|rw]"),
    };
    let writable = match mode {
        b"ro" => false,
        b"rw" => true,
        _ => bail!("mode is ro or rw"),
    };
    if source.is_empty() || target.first() != Some(&b'/') {
        bail!("wanted a source and an absolute target");
    }
    let path = |b: &[u8]| PathBuf::from(OsStr::from_bytes(b));
    Ok(Bind { source: path(source), target: path(target), writable })
}
