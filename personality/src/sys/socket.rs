//! Sockets (`net/socket.c`): no family exists yet, so every descriptor is something else (`ENOTSOCK`).

use super::path;
use crate::dispatch::Call;
use crate::table::{Fd, Ptr};
use host::{Errno, Result};

pub(super) fn socket_of(call: &Call<'_>, fd: Fd) -> Result<usize> {
    path::file(call.task, fd).and(Err(Errno::ENOTSOCK))
}

/// `socket(2)`.
pub fn socket(_call: &mut Call<'_>, _domain: i32, _kind: u32, _protocol: i32) -> Result<usize> {
    Err(Errno::EAFNOSUPPORT)
}

/// `socketpair(2)`.
pub fn socketpair(_call: &mut Call<'_>, _domain: i32, _kind: u32, _protocol: i32, _fds: Ptr) -> Result<usize> {
    Err(Errno::EAFNOSUPPORT)
}

/// `connect(2)`.
pub fn connect(call: &mut Call<'_>, fd: Fd, _addr: Ptr, _len: i32) -> Result<usize> {
    socket_of(call, fd)
}

/// `bind(2)`.
pub fn bind(call: &mut Call<'_>, fd: Fd, _addr: Ptr, _len: i32) -> Result<usize> {
    socket_of(call, fd)
}

/// `listen(2)`.
pub fn listen(call: &mut Call<'_>, fd: Fd, _backlog: i32) -> Result<usize> {
    socket_of(call, fd)
}

/// `accept(2)`.
pub fn accept(call: &mut Call<'_>, fd: Fd, addr: Ptr, len: Ptr) -> Result<usize> {
    accept4(call, fd, addr, len, 0)
}

/// `accept4(2)`.
pub fn accept4(call: &mut Call<'_>, fd: Fd, _addr: Ptr, _len: Ptr, _flags: u32) -> Result<usize> {
    socket_of(call, fd)
}

/// `getsockname(2)`.
pub fn getsockname(call: &mut Call<'_>, fd: Fd, _addr: Ptr, _len: Ptr) -> Result<usize> {
    socket_of(call, fd)
}

/// `getpeername(2)`.
pub fn getpeername(call: &mut Call<'_>, fd: Fd, _addr: Ptr, _len: Ptr) -> Result<usize> {
    socket_of(call, fd)
}

/// `shutdown(2)`.
pub fn shutdown(call: &mut Call<'_>, fd: Fd, _how: i32) -> Result<usize> {
    socket_of(call, fd)
}
