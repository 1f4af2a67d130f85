//! Room for guests: the host's kernel must have put this program's image and libraries where no guest lives (`host::layout`).
//!
//! It always does, but for one case: with an unlimited (or very large) stack it lays processes out the old way, with
//! libraries in the middle. Then the command line starts itself once more with a smaller stack, and the guest is told the old limit.

use anyhow::{Context, Result, bail};
use host::abi::Rlimit;
use host::layout::{ARENA_END, RUNTIME_IMAGE};
use host::sys::process as host_process;
use std::os::unix::process::CommandExt;

const RLIMIT_STACK: u32 = 3;
/// What Linux gives by default.
const USUAL_STACK: u64 = 8 << 20;
/// Tells the second start what the limit was.
const WAS: &str = "UMLAUT_STACK_LIMIT";

/// Whether this process leaves the guests' addresses free.
pub fn is_free() -> bool {
    RUNTIME_IMAGE.contains(&(is_free as *const () as usize)) && libc::getpid as *const () as usize >= ARENA_END
}

/// For a command line: starts this program again if that makes room. Answers the stack limit that the guest should see if
/// it is not the one in force.
pub fn make() -> Result<Option<u64>> {
    let was = std::env::var(WAS).ok().and_then(|v| v.parse().ok());
    // SAFETY: there are no other threads yet.
    unsafe { std::env::remove_var(WAS) };
    if was.is_some() || is_free() {
        return Ok(was);
    }
    let now = host_process::prlimit(RLIMIT_STACK, None).unwrap_or_default();
    let less = Rlimit { cur: now.cur.min(USUAL_STACK), max: now.max };
    if host_process::prlimit(RLIMIT_STACK, Some(less)).is_err() {
        bail!("the stack limit is too large and cannot be changed");
    }
    let mut args = std::env::args_os();
    let mut again = std::process::Command::new("/proc/self/exe");
    again.arg0(args.next().unwrap_or_default()).args(args).env(WAS, now.cur.to_string());
    Err(again.exec()).context("starting again with a smaller stack")
}
