//! The process table and tree: ids, parents, children, process groups, sessions (`kernel/pid.c`, `tasklist_lock`).
//!
//! One lock (TASKLIST) guards the whole tree, as in Linux. Links are ids, so there are no cycles. Id 1 is the virtual init:
//! a task that never runs and is in no list; what it adopts is reaped at once.

use super::{Exit, Task, ThreadGroup, Usage};
use crate::signal::{self, SaFlags, code};
use alloc::collections::{BTreeMap, BTreeSet};
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::sync::atomic::Ordering::SeqCst;
use host::lock::{Mutex, rank};
use host::{Errno, Result};

/// The virtual init's id.
pub const INIT: u32 = 1;
/// Ids wrap here (`kernel.pid_max`'s old default, small numbers are easy to read).
const PID_MAX: u32 = 32768;
const FIRST_AFTER_WRAP: u32 = 300;

/// A process in the tree. It stays until it has been waited for.
pub(super) struct Node {
    pub group: Arc<ThreadGroup>,
    pub parent: u32,
    /// The parent's thread that made it, for `__WNOTHREAD`.
    pub creator: u32,
    pub children: BTreeSet<u32>,
    pub zombie: Option<Exit>,
    /// What `wait4` may still report of a stop (status) or continue.
    pub stopped: Option<i32>,
    pub continued: bool,
    pub uid: u32,
    pub usage: Usage,
}

#[derive(Default)]
pub(super) struct Tree {
    pub nodes: BTreeMap<u32, Node>,
    pub threads: BTreeMap<u32, Arc<Task>>,
    pub reserved: BTreeSet<u32>,
    pub last: u32,
    pub forks: u64,
}

/// The table of everything that runs.
#[derive(Default)]
pub struct TaskList {
    pub(super) tree: Mutex<Tree, { rank::TASKLIST }>,
    /// What id 1 looks like from outside: it has neither threads nor memory, and no signal reaches it.
    pub(super) init: Mutex<Option<Arc<Task>>>,
}

/// What `/proc` and `ps` show of a process, in one consistent piece.
#[derive(Clone)]
#[allow(missing_docs)]
pub struct ProcessView {
    pub group: Arc<ThreadGroup>,
    pub parent: u32,
    pub zombie: bool,
    pub uid: u32,
}

impl TaskList {
    /// A task by thread id.
    pub fn task(&self, tid: u32) -> Option<Arc<Task>> {
        if tid == INIT {
            return self.init.lock().clone();
        }
        self.tree.lock().threads.get(&tid).cloned()
    }

    /// A process by id, zombies included.
    pub fn process(&self, pid: u32) -> Option<ProcessView> {
        if pid == INIT {
            let group = self.init.lock().as_ref()?.group.clone();
            return Some(ProcessView { group, parent: 0, zombie: false, uid: 0 });
        }
        let tree = self.tree.lock();
        let n = tree.nodes.get(&pid)?;
        Some(ProcessView { group: n.group.clone(), parent: n.parent, zombie: n.zombie.is_some(), uid: n.uid })
    }

    /// All process ids, ascending.
    pub fn pids(&self) -> Vec<u32> {
        let init = self.init.lock().as_ref().map(|_| INIT);
        init.into_iter().chain(self.tree.lock().nodes.keys().copied()).collect()
    }

    /// All thread groups that are alive.
    pub fn groups(&self) -> Vec<Arc<ThreadGroup>> {
        self.tree.lock().nodes.values().filter(|n| n.zombie.is_none()).map(|n| n.group.clone()).collect()
    }

    /// All tasks.
    pub fn all_tasks(&self) -> Vec<Arc<Task>> {
        self.tree.lock().threads.values().cloned().collect()
    }

    /// All tasks, or `None` when the table is locked by a host thread of which `dead` says that it has ended.
    pub fn try_all_tasks(&self, dead: impl Fn(u32) -> bool) -> Option<Vec<Arc<Task>>> {
        const LOOK: u64 = 100_000_000;
        let mut look = host::time::monotonic().as_nanos().saturating_add(LOOK);
        loop {
            if let Some(tree) = self.tree.try_lock() {
                return Some(tree.threads.values().cloned().collect());
            }
            if host::time::monotonic().as_nanos() > look {
                let owner = host::lock::owner(&self.tree);
                // Still its own after it was seen to be dead: it will never be given back.
                if owner != 0 && dead(owner) && host::lock::owner(&self.tree) == owner {
                    return None;
                }
                look = host::time::monotonic().as_nanos().saturating_add(LOOK);
            }
            host::sys::process::sched_yield();
        }
    }

    /// Number of tasks, processes made so far, and the last id given.
    pub fn counts(&self) -> (usize, u64, u32) {
        let tree = self.tree.lock();
        (tree.threads.len(), tree.forks, tree.last)
    }

    /// The parent's id.
    pub fn parent_of(&self, pid: u32) -> u32 {
        self.tree.lock().nodes.get(&pid).map_or(0, |n| n.parent)
    }

