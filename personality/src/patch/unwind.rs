//! Whether unwinders can do without the bytes of a signal return: then it may be patched like any other site.
//!
//! An unwinder that comes to the address to which a handler returns asks the image's table (`.eh_frame_hdr`) first, and knows the
//! instructions `mov $15, %rax; syscall` by their bytes where there is nothing about them. glibc's table tells; musl's and
//! Go's do not. The layout is the Linux Standard Base's ("Exception Frames"); in other encodings than the one that linkers write
//! the answer is no. All of it is guest memory: whatever stands there, the answer is yes or no.

use host::user;
use vkernel::Task;

/// `mov $15, %rax`, as all of them begin.
const BEFORE: [u8; 7] = [0x48, 0xc7, 0xc0, 15, 0, 0, 0];
const PT_LOAD: u32 = 1;
const PT_GNU_EH_FRAME: u32 = 0x6474_e550;
/// Version 1; a pointer relative to its place; a number of 4 bytes; a sorted table of pairs relative to the header.
const HEADER: [u8; 4] = [1, 0x1b, 3, 0x3b];
/// Most program headers that are looked at.
const MAX_HEADERS: usize = 32;
/// Size of a program header, and places in it: type, address, size in memory.
const PHENT: usize = 56;

/// Whether the call at `site` is a signal return that its image's unwind table describes as one.
pub fn describes_signal_return(task: &Task, site: usize) -> bool {
    described(task, site).unwrap_or(false)
}

fn described(task: &Task, site: usize) -> Option<bool> {
    let start = site.checked_sub(BEFORE.len())?;
    if word::<7>(start)? != BEFORE {
        return Some(false);
    }
    let map = task.mm().map_at(site)?;
    let base = map.start.checked_sub(usize::try_from(map.offset).ok()?)?;
    let table = table_of(base, site)?;
    // Unwinders look for the byte before the address to which a call returns.
    let fde = find(table, start.checked_sub(1)?)?;
    Some(covers(fde, start - 1, site) && is_signal_frame(fde)?)
}

fn word<const N: usize>(at: usize) -> Option<[u8; N]> {
    let mut bytes = [0; N];
    user::copy_in(&mut bytes, at).ok()?;
    Some(bytes)
}

fn number(at: usize) -> Option<usize> {
    word(at).map(|b| u32::from_ne_bytes(b) as usize)
}

/// A signed number of 4 bytes, added to an address.
fn relative(at: usize, to: usize) -> Option<usize> {
    word(at).map(|b| to.wrapping_add_signed(i32::from_ne_bytes(b) as isize))
}

/// The table of the image that is mapped at `base`, if `site` is in a segment of it.
fn table_of(base: usize, site: usize) -> Option<usize> {
    if word::<5>(base)? != *b"\x7fELF\x02" {
        return None;
    }
    let headers = base.checked_add(usize::from_ne_bytes(word(base + 32)?))?;
    let count = usize::from(u16::from_ne_bytes(word(base + 56)?)).min(MAX_HEADERS);
    let (mut table, mut loaded) = (None, false);
    for n in 0..count {
        let header = headers.checked_add(n * PHENT)?;
        let place = base.wrapping_add(usize::from_ne_bytes(word(header.checked_add(16)?)?));
        match number(header)? as u32 {
            PT_GNU_EH_FRAME => table = Some(place),
            PT_LOAD => {
                let len = usize::from_ne_bytes(word(header.checked_add(40)?)?);
                loaded |= site.checked_sub(place).is_some_and(|within| within < len);
            }
            _ => {}
        }
    }
    table.filter(|_| loaded)
}

/// The description in whose place `pc` is: the last one that begins there or before.
fn find(table: usize, pc: usize) -> Option<usize> {
    if word::<4>(table)? != HEADER {
        return None;
    }
    let entries = table.checked_add(12)?;
    let entry = |n: usize| entries.checked_add(n.checked_mul(8)?);
    let (mut low, mut high) = (0, number(table + 8)?);
    while high - low > 1 {
        let middle = low + (high - low) / 2;
        if relative(entry(middle)?, table)? <= pc { low = middle } else { high = middle }
    }
    relative(entry(low)?.checked_add(4)?, table)
}

/// Whether a description is about everything from `first` to `last`.
fn covers(fde: usize, first: usize, last: usize) -> bool {
    let place = fde.wrapping_add(8);
    let range = relative(place, place).zip(number(place.wrapping_add(4)));
    range.is_some_and(|(start, len)| start <= first && last.wrapping_sub(start) < len)
}

/// Whether what it has in common with others says "a signal's frame": an `S` in the augmentation.
fn is_signal_frame(fde: usize) -> Option<bool> {
    let place = fde.checked_add(4)?;
    let cie = place.checked_sub(number(place)?)?;
    // Its length, 0 where a description names this, and the version.
    if number(cie.checked_add(4)?)? != 0 || word::<1>(cie.checked_add(8)?)? != [1] {
        return Some(false);
    }
    let augmentation = word::<8>(cie.checked_add(9)?)?;
    let mut letters = augmentation.iter().take_while(|c| **c != 0);
    Some(augmentation.starts_with(b"zR") && letters.any(|c| *c == b'S'))
}
