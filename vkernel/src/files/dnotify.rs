//! `F_NOTIFY`: a signal for what happens to the names in a directory (`fs/notify/dnotify/`).
//!
//! A registration belongs to an open directory and to the descriptor table in which it was made, and ends when that table closes
//! a descriptor of it. Locks: its own (leaf).

use super::extra::FileExtra;
use super::sigio::{self, Reason};
use alloc::sync::{Arc, Weak};
use core::sync::atomic::{AtomicU32, Ordering::SeqCst};
use fs_emu::vfs::notify::{Event, Observer, event};
use fs_emu::vfs::{File, Path};
use host::Result;

const ACCESS: u32 = 1;
const MODIFY: u32 = 2;
const CREATE: u32 = 4;
const DELETE: u32 = 8;
const RENAME: u32 = 16;
const ATTRIB: u32 = 32;
/// It is not over after the first signal.
pub const MULTISHOT: u32 = 0x8000_0000;
/// Everything that can be asked for.
const EVENTS: u32 = ACCESS | MODIFY | CREATE | DELETE | RENAME | ATTRIB;

/// One registration.
pub struct Dnotify {
    table: u64,
    fd: i32,
    mask: AtomicU32,
    /// The rename whose first half was seen.
    renaming: AtomicU32,
    path: Path,
    ino: u64,
    extra: Weak<FileExtra>,
}

impl Dnotify {
    /// Observes the directory. `mask` has at least one event.
    pub fn begin(file: &File, extra: &Arc<FileExtra>, table: u64, fd: i32, mask: u32) -> Result<Option<Arc<Dnotify>>> {
        let Some(path) = file.path() else { return Ok(None) };
        let ino = path.metadata()?.ino;
        let made = Arc::new(Dnotify {
            table,
            fd,
            mask: AtomicU32::new(mask & (EVENTS | MULTISHOT)),
            renaming: AtomicU32::new(0),
            path: path.clone(),
            ino,
            extra: Arc::downgrade(extra),
        });
        let observer: Arc<dyn Observer> = made.clone();
        path.observe(Arc::downgrade(&observer))?;
        Ok(Some(made))
    }

    /// Whether it was made through this descriptor table.
    pub fn is_of(&self, table: u64) -> bool {
        self.table == table
    }

    /// Asks for more.
    pub fn add(&self, mask: u32) {
        self.mask.fetch_or(mask & (EVENTS | MULTISHOT), SeqCst);
    }

    /// Whether this names at least one event.
    pub fn is_request(mask: u32) -> bool {
        mask & !MULTISHOT != 0
    }

    /// Ends it.
    pub fn end(self: Arc<Self>) {
        let (path, ino) = (self.path.clone(), self.ino);
        let observer: Arc<dyn Observer> = self;
        path.unobserve(ino, &observer);
    }

    fn wanted(&self, what: &Event<'_>) -> u32 {
        let mut seen = 0;
        for (bits, request) in [
            (event::ACCESS, ACCESS),
            (event::MODIFY, MODIFY),
            (event::ATTRIB, ATTRIB),
            (event::CREATE | event::MOVED_TO, CREATE),
            (event::DELETE | event::MOVED_FROM, DELETE),
        ] {
            if what.mask & bits != 0 {
                seen |= request;
            }
        }
        if what.mask & event::MOVED_FROM != 0 {
            self.renaming.store(what.cookie, SeqCst);
        }
        // A rename is one within the directory: both halves of it come here.
        if what.mask & event::MOVED_TO != 0 && self.renaming.load(SeqCst) == what.cookie {
            seen |= RENAME;
        }
        seen & self.mask.load(SeqCst)
    }
}

impl Observer for Dnotify {
    fn notice(&self, what: &Event<'_>) {
        if self.wanted(what) == 0 {
            return;
        }
        sigio::note(&self.extra, self.fd, Reason::Message);
        if self.mask.load(SeqCst) & MULTISHOT == 0 {
            self.mask.store(0, SeqCst);
        }
    }
}
