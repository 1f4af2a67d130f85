//! Host calls, typed. The enum is the whole list of what the runtime asks of the host, and the wall's allow-list; the
//! calls about sockets stand in it only where the sandbox's network needs them.

pub mod clock;
pub mod epoll;
pub mod fd;
pub mod futex;
pub mod mem;
pub mod path;
pub mod process;
pub mod signal;
pub mod socket;

use crate::arch::gate;
use crate::errno::{Errno, Result};

macro_rules! host_calls {
    ($($name:ident = $nr:literal),* $(,)?) => {
        /// Every call the runtime makes to the host kernel (x86-64 numbers).
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        #[repr(usize)]
        #[allow(missing_docs)]
        pub enum HostCall { $($name = $nr),* }
        impl HostCall {
            /// All of them.
            pub const ALL: &[HostCall] = &[$(HostCall::$name),*];
        }
    };
}

host_calls! {
    Read = 0, Write = 1, Close = 3, Fstat = 5, Lseek = 8, Mmap = 9, Mprotect = 10, Munmap = 11, RtSigaction = 13,
    RtSigprocmask = 14, RtSigreturn = 15, Ioctl = 16, Pread64 = 17, Pwrite64 = 18, Readv = 19, Writev = 20,
    SchedYield = 24, Mremap = 25, Msync = 26, Mincore = 27, Madvise = 28, Dup = 32, Getitimer = 36, Setitimer = 38,
    Getpid = 39, Clone = 56, Exit = 60, Kill = 62, Fcntl = 72, Flock = 73, Fsync = 74, Fdatasync = 75, Ftruncate = 77,
    Getrusage = 98, Sysinfo = 99, Getppid = 110, Sigaltstack = 131, Statfs = 137, Fstatfs = 138, Getpriority = 140,
    Setpriority = 141, SchedRrGetInterval = 148, Prctl = 157, ArchPrctl = 158, Gettid = 186, Lgetxattr = 192, Lsetxattr = 189,
    Llistxattr = 195, Lremovexattr = 198, Futex = 202, SchedSetaffinity = 203, SchedGetaffinity = 204, Getdents64 = 217,
    EpollCtl = 233, EpollPwait = 281, EpollCreate1 = 291,
    ClockGettime = 228, ClockGetres = 229, ClockNanosleep = 230, ExitGroup = 231, Tgkill = 234, Openat = 257,
    Mkdirat = 258, Mknodat = 259, Fchownat = 260, Newfstatat = 262, Unlinkat = 263, Linkat = 265, Symlinkat = 266,
    Readlinkat = 267, Fchmodat = 268, Ppoll = 271, Utimensat = 280, Fallocate = 285, Preadv = 295, Pwritev = 296,
    RtTgsigqueueinfo = 297, Membarrier = 324, Prlimit64 = 302, Getcpu = 309, Renameat2 = 316, Getrandom = 318, MemfdCreate = 319,
    Socket = 41, Connect = 42, Sendmsg = 46, Recvmsg = 47, Shutdown = 48, Bind = 49, Listen = 50, Getsockname = 51,
    Getpeername = 52, Setsockopt = 54, Getsockopt = 55, Accept4 = 288,
    CopyFileRange = 326, Pwritev2 = 328, Statx = 332, Openat2 = 437, Faccessat2 = 439, FutexWaitv = 449, Fchmodat2 = 452,
}

/// What a sandbox asks of the host's network.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reach {
    /// Nothing.
    #[default]
    Nowhere,
    /// Connections that come in at sockets which are there already.
    Inward,
    /// Sockets of its own, too.
    Outward,
}

impl HostCall {
    /// What must be allowed for the runtime to make this call at all.
    pub fn network(self) -> Reach {
        match self {
            HostCall::Socket | HostCall::Connect | HostCall::Bind => Reach::Outward,
            HostCall::Sendmsg
            | HostCall::Recvmsg
            | HostCall::Shutdown
            | HostCall::Listen
            | HostCall::Getsockname
            | HostCall::Getpeername
            | HostCall::Setsockopt
            | HostCall::Getsockopt
            | HostCall::Accept4 => Reach::Inward,
            _ => Reach::Nowhere,
        }
    }
}

/// Makes a host call and splits its result.
///
/// # Safety
/// See [`gate::host_call`].
#[inline]
pub(crate) unsafe fn call(nr: HostCall, a: [usize; 6]) -> Result<usize> {
    // SAFETY: passed on to the caller.
    Errno::check(unsafe { gate::host_call(nr as usize, a) })
}

/// As [`call`], answering `EINTR` once the kick word is set.
///
/// # Safety
/// See [`gate::host_call_interruptible`].
#[inline]
pub(crate) unsafe fn call_interruptible(nr: HostCall, a: [usize; 6], kick: *const u32) -> Result<usize> {
    // SAFETY: passed on to the caller.
    Errno::check(unsafe { gate::host_call_interruptible(nr as usize, a, kick) })
}
