//! `FS_IOC_FIEMAP`: where the parts of a file lie (`fs/ioctl.c`).
//!
//! A file in memory lies in the arena's file, one extent a run of pages; a lower file is asked of the host. Left out:
//! extents of extended attributes, more than [`MOST`] extents at once. Takes no lock but the file's own.

use crate::{FileOps, MapSource, PageSource};
use alloc::vec::Vec;
use host::layout::PAGE_SIZE;
use host::sys::fd;
use host::{Errno, Result, user};

/// The number of the `ioctl`.
pub const FS_IOC_FIEMAP: u32 = 0xc020_660b;
const SYNC: u32 = 1;
const LAST: u32 = 1;
const HEAD: usize = 32;
const EXTENT: usize = 56;
/// Most extents answered in one call.
const MOST: usize = 4096;
const PAGE: u64 = PAGE_SIZE as u64;

/// One piece of a file, in bytes.
struct Extent {
    logical: u64,
    physical: u64,
    len: u64,
    last: bool,
}

/// Answers the request at `arg` for an open file.
pub fn fiemap(file: &dyn FileOps, arg: usize) -> Result<usize> {
    let mut head = [0u8; HEAD];
    user::copy_in(&mut head, arg)?;
    let (start, len) = (long(&head, 0), long(&head, 8));
    let (flags, room) = (word(&head, 16), word(&head, 24) as usize);
    if room > u32::MAX as usize / EXTENT || len == 0 {
        return Err(Errno::EINVAL);
    }
    if start > i64::MAX as u64 {
        return Err(Errno::EFBIG);
    }
    if flags & !SYNC != 0 {
        put(&mut head, 16, &(flags & !SYNC).to_ne_bytes());
        user::copy_out(arg, &head)?;
        return Err(Errno::EBADR);
    }
    match file.map()? {
        MapSource::Host(host_file) => of_host(host_file.raw(), &head, room.min(MOST), arg),
        MapSource::Pages(pages) => {
            let found = extents(file, &*pages, start, start.saturating_add(len), room)?;
            let shown = if room == 0 { &[] } else { found.as_slice() };
            let mut out = head.to_vec();
            put(&mut out, 20, &(found.len() as u32).to_ne_bytes());
            out.extend(shown.iter().flat_map(Extent::bytes));
            user::copy_out(arg, &out).map(|()| 0)
        }
        MapSource::Anonymous => Err(Errno::EOPNOTSUPP),
    }
}

/// What the host says of a file of its own.
fn of_host(raw: i32, head: &[u8; HEAD], room: usize, arg: usize) -> Result<usize> {
    let mut buf = head.to_vec();
    put(&mut buf, 24, &(room as u32).to_ne_bytes());
    buf.resize(HEAD + room * EXTENT, 0);
    fd::ioctl(raw, FS_IOC_FIEMAP, &mut buf)?;
    let shown = if room == 0 { 0 } else { word(&buf, 20) as usize };
    // The caller's own count goes back to it.
    buf.get_mut(24..28).unwrap_or_default().copy_from_slice(head.get(24..28).unwrap_or_default());
    user::copy_out(arg, buf.get(..HEAD + shown.min(room) * EXTENT).unwrap_or_default()).map(|()| 0)
}

/// The runs of a file in memory that touch a range of bytes; without `room` as many as there are.
fn extents(file: &dyn FileOps, pages: &dyn PageSource, start: u64, end: u64, room: usize) -> Result<Vec<Extent>> {
    let mut found: Vec<Extent> = Vec::new();
    let most = if room == 0 { usize::MAX } else { room.min(MOST) };
    let mut page = start / PAGE;
    let mut more = false;
    while page < pages.pages() {
        match pages.run(page, usize::MAX, false) {
            Err(Errno::ENXIO) => break,
            Err(e) => return Err(e),
            Ok(None) => match file.seek_data(page.saturating_mul(PAGE), false) {
                Ok(data) => page = (data / PAGE).max(page + 1),
                Err(_) => break,
            },
            Ok(Some((offset, n))) => {
                more = page * PAGE >= end || found.len() == most;
                if more {
                    break;
                }
                found.push(Extent { logical: page * PAGE, physical: offset, len: n as u64 * PAGE, last: false });
                page += n as u64;
            }
        }
    }
    if let Some(last) = found.last_mut().filter(|_| !more) {
        last.last = true;
    }
    Ok(found)
}

impl Extent {
    fn bytes(&self) -> [u8; EXTENT] {
        let mut out = [0; EXTENT];
        put(&mut out, 0, &self.logical.to_ne_bytes());
        put(&mut out, 8, &self.physical.to_ne_bytes());
        put(&mut out, 16, &self.len.to_ne_bytes());
        put(&mut out, 40, &if self.last { LAST } else { 0 }.to_ne_bytes());
        out
    }
}

fn put(to: &mut [u8], at: usize, bytes: &[u8]) {
    if let Some(part) = to.get_mut(at..at + bytes.len()) {
        part.copy_from_slice(bytes);
    }
}

fn word(from: &[u8], at: usize) -> u32 {
    from.get(at..at + 4).and_then(|b| b.try_into().ok()).map_or(0, u32::from_ne_bytes)
}

fn long(from: &[u8], at: usize) -> u64 {
    from.get(at..at + 8).and_then(|b| b.try_into().ok()).map_or(0, u64::from_ne_bytes)
}
