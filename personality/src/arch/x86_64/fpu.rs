//! The vector state in a signal frame (`asm/sigcontext.h`: `struct _fpx_sw_bytes`, `struct _xstate`).
//!
//! The kernel itself uses no vector register beyond xmm0-15 and no part of this code interprets the state: it is copied as a
//! whole, and made acceptable to the host's `XRSTOR` where a guest may have written it.

use alloc::vec::Vec;
use host::{Errno, Result, user};
use vkernel::kernel::kernel;

/// Legacy `FXSAVE` image.
const FXSAVE: usize = 512;
/// `XSAVE` header behind it.
const HEADER: usize = 64;
const MAGIC1: u32 = 0x4650_5853;
const MAGIC2: u32 = 0x4650_5845;
/// Offsets of `struct _fpx_sw_bytes` in the legacy image: magic1, extended_size, xfeatures, xstate_size.
const SW: usize = 464;
/// Offset of MXCSR and its mask.
const MXCSR: usize = 24;

/// A frame's vector state could not be taken over.
#[derive(Debug)]
pub struct FpuError;

unsafe fn word(area: usize, off: usize) -> u32 {
    // SAFETY: the caller's area has at least `FXSAVE` bytes.
    unsafe { ((area + off) as *const u32).read_unaligned() }
}

/// Bytes to leave for an area, header of the frame's own included.
pub(super) fn room() -> usize {
    let [_, _, frame] = kernel().hwcap;
    // `AT_MINSIGSTKSZ` is the host's own frame, with the largest area there is.
    (frame as usize).clamp(4096, 64 << 10)
}

/// Notes how the host describes an area, from one of its own frames.
pub fn learn(area: usize) {
    let size = area_size(area);
    if size > FXSAVE + HEADER {
        // SAFETY: the host's own area, on our stack.
        let features = unsafe { ((area + SW + 8) as *const u64).read_unaligned() };
        kernel().vector.set(features, size - 4);
    }
}

/// Saves the vector state as the host would, with xmm0-15 from `xmm`.
///
/// # Safety
/// `area` must be 64-aligned with `room` bytes, and the rest of the registers be the guest's.
pub(super) unsafe fn save_area(area: usize, xmm: usize) {
    const XMM: usize = 160;
    let (features, size) = kernel().vector.get();
    // SAFETY: the caller's promise; offsets as the processor's manual has them.
    unsafe {
        core::ptr::write_bytes((area + FXSAVE) as *mut u8, 0, HEADER);
        core::arch::asm!("xsave64 [{}]", in(reg) area, in("eax") features as u32, in("edx") (features >> 32) as u32, options(nostack));
        core::ptr::copy_nonoverlapping(xmm as *const u8, (area + XMM) as *mut u8, 256);
        let header = (area + FXSAVE) as *mut u64;
        header.write(header.read() | 3);
        core::ptr::write_bytes((area + SW) as *mut u8, 0, FXSAVE - SW);
        ((area + SW) as *mut u32).write(MAGIC1);
        ((area + SW + 4) as *mut u32).write(size as u32 + 4);
        ((area + SW + 8) as *mut u64).write(features);
        ((area + SW + 16) as *mut u32).write(size as u32);
        ((area + size) as *mut u32).write_unaligned(MAGIC2);
    }
}

/// Bytes of the area that the host wrote at `area`, its trailing magic included; 0 for none.
pub fn area_size(area: usize) -> usize {
    if area == 0 {
        return 0;
    }
    // SAFETY: the address comes from a host signal frame, whose area has at least the legacy part.
    unsafe { if word(area, SW) == MAGIC1 { word(area, SW + 4) as usize } else { FXSAVE } }
}

/// Copies an area between places on kernel stacks.
///
/// # Safety
/// `from` must be a host's area of `area_size(from)` bytes and `to` have as much room.
pub unsafe fn copy_area(to: usize, from: usize) {
    // SAFETY: the caller's promise.
    unsafe { core::ptr::copy_nonoverlapping(from as *const u8, to as *mut u8, area_size(from)) };
}

/// The initial state: what a new program starts with.
pub fn reset_area(area: usize) {
    let size = area_size(area);
    if size == 0 {
        return;
    }
    // SAFETY: the area is the host's own on our stack, `size` bytes long; offsets lie in the legacy part or the header.
    unsafe {
        core::ptr::write_bytes(area as *mut u8, 0, MXCSR);
        (area as *mut u16).write(0x37f);
        ((area + MXCSR) as *mut u32).write(0x1f80);
        core::ptr::write_bytes((area + 32) as *mut u8, 0, 416 - 32);
        if size >= FXSAVE + HEADER {
            // No component is in use: XRSTOR initialises them all.
            ((area + FXSAVE) as *mut u64).write(0);
        }
    }
}

