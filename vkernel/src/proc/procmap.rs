//! `PROCMAP_QUERY` on `/proc/PID/maps`: one mapping as a structure (`fs/proc/task_mmu.c`).

use super::subject::Subject;
use crate::mm::{PROT_EXEC, PROT_READ, PROT_WRITE, VmFlags, VmaInfo};
use host::layout::PAGE_SIZE;
use host::{Errno, Result, user};

/// `_IOWR('f', 17, struct procmap_query)`.
const QUERY: u32 = 0xc068_6611;
/// Words of the structure: size, flags, address; start, end, flags, page size, offset, inode; device; sizes of the name and
/// the build id; where these go.
const WORDS: usize = 13;
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
    let (flags, addr, names) = (query[1], query[2] as usize, query[10]);
    let (name_room, id_room) = (names as u32 as usize, (names >> 32) as u32);
    if flags & !KNOWN != 0 || (name_room != 0) != (query[11] != 0) || (id_room != 0) != (query[12] != 0) {
        return Err(Errno::EINVAL);
    }
    let task = subject.live_task()?;
    let all = task.mm().maps();
    let wanted = |m: &&VmaInfo| flags & 0xf & !allowed(m) == 0 && (flags & FILE_BACKED == 0 || m.file.is_some());
    let mut candidates = all.iter().filter(|m| m.end > addr);
    let found = if flags & COVERING_OR_NEXT != 0 {
        candidates.find(wanted)
    } else {
        candidates.next().filter(|m| m.start <= addr).filter(wanted)
    };
    let found = found.ok_or(Errno::ENOENT)?;
    let (major, minor) = host::abi::dev_split(found.dev);
    query[3] = found.start as u64;
    query[4] = found.end as u64;
    query[5] = allowed(found);
    query[6] = PAGE_SIZE as u64;
    query[7] = found.offset;
    query[8] = found.ino;
    query[9] = u64::from(major) | u64::from(minor) << 32;
    let mut name = found.file.as_ref().map_or_else(|| found.special.as_bytes().to_vec(), |f| f.path());
    let mut told = 0;
    if name_room != 0 && !name.is_empty() {
        name.push(0);
        if name.len() > name_room {
            return Err(Errno::ENAMETOOLONG);
        }
        told = name.len() as u64;
        user::copy_out(query[11] as usize, &name)?;
    }
    // No build id is looked for: 0 bytes of it.
    query[10] = told;
    for (i, word) in query.iter().take(known).enumerate() {
        user::write(arg.wrapping_add(8 * i), word)?;
    }
    Ok(0)
}

fn allowed(m: &VmaInfo) -> u64 {
    let mut out = 0;
    for (prot, bit) in [(PROT_READ, READABLE), (PROT_WRITE, WRITABLE), (PROT_EXEC, EXECUTABLE)] {
        out |= if m.prot & prot != 0 { bit } else { 0 };
    }
    if m.flags.contains(VmFlags::SHARED) { out | SHARED } else { out }
}
