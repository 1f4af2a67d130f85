//! Writing into text that other threads may be executing (Linux's `text_poke_bp_batch`).
//!
//! The order is what makes it safe; `docs/patching.md` says why. Where only one thread lives in the memory, the rest of the
//! order is without a reader and no core is told.

use super::{BREAKPOINT, JUMP, blocks};
use host::layout::{PAGE_SIZE, page_down};
use host::sys::{mem, process};
use host::{Result, user};

const RWX: u32 = 7;

/// The pages of a window.
fn pages(site: usize) -> (usize, usize) {
    let first = page_down(site);
    (first, page_down(site + JUMP - 1) + PAGE_SIZE - first)
}

/// Tells all cores that text has changed.
fn sync(threads: bool) -> Result<()> {
    if threads { process::sync_cores() } else { Ok(()) }
}

/// Puts the jump in the place of the original. The text's protection is `prot`.
pub(super) fn jump(site: usize, stub: usize, starts: &[usize], prot: u32, threads: bool) -> Result<()> {
    let distance = blocks::distance(site, stub).ok_or(host::Errno::ERANGE)?;
    let [a, b, c, d] = distance;
    let new = [0xe9, a, b, c, d];
    let (first, len) = pages(site);
    mem::protect_guest(first, len, RWX)?;
    let done = put(site, &new, starts, threads);
    mem::protect_guest(first, len, prot)?;
    done
}

fn put(site: usize, new: &[u8; JUMP], starts: &[usize], threads: bool) -> Result<()> {
    if !threads {
        return user::poke(site, new);
    }
    // Whoever comes to an instruction that will be displaced is caught from now on, in order of addresses.
    for &start in starts {
        if let Some(byte) = new.get(start) {
            user::poke(site + start, &[*byte])?;
            sync(true)?;
        }
    }
    // So is who comes to the call itself, while the rest of the jump is written.
    user::poke(site, &[BREAKPOINT])?;
    sync(true)?;
    user::poke(site + 1, &new[1..])?;
    sync(true)?;
    user::poke(site, &new[..1])?;
    sync(true)
}

/// Whether the original bytes stand there.
pub(super) fn is_original(site: usize, original: &[u8; JUMP]) -> bool {
    let mut now = [0; JUMP];
    user::peek(&mut now, site).is_ok() && now == *original
}

/// Gives a site its original bytes back, as far as there is memory. `prot` knows the protection of each page.
pub(super) fn original(
    site: usize,
    original: &[u8; JUMP],
    starts: &[usize],
    prot: &dyn Fn(usize) -> Option<u32>,
    threads: bool,
) {
    let (first, len) = pages(site);
    let each = || (first..first + len).step_by(PAGE_SIZE).filter_map(|page| Some((page, prot(page)?)));
    for (page, prot) in each() {
        // Without access there is nothing that could be executed, and nothing to be read either: it is opened all the same.
        let _ = mem::protect_guest(page, PAGE_SIZE, RWX | prot);
    }
    take(site, original, starts, threads);
    for (page, prot) in each() {
        let _ = mem::protect_guest(page, PAGE_SIZE, prot);
    }
}

/// Bytes that have no memory any more are left out.
fn take(site: usize, original: &[u8; JUMP], starts: &[usize], threads: bool) {
    let put = |offset: usize| {
        if let Some(byte) = original.get(offset) {
            let _ = user::poke(site + offset, &[*byte]);
        }
    };
    if !threads {
        return (0..JUMP).for_each(put);
    }
    let _ = user::poke(site, &[BREAKPOINT]);
    let _ = sync(true);
    // Everything but the traps: the jump is no jump any more.
    (1..JUMP).filter(|offset| !starts.contains(offset)).for_each(put);
    let _ = sync(true);
    put(0);
    let _ = sync(true);
    // From the last to the first, so that a caught instruction is whole when it is let go.
    starts.iter().rev().for_each(|&start| put(start));
    let _ = sync(true);
}
