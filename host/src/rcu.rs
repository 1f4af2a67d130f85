//! Read-copy-update: pointers that are read without a lock, whose old targets live until nobody can be reading them.
//!
//! Answers to Linux's `kernel/rcu/`. A reader announces itself in a slot of its own ([`read`]) and may then follow every
//! [`RcuCell`]; who replaces a pointer gets the old target as a [`Retired`], which is let go at once if no thread is
//! reading, and otherwise when every thread that was reading then has stopped. A reading section may nest and take
//! locks, but must not sleep for an event. Locks: the list of what waits (leaf).
//!
//! # Protocol
//! A slot holds how deeply its thread is reading, and above that how often it has begun. Beginning is an exchange, which is
//! a full barrier, before the first pointer is read; replacing is an exchange before the slots are read. So whoever finds
//! a slot at rest knows that its thread, should it begin, reads the new pointer.
//!
//! Ending is an exchange, too, before the number of waiting batches is read; and whoever adds a batch changes that number
//! before it looks at the slots once more. So one of the two finds that the batch may go. Who may not let go of it because
//! it holds a lock does so at the end of its call ([`catch_up`]).

use crate::abi::Timespec;
use crate::cpu;
use crate::lock::Mutex;
use crate::sys::futex;
use crate::time::Deadline;
use crate::wait::HostThread;
use alloc::boxed::Box;
use alloc::collections::VecDeque;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::marker::PhantomData;
use core::ops::Deref;
use core::ptr;
use core::sync::atomic::{AtomicPtr, AtomicU32, AtomicU64, Ordering::*};

/// The first is shared by threads that have none of their own: too many, or in their last steps.
const SLOTS: usize = 1024;
/// The lower bits of a slot: the depth.
const DEPTH: u64 = 0xffff;
/// How often [`settle`] looks; the first [`YIELDS`] times without a pause, then each [`PAUSE`].
const SETTLE: u32 = 2000;
const YIELDS: u32 = 200;
const PAUSE: Timespec = Timespec { sec: 0, nsec: 100_000 };
/// One more beginning.
const BEGUN: u64 = DEPTH + 1;

/// A slot, alone on its cache line.
#[repr(C, align(64))]
struct Slot {
    state: AtomicU64,
    /// Whether a thread has it.
    taken: AtomicU32,
}

/// What the arena keeps for this module. All zero is valid.
#[repr(C)]
pub(crate) struct Readers {
    /// Slots from here on were never used.
    used: AtomicU32,
    /// Number of batches in `limbo`.
    waiting: AtomicU32,
    limbo: Mutex<Limbo>,
    slots: [Slot; SLOTS],
}

/// Zero bytes are no valid `Vec`, so it is behind a pointer.
struct Limbo(Option<Box<Pending>>);

/// What waits.
#[derive(Default)]
struct Pending {
    /// Oldest first: who keeps the first one from going also keeps those that came after.
    batches: VecDeque<Batch>,
}

/// Things that go together, once every one of these slots has moved on.
struct Batch {
    readers: Vec<(u32, u64)>,
    _things: Box<dyn Send>,
}

fn readers() -> &'static Readers {
    crate::arena::readers()
}

/// What a thread's [`HostThread::reader`] says for the shared slot; it is one more than the slot's number, and 0 for none yet.
const SHARED: u32 = 1;

/// That the running thread is reading. Not to be kept over a sleep.
pub struct Reading {
    slot: u32,
    /// A thread's own.
    _local: PhantomData<*const ()>,
}

/// Begins to read.
#[inline]
pub fn read() -> Reading {
    let thread = cpu::current().thread();
    let slot = match thread.reader() {
        0 => claim(thread),
        slot => slot,
    };
    let state = &readers().slots[slot as usize - 1].state;
    if slot == SHARED {
        state.fetch_add(1 + BEGUN, SeqCst);
    } else {
        let now = state.load(Relaxed);
        if now & DEPTH == 0 {
            state.swap(now.wrapping_add(BEGUN + 1), SeqCst);
        } else {
            state.store(now + 1, Relaxed);
        }
    }
    Reading { slot, _local: PhantomData }
}

impl Drop for Reading {
    #[inline]
    fn drop(&mut self) {
        let state = &readers().slots[self.slot as usize - 1].state;
        let left = if self.slot == SHARED {
            state.fetch_sub(1, SeqCst) - 1
        } else {
            let left = state.load(Relaxed) - 1;
            if left & DEPTH == 0 {
                state.swap(left, SeqCst);
            } else {
                state.store(left, Relaxed);
            }
            left
        };
        if left & DEPTH == 0 {
            catch_up();
        }
    }
}

