//! Socket options (`net/core/sock.c`).

use super::socket::socket_of;
use crate::dispatch::Call;
use crate::table::{Fd, Ptr};
use host::Result;

/// `setsockopt(2)`.
pub fn setsockopt(call: &mut Call<'_>, fd: Fd, _level: i32, _name: i32, _value: Ptr, _len: i32) -> Result<usize> {
    socket_of(call, fd)
}

/// `getsockopt(2)`.
pub fn getsockopt(call: &mut Call<'_>, fd: Fd, _level: i32, _name: i32, _value: Ptr, _len: Ptr) -> Result<usize> {
    socket_of(call, fd)
}
