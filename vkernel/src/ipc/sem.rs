//! Semaphore sets (`ipc/sem.c`). A list of operations happens as a whole or not at all; whoever sleeps tries again after
//! every change. What a process is to undo at its end stands in the set.

use super::{NOWAIT, Object, Perm, now};
use crate::kernel::kernel;
use crate::task::{Task, Wait};
use alloc::collections::BTreeMap;
use alloc::sync::Arc;
use alloc::vec;
use alloc::vec::Vec;
use host::lock::{Mutex, rank};
use host::time::Deadline;
use host::wait::WaitQueue;
use host::{Errno, Result};

/// `SEMVMX`.
pub const MAX_VALUE: i32 = 32767;
/// `SEM_UNDO`.
const UNDO: u32 = 0o10000;

/// `struct sembuf`.
#[derive(Clone, Copy, Debug)]
#[allow(missing_docs)]
pub struct Op {
    pub num: u16,
    pub change: i16,
    pub flags: u16,
}

/// One semaphore.
#[derive(Clone, Copy, Debug, Default)]
#[allow(missing_docs)]
pub struct Sem {
    pub value: i32,
    pub pid: u32,
}

/// What changes about a set.
pub struct State {
    /// Whose it is.
    pub perm: Perm,
    /// Its semaphores.
    pub sems: Vec<Sem>,
    /// Time of the last operation.
    pub used_at: i64,
    /// Time of the last change by `semctl`.
    pub changed_at: i64,
    removed: bool,
    /// By process: what its end adds.
    undo: BTreeMap<u32, Vec<i32>>,
    /// Who sleeps, for which semaphore, and whether until it is zero.
    sleepers: BTreeMap<u32, (u16, bool)>,
}

/// A set.
pub struct Set {
    state: Mutex<State, { rank::OBJECT }>,
    changed: Arc<WaitQueue>,
}

impl Object for Set {
    fn perm(&self) -> Perm {
        self.state.lock().perm
    }
}

/// Why a list of operations cannot be done now.
struct Blocked {
    num: u16,
    for_zero: bool,
    nowait: bool,
}

impl Set {
    /// `n` semaphores of value 0.
    pub fn new(perm: Perm, n: usize) -> Set {
        let state = State {
            perm,
            sems: vec![Sem::default(); n],
            used_at: 0,
            changed_at: now(),
            removed: false,
            undo: BTreeMap::new(),
            sleepers: BTreeMap::new(),
        };
        Set { state: Mutex::new(state), changed: WaitQueue::new() }
    }

    /// Looks at it, for who lists it.
    pub fn listed<T>(&self, how: impl FnOnce(&State) -> T) -> T {
        how(&self.state.lock())
    }

    /// Number of semaphores.
    pub fn len(&self) -> usize {
        self.state.lock().sems.len()
    }

    /// Whether there are none, which never is.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Looks at it. `EIDRM` once it is removed.
    pub fn look<T>(&self, how: impl FnOnce(&State) -> Result<T>) -> Result<T> {
        let state = self.state.lock();
        if state.removed { Err(Errno::EIDRM) } else { how(&state) }
    }

    /// Changes it; whoever sleeps looks again.
    pub fn change(&self, how: impl FnOnce(&mut State) -> Result<()>) -> Result<()> {
        let mut state = self.state.lock();
        if state.removed {
            return Err(Errno::EIDRM);
        }
        how(&mut state)?;
        drop(state);
        self.changed.wake_all();
        Ok(())
    }

    /// It was taken out of the table: sleepers get `EIDRM`.
    pub fn removed(&self) {
        self.state.lock().removed = true;
        self.changed.wake_all();
    }

    /// `semop(2)`, the rest of it: the caller has checked numbers and permissions.
    pub fn operate(&self, task: &Task, ops: &[Op], deadline: Option<Deadline>) -> Result<()> {
        let slept = task.wait_for(deadline, |table| {
            if let Some(table) = table {
                table.wait_on(&self.changed);
            }
            self.attempt(task, ops)
        });
        self.state.lock().sleepers.remove(&task.tid());
        match slept {
            Wait::Ready(done) => done,
            Wait::TimedOut => Err(Errno::EAGAIN),
            Wait::Interrupted => Err(Errno::EINTR),
        }
    }

    fn attempt(&self, task: &Task, ops: &[Op]) -> Option<Result<()>> {
        let mut state = self.state.lock();
        if state.removed {
            return Some(Err(Errno::EIDRM));
        }
        match state.perform(ops, task.tgid()) {
            Ok(Ok(())) => {
                drop(state);
                self.changed.wake_all();
                Some(Ok(()))
            }
            Ok(Err(blocked)) if blocked.nowait => Some(Err(Errno::EAGAIN)),
            Ok(Err(blocked)) => {
                state.sleepers.insert(task.tid(), (blocked.num, blocked.for_zero));
                None
            }
            Err(e) => Some(Err(e)),
        }
    }

    /// A process is gone.
    fn process_ended(&self, pid: u32) {
        let mut state = self.state.lock();
        let Some(undo) = state.undo.remove(&pid) else { return };
        for (sem, change) in state.sems.iter_mut().zip(undo).filter(|(_, change)| *change != 0) {
            sem.value = (sem.value + change).clamp(0, MAX_VALUE);
            sem.pid = pid;
        }
        state.used_at = now();
        drop(state);
        self.changed.wake_all();
    }
}

impl State {
    /// How many sleep for this semaphore to rise, or to become zero.
    pub fn sleepers(&self, num: u16, for_zero: bool) -> usize {
        self.sleepers.values().filter(|s| **s == (num, for_zero)).count()
    }

    /// Forgets what processes are to undo on one semaphore, or on all.
    pub fn forget_undo(&mut self, num: Option<usize>) {
        match num {
            None => self.undo.clear(),
            Some(n) => self.undo.values_mut().filter_map(|u| u.get_mut(n)).for_each(|change| *change = 0),
        }
    }

    /// All operations or none.
    fn perform(&mut self, ops: &[Op], pid: u32) -> Result<core::result::Result<(), Blocked>> {
        let mut sems = self.sems.clone();
        let mut undo = self.undo.get(&pid).cloned().unwrap_or_default();
        undo.resize(sems.len(), 0);
        let mut undoes = false;
        for op in ops {
            let sem = sems.get_mut(usize::from(op.num)).ok_or(Errno::EFBIG)?;
            let value = sem.value + i32::from(op.change);
            if (op.change == 0 && sem.value != 0) || value < 0 {
                let nowait = u32::from(op.flags) & NOWAIT != 0;
                return Ok(Err(Blocked { num: op.num, for_zero: op.change == 0, nowait }));
            }
            if value > MAX_VALUE {
                return Err(Errno::ERANGE);
            }
            if let Some(back) = undo.get_mut(usize::from(op.num)).filter(|_| u32::from(op.flags) & UNDO != 0) {
                *back -= i32::from(op.change);
                if !(-MAX_VALUE - 1..=MAX_VALUE).contains(back) {
                    return Err(Errno::ERANGE);
                }
                undoes = true;
            }
            sem.value = value;
            sem.pid = pid;
        }
        self.sems = sems;
        self.used_at = now();
        if undoes {
            self.undo.insert(pid, undo);
        }
        Ok(Ok(()))
    }
}

/// What a process was to undo is undone.
pub fn process_ended(pid: u32) {
    for (_, set) in kernel().ipc.sem.list() {
        set.process_ended(pid);
    }
}
