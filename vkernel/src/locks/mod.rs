//! Advisory file locks: `flock(2)`, POSIX record locks and open-file-description locks (`fcntl(2)`); leases.
//!
//! Answers to Linux's `fs/locks.c`. Nothing here sleeps: a request that must wait answers the queue to wait on, and the caller
//! asks again once it was woken. Left out: mandatory locks, `/proc/locks`.
//!
//! * `range`: byte ranges, kinds and owners, and how `struct flock` spells them;
//! * `list`: the record locks of one file, plain data;
//! * `table`: [`LockTable`], all files, waiting and deadlocks;
//! * `lease`: [`Leases`], who is told before a file is opened.
//!
//! Locks: one of rank OBJECT for the whole table (a deadlock is a cycle through many files).

pub mod lease;
mod list;
mod range;
mod table;
#[cfg(test)]
mod tests;

pub use lease::Leases;
pub use list::Held;
pub use range::{Kind, Owner, Range, Request};
pub use table::{Attempt, FileId, LockTable, RangeWait};
