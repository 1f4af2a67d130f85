//! POSIX message queues: names, messages by priority, and one registration to be told of the first message (`ipc/mqueue.c`).
//!
//! Names live in one table; the `mqueue` file system that shows them is left out, and so is `SIGEV_THREAD`, whose messages would
//! go to a netlink socket. Locks: the table's own (unranked: it takes nothing but a queue's), one of rank OBJECT per queue.

use crate::kernel::kernel;
use crate::signal::{self, code};
use crate::task::{Task, ThreadGroup, Wait};
use alloc::collections::{BTreeMap, VecDeque};
use alloc::format;
use alloc::sync::{Arc, Weak};
use alloc::vec::Vec;
use core::any::Any;
use core::sync::atomic::{AtomicU64, Ordering::SeqCst};
use fs_emu::cred::Caps;
use fs_emu::file::Events;
use fs_emu::vfs::{File, perm};
use fs_emu::{Cred, FileOps, FileType, Metadata, OpenFlags, Owner, SetAttr};
use host::abi::Timespec;
use host::iov::IovIter;
use host::lock::{Mutex, rank};
use host::time::Deadline;
use host::wait::{PollTable, WaitQueue};
use host::{Errno, Result};

/// `MQ_PRIO_MAX`.
pub const PRIO_MAX: u32 = 32768;
/// `/proc/sys/fs/mqueue/queues_max`, `msg_max`, `msgsize_max`: what a caller without `CAP_SYS_RESOURCE` gets.
const QUEUES_MAX: usize = 256;
const MSG_MAX: i64 = 10;
const MSGSIZE_MAX: i64 = 8192;
/// The same for one with it.
const HARD_MSG_MAX: i64 = 65536;
const HARD_MSGSIZE_MAX: i64 = 16 << 20;
/// What the kernel itself needs for a message (`struct msg_msg` and a tree node), charged to `RLIMIT_MSGQUEUE`.
const OVERHEAD: u64 = 48 + 48;
/// Device number of the file system that is mounted nowhere.
const MQUEUE: u64 = host::abi::dev_join(0, 20);

/// Messages of one priority at a time, in order of arrival.
struct State {
    by_prio: BTreeMap<u32, VecDeque<Arc<[u8]>>>,
    count: i64,
    bytes: u64,
    /// Receivers that sleep: a message for one of them tells nobody.
    receivers: u32,
    notify: Option<Registered>,
    mode: u32,
    owner: Owner,
    times: [Timespec; 3],
}

/// Who is told of a message that comes to an empty queue, once.
struct Registered {
    group: Weak<ThreadGroup>,
    how: Notify,
}

/// How (`struct sigevent`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Notify {
    /// Not at all, but nobody else can register (`SIGEV_NONE`).
    Nothing,
    /// A signal with a value.
    Signal {
        /// Its number; 0 sends nothing.
        sig: u32,
        /// `si_value`.
        value: u64,
    },
}

/// A queue, named or already unlinked.
pub struct Mqueue {
    ino: u64,
    max_messages: i64,
    max_bytes: i64,
    /// Whose limit it counts against, and with how many bytes.
    charge: (u32, u64),
    state: Mutex<State, { rank::OBJECT }>,
    changed: Arc<WaitQueue>,
}

/// All queues that have a name.
#[derive(Default)]
pub struct Mqueues {
    names: Mutex<BTreeMap<Vec<u8>, Arc<Mqueue>>>,
    /// Bytes charged, by user.
    charged: Mutex<BTreeMap<u32, u64>, { rank::LEAF }>,
    made: AtomicU64,
}

/// Who opens or unlinks.
pub struct Caller<'a> {
    /// As whom.
    pub cred: &'a Cred,
    /// `RLIMIT_MSGQUEUE`.
    pub limit: u64,
    /// Bits that a new queue does not get.
    pub umask: u32,
}

