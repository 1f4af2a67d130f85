//! For unit tests of the crates above: gives the calling thread the context that kernel code expects.

use crate::cpu::Cpu;
use crate::wait::HostThread;
use crate::{arena, sys};
use alloc::boxed::Box;
use core::sync::atomic::{AtomicU32, Ordering::*};

/// 0 untouched, 1 being made, 2 ready. Only tests use it.
static ARENA: AtomicU32 = AtomicU32::new(0);

/// Call first in every test that takes a kernel lock or touches the arena. Leaks a few bytes per thread.
pub fn init() {
    let thread = Box::leak(Box::new(HostThread::default()));
    thread.bind(sys::process::getpid(), sys::process::gettid());
    let cpu = Box::leak(Box::new(core::mem::MaybeUninit::<Cpu>::uninit())).as_mut_ptr();
    // SAFETY: both are leaked and so live for ever; nobody else uses `%gs` in a test process.
    unsafe {
        Cpu::install(cpu, thread, 0..0);
        let _ = sys::process::set_gs(cpu as usize);
    }
    if ARENA.compare_exchange(0, 1, SeqCst, SeqCst).is_ok() {
        if arena::create().is_err() {
            sys::process::exit_group(99);
        }
        ARENA.store(2, SeqCst);
    }
    while ARENA.load(SeqCst) != 2 {
        core::hint::spin_loop();
    }
}
