//! System V IPC: shared memory, semaphores, message queues; and POSIX message queues (`mqueue`).
//!
//! Answers to Linux's `ipc/`. What the three have in common stands here: keys, ids, owners and permissions (`ipc/util.c`).
//! Left out: namespaces. Locks: a table's own (unranked: it takes nothing), one of rank OBJECT per object.

pub mod mqueue;
pub mod msg;
pub mod sem;
pub mod shm;

use alloc::collections::BTreeMap;
use alloc::sync::Arc;
use alloc::vec::Vec;
use fs_emu::Cred;
use fs_emu::cred::Caps;
use host::lock::Mutex;
use host::{Errno, Result};

/// `IPC_PRIVATE`.
pub const PRIVATE: i32 = 0;
/// Flags of the calls that find or make.
pub const CREAT: u32 = 0o1000;
/// With [`CREAT`]: only make.
pub const EXCL: u32 = 0o2000;
/// Never sleep.
pub const NOWAIT: u32 = 0o4000;
/// Message queues and semaphore sets at most (`MSGMNI`, `SEMMNI`).
const MAX_QUEUES: usize = 32000;
/// Segments at most (`SHMMNI`).
const MAX_SEGMENTS: usize = 4096;
const OWNER: Caps = Caps::from_bits_retain(1 << 15);

/// Whose an object is (`struct kern_ipc_perm`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct Perm {
    pub key: i32,
    pub uid: u32,
    pub gid: u32,
    pub cuid: u32,
    pub cgid: u32,
    pub mode: u32,
}

impl Perm {
    fn new(key: i32, flags: u32, cred: &Cred) -> Perm {
        let (uid, gid) = (cred.euid, cred.egid);
        Perm { key, uid, gid, cuid: uid, cgid: gid, mode: flags & 0o777 }
    }

    /// `EACCES` unless every kind of access in `want` (bits as in a mode) is granted.
    pub fn check(&self, cred: &Cred, want: u32) -> Result<()> {
        let wanted = (want >> 6 | want >> 3 | want) & 7;
        let in_group = |gid| cred.egid == gid || cred.groups.contains(&gid);
        let granted = if cred.euid == self.cuid || cred.euid == self.uid {
            self.mode >> 6
        } else if in_group(self.cgid) || in_group(self.gid) {
            self.mode >> 3
        } else {
            self.mode
        };
        if wanted & !granted == 0 || cred.capable(OWNER) { Ok(()) } else { Err(Errno::EACCES) }
    }

    /// `EPERM` unless the object may be changed or removed.
    pub fn check_owner(&self, cred: &Cred) -> Result<()> {
        let own = cred.euid == self.cuid || cred.euid == self.uid;
        if own || cred.capable(Caps::SYS_ADMIN) { Ok(()) } else { Err(Errno::EPERM) }
    }

    /// `IPC_SET`: new owner and mode.
    pub fn set(&mut self, uid: u32, gid: u32, mode: u32) {
        (self.uid, self.gid) = (uid, gid);
        self.mode = self.mode & !0o777 | mode & 0o777;
    }
}

/// An object in a table.
pub trait Object {
    /// Whose it is.
    fn perm(&self) -> Perm;
}

/// The objects of one kind.
pub struct Ids<T>(Mutex<Table<T>>);

struct Table<T> {
    objects: BTreeMap<i32, Arc<T>>,
    /// Ids of those that have a key.
    by_key: BTreeMap<i32, i32>,
    /// The other way round.
    keys: BTreeMap<i32, i32>,
    next: i32,
    /// The id that the next one shall have (`/proc/sys/kernel/*_next_id`).
    wished: Option<i32>,
    most: usize,
}

impl<T> Ids<T> {
    fn new(most: usize) -> Ids<T> {
        let (objects, by_key, keys) = (BTreeMap::new(), BTreeMap::new(), BTreeMap::new());
        Ids(Mutex::new(Table { objects, by_key, keys, next: 0, wished: None, most }))
    }
}

