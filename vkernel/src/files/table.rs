//! The descriptor table (`struct files_struct`, `fs/file.c`).
//!
//! A new descriptor is first reserved, then (after everything that can fail, such as a copy to the guest) published; so no
//! other thread ever sees a descriptor that is taken back. Looking a descriptor up takes no lock: the entries, and each
//! entry's file, are read as `host::rcu` describes. Locks: FILES, for changes; files are dropped outside of it.

use crate::kernel::kernel;
use crate::locks::Owner;
use crate::task::Task;
use alloc::boxed::Box;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::sync::atomic::{AtomicU8, AtomicU32, Ordering::*};
use fs_emu::vfs::File;
use fs_emu::vfs::file::OpenRef;
use host::lock::{Mutex, rank};
use host::rcu::{self, RcuArc, RcuCell, RcuRef, Reading, Retired};
use host::{Errno, Result};

/// Highest number of descriptors, whatever the limit says (`fs.nr_open`).
pub const NR_OPEN: u64 = 1 << 20;
/// Entries of a new table (`NR_OPEN_DEFAULT`).
const FIRST: usize = 64;

/// What an entry is besides its file. Changes only under the table's lock.
mod state {
    pub const FREE: u8 = 0;
    pub const RESERVED: u8 = 1;
    pub const OPEN: u8 = 2;
    /// Open, and closed by `execve`.
    pub const CLOEXEC: u8 = 3;
}

fn open(cloexec: bool) -> u8 {
    if cloexec { state::CLOEXEC } else { state::OPEN }
}

/// One descriptor.
struct Entry {
    /// The table counts as one who keeps it open.
    file: RcuCell<File>,
    state: AtomicU8,
}

impl Entry {
    fn new(file: Option<Arc<File>>, state: u8) -> Entry {
        Entry { file: RcuCell::new(file), state: AtomicU8::new(state) }
    }

    fn state(&self) -> u8 {
        self.state.load(Relaxed)
    }

    fn is_open(&self) -> bool {
        self.state() >= state::OPEN
    }

    /// Puts a file there that counts as open already. What was there is to be closed without the lock.
    fn set(&self, file: Arc<File>, cloexec: bool) -> Retired<File> {
        let old = self.file.replace(Some(file));
        self.state.store(open(cloexec), Release);
        old
    }

    fn clear(&self) -> Retired<File> {
        self.state.store(state::FREE, Release);
        self.file.replace(None)
    }
}

/// All descriptors; a bigger one takes its place when it is full.
struct Entries(Box<[Entry]>);

impl Entries {
    fn new(len: usize) -> Entries {
        Entries((0..len).map(|_| Entry::new(None, state::FREE)).collect())
    }

    fn get(&self, fd: i32) -> Option<&Entry> {
        self.0.get(usize::try_from(fd).ok()?)
    }
}

/// What is known about free numbers.
#[derive(Default)]
struct Room {
    /// All numbers below are in use.
    first_free: usize,
    /// No number from here on ever was.
    used: usize,
}

/// A table, shared with `CLONE_FILES`.
pub struct FileTable {
    entries: RcuArc<Entries>,
    room: Mutex<Room, { rank::FILES }>,
    users: AtomicU32,
    id: u64,
}

/// A descriptor number that nobody sees yet. Dropped without [`publish`](Reservation::publish), it is free again.
pub struct Reservation {
    table: Arc<FileTable>,
    fd: i32,
    live: bool,
}

impl FileTable {
    /// An empty table.
    pub fn new() -> FileTable {
        FileTable {
            entries: RcuArc::new(Arc::new(Entries::new(FIRST))),
            room: Mutex::default(),
            users: AtomicU32::new(0),
            id: kernel().next_id(),
        }
    }

    /// Identifies the owner of POSIX locks.
    pub fn id(&self) -> u64 {
        self.id
    }

    /// Tasks that use it.
    pub fn users(&self) -> u32 {
        self.users.load(SeqCst)
    }

    /// One more task uses it.
    pub fn add_user(&self) {
        self.users.fetch_add(1, SeqCst);
    }

    /// One task less; the last one closes everything.
    pub fn release(&self, _task: &Task) {
        if self.users.fetch_sub(1, SeqCst) == 1 {
            self.take_if(|_, _| true);
            // A thread that was killed while it waited for a lock has left its request.
            if kernel().locks.any() {
                kernel().locks.release_process(Owner::Process(self.id));
            }
        }
    }

