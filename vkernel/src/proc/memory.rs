//! What a process's memory holds and how much of it there is: `cmdline`, `environ`, `auxv`, `maps`, `smaps`, `statm`.
//!
//! The memory of another guest is read through the host's `/proc/PID/mem`, which is no more than one process of the sandbox
//! may do to another. Where the host forbids it (Yama), other processes' command lines are empty.

use super::hostfile::{host_text, number_after, read_host_memory};
use super::subject::Subject;
use crate::Task;
use alloc::format;
use alloc::sync::Arc;
use alloc::vec::Vec;
use host::{Errno, Result, user};

/// Most bytes of arguments or environment that are shown.
const MOST: usize = 4 << 20;

/// Sizes in bytes. The mappings are the guest's book's; what is resident is the host's count, which also has the
/// runtime's own pages in it, so that it is cut to the mapped size.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Usage {
    pub size: u64,
    pub peak: u64,
    pub resident: u64,
    pub shared: u64,
    pub exec: u64,
    pub data: u64,
    pub stack: u64,
    pub locked: u64,
}

/// Of a live task.
pub(super) fn usage(task: &Task) -> Usage {
    let mm = task.mm();
    let counts = mm.counts();
    let host = host_text(&format!("/proc/{}/statm", task.thread.host_pid()));
    let mut pages = host.split_whitespace().skip(1).map(|n| n.parse::<u64>().unwrap_or(0).saturating_mul(4096));
    let size = counts.total as u64;
    let resident = pages.next().unwrap_or(0).min(size);
    Usage {
        size,
        peak: (mm.peak() as u64).max(size),
        resident,
        shared: pages.next().unwrap_or(0).min(resident),
        exec: counts.exec as u64,
        data: counts.data as u64,
        stack: counts.stack as u64,
        locked: counts.locked as u64,
    }
}

/// Bytes of the program's own code (`VmExe`).
pub(super) fn code_size(task: &Task) -> u64 {
    let info = task.mm().info();
    let (start, end) = (info.start_code & !4095, info.end_code.saturating_add(4095) & !4095);
    end.saturating_sub(start) as u64
}

/// `/proc/PID/statm`.
pub(super) fn statm(subject: &Subject) -> Result<Vec<u8>> {
    let u = subject.live_task().map(|t| usage(&t)).unwrap_or_default();
    let page = |n: u64| n / 4096;
    let data = u.data.saturating_add(u.stack);
    let [size, resident, shared, text] = [u.size, u.resident, u.shared, u.exec].map(page);
    Ok(format!("{size} {resident} {shared} {text} 0 {} 0\n", page(data)).into_bytes())
}

/// `/proc/PID/maps`.
pub(super) fn maps(subject: &Subject) -> Result<Vec<u8>> {
    Ok(subject.live_task().map(|t| t.mm().render_maps()).unwrap_or_default())
}

/// `/proc/PID/smaps`.
pub(super) fn smaps(subject: &Subject) -> Result<Vec<u8>> {
    Ok(subject.live_task().map(|t| t.mm().render_smaps(subject.is_own())).unwrap_or_default())
}

/// `/proc/PID/auxv`.
pub(super) fn auxv(subject: &Subject) -> Result<Vec<u8>> {
    Ok(subject.live_task().map(|t| t.mm().info().auxv).unwrap_or_default())
}

/// `/proc/PID/environ`.
pub(super) fn environ(subject: &Subject) -> Result<Vec<u8>> {
    let Ok(task) = subject.live_task() else { return Ok(Vec::new()) };
    let info = task.mm().info();
    read(&task, info.env_start, info.env_end)
}

/// `/proc/PID/cmdline`. A program that overwrote the last NUL of its arguments (`setproctitle`) shows one string, which
/// may go on into its environment.
pub(super) fn cmdline(subject: &Subject) -> Result<Vec<u8>> {
    let Ok(task) = subject.live_task() else { return Ok(Vec::new()) };
    let info = task.mm().info();
    let Ok(args) = read(&task, info.arg_start, info.arg_end) else { return Ok(Vec::new()) };
    if args.last().is_none_or(|&b| b == 0) {
        return Ok(args);
    }
    let all = if info.env_start == info.arg_end { read(&task, info.arg_start, info.env_end) } else { Ok(args.clone()) };
    Ok(title(all.unwrap_or(args)))
}

/// Up to and with the first NUL.
pub(super) fn title(mut text: Vec<u8>) -> Vec<u8> {
    if let Some(end) = text.iter().position(|&b| b == 0) {
        text.truncate(end + 1);
    }
    text
}

/// Memory of another process; shorter where it ends. The pages must be there.
pub fn read_memory(task: &Task, start: usize, len: usize) -> Result<Vec<u8>> {
    read_host_memory(task.thread.host_pid(), start, len).map_err(|_| Errno::EFAULT)
}

fn read(task: &Arc<Task>, start: usize, end: usize) -> Result<Vec<u8>> {
    let len = end.saturating_sub(start).min(MOST);
    if len == 0 {
        return Ok(Vec::new());
    }
    let own = Task::current().is_some_and(|me| Arc::ptr_eq(&me.mm(), &task.mm()));
    if !own {
        return read_host_memory(task.thread.host_pid(), start, len);
    }
    let mut out = Vec::new();
    out.try_reserve_exact(len).map_err(|_| Errno::ENOMEM)?;
    out.resize(len, 0);
    user::copy_in(&mut out, start).map(|()| out)
}

/// The host's `/proc/PID/status`, for what only the host counts.
pub(super) struct HostStatus(alloc::string::String);

impl HostStatus {
    pub fn of(task: &Task) -> HostStatus {
        let (pid, tid) = (task.thread.host_pid(), task.thread.host_tid());
        HostStatus(host_text(&format!("/proc/{pid}/task/{tid}/status")))
    }

    /// A size in kB.
    pub fn kb(&self, name: &str) -> u64 {
        number_after(&self.0, name).unwrap_or(0)
    }

    /// The lines that begin so, as they are.
    pub fn lines(&self, start: &str) -> alloc::string::String {
        self.0.lines().filter(|l| l.starts_with(start)).map(|l| format!("{l}\n")).collect()
    }
}
