//! What descriptors and open files can be told: `fcntl`, `flock` (`fs/fcntl.c`, `fs/locks.c`).
//!
//! Leases, directory notification and `O_ASYNC` stand in [`lease`](super::lease).

use super::{fds, lease, rw};
use crate::dispatch::Call;
use crate::table::{Fd, Ptr};
use alloc::sync::Arc;
use fs_emu::cred::Caps;
use fs_emu::vfs::File;
use fs_emu::{FileType, OpenFlags};
use host::abi::Flock;
use host::{Errno, Result, user};
use vkernel::files::extra::{FileExtra, Receiver};
use vkernel::files::io::InUse;
use vkernel::kernel::kernel;
use vkernel::locks::{Attempt, FileId, Kind, Owner, Range, Request};
use vkernel::pipe::PipeEnd;

macro_rules! commands {
    ($($name:ident = $n:literal),* $(,)?) => { $(const $name: u32 = $n;)* };
}

commands! {
    F_DUPFD = 0, F_GETFD = 1, F_SETFD = 2, F_GETFL = 3, F_SETFL = 4, F_GETLK = 5, F_SETLK = 6, F_SETLKW = 7, F_SETOWN = 8,
    F_GETOWN = 9, F_SETSIG = 10, F_GETSIG = 11, F_SETOWN_EX = 15, F_GETOWN_EX = 16, F_OFD_GETLK = 36, F_OFD_SETLK = 37,
    F_OFD_SETLKW = 38, F_SETLEASE = 1024, F_GETLEASE = 1025, F_NOTIFY = 1026, F_DUPFD_CLOEXEC = 1030, F_SETPIPE_SZ = 1031,
    F_GETPIPE_SZ = 1032, F_ADD_SEALS = 1033, F_GET_SEALS = 1034,
}

const FD_CLOEXEC: u64 = 1;
/// `F_UNLCK`: no lock, no lease.
const UNLOCKED: i16 = 2;

/// `fcntl(2)`.
pub fn fcntl(call: &mut Call<'_>, fd: Fd, cmd: u32, arg: u64) -> Result<usize> {
    let file = rw::table(call)?.get(fd.0)?;
    let on_descriptor = matches!(cmd, F_DUPFD | F_DUPFD_CLOEXEC | F_GETFD | F_SETFD | F_GETFL);
    if file.is_path_only() && !on_descriptor {
        return Err(Errno::EBADF);
    }
    match cmd {
        F_DUPFD | F_DUPFD_CLOEXEC => dup_from(call, fd, arg, cmd == F_DUPFD_CLOEXEC),
        F_GETFD => rw::table(call)?.cloexec(fd.0).map(usize::from),
        F_SETFD => rw::table(call)?.set_cloexec(fd.0, arg & FD_CLOEXEC != 0).map(|()| 0),
        F_GETFL => Ok(file.flags().bits() as usize),
        F_SETFL => set_flags(call, fd, &file, arg as u32),
        F_GETLK | F_OFD_GETLK => get_lock(call, &file, cmd, Ptr(arg as usize)),
        F_SETLK | F_SETLKW | F_OFD_SETLK | F_OFD_SETLKW => set_lock(call, fd, file, cmd, Ptr(arg as usize)),
        F_SETOWN | F_GETOWN | F_SETOWN_EX | F_GETOWN_EX | F_SETSIG | F_GETSIG => signal_settings(call, &file, cmd, arg),
        F_GETLEASE => lease::get(&file),
        F_SETLEASE => lease::set(call, fd, &file, arg as i32),
        F_NOTIFY => lease::notify(call, fd, &file, arg as u32),
        F_SETPIPE_SZ | F_GETPIPE_SZ => pipe_size(call, &file, cmd, arg),
        F_ADD_SEALS | F_GET_SEALS => seals(&file, cmd, arg),
        _ => Err(Errno::EINVAL),
    }
}

fn dup_from(call: &Call<'_>, fd: Fd, min: u64, cloexec: bool) -> Result<usize> {
    let (limit, min) = (fds::limit(call), u64::from(min as u32));
    if min >= limit {
        return Err(Errno::EINVAL);
    }
    let table = rw::table(call)?;
    let file = table.get_open(fd.0)?;
    Ok(table.reserve(min as u32, limit)?.publish(file, cloexec) as usize)
}

fn set_flags(call: &Call<'_>, fd: Fd, file: &Arc<File>, flags: u32) -> Result<usize> {
    let mut flags = OpenFlags::from_bits_retain(flags);
    let direct = matches!(file.file_type(), FileType::Fifo | FileType::Regular | FileType::BlockDevice);
    let noatime = flags.contains(OpenFlags::NOATIME) && !file.flags().contains(OpenFlags::NOATIME);
    if flags.contains(OpenFlags::DIRECT) && !direct && !noatime {
        return Err(Errno::EINVAL);
    }
    let before = file.flags().contains(OpenFlags::ASYNC);
    let asynchronous = flags.contains(OpenFlags::ASYNC);
    if before != asynchronous && !lease::set_async(fd, file, asynchronous)? {
        flags.set(OpenFlags::ASYNC, before);
    }
    file.set_flags(&call.task.cred(), flags).map(|()| 0)
}

