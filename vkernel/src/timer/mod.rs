//! Timers that act by themselves: `timer_create(2)`, `timerfd_create(2)` and the real one of `setitimer(2)`.
//!
//! Answers to Linux's `kernel/time/posix-timers.c`, `kernel/time/posix-cpu-timers.c`, `kernel/time/itimer.c` and `fs/timerfd.c`. Deadlines stand in one
//! queue in the arena, on the monotonic clock; the timekeeper, a host process that does nothing else ([`queue`]), sleeps until
//! the earliest and lets what is due expire. A timer on another clock looks at its own clock then, and queues itself again if
//! it is too early. Left out: `TFD_TIMER_CANCEL_ON_SET` (nobody can set the clock), timers of one thread's processor time
//! (they count the process's), the timers of processor time of `setitimer`, which are the host's; its real one ([`real`]) has
//! no place in the queue. Locks: one per timer, a leaf for the queue.

pub mod posix;
pub mod queue;
pub mod real;
pub mod timerfd;

pub use posix::{Notify, PosixTimer, Timers};
pub use queue::TimerQueue;
pub use timerfd::TimerFd;

use host::abi::Timespec;
use host::sys::clock;

/// What a timer counts on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TimerClock {
    /// A clock of the machine's, by its host number.
    Machine(u32),
    /// A processor-time clock: its host number, and what the process used in host processes before.
    Cpu(u32, u64),
}

/// Processor time is looked at this often, as Linux's tick does.
const TICK: u64 = 4_000_000;

impl TimerClock {
    /// Its time in nanoseconds.
    pub fn now(self) -> u64 {
        match self {
            TimerClock::Machine(id) => clock::gettime(id).unwrap_or_default().as_nanos(),
            TimerClock::Cpu(id, before) => clock::gettime(id).unwrap_or_default().as_nanos().saturating_add(before),
        }
    }

    /// When, on the monotonic clock, it is worth looking whether `at` has come.
    fn look_at(self, at: u64) -> u64 {
        let left = at.saturating_sub(self.now());
        let wait = match self {
            TimerClock::Machine(_) => left,
            // Several processors may use it up at once.
            TimerClock::Cpu(..) => (left / 4).max(TICK),
        };
        host::time::monotonic().as_nanos().saturating_add(wait)
    }
}

/// `struct itimerspec` in nanoseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Setting {
    /// Time between expirations, 0 for a single one.
    pub interval: u64,
    /// Time to the next one (or its date), 0 for none.
    pub value: u64,
}

impl Setting {
    /// As the ABI has it: interval, then value. `None` for what is no time.
    pub fn from_raw(raw: [Timespec; 2]) -> Option<Setting> {
        let [interval, value] = raw;
        (interval.is_valid() && value.is_valid())
            .then(|| Setting { interval: interval.as_nanos(), value: value.as_nanos() })
    }

    /// The other way round.
    pub fn to_raw(self) -> [Timespec; 2] {
        [Timespec::from_nanos(self.interval), Timespec::from_nanos(self.value)]
    }
}

/// The part that all kinds share: a next date and a place in the queue.
#[derive(Default)]
struct Schedule {
    /// On the timer's clock; `None` when it is not set.
    next: Option<u64>,
    interval: u64,
    /// Under which date it stands in the queue.
    queued: Option<u64>,
}

impl Schedule {
    /// Puts the date in the queue in place of the old one.
    fn queue(&mut self, clock: TimerClock, id: u64, who: queue::Expirer) {
        self.unqueue(id);
        if let Some(next) = self.next {
            let at = clock.look_at(next);
            self.queued = Some(at);
            crate::kernel::kernel().timers.add(at, id, who);
        }
    }

    fn unqueue(&mut self, id: u64) {
        if let Some(at) = self.queued.take() {
            crate::kernel::kernel().timers.remove(at, id);
        }
    }

    /// A new setting; `absolute` when its value is a date.
    fn set(&mut self, new: Setting, absolute: bool, now: u64) {
        self.interval = new.interval;
        self.next = match (new.value, absolute) {
            (0, _) => None,
            (at, true) => Some(at),
            (span, false) => Some(now.saturating_add(span)),
        };
    }

    /// Whether the date has come.
    fn is_due(&self, now: u64) -> bool {
        self.next.is_some_and(|next| next <= now)
    }

    /// After an expiration: to the next date in the future. Answers how many were passed over; a single one is over.
    fn forward(&mut self, now: u64) -> u64 {
        let (Some(next), 1..) = (self.next, self.interval) else {
            self.next = None;
            return 0;
        };
        if next > now {
            return 0;
        }
        let missed = (now - next) / self.interval;
        self.next = Some(next.saturating_add(self.interval.saturating_mul(missed.saturating_add(1))));
        missed
    }

    fn left(&self, now: u64) -> u64 {
        self.next.map_or(0, |next| next.saturating_sub(now))
    }
}
