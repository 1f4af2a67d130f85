//! The locks of all files, waiting for them, and deadlocks.

use super::list::{Held, RangeList};
use super::range::{Kind, Owner, Request};
use alloc::collections::{BTreeMap, BTreeSet};
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use host::lock::{Mutex, rank};
use host::wait::WaitQueue;
use host::{Errno, Result};

/// Which file: device and inode number. The open file keeps the inode, so the number stays its own.
pub type FileId = (u64, u64);

/// What came of asking for a lock.
#[must_use]
pub enum Attempt {
    /// It is done.
    Granted,
    /// Others hold what excludes it: wait on this queue and ask again, or answer `EAGAIN`. As long as the queue is held on
    /// to, asking again names the same one.
    Blocked(Arc<WaitQueue>),
}

impl Attempt {
    /// Whether it is done.
    pub fn granted(&self) -> bool {
        matches!(self, Attempt::Granted)
    }
}

#[derive(Default)]
struct FileLocks {
    /// Open file descriptions with a `flock`.
    whole: Vec<(u64, Kind)>,
    ranges: RangeList,
    /// Woken whenever a lock goes or becomes weaker.
    queue: Arc<WaitQueue>,
}

#[derive(Default)]
struct State {
    files: BTreeMap<FileId, FileLocks>,
    /// Record locks waited for, by ticket.
    waits: BTreeMap<u64, (FileId, Request)>,
    next_ticket: u64,
}

/// All advisory locks of the sandbox.
#[derive(Default)]
pub struct LockTable {
    /// Number of entries in `State::files`, so that closing a file costs one load while nobody locks anything.
    files: AtomicUsize,
    state: Mutex<State, { rank::OBJECT }>,
}

impl LockTable {
    /// `flock(2)` for an open file description; `None` unlocks. A lock of another kind is given up first, even if the new
    /// one is then not to be had, as in Linux.
    pub fn flock(&self, file: FileId, description: u64, kind: Option<Kind>) -> Attempt {
        self.with_file(file, |locks| {
            let mine = locks.whole.iter().position(|(d, _)| *d == description);
            if let Some(i) = mine {
                if kind == Some(locks.whole[i].1) {
                    return Attempt::Granted;
                }
                locks.whole.swap_remove(i);
                locks.queue.wake_all();
            }
            let Some(kind) = kind else {
                return Attempt::Granted;
            };
            if locks.whole.iter().any(|(_, other)| kind.conflicts(*other)) {
                return Attempt::Blocked(locks.queue.clone());
            }
            locks.whole.push((description, kind));
            Attempt::Granted
        })
    }

    /// Sets or clears a record lock without waiting (`F_SETLK`, `F_OFD_SETLK`).
    pub fn set_range(&self, file: FileId, want: &Request) -> Attempt {
        self.with_file(file, |locks| locks.set_range(want))
    }

    /// Begins to wait for a record lock (`F_SETLKW`, `F_OFD_SETLKW`).
    pub fn wait_range(&self, file: FileId, want: Request) -> RangeWait<'_> {
        RangeWait { table: self, file, want, ticket: None }
    }

    /// The first lock in the way of this one (`F_GETLK`, `F_OFD_GETLK`).
    pub fn query(&self, file: FileId, want: &Request) -> Option<Held> {
        let state = self.state.lock();
        state.files.get(&file)?.ranges.conflicts(want).next().map(|(_, held)| held)
    }

    /// Whether anybody holds or awaits any lock at all: what closing a file asks first.
    pub fn any(&self) -> bool {
        self.files.load(SeqCst) != 0
    }

    /// Drops the record locks of an owner on a file: a process closes *any* descriptor of it, or the last descriptor of a
    /// description goes.
    pub fn release_ranges(&self, file: FileId, owner: Owner) {
        if self.files.load(SeqCst) != 0 {
            self.change(file, |locks| locks.ranges.remove_owner(owner));
        }
    }

    /// The last descriptor of an open file description goes: its `flock` and its record locks with it.
    pub fn release_description(&self, file: FileId, description: u64) {
        if self.files.load(SeqCst) == 0 {
            return;
        }
        self.change(file, |locks| {
            let before = locks.whole.len();
            locks.whole.retain(|(d, _)| *d != description);
            let ranges = locks.ranges.remove_owner(Owner::Description(description));
            ranges || locks.whole.len() != before
        });
    }

    /// A process is gone without closing its files one by one: drops all of its record locks and waits.
    pub fn release_process(&self, owner: Owner) {
        let mut state = self.state.lock();
        state.waits.retain(|_, (_, want)| want.owner != owner);
        for locks in state.files.values_mut() {
            if locks.ranges.remove_owner(owner) {
                locks.queue.wake_all();
            }
        }
        let files = core::mem::take(&mut state.files);
        state.files = files.into_iter().filter(|(_, locks)| !locks.is_idle()).collect();
        self.files.store(state.files.len(), SeqCst);
    }

    /// Runs `step` on a file's locks and wakes waiters if it freed something.
    fn change(&self, file: FileId, step: impl FnOnce(&mut FileLocks) -> bool) {
        self.with_file(file, |locks| {
            if step(locks) {
                locks.queue.wake_all();
            }
        });
    }

    fn with_file<T>(&self, file: FileId, step: impl FnOnce(&mut FileLocks) -> T) -> T {
        let mut state = self.state.lock();
        let out = step(state.files.entry(file).or_default());
        self.tidy(&mut state, file);
        out
    }

    /// Forgets a file that has neither locks nor waiters.
    fn tidy(&self, state: &mut State, file: FileId) {
        if state.files.get(&file).is_some_and(FileLocks::is_idle) {
            state.files.remove(&file);
        }
        self.files.store(state.files.len(), SeqCst);
    }

    /// Number of files with locks or waiters, for tests.
    #[cfg(test)]
    pub(super) fn files(&self) -> usize {
        self.files.load(SeqCst)
    }
}

