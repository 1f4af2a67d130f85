//! `ioctl`: what every file knows, whose a terminal is, and the rest by way of the file (`fs/ioctl.c`,
//! `drivers/tty/tty_jobctrl.c`).
//!
//! Sessions and process groups are virtual, so the calls about them are answered here. Left out: everything of devices and of
//! particular file systems (`ENOTTY`), sharing of extents (`EOPNOTSUPP`).

use super::rw;
use crate::dispatch::Call;
use crate::table::{Fd, Ptr};
use fs_emu::FileType;
use fs_emu::vfs::File;
use host::{Errno, Result, user};
use vkernel::Task;
use vkernel::console::{Console, HostFile, needs_foreground};
use vkernel::files::job;
use vkernel::kernel::kernel;
use vkernel::signal::{self, SIGCONT, SIGHUP, SIGTTOU};

macro_rules! commands {
    ($($name:ident = $n:literal),* $(,)?) => { $(const $name: u32 = $n;)* };
}

commands! {
    FIGETBSZ = 2, TIOCSCTTY = 0x540e, TIOCGPGRP = 0x540f, TIOCSPGRP = 0x5410, FIONREAD = 0x541b, FIONBIO = 0x5421,
    TIOCNOTTY = 0x5422, TIOCGSID = 0x5429, FIONCLEX = 0x5450, FIOCLEX = 0x5451, FIOASYNC = 0x5452, FIOQSIZE = 0x5460,
    FICLONE = 0x4004_9409, FICLONERANGE = 0x4020_940d, FIDEDUPERANGE = 0xc018_9436,
}

/// `ioctl(2)`.
pub fn ioctl(call: &mut Call<'_>, fd: Fd, cmd: u32, arg: Ptr) -> Result<usize> {
    let file = rw::file(call, fd)?;
    match cmd {
        FIOCLEX | FIONCLEX => rw::table(call)?.set_cloexec(fd.0, cmd == FIOCLEX).map(|()| 0),
        FIONBIO => file.set_nonblock(user::read::<i32>(arg.0)? != 0).map(|()| 0),
        FIOASYNC => no_async(user::read::<i32>(arg.0)? != 0),
        FIOQSIZE => match file.file_type() {
            FileType::Regular | FileType::Directory => put(arg, &(file.metadata()?.size as i64)),
            _ => Err(Errno::ENOTTY),
        },
        FIGETBSZ => put(arg, &(file.metadata()?.blksize as i32)),
        FIONREAD if file.file_type() == FileType::Regular => put(arg, &unread(&file)?),
        FICLONE => rw::file(call, Fd(arg.0 as i32)).and(Err(Errno::EOPNOTSUPP)),
        FICLONERANGE | FIDEDUPERANGE => Err(Errno::EOPNOTSUPP),
        _ => match HostFile::of(&**file.ops()).and_then(HostFile::console) {
            Some(console) => terminal(call.task, console, &file, cmd, arg),
            None => file.ops().ioctl(cmd, arg.0),
        },
    }
}

fn put<T: host::abi::Pod>(at: Ptr, value: &T) -> Result<usize> {
    user::write(at.0, value).map(|()| 0)
}

/// No file here sends `SIGIO`: switching it off is all that works.
fn no_async(on: bool) -> Result<usize> {
    if on { Err(Errno::ENOTTY) } else { Ok(0) }
}

/// Bytes between the position and the end.
fn unread(file: &File) -> Result<i32> {
    let size = i64::try_from(file.metadata()?.size).unwrap_or(i64::MAX);
    let pos = i64::try_from(file.pos()).unwrap_or(i64::MAX);
    Ok((size - pos) as i32)
}

/// A terminal that came from outside.
fn terminal(task: &Task, console: &Console, file: &File, cmd: u32, arg: Ptr) -> Result<usize> {
    if needs_foreground(cmd) {
        match job::check(task, console, SIGTTOU) {
            Err(Errno::EIO) if cmd == TIOCSPGRP => return Err(Errno::ENOTTY),
            checked => checked?,
        }
    }
    match cmd {
        TIOCGPGRP => own(task, console).and_then(|_| put(arg, &(console.foreground() as i32))),
        TIOCGSID => own(task, console).and_then(|session| put(arg, &(session as i32))),
        TIOCSPGRP => set_foreground(task, console, arg),
        TIOCSCTTY => acquire(task, console),
        TIOCNOTTY => give_up(task, console),
        _ => file.ops().ioctl(cmd, arg.0),
    }
}

/// The session whose terminal it is, if it is the caller's.
fn own(task: &Task, console: &Console) -> Result<u32> {
    let session = task.group.session();
    if console.session() != 0 && console.session() == session { Ok(session) } else { Err(Errno::ENOTTY) }
}

fn set_foreground(task: &Task, console: &Console, arg: Ptr) -> Result<usize> {
    let pgrp = user::read::<i32>(arg.0)?;
    let pgrp = u32::try_from(pgrp).map_err(|_| Errno::EINVAL)?;
    let session = own(task, console)?;
    let tasks = &kernel().tasks;
    if !tasks.pgrp_in_session(pgrp, session) {
        // Of another session, or nobody's at all.
        let exists = !tasks.pgrp_members(pgrp).is_empty() || tasks.task(pgrp).is_some();
        return Err(if exists { Errno::EPERM } else { Errno::ESRCH });
    }
    console.set_foreground(pgrp);
    Ok(0)
}

fn acquire(task: &Task, console: &Console) -> Result<usize> {
    let session = task.group.session();
    if session != task.tgid() || !console.acquire(session, task.group.pgrp()) {
        return Err(Errno::EPERM);
    }
    Ok(0)
}

/// Only the session's leader gives it up for all; which other process has let go of it is not kept.
fn give_up(task: &Task, console: &Console) -> Result<usize> {
    let session = own(task, console)?;
    if session != task.tgid() {
        return Ok(0);
    }
    let Some(foreground) = console.release(session) else { return Ok(0) };
    for group in kernel().tasks.pgrp_members(foreground) {
        for sig in [SIGHUP, SIGCONT] {
            let _ = group.send(sig, signal::info(sig, signal::code::SI_KERNEL));
        }
    }
    Ok(0)
}
