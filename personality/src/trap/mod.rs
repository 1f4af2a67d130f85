//! The trap: how guest code gets into the kernel and out again (`docs/trap.md`).
//!
//! The whole contract between trap and kernel:
//! - a guest `syscall`, fault or doorbell arrives as a host signal on the thread's kernel stack ([`handlers`]);
//! - `%gs` then points at the thread's `Cpu`, the saved context is a [`Context`](crate::arch::Context);
//! - kernel code runs there, makes host calls through the gate only, touches no TLS and no vector register beyond xmm15;
//! - it leaves by [`leave`], which looks for announced work one last time and cannot miss any.
//!
//! Three mechanisms bring the call back: Syscall User Dispatch, a seccomp filter, or a tracer ([`arm`]). Each new host thread
//! and process is armed before its first guest instruction; what cannot be armed does not run.

pub mod arm;
mod handlers;
mod shed;
pub mod spawn;
pub mod stack;
pub mod wall;

pub(crate) use handlers::{fast_call, slow};
pub use handlers::{handled, install, leave};