impl Mqueues {
    /// `mq_open(2)`: finds or makes. `attr` is the most messages and the most bytes of one.
    pub fn open(
        &self,
        name: &[u8],
        flags: OpenFlags,
        mode: u32,
        attr: Option<(i64, i64)>,
        caller: &Caller<'_>,
    ) -> Result<Arc<Mqueue>> {
        check_name(name)?;
        let mut names = self.names.lock();
        if let Some(queue) = names.get(name) {
            if flags.contains(OpenFlags::CREAT | OpenFlags::EXCL) {
                return Err(Errno::EEXIST);
            }
            let want = match flags.bits() & 3 {
                0 => perm::READ,
                1 => perm::WRITE,
                2 => perm::READ | perm::WRITE,
                _ => return Err(Errno::EINVAL),
            };
            let state = queue.state.lock();
            perm::check(caller.cred, FileType::Regular.mode() | state.mode, state.owner, want)?;
            drop(state);
            return Ok(queue.clone());
        }
        if !flags.contains(OpenFlags::CREAT) {
            return Err(Errno::ENOENT);
        }
        let privileged = caller.cred.capable(Caps::SYS_RESOURCE);
        if names.len() >= QUEUES_MAX && !privileged {
            return Err(Errno::ENOSPC);
        }
        let (max_messages, max_bytes) = attr.unwrap_or((MSG_MAX, MSGSIZE_MAX));
        let hard = if privileged { (HARD_MSG_MAX, HARD_MSGSIZE_MAX) } else { (MSG_MAX, MSGSIZE_MAX) };
        if max_messages <= 0 || max_bytes <= 0 || max_messages > hard.0 || max_bytes > hard.1 {
            return Err(Errno::EINVAL);
        }
        let bytes = (max_messages as u64).saturating_mul((max_bytes as u64).saturating_add(OVERHEAD));
        let owner = Owner { uid: caller.cred.fsuid, gid: caller.cred.fsgid };
        self.charge(owner.uid, bytes, caller.limit)?;
        let state = State::new(mode & 0o7777 & !caller.umask, owner);
        let queue = Arc::new(Mqueue {
            ino: self.made.fetch_add(1, SeqCst) + 2,
            max_messages,
            max_bytes,
            charge: (owner.uid, bytes),
            state: Mutex::new(state),
            changed: WaitQueue::new(),
        });
        names.insert(name.to_vec(), queue.clone());
        Ok(queue)
    }

    /// `mq_unlink(2)`. The directory of all names is sticky.
    pub fn unlink(&self, name: &[u8], cred: &Cred) -> Result<()> {
        check_name(name)?;
        let mut names = self.names.lock();
        let queue = names.get(name).ok_or(Errno::ENOENT)?;
        let owner = queue.state.lock().owner;
        if cred.fsuid != 0 && !perm::owns(cred, owner) {
            return Err(Errno::EPERM);
        }
        let gone = names.remove(name);
        drop(names);
        drop(gone);
        Ok(())
    }

    fn charge(&self, uid: u32, bytes: u64, limit: u64) -> Result<()> {
        let mut charged = self.charged.lock();
        let before = charged.get(&uid).copied().unwrap_or(0);
        let after = before.saturating_add(bytes);
        if after > limit {
            return Err(Errno::EMFILE);
        }
        charged.insert(uid, after);
        Ok(())
    }
}

/// One component, as `lookup_one_len` wants it: `EACCES` for anything that is none.
fn check_name(name: &[u8]) -> Result<()> {
    if name.is_empty() {
        return Err(Errno::ENOENT);
    }
    if name == b"." || name == b".." || name.contains(&b'/') {
        return Err(Errno::EACCES);
    }
    if name.len() > 255 { Err(Errno::ENAMETOOLONG) } else { Ok(()) }
}

impl Drop for Mqueue {
    fn drop(&mut self) {
        let mut charged = kernel().mqueues.charged.lock();
        if let Some(bytes) = charged.get_mut(&self.charge.0) {
            *bytes = bytes.saturating_sub(self.charge.1);
        }
    }
}

/// What `mq_getattr` tells: most messages, most bytes of one, messages now.
pub type Attr = (i64, i64, i64);

impl Mqueue {
    /// `mq_maxmsg`, `mq_msgsize`, `mq_curmsgs`.
    pub fn attr(&self) -> Attr {
        (self.max_messages, self.max_bytes, self.state.lock().count)
    }

