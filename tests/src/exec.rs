//! Running one process with a time limit and collecting what it writes.
//!
//! The process becomes the leader of a session of its own, without a terminal, and carries a
//! unique variable: that is how [`crate::procs`] finds everything that came from it.

use crate::procs::{self, Run};
use std::io::Read;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd, RawFd};
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

/// The variable that marks the processes of a run.
pub const TAG: &str = "UMLAUT_TEST_RUN";

/// How much a case may write before it is taken to have run away.
const MAX_OUTPUT: usize = 64 << 20;

/// How long the output may stay open once the process itself has ended.
const LINGER: Duration = Duration::from_secs(5);

/// How long umlaut's host processes may need to be reaped after the command has returned: a moment, but on a busy machine
/// a moment can be long. Who waits for what never goes is told just as well.
pub const REAPING: Duration = Duration::from_secs(10);

/// How a process ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// By itself, with a status.
    Exit(i32),
    /// By a signal.
    Signal(i32),
}

impl End {
    /// The status a shell shows: 128+n for a signal.
    pub fn shell_status(self) -> i32 {
        match self {
            End::Exit(status) => status,
            End::Signal(n) => 128 + n,
        }
    }

    fn from_status(status: ExitStatus) -> End {
        match (status.code(), status.signal()) {
            (Some(code), _) => End::Exit(code),
            (None, signal) => End::Signal(signal.unwrap_or(0)),
        }
    }
}

/// What a run left behind.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// How it ended.
    pub end: End,
    /// Its standard output.
    pub stdout: Vec<u8>,
    /// Its standard error.
    pub stderr: Vec<u8>,
    /// How long it took.
    pub elapsed: Duration,
    /// Why it was ended by the harness, and what its processes were doing then.
    pub trouble: Option<String>,
    /// Processes that were still there afterwards, as text.
    pub left_over: Vec<String>,
}

