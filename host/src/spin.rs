//! How a thread waits a little before it sleeps.
//!
//! Its counterpart in Linux is `drivers/cpuidle/governors/haltpoll.c`. Waking a sleeper costs the waker an interrupt of another
//! processor, which in a virtual machine takes longer than many a pipe's writer needs to write again. So a thread that is often
//! woken shortly after it went to sleep looks for that itself meanwhile, and its waker need not call the host.
//!
//! Each look that was in vain doubles the number of sleeps until the next one, up to [`MOST`]. Who looks in vain sleeps for
//! longer than [`TURNS`] take, so that a thread whose sleeps are long spends less than a hundredth of them. Where a thread may
//! run on one processor only it never looks. Locks: none.

use crate::arch::spin_hint;
use crate::sys::process;
use core::sync::atomic::{AtomicU32, Ordering::Relaxed};

/// How long to look, in turns of some 50 ns.
const TURNS: u32 = 2000;
/// Which of a thread's sleeps is the first at which it looks.
const FIRST: u32 = 4;
/// Most sleeps from one look to the next.
const MOST: u32 = 128;

/// What a thread knows of its sleeps. Only the thread itself changes it, but for [`processors_changed`](Self::processors_changed).
#[derive(Default)]
pub(crate) struct Spin {
    /// Sleeps since the last look.
    sleeps: AtomicU32,
    /// The next look is at the sleep of this number; 0 if there was none yet.
    pause: AtomicU32,
    /// Whether it may run on several processors.
    processors: AtomicU32,
}

const UNKNOWN: u32 = 0;
const ONE: u32 = 1;
const SEVERAL: u32 = 2;

impl Spin {
    /// Looks for a while whether `woken` holds, if that seems worth while.
    pub fn wait(&self, woken: impl Fn() -> bool) -> bool {
        let (sleeps, pause) = (self.sleeps.load(Relaxed), self.pause.load(Relaxed));
        let (sleeps, pause) = (sleeps.saturating_add(1), if pause == 0 { FIRST } else { pause });
        self.sleeps.store(sleeps, Relaxed);
        if sleeps < pause || self.has_one_processor() {
            return false;
        }
        self.sleeps.store(0, Relaxed);
        for _ in 0..TURNS {
            if woken() {
                self.pause.store((pause / 2).max(1), Relaxed);
                return true;
            }
            spin_hint();
        }
        self.pause.store((pause * 2).min(MOST), Relaxed);
        false
    }

    fn has_one_processor(&self) -> bool {
        if self.processors.load(Relaxed) == UNKNOWN {
            let mut mask = [0; 1024];
            let filled = process::getaffinity(0, &mut mask).unwrap_or(0);
            let count: u32 = mask.iter().take(filled).map(|byte: &u8| byte.count_ones()).sum();
            self.processors.store(if count > 1 { SEVERAL } else { ONE }, Relaxed);
        }
        self.processors.load(Relaxed) == ONE
    }

    /// It may run on other processors than before.
    pub fn processors_changed(&self) {
        self.processors.store(UNKNOWN, Relaxed);
    }
}