/// Lets go of what has waited long enough, if there is anything: at the end of a call, with no lock held.
#[inline]
pub fn catch_up() {
    if readers().waiting.load(SeqCst) != 0 {
        collect();
    }
}

#[cold]
fn claim(thread: &HostThread) -> u32 {
    let mut own = readers().slots.iter().skip(1);
    let free = |slot: &Slot| slot.taken.load(Relaxed) == 0 && slot.taken.swap(1, SeqCst) == 0;
    let number = own.position(free).map_or(SHARED, |i| i as u32 + 2);
    readers().used.fetch_max(number, SeqCst);
    thread.set_reader(number);
    number
}

/// For the shared part that a thread has in its last steps: it must not claim anything that nobody would give back.
pub fn share_slot(thread: &HostThread) {
    thread.set_reader(SHARED);
}

/// The thread is gone, or has done its last reading: its slot is free for another.
pub(crate) fn release(thread: &HostThread) {
    let slot = thread.reader();
    thread.set_reader(0);
    if slot != 0 && slot != SHARED {
        let slot = &readers().slots[slot as usize - 1];
        slot.state.store((slot.state.load(SeqCst) | DEPTH) + 1, SeqCst);
        slot.taken.store(0, SeqCst);
    }
}

/// Who is reading now.
fn reading_now() -> Vec<(u32, u64)> {
    let used = readers().used.load(SeqCst).max(SHARED) as usize;
    let slots = readers().slots.iter().take(used).enumerate();
    slots.map(|(i, s)| (i as u32, s.state.load(SeqCst))).filter(|(_, state)| state & DEPTH != 0).collect()
}

/// Whether a reader that was seen in this state has stopped since. The shared slot must be seen at rest.
fn moved_on(&(slot, seen): &(u32, u64)) -> bool {
    let now = readers().slots[slot as usize].state.load(SeqCst);
    now & DEPTH == 0 || slot != 0 && now / BEGUN != seen / BEGUN
}

/// Lets go of what nobody can be reading any more. Not under a lock, because what goes may take some; and what goes may read,
/// and come here at its end: the rest is then left to who is at it already, or the stack would grow with what waits.
#[cold]
fn collect() {
    let thread = cpu::current().thread();
    if thread.locks_held() != 0 || thread.set_letting_go(true) {
        return;
    }
    while let Some(batch) = next_to_go() {
        drop(batch);
    }
    thread.set_letting_go(false);
}

/// Takes out the oldest batch, if nobody can be reading what is in it.
fn next_to_go() -> Option<Batch> {
    let mut limbo = readers().limbo.lock();
    let list = &mut limbo.0.as_deref_mut()?.batches;
    let may_go = list.front().is_some_and(|batch| batch.readers.iter().all(moved_on));
    let batch = if may_go { list.pop_front() } else { None };
    readers().waiting.store(list.len() as u32, SeqCst);
    batch
}

/// Waits, but not for ever, until all that was let go of before is gone: for who looks at counts. Not while reading, or under a lock.
pub fn settle() {
    for look in 0..SETTLE {
        collect();
        let waiting = readers().waiting.load(SeqCst);
        if waiting == 0 {
            return;
        }
        if look < YIELDS {
            crate::sys::process::sched_yield();
        } else {
            // A reader that lost its processor may be away for long.
            let _ = futex::wait_until(&readers().waiting, waiting, Deadline::after(PAUSE));
        }
    }
}

/// What a pointer pointed to before. To be dropped outside of locks, as the thing itself.
#[must_use]
pub struct Retired<T: Send + Sync + 'static>(Option<Arc<T>>);

impl<T: Send + Sync + 'static> Retired<T> {
    /// It, for whom it still is.
    pub fn get(&self) -> Option<&Arc<T>> {
        self.0.as_ref()
    }
}

impl<T: Send + Sync + 'static> Drop for Retired<T> {
    fn drop(&mut self) {
        let Some(thing) = self.0.take() else { return };
        let readers_now = reading_now();
        if readers_now.is_empty() {
            return drop(thing);
        }
        let batch = Batch { readers: readers_now, _things: Box::new(thing) };
        let mut limbo = readers().limbo.lock();
        let list = &mut limbo.0.get_or_insert_default().batches;
        list.push_back(batch);
        readers().waiting.store(list.len() as u32, SeqCst);
        drop(limbo);
        collect();
    }
}

