//! Making host threads and processes for new tasks (`docs/processes.md`), and ending them.
//!
//! A child that shares memory gets a kernel stack of its own with a copy of its parent's saved context, and starts by leaving
//! through it. A forked child has a copy of everything and leaves through its copy of the same context. In both, nothing
//! of the parent's Rust stack is ever unwound: references held there are counted once, for the parent.

use super::stack::Stack;
use super::{arm, leave, shed};
use crate::arch::{self, Context, UContext};
use alloc::sync::Arc;
use core::sync::atomic::Ordering::Relaxed;
use host::abi::StackT;
use host::cpu;
use host::sys::{process, signal};
use host::{Errno, Result, user};
use vkernel::Task;
use vkernel::kernel::{TrapKind, kernel};

const CLONE_VM: u64 = 0x100;
const CLONE_FS: u64 = 0x200;
const CLONE_FILES: u64 = 0x400;
const CLONE_SIGHAND: u64 = 0x800;
const CLONE_PARENT: u64 = 0x8000;
const CLONE_THREAD: u64 = 0x10000;
const CLONE_SYSVSEM: u64 = 0x40000;
const CLONE_SETTLS: u64 = 0x80000;
const CLONE_PARENT_SETTID: u64 = 0x10_0000;
const CLONE_CHILD_CLEARTID: u64 = 0x20_0000;
const SIGCHLD: u64 = 17;
const SIGKILL: i32 = 9;

/// What the new task's first moments need to know. Lives on the child's kernel stack.
#[derive(Clone, Copy, Debug, Default)]
pub struct Start {
    /// New stack pointer, 0 to keep the parent's.
    pub sp: usize,
    /// `CLONE_SETTLS`: new `%fs` base.
    pub tls: Option<usize>,
    /// `CLONE_CHILD_SETTID`: where to write the tid.
    pub child_tid: usize,
    /// The host process that the thread is part of, 0 for a process of its own.
    host_pid: u32,
}

impl Start {
    /// A start with this stack pointer, thread pointer and word for the id.
    pub fn new(sp: usize, tls: Option<usize>, child_tid: usize) -> Start {
        Start { sp, tls, child_tid, host_pid: 0 }
    }

    /// What the host's `clone` does of it: the child's `%fs` base, and its host id where other processes look for it.
    fn words(&self, task: &Task) -> (u64, process::CloneWords) {
        let tls = if self.tls.is_some() { CLONE_SETTLS } else { 0 };
        let (parent_tid, child_tid) = (task.thread.tid_addr(), 0);
        (CLONE_PARENT_SETTID | tls, process::CloneWords { parent_tid, child_tid, tls: self.tls.unwrap_or(0) })
    }
}

/// Starts a child in the same address space: a thread of this process, or a process of its own that shares memory.
pub fn in_same_memory(parent: &mut Context, task: &Arc<Task>, mut start: Start, thread: bool) -> Result<u32> {
    let stack = current_stack().another()?;
    start.host_pid = if thread { cpu::current().thread().host_pid() } else { 0 };
    // SAFETY: the block is claimed and nobody runs on it; the task is kept alive for the thread below.
    let (context, top) = unsafe {
        stack.install_cpu(Arc::as_ptr(&task.thread));
        let context = copy_context(parent, &stack);
        (context, context - 512)
    };
    // SAFETY: the fresh context is complete.
    let mut cx = unsafe { Context::at(context) };
    cx.regs_mut().rax = 0;
    if start.sp != 0 {
        cx.regs_mut().rsp = start.sp as u64;
    }
    stack.cpu().set_task(keep(task));
    stack.cpu().set_frame(context);
    stack.cpu().copy_hooks(cpu::current());
    let top = place_start(top, &start, context);
    let flags = if thread {
        CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD | CLONE_SYSVSEM | CLONE_CHILD_CLEARTID
    } else {
        CLONE_VM | CLONE_FILES | CLONE_PARENT | CLONE_CHILD_CLEARTID | SIGCHLD
    };
    let (more, mut words) = start.words(task);
    words.child_tid = stack.busy_addr();
    // SAFETY: the child runs on its own block from the first instruction on; block and task outlive it.
    let made = unsafe { process::clone(flags | more, top, words) };
    match made {
        Ok(id) => {
            let id = id as u32;
            task.thread.bind_if_unbound(if thread { start.host_pid } else { id }, id);
            Ok(id)
        }
        Err(e) => {
            unkeep(task);
            stack.unclaim();
            Err(e)
        }
    }
}

/// Writes what the gate pops in the child (rbx, return address, function), below it the start record.
fn place_start(top: usize, start: &Start, context: usize) -> usize {
    let record = (top - size_of::<Start>() - 16) & !63;
    let sp = record - 64;
    // SAFETY: all within the child's unused block, below its context.
    unsafe {
        (record as *mut Start).write(*start);
        ((record + size_of::<Start>()) as *mut usize).write(context);
        let words = sp as *mut usize;
        words.write(record);
        words.add(1).write(host::arch::gate::child_entry());
        words.add(2).write(child_main as *const () as usize);
    }
    sp
}

