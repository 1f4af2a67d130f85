//! The host's own `/proc` and `/sys`: where facts about the machine come from.

use alloc::ffi::CString;
use alloc::string::String;
use alloc::vec::Vec;
use host::sys::{fd, path};
use host::{Errno, Result};

const AT_FDCWD: i32 = -100;
const CHUNK: usize = 16 << 10;
/// More than any of the files read here has.
const MOST: usize = 4 << 20;

/// The text of a file of the host.
pub fn read_host(name: &str) -> Result<Vec<u8>> {
    let name = CString::new(name).map_err(|_| Errno::ENOENT)?;
    let file = path::open_follow(AT_FDCWD, &name, 0, 0)?;
    let mut out = Vec::new();
    while out.len() < MOST {
        let at = out.len();
        out.try_reserve(CHUNK).map_err(|_| Errno::ENOMEM)?;
        out.resize(at + CHUNK, 0);
        let n = fd::pread(file.raw(), at as u64, out.get_mut(at..).unwrap_or_default())?;
        out.truncate(at + n);
        if n == 0 {
            break;
        }
    }
    Ok(out)
}

/// The same as text; empty when there is none.
pub(super) fn host_text(name: &str) -> String {
    read_host(name).map(|t| String::from_utf8_lossy(&t).into_owned()).unwrap_or_default()
}

/// Memory of another host process of the sandbox.
pub(super) fn read_host_memory(pid: u32, start: usize, len: usize) -> Result<Vec<u8>> {
    let name = CString::new(alloc::format!("/proc/{pid}/mem")).map_err(|_| Errno::ENOENT)?;
    let file = path::open_follow(AT_FDCWD, &name, 0, 0)?;
    let mut out = Vec::new();
    out.try_reserve_exact(len).map_err(|_| Errno::ENOMEM)?;
    out.resize(len, 0);
    let mut done = 0;
    while done < len {
        let at = start.checked_add(done).ok_or(Errno::EFAULT)? as u64;
        match fd::pread(file.raw(), at, out.get_mut(done..).unwrap_or_default())? {
            0 => break,
            n => done += n,
        }
    }
    out.truncate(done);
    Ok(out)
}

/// The numbers of a line `name: value kB` or `name value`; `None` when there is no such line.
pub(super) fn number_after(text: &str, name: &str) -> Option<u64> {
    let line = text.lines().find_map(|l| l.strip_prefix(name))?;
    line.trim_start_matches(':').split_whitespace().next()?.parse().ok()
}

/// What is of interest in the host's `/proc/PID/stat`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct HostStat {
    pub minflt: u64,
    pub majflt: u64,
    pub utime: u64,
    pub stime: u64,
    pub processor: u64,
}

impl HostStat {
    /// Of a host process, or of one thread of it.
    pub fn read(pid: u32, tid: Option<u32>) -> HostStat {
        let text = match tid {
            Some(tid) => host_text(&alloc::format!("/proc/{pid}/task/{tid}/stat")),
            None => host_text(&alloc::format!("/proc/{pid}/stat")),
        };
        HostStat::parse(&text)
    }

    /// The name in parentheses may hold anything, so the fields are counted from its end.
    pub fn parse(text: &str) -> HostStat {
        let rest = text.rfind(')').and_then(|at| text.get(at + 1..)).unwrap_or_default();
        let fields: Vec<&str> = rest.split_whitespace().collect();
        // Field 3 of proc(5) is the first one here.
        let field = |n: usize| fields.get(n - 3).and_then(|f| f.parse().ok()).unwrap_or(0);
        HostStat { minflt: field(10), majflt: field(12), utime: field(14), stime: field(15), processor: field(39) }
    }
}
