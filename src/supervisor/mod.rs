//! The supervisor: makes the kernel, starts the first guest, has the terminal relayed, hands on signals, reaps, cleans up.
//!
//! It is the host parent of every guest process (DESIGN D5) and runs no guest code. What it reads of the arena a hostile guest
//! may have written: it looks at little, and changes nothing on the host because of it.

mod console;
pub mod early;
mod heap;
mod huge;
mod image;
mod network;
mod reap;
mod relay;
pub mod room;
mod setup;
mod signals;
mod stats;
mod terminal;
mod timekeeper;
mod tracer;
pub mod wall;
mod watchdog;

use crate::sandbox::{Sandbox, Trap};
use anyhow::{Result, anyhow, bail};
use host::cpu::Cpu;
use host::sys::process as host_process;
use host::wait::HostThread;
use personality::boot::{self, Program};
use std::mem::MaybeUninit;
use std::sync::Arc;
use vkernel::Task;
use vkernel::kernel::{TrapKind, kernel};

/// Runs a sandbox to its end.
pub fn run(sandbox: &Sandbox) -> Result<i32> {
    if sandbox.command.is_empty() {
        bail!("no command");
    }
    check_processor()?;
    if !room::is_free() {
        bail!(
            "the host has put this program's libraries where guests live (is the stack limit or vm.mmap_rnd_bits very large?)"
        );
    }
    let trap = choose_trap(sandbox.trap)?;
    let descriptors = setup::inherited_descriptors();
    let inherited = signals::Inherited::read();
    enter_kernel_context()?;
    host::arena::create().map_err(|e| anyhow!("no memory for the kernel: {e:?}"))?;
    heap::use_arena(true);
    let made = setup::make_kernel(sandbox, trap, &descriptors);
    heap::use_arena(false);
    let (task, program) = made?;
    inherited.hand_to(&task);
    let wall = wall::build(sandbox, &descriptors);
    signals::block();
    start_first(&task, program, wall)?;
    let status = signals::serve(trap);
    if sandbox.stats {
        stats::report().lines().for_each(|line| eprintln!("umlaut: {line}"));
    }
    status
}

/// What the trap needs of the processor: `%gs` without a call.
fn check_processor() -> Result<()> {
    const FSGSBASE: u64 = 2;
    // SAFETY: reads the auxiliary vector.
    if unsafe { libc::getauxval(libc::AT_HWCAP2) } & FSGSBASE == 0 {
        bail!("this processor or host kernel does not offer FSGSBASE");
    }
    Ok(())
}

fn choose_trap(wanted: Trap) -> Result<TrapKind> {
    match wanted {
        Trap::Seccomp => Ok(TrapKind::Seccomp),
        Trap::Ptrace => Ok(TrapKind::Ptrace),
        Trap::Sud => match crate::doctor::probe_sud() {
            Ok(()) => Ok(TrapKind::Sud),
            Err(e) => bail!("Syscall User Dispatch is not available: {}", e.name()),
        },
        Trap::Auto => Ok(match crate::doctor::probe_sud() {
            Ok(()) => TrapKind::Sud,
            Err(e) => {
                eprintln!("umlaut: no Syscall User Dispatch ({}), using seccomp", e.name());
                TrapKind::Seccomp
            }
        }),
    }
}

/// The supervisor takes kernel locks, so it has a context like every thread of the kernel.
fn enter_kernel_context() -> Result<()> {
    let thread: &'static HostThread = Box::leak(Box::default());
    thread.bind(host_process::getpid(), host_process::gettid());
    let cpu = Box::leak(Box::new(MaybeUninit::<Cpu>::uninit())).as_mut_ptr();
    // SAFETY: both are leaked; nothing else in this process uses `%gs`.
    unsafe {
        Cpu::install(cpu, thread, 0..0);
        host_process::set_gs(cpu as usize).map_err(|e| anyhow!("arch_prctl: {}", e.name()))
    }
}

/// Makes the first host process. It shares the descriptor table and nothing else.
fn start_first(task: &Arc<Task>, program: Program, wall: Option<wall::Wall>) -> Result<()> {
    const CLONE_FILES: u64 = 0x400;
    const SIGCHLD: u64 = 17;
    // SAFETY: a fork: the child goes on here on a copy of everything, and calls nothing of libc or std any more.
    match unsafe { host_process::clone(CLONE_FILES | SIGCHLD, 0, Default::default()) } {
        Ok(0) => {
            early::leave_rseq();
            // Dropping it closes the one descriptor that both processes have.
            if wall.is_some_and(|w| !w.enter()) {
                host_process::exit_group(125);
            }
            heap::use_arena(true);
            tracer::wait_if_traced(kernel().trap);
            boot::run(task, program)
        }
        Ok(pid) => {
            task.thread.bind_if_unbound(pid as u32, pid as u32);
            tracer::seize_if_traced(kernel().trap, pid as i32)?;
            // The child has its own copy of this; it lies in the arena, so it is dropped there, once.
            std::mem::forget(program);
            std::mem::forget(wall);
            Ok(())
        }
        Err(e) => bail!("fork: {}", e.name()),
    }
}

/// The trap mechanisms by name, for messages.
pub fn trap_name(kind: TrapKind) -> &'static str {
    match kind {
        TrapKind::Sud => "sud",
        TrapKind::Seccomp => "seccomp",
        TrapKind::Ptrace => "ptrace",
    }
}
