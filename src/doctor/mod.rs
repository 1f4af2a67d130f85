//! `umlaut doctor`: what this host offers, and what a bounced call costs.

use anyhow::Result;
use host::Errno;

/// Whether Syscall User Dispatch can be armed here; the errno says why not.
pub fn probe_sud() -> host::Result<()> {
    const PR_SET_SYSCALL_USER_DISPATCH: libc::c_int = 59;
    // Asking to switch off what is off: EINVAL only where the host does not know the option, EPERM where it is forbidden.
    // SAFETY: plain numbers.
    let r = unsafe { libc::prctl(PR_SET_SYSCALL_USER_DISPATCH, 0, 0, 0, 0) };
    if r == 0 { Ok(()) } else { Err(Errno::new(std::io::Error::last_os_error().raw_os_error().unwrap_or(22))) }
}

/// Prints the report.
pub fn run(calls: bool) -> Result<i32> {
    if calls {
        print!("{}", personality::coverage::coverage());
        return Ok(0);
    }
    Ok(0)
}
