//! `inotify(7)`: what happens to watched files, to read.
//!
//! Answers to Linux's `fs/notify/inotify/`. A watch observes one inode (`fs_emu::vfs::notify`) and holds its place. Left out:
//! `IN_UNMOUNT`. A file that is deleted while it is open is reported as deleted at once. Locks: one of rank
//! OBJECT per instance.

use alloc::collections::{BTreeMap, VecDeque};
use alloc::format;
use alloc::sync::{Arc, Weak};
use alloc::vec::Vec;
use core::any::Any;
use core::sync::atomic::{AtomicU32, AtomicU64, Ordering::SeqCst};
use fs_emu::FileOps;
use fs_emu::file::Events;
use fs_emu::vfs::Path;
use fs_emu::vfs::notify::{Event, Observer, event};
use host::iov::IovIter;
use host::lock::{Mutex, rank};
use host::wait::{PollTable, WaitQueue};
use host::{Errno, Result, user};

/// `IN_ALL_EVENTS`.
pub const ALL_EVENTS: u32 = 0xfff;
/// `IN_ONESHOT`.
pub const ONESHOT: u32 = 0x8000_0000;
/// `IN_EXCL_UNLINK`.
pub const EXCL_UNLINK: u32 = 0x0400_0000;
/// `IN_MASK_ADD`.
pub const MASK_ADD: u32 = 0x2000_0000;
/// `IN_MASK_CREATE`.
pub const MASK_CREATE: u32 = 0x1000_0000;
const IGNORED: u32 = 0x8000;
const OVERFLOW: u32 = 0x4000;
/// `fs.inotify.max_queued_events` and `max_user_watches`.
const MAX_EVENTS: usize = 16384;
const MAX_WATCHES: usize = 65536;
/// Bytes of `struct inotify_event`, to which names are padded.
const HEAD: usize = 16;
const FIONREAD: u32 = 0x541b;

#[derive(Clone, PartialEq, Eq)]
struct Record {
    wd: i32,
    mask: u32,
    cookie: u32,
    name: Vec<u8>,
}

impl Record {
    fn name_room(&self) -> usize {
        if self.name.is_empty() { 0 } else { (self.name.len() + 1).next_multiple_of(HEAD) }
    }

    fn bytes(&self) -> Vec<u8> {
        let room = self.name_room();
        let mut out = Vec::with_capacity(HEAD + room);
        for word in [self.wd as u32, self.mask, self.cookie, room as u32] {
            out.extend(word.to_ne_bytes());
        }
        out.extend(&self.name);
        out.resize(HEAD + room, 0);
        out
    }
}

/// One watched inode.
struct Watch {
    wd: i32,
    mask: AtomicU32,
    path: Path,
    ino: AtomicU64,
    instance: Weak<Inotify>,
}

#[derive(Default)]
struct State {
    events: VecDeque<Record>,
    watches: BTreeMap<i32, Arc<Watch>>,
    last: i32,
}

/// What a descriptor refers to.
pub struct Inotify {
    state: Mutex<State, { rank::OBJECT }>,
    changed: Arc<WaitQueue>,
    me: Weak<Inotify>,
}

impl Inotify {
    /// One that watches nothing.
    pub fn new() -> Arc<Inotify> {
        Arc::new_cyclic(|me| Inotify { state: Mutex::default(), changed: WaitQueue::new(), me: me.clone() })
    }

    /// `inotify_add_watch(2)`: answers the watch's number, the old one if the file is watched already.
    pub fn add(&self, path: Path, mask: u32) -> Result<i32> {
        let events = mask & (ALL_EVENTS | ONESHOT | EXCL_UNLINK);
        let meta = path.metadata()?;
        let all: Vec<Arc<Watch>> = self.state.lock().watches.values().cloned().collect();
        let same = |w: &&Arc<Watch>| {
            w.ino.load(SeqCst) == meta.ino && (w.path.same(&path) || w.path.metadata().is_ok_and(|m| m.dev == meta.dev))
        };
        if let Some(watch) = all.iter().find(same) {
            if mask & MASK_CREATE != 0 {
                return Err(Errno::EEXIST);
            }
            let kept = if mask & MASK_ADD != 0 { watch.mask.load(SeqCst) } else { 0 };
            watch.mask.store(events | kept, SeqCst);
            return Ok(watch.wd);
        }
        let mut state = self.state.lock();
        if state.watches.len() >= MAX_WATCHES {
            return Err(Errno::ENOSPC);
        }
        state.last = state.last.checked_add(1).ok_or(Errno::ENOSPC)?;
        let wd = state.last;
        let (mask, instance) = (AtomicU32::new(events), self.me.clone());
        let watch = Arc::new(Watch { wd, mask, path: path.clone(), ino: AtomicU64::new(meta.ino), instance });
        state.watches.insert(wd, watch.clone());
        drop(state);
        let observer: Arc<dyn Observer> = watch.clone();
        watch.ino.store(path.observe(Arc::downgrade(&observer))?, SeqCst);
        Ok(wd)
    }

