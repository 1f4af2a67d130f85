//! `prctl(2)` and `arch_prctl(2)` (Linux's `kernel/sys.c`, `security/commoncap.c`, `arch/x86/kernel/process_64.c`).
//!
//! Options of features that this kernel does not have answer as a Linux built without them: `EINVAL`. That goes for seccomp
//! filters, Syscall User Dispatch, names of anonymous memory, memory-deny-write-execute, same-page merging, core scheduling,
//! speculation control, shadow stacks and permissions for extended states.

use crate::dispatch::Call;
use crate::table::Ptr;
use core::sync::atomic::Ordering::SeqCst;
use fs_emu::cred::Caps;
use host::sys::process;
use host::{Errno, Result, cpu, layout, user};
use vkernel::Task;
use vkernel::task::secure;

/// Highest capability.
const LAST_CAP: u64 = 40;
/// What `PR_SET_TIMERSLACK` with 0 goes back to, in ns.
const DEFAULT_SLACK: usize = 50_000;

macro_rules! options {
    ($($name:ident = $n:literal),* $(,)?) => { $(const $name: u32 = $n;)* };
}

options! {
    SET_PDEATHSIG = 1, GET_PDEATHSIG = 2, GET_DUMPABLE = 3, SET_DUMPABLE = 4, GET_KEEPCAPS = 7, SET_KEEPCAPS = 8,
    GET_TIMING = 13, SET_TIMING = 14, SET_NAME = 15, GET_NAME = 16, GET_SECCOMP = 21, CAPBSET_READ = 23,
    CAPBSET_DROP = 24, GET_TSC = 25, SET_TSC = 26, GET_SECUREBITS = 27, SET_SECUREBITS = 28, SET_TIMERSLACK = 29,
    GET_TIMERSLACK = 30, TASK_PERF_EVENTS_DISABLE = 31, TASK_PERF_EVENTS_ENABLE = 32, MCE_KILL_GET = 34, SET_MM = 35,
    SET_CHILD_SUBREAPER = 36, GET_CHILD_SUBREAPER = 37, SET_NO_NEW_PRIVS = 38, GET_NO_NEW_PRIVS = 39,
    GET_TID_ADDRESS = 40, GET_THP_DISABLE = 42, CAP_AMBIENT = 47, SET_IO_FLUSHER = 57, GET_IO_FLUSHER = 58,
    GET_MDWE = 66, GET_AUXV = 0x4155_5856,
}

/// `prctl(2)`.
pub fn prctl(call: &mut Call<'_>, option: u32, a: u64, b: u64, c: u64, d: u64) -> Result<usize> {
    let task = call.task;
    match option {
        GET_KEEPCAPS | SET_KEEPCAPS | CAPBSET_READ | CAPBSET_DROP | GET_SECUREBITS | SET_SECUREBITS | CAP_AMBIENT => {
            capabilities(task, option, [a, b, c, d])
        }
        SET_PDEATHSIG | GET_PDEATHSIG | GET_DUMPABLE | SET_DUMPABLE | SET_CHILD_SUBREAPER | GET_CHILD_SUBREAPER => {
            of_process(task, option, a)
        }
        SET_NO_NEW_PRIVS if a != 1 || b | c | d != 0 => Err(Errno::EINVAL),
        SET_NO_NEW_PRIVS => {
            task.no_new_privs.store(1, SeqCst);
            Ok(0)
        }
        GET_NO_NEW_PRIVS | GET_THP_DISABLE | GET_MDWE if a | b | c | d != 0 => Err(Errno::EINVAL),
        GET_NO_NEW_PRIVS => Ok(task.no_new_privs.load(SeqCst) as usize),
        // Transparent huge pages are not switched off, writable code is not denied, and no filter is installed.
        GET_THP_DISABLE | GET_MDWE | GET_SECCOMP => Ok(0),
        // There are no performance counters to switch.
        TASK_PERF_EVENTS_DISABLE | TASK_PERF_EVENTS_ENABLE => Ok(0),
        _ => of_thread(task, option, [a, b, c, d]),
    }
}