/// What a cell pointed to when it was read: a reference for as long as the reading section lasts, of which a counted one can be
/// made.
pub struct RcuRef<'r, T>(&'r T);

impl<T> Clone for RcuRef<'_, T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for RcuRef<'_, T> {}

impl<T> Deref for RcuRef<'_, T> {
    type Target = T;

    fn deref(&self) -> &T {
        self.0
    }
}

impl<'r, T> RcuRef<'r, T> {
    /// The plain reference.
    pub fn get(self) -> &'r T {
        self.0
    }

    /// A counted reference.
    #[inline]
    pub fn to_arc(self) -> Arc<T> {
        // SAFETY: it came from an `Arc` whose reference was there when the section began, and is given up after its end only.
        unsafe {
            Arc::increment_strong_count(self.0);
            Arc::from_raw(self.0)
        }
    }

    /// Whether both are the same thing.
    pub fn same(self, other: RcuRef<'_, T>) -> bool {
        ptr::eq(self.0, other.0)
    }

    /// Whether it is what this points to.
    pub fn is(self, other: &Arc<T>) -> bool {
        ptr::eq(self.0, Arc::as_ptr(other))
    }
}

impl<'r, T> From<&'r Arc<T>> for RcuRef<'r, T> {
    fn from(arc: &'r Arc<T>) -> RcuRef<'r, T> {
        RcuRef(arc)
    }
}

/// A thing that is read, or counted.
pub enum Held<'r, T> {
    /// For as long as this thread reads.
    Read(RcuRef<'r, T>),
    /// For as long as this lives.
    Counted(Arc<T>),
}

impl<T> Deref for Held<'_, T> {
    type Target = T;

    fn deref(&self) -> &T {
        match self {
            Held::Read(thing) => thing,
            Held::Counted(thing) => thing,
        }
    }
}

impl<T> Clone for Held<'_, T> {
    fn clone(&self) -> Self {
        match self {
            Held::Read(thing) => Held::Read(*thing),
            Held::Counted(thing) => Held::Counted(thing.clone()),
        }
    }
}

impl<T> Held<'_, T> {
    /// A counted reference.
    pub fn to_arc(&self) -> Arc<T> {
        match self {
            Held::Read(thing) => thing.to_arc(),
            Held::Counted(thing) => thing.clone(),
        }
    }

    /// The same, of what is needed no more.
    pub fn into_arc(self) -> Arc<T> {
        match self {
            Held::Read(thing) => thing.to_arc(),
            Held::Counted(thing) => thing,
        }
    }
}

impl<'r, T> From<&'r Arc<T>> for Held<'r, T> {
    fn from(arc: &'r Arc<T>) -> Held<'r, T> {
        Held::Read(arc.into())
    }
}

/// A place for an `Arc`, or none, that is read without a lock.
pub struct RcuCell<T: Send + Sync + 'static>(AtomicPtr<T>);

impl<T: Send + Sync + 'static> RcuCell<T> {
    /// A cell that holds this.
    pub fn new(value: Option<Arc<T>>) -> RcuCell<T> {
        RcuCell(AtomicPtr::new(into_raw(value)))
    }

    /// What is there now.
    #[inline]
    pub fn get<'r>(&self, _reading: &'r Reading) -> Option<RcuRef<'r, T>> {
        // SAFETY: the pointer came from an `Arc` that the cell owned when it was read; whoever takes that out, or drops the
        // cell, lets go of it only when this reading section, which lasts as long as `'r`, has ended.
        unsafe { self.0.load(Acquire).as_ref() }.map(RcuRef)
    }

    /// The same, counted.
    pub fn get_arc(&self) -> Option<Arc<T>> {
        self.get(&read()).map(RcuRef::to_arc)
    }

    /// Whether nothing is there.
    pub fn is_empty(&self) -> bool {
        self.0.load(Acquire).is_null()
    }

    /// Puts something else there.
    pub fn replace(&self, value: Option<Arc<T>>) -> Retired<T> {
        let old = self.0.swap(into_raw(value), SeqCst);
        // SAFETY: it came from `into_raw`, and the cell, which owned it, gives it up.
        Retired((!old.is_null()).then(|| unsafe { Arc::from_raw(old) }))
    }
}

fn into_raw<T>(value: Option<Arc<T>>) -> *mut T {
    value.map_or(ptr::null_mut(), |arc| Arc::into_raw(arc).cast_mut())
}

/// Somebody may have come here through another cell, and still be reading.
impl<T: Send + Sync + 'static> Drop for RcuCell<T> {
    fn drop(&mut self) {
        if !self.0.get_mut().is_null() {
            drop(self.replace(None));
        }
    }
}

