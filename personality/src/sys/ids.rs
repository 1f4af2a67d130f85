//! Ids and credentials: `getpid`, `setuid`, `setpgid`, `capset` and their families.

use crate::dispatch::Call;
use crate::table::Ptr;
use alloc::vec::Vec;
use core::sync::atomic::Ordering::Relaxed;
use fs_emu::Cred;
use fs_emu::cred::{ALL_CAPS, Caps};
use host::{Errno, Result, cpu, user};
use vkernel::kernel::kernel;

/// `getpid(2)`.
pub fn getpid(call: &mut Call<'_>) -> Result<usize> {
    let pid = call.task.tgid();
    if !call.task.trace.active() && kernel().trace.load(Relaxed) == 0 {
        cpu::current().fast.answer_pid(pid);
    }
    Ok(pid as usize)
}

/// `gettid(2)`.
pub fn gettid(call: &mut Call<'_>) -> Result<usize> {
    Ok(call.task.tid() as usize)
}

/// `getppid(2)`.
pub fn getppid(call: &mut Call<'_>) -> Result<usize> {
    Ok(kernel().tasks.parent_of(call.task.tgid()) as usize)
}

/// `getuid(2)`.
pub fn getuid(call: &mut Call<'_>) -> Result<usize> {
    Ok(call.task.cred().uid as usize)
}

/// `geteuid(2)`.
pub fn geteuid(call: &mut Call<'_>) -> Result<usize> {
    Ok(call.task.cred().euid as usize)
}

/// `getgid(2)`.
pub fn getgid(call: &mut Call<'_>) -> Result<usize> {
    Ok(call.task.cred().gid as usize)
}

/// `getegid(2)`.
pub fn getegid(call: &mut Call<'_>) -> Result<usize> {
    Ok(call.task.cred().egid as usize)
}

/// An id that is given: -1 is none.
fn valid(id: u32) -> Result<u32> {
    if id == u32::MAX { Err(Errno::EINVAL) } else { Ok(id) }
}

/// `setuid(2)`.
pub fn setuid(call: &mut Call<'_>, uid: u32) -> Result<usize> {
    call.task.setuid(valid(uid)?).map(|()| 0)
}

/// `setgid(2)`.
pub fn setgid(call: &mut Call<'_>, gid: u32) -> Result<usize> {
    call.task.setgid(valid(gid)?).map(|()| 0)
}

/// `setreuid(2)`.
pub fn setreuid(call: &mut Call<'_>, ruid: u32, euid: u32) -> Result<usize> {
    call.task.setreuid(ruid, euid).map(|()| 0)
}

/// `setregid(2)`.
pub fn setregid(call: &mut Call<'_>, rgid: u32, egid: u32) -> Result<usize> {
    call.task.setregid(rgid, egid).map(|()| 0)
}

/// `setresuid(2)`.
pub fn setresuid(call: &mut Call<'_>, ruid: u32, euid: u32, suid: u32) -> Result<usize> {
    call.task.setresuid([ruid, euid, suid]).map(|()| 0)
}

/// `setresgid(2)`.
pub fn setresgid(call: &mut Call<'_>, rgid: u32, egid: u32, sgid: u32) -> Result<usize> {
    call.task.setresgid([rgid, egid, sgid]).map(|()| 0)
}

/// `setfsuid(2)`: never fails.
pub fn setfsuid(call: &mut Call<'_>, uid: u32) -> Result<usize> {
    Ok(call.task.setfsuid(uid) as usize)
}

/// `setfsgid(2)`: never fails.
pub fn setfsgid(call: &mut Call<'_>, gid: u32) -> Result<usize> {
    Ok(call.task.setfsgid(gid) as usize)
}

fn three(to: [Ptr; 3], ids: [u32; 3]) -> Result<usize> {
    for (ptr, id) in to.iter().zip(ids) {
        user::write(ptr.0, &id)?;
    }
    Ok(0)
}

/// `getresuid(2)`.
pub fn getresuid(call: &mut Call<'_>, ruid: Ptr, euid: Ptr, suid: Ptr) -> Result<usize> {
    let c = call.task.cred();
    three([ruid, euid, suid], [c.uid, c.euid, c.suid])
}

/// `getresgid(2)`.
pub fn getresgid(call: &mut Call<'_>, rgid: Ptr, egid: Ptr, sgid: Ptr) -> Result<usize> {
    let c = call.task.cred();
    three([rgid, egid, sgid], [c.gid, c.egid, c.sgid])
}

const NGROUPS_MAX: i32 = 65536;

/// `getgroups(2)`.
pub fn getgroups(call: &mut Call<'_>, size: i32, list: Ptr) -> Result<usize> {
    if size < 0 {
        return Err(Errno::EINVAL);
    }
    let groups = call.task.cred().groups.clone();
    if size == 0 {
        return Ok(groups.len());
    }
    if groups.len() > size as usize {
        return Err(Errno::EINVAL);
    }
    for (i, g) in groups.iter().enumerate() {
        user::write(list.0.wrapping_add(4 * i), g)?;
    }
    Ok(groups.len())
}

