//! What the host offers: each mechanism is tried for real, those that cannot be undone in a child.

use host::Errno;
use host::sys::process as host_process;
use personality::trap::arm;
use std::os::fd::{FromRawFd, OwnedFd};
use vkernel::kernel::TrapKind;

const PTRACE_SYSEMU: libc::c_uint = 31;
const HWCAP2_FSGSBASE: u64 = 2;

fn last_errno() -> Errno {
    Errno::new(std::io::Error::last_os_error().raw_os_error().unwrap_or(0))
}

/// Whether Syscall User Dispatch can be armed here; the errno says why not.
pub fn probe_sud() -> host::Result<()> {
    const PR_SET_SYSCALL_USER_DISPATCH: libc::c_int = 59;
    // Asking to switch off what is off: EINVAL only where the host does not know the option, EPERM where it is forbidden.
    // SAFETY: plain numbers.
    let r = unsafe { libc::prctl(PR_SET_SYSCALL_USER_DISPATCH, 0, 0, 0, 0) };
    if r == 0 { Ok(()) } else { Err(last_errno()) }
}

/// Whether a mechanism works here.
pub fn trap(kind: TrapKind) -> host::Result<()> {
    match kind {
        TrapKind::Sud => probe_sud(),
        TrapKind::Seccomp => probe_seccomp(),
        TrapKind::Ptrace => probe_ptrace(),
    }
}

/// The answer in words.
pub fn trap_answer(kind: TrapKind, answer: &host::Result<()>) -> String {
    match (kind, answer) {
        (_, Ok(())) => "yes".into(),
        (TrapKind::Sud, Err(Errno::EINVAL)) => "no: the host kernel does not know it (EINVAL)".into(),
        (TrapKind::Sud, Err(Errno::EPERM)) => "no: it is switched off (EPERM)".into(),
        (_, Err(e)) => format!("no: {}", e.name()),
    }
}

/// A child that does `what` and exits with the errno it ends with, 0 for none. `what` makes only calls through the gate.
pub fn in_child(what: impl FnOnce() -> host::Result<()>) -> host::Result<i32> {
    // SAFETY: this process has one thread; the child calls nothing but `what`.
    match unsafe { libc::fork() } {
        0 => {
            let status = what().err().map_or(0, Errno::raw);
            host_process::exit_group(status)
        }
        pid if pid > 0 => Ok(pid),
        _ => Err(last_errno()),
    }
}

/// Waits for a child's next change of state.
pub fn wait_for(pid: i32) -> host::Result<i32> {
    let mut status = 0;
    // SAFETY: a live word.
    let got = unsafe { libc::waitpid(pid, &mut status, libc::__WALL) };
    if got == pid { Ok(status) } else { Err(last_errno()) }
}

fn probe_seccomp() -> host::Result<()> {
    let pid = in_child(arm::arm_seccomp)?;
    let status = wait_for(pid)?;
    match libc::WIFEXITED(status).then(|| libc::WEXITSTATUS(status)) {
        Some(0) => Ok(()),
        Some(errno) => Err(Errno::new(errno)),
        None => Err(Errno::EPERM),
    }
}

/// One `ptrace` request with plain numbers.
pub fn ptrace(request: libc::c_uint, pid: i32, data: usize) -> host::Result<()> {
    // SAFETY: requests without pointers.
    let r = unsafe { libc::ptrace(request, pid, 0usize, data) };
    if r == 0 { Ok(()) } else { Err(last_errno()) }
}

/// Lets a stopped tracee go on to its next call, which is not made.
pub fn to_next_call(pid: i32) -> host::Result<()> {
    ptrace(PTRACE_SYSEMU, pid, 0)?;
    if libc::WIFSTOPPED(wait_for(pid)?) { Ok(()) } else { Err(Errno::ESRCH) }
}

/// Seizes a child as the supervisor does, and stops it.
pub fn seize(pid: i32) -> host::Result<()> {
    ptrace(libc::PTRACE_SEIZE, pid, libc::PTRACE_O_EXITKILL as usize)?;
    ptrace(libc::PTRACE_INTERRUPT, pid, 0)?;
    if libc::WIFSTOPPED(wait_for(pid)?) { Ok(()) } else { Err(Errno::ESRCH) }
}

/// Ends and reaps a child.
pub fn end(pid: i32) {
    let _ = host_process::kill(pid as u32, libc::SIGKILL);
    while wait_for(pid).is_ok_and(|status| libc::WIFSTOPPED(status)) {}
}

fn probe_ptrace() -> host::Result<()> {
    let pid = in_child(|| {
        loop {
            host_process::getppid();
        }
    })?;
    let works = seize(pid).and_then(|()| to_next_call(pid));
    end(pid);
    works
}

/// Version, kernel, processor.
pub fn host_line() -> String {
    let file = |path| std::fs::read_to_string(path).unwrap_or_default();
    let cpuinfo = file("/proc/cpuinfo");
    let model = cpuinfo.lines().find_map(|l| l.strip_prefix("model name")?.split_once(": ").map(|(_, m)| m));
    let cpus = std::thread::available_parallelism().map_or(1, usize::from);
    format!(
        "umlaut {} on Linux {}, {}, {} ({cpus} processor{})",
        env!("CARGO_PKG_VERSION"),
        file("/proc/sys/kernel/osrelease").trim_end(),
        std::env::consts::ARCH,
        model.unwrap_or("unknown processor").trim(),
        if cpus == 1 { "" } else { "s" },
    )
}

/// What else matters, name and value.
pub fn facts() -> Vec<(&'static str, String)> {
    vec![("fsgsbase", fsgsbase()), ("memfd", memfd()), ("landlock", landlock()), ("yama", yama()), ("files", files())]
}

fn fsgsbase() -> String {
    // SAFETY: reads the auxiliary vector.
    let has = unsafe { libc::getauxval(libc::AT_HWCAP2) } & HWCAP2_FSGSBASE != 0;
    if has { "yes".into() } else { "no: umlaut needs it".into() }
}

fn memfd() -> String {
    // SAFETY: a constant name; the descriptor, if there is one, is ours alone.
    let fd = unsafe { libc::memfd_create(c"umlaut-doctor".as_ptr(), libc::MFD_CLOEXEC) };
    if fd < 0 {
        return format!("no: {}; umlaut needs it", last_errno().name());
    }
    // SAFETY: as above.
    drop(unsafe { OwnedFd::from_raw_fd(fd) });
    "yes".into()
}

fn landlock() -> String {
    const VERSION: u32 = 1;
    // SAFETY: asks for the version only: no structure is read.
    let abi = unsafe { libc::syscall(libc::SYS_landlock_create_ruleset, 0usize, 0usize, VERSION) };
    if abi > 0 { format!("ABI {abi}") } else { format!("no: {}", last_errno().name()) }
}

fn yama() -> String {
    match std::fs::read_to_string("/proc/sys/kernel/yama/ptrace_scope") {
        Ok(scope) => format!("ptrace_scope {}", scope.trim_end()),
        Err(_) => "not there".into(),
    }
}

/// All processes of a sandbox share one descriptor table, so the hard limit is the sandbox's.
fn files() -> String {
    const NOFILE: u32 = 7;
    match host_process::prlimit(NOFILE, None) {
        Ok(limit) => format!("{} descriptors for a whole sandbox (RLIMIT_NOFILE {})", limit.max, limit.cur),
        Err(e) => format!("RLIMIT_NOFILE: {}", e.name()),
    }
}
