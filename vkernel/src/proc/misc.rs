//! Small files of a process: `limits`, `comm`, `io`, `oom_*`, `children`, id maps, `timerslack_ns`.

use super::subject::Subject;
use crate::Task;
use crate::kernel::kernel;
use crate::task::limits as rlimits;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::sync::atomic::Ordering::SeqCst;
use fs_emu::cred::Caps;
use host::abi::Rlimit;
use host::{Errno, Result};

/// Name and unit of each limit, in the order of their numbers.
const LIMITS: [(&str, &str); rlimits::COUNT] = [
    ("Max cpu time", "seconds"),
    ("Max file size", "bytes"),
    ("Max data size", "bytes"),
    ("Max stack size", "bytes"),
    ("Max core file size", "bytes"),
    ("Max resident set", "bytes"),
    ("Max processes", "processes"),
    ("Max open files", "files"),
    ("Max locked memory", "bytes"),
    ("Max address space", "bytes"),
    ("Max file locks", "locks"),
    ("Max pending signals", "signals"),
    ("Max msgqueue size", "bytes"),
    ("Max nice priority", ""),
    ("Max realtime priority", ""),
    ("Max realtime timeout", "us"),
];

/// `/proc/PID/personality`, in hexadecimal digits.
pub(super) fn personality(s: &Subject) -> Result<Vec<u8>> {
    Ok(format!("{:08x}\n", s.group.persona.load(SeqCst)).into_bytes())
}

/// `/proc/PID/limits`.
pub(super) fn limits(subject: &Subject) -> Result<Vec<u8>> {
    Ok(render_limits(&subject.group.rlimits()))
}

/// The table.
pub(super) fn render_limits(limits: &[Rlimit; rlimits::COUNT]) -> Vec<u8> {
    let number = |n: u64| if n == u64::MAX { "unlimited".to_string() } else { n.to_string() };
    let mut out = format!("{:<25} {:<20} {:<20} {:<10}\n", "Limit", "Soft Limit", "Hard Limit", "Units");
    for ((name, unit), limit) in LIMITS.iter().zip(limits) {
        out.push_str(&format!("{name:<25} {:<20} {:<20} ", number(limit.cur), number(limit.max)));
        match *unit {
            "" => out.push('\n'),
            unit => out.push_str(&format!("{unit:<10}\n")),
        }
    }
    out.into_bytes()
}

/// `/proc/PID/comm`.
pub(super) fn comm(subject: &Subject) -> Result<Vec<u8>> {
    let mut name = subject.task()?.comm();
    name.push(b'\n');
    Ok(name)
}

/// Only a thread of the same process may set it: `EINVAL`.
pub(super) fn set_comm(subject: &Subject, data: &[u8]) -> Result<()> {
    if !subject.is_own() {
        return Err(Errno::EINVAL);
    }
    subject.task()?.set_comm(data);
    Ok(())
}

/// `/proc/PID/io`.
pub(super) fn io(subject: &Subject) -> Result<Vec<u8>> {
    let [read, written] = &subject.group.io_bytes;
    let (read, written) = (read.load(SeqCst), written.load(SeqCst));
    let rest = "syscr: 0\nsyscw: 0\nread_bytes: 0\nwrite_bytes: 0\ncancelled_write_bytes: 0\n";
    Ok(format!("rchar: {read}\nwchar: {written}\n{rest}").into_bytes())
}

/// `/proc/PID/oom_score`: as for a process that uses next to nothing of the machine's memory.
pub(super) fn oom_score(subject: &Subject) -> Result<Vec<u8>> {
    let adj = subject.group.oom_score_adj.load(SeqCst);
    let score = (1000 + adj).clamp(0, 2000) * 2 / 3;
    Ok(format!("{score}\n").into_bytes())
}

/// `/proc/PID/oom_score_adj`.
pub(super) fn oom_score_adj(subject: &Subject) -> Result<Vec<u8>> {
    Ok(format!("{}\n", subject.group.oom_score_adj.load(SeqCst)).into_bytes())
}

/// Less likely to be killed than before needs a privilege: `EACCES`.
pub(super) fn set_oom_score_adj(subject: &Subject, data: &[u8]) -> Result<()> {
    let value: i32 = number(data)?;
    if !(-1000..=1000).contains(&value) {
        return Err(Errno::EINVAL);
    }
    let adj = &subject.group.oom_score_adj;
    let privileged = Task::current().is_none_or(|me| me.cred().capable(Caps::SYS_RESOURCE));
    if value < adj.load(SeqCst) && !privileged {
        return Err(Errno::EACCES);
    }
    adj.store(value, SeqCst);
    Ok(())
}

/// A decimal number with blanks around it. `EINVAL` for anything else.
fn number<T: core::str::FromStr>(data: &[u8]) -> Result<T> {
    let text = core::str::from_utf8(data).map_err(|_| Errno::EINVAL)?;
    text.trim_matches(|c: char| c.is_ascii_whitespace() || c == '\0').parse().map_err(|_| Errno::EINVAL)
}

/// `/proc/PID/uid_map` and its like: the identity.
pub(super) fn id_map(_: &Subject) -> Result<Vec<u8>> {
    Ok(format!("{:>10} {:>10} {:>10}\n", 0, 0, u32::MAX).into_bytes())
}

/// `/proc/PID/timerslack_ns`.
pub(super) fn timerslack(subject: &Subject) -> Result<Vec<u8>> {
    check_slack(subject)?;
    Ok(format!("{}\n", subject.task()?.timer_slack.load(SeqCst)).into_bytes())
}

/// 0 is the default.
pub(super) fn set_timerslack(subject: &Subject, data: &[u8]) -> Result<()> {
    check_slack(subject)?;
    let value: usize = number(data)?;
    subject.task()?.timer_slack.store(if value == 0 { 50_000 } else { value }, SeqCst);
    Ok(())
}

fn check_slack(subject: &Subject) -> Result<()> {
    let may = Task::current().is_none_or(|me| subject.is_own() || me.cred().capable(Caps::SYS_NICE));
    if may { Ok(()) } else { Err(Errno::EPERM) }
}

/// `/proc/PID/task/TID/children`. All children count as the leader's.
pub(super) fn children(subject: &Subject) -> Result<Vec<u8>> {
    if subject.id != subject.group.tgid {
        return Ok(Vec::new());
    }
    let text: String = kernel().tasks.children_of(subject.id).iter().map(|pid| format!("{pid} ")).collect();
    Ok(text.into_bytes())
}
