//! What becomes of mappings when their file gets shorter (Linux's `truncate_pagecache`, `unmap_mapping_range`).
//!
//! Only the process whose memory it is can change its mappings: the others are told by their doorbells and see to it before
//! their next guest instruction. Until then they read zeros where Linux would have sent SIGBUS already.

use super::hostmap;
use super::vma::Backing;
use super::{Inner, Mm};
use crate::Task;
use crate::kernel::kernel;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::sync::atomic::Ordering::SeqCst;
use host::Result;

/// A file in the arena that is mapped somewhere got shorter, by the doing of `task`.
pub fn file_shrank(task: &Task) {
    let own = task.mm();
    own.trim();
    for other in kernel().tasks.all_tasks() {
        let mm = other.mm();
        if !Arc::ptr_eq(&mm, &own) && mm.has_surplus() {
            mm.stale.store(true, SeqCst);
            other.thread.interrupt();
        }
    }
}

impl Mm {
    /// Takes pages away that lie beyond the end of their file, private copies too. In the process whose memory it is.
    pub fn trim(&self) {
        // Should the host refuse, the pages stay, and show zeros.
        let _ = self.with(Inner::trim);
    }

    /// Does so if another process has asked for it.
    pub fn trim_if_stale(&self) {
        if self.stale.load(SeqCst) && self.stale.swap(false, SeqCst) {
            self.trim();
        }
    }

    fn has_surplus(&self) -> bool {
        !self.inner.lock().surplus().is_empty()
    }
}

impl Inner {
    /// Mappings (by a byte inside) that have pages beyond the end of their file, and the first such page.
    fn surplus(&self) -> Vec<(usize, u64)> {
        let beyond = |vma: &super::Vma| {
            let Backing::Pages(pages) = &vma.backing else { return None };
            let first = pages.source().pages().max(vma.page_of(vma.start));
            let has = first < vma.page_of(vma.end) && !vma.present(vma.addr_of(first)..vma.end).is_empty();
            has.then_some((vma.start, first))
        };
        self.vmas.iter().filter_map(beyond).collect()
    }

    fn trim(&mut self) -> Result<()> {
        for (start, first) in self.surplus() {
            if let Some(beyond) = self.vmas.at(start).map(|vma| vma.addr_of(first)..vma.end) {
                self.give_back(beyond, true);
            }
            if let Some(vma) = self.vmas.at_mut(start) {
                hostmap::reserve(vma.addr_of(first)..vma.end)?;
                let end = vma.page_of(vma.end);
                vma.set_absent_from(first, end);
            }
        }
        Ok(())
    }
}
