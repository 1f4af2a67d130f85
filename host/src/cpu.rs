//! What `%gs` points at: the context of one host thread, as Linux keeps per-CPU data.
//!
//! A [`Cpu`] is process-private memory at the top of the thread's kernel stack. Nothing in the arena points to it. What
//! other processes must see of the thread stands in its [`HostThread`], which lives in the arena.

use crate::wait::HostThread;
use core::any::{Any, TypeId};
use core::cell::Cell;
use core::mem::offset_of;
use core::sync::atomic::{AtomicUsize, Ordering, compiler_fence};

/// What the entry from patched call sites finds by `%gs`, before it has a register or a stack to use.
#[repr(C)]
pub struct Fast {
    /// [`Fast::MAGIC`]: whatever else a guest has made `%gs` point at does not hold this here.
    magic: Cell<u64>,
    /// Where the saved context is put; the kernel's stack is below.
    entry_sp: Cell<usize>,
    /// The guest's stack pointer, for the moment of changing over.
    user_sp: Cell<usize>,
    /// Where the way out jumps.
    resume: Cell<usize>,
    /// Which guest address that is: the same, or the one whose instructions stand in a stub at `resume`.
    stands_for: Cell<usize>,
    /// Calls that came in from patched sites.
    calls: Cell<u64>,
    /// What `getpid` answers, if the entry may answer it; else 0.
    pid: Cell<u64>,
}

impl Fast {
    /// Fits a displacement of 32 bits.
    pub const MAGIC: u64 = 0x756d_6c61;
    /// Offsets from `%gs`, for the assembly code: magic, entry_sp, user_sp, resume, stands_for, the word to test for work, calls, pid.
    pub const OFFSETS: [usize; 8] = [
        offset_of!(Cpu, fast) + offset_of!(Fast, magic),
        offset_of!(Cpu, fast) + offset_of!(Fast, entry_sp),
        offset_of!(Cpu, fast) + offset_of!(Fast, user_sp),
        offset_of!(Cpu, fast) + offset_of!(Fast, resume),
        offset_of!(Cpu, fast) + offset_of!(Fast, stands_for),
        offset_of!(Cpu, work),
        offset_of!(Cpu, fast) + offset_of!(Fast, calls),
        offset_of!(Cpu, fast) + offset_of!(Fast, pid),
    ];

    fn new() -> Fast {
        Fast {
            magic: Cell::new(Fast::MAGIC),
            entry_sp: Cell::new(0),
            user_sp: Cell::new(0),
            resume: Cell::new(0),
            stands_for: Cell::new(0),
            calls: Cell::new(0),
            pid: Cell::new(0),
        }
    }

    /// Says where the entry puts the saved context.
    pub fn set_entry_sp(&self, at: usize) {
        self.entry_sp.set(at);
    }

    /// Where the way out jumps.
    #[inline]
    pub fn resume(&self) -> usize {
        self.resume.get()
    }

    /// The guest address that the way out goes to.
    #[inline]
    pub fn stands_for(&self) -> usize {
        self.stands_for.get()
    }

    /// The guest's stack pointer before a call that the entry began to answer.
    pub fn user_sp(&self) -> usize {
        self.user_sp.get()
    }

    /// From here on the entry answers `getpid` itself: for a task that nobody traces.
    pub fn answer_pid(&self, pid: u32) {
        self.pid.set(pid.into());
    }

    /// `getpid` is made like other calls again, until it says otherwise.
    pub fn forget_pid(&self) {
        self.pid.set(0);
    }

    /// Says that the way out goes to guest address `rip`, which is at `resume`.
    #[inline]
    pub fn set_resume(&self, rip: usize, resume: usize) {
        self.resume.set(resume);
        self.stands_for.set(rip);
    }

    /// Counts a call.
    #[inline]
    pub fn count(&self) {
        self.calls.set(self.calls.get().wrapping_add(1));
    }

    /// Calls counted since it was asked last.
    pub fn take_calls(&self) -> u64 {
        self.calls.take()
    }
}

/// Per-thread context. The first word is its own address, so that one load from `%gs:0` finds it.
#[repr(C)]
pub struct Cpu {
    this: *const Cpu,
    /// The part of this thread that lives in the arena.
    thread: Cell<*const HostThread>,
    /// The word that the way back to the guest tests: nonzero sends it through the slow path.
    work: Cell<*const u32>,
    /// What the entry from patched call sites needs.
    pub fast: Fast,
    /// The address of the kernel's `Task` (type known two crates above), and its type.
    task: Cell<Option<(*const (), TypeId)>>,
    /// Lowest usable address of the kernel stack, and one past its highest.
    pub stack: core::ops::Range<usize>,
    /// The saved guest context of the call or signal being served (type known to `personality`), 0 outside.
    frame: AtomicUsize,
    /// The `%gs` base that the guest has set with `arch_prctl`, 0 for none.
    guest_gs: AtomicUsize,
    /// The vDSO, which is no guest memory but may be read as such.
    vdso: [AtomicUsize; 2],
    /// Whether the kernel runs text that a guest may run too.
    borrows: Cell<bool>,
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
            fast: Fast::new(),
            task: Cell::new(None),
            stack,
            frame: AtomicUsize::new(0),
            guest_gs: AtomicUsize::new(0),
            vdso: [const { AtomicUsize::new(0) }; 2],
            borrows: Cell::new(false),
            fault_in: AtomicUsize::new(0),
        };
        // SAFETY: the caller gave valid memory.
        unsafe { at.write(cpu) };
    }

    /// Where another process's parts find this thread.
    #[inline]
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

    /// The running task, if there is one, and of this type.
    #[inline]
    pub fn task<T: Any + Send + Sync>(&self) -> Option<&'static T> {
        let (at, kind) = self.task.get()?;
        // SAFETY: `set_task` stored the address of one of this type.
        (kind == TypeId::of::<T>()).then(|| unsafe { &*at.cast::<T>() })
    }

    /// Names the running task.
    pub fn set_task<T: Any + Send + Sync>(&self, task: &'static T) {
        self.task.set(Some((core::ptr::from_ref(task).cast(), TypeId::of::<T>())));
        self.fast.forget_pid();
    }

    /// No task runs here any more.
    pub fn clear_task(&self) {
        self.task.set(None);
    }

    /// The address of the saved guest context, 0 outside a call.
    #[inline]
    pub fn frame(&self) -> usize {
        self.frame.load(Ordering::Relaxed)
    }

    /// Names the saved guest context.
    #[inline]
    pub fn set_frame(&self, frame: usize) {
        self.frame.store(frame, Ordering::Relaxed);
    }

    /// The guest's own `%gs` base, 0 when it has set none.
    #[inline]
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

    /// Runs `step`, which calls text that a guest may run too; a signal handler tells by [`borrows`](Self::borrows) that it
    /// interrupted the kernel.
    #[inline]
    pub fn borrow_text<T>(&self, step: impl FnOnce() -> T) -> T {
        self.borrows.set(true);
        compiler_fence(Ordering::SeqCst);
        let out = step();
        compiler_fence(Ordering::SeqCst);
        self.borrows.set(false);
        out
    }

    /// Whether the kernel runs text that a guest may run too: what was interrupted there was no guest.
    pub fn borrows(&self) -> bool {
        self.borrows.get()
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