    /// The thread that stands for a process's parent: the one that made it, while that lives.
    pub(crate) fn real_parent(&self, pid: u32) -> Option<Arc<Task>> {
        let (parent, creator) = self.tree.lock().nodes.get(&pid).map(|n| (n.parent, n.creator))?;
        let threads = self.process(parent)?.group.threads();
        threads.iter().find(|t| t.tid() == creator).or(threads.first()).cloned()
    }

    /// Children of a process.
    pub fn children_of(&self, pid: u32) -> Vec<u32> {
        self.tree.lock().nodes.get(&pid).map(|n| n.children.iter().copied().collect()).unwrap_or_default()
    }

    /// Reserves a free id. `EAGAIN` when there is none.
    pub(super) fn reserve_id(&self) -> Result<u32> {
        let mut tree = self.tree.lock();
        for _ in 0..PID_MAX {
            let next = if tree.last + 1 >= PID_MAX { FIRST_AFTER_WRAP } else { (tree.last + 1).max(INIT + 1) };
            tree.last = next;
            if tree.is_free(next) {
                tree.reserved.insert(next);
                return Ok(next);
            }
        }
        Err(Errno::EAGAIN)
    }

    pub(super) fn cancel_id(&self, id: u32) {
        self.tree.lock().reserved.remove(&id);
    }

    /// A thread of an existing process appears.
    pub(super) fn publish_thread(&self, task: &Arc<Task>) {
        task.group.add_thread(task.clone());
        let mut tree = self.tree.lock();
        tree.reserved.remove(&task.tid());
        tree.threads.insert(task.tid(), task.clone());
    }

    /// A process appears, as a child of `parent`.
    pub(super) fn publish_process(&self, task: &Arc<Task>, parent: u32, creator: u32, uid: u32) {
        task.group.add_thread(task.clone());
        let pid = task.tgid();
        let mut tree = self.tree.lock();
        tree.reserved.remove(&pid);
        tree.threads.insert(pid, task.clone());
        tree.forks += 1;
        let node = Node {
            group: task.group.clone(),
            parent,
            creator,
            children: BTreeSet::new(),
            zombie: None,
            stopped: None,
            continued: false,
            uid,
            usage: Usage::default(),
        };
        tree.nodes.insert(pid, node);
        if let Some(p) = tree.nodes.get_mut(&parent) {
            p.children.insert(pid);
        }
    }

    /// A thread is gone. Its id is free, unless it leads a process that is still known.
    pub(super) fn remove_thread(&self, tid: u32) {
        let gone = self.tree.lock().threads.remove(&tid);
        drop(gone);
    }

    /// The executing thread takes over the leader's id.
    pub(super) fn rename_thread(&self, old: u32, new: u32) {
        let mut tree = self.tree.lock();
        if let Some(task) = tree.threads.remove(&old) {
            tree.threads.insert(new, task);
        }
    }

    /// The last thread is gone: orphans find a new parent, the process becomes a zombie, the parent is told.
    pub(crate) fn process_ended(&self, group: &Arc<ThreadGroup>, how: Exit, usage: Usage) {
        let pid = group.tgid;
        let orphaned = self.newly_orphaned_by_exit(group);
        let mut tree = self.tree.lock();
        let Some(node) = tree.nodes.get_mut(&pid) else { return };
        node.zombie = Some(how);
        node.usage = usage;
        *group.own_usage.lock() = usage;
        let uid = node.uid;
        let (parent, children) = (node.parent, core::mem::take(&mut node.children));
        let deaths = tree.reparent(pid, parent, children);
        let parent_group = tree.nodes.get(&parent).map(|n| n.group.clone());
        // Whoever sees the zombie also finds the SIGCHLD pending. No other signal is sent with the table locked: a stop or a
        // continue would need it.
        let told = match &parent_group {
            Some(p) if group.exit_signal.load(SeqCst) == signal::SIGCHLD => {
                Some(tell_of_child(p, group, child_info(group, how.0, &usage, uid)))
            }
            _ => None,
        };
        let gone = if told == Some(true) { tree.forget(pid) } else { None };
        drop(tree);
        drop(gone);
        for (child, sig) in deaths {
            let _ = child.send(sig, signal::info_user(sig, code::SI_USER, pid, 0));
        }
        for pgrp in orphaned {
            self.wake_stopped_orphans(pgrp);
        }
        match parent_group {
            Some(p) => self.tell_parent(&p, group, child_info(group, how.0, &usage, uid), told.is_some()),
            None => drop(self.forget(pid)),
        }
        group.exited.wake_all();
    }

    /// Sends the exit signal unless that is done, and wakes who waits.
    fn tell_parent(&self, parent: &ThreadGroup, child: &ThreadGroup, info: host::abi::SigInfo, told: bool) {
        let sig = child.exit_signal.load(SeqCst);
        if sig != 0 && !told {
            let _ = parent.send(sig, host::abi::SigInfo { signo: sig as i32, ..info });
        }
        parent.child_exited.wake_all();
    }

    /// Removes a zombie for good; answers it.
    pub(super) fn forget(&self, pid: u32) -> Option<Node> {
        self.tree.lock().forget(pid)
    }

