//! Patching ahead: a mapping of a file's text begins with the sites that its file is [known](super::known) for.
//!
//! It happens while the mapping is made, before anybody can know of it: where the memory was not executable before, no thread
//! can be there, and the bytes are simply written. A program's own text is never patched ahead (its mappings name no version).

use super::known::{Batch, ORIGIN, Ready, is_for_good};
use super::{Left, MAX_SEEN, Mm, Request, Site, may_be_patched};
use crate::kernel::{Patching, kernel};
use crate::mm::vma::{FileTag, Label, PROT_EXEC, PROT_READ, PROT_RWX, VmFlags, Vma};
use crate::mm::{Inner, MAP_SHARED, hostmap};
use alloc::sync::Arc;
use core::sync::atomic::Ordering::Relaxed;
use host::user;

impl FileTag {
    /// Asks what is known of the file, if it is to be mapped as text.
    pub(in crate::mm) fn recall(&mut self, prot: u32, flags: u32) {
        let text = prot & PROT_RWX == PROT_READ | PROT_EXEC && flags & MAP_SHARED == 0;
        if let Some(version) = self.version.filter(|_| text)
            && kernel().patch != Patching::Off
            && version.is_settled()
        {
            self.known = Some(kernel().known.file(&version));
        }
    }
}

impl Mm {
    /// A site has trapped so often since this was last called for it. Whether its file waits for
    /// [`know`](Mm::know).
    pub fn note_traps(&self, site: usize, traps: u32) -> bool {
        let inner = self.inner.lock();
        inner.text_of_file(site).is_some_and(|(known, offset)| known.note(offset, traps, is_eager()))
    }

    /// A site cannot be patched, in this process nor in another.
    pub fn refuse_site(&self, site: usize, why: Left) {
        self.inner.lock().refuse(site, why);
    }

    /// Prepares the site for the next mappings of its file.
    pub fn know(&self, request: &Request<'_>) {
        let inner = self.inner.lock();
        if let Some((known, offset)) = inner.text_of_file(request.site) {
            known.ready(offset, request);
        }
    }
}

impl Inner {
    /// The file that an address shows text of, if it is remembered, and the offset there.
    fn text_of_file(&self, addr: usize) -> Option<(&super::known::KnownFile, u64)> {
        let vma = self.vmas.at(addr).filter(|v| may_be_patched(v))?;
        let Label::File(FileTag { known: Some(known), .. }) = &vma.label else { return None };
        Some((known, vma.offset_of(addr)))
    }

    /// Says so to the file if a site is not to be patched in other processes either.
    pub(super) fn refuse(&self, site: usize, why: Left) {
        if is_for_good(why)
            && let Some((known, offset)) = self.text_of_file(site)
        {
            known.refuse(offset);
        }
    }

    /// What a mapping that is about to be made begins with. The block is in place then.
    pub(in crate::mm) fn batch(&mut self, vma: &Vma) -> Option<Batch> {
        let Label::File(FileTag { known: Some(known), .. }) = &vma.label else { return None };
        let fresh = !self.threads || self.vmas.overlaps(vma.range()).all(|old| old.prot & PROT_EXEC == 0);
        if !fresh || !may_be_patched(vma) {
            return None;
        }
        let part = vma.offset..vma.offset.checked_add(vma.len() as u64)?;
        let batch = known.choose(part, is_eager())?;
        self.share_block(&batch.block, shift(vma), vma).then_some(batch)
    }

    /// Makes the host's mapping, with what [`batch`](Inner::batch) chose written to it.
    pub(in crate::mm) fn map_patched(&mut self, vma: &mut Vma, batch: &Batch) -> host::Result<()> {
        let (prot, flags) = (vma.prot, vma.flags);
        // All of it may be written for the moment, so that the host need not divide it, nor put memory aside for a copy of it.
        (vma.prot, vma.flags) = (PROT_RWX, flags | VmFlags::NORESERVE);
        let open = hostmap::map(vma, false);
        (vma.prot, vma.flags) = (prot, flags);
        if open.is_ok() {
            self.write_ahead(vma, batch);
            if hostmap::protect(vma, vma.range(), prot).is_ok() {
                return Ok(());
            }
        }
        // As it would have been.
        self.give_back(vma.range(), true);
        hostmap::map(vma, false)
    }

    fn write_ahead(&mut self, vma: &Vma, batch: &Batch) {
        let patches = Arc::make_mut(&mut self.patches);
        let mut written = 0;
        for ready in &batch.sites {
            let site = ORIGIN.wrapping_add(ready.offset as usize).wrapping_add(shift(vma));
            if !is_unchanged(site, ready) {
                continue;
            }
            let stub = ready.stub.wrapping_add(shift(vma));
            let new = Site { original: ready.original, stub, boundaries: ready.boundaries.clone(), landings: 0 };
            if user::poke(site, &ready.jump).is_ok() {
                patches.sites.insert(site, new);
                patches.stubs.insert(stub, site);
                written += 1;
            }
        }
        kernel().stats.ahead.fetch_add(written, Relaxed);
    }
}

/// Whether what stands there is what was seen. Reads before it writes: the page may be missing.
fn is_unchanged(site: usize, ready: &Ready) -> bool {
    let mut now = [0; MAX_SEEN];
    let Some(now) = now.get_mut(..ready.seen.len()) else { return false };
    user::peek(now, site.wrapping_sub(1)).is_ok() && *now == ready.seen
}

/// Whether nothing is waited for.
fn is_eager() -> bool {
    kernel().patch == Patching::Eager
}

/// How much farther up a mapping's file begins than [`ORIGIN`].
fn shift(vma: &Vma) -> usize {
    vma.start.wrapping_sub(vma.offset as usize).wrapping_sub(ORIGIN)
}
