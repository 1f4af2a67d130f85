//! What makes the virtual kernel look like Linux: trap, system call table, thin `sys_*` handlers, signal frames, `execve`.
//!
//! Answers to Linux's `arch/x86/entry/`, `arch/x86/kernel/signal.c`, and the `SYSCALL_DEFINE` lines of everything. A call
//! comes in through [`trap`], is looked up in [`table`], handled in [`sys`], and leaves through [`work`], where signals are
//! delivered. `unsafe` stands in `arch` and `trap` only.
#![no_std]
#![deny(unsafe_code)]
extern crate alloc;

#[allow(unsafe_code)]
pub mod arch;
pub mod boot;
pub mod coverage;
pub mod dispatch;
pub mod exec;
pub mod patch;
pub mod ptrace;
mod strace;
pub mod sys;
pub mod table;
#[allow(unsafe_code)]
pub mod trap;
pub mod work;
