//! Huge pages for a sandbox that makes many processes, when `vkernel::huge` asks: the arena's core, and a copy of this program's
//! text, which processes map over their own.
//!
//! Where the host has no huge pages for shared memory, or the text is not where the linker was told to put it (`build.rs`),
//! everything stays as it is. The supervisor itself goes on with its own text: what it runs, no guest can reach.

use super::image;
use host::Errno;
use host::layout::PAGE_SIZE;
use std::ffi::CStr;
use std::ops::Range;
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};
use vkernel::kernel::{TrapKind, kernel};

const HUGE: usize = 2 << 20;
/// More text than this is not worth the memory.
const MOST: usize = 8 * HUGE;
const MADV_COLLAPSE: i32 = 25;

/// How often the arena is tried. With guests on other processors, one in three tries finds a page in use.
const TRIES: u32 = 16;
/// How many tries are left.
static LEFT: AtomicU32 = AtomicU32::new(0);

/// A doorbell: does both, if it is asked for. With a tracer the text stays: there are breakpoints in it.
pub fn serve() {
    if !kernel().huge.take_request() {
        return;
    }
    LEFT.store(TRIES, Relaxed);
    gather();
    if kernel().trap != TrapKind::Ptrace
        && let Some((text, window)) = text()
        && let Some(fd) = copy(&text, &window)
    {
        kernel().huge.offer_text(fd, window.start, window.len());
    }
}

/// Tries the arena, unless that has been done: now, and whenever a process has ended.
pub fn gather() {
    let left = LEFT.load(Relaxed);
    if left != 0 {
        let again = host::arena::gather() == Err(Errno::EAGAIN);
        LEFT.store(if again { left - 1 } else { 0 }, Relaxed);
    }
}

/// This program's text, and the 2 MiB windows around it if nothing else of the program is there.
fn text() -> Option<(Range<usize>, Range<usize>)> {
    let text = image::segments().find(|s| s.flags & libc::PF_X != 0)?.range;
    let window = text.start & !(HUGE - 1)..text.end.next_multiple_of(HUGE);
    let within = |s: &image::Segment| s.range.start < window.end && window.start < s.range.end;
    let alone = image::segments().filter(within).count() == 1;
    let gate = host::arch::gate::gate_page();
    (alone && window.len() <= MOST && text.contains(&gate)).then_some((text, window))
}

/// A sealed file in huge pages with the text at its place in the window.
fn copy(text: &Range<usize>, window: &Range<usize>) -> Option<i32> {
    const NAME: &CStr = c"umlaut-text";
    // SAFETY: a new file and a new mapping of it, as large as the window and aligned like it; the text is readable.
    unsafe {
        let fd = libc::memfd_create(NAME.as_ptr(), libc::MFD_CLOEXEC | libc::MFD_ALLOW_SEALING);
        if fd < 0 {
            return None;
        }
        let done = libc::ftruncate(fd, window.len() as i64) == 0 && fill(fd, text, window);
        let seals = libc::F_SEAL_SHRINK | libc::F_SEAL_GROW | libc::F_SEAL_WRITE | libc::F_SEAL_SEAL;
        if done && libc::fcntl(fd, libc::F_ADD_SEALS, seals) == 0 && can_be_text(fd, window.len()) {
            return Some(fd);
        }
        libc::close(fd);
    }
    None
}

/// Whether the host lets it be mapped as text: a process that tried it over its own could not go back.
fn can_be_text(fd: i32, len: usize) -> bool {
    let rx = libc::PROT_READ | libc::PROT_EXEC;
    // SAFETY: a fresh mapping, and gone again.
    unsafe {
        let at = libc::mmap(std::ptr::null_mut(), len, rx, libc::MAP_PRIVATE, fd, 0);
        at != libc::MAP_FAILED && libc::munmap(at, len) == 0
    }
}

/// # Safety
/// `text` must be readable and lie in `window`, which has the length of the file.
unsafe fn fill(fd: i32, text: &Range<usize>, window: &Range<usize>) -> bool {
    let room = window.len() + HUGE;
    // SAFETY: a mapping of our own, of which a part is replaced by the file and then written within its bounds.
    unsafe {
        let raw =
            libc::mmap(std::ptr::null_mut(), room, libc::PROT_NONE, libc::MAP_PRIVATE | libc::MAP_ANONYMOUS, -1, 0);
        if raw == libc::MAP_FAILED {
            return false;
        }
        let at = (raw as usize).next_multiple_of(HUGE) as *mut libc::c_void;
        let rw = libc::PROT_READ | libc::PROT_WRITE;
        let mapped = libc::mmap(at, window.len(), rw, libc::MAP_SHARED | libc::MAP_FIXED, fd, 0) == at;
        if mapped {
            let start = text.start & !(PAGE_SIZE - 1);
            let to = at.cast::<u8>().add(start - window.start);
            std::ptr::copy_nonoverlapping(start as *const u8, to, text.end - start);
        }
        let huge = mapped && libc::madvise(at, window.len(), MADV_COLLAPSE) == 0;
        libc::munmap(raw, room);
        huge
    }
}
