//! Sleeping and waking, across processes: the host thread's shared part, wait queues, and what `poll` collects.
//!
//! Answers to Linux's `kernel/sched/wait.c` and `fs/select.c`'s poll table. One word per thread, `kick`, is the whole
//! protocol, and it is what keeps a wake-up from being lost:
//!
//! 1. the sleeper clears `kick`, *then* registers and tests its condition and its signals;
//! 2. a waker changes the condition, *then* sets `kick`; a signal's sender does the same;
//! 3. the sleeper sleeps only while `kick` is 0: in `futex_wait(kick, 0)`, or in a host call whose gate tests `kick` in
//!    the instruction before the `syscall` (and whose window the signal handler unwinds).
//!
//! Nodes of a queue are `Arc`s in the arena, never on a stack. Locks: each queue's own (rank WAITQ).

mod turn;

use crate::lock::{Mutex, rank};
use crate::sys::{fd, futex, process, signal};
use crate::time::Deadline;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::sync::atomic::{AtomicU32, AtomicU64, AtomicUsize, Ordering::*};

/// What a queue does to somebody who waits.
pub trait Wake: Send + Sync {
    /// Something may have changed. Called with the queue's lock held: takes only leaf locks.
    fn wake(&self);

    /// The same, saying which `poll(2)` events it is about; for whoever can tell them apart.
    fn wake_for(&self, _events: u16) {
        self.wake();
    }
}

/// The part of a host thread that other processes see. Lives in the arena.
#[derive(Default)]
pub struct HostThread {
    /// Nonzero: do not sleep, look again.
    kick: AtomicU32,
    /// Nonzero: before the next guest instruction, look for signals, stops and exits (Linux's `TIF_SIGPENDING`).
    work: AtomicU32,
    never: AtomicU32,
    /// Host signals noted by the handler: bit n for signal n.
    host_signals: AtomicU64,
    /// How the thread sleeps: see `RUN`, `FUTEX`, `HOST`.
    sleep: AtomicU32,
    pid: AtomicU32,
    tid: AtomicU32,
    /// Locks held now. Above zero when the thread is dead: the kernel's state is not to be trusted.
    locks: AtomicU32,
    /// Debug builds: the rank held highest so far, one byte per nesting level.
    ranks: AtomicU64,
    /// Nonzero once the host thread is gone.
    dead: AtomicU32,
    /// The host process that makes the thread.
    maker: AtomicU32,
    /// Its slot among those who read without locks, 0 for none yet.
    reader: AtomicU32,
    /// Nonzero while it lets go of what nobody reads any more.
    letting_go: AtomicU32,
    /// Nonzero while the host may keep doorbells and the like from it: see [`note_event`](Self::note_event).
    deaf: AtomicU32,
    /// Whether it yields before it sleeps.
    turn: turn::Turn,
    /// How many of `later` are in use.
    delayed: AtomicU32,
    /// Words whose sleepers this thread wakes once it holds no lock: see [`kick`](Self::kick).
    later: [AtomicUsize; LATER],
}

/// How many wake-ups a thread puts off; more are made at once.
const LATER: usize = 8;

/// Instead of a process id: the maker was killed, and the thread must not start.
const ABANDONED: u32 = u32::MAX;

const RUN: u32 = 0;
const FUTEX: u32 = 1;
const HOST: u32 = 2;

impl HostThread {
    /// For [`note_host_signal`](Self::note_host_signal), instead of SIGALRM: the host's timer has expired.
    pub const REAL_TIMER: u32 = 0;

    /// The part of a thread that host process `maker` is about to make.
    pub fn made_by(maker: u32) -> HostThread {
        let thread = HostThread::default();
        thread.maker.store(maker, Relaxed);
        thread
    }

    /// For the supervisor, when process `maker` was killed: whether this thread was its to make, and is not there yet. If
    /// so, it will not start any more ([`start`](Self::start)).
    pub fn abandon(&self, maker: u32) -> bool {
        self.maker.load(SeqCst) == maker && self.pid.compare_exchange(0, ABANDONED, SeqCst, SeqCst).is_ok()
    }

    /// Where the host writes the new thread's id before it runs (`CLONE_PARENT_SETTID`).
    pub fn tid_addr(&self) -> usize {
        self.tid.as_ptr() as usize
    }

