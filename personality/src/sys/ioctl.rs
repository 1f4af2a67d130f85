//! `ioctl`: what every file knows, whose a terminal is, and the rest by way of the file (`fs/ioctl.c`,
//! `drivers/tty/tty_jobctrl.c`).
//!
//! Sessions and process groups are virtual, so the calls about them are answered here. Left out: everything of devices and of
//! particular file systems (`ENOTTY`), sharing of extents (`EOPNOTSUPP`).

use super::{fcntl, lease, namespace, open, path, rw};
use crate::dispatch::Call;
use crate::table::{Fd, Ptr};
use alloc::sync::Arc;
use fs_emu::cred::Caps;
use fs_emu::fiemap::{FS_IOC_FIEMAP, fiemap};
use fs_emu::vfs::{At, Ctx, File, Resolve, ops};
use fs_emu::{FileType, OpenFlags};
use host::{Errno, Result, user};
use vkernel::Task;
use vkernel::files::job;
use vkernel::kernel::kernel;
use vkernel::net::Socket;
use vkernel::nsfs::NsFile;
use vkernel::signal::SIGTTOU;
use vkernel::tty::{self, Control, MasterFile, Side, SlaveFile, needs_foreground};

macro_rules! commands {
    ($($name:ident = $n:literal),* $(,)?) => { $(const $name: u32 = $n;)* };
}

commands! {
    FIGETBSZ = 2, TIOCSCTTY = 0x540e, TIOCGPGRP = 0x540f, TIOCSPGRP = 0x5410, FIONREAD = 0x541b, FIONBIO = 0x5421,
    TIOCNOTTY = 0x5422, TIOCGSID = 0x5429, TIOCGPTPEER = 0x5441, FIONCLEX = 0x5450, FIOSETOWN = 0x8901, SIOCSPGRP = 0x8902, FIOGETOWN = 0x8903, SIOCGPGRP = 0x8904, FIOCLEX = 0x5451, FIOASYNC = 0x5452, FIOQSIZE = 0x5460,
    FICLONE = 0x4004_9409, FICLONERANGE = 0x4020_940d, FIDEDUPERANGE = 0xc018_9436,
    NS_GET_USERNS = 0xb701,
}

const TMPFS_MAGIC: i64 = 0x0102_1994;

/// `ioctl(2)`.
pub fn ioctl(call: &mut Call<'_>, fd: Fd, cmd: u32, arg: Ptr) -> Result<usize> {
    let file = rw::file(call, fd)?;
    match cmd {
        FIOCLEX | FIONCLEX => rw::table(call)?.set_cloexec(fd.0, cmd == FIOCLEX).map(|()| 0),
        FIONBIO => file.set_nonblock(user::read::<i32>(arg.0)? != 0).map(|()| 0),
        FIOSETOWN | SIOCSPGRP if Socket::of(&file).is_some() => {
            fcntl::set_owner(call, &file, user::read::<i32>(arg.0)?).map(|()| 0)
        }
        FIOGETOWN | SIOCGPGRP if Socket::of(&file).is_some() => put(arg, &fcntl::owner(&file)?),
        FIOASYNC => set_async(fd, &file, user::read::<i32>(arg.0)? != 0),
        FIOQSIZE => match file.file_type() {
            FileType::Regular | FileType::Directory => put(arg, &(file.metadata()?.size as i64)),
            _ => Err(Errno::ENOTTY),
        },
        FIGETBSZ => put(arg, &(file.metadata()?.blksize as i32)),
        FIONREAD if file.ops().seekable() && file.file_type() == FileType::Regular => put(arg, &unread(&file)?),
        FS_IOC_FIEMAP => extents(&file, arg),
        FICLONE => rw::file(call, Fd(arg.0 as i32)).and(Err(Errno::EOPNOTSUPP)),
        FICLONERANGE | FIDEDUPERANGE => Err(Errno::EOPNOTSUPP),
        TIOCGPTPEER if MasterFile::of(&**file.ops()).is_some() => open_peer(call, &file, arg.0 as u32),
        NS_GET_USERNS if NsFile::owned(&file) => namespace::open_owner(call),
        _ => match tty::side(&**file.ops()) {
            Some(side) => terminal(call.task, side, &file, cmd, arg),
            None => file.ops().ioctl(cmd, arg.0),
        },
    }
}

fn put<T: host::abi::Pod>(at: Ptr, value: &T) -> Result<usize> {
    user::write(at.0, value).map(|()| 0)
}

/// `FS_IOC_FIEMAP`: regular files of disk file systems have extents, those of a tmpfs have not.
fn extents(file: &File, arg: Ptr) -> Result<usize> {
    let regular = file.file_type() == FileType::Regular;
    match file.path() {
        Some(path) if regular && ops::statfs(path)?.kind != TMPFS_MAGIC => fiemap(&**file.ops(), arg.0),
        _ if regular => Err(Errno::EOPNOTSUPP),
        _ => Err(Errno::ENOTTY),
    }
}

