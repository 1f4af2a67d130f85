//! Making, changing, ending and awaiting processes and threads.

use super::{fds, pidfd, rw};
use crate::dispatch::{self, Call};
use crate::exec;
use crate::ptrace;
use crate::table::{Fd, PathPtr, Ptr};
use crate::trap::spawn::{self, Start};
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::sync::atomic::Ordering::SeqCst;
use fs_emu::OpenFlags;
use host::abi::{CloneArgs, Rusage, SigInfo, Timeval};
use host::{Errno, Result, layout, user};
use vkernel::Task;
use vkernel::files::Reservation;
use vkernel::kernel::kernel;
use vkernel::pidfd::PidFd;
use vkernel::ptrace::{Options, event};
use vkernel::signal::{NSIG, SIGCHLD};
use vkernel::task::{CloneFlags, Exit, Usage, WaitFor, WaitOptions, Waited};

/// What all of `clone`'s spellings ask for.
#[derive(Default)]
struct Request {
    flags: u64,
    exit_signal: u32,
    sp: usize,
    tls: usize,
    parent_tid: usize,
    child_tid: usize,
    pidfd: usize,
}

/// `fork(2)`.
pub fn fork(call: &mut Call<'_>) -> Result<usize> {
    start(call, Request { exit_signal: SIGCHLD, ..Request::default() })
}

/// `vfork(2)`.
pub fn vfork(call: &mut Call<'_>) -> Result<usize> {
    let flags = (CloneFlags::VFORK | CloneFlags::VM).bits();
    start(call, Request { flags, exit_signal: SIGCHLD, ..Request::default() })
}

/// `clone(2)`.
pub fn clone(call: &mut Call<'_>, flags: u64, stack: Ptr, parent_tid: Ptr, child_tid: Ptr, tls: Ptr) -> Result<usize> {
    let request = Request {
        // The old call has 32 bits of flags, the lowest eight for the signal.
        flags: flags & 0xffff_ff00,
        exit_signal: flags as u32 & 0xff,
        sp: stack.0,
        tls: tls.0,
        parent_tid: parent_tid.0,
        child_tid: child_tid.0,
        // The old call has no word of its own for it.
        pidfd: parent_tid.0,
    };
    if flags & CloneFlags::PIDFD.bits() != 0 && flags & CloneFlags::PARENT_SETTID.bits() != 0 {
        return Err(Errno::EINVAL);
    }
    start(call, request)
}

const CLONE_ARGS_MIN: usize = 64;

/// `clone3(2)`.
pub fn clone3(call: &mut Call<'_>, args: Ptr, size: usize) -> Result<usize> {
    if size > layout::PAGE_SIZE {
        return Err(Errno::E2BIG);
    }
    if size < CLONE_ARGS_MIN {
        return Err(Errno::EINVAL);
    }
    let mut bytes = [0u8; size_of::<CloneArgs>()];
    let known = size.min(bytes.len());
    user::copy_in(&mut bytes[..known], args.0)?;
    for at in known..size {
        if user::read::<u8>(args.0 + at)? != 0 {
            return Err(Errno::E2BIG);
        }
    }
    let word = |i: usize| bytes[8 * i..8 * i + 8].iter().rev().fold(0u64, |v, b| v << 8 | u64::from(*b));
    let [flags, pidfd, child_tid, parent_tid, exit_signal, stack, stack_size, tls, set_tid, set_tid_size, cgroup] =
        core::array::from_fn(word);
    let known_flags = CloneFlags::all().bits();
    let bad = flags & !known_flags != 0
        || flags & CloneFlags::DETACHED.bits() != 0
        || exit_signal > u64::from(NSIG)
        || (stack == 0) != (stack_size == 0)
        || (flags & (CloneFlags::THREAD | CloneFlags::PARENT).bits() != 0 && exit_signal != 0)
        || (set_tid == 0) != (set_tid_size == 0)
        || set_tid_size > 32
        || cgroup > i32::MAX as u64;
    if bad {
        return Err(Errno::EINVAL);
    }
    if flags & CloneFlags::INTO_CGROUP.bits() != 0 || set_tid != 0 {
        return Err(Errno::EPERM);
    }
    let request = Request {
        flags,
        exit_signal: exit_signal as u32,
        sp: stack.wrapping_add(stack_size) as usize,
        tls: tls as usize,
        parent_tid: parent_tid as usize,
        child_tid: child_tid as usize,
        pidfd: pidfd as usize,
    };
    start(call, request)
}