    /// A new thread's first act: says which process it is in, 0 for one of its own. `false` if it must not run.
    pub fn start(&self, pid: u32) -> bool {
        let pid = if pid == 0 { self.host_tid() } else { pid };
        let before = self.pid.compare_exchange(0, pid, SeqCst, SeqCst).unwrap_or_else(|known| known);
        before == 0 || before == pid
    }

    /// Says which host thread this is.
    pub fn bind(&self, pid: u32, tid: u32) {
        self.pid.store(pid, SeqCst);
        self.tid.store(tid, SeqCst);
    }

    /// The task's new process, which runs on its first thread, told by the old one: the new one may have told it itself.
    pub fn rebind(&self, old: u32, new: u32) {
        if self.pid.compare_exchange(old, new, SeqCst, SeqCst).is_ok() {
            self.tid.store(new, SeqCst);
        }
    }

    /// The same, by the parent: the thread itself may have been faster.
    pub fn bind_if_unbound(&self, pid: u32, tid: u32) {
        let _ = self.pid.compare_exchange(0, pid, SeqCst, SeqCst);
        let _ = self.tid.compare_exchange(0, tid, SeqCst, SeqCst);
    }

    /// For a signal handler: a host signal arrived that the guest is to see. [`note_event`](Self::note_event) comes after it.
    pub fn note_host_signal(&self, sig: u32) {
        self.host_signals.fetch_or(1 << (sig & 63), SeqCst);
    }

    /// Takes the noted host signals, one bit each.
    pub fn take_host_signals(&self) -> u64 {
        if self.host_signals.load(SeqCst) == 0 { 0 } else { self.host_signals.swap(0, SeqCst) }
    }

    /// The host's process id for it.
    pub fn host_pid(&self) -> u32 {
        self.pid.load(SeqCst)
    }

    /// The host's thread id for it.
    #[inline]
    pub fn host_tid(&self) -> u32 {
        self.tid.load(Relaxed)
    }

    /// Marks it as gone; from now on nobody signals it.
    pub fn set_dead(&self) {
        self.dead.store(1, SeqCst);
        crate::rcu::release(self);
    }

    /// Whether it is gone.
    pub fn is_dead(&self) -> bool {
        self.dead.load(SeqCst) != 0
    }

    /// Number of kernel locks it holds.
    pub fn locks_held(&self) -> u32 {
        self.locks.load(SeqCst)
    }

    /// Only the thread itself counts, and its signal handler takes no lock: no read-modify-write needed.
    #[inline]
    pub(crate) fn lock_taken(&self, rank: u8) {
        self.locks.store(self.locks.load(Relaxed).wrapping_add(1), Relaxed);
        if cfg!(debug_assertions) && rank != 0 {
            let held = self.ranks.load(Relaxed);
            let top = (held & 0xff) as u8;
            assert!(rank >= top, "lock order: rank {rank} wanted while {top} is held");
            self.ranks.store(held << 8 | u64::from(rank), Relaxed);
        }
    }

    #[inline]
    pub(crate) fn lock_released(&self, rank: u8) {
        // While it still counts as holding a lock: killed in between, it would leave somebody asleep.
        if self.delayed.load(Relaxed) != 0 && self.locks.load(Relaxed) == 1 {
            self.wake_delayed();
        }
        self.locks.store(self.locks.load(Relaxed).wrapping_sub(1), Relaxed);
        if cfg!(debug_assertions) && rank != 0 {
            self.ranks.store(drop_rank(self.ranks.load(Relaxed), rank), Relaxed);
        }
    }

    #[inline]
    pub(crate) fn reader(&self) -> u32 {
        self.reader.load(Relaxed)
    }

    pub(crate) fn set_reader(&self, slot: u32) {
        self.reader.store(slot, Relaxed);
    }

    /// Says whether it lets go of what nobody reads any more, and answers whether it already did.
    pub(crate) fn set_letting_go(&self, now: bool) -> bool {
        let before = self.letting_go.load(Relaxed) != 0;
        self.letting_go.store(u32::from(now), Relaxed);
        before
    }

    /// Step 1 of the protocol: from here on a kick counts.
    #[inline]
    pub fn prepare(&self) {
        self.kick.store(0, SeqCst);
        self.hear_events();
    }

    /// For a signal handler of the thread, to which the host lets no further event through until the thread can be reached again: it
    /// looks before it sleeps, and on its way out.
    pub fn note_event(&self) {
        self.deaf.store(1, SeqCst);
        self.work.store(1, SeqCst);
        self.kick.store(1, SeqCst);
    }