/// `setgroups(2)`.
pub fn setgroups(call: &mut Call<'_>, size: i32, list: Ptr) -> Result<usize> {
    if !call.task.cred().capable(Caps::SETGID) {
        return Err(Errno::EPERM);
    }
    if !(0..=NGROUPS_MAX).contains(&size) {
        return Err(Errno::EINVAL);
    }
    let mut groups: Vec<u32> = user::read_array(list.0, size as usize)?;
    if groups.contains(&u32::MAX) {
        return Err(Errno::EINVAL);
    }
    groups.sort_unstable();
    call.task.setgroups(groups.into()).map(|()| 0)
}

/// `setpgid(2)`.
pub fn setpgid(call: &mut Call<'_>, pid: i32, pgid: i32) -> Result<usize> {
    // As Linux: 0 for the group means the process, so a negative process is a bad group first.
    if (if pgid == 0 { pid } else { pgid }) < 0 {
        return Err(Errno::EINVAL);
    }
    if pid < 0 {
        return Err(Errno::ESRCH);
    }
    kernel().tasks.setpgid(call.task, pid as u32, pgid as u32).map(|()| 0)
}

/// `getpgid(2)`.
pub fn getpgid(call: &mut Call<'_>, pid: i32) -> Result<usize> {
    let pid = u32::try_from(pid).map_err(|_| Errno::ESRCH)?;
    Ok(kernel().tasks.group_of(call.task, pid)?.pgrp() as usize)
}

/// `getpgrp(2)`.
pub fn getpgrp(call: &mut Call<'_>) -> Result<usize> {
    Ok(call.task.group.pgrp() as usize)
}

/// `getsid(2)`.
pub fn getsid(call: &mut Call<'_>, pid: i32) -> Result<usize> {
    let pid = u32::try_from(pid).map_err(|_| Errno::ESRCH)?;
    Ok(kernel().tasks.group_of(call.task, pid)?.session() as usize)
}

/// `setsid(2)`.
pub fn setsid(call: &mut Call<'_>) -> Result<usize> {
    kernel().tasks.setsid(call.task).map(|sid| sid as usize)
}

/// The virtual init.
const INIT: u32 = 1;
const CAP_V1: u32 = 0x1998_0330;
const CAP_V2: u32 = 0x2007_1026;
const CAP_V3: u32 = 0x2008_0522;

/// Reads the header; answers how many 32-bit sets follow, and the pid. A wrong version is replaced by the best one.
fn cap_header(header: Ptr, data: Ptr) -> Result<Option<(usize, i32)>> {
    let version: u32 = user::read(header.0)?;
    let words = match version {
        CAP_V1 => 1,
        CAP_V2 | CAP_V3 => 2,
        _ => {
            user::write(header.0, &CAP_V3)?;
            return if data.0 == 0 { Ok(None) } else { Err(Errno::EINVAL) };
        }
    };
    Ok(Some((words, user::read(header.0.wrapping_add(4))?)))
}

/// `capget(2)`.
pub fn capget(call: &mut Call<'_>, header: Ptr, data: Ptr) -> Result<usize> {
    let Some((words, pid)) = cap_header(header, data)? else { return Ok(0) };
    let pid = u32::try_from(pid).map_err(|_| Errno::EINVAL)?;
    let sets = match pid {
        // Init has no task, and all rights.
        INIT => [ALL_CAPS, ALL_CAPS, Caps::empty()],
        _ => {
            let cred = match pid {
                0 => call.task.cred(),
                _ => kernel().tasks.task(pid).ok_or(Errno::ESRCH)?.cred(),
            };
            [cred.effective, cred.permitted, cred.inheritable]
        }
    };
    if data.0 == 0 {
        return Ok(0);
    }
    for i in 0..words {
        let set = sets.map(|c| (c.bits() >> (32 * i)) as u32);
        user::write(data.0.wrapping_add(12 * i), &set)?;
    }
    Ok(0)
}

/// `capset(2)`: only the caller's own.
pub fn capset(call: &mut Call<'_>, header: Ptr, data: Ptr) -> Result<usize> {
    let Some((words, pid)) = cap_header(header, Ptr(1))? else { return Err(Errno::EINVAL) };
    if pid < 0 || (pid != 0 && pid as u32 != call.task.tid()) {
        return Err(Errno::EPERM);
    }
    let mut bits = [0u64; 3];
    for i in 0..words {
        let set: [u32; 3] = user::read(data.0.wrapping_add(12 * i))?;
        for (to, from) in bits.iter_mut().zip(set) {
            *to |= u64::from(from) << (32 * i);
        }
    }
    let [effective, permitted, inheritable] = bits.map(|b| Caps::from_bits_retain(b) & ALL_CAPS);
    let old = call.task.cred();
    let may_add = if old.capable(Caps::SETPCAP) { old.bounding } else { old.permitted };
    let fine = old.permitted.contains(permitted)
        && permitted.contains(effective)
        && (old.inheritable | may_add).contains(inheritable)
        && (old.inheritable | old.bounding).contains(inheritable);
    if !fine {
        return Err(Errno::EPERM);
    }
    let ambient = old.ambient & permitted & inheritable;
    call.task.set_cred(Cred { effective, permitted, inheritable, ambient, ..(*old).clone() });
    Ok(0)
}
