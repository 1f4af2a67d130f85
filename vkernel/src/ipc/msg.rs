//! Message queues (`ipc/msg.c`).

use super::{Object, Perm, now};
use crate::task::{Task, Wait};
use alloc::collections::VecDeque;
use alloc::sync::Arc;
use alloc::vec::Vec;
use host::lock::{Mutex, rank};
use host::wait::{PollTable, WaitQueue};
use host::{Errno, Result};

/// `MSGMAX`: bytes of one message.
pub const MAX_BYTES: usize = 8192;
/// `MSGMNB`: bytes of a queue.
pub const MAX_QUEUE: u64 = 16384;

/// What changes about a queue.
#[allow(missing_docs)]
pub struct State {
    pub perm: Perm,
    pub messages: VecDeque<Message>,
    pub bytes: u64,
    pub max_bytes: u64,
    pub sent_at: i64,
    pub received_at: i64,
    pub changed_at: i64,
    pub sender: u32,
    pub receiver: u32,
    removed: bool,
}

/// A message.
#[derive(Clone)]
pub struct Message {
    /// Its type, above 0.
    pub kind: i64,
    /// The rest.
    pub body: Vec<u8>,
}

/// Which message is wanted.
#[derive(Clone, Copy, Debug)]
pub enum Want {
    /// The first.
    Any,
    /// The first of this type.
    Kind(i64),
    /// The first of any other type (`MSG_EXCEPT`).
    Other(i64),
    /// The first of the lowest type that is not above this.
    UpTo(i64),
    /// A copy of the one in this place (`MSG_COPY`).
    Copy(usize),
}

/// A queue.
pub struct Queue {
    state: Mutex<State, { rank::OBJECT }>,
    changed: Arc<WaitQueue>,
}

impl Object for Queue {
    fn perm(&self) -> Perm {
        self.state.lock().perm
    }
}

impl Queue {
    /// An empty one.
    pub fn new(perm: Perm) -> Queue {
        let state = State {
            perm,
            messages: VecDeque::new(),
            bytes: 0,
            max_bytes: MAX_QUEUE,
            sent_at: 0,
            received_at: 0,
            changed_at: now(),
            sender: 0,
            receiver: 0,
            removed: false,
        };
        Queue { state: Mutex::new(state), changed: WaitQueue::new() }
    }

    /// Looks at it, or changes it; whoever sleeps looks again. `EIDRM` once it is removed.
    pub fn change<T>(&self, how: impl FnOnce(&mut State) -> Result<T>) -> Result<T> {
        let mut state = self.state.lock();
        if state.removed {
            return Err(Errno::EIDRM);
        }
        let out = how(&mut state)?;
        drop(state);
        self.changed.wake_all();
        Ok(out)
    }

    /// Looks at it, for who lists it.
    pub fn listed<T>(&self, how: impl FnOnce(&State) -> T) -> T {
        how(&self.state.lock())
    }

    /// It was taken out of the table: sleepers get `EIDRM`.
    pub fn removed(&self) {
        self.state.lock().removed = true;
        self.changed.wake_all();
    }

    /// `msgsnd(2)`. `EAGAIN` when it is full and the caller will not wait.
    pub fn send(&self, task: &Task, message: Message, nowait: bool) -> Result<()> {
        let mut message = Some(message);
        self.sleep(task, nowait, Errno::EAGAIN, |state| {
            let len = message.as_ref().map_or(0, |m| m.body.len() as u64);
            // Messages without a body are limited, too.
            let full = len + state.bytes > state.max_bytes || 1 + state.messages.len() as u64 > state.max_bytes;
            if full {
                return None;
            }
            state.messages.extend(message.take());
            state.bytes += len;
            state.sender = task.tgid();
            state.sent_at = now();
            Some(Ok(()))
        })
    }

    /// `msgrcv(2)`. `E2BIG` when the message is longer than `max` and may not be cut; `ENOMSG` when there is none and the
    /// caller will not wait.
    pub fn receive(&self, task: &Task, want: Want, max: usize, cut: bool, nowait: bool) -> Result<Message> {
        self.sleep(task, nowait, Errno::ENOMSG, |state| {
            let at = state.find(want)?;
            let found = state.messages.get(at)?;
            if found.body.len() > max && !cut {
                return Some(Err(Errno::E2BIG));
            }
            if matches!(want, Want::Copy(_)) {
                return Some(Ok(found.clone()));
            }
            let message = state.messages.remove(at)?;
            state.bytes = state.bytes.saturating_sub(message.body.len() as u64);
            state.receiver = task.tgid();
            state.received_at = now();
            Some(Ok(message))
        })
    }

    fn sleep<T>(
        &self,
        task: &Task,
        nowait: bool,
        none: Errno,
        mut step: impl FnMut(&mut State) -> Option<Result<T>>,
    ) -> Result<T> {
        let mut attempt = |table: Option<&mut PollTable>| {
            if let Some(table) = table {
                table.wait_on(&self.changed);
            }
            let mut state = self.state.lock();
            if state.removed {
                return Some(Err(Errno::EIDRM));
            }
            let out = step(&mut state);
            drop(state);
            if matches!(out, Some(Ok(_))) {
                self.changed.wake_all();
            }
            out
        };
        if nowait {
            return attempt(None).unwrap_or(Err(none));
        }
        match task.wait_for(None, attempt) {
            Wait::Ready(done) => done,
            _ => Err(Errno::EINTR),
        }
    }
}

impl State {
    fn find(&self, want: Want) -> Option<usize> {
        match want {
            Want::Any => (!self.messages.is_empty()).then_some(0),
            Want::Kind(kind) => self.messages.iter().position(|m| m.kind == kind),
            Want::Other(kind) => self.messages.iter().position(|m| m.kind != kind),
            Want::UpTo(most) => {
                let lowest = self.messages.iter().map(|m| m.kind).filter(|kind| *kind <= most).min()?;
                self.messages.iter().position(|m| m.kind == lowest)
            }
            Want::Copy(at) => (at < self.messages.len()).then_some(at),
        }
    }
}
