//! The one loop that turns operations which never sleep into `read(2)` and `write(2)` (`fs/read_write.c`, `fs/splice.c`).
//!
//! An operation that answers `EAGAIN` is tried again when something happened on the file's wait queues; one that met a guest
//! page which is not there is tried again once the address space has made it present, with no lock held. Locks: none.

use super::job;
use crate::net::Socket;
use crate::signal::{self, SIGPIPE, SIGXFSZ};
use crate::task::{Task, Wait, limits};
use alloc::sync::Arc;
use core::ops::Deref;
use core::sync::atomic::Ordering::Relaxed;
use fs_emu::file::{Events, Patience};
use fs_emu::vfs::File;
use fs_emu::vfs::file::{MAX_BYTES, WriteRules};
use fs_emu::{Cred, OpenFlags};
use host::iov::IovIter;
use host::time::Deadline;
use host::wait::PollTable;
use host::{Errno, Result};

/// A file during a call: in hand, or, once the call sleeps, in the task's list, where the supervisor can reach it.
pub struct InUse<'t> {
    task: &'t Task,
    place: Place,
}

/// The file itself, for a moment.
pub enum Handle<'f> {
    /// In the caller's hand.
    Here(&'f Arc<File>),
    /// From the task's list.
    Held(Arc<File>),
}

impl Deref for Handle<'_> {
    type Target = Arc<File>;

    fn deref(&self) -> &Arc<File> {
        match self {
            Handle::Here(file) => file,
            Handle::Held(file) => file,
        }
    }
}

enum Place {
    Hand(Arc<File>),
    Held(usize),
}

impl<'t> InUse<'t> {
    /// In hand.
    pub fn new(task: &'t Task, file: Arc<File>) -> InUse<'t> {
        InUse { task, place: Place::Hand(file) }
    }

    /// The file. Not to be kept over a sleep. `EBADF` if the supervisor took it away, which the task does not live to see.
    pub fn get(&self) -> Result<Handle<'_>> {
        match &self.place {
            Place::Hand(file) => Ok(Handle::Here(file)),
            Place::Held(number) => self.task.held(*number).map(Handle::Held).ok_or(Errno::EBADF),
        }
    }

    /// Before sleeping.
    pub fn park(&mut self) {
        if let Place::Hand(file) = &self.place {
            self.place = Place::Held(self.task.hold(file.clone()));
        }
    }
}

/// How a transfer goes.
#[derive(Clone, Copy, Debug, Default)]
pub struct How {
    /// Where in the file; `None` for its position.
    pub at: Option<i64>,
    /// Never sleeps (`RWF_NOWAIT`), as if opened with `O_NONBLOCK`.
    pub nowait: bool,
    /// To the end (`RWF_APPEND`).
    pub append: bool,
    /// A write that was cut short is not continued.
    pub once: bool,
    /// Bytes that this call has moved already.
    pub moved: usize,
}

/// What is ready, with the sleeper registered for just the events it is interested in.
pub fn poll(file: &File, want: Events, table: Option<&mut PollTable>) -> Events {
    let want = want | Events::ERR | Events::HUP;
    let Some(table) = table else { return file.ops().poll(None) & want };
    let before = table.host_fds().len();
    let now = file.ops().poll(Some(table));
    // A host descriptor that is ready for something else would end every sleep at once.
    for fd in table.host_fds().iter_mut().skip(before) {
        fd.events &= want.bits() as i16;
    }
    now & want
}

/// How a transfer ended that may not sleep.
pub enum Tried {
    /// As the call answers it.
    Done(Result<usize>),
    /// After so many bytes the rest has to be done the long way: it sleeps, or a page is missing.
    Rest(usize),
}

/// Reads from a regular file, which need not be counted meanwhile, and takes nothing for granted of any other.
pub fn try_read(task: &Task, file: &File, to: &mut IovIter<'_>, at: Option<i64>) -> Tried {
    if !file.is_regular() {
        return Tried::Rest(0);
    }
    let done = match at {
        None => file.read(to),
        Some(at) => file.pread(at, to),
    };
    tried(task, 0, done, to)
}

