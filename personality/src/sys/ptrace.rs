//! `ptrace(2)` (`kernel/ptrace.c`, `arch/x86/kernel/ptrace.c`): the requests. What they do stands in `vkernel::ptrace`.
//!
//! Left out: `PTRACE_SYSEMU`, blocks of steps, hardware breakpoints, seccomp filters (`EIO`, as for an unknown request).

use super::sched::find;
use crate::dispatch::Call;
use crate::table::Ptr;
use alloc::vec::Vec;
use host::abi::SigInfo;
use host::user::{self, IoVec};
use host::{Errno, Result, layout};
use vkernel::Task;
use vkernel::ptrace::{Mode, Options, UserRegs};
use vkernel::signal::SigSet;

const TRACEME: u64 = 0;
const PEEKTEXT: u64 = 1;
const PEEKDATA: u64 = 2;
const PEEKUSER: u64 = 3;
const POKETEXT: u64 = 4;
const POKEDATA: u64 = 5;
const POKEUSER: u64 = 6;
const CONT: u64 = 7;
const KILL: u64 = 8;
const SINGLESTEP: u64 = 9;
const GETREGS: u64 = 12;
const SETREGS: u64 = 13;
const GETFPREGS: u64 = 14;
const SETFPREGS: u64 = 15;
const ATTACH: u64 = 16;
const DETACH: u64 = 17;
const SYSCALL: u64 = 24;
const ARCH_PRCTL: u64 = 30;
const SETOPTIONS: u64 = 0x4200;
const GETEVENTMSG: u64 = 0x4201;
const GETSIGINFO: u64 = 0x4202;
const SETSIGINFO: u64 = 0x4203;
const GETREGSET: u64 = 0x4204;
const SETREGSET: u64 = 0x4205;
const SEIZE: u64 = 0x4206;
const INTERRUPT: u64 = 0x4207;
const LISTEN: u64 = 0x4208;
const PEEKSIGINFO: u64 = 0x4209;
const GETSIGMASK: u64 = 0x420a;
const SETSIGMASK: u64 = 0x420b;
const GET_SYSCALL_INFO: u64 = 0x420e;

/// Bytes of `struct user`.
const USER: usize = 928;
/// Where the debug registers stand in it.
const DEBUG: core::ops::Range<usize> = 848..912;
/// Bytes of the `FXSAVE` image.
const FXSAVE: usize = 512;
const NT_PRSTATUS: usize = 1;
const NT_PRFPREG: usize = 2;
const NT_X86_XSTATE: usize = 0x202;
const ARCH_X86_64: u32 = 0xc000_003e;
const SYSCALL_CODE: i32 = 5 | 0x80;

/// `ptrace(2)`.
pub fn ptrace(call: &mut Call<'_>, request: u64, pid: i32, addr: Ptr, data: u64) -> Result<usize> {
    let me = call.task;
    if request == TRACEME {
        return me.trace_me().map(|()| 0);
    }
    let other = if pid == 0 { None } else { find(me, pid)? };
    if request == ATTACH || request == SEIZE {
        let seize = if request == SEIZE { Some(seize_options(addr, data)?) } else { None };
        return match other {
            Some(other) => me.attach_to(&other, seize).map(|()| 0),
            None if pid == 0 => Err(Errno::ESRCH),
            None => Err(Errno::EPERM),
        };
    }
    let other = other.ok_or(Errno::ESRCH)?;
    me.tracee(other.tid(), request == KILL || request == INTERRUPT)?;
    let at = data as usize;
    match request {
        PEEKTEXT | PEEKDATA => user::write(at, &peek(&other, addr.0)?).map(|()| 0),
        POKETEXT | POKEDATA => poke(&other, addr.0, data),
        PEEKUSER => user::write(at, &peek_user(&other, addr.0)?).map(|()| 0),
        POKEUSER => poke_user(&other, addr.0, data),
        CONT => resume(&other, Mode::Run, data),
        SYSCALL => resume(&other, Mode::Syscall, data),
        SINGLESTEP => resume(&other, Mode::Step, data),
        DETACH => other.detach_tracee(signal_number(data)?).map(|()| 0),
        KILL => {
            other.kill_tracee();
            Ok(0)
        }
        INTERRUPT => other.interrupt_tracee().map(|()| 0),
        LISTEN => other.listen_tracee().map(|()| 0),
        GETREGS => get_user(&other, at, UserRegs::SIZE).map(drop).map(|()| 0),
        SETREGS => set_user(&other, at, UserRegs::SIZE).map(|()| 0),
        GETFPREGS => get_fpu(&other, at, FXSAVE, FXSAVE).map(drop).map(|()| 0),
        SETFPREGS => set_fpu(&other, at, FXSAVE, FXSAVE).map(|()| 0),
        GETREGSET | SETREGSET => regset(&other, request == SETREGSET, addr.0, at),
        SETOPTIONS => other.set_trace_options(data).map(|()| 0),
        GETEVENTMSG => user::write(at, &other.trace.message()).map(|()| 0),
        GETSIGINFO => user::write(at, &other.trace.info()?).map(|()| 0),
        SETSIGINFO => other.trace.set_info(user::read::<SigInfo>(at)?).map(|()| 0),
        PEEKSIGINFO => peek_signals(&other, addr.0, at),
        GETSIGMASK | SETSIGMASK => mask(&other, request == SETSIGMASK, addr.0, at),
        GET_SYSCALL_INFO => call_info(&other, addr.0, at),
        ARCH_PRCTL => arch_prctl(&other, addr.0, data),
        _ => Err(Errno::EIO),
    }
}

