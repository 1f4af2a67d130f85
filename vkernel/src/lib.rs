//! The virtual kernel's objects: tasks, descriptors, address spaces, signals, pipes. No numbers of calls, no registers.
//!
//! Answers to Linux's `kernel/`, `mm/mmap.c`, `fs/file.c`, `fs/pipe.c`, `ipc/`. Everything here lives in the arena and is
//! shared by all processes of the sandbox. What a call *means* stands here; how it is spelled stands in `personality`.
//! Lock order: see `host::lock`.
#![no_std]
#![forbid(unsafe_code)]
extern crate alloc;

pub mod aio;
pub mod console;
pub mod dev;
pub mod epoll;
pub mod eventfd;
pub mod files;
pub mod huge;
pub mod inotify;
pub mod ipc;
pub mod kernel;
pub mod keys;
pub mod locks;
pub mod mm;
pub mod net;
pub mod nsfs;
pub mod pidfd;
pub mod pipe;
pub mod proc;
pub mod ptrace;
pub mod secretmem;
pub mod signal;
pub mod signalfd;
pub mod task;
pub mod timer;
pub mod tty;

pub use kernel::Kernel;
pub use task::Task;
