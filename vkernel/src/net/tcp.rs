//! TCP's way to a connection, and the queue before a listener that is full (`net/ipv4/tcp_input.c`, `tcp_conn_request`).
//!
//! A listener has one connection more than its backlog waiting at most. Who connects then waits for room, as somebody does whose SYN
//! was dropped, except that here room is noticed at once.
//! Locks: one socket's at a time.

use super::addr::{Addr, Ip};
use super::conn;
use super::core::{Core, Role, Socket, State};
use super::options::SOL_TCP;
use crate::kernel::kernel;
use crate::timer::queue::Expire;
use alloc::sync::Arc;
use core::sync::atomic::Ordering::Relaxed;
use host::{Errno, Result, time};

const TCP_DEFER_ACCEPT: i32 = 9;

/// How a `connect` without a wait came out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Connect {
    /// Connected.
    Done,
    /// Connected or refused, which a caller that does not wait is not to learn yet.
    Later(Result<()>),
    /// The listener is full; whether this was the first attempt.
    Full(bool),
}

impl Socket {
    /// Whether a TCP socket may still be connected, which is asked before the address is looked at.
    pub fn may_begin(&self) -> Result<()> {
        let state = self.core().state.lock();
        match state.role {
            Role::Idle | Role::Reset | Role::Connecting(_) => Ok(()),
            _ if state.connecting => Ok(()),
            _ => Err(Errno::EISCONN),
        }
    }

    /// `connect` to an address that takes connections. What a caller that does not wait gets to hear is the caller's business.
    pub fn connect_tcp(&self, to: Ip) -> Result<Connect> {
        let core = self.core();
        {
            let mut state = core.state.lock();
            match state.role {
                Role::Idle | Role::Reset if state.connecting => {
                    (state.connecting, state.shut_rd, state.shut_wr) = (false, false, false);
                    return Err(state.error.take().unwrap_or(Errno::ECONNABORTED));
                }
                Role::Idle | Role::Reset => {}
                Role::Connecting(_) => return Ok(Connect::Full(false)),
                Role::Connected if state.connecting => {
                    state.connecting = false;
                    return Ok(Connect::Done);
                }
                _ => return Err(Errno::EISCONN),
            }
        }
        let to = core.reach(to)?;
        let named = core.state.lock().local.ip().is_some();
        let from = core.source(to)?;
        kernel().net.claim(core, from, to)?;
        // Who is bound to where it connects to meets itself; not by accident.
        let met = if named && from == to { core.meet_itself(to) } else { core.meet(from, to) };
        match met {
            Err(Errno::EAGAIN) => Ok(Connect::Full(true)),
            done => Ok(Connect::Later(done)),
        }
    }

    /// `connect` answers `EINPROGRESS`: what became of it is told by `SO_ERROR` and the next `connect`.
    pub fn connect_later(&self, done: Result<()>) {
        let mut state = self.core().state.lock();
        state.connecting = true;
        state.error = done.err();
        state.shut_rd |= done.is_err();
        state.shut_wr |= done.is_err();
        drop(state);
        self.core().queue.wake_all();
    }

    /// What became of a connection to a listener that was full. `EAGAIN` while that is open.
    pub fn admitted(&self) -> Result<()> {
        let mut state = self.core().state.lock();
        match state.role {
            Role::Connecting(_) => return Err(Errno::EAGAIN),
            Role::Connected => {
                state.connecting = false;
                return Ok(());
            }
            _ => {}
        }
        (state.connecting, state.shut_rd, state.shut_wr) = (false, false, false);
        Err(state.error.take().unwrap_or(Errno::ECONNABORTED))
    }
}