    /// `inotify_rm_watch(2)`.
    pub fn remove(&self, wd: i32) -> Result<()> {
        let watch = self.state.lock().watches.remove(&wd).ok_or(Errno::EINVAL)?;
        self.let_go(watch);
        Ok(())
    }

    fn let_go(&self, watch: Arc<Watch>) {
        let wd = watch.wd;
        unobserve(watch);
        self.push(Record { wd, mask: IGNORED, cookie: 0, name: Vec::new() });
    }

    fn push(&self, record: Record) {
        let mut state = self.state.lock();
        if state.events.back() == Some(&record) {
            return;
        }
        if state.events.len() >= MAX_EVENTS {
            let lost = Record { wd: -1, mask: OVERFLOW, cookie: 0, name: Vec::new() };
            if state.events.back() != Some(&lost) {
                state.events.push_back(lost);
            }
            return;
        }
        state.events.push_back(record);
        drop(state);
        self.changed.wake_all();
    }
}

fn unobserve(watch: Arc<Watch>) {
    let (path, ino) = (watch.path.clone(), watch.ino.load(SeqCst));
    let observer: Arc<dyn Observer> = watch;
    path.unobserve(ino, &observer);
}

impl Observer for Watch {
    fn notice(&self, what: &Event<'_>) {
        let Some(instance) = self.instance.upgrade() else { return };
        let mask = self.mask.load(SeqCst);
        if mask & EXCL_UNLINK != 0 && what.unlinked && !what.name.is_empty() {
            return;
        }
        let wanted = what.mask & mask & ALL_EVENTS != 0;
        if wanted {
            let name = what.name.to_vec();
            instance.push(Record { wd: self.wd, mask: what.mask, cookie: what.cookie, name });
        }
        // Nothing more will come of a file that is gone, nor of a watch for one event.
        if (what.mask & event::DELETE_SELF != 0 && what.name.is_empty()) || (wanted && mask & ONESHOT != 0) {
            let _ = instance.remove(self.wd);
        }
    }
}

impl Drop for Inotify {
    fn drop(&mut self) {
        let watches = core::mem::take(&mut self.state.get_mut().watches);
        watches.into_values().for_each(unobserve);
    }
}

impl FileOps for Inotify {
    fn as_any(&self) -> &dyn Any {
        self
    }

    fn read_at(&self, _off: u64, to: &mut IovIter<'_>) -> Result<usize> {
        let mut done = 0;
        let mut state = self.state.lock();
        while let Some(record) = state.events.front() {
            let bytes = record.bytes();
            if to.remaining() < bytes.len() {
                return if done > 0 { Ok(done) } else { Err(Errno::EINVAL) };
            }
            let moved = to.put(&bytes);
            if moved < bytes.len() {
                to.revert(moved);
                return if done > 0 { Ok(done) } else { Err(Errno::EFAULT) };
            }
            done += moved;
            state.events.pop_front();
        }
        if done > 0 { Ok(done) } else { Err(Errno::EAGAIN) }
    }

    fn seekable(&self) -> bool {
        false
    }

    fn spliceable(&self) -> bool {
        false
    }

    fn poll(&self, table: Option<&mut PollTable>) -> Events {
        if let Some(table) = table {
            table.wait_on(&self.changed);
        }
        if self.state.lock().events.is_empty() { Events::empty() } else { Events::IN | Events::RDNORM }
    }

    fn ioctl(&self, cmd: u32, arg: usize) -> Result<usize> {
        if cmd != FIONREAD {
            return Err(Errno::ENOTTY);
        }
        let bytes: usize = self.state.lock().events.iter().map(|r| HEAD + r.name_room()).sum();
        user::write(arg, &i32::try_from(bytes).unwrap_or(i32::MAX)).map(|()| 0)
    }

    fn describe(&self) -> Vec<u8> {
        b"anon_inode:inotify".to_vec()
    }

    fn fd_info(&self) -> Vec<u8> {
        let all: Vec<Arc<Watch>> = self.state.lock().watches.values().cloned().collect();
        let mut out = Vec::new();
        for watch in all {
            let dev = watch.path.metadata().map_or(0, |m| m.dev);
            let (major, minor) = host::abi::dev_split(dev);
            let (ino, mask) = (watch.ino.load(SeqCst), watch.mask.load(SeqCst));
            let dev = u64::from(major) << 20 | u64::from(minor);
            let line = format!("inotify wd:{:x} ino:{ino:x} sdev:{dev:x} mask:{mask:x} ignored_mask:0 \n", watch.wd);
            out.extend(line.as_bytes());
        }
        out
    }
}
