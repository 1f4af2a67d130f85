//! Options about groups of IPv4 (`ip_mc_join_group`, `do_mcast_group_source`, `ip(7)`).
//!
//! Left out: those that let sources through or not (`IP_BLOCK_SOURCE` and others: `ENOPROTOOPT`).

use crate::table::Ptr;
use host::{Errno, Result, user};
use vkernel::net::addr::{self, ANY4};
use vkernel::net::{Family, Group, Kind, Socket};

const IP_MULTICAST_IF: i32 = 32;
const IP_ADD_MEMBERSHIP: i32 = 35;
const IP_DROP_MEMBERSHIP: i32 = 36;
const MCAST_JOIN_GROUP: i32 = 42;
const MCAST_LEAVE_GROUP: i32 = 45;
/// Bytes of `struct in_addr`, `struct ip_mreq`, `struct ip_mreqn` and `struct group_req`.
const ADDR: usize = 4;
const MREQ: usize = 8;
const MREQN: usize = 12;
const GROUP_REQ: usize = 136;

/// Whether an option of `SOL_IP` is one of these.
pub(super) fn knows(name: i32) -> bool {
    matches!(name, IP_MULTICAST_IF | IP_ADD_MEMBERSHIP | IP_DROP_MEMBERSHIP | MCAST_JOIN_GROUP | MCAST_LEAVE_GROUP)
}

/// Sets one.
pub(super) fn set(socket: &Socket, name: i32, value: Ptr, len: usize) -> Result<()> {
    match name {
        IP_MULTICAST_IF if socket.core().kind == Kind::Stream => Err(Errno::EINVAL),
        IP_MULTICAST_IF if (ADDR..MREQ).contains(&len) => {
            let ip = v4(user::read::<[u8; ADDR]>(value.0)?);
            socket.set_multicast_if(Group { ip: ANY4, interface: ip, index: 0 })
        }
        IP_MULTICAST_IF => socket.set_multicast_if(mreq(value, len)?),
        IP_ADD_MEMBERSHIP => socket.join_group(mreq(value, len)?),
        IP_DROP_MEMBERSHIP => socket.leave_group(mreq(value, len)?),
        MCAST_JOIN_GROUP => socket.join_group(group_req(value, len)?),
        _ => socket.leave_group(group_req(value, len)?),
    }
}

fn v4(bytes: [u8; 4]) -> u128 {
    ANY4 | u128::from(u32::from_be_bytes(bytes))
}

/// `struct ip_mreq` or `struct ip_mreqn`.
fn mreq(value: Ptr, len: usize) -> Result<Group> {
    if len < MREQ {
        return Err(Errno::EINVAL);
    }
    let [ip, interface] = user::read::<[[u8; 4]; 2]>(value.0)?;
    let index = if len >= MREQN { user::read::<u32>(value.0.wrapping_add(MREQ))? } else { 0 };
    Ok(Group { ip: v4(ip), interface: v4(interface), index })
}

/// `struct group_req`: an interface, and an address of the group.
fn group_req(value: Ptr, len: usize) -> Result<Group> {
    if len < GROUP_REQ {
        return Err(Errno::EINVAL);
    }
    let bytes = user::read::<[u8; GROUP_REQ]>(value.0)?;
    let index = bytes.first_chunk().map_or(0, |b| u32::from_ne_bytes(*b));
    let ip = addr::ip(Family::Inet, bytes.get(8..).unwrap_or_default()).map_err(|_| Errno::EINVAL)?.ip;
    Ok(Group { ip, interface: ANY4, index })
}
