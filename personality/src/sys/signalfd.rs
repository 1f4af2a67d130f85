//! Signals behind descriptors (`fs/signalfd.c`).

use super::{fds, rw};
use crate::dispatch::Call;
use crate::table::{Fd, Ptr};
use fs_emu::OpenFlags;
use fs_emu::vfs::File;
use host::{Errno, Result, user};
use vkernel::signal::SigSet;
use vkernel::signalfd::SignalFd;

/// `signalfd(2)` of old.
pub fn signalfd(call: &mut Call<'_>, fd: Fd, mask: Ptr, size: usize) -> Result<usize> {
    signalfd4(call, fd, mask, size, 0)
}

/// `signalfd(2)`: a new one for -1, else a new mask for `fd`.
pub fn signalfd4(call: &mut Call<'_>, fd: Fd, mask: Ptr, size: usize, flags: u32) -> Result<usize> {
    if size != size_of::<u64>() {
        return Err(Errno::EINVAL);
    }
    let mask = SigSet(user::read(mask.0)?).minus(SigSet::UNMASKABLE);
    let flags = OpenFlags::from_bits_retain(flags);
    if !(flags - (OpenFlags::CLOEXEC | OpenFlags::NONBLOCK)).is_empty() {
        return Err(Errno::EINVAL);
    }
    if fd.0 != -1 {
        let file = rw::file(call, fd)?;
        file.ops_as::<SignalFd>().ok_or(Errno::EINVAL)?.set_mask(mask);
        return Ok(fd.0 as usize);
    }
    let new = fds::reserve(call)?;
    let file = File::new(SignalFd::new(mask), None, OpenFlags::RDWR | (flags & OpenFlags::NONBLOCK));
    Ok(new.publish(file, flags.contains(OpenFlags::CLOEXEC)) as usize)
}
