//! Sending and receiving (`net/socket.c`).

use super::socket::socket_of;
use crate::dispatch::Call;
use crate::table::{Fd, Ptr};
use host::Result;

/// `sendto(2)`.
pub fn sendto(call: &mut Call<'_>, fd: Fd, _buf: Ptr, _n: usize, _flags: u32, _to: Ptr, _len: i32) -> Result<usize> {
    socket_of(call, fd)
}

/// `recvfrom(2)`.
pub fn recvfrom(
    call: &mut Call<'_>,
    fd: Fd,
    _buf: Ptr,
    _n: usize,
    _flags: u32,
    _from: Ptr,
    _len: Ptr,
) -> Result<usize> {
    socket_of(call, fd)
}

/// `sendmsg(2)`.
pub fn sendmsg(call: &mut Call<'_>, fd: Fd, _msg: Ptr, _flags: u32) -> Result<usize> {
    socket_of(call, fd)
}

/// `recvmsg(2)`.
pub fn recvmsg(call: &mut Call<'_>, fd: Fd, _msg: Ptr, _flags: u32) -> Result<usize> {
    socket_of(call, fd)
}

/// `sendmmsg(2)`.
pub fn sendmmsg(call: &mut Call<'_>, fd: Fd, _msgs: Ptr, _count: u32, _flags: u32) -> Result<usize> {
    socket_of(call, fd)
}

/// `recvmmsg(2)`.
pub fn recvmmsg(call: &mut Call<'_>, fd: Fd, _msgs: Ptr, _n: u32, _flags: u32, _timeout: Ptr) -> Result<usize> {
    socket_of(call, fd)
}
