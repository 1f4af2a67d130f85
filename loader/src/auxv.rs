//! The auxiliary vector: what the kernel tells a new program about itself, in Linux's order (`create_elf_tables`).

use crate::{PAGE_SIZE, Plan};
use alloc::vec::Vec;

/// The end of the vector.
pub const AT_NULL: u64 = 0;
/// The descriptor of the program (only for `binfmt_misc`).
pub const AT_EXECFD: u64 = 2;
/// The address of the program headers.
pub const AT_PHDR: u64 = 3;
/// The size of one program header.
pub const AT_PHENT: u64 = 4;
/// The number of program headers.
pub const AT_PHNUM: u64 = 5;
/// The size of a page.
pub const AT_PAGESZ: u64 = 6;
/// The load bias of the interpreter.
pub const AT_BASE: u64 = 7;
/// Flags.
pub const AT_FLAGS: u64 = 8;
/// The entry point of the program.
pub const AT_ENTRY: u64 = 9;
/// The real user id.
pub const AT_UID: u64 = 11;
/// The effective user id.
pub const AT_EUID: u64 = 12;
/// The real group id.
pub const AT_GID: u64 = 13;
/// The effective group id.
pub const AT_EGID: u64 = 14;
/// The address of a string that names the processor.
pub const AT_PLATFORM: u64 = 15;
/// What the processor can do (`cpuid(1).edx`).
pub const AT_HWCAP: u64 = 16;
/// The frequency of `times`.
pub const AT_CLKTCK: u64 = 17;
/// Whether the program runs with more rights than its caller.
pub const AT_SECURE: u64 = 23;
/// The address of 16 random bytes.
pub const AT_RANDOM: u64 = 25;
/// More of what the processor can do.
pub const AT_HWCAP2: u64 = 26;
/// How much of `struct rseq` the kernel knows.
pub const AT_RSEQ_FEATURE_SIZE: u64 = 27;
/// The alignment of `struct rseq`.
pub const AT_RSEQ_ALIGN: u64 = 28;
/// The address of the path that was executed.
pub const AT_EXECFN: u64 = 31;
/// The address of the vDSO.
pub const AT_SYSINFO_EHDR: u64 = 33;
/// The smallest stack on which a signal can be delivered.
pub const AT_MINSIGSTKSZ: u64 = 51;

/// The size of one 64-bit program header (`AT_PHENT`).
const PHDR_SIZE: u64 = 56;

/// What the vector says, without the addresses that only the stack builder knows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuxInputs {
    /// `AT_SYSINFO_EHDR`; left out without a vDSO.
    pub sysinfo_ehdr: Option<u64>,
    /// `AT_MINSIGSTKSZ`.
    pub min_sigstack: u64,
    /// `AT_HWCAP`.
    pub hwcap: u64,
    /// `AT_HWCAP2`.
    pub hwcap2: u64,
    /// `AT_CLKTCK`.
    pub clock_ticks: u64,
    /// `AT_PHDR`.
    pub phdr: u64,
    /// `AT_PHNUM`.
    pub phdr_count: u16,
    /// `AT_BASE`.
    pub base: u64,
    /// `AT_ENTRY`.
    pub entry: u64,
    /// `AT_UID`.
    pub uid: u32,
    /// `AT_EUID`.
    pub euid: u32,
    /// `AT_GID`.
    pub gid: u32,
    /// `AT_EGID`.
    pub egid: u32,
    /// `AT_SECURE`.
    pub secure: bool,
    /// `AT_RSEQ_FEATURE_SIZE` and `AT_RSEQ_ALIGN`; left out by a kernel without `rseq`.
    pub rseq: Option<(u64, u64)>,
}

/// The entries that point into the stack.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StackAddresses {
    /// `AT_RANDOM`.
    pub random: u64,
    /// `AT_EXECFN`.
    pub execfn: u64,
    /// `AT_PLATFORM`.
    pub platform: u64,
}

impl AuxInputs {
    /// What the plans say; ids, processor and clock are left for the caller to fill in.
    pub fn new(program: &Plan, interpreter: Option<&Plan>) -> Self {
        Self {
            sysinfo_ehdr: None,
            min_sigstack: 2048,
            hwcap: 0,
            hwcap2: 0,
            clock_ticks: 100,
            phdr: program.phdr,
            phdr_count: program.phdr_count,
            base: interpreter.map_or(0, |plan| plan.bias),
            entry: program.entry,
            uid: 0,
            euid: 0,
            gid: 0,
            egid: 0,
            secure: false,
            rseq: None,
        }
    }

    /// The whole vector with its final `AT_NULL`.
    pub fn entries(&self, stack: &StackAddresses) -> Vec<(u64, u64)> {
        let mut entries = Vec::with_capacity(24);
        entries.extend(self.sysinfo_ehdr.map(|address| (AT_SYSINFO_EHDR, address)));
        entries.extend([
            (AT_MINSIGSTKSZ, self.min_sigstack),
            (AT_HWCAP, self.hwcap),
            (AT_PAGESZ, PAGE_SIZE),
            (AT_CLKTCK, self.clock_ticks),
            (AT_PHDR, self.phdr),
            (AT_PHENT, PHDR_SIZE),
            (AT_PHNUM, u64::from(self.phdr_count)),
            (AT_BASE, self.base),
            (AT_FLAGS, 0),
            (AT_ENTRY, self.entry),
            (AT_UID, u64::from(self.uid)),
            (AT_EUID, u64::from(self.euid)),
            (AT_GID, u64::from(self.gid)),
            (AT_EGID, u64::from(self.egid)),
            (AT_SECURE, u64::from(self.secure)),
            (AT_RANDOM, stack.random),
            (AT_HWCAP2, self.hwcap2),
            (AT_EXECFN, stack.execfn),
            (AT_PLATFORM, stack.platform),
        ]);
        if let Some((size, align)) = self.rseq {
            entries.extend([(AT_RSEQ_FEATURE_SIZE, size), (AT_RSEQ_ALIGN, align)]);
        }
        entries.push((AT_NULL, 0));
        entries
    }
}
