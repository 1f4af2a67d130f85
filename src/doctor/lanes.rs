//! Where the measured calls are made: in this process, in a child that is armed and has the least of handlers, in a tracee, or
//! in a sandbox. A lane runs one batch when it is told to, so that all of them can be run in turns.

use super::probe;
use crate::sandbox::{Patch, Trap};
use anyhow::{Context, Result, anyhow, bail};
use host::sys::{clock, fd, process as host_process, signal};
use personality::trap::arm;
use std::fs::File;
use std::io::{Read, Write};
use std::os::fd::{AsRawFd, FromRawFd};
use std::process::{Child, Command, Stdio};
use std::time::Instant;
use vkernel::kernel::TrapKind;

const SIGSYS: i32 = 31;
const SA_SIGINFO: u64 = 4;
const CLOCK_MONOTONIC: u32 = 1;

/// Runs batches of `getpid`.
pub trait Lane {
    /// Nanoseconds a call, over a batch of this many.
    fn batch(&mut self, calls: u32) -> Result<f64>;
    /// Calls in a batch that are enough to tell.
    fn enough(&self) -> u32;
}

/// `getpid` by an instruction of this file, which is outside of the gate's page.
#[inline(never)]
fn raw_getpid() {
    // SAFETY: a call without arguments that changes nothing; the answer may be a bounce's.
    unsafe {
        core::arch::asm!("syscall", inout("rax") 39usize => _, out("rcx") _, out("r11") _, options(nostack));
    }
}

struct Native;

impl Lane for Native {
    fn batch(&mut self, calls: u32) -> Result<f64> {
        Ok(timed(calls))
    }

    fn enough(&self) -> u32 {
        20_000
    }
}

fn timed(calls: u32) -> f64 {
    let start = Instant::now();
    for _ in 0..calls {
        raw_getpid();
    }
    start.elapsed().as_nanos() as f64 / f64::from(calls)
}

/// The host's own answer.
pub fn native() -> Box<dyn Lane> {
    Box::new(Native)
}

/// The mechanism alone: it bounces, and nothing answers.
pub fn bare(kind: TrapKind) -> Result<Box<dyn Lane>> {
    Ok(match kind {
        TrapKind::Sud => Box::new(Armed::start(arm::arm_sud)?),
        TrapKind::Seccomp => Box::new(Armed::start(arm::arm_seccomp)?),
        TrapKind::Ptrace => Box::new(Traced::start()?),
    })
}

/// A child that bounces its own calls. It is told how many, and answers with nanoseconds; 8 bytes each.
struct Armed {
    pid: i32,
    ask: File,
    answers: File,
}

impl Armed {
    fn start(how: fn() -> host::Result<()>) -> Result<Armed> {
        let (orders, ask) = pipe()?;
        let (answers, out) = pipe()?;
        let parents = [ask.as_raw_fd(), answers.as_raw_fd()];
        let pid = probe::in_child(|| armed_child(how, orders.as_raw_fd(), out.as_raw_fd(), parents));
        Ok(Armed { pid: pid.map_err(|e| anyhow!("fork: {}", e.name()))?, ask, answers })
    }
}

fn pipe() -> Result<(File, File)> {
    let mut fds = [0; 2];
    // SAFETY: room for two descriptors, which are ours alone.
    unsafe {
        if libc::pipe2(fds.as_mut_ptr(), libc::O_CLOEXEC) != 0 {
            return Err(std::io::Error::last_os_error()).context("pipe");
        }
        Ok((File::from_raw_fd(fds[0]), File::from_raw_fd(fds[1])))
    }
}

/// What the handler does: nothing. The bounced call answers its own number.
unsafe extern "C" fn ignore(_sig: i32, _info: usize, _context: usize) {}

/// Makes no call but through the gate.
fn armed_child(how: fn() -> host::Result<()>, orders: i32, out: i32, parents: [i32; 2]) -> host::Result<()> {
    // SAFETY: `ignore` fits the flags.
    unsafe { signal::action(SIGSYS, ignore as *const () as usize, SA_SIGINFO, 0)? };
    // The parent's ends, so that its death ends this child.
    for end in parents {
        drop(fd::HostFd::from_raw(end));
    }
    how()?;
    let mut order = [0; 8];
    while fd::read(orders, &mut order)? == order.len() {
        let calls = u64::from_ne_bytes(order);
        let start = clock::gettime(CLOCK_MONOTONIC)?;
        for _ in 0..calls {
            raw_getpid();
        }
        let took = clock::gettime(CLOCK_MONOTONIC)?.saturating_sub(start);
        fd::write(out, &took.as_nanos().to_ne_bytes())?;
    }
    Ok(())
}

