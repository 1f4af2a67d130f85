//! Kernel stacks: one block of private memory per host thread, reused when its thread is gone.
//!
//! ```text
//! block (aligned to its size)
//!   guard page | stack, grows down ... | Footer { Cpu, spare HostThread, busy }
//! ```
//!
//! A block is found from any address on its stack by rounding down, which is how a signal handler knows its thread without
//! trusting `%gs`. The pool is process-private memory (a fork copies it), found from each block's footer. No locks: a
//! block is claimed by compare-and-exchange on `busy`, and the host clears `busy` when the thread is really gone
//! (`CLONE_CHILD_CLEARTID`), not before its last instruction on that stack.

use crate::arch::Context;
use core::mem::{MaybeUninit, offset_of};
use core::ops::Range;
use core::sync::atomic::{AtomicU32, AtomicUsize, Ordering::SeqCst};
use host::cpu::Cpu;
use host::layout::STACKS;
use host::sys::mem;
use host::wait::HostThread;
use host::{Errno, Result};

/// Bytes of a block.
pub const BLOCK: usize = 256 << 10;
const PAGE: usize = 4096;
const SLOTS: usize = 32 << 10;
/// Before the first block, for the pool itself.
const POOL_ROOM: usize = size_of::<Pool>().next_multiple_of(BLOCK);

#[repr(C, align(64))]
struct Footer {
    cpu: MaybeUninit<Cpu>,
    /// Takes the place of the thread's shared part while the thread ends.
    spare: HostThread,
    busy: AtomicU32,
    pool: &'static Pool,
}

#[repr(C)]
struct Pool {
    used: AtomicUsize,
    /// Nonzero once this process has the runtime's text in huge pages.
    huge_text: AtomicU32,
    blocks: [AtomicUsize; SLOTS],
}

/// A claimed block.
#[derive(Clone, Copy)]
pub struct Stack(usize);

/// A fresh block, at `hint` if nobody was faster.
fn map_block(hint: usize) -> Result<usize> {
    let at = mem::map_runtime_private(hint, BLOCK)?;
    if at.is_multiple_of(BLOCK) {
        return Ok(at);
    }
    // SAFETY: the fresh mapping, which nobody uses.
    unsafe { mem::unmap_runtime(at, BLOCK)? };
    map_aligned()
}

/// A fresh block where the host finds room: twice the size holds an aligned one; the rest is given back.
fn map_aligned() -> Result<usize> {
    let raw = mem::map_runtime_private(0, 2 * BLOCK)?;
    let base = (raw + BLOCK - 1) & !(BLOCK - 1);
    // SAFETY: parts of the fresh mapping that nobody uses.
    unsafe {
        if base > raw {
            mem::unmap_runtime(raw, base - raw)?;
        }
        if raw + BLOCK > base {
            mem::unmap_runtime(base + BLOCK, raw + BLOCK - base)?;
        }
    }
    Ok(base)
}

impl Stack {
    /// The first stack of a process, with a pool of its own.
    pub fn first() -> Result<Stack> {
        let pool = mem::map_runtime_private(STACKS.start, size_of::<Pool>())?;
        // SAFETY: a fresh mapping that stays; zero bytes are a valid pool.
        Stack::map(unsafe { &*(pool as *const Pool) })
    }

    /// Another stack of the same address space.
    pub fn another(&self) -> Result<Stack> {
        let pool = self.pool();
        let used = pool.used.load(SeqCst).min(SLOTS);
        for slot in &pool.blocks[..used] {
            let at = slot.load(SeqCst);
            if at != 0 && Stack(at).footer().busy.compare_exchange(0, 1, SeqCst, SeqCst).is_ok() {
                return Ok(Stack(at));
            }
        }
        Stack::map(pool)
    }

    /// The stack on which `addr` lies.
    ///
    /// # Safety
    /// `addr` must be an address on a kernel stack.
    pub unsafe fn of(addr: usize) -> Stack {
        Stack(addr & !(BLOCK - 1))
    }

    fn map(pool: &'static Pool) -> Result<Stack> {
        let before = pool.used.load(SeqCst);
        let hint = STACKS.start.saturating_add(POOL_ROOM).saturating_add(before.saturating_mul(BLOCK));
        let base = if hint < STACKS.end { map_block(hint)? } else { map_aligned()? };
        // SAFETY: a part of the fresh mapping that nobody uses.
        unsafe { mem::guard_runtime(base, PAGE)? };
        let stack = Stack(base);
        let footer = Footer { cpu: MaybeUninit::zeroed(), spare: HostThread::default(), busy: AtomicU32::new(1), pool };
        // SAFETY: the footer's place lies in the fresh block.
        unsafe { (stack.footer_addr() as *mut Footer).write(footer) };
        let at = pool.used.fetch_add(1, SeqCst);
        pool.blocks.get(at).ok_or(Errno::EAGAIN)?.store(base, SeqCst);
        Ok(stack)
    }

    /// All of it, with its guard page.
    pub fn block(&self) -> Range<usize> {
        self.0..self.0 + BLOCK
    }

    /// The pool that it belongs to.
    pub fn pool_range(&self) -> Range<usize> {
        let at = core::ptr::from_ref(self.pool()) as usize;
        at..at + size_of::<Pool>().next_multiple_of(PAGE)
    }

    fn footer_addr(&self) -> usize {
        (self.0 + BLOCK - size_of::<Footer>()) & !63
    }

    fn footer(&self) -> &'static Footer {
        // SAFETY: every `Stack` stands for a block whose footer was written by `map`; blocks are never unmapped.
        unsafe { &*(self.footer_addr() as *const Footer) }
    }

    fn pool(&self) -> &'static Pool {
        self.footer().pool
    }

    /// Makes the block's context that of a thread.
    ///
    /// # Safety
    /// The block must be claimed and its thread not running yet; `thread` must outlive it.
    pub unsafe fn install_cpu(&self, thread: *const HostThread) {
        // SAFETY: the caller's promise.
        unsafe { Cpu::install(self.cpu_addr() as *mut Cpu, thread, self.range()) };
        self.cpu().fast.set_entry_sp((self.range().end - Context::room()) & !63);
    }

    /// Where the context stands.
    pub fn cpu_addr(&self) -> usize {
        self.footer_addr() + offset_of!(Footer, cpu)
    }

    /// The context; only of a block whose context was installed.
    pub fn cpu(&self) -> &'static Cpu {
        // SAFETY: installed before the thread ran.
        unsafe { &*(self.cpu_addr() as *const Cpu) }
    }

    /// A shared part that is private to this thread, for its last steps.
    pub fn spare(&self) -> &'static HostThread {
        &self.footer().spare
    }

    /// Address of the word that the host clears when the thread is gone.
    pub fn busy_addr(&self) -> usize {
        self.footer().busy.as_ptr() as usize
    }

    /// Gives an unused block back.
    pub fn unclaim(&self) {
        self.footer().busy.store(0, SeqCst);
    }

    /// The stack itself.
    pub fn range(&self) -> Range<usize> {
        self.0 + PAGE..self.footer_addr()
    }

    /// Whether this process has yet to map the runtime's text in huge pages: answers so once.
    pub fn wants_huge_text(&self) -> bool {
        self.pool().huge_text.swap(1, SeqCst) == 0
    }

    /// In a forked child: all other blocks are free, because their threads do not exist here.
    pub fn only_one_left(&self) {
        let pool = self.pool();
        for slot in &pool.blocks[..pool.used.load(SeqCst).min(SLOTS)] {
            let at = slot.load(SeqCst);
            if at != 0 && at != self.0 {
                Stack(at).unclaim();
            }
        }
    }
}
