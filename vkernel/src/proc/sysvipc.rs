//! `/proc/sysvipc`: the objects of System V IPC (`ipc/util.c`: `sysvipc_proc_ops`). Everybody sees all of
//! them.

use super::{PROC_DEV, fixed_attr};
use crate::ipc::Perm;
use crate::kernel::kernel;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use fs_emu::InodeRef;
use fs_emu::pseudo::{StaticDir, TextFile};
use host::Result;

/// The directory.
pub(super) fn dir() -> InodeRef {
    let file = |name: &'static str, make: fn() -> Result<Vec<u8>>| {
        (name, TextFile::build(fixed_attr(PROC_DEV, &format!("sysvipc/{name}"), 0o444), make))
    };
    StaticDir::build(fixed_attr(PROC_DEV, "sysvipc", 0o555), [file("msg", msg), file("sem", sem), file("shm", shm)])
}

fn ids(p: &Perm) -> String {
    format!("{:5} {:5} {:5} {:5}", p.uid, p.gid, p.cuid, p.cgid)
}

fn msg() -> Result<Vec<u8>> {
    let mut out = String::from(
        "       key      msqid perms      cbytes       qnum lspid lrpid   uid   gid  cuid  cgid      stime      rtime      ctime\n",
    );
    for (id, queue) in kernel().ipc.msg.list() {
        let line = queue.listed(|s| {
            let counts = format!("{:10}  {:10} {:5} {:5}", s.bytes, s.messages.len(), s.sender, s.receiver);
            let times = format!("{:10} {:10} {:10}", s.sent_at, s.received_at, s.changed_at);
            let line =
                format!("{:10} {id:10}  {:4o}  {counts} {} {times}\n", s.perm.key, s.perm.mode & 0o777, ids(&s.perm));
            Some(line)
        });
        out.extend(line);
    }
    Ok(out.into_bytes())
}

fn sem() -> Result<Vec<u8>> {
    let mut out =
        String::from("       key      semid perms      nsems   uid   gid  cuid  cgid      otime      ctime\n");
    for (id, set) in kernel().ipc.sem.list() {
        let line = set.listed(|s| {
            let (key, mode) = (s.perm.key, s.perm.mode & 0o777);
            let times = format!("{:10} {:10}", s.used_at, s.changed_at);
            let line = format!("{key:10} {id:10}  {mode:4o} {:10} {} {times}\n", s.sems.len(), ids(&s.perm));
            Some(line)
        });
        out.extend(line);
    }
    Ok(out.into_bytes())
}

fn shm() -> Result<Vec<u8>> {
    let mut out = String::from(
        "       key      shmid perms                  size  cpid  lpid nattch   uid   gid  cuid  cgid      atime      dtime      \
         ctime                   rss                  swap\n",
    );
    for (id, segment) in kernel().ipc.shm.list() {
        let s = segment.state();
        let (key, mode) = (s.perm.key, s.perm.mode & 0o7777);
        let who = format!("{:5} {:5}  {:5}", segment.creator, s.last_pid, segment.attached());
        let times = format!("{:10} {:10} {:10}", s.attached_at, s.detached_at, s.changed_at);
        let line = format!(
            "{key:10} {id:10}  {mode:4o} {:21} {who} {} {times} {:21} {:21}\n",
            segment.size,
            ids(&s.perm),
            0,
            0
        );
        out.push_str(&line);
    }
    Ok(out.into_bytes())
}