/// `FIOASYNC`: `O_ASYNC` for the files that know it.
fn set_async(fd: Fd, file: &Arc<File>, on: bool) -> Result<usize> {
    if file.flags().contains(OpenFlags::ASYNC) == on {
        return Ok(0);
    }
    if !lease::set_async(fd, file, on)? {
        return Err(Errno::ENOTTY);
    }
    file.set_async(on);
    Ok(0)
}

/// Bytes between the position and the end.
fn unread(file: &File) -> Result<i32> {
    let size = i64::try_from(file.metadata()?.size).unwrap_or(i64::MAX);
    let pos = i64::try_from(file.pos()).unwrap_or(i64::MAX);
    Ok((size - pos) as i32)
}

/// A terminal, or the master of one.
fn terminal(task: &Task, side: Side<'_>, file: &File, cmd: u32, arg: Ptr) -> Result<usize> {
    let (control, master) = match side {
        Side::Terminal(control) => (control, false),
        Side::Master(control) => (control, true),
    };
    if SlaveFile::of(&**file.ops()).is_some_and(SlaveFile::hung_up) {
        return Err(if cmd == TIOCSPGRP { Errno::ENOTTY } else { Errno::EIO });
    }
    if needs_foreground(cmd) && (!master || cmd == TIOCSPGRP) {
        match job::check(task, control, SIGTTOU) {
            Err(Errno::EIO) if cmd == TIOCSPGRP => return Err(Errno::ENOTTY),
            checked => checked?,
        }
    }
    match cmd {
        TIOCGPGRP if master => put(arg, &(control.foreground() as i32)),
        TIOCGPGRP => own(task, control).and_then(|_| put(arg, &(control.visible_foreground() as i32))),
        TIOCGSID if master && control.session() != 0 => put(arg, &(control.session() as i32)),
        TIOCGSID => own(task, control).and_then(|session| put(arg, &(session as i32))),
        TIOCSPGRP => set_foreground(task, control, arg),
        TIOCSCTTY => acquire(task, control, file, arg.0),
        TIOCNOTTY if master => Err(Errno::ENOTTY),
        TIOCNOTTY => give_up(task, control),
        _ => file.ops().ioctl(cmd, arg.0),
    }
}

/// The session whose terminal it is, if it is the caller's.
fn own(task: &Task, control: &Control) -> Result<u32> {
    let session = task.group.session();
    if control.session() != 0 && control.session() == session { Ok(session) } else { Err(Errno::ENOTTY) }
}

fn set_foreground(task: &Task, control: &Control, arg: Ptr) -> Result<usize> {
    let pgrp = user::read::<i32>(arg.0)?;
    let pgrp = u32::try_from(pgrp).map_err(|_| Errno::EINVAL)?;
    let session = own(task, control)?;
    let tasks = &kernel().tasks;
    if !tasks.pgrp_in_session(pgrp, session) {
        // Of another session, or nobody's at all.
        let exists = !tasks.pgrp_members(pgrp).is_empty() || tasks.task(pgrp).is_some();
        return Err(if exists { Errno::EPERM } else { Errno::ESRCH });
    }
    control.set_foreground(pgrp);
    Ok(0)
}

/// `TIOCSCTTY`: for a session's leader that has none. One of another session can be taken away with the right to.
fn acquire(task: &Task, control: &Control, file: &File, steal: usize) -> Result<usize> {
    let session = task.group.session();
    let leader = session == task.tgid();
    if leader && control.session() == session {
        return Ok(0);
    }
    if !leader || tty::of_session(session).is_some() {
        return Err(Errno::EPERM);
    }
    let admin = task.cred().capable(Caps::SYS_ADMIN);
    if control.session() != 0 {
        if steal != 1 || !admin {
            return Err(Errno::EPERM);
        }
        control.release(control.session());
    }
    if !file.flags().readable() && !admin {
        return Err(Errno::EPERM);
    }
    if control.acquire(session, task.group.pgrp()) { Ok(0) } else { Err(Errno::EPERM) }
}

/// Only the session's leader gives it up for all; which other process has let go of it is not kept.
fn give_up(task: &Task, control: &Control) -> Result<usize> {
    own(task, control)?;
    tty::give_up(&task.group, false);
    Ok(0)
}

/// `TIOCGPTPEER`: the slave without its name.
fn open_peer(call: &mut Call<'_>, master: &File, flags: u32) -> Result<usize> {
    let flags = OpenFlags::from_bits_truncate(flags);
    let slot = rw::table(call)?.reserve(0, path::fd_limit(call.task))?;
    let pair = MasterFile::of(&**master.ops()).ok_or(Errno::EIO)?.pair();
    let slave = open::open_device(call.task, pair.rdev(), flags)?;
    let name = slave.describe();
    let (root, cred) = (kernel().mounts.root(), call.task.cred());
    let ctx = Ctx { root: &root, cred: &cred, umask: 0 };
    let path = ctx.find(At::new(&root, &name), Resolve::empty()).ok();
    let file = File::new(slave, path, flags.difference(OpenFlags::CLOEXEC | OpenFlags::NOCTTY));
    Ok(slot.publish(file, flags.contains(OpenFlags::CLOEXEC)) as usize)
}
