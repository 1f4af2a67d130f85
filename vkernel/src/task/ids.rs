//! Process groups and sessions (`setpgid(2)`, `setsid(2)`, `kernel/sys.c`).

use super::{Task, TaskList, ThreadGroup};
use crate::signal;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::sync::atomic::Ordering::SeqCst;
use host::{Errno, Result};

impl TaskList {
    /// `setpgid(2)`: 0 stands for the caller and for the process itself.
    pub fn setpgid(&self, me: &Task, pid: u32, pgid: u32) -> Result<()> {
        let pid = if pid == 0 { me.tgid() } else { pid };
        let pgid = if pgid == 0 { pid } else { pgid };
        let tree = self.tree.lock();
        let node = tree.nodes.get(&pid).ok_or(Errno::ESRCH)?;
        if node.parent == me.tgid() {
            if node.group.session() != me.group.session() {
                return Err(Errno::EPERM);
            }
            if node.group.has_executed.load(SeqCst) != 0 {
                return Err(Errno::EACCES);
            }
        } else if pid != me.tgid() {
            return Err(Errno::ESRCH);
        }
        if node.group.session() == pid {
            return Err(Errno::EPERM);
        }
        let session = me.group.session();
        let exists = tree.nodes.values().any(|n| n.group.pgrp() == pgid && n.group.session() == session);
        if pgid != pid && !exists {
            return Err(Errno::EPERM);
        }
        node.group.set_pgrp(pgid);
        Ok(())
    }

    /// `getpgid(2)` and `getsid(2)`: the group of a process (0: the caller's).
    pub fn group_of(&self, me: &Task, pid: u32) -> Result<Arc<ThreadGroup>> {
        if pid == 0 {
            return Ok(me.group.clone());
        }
        if pid == super::list::INIT {
            // The virtual init leads a group and a session of its own.
            return Ok(Arc::new(ThreadGroup::new(pid, pid, pid, 0, me.group.rlimits())));
        }
        let tree = self.tree.lock();
        if let Some(t) = tree.threads.get(&pid) {
            return Ok(t.group.clone());
        }
        tree.nodes.get(&pid).map(|n| n.group.clone()).ok_or(Errno::ESRCH)
    }

    /// `setsid(2)`: the new session's id.
    pub fn setsid(&self, me: &Task) -> Result<u32> {
        let pid = me.tgid();
        let tree = self.tree.lock();
        if tree.nodes.values().any(|n| n.group.pgrp() == pid) {
            return Err(Errno::EPERM);
        }
        me.group.set_session(pid);
        me.group.set_pgrp(pid);
        Ok(pid)
    }

    /// The live members of a process group.
    pub fn pgrp_members(&self, pgrp: u32) -> Vec<Arc<ThreadGroup>> {
        let tree = self.tree.lock();
        tree.nodes.values().filter(|n| n.group.pgrp() == pgrp).map(|n| n.group.clone()).collect()
    }

    /// Whether a process group exists in a session (`tcsetpgrp`).
    pub fn pgrp_in_session(&self, pgrp: u32, session: u32) -> bool {
        self.tree.lock().nodes.values().any(|n| n.group.pgrp() == pgrp && n.group.session() == session)
    }

    /// Whether no member of the group has a parent in another group of the same session: nobody does its job control.
    pub fn is_orphaned(&self, pgrp: u32) -> bool {
        self.orphaned_without(pgrp, 0)
    }

    fn orphaned_without(&self, pgrp: u32, ignored: u32) -> bool {
        // The main process's parent is outside.
        if crate::kernel::kernel().console.supervises(pgrp) && ignored != pgrp {
            return false;
        }
        let tree = self.tree.lock();
        !tree.nodes.iter().any(|(pid, n)| {
            *pid != ignored
                && n.zombie.is_none()
                && n.group.pgrp() == pgrp
                && n.parent != ignored
                && tree
                    .nodes
                    .get(&n.parent)
                    .is_some_and(|p| p.group.pgrp() != pgrp && p.group.session() == n.group.session())
        })
    }

    /// The process groups that lose their last job controller when `group` ends.
    pub(super) fn newly_orphaned_by_exit(&self, group: &ThreadGroup) -> Vec<u32> {
        let mut pgrps: Vec<u32> = {
            let tree = self.tree.lock();
            let kids = tree.nodes.get(&group.tgid).map(|n| n.children.clone()).unwrap_or_default();
            let of = |pid: &u32| tree.nodes.get(pid).map(|n| n.group.pgrp());
            kids.iter().filter_map(of).chain([group.pgrp()]).collect()
        };
        pgrps.sort_unstable();
        pgrps.dedup();
        pgrps.retain(|&p| !self.is_orphaned(p) && self.orphaned_without(p, group.tgid));
        pgrps
    }

    /// A newly orphaned group with stopped members gets `SIGHUP` and `SIGCONT`.
    pub(super) fn wake_stopped_orphans(&self, pgrp: u32) {
        let members = self.pgrp_members(pgrp);
        if !members.iter().any(|g| g.stopped()) {
            return;
        }
        for sig in [signal::SIGHUP, signal::SIGCONT] {
            let mut all = signal::Together::default();
            for g in &members {
                let _ = all.send(g, sig, signal::info(sig, signal::code::SI_KERNEL));
            }
        }
    }
}
