//! Structures of the Linux ABI, as they lie in guest memory.
//!
//! Taken from `linux-raw-sys` where it has them in a usable form; written out where a plain, padding-free form serves
//! better. [`Pod`] marks those that any bytes may fill and that hold no uninitialised padding.

pub use linux_raw_sys::general as raw;

/// Plain old data: every bit pattern is a value, and there is no padding.
///
/// # Safety
/// Implementors must be `repr(C)` (or primitive) without padding, pointers that are dereferenced, or invalid patterns.
pub unsafe trait Pod: Copy + 'static {}

macro_rules! pod {
    ($($t:ty),* $(,)?) => { $(
        // SAFETY: a primitive, or a `repr(C)` struct of them that has no padding (asserted where it is defined).
        unsafe impl Pod for $t {}
    )* };
}

pod!(u8, u16, u32, u64, usize, i8, i16, i32, i64, isize, crate::user::IoVec);
pod!(Timespec, Timeval, Stat, Itimerval, SigAction, StackT, SigInfo, Rlimit, Rusage, Sysinfo, Utsname, PollFd, Statfs);
pod!(Flock, Tms, Winsize, Statx, StatxTimestamp, OpenHow, CloneArgs);

// SAFETY: an array of padding-free elements has no padding.
unsafe impl<T: Pod, const N: usize> Pod for [T; N] {}

/// `struct timespec`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
#[repr(C)]
pub struct Timespec {
    /// Seconds.
    pub sec: i64,
    /// Nanoseconds, `0..1_000_000_000`.
    pub nsec: i64,
}

impl Timespec {
    /// Zero, or what `ns` nanoseconds are.
    pub const fn from_nanos(ns: u64) -> Timespec {
        Timespec { sec: (ns / 1_000_000_000) as i64, nsec: (ns % 1_000_000_000) as i64 }
    }

    /// Nanoseconds, saturating; negative times are 0.
    pub const fn as_nanos(self) -> u64 {
        if self.sec < 0 {
            return 0;
        }
        (self.sec as u64).saturating_mul(1_000_000_000).saturating_add(self.nsec as u64)
    }

    /// Whether it is a time that a sleeping call accepts: not negative, nanoseconds in range.
    pub const fn is_valid(self) -> bool {
        self.sec >= 0 && self.nsec >= 0 && self.nsec < 1_000_000_000
    }

    /// The sum, `None` on overflow.
    pub const fn checked_add(self, other: Timespec) -> Option<Timespec> {
        let nsec = self.nsec + other.nsec;
        let carry = (nsec >= 1_000_000_000) as i64;
        let Some(sec) = self.sec.checked_add(other.sec) else {
            return None;
        };
        let Some(sec) = sec.checked_add(carry) else {
            return None;
        };
        Some(Timespec { sec, nsec: nsec - carry * 1_000_000_000 })
    }

    /// The difference, not below zero.
    pub const fn saturating_sub(self, other: Timespec) -> Timespec {
        let borrow = (self.nsec < other.nsec) as i64;
        let sec = self.sec.saturating_sub(other.sec).saturating_sub(borrow);
        if sec < 0 {
            return Timespec { sec: 0, nsec: 0 };
        }
        Timespec { sec, nsec: self.nsec - other.nsec + borrow * 1_000_000_000 }
    }
}