    /// Lets events through again that were held back.
    #[inline]
    pub fn hear_events(&self) {
        if self.deaf.load(Relaxed) != 0 {
            self.hear();
        }
    }

    #[cold]
    fn hear(&self) {
        self.deaf.store(0, SeqCst);
        let _ = signal::set_mask(0);
    }

    /// Whether it has been kicked since [`prepare`](Self::prepare).
    #[inline]
    pub fn kicked(&self) -> bool {
        self.kick.load(SeqCst) != 0
    }

    /// The kicked word, for the gate.
    pub fn kick_word(&self) -> &AtomicU32 {
        &self.kick
    }

    /// Step 2, for events: wakes the thread if it sleeps. Who holds a lock, such as that of the queue on which it found the
    /// sleeper, makes the host call when it holds none any more: the sleeper may run at once, on the same processor, and would
    /// find the lock taken.
    pub fn kick(&self) {
        if self.kick.swap(1, SeqCst) == 0 {
            match self.sleep.load(SeqCst) {
                FUTEX => crate::cpu::current().thread().wake_soon(&self.kick),
                HOST => self.ring(),
                _ => {}
            }
        }
    }

    /// For the running thread: wakes who sleeps on `word`, now or with the last lock that it gives back. The word may be gone
    /// by then. Then nobody is woken, or somebody who looks why, as all do who sleep on a futex.
    fn wake_soon(&self, word: &AtomicU32) {
        let n = self.delayed.load(Relaxed);
        match self.later.get(n as usize) {
            Some(place) if self.locks.load(Relaxed) != 0 => {
                place.store(word.as_ptr() as usize, Relaxed);
                self.delayed.store(n + 1, Relaxed);
            }
            _ => futex::wake(word, 1),
        }
    }

    #[cold]
    fn wake_delayed(&self) {
        let n = self.delayed.swap(0, Relaxed) as usize;
        for word in self.later.iter().take(n) {
            futex::wake_at(word.load(Relaxed), 1);
        }
    }

    /// The word that the way back to the guest tests.
    pub fn work_word(&self) -> *const u32 {
        self.work.as_ptr()
    }

    /// A word that is never set: for calls that only death may interrupt, or that do not sleep.
    pub fn kick_never(&self) -> &AtomicU32 {
        &self.never
    }

    /// Whether work was announced.
    #[inline]
    pub fn has_work(&self) -> bool {
        self.work.load(SeqCst) != 0
    }

    /// Announces work to this thread by itself.
    pub fn set_work(&self) {
        self.work.store(1, SeqCst);
    }

    /// Takes note of the announcement; called before looking for what it was.
    pub fn clear_work(&self) {
        self.work.store(0, SeqCst);
    }

    /// Step 2, for signals: also reaches the thread while it runs guest code. A thread that interrupts itself is in the kernel,
    /// and looks on its way out.
    pub fn interrupt(&self) {
        self.announce();
        self.rouse();
    }

    /// The first half of [`interrupt`](Self::interrupt): from now on it sees that there is something, should it look.
    pub fn announce(&self) {
        self.work.store(1, SeqCst);
        self.kick.store(1, SeqCst);
    }

    /// The second half: makes it look.
    pub fn rouse(&self) {
        if core::ptr::eq(self, crate::cpu::current().thread()) {
            return;
        }
        match self.sleep.load(SeqCst) {
            FUTEX => futex::wake(&self.kick, 1),
            _ => self.ring(),
        }
    }

    fn ring(&self) {
        if !self.is_dead() {
            let _ = process::ring_doorbell(self.host_pid(), self.host_tid());
        }
    }

    /// Between steps 1 and 3, for a wait that may be short: lets somebody else run, and answers whether `came` holds after it.
    /// See [`turn`]; often it answers `false` at once.
    pub fn give_turn(&self, came: impl FnOnce() -> bool) -> bool {
        self.turn.give(came)
    }

    /// Step 3: sleeps until kicked or until the deadline. Only the thread itself calls this.
    pub fn sleep(&self, deadline: Option<Deadline>) {
        if deadline.is_none() && self.give_turn(|| self.kicked()) {
            return;
        }
        self.sleep.store(FUTEX, SeqCst);
        if !self.kicked() {
            let _ = futex::wait_until(&self.kick, 0, deadline);
        }
        self.sleep.store(RUN, SeqCst);
    }

