//! Huge pages, for a sandbox that makes many processes.
//!
//! Linux has nothing like it: its kernel is in every address space. Here a new process finds nothing of the runtime in its page
//! tables, for text and arena are shared pages, which a host's `fork` leaves out; it pays a fault for every 64 KiB that it
//! touches. So once a sandbox has made some processes the supervisor is asked to put both into huge pages
//! (`src/supervisor/huge.rs`), of which a child has all after one fault each. Locks: none.

use crate::kernel::kernel;
use core::sync::atomic::{AtomicU32, AtomicU64, AtomicUsize, Ordering::SeqCst};
use host::sys::process;
use host::sys::signal::DOORBELL;

/// After so many new processes it pays.
const MANY: u32 = 8;

/// See the module.
#[derive(Default)]
pub struct HugePages {
    made: AtomicU32,
    wanted: AtomicU32,
    /// Descriptor and length of the copy of the runtime's text; 0 while there is none.
    text_file: AtomicU64,
    text_at: AtomicUsize,
}

impl HugePages {
    /// A process is being made. Asks the supervisor, once.
    pub fn count_process(&self) {
        if self.made.load(SeqCst) <= MANY && self.made.fetch_add(1, SeqCst) == MANY {
            self.wanted.store(1, SeqCst);
            let _ = process::kill(kernel().supervisor, DOORBELL);
        }
    }

    /// Whether they are asked for and have not been before: for the supervisor.
    pub fn take_request(&self) -> bool {
        self.wanted.swap(0, SeqCst) != 0
    }

    /// The supervisor has put a copy of the runtime's text into a file, which is to be mapped at `at`.
    pub fn offer_text(&self, fd: i32, at: usize, len: usize) {
        self.text_at.store(at, SeqCst);
        self.text_file.store((fd as u64) << 32 | len as u64, SeqCst);
    }

    /// Descriptor, place and length of that copy.
    pub fn text(&self) -> Option<(i32, usize, usize)> {
        let file = self.text_file.load(SeqCst);
        (file != 0).then(|| ((file >> 32) as i32, self.text_at.load(SeqCst), file as u32 as usize))
    }
}