/// Options of one thread.
fn of_thread(task: &Task, option: u32, [a, b, c, d]: [u64; 4]) -> Result<usize> {
    const STATISTICAL: u64 = 0;
    const TSC_ENABLE: u32 = 1;
    const MCE_KILL_DEFAULT: usize = 2;
    let at = a as usize;
    match option {
        SET_NAME => set_name(task, at),
        GET_NAME => {
            let mut name = [0u8; 16];
            for (to, from) in name.iter_mut().zip(task.comm()) {
                *to = from;
            }
            user::write(at, &name).map(|()| 0)
        }
        GET_TIMING => Ok(STATISTICAL as usize),
        SET_TIMING if a == STATISTICAL => Ok(0),
        GET_TSC => user::write(at, &TSC_ENABLE).map(|()| 0),
        SET_TSC if a == u64::from(TSC_ENABLE) => Ok(0),
        SET_TIMERSLACK => {
            let slack = if (a as i64) <= 0 { DEFAULT_SLACK } else { a as usize };
            task.timer_slack.store(slack, SeqCst);
            Ok(0)
        }
        GET_TIMERSLACK => Ok(task.timer_slack.load(SeqCst)),
        MCE_KILL_GET if a | b | c | d == 0 => Ok(MCE_KILL_DEFAULT),
        SET_MM | SET_IO_FLUSHER | GET_IO_FLUSHER if !task.cred().capable(Caps::SYS_RESOURCE) => Err(Errno::EPERM),
        GET_TID_ADDRESS => user::write(at, &task.clear_child_tid.load(SeqCst)).map(|()| 0),
        GET_AUXV if c | d == 0 => {
            let auxv = task.mm().info().auxv;
            let n = auxv.len().min(b as usize);
            user::copy_out(at, auxv.get(..n).unwrap_or_default())?;
            Ok(auxv.len())
        }
        _ => Err(Errno::EINVAL),
    }
}

/// Up to 15 bytes; what follows need not be readable.
fn set_name(task: &Task, at: usize) -> Result<usize> {
    let mut name = [0u8; 15];
    for (i, byte) in name.iter_mut().enumerate() {
        *byte = user::read(at.checked_add(i).ok_or(Errno::EFAULT)?)?;
        if *byte == 0 {
            break;
        }
    }
    task.set_comm(&name);
    Ok(0)
}

/// Options of the whole process.
fn of_process(task: &Task, option: u32, a: u64) -> Result<usize> {
    const NSIG: u64 = 64;
    let group = &task.group;
    match option {
        SET_PDEATHSIG if a > NSIG => return Err(Errno::EINVAL),
        SET_PDEATHSIG => group.pdeath_signal.store(a as u32, SeqCst),
        GET_PDEATHSIG => user::write(a as usize, &group.pdeath_signal.load(SeqCst))?,
        GET_DUMPABLE => return Ok(group.dumpable.load(SeqCst) as usize),
        SET_DUMPABLE if a > 1 => return Err(Errno::EINVAL),
        SET_DUMPABLE => group.dumpable.store(a as u32, SeqCst),
        SET_CHILD_SUBREAPER => group.subreaper.store(u32::from(a != 0), SeqCst),
        _ => user::write(a as usize, &group.subreaper.load(SeqCst))?,
    }
    Ok(0)
}

