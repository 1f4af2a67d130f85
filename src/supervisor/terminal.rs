//! The user's terminal is left with the modes it was found with, however the sandbox ends.
//!
//! Guests have the terminal itself, with the host's line discipline, and set its modes as they like. The supervisor sets them back when
//! it ends; a *keeper*, a process that does nothing else, does so if the supervisor is killed. It is no child of the supervisor's, which
//! waits for all it has. Nothing is set where no guest has changed a mode, nor from the background, where the terminal is another's.

use std::mem::MaybeUninit;
use vkernel::kernel::kernel;

/// A terminal among the standard descriptors, and its modes.
type Found = (i32, libc::termios);

/// What is to be set back. Dropped, it is, and the keeper goes.
pub struct Terminal {
    found: Vec<Found>,
    /// The keeper reads the other end: a byte sends it away, the end of file says that nobody else is left.
    keeper: i32,
}

impl Terminal {
    /// Looks at the terminals among the standard descriptors. `None` if there are none.
    ///
    /// Called with the handed-on signals blocked, which they stay in the keeper, and the kernel in place.
    pub fn keep() -> Option<Terminal> {
        let found: Vec<Found> = (0..3).filter_map(|fd| Some((fd, modes(fd)?))).collect();
        if found.is_empty() {
            return None;
        }
        let mut ends = [-1; 2];
        // SAFETY: a live array of two.
        if unsafe { libc::pipe2(ends.as_mut_ptr(), libc::O_CLOEXEC) } < 0 {
            return Some(Terminal { found, keeper: -1 });
        }
        // SAFETY: this process has one thread. The child calls nothing that allocates.
        match unsafe { libc::fork() } {
            0 => start_keeper(&found, ends[0]),
            child => {
                // SAFETY: the child ends at once; the descriptor is this function's.
                unsafe {
                    libc::waitpid(child, std::ptr::null_mut(), 0);
                    libc::close(ends[0]);
                }
            }
        }
        Some(Terminal { found, keeper: ends[1] })
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        restore(&self.found);
        if self.keeper >= 0 {
            // SAFETY: one readable byte; the descriptor is ours. SIGPIPE is ignored.
            unsafe {
                libc::write(self.keeper, c"q".as_ptr().cast(), 1);
                libc::close(self.keeper);
            }
        }
    }
}

/// The modes of a terminal; `None` for what is none.
fn modes(fd: i32) -> Option<libc::termios> {
    let mut modes = MaybeUninit::uninit();
    // SAFETY: filled in by the call if it succeeds.
    unsafe { (libc::tcgetattr(fd, modes.as_mut_ptr()) == 0).then(|| modes.assume_init()) }
}

/// Sets back what guests have changed of a terminal that is still ours.
fn restore(found: &[Found]) {
    if !kernel().console.modes_changed() {
        return;
    }
    for (fd, modes) in found {
        // SAFETY: calls without memory, and one that reads live modes.
        unsafe {
            let group = libc::tcgetpgrp(*fd);
            // A terminal that is not the session's own has no foreground to ask about.
            if group < 0 || group == libc::getpgrp() {
                libc::tcsetattr(*fd, libc::TCSANOW, modes);
            }
        }
    }
}

/// The child goes at once and leaves the keeper to the host's init.
fn start_keeper(found: &[Found], end: i32) -> ! {
    // SAFETY: a second fork, for the same reasons.
    if unsafe { libc::fork() } == 0 {
        keep_watch(found, end);
    }
    // SAFETY: ends this process.
    unsafe { libc::_exit(0) }
}

/// Waits for the end of the supervisor and of all guests, which share its descriptors.
fn keep_watch(found: &[Found], end: i32) {
    let last = found.last().map_or(end, |(fd, _)| *fd);
    // SAFETY: descriptors of this process alone. None but these must stay open here: somebody may wait for their end of file.
    unsafe {
        for fd in 0..3 {
            if fd != end && !found.iter().any(|(kept, _)| *kept == fd) {
                libc::close(fd);
            }
        }
        if end > 3 {
            libc::close_range(3, end as u32 - 1, 0);
        }
        libc::close_range(end.max(last) as u32 + 1, u32::MAX, 0);
    }
    let mut byte = 0u8;
    let n = loop {
        // SAFETY: a live byte.
        let n = unsafe { libc::read(end, (&raw mut byte).cast(), 1) };
        if n >= 0 || std::io::Error::last_os_error().raw_os_error() != Some(libc::EINTR) {
            break n;
        }
    };
    if n == 0 {
        restore(found);
    }
}
