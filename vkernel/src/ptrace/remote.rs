//! Reading and writing the memory of a stopped tracee: it copies for its tracer, for only its own host process reaches it.
//!
//! Answers to Linux's `access_process_vm`. Requests are taken as long as the tracee is in a stop, and each is answered.

use crate::Task;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use host::layout::PAGE_SIZE;
use host::lock::Mutex;
use host::wait::HostThread;
use host::{Errno, Result, user};

/// A request.
struct Access {
    addr: usize,
    write: bool,
    /// As a debugger: whatever the protection.
    force: bool,
    data: Mutex<Vec<u8>>,
    /// Bytes copied, or `PENDING`, or `REFUSED`.
    done: AtomicUsize,
    asker: Arc<HostThread>,
}

const PENDING: usize = usize::MAX;
const REFUSED: usize = usize::MAX - 1;

/// What a tracee is asked for.
#[derive(Default)]
pub(super) struct Asked {
    /// It is in a stop and will answer.
    open: bool,
    list: Vec<Arc<Access>>,
}

impl Task {
    /// Reads from the memory of this tracee, which is stopped, for the running task, whatever the protection if by `force`;
    /// answers what could be read, from the beginning. `EFAULT` for nothing, `ESRCH` if it is not stopped.
    pub fn read_tracee(&self, addr: usize, len: usize, force: bool) -> Result<Vec<u8>> {
        let mut data = Vec::new();
        data.try_reserve_exact(len).map_err(|_| Errno::ENOMEM)?;
        data.resize(len, 0);
        self.access_tracee(addr, data, false, force)
    }

    /// Writes to it, whatever the protection; answers how many bytes. `EFAULT` for none.
    pub fn write_tracee(&self, addr: usize, data: Vec<u8>) -> Result<usize> {
        self.access_tracee(addr, data, true, true).map(|d| d.len())
    }

    fn access_tracee(&self, addr: usize, data: Vec<u8>, write: bool, force: bool) -> Result<Vec<u8>> {
        if data.is_empty() {
            return Ok(data);
        }
        let me = Task::current().ok_or(Errno::ESRCH)?;
        let done = AtomicUsize::new(PENDING);
        let asker = me.thread.clone();
        let access = Arc::new(Access { addr, write, force, data: Mutex::new(data), done, asker });
        if Arc::ptr_eq(&me.mm(), &self.mm()) {
            me.serve(&access);
            return access.result();
        }
        self.ask(&access)?;
        access.wait(me)
    }

    fn ask(&self, access: &Arc<Access>) -> Result<()> {
        let mut asked = self.trace.asked.lock();
        if !asked.open {
            return Err(Errno::ESRCH);
        }
        asked.list.try_reserve(1).map_err(|_| Errno::ENOMEM)?;
        asked.list.push(access.clone());
        drop(asked);
        self.thread.kick();
        Ok(())
    }

    /// Asks this tracee, which is stopped, to copy, whatever the protection: does not wait. The running task is woken by the
    /// answer.
    pub fn ask_tracee(&self, addr: usize, data: Vec<u8>, write: bool) -> Result<Question> {
        let asker = Task::current().ok_or(Errno::ESRCH)?.thread.clone();
        let (len, stop) = (data.len(), self.trace.stops.load(SeqCst));
        let done = AtomicUsize::new(PENDING);
        let access = Arc::new(Access { addr, write, force: true, data: Mutex::new(data), done, asker });
        self.ask(&access)?;
        Ok(Question { access, len, stop })
    }

    /// A stop begins.
    pub(super) fn take_requests(&self) {
        self.trace.stops.fetch_add(1, SeqCst);
        self.trace.asked.lock().open = true;
    }

    /// Does what it is asked for. Called without locks.
    pub(super) fn serve_requests(&self) {
        let asked = core::mem::take(&mut self.trace.asked.lock().list);
        for access in asked {
            self.serve(&access);
            access.asker.kick();
        }
    }

    /// The stop ends, or the task: who still asks is told no.
    pub(super) fn refuse_requests(&self) {
        let mut asked = self.trace.asked.lock();
        asked.open = false;
        let list = core::mem::take(&mut asked.list);
        drop(asked);
        for access in list {
            access.done.store(REFUSED, SeqCst);
            access.asker.kick();
        }
    }

    fn serve(&self, access: &Access) {
        let mut data = core::mem::take(&mut *access.data.lock());
        let mut done = 0;
        while done < data.len() {
            let Some(at) = access.addr.checked_add(done) else { break };
            let n = (PAGE_SIZE - at % PAGE_SIZE).min(data.len() - done);
            let Some(piece) = data.get_mut(done..done + n) else { break };
            if self.copy(access, at, piece).is_err() {
                break;
            }
            done += n;
        }
        data.truncate(done);
        *access.data.lock() = data;
        access.done.store(done, SeqCst);
    }

    /// Within one page.
    fn copy(&self, access: &Access, at: usize, piece: &mut [u8]) -> Result<()> {
        let plain = if access.write { user::copy_out(at, piece) } else { user::copy_in(piece, at) };
        match plain {
            Err(Errno::EFAULT) if access.force => self.mm().copy_by_force(at, piece, access.write),
            other => other,
        }
    }
}

/// A request that has been made, and will be waited for.
pub struct Question {
    access: Arc<Access>,
    len: usize,
    stop: u32,
}

impl Question {
    /// Whether it is this one of the running task's, of the stop that goes on.
    pub fn is_about(&self, task: &Task, addr: usize, len: usize, write: bool) -> bool {
        let same = (self.access.addr, self.len, self.access.write) == (addr, len, write);
        let mine = Task::current().is_some_and(|me| Arc::ptr_eq(&me.thread, &self.access.asker));
        same && mine && self.stop == task.trace.stops.load(SeqCst)
    }

    /// The bytes copied, as [`Task::read_tracee`] and [`Task::write_tracee`] have them. Only death interrupts.
    pub fn wait(&self) -> Result<Vec<u8>> {
        self.access.wait(Task::current().ok_or(Errno::ESRCH)?)
    }
}

impl Access {
    fn wait(&self, me: &Task) -> Result<Vec<u8>> {
        loop {
            me.thread.prepare();
            if self.done.load(SeqCst) != PENDING {
                return self.result();
            }
            if me.fatal_pending() {
                return Err(Errno::EINTR);
            }
            me.thread.sleep(None);
        }
    }

    fn result(&self) -> Result<Vec<u8>> {
        match self.done.load(SeqCst) {
            REFUSED => Err(Errno::ESRCH),
            0 | PENDING => Err(Errno::EFAULT),
            _ => Ok(core::mem::take(&mut *self.data.lock())),
        }
    }
}