/// Options about capabilities (`cap_task_prctl`).
fn capabilities(task: &Task, option: u32, args: [u64; 4]) -> Result<usize> {
    let a = args[0];
    match option {
        GET_KEEPCAPS => Ok(usize::from(task.is_secure(secure::KEEP_CAPS))),
        SET_KEEPCAPS if a > 1 => Err(Errno::EINVAL),
        SET_KEEPCAPS if task.is_secure(secure::KEEP_CAPS << 1) => Err(Errno::EPERM),
        SET_KEEPCAPS if a == 1 => Ok(task.securebits.fetch_or(secure::KEEP_CAPS, SeqCst)).map(|_| 0),
        SET_KEEPCAPS => Ok(task.securebits.fetch_and(!secure::KEEP_CAPS, SeqCst)).map(|_| 0),
        GET_SECUREBITS => Ok(task.securebits.load(SeqCst) as usize),
        SET_SECUREBITS => task.set_securebits(u32::try_from(a).map_err(|_| Errno::EPERM)?).map(|()| 0),
        CAPBSET_READ if a > LAST_CAP => Err(Errno::EINVAL),
        CAPBSET_READ => Ok(usize::from(task.cred().bounding.contains(cap(a)))),
        CAPBSET_DROP => {
            let old = task.cred();
            if !old.capable(Caps::SETPCAP) {
                return Err(Errno::EPERM);
            }
            if a > LAST_CAP {
                return Err(Errno::EINVAL);
            }
            let mut new = (*old).clone();
            new.bounding.remove(cap(a));
            task.set_cred(new);
            Ok(0)
        }
        _ => ambient(task, args),
    }
}

fn cap(n: u64) -> Caps {
    Caps::from_bits_retain(1 << (n & 63))
}

/// `PR_CAP_AMBIENT`.
fn ambient(task: &Task, [what, which, c, d]: [u64; 4]) -> Result<usize> {
    const IS_SET: u64 = 1;
    const RAISE: u64 = 2;
    const LOWER: u64 = 3;
    const CLEAR_ALL: u64 = 4;
    let old = task.cred();
    let mut new = (*old).clone();
    if what == CLEAR_ALL {
        if which | c | d != 0 {
            return Err(Errno::EINVAL);
        }
        new.ambient = Caps::empty();
        task.set_cred(new);
        return Ok(0);
    }
    if which > LAST_CAP || c | d != 0 {
        return Err(Errno::EINVAL);
    }
    match what {
        IS_SET => return Ok(usize::from(old.ambient.contains(cap(which)))),
        RAISE if !old.permitted.contains(cap(which)) || !old.inheritable.contains(cap(which)) => {
            return Err(Errno::EPERM);
        }
        RAISE if task.is_secure(secure::NO_CAP_AMBIENT_RAISE) => return Err(Errno::EPERM),
        RAISE => new.ambient.insert(cap(which)),
        LOWER => new.ambient.remove(cap(which)),
        _ => return Err(Errno::EINVAL),
    }
    task.set_cred(new);
    Ok(0)
}

/// `arch_prctl(2)`.
pub fn arch_prctl(_call: &mut Call<'_>, code: i32, addr: Ptr) -> Result<usize> {
    const SET_GS: i32 = 0x1001;
    const SET_FS: i32 = 0x1002;
    const GET_FS: i32 = 0x1003;
    const GET_GS: i32 = 0x1004;
    const GET_CPUID: i32 = 0x1011;
    const SET_CPUID: i32 = 0x1012;
    match code {
        // `TASK_SIZE_MAX`.
        SET_GS | SET_FS if addr.0 >= layout::TASK_SIZE => Err(Errno::EPERM),
        SET_GS => {
            cpu::current().set_guest_gs(addr.0);
            Ok(0)
        }
        SET_FS => process::set_guest_fs(addr.0).map(|()| 0),
        GET_FS => user::write(addr.0, &process::guest_fs()).map(|()| 0),
        GET_GS => user::write(addr.0, &cpu::current().guest_gs()).map(|()| 0),
        // The instruction is allowed, and cannot be forbidden.
        GET_CPUID => Ok(1),
        SET_CPUID => Err(Errno::ENODEV),
        _ => Err(Errno::EINVAL),
    }
}