fn start(call: &mut Call<'_>, r: Request) -> Result<usize> {
    let flags = CloneFlags::from_bits_retain(r.flags);
    flags.check()?;
    if flags.contains(CloneFlags::PIDFD | CloneFlags::THREAD) {
        // Descriptors for threads came with 6.9; a kernel before that says the same.
        return Err(Errno::EINVAL);
    }
    if flags.contains(CloneFlags::SETTLS) && r.tls >= layout::TASK_SIZE {
        return Err(Errno::EPERM);
    }
    let me = call.task;
    // A signal that is pending comes first, so that a process is not caught between two children by a timer.
    if me.signal_pending() && !flags.contains(CloneFlags::THREAD) {
        return Err(Errno::EINTR);
    }
    let mut new = me.prepare_clone(flags, r.exit_signal)?;
    let own = own_arc(me)?;
    if flags.contains(CloneFlags::VFORK) {
        new.arm_vfork(&own);
    }
    let child = new.task().clone();
    if flags.contains(CloneFlags::CHILD_CLEARTID) {
        child.clear_child_tid.store(r.child_tid, SeqCst);
    }
    let tid = child.tid();
    let pidfd = reserve_pidfd(call, flags, &r)?;
    // Before the child can run; but in a forked child's copy of the memory the word stays as it was. Linux ignores a bad
    // address here too.
    let tell_parent = |when: bool| {
        if when && flags.contains(CloneFlags::PARENT_SETTID) {
            let _ = user::write(r.parent_tid, &tid);
        }
    };
    tell_parent(flags.contains(CloneFlags::VM));
    new.publish();
    let event = me.hand_down_trace(&child, flags, r.exit_signal);
    host_thread(call, &child, flags, &r)?;
    new.commit();
    tell_parent(!flags.contains(CloneFlags::VM));
    if let Some(fd) = pidfd {
        let _ = user::write(r.pidfd, &fd.fd());
        fd.publish(pidfd::file_for(&child.group, OpenFlags::empty()), true);
    }
    drop(child);
    if let Some(event) = event {
        me.trace_event(call.cx, event, tid.into());
    }
    if flags.contains(CloneFlags::VFORK) {
        me.wait_for_vfork();
        if me.trace_wants(Options::VFORK_DONE) {
            me.trace_event(call.cx, event::VFORK_DONE, tid.into());
        }
    }
    Ok(tid as usize)
}

/// The descriptor that `CLONE_PIDFD` asks for. That the parent's word can be written shows now; a forked child's copy of the
/// memory is to have the old value.
fn reserve_pidfd(call: &Call<'_>, flags: CloneFlags, r: &Request) -> Result<Option<Reservation>> {
    if !flags.contains(CloneFlags::PIDFD) {
        return Ok(None);
    }
    let fd = fds::reserve(call)?;
    let old: i32 = user::read(r.pidfd)?;
    let now = if flags.contains(CloneFlags::VM) { fd.fd() } else { old };
    user::write(r.pidfd, &now)?;
    Ok(Some(fd))
}

pub(crate) fn own_arc(me: &Task) -> Result<Arc<Task>> {
    me.group.threads().into_iter().find(|t| core::ptr::eq(&**t, me)).ok_or(Errno::EAGAIN)
}

fn host_thread(call: &mut Call<'_>, child: &Arc<Task>, flags: CloneFlags, r: &Request) -> Result<()> {
    let tls = flags.contains(CloneFlags::SETTLS).then_some(r.tls);
    let start = Start::new(r.sp, tls, if flags.contains(CloneFlags::CHILD_SETTID) { r.child_tid } else { 0 });
    if flags.contains(CloneFlags::VM) {
        return spawn::in_same_memory(call.cx, child, start, flags.contains(CloneFlags::THREAD)).map(drop);
    }
    spawn::fork(call.cx, child, start).map(drop)
}

/// `execve(2)`.
pub fn execve(call: &mut Call<'_>, path: PathPtr, argv: Ptr, envp: Ptr) -> Result<usize> {
    execveat(call, Fd(exec::AT_FDCWD), path, argv, envp, 0)
}

