//! This program's image in memory: where its segments are, and letting go of what only the set-up needed.

use host::layout::PAGE_SIZE;
use std::ops::Range;

/// A loaded segment.
pub struct Segment {
    /// Its bytes, not rounded to pages.
    pub range: Range<usize>,
    /// `PF_R`, `PF_W`, `PF_X`.
    pub flags: u32,
}

/// The loaded segments; none where the host does not say where they are.
pub fn segments() -> impl Iterator<Item = Segment> {
    // SAFETY: reads the auxiliary vector, and the program headers that it names.
    let (at, headers) = unsafe {
        let at = libc::getauxval(libc::AT_PHDR) as usize;
        let count = if at == 0 { 0 } else { libc::getauxval(libc::AT_PHNUM) as usize };
        let first = if at == 0 { std::ptr::dangling() } else { at as *const libc::Elf64_Phdr };
        (at, std::slice::from_raw_parts(first, count))
    };
    let base = headers.iter().find(|h| h.p_type == libc::PT_PHDR).map(|own| at - own.p_vaddr as usize);
    let loaded = headers.iter().filter(|h| h.p_type == libc::PT_LOAD);
    base.into_iter().flat_map(move |base| {
        loaded.clone().map(move |h| Segment {
            range: base + h.p_vaddr as usize..base + (h.p_vaddr + h.p_memsz) as usize,
            flags: h.p_flags,
        })
    })
}

/// Takes this program's text and constants out of the calling process: a supervisor that waits needs next to nothing of what made
/// the sandbox, and what it does need comes back from the file by itself. (A debugger's breakpoints do not.)
pub fn let_go() {
    for segment in segments().filter(|s| s.flags & libc::PF_W == 0) {
        let start = segment.range.start & !(PAGE_SIZE - 1);
        // SAFETY: a private mapping of a file that nothing has written to: touched again, it reads the same.
        unsafe { libc::madvise(start as *mut libc::c_void, segment.range.end - start, libc::MADV_DONTNEED) };
    }
}