unsafe fn copy_context(parent: &mut Context, stack: &Stack) -> usize {
    let area = parent.vector_area();
    let fp = (stack.range().end - arch::area_size(area)) & !63;
    let at = (fp - size_of::<UContext>() - 64) & !15;
    let mut uc = *parent.raw();
    if cpu::current().fast.stands_for() == uc.machine.rip as usize {
        uc.machine.rip = cpu::current().fast.resume() as u64;
    }
    (uc.flags, uc.link, uc.sigmask) = (arch::HOST_FLAGS, 0, 0);
    (uc.machine.cs, uc.machine.ss, uc.machine.fs, uc.machine.gs) = (0x33, 0x2b, 0, 0);
    uc.machine.fpstate = if area == 0 { 0 } else { fp };
    uc.stack = StackT { sp: stack.range().start, flags: 0, pad: 0, size: stack.range().len() };
    // SAFETY: the block is the child's and unused.
    unsafe {
        if area != 0 {
            arch::copy_area(fp, area);
        }
        (at as *mut UContext).write(uc);
    }
    at
}

unsafe extern "C" fn child_main(record: usize) -> ! {
    // SAFETY: `place_start` wrote the record on this stack, and the context above it.
    unsafe {
        let stack = Stack::of(record);
        let start = *(record as *const Start);
        let context = *((record + size_of::<Start>()) as *const usize);
        // The processor was asked when the sandbox started.
        host::arch::write_gs(stack.cpu_addr());
        let range = stack.range();
        let ready = signal::altstack(range.start, range.len()).is_ok();
        begin(&start, ready);
        leave(context)
    }
}

/// Once the supervisor has put the runtime's text into huge pages, a process that makes others maps it: its children then have
/// all of the kernel's code after one page fault.
fn map_huge_text(stack: &Stack) {
    if let Some((fd, at, len)) = kernel().huge.text()
        && stack.wants_huge_text()
    {
        // SAFETY: the supervisor made it from this same image; the bytes are the same.
        let _ = unsafe { host::sys::mem::map_runtime_text(at, len, fd) };
    }
}

/// Forks: answers the child's host id in the parent. In the child it does not return but leaves for the guest.
pub fn fork(cx: &mut Context, task: &Arc<Task>, start: Start) -> Result<u32> {
    map_huge_text(&current_stack());
    let kept = keep(task);
    let parent_mm = Task::current().map(Task::mm).ok_or(Errno::ESRCH)?;
    let child_mm = task.mm();
    let (more, words) = start.words(task);
    // From here to the end of the host's copy no other thread may change the mappings.
    let forking = parent_mm.begin_fork(&child_mm);
    match copy_process(more, words) {
        Ok(0) => {
            forking.child();
            let cpu = cpu::current();
            // SAFETY: `keep` made the task outlive this thread.
            unsafe { cpu.set_thread(Arc::as_ptr(&task.thread)) };
            cpu.set_task(kept);
            // Its parent's.
            cpu.fast.take_calls();
            current_stack().only_one_left();
            cx.regs_mut().rax = 0;
            if start.sp != 0 {
                cx.regs_mut().rsp = start.sp as u64;
            }
            begin(&start, true);
            // SAFETY: the child's copy of its saved context; the copied Rust stack is abandoned.
            unsafe { leave(cx.addr()) }
        }
        Ok(id) => {
            let _ = signal::set_mask(0);
            drop(forking);
            task.thread.bind_if_unbound(id as u32, id as u32);
            Ok(id as u32)
        }
        Err(e) => {
            drop(forking);
            unkeep(task);
            Err(e)
        }
    }
}

/// Makes a copy of this host process, with the running thread only: answers the copy's id here, and 0 in the copy. In both, events are
/// held back from then on: one of the copy's must not be noted for the thread that it still takes itself for.
fn copy_process(more_flags: u64, words: process::CloneWords) -> Result<usize> {
    let _ = signal::set_mask(super::handlers::events());
    // SAFETY: without CLONE_VM and without a stack: the child goes on here on copies of everything.
    let made = unsafe { process::clone(CLONE_FILES | CLONE_PARENT | SIGCHLD | more_flags, 0, words) };
    if made.is_err() {
        let _ = signal::set_mask(0);
    }
    made
}

/// A new host thread's first steps. What cannot be armed must not run. Events that whoever made it held
/// back come through to it.
fn begin(start: &Start, ready: bool) {
    let Some(task) = Task::current() else { process::exit_group(70) };
    if !task.thread.start(start.host_pid) {
        process::exit_group(70);
    }
    let ready = ready && signal::set_mask(0).is_ok();
    // A thread dies with its process, whose first thread has asked for it.
    let guarded = start.host_pid != 0 || die_with_supervisor();
    if !ready || !guarded || arm::arm().is_err() {
        crate::work::fatal("a new host thread could not be armed");
    }
    if start.child_tid != 0 {
        let _ = user::write(start.child_tid, &task.tid());
    }
}