/// Copies the state out to a guest's frame.
pub(super) fn copy_to_guest(area: usize, to: usize) -> Result<()> {
    let size = area_size(area);
    // SAFETY: the host's own area on our stack.
    user::copy_out(to, unsafe { core::slice::from_raw_parts(area as *const u8, size) })
}

/// Takes over the state from a guest's frame, made acceptable: reserved bits cleared, components limited to those the
/// host saves. A NULL pointer means the initial state; a frame without the extended part gives the legacy part alone.
pub(super) fn copy_from_guest(area: usize, from: usize) -> Result<()> {
    let size = area_size(area);
    if from == 0 {
        reset_area(area);
        return Ok(());
    }
    if size < FXSAVE + HEADER {
        return Err(Errno::EFAULT);
    }
    // SAFETY: the host's own area on our stack.
    let (sw, features, mask) = unsafe {
        let mut sw = [0u8; FXSAVE - SW];
        core::ptr::copy_nonoverlapping((area + SW) as *const u8, sw.as_mut_ptr(), sw.len());
        (sw, ((area + SW + 8) as *const u64).read_unaligned(), word(area, MXCSR + 4))
    };
    let extended = user::read::<u32>(from + SW)? == MAGIC1
        && user::read::<u32>(from + SW + 4)? as usize == size
        && user::read::<u32>(from + size - 4)? == MAGIC2;
    let take = if extended { size - 4 } else { FXSAVE };
    // SAFETY: `take` bytes fit into our area; nothing else refers to it.
    user::copy_in(unsafe { core::slice::from_raw_parts_mut(area as *mut u8, take) }, from)?;
    // SAFETY: offsets within our own area.
    unsafe {
        core::ptr::copy_nonoverlapping(sw.as_ptr(), (area + SW) as *mut u8, sw.len());
        let mxcsr = (area + MXCSR) as *mut u32;
        mxcsr.write(mxcsr.read() & if mask == 0 { 0xffbf } else { mask });
        mxcsr.add(1).write(mask);
        let header = (area + FXSAVE) as *mut u64;
        header.write(if extended { header.read() & features } else { 3 });
        // XCOMP_BV and the reserved words must be zero in the standard format.
        core::ptr::write_bytes(header.add(1), 0, HEADER / 8 - 1);
    }
    Ok(())
}

/// The state as `PTRACE_GETREGSET` shows it: the `XSAVE` form, and where the host put its notes, which components there are.
pub(super) fn shown(area: usize) -> Vec<u8> {
    let size = area_size(area);
    if size < FXSAVE + HEADER {
        return Vec::new();
    }
    // SAFETY: the host's own area on our stack.
    let mut out = unsafe { core::slice::from_raw_parts(area as *const u8, size - 4) }.to_vec();
    // SAFETY: as above; the components that the host saves stand in its notes.
    let features = unsafe { ((area + SW + 8) as *const u64).read_unaligned() };
    let notes = features.to_ne_bytes().into_iter().chain(core::iter::repeat(0));
    out.iter_mut().take(FXSAVE).skip(SW).zip(notes).for_each(|(to, from)| *to = from);
    out
}

/// Takes it over again, changed: what the processor would refuse is made acceptable.
pub(super) fn set_shown(area: usize, from: &[u8]) {
    if area_size(area) < FXSAVE + HEADER || from.len() + 4 != area_size(area) {
        return;
    }
    // SAFETY: as many bytes as our own area has, but for the host's notes.
    unsafe {
        let features = ((area + SW + 8) as *const u64).read_unaligned();
        let mask = word(area, MXCSR + 4);
        core::ptr::copy_nonoverlapping(from.as_ptr(), area as *mut u8, SW);
        core::ptr::copy_nonoverlapping(from.as_ptr().add(FXSAVE), (area + FXSAVE) as *mut u8, from.len() - FXSAVE);
        let mxcsr = (area + MXCSR) as *mut u32;
        mxcsr.write(mxcsr.read() & if mask == 0 { 0xffbf } else { mask });
        mxcsr.add(1).write(mask);
        let header = (area + FXSAVE) as *mut u64;
        header.write(header.read() & features);
        core::ptr::write_bytes(header.add(1), 0, HEADER / 8 - 1);
    }
}
