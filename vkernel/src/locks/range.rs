//! Byte ranges, kinds and owners of record locks, and how `struct flock` spells them.

use host::abi::Flock;
use host::{Errno, Result};

/// Largest offset of a file (`OFFSET_MAX`).
const MAX: i64 = i64::MAX;

/// Shared or exclusive; for `fcntl`, read or write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Goes together with others of its kind.
    Shared,
    /// Goes together with none.
    Exclusive,
}

impl Kind {
    /// From `l_type`: `None` is `F_UNLCK`, to unlock.
    pub fn from_type(kind: i16) -> Result<Option<Kind>> {
        match kind {
            0 => Ok(Some(Kind::Shared)),
            1 => Ok(Some(Kind::Exclusive)),
            2 => Ok(None),
            _ => Err(Errno::EINVAL),
        }
    }

    /// Whether locks of two owners exclude each other.
    pub fn conflicts(self, other: Kind) -> bool {
        self == Kind::Exclusive || other == Kind::Exclusive
    }
}

/// Who holds a record lock: a descriptor table (POSIX: Linux, too, tells processes apart by it) or an open file
/// description (`F_OFD_SETLK`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[allow(missing_docs)]
pub enum Owner {
    Process(u64),
    Description(u64),
}

/// Bytes from `start` to `end`, both included; `i64::MAX` as end is "to the end, wherever that will be".
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct Range {
    pub start: i64,
    pub end: i64,
}

impl Range {
    /// From `l_whence`, `l_start` and `l_len`, given the file's position and size.
    pub fn from_flock(flock: &Flock, pos: u64, size: u64) -> Result<Range> {
        let base = match flock.whence {
            0 => 0,
            1 => pos,
            2 => size,
            _ => return Err(Errno::EINVAL),
        };
        let base = i64::try_from(base).map_err(|_| Errno::EOVERFLOW)?;
        let start = base.checked_add(flock.start).ok_or(Errno::EOVERFLOW)?;
        if start < 0 {
            return Err(Errno::EINVAL);
        }
        match flock.len {
            0 => Ok(Range { start, end: MAX }),
            1.. => {
                let end = start.checked_add(flock.len - 1).ok_or(Errno::EOVERFLOW)?;
                Ok(Range { start, end })
            }
            // A negative length covers the bytes before the start.
            len => {
                let first = start.checked_add(len).filter(|&first| first >= 0).ok_or(Errno::EINVAL)?;
                Ok(Range { start: first, end: start - 1 })
            }
        }
    }

    /// Whether they share a byte.
    pub fn overlaps(&self, other: &Range) -> bool {
        self.start <= other.end && other.start <= self.end
    }

    /// Whether `next` begins right behind this one.
    pub(super) fn meets(&self, next: &Range) -> bool {
        self.end < MAX && self.end + 1 == next.start
    }

    /// What is left of this on both sides when `hole` is cut out.
    pub(super) fn without(&self, hole: &Range) -> [Option<Range>; 2] {
        if !self.overlaps(hole) {
            return [Some(*self), None];
        }
        let before = (self.start < hole.start).then(|| Range { start: self.start, end: hole.start - 1 });
        let after = (hole.end < self.end).then(|| Range { start: hole.end + 1, end: self.end });
        [before, after]
    }
}

/// A lock asked for.
#[derive(Clone, Copy, Debug)]
pub struct Request {
    /// For whom.
    pub owner: Owner,
    /// The process id that `F_GETLK` is to show; -1 for a description's.
    pub pid: i32,
    /// `None` unlocks.
    pub kind: Option<Kind>,
    /// What.
    pub range: Range,
}