    /// Tells the parent of a stop.
    pub(crate) fn report_stop(&self, group: &ThreadGroup, status: i32) {
        self.report(group, Some(status));
        crate::kernel::kernel().console.note_stop(group);
    }

    /// Ends a stop and tells the parent. Whether there was one.
    pub(crate) fn report_continue(&self, group: &ThreadGroup) -> bool {
        self.report(group, None)
    }

    /// The stop ends, and is told, under the one lock: a stop that is told afterwards is a later one.
    fn report(&self, group: &ThreadGroup, stopped: Option<i32>) -> bool {
        let mut tree = self.tree.lock();
        let was = if stopped.is_some() { group.stopped() } else { group.end_stop() };
        let Some(node) = tree.nodes.get_mut(&group.tgid).filter(|_| was) else { return was };
        node.stopped = stopped;
        node.continued = stopped.is_none();
        let (parent, uid) = (node.parent, node.uid);
        let parent = tree.nodes.get(&parent).map(|n| n.group.clone());
        drop(tree);
        let Some(parent) = parent else { return was };
        let hand = parent.threads().first().map(|t| t.sighand().get(signal::SIGCHLD));
        if !hand.is_some_and(|a| a.flags().contains(SaFlags::NOCLDSTOP)) {
            let (c, s) = match stopped {
                Some(status) => (code::CLD_STOPPED, status >> 8 & 0xff),
                None => (code::CLD_CONTINUED, signal::SIGCONT as i32),
            };
            let _ = parent.send(signal::SIGCHLD, signal::info_child(c, group.tgid, uid, s, 0, 0));
        }
        parent.child_exited.wake_all();
        was
    }
}

impl Tree {
    fn is_free(&self, id: u32) -> bool {
        // An id in use as process group or session is not given out again either.
        !self.threads.contains_key(&id)
            && !self.nodes.contains_key(&id)
            && !self.reserved.contains(&id)
            && !self.nodes.values().any(|n| n.group.pgrp() == id || n.group.session() == id)
    }

    /// Gives children to the nearest subreaper or to init; zombies that init adopts vanish. Answers who asked to be
    /// signalled about it (`PR_SET_PDEATHSIG`).
    fn reparent(&mut self, dead: u32, parent: u32, children: BTreeSet<u32>) -> Vec<(Arc<ThreadGroup>, u32)> {
        let heir = self.subreaper_above(dead, parent);
        let mut told = Vec::new();
        for child in children {
            let Some(node) = self.nodes.get_mut(&child) else { continue };
            node.parent = heir;
            let sig = node.group.pdeath_signal.load(SeqCst);
            if sig != 0 {
                told.push((node.group.clone(), sig));
            }
            let zombie = node.zombie.is_some();
            node.group.exit_signal.store(signal::SIGCHLD, SeqCst);
            match self.nodes.get_mut(&heir) {
                Some(h) => {
                    h.children.insert(child);
                    if zombie {
                        h.group.child_exited.wake_all();
                    }
                }
                None if zombie => drop(self.forget(child)),
                None => {}
            }
        }
        told
    }

    fn subreaper_above(&self, dead: u32, parent: u32) -> u32 {
        let mut at = parent;
        while let Some(n) = self.nodes.get(&at) {
            if at != dead && n.zombie.is_none() && n.group.subreaper.load(SeqCst) != 0 {
                return at;
            }
            at = n.parent;
        }
        INIT
    }

    /// Removes a process for good; answers it, to be dropped without the lock.
    pub(super) fn forget(&mut self, pid: u32) -> Option<Node> {
        let node = self.nodes.remove(&pid)?;
        self.threads.remove(&pid);
        if let Some(p) = self.nodes.get_mut(&node.parent) {
            p.children.remove(&pid);
        }
        Some(node)
    }
}

/// Sends SIGCHLD for an ended child; `true` if the parent does not want zombies, and this one goes at once.
fn tell_of_child(parent: &ThreadGroup, child: &ThreadGroup, info: host::abi::SigInfo) -> bool {
    let sig = child.exit_signal.load(SeqCst);
    let action = parent.threads().first().map(|t| t.sighand().get(signal::SIGCHLD));
    let ignored = action.is_some_and(|a| a.is_ignore());
    if !ignored {
        let _ = parent.send(sig, info);
    }
    ignored || action.is_some_and(|a| a.flags().contains(SaFlags::NOCLDWAIT))
}

/// The `SIGCHLD` information for a wait status.
pub(super) fn child_info(child: &ThreadGroup, status: i32, usage: &Usage, uid: u32) -> host::abi::SigInfo {
    let (c, s) = decode_status(status);
    signal::info_child(c, child.tgid, uid, s, usage.utime_us / 10_000, usage.stime_us / 10_000)
}

/// `si_code` and `si_status` for the wait status of an ended process.
pub(crate) fn decode_status(status: i32) -> (i32, i32) {
    match status & 0x7f {
        0 => (code::CLD_EXITED, status >> 8 & 0xff),
        sig if status & 0x80 != 0 => (code::CLD_DUMPED, sig),
        sig => (code::CLD_KILLED, sig),
    }
}
