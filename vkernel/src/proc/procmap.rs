//! `PROCMAP_QUERY` on `/proc/PID/maps`: one mapping as a structure (`fs/proc/task_mmu.c`).

use super::subject::Subject;
use crate::mm::{PROT_EXEC, PROT_READ, PROT_WRITE, VmFlags, VmaInfo};
use host::layout::PAGE_SIZE;
use host::{Errno, Result, user};

/// `_IOWR('f', 17, struct procmap_query)`.
const QUERY: u32 = 0xc068_6611;
/// Words of the structure.
const WORDS: usize = 13;
/// The words by what stands in them, from 0 on: the size comes first, and is not looked at again.
const FLAGS: usize = 1;
const ADDRESS: usize = 2;
const START: usize = 3;
const END: usize = 4;
const ALLOWED: usize = 5;
const PAGE: usize = 6;
const OFFSET: usize = 7;
const INODE: usize = 8;
const DEVICE: usize = 9;
/// Of the name in the lower half, of the build id in the upper.
const SIZES: usize = 10;
const NAME_AT: usize = 11;
const ID_AT: usize = 12;

/// Bits of `FLAGS` and of `ALLOWED`.
const READABLE: u64 = 1;
const WRITABLE: u64 = 2;
const EXECUTABLE: u64 = 4;
const SHARED: u64 = 8;
/// The mapping at the address, or the next one.
const COVERING_OR_NEXT: u64 = 0x10;
const FILE_BACKED: u64 = 0x20;
const KNOWN: u64 = 0x3f;

/// `ioctl(2)`.
pub(super) fn ioctl(subject: &Subject, cmd: u32, arg: usize) -> Result<usize> {
    if cmd != QUERY {
        return Err(Errno::ENOTTY);
    }
    let (mut query, known) = read_query(arg)?;
    let all = subject.live_task()?.mm().maps();
    let found = find(&all, query[ADDRESS] as usize, query[FLAGS]).ok_or(Errno::ENOENT)?;
    let (major, minor) = host::abi::dev_split(found.dev);
    query[START] = found.start as u64;
    query[END] = found.end as u64;
    query[ALLOWED] = allowed(found);
    query[PAGE] = PAGE_SIZE as u64;
    query[OFFSET] = found.offset;
    query[INODE] = found.ino;
    query[DEVICE] = u64::from(major) | u64::from(minor) << 32;
    // No build id is looked for: 0 bytes of it.
    query[SIZES] = tell_name(found, query[NAME_AT] as usize, query[SIZES] as u32 as usize)?;
    for (i, word) in query.iter().take(known).enumerate() {
        user::write(arg.wrapping_add(8 * i), word)?;
    }
    Ok(0)
}

/// What is asked, and how many of its words the caller knows.
fn read_query(arg: usize) -> Result<([u64; WORDS], usize)> {
    let size: u64 = user::read(arg)?;
    if size > PAGE_SIZE as u64 {
        return Err(Errno::E2BIG);
    }
    if size < 3 * 8 {
        return Err(Errno::EINVAL);
    }
    let known = (size as usize / 8).min(WORDS);
    let mut query = [0u64; WORDS];
    for (i, word) in query.iter_mut().take(known).enumerate() {
        *word = user::read(arg.wrapping_add(8 * i))?;
    }
    for i in 8 * WORDS..size as usize {
        if user::read::<u8>(arg.wrapping_add(i))? != 0 {
            return Err(Errno::E2BIG);
        }
    }
    let (name_room, id_room) = (query[SIZES] as u32, query[SIZES] >> 32);
    if query[FLAGS] & !KNOWN != 0 || (name_room != 0) != (query[NAME_AT] != 0) || (id_room != 0) != (query[ID_AT] != 0)
    {
        return Err(Errno::EINVAL);
    }
    Ok((query, known))
}

fn find(all: &[VmaInfo], addr: usize, flags: u64) -> Option<&VmaInfo> {
    let allowing = READABLE | WRITABLE | EXECUTABLE | SHARED;
    let wanted = |m: &&VmaInfo| flags & allowing & !allowed(m) == 0 && (flags & FILE_BACKED == 0 || m.file.is_some());
    let mut candidates = all.iter().filter(|m| m.end > addr);
    if flags & COVERING_OR_NEXT != 0 {
        candidates.find(wanted)
    } else {
        candidates.next().filter(|m| m.start <= addr).filter(wanted)
    }
}

/// Writes a mapping's name where it is wanted. Its length with the 0 behind it, or 0.
fn tell_name(found: &VmaInfo, at: usize, room: usize) -> Result<u64> {
    let mut name = found.file.as_ref().map_or_else(|| found.special.as_bytes().to_vec(), |f| f.path());
    if room == 0 || name.is_empty() {
        return Ok(0);
    }
    name.push(0);
    if name.len() > room {
        return Err(Errno::ENAMETOOLONG);
    }
    user::copy_out(at, &name)?;
    Ok(name.len() as u64)
}

fn allowed(m: &VmaInfo) -> u64 {
    let mut out = 0;
    for (prot, bit) in [(PROT_READ, READABLE), (PROT_WRITE, WRITABLE), (PROT_EXEC, EXECUTABLE)] {
        out |= if m.prot & prot != 0 { bit } else { 0 };
    }
    if m.flags.contains(VmFlags::SHARED) { out | SHARED } else { out }
}