fn pipe_size(call: &Call<'_>, file: &File, cmd: u32, arg: u64) -> Result<usize> {
    let end = PipeEnd::of(&**file.ops()).ok_or(Errno::EBADF)?;
    if cmd == F_GETPIPE_SZ {
        return Ok(end.buffer().size());
    }
    end.buffer().set_size(arg as u32, call.task.cred().capable(Caps::SYS_RESOURCE))
}

/// Seals, of files on a tmpfs: those in an overlay's upper layer are not the guest's to seal.
fn seals(file: &File, cmd: u32, arg: u64) -> Result<usize> {
    let own = file.path().is_some_and(|p| p.mount.fs().name() == "tmpfs");
    if cmd == F_GET_SEALS {
        return if own { file.ops().seals().map(|seals| seals as usize) } else { Err(Errno::EINVAL) };
    }
    if !file.flags().writable() {
        return Err(Errno::EPERM);
    }
    let seals = u32::try_from(arg).map_err(|_| Errno::EINVAL)?;
    if own { file.ops().add_seals(seals).map(|()| 0) } else { Err(Errno::EINVAL) }
}

/// `F_SETOWN`: a process, or a group by its negative number.
pub(super) fn set_owner(call: &Call<'_>, file: &File, who: i32) -> Result<()> {
    FileExtra::of(file)?.set_receiver(receiver_of(who)?, &call.task.cred());
    Ok(())
}

/// `F_GETOWN`.
pub(super) fn owner(file: &File) -> Result<i32> {
    Ok(match FileExtra::of(file)?.receiver() {
        Receiver::None => 0,
        Receiver::Thread(id) | Receiver::Process(id) => id as i32,
        Receiver::Group(id) => (id as i32).wrapping_neg(),
    })
}

/// `F_SETOWN` and its kin.
fn signal_settings(call: &Call<'_>, file: &File, cmd: u32, arg: u64) -> Result<usize> {
    let (extra, cred) = (FileExtra::of(file)?, call.task.cred());
    match cmd {
        F_GETSIG => return Ok(extra.signal() as usize),
        F_SETSIG if arg > 64 => return Err(Errno::EINVAL),
        F_SETSIG => extra.set_signal(arg as u32),
        F_SETOWN => set_owner(call, file, arg as i32)?,
        F_GETOWN => return Ok(owner(file)? as isize as usize),
        F_SETOWN_EX => {
            let [kind, id] = user::read::<[i32; 2]>(arg as usize)?;
            extra.set_receiver(receiver_ex(kind, id)?, &cred);
        }
        _ => {
            let answer = match extra.receiver() {
                Receiver::None => [1, 0],
                Receiver::Thread(id) => [0, id as i32],
                Receiver::Process(id) => [1, id as i32],
                Receiver::Group(id) => [2, id as i32],
            };
            user::write(arg as usize, &answer)?;
        }
    }
    Ok(0)
}

/// Positive: a process; negative: a process group.
fn receiver_of(who: i32) -> Result<Receiver> {
    match who {
        0 => Ok(Receiver::None),
        1.. => receiver_ex(1, who),
        _ => receiver_ex(2, who.checked_neg().ok_or(Errno::EINVAL)?),
    }
}

fn receiver_ex(kind: i32, id: i32) -> Result<Receiver> {
    if !(0..=2).contains(&kind) {
        return Err(Errno::EINVAL);
    }
    if id == 0 {
        return Ok(Receiver::None);
    }
    let (id, tasks) = (u32::try_from(id).map_err(|_| Errno::ESRCH)?, &kernel().tasks);
    let (exists, receiver) = match kind {
        0 => (tasks.task(id).is_some(), Receiver::Thread(id)),
        1 => (tasks.task(id).is_some(), Receiver::Process(id)),
        _ => (!tasks.pgrp_members(id).is_empty(), Receiver::Group(id)),
    };
    if exists { Ok(receiver) } else { Err(Errno::ESRCH) }
}

fn file_id(file: &File) -> Result<FileId> {
    file.metadata().map(|m| (m.dev, m.ino))
}

