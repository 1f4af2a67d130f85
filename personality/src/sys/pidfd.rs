//! Processes behind descriptors (`kernel/pid.c`, `kernel/signal.c`). Left out: `PIDFD_THREAD`.

use super::{fds, rw, signal};
use crate::dispatch::Call;
use crate::table::{Fd, Ptr, Sig};
use alloc::sync::Arc;
use fs_emu::OpenFlags;
use fs_emu::cred::Caps;
use fs_emu::vfs::File;
use host::abi::SigInfo;
use host::{Errno, Result, user};
use vkernel::Task;
use vkernel::kernel::kernel;
use vkernel::pidfd::PidFd;
use vkernel::signal::code;
use vkernel::task::ThreadGroup;

/// The open file for a process.
pub(super) fn file_for(group: &Arc<ThreadGroup>, nonblock: OpenFlags) -> Arc<File> {
    File::new(PidFd::new(group), None, OpenFlags::RDWR | nonblock)
}

/// `pidfd_open(2)`.
pub fn pidfd_open(call: &mut Call<'_>, pid: i32, flags: u32) -> Result<usize> {
    let flags = OpenFlags::from_bits_retain(flags);
    if !(flags - OpenFlags::NONBLOCK).is_empty() || pid <= 0 {
        return Err(Errno::EINVAL);
    }
    let list = &kernel().tasks;
    let Some(process) = list.process(pid as u32) else {
        return Err(if list.task(pid as u32).is_some() { Errno::ENOENT } else { Errno::ESRCH });
    };
    let fd = fds::reserve(call)?;
    Ok(fd.publish(file_for(&process.group, flags), true) as usize)
}

/// `pidfd_send_signal(2)`.
pub fn pidfd_send_signal(call: &mut Call<'_>, pidfd: Fd, sig: Sig, info: Ptr, flags: u32) -> Result<usize> {
    const PROCESS: u32 = 2;
    const PROCESS_GROUP: u32 = 4;
    if flags & !(1 | PROCESS | PROCESS_GROUP) != 0 || flags.count_ones() > 1 {
        return Err(Errno::EINVAL);
    }
    let file = rw::file(call, pidfd)?;
    let target = PidFd::named_by(&file)?;
    let group = PidFd::new(&target).process().ok_or(Errno::ESRCH)?.group;
    let info = sent_info(call.task, sig, info, &group)?;
    let n = signal::number_or_probe(sig)?;
    if flags == PROCESS_GROUP {
        let members = kernel().tasks.pgrp_members(group.pgrp());
        return signal::kill_many(call.task, &members, n);
    }
    signal::kill_group(call.task, &group, n, info).map(|()| 0)
}

fn sent_info(me: &Task, sig: Sig, at: Ptr, to: &ThreadGroup) -> Result<SigInfo> {
    let Some(info) = user::read_opt::<SigInfo>(at.0)? else {
        return Ok(signal::from_me(me, sig.0 as u32, code::SI_USER));
    };
    if info.signo != sig.0 {
        return Err(Errno::EINVAL);
    }
    if signal::forged(me, to.tgid, &info) { Err(Errno::EPERM) } else { Ok(info) }
}

/// `pidfd_getfd(2)`.
pub fn pidfd_getfd(call: &mut Call<'_>, pidfd: Fd, target: Fd, flags: u32) -> Result<usize> {
    if flags != 0 {
        return Err(Errno::EINVAL);
    }
    let file = rw::file(call, pidfd)?;
    let group = PidFd::of(&file)?.group().clone();
    let task = group.threads().into_iter().next().ok_or(Errno::ESRCH)?;
    check_attach(call.task, &task)?;
    let theirs = task.files().ok_or(Errno::ESRCH)?.get_open(target.0)?;
    Ok(fds::reserve(call)?.publish(theirs, true) as usize)
}

/// Whether this task might trace that one (`PTRACE_MODE_ATTACH_REALCREDS`).
pub(super) fn check_attach(me: &Task, other: &Task) -> Result<()> {
    let (mine, theirs) = (me.cred(), other.cred());
    let same = [theirs.uid, theirs.euid, theirs.suid].iter().all(|id| *id == mine.uid)
        && [theirs.gid, theirs.egid, theirs.sgid].iter().all(|id| *id == mine.gid);
    if me.tgid() == other.tgid() || same || mine.capable(Caps::SYS_PTRACE) { Ok(()) } else { Err(Errno::EPERM) }
}
