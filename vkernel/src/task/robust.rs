//! Robust futexes (`get_robust_list(2)`, `kernel/futex/core.c`: `exit_robust_list`).
//!
//! The host would look for its own thread ids in the words, so the list is the guest's and is walked here.

use super::Task;
use core::sync::atomic::Ordering::SeqCst;
use host::sys::futex;
use host::{Result, user};

const LIMIT: usize = 2048;
/// In a futex's word: its owner ended without letting go (`FUTEX_OWNER_DIED`).
pub const OWNER_DIED: u32 = 0x4000_0000;
/// In a futex's word: somebody waits (`FUTEX_WAITERS`).
pub const WAITERS: u32 = 0x8000_0000;
/// The rest of a futex's word: its owner (`FUTEX_TID_MASK`).
pub const TID_MASK: u32 = 0x3fff_ffff;

impl Task {
    /// Marks every futex on the list that this thread owns as ownerless and wakes a waiter. Bad pointers end the walk.
    pub(super) fn exit_robust_list(&self) {
        let head = self.robust_list.swap(0, SeqCst);
        if head != 0 {
            let _ = self.walk_robust_list(head);
        }
    }

    fn walk_robust_list(&self, head: usize) -> Result<()> {
        let mut entry: usize = user::read(head)?;
        let offset: isize = user::read(head + 8)?;
        let pending: usize = user::read(head + 16)?;
        let at = |e: usize| (e & !1).wrapping_add_signed(offset);
        for _ in 0..LIMIT {
            if entry & !1 == head {
                break;
            }
            // Read the link first: the word may be reused once it is released.
            let next: Result<usize> = user::read(entry & !1);
            if entry & !1 != pending & !1 {
                self.release_robust(at(entry), false)?;
            }
            entry = next?;
        }
        if pending != 0 {
            self.release_robust(at(pending), true)?;
        }
        Ok(())
    }

    fn release_robust(&self, word: usize, pending: bool) -> Result<()> {
        let mut seen = user::load_u32(word)?;
        loop {
            if pending && seen == 0 {
                return self.wake_robust(word);
            }
            if seen & TID_MASK != self.tid() {
                return Ok(());
            }
            let found = user::cmpxchg_u32(word, seen, seen & WAITERS | OWNER_DIED)?;
            if found == seen {
                break;
            }
            seen = found;
        }
        if seen & WAITERS != 0 { self.wake_robust(word) } else { Ok(()) }
    }

    fn wake_robust(&self, word: usize) -> Result<()> {
        const WAKE: u32 = 1;
        futex::guest(word, WAKE, 1, futex::FutexArg::None, 0, 0, self.thread.kick_never()).map(drop)
    }
}
