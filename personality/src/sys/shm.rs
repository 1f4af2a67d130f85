//! System V shared memory (`ipc/shm.c`). Left out: huge pages.

use super::ipc::{INFO, RMID, SET, STAT, ints, owner_and_mode, put};
use super::{fds, mm};
use crate::dispatch::Call;
use crate::table::Ptr;
use alloc::format;
use alloc::sync::Arc;
use fs_emu::OpenFlags;
use fs_emu::vfs::{File, ops};
use fs_emu::{Cred, Owner};
use host::layout::PAGE_SIZE;
use host::{Errno, Result, user};
use vkernel::ipc::shm::{self, Segment};
use vkernel::ipc::{self, Perm};
use vkernel::kernel::kernel;
use vkernel::mm::{MapFile, MapRequest};

const SHM_LOCK: i32 = 11;
const SHM_UNLOCK: i32 = 12;
const SHM_STAT: i32 = 13;
const SHM_INFO: i32 = 14;
const SHM_STAT_ANY: i32 = 15;
const HUGETLB: u32 = 0o4000;
const RDONLY: u32 = 0o10000;
const RND: u32 = 0o20000;
const REMAP: u32 = 0o40000;
const EXEC: u32 = 0o100000;
/// `SHMMAX`.
const MAX_SIZE: usize = usize::MAX - (1 << 24);

/// `shmget(2)`.
pub fn shmget(call: &mut Call<'_>, key: i32, size: usize, flags: u32) -> Result<usize> {
    shm::sweep();
    let (cred, pid) = (call.task.cred(), call.task.tgid());
    let fits = |s: &Segment| if s.size < size as u64 { Err(Errno::EINVAL) } else { Ok(()) };
    let make = |perm: Perm| {
        if size == 0 || size > MAX_SIZE {
            return Err(Errno::EINVAL);
        }
        if flags & HUGETLB != 0 {
            return Err(Errno::ENOMEM);
        }
        let file = backing(&cred, perm.key, size)?;
        Ok(Segment::new(perm, size as u64, pid, file))
    };
    kernel().ipc.shm.get(key, flags, &cred, fits, make).map(|id| id as usize)
}

fn backing(cred: &Cred, key: i32, size: usize) -> Result<Arc<File>> {
    let pages = size.checked_next_multiple_of(PAGE_SIZE).filter(|n| *n < 1 << 46).ok_or(Errno::ENOMEM)?;
    let name = format!("SYSV{:08x}", key as u32).into_bytes();
    let owner = Owner { uid: cred.euid, gid: cred.egid };
    let file = File::unlinked(&fds::memfds()?.root(), &name, 0o777, owner, OpenFlags::RDWR)?;
    ops::ftruncate(cred, &file, pages as u64, u64::MAX)?;
    Ok(file)
}

/// `shmat(2)`: answers the address.
pub fn shmat(call: &mut Call<'_>, id: i32, addr: Ptr, flags: u32) -> Result<usize> {
    const MAP_SHARED: u32 = 1;
    const MAP_FIXED: u32 = 0x10;
    const MAP_FIXED_NOREPLACE: u32 = 0x10_0000;
    shm::sweep();
    let mut at = addr.0;
    if !at.is_multiple_of(PAGE_SIZE) {
        if flags & RND == 0 {
            return Err(Errno::EINVAL);
        }
        at -= at % PAGE_SIZE;
    }
    if at == 0 && (flags & REMAP != 0) {
        return Err(Errno::EINVAL);
    }
    let segment = kernel().ipc.shm.find(id)?;
    let writable = flags & RDONLY == 0;
    let exec = if flags & EXEC != 0 { 0o111 } else { 0 };
    let want = if writable { 0o666 } else { 0o444 } | exec;
    segment.state().perm.check(&call.task.cred(), want)?;
    let map_flags = match (at, flags & REMAP) {
        (0, _) => MAP_SHARED,
        (_, 0) => MAP_SHARED | MAP_FIXED_NOREPLACE,
        _ => MAP_SHARED | MAP_FIXED,
    };
    let prot = 1 | u32::from(writable) << 1 | u32::from(exec != 0) << 2;
    let len = usize::try_from(segment.size).map_err(|_| Errno::ENOMEM)?;
    let request = MapRequest { addr: at, len, prot, flags: map_flags, offset: 0 };
    let (file, tag) = segment.to_map(id);
    let source = file.ops().map();
    let file = MapFile { source, tag, readable: true, writable, append_only: false, noexec: false, secret: false };
    let mapped = call.task.mm().mmap(&request, Some(file), &mm::limits(call.task));
    let at = mapped.map_err(|e| if e == Errno::EEXIST { Errno::EINVAL } else { e })?;
    segment.touched(call.task.tgid(), true);
    Ok(at)
}

