//! System V message queues (`ipc/msg.c`).

use super::ipc::{INFO, RMID, SET, STAT, ints, owner_and_mode, put};
use crate::dispatch::Call;
use crate::table::Ptr;
use alloc::vec;
use fs_emu::cred::Caps;
use host::{Errno, Result, user};
use vkernel::ipc::NOWAIT;
use vkernel::ipc::msg::{MAX_BYTES, MAX_QUEUE, Message, Queue, Want};
use vkernel::kernel::kernel;

const MSG_STAT: i32 = 11;
const MSG_INFO: i32 = 12;
const MSG_STAT_ANY: i32 = 13;
const NOERROR: u32 = 0o10000;
const EXCEPT: u32 = 0o20000;
const COPY: u32 = 0o40000;
/// `MSGMNI`.
const MAX_QUEUES: u32 = 32000;

/// `msgget(2)`.
pub fn msgget(call: &mut Call<'_>, key: i32, flags: u32) -> Result<usize> {
    let made = kernel().ipc.msg.get(key, flags, &call.task.cred(), |_| Ok(()), |perm| Ok(Queue::new(perm)));
    made.map(|id| id as usize)
}

/// `msgsnd(2)`.
pub fn msgsnd(call: &mut Call<'_>, id: i32, msg: Ptr, size: usize, flags: u32) -> Result<usize> {
    let kind: i64 = user::read(msg.0)?;
    if size > MAX_BYTES || id < 0 || kind < 1 {
        return Err(Errno::EINVAL);
    }
    let mut body = vec![0; size];
    user::copy_in(&mut body, msg.0.wrapping_add(8))?;
    let queue = kernel().ipc.msg.find(id)?;
    queue.change(|s| s.perm.check(&call.task.cred(), 0o222))?;
    queue.send(call.task, Message { kind, body }, flags & NOWAIT != 0).map(|()| 0)
}

/// `msgrcv(2)`: answers the length of the body.
pub fn msgrcv(call: &mut Call<'_>, id: i32, msg: Ptr, size: usize, kind: i64, flags: u32) -> Result<usize> {
    if id < 0 || size > isize::MAX as usize {
        return Err(Errno::EINVAL);
    }
    let nowait = flags & NOWAIT != 0;
    if flags & COPY != 0 && (flags & EXCEPT != 0 || !nowait) {
        return Err(Errno::EINVAL);
    }
    let want = match kind {
        _ if flags & COPY != 0 => Want::Copy(usize::try_from(kind).map_err(|_| Errno::ENOMSG)?),
        0 => Want::Any,
        ..0 => Want::UpTo(kind.checked_neg().unwrap_or(i64::MAX)),
        _ if flags & EXCEPT != 0 => Want::Other(kind),
        _ => Want::Kind(kind),
    };
    let queue = kernel().ipc.msg.find(id)?;
    queue.change(|s| s.perm.check(&call.task.cred(), 0o444))?;
    let got = queue.receive(call.task, want, size, flags & NOERROR != 0, nowait)?;
    user::write(msg.0, &got.kind)?;
    let body = got.body.get(..size).unwrap_or(&got.body);
    user::copy_out(msg.0.wrapping_add(8), body)?;
    Ok(body.len())
}

/// `msgctl(2)`.
pub fn msgctl(call: &mut Call<'_>, id: i32, cmd: i32, buf: Ptr) -> Result<usize> {
    if id < 0 || cmd < 0 {
        return Err(Errno::EINVAL);
    }
    let ids = &kernel().ipc.msg;
    let cred = call.task.cred();
    match cmd {
        INFO | MSG_INFO => info(cmd, buf),
        STAT | MSG_STAT | MSG_STAT_ANY => {
            let (perm, rest) = ids.find(id)?.change(|s| {
                if cmd != MSG_STAT_ANY {
                    s.perm.check(&cred, 0o444)?;
                }
                let times = [s.sent_at as u64, s.received_at as u64, s.changed_at as u64];
                let counts = [s.bytes, s.messages.len() as u64, s.max_bytes, ints(s.sender, s.receiver)];
                Ok((s.perm, [times[0], times[1], times[2], counts[0], counts[1], counts[2], counts[3], 0, 0]))
            })?;
            put(buf.0, &perm, &rest)?;
            Ok(if cmd == STAT { 0 } else { id as usize })
        }
        SET => {
            // The limit stands three words behind the times.
            const LIMIT: usize = 8 * (super::ipc::PERM + 5);
            let (uid, gid, mode) = owner_and_mode(buf.0)?;
            let limit: u64 = user::read(buf.0.wrapping_add(LIMIT))?;
            ids.find(id)?.change(|s| {
                s.perm.check_owner(&cred)?;
                if limit > MAX_QUEUE && !cred.capable(Caps::SYS_RESOURCE) {
                    return Err(Errno::EPERM);
                }
                s.perm.set(uid, gid, mode);
                s.max_bytes = limit;
                s.changed_at = host::time::realtime().sec;
                Ok(())
            })?;
            Ok(0)
        }
        RMID => {
            ids.find(id)?.change(|s| s.perm.check_owner(&cred))?;
            ids.remove(id).ok_or(Errno::EINVAL)?.removed();
            Ok(0)
        }
        _ => Err(Errno::EINVAL),
    }
}

/// `struct msginfo`.
fn info(cmd: i32, buf: Ptr) -> Result<usize> {
    const SEGMENT: u32 = 16;
    const SEGMENTS: u32 = 0xffff;
    let ids = &kernel().ipc.msg;
    let queue = MAX_QUEUE as u32;
    let (mut pool, mut map, mut headers) = (MAX_QUEUES * queue / 1024, queue, queue);
    if cmd == MSG_INFO {
        let all = ids.list();
        pool = all.len() as u32;
        let counts = all.iter().filter_map(|(_, q)| q.change(|s| Ok((s.messages.len() as u32, s.bytes as u32))).ok());
        (map, headers) = counts.fold((0, 0), |sum, n| (sum.0 + n.0, sum.1 + n.1));
    }
    user::write(buf.0, &[pool, map, MAX_BYTES as u32, queue, MAX_QUEUES, SEGMENT, headers, SEGMENTS])?;
    Ok(ids.highest())
}