/// `execveat(2)`.
pub fn execveat(call: &mut Call<'_>, dirfd: Fd, path: PathPtr, argv: Ptr, envp: Ptr, flags: u32) -> Result<usize> {
    let path = user::read_path(path.0)?;
    let file = exec::open_program(call.task, dirfd.0, &path, flags)?;
    let name = exec::Name::of_call(call.task, dirfd.0, path)?;
    let limit = call.task.group.rlimit(vkernel::task::limits::STACK).cur;
    let argv = read_strings(argv.0, limit)?;
    let envp = read_strings(envp.0, limit)?;
    exec::execute(call.task, call.cx, file, name, argv, envp)?;
    call.registers_set = true;
    Ok(0)
}

/// Reads a NULL-terminated array of strings. `E2BIG` beyond what could ever fit.
fn read_strings(at: usize, stack_limit: u64) -> Result<Vec<Vec<u8>>> {
    const MAX_STRING: usize = 131_072;
    let budget = (stack_limit / 4).clamp(128 << 10, 6 << 20);
    let mut out = Vec::new();
    if at == 0 {
        return Ok(out);
    }
    let mut used = 0u64;
    loop {
        let ptr: usize = user::read(at.wrapping_add(8 * out.len()))?;
        if ptr == 0 {
            return Ok(out);
        }
        let s = user::read_cstr(ptr, MAX_STRING, Errno::E2BIG)?;
        used = used.saturating_add(s.len() as u64 + 9);
        if used > budget {
            return Err(Errno::E2BIG);
        }
        out.push(s);
    }
}

/// `exit(2)`: this thread.
pub fn exit(call: &mut Call<'_>, status: i32) -> Result<usize> {
    call.task.release_held();
    ptrace::ending(call.task, call.cx, status);
    dispatch::exit(call.task, status)
}

/// `exit_group(2)`: the whole process.
pub fn exit_group(call: &mut Call<'_>, status: i32) -> Result<usize> {
    call.task.group.request_exit(Exit::code(status));
    call.task.release_held();
    ptrace::ending(call.task, call.cx, status);
    dispatch::exit(call.task, status)
}

/// `set_tid_address(2)`.
pub fn set_tid_address(call: &mut Call<'_>, addr: Ptr) -> Result<usize> {
    call.task.clear_child_tid.store(addr.0, SeqCst);
    Ok(call.task.tid() as usize)
}

const ROBUST_HEAD: usize = 24;

/// `set_robust_list(2)`.
pub fn set_robust_list(call: &mut Call<'_>, head: Ptr, len: usize) -> Result<usize> {
    if len != ROBUST_HEAD {
        return Err(Errno::EINVAL);
    }
    call.task.robust_list.store(head.0, SeqCst);
    Ok(0)
}

/// `get_robust_list(2)`.
pub fn get_robust_list(call: &mut Call<'_>, pid: i32, head: Ptr, len: Ptr) -> Result<usize> {
    let value = match pid {
        0 => call.task.robust_list.load(SeqCst),
        _ => kernel().tasks.task(pid as u32).ok_or(Errno::ESRCH)?.robust_list.load(SeqCst),
    };
    user::write(len.0, &ROBUST_HEAD)?;
    user::write(head.0, &value)?;
    Ok(0)
}

/// `unshare(2)`.
pub fn unshare(call: &mut Call<'_>, flags: u64) -> Result<usize> {
    let flags = CloneFlags::from_bits_retain(flags);
    let namespaces = CloneFlags::NEWNS
        | CloneFlags::NEWCGROUP
        | CloneFlags::NEWUTS
        | CloneFlags::NEWIPC
        | CloneFlags::NEWUSER
        | CloneFlags::NEWPID
        | CloneFlags::NEWNET
        | CloneFlags::NEWTIME;
    let own = CloneFlags::FS | CloneFlags::FILES | CloneFlags::SYSVSEM;
    let memory = CloneFlags::VM | CloneFlags::SIGHAND | CloneFlags::THREAD;
    if !(namespaces | own | memory).contains(flags) {
        return Err(Errno::EINVAL);
    }
    if flags.intersects(memory) && call.task.group.live_threads() > 1 {
        return Err(Errno::EINVAL);
    }
    if flags.intersects(namespaces) {
        return Err(Errno::EPERM);
    }
    if flags.contains(CloneFlags::FS) {
        call.task.set_fs(Arc::new(call.task.fs().copy()));
    }
    if flags.contains(CloneFlags::FILES) {
        let files = call.task.files().ok_or(Errno::EBADF)?;
        if files.users() > 1 {
            let copy = Arc::new(files.copy()?);
            copy.add_user();
            call.task.set_files(copy);
        }
    }
    Ok(0)
}