/// Guests die with their supervisor, even one that died before the request was made.
pub fn die_with_supervisor() -> bool {
    process::set_pdeathsig(SIGKILL).is_ok() && process::getppid() == kernel().supervisor
}

/// Moves the running task, whose memory others use and which gives it up, to a host process of its own. Whether that has a copy of
/// the memory, whole or in part, depends on what others do meanwhile. The old host thread ends without unwinding.
/// `own` keeps the task alive for that thread: the task may be faster, and end, in its new process.
pub fn move_to_own_process(task: &'static Task, own: Arc<Task>) -> Result<()> {
    let before = task.thread.host_pid();
    map_huge_text(&current_stack());
    task.mm().close();
    match copy_process(0, Default::default())? {
        0 => {
            // The count is the old host thread's.
            core::mem::forget(own);
            current_stack().only_one_left();
            let id = process::getpid();
            task.thread.bind(id, id);
            if task.thread.is_dead() {
                process::exit_group(70);
            }
            if signal::set_mask(0).is_err() || !die_with_supervisor() || arm::arm().is_err() {
                crate::work::fatal("a new host process could not be armed");
            }
            Ok(())
        }
        id => {
            own.thread.rebind(before, id as u32);
            let spare = current_stack().spare();
            spare.bind(process::getpid(), process::gettid());
            // SAFETY: as in `end_thread`.
            unsafe { cpu::current().set_thread(spare) };
            drop(own);
            process::exit_thread(0)
        }
    }
}

/// Ends the running host thread after its task has ended.
pub fn end_thread(task: &'static Task) -> ! {
    let stack = current_stack();
    let cpu = cpu::current();
    kernel().stats.patched.fetch_add(cpu.fast.take_calls(), Relaxed);
    let spare = stack.spare();
    spare.bind(task.thread.host_pid(), task.thread.host_tid());
    host::rcu::share_slot(spare);
    // SAFETY: the spare part stands in this block, which stays this thread's until the host clears `busy`.
    unsafe { cpu.set_thread(spare) };
    cpu.clear_task();
    // SAFETY: the count that `keep` left for this thread; `task` is not used after this.
    unsafe { drop(Arc::from_raw(task as *const Task)) };
    process::exit_thread(0)
}

/// One count of the task for its host thread, given back in [`end_thread`].
pub fn keep(task: &Arc<Task>) -> &'static Task {
    let raw: *const Task = Arc::into_raw(task.clone());
    // SAFETY: the count just taken keeps it alive until the thread ends.
    unsafe { &*raw }
}

fn unkeep(task: &Arc<Task>) {
    // SAFETY: gives back the count of `keep` after the host made no thread.
    unsafe { drop(Arc::from_raw(Arc::as_ptr(task))) };
}

fn current_stack() -> Stack {
    // SAFETY: kernel code runs on kernel stacks; a local's address lies on it.
    unsafe {
        let here = 0u8;
        Stack::of(&raw const here as usize)
    }
}

/// Enters the kernel for the first time in the sandbox's first host process: builds the thread's context and makes the boot
/// call, which comes back through the trap or, if the trap does not hold, not at all.
///
/// # Safety
/// Runs once, in a process of which nothing is needed any more.
pub unsafe fn boot(task: &Arc<Task>) -> Result<()> {
    let stack = Stack::first()?;
    // SAFETY: a fresh block; `keep` makes the task outlive the thread.
    unsafe {
        stack.install_cpu(Arc::as_ptr(&task.thread));
        process::set_gs(stack.cpu_addr())?;
        signal::altstack(stack.range().start, stack.range().len())?;
    }
    stack.cpu().set_task(keep(task));
    stack.cpu().set_fault_in(crate::work::fault_in);
    stack.cpu().set_vdso(kernel().vdso.0..kernel().vdso.1);
    task.thread.bind(process::getpid(), process::gettid());
    if !die_with_supervisor() {
        return Err(Errno::ESRCH);
    }
    super::install()?;
    signal::set_mask(0)?;
    Ok(())
}

/// The boot call has arrived: what only the way to it needed goes. `sp` is on the stack that it came from.
pub fn booted(sp: usize) {
    // SAFETY: the process's one thread is here, on its kernel stack; the call it came from is never returned to.
    unsafe { shed::shed(&current_stack(), sp) };
}

/// The boot call: a `syscall` instruction outside of the gate. Returns only if nothing intercepts it.
pub fn boot_call() {
    if kernel().trap == TrapKind::Ptrace {
        host::arch::gate::tell_tracer();
    }
    // SAFETY: either the trap takes it and never comes back here, or the host answers ENOSYS.
    unsafe {
        core::arch::asm!("syscall", inout("rax") crate::boot::BOOT_CALL => _, out("rcx") _, out("r11") _, options(nostack));
    }
}
