//! The host processes of a run: finding them, saying what they hang in, ending them.
//!
//! A process belongs to a run if it is in the session that the run's leader opened, or if its
//! initial environment holds the run's tag. umlaut never makes a host session of its own, and a
//! guest natively may, so the two together find everything.

use crate::exec::TAG;
use std::fmt::Write as _;
use std::fs;
use std::process::Command;
use std::time::{Duration, Instant};

/// How a run's processes are recognised.
#[derive(Clone, Debug)]
pub struct Run {
    leader: u32,
    tag: String,
}

/// A host process.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proc {
    /// Its id.
    pub pid: u32,
    /// Its name.
    pub name: String,
    /// Its state letter, as in `/proc/PID/stat`.
    pub state: char,
    /// Its parent.
    pub parent: u32,
    /// When it started, in clock ticks since boot: orders the processes of a run.
    pub start: u64,
    session: u32,
}

impl Run {
    /// The run that was started as process `leader`, with that tag.
    pub fn new(leader: u32, tag: &str) -> Run {
        Run { leader, tag: format!("{TAG}={tag}") }
    }

    fn owns(&self, p: &Proc) -> bool {
        p.session == self.leader || p.pid == self.leader || {
            let environ = fs::read(format!("/proc/{}/environ", p.pid)).unwrap_or_default();
            environ.split(|b| *b == 0).any(|v| v == self.tag.as_bytes())
        }
    }

    /// Its processes that are alive (not zombies), oldest first.
    pub fn alive(&self) -> Vec<Proc> {
        let mut found: Vec<Proc> =
            all().into_iter().filter(|p| !matches!(p.state, 'Z' | 'X') && self.owns(p)).collect();
        found.sort_by_key(|p| (p.start, p.pid));
        found
    }
}

/// Every process of the host that can be read.
fn all() -> Vec<Proc> {
    let Ok(dir) = fs::read_dir("/proc") else {
        return Vec::new();
    };
    dir.flatten().filter_map(|entry| entry.file_name().to_str()?.parse().ok()).filter_map(read).collect()
}

/// Parses `/proc/PID/stat`; the name stands in brackets and may hold anything.
fn read(pid: u32) -> Option<Proc> {
    let stat = String::from_utf8_lossy(&fs::read(format!("/proc/{pid}/stat")).ok()?).into_owned();
    let open = stat.find('(')?;
    let close = stat.rfind(')')?;
    let rest: Vec<&str> = stat.get(close + 1..)?.split_whitespace().collect();
    Some(Proc {
        pid,
        name: stat.get(open + 1..close)?.to_string(),
        state: rest.first()?.chars().next()?,
        parent: rest.get(1)?.parse().ok()?,
        session: rest.get(3)?.parse().ok()?,
        start: rest.get(19)?.parse().ok()?,
    })
}

/// Sends SIGKILL to one process.
pub fn kill_one(pid: u32) {
    // SAFETY: kill takes two integers. The pid was read from /proc a moment ago.
    unsafe { libc::kill(pid as libc::pid_t, libc::SIGKILL) };
}

/// Kills everything that belongs to a run, also what it starts meanwhile.
pub fn kill(run: &Run) {
    for _ in 0..50 {
        let alive = run.alive();
        if alive.is_empty() {
            return;
        }
        alive.iter().for_each(|p| kill_one(p.pid));
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// Waits until nothing of a run is alive; says what still is when the time is over.
pub fn wait_gone(run: &Run, grace: Duration) -> Vec<String> {
    let deadline = Instant::now() + grace;
    loop {
        let alive = run.alive();
        if alive.is_empty() || Instant::now() >= deadline {
            return alive
                .iter()
                .map(|p| format!("pid {} ({}) state {} parent {}", p.pid, p.name, p.state, p.parent))
                .collect();
        }
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// What every process of a run is doing: for the report of a hang.
pub fn dump(run: &Run) -> String {
    let mut out = String::new();
    let alive = run.alive();
    for p in &alive {
        for task in tasks(p.pid) {
            let short = |file: &str| {
                let text = fs::read_to_string(format!("/proc/{}/task/{task}/{file}", p.pid)).unwrap_or_default();
                text.split_whitespace().take(4).collect::<Vec<_>>().join(" ")
            };
            let (wchan, call) = (short("wchan"), short("syscall"));
            let _ = writeln!(out, "{} ({}) task {task} state {}: {wchan} {call}", p.pid, p.name, p.state);
        }
    }
    for p in &alive {
        let _ = writeln!(out, "--- host process {} ({}) ---", p.pid, p.name);
        for task in tasks(p.pid) {
            let _ = writeln!(out, "task {task}:");
            for file in ["status", "wchan", "syscall", "stack"] {
                section(&mut out, &format!("/proc/{}/task/{task}/{file}", p.pid), file);
            }
        }
        section(&mut out, &format!("/proc/{}/maps", p.pid), "maps");
        out.push_str(&backtrace(p.pid));
    }
    out
}

fn tasks(pid: u32) -> Vec<u32> {
    let Ok(dir) = fs::read_dir(format!("/proc/{pid}/task")) else {
        return Vec::new();
    };
    dir.flatten().filter_map(|e| e.file_name().to_str()?.parse().ok()).collect()
}

fn section(out: &mut String, path: &str, title: &str) {
    let text = match fs::read(path) {
        Ok(bytes) => String::from_utf8_lossy(&bytes).into_owned(),
        Err(e) => format!("({e})"),
    };
    let _ = writeln!(out, "[{title}] {}", text.trim_end());
}

/// The stacks as gdb sees them, if it is there; it gets ten seconds.
fn backtrace(pid: u32) -> String {
    let gdb = Command::new("timeout")
        .args(["-s", "KILL", "10", "gdb", "-nx", "-batch", "-p", &pid.to_string()])
        .args(["-ex", "thread apply all bt 30"])
        .args(["-ex", "thread apply all info registers rip rsp rax"])
        .stdin(std::process::Stdio::null())
        .output();
    match gdb {
        Ok(o) if !o.stdout.is_empty() => format!("[gdb]\n{}\n", String::from_utf8_lossy(&o.stdout)),
        Ok(o) => format!("[gdb] {}\n", String::from_utf8_lossy(&o.stderr)),
        Err(e) => format!("[gdb] {e}\n"),
    }
}
