//! Room for guests: the host's kernel must have put this program's image and libraries where no guest lives (`host::layout`).
//!
//! It does, but for two cases. With an unlimited (or very large) stack it lays processes out the old way, with libraries in the
//! middle; and with `vm.mmap_rnd_bits` above Debian's 28 it spreads them over more than the runtime's part. Then the command line
//! starts itself once more, with a smaller stack and without the host's randomisation (the guest's is this kernel's own), and tells
//! the guest the old limit. Where a container's filter forbids `personality(2)`, it starts itself until the dice fall well.

use anyhow::{Context, Result, bail};
use host::abi::Rlimit;
use host::layout::{ARENA_END, RUNTIME_IMAGE};
use host::sys::process as host_process;
use std::os::unix::process::CommandExt;

const RLIMIT_STACK: u32 = 3;
/// What Linux gives by default.
const USUAL_STACK: u64 = 8 << 20;
/// Tells the next start what the limit was, and how many starts there were.
const WAS: &str = "UMLAUT_STACK_LIMIT";
/// With 32 random bits one start in about 80 finds room.
const MOST_STARTS: u32 = 1_000;
/// What the host may put behind the image, and below the C library: heaps, and libraries that it needs.
const MARGIN: usize = 2 << 30;

/// Whether this process leaves the guests' addresses free.
pub fn is_free() -> bool {
    let image = is_free as *const () as usize;
    RUNTIME_IMAGE.start < image
        && image < RUNTIME_IMAGE.end - MARGIN
        && libc::getpid as *const () as usize >= ARENA_END + MARGIN
}

/// For a command line: starts this program again if that makes room. Answers the stack limit that the guest should see if
/// it is not the one in force.
pub fn make() -> Result<Option<u64>> {
    let was = std::env::var(WAS).ok().and_then(|v| {
        let (limit, starts) = v.split_once(' ')?;
        Some((limit.parse::<u64>().ok()?, starts.parse::<u32>().ok()?))
    });
    // SAFETY: there are no other threads yet.
    unsafe { std::env::remove_var(WAS) };
    if is_free() {
        return Ok(was.map(|(limit, _)| limit));
    }
    let now = host_process::prlimit(RLIMIT_STACK, None).unwrap_or_default();
    let (limit, starts) = was.unwrap_or((now.cur, 0));
    if starts >= MOST_STARTS {
        bail!("the host does not leave room for guests (vm.mmap_rnd_bits is large, and personality(2) is forbidden)");
    }
    let less = Rlimit { cur: now.cur.min(USUAL_STACK), max: now.max };
    if host_process::prlimit(RLIMIT_STACK, Some(less)).is_err() {
        bail!("the stack limit is too large and cannot be changed");
    }
    // SAFETY: a number; it counts from the next `execve` on.
    unsafe { libc::personality(libc::ADDR_NO_RANDOMIZE as libc::c_ulong) };
    let mut args = std::env::args_os();
    let mut again = std::process::Command::new("/proc/self/exe");
    again.arg0(args.next().unwrap_or_default()).args(args).env(WAS, format!("{limit} {}", starts + 1));
    Err(again.exec()).context("starting again to make room")
}