impl Lane for Armed {
    fn batch(&mut self, calls: u32) -> Result<f64> {
        ask(&mut self.ask, &mut self.answers, calls)
    }

    fn enough(&self) -> u32 {
        2_000
    }
}

impl Drop for Armed {
    fn drop(&mut self) {
        probe::end(self.pid);
    }
}

fn ask(to: &mut impl Write, from: &mut impl Read, calls: u32) -> Result<f64> {
    let mut ns = [0; 8];
    to.write_all(&u64::from(calls).to_ne_bytes())
        .and_then(|()| to.flush())
        .context("the measured process has ended")?;
    from.read_exact(&mut ns).context("the measured process has ended")?;
    Ok(u64::from_ne_bytes(ns) as f64 / f64::from(calls))
}

/// A child whose calls stop before they are made. The tracer only lets it go on.
struct Traced {
    pid: i32,
}

impl Traced {
    fn start() -> Result<Traced> {
        let pid = probe::in_child(|| {
            loop {
                host_process::getpid();
            }
        });
        let lane = Traced { pid: pid.map_err(|e| anyhow!("fork: {}", e.name()))? };
        match probe::seize(lane.pid) {
            Ok(()) => Ok(lane),
            Err(e) => bail!("seize: {}", e.name()),
        }
    }
}

impl Lane for Traced {
    fn batch(&mut self, calls: u32) -> Result<f64> {
        let start = Instant::now();
        for _ in 0..calls {
            probe::to_next_call(self.pid).map_err(|e| anyhow!("sysemu: {}", e.name()))?;
        }
        Ok(start.elapsed().as_nanos() as f64 / f64::from(calls))
    }

    fn enough(&self) -> u32 {
        200
    }
}

impl Drop for Traced {
    fn drop(&mut self) {
        probe::end(self.pid);
    }
}

/// This program in a sandbox, where [`serve_inside`] does the calls.
struct Sandboxed {
    child: Child,
    trap: Trap,
}

/// The whole of it: trap, kernel, answer, way back.
pub fn sandboxed(trap: Trap, patch: Patch) -> Result<Box<dyn Lane>> {
    let me = std::env::current_exe().context("this program's path")?;
    let mut command = Command::new(&me);
    command.args(["run", "--trap", &name(&trap), "--patch", &name(&patch), "--"]).arg(&me).arg("doctor-inside");
    let child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().context("the sandbox")?;
    let mut lane = Sandboxed { child, trap };
    // Once for the start-up.
    lane.batch(1)?;
    Ok(Box::new(lane))
}

/// As it is written on the command line.
fn name(value: &impl clap::ValueEnum) -> String {
    value.to_possible_value().map(|v| v.get_name().to_owned()).unwrap_or_default()
}

/// What `--stats` says of a few thousand calls with patching on.
pub fn stats() -> Result<Vec<String>> {
    let me = std::env::current_exe().context("this program's path")?;
    let mut command = Command::new(&me);
    command.args(["run", "--patch", "on", "--stats", "--"]).arg(&me).arg("doctor-inside");
    let piped = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = piped.spawn().context("the sandbox")?;
    if let (Some(to), Some(from)) = (&mut child.stdin, &mut child.stdout) {
        ask(to, from, 5_000)?;
    }
    let out = child.wait_with_output().context("the sandbox")?;
    let text = String::from_utf8_lossy(&out.stderr);
    Ok(text.lines().map(|line| line.trim_start_matches("umlaut: ").to_owned()).collect())
}

impl Lane for Sandboxed {
    fn batch(&mut self, calls: u32) -> Result<f64> {
        match (&mut self.child.stdin, &mut self.child.stdout) {
            (Some(to), Some(from)) => ask(to, from, calls),
            _ => bail!("the sandbox has no pipes"),
        }
    }

    fn enough(&self) -> u32 {
        if self.trap == Trap::Ptrace { 100 } else { 2_000 }
    }
}

impl Drop for Sandboxed {
    fn drop(&mut self) {
        // End of input: it exits by itself.
        self.child.stdin = None;
        let _ = self.child.wait();
    }
}

/// The hidden subcommand `doctor-inside`: answers each 8-byte number of calls with the nanoseconds that they took.
pub fn serve_inside() -> Result<i32> {
    let (mut input, mut output) = (std::io::stdin(), std::io::stdout());
    let mut order = [0; 8];
    while input.read_exact(&mut order).is_ok() {
        let calls = u32::try_from(u64::from_ne_bytes(order)).context("too many calls")?;
        let ns = (timed(calls) * f64::from(calls)) as u64;
        output.write_all(&ns.to_ne_bytes())?;
        output.flush()?;
    }
    Ok(0)
}