/// Writes to a regular file in the same way.
pub fn try_write(task: &Task, cred: &Cred, file: &File, from: &mut IovIter<'_>, at: Option<i64>) -> Tried {
    let limit = task.group.soft_limit(limits::FSIZE);
    if !file.is_regular() || limit < MAX_BYTES {
        return Tried::Rest(0);
    }
    let rules = WriteRules::of(cred, limit);
    let done = match at {
        None => file.write(from, rules),
        Some(at) => file.pwrite(at, from, rules),
    };
    tried(task, 1, done, from)
}

fn tried(task: &Task, way: usize, done: Result<usize>, iter: &IovIter<'_>) -> Tried {
    match done {
        Ok(n) if iter.fault().is_some() => Tried::Rest(n),
        Err(Errno::EFAULT | Errno::EAGAIN | Errno::EINTR) => Tried::Rest(0),
        done => {
            if let (Ok(n), Some(bytes)) = (done, task.group.io_bytes.get(way)) {
                bytes.fetch_add(n as u64, Relaxed);
            }
            Tried::Done(done)
        }
    }
}

/// Reads. The caller has made `to` from checked addresses.
pub fn read(task: &Task, file: Arc<File>, to: &mut IovIter<'_>, how: How) -> Result<usize> {
    read_from(task, &mut InUse::new(task, file), to, how)
}

/// Writes.
pub fn write(task: &Task, file: Arc<File>, from: &mut IovIter<'_>, how: How) -> Result<usize> {
    write_to(task, &mut InUse::new(task, file), from, how)
}

/// As [`read`].
pub fn read_from(task: &Task, file: &mut InUse<'_>, to: &mut IovIter<'_>, how: How) -> Result<usize> {
    job::before_read(task, &*file.get()?)?;
    let n = Transfer::new(task, file, how, None)?.run(to)?;
    task.group.io_bytes[0].fetch_add(n as u64, Relaxed);
    Ok(n)
}

/// As [`write`].
pub fn write_to(task: &Task, file: &mut InUse<'_>, from: &mut IovIter<'_>, how: How) -> Result<usize> {
    job::before_write(task, &*file.get()?)?;
    let mut rules = WriteRules::of(&task.cred(), task.group.rlimit(limits::FSIZE).cur);
    rules.append = how.append;
    let n = Transfer::new(task, file, how, Some(rules))?.run(from)?;
    task.group.io_bytes[1].fetch_add(n as u64, Relaxed);
    Ok(n)
}

/// Sends the calling thread a signal for what it did (`send_sig`).
pub fn signal_self(task: &Task, sig: u32) {
    let _ = task.send(sig, signal::info_user(sig, signal::code::SI_USER, task.tgid(), task.cred().uid));
    task.thread.set_work();
}

/// Whether an interrupted host call was only kicked by something past, and can be made again. Forgets the kick.
pub fn stale_kick(task: &Task) -> bool {
    task.thread.prepare();
    !task.signal_pending()
}

/// How often the same address may fault in a row: other threads may take the page away again, but not for ever.
const PATIENCE: u32 = 8;

struct Transfer<'a, 't> {
    task: &'a Task,
    file: &'a mut InUse<'t>,
    how: How,
    /// For a write.
    rules: Option<WriteRules>,
    nonblock: bool,
    writes_all: bool,
    moved: usize,
    /// For a read.
    patience: Option<Patience>,
    /// Faults since the last byte moved.
    faults: u32,
}

impl<'a, 't> Transfer<'a, 't> {
    fn new(task: &'a Task, file: &'a mut InUse<'t>, how: How, rules: Option<WriteRules>) -> Result<Transfer<'a, 't>> {
        let f = file.get()?;
        let nonblock = how.nowait || f.flags().contains(OpenFlags::NONBLOCK);
        let writes_all = rules.is_some() && !nonblock && !how.once && f.ops().writes_all();
        let patience = if rules.is_none() { f.ops().patience() } else { None };
        Ok(Transfer { task, file, how, rules, nonblock, writes_all, moved: how.moved, patience, faults: 0 })
    }

