//! Guest memory: the one fallible door (`docs/memory.md`).
//!
//! Answers to Linux's `uaccess.h`. Every function checks that the range is the guest's, copies with fault fix-up, and on a
//! fault asks the address space once more (growing stack, lazily mapped file) before it answers `EFAULT`. Never call
//! these while holding a lock; code under a lock goes through [`IovIter`](crate::iov::IovIter).

use crate::abi::Pod;
use crate::arch::usercopy;
use crate::errno::{Errno, Result};
use crate::layout::{PAGE_SIZE, is_guest};
use alloc::vec::Vec;
use core::mem::{MaybeUninit, size_of};

/// Linux's `PATH_MAX`, with the NUL.
pub const PATH_MAX: usize = 4096;
/// Linux's `UIO_MAXIOV`.
pub const IOV_MAX: usize = 1024;

/// A guest buffer, as in `struct iovec`.
#[derive(Clone, Copy, Debug, Default)]
#[repr(C)]
pub struct IoVec {
    /// First byte.
    pub base: usize,
    /// Bytes.
    pub len: usize,
}

/// Whether a range may be read for the guest: its own memory, or the vDSO's, which it shares with every process of the host.
pub fn is_readable(addr: usize, len: usize) -> bool {
    is_guest(addr, len) || in_vdso(addr, len)
}

#[cold]
fn in_vdso(addr: usize, len: usize) -> bool {
    let vdso = crate::cpu::current().vdso();
    vdso.contains(&addr) && len <= vdso.end - addr
}

fn copy_retry(guest: usize, len: usize, write: bool, mut step: impl FnMut(usize) -> usize) -> Result<()> {
    if len == 0 {
        return Ok(());
    }
    if !(is_guest(guest, len) || !write && in_vdso(guest, len)) {
        return Err(Errno::EFAULT);
    }
    let mut done = 0;
    let mut stuck = usize::MAX;
    loop {
        let missed = step(done);
        if missed == 0 {
            return Ok(());
        }
        done = len - missed;
        // One retry per page: a hook that answers yes without effect must not loop for ever.
        let at = guest + done;
        if at == stuck || !crate::cpu::current().fault_in(at, write) {
            return Err(Errno::EFAULT);
        }
        stuck = at;
    }
}

/// Copies from the guest into `dst`.
pub fn copy_in(dst: &mut [u8], src: usize) -> Result<()> {
    let (to, len) = (dst.as_mut_ptr() as usize, dst.len());
    // SAFETY: `dst` is ours, the guest side was checked by `copy_retry`.
    copy_retry(src, len, false, |done| unsafe { usercopy::copy(to + done, src + done, len - done) })
}

/// Copies `src` out to the guest.
pub fn copy_out(dst: usize, src: &[u8]) -> Result<()> {
    let (from, len) = (src.as_ptr() as usize, src.len());
    // SAFETY: as in `copy_in`.
    copy_retry(dst, len, true, |done| unsafe { usercopy::copy(dst + done, from + done, len - done) })
}

/// Copies from the guest what is there now, without asking its address space for more: may be called under that one's lock.
pub fn peek(dst: &mut [u8], src: usize) -> Result<()> {
    if !is_guest(src, dst.len()) {
        return Err(Errno::EFAULT);
    }
    // SAFETY: `dst` is ours, the guest side was checked; a fault is fixed up.
    let missed = unsafe { usercopy::copy(dst.as_mut_ptr() as usize, src, dst.len()) };
    if missed == 0 { Ok(()) } else { Err(Errno::EFAULT) }
}

/// As [`peek`], the other way. Bytes go out one by one, ascending, when there are at most seven.
pub fn poke(dst: usize, src: &[u8]) -> Result<()> {
    if !is_guest(dst, src.len()) {
        return Err(Errno::EFAULT);
    }
    // SAFETY: as in `peek`.
    let missed = unsafe { usercopy::copy(dst, src.as_ptr() as usize, src.len()) };
    if missed == 0 { Ok(()) } else { Err(Errno::EFAULT) }
}

/// Clears guest memory.
pub fn clear(dst: usize, len: usize) -> Result<()> {
    // SAFETY: as in `copy_in`.
    copy_retry(dst, len, true, |done| unsafe { usercopy::fill(dst + done, 0, len - done) })
}

/// Reads a structure.
pub fn read<T: Pod>(addr: usize) -> Result<T> {
    let mut out = MaybeUninit::<T>::zeroed();
    // SAFETY: `out` is valid for `size_of::<T>()` bytes, and any bytes make a `T: Pod`.
    unsafe {
        copy_in(core::slice::from_raw_parts_mut(out.as_mut_ptr().cast(), size_of::<T>()), addr)?;
        Ok(out.assume_init())
    }
}

/// Writes a structure.
pub fn write<T: Pod>(addr: usize, value: &T) -> Result<()> {
    // SAFETY: a `T: Pod` may be seen as bytes.
    copy_out(addr, unsafe { core::slice::from_raw_parts((value as *const T).cast(), size_of::<T>()) })
}

/// Writes a structure unless the pointer is NULL.
pub fn write_opt<T: Pod>(addr: usize, value: &T) -> Result<()> {
    if addr == 0 { Ok(()) } else { write(addr, value) }
}

/// Reads a structure; `None` for NULL.
pub fn read_opt<T: Pod>(addr: usize) -> Result<Option<T>> {
    if addr == 0 { Ok(None) } else { read(addr).map(Some) }
}

