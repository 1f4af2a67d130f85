//! Why a program cannot be loaded, and the errno that Linux gives for it.

use core::fmt;

/// Why a program cannot be loaded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LoadError {
    /// Not a program of a kind that can be run (ENOEXEC).
    NotExecutable,
    /// The file may not be executed (EACCES). Only for callers and byte sources: the loader knows no permissions.
    AccessDenied,
    /// The headers contradict themselves (EINVAL).
    Invalid,
    /// The file or its interpreter does not exist (ENOENT). Only for callers and byte sources.
    NotFound,
    /// The program interpreter is not a usable ELF file (ELIBBAD).
    BadInterpreter,
    /// The arguments and the environment are too large (E2BIG).
    ArgumentsTooLong,
    /// A segment does not fit into the address space, or there is no memory for the headers (ENOMEM).
    NoMemory,
    /// Too many scripts that name scripts as their interpreters (ELOOP).
    ScriptLoop,
    /// The file ended where the headers promised data (EIO).
    ShortRead,
    /// The end of a segment cannot be cleared: its last page lies beyond the end of the file (EFAULT).
    BadAddress,
    /// The byte source failed with this errno.
    Source(i32),
}

impl LoadError {
    /// Linux's errno number, positive.
    pub const fn errno(&self) -> i32 {
        match self {
            Self::NotFound => 2,
            Self::ShortRead => 5,
            Self::ArgumentsTooLong => 7,
            Self::NotExecutable => 8,
            Self::NoMemory => 12,
            Self::AccessDenied => 13,
            Self::BadAddress => 14,
            Self::Invalid => 22,
            Self::ScriptLoop => 40,
            Self::BadInterpreter => 80,
            Self::Source(errno) => *errno,
        }
    }
}

impl fmt::Display for LoadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotExecutable => f.write_str("not an executable format"),
            Self::AccessDenied => f.write_str("permission denied"),
            Self::Invalid => f.write_str("contradictory program headers"),
            Self::NotFound => f.write_str("no such file"),
            Self::BadInterpreter => f.write_str("unusable program interpreter"),
            Self::ArgumentsTooLong => f.write_str("argument list too long"),
            Self::NoMemory => f.write_str("the program does not fit into the address space"),
            Self::ScriptLoop => f.write_str("too many nested script interpreters"),
            Self::ShortRead => f.write_str("the file is shorter than its headers say"),
            Self::BadAddress => f.write_str("a segment ends beyond the end of the file"),
            Self::Source(errno) => write!(f, "reading the program failed (errno {errno})"),
        }
    }
}

impl core::error::Error for LoadError {}
