//! A cursor over guest buffers (or kernel ones), as Linux's `iov_iter`.
//!
//! File systems and pipes move bytes through it and never see guest addresses. A guest page that is not there stops a
//! copy short and sets [`fault`](IovIter::fault); whoever started the operation, holding no lock, lets the address
//! space make the page present ([`resolve_fault`](IovIter::resolve_fault)) and goes on, or answers `EFAULT`.

use crate::arch::usercopy;
use crate::errno::{Errno, Result};
use crate::user::{IoVec, is_readable};
use alloc::vec::Vec;

/// Most bytes one call moves (`MAX_RW_COUNT`).
pub const MAX_RW_COUNT: usize = 0x7fff_f000;

enum Segs<'a> {
    /// One guest buffer, the common case, without an allocation.
    One(IoVec),
    Many(Vec<IoVec>),
    KernelMut(&'a mut [u8]),
    Kernel(&'a [u8]),
}

/// Where bytes come from or go to.
pub struct IovIter<'a> {
    segs: Segs<'a>,
    /// Index of the current segment and bytes of it already used.
    seg: usize,
    off: usize,
    left: usize,
    fault: Option<usize>,
}

impl<'a> IovIter<'a> {
    /// One guest buffer. `EFAULT` when it is not guest memory at all. Longer than [`MAX_RW_COUNT`] is cut.
    pub fn user(addr: usize, len: usize) -> Result<IovIter<'a>> {
        let len = len.min(MAX_RW_COUNT);
        if len > 0 && !is_readable(addr, len) {
            return Err(Errno::EFAULT);
        }
        Ok(Self::make(Segs::One(IoVec { base: addr, len }), len))
    }

    /// Several guest buffers, already checked by [`crate::user::read_iovecs`].
    pub fn user_vec(mut vecs: Vec<IoVec>) -> Result<IovIter<'a>> {
        let mut left = 0usize;
        for v in &mut vecs {
            v.len = v.len.min(MAX_RW_COUNT - left);
            if v.len > 0 && !is_readable(v.base, v.len) {
                return Err(Errno::EFAULT);
            }
            left += v.len;
        }
        Ok(Self::make(Segs::Many(vecs), left))
    }

    /// Kernel memory to fill.
    pub fn kernel_mut(buf: &'a mut [u8]) -> IovIter<'a> {
        let left = buf.len();
        Self::make(Segs::KernelMut(buf), left)
    }

    /// Kernel memory to read from.
    pub fn kernel(buf: &'a [u8]) -> IovIter<'a> {
        let left = buf.len();
        Self::make(Segs::Kernel(buf), left)
    }

    fn make(segs: Segs<'a>, left: usize) -> IovIter<'a> {
        IovIter { segs, seg: 0, off: 0, left, fault: None }
    }

    /// Bytes still to move.
    pub fn remaining(&self) -> usize {
        self.left
    }

    /// Limits what is left to `n` bytes.
    pub fn truncate(&mut self, n: usize) {
        self.left = self.left.min(n);
    }

    /// The guest address at which the last copy stopped, if it faulted.
    pub fn fault(&self) -> Option<usize> {
        self.fault
    }

    /// Says that a host call could not touch the very next byte (it answered `EFAULT`).
    pub fn mark_fault(&mut self) {
        let (mut seg, mut off) = (self.seg, self.off);
        while self.left > 0 && seg < self.segments() {
            let (base, len, user) = self.segment(seg);
            if off < len {
                self.fault = user.then_some(base + off);
                return;
            }
            seg += 1;
            off = 0;
        }
    }

    /// After a fault: tries to make the page present. Holds no lock. `EFAULT` when it can't be.
    pub fn resolve_fault(&mut self, write_to_guest: bool) -> Result<()> {
        match self.fault.take() {
            None => Ok(()),
            Some(addr) if crate::cpu::current().fault_in(addr, write_to_guest) => Ok(()),
            Some(_) => Err(Errno::EFAULT),
        }
    }

    /// Copies kernel bytes to where this points; returns how many went.
    pub fn put(&mut self, src: &[u8]) -> usize {
        // SAFETY: `src` is valid for its length.
        unsafe { self.put_raw(src.as_ptr() as usize, src.len()) }
    }

    /// Fills with zeros; returns how many went.
    pub fn put_zeros(&mut self, len: usize) -> usize {
        self.step(len, |at, n, user| {
            // SAFETY: `step` hands out only checked guest memory or the caller's own kernel buffer.
            unsafe {
                if user {
                    usercopy::fill(at, 0, n)
                } else {
                    core::ptr::write_bytes(at as *mut u8, 0, n);
                    0
                }
            }
        })
    }

    /// Copies bytes from where this points into kernel memory; returns how many came.
    pub fn take(&mut self, dst: &mut [u8]) -> usize {
        // SAFETY: `dst` is valid for its length.
        unsafe { self.take_raw(dst.as_mut_ptr() as usize, dst.len()) }
    }

    /// As [`put`](Self::put) from a raw address.
    ///
    /// # Safety
    /// `src..src+len` must be readable memory of this crate's.
    pub unsafe fn put_raw(&mut self, src: usize, len: usize) -> usize {
        let mut from = src;
        self.step(len, |at, n, user| {
            // SAFETY: `step` hands out checked destinations; `from` stays within the caller's range.
            let missed = unsafe { copy(at, from, n, user) };
            from += n - missed;
            missed
        })
    }

    /// As [`take`](Self::take) to a raw address.
    ///
    /// # Safety
    /// `dst..dst+len` must be writable memory of this crate's.
    pub unsafe fn take_raw(&mut self, dst: usize, len: usize) -> usize {
        let mut to = dst;
        self.step(len, |at, n, user| {
            // SAFETY: as in `put_raw`.
            let missed = unsafe { copy(to, at, n, user) };
            to += n - missed;
            missed
        })
    }

    /// Skips bytes without copying.
    pub fn advance(&mut self, n: usize) {
        self.step(n, |_, _, _| 0);
    }

    /// Goes back over the last `n` bytes moved, so that they can be moved again (a short host write).
    pub fn revert(&mut self, n: usize) {
        let mut n = n;
        while n > 0 {
            if self.off == 0 {
                if self.seg == 0 {
                    return;
                }
                self.seg -= 1;
                self.off = self.segment(self.seg).1;
                continue;
            }
            let back = n.min(self.off);
            self.off -= back;
            self.left += back;
            n -= back;
        }
    }

    /// What is left, if it lies in one piece: its address and length.
    pub fn piece(&self) -> Option<(usize, usize)> {
        let (base, len, _) = self.segment(self.seg);
        let piece = self.seg < self.segments() && len.checked_sub(self.off)? >= self.left;
        (piece && self.left > 0).then_some((base + self.off, self.left))
    }

    /// What is left as host iovecs, for a host call that reads or writes the buffers itself.
    pub fn host_iovecs(&self) -> Vec<IoVec> {
        let mut out = Vec::new();
        let (mut seg, mut off, mut left) = (self.seg, self.off, self.left);
        while left > 0 && seg < self.segments() && out.len() < 1024 {
            let (base, len, _) = self.segment(seg);
            let n = (len - off).min(left);
            if n > 0 {
                out.push(IoVec { base: base + off, len: n });
            }
            left -= n;
            seg += 1;
            off = 0;
        }
        out
    }

    fn segments(&self) -> usize {
        match &self.segs {
            Segs::Many(v) => v.len(),
            _ => 1,
        }
    }

    /// Base address, length, and whether it is guest memory.
    fn segment(&self, i: usize) -> (usize, usize, bool) {
        match &self.segs {
            Segs::One(v) => (v.base, v.len, true),
            Segs::Many(v) => v.get(i).map_or((0, 0, true), |v| (v.base, v.len, true)),
            Segs::KernelMut(b) => (b.as_ptr() as usize, b.len(), false),
            Segs::Kernel(b) => (b.as_ptr() as usize, b.len(), false),
        }
    }

    /// Walks up to `len` bytes, handing each piece to `f`, which answers how many bytes it missed.
    fn step(&mut self, len: usize, mut f: impl FnMut(usize, usize, bool) -> usize) -> usize {
        let mut want = len.min(self.left);
        let mut done = 0;
        while want > 0 && self.seg < self.segments() {
            let (base, seg_len, user) = self.segment(self.seg);
            let n = (seg_len - self.off).min(want);
            if n > 0 {
                let missed = f(base + self.off, n, user);
                let moved = n - missed;
                self.off += moved;
                self.left -= moved;
                done += moved;
                want -= moved;
                if missed > 0 {
                    self.fault = Some(base + self.off);
                    return done;
                }
            }
            if self.off == seg_len {
                self.seg += 1;
                self.off = 0;
            }
        }
        done
    }
}

/// # Safety
/// The kernel side must be valid; the guest side checked.
unsafe fn copy(dst: usize, src: usize, n: usize, user: bool) -> usize {
    if user {
        // SAFETY: the caller's promise.
        return unsafe { usercopy::copy(dst, src, n) };
    }
    // SAFETY: both sides are kernel memory; `copy` allows overlap.
    unsafe { core::ptr::copy(src as *const u8, dst as *mut u8, n) };
    0
}
