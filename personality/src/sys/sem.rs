//! System V semaphores (`ipc/sem.c`).

use super::ipc::{INFO, RMID, SET, STAT, owner_and_mode, put};
use crate::dispatch::Call;
use crate::table::Ptr;
use alloc::vec::Vec;
use host::abi::Timespec;
use host::time::Deadline;
use host::{Errno, Result, user};
use vkernel::Task;
use vkernel::ipc::sem::{MAX_VALUE, Op, Set};
use vkernel::kernel::kernel;

const GETPID: i32 = 11;
const GETVAL: i32 = 12;
const GETALL: i32 = 13;
const GETNCNT: i32 = 14;
const GETZCNT: i32 = 15;
const SETVAL: i32 = 16;
const SETALL: i32 = 17;
const SEM_STAT: i32 = 18;
const SEM_INFO: i32 = 19;
const SEM_STAT_ANY: i32 = 20;
/// `SEMMSL`, `SEMOPM`, `SEMMNI`.
const MAX_IN_SET: usize = 32000;
const MAX_OPS: usize = 500;
const MAX_SETS: u32 = 32000;

/// `semget(2)`.
pub fn semget(call: &mut Call<'_>, key: i32, n: i32, flags: u32) -> Result<usize> {
    let n = usize::try_from(n).ok().filter(|n| *n <= MAX_IN_SET).ok_or(Errno::EINVAL)?;
    let fits = |s: &Set| if n > s.len() { Err(Errno::EINVAL) } else { Ok(()) };
    let make = |perm| if n == 0 { Err(Errno::EINVAL) } else { Ok(Set::new(perm, n)) };
    kernel().ipc.sem.get(key, flags, &call.task.cred(), fits, make).map(|id| id as usize)
}

/// `semop(2)`.
pub fn semop(call: &mut Call<'_>, id: i32, ops: Ptr, n: u32) -> Result<usize> {
    operate(call.task, id, ops, n, None)
}

/// `semtimedop(2)`.
pub fn semtimedop(call: &mut Call<'_>, id: i32, ops: Ptr, n: u32, timeout: Ptr) -> Result<usize> {
    let span: Option<Timespec> = user::read_opt(timeout.0)?;
    operate(call.task, id, ops, n, span)
}

fn operate(task: &Task, id: i32, at: Ptr, n: u32, span: Option<Timespec>) -> Result<usize> {
    let n = n as usize;
    if n == 0 || id < 0 {
        return Err(Errno::EINVAL);
    }
    if n > MAX_OPS {
        return Err(Errno::E2BIG);
    }
    let raw: Vec<[u16; 3]> = user::read_array(at.0, n)?;
    let ops: Vec<Op> =
        raw.iter().map(|[num, change, flags]| Op { num: *num, change: *change as i16, flags: *flags }).collect();
    if span.is_some_and(|s| !s.is_valid()) {
        return Err(Errno::EINVAL);
    }
    let deadline = span.and_then(Deadline::after);
    let set = kernel().ipc.sem.find(id)?;
    if ops.iter().any(|op| usize::from(op.num) >= set.len()) {
        return Err(Errno::EFBIG);
    }
    let want = if ops.iter().any(|op| op.change != 0) { 0o222 } else { 0o444 };
    set.look(|s| s.perm.check(&task.cred(), want))?;
    set.operate(task, &ops, deadline).map(|()| 0)
}