    fn run(mut self, iter: &mut IovIter<'_>) -> Result<usize> {
        loop {
            match self.step(iter) {
                Ok(n) => {
                    self.moved += n;
                    if n > 0 {
                        self.faults = 0;
                    }
                    if !self.goes_on(iter, n) {
                        return Ok(self.moved);
                    }
                }
                Err(Errno::EFAULT) if self.resolve(iter) => {}
                Err(Errno::EINTR) if stale_kick(self.task) => {}
                Err(e) => return self.end(e),
            }
        }
    }

    /// One operation, slept for if need be.
    fn step(&mut self, iter: &mut IovIter<'_>) -> Result<usize> {
        let first = attempt(&*self.file.get()?, iter, self.how, self.moved, self.rules);
        if first != Err(Errno::EAGAIN) || self.nonblock || (self.moved > 0 && !self.wants_more()) {
            return first;
        }
        self.file.park();
        let (want, how, moved, rules) = (self.events(), self.how, self.moved, self.rules);
        let file = &*self.file;
        let on_socket = Socket::of(&*file.get()?).and_then(|s| s.core().deadline(rules.is_some()));
        let slept = self.task.wait_for(on_socket.or(self.deadline()), |table| {
            let file = match file.get() {
                Ok(file) => file,
                Err(e) => return Some(Err(e)),
            };
            if table.is_some() {
                poll(&file, want, table);
            }
            match attempt(&file, iter, how, moved, rules) {
                Err(Errno::EAGAIN) => None,
                done => Some(done),
            }
        });
        match slept {
            Wait::Ready(done) => done,
            Wait::TimedOut if self.patience.is_some() => Ok(0),
            Wait::TimedOut => Err(Errno::EAGAIN),
            Wait::Interrupted => Err(Errno::EINTR),
        }
    }

    fn events(&self) -> Events {
        if self.rules.is_some() {
            Events::OUT | Events::WRNORM | Events::WRBAND
        } else {
            Events::IN | Events::RDNORM | Events::RDBAND | Events::RDHUP
        }
    }

    /// After `n` bytes: whether there is more to do.
    fn goes_on(&mut self, iter: &mut IovIter<'_>, n: usize) -> bool {
        if iter.remaining() == 0 {
            return false;
        }
        if iter.fault().is_some() {
            return self.resolve(iter);
        }
        n > 0 && self.wants_more()
    }

    /// Whether what was moved is not yet enough.
    fn wants_more(&self) -> bool {
        self.writes_all || self.patience.is_some_and(|p| self.moved < p.at_least)
    }

    fn deadline(&self) -> Option<Deadline> {
        let p = self.patience?;
        let span = if self.moved > 0 { p.between } else { p.first };
        span.and_then(Deadline::after)
    }

    /// Makes the page present at which the last operation stopped.
    fn resolve(&mut self, iter: &mut IovIter<'_>) -> bool {
        self.faults += 1;
        self.faults <= PATIENCE && iter.resolve_fault(self.rules.is_none()).is_ok()
    }

    /// A socket of datagrams is silent.
    fn raises_sigpipe(&self) -> bool {
        self.file.get().is_ok_and(|f| Socket::of(&f).is_none_or(Socket::raises_sigpipe))
    }

    fn end(self, e: Errno) -> Result<usize> {
        if let Some(rules) = self.rules {
            if e == Errno::EPIPE && self.raises_sigpipe() {
                signal_self(self.task, SIGPIPE);
            }
            if e == Errno::EFBIG && self.moved == 0 && rules.limit < MAX_BYTES {
                signal_self(self.task, SIGXFSZ);
            }
        }
        if self.moved > 0 { Ok(self.moved) } else { Err(e) }
    }
}

fn attempt(file: &File, iter: &mut IovIter<'_>, how: How, moved: usize, rules: Option<WriteRules>) -> Result<usize> {
    let at = how.at.map(|at| at.checked_add(moved as i64).ok_or(Errno::EFBIG));
    match (rules, at) {
        (None, None) => file.read(iter),
        (None, Some(at)) => file.pread(at?, iter),
        (Some(rules), None) => file.write(iter, rules),
        (Some(rules), Some(at)) => file.pwrite(at?, iter, rules),
    }
}