/// A value for [`TAG`] that no other run on this machine has.
pub fn fresh_tag() -> String {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    format!("{}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed))
}

/// Gives a command the fixed environment of all cases: nothing from the caller gets in.
pub fn plain_environment(command: &mut Command, home: &Path, tmp: &Path, tag: &str) {
    command
        .env_clear()
        .env("PATH", "/usr/bin:/bin:/usr/sbin:/sbin")
        .env("HOME", home)
        .env("TMPDIR", tmp)
        .env("LC_ALL", "C")
        .env("TZ", "UTC")
        .env("TERM", "dumb")
        .env(TAG, tag)
        .stdin(Stdio::null())
        .current_dir(home);
}

/// Makes the command a session leader without core files when it starts.
pub fn in_own_session(command: &mut Command) {
    let prepare = || {
        let no_core = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
        // SAFETY: both are async-signal-safe host calls; `no_core` outlives the call.
        let failed = unsafe { libc::setsid() < 0 || libc::setrlimit(libc::RLIMIT_CORE, &no_core) < 0 };
        if failed {
            return Err(std::io::Error::last_os_error());
        }
        Ok(())
    };
    // SAFETY: the closure makes two host calls and allocates nothing.
    unsafe { command.pre_exec(prepare) };
}

/// Runs the command to its end, or to its limit; afterwards nothing of it is alive.
/// Its standard input is the caller's choice.
pub fn run(mut command: Command, tag: &str, limit: Duration, grace: Duration) -> Outcome {
    in_own_session(&mut command);
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    let started = Instant::now();
    let mut child = match command.spawn() {
        Ok(child) => child,
        Err(e) => return not_started(&command, &e),
    };
    let run = Run::new(child.id(), tag);
    let mut outcome = Outcome {
        end: End::Exit(-1),
        stdout: Vec::new(),
        stderr: Vec::new(),
        elapsed: Duration::ZERO,
        trouble: None,
        left_over: Vec::new(),
    };
    let verdict = collect(&mut child, started + limit, &mut outcome);
    if let Err(reason) = verdict {
        let dump = procs::dump(&run);
        outcome.trouble = Some(format!("{reason} after {:.1?}\n{dump}", started.elapsed()));
        procs::kill(&run);
        let _ = child.kill();
    }
    match child.wait() {
        Ok(status) => outcome.end = End::from_status(status),
        Err(e) => outcome.trouble = Some(format!("waiting failed: {e}")),
    }
    outcome.elapsed = started.elapsed();
    outcome.left_over = procs::wait_gone(&run, grace);
    procs::kill(&run);
    outcome
}

fn not_started(command: &Command, e: &std::io::Error) -> Outcome {
    let program = command.get_program().to_string_lossy().into_owned();
    Outcome {
        end: End::Exit(127),
        stdout: Vec::new(),
        stderr: Vec::new(),
        elapsed: Duration::ZERO,
        trouble: Some(format!("cannot start {program}: {e}")),
        left_over: Vec::new(),
    }
}

/// Reads both pipes until they are closed and the process has ended.
fn collect(child: &mut Child, deadline: Instant, outcome: &mut Outcome) -> Result<(), String> {
    let mut stdout = child.stdout.take();
    let mut stderr = child.stderr.take();
    let pidfd = pidfd(child).map_err(|e| format!("pidfd_open: {e}"))?;
    let mut ended = None;
    loop {
        if stdout.is_none() && stderr.is_none() && ended.is_some() {
            return Ok(());
        }
        let until = ended.map_or(deadline, |at: Instant| (at + LINGER).min(deadline));
        let Some(left) = until.checked_duration_since(Instant::now()) else {
            return Err(match ended {
                None => "did not end".to_string(),
                Some(_) => "ended, but somebody keeps its output open".to_string(),
            });
        };
        let fds = [
            stdout.as_ref().map_or(-1, AsRawFd::as_raw_fd),
            stderr.as_ref().map_or(-1, AsRawFd::as_raw_fd),
            if ended.is_none() { pidfd.as_raw_fd() } else { -1 },
        ];
        let ready = poll(fds, left);
        if ready[0] && !read_some(&mut stdout, &mut outcome.stdout) {
            stdout = None;
        }
        if ready[1] && !read_some(&mut stderr, &mut outcome.stderr) {
            stderr = None;
        }
        if ready[2] {
            ended = Some(Instant::now());
        }
        if outcome.stdout.len() + outcome.stderr.len() > MAX_OUTPUT {
            return Err("wrote without end".to_string());
        }
    }
}

/// Appends what can be read now; false at the end of the file.
fn read_some<R: Read>(from: &mut Option<R>, into: &mut Vec<u8>) -> bool {
    let Some(reader) = from else { return false };
    let mut buffer = [0u8; 65536];
    match reader.read(&mut buffer) {
        Ok(0) => false,
        Ok(n) => {
            into.extend_from_slice(&buffer[..n]);
            true
        }
        Err(e) => e.kind() == std::io::ErrorKind::Interrupted,
    }
}

fn pidfd(child: &Child) -> std::io::Result<OwnedFd> {
    let pid = child.id() as libc::pid_t;
    // SAFETY: pidfd_open takes two integers; the child is not yet reaped, so the pid is ours.
    let fd = unsafe { libc::syscall(libc::SYS_pidfd_open, pid, 0) };
    if fd < 0 {
        return Err(std::io::Error::last_os_error());
    }
    // SAFETY: the call has just returned this descriptor and nobody else owns it.
    Ok(unsafe { OwnedFd::from_raw_fd(fd as RawFd) })
}

/// Which of the descriptors have something to say; negative ones never do.
fn poll(fds: [RawFd; 3], timeout: Duration) -> [bool; 3] {
    let mut set = fds.map(|fd| libc::pollfd { fd, events: libc::POLLIN, revents: 0 });
    let millis = timeout.as_millis().min(60_000) as libc::c_int + 1;
    // SAFETY: `set` is a valid array of three entries for the length of the call.
    let n = unsafe { libc::poll(set.as_mut_ptr(), 3, millis) };
    if n <= 0 {
        return [false; 3];
    }
    set.map(|entry| entry.revents != 0)
}
