//! Signal calls (`kernel/signal.c`).

use crate::arch;
use crate::dispatch::Call;
use crate::table::{Ptr, Sig};
use alloc::sync::Arc;
use host::abi::{SigAction, SigInfo, StackT, Timespec};
use host::time::Deadline;
use host::{Errno, Result, user};
use vkernel::Task;
use vkernel::kernel::kernel;
use vkernel::signal::{self as sig, Action, NSIG, SigSet, Together, code};
use vkernel::task::{ThreadGroup, Wait};

/// `sizeof(sigset_t)` of the kernel.
const SET_SIZE: usize = 8;

fn check_size(size: usize) -> Result<()> {
    if size == SET_SIZE { Ok(()) } else { Err(Errno::EINVAL) }
}

fn number(sig: Sig) -> Result<u32> {
    u32::try_from(sig.0).ok().filter(|s| (1..=NSIG).contains(s)).ok_or(Errno::EINVAL)
}

/// As for `kill`: 0 only asks whether it would be allowed.
pub(super) fn number_or_probe(sig: Sig) -> Result<u32> {
    if sig.0 == 0 { Ok(0) } else { number(sig) }
}

/// `rt_sigaction(2)`.
pub fn rt_sigaction(call: &mut Call<'_>, sig: Sig, act: Ptr, old: Ptr, size: usize) -> Result<usize> {
    check_size(size)?;
    let new: Option<SigAction> = user::read_opt(act.0)?;
    let n = number(sig)?;
    if new.is_some() && SigSet::UNMASKABLE.has(n) {
        return Err(Errno::EINVAL);
    }
    let hand = call.task.sighand();
    let before = match new {
        None => hand.get(n),
        Some(mut a) => {
            a.mask = SigSet(a.mask).minus(SigSet::UNMASKABLE).0;
            // What this kernel does not know of must read back as zero, so that programs can probe (sigaction(2)).
            const KNOWN: u64 = 1 | 2 | 4 | 0x0400_0000 | 0x0800_0000 | 0x1000_0000 | 0x4000_0000 | 0x8000_0000;
            a.flags &= KNOWN;
            let before = hand.set(n, Action(a));
            if Action(a).ignores(n) {
                forget_pending(call.task, n);
            }
            before
        }
    };
    user::write_opt(old.0, &before.0)?;
    Ok(0)
}

/// A signal that is now ignored is no longer pending.
fn forget_pending(task: &Task, n: u32) {
    let gone = SigSet::of(&[n]);
    task.group.pending.lock().flush(gone);
    for t in task.group.threads() {
        t.signals.lock().pending.flush(gone);
    }
}

/// `rt_sigprocmask(2)`.
pub fn rt_sigprocmask(call: &mut Call<'_>, how: i32, set: Ptr, old: Ptr, size: usize) -> Result<usize> {
    check_size(size)?;
    let before = call.task.blocked();
    if let Some(bits) = user::read_opt::<u64>(set.0)? {
        let set = SigSet(bits).minus(SigSet::UNMASKABLE);
        let new = match how {
            0 => before.or(set),
            1 => before.minus(set),
            2 => set,
            _ => return Err(Errno::EINVAL),
        };
        call.task.set_blocked(new);
    }
    user::write_opt(old.0, &before.0)?;
    Ok(0)
}

/// `rt_sigreturn(2)`: a bad frame is a SIGSEGV.
pub fn rt_sigreturn(call: &mut Call<'_>) -> Result<usize> {
    call.registers_set = true;
    if arch::restore_frame(call.task, call.cx).is_err() {
        call.task.force(sig::SIGSEGV, sig::info(sig::SIGSEGV, code::SI_KERNEL));
    }
    // Interrupted right behind a call, as a rule.
    let rip = call.cx.regs().rip;
    host::cpu::current().fast.set_resume(rip as usize, crate::patch::resume_at(call.task, rip));
    Ok(0)
}

/// `rt_sigpending(2)`.
pub fn rt_sigpending(call: &mut Call<'_>, set: Ptr, size: usize) -> Result<usize> {
    if size > SET_SIZE {
        return Err(Errno::EINVAL);
    }
    let bits = call.task.pending_set().0.to_ne_bytes();
    user::copy_out(set.0, &bits[..size])?;
    Ok(0)
}