    /// `mq_timedsend(2)`: `EMSGSIZE` is the caller's to check first, so that the message need not be copied.
    pub fn send(&self, task: &Task, body: Arc<[u8]>, prio: u32, nonblock: bool, until: Option<Deadline>) -> Result<()> {
        let mut attempt = |table: Option<&mut PollTable>| {
            if let Some(table) = table {
                table.wait_on(&self.changed);
            }
            let mut state = self.state.lock();
            if state.count >= self.max_messages {
                return None;
            }
            let first = state.count == 0 && state.receivers == 0;
            state.count += 1;
            state.bytes += body.len() as u64;
            state.by_prio.entry(prio).or_default().push_back(body.clone());
            state.touch(&[MODIFIED, CHANGED]);
            let told = if first { state.notify.take() } else { None };
            drop(state);
            self.changed.wake_all();
            if let Some(registered) = told {
                registered.tell(task);
            }
            Some(())
        };
        match wait(task, nonblock, until, &mut attempt)? {
            Wait::Ready(()) => Ok(()),
            other => other.or(Errno::ETIMEDOUT),
        }
    }

    /// `mq_timedreceive(2)`: the oldest message of the highest priority.
    pub fn receive(&self, task: &Task, nonblock: bool, until: Option<Deadline>) -> Result<(Arc<[u8]>, u32)> {
        let sleeping = Sleeping { queue: self, counted: core::cell::Cell::new(false) };
        let mut attempt = |table: Option<&mut PollTable>| {
            let waits = table.is_some();
            if let Some(table) = table {
                table.wait_on(&self.changed);
            }
            let mut state = self.state.lock();
            let got = state.take();
            if got.is_none() && waits {
                sleeping.count(&mut state);
            }
            drop(state);
            if got.is_some() {
                self.changed.wake_all();
            }
            got
        };
        match wait(task, nonblock, until, &mut attempt)? {
            Wait::Ready(got) => Ok(got),
            other => other.or(Errno::ETIMEDOUT),
        }
    }

    /// `mq_notify(2)`: registers the caller (`EBUSY` when somebody is) or ends its own registration.
    pub fn notify(&self, task: &Task, how: Option<Notify>) -> Result<()> {
        let mut state = self.state.lock();
        let owner = state.notify.as_ref().and_then(|r| r.group.upgrade());
        match how {
            None => {
                if owner.is_some_and(|o| Arc::ptr_eq(&o, &task.group)) {
                    state.notify = None;
                    state.touch(&[CHANGED]);
                }
                Ok(())
            }
            Some(_) if owner.is_some() => Err(Errno::EBUSY),
            Some(how) => {
                state.notify = Some(Registered { group: Arc::downgrade(&task.group), how });
                state.touch(&[CHANGED]);
                Ok(())
            }
        }
    }
}

const ACCESSED: usize = 0;
const MODIFIED: usize = 1;
const CHANGED: usize = 2;

impl State {
    fn new(mode: u32, owner: Owner) -> State {
        let times = [host::time::coarse(); 3];
        State { by_prio: BTreeMap::new(), count: 0, bytes: 0, receivers: 0, notify: None, mode, owner, times }
    }

    fn take(&mut self) -> Option<(Arc<[u8]>, u32)> {
        let mut highest = self.by_prio.last_entry()?;
        let prio = *highest.key();
        let body = highest.get_mut().pop_front()?;
        if highest.get().is_empty() {
            highest.remove();
        }
        self.count -= 1;
        self.bytes = self.bytes.saturating_sub(body.len() as u64);
        self.touch(&[ACCESSED, CHANGED]);
        Some((body, prio))
    }

    fn touch(&mut self, which: &[usize]) {
        let now = host::time::coarse();
        which.iter().for_each(|&i| self.times[i] = now);
    }
}

/// Counts a receiver among those that sleep for as long as it lives.
struct Sleeping<'a> {
    queue: &'a Mqueue,
    counted: core::cell::Cell<bool>,
}

impl Sleeping<'_> {
    fn count(&self, state: &mut State) {
        if !self.counted.replace(true) {
            state.receivers += 1;
        }
    }
}

impl Drop for Sleeping<'_> {
    fn drop(&mut self) {
        if self.counted.get() {
            self.queue.state.lock().receivers -= 1;
        }
    }
}