impl Core {
    /// Makes a connection with whoever listens. `EAGAIN`: queued before a listener that is full.
    fn meet(self: &Arc<Self>, from: Ip, to: Ip) -> Result<()> {
        let other = if to.port == 0 { None } else { kernel().net.listener(from, to) };
        let other = other.ok_or(Errno::ECONNREFUSED)?;
        {
            let mut state = self.state.lock();
            state.local = Addr::Ip(from);
            state.role = Role::Connecting(to);
        }
        let queued = match &mut other.state.lock().role {
            Role::Listening { waiting, .. } => {
                waiting.push_back(Arc::downgrade(self));
                true
            }
            _ => false,
        };
        if !queued {
            self.state.lock().role = Role::Idle;
            return Err(Errno::ECONNREFUSED);
        }
        other.admit();
        // Refused already, by a listener that was closed at once?
        match &self.state.lock().role {
            Role::Connected => Ok(()),
            Role::Connecting(_) => Err(Errno::EAGAIN),
            _ => Err(Errno::ECONNREFUSED),
        }
    }

    /// Makes a connection of one socket with itself (a simultaneous open), unless somebody listens there.
    fn meet_itself(self: &Arc<Self>, to: Ip) -> Result<()> {
        if kernel().net.listener(to, to).is_some() {
            return self.meet(to, to);
        }
        self.state.lock().local = Addr::Ip(to);
        self.connected(self, Addr::Ip(to), None);
        Ok(())
    }

    /// Takes those who wait for a listener, as many as there is room for, in the order in which they came.
    pub(super) fn admit(self: &Arc<Self>) {
        if !self.is_tcp() {
            return;
        }
        while let Some(client) = self.next_client() {
            let both = {
                let state = client.state.lock();
                match (&state.role, state.local.ip()) {
                    (Role::Connecting(to), Some(from)) => Some((from, *to)),
                    _ => None,
                }
            };
            if let Some((from, to)) = both {
                self.take(&client, from, to);
            }
        }
    }

    fn next_client(&self) -> Option<Arc<Core>> {
        let mut state = self.state.lock();
        let Role::Listening { backlog, pending, waiting } = &mut state.role else { return None };
        while pending.len() <= *backlog {
            if let Some(client) = waiting.pop_front()?.upgrade() {
                return Some(client);
            }
        }
        None
    }

    /// Makes the other end of a client's connection and queues it.
    fn take(self: &Arc<Self>, client: &Arc<Core>, from: Ip, to: Ip) {
        let child = self.child();
        let patience =
            self.options.get(SOL_TCP, TCP_DEFER_ACCEPT).and_then(|n| u64::try_from(n).ok()).filter(|n| *n > 0);
        *child.state.lock() = State {
            role: Role::Connected,
            local: Addr::Ip(to),
            remote: Addr::Ip(from),
            peer: Some(client.clone()),
            listener: Some(Arc::downgrade(self)).filter(|_| patience.is_some()),
            ..State::default()
        };
        let still = matches!(client.state.lock().role, Role::Connecting(_));
        if !still {
            return;
        }
        if let Some(seconds) = patience {
            child.deferred.store(true, Relaxed);
            let until = time::monotonic().as_nanos().saturating_add(seconds.saturating_mul(1_000_000_000));
            let child: Arc<dyn Expire> = child.clone();
            kernel().timers.add(until, kernel().next_id(), Arc::downgrade(&child));
        }
        client.connected(&child, Addr::Ip(to), None);
        let listens = match &mut self.state.lock().role {
            Role::Listening { pending, .. } => {
                pending.push_back(child.clone());
                true
            }
            _ => false,
        };
        if listens {
            self.queue.wake_all();
        } else {
            conn::release(&child, true);
        }
    }

    /// Something came to a connection that was not to be accepted before, or it has waited long enough.
    pub(super) fn may_be_accepted(&self) {
        if self.deferred.load(Relaxed) && self.deferred.swap(false, Relaxed) {
            let listener = self.state.lock().listener.take();
            if let Some(listener) = listener.and_then(|l| l.upgrade()) {
                listener.queue.wake_all();
            }
        }
    }

    /// The listener that it waited for is gone.
    pub(super) fn refused(&self) {
        let mut state = self.state.lock();
        if !matches!(state.role, Role::Connecting(_)) {
            return;
        }
        state.role = Role::Idle;
        (state.error, state.shut_rd, state.shut_wr) = (Some(Errno::ECONNREFUSED), true, true);
        state.connecting = true;
        drop(state);
        self.queue.wake_all();
    }
}
