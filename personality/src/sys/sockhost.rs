//! Options of sockets that are the host's: they go to the host as they are, but for those about waiting, which is done here.
//!
//! Left out: packet filters (`SO_ATTACH_FILTER` and its like: `ENOPROTOOPT`).

use crate::table::Ptr;
use alloc::vec;
use host::sys::fd::HostFd;
use host::sys::socket;
use host::{Errno, Result, user};

const SOL_SOCKET: i32 = 1;
const SO_RCVTIMEO: i32 = 20;
const SO_SNDTIMEO: i32 = 21;
const SO_DOMAIN: i32 = 39;
const SO_RCVTIMEO_NEW: i32 = 66;
const SO_SNDTIMEO_NEW: i32 = 67;
/// `SO_ATTACH_FILTER`, `SO_ATTACH_BPF`, and those for groups of sockets.
const FILTERS: [i32; 4] = [26, 50, 51, 52];
/// Longer than any option's value.
const MOST: usize = 4096;

/// Whether an option is one that this kernel keeps itself.
pub(super) fn is_own(level: i32, name: i32) -> bool {
    level == SOL_SOCKET && matches!(name, SO_RCVTIMEO | SO_SNDTIMEO | SO_RCVTIMEO_NEW | SO_SNDTIMEO_NEW | SO_DOMAIN)
}

/// `setsockopt(2)`.
pub(super) fn set(fd: &HostFd, level: i32, name: i32, value: Ptr, len: usize) -> Result<usize> {
    if level == SOL_SOCKET && FILTERS.contains(&name) {
        return Err(Errno::ENOPROTOOPT);
    }
    let mut bytes = vec![0; len.min(MOST)];
    user::copy_in(&mut bytes, value.0)?;
    socket::set_option(fd, level, name, &bytes).map(|()| 0)
}

/// `getsockopt(2)`.
pub(super) fn get(fd: &HostFd, level: i32, name: i32, value: Ptr, len: Ptr) -> Result<usize> {
    let room = usize::try_from(user::read::<i32>(len.0)?).map_err(|_| Errno::EINVAL)?;
    let mut bytes = vec![0; room.min(MOST)];
    // Some options are asked with a value.
    user::copy_in(&mut bytes, value.0)?;
    let n = socket::option(fd, level, name, &mut bytes)?;
    user::copy_out(value.0, bytes.get(..n).unwrap_or_default())?;
    user::write(len.0, &(n as i32)).map(|()| 0)
}