fn seize_options(addr: Ptr, data: u64) -> Result<Options> {
    const SUSPEND_SECCOMP: u64 = 1 << 21;
    let known = u64::from(Options::all().bits()) | SUSPEND_SECCOMP;
    if addr.0 != 0 || data & !known != 0 {
        return Err(Errno::EIO);
    }
    if data & SUSPEND_SECCOMP != 0 {
        return Err(Errno::EPERM);
    }
    Ok(Options::from_bits_truncate(data as u32))
}

fn signal_number(data: u64) -> Result<u32> {
    u32::try_from(data).map_err(|_| Errno::EIO)
}

fn resume(other: &Task, mode: Mode, data: u64) -> Result<usize> {
    other.resume_tracee(mode, signal_number(data)?).map(|()| 0)
}

fn peek(other: &Task, addr: usize) -> Result<u64> {
    let bytes = other.read_tracee(addr, 8, true).map_err(no_memory)?;
    bytes.try_into().map(u64::from_ne_bytes).map_err(|_| Errno::EIO)
}

fn poke(other: &Task, addr: usize, data: u64) -> Result<usize> {
    let n = other.write_tracee(addr, data.to_ne_bytes().to_vec()).map_err(no_memory)?;
    if n == 8 { Ok(0) } else { Err(Errno::EIO) }
}

fn no_memory(e: Errno) -> Errno {
    if e == Errno::EFAULT { Errno::EIO } else { e }
}

fn peek_user(other: &Task, addr: usize) -> Result<u64> {
    if !addr.is_multiple_of(8) || addr >= USER {
        return Err(Errno::EIO);
    }
    // Debug registers and the rest of `struct user` are nothing but zero.
    Ok(other.trace.regs.lock().user.words().get(addr / 8).copied().unwrap_or(0))
}

fn poke_user(other: &Task, addr: usize, data: u64) -> Result<usize> {
    const DEBUG_STATUS: usize = DEBUG.start + 6 * 8;
    const DEBUG_CONTROL: usize = DEBUG.start + 7 * 8;
    if !addr.is_multiple_of(8) || addr >= USER {
        return Err(Errno::EIO);
    }
    let mut regs = other.trace.regs.lock();
    let mut words = regs.user.words();
    match words.get_mut(addr / 8) {
        Some(word) => {
            check_word(addr / 8, data)?;
            *word = data;
            regs.user = UserRegs::from_words(&words);
            regs.user_changed = true;
            Ok(0)
        }
        // There is none to be used; that it is not used may be said.
        None if addr == DEBUG_STATUS || addr == DEBUG_CONTROL && data & 0xff == 0 => Ok(0),
        None if addr == DEBUG_CONTROL => Err(Errno::ENOSPC),
        None if (DEBUG.start..DEBUG.start + 4 * 8).contains(&addr) && (data as usize) < layout::TASK_SIZE => Ok(0),
        None => Err(Errno::EIO),
    }
}

