//! `SIGIO`: telling a process by a signal that something happened to a file (`fs/fcntl.c`: `send_sigio`, `kill_fasync`).
//!
//! Whoever notices it may hold any lock, so that the signal is only noted here and sent by the same thread before it sleeps or
//! goes back to its guest. Locks: the list of notes (LEAF); TASKLIST and SIGHAND when they are sent, with nothing held.

use super::extra::{FileExtra, Receiver};
use crate::kernel::kernel;
use crate::signal::{self, SIGIO};
use crate::task::Task;
use alloc::sync::{Arc, Weak};
use alloc::vec::Vec;
use core::sync::atomic::{AtomicU32, Ordering::SeqCst};
use fs_emu::file::Events;
use fs_emu::vfs::File;
use host::lock::{Mutex, rank};
use host::wait::{PollTable, Wake};

/// Why (`si_code`), and the bits of `si_band` that go with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason {
    /// There is something to read.
    In,
    /// There is room to write.
    Out,
    /// A lease is to be given up, or a directory changed.
    Message,
    /// The other end is gone.
    HangUp,
}

impl Reason {
    fn code(self) -> i32 {
        match self {
            Reason::In => 1,
            Reason::Out => 2,
            Reason::Message => 3,
            Reason::HangUp => 6,
        }
    }

    fn band(self) -> u64 {
        match self {
            Reason::In => 0x41,
            Reason::Out => 0x304,
            Reason::Message => 0x441,
            Reason::HangUp => 0x18,
        }
    }
}

/// A signal to be sent.
struct Note {
    extra: Weak<FileExtra>,
    fd: i32,
    what: What,
}

enum What {
    /// This.
    Known(Reason),
    /// What the file says when the signal is sent.
    AsItIs(Weak<Watch>),
}

/// All signals that are noted and not yet sent.
#[derive(Default)]
pub struct Notes {
    count: AtomicU32,
    list: Mutex<Vec<Note>, { rank::LEAF }>,
}

impl Notes {
    fn add(&self, note: Note) {
        let mut list = self.list.lock();
        list.push(note);
        self.count.store(list.len() as u32, SeqCst);
        drop(list);
        host::cpu::current().thread().set_work();
    }

    /// Sends what is noted. No lock may be held.
    pub fn send_all(&self) {
        if self.count.load(SeqCst) == 0 {
            return;
        }
        let mut list = self.list.lock();
        let notes = core::mem::take(&mut *list);
        self.count.store(0, SeqCst);
        drop(list);
        notes.iter().for_each(Note::send);
    }
}

/// Notes that the owner of a file is to be told of something.
pub fn note(extra: &Weak<FileExtra>, fd: i32, reason: Reason) {
    kernel().sigio.add(Note { extra: extra.clone(), fd, what: What::Known(reason) });
}

impl Note {
    fn send(&self) {
        let Some(extra) = self.extra.upgrade() else { return };
        let reason = match &self.what {
            What::Known(reason) => Some(*reason),
            What::AsItIs(watch) => watch.upgrade().and_then(|w| w.look()),
        };
        if let Some(reason) = reason {
            extra.tell(self.fd, reason);
        }
    }
}

impl FileExtra {
    /// Sends the signal of `F_SETSIG` to whom `F_SETOWN` named.
    fn tell(&self, fd: i32, reason: Reason) {
        let (receiver, (uid, euid)) = self.owner();
        let mut sig = self.signal();
        let mut info = if sig == 0 {
            sig = SIGIO;
            signal::info(sig, signal::code::SI_KERNEL)
        } else {
            signal::info(sig, reason.code())
        };
        if info.code != signal::code::SI_KERNEL {
            info.fields[0] = reason.band();
            info.fields[1] = u64::from(fd as u32);
        }
        let may = |task: &Task| {
            let theirs = task.cred();
            euid == 0 || [euid, uid].iter().any(|id| *id == theirs.suid || *id == theirs.uid)
        };
        let tasks = &kernel().tasks;
        match receiver {
            Receiver::None => {}
            Receiver::Thread(id) => {
                if let Some(task) = tasks.task(id).filter(|t| may(t)) {
                    let _ = task.send(sig, info);
                }
            }
            Receiver::Process(id) => {
                if let Some(task) = tasks.task(id).filter(|t| may(t)) {
                    let _ = task.group.send(sig, info);
                }
            }
            Receiver::Group(id) => {
                let mut all = signal::Together::default();
                for group in tasks.pgrp_members(id) {
                    if group.threads().first().is_some_and(|t| may(t)) {
                        let _ = all.send(&group, sig, info);
                    }
                }
            }
        }
    }
}

/// A file with `O_ASYNC`, on whose queues this stands.
pub struct Watch {
    extra: Weak<FileExtra>,
    file: Weak<File>,
    fd: i32,
    /// A note of it is on its way.
    noted: AtomicU32,
    me: Weak<Watch>,
}

/// Its registrations, which end with it.
pub struct Async(#[allow(dead_code)] PollTable);

impl Watch {
    /// Begins to watch.
    pub fn begin(file: &Arc<File>, extra: &Arc<FileExtra>, fd: i32) -> Async {
        let (extra, file_ref) = (Arc::downgrade(extra), Arc::downgrade(file));
        let watch = Arc::new_cyclic(|me| Watch { extra, file: file_ref, fd, noted: AtomicU32::new(0), me: me.clone() });
        let mut table = PollTable::new(watch);
        file.ops().poll(Some(&mut table));
        Async(table)
    }

    fn look(&self) -> Option<Reason> {
        self.noted.store(0, SeqCst);
        let file = self.file.upgrade()?;
        let now = file.ops().poll(None);
        if file.flags().readable() && now.intersects(Events::IN | Events::PRI) {
            Some(Reason::In)
        } else if now.contains(Events::HUP) {
            Some(Reason::HangUp)
        } else if file.flags().writable() && now.contains(Events::OUT) {
            Some(Reason::Out)
        } else {
            None
        }
    }
}

impl Wake for Watch {
    fn wake(&self) {
        if self.noted.swap(1, SeqCst) == 0 {
            let (extra, what) = (self.extra.clone(), What::AsItIs(self.me.clone()));
            kernel().sigio.add(Note { extra, fd: self.fd, what });
        }
    }
}