/// `semctl(2)`.
pub fn semctl(call: &mut Call<'_>, id: i32, num: i32, cmd: i32, arg: u64) -> Result<usize> {
    if id < 0 {
        return Err(Errno::EINVAL);
    }
    let ids = &kernel().ipc.sem;
    let cred = call.task.cred();
    match cmd {
        INFO | SEM_INFO => info(cmd, arg),
        STAT | SEM_STAT | SEM_STAT_ANY => {
            let (perm, used, changed, n) = ids.find(id)?.look(|s| {
                if cmd != SEM_STAT_ANY {
                    s.perm.check(&cred, 0o444)?;
                }
                Ok((s.perm, s.used_at, s.changed_at, s.sems.len()))
            })?;
            put(arg as usize, &perm, &[used as u64, 0, changed as u64, 0, n as u64, 0, 0])?;
            Ok(if cmd == STAT { 0 } else { id as usize })
        }
        SET => {
            let (uid, gid, mode) = owner_and_mode(arg as usize)?;
            ids.find(id)?.change(|s| {
                s.perm.check_owner(&cred)?;
                s.perm.set(uid, gid, mode);
                s.changed_at = host::time::realtime().sec;
                Ok(())
            })?;
            Ok(0)
        }
        RMID => {
            ids.find(id)?.look(|s| s.perm.check_owner(&cred))?;
            ids.remove(id).ok_or(Errno::EINVAL)?.removed();
            Ok(0)
        }
        SETVAL => set_value(call.task, &*ids.find(id)?, num, arg as i32),
        GETALL | SETALL => all_values(call.task, &*ids.find(id)?, cmd, arg as usize),
        GETPID | GETVAL | GETNCNT | GETZCNT => one(call.task, &*ids.find(id)?, num, cmd),
        _ => Err(Errno::EINVAL),
    }
}

/// `struct seminfo`.
fn info(cmd: i32, at: u64) -> Result<usize> {
    let ids = &kernel().ipc.sem;
    let all = MAX_SETS * MAX_IN_SET as u32;
    let (mut size, mut most) = (20, MAX_VALUE as u32);
    if cmd == SEM_INFO {
        let sets = ids.list();
        size = sets.len() as u32;
        most = sets.iter().map(|(_, s)| s.len() as u32).sum();
    }
    let ops = MAX_OPS as u32;
    user::write(at as usize, &[all, MAX_SETS, all, all, MAX_IN_SET as u32, ops, ops, size, MAX_VALUE as u32, most])?;
    Ok(ids.highest())
}

fn one(task: &Task, set: &Set, num: i32, cmd: i32) -> Result<usize> {
    set.look(|s| {
        s.perm.check(&task.cred(), 0o444)?;
        let at = usize::try_from(num).map_err(|_| Errno::EINVAL)?;
        let sem = s.sems.get(at).ok_or(Errno::EINVAL)?;
        Ok(match cmd {
            GETPID => sem.pid as usize,
            GETVAL => sem.value as usize,
            _ => s.sleepers(num as u16, cmd == GETZCNT),
        })
    })
}

fn set_value(task: &Task, set: &Set, num: i32, value: i32) -> Result<usize> {
    if !(0..=MAX_VALUE).contains(&value) {
        return Err(Errno::ERANGE);
    }
    set.change(|s| {
        let at = usize::try_from(num).ok().filter(|n| *n < s.sems.len()).ok_or(Errno::EINVAL)?;
        s.perm.check(&task.cred(), 0o222)?;
        s.forget_undo(Some(at));
        if let Some(sem) = s.sems.get_mut(at) {
            sem.value = value;
            sem.pid = task.tgid();
        }
        s.changed_at = host::time::realtime().sec;
        Ok(())
    })?;
    Ok(0)
}

fn all_values(task: &Task, set: &Set, cmd: i32, at: usize) -> Result<usize> {
    let cred = task.cred();
    if cmd == GETALL {
        let values: Vec<u16> = set.look(|s| {
            s.perm.check(&cred, 0o444)?;
            Ok(s.sems.iter().map(|sem| sem.value as u16).collect())
        })?;
        for (i, value) in values.iter().enumerate() {
            user::write(at.wrapping_add(2 * i), value)?;
        }
        return Ok(0);
    }
    set.look(|s| s.perm.check(&cred, 0o222))?;
    let values: Vec<u16> = user::read_array(at, set.len())?;
    if values.iter().any(|v| i32::from(*v) > MAX_VALUE) {
        return Err(Errno::ERANGE);
    }
    set.change(|s| {
        s.forget_undo(None);
        for (sem, value) in s.sems.iter_mut().zip(&values) {
            sem.value = i32::from(*value);
            sem.pid = task.tgid();
        }
        s.changed_at = host::time::realtime().sec;
        Ok(())
    })?;
    Ok(0)
}