/// What `putreg` refuses.
fn check_word(word: usize, value: u64) -> Result<()> {
    const CS: usize = 17;
    const SS: usize = 20;
    const BASES: [usize; 2] = [21, 22];
    const SEGMENTS: [usize; 6] = [CS, SS, 23, 24, 25, 26];
    let selector = value & 0xffff;
    let bad_selector =
        SEGMENTS.contains(&word) && (selector != 0 && selector & 3 != 3 || selector == 0 && (word == CS || word == SS));
    let bad_base = BASES.contains(&word) && value >= layout::TASK_SIZE as u64;
    if bad_selector || bad_base { Err(Errno::EIO) } else { Ok(()) }
}

fn get_user(other: &Task, at: usize, len: usize) -> Result<usize> {
    let words = other.trace.regs.lock().user.words();
    let bytes: Vec<u8> = words.iter().flat_map(|w| w.to_ne_bytes()).take(len).collect();
    user::copy_out(at, &bytes).map(|()| bytes.len())
}

fn set_user(other: &Task, at: usize, len: usize) -> Result<()> {
    let new: Vec<u64> = user::read_array(at, len / 8)?;
    let mut regs = other.trace.regs.lock();
    let mut words = regs.user.words();
    for (i, (to, from)) in words.iter_mut().zip(&new).enumerate() {
        check_word(i, *from)?;
        *to = *from;
    }
    regs.user = UserRegs::from_words(&words);
    regs.user_changed = true;
    Ok(())
}

/// As much of the vector state as is asked for, but for what is beyond `most`.
fn get_fpu(other: &Task, at: usize, len: usize, most: usize) -> Result<usize> {
    let mut bytes = other.trace.regs.lock().fpu.clone();
    bytes.truncate(most.min(len));
    if most == FXSAVE {
        // What programs may keep their own notes in: nobody's.
        bytes.iter_mut().skip(464).for_each(|b| *b = 0);
    }
    user::copy_out(at, &bytes).map(|()| bytes.len())
}

fn set_fpu(other: &Task, at: usize, len: usize, most: usize) -> Result<()> {
    const MXCSR: usize = 24;
    const NOTES: core::ops::Range<usize> = 464..512;
    let all = other.trace.regs.lock().fpu.len();
    let most = most.min(all);
    if len < most || all < FXSAVE + 64 {
        return Err(if most == FXSAVE { Errno::EINVAL } else { Errno::EFAULT });
    }
    let mut new = Vec::new();
    new.try_reserve_exact(most).map_err(|_| Errno::ENOMEM)?;
    new.resize(most, 0);
    user::copy_in(&mut new, at)?;
    let mut regs = other.trace.regs.lock();
    let word =
        |bytes: &[u8], at: usize| bytes.get(at..at + 4).map_or(0, |b| b.iter().rfold(0, |v, b| v << 8 | u32::from(*b)));
    let mask = match word(&regs.fpu, MXCSR + 4) {
        0 => 0xffbf,
        mask => mask,
    };
    if word(&new, MXCSR) & !mask != 0 {
        return Err(Errno::EINVAL);
    }
    for (i, (to, from)) in regs.fpu.iter_mut().zip(&new).enumerate() {
        if !NOTES.contains(&i) {
            *to = *from;
        }
    }
    if most == FXSAVE
        && let Some(header) = regs.fpu.get_mut(FXSAVE)
    {
        // The legacy part is in use now.
        *header |= 3;
    }
    regs.fpu_changed = true;
    Ok(())
}

fn regset(other: &Task, set: bool, kind: usize, at: usize) -> Result<usize> {
    let iov = IoVec { base: user::read(at)?, len: user::read(at.wrapping_add(8))? };
    let most = match kind {
        NT_PRSTATUS => UserRegs::SIZE,
        NT_PRFPREG => FXSAVE,
        NT_X86_XSTATE => usize::MAX,
        _ => return Err(Errno::EINVAL),
    };
    if !iov.len.is_multiple_of(8) {
        return Err(Errno::EINVAL);
    }
    let len = iov.len.min(most);
    let done = match (set, kind) {
        (false, NT_PRSTATUS) => get_user(other, iov.base, len)?,
        (true, NT_PRSTATUS) => set_user(other, iov.base, len).map(|()| len)?,
        (false, _) => get_fpu(other, iov.base, len, most)?,
        (true, _) => {
            let len = len.min(other.trace.regs.lock().fpu.len());
            set_fpu(other, iov.base, len, most).map(|()| len)?
        }
    };
    user::write(at.wrapping_add(8), &done).map(|()| 0)
}

