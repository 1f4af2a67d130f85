//! Telling observers what happens to files (Linux's `fs/notify/`), for `inotify(7)`.
//!
//! Each file system has a list of observed inodes, by number. Nothing is observed most of the time, and then an event costs
//! one load. Observers are called without locks of this list's. Left out: pinning inodes, permission events (`fanotify`).
//! Locks: the list's own (unranked: it takes nothing).

use super::mount::Path;
use alloc::collections::BTreeMap;
use alloc::sync::{Arc, Weak};
use alloc::vec::Vec;
use core::sync::atomic::{AtomicU32, Ordering::SeqCst};
use host::Result;
use host::lock::Mutex;

/// Bits of [`Event::mask`], with inotify's values.
#[allow(missing_docs)]
pub mod event {
    pub const ACCESS: u32 = 0x1;
    pub const MODIFY: u32 = 0x2;
    pub const ATTRIB: u32 = 0x4;
    pub const CLOSE_WRITE: u32 = 0x8;
    pub const CLOSE_NOWRITE: u32 = 0x10;
    pub const OPEN: u32 = 0x20;
    pub const MOVED_FROM: u32 = 0x40;
    pub const MOVED_TO: u32 = 0x80;
    pub const CREATE: u32 = 0x100;
    pub const DELETE: u32 = 0x200;
    pub const DELETE_SELF: u32 = 0x400;
    pub const MOVE_SELF: u32 = 0x800;
    /// The subject is a directory.
    pub const ISDIR: u32 = 0x4000_0000;
}

/// Something that happened.
#[derive(Clone, Copy, Debug)]
pub struct Event<'a> {
    /// What.
    pub mask: u32,
    /// Ties the two halves of a rename together.
    pub cookie: u32,
    /// To which name of the observed directory; empty when to the observed file itself.
    pub name: &'a [u8],
    /// The name does not lead there any more.
    pub unlinked: bool,
}

/// Who is told.
pub trait Observer: Send + Sync {
    /// It happened.
    fn notice(&self, event: &Event<'_>);
}

/// The observed inodes of a file system.
#[derive(Default)]
pub(crate) struct Watches {
    count: AtomicU32,
    cookies: AtomicU32,
    observers: Mutex<BTreeMap<u64, Vec<Weak<dyn Observer>>>>,
}

impl Watches {
    fn any(&self) -> bool {
        self.count.load(SeqCst) != 0
    }

    fn tell(&self, ino: u64, event: &Event<'_>) {
        let list: Vec<Weak<dyn Observer>> = self.observers.lock().get(&ino).cloned().unwrap_or_default();
        list.iter().filter_map(Weak::upgrade).for_each(|who| who.notice(event));
    }

    /// A number for the next rename.
    pub fn cookie(&self) -> u32 {
        self.cookies.fetch_add(1, SeqCst).wrapping_add(1)
    }
}

fn is_dir(path: &Path) -> u32 {
    if path.dentry.is_dir() { event::ISDIR } else { 0 }
}

impl Path {
    fn watches(&self) -> &Watches {
        &self.mount.sb().watches
    }

    fn ino(&self) -> Option<u64> {
        self.inode().metadata().ok().map(|m| m.ino)
    }

    /// Whether anything in this file system is observed.
    pub fn is_observed(&self) -> bool {
        self.watches().any()
    }

    /// Observes what stands here; answers its number.
    pub fn observe(&self, who: Weak<dyn Observer>) -> Result<u64> {
        let ino = self.inode().metadata()?.ino;
        self.watches().observers.lock().entry(ino).or_default().push(who);
        self.watches().count.fetch_add(1, SeqCst);
        Ok(ino)
    }

    /// Ends one observation of the inode with this number.
    pub fn unobserve(&self, ino: u64, who: &Arc<dyn Observer>) {
        let mut all = self.watches().observers.lock();
        let Some(list) = all.get_mut(&ino) else { return };
        let at = list.iter().position(|w| core::ptr::addr_eq(w.as_ptr(), Arc::as_ptr(who)));
        let gone = at.map(|i| list.swap_remove(i));
        if list.is_empty() {
            all.remove(&ino);
        }
        drop(all);
        if gone.is_some() {
            self.watches().count.fetch_sub(1, SeqCst);
        }
    }

    /// Something happened to this file: its observers and those of its directory hear of it.
    pub fn told(&self, mask: u32) {
        if !self.is_observed() {
            return;
        }
        if let Some(dir) = self.dentry.parent() {
            let dir = Path { mount: self.mount.clone(), dentry: dir };
            dir.told_event(&Event {
                mask: mask | is_dir(self),
                cookie: 0,
                name: &self.dentry.name(),
                unlinked: self.dentry.is_dead(),
            });
        }
        self.told_self(mask);
    }

    /// Something happened to this file that concerns only its own observers.
    pub fn told_self(&self, mask: u32) {
        if self.is_observed()
            && let Some(ino) = self.ino()
        {
            self.watches()
                .tell(ino, &Event { mask: mask | is_dir(self), cookie: 0, name: &[], unlinked: self.dentry.is_dead() });
        }
    }

    /// Something happened to a name in this directory.
    pub fn told_of(&self, mask: u32, cookie: u32, name: &[u8]) {
        self.told_event(&Event { mask, cookie, name, unlinked: false });
    }

    fn told_event(&self, event: &Event<'_>) {
        if self.is_observed()
            && let Some(ino) = self.ino()
        {
            self.watches().tell(ino, event);
        }
    }

    /// A rename is done.
    pub(crate) fn told_moved(from: &Path, old: &[u8], to: &Path, new: &[u8], moved: &Path) {
        if from.is_observed() {
            let (cookie, dir) = (from.watches().cookie(), is_dir(moved));
            from.told_of(event::MOVED_FROM | dir, cookie, old);
            to.told_of(event::MOVED_TO | dir, cookie, new);
            moved.told_self(event::MOVE_SELF);
        }
    }
}
