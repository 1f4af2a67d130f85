//! Asynchronous input and output of old (`fs/aio.c`): contexts, and the events that their operations leave.
//!
//! Every operation is done when it is submitted, which for regular files is what Linux does as well; so there is never one to
//! cancel. A context is named by the address of a page in the guest, where Linux has a ring of events: ours stays without its
//! mark, so that libaio asks the kernel. Left out: `IOCB_CMD_POLL`. Locks: an address space's list of contexts (unranked: it takes
//! nothing), one of rank OBJECT per context.

use crate::kernel::kernel;
use crate::task::{Task, Wait};
use alloc::collections::{BTreeMap, VecDeque};
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::sync::atomic::Ordering::SeqCst;
use host::lock::{Mutex, rank};
use host::time::Deadline;
use host::wait::{PollTable, WaitQueue};
use host::{Errno, Result};

/// `fs.aio-max-nr`: events of all contexts together.
pub const MAX_EVENTS: u64 = 65536;

/// `struct io_event`: the operation's data and address, its result, and 0.
pub type Event = [u64; 4];

#[derive(Default)]
struct State {
    events: VecDeque<Event>,
    gone: bool,
}

/// A context of `io_setup(2)`.
pub struct Context {
    room: u32,
    state: Mutex<State, { rank::OBJECT }>,
    changed: Arc<WaitQueue>,
}

/// The contexts of an address space, by address.
#[derive(Default)]
pub struct Contexts(Mutex<BTreeMap<usize, Arc<Context>>>);

impl Contexts {
    /// Makes one that stands at `addr` and holds `room` events. `EAGAIN` when all contexts have too many together.
    pub fn add(&self, addr: usize, room: u32) -> Result<()> {
        let context = Context::new(room)?;
        self.0.lock().insert(addr, Arc::new(context));
        Ok(())
    }

    /// One by its address. `EINVAL`.
    pub fn find(&self, addr: usize) -> Result<Arc<Context>> {
        self.0.lock().get(&addr).cloned().ok_or(Errno::EINVAL)
    }

    /// `io_destroy(2)`: whoever waits for events gets what there is.
    pub fn remove(&self, addr: usize) -> Result<()> {
        let gone = self.0.lock().remove(&addr).ok_or(Errno::EINVAL)?;
        gone.state.lock().gone = true;
        gone.changed.wake_all();
        Ok(())
    }
}

impl Context {
    fn new(room: u32) -> Result<Context> {
        let total = &kernel().aio_events;
        let fits = |now: u64| now.checked_add(u64::from(room)).filter(|sum| *sum <= MAX_EVENTS);
        total.fetch_update(SeqCst, SeqCst, fits).map_err(|_| Errno::EAGAIN)?;
        Ok(Context { room, state: Mutex::default(), changed: WaitQueue::new() })
    }

    /// Whether another operation may be submitted: `EAGAIN` while nobody fetches events.
    pub fn has_room(&self) -> Result<()> {
        if (self.state.lock().events.len() as u64) < u64::from(self.room) { Ok(()) } else { Err(Errno::EAGAIN) }
    }

    /// An operation is done.
    pub fn complete(&self, event: Event) {
        self.state.lock().events.push_back(event);
        self.changed.wake_all();
    }

    /// `io_getevents(2)`: at most `max` events, after waiting for `min`. `EINTR` if a signal came before the first.
    pub fn take(&self, task: &Task, min: usize, max: usize, until: Option<Deadline>) -> Result<Vec<Event>> {
        let slept = task.wait_for(until, |table: Option<&mut PollTable>| {
            if let Some(table) = table {
                table.wait_on(&self.changed);
            }
            let state = self.state.lock();
            (state.events.len() >= min || state.gone).then_some(())
        });
        let mut state = self.state.lock();
        let n = state.events.len().min(max);
        if n == 0 && slept == Wait::Interrupted {
            return Err(Errno::EINTR);
        }
        Ok(state.events.drain(..n).collect())
    }
}

impl Drop for Context {
    fn drop(&mut self) {
        kernel().aio_events.fetch_sub(u64::from(self.room), SeqCst);
    }
}
