//! The initial stack of a program, as bytes (`bprm_stack_limits`, `copy_strings`, `create_elf_tables`).
//!
//! From the top down, as on x86-64 Linux:
//!
//! ```text
//! top      8 bytes of NUL
//!          the executed path (AT_EXECFN)
//! env_end  the strings of the environment
//! arg_end  the strings of the arguments
//! arg_start
//!          padding: random, then down to 16 bytes
//!          the platform string (AT_PLATFORM)
//!          16 random bytes (AT_RANDOM), not aligned
//!          padding
//!          the auxiliary vector
//!          NULL, the environment's pointers
//!          NULL, the arguments' pointers
//! sp       argc; aligned to 16 bytes
//! ```

use crate::LoadError;
use crate::auxv::{AuxInputs, StackAddresses};
use crate::elf::zeroed;
use alloc::vec::Vec;

/// The longest single string, with its NUL (`MAX_ARG_STRLEN`).
pub const MAX_ARG_STRLEN: u64 = 131_072;

/// What arguments and environment may have even with a small stack limit (`ARG_MAX`).
const MIN_BUDGET: u64 = 131_072;

/// What they may have at most: three quarters of the standard 8 MiB stack.
const MAX_BUDGET: u64 = 6 << 20;

/// The most random padding below the strings (`arch_align_stack`); it is taken modulo this.
const MAX_PADDING: u64 = 8192;

/// The NUL bytes at the very top.
const TOP_GAP: u64 = 8;

/// `AT_PLATFORM` of x86-64.
pub const PLATFORM: &[u8] = b"x86_64";

/// How many bytes of strings are still allowed; to be used while they are copied from the caller, so that
/// a huge vector is refused before it is stored.
#[derive(Debug, Clone)]
pub struct ArgBudget {
    left: u64,
}

impl ArgBudget {
    /// The budget of an `execve` with that many arguments and environment strings under a soft `RLIMIT_STACK`. The pointers count too.
    pub fn new(argc: usize, envc: usize, stack_limit: u64) -> Result<Self, LoadError> {
        let limit = (stack_limit / 4).clamp(MIN_BUDGET, MAX_BUDGET);
        let pointers = (argc.max(1) as u64).saturating_add(envc as u64).saturating_mul(8);
        match limit.checked_sub(pointers) {
            Some(left) if left > 0 => Ok(Self { left }),
            _ => Err(LoadError::ArgumentsTooLong),
        }
    }

    /// Takes a string of `len` bytes, its NUL not counted, out of the budget.
    pub fn take(&mut self, len: usize) -> Result<(), LoadError> {
        let size = (len as u64).saturating_add(1);
        match self.left.checked_sub(size) {
            Some(left) if size <= MAX_ARG_STRLEN => {
                self.left = left;
                Ok(())
            }
            _ => Err(LoadError::ArgumentsTooLong),
        }
    }

    /// The longest string, its NUL not counted, that [`ArgBudget::take`] would accept now; `None` when there is no room for any.
    pub fn longest(&self) -> Option<usize> {
        usize::try_from(self.left.min(MAX_ARG_STRLEN)).ok()?.checked_sub(1)
    }
}

/// What goes onto the stack. No string contains a NUL or ends with one.
#[derive(Debug, Clone)]
pub struct StackInputs<'a> {
    /// The arguments; without any the program gets a single empty one, as since Linux 5.18.
    pub argv: &'a [Vec<u8>],
    /// The environment.
    pub envp: &'a [Vec<u8>],
    /// The path that was executed (of a script, the script's).
    pub execfn: &'a [u8],
    /// The bytes that `AT_RANDOM` points to.
    pub random: [u8; 16],
    /// The string that `AT_PLATFORM` points to, usually [`PLATFORM`].
    pub platform: &'a [u8],
    /// The rest of the auxiliary vector.
    pub aux: &'a AuxInputs,
    /// The end of the stack's mapping; on a page boundary.
    pub top: u64,
    /// A random number that decides how far the tables lie below the strings; 0 for none.
    pub padding: u64,
    /// The soft `RLIMIT_STACK`.
    pub stack_limit: u64,
}

/// A finished initial stack.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StackImage {
    /// The initial stack pointer.
    pub sp: u64,
    /// What to copy there; it reaches up to the top.
    pub bytes: Vec<u8>,
    /// The first byte of the argument strings.
    pub arg_start: u64,
    /// The end of the argument strings.
    pub arg_end: u64,
    /// The first byte of the environment strings.
    pub env_start: u64,
    /// The end of the environment strings.
    pub env_end: u64,
    /// The auxiliary vector as bytes, for `/proc/PID/auxv`.
    pub auxv: Vec<u8>,
}