fn peek_signals(other: &Task, addr: usize, at: usize) -> Result<usize> {
    const SHARED: u32 = 1;
    let off: u64 = user::read(addr)?;
    let flags: u32 = user::read(addr.wrapping_add(8))?;
    let n: i32 = user::read(addr.wrapping_add(12))?;
    let n = usize::try_from(n).map_err(|_| Errno::EINVAL)?;
    if flags & !SHARED != 0 {
        return Err(Errno::EINVAL);
    }
    let list: Vec<SigInfo> = if flags & SHARED != 0 {
        other.group.pending.lock().iter().map(|q| q.info).collect()
    } else {
        other.signals.lock().pending.iter().map(|q| q.info).collect()
    };
    let mut done = 0;
    for info in list.iter().skip(usize::try_from(off).unwrap_or(usize::MAX)).take(n) {
        match user::write(at.wrapping_add(done * size_of::<SigInfo>()), info) {
            Ok(()) => done += 1,
            Err(e) if done == 0 => return Err(e),
            Err(_) => break,
        }
    }
    Ok(done)
}

fn mask(other: &Task, set: bool, size: usize, at: usize) -> Result<usize> {
    if size != size_of::<u64>() {
        return Err(Errno::EINVAL);
    }
    if set {
        let new = SigSet(user::read(at)?);
        other.set_blocked(new);
        return Ok(0);
    }
    let shown = other.signals.lock();
    let now = shown.saved_mask.unwrap_or(shown.blocked);
    drop(shown);
    user::write(at, &now.0).map(|()| 0)
}

/// `PTRACE_GET_SYSCALL_INFO`: how much there is to tell, of which `size` bytes are.
fn call_info(other: &Task, size: usize, at: usize) -> Result<usize> {
    const ENTRY: u64 = 1;
    let in_call = other.trace.info().is_ok_and(|i| i.code == SYSCALL_CODE);
    let message = other.trace.message();
    let r = other.trace.regs.lock().user;
    let mut out: Vec<u8> = Vec::new();
    let op: u8 = if !in_call {
        0
    } else if message == ENTRY {
        1
    } else {
        2
    };
    out.extend_from_slice(&[op, 0, 0, 0]);
    out.extend_from_slice(&ARCH_X86_64.to_ne_bytes());
    [r.rip, r.rsp].iter().for_each(|w| out.extend_from_slice(&w.to_ne_bytes()));
    match op {
        1 => {
            let words = [r.orig_rax, r.rdi, r.rsi, r.rdx, r.r10, r.r8, r.r9];
            words.iter().for_each(|w| out.extend_from_slice(&w.to_ne_bytes()));
        }
        2 => {
            const MAX_ERRNO: i64 = 4095;
            out.extend_from_slice(&r.rax.to_ne_bytes());
            out.push((-MAX_ERRNO..0).contains(&(r.rax as i64)).into());
        }
        _ => {}
    }
    let n = out.len();
    out.truncate(size);
    user::copy_out(at, &out).map(|()| n)
}

/// `PTRACE_ARCH_PRCTL`: the bases of `%fs` and `%gs`.
fn arch_prctl(other: &Task, addr: usize, code: u64) -> Result<usize> {
    const SET_GS: u64 = 0x1001;
    const SET_FS: u64 = 0x1002;
    const GET_FS: u64 = 0x1003;
    const GET_GS: u64 = 0x1004;
    let user = other.trace.regs.lock().user;
    match code {
        GET_FS => user::write(addr, &user.fs_base).map(|()| 0),
        GET_GS => user::write(addr, &user.gs_base).map(|()| 0),
        SET_FS | SET_GS if addr >= layout::TASK_SIZE => Err(Errno::EPERM),
        SET_FS | SET_GS => {
            let mut regs = other.trace.regs.lock();
            let base = if code == SET_FS { &mut regs.user.fs_base } else { &mut regs.user.gs_base };
            *base = addr as u64;
            regs.user_changed = true;
            Ok(0)
        }
        _ => Err(Errno::EINVAL),
    }
}
