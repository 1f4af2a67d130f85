//! The saved context of interrupted guest code: the host's `ucontext` on the kernel stack (`asm/ucontext.h`).
//!
//! Most ways into the kernel are host signals; the entry from patched sites makes one of its own ([`super::entry`]), with less in it. What
//! is missing there is filled in when somebody wants it ([`Context::vector_area`], [`Context::complete`]).
//! What the guest may change here is limited in [`Context::set_machine`].

use super::entry::{self, MADE_HERE};
use host::abi::{Pod, StackT};

/// `struct sigcontext`.
#[derive(Clone, Copy, Debug, Default)]
#[repr(C)]
#[allow(missing_docs)]
pub struct MachineContext {
    pub r8: u64,
    pub r9: u64,
    pub r10: u64,
    pub r11: u64,
    pub r12: u64,
    pub r13: u64,
    pub r14: u64,
    pub r15: u64,
    pub rdi: u64,
    pub rsi: u64,
    pub rbp: u64,
    pub rbx: u64,
    pub rdx: u64,
    pub rax: u64,
    pub rcx: u64,
    pub rsp: u64,
    pub rip: u64,
    pub eflags: u64,
    pub cs: u16,
    pub gs: u16,
    pub fs: u16,
    pub ss: u16,
    pub err: u64,
    pub trapno: u64,
    pub oldmask: u64,
    pub cr2: u64,
    pub fpstate: usize,
    pub reserved: [u64; 8],
}

/// `struct ucontext`.
#[derive(Clone, Copy, Debug, Default)]
#[repr(C)]
#[allow(missing_docs)]
pub struct UContext {
    pub flags: u64,
    pub link: usize,
    pub stack: StackT,
    pub machine: MachineContext,
    pub sigmask: u64,
}

const _: () = assert!(size_of::<MachineContext>() == 256 && size_of::<UContext>() == 304);
// SAFETY: `repr(C)` without padding, as the sizes show; integers only.
unsafe impl Pod for UContext {}

/// Flags of `eflags` that user code may set (`FIX_EFLAGS`).
const USER_FLAGS: u64 = 0x40000 | 0x800 | 0x400 | 0x100 | 0x80 | 0x40 | 0x10 | 0x4 | 0x1 | 0x10000;
/// `UC_FP_XSTATE | UC_SIGCONTEXT_SS | UC_STRICT_RESTORE_SS`.
pub const HOST_FLAGS: u64 = 7;
const USER_CS: u16 = 0x33;
const USER_SS: u16 = 0x2b;

/// A handle on the saved context of the call or signal being served.
pub struct Context {
    uc: *mut UContext,
}

impl Context {
    /// The context at this address.
    ///
    /// # Safety
    /// `addr` must be that of a host signal's `ucontext` on this thread's kernel stack, and stay so while the handle lives.
    #[inline]
    pub unsafe fn at(addr: usize) -> Context {
        Context { uc: addr as *mut UContext }
    }

    /// Its address.
    pub fn addr(&self) -> usize {
        self.uc as usize
    }

    /// The whole `ucontext`.
    #[inline]
    pub fn raw(&self) -> &UContext {
        // SAFETY: `at`'s caller promised a live context; `self` borrows it.
        unsafe { &*self.uc }
    }

    /// The same, to change.
    #[inline]
    pub fn raw_mut(&mut self) -> &mut UContext {
        // SAFETY: as in `raw`, and `self` is borrowed exclusively.
        unsafe { &mut *self.uc }
    }

    /// The registers.
    #[inline]
    pub fn regs(&self) -> &MachineContext {
        &self.raw().machine
    }

    /// The registers, to change.
    #[inline]
    pub fn regs_mut(&mut self) -> &mut MachineContext {
        &mut self.raw_mut().machine
    }

    /// Whether it was made by the entry from a patched site.
    pub fn made_here(&self) -> bool {
        self.raw().link == MADE_HERE
    }

    /// Whether it was made by the entry from a patched site, and has no vector state beyond xmm0-15 yet.
    pub fn is_short(&self) -> bool {
        self.raw().link == MADE_HERE && self.regs().fpstate == 0
    }

    /// The address of the whole vector state, in the host's form. It takes part in the way out from now on.
    pub fn vector_area(&mut self) -> usize {
        if self.is_short() {
            let area = self.addr() + entry::FRAME;
            // SAFETY: `room` was left for it above the frame. What is not in the frame is still in the processor: kernel code
            // changes no more than xmm0-15.
            unsafe { super::fpu::save_area(area, self.addr() + entry::XMM) };
            self.regs_mut().fpstate = area;
        }
        self.regs().fpstate
    }

    /// Bytes that a context of the entry takes, vector state included.
    pub fn room() -> usize {
        entry::FRAME + super::fpu::room() + 64
    }

    /// Makes it one that the host's `rt_sigreturn` takes, on a thread with this kernel stack.
    pub fn complete(&mut self, stack: &core::ops::Range<usize>) {
        if self.raw().link != MADE_HERE {
            return;
        }
        self.vector_area();
        let machine = *self.regs();
        let uc = self.raw_mut();
        *uc = UContext {
            flags: HOST_FLAGS,
            link: 0,
            stack: StackT { sp: stack.start, flags: 0, pad: 0, size: stack.len() },
            machine: MachineContext {
                cs: USER_CS,
                ss: USER_SS,
                gs: 0,
                fs: 0,
                err: 0,
                trapno: 0,
                oldmask: 0,
                cr2: 0,
                reserved: [0; 8],
                ..machine
            },
            sigmask: 0,
        };
    }

    /// Whether only the host can go on from it: it has to restore a signal mask, or to trap after the next instruction.
    pub fn needs_host(&self) -> bool {
        const TRAP: u64 = 0x100;
        self.regs().eflags & TRAP != 0 || self.raw().link != MADE_HERE && self.raw().sigmask != 0
    }

    /// Number of a system call.
    #[inline]
    pub fn nr(&self) -> u64 {
        self.regs().rax
    }

    /// An argument of a system call, from 0 on. One word each: the entry has just stored them so, and the processor would wait to
    /// load two at once.
    #[inline(always)]
    pub fn arg(&self, at: usize) -> u64 {
        let m = self.regs();
        match at {
            0 => m.rdi,
            1 => m.rsi,
            2 => m.rdx,
            3 => m.r10,
            4 => m.r8,
            5 => m.r9,
            _ => 0,
        }
    }

    /// Takes over registers that a guest wrote (its signal frame): segments and privileged flags stay ours.
    pub fn set_machine(&mut self, from: &MachineContext) {
        self.vector_area();
        let mine = *self.regs();
        *self.regs_mut() = MachineContext {
            eflags: mine.eflags & !USER_FLAGS | from.eflags & USER_FLAGS,
            cs: USER_CS,
            ss: USER_SS,
            gs: 0,
            fs: 0,
            err: mine.err,
            trapno: mine.trapno,
            oldmask: mine.oldmask,
            cr2: mine.cr2,
            fpstate: mine.fpstate,
            reserved: mine.reserved,
            ..*from
        };
    }

    /// Registers of a program's first instruction.
    pub fn start_program(&mut self, entry: u64, sp: u64) {
        let blank = MachineContext { rip: entry, rsp: sp, eflags: 0x200, ..MachineContext::default() };
        self.set_machine(&blank);
        super::fpu::reset_area(self.vector_area());
    }
}
