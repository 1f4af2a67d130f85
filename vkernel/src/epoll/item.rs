//! One entry of an interest list (`struct epitem`).

use super::{ALWAYS, Core, Interest, Key, flag};
use crate::kernel::kernel;
use alloc::sync::{Arc, Weak};
use alloc::vec::Vec;
use core::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering::SeqCst};
use fs_emu::vfs::File;
use host::lock::Mutex;
use host::wait::{PollTable, Wake};

/// A watched file.
pub(super) struct Item {
    /// Never given twice.
    pub id: u64,
    pub file: Weak<File>,
    pub key: Key,
    core: Arc<Core>,
    events: AtomicU32,
    data: AtomicU64,
    /// Whether it is in the ready list.
    pub queued: AtomicBool,
    /// Its registrations. They hold the item, so they must be taken away for it to go.
    registered: Mutex<Option<PollTable>>,
}

impl Item {
    pub fn new(file: &Arc<File>, key: Key, want: Interest, core: &Arc<Core>) -> Arc<Item> {
        Arc::new(Item {
            id: kernel().next_id(),
            file: Arc::downgrade(file),
            key,
            core: core.clone(),
            events: AtomicU32::new(want.events | ALWAYS),
            data: AtomicU64::new(want.data),
            queued: AtomicBool::new(false),
            registered: Mutex::new(None),
        })
    }

    /// Registers with the file; answers its host descriptors.
    pub fn register(self: &Arc<Self>, file: &File) -> Vec<i32> {
        let mut table = PollTable::new(self.clone());
        file.ops().poll(Some(&mut table));
        let fds = table.host_fds().iter().map(|p| p.fd).collect();
        *self.registered.lock() = Some(table);
        fds
    }

    pub fn unregister(&self) {
        let table = self.registered.lock().take();
        drop(table);
    }

    pub fn interest(&self) -> u32 {
        self.events.load(SeqCst)
    }

    pub fn data(&self) -> u64 {
        self.data.load(SeqCst)
    }

    pub fn set(&self, want: Interest) {
        self.data.store(want.data, SeqCst);
        self.events.store(want.events | ALWAYS, SeqCst);
    }

    /// After a report of a one-shot item: until it is set again, nothing is of interest.
    pub fn disable(&self) {
        self.events.fetch_and(flag::ALL, SeqCst);
    }

    /// What of interest is there now.
    pub fn look(&self, file: &File) -> u32 {
        let interest = self.interest() & !flag::ALL;
        if interest == 0 { 0 } else { u32::from(file.ops().poll(None).bits()) & interest }
    }
}

impl Wake for Item {
    fn wake(&self) {
        if self.interest() & !flag::ALL != 0 {
            self.core.mark(self);
        }
    }

    fn wake_for(&self, events: u16) {
        if self.interest() & u32::from(events) != 0 {
            self.core.mark(self);
        }
    }
}
