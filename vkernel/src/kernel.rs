//! The one root object: everything that all processes of a sandbox share.

use crate::console::Console;
use crate::locks::LockTable;
use crate::mm::patch::{Known, Left};
use crate::net::Net;
use crate::pipe::FifoTable;
use crate::task::{Exit, TaskList, ThreadGroup, Usage};
use crate::tty::Ptys;
use alloc::boxed::Box;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::any::Any;
use core::sync::atomic::{
    AtomicI32, AtomicU32, AtomicU64,
    Ordering::{Relaxed, SeqCst},
};
use fs_emu::vfs::MountTable;
use host::abi::Timespec;
use host::lock::Mutex;

/// What the kernel is told when it is made.
pub struct Config {
    /// The mount tree.
    pub mounts: MountTable,
    /// `uname -n`.
    pub hostname: Vec<u8>,
    /// `uname -r` and `uname -v`.
    pub version: (Vec<u8>, Vec<u8>),
    /// Host process id of the supervisor.
    pub supervisor: u32,
    /// The host's vDSO: start and end, 0 when there is none.
    pub vdso: (usize, usize),
    /// Hardware capabilities from the host's auxiliary vector: `AT_HWCAP`, `AT_HWCAP2`, `AT_MINSIGSTKSZ`.
    pub hwcap: [u64; 3],
    /// How guests are intercepted.
    pub trap: TrapKind,
    /// When call sites are patched (never with a tracer, which would not know).
    pub patch: Patching,
    /// What there is of a network.
    pub network: crate::net::Setup,
}

/// When call sites are patched.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Patching {
    /// Never.
    Off,
    /// Once they are used often.
    On,
    /// At their first use.
    Eager,
}

/// The vector state in the host's signal frames: components and bytes.
#[derive(Default)]
pub struct VectorState {
    features: AtomicU64,
    size: AtomicU64,
}

impl VectorState {
    /// Says what it is.
    pub fn set(&self, features: u64, size: usize) {
        self.features.store(features, SeqCst);
        self.size.store(size as u64, SeqCst);
    }

    /// Components (as in `XCR0`) and bytes.
    pub fn get(&self) -> (u64, usize) {
        (self.features.load(Relaxed), self.size.load(Relaxed) as usize)
    }
}

/// What happened, for the statistics option.
#[derive(Default)]
pub struct Stats {
    /// Calls that came in by the trap.
    pub trapped: AtomicU64,
    /// Calls that came in from patched sites, of threads that have ended.
    pub patched: AtomicU64,
    /// Sites patched once they had trapped often enough.
    pub sites: AtomicU64,
    /// Sites patched ahead, for what was known of their file.
    pub ahead: AtomicU64,
    /// Sites left on the trap, by reason.
    pub left: [AtomicU64; Left::ALL.len()],
}

/// The trap mechanisms (`docs/trap.md`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TrapKind {
    /// Syscall User Dispatch.
    Sud,
    /// A seccomp filter that answers SECCOMP_RET_TRAP.
    Seccomp,
    /// The supervisor as tracer, with PTRACE_SYSEMU.
    Ptrace,
}

/// The kernel.
pub struct Kernel {
    /// Tasks and processes.
    pub tasks: TaskList,
    /// Mounts.
    pub mounts: MountTable,
    /// Advisory file locks.
    pub locks: LockTable,
    /// Leases on files.
    pub leases: crate::locks::Leases,
    /// Signals about files, on their way.
    pub sigio: crate::files::sigio::Notes,
    /// Registrations of `F_NOTIFY`, so that closing costs one load while there are none.
    pub dnotifies: AtomicU64,
    /// Named pipes that are open.
    pub fifos: FifoTable,
    /// System V IPC.
    pub ipc: crate::ipc::Ipc,
    /// POSIX message queues.
    pub mqueues: crate::ipc::mqueue::Mqueues,
    /// Keys and keyrings.
    pub keys: crate::keys::Keys,
    /// Events that all contexts of `io_setup(2)` may hold together.
    pub aio_events: AtomicU64,
    /// Timers that act by themselves.
    pub timers: crate::timer::TimerQueue,
    /// Guards who watches whom among epolls.
    pub epolls: crate::epoll::Graph,
    /// Names of sockets.
    pub net: Net,
    /// How many tasks wait for the owner of a futex (`task::pi`).
    pub pi_waiters: AtomicU32,
    /// Who waits to be moved to such a futex.
    pub requeues: crate::task::Requeues,
    /// The runtime in huge pages.
    pub huge: crate::huge::HugePages,
    /// The terminal that umlaut was started on.
    pub console: Console,
    /// Pseudo terminals.
    pub ptys: Ptys,
    /// `uname -r` and `uname -v`: the host's.
    pub version: (Vec<u8>, Vec<u8>),
    /// Host and domain name.
    pub names: Mutex<(Vec<u8>, Vec<u8>)>,
    /// When the sandbox started, on the monotonic clock, and in wall-clock time.
    pub boot: (Timespec, Timespec),
    /// Host process id of the supervisor.
    pub supervisor: u32,
    /// See [`Config`].
    pub vdso: (usize, usize),
    /// See [`Config`].
    pub hwcap: [u64; 3],
    /// See [`Config`].
    pub trap: TrapKind,
    /// How large the host's vector state is.
    pub vector: VectorState,
    /// See [`Config`].
    pub patch: Patching,
    /// What happened, for the statistics option.
    pub stats: Stats,
    /// Call sites that files are known for.
    pub known: Known,
    /// What the first task will execute, of the personality's own type; taken by the boot call.
    pub program: Mutex<Option<Box<dyn Any + Send + Sync>>>,
    /// The files of `memfd_create`: a tmpfs that is mounted nowhere.
    pub memfds: Mutex<Option<Arc<MountTable>>>,
    /// Set by the tracer of a traced sandbox once it has the first process.
    pub tracer_ready: AtomicU32,
    main_pid: AtomicU32,
    main_exit: AtomicI32,
    ids: AtomicU64,
    /// A system call number to trace at, nonzero to write every call to stderr.
    pub trace: AtomicU32,
}

