//! Asking the files that may be ready (`ep_send_events`).

use super::item::Item;
use super::{Epoll, Interest, flag};
use alloc::vec::Vec;
use core::sync::atomic::Ordering::SeqCst;

/// So many need no memory of their own.
const FEW: usize = 4;

/// What [`Epoll::collect`] has found.
#[derive(Default)]
pub struct Collected {
    few: [Interest; FEW],
    n: usize,
    /// What `few` does not hold.
    more: Vec<Interest>,
}

impl Collected {
    fn push(&mut self, found: Interest) {
        match self.few.get_mut(self.n) {
            Some(place) => *place = found,
            None => self.more.push(found),
        }
        self.n += 1;
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.n
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.n == 0
    }

    /// All of them, in the order of the ready list.
    pub fn iter(&self) -> impl Iterator<Item = &Interest> {
        self.few.iter().take(self.n).chain(&self.more)
    }
}

impl Epoll {
    /// What is ready: up to `max` items, each asked now. Never sleeps.
    pub fn collect(&self, max: usize) -> Collected {
        let (mut out, mut last, mut asked) = (Collected::default(), None, Vec::new());
        let table = self.table.lock();
        table.take_host_events(&self.core);
        let mut turns = self.core.len();
        while turns > 0 && out.len() < max {
            turns -= 1;
            let Some(id) = self.core.pop() else { break };
            let Some(item) = table.items.get(&id) else { continue };
            // First this, then the question: a wake in between counts.
            item.queued.store(false, SeqCst);
            let Some(file) = item.file.upgrade() else { continue };
            let events = item.look(&file);
            asked.extend(last.replace(file));
            if events == 0 {
                continue;
            }
            out.push(Interest { events, data: item.data() });
            self.reported(item);
        }
        let more = self.core.len() > 0;
        drop(table);
        // The last reference may be among these; closing a file comes back here.
        drop((last, asked));
        if more {
            self.core.waiters.wake_all();
        }
        out
    }

    /// A level-triggered item stays until it is found not to be ready.
    fn reported(&self, item: &Item) {
        let interest = item.interest();
        if interest & flag::ONESHOT != 0 {
            item.disable();
        } else if interest & flag::EDGE == 0 && !item.queued.swap(true, SeqCst) {
            self.core.change(|ready| ready.push_back(item.id));
        }
    }

    /// Whether anything is ready, for those who poll the epoll.
    pub(super) fn is_ready(&self) -> bool {
        let mut asked = Vec::new();
        let table = self.table.lock();
        table.take_host_events(&self.core);
        let mut turns = self.core.len();
        let mut found = false;
        while turns > 0 && !found {
            turns -= 1;
            let Some(id) = self.core.pop() else { break };
            let Some(item) = table.items.get(&id) else { continue };
            item.queued.store(false, SeqCst);
            let Some(file) = item.file.upgrade() else { continue };
            found = item.look(&file) != 0;
            asked.push(file);
            if found && !item.queued.swap(true, SeqCst) {
                self.core.change(|ready| ready.push_front(id));
            }
        }
        drop(table);
        drop(asked);
        found
    }
}