    /// A copy, as `fork` makes it.
    pub fn copy(&self) -> Result<FileTable> {
        let new = FileTable::new();
        let old = {
            let reading = rcu::read();
            let room = self.room.lock();
            let from = self.entries.get(&reading);
            let to = Entries::new(room.used.max(FIRST));
            let mut there = new.room.lock();
            for (i, (from, to)) in from.0.iter().zip(&to.0).take(room.used).enumerate() {
                let Some(file) = from.file.get(&reading).filter(|_| from.is_open()) else { continue };
                let file = file.to_arc();
                file.add_open();
                drop(to.set(file, from.state() == state::CLOEXEC));
                there.used = i + 1;
            }
            drop(there);
            new.entries.replace(Arc::new(to))
        };
        drop(old);
        Ok(new)
    }

    /// The file of a descriptor, for as long as this thread reads: without a count, and without a lock. `EBADF` when it is not open.
    #[inline]
    pub fn look<'r>(&self, reading: &'r Reading, fd: i32) -> Result<RcuRef<'r, File>> {
        let entries = self.entries.get(reading).get();
        entries.get(fd).and_then(|entry| entry.file.get(reading)).ok_or(Errno::EBADF)
    }

    /// The file of a descriptor. `EBADF` when it is not open.
    pub fn get(&self, fd: i32) -> Result<Arc<File>> {
        self.look(&rcu::read(), fd).map(RcuRef::to_arc)
    }

    /// The same, kept open even if the descriptor is closed meanwhile: for what makes another descriptor of it.
    pub fn get_open(&self, fd: i32) -> Result<OpenRef> {
        let reading = rcu::read();
        // Under the lock it is not closed, so that the count does not come back from zero.
        let _room = self.room.lock();
        self.look(&reading, fd).map(|file| OpenRef::from(file.to_arc()))
    }

    /// Reserves the lowest free descriptor from `min` on. `EMFILE` at the limit.
    pub fn reserve(self: &Arc<Self>, min: u32, limit: u64) -> Result<Reservation> {
        let limit = limit.min(NR_OPEN) as usize;
        let mut old = None;
        let fd = {
            let reading = rcu::read();
            let mut room = self.room.lock();
            let start = room.first_free.max(min as usize);
            let mut entries = self.entries.get(&reading);
            let within = entries.0.iter().enumerate().take(room.used).skip(start);
            let free = within.into_iter().find(|(_, e)| e.state() == state::FREE).map(|(i, _)| i);
            let fd = free.unwrap_or(room.used.max(start));
            if fd >= limit {
                return Err(Errno::EMFILE);
            }
            if fd >= entries.0.len() {
                old = Some(self.grow(&reading, fd)?);
                entries = self.entries.get(&reading);
            }
            entries.0.get(fd).ok_or(Errno::ENOMEM)?.state.store(state::RESERVED, Relaxed);
            if min as usize <= room.first_free {
                room.first_free = fd + 1;
            }
            room.used = room.used.max(fd + 1);
            fd as i32
        };
        drop(old);
        Ok(Reservation { table: self.clone(), fd, live: true })
    }

    /// Makes room for a number. Under the table's lock.
    fn grow(&self, reading: &Reading, fd: usize) -> Result<Retired<Entries>> {
        let from = self.entries.get(reading);
        let len = (fd + 1).next_power_of_two().max(FIRST);
        let mut all = Vec::new();
        all.try_reserve_exact(len).map_err(|_| Errno::ENOMEM)?;
        all.extend(from.0.iter().map(|e| Entry::new(e.file.get(reading).map(RcuRef::to_arc), e.state())));
        all.resize_with(len, || Entry::new(None, state::FREE));
        Ok(self.entries.replace(Arc::new(Entries(all.into_boxed_slice()))))
    }

    /// Runs `change` on an entry, under the lock.
    fn change<T>(&self, fd: i32, change: impl FnOnce(&Entry, &mut Room) -> Result<T>) -> Result<T> {
        let reading = rcu::read();
        let mut room = self.room.lock();
        let entries = self.entries.get(&reading);
        change(entries.get().get(fd).ok_or(Errno::EBADF)?, &mut room)
    }

    /// `dup2`: puts a file at exactly `fd`; answers what was there. `EBUSY` when the number is being opened elsewhere.
    pub fn replace(&self, fd: u32, file: impl Openable, cloexec: bool, limit: u64) -> Result<()> {
        if u64::from(fd) >= limit.min(NR_OPEN) {
            return Err(Errno::EBADF);
        }
        let mut grown = None;
        let gone = {
            let reading = rcu::read();
            let mut room = self.room.lock();
            let mut entries = self.entries.get(&reading);
            if fd as usize >= entries.0.len() {
                grown = Some(self.grow(&reading, fd as usize)?);
                entries = self.entries.get(&reading);
            }
            let entry = entries.get().get(fd as i32).ok_or(Errno::ENOMEM)?;
            if entry.state() == state::RESERVED {
                return Err(Errno::EBUSY);
            }
            room.used = room.used.max(fd as usize + 1);
            entry.set(file.opened(), cloexec)
        };
        drop(grown);
        self.closed(&gone);
        Ok(())
    }

    /// `close(2)`.
    pub fn close(&self, fd: i32) -> Result<()> {
        let gone = self.change(fd, |entry, room| {
            if !entry.is_open() {
                return Err(Errno::EBADF);
            }
            room.first_free = room.first_free.min(fd as usize);
            Ok(entry.clear())
        })?;
        self.closed(&gone);
        Ok(())
    }

    /// The close-on-exec flag of a descriptor.
    pub fn cloexec(&self, fd: i32) -> Result<bool> {
        self.change(fd, |e, _| if e.is_open() { Ok(e.state() == state::CLOEXEC) } else { Err(Errno::EBADF) })
    }

    /// Sets it.
    pub fn set_cloexec(&self, fd: i32, on: bool) -> Result<()> {
        self.change(fd, |entry, _| {
            if !entry.is_open() {
                return Err(Errno::EBADF);
            }
            entry.state.store(open(on), Relaxed);
            Ok(())
        })
    }

    /// `close_range(2)`: closes, or marks close-on-exec.
    pub fn close_range(&self, first: u32, last: u32, mark_only: bool) {
        let within = |fd: usize| fd >= first as usize && fd <= last as usize;
        self.take_if(|fd, entry| {
            if mark_only && within(fd) {
                entry.state.store(state::CLOEXEC, Relaxed);
            }
            within(fd) && !mark_only
        });
    }

    /// `execve`: closes what is marked.
    pub fn close_on_exec(&self, _task: &Task) {
        self.take_if(|_, entry| entry.state() == state::CLOEXEC);
    }

    /// Closes the open descriptors for which `wanted` says so.
    fn take_if(&self, wanted: impl Fn(usize, &Entry) -> bool) {
        let mut gone = Vec::new();
        {
            let reading = rcu::read();
            let mut room = self.room.lock();
            let entries = self.entries.get(&reading);
            for (fd, entry) in entries.0.iter().enumerate().take(room.used) {
                if entry.is_open() && wanted(fd, entry) {
                    gone.push(entry.clear());
                    room.first_free = room.first_free.min(fd);
                }
            }
        }
        gone.iter().for_each(|file| self.closed(file));
    }

    /// The open descriptors, ascending (`/proc/PID/fd`).
    pub fn list(&self) -> Vec<i32> {
        let reading = rcu::read();
        let entries = self.entries.get(&reading);
        let open = entries.0.iter().enumerate().filter(|(_, e)| e.is_open());
        open.map(|(i, _)| i as i32).collect()
    }

    /// What `close` does beyond dropping the reference: flush, and POSIX locks of this owner on the file go.
    fn closed(&self, gone: &Retired<File>) {
        let Some(file) = gone.get() else { return };
        file.ops().flush();
        if kernel().dnotifies.load(SeqCst) != 0
            && let Some(extra) = file.extra::<super::extra::FileExtra>()
        {
            extra.end_notify(self.id);
        }
        // Most of the time nobody locks anything, and the attributes need not be asked for.
        if kernel().locks.any()
            && let Ok(m) = file.metadata()
        {
            kernel().locks.release_ranges((m.dev, m.ino), Owner::Process(self.id));
        }
        file.drop_open();
        // Who reads without a lock may keep this reference a little longer.
        if Arc::strong_count(file) == 1 {
            file.finish();
        }
    }

    /// Descriptors below this number are looked at by `select(2)` (`max_fds`): it grows as Linux's table does.
    pub fn capacity(&self) -> usize {
        const STEP: usize = 128;
        let len = self.room.lock().used;
        if len <= FIRST { FIRST } else { ((len - 1) / STEP + 1).next_power_of_two() * STEP }
    }
}

impl Reservation {
    /// The number.
    pub fn fd(&self) -> i32 {
        self.fd
    }

    /// Makes it visible.
    pub fn publish(mut self, file: impl Openable, cloexec: bool) -> i32 {
        let file = file.opened();
        self.live = false;
        let _none = self.table.change(self.fd, |entry, _| Ok(entry.set(file, cloexec)));
        self.fd
    }
}

/// What may stand behind a descriptor.
pub trait Openable {
    /// The file, counted as open once more.
    fn opened(self) -> Arc<File>;
}

impl Openable for Arc<File> {
    fn opened(self) -> Arc<File> {
        self.add_open();
        self
    }
}

impl Openable for OpenRef {
    fn opened(self) -> Arc<File> {
        self.file().clone().opened()
    }
}

impl Drop for Reservation {
    fn drop(&mut self) {
        if self.live {
            let fd = self.fd;
            let _ = self.table.change(fd, |entry, room| {
                entry.state.store(state::FREE, Relaxed);
                room.first_free = room.first_free.min(fd as usize);
                Ok(())
            });
        }
    }
}

impl Default for FileTable {
    fn default() -> FileTable {
        FileTable::new()
    }
}
