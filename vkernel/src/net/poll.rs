//! What is ready on a socket (`unix_poll`, `unix_dgram_poll`, `tcp_poll`, `datagram_poll`).

use super::core::{Core, Kind, Role, State};
use super::outside;
use super::send::is_roomy;
use alloc::sync::Arc;
use core::sync::atomic::Ordering::Relaxed;
use fs_emu::file::Events;
use host::wait::PollTable;

/// Looks, and registers the sleeper on the socket's queue; a datagram sender also where its destination makes room.
pub(super) fn poll(core: &Arc<Core>, mut table: Option<&mut PollTable>) -> Events {
    if let Some(fd) = core.outside() {
        if let Some(table) = table.as_deref_mut() {
            table.wait_on(&core.queue);
        }
        return outside::poll(&fd, table);
    }
    let peer = core.state.lock().peer.clone();
    if let Some(table) = table.as_deref_mut() {
        table.wait_on(&core.queue);
        if let Some(peer) = peer.as_ref().filter(|_| core.kind == Kind::Dgram) {
            table.wait_on(&peer.room);
        }
    }
    // Asked before the own lock is taken: two are never held.
    let roomy = peer.as_ref().is_none_or(|peer| is_roomy(core, peer));
    // Connections from outside, where a listener has a door there.
    let knocks =
        core.door().map_or(Events::empty(), |door| outside::poll(&door, table)) & (Events::IN | Events::RDNORM);
    let state = core.state.lock();
    let mut events = state.common(core) | knocks;
    if core.is_connected_kind() {
        events |= connection(core, &state, roomy);
    } else {
        events.set(Events::OUT | Events::WRNORM | Events::WRBAND, roomy);
    }
    events
}

impl State {
    /// What all kinds of sockets have.
    fn common(&self, core: &Core) -> Events {
        let mut events = Events::empty();
        events.set(Events::ERR, self.error.is_some());
        events.set(Events::HUP, self.shut_rd && self.shut_wr);
        events.set(Events::RDHUP, self.shut_rd);
        let there = if core.is_tcp() { self.readable(core, core.least()) } else { !self.rx.is_empty() };
        events.set(Events::IN | Events::RDNORM, self.shut_rd || there);
        events.set(Events::PRI, self.has_urgent());
        events
    }
}

fn connection(core: &Core, state: &State, roomy: bool) -> Events {
    let mut events = Events::empty();
    let out = if core.is_unix() { Events::OUT | Events::WRNORM | Events::WRBAND } else { Events::OUT | Events::WRNORM };
    match &state.role {
        Role::Listening { pending, .. } => {
            let ready = pending.iter().any(|c| !c.deferred.load(Relaxed));
            events.set(Events::IN | Events::RDNORM, ready);
            return events;
        }
        Role::Connecting(_) => return events,
        Role::Connected => {}
        _ => events |= Events::HUP,
    }
    // TCP says that one can write what will fail.
    events.set(out, roomy || (core.is_tcp() && state.shut_wr));
    events
}
