//! The machine under the virtual kernel: everything that touches the host kernel, raw memory or the processor.
//!
//! This crate answers to what `arch/`, `mm/page_alloc.c`, `kernel/locking/` and `lib/usercopy.c` are in Linux, with the
//! host kernel as the hardware. It is the only crate below `personality` that contains `unsafe` code; what it offers
//! upward is safe to call. It holds no mutable statics: what a thread needs it finds through `%gs` ([`cpu`]), what all
//! processes share stands in the arena ([`arena`]).
//!
//! Lock order: see [`lock`]. This crate's own locks (arena, wait queues) are leaves.
#![no_std]
extern crate alloc;

pub mod abi;
pub mod arch;
pub mod arena;
pub mod cpu;
pub mod errno;
pub mod frames;
pub mod iov;
pub mod layout;
pub mod lock;
pub mod rcu;
pub mod sys;
pub mod testing;
pub mod time;
pub mod user;
pub mod wait;

pub use errno::{Errno, Result};
