//! The table of a directory's cached names, read without a lock.
//!
//! Answers to the hash lists of Linux's `fs/dcache.c`. An open-addressing table of dentries; a bigger one takes its place when it
//! is full. Removing moves entries, so a reader may miss a name that is there: whoever misses one asks again under the lock.
//! A reader never finds a name that is not there. Locks: the table's (DCACHE), for changes and for answers that count.

use super::dentry::Dentry;
use super::hash::NameHash;
use alloc::boxed::Box;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::hash::BuildHasher;
use host::lock::{Mutex, MutexGuard, rank};
use host::rcu::{self, RcuCell, RcuRef, Reading, Retired};

/// Cells of the smallest table.
const FIRST: usize = 8;

/// The hash of a name.
pub(super) fn hash(name: &[u8]) -> u64 {
    NameHash.hash_one(name)
}

/// A power of two of them.
struct Cells(Box<[RcuCell<Dentry>]>);

impl Cells {
    fn new(len: usize) -> Cells {
        Cells((0..len).map(|_| RcuCell::new(None)).collect())
    }

    fn mask(&self) -> usize {
        self.0.len() - 1
    }

    /// The cells in the order in which a search for a hash looks at them.
    fn search(&self, hash: u64) -> impl Iterator<Item = (usize, &RcuCell<Dentry>)> {
        let start = hash as usize & self.mask();
        (start..self.0.len()).chain(0..start).filter_map(|i| self.0.get(i).map(|cell| (i, cell)))
    }

    fn find<'r>(&self, r: &'r Reading, dir: &Dentry, name: &[u8], hash: u64) -> Option<(usize, RcuRef<'r, Dentry>)> {
        for (i, cell) in self.search(hash) {
            let found = cell.get(r)?;
            if found.get().is_named(r, dir, name, hash) {
                return Some((i, found));
            }
        }
        None
    }

    /// Puts a dentry into the first free cell of its search. There is one.
    fn put(&self, dentry: Arc<Dentry>, hash: u64) -> Option<Retired<Dentry>> {
        let (_, cell) = self.search(hash).find(|(_, cell)| cell.is_empty())?;
        Some(cell.replace(Some(dentry)))
    }
}

/// How many names there are.
#[derive(Default)]
struct Count {
    all: usize,
    /// Notes of absence among them.
    notes: usize,
}

/// The names of one directory.
pub(super) struct Children {
    cells: RcuCell<Cells>,
    count: Mutex<Count, { rank::DCACHE }>,
}

/// The right to change them. What goes meanwhile goes after the lock (the order of the fields says so).
pub(super) struct Locked<'a> {
    cells: &'a RcuCell<Cells>,
    dir: &'a Dentry,
    count: MutexGuard<'a, Count, { rank::DCACHE }>,
    reading: Reading,
    gone: Vec<Retired<Dentry>>,
    outgrown: Vec<Retired<Cells>>,
}

impl Children {
    pub(super) fn new() -> Children {
        Children { cells: RcuCell::new(None), count: Mutex::default() }
    }

    /// A name that is there; `None` does not mean that it is not.
    pub(super) fn find<'r>(&self, r: &'r Reading, dir: &Dentry, name: &[u8]) -> Option<RcuRef<'r, Dentry>> {
        self.cells.get(r)?.get().find(r, dir, name, hash(name)).map(|(_, found)| found)
    }

    /// Locks the table of `dir`.
    pub(super) fn lock<'a>(&'a self, dir: &'a Dentry) -> Locked<'a> {
        let count = self.count.lock();
        Locked { cells: &self.cells, dir, count, reading: rcu::read(), gone: Vec::new(), outgrown: Vec::new() }
    }

    /// Takes everything out.
    pub(super) fn take(&self) -> Vec<Arc<Dentry>> {
        let mut count = self.count.lock();
        *count = Count::default();
        let old = self.cells.replace(None);
        drop(count);
        let cells = old.get().map_or(&[][..], |cells| &cells.0);
        cells.iter().filter_map(RcuCell::get_arc).collect()
    }
}

impl Locked<'_> {
    fn find(&self, name: &[u8]) -> Option<(usize, RcuRef<'_, Dentry>)> {
        self.cells.get(&self.reading)?.get().find(&self.reading, self.dir, name, hash(name))
    }

    /// A name, for certain.
    pub(super) fn get(&self, name: &[u8]) -> Option<Arc<Dentry>> {
        self.find(name).map(|(_, found)| found.to_arc())
    }

    /// Takes a name out.
    pub(super) fn remove(&mut self, name: &[u8]) -> Option<Arc<Dentry>> {
        let (at, found) = self.find(name)?;
        let found = found.to_arc();
        self.close_gap(at);
        self.count.all = self.count.all.saturating_sub(1);
        self.count.notes = self.count.notes.saturating_sub(usize::from(found.is_absent()));
        Some(found)
    }

    /// Empties a cell, and moves up what was pushed past it.
    fn close_gap(&mut self, mut hole: usize) {
        let Some(cells) = self.cells.get(&self.reading) else { return };
        let mask = cells.mask();
        let mut at = hole;
        loop {
            at = (at + 1) & mask;
            let Some(next) = cells.0.get(at).filter(|_| at != hole).and_then(|cell| cell.get(&self.reading)) else {
                break;
            };
            let home = next.get().hash(&self.reading) as usize & mask;
            if hole.wrapping_sub(home) & mask < at.wrapping_sub(home) & mask {
                self.gone.extend(cells.0.get(hole).map(|cell| cell.replace(Some(next.to_arc()))));
                hole = at;
            }
        }
        self.gone.extend(cells.0.get(hole).map(|cell| cell.replace(None)));
    }

    /// Enters a dentry under the name that it has, which nobody else has here.
    pub(super) fn insert(&mut self, dentry: Arc<Dentry>) {
        let room = self.cells.get(&self.reading).map_or(0, |cells| cells.get().0.len());
        if (self.count.all + 1) * 4 > room * 3 {
            self.rebuild((room * 2).max(FIRST), |_| true);
        }
        let hash = dentry.hash(&self.reading);
        if let Some(cells) = self.cells.get(&self.reading) {
            self.count.notes += usize::from(dentry.is_absent());
            self.gone.extend(cells.get().put(dentry, hash));
            self.count.all += 1;
        }
    }

    /// The same for a note of absence, of which there may be `most`: then all others go.
    pub(super) fn insert_note(&mut self, note: Arc<Dentry>, most: usize) {
        if self.count.notes >= most {
            let room = self.cells.get(&self.reading).map_or(FIRST, |cells| cells.get().0.len());
            self.count.all = self.count.all.saturating_sub(self.count.notes);
            self.count.notes = 0;
            self.rebuild(room, |d| !d.is_absent());
        }
        self.insert(note);
    }

    /// Puts a table with room for so many in the place of the present one.
    fn rebuild(&mut self, room: usize, stays: impl Fn(&Dentry) -> bool) {
        let cells = Cells::new(room);
        let all = self.cells.get(&self.reading).map_or(&[][..], |cells| &cells.get().0);
        for child in all.iter().filter_map(|cell| cell.get(&self.reading)).filter(|child| stays(child.get())) {
            self.gone.extend(cells.put(child.to_arc(), child.get().hash(&self.reading)));
        }
        self.outgrown.push(self.cells.replace(Some(Arc::new(cells))));
    }
}
