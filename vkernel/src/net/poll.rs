//! What is ready on a socket (`unix_poll`, `unix_dgram_poll`, `tcp_poll`, `datagram_poll`).

use super::core::{Core, Kind, Role, State};
use super::send::is_roomy;
use alloc::sync::Arc;
use fs_emu::file::Events;
use host::wait::PollTable;

/// Looks, and registers the sleeper on the socket's queue; a datagram sender also where its destination makes room.
pub(super) fn poll(core: &Arc<Core>, table: Option<&mut PollTable>) -> Events {
    let peer = core.state.lock().peer.clone();
    if let Some(table) = table {
        table.wait_on(&core.queue);
        if let Some(peer) = peer.as_ref().filter(|_| core.kind == Kind::Dgram) {
            table.wait_on(&peer.room);
        }
    }
    // Asked before the own lock is taken: two are never held.
    let roomy = peer.as_ref().is_none_or(|peer| is_roomy(core, peer));
    let state = core.state.lock();
    let mut events = state.common();
    if core.is_connected_kind() {
        events |= connection(core, &state, roomy);
    } else {
        events.set(Events::OUT | Events::WRNORM | Events::WRBAND, roomy);
    }
    events
}

impl State {
    /// What all kinds of sockets have.
    fn common(&self) -> Events {
        let mut events = Events::empty();
        events.set(Events::ERR, self.error.is_some());
        events.set(Events::HUP, self.shut_rd && self.shut_wr);
        events.set(Events::RDHUP, self.shut_rd);
        events.set(Events::IN | Events::RDNORM, self.shut_rd || !self.rx.is_empty());
        events
    }
}

fn connection(core: &Core, state: &State, roomy: bool) -> Events {
    let mut events = Events::empty();
    let out = if core.is_unix() { Events::OUT | Events::WRNORM | Events::WRBAND } else { Events::OUT | Events::WRNORM };
    match &state.role {
        Role::Listening { pending, .. } => {
            events.set(Events::IN | Events::RDNORM, !pending.is_empty());
            return events;
        }
        Role::Connected => {}
        _ => events |= Events::HUP,
    }
    // TCP says that one can write what will fail.
    events.set(out, roomy || (core.is_tcp() && state.shut_wr));
    events
}