    /// Step 3 with host descriptors: sleeps until kicked, until the deadline, or until one of `fds` is ready.
    pub fn sleep_on_host(&self, fds: &mut [fd::PollFd], deadline: Option<Deadline>) {
        self.in_host_call(|kick| {
            let _ = fd::poll_interruptible(fds, deadline, kick);
        });
    }

    /// Runs a host call that may sleep, given the word that its gate must watch.
    pub fn in_host_call<T>(&self, call: impl FnOnce(&AtomicU32) -> T) -> T {
        self.sleep.store(HOST, SeqCst);
        let out = call(&self.kick);
        self.sleep.store(RUN, SeqCst);
        out
    }
}

/// Removes the innermost occurrence of `rank` from the packed stack of ranks (guards may be dropped in any order).
fn drop_rank(held: u64, rank: u8) -> u64 {
    for i in 0..8 {
        if (held >> (8 * i)) as u8 == rank {
            let low = held & ((1u64 << (8 * i)) - 1);
            let high = if i == 7 { 0 } else { held >> (8 * (i + 1)) << (8 * i) };
            return high | low;
        }
    }
    held
}

impl Drop for HostThread {
    fn drop(&mut self) {
        crate::rcu::release(self);
    }
}

impl Wake for HostThread {
    fn wake(&self) {
        self.kick();
    }
}

/// A list of those who wait for one object to change.
#[derive(Default)]
pub struct WaitQueue {
    len: AtomicU32,
    waiters: Mutex<Vec<Arc<dyn Wake>>, { rank::WAITQ }>,
}

impl WaitQueue {
    /// An empty queue, shared so that a waiter can unregister later.
    pub fn new() -> Arc<WaitQueue> {
        Arc::new(WaitQueue::default())
    }

    /// Adds a waiter.
    pub fn add(&self, who: Arc<dyn Wake>) {
        let mut waiters = self.waiters.lock();
        waiters.push(who);
        self.len.store(waiters.len() as u32, SeqCst);
    }

    /// Removes one registration of this waiter.
    pub fn remove(&self, who: &Arc<dyn Wake>) {
        let mut waiters = self.waiters.lock();
        if let Some(i) = waiters.iter().position(|w| core::ptr::addr_eq(Arc::as_ptr(w), Arc::as_ptr(who))) {
            waiters.swap_remove(i);
        }
        self.len.store(waiters.len() as u32, SeqCst);
    }

    /// Wakes everybody. Costs one load when nobody waits. Call it after the change, outside the object's lock if possible.
    pub fn wake_all(&self) {
        core::sync::atomic::fence(SeqCst);
        if self.len.load(SeqCst) != 0 {
            self.waiters.lock().iter().for_each(|w| w.wake());
        }
    }

    /// As [`wake_all`](Self::wake_all), when it is known which `poll(2)` events may now hold.
    pub fn wake_for(&self, events: u16) {
        core::sync::atomic::fence(SeqCst);
        if self.len.load(SeqCst) != 0 {
            self.waiters.lock().iter().for_each(|w| w.wake_for(events));
        }
    }
}

/// Collects what one `poll`, `read` or `epoll` waits for, and unregisters it when dropped.
pub struct PollTable {
    who: Arc<dyn Wake>,
    /// The first queue; most waits have no other.
    first: Option<Arc<WaitQueue>>,
    queues: Vec<Arc<WaitQueue>>,
    host: Vec<fd::PollFd>,
}

impl PollTable {
    /// A table on whose queues `who` is registered.
    pub fn new(who: Arc<dyn Wake>) -> PollTable {
        PollTable { who, first: None, queues: Vec::new(), host: Vec::new() }
    }

    /// Registers on a virtual object's queue.
    pub fn wait_on(&mut self, queue: &Arc<WaitQueue>) {
        queue.add(self.who.clone());
        match &self.first {
            None => self.first = Some(queue.clone()),
            Some(_) => self.queues.push(queue.clone()),
        }
    }

    /// Waits for a host descriptor too (`events` as in `poll(2)`).
    pub fn wait_on_host(&mut self, fd: i32, events: i16) {
        self.host.push(fd::PollFd { fd, events, revents: 0 });
    }

    /// The host descriptors collected.
    pub fn host_fds(&mut self) -> &mut [fd::PollFd] {
        &mut self.host
    }
}

impl Drop for PollTable {
    fn drop(&mut self) {
        for queue in self.first.iter().chain(&self.queues) {
            queue.remove(&self.who);
        }
    }
}
