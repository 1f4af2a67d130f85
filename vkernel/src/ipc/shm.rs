//! Shared memory segments (`ipc/shm.c`): files of a tmpfs that is mounted nowhere, mapped where they are attached.
//!
//! A segment is attached as often as mappings of it exist: each holds the segment's name. Removed, it goes with the last.

use super::{Object, Perm, now};
use crate::kernel::kernel;
use crate::mm::{FileName, FileTag};
use alloc::format;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::any::Any;
use fs_emu::vfs::File;
use host::Result;
use host::lock::{Mutex, rank};

/// Removed, but still attached (`SHM_DEST`).
pub const DEST: u32 = 0o1000;
/// `SHM_LOCKED`.
pub const LOCKED: u32 = 0o2000;

/// What changes about a segment.
#[derive(Clone, Copy, Debug)]
#[allow(missing_docs)]
pub struct State {
    pub perm: Perm,
    pub attached_at: i64,
    pub detached_at: i64,
    pub changed_at: i64,
    pub last_pid: u32,
}

/// A segment.
pub struct Segment {
    /// In bytes, as it was asked for.
    pub size: u64,
    /// Who made it.
    pub creator: u32,
    name: Arc<ShmName>,
    state: Mutex<State, { rank::OBJECT }>,
}

/// What a mapping of a segment holds.
pub struct ShmName {
    file: Arc<File>,
    key: i32,
}

impl FileName for ShmName {
    fn path(&self) -> Vec<u8> {
        format!("/SYSV{:08x} (deleted)", self.key).into_bytes()
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}

impl Object for Segment {
    fn perm(&self) -> Perm {
        self.state.lock().perm
    }
}

impl Segment {
    /// A segment in this file.
    pub fn new(perm: Perm, size: u64, creator: u32, file: Arc<File>) -> Segment {
        let name = Arc::new(ShmName { file, key: perm.key });
        let state = State { perm, attached_at: 0, detached_at: 0, changed_at: now(), last_pid: 0 };
        Segment { size, creator, name, state: Mutex::new(state) }
    }

    /// The file and the name to map it by.
    pub fn to_map(&self, id: i32) -> (Arc<File>, FileTag) {
        let dev = self.name.file.metadata().map_or(0, |m| m.dev);
        (self.name.file.clone(), FileTag::new(self.name.clone(), dev, id as u64))
    }

    /// Number of mappings.
    pub fn attached(&self) -> usize {
        Arc::strong_count(&self.name) - 1
    }

    /// As it is now.
    pub fn state(&self) -> State {
        *self.state.lock()
    }

    /// Changes it.
    pub fn change(&self, how: impl FnOnce(&mut State) -> Result<()>) -> Result<()> {
        how(&mut self.state.lock())
    }

    /// Somebody attached or detached it.
    pub fn touched(&self, pid: u32, attached: bool) {
        let mut state = self.state.lock();
        state.last_pid = pid;
        if attached {
            state.attached_at = now();
        } else {
            state.detached_at = now();
        }
    }

    fn is(&self, tag: &FileTag) -> bool {
        core::ptr::addr_eq(Arc::as_ptr(&self.name), Arc::as_ptr(&tag.name))
    }
}

/// What stands behind a mapping of a segment.
pub fn file_of(name: &dyn FileName) -> Option<Arc<dyn fs_emu::FileOps>> {
    name.as_any().downcast_ref::<ShmName>().map(|n| n.file.ops().clone())
}

/// Whether a mapping is of a segment.
pub fn is_segment(tag: &FileTag) -> bool {
    tag.name.as_any().is::<ShmName>()
}

/// After a detach: notes it, and removes the segment if that was the last mapping of a removed one.
pub fn detached(tag: &FileTag, pid: u32) {
    let ids = &kernel().ipc.shm;
    if let Some((_, segment)) = ids.list().into_iter().find(|(_, s)| s.is(tag)) {
        segment.touched(pid, false);
    }
}

/// Forgets the removed segments that nobody has attached any more.
pub fn sweep() {
    let ids = &kernel().ipc.shm;
    for (id, segment) in ids.list() {
        if segment.perm().mode & DEST != 0 && segment.attached() == 0 {
            ids.remove(id);
        }
    }
}
