//! Pipes and FIFOs.
//!
//! Answers to Linux's `fs/pipe.c`, down to its page slots: a write that fits behind the last one shares its page, any other
//! takes fresh pages, and a pipe is full when all its slots are taken, so that capacity and poll answers are Linux's for
//! every pattern of sizes. Left out: notification pipes, per-user page limits, page references (`splice` copies).
//!
//! * `ring`: the queue of page slots, plain data;
//! * `buffer`: [`Pipe`], the ring with its lock, its counts of readers and writers and its wait queues;
//! * `end`: [`PipeEnd`], one open end, what a descriptor refers to;
//! * `fifo`: [`FifoTable`], pipes that have a name.
//!
//! Locks: one of rank OBJECT per pipe, one of rank OBJECT for the table of FIFOs; the two are never held together.

mod buffer;
mod end;
mod fifo;
mod ring;
#[cfg(test)]
mod tests;

pub use buffer::{Ident, Pipe};
pub use end::PipeEnd;
pub use fifo::{FifoOpen, FifoTable};

use alloc::sync::Arc;
use fs_emu::{FileOps, OpenFlags};

/// A write of up to this many bytes is never split or mixed with others.
pub const PIPE_BUF: usize = 4096;
/// Slots of a new pipe: 64 KiB.
const DEFAULT_SLOTS: usize = 16;
/// Largest size that needs no privilege (`/proc/sys/fs/pipe-max-size`).
pub const PIPE_MAX_SIZE: usize = 1 << 20;

/// Makes a pipe: its read end, then its write end. Of `flags` only `O_DIRECT` (packet mode) matters here.
pub fn pipe(ident: Ident, flags: OpenFlags) -> (Arc<dyn FileOps>, Arc<dyn FileOps>) {
    let pipe = Arc::new(Pipe::new(ident));
    let read = PipeEnd::open(&pipe, true, false, flags);
    let write = PipeEnd::open(&pipe, false, true, flags);
    (Arc::new(read), Arc::new(write))
}
