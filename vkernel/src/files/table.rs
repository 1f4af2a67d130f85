//! The descriptor table (`struct files_struct`, `fs/file.c`).
//!
//! A new descriptor is first reserved, then (after everything that can fail, such as a copy to the guest) published; so no
//! other thread ever sees a descriptor that is taken back. Locks: FILES; files are dropped outside of it.

use crate::kernel::kernel;
use crate::locks::Owner;
use crate::task::Task;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::sync::atomic::{AtomicU32, Ordering::SeqCst};
use fs_emu::vfs::File;
use fs_emu::vfs::file::OpenRef;
use host::lock::{RwLock, rank};
use host::{Errno, Result};

/// Highest number of descriptors, whatever the limit says (`fs.nr_open`).
pub const NR_OPEN: u64 = 1 << 20;

enum Slot {
    Free,
    Reserved,
    Open { file: OpenRef, cloexec: bool },
}

/// A table, shared with `CLONE_FILES`.
pub struct FileTable {
    slots: RwLock<Vec<Slot>, { rank::FILES }>,
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
        FileTable { slots: RwLock::new(Vec::new()), users: AtomicU32::new(0), id: kernel().next_id() }
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
            let slots = core::mem::take(&mut *self.slots.write());
            for slot in slots {
                if let Slot::Open { file, .. } = slot {
                    self.closing(&file);
                }
            }
            // A thread that was killed while it waited for a lock has left its request.
            if kernel().locks.any() {
                kernel().locks.release_process(Owner::Process(self.id));
            }
        }
    }

    /// A copy, as `fork` makes it.
    pub fn copy(&self) -> Result<FileTable> {
        let new = FileTable::new();
        {
            let from = self.slots.read();
            let mut to = new.slots.write();
            to.try_reserve(from.len()).map_err(|_| Errno::ENOMEM)?;
            to.extend(from.iter().map(|s| match s {
                Slot::Open { file, cloexec } => Slot::Open { file: file.clone(), cloexec: *cloexec },
                _ => Slot::Free,
            }));
        }
        Ok(new)
    }

    /// The file of a descriptor. `EBADF` when it is not open.
    pub fn get(&self, fd: i32) -> Result<Arc<File>> {
        match self.slots.read().get(fd as usize) {
            Some(Slot::Open { file, .. }) if fd >= 0 => Ok(file.file().clone()),
            _ => Err(Errno::EBADF),
        }
    }

    /// The same, kept open even if the descriptor is closed meanwhile: for what makes another descriptor of it.
    pub fn get_open(&self, fd: i32) -> Result<OpenRef> {
        match self.slots.read().get(fd as usize) {
            Some(Slot::Open { file, .. }) if fd >= 0 => Ok(file.clone()),
            _ => Err(Errno::EBADF),
        }
    }

    /// Reserves the lowest free descriptor from `min` on. `EMFILE` at the limit.
    pub fn reserve(self: &Arc<Self>, min: u32, limit: u64) -> Result<Reservation> {
        let limit = limit.min(NR_OPEN) as usize;
        let mut slots = self.slots.write();
        let min = min as usize;
        let free = (min..slots.len()).find(|&i| matches!(slots[i], Slot::Free)).unwrap_or(slots.len().max(min));
        if free >= limit {
            return Err(Errno::EMFILE);
        }
        grow(&mut slots, free)?;
        slots[free] = Slot::Reserved;
        Ok(Reservation { table: self.clone(), fd: free as i32, live: true })
    }

    /// `dup2`: puts a file at exactly `fd`; answers what was there. `EBUSY` when the number is being opened elsewhere.
    pub fn replace(&self, fd: u32, file: impl Into<OpenRef>, cloexec: bool, limit: u64) -> Result<()> {
        let file = file.into();
        if u64::from(fd) >= limit.min(NR_OPEN) {
            return Err(Errno::EBADF);
        }
        let mut slots = self.slots.write();
        grow(&mut slots, fd as usize)?;
        if matches!(slots[fd as usize], Slot::Reserved) {
            return Err(Errno::EBUSY);
        }
        let old = core::mem::replace(&mut slots[fd as usize], Slot::Open { file, cloexec });
        drop(slots);
        if let Slot::Open { file, .. } = old {
            self.closing(&file);
        }
        Ok(())
    }

    /// `close(2)`.
    pub fn close(&self, fd: i32) -> Result<()> {
        let mut slots = self.slots.write();
        let slot = slots.get_mut(fd as usize).filter(|s| fd >= 0 && matches!(s, Slot::Open { .. }));
        let old = core::mem::replace(slot.ok_or(Errno::EBADF)?, Slot::Free);
        drop(slots);
        if let Slot::Open { file, .. } = old {
            self.closing(&file);
        }
        Ok(())
    }

    /// The close-on-exec flag of a descriptor.
    pub fn cloexec(&self, fd: i32) -> Result<bool> {
        match self.slots.read().get(fd as usize) {
            Some(Slot::Open { cloexec, .. }) if fd >= 0 => Ok(*cloexec),
            _ => Err(Errno::EBADF),
        }
    }

    /// Sets it.
    pub fn set_cloexec(&self, fd: i32, on: bool) -> Result<()> {
        match self.slots.write().get_mut(fd as usize) {
            Some(Slot::Open { cloexec, .. }) if fd >= 0 => *cloexec = on,
            _ => return Err(Errno::EBADF),
        }
        Ok(())
    }

    /// `close_range(2)`: closes, or marks close-on-exec.
    pub fn close_range(&self, first: u32, last: u32, mark_only: bool) {
        let mut gone = Vec::new();
        {
            let mut slots = self.slots.write();
            let end = slots.len().min((last as usize).saturating_add(1));
            for slot in slots.iter_mut().take(end).skip(first as usize) {
                match slot {
                    Slot::Open { cloexec, .. } if mark_only => *cloexec = true,
                    Slot::Open { .. } => gone.push(core::mem::replace(slot, Slot::Free)),
                    _ => {}
                }
            }
        }
        self.close_all(gone);
    }

    /// `execve`: closes what is marked.
    pub fn close_on_exec(&self, _task: &Task) {
        let mut gone = Vec::new();
        for slot in self.slots.write().iter_mut() {
            if matches!(slot, Slot::Open { cloexec: true, .. }) {
                gone.push(core::mem::replace(slot, Slot::Free));
            }
        }
        self.close_all(gone);
    }

    /// The open descriptors, ascending (`/proc/PID/fd`).
    pub fn list(&self) -> Vec<i32> {
        let slots = self.slots.read();
        let open = slots.iter().enumerate().filter(|(_, s)| matches!(s, Slot::Open { .. }));
        open.map(|(i, _)| i as i32).collect()
    }

    fn close_all(&self, slots: Vec<Slot>) {
        for slot in slots {
            if let Slot::Open { file, .. } = slot {
                self.closing(&file);
            }
        }
    }

    /// What `close` does beyond dropping the reference: flush, and POSIX locks of this owner on the file go.
    fn closing(&self, file: &OpenRef) {
        let file = file.file();
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
    }

    /// Descriptors below this number are looked at by `select(2)` (`max_fds`): it grows as Linux's table does.
    pub fn capacity(&self) -> usize {
        const FIRST: usize = 64;
        const STEP: usize = 128;
        let len = self.slots.read().len();
        if len <= FIRST { FIRST } else { ((len - 1) / STEP + 1).next_power_of_two() * STEP }
    }
}

fn grow(slots: &mut Vec<Slot>, fd: usize) -> Result<()> {
    if fd >= slots.len() {
        slots.try_reserve(fd + 1 - slots.len()).map_err(|_| Errno::ENOMEM)?;
        slots.resize_with(fd + 1, || Slot::Free);
    }
    Ok(())
}

impl Reservation {
    /// The number.
    pub fn fd(&self) -> i32 {
        self.fd
    }

    /// Makes it visible.
    pub fn publish(mut self, file: impl Into<OpenRef>, cloexec: bool) -> i32 {
        let file = file.into();
        self.live = false;
        if let Some(slot) = self.table.slots.write().get_mut(self.fd as usize) {
            *slot = Slot::Open { file, cloexec };
        }
        self.fd
    }
}

impl Drop for Reservation {
    fn drop(&mut self) {
        if self.live
            && let Some(slot) = self.table.slots.write().get_mut(self.fd as usize)
        {
            *slot = Slot::Free;
        }
    }
}

impl Default for FileTable {
    fn default() -> FileTable {
        FileTable::new()
    }
}
