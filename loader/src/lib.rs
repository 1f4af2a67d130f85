//! The program loader: the bytes of an executable become a plan, which is pure data.
//!
//! Answers to Linux's `fs/binfmt_elf.c`, `fs/binfmt_script.c` and the argument half of `fs/exec.c`.
//! Nothing here maps memory, opens a file or asks the clock: the caller hands in a [`ByteSource`] and random
//! numbers, and carries the plan out. So the whole loader can be tested without running a program.
//!
//! How an `execve` uses it:
//! 1. [`identify`] reads the head of the file: a [`Script`] (rewrite the arguments with [`Script::rewrite`], open the
//!    interpreter, repeat up to [`script::MAX_DEPTH`] times) or an ELF [`Image`];
//! 2. an image that names an interpreter: open that file, [`elf::parse`] it as [`Role::Interpreter`];
//! 3. [`place::choose_bias`] and [`plan::plan`] for each of the two;
//! 4. [`AuxInputs::new`] and [`stack::build`] for the initial stack.
//!
//! Which failures the caller of `execve` sees: Linux reports what steps 1 and 2 return, and kills the process with SIGSEGV for
//! what step 3 returns, because by then it has thrown the old program away.
//! The E2BIG of step 4 belongs before that point: copy the strings in through an [`ArgBudget`].
//!
//! Left out: 32-bit and x32 programs, `binfmt_misc`, core dumps, `PT_GNU_PROPERTY` (x86 Linux ignores it too).
//! Locks: none.
#![no_std]
#![forbid(unsafe_code)]

extern crate alloc;

pub mod auxv;
pub mod elf;
mod error;
pub mod place;
pub mod plan;
pub mod script;
mod source;
pub mod stack;

pub use auxv::AuxInputs;
pub use elf::{Image, Role};
pub use error::LoadError;
pub use plan::{Plan, Segment};
pub use script::Script;
pub use source::ByteSource;
pub use stack::{ArgBudget, StackImage, StackInputs};

/// The size of a page.
pub const PAGE_SIZE: u64 = 4096;

/// The end of what a process can map (Linux's `TASK_SIZE` with four page-table levels).
pub const TASK_SIZE: u64 = 0x7fff_ffff_f000;

/// How much of a file Linux looks at to tell what it is (`BINPRM_BUF_SIZE`).
pub const HEAD_SIZE: usize = 256;

/// The longest path, with its NUL (`PATH_MAX`).
pub const PATH_MAX: u64 = 4096;

/// What an executable file turned out to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Executable {
    /// An ELF program.
    Elf(Image),
    /// A text file that starts with `#!`.
    Script(Script),
}

/// Tells what the file is by its first bytes and parses its headers.
pub fn identify(source: &dyn ByteSource) -> Result<Executable, LoadError> {
    let mut head = [0u8; HEAD_SIZE];
    source::read_up_to(source, 0, &mut head)?;
    match script::parse(&head) {
        Ok(script) => Ok(Executable::Script(script)),
        // A bad `#!` line is not ELF either; either way the answer is ENOEXEC.
        Err(_) => elf::parse(source, Role::Program).map(Executable::Elf),
    }
}

/// Rounds down to a page boundary.
const fn page_down(value: u64) -> u64 {
    value & !(PAGE_SIZE - 1)
}

/// The offset within a page.
const fn page_offset(value: u64) -> u64 {
    value & (PAGE_SIZE - 1)
}

/// Rounds up to a page boundary; `None` when that is past 2^64.
fn page_up(value: u64) -> Option<u64> {
    Some(page_down(value.checked_add(PAGE_SIZE - 1)?))
}
