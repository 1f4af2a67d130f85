//! `rename` within an instance, in one step for whoever looks.
//!
//! Locks: the two directories and a directory that is replaced, by address.

use super::dir::{Locked, is_dir, kill};
use super::node::Node;
use crate::vfs::ops::rename::{EXCHANGE, NOREPLACE, WHITEOUT};
use crate::{FileType, Owner};
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::sync::atomic::Ordering::*;
use host::abi::Timespec;
use host::{Errno, Result};

/// The two names of a rename.
pub(super) struct Move<'a> {
    pub from: &'a Node,
    pub old: &'a [u8],
    pub to: &'a Node,
    pub new: &'a [u8],
    pub flags: u32,
}

impl Move<'_> {
    /// Does it. Nodes that lost their last name are dropped after the locks.
    pub(super) fn run(&self) -> Result<()> {
        let whiteout = match self.flags & WHITEOUT {
            0 => None,
            _ => Some(self.make_whiteout()?),
        };
        loop {
            let target = self.to.entries()?.read().get(self.new).cloned();
            let mut dirs: Vec<&Node> = alloc::vec![self.from, self.to];
            dirs.extend(target.as_deref().filter(|t| is_dir(t)));
            let mut locked = Locked::new(&dirs)?;
            let still = locked.get(self.to)?.get(self.new).cloned();
            if still.as_ref().map(Arc::as_ptr) != target.as_ref().map(Arc::as_ptr) {
                continue;
            }
            let gone = self.locked(&mut locked, target.as_ref(), whiteout, host::time::coarse())?;
            drop(locked);
            drop(gone);
            return Ok(());
        }
    }

    fn make_whiteout(&self) -> Result<Arc<Node>> {
        let (uid, gid) = {
            let a = self.from.attr.lock();
            (a.uid, a.gid)
        };
        Node::make(&self.from.shared, FileType::CharDevice.mode(), 0, Owner { uid, gid }, None)
    }

    fn locked(
        &self,
        dirs: &mut Locked<'_>,
        target: Option<&Arc<Node>>,
        whiteout: Option<Arc<Node>>,
        now: Timespec,
    ) -> Result<Option<Arc<Node>>> {
        let source = dirs.get(self.from)?.get(self.old).cloned().ok_or(Errno::ENOENT)?;
        if dirs.get(self.to)?.dead {
            return Err(Errno::ENOENT);
        }
        match target {
            Some(_) if self.flags & NOREPLACE != 0 => return Err(Errno::EEXIST),
            Some(t) if Arc::ptr_eq(t, &source) => return Ok(None),
            None if self.flags & EXCHANGE != 0 => return Err(Errno::ENOENT),
            _ => {}
        }
        let gone = match target {
            Some(t) if self.flags & EXCHANGE != 0 => {
                self.exchange(dirs, &source, t, now)?;
                None
            }
            _ => self.replace(dirs, &source, target, whiteout, now)?,
        };
        source.relink(0, now);
        dirs.changed(&[self.from, self.to], now);
        Ok(gone)
    }

    fn exchange(&self, dirs: &mut Locked<'_>, source: &Arc<Node>, target: &Arc<Node>, now: Timespec) -> Result<()> {
        dirs.get(self.from)?.replace(self.old, target.clone());
        dirs.get(self.to)?.replace(self.new, source.clone());
        self.moved_dir(source, self.from, self.to, now);
        self.moved_dir(target, self.to, self.from, now);
        target.relink(0, now);
        Ok(())
    }

    fn replace(
        &self,
        dirs: &mut Locked<'_>,
        source: &Arc<Node>,
        target: Option<&Arc<Node>>,
        whiteout: Option<Arc<Node>>,
        now: Timespec,
    ) -> Result<Option<Arc<Node>>> {
        if let Some(t) = target {
            match (is_dir(source), is_dir(t)) {
                (true, false) => return Err(Errno::ENOTDIR),
                (false, true) => return Err(Errno::EISDIR),
                (true, true) => {
                    kill(dirs.get(t)?)?;
                    t.relink(-2, now);
                    self.to.relink(-1, now);
                }
                (false, false) => t.relink(-1, now),
            }
        }
        let from = dirs.get(self.from)?;
        match whiteout {
            None => {
                from.remove(self.old);
            }
            Some(w) => {
                w.relink(1, now);
                from.replace(self.old, w);
            }
        }
        let to = dirs.get(self.to)?;
        let gone = to.remove(self.new);
        to.insert(self.new, source.clone());
        self.moved_dir(source, self.from, self.to, now);
        Ok(gone)
    }

    /// A directory's `..` is a link to its parent.
    fn moved_dir(&self, node: &Arc<Node>, from: &Node, to: &Node, now: Timespec) {
        if is_dir(node) && !core::ptr::eq(from, to) {
            from.relink(-1, now);
            to.relink(1, now);
            node.parent_ino.store(to.ino, Relaxed);
        }
    }
}