/// `pause(2)`.
pub fn pause(call: &mut Call<'_>) -> Result<usize> {
    call.task.wait_for(None, |_| None::<usize>).or(Errno::EINTR)
}

/// `rt_sigsuspend(2)`.
pub fn rt_sigsuspend(call: &mut Call<'_>, set: Ptr, size: usize) -> Result<usize> {
    check_size(size)?;
    let mask: u64 = user::read(set.0)?;
    call.task.suspend_mask(SigSet(mask));
    call.task.wait_for(None, |_| None::<usize>).or(Errno::EINTR)
}

/// `sigaltstack(2)`.
pub fn sigaltstack(call: &mut Call<'_>, new: Ptr, old: Ptr) -> Result<usize> {
    let new: Option<StackT> = user::read_opt(new.0)?;
    let before = arch::altstack(call.task, call.cx, new)?;
    user::write_opt(old.0, &before)?;
    Ok(0)
}

/// `rt_sigtimedwait(2)`.
pub fn rt_sigtimedwait(call: &mut Call<'_>, set: Ptr, info: Ptr, timeout: Ptr, size: usize) -> Result<usize> {
    check_size(size)?;
    let wanted = SigSet(user::read(set.0)?).minus(SigSet::UNMASKABLE);
    let span: Option<Timespec> = user::read_opt(timeout.0)?;
    if span.is_some_and(|s| !s.is_valid()) {
        return Err(Errno::EINVAL);
    }
    let task = call.task;
    let deadline = span.and_then(Deadline::after);
    task.signals.lock().waiting_for = wanted;
    let got = wait_for_one_of(task, wanted, deadline);
    task.signals.lock().waiting_for = SigSet::EMPTY;
    let q = got.or(Errno::EAGAIN)?;
    user::write_opt(info.0, &q.info)?;
    Ok(q.sig as usize)
}

fn wait_for_one_of(task: &Task, wanted: SigSet, deadline: Option<Deadline>) -> Wait<sig::Queued> {
    task.wait_for(deadline, |_| task.dequeue(wanted))
}

/// What `kill` tells the receiver.
pub(super) fn from_me(task: &Task, n: u32, how: i32) -> SigInfo {
    sig::info_user(n, how, task.tgid(), task.cred().uid)
}

fn any_thread(group: &Arc<ThreadGroup>) -> Result<Arc<Task>> {
    group.threads().into_iter().next().ok_or(Errno::ESRCH)
}

/// Signals one group. A zombie takes it and does nothing.
pub(super) fn kill_group(me: &Task, group: &Arc<ThreadGroup>, n: u32, info: SigInfo) -> Result<()> {
    kill_by(me, group, n, || group.send(n, info))
}

fn kill_by(me: &Task, group: &Arc<ThreadGroup>, n: u32, send: impl FnOnce() -> Result<()>) -> Result<()> {
    match any_thread(group) {
        Ok(t) => {
            me.may_signal(n, &t)?;
            send()
        }
        // No signal reaches the virtual init, but not everybody may send it one.
        Err(_) => match kernel().tasks.task(group.tgid).filter(|t| t.tgid() == group.tgid) {
            Some(init) => me.may_signal(n, &init),
            None => Ok(()),
        },
    }
}

/// Signals many: fails only if none could be signalled.
pub(super) fn kill_many(me: &Task, groups: &[Arc<ThreadGroup>], n: u32) -> Result<usize> {
    let mut result = Err(Errno::ESRCH);
    let mut all = Together::default();
    for g in groups {
        match kill_by(me, g, n, || all.send(g, n, from_me(me, n, code::SI_USER))) {
            Ok(()) => result = Ok(0),
            Err(e) if result == Err(Errno::ESRCH) => result = Err(e),
            Err(_) => {}
        }
    }
    result
}

/// The process with this id, zombies included; a thread's id stands for its process.
fn group_of(pid: u32) -> Result<Arc<ThreadGroup>> {
    let list = &kernel().tasks;
    let process = list.process(pid).map(|p| p.group);
    process.or_else(|| list.task(pid).map(|t| t.group.clone())).ok_or(Errno::ESRCH)
}

