//! Leases: who holds one is told by a signal before somebody else opens or shortens the file (`fs/locks.c`).
//!
//! `open` and `truncate` ask [`Leases::conflict`] and wait until the holder has given the lease up or weakened it, or until
//! its time is over. Locks: the table's own, of rank OBJECT.

use super::range::Kind;
use super::table::FileId;
use crate::files::extra::FileExtra;
use crate::files::sigio::{self, Reason};
use alloc::collections::BTreeMap;
use alloc::sync::{Arc, Weak};
use alloc::vec::Vec;
use core::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use host::abi::Timespec;
use host::lock::{Mutex, rank};
use host::time::Deadline;
use host::wait::WaitQueue;
use host::{Errno, Result};

/// `fs.lease-break-time`, in seconds.
pub const BREAK_TIME: i64 = 45;

struct Lease {
    description: u64,
    fd: i32,
    extra: Weak<FileExtra>,
    kind: Kind,
    /// To what it is being broken, and until when that may take.
    breaking: Option<(Option<Kind>, Option<Deadline>)>,
}

/// All leases of the sandbox.
#[derive(Default)]
pub struct Leases {
    /// Number of files with leases, so that opening costs one load while there are none.
    files: AtomicUsize,
    table: Mutex<BTreeMap<FileId, Vec<Lease>>, { rank::OBJECT }>,
    changed: Arc<WaitQueue>,
}

impl Leases {
    /// Whether there is any.
    pub fn any(&self) -> bool {
        self.files.load(SeqCst) != 0
    }

    /// Wakes when one is given up or weakened.
    pub fn changed(&self) -> &Arc<WaitQueue> {
        &self.changed
    }

    /// `F_SETLEASE`: takes or changes one. The caller has looked who else has the file open.
    pub fn set(&self, file: FileId, description: u64, fd: i32, kind: Kind, extra: &Arc<FileExtra>) -> Result<()> {
        let mut table = self.table.lock();
        let list = table.entry(file).or_default();
        let others = list.iter().filter(|l| l.description != description);
        let refused = others.clone().any(|l| matches!(l.breaking, Some((None, _))))
            || (kind == Kind::Exclusive && others.count() > 0);
        if refused {
            self.tidy(&mut table, file);
            return Err(Errno::EAGAIN);
        }
        match list.iter_mut().find(|l| l.description == description) {
            Some(mine) => {
                mine.kind = kind;
                mine.fd = fd;
                if mine.breaking.is_some_and(|(to, _)| to == Some(kind)) {
                    mine.breaking = None;
                }
            }
            None => list.push(Lease { description, fd, extra: Arc::downgrade(extra), kind, breaking: None }),
        }
        self.tidy(&mut table, file);
        drop(table);
        self.changed.wake_all();
        Ok(())
    }

    /// `F_GETLEASE`: what there is, or will be once it is broken.
    pub fn get(&self, file: FileId, description: u64) -> Option<Kind> {
        let table = self.table.lock();
        let mine = table.get(&file)?.iter().find(|l| l.description == description)?;
        mine.breaking.map_or(Some(mine.kind), |(to, _)| to)
    }

    /// Gives one up; `false` when there was none.
    pub fn release(&self, file: FileId, description: u64) -> bool {
        let mut table = self.table.lock();
        let Some(list) = table.get_mut(&file) else { return false };
        let before = list.len();
        list.retain(|l| l.description != description);
        let gone = list.len() < before;
        self.tidy(&mut table, file);
        drop(table);
        if gone {
            self.changed.wake_all();
        }
        gone
    }

    /// Somebody wants to open or shorten the file: breaks the leases in the way. `None` when there is none; otherwise when the
    /// last of them is over by itself.
    pub fn conflict(&self, file: FileId, writes: bool) -> Option<Deadline> {
        let mut table = self.table.lock();
        let list = table.get_mut(&file)?;
        list.retain(|l| !l.breaking.is_some_and(|(to, until)| to.is_none() && until.is_some_and(|d| d.passed())));
        let mut last = None;
        for lease in list.iter_mut().filter(|l| writes || l.kind == Kind::Exclusive) {
            let to = if writes { None } else { Some(Kind::Shared) };
            let until = match lease.breaking {
                Some((None, until)) => until,
                Some((Some(_), until)) if to.is_some() => {
                    if until.is_some_and(|d| d.passed()) {
                        lease.kind = Kind::Shared;
                        lease.breaking = None;
                        continue;
                    }
                    until
                }
                _ => {
                    let until = Deadline::after(Timespec { sec: BREAK_TIME, nsec: 0 });
                    lease.breaking = Some((to, until));
                    sigio::note(&lease.extra, lease.fd, Reason::Message);
                    until
                }
            };
            last = until.or(last);
        }
        self.tidy(&mut table, file);
        last
    }

    fn tidy(&self, table: &mut BTreeMap<FileId, Vec<Lease>>, file: FileId) {
        if table.get(&file).is_some_and(Vec::is_empty) {
            table.remove(&file);
        }
        self.files.store(table.len(), SeqCst);
    }
}