fn wait<T>(
    task: &Task,
    nonblock: bool,
    until: Option<Deadline>,
    attempt: &mut impl FnMut(Option<&mut PollTable>) -> Option<T>,
) -> Result<Wait<T>> {
    if nonblock {
        return attempt(None).map(Wait::Ready).ok_or(Errno::EAGAIN);
    }
    Ok(task.wait_for(until, attempt))
}

impl Registered {
    fn tell(&self, sender: &Task) {
        let (Some(group), Notify::Signal { sig, value }) = (self.group.upgrade(), self.how) else { return };
        let mut info = signal::info_user(sig, code::SI_MESGQ, sender.tgid(), sender.cred().uid);
        info.fields[1] = value;
        let _ = group.send(sig, info);
    }
}

/// An open queue.
pub struct MqFile {
    queue: Arc<Mqueue>,
}

impl MqFile {
    /// Opens it once.
    pub fn open(queue: Arc<Mqueue>, flags: OpenFlags) -> Arc<File> {
        File::new(Arc::new(MqFile { queue }), None, flags)
    }

    /// The queue behind an open file. `EBADF` when there is none.
    pub fn of(file: &File) -> Result<&Arc<Mqueue>> {
        file.ops_as::<MqFile>().map(|f| &f.queue).ok_or(Errno::EBADF)
    }
}

impl FileOps for MqFile {
    fn as_any(&self) -> &dyn Any {
        self
    }

    fn read_at(&self, off: u64, to: &mut IovIter<'_>) -> Result<usize> {
        let state = self.queue.state.lock();
        let (kind, sig, pid) = match &state.notify {
            Some(r) => {
                let pid = r.group.upgrade().map_or(0, |g| g.tgid);
                let (kind, sig) = match r.how {
                    Notify::Nothing => (1, 0),
                    Notify::Signal { sig, .. } => (0, sig),
                };
                (kind, sig, pid)
            }
            None => (0, 0, 0),
        };
        let text = format!("QSIZE:{:<10} NOTIFY:{kind:<5} SIGNO:{sig:<5} NOTIFY_PID:{pid:<6}\n", state.bytes);
        drop(state);
        let rest = usize::try_from(off).ok().and_then(|o| text.as_bytes().get(o..)).unwrap_or_default();
        let n = to.put(rest);
        if n == 0 && to.fault().is_some() { Err(Errno::EFAULT) } else { Ok(n) }
    }

    fn poll(&self, table: Option<&mut PollTable>) -> Events {
        if let Some(table) = table {
            table.wait_on(&self.queue.changed);
        }
        let count = self.queue.state.lock().count;
        let mut events = Events::empty();
        events.set(Events::IN | Events::RDNORM, count > 0);
        events.set(Events::OUT | Events::WRNORM, count < self.queue.max_messages);
        events
    }

    /// Whoever closes a descriptor of a queue gives up its registration.
    fn flush(&self) {
        if let Some(task) = Task::current() {
            let _ = self.queue.notify(task, None);
        }
    }

    fn metadata(&self) -> Result<Metadata> {
        let state = self.queue.state.lock();
        Ok(Metadata {
            dev: MQUEUE,
            ino: self.queue.ino,
            mode: FileType::Regular.mode() | state.mode,
            nlink: 1,
            uid: state.owner.uid,
            gid: state.owner.gid,
            size: 80,
            blksize: 4096,
            atime: state.times[ACCESSED],
            mtime: state.times[MODIFIED],
            ctime: state.times[CHANGED],
            btime: state.times[CHANGED],
            ..Metadata::default()
        })
    }

    fn set_attr(&self, attr: &SetAttr) -> Result<()> {
        let mut state = self.queue.state.lock();
        state.mode = attr.mode.unwrap_or(state.mode);
        state.owner.uid = attr.uid.unwrap_or(state.owner.uid);
        state.owner.gid = attr.gid.unwrap_or(state.owner.gid);
        state.touch(&[CHANGED]);
        Ok(())
    }

    fn describe(&self) -> Vec<u8> {
        let name =
            kernel().mqueues.names.lock().iter().find(|(_, q)| Arc::ptr_eq(q, &self.queue)).map(|(n, _)| n.clone());
        let mut out = b"/".to_vec();
        match name {
            Some(name) => out.extend(name),
            None => out.extend(b" (deleted)"),
        }
        out
    }
}
