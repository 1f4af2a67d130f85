//! Scheduling policies (`sched(7)`). The host schedules; a policy is what the guest is told, and real-time ones are refused.

/// `SCHED_OTHER`.
pub const OTHER: u32 = 0;
/// `SCHED_FIFO`.
pub const FIFO: u32 = 1;
/// `SCHED_RR`.
pub const RR: u32 = 2;
/// `SCHED_BATCH`.
pub const BATCH: u32 = 3;
/// `SCHED_IDLE`.
pub const IDLE: u32 = 5;
/// `SCHED_DEADLINE`.
pub const DEADLINE: u32 = 6;
/// `SCHED_EXT`.
pub const EXT: u32 = 7;
/// `SCHED_RESET_ON_FORK`.
pub const RESET_ON_FORK: u32 = 0x4000_0000;

/// The policy of a new task.
pub fn inherited(policy: u32) -> u32 {
    if policy & RESET_ON_FORK != 0 { OTHER } else { policy }
}
