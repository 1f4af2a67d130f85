//! Error numbers as the guest sees them (`errno(3)`, Linux's `uapi/asm-generic/errno*.h`).

use linux_raw_sys::errno as raw;

/// An error number, always in `1..4096`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(transparent)]
pub struct Errno(u16);

/// The result of everything in the kernel that can fail.
pub type Result<T> = core::result::Result<T, Errno>;

impl Errno {
    /// Makes an error number; anything outside `1..4096` becomes `EINVAL`.
    pub const fn new(n: i32) -> Errno {
        if n >= 1 && n < 4096 { Errno(n as u16) } else { Errno(22) }
    }

    /// The positive number.
    pub const fn raw(self) -> i32 {
        self.0 as i32
    }

    /// What the guest finds in its result register: `-errno`.
    pub const fn as_ret(self) -> isize {
        -(self.0 as isize)
    }

    /// Splits a raw host result into value and error.
    pub const fn check(ret: isize) -> Result<usize> {
        if ret < 0 && ret > -4096 { Err(Errno((-ret) as u16)) } else { Ok(ret as usize) }
    }

    /// The symbolic name, for traces.
    pub fn name(self) -> &'static str {
        NAMES.iter().find(|(n, _)| *n == self.0 as u32).map_or("E?", |(_, s)| s)
    }
}

impl core::fmt::Debug for Errno {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "{}({})", self.name(), self.0)
    }
}

macro_rules! errnos {
    ($($name:ident),* $(,)?) => {
        #[allow(missing_docs)]
        impl Errno { $(pub const $name: Errno = Errno(raw::$name as u16);)* }
        const NAMES: &[(u32, &str)] = &[$((raw::$name, stringify!($name))),*];
    };
}

errnos! {
    EPERM, ENOENT, ESRCH, EINTR, EIO, ENXIO, E2BIG, ENOEXEC, EBADF, ECHILD, EAGAIN, ENOMEM, EACCES, EFAULT, ENOTBLK,
    EBUSY, EEXIST, EXDEV, ENODEV, ENOTDIR, EISDIR, EINVAL, ENFILE, EMFILE, ENOTTY, ETXTBSY, EFBIG, ENOSPC, ESPIPE,
    EROFS, EMLINK, EPIPE, EDOM, ERANGE, EDEADLK, ENAMETOOLONG, ENOLCK, ENOSYS, ENOTEMPTY, ELOOP, ENOMSG, EIDRM,
    ENODATA, ETIME, EREMOTE, EPROTO, EBADMSG, EOVERFLOW, EBADR, ELIBBAD, EILSEQ, EUSERS, ENOTSOCK, EDESTADDRREQ, EMSGSIZE,
    EPROTOTYPE, ENOPROTOOPT, EPROTONOSUPPORT, ESOCKTNOSUPPORT, EOPNOTSUPP, EPFNOSUPPORT, EAFNOSUPPORT, EADDRINUSE,
    EADDRNOTAVAIL, ENETDOWN, ENETUNREACH, ENETRESET, ECONNABORTED, ECONNRESET, ENOBUFS, EISCONN, ENOTCONN, ESHUTDOWN,
    ETIMEDOUT, ECONNREFUSED, EHOSTDOWN, EHOSTUNREACH, EALREADY, EINPROGRESS, ESTALE, EDQUOT, ECANCELED, EOWNERDEAD,
    ENOTRECOVERABLE, ENOKEY, EKEYEXPIRED, EKEYREVOKED, EKEYREJECTED,
}