impl<T: Object> Ids<T> {
    /// Finds or makes, as `shmget(2)` and its like: `ENOENT`, `EEXIST`, `EACCES`, `ENOSPC`, and what `fits` and `make` say.
    pub fn get(
        &self,
        key: i32,
        flags: u32,
        cred: &Cred,
        fits: impl FnOnce(&T) -> Result<()>,
        make: impl FnOnce(Perm) -> Result<T>,
    ) -> Result<i32> {
        let mut table = self.0.lock();
        let known = if key == PRIVATE { None } else { table.by_key.get(&key).copied() };
        // A segment that is removed but attached has given its key up.
        let known = known.and_then(|id| table.objects.get_key_value(&id)).filter(|(_, o)| o.perm().key == key);
        if let Some((id, object)) = known {
            if flags & CREAT != 0 && flags & EXCL != 0 {
                return Err(Errno::EEXIST);
            }
            fits(object)?;
            object.perm().check(cred, flags & 0o777)?;
            return Ok(*id);
        }
        if key != PRIVATE && flags & CREAT == 0 {
            return Err(Errno::ENOENT);
        }
        let object = make(Perm::new(key, flags, cred))?;
        if table.objects.len() >= table.most {
            return Err(Errno::ENOSPC);
        }
        let wished = table.wished.take().filter(|id| !table.objects.contains_key(id));
        let mut id = wished.unwrap_or(table.next);
        while table.objects.contains_key(&id) {
            id = id.wrapping_add(1) & i32::MAX;
        }
        table.objects.insert(id, Arc::new(object));
        if key != PRIVATE {
            table.by_key.insert(key, id);
            table.keys.insert(id, key);
        }
        if wished.is_none() {
            table.next = id.wrapping_add(1) & i32::MAX;
        }
        Ok(id)
    }

    /// One by its id. `EINVAL`.
    pub fn find(&self, id: i32) -> Result<Arc<T>> {
        self.0.lock().objects.get(&id).cloned().ok_or(Errno::EINVAL)
    }

    /// Takes it out. Only one caller gets it.
    pub fn remove(&self, id: i32) -> Option<Arc<T>> {
        let mut table = self.0.lock();
        let gone = table.objects.remove(&id)?;
        // Not by the object: it may be locked by who calls.
        if let Some(key) = table.keys.remove(&id)
            && table.by_key.get(&key) == Some(&id)
        {
            table.by_key.remove(&key);
        }
        Some(gone)
    }

    /// The id that the next one shall have, -1 for any.
    pub fn wished(&self) -> i32 {
        self.0.lock().wished.unwrap_or(-1)
    }

    /// Sets it.
    pub fn wish(&self, id: i32) {
        self.0.lock().wished = u32::try_from(id).is_ok().then_some(id);
    }

    /// All of them.
    pub fn list(&self) -> Vec<(i32, Arc<T>)> {
        self.0.lock().objects.iter().map(|(id, o)| (*id, o.clone())).collect()
    }

    /// The highest id, which the calls for `ipcs` answer; 0 without any.
    pub fn highest(&self) -> usize {
        self.0.lock().objects.keys().next_back().map_or(0, |id| *id as usize)
    }
}

/// All of System V IPC.
pub struct Ipc {
    /// Shared memory.
    pub shm: Ids<shm::Segment>,
    /// Semaphores.
    pub sem: Ids<sem::Set>,
    /// Message queues.
    pub msg: Ids<msg::Queue>,
}

impl Default for Ipc {
    fn default() -> Ipc {
        Ipc { shm: Ids::new(MAX_SEGMENTS), sem: Ids::new(MAX_QUEUES), msg: Ids::new(MAX_QUEUES) }
    }
}

/// The wall clock in seconds, as these objects have it.
pub(crate) fn now() -> i64 {
    host::time::realtime().sec
}
