//! The first program: from the boot call to the guest's first instruction.

use crate::arch::{self, Context};
use crate::trap::{arm, spawn, wall};
use crate::{dispatch, exec};
use alloc::sync::Arc;
use alloc::vec::Vec;
use host::sys::{fd, process};
use host::{Errno, Result};
use vkernel::Task;
use vkernel::kernel::{TrapKind, kernel};
use vkernel::task::Exit;

/// The number of the boot call: outside of every table.
pub const BOOT_CALL: u64 = 0x756d_6c61_7574;

/// What to run. Stands in the arena.
pub struct Program {
    /// Path, or a name to look for in PATH.
    pub file: Vec<u8>,
    /// Arguments, argv\[0\] included.
    pub argv: Vec<Vec<u8>>,
    /// Environment.
    pub envp: Vec<Vec<u8>>,
}

/// Runs the program as the sandbox's first task. Called in the first host process, which shares nothing but descriptors
/// with the supervisor. Never returns; errors are reported and become status 125, 126 or 127.
pub fn run(task: &Arc<Task>, program: Program) -> ! {
    *kernel().program.lock() = Some(alloc::boxed::Box::new(program));
    // SAFETY: the first thing in this process; the supervisor's copy of memory is not needed any more.
    #[allow(unsafe_code)]
    let prepared = unsafe { spawn::boot(task) };
    if let Err(e) = prepared.and_then(|()| arm_first()) {
        fail(125, format_args!("the trap could not be armed: {}", e.name()));
    }
    spawn::boot_call();
    // Still here: the call went to the host.
    fail(125, format_args!("calls are not intercepted"))
}

fn arm_first() -> Result<()> {
    // A host without seccomp has no wall; `doctor` says so.
    let _ = wall::raise(kernel().net.reach());
    match kernel().trap {
        TrapKind::Sud => arm::arm_sud(),
        TrapKind::Seccomp => arm::arm_seccomp(),
        TrapKind::Ptrace => Ok(()),
    }
}

/// Whether this is the boot call.
pub fn is_booting(task: &Task) -> bool {
    task.tgid() == kernel().main_pid() && kernel().program.lock().is_some()
}

/// The boot call arrived through the trap, so the trap works: executes the program.
pub fn start(task: &'static Task, cx: &mut Context) {
    let Some(program) = kernel().program.lock().take() else { return };
    arch::learn(cx.regs().fpstate);
    spawn::booted(cx.regs().rsp as usize);
    let Ok(program) = program.downcast::<Program>() else { return };
    if let Err((file, e)) = execute(task, cx, &program) {
        let status = if e == Errno::ENOENT { 127 } else { 126 };
        let text = match e {
            Errno::ENOENT => "No such file or directory",
            Errno::EACCES => "Permission denied",
            Errno::ENOEXEC => "Exec format error",
            _ => e.name(),
        };
        drop(program);
        say(format_args!("{}: {text}", alloc::string::String::from_utf8_lossy(&file)));
        task.group.request_exit(Exit::code(status));
        dispatch::exit(task, status);
    }
}

/// As `execvp`: a name without a slash is looked for in PATH.
fn execute(task: &'static Task, cx: &mut Context, p: &Program) -> core::result::Result<(), (Vec<u8>, Errno)> {
    let named = |e| (p.file.clone(), e);
    if p.file.contains(&b'/') {
        return exec::execve(task, cx, &p.file, p.argv.clone(), p.envp.clone()).map_err(named);
    }
    let path = p.envp.iter().find_map(|e| e.strip_prefix(b"PATH=")).unwrap_or(b"/usr/local/bin:/usr/bin:/bin");
    let mut last = Errno::ENOENT;
    for dir in path.split(|&b| b == b':') {
        let mut full = if dir.is_empty() { b".".to_vec() } else { dir.to_vec() };
        full.push(b'/');
        full.extend_from_slice(&p.file);
        match exec::execve(task, cx, &full, p.argv.clone(), p.envp.clone()) {
            Ok(()) => return Ok(()),
            Err(Errno::ENOENT | Errno::ENOTDIR) => {}
            Err(Errno::EACCES) => last = Errno::EACCES,
            Err(e) => return Err((full, e)),
        }
    }
    Err(named(last))
}

fn say(what: core::fmt::Arguments<'_>) {
    let _ = fd::write(2, alloc::format!("umlaut: {what}\n").as_bytes());
}

fn fail(status: i32, what: core::fmt::Arguments<'_>) -> ! {
    say(what);
    process::exit_group(status)
}
