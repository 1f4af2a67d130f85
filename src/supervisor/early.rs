//! The first steps of a process that uses little of libc and std.

/// What std would do before `main`, without what costs time and is not needed (it reads `/proc/self/maps` for a guard page that
/// the host's kernel provides): the standard descriptors are open, and a closed pipe is an error.
pub fn start() {
    // SAFETY: plain calls, before there is another thread.
    unsafe {
        for fd in 0..3 {
            if libc::fcntl(fd, libc::F_GETFD) == -1 && libc::open(c"/dev/null".as_ptr(), libc::O_RDWR) == -1 {
                libc::abort();
            }
        }
        libc::signal(libc::SIGPIPE, libc::SIG_IGN);
    }
}

/// In the first guest process: the host need not tell libc any more on which processor it runs, which would cost each child a
/// page and each signal some time. Where libc has not asked for it, or in another way, everything stays as it is.
pub fn leave_rseq() {
    const UNREGISTER: libc::c_int = 1;
    const SIZE: u32 = 32;
    const SIGNATURE: u32 = 0x5305_3053;
    // SAFETY: looks for libc's own variable, an offset from the thread pointer, and hands back what libc has registered.
    unsafe {
        let offset = libc::dlsym(libc::RTLD_DEFAULT, c"__rseq_offset".as_ptr()).cast::<isize>();
        if !offset.is_null() {
            let area = host::sys::process::guest_fs().wrapping_add_signed(*offset);
            libc::syscall(libc::SYS_rseq, area, SIZE, UNREGISTER, SIGNATURE);
        }
    }
}