/// Reads `n` structures.
pub fn read_array<T: Pod>(addr: usize, n: usize) -> Result<Vec<T>> {
    let bytes = n.checked_mul(size_of::<T>()).ok_or(Errno::EFAULT)?;
    if bytes > 0 && !is_guest(addr, bytes) {
        return Err(Errno::EFAULT);
    }
    let mut out = Vec::new();
    out.try_reserve_exact(n).map_err(|_| Errno::ENOMEM)?;
    for i in 0..n {
        out.push(read(addr + i * size_of::<T>())?);
    }
    Ok(out)
}

/// Reads bytes up to a NUL, which is not part of the result. `too_long` when `max` bytes held none.
pub fn read_cstr(addr: usize, max: usize, too_long: Errno) -> Result<Vec<u8>> {
    let mut out = Vec::new();
    let mut at = addr;
    while out.len() < max {
        // Up to the end of the page, so that nothing behind the string need be mapped.
        let n = (PAGE_SIZE - at % PAGE_SIZE).min(max - out.len()).min(256);
        let mut buf = [0u8; 256];
        let piece = &mut buf[..n];
        copy_in(piece, at)?;
        if let Some(end) = piece.iter().position(|&b| b == 0) {
            out.extend_from_slice(&piece[..end]);
            return Ok(out);
        }
        out.extend_from_slice(piece);
        at += n;
    }
    Err(too_long)
}

/// How much of a path has room without an allocation.
const SHORT: usize = 128;

/// A path that was read from the guest.
pub struct PathText {
    short: [u8; SHORT],
    len: usize,
    /// In place of `short`, if it was too long for that.
    long: Vec<u8>,
}

impl core::ops::Deref for PathText {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        if self.len <= SHORT { &self.short[..self.len] } else { &self.long }
    }
}

impl PathText {
    /// An empty one.
    pub const EMPTY: PathText = PathText { short: [0; SHORT], len: 0, long: Vec::new() };

    /// As [`read_path`].
    #[inline]
    pub fn read(addr: usize) -> Result<PathText> {
        let mut text = PathText { short: [0; SHORT], len: 0, long: Vec::new() };
        // A first piece within the page; most paths end there.
        let room = (PAGE_SIZE - addr % PAGE_SIZE).min(SHORT);
        let mut at = 0;
        while at < room {
            let n = (room - at).min(32);
            copy_in(&mut text.short[at..at + n], addr + at)?;
            if let Some(end) = find_nul(&text.short[at..at + n]) {
                text.len = at + end;
                return Ok(text);
            }
            at += n;
        }
        text.long = read_path(addr)?;
        text.len = text.long.len();
        if text.len <= SHORT {
            text.short[..text.len].copy_from_slice(&text.long);
        }
        Ok(text)
    }
}

/// Where the first NUL is, eight bytes at a time.
fn find_nul(bytes: &[u8]) -> Option<usize> {
    const ONES: u64 = 0x0101_0101_0101_0101;
    const TOPS: u64 = ONES << 7;
    let (words, rest) = bytes.as_chunks::<8>();
    for (i, word) in words.iter().enumerate() {
        let word = u64::from_le_bytes(*word);
        let zeros = word.wrapping_sub(ONES) & !word & TOPS;
        if zeros != 0 {
            return Some(i * 8 + zeros.trailing_zeros() as usize / 8);
        }
    }
    rest.iter().position(|&b| b == 0).map(|i| words.len() * 8 + i)
}

/// Reads a path: `ENAMETOOLONG` beyond `PATH_MAX`. An empty one is the caller's to judge.
pub fn read_path(addr: usize) -> Result<Vec<u8>> {
    read_cstr(addr, PATH_MAX, Errno::ENAMETOOLONG)
}

/// Reads an array of `struct iovec` as `readv(2)` does: `EINVAL` for too many or for a negative length.
pub fn read_iovecs(addr: usize, count: usize) -> Result<Vec<IoVec>> {
    if count > IOV_MAX {
        return Err(Errno::EINVAL);
    }
    let vecs: Vec<IoVec> = read_array(addr, count)?;
    if vecs.iter().any(|v| v.len > isize::MAX as usize) {
        return Err(Errno::EINVAL);
    }
    Ok(vecs)
}

/// Atomically loads a guest `u32` (a futex word). `EINVAL` when misaligned.
pub fn load_u32(addr: usize) -> Result<u32> {
    word_op(addr, true, load)
}

/// Compare-and-exchange on a guest `u32`; returns what was there.
pub fn cmpxchg_u32(addr: usize, old: u32, new: u32) -> Result<u32> {
    word_op(addr, true, |a| cmpxchg(a, old, new))
}

/// As [`load_u32`], without asking the address space for a page that is not there: may be called under a lock.
pub fn peek_u32(addr: usize) -> Result<u32> {
    word_op(addr, false, load)
}

/// As [`cmpxchg_u32`], in the same way.
pub fn poke_u32(addr: usize, old: u32, new: u32) -> Result<u32> {
    word_op(addr, false, |a| cmpxchg(a, old, new))
}

/// For [`word_op`].
fn load(addr: usize) -> Option<u32> {
    // SAFETY: `word_op` checked range and alignment.
    unsafe { usercopy::load4(addr) }
}

/// For [`word_op`].
fn cmpxchg(addr: usize, old: u32, new: u32) -> Option<u32> {
    // SAFETY: as in `load`.
    unsafe { usercopy::cmpxchg4(addr, old, new) }
}

fn word_op(addr: usize, bring_in: bool, op: impl Fn(usize) -> Option<u32>) -> Result<u32> {
    if !addr.is_multiple_of(4) {
        return Err(Errno::EINVAL);
    }
    if !is_guest(addr, 4) {
        return Err(Errno::EFAULT);
    }
    match op(addr) {
        Some(v) => Ok(v),
        None if bring_in && crate::cpu::current().fault_in(addr, true) => op(addr).ok_or(Errno::EFAULT),
        None => Err(Errno::EFAULT),
    }
}