fn rusage_of(u: &Usage) -> Rusage {
    let tv = Timeval::from_micros;
    Rusage {
        utime: tv(u.utime_us),
        stime: tv(u.stime_us),
        maxrss: u.maxrss,
        minflt: u.minflt,
        majflt: u.majflt,
        nvcsw: u.nvcsw,
        nivcsw: u.nivcsw,
        ..Rusage::default()
    }
}

/// `wait4(2)`.
pub fn wait4(call: &mut Call<'_>, pid: i32, status: Ptr, options: u32, rusage: Ptr) -> Result<usize> {
    let allowed = WaitOptions::NOHANG
        | WaitOptions::STOPPED
        | WaitOptions::CONTINUED
        | WaitOptions::NOTHREAD
        | WaitOptions::ALL
        | WaitOptions::CLONE;
    let options = WaitOptions::from_bits_retain(options);
    if !allowed.contains(options) {
        return Err(Errno::EINVAL);
    }
    let whom = match pid {
        i32::MIN => return Err(Errno::ESRCH),
        -1 => WaitFor::Any,
        0 => WaitFor::Group(call.task.group.pgrp()),
        1.. => WaitFor::Pid(pid as u32),
        _ => WaitFor::Group(pid.unsigned_abs()),
    };
    let found = call.task.wait_child(whom, options | WaitOptions::EXITED)?;
    if found.pid != 0 {
        user::write_opt(status.0, &found.status)?;
        user::write_opt(rusage.0, &rusage_of(&found.usage))?;
    }
    Ok(found.pid as usize)
}

/// `waitid(2)`.
pub fn waitid(call: &mut Call<'_>, which: i32, id: i32, info: Ptr, options: u32, rusage: Ptr) -> Result<usize> {
    let allowed = WaitOptions::all();
    let options = WaitOptions::from_bits_retain(options);
    let kinds = WaitOptions::EXITED | WaitOptions::STOPPED | WaitOptions::CONTINUED;
    if !allowed.contains(options) || !options.intersects(kinds) {
        return Err(Errno::EINVAL);
    }
    let whom = match (which, id) {
        (0, _) => WaitFor::Any,
        (1, 1..) => WaitFor::Pid(id as u32),
        (2, 0) => WaitFor::Group(call.task.group.pgrp()),
        (2, 1..) => WaitFor::Group(id as u32),
        (3, 0..) => return wait_on_pidfd(call, Fd(id), info, options, rusage),
        _ => return Err(Errno::EINVAL),
    };
    match call.task.wait_child(whom, options) {
        Ok(found) => tell_of(&found, info, rusage),
        // Linux writes the empty information even then, and a bad address is the worse error.
        Err(e) => tell_of(&Waited::default(), info, Ptr(0)).and(Err(e)),
    }
}

/// `P_PIDFD`: a descriptor that never blocks makes a call that doesn't.
fn wait_on_pidfd(call: &mut Call<'_>, fd: Fd, info: Ptr, options: WaitOptions, rusage: Ptr) -> Result<usize> {
    let file = rw::file(call, fd)?;
    let target = PidFd::of(&file)?;
    let whom = WaitFor::Pid(target.process().ok_or(Errno::ECHILD)?.group.tgid);
    let impatient = file.flags().contains(OpenFlags::NONBLOCK) && !options.contains(WaitOptions::NOHANG);
    let options = if impatient { options | WaitOptions::NOHANG } else { options };
    drop(file);
    let found = call.task.wait_child(whom, options)?;
    if impatient && found.pid == 0 {
        return Err(Errno::EAGAIN);
    }
    tell_of(&found, info, rusage)
}

fn tell_of(found: &Waited, info: Ptr, rusage: Ptr) -> Result<usize> {
    if found.pid != 0 {
        user::write_opt(rusage.0, &rusage_of(&found.usage))?;
    }
    if info.0 != 0 {
        user::write(info.0, &wait_info(found))?;
    }
    Ok(0)
}

fn wait_info(w: &Waited) -> SigInfo {
    let mut info = SigInfo::default();
    if w.pid != 0 {
        info.signo = SIGCHLD as i32;
        info.code = w.code;
        info.fields[0] = u64::from(w.pid) | u64::from(w.uid) << 32;
        info.fields[1] = u64::from(w.value as u32);
    }
    info
}
