//! The host's `epoll`: tells edges of host descriptors apart, which `poll` can't.

use super::fd::HostFd;
use super::{HostCall, call};
use crate::errno::{Errno, Result};

const CLOEXEC: usize = 0o2000000;
const ADD: usize = 1;
const DEL: usize = 2;
/// `EPOLLIN | EPOLLPRI | EPOLLOUT | EPOLLRDHUP | EPOLLET`: every edge.
const EDGES: u32 = 0x1 | 0x2 | 0x4 | 0x2000 | 1 << 31;

/// `struct epoll_event` of x86-64, which is packed: events and two halves of the data.
type Event = [u32; 3];

/// A host epoll.
#[derive(Debug)]
pub struct HostEpoll(HostFd);

impl HostEpoll {
    /// `epoll_create1(2)`.
    pub fn new() -> Result<HostEpoll> {
        // SAFETY: plain numbers.
        let fd = unsafe { call(HostCall::EpollCreate1, [CLOEXEC, 0, 0, 0, 0, 0])? };
        Ok(HostEpoll(HostFd::from_raw(fd as i32)))
    }

    /// Its descriptor, which is readable while there is something to [`take`](Self::take).
    pub fn raw(&self) -> i32 {
        self.0.raw()
    }

    /// Watches a host descriptor for every edge. `EPERM` for a file that is always ready.
    pub fn add(&self, fd: i32) -> Result<()> {
        self.control(ADD, fd, &[EDGES, fd as u32, 0])
    }

    /// Watches it no more.
    pub fn remove(&self, fd: i32) -> Result<()> {
        self.control(DEL, fd, &[0; 3])
    }

    fn control(&self, op: usize, fd: i32, event: &Event) -> Result<()> {
        let args = [self.raw() as usize, op, fd as usize, event as *const Event as usize, 0, 0];
        // SAFETY: a live event.
        unsafe { call(HostCall::EpollCtl, args).map(drop) }
    }

    /// The descriptors on which something happened since the last time, as many as fit. Never sleeps.
    pub fn take(&self, fds: &mut [i32; 32]) -> Result<usize> {
        let mut events = [Event::default(); 32];
        let args = [self.raw() as usize, events.as_mut_ptr() as usize, events.len(), 0, 0, 8];
        // SAFETY: a live array of that many events; no mask.
        let n = unsafe { call(HostCall::EpollPwait, args)? };
        for (to, from) in fds.iter_mut().zip(events.get(..n).ok_or(Errno::EINVAL)?) {
            *to = from[1] as i32;
        }
        Ok(n)
    }
}