/// Where everything goes.
struct Layout {
    execfn: u64,
    env_start: u64,
    arg_start: u64,
    platform: u64,
    random: u64,
}

/// Lays the stack out and fills it; E2BIG when the strings are too many, ENOMEM when there is no room below the top.
pub fn build(inputs: &StackInputs<'_>) -> Result<StackImage, LoadError> {
    let substitute = [Vec::new()];
    let argv = if inputs.argv.is_empty() { &substitute } else { inputs.argv };
    let mut budget = ArgBudget::new(argv.len(), inputs.envp.len(), inputs.stack_limit)?;
    budget.take(inputs.execfn.len())?;
    for string in inputs.envp.iter().chain(argv) {
        budget.take(string.len())?;
    }

    let layout = lay_out(inputs, argv).ok_or(LoadError::NoMemory)?;
    let aux =
        inputs.aux.entries(&StackAddresses { random: layout.random, execfn: layout.execfn, platform: layout.platform });
    let auxv: Vec<u8> = aux.iter().flat_map(|&(kind, value)| [kind, value]).flat_map(u64::to_le_bytes).collect();
    // argc, and a NULL after each of the two lists.
    let words = argv.len().saturating_add(inputs.envp.len()).saturating_add(3);
    let table = (words as u64).saturating_mul(8).saturating_add(auxv.len() as u64);
    let sp = layout.random.checked_sub(table).ok_or(LoadError::NoMemory)? & !15;

    let size = inputs.top.checked_sub(sp).and_then(|size| usize::try_from(size).ok());
    let mut writer = Writer { base: sp, bytes: zeroed(size.ok_or(LoadError::NoMemory)?)? };
    writer.put(layout.execfn, inputs.execfn);
    writer.put(layout.platform, inputs.platform);
    writer.put(layout.random, &inputs.random);
    let mut at = writer.word(sp, argv.len() as u64);
    at = writer.list(at, layout.arg_start, argv);
    at = writer.list(at, layout.env_start, inputs.envp);
    writer.put(at, &auxv);
    Ok(StackImage {
        sp,
        bytes: writer.bytes,
        arg_start: layout.arg_start,
        arg_end: layout.env_start,
        env_start: layout.env_start,
        env_end: layout.execfn,
        auxv,
    })
}

fn lay_out(inputs: &StackInputs<'_>, argv: &[Vec<u8>]) -> Option<Layout> {
    let execfn = inputs.top.checked_sub(TOP_GAP)?.checked_sub(c_len(inputs.execfn))?;
    let env_start = execfn.checked_sub(inputs.envp.iter().map(|s| c_len(s)).sum())?;
    let arg_start = env_start.checked_sub(argv.iter().map(|s| c_len(s)).sum())?;
    let tables = arg_start.checked_sub(inputs.padding % MAX_PADDING)? & !15;
    let platform = tables.checked_sub(c_len(inputs.platform))?;
    let random = platform.checked_sub(inputs.random.len() as u64)?;
    Some(Layout { execfn, env_start, arg_start, platform, random })
}

/// The length of a string with its NUL.
fn c_len(string: &[u8]) -> u64 {
    (string.len() as u64).saturating_add(1)
}

/// Fills the zeroed image of the stack by address. The layout keeps every write inside it.
struct Writer {
    base: u64,
    bytes: Vec<u8>,
}

impl Writer {
    fn put(&mut self, address: u64, data: &[u8]) {
        let start = usize::try_from(address.wrapping_sub(self.base)).unwrap_or(usize::MAX);
        if let Some(room) = self.bytes.get_mut(start..) {
            for (to, from) in room.iter_mut().zip(data) {
                *to = *from;
            }
        }
    }

    /// Writes a word and returns the address after it.
    fn word(&mut self, address: u64, value: u64) -> u64 {
        self.put(address, &value.to_le_bytes());
        address.saturating_add(8)
    }

    /// Writes strings from `text` on, and pointers to them with a final NULL from `at` on; returns the address after the NULL.
    fn list(&mut self, mut at: u64, mut text: u64, strings: &[Vec<u8>]) -> u64 {
        for string in strings {
            self.put(text, string);
            at = self.word(at, text);
            text = text.saturating_add(c_len(string));
        }
        self.word(at, 0)
    }
}