/// `shmdt(2)`.
pub fn shmdt(call: &mut Call<'_>, addr: Ptr) -> Result<usize> {
    let tag = call.task.mm().detach(addr.0, shm::is_segment)?;
    shm::detached(&tag, call.task.tgid());
    drop(tag);
    shm::sweep();
    Ok(0)
}

/// `shmctl(2)`.
pub fn shmctl(call: &mut Call<'_>, id: i32, cmd: i32, buf: Ptr) -> Result<usize> {
    if cmd < 0 || id < 0 {
        return Err(Errno::EINVAL);
    }
    shm::sweep();
    let ids = &kernel().ipc.shm;
    let cred = call.task.cred();
    match cmd {
        INFO => {
            user::write(buf.0, &[MAX_SIZE as u64, 1, 4096, 4096, MAX_SIZE as u64, 0, 0, 0, 0])?;
            Ok(ids.highest())
        }
        SHM_INFO => {
            let all = ids.list();
            let pages: u64 = all.iter().map(|(_, s)| s.size.div_ceil(PAGE_SIZE as u64)).sum();
            user::write(buf.0, &[all.len() as u64, pages, pages, 0, 0, 0])?;
            Ok(ids.highest())
        }
        STAT | SHM_STAT | SHM_STAT_ANY => {
            let segment = ids.find(id)?;
            if cmd != SHM_STAT_ANY {
                segment.state().perm.check(&cred, 0o444)?;
            }
            status(&segment, buf)?;
            Ok(if cmd == STAT { 0 } else { id as usize })
        }
        SET => {
            let (uid, gid, mode) = owner_and_mode(buf.0)?;
            ids.find(id)?.change(|state| {
                state.perm.check_owner(&cred)?;
                state.perm.set(uid, gid, mode);
                state.changed_at = host::time::realtime().sec;
                Ok(())
            })?;
            Ok(0)
        }
        RMID => remove(id, &cred).map(|()| 0),
        SHM_LOCK | SHM_UNLOCK => {
            ids.find(id)?.change(|state| {
                state.perm.check_owner(&cred)?;
                state.perm.mode &= !shm::LOCKED;
                state.perm.mode |= if cmd == SHM_LOCK { shm::LOCKED } else { 0 };
                Ok(())
            })?;
            Ok(0)
        }
        _ => Err(Errno::EINVAL),
    }
}

fn status(segment: &Segment, buf: Ptr) -> Result<()> {
    let s = segment.state();
    let times = [s.attached_at as u64, s.detached_at as u64, s.changed_at as u64];
    let [a, d, c] = times;
    let pids = ints(segment.creator, s.last_pid);
    put(buf.0, &s.perm, &[segment.size, a, d, c, pids, segment.attached() as u64, 0, 0])
}

/// What is attached goes with its last mapping, and has no key until then.
fn remove(id: i32, cred: &Cred) -> Result<()> {
    let segment = kernel().ipc.shm.find(id)?;
    segment.change(|state| {
        state.perm.check_owner(cred)?;
        state.perm.mode |= shm::DEST;
        state.perm.key = ipc::PRIVATE;
        Ok(())
    })?;
    drop(segment);
    shm::sweep();
    Ok(())
}
