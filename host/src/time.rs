//! Clocks: the one place where time enters the kernel.

use crate::abi::Timespec;
use crate::sys::clock;

/// A point in time on a host clock, in absolute terms.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Deadline {
    /// `CLOCK_REALTIME` (0) or `CLOCK_MONOTONIC` (1).
    pub clock: u32,
    /// The time on that clock.
    pub at: Timespec,
}

impl Deadline {
    /// `span` from now on the monotonic clock; `None` when that is beyond the clock's range.
    pub fn after(span: Timespec) -> Option<Deadline> {
        let now = monotonic();
        Some(Deadline { clock: 1, at: now.checked_add(span)? })
    }

    /// Time left, zero when it has passed.
    pub fn left(&self) -> Timespec {
        self.at.saturating_sub(clock::gettime(self.clock).unwrap_or_default())
    }

    /// Whether it has passed.
    pub fn passed(&self) -> bool {
        self.left() == Timespec::default()
    }
}

/// Wall-clock time.
pub fn realtime() -> Timespec {
    clock::gettime(0).unwrap_or_default()
}

/// The coarse wall clock that Linux stamps files with (`ktime_get_coarse_real_ts64`).
pub fn coarse() -> Timespec {
    const REALTIME_COARSE: u32 = 5;
    clock::quick(REALTIME_COARSE).unwrap_or_default()
}

/// Time since some fixed point, never set back.
pub fn monotonic() -> Timespec {
    clock::gettime(1).unwrap_or_default()
}