/// A cell that is never empty.
pub struct RcuArc<T: Send + Sync + 'static>(RcuCell<T>);

impl<T: Send + Sync + 'static> RcuArc<T> {
    /// A cell that holds this.
    pub fn new(value: Arc<T>) -> RcuArc<T> {
        RcuArc(RcuCell::new(Some(value)))
    }

    /// What is there now.
    #[inline]
    pub fn get<'r>(&self, reading: &'r Reading) -> RcuRef<'r, T> {
        // SAFETY: `new` and `replace` put something there, and nothing else changes the cell.
        unsafe { self.0.get(reading).unwrap_unchecked() }
    }

    /// The same, counted.
    pub fn get_arc(&self) -> Arc<T> {
        self.get(&read()).to_arc()
    }

    /// Puts something else there.
    pub fn replace(&self, value: Arc<T>) -> Retired<T> {
        self.0.replace(Some(value))
    }
}

#[cfg(test)]
mod tests {
    extern crate std;
    use super::*;
    use core::sync::atomic::{AtomicBool, AtomicUsize};
    use std::thread;

    /// One after the other: all of a process's threads share what waits, and these count it.
    #[test]
    fn in_turn() {
        crate::testing::init();
        who_reads_keeps_the_old_one();
        counted_references_outlive_the_section();
        readers_never_see_what_is_gone();
        what_reads_when_it_goes_does_not_pile_up();
    }

    /// Counts how many of its kind there are.
    struct Counted(Arc<AtomicUsize>, u64, u64);

    impl Counted {
        fn new(live: &Arc<AtomicUsize>, n: u64) -> Arc<Counted> {
            live.fetch_add(1, SeqCst);
            Arc::new(Counted(live.clone(), n, !n))
        }
    }

    impl Drop for Counted {
        fn drop(&mut self) {
            self.0.fetch_sub(1, SeqCst);
            (self.1, self.2) = (0, 0);
        }
    }

    fn who_reads_keeps_the_old_one() {
        let live = Arc::new(AtomicUsize::new(0));
        let cell = RcuCell::new(Some(Counted::new(&live, 1)));
        {
            let reading = read();
            let old = cell.get(&reading).expect("there is one");
            drop(cell.replace(Some(Counted::new(&live, 2))));
            assert_eq!((old.1, live.load(SeqCst)), (1, 2));
            let inner = read();
            drop(inner);
            assert_eq!((old.1, live.load(SeqCst)), (1, 2), "an inner section does not end the outer one");
        }
        settle();
        assert_eq!(live.load(SeqCst), 1);
        drop(cell);
        settle();
        assert_eq!(live.load(SeqCst), 0);
    }

    fn counted_references_outlive_the_section() {
        let live = Arc::new(AtomicUsize::new(0));
        let cell = RcuArc::new(Counted::new(&live, 7));
        let kept = cell.get(&read()).to_arc();
        drop(cell.replace(Counted::new(&live, 8)));
        settle();
        assert_eq!((kept.1, live.load(SeqCst)), (7, 2));
        drop((kept, cell));
        settle();
        assert_eq!(live.load(SeqCst), 0);
    }

    fn readers_never_see_what_is_gone() {
        let live = Arc::new(AtomicUsize::new(0));
        let cell = Arc::new(RcuArc::new(Counted::new(&live, 1)));
        let over = Arc::new(AtomicBool::new(false));
        let readers: Vec<_> = (0..3)
            .map(|_| {
                let (cell, over) = (cell.clone(), over.clone());
                thread::spawn(move || {
                    crate::testing::init();
                    while !over.load(SeqCst) {
                        let reading = read();
                        let it = cell.get(&reading);
                        assert_eq!(it.1, !it.2);
                    }
                    release(cpu::current().thread());
                })
            })
            .collect();
        for n in 2..20_000 {
            drop(cell.replace(Counted::new(&live, n)));
        }
        over.store(true, SeqCst);
        for reader in readers {
            reader.join().expect("a reader");
        }
        settle();
        assert_eq!(live.load(SeqCst), 1);
    }

    /// Reads when it goes, as a name does that looks at its directory.
    struct Reads;

    impl Drop for Reads {
        fn drop(&mut self) {
            drop(read());
        }
    }

    fn what_reads_when_it_goes_does_not_pile_up() {
        let cell = RcuArc::new(Arc::new(Reads));
        let reading = read();
        for _ in 0..100_000 {
            drop(cell.replace(Arc::new(Reads)));
        }
        drop(reading);
        settle();
    }
}
