//! Patching call sites (DESIGN D3): which, when, and what the rest of the trap has to know about it.
//!
//! A site that traps often gets a jump to a stub of its own instead of its `syscall`; the stub enters the kernel without a signal. The
//! book of sites, and the writing, are the address space's (`vkernel::mm::patch`); what instructions mean stands here
//! ([`decode`], [`stub`], [`unwind`]), and the policy. The whole protocol is in `docs/patching.md`. Locks: the address space's (MM).

mod decode;
mod stub;
mod unwind;

use crate::arch::{Context, entry};
use alloc::vec::Vec;
use core::sync::atomic::Ordering::Relaxed;
use host::{cpu, layout, user};
use stub::SYSCALL;
use vkernel::Task;
use vkernel::kernel::{Patching, kernel};
use vkernel::mm::patch::{Landing, Left, Place, Request};
use vkernel::signal::{SIGILL, SIGTRAP};

/// Traps of a site before it is patched. A patch costs as much as some twenty traps: many programs end before that.
const LIBRARY: u32 = 20;
/// The same for a program's own text: that is what programs check that check themselves, and they do it early.
const PROGRAM: u32 = 512;
/// Enough to decode what a jump displaces.
const LOOK: usize = 20;
/// The prefix that some processors take as "jump within 64 KiB". All others that may stand before a `syscall` mean nothing there
/// nor before a jump.
const OPERAND_SIZE: u8 = 0x66;
const SYS_RT_SIGRETURN: u64 = 15;

/// A call came by the trap; its context stands behind the instruction.
pub fn on_trap(task: &Task, cx: &mut Context) {
    let behind = cx.regs().rip as usize;
    let Some(site) = behind.checked_sub(SYSCALL.len()).filter(|&site| layout::is_guest(site, 1)) else { return };
    let mm = task.mm();
    let count = mm.count_trap(site);
    if count.is_power_of_two() && kernel().patch != Patching::Off && mm.note_traps(site, (count / 2).max(1)) {
        remember(task, site, cx.regs().rax);
    }
    let now = match kernel().patch {
        Patching::Off => false,
        Patching::On => count == PROGRAM || count == LIBRARY && !mm.is_program(site),
        Patching::Eager => count == 1,
    };
    if !now {
        return;
    }
    let tried = match look(task, site, cx.regs().rax) {
        Ok(seen) => seen.request(site, |request| mm.patch(request)),
        Err(why) => Err(mm.leave_site(site, why).then_some(why)),
    };
    match tried {
        Ok(resume) => cpu::current().fast.set_resume(behind, resume),
        Err(Some(why)) => {
            if let Some(count) = kernel().stats.left.get(why as usize) {
                count.fetch_add(1, Relaxed);
            }
        }
        Err(None) => {}
    }
}

/// The next processes that map the site's file are to begin with it.
fn remember(task: &Task, site: usize, nr: u64) {
    let mm = task.mm();
    match look(task, site, nr) {
        Ok(seen) => seen.request(site, |request| mm.know(request)),
        Err(why) => mm.refuse_site(site, why),
    }
}

/// A site and what stands around it.
struct Seen {
    before: u8,
    displaced: stub::Displaced,
}

/// Looks whether a site can be patched.
fn look(task: &Task, site: usize, nr: u64) -> Result<Seen, Left> {
    if nr == SYS_RT_SIGRETURN && !unwind::describes_signal_return(task, site) {
        return Err(Left::Sigreturn);
    }
    // Nothing stands before the first byte of all.
    let mut before = [0];
    let _ = user::copy_in(&mut before, site.wrapping_sub(1));
    let [before] = before;
    if before == OPERAND_SIZE {
        return Err(Left::Prefix);
    }
    let mut bytes = [0; LOOK];
    // Text may end before that.
    let len = (1..=LOOK).rev().find(|&len| user::copy_in(&mut bytes[..len], site).is_ok()).unwrap_or(0);
    Ok(Seen { before, displaced: stub::displaced(&bytes[..len])? })
}

impl Seen {
    /// Runs `op` with the request for a stub.
    fn request<T>(&self, site: usize, op: impl FnOnce(&Request<'_>) -> T) -> T {
        let mut seen = alloc::vec![self.before];
        seen.extend_from_slice(self.displaced.bytes());
        let starts: Vec<usize> = self.displaced.starts().collect();
        op(&Request {
            site,
            original: self.displaced.original(),
            seen: &seen,
            starts: &starts,
            encode: &|site, slot, header| self.displaced.encode(site, slot, header),
            entry: entry::entry(),
        })
    }
}

/// What a fault of guest code was, as far as patches are concerned.
pub enum Fault {
    /// Seen to: the context may go on.
    Mended,
    /// On the way to the kernel: the call is to be made.
    Call,
    /// The guest's own.
    Guests,
}

/// A fault in guest code.
pub fn on_fault(task: &Task, cx: &mut Context, sig: u32) -> Fault {
    let mm = task.mm();
    if !mm.has_patches() {
        return Fault::Guests;
    }
    let rip = cx.regs().rip as usize;
    if let Some(Place::Entering(_)) = mm.place(rip) {
        return Fault::Call;
    }
    if sig != SIGILL && sig != SIGTRAP {
        return Fault::Guests;
    }
    match mm.landed(rip, sig == SIGTRAP) {
        Landing::At(to) => {
            cx.regs_mut().rip = to as u64;
            Fault::Mended
        }
        Landing::No => Fault::Guests,
    }
}

/// If the context is on its way from a site to the kernel, takes it back to the site, as if the call had been restarted.
pub fn to_site(task: &Task, cx: &mut Context) {
    let regs = cx.regs_mut();
    let rip = regs.rip as usize;
    let site = match entry::window(rip) {
        Some(_) => {
            // The stub says how far behind its instructions the site is.
            let resume = regs.r11 as usize;
            let Ok(d) = user::read::<i32>(resume.wrapping_sub(4)) else { return };
            resume.wrapping_add_signed(d as isize).wrapping_sub(SYSCALL.len())
        }
        None => match task.mm().place(rip) {
            Some(Place::Entering(site)) => site,
            _ => return,
        },
    };
    regs.rip = site as u64;
    regs.rcx = (site + SYSCALL.len()) as u64;
    regs.r11 = regs.eflags;
}

/// If the context is at a displaced instruction's copy, names the original instead. It can go on from there as well.
pub fn to_original(task: &Task, cx: &mut Context) {
    if let Some(rip) = original(task, cx.regs().rip) {
        cx.regs_mut().rip = rip;
    }
}

/// The guest's name for an address in a stub.
pub fn original(task: &Task, rip: u64) -> Option<u64> {
    match task.mm().place(rip as usize)? {
        Place::Copy(at) => Some(at as u64),
        Place::Entering(site) => Some(site as u64),
    }
}

/// A trapped call is over. Another thread may have patched its site meanwhile: then it goes on in the stub, and is not counted as
/// somebody who comes from elsewhere.
pub fn after_trap(task: &Task, cx: &Context) {
    let (rip, fast) = (cx.regs().rip, &cpu::current().fast);
    if task.mm().has_patches() && fast.stands_for() != rip as usize {
        fast.set_resume(rip as usize, resume_at(task, rip));
    }
}

/// Where to go on for a guest that goes to `rip`: there, or to the copy of that instruction.
pub fn resume_at(task: &Task, rip: u64) -> usize {
    let rip = rip as usize;
    task.mm().copy_of(rip).unwrap_or(rip)
}