macro_rules! abi_struct {
    ($(#[$m:meta])* $name:ident = $size:literal { $($field:ident : $t:ty),* $(,)? }) => {
        $(#[$m])*
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
        #[repr(C)]
        #[allow(missing_docs)]
        pub struct $name { $(pub $field: $t),* }
        const _: () = assert!(size_of::<$name>() == $size && 0 $(+ size_of::<$t>())* == $size);
    };
}

abi_struct! {
    /// `struct timeval`.
    Timeval = 16 { sec: i64, usec: i64 }
}

impl Timeval {
    /// What `us` microseconds are.
    pub const fn from_micros(us: u64) -> Timeval {
        Timeval { sec: (us / 1_000_000) as i64, usec: (us % 1_000_000) as i64 }
    }

    /// The same time, `None` unless it has less than a million microseconds.
    pub fn to_timespec(self) -> Option<Timespec> {
        (0..1_000_000).contains(&self.usec).then(|| Timespec { sec: self.sec, nsec: self.usec * 1000 })
    }
}
abi_struct! {
    /// `struct stat` of x86-64.
    Stat = 144 {
        dev: u64, ino: u64, nlink: u64, mode: u32, uid: u32, gid: u32, pad0: u32, rdev: u64, size: i64, blksize: i64,
        blocks: i64, atime: Timespec, mtime: Timespec, ctime: Timespec, unused: [i64; 3],
    }
}
abi_struct! {
    /// `struct itimerval`.
    Itimerval = 32 { interval: Timeval, value: Timeval }
}
abi_struct! {
    /// The kernel's `struct sigaction`.
    SigAction = 32 { handler: usize, flags: u64, restorer: usize, mask: u64 }
}
abi_struct! {
    /// `stack_t`.
    StackT = 24 { sp: usize, flags: i32, pad: i32, size: usize }
}
abi_struct! {
    /// `siginfo_t`: signo, errno, code, then the union as words.
    SigInfo = 128 { signo: i32, errno: i32, code: i32, pad: i32, fields: [u64; 14] }
}
abi_struct! {
    /// `struct rlimit64`.
    Rlimit = 16 { cur: u64, max: u64 }
}
abi_struct! {
    /// `struct rusage`.
    Rusage = 144 {
        utime: Timeval, stime: Timeval, maxrss: i64, ixrss: i64, idrss: i64, isrss: i64, minflt: i64, majflt: i64,
        nswap: i64, inblock: i64, oublock: i64, msgsnd: i64, msgrcv: i64, nsignals: i64, nvcsw: i64, nivcsw: i64,
    }
}
abi_struct! {
    /// `struct sysinfo`.
    Sysinfo = 112 {
        uptime: i64, loads: [u64; 3], totalram: u64, freeram: u64, sharedram: u64, bufferram: u64, totalswap: u64,
        freeswap: u64, procs: u16, pad: u16, pad2: u32, totalhigh: u64, freehigh: u64, mem_unit: u32, pad3: u32,
    }
}
abi_struct! {
    /// `struct pollfd`.
    PollFd = 8 { fd: i32, events: i16, revents: i16 }
}
abi_struct! {
    /// `struct statfs`.
    Statfs = 120 {
        kind: i64, bsize: i64, blocks: u64, bfree: u64, bavail: u64, files: u64, ffree: u64, fsid: [i32; 2],
        namelen: i64, frsize: i64, flags: i64, spare: [i64; 4],
    }
}
abi_struct! {
    /// `struct flock` (the 64-bit one).
    Flock = 32 { kind: i16, whence: i16, pad: i32, start: i64, len: i64, pid: i32, pad2: i32 }
}
abi_struct! {
    /// `struct tms`.
    Tms = 32 { utime: i64, stime: i64, cutime: i64, cstime: i64 }
}
abi_struct! {
    /// `struct winsize`.
    Winsize = 8 { row: u16, col: u16, xpixel: u16, ypixel: u16 }
}
abi_struct! {
    /// `struct statx_timestamp`.
    StatxTimestamp = 16 { sec: i64, nsec: u32, pad: i32 }
}
abi_struct! {
    /// `struct statx`.
    Statx = 256 {
        mask: u32, blksize: u32, attributes: u64, nlink: u32, uid: u32, gid: u32, mode: u16, pad0: u16, ino: u64,
        size: u64, blocks: u64, attributes_mask: u64, atime: StatxTimestamp, btime: StatxTimestamp,
        ctime: StatxTimestamp, mtime: StatxTimestamp, rdev_major: u32, rdev_minor: u32, dev_major: u32,
        dev_minor: u32, mnt_id: u64, dio_mem_align: u32, dio_offset_align: u32, spare: [u64; 12],
    }
}
abi_struct! {
    /// `struct open_how` of `openat2(2)`.
    OpenHow = 24 { flags: u64, mode: u64, resolve: u64 }
}
abi_struct! {
    /// `struct clone_args` of `clone3(2)`.
    CloneArgs = 88 {
        flags: u64, pidfd: u64, child_tid: u64, parent_tid: u64, exit_signal: u64, stack: u64, stack_size: u64, tls: u64,
        set_tid: u64, set_tid_size: u64, cgroup: u64,
    }
}

/// `struct utsname`: six NUL-padded fields of 65 bytes.
#[derive(Clone, Copy)]
#[repr(C)]
#[allow(missing_docs)]
pub struct Utsname {
    pub sysname: [u8; 65],
    pub nodename: [u8; 65],
    pub release: [u8; 65],
    pub version: [u8; 65],
    pub machine: [u8; 65],
    pub domainname: [u8; 65],
}

/// Splits a device number as `makedev(3)` joined it.
pub const fn dev_split(dev: u64) -> (u32, u32) {
    let major = ((dev >> 8) & 0xfff) | ((dev >> 32) & !0xfff);
    let minor = (dev & 0xff) | ((dev >> 12) & !0xff);
    (major as u32, minor as u32)
}

/// Joins a device number as `makedev(3)`.
pub const fn dev_join(major: u32, minor: u32) -> u64 {
    let (ma, mi) = (major as u64, minor as u64);
    (ma & 0xfff) << 8 | (ma & !0xfff) << 32 | (mi & 0xff) | (mi & !0xff) << 12
}
