//! Waiting for children (`wait4(2)`, `waitid(2)`, `kernel/exit.c`: `do_wait`).

use super::list::{Node, Tree, decode_status};
use super::{Task, TaskList, Usage};
use crate::kernel::kernel;
use crate::signal::{self, code};
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
        let mut candidates = false;
        for pid in children {
            let Some(node) = tree.nodes.get_mut(&pid) else { continue };
            if !matches(node, pid, whom, options) || !own_thread(me, node, options) {
                continue;
            }
            candidates = true;
            let Some((waited, reap)) = report(node, pid, options) else { continue };
            if reap {
                let gone = reap_child(&mut tree, me, pid, &waited);
                drop(tree);
                drop(gone);
            }
            return Ok(Some(waited));
        }
        if candidates { Ok(None) } else { Err(Errno::ECHILD) }
    }
}

fn matches(node: &Node, pid: u32, whom: WaitFor, options: WaitOptions) -> bool {
    let clone_child = node.group.exit_signal.load(SeqCst) != signal::SIGCHLD;
    let kind = options.contains(WaitOptions::ALL) || clone_child == options.contains(WaitOptions::CLONE);
    let who = match whom {
        WaitFor::Any => true,
        WaitFor::Pid(p) => p == pid,
        WaitFor::Group(g) => node.group.pgrp() == g,
    };
    kind && who
}

/// `__WNOTHREAD`: only children that the calling thread made, or whose maker has ended.
fn own_thread(me: &Task, node: &Node, options: WaitOptions) -> bool {
    !options.contains(WaitOptions::NOTHREAD)
        || node.creator == me.tid()
        || !me.group.threads().iter().any(|t| t.tid() == node.creator)
}

/// What this child has to tell, and whether it is to be reaped.
fn report(node: &mut Node, pid: u32, options: WaitOptions) -> Option<(Waited, bool)> {
    let keep = options.contains(WaitOptions::NOWAIT);
    let base = Waited { pid, uid: node.uid, usage: node.usage, ..Waited::default() };
    if let Some(how) = node.zombie {
        if !options.contains(WaitOptions::EXITED) {
            return None;
        }
        let (code, value) = decode_status(how.0);
        return Some((Waited { status: how.0, code, value, ..base }, !keep));
    }
    if let Some(status) = node.stopped.filter(|_| options.contains(WaitOptions::STOPPED)) {
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
    let node = tree.nodes.remove(&pid)?;
    let leader = tree.threads.remove(&pid);
    if let Some(p) = tree.nodes.get_mut(&node.parent) {
        p.children.remove(&pid);
    }
    let mut sum = me.group.children_usage.lock();
    sum.add(&waited.usage);
    sum.add(&node.group.children_usage.lock());
    drop(sum);
    drop(leader);
    Some(node)
}