impl FileLocks {
    fn is_idle(&self) -> bool {
        self.whole.is_empty() && self.ranges.is_empty() && Arc::strong_count(&self.queue) == 1
    }

    fn set_range(&mut self, want: &Request) -> Attempt {
        if self.ranges.conflicts(want).next().is_some() {
            return Attempt::Blocked(self.queue.clone());
        }
        self.ranges.set(want);
        if want.kind != Some(Kind::Exclusive) {
            self.queue.wake_all();
        }
        Attempt::Granted
    }
}

impl State {
    /// Whether somebody whom this request waits for waits, perhaps by way of others, for its owner.
    fn deadlocks(&self, file: FileId, want: &Request) -> bool {
        let mut seen = BTreeSet::new();
        let mut todo = Vec::new();
        self.blockers(file, want, &mut todo);
        while let Some(owner) = todo.pop() {
            if owner == want.owner {
                return true;
            }
            if seen.insert(owner) {
                for (file, theirs) in self.waits.values().filter(|(_, w)| w.owner == owner) {
                    self.blockers(*file, theirs, &mut todo);
                }
            }
        }
        false
    }

    fn blockers(&self, file: FileId, want: &Request, out: &mut Vec<Owner>) {
        if let Some(locks) = self.files.get(&file) {
            out.extend(locks.ranges.conflicts(want).map(|(owner, _)| owner));
        }
    }
}

/// A wait for a record lock, visible to the deadlock check; giving it up is dropping it.
pub struct RangeWait<'a> {
    table: &'a LockTable,
    file: FileId,
    want: Request,
    ticket: Option<u64>,
}

impl RangeWait<'_> {
    /// Tries to get the lock. `EDEADLK` when waiting would never end (processes only: descriptions have no order, and Linux
    /// does not look).
    pub fn attempt(&mut self) -> Result<Attempt> {
        let mut state = self.table.state.lock();
        let out = state.files.entry(self.file).or_default().set_range(&self.want);
        if out.granted() {
            self.forget(&mut state);
        } else if matches!(self.want.owner, Owner::Process(_)) {
            // Looked at each time: another thread of a blocker may have closed the cycle since.
            if state.deadlocks(self.file, &self.want) {
                self.forget(&mut state);
                return Err(Errno::EDEADLK);
            }
            self.announce(&mut state);
        }
        self.table.tidy(&mut state, self.file);
        Ok(out)
    }

    fn announce(&mut self, state: &mut State) {
        if self.ticket.is_none() {
            let ticket = state.next_ticket;
            state.next_ticket += 1;
            state.waits.insert(ticket, (self.file, self.want));
            self.ticket = Some(ticket);
        }
    }

    fn forget(&mut self, state: &mut State) {
        if let Some(ticket) = self.ticket.take() {
            state.waits.remove(&ticket);
        }
    }
}

impl Drop for RangeWait<'_> {
    fn drop(&mut self) {
        let table = self.table;
        let mut state = table.state.lock();
        self.forget(&mut state);
        table.tidy(&mut state, self.file);
    }
}
