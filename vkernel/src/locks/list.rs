//! The record locks of one file: plain data under the table's lock.

use super::range::{Kind, Owner, Range, Request};
use alloc::vec::Vec;
use host::abi::Flock;

/// A lock that is held.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Held {
    /// Whether others may share it.
    pub kind: Kind,
    /// What it covers.
    pub range: Range,
    /// What `F_GETLK` shows as its holder.
    pub pid: i32,
}

impl Held {
    /// As `F_GETLK` tells it.
    pub fn to_flock(self) -> Flock {
        let Range { start, end } = self.range;
        Flock {
            kind: self.kind as i16,
            start,
            len: if end == i64::MAX { 0 } else { end - start + 1 },
            pid: self.pid,
            ..Flock::default()
        }
    }
}

/// One owner's locks: ascending, disjoint, and neighbours of one kind joined.
struct Group {
    owner: Owner,
    held: Vec<Held>,
}

/// All owners' locks, in the order in which the owners came: `F_GETLK` tells of the first in this order.
#[derive(Default)]
pub(super) struct RangeList {
    groups: Vec<Group>,
}

impl RangeList {
    pub(super) fn is_empty(&self) -> bool {
        self.groups.is_empty()
    }

    /// The others' locks that exclude this one.
    pub(super) fn conflicts(&self, want: &Request) -> impl Iterator<Item = (Owner, Held)> {
        let Request { owner, range, kind, .. } = *want;
        let others = self.groups.iter().filter(move |g| g.owner != owner);
        others
            .flat_map(|g| g.held.iter().map(|h| (g.owner, *h)))
            .filter(move |(_, h)| h.range.overlaps(&range) && kind.is_some_and(|k| k.conflicts(h.kind)))
    }

    /// Makes the range what the request says, splitting and joining the owner's other locks.
    pub(super) fn set(&mut self, want: &Request) {
        let mut held = self.take(want.owner);
        let index = held.0;
        let mut pieces: Vec<Held> = Vec::with_capacity(held.1.len() + 2);
        for old in held.1.drain(..) {
            let rest = old.range.without(&want.range).into_iter().flatten();
            pieces.extend(rest.map(|range| Held { range, ..old }));
        }
        if let Some(kind) = want.kind {
            let at = pieces.partition_point(|p| p.range.start < want.range.start);
            pieces.insert(at, Held { kind, range: want.range, pid: want.pid });
        }
        let held = joined(pieces);
        if !held.is_empty() {
            self.groups.insert(index, Group { owner: want.owner, held });
        }
    }

    /// Drops everything of an owner; whether there was anything.
    pub(super) fn remove_owner(&mut self, owner: Owner) -> bool {
        !self.take(owner).1.is_empty()
    }

    /// Takes an owner's locks out, with the place in the order where they stood.
    fn take(&mut self, owner: Owner) -> (usize, Vec<Held>) {
        match self.groups.iter().position(|g| g.owner == owner) {
            Some(i) => (i, self.groups.remove(i).held),
            None => (self.groups.len(), Vec::new()),
        }
    }

    /// An owner's locks, for tests.
    #[cfg(test)]
    pub(super) fn of(&self, owner: Owner) -> &[Held] {
        self.groups.iter().find(|g| g.owner == owner).map_or(&[], |g| &g.held)
    }
}

/// Joins neighbours of one kind.
fn joined(pieces: Vec<Held>) -> Vec<Held> {
    let mut out: Vec<Held> = Vec::with_capacity(pieces.len());
    for piece in pieces {
        match out.last_mut() {
            Some(last) if last.kind == piece.kind && last.range.meets(&piece.range) => {
                last.range.end = piece.range.end;
            }
            _ => out.push(piece),
        }
    }
    out
}