const RUNNING: i32 = i32::MIN;

/// The kernel of this sandbox. Only after [`Kernel::create`].
///
/// # Panics
/// Before: a bug of the start-up's, which no guest can reach.
#[inline]
pub fn kernel() -> &'static Kernel {
    match host::arena::root::<Kernel>() {
        Some(k) => k,
        None => no_kernel(),
    }
}

#[cold]
fn no_kernel() -> ! {
    panic!("no kernel in the arena")
}

impl Kernel {
    /// Makes the kernel and registers it in the arena. Once.
    pub fn create(config: Config) -> &'static Kernel {
        let kernel = Box::leak(Box::new(Kernel {
            tasks: TaskList::default(),
            mounts: config.mounts,
            locks: LockTable::default(),
            leases: Default::default(),
            sigio: Default::default(),
            dnotifies: AtomicU64::new(0),
            fifos: FifoTable::default(),
            ipc: Default::default(),
            mqueues: Default::default(),
            keys: Default::default(),
            aio_events: AtomicU64::new(0),
            timers: Default::default(),
            epolls: Default::default(),
            net: Net::new(config.network),
            pi_waiters: AtomicU32::new(0),
            requeues: Default::default(),
            huge: Default::default(),
            console: Console::default(),
            ptys: Ptys::default(),
            version: config.version,
            names: Mutex::new((config.hostname, b"(none)".to_vec())),
            boot: (host::time::monotonic(), host::time::realtime()),
            supervisor: config.supervisor,
            vdso: config.vdso,
            hwcap: config.hwcap,
            trap: config.trap,
            vector: VectorState::default(),
            patch: if config.trap == TrapKind::Ptrace { Patching::Off } else { config.patch },
            stats: Stats::default(),
            known: Known::default(),
            program: Mutex::new(None),
            memfds: Mutex::new(None),
            tracer_ready: AtomicU32::new(0),
            main_pid: AtomicU32::new(0),
            main_exit: AtomicI32::new(RUNNING),
            ids: AtomicU64::new(1),
            trace: AtomicU32::new(0),
        }));
        host::arena::set_root(kernel);
        kernel
    }

    /// A number never given before: ids of tables, descriptions, pipes.
    pub fn next_id(&self) -> u64 {
        self.ids.fetch_add(1, SeqCst)
    }

    /// Names the process whose end ends the sandbox.
    pub fn set_main(&self, pid: u32) {
        self.main_pid.store(pid, SeqCst);
    }

    /// The first process's id.
    pub fn main_pid(&self) -> u32 {
        self.main_pid.load(SeqCst)
    }

    /// How the sandbox's first process ended, once it has.
    pub fn main_exit(&self) -> Option<Exit> {
        let v = self.main_exit.load(SeqCst);
        (v != RUNNING).then_some(Exit(v))
    }

    /// A process's last thread is gone.
    pub fn process_ended(&self, group: &Arc<ThreadGroup>, how: Exit, usage: Usage) {
        if group.tgid == self.main_pid() {
            self.main_exit.store(how.0, SeqCst);
        }
        self.tasks.process_ended(group, how, usage);
    }

    /// Time since the sandbox started.
    pub fn uptime(&self) -> Timespec {
        host::time::monotonic().saturating_sub(self.boot.0)
    }
}