/// What `struct flock` asks for, in the order of Linux's checks.
fn request(call: &Call<'_>, file: &File, cmd: u32, flock: &Flock) -> Result<Request> {
    let ofd = cmd >= F_OFD_GETLK;
    let size = file.metadata()?.size;
    let pos = if file.ops().seekable() { file.pos() } else { 0 };
    let range = Range::from_flock(flock, pos, size)?;
    let kind = Kind::from_type(flock.kind)?;
    let setting = !matches!(cmd, F_GETLK | F_OFD_GETLK);
    let allowed = match kind {
        Some(Kind::Shared) => file.flags().readable(),
        Some(Kind::Exclusive) => file.flags().writable(),
        None => true,
    };
    if setting && !allowed {
        return Err(Errno::EBADF);
    }
    if ofd && flock.pid != 0 {
        return Err(Errno::EINVAL);
    }
    let owner = if ofd { Owner::Description(file.id()) } else { Owner::Process(rw::table(call)?.id()) };
    let pid = if ofd { -1 } else { call.task.tgid() as i32 };
    Ok(Request { owner, pid, kind, range })
}

/// `F_GETLK`, `F_OFD_GETLK`.
fn get_lock(call: &Call<'_>, file: &File, cmd: u32, at: Ptr) -> Result<usize> {
    let mut flock: Flock = user::read(at.0)?;
    if flock.kind != 0 && flock.kind != 1 && !(cmd == F_OFD_GETLK && flock.kind == UNLOCKED) {
        return Err(Errno::EINVAL);
    }
    let want = request(call, file, cmd, &flock)?;
    match kernel().locks.query(file_id(file)?, &want) {
        Some(held) => flock = held.to_flock(),
        None => flock.kind = UNLOCKED,
    }
    user::write(at.0, &flock).map(|()| 0)
}

/// `F_SETLK`, `F_SETLKW` and their `F_OFD_` forms.
fn set_lock(call: &Call<'_>, fd: Fd, file: Arc<File>, cmd: u32, at: Ptr) -> Result<usize> {
    let flock: Flock = user::read(at.0)?;
    let want = request(call, &file, cmd, &flock)?;
    let id = file_id(&file)?;
    let locks = &kernel().locks;
    if matches!(want.owner, Owner::Description(_)) && want.kind.is_some() {
        FileExtra::of(&file)?.will_lock(id, file.id());
    }
    if !locks.set_range(id, &want).granted() {
        if !matches!(cmd, F_SETLKW | F_OFD_SETLKW) {
            return Err(Errno::EAGAIN);
        }
        let mut file = InUse::new(call.task, file);
        file.park();
        let mut waiting = locks.wait_range(id, want);
        let slept = call.task.wait_for(None, |table| match waiting.attempt() {
            Ok(Attempt::Granted) => Some(Ok(())),
            Err(e) => Some(Err(e)),
            Ok(Attempt::Blocked(queue)) => {
                if let Some(table) = table {
                    table.wait_on(&queue);
                    // Between asking and registering it may have become free.
                    return waiting.attempt().map(|a| a.granted().then_some(())).transpose();
                }
                None
            }
        });
        slept.or(Errno::EINTR)??;
        return still_open(call, fd, &*file.get()?, id, &want);
    }
    still_open(call, fd, &file, id, &want)
}

/// Another thread may have closed the descriptor meanwhile, and released locks that this one did not have yet.
fn still_open(call: &Call<'_>, fd: Fd, file: &File, id: FileId, want: &Request) -> Result<usize> {
    let same = rw::table(call)?.get(fd.0).is_ok_and(|now| core::ptr::eq(&*now, file));
    if !same && want.kind.is_some() && matches!(want.owner, Owner::Process(_)) {
        let _ = kernel().locks.set_range(id, &Request { kind: None, ..*want });
        return Err(Errno::EBADF);
    }
    Ok(0)
}

const LOCK_SH: u32 = 1;
const LOCK_EX: u32 = 2;
const LOCK_NB: u32 = 4;
const LOCK_UN: u32 = 8;
const LOCK_MAND: u32 = 32;

/// `flock(2)`.
pub fn flock(call: &mut Call<'_>, fd: Fd, operation: u32) -> Result<usize> {
    if operation & LOCK_MAND != 0 {
        return Err(Errno::EOPNOTSUPP);
    }
    let kind = match operation & !LOCK_NB {
        LOCK_SH => Some(Kind::Shared),
        LOCK_EX => Some(Kind::Exclusive),
        LOCK_UN => None,
        _ => return Err(Errno::EINVAL),
    };
    let file = rw::file(call, fd)?;
    if kind.is_some() && !file.flags().readable() && !file.flags().writable() {
        return Err(Errno::EBADF);
    }
    let (id, description) = (file_id(&file)?, file.id());
    if kind.is_some() {
        FileExtra::of(&file)?.will_lock(id, description);
    }
    let locks = &kernel().locks;
    if locks.flock(id, description, kind).granted() {
        return Ok(0);
    }
    if operation & LOCK_NB != 0 {
        return Err(Errno::EAGAIN);
    }
    InUse::new(call.task, file).park();
    let slept = call.task.wait_for(None, |table| {
        let Attempt::Blocked(queue) = locks.flock(id, description, kind) else { return Some(()) };
        table?.wait_on(&queue);
        locks.flock(id, description, kind).granted().then_some(())
    });
    slept.or(Errno::EINTR).map(|()| 0)
}
