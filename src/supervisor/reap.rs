//! Reaping host processes: the ordinary ends, and those that came from outside.

use super::{heap, timekeeper};
use host::sys::process as host_process;
use std::sync::Arc;
use vkernel::Task;
use vkernel::kernel::kernel;
use vkernel::task::Exit;

/// What a reaped host process means for the sandbox.
pub enum Outcome {
    /// Nothing, or a guest process died and its parent has been told.
    Fine,
    /// It died while it held a lock of the kernel: nothing can be trusted any more.
    Poisoned,
}

/// One host process has ended with this wait status.
pub fn process_ended(pid: u32, status: i32) -> Outcome {
    heap::in_arena(|| {
        let victims = tasks_of(pid);
        let Some(victims) = victims else { return Outcome::Poisoned };
        if victims.iter().any(|t| t.thread.locks_held() > 0) || timekeeper::died_in_kernel(pid) {
            return Outcome::Poisoned;
        }
        if victims.is_empty() {
            return Outcome::Fine;
        }
        let how = match libc::WIFSIGNALED(status) {
            true => Exit::signal(libc::WTERMSIG(status) as u32, false),
            // A host process that exits by itself has ended its tasks before; this one gave up.
            false => Exit::code(libc::WEXITSTATUS(status)),
        };
        for t in &victims {
            t.exit_by_host(how);
        }
        Outcome::Fine
    })
}

/// The tasks that still claim to live in that host process, or that it was about to make; `None` when the table can't be looked at.
fn tasks_of(pid: u32) -> Option<Vec<Arc<Task>>> {
    let all = kernel().tasks.try_all_tasks(is_dead)?;
    Some(
        all.into_iter()
            .filter(|t| (t.thread.host_pid() == pid || t.thread.abandon(pid)) && !t.thread.is_dead())
            .collect(),
    )
}

/// Whether a host thread has ended: a table that is only much asked for stays locked for long, too.
fn is_dead(tid: u32) -> bool {
    match std::fs::read_to_string(format!("/proc/{tid}/stat")) {
        Ok(stat) => stat.rsplit_once(')').is_some_and(|(_, rest)| rest.trim_start().starts_with(['Z', 'X'])),
        Err(e) => e.kind() == std::io::ErrorKind::NotFound,
    }
}

/// Kills and reaps everything that is left. Takes no lock: a killed process may have held any. What escapes the deadline dies
/// with the supervisor.
pub fn kill_all() {
    let deadline = std::time::Instant::now() + std::time::Duration::from_secs(3);
    while std::time::Instant::now() < deadline {
        if reap_the_dead() {
            return;
        }
        for pid in children() {
            let _ = host_process::kill(pid, libc::SIGKILL);
        }
        if reap_the_dead() {
            return;
        }
        std::thread::sleep(std::time::Duration::from_micros(300));
    }
}

/// Reaps what has ended; whether no child is left at all.
fn reap_the_dead() -> bool {
    loop {
        let mut status = 0;
        // SAFETY: a live word.
        match unsafe { libc::waitpid(-1, &mut status, libc::__WALL | libc::WNOHANG) } {
            0 => return false,
            -1 => return true,
            _ => {}
        }
    }
}

/// The host's list of our children.
fn children() -> Vec<u32> {
    let me = std::process::id();
    let text = std::fs::read_to_string(format!("/proc/{me}/task/{me}/children"));
    match text {
        Ok(t) => t.split_whitespace().filter_map(|p| p.parse().ok()).collect(),
        Err(_) => children_by_scan(me),
    }
}

/// On hosts without that file: by the parent's id in every process's status.
fn children_by_scan(me: u32) -> Vec<u32> {
    let Ok(dir) = std::fs::read_dir("/proc") else { return Vec::new() };
    let pids = dir.flatten().filter_map(|e| e.file_name().to_str()?.parse::<u32>().ok());
    pids.filter(|p| parent_of(*p) == Some(me)).collect()
}

fn parent_of(pid: u32) -> Option<u32> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    stat.rsplit_once(')')?.1.split_whitespace().nth(1)?.parse().ok()
}
