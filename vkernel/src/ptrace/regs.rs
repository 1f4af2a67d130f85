//! A stopped tracee's registers, as `ptrace(2)` shows them (`struct user_regs_struct`).

use alloc::vec::Vec;

/// `struct user_regs_struct`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(C)]
#[allow(missing_docs)]
pub struct UserRegs {
    pub r15: u64,
    pub r14: u64,
    pub r13: u64,
    pub r12: u64,
    pub rbp: u64,
    pub rbx: u64,
    pub r11: u64,
    pub r10: u64,
    pub r9: u64,
    pub r8: u64,
    pub rax: u64,
    pub rcx: u64,
    pub rdx: u64,
    pub rsi: u64,
    pub rdi: u64,
    pub orig_rax: u64,
    pub rip: u64,
    pub cs: u64,
    pub eflags: u64,
    pub rsp: u64,
    pub ss: u64,
    pub fs_base: u64,
    pub gs_base: u64,
    pub ds: u64,
    pub es: u64,
    pub fs: u64,
    pub gs: u64,
}

impl UserRegs {
    /// Its size in bytes.
    pub const SIZE: usize = size_of::<UserRegs>();

    /// The words in their order.
    pub fn words(&self) -> [u64; 27] {
        let r = self;
        [
            r.r15, r.r14, r.r13, r.r12, r.rbp, r.rbx, r.r11, r.r10, r.r9, r.r8, r.rax, r.rcx, r.rdx, r.rsi, r.rdi,
            r.orig_rax, r.rip, r.cs, r.eflags, r.rsp, r.ss, r.fs_base, r.gs_base, r.ds, r.es, r.fs, r.gs,
        ]
    }

    /// From the words.
    pub fn from_words(w: &[u64; 27]) -> UserRegs {
        let [r15, r14, r13, r12, rbp, rbx, r11, r10, r9, r8, rax, rcx, rdx, rsi, rdi, orig_rax, ..] = *w;
        let [.., rip, cs, eflags, rsp, ss, fs_base, gs_base, ds, es, fs, gs] = *w;
        UserRegs {
            r15,
            r14,
            r13,
            r12,
            rbp,
            rbx,
            r11,
            r10,
            r9,
            r8,
            rax,
            rcx,
            rdx,
            rsi,
            rdi,
            orig_rax,
            rip,
            cs,
            eflags,
            rsp,
            ss,
            fs_base,
            gs_base,
            ds,
            es,
            fs,
            gs,
        }
    }
}

/// All of them.
#[derive(Clone, Default)]
pub struct Registers {
    /// General registers.
    pub user: UserRegs,
    /// The tracer has changed them.
    pub user_changed: bool,
    /// Vector state, in the `XSAVE` form.
    pub fpu: Vec<u8>,
    /// The tracer has changed it.
    pub fpu_changed: bool,
}

const _: () = assert!(UserRegs::SIZE == 216);
