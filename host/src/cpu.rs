//! What `%gs` points at: the context of one host thread, as Linux keeps per-CPU data.
//!
//! A [`Cpu`] is process-private memory at the top of the thread's kernel stack. Nothing in the arena points to it. What
//! other processes must see of the thread stands in its [`HostThread`], which lives in the arena.

use crate::wait::HostThread;
use core::any::Any;
use core::cell::Cell;
use core::sync::atomic::{AtomicUsize, Ordering};

/// A kernel object that the thread's context names without knowing its type (the vkernel's `Task`).
pub type AnyTask = &'static (dyn Any + Send + Sync);

/// Per-thread context. The first word is its own address, so that one load from `%gs:0` finds it.
#[repr(C)]
pub struct Cpu {
    this: *const Cpu,
    /// The part of this thread that lives in the arena.
    thread: Cell<*const HostThread>,
    /// The word that the way back to the guest tests: nonzero sends it through the slow path.
    work: Cell<*const u32>,
    /// The kernel's `Task` (type known two crates above).
    task: Cell<Option<AnyTask>>,
    /// Lowest usable address of the kernel stack, and one past its highest.
    pub stack: core::ops::Range<usize>,
    /// The saved guest context of the call or signal being served (type known to `personality`), 0 outside.
    frame: AtomicUsize,
    /// The `%gs` base that the guest has set with `arch_prctl`, 0 for none.
    guest_gs: AtomicUsize,
    /// The vDSO, which is no guest memory but may be read as such.
    vdso: [AtomicUsize; 2],
    /// Called when a guest access faulted: may make the page present (growing stack, lazy file page).
    fault_in: AtomicUsize,
}

/// Makes the page at an address present if the guest's mappings allow it; `true` asks for a retry.
pub type FaultIn = fn(addr: usize, write: bool) -> bool;

impl Cpu {
    /// Writes a context at `at` for a thread with this kernel stack.
    ///
    /// # Safety
    /// `at` must be valid, aligned memory that outlives the thread; `thread` must live in the arena as long.
    pub unsafe fn install(at: *mut Cpu, thread: *const HostThread, stack: core::ops::Range<usize>) {
        let cpu = Cpu {
            this: at,
            thread: Cell::new(thread),
            // SAFETY: the caller promised a live thread.
            work: Cell::new(unsafe { (*thread).work_word() }),
            task: Cell::new(None),
            stack,
            frame: AtomicUsize::new(0),
            guest_gs: AtomicUsize::new(0),
            vdso: [const { AtomicUsize::new(0) }; 2],
            fault_in: AtomicUsize::new(0),
        };
        // SAFETY: the caller gave valid memory.
        unsafe { at.write(cpu) };
    }

    /// Where another process's parts find this thread.
    pub fn thread(&self) -> &HostThread {
        // SAFETY: `install`'s caller promised that it outlives the thread.
        unsafe { &*self.thread.get() }
    }

    /// In a forked child: its own shared part takes the place of the parent's.
    ///
    /// # Safety
    /// `thread` must live in the arena as long as the host thread.
    pub unsafe fn set_thread(&self, thread: *const HostThread) {
        self.thread.set(thread);
        // SAFETY: the caller's promise.
        self.work.set(unsafe { (*thread).work_word() });
    }

    /// The running task, if there is one.
    pub fn task(&self) -> Option<AnyTask> {
        self.task.get()
    }

    /// Names the running task.
    pub fn set_task(&self, task: Option<AnyTask>) {
        self.task.set(task);
    }

    /// The address of the saved guest context, 0 outside a call.
    pub fn frame(&self) -> usize {
        self.frame.load(Ordering::Relaxed)
    }

    /// Names the saved guest context; returns the one before.
    pub fn set_frame(&self, frame: usize) -> usize {
        self.frame.swap(frame, Ordering::Relaxed)
    }

    /// The guest's own `%gs` base, 0 when it has set none.
    pub fn guest_gs(&self) -> usize {
        self.guest_gs.load(Ordering::Relaxed)
    }

    /// Notes what the guest set.
    pub fn set_guest_gs(&self, base: usize) {
        self.guest_gs.store(base, Ordering::Relaxed);
    }

    /// A child thread's hooks and `%gs` base are its parent's.
    pub fn copy_hooks(&self, parent: &Cpu) {
        self.fault_in.store(parent.fault_in.load(Ordering::Relaxed), Ordering::Relaxed);
        self.set_guest_gs(parent.guest_gs());
        self.set_vdso(parent.vdso());
    }

    /// Where the vDSO is; empty for none.
    pub fn vdso(&self) -> core::ops::Range<usize> {
        let [start, end] = &self.vdso;
        start.load(Ordering::Relaxed)..end.load(Ordering::Relaxed)
    }

    /// Says where the vDSO is.
    pub fn set_vdso(&self, at: core::ops::Range<usize>) {
        for (to, from) in self.vdso.iter().zip([at.start, at.end]) {
            to.store(from, Ordering::Relaxed);
        }
    }

    /// Sets the hook that makes guest pages present.
    pub fn set_fault_in(&self, hook: FaultIn) {
        self.fault_in.store(hook as usize, Ordering::Relaxed);
    }

    /// Runs the hook. Only outside of locks: it takes the address space's.
    pub fn fault_in(&self, addr: usize, write: bool) -> bool {
        let hook = self.fault_in.load(Ordering::Relaxed);
        if hook == 0 {
            return false;
        }
        // SAFETY: only `set_fault_in` stores here, and it stores a `FaultIn`.
        let hook: FaultIn = unsafe { core::mem::transmute::<usize, FaultIn>(hook) };
        hook(addr, write)
    }
}

/// The running thread's context. Every thread that runs kernel code has one (a debug build says so loudly: `%gs:0`
/// of a thread without one faults).
#[inline(always)]
pub fn current() -> &'static Cpu {
    // SAFETY: `%gs:0` holds the address of this thread's `Cpu`, valid as long as the thread.
    unsafe { &*(crate::arch::gs_word0() as *const Cpu) }
}