/// `kill(2)`.
pub fn kill(call: &mut Call<'_>, pid: i32, sig: Sig) -> Result<usize> {
    let me = call.task;
    let list = &kernel().tasks;
    // Linux looks for the process first only for a single one; an invalid signal is EINVAL in all forms.
    let n = number_or_probe(sig)?;
    match pid {
        1.. => {
            if pid == 1 {
                // The virtual init has no handlers: it takes what it is sent and ignores it.
                return if me.cred().euid == 0 { Ok(0) } else { Err(Errno::EPERM) };
            }
            let group = group_of(pid as u32)?;
            kill_group(me, &group, n, from_me(me, n, code::SI_USER)).map(|()| 0)
        }
        0 => kill_many(me, &list.pgrp_members(me.group.pgrp()), n),
        -1 => {
            let mut all = list.groups();
            all.retain(|g| g.tgid != me.tgid());
            kill_many(me, &all, n)
        }
        i32::MIN => Err(Errno::ESRCH),
        _ => kill_many(me, &list.pgrp_members(pid.unsigned_abs()), n),
    }
}

/// The thread that `tgkill` means: `ESRCH` also when it belongs to another group.
fn thread(tgid: Option<i32>, tid: i32) -> Result<Arc<Task>> {
    let task = kernel().tasks.task(tid as u32).ok_or(Errno::ESRCH)?;
    if tgid.is_some_and(|g| g as u32 != task.tgid()) { Err(Errno::ESRCH) } else { Ok(task) }
}

fn send_to_thread(me: &Task, tgid: Option<i32>, tid: i32, sig: Sig) -> Result<usize> {
    let task = thread(tgid, tid)?;
    let n = number_or_probe(sig)?;
    me.may_signal(n, &task)?;
    task.send(n, from_me(me, n, code::SI_TKILL)).map(|()| 0)
}

/// `tgkill(2)`.
pub fn tgkill(call: &mut Call<'_>, tgid: i32, tid: i32, sig: Sig) -> Result<usize> {
    if tgid <= 0 || tid <= 0 {
        return Err(Errno::EINVAL);
    }
    send_to_thread(call.task, Some(tgid), tid, sig)
}

/// `tkill(2)`.
pub fn tkill(call: &mut Call<'_>, tid: i32, sig: Sig) -> Result<usize> {
    if tid <= 0 {
        return Err(Errno::EINVAL);
    }
    send_to_thread(call.task, None, tid, sig)
}

/// Information that a guest made up: only for itself may it claim to come from the kernel or from `kill`.
pub(super) fn forged(me: &Task, to: u32, info: &SigInfo) -> bool {
    (info.code >= 0 || info.code == code::SI_TKILL) && me.tgid() != to
}

/// `rt_sigqueueinfo(2)`.
pub fn rt_sigqueueinfo(call: &mut Call<'_>, pid: i32, sig: Sig, info: Ptr) -> Result<usize> {
    let mut info: SigInfo = user::read(info.0)?;
    info.signo = sig.0;
    let pid = u32::try_from(pid).map_err(|_| Errno::ESRCH)?;
    if forged(call.task, pid, &info) {
        return Err(Errno::EPERM);
    }
    let group = group_of(pid)?;
    let n = number_or_probe(sig)?;
    kill_group(call.task, &group, n, info).map(|()| 0)
}

/// `rt_tgsigqueueinfo(2)`.
pub fn rt_tgsigqueueinfo(call: &mut Call<'_>, tgid: i32, tid: i32, sig: Sig, info: Ptr) -> Result<usize> {
    let mut info: SigInfo = user::read(info.0)?;
    info.signo = sig.0;
    if tgid <= 0 || tid <= 0 {
        return Err(Errno::EINVAL);
    }
    if forged(call.task, tgid as u32, &info) {
        return Err(Errno::EPERM);
    }
    let task = thread(Some(tgid), tid)?;
    let n = number_or_probe(sig)?;
    call.task.may_signal(n, &task)?;
    task.send(n, info).map(|()| 0)
}
