//! Renames. What moves is copied up first, so only the upper layer's entry moves; what the table knows of it moves
//! along, so a lower directory stays merged below its new name.

use super::lookup::Upper;
use super::node::{Names, Node};
use crate::inode::InodeRef;
use alloc::sync::Arc;
use alloc::vec::Vec;
use host::lock::{MutexGuard, rank};
use host::{Errno, Result};

const NOREPLACE: u32 = 1;
const EXCHANGE: u32 = 2;

type Guard<'a> = MutexGuard<'a, Names, { rank::INODE }>;

/// The locked names of both directories, which may be one.
struct Both<'a> {
    from: Guard<'a>,
    to: Option<Guard<'a>>,
}

impl Both<'_> {
    fn to(&mut self) -> &mut Names {
        self.to.as_deref_mut().unwrap_or(&mut self.from)
    }
}

/// Locks two directories: an ancestor before what is below it, others by address.
fn lock_both<'a>(from: &'a Node, to: &'a Node) -> Both<'a> {
    if core::ptr::eq(from, to) {
        return Both { from: from.names.lock(), to: None };
    }
    let to_first = from.is_below(to) || (!to.is_below(from) && core::ptr::from_ref(to) < core::ptr::from_ref(from));
    if to_first {
        let to = to.names.lock();
        return Both { from: from.names.lock(), to: Some(to) };
    }
    let from = from.names.lock();
    Both { from, to: Some(to.names.lock()) }
}

/// One side's directory, in the overlay and in the upper layer, and the name there.
struct Side<'a> {
    node: &'a Node,
    upper: InodeRef,
    name: &'a [u8],
}

impl Node {
    fn is_below(&self, other: &Node) -> bool {
        let mut next = self.parent();
        while let Some(dir) = next {
            if core::ptr::eq(&*dir, other) {
                return true;
            }
            next = dir.parent();
        }
        false
    }

    pub fn rename_node(&self, old: &[u8], to_dir: &Node, new: &[u8], flags: u32) -> Result<()> {
        if flags & !(NOREPLACE | EXCHANGE) != 0 {
            return Err(Errno::EINVAL);
        }
        loop {
            if self.try_rename(old, to_dir, new, flags)? {
                return Ok(());
            }
        }
    }

    /// `false`: something changed between copy-up and lock, look again.
    fn try_rename(&self, old: &[u8], to_dir: &Node, new: &[u8], flags: u32) -> Result<bool> {
        let (source, target) = {
            let mut both = lock_both(self, to_dir);
            let source = self.find(&mut both.from, old)?;
            let target = to_dir.find_opt(both.to(), new)?;
            (source, target)
        };
        if check(&source, target.as_ref(), flags)? == Outcome::Nothing {
            return Ok(true);
        }
        source.copy_up()?;
        if let (Some(target), true) = (&target, flags & EXCHANGE != 0) {
            target.copy_up()?;
        }
        let from = Side { node: self, upper: self.copy_up()?, name: old };
        let to = Side { node: to_dir, upper: to_dir.copy_up()?, name: new };
        let mut both = lock_both(self, to_dir);
        let same = Arc::ptr_eq(&source, &self.find(&mut both.from, old)?)
            && to_dir.find_opt(both.to(), new)?.as_ref().map(Arc::as_ptr) == target.as_ref().map(Arc::as_ptr);
        if !same || to_dir.is_gone() {
            return if to_dir.is_gone() { Err(Errno::ENOENT) } else { Ok(false) };
        }
        match target {
            Some(target) if flags & EXCHANGE != 0 => exchange(&mut both, &from, &to, &source, &target)?,
            target => replace(&mut both, &from, &to, &source, target.as_ref())?,
        }
        Ok(true)
    }
}

#[derive(PartialEq)]
enum Outcome {
    /// Both names are one file already.
    Nothing,
    Rename,
}

/// Linux's checks, in its order.
fn check(source: &Arc<Node>, target: Option<&Arc<Node>>, flags: u32) -> Result<Outcome> {
    let Some(target) = target else {
        return if flags & EXCHANGE != 0 { Err(Errno::ENOENT) } else { Ok(Outcome::Rename) };
    };
    if flags & NOREPLACE != 0 {
        return Err(Errno::EEXIST);
    }
    if Arc::ptr_eq(source, target) {
        return Ok(Outcome::Nothing);
    }
    if flags & EXCHANGE != 0 {
        return Ok(Outcome::Rename);
    }
    match (source.is_dir(), target.is_dir()) {
        (true, false) => Err(Errno::ENOTDIR),
        (false, true) => Err(Errno::EISDIR),
        _ => Ok(Outcome::Rename),
    }
}

fn exchange(both: &mut Both<'_>, from: &Side<'_>, to: &Side<'_>, source: &Arc<Node>, target: &Arc<Node>) -> Result<()> {
    from.upper.rename(from.name, &to.upper, to.name, EXCHANGE)?;
    both.from.put(from.name, target);
    both.to().put(to.name, source);
    let change = i64::from(target.is_dir()) - i64::from(source.is_dir());
    from.node.count_link(change);
    to.node.count_link(-change);
    target.set_place(from.node.this()?, from.name);
    source.set_place(to.node.this()?, to.name);
    Ok(())
}

fn replace(
    both: &mut Both<'_>,
    from: &Side<'_>,
    to: &Side<'_>,
    source: &Arc<Node>,
    target: Option<&Arc<Node>>,
) -> Result<()> {
    let target_dir = target.filter(|t| t.is_dir());
    if target_dir.is_some_and(|t| core::ptr::eq(&**t, from.node)) {
        // It holds at least what is to be moved.
        return Err(Errno::ENOTEMPTY);
    }
    let _inner = target_dir.map(|t| t.names.lock());
    if let Some(target) = target_dir {
        target.check_empty()?;
    }
    let work = &from.node.shared.work;
    let covers = !from.node.in_lower(&mut both.from, from.name)?.is_empty();
    let mark = if covers { Some(work.whiteout()?) } else { None };
    let moved =
        if source.is_dir() { move_directory(from, to) } else { from.upper.rename(from.name, &to.upper, to.name, 0) };
    if let Err(e) = moved {
        mark.inspect(|m| work.discard(m));
        return Err(e);
    }
    if let Some(mark) = mark {
        work.put(&mark, &from.upper, from.name)?;
    }
    both.from.remove(from.name);
    both.to().put(to.name, source);
    if let Some(target) = target {
        target.lost_name();
    }
    if source.is_dir() {
        from.node.count_link(-1);
        to.node.count_link(i64::from(target_dir.is_none()));
    }
    source.set_place(to.node.this()?, to.name);
    Ok(())
}

/// Moves an upper directory over nothing, a whiteout, or a directory that shows nothing.
fn move_directory(from: &Side<'_>, to: &Side<'_>) -> Result<()> {
    let work = &from.node.shared.work;
    match to.node.in_upper(to.name)? {
        Upper::Nothing => from.upper.rename(from.name, &to.upper, to.name, 0),
        Upper::Whiteout => {
            from.upper.rename(from.name, &to.upper, to.name, EXCHANGE)?;
            from.upper.unlink(from.name)
        }
        Upper::File(_) => {
            let old: Vec<u8> = work.take(&to.upper, to.name)?;
            if let Err(e) = from.upper.rename(from.name, &to.upper, to.name, 0) {
                work.put_back(&old, &to.upper, to.name);
                return Err(e);
            }
            work.discard(&old);
            Ok(())
        }
    }
}
