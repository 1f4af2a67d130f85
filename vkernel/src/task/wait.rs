//! Waiting for children (`wait4(2)`, `waitid(2)`, `kernel/exit.c`: `do_wait`).

use super::list::{Node, Tree, decode_status};
use super::{Task, TaskList, Usage};
use crate::kernel::kernel;
use crate::signal::{self, code};
use alloc::collections::BTreeSet;
use bitflags::bitflags;
use core::sync::atomic::Ordering::SeqCst;
use host::{Errno, Result};

bitflags! {
    /// Options of both calls.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub struct WaitOptions: u32 {
        /// `WNOHANG`.
        const NOHANG = 1;
        /// `WSTOPPED`.
        const STOPPED = 2;
        /// `WEXITED`.
        const EXITED = 4;
        /// `WCONTINUED`.
        const CONTINUED = 8;
        /// `WNOWAIT`.
        const NOWAIT = 0x0100_0000;
        /// `__WNOTHREAD`.
        const NOTHREAD = 0x2000_0000;
        /// `__WALL`.
        const ALL = 0x4000_0000;
        /// `__WCLONE`.
        const CLONE = 0x8000_0000;
    }
}

/// Which children.
#[derive(Clone, Copy, Debug)]
pub enum WaitFor {
    /// Any.
    Any,
    /// This one.
    Pid(u32),
    /// Those of a process group.
    Group(u32),
}

impl WaitFor {
    /// Whether one with this id and process group is meant.
    fn is(self, id: u32, pgrp: u32) -> bool {
        match self {
            WaitFor::Any => true,
            WaitFor::Pid(p) => p == id,
            WaitFor::Group(g) => g == pgrp,
        }
    }
}

/// What was found.
#[derive(Clone, Copy, Debug, Default)]
#[allow(missing_docs)]
pub struct Waited {
    /// 0 when `WNOHANG` found nothing.
    pub pid: u32,
    pub uid: u32,
    /// As `wait4` reports it.
    pub status: i32,
    /// `si_code` and `si_status`, as `waitid` reports it.
    pub code: i32,
    pub value: i32,
    pub usage: Usage,
}

impl Task {
    /// Waits. `ECHILD` when no child can ever match; `EINTR` for a signal.
    pub fn wait_child(&self, whom: WaitFor, options: WaitOptions) -> Result<Waited> {
        let list = &kernel().tasks;
        let out = self.wait_for(None, |table| {
            if let Some(t) = table {
                t.wait_on(&self.group.child_exited);
            }
            match list.try_wait(self, whom, options) {
                Ok(None) if options.contains(WaitOptions::NOHANG) => Some(Ok(Waited::default())),
                Ok(None) => None,
                Ok(Some(w)) => Some(Ok(w)),
                Err(e) => Some(Err(e)),
            }
        });
        out.or(Errno::EINTR)?
    }
}

impl TaskList {
    fn try_wait(&self, me: &Task, whom: WaitFor, options: WaitOptions) -> Result<Option<Waited>> {
        let mut tree = self.tree.lock();
        let children = tree.nodes.get(&me.tgid()).map(|n| n.children.clone()).unwrap_or_default();
        let tracees = me.group.tracees.lock().clone();
        let mut candidates = false;
        for pid in children {
            let Some(node) = tree.nodes.get_mut(&pid) else { continue };
            // What it traces as well is told as that, whatever signal it ends with.
            let traced = tracees.contains(&pid) || node.group.died_traced.load(SeqCst);
            if !matches(node, pid, whom, options, traced) || !own_thread(me, node, options) {
                continue;
            }
            candidates = true;
            let Some((waited, reap)) = report(node, pid, options, traced) else { continue };
            if reap {
                let gone = reap_child(&mut tree, me, pid, &waited);
                drop(tree);
                drop(gone);
            }
            return Ok(Some(waited));
        }
        match self.try_tracees(me, &tree, &tracees, whom, options) {
            Ok(None) | Err(Errno::ECHILD) if candidates => Ok(None),
            other => other,
        }
    }

    /// What this process traces: their stops, whatever the options, and the ends of those that are nobody's children here.
    fn try_tracees(
        &self,
        me: &Task,
        tree: &Tree,
        tracees: &BTreeSet<u32>,
        whom: WaitFor,
        options: WaitOptions,
    ) -> Result<Option<Waited>> {
        let keep = options.contains(WaitOptions::NOWAIT);
        let mut candidates = false;
        for task in tracees.iter().filter_map(|tid| tree.threads.get(tid)) {
            let other_thread = options.contains(WaitOptions::NOTHREAD) && task.trace.tracer() != me.tid();
            if !whom.is(task.tid(), task.group.pgrp()) || other_thread {
                continue;
            }
            candidates = true;
            if let Some(w) = task.trace.report(task, keep) {
                return Ok(Some(w));
            }
        }
        let mut deaths = me.group.trace_deaths.lock();
        let known = deaths.iter().position(|d| whom.is(d.tid, d.pgrp));
        let Some(at) = known else { return if candidates { Ok(None) } else { Err(Errno::ECHILD) } };
        if !options.contains(WaitOptions::EXITED) {
            return Ok(None);
        }
        let death = if keep { deaths.get(at).copied() } else { Some(deaths.remove(at)) };
        Ok(death.map(|d| {
            let (code, value) = decode_status(d.status);
            Waited { pid: d.tid, uid: d.uid, status: d.status, code, value, ..Waited::default() }
        }))
    }
}

fn matches(node: &Node, pid: u32, whom: WaitFor, options: WaitOptions, traced: bool) -> bool {
    let clone_child = node.group.exit_signal.load(SeqCst) != signal::SIGCHLD;
    let kind = traced || options.contains(WaitOptions::ALL) || clone_child == options.contains(WaitOptions::CLONE);
    kind && whom.is(pid, node.group.pgrp())
}

/// `__WNOTHREAD`: only children that the calling thread made, or whose maker has ended.
fn own_thread(me: &Task, node: &Node, options: WaitOptions) -> bool {
    !options.contains(WaitOptions::NOTHREAD)
        || node.creator == me.tid()
        || !me.group.threads().iter().any(|t| t.tid() == node.creator)
}

/// What this child has to tell, and whether it is to be reaped.
fn report(node: &mut Node, pid: u32, options: WaitOptions, traced: bool) -> Option<(Waited, bool)> {
    let keep = options.contains(WaitOptions::NOWAIT);
    let base = Waited { pid, uid: node.uid, usage: node.usage, ..Waited::default() };
    if let Some(how) = node.zombie {
        if !options.contains(WaitOptions::EXITED) {
            return None;
        }
        let (code, value) = decode_status(how.0);
        return Some((Waited { status: how.0, code, value, ..base }, !keep));
    }
    if let Some(status) = node.stopped.filter(|_| !traced && options.contains(WaitOptions::STOPPED)) {
        if !keep {
            node.stopped = None;
        }
        return Some((Waited { status, code: code::CLD_STOPPED, value: status >> 8, ..base }, false));
    }
    if node.continued && options.contains(WaitOptions::CONTINUED) {
        if !keep {
            node.continued = false;
        }
        let value = signal::SIGCONT as i32;
        return Some((Waited { status: 0xffff, code: code::CLD_CONTINUED, value, ..base }, false));
    }
    None
}

fn reap_child(tree: &mut Tree, me: &Task, pid: u32, waited: &Waited) -> Option<Node> {
    let node = tree.forget(pid)?;
    let mut sum = me.group.children_usage.lock();
    sum.add(&waited.usage);
    sum.add(&node.group.children_usage.lock());
    drop(sum);
    Some(node)
}
