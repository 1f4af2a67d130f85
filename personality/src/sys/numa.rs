//! Memory policies, on a machine with one node (`mm/mempolicy.c`, `mm/migrate.c`).
//!
//! There is nowhere else to put memory, so policies are checked and remembered only. Left out: `set_mempolicy_home_node`.

use super::pidfd::check_attach;
use super::sched::find;
use crate::dispatch::Call;
use crate::table::Ptr;
use fs_emu::cred::Caps;
use host::layout::{PAGE_SIZE, page_up};
use host::{Errno, Result, user};
use vkernel::mm::Policy;

const DEFAULT: u32 = 0;
const PREFERRED: u32 = 1;
const BIND: u32 = 2;
const INTERLEAVE: u32 = 3;
const LOCAL: u32 = 4;
const PREFERRED_MANY: u32 = 5;
/// `MPOL_WEIGHTED_INTERLEAVE`, the last there is.
const LAST: u32 = 6;
const BALANCING: u32 = 1 << 13;
const RELATIVE: u32 = 1 << 14;
const STATIC: u32 = 1 << 15;
const MODE_FLAGS: u32 = BALANCING | RELATIVE | STATIC;

/// The nodes there are: number 0.
const NODES: u64 = 1;
/// Nodes that a kernel can have at most, here.
const MAX_NODES: usize = 64;

/// `get_nodes`: a mask of `max - 1` bits.
fn nodes(mask: Ptr, max: usize) -> Result<u64> {
    let bits = max.wrapping_sub(1);
    if bits == 0 || mask.0 == 0 {
        return Ok(0);
    }
    if bits > 8 * PAGE_SIZE {
        return Err(Errno::EINVAL);
    }
    let words = bits.div_ceil(MAX_NODES);
    let mut first = 0;
    for i in (0..words).rev() {
        let mut word: u64 = user::read(mask.0.wrapping_add(8 * i))?;
        let used = bits - i * MAX_NODES;
        if used < MAX_NODES {
            word &= (1 << used) - 1;
        }
        if i > 0 && word != 0 {
            return Err(Errno::EINVAL);
        }
        first = word;
    }
    Ok(first)
}

/// Mode and flags apart: `EINVAL` for what there is not.
fn split(mode: u32) -> Result<(u32, u32)> {
    let (kind, flags) = (mode & !MODE_FLAGS, mode & MODE_FLAGS);
    let balances = flags & BALANCING == 0 || matches!(kind, BIND | PREFERRED_MANY);
    if kind > LAST || flags & (STATIC | RELATIVE) == STATIC | RELATIVE || !balances {
        return Err(Errno::EINVAL);
    }
    Ok((kind, flags))
}

/// `mpol_new`: the policy that these make; `None` for the default one.
fn policy(kind: u32, flags: u32, nodes: u64) -> Result<Option<Policy>> {
    let shaped = flags & (STATIC | RELATIVE) != 0;
    let made = match kind {
        DEFAULT if nodes == 0 => return Ok(None),
        DEFAULT => return Err(Errno::EINVAL),
        PREFERRED if nodes == 0 && !shaped => Policy { mode: LOCAL, nodes: 0 },
        LOCAL if nodes == 0 && !shaped => Policy { mode: LOCAL, nodes: 0 },
        LOCAL => return Err(Errno::EINVAL),
        _ if nodes & NODES == 0 => return Err(Errno::EINVAL),
        _ => Policy { mode: kind | flags, nodes: if shaped { nodes } else { nodes & NODES } },
    };
    Ok(Some(made))
}

/// `set_mempolicy(2)`.
pub fn set_mempolicy(call: &mut Call<'_>, mode: u32, mask: Ptr, max: usize) -> Result<usize> {
    let (kind, flags) = split(mode)?;
    let new = policy(kind, flags, nodes(mask, max)?)?;
    *call.task.mempolicy.lock() = new;
    Ok(0)
}

/// `get_mempolicy(2)`.
pub fn get_mempolicy(call: &mut Call<'_>, mode: Ptr, mask: Ptr, max: usize, addr: Ptr, flags: u32) -> Result<usize> {
    const NODE: u32 = 1;
    const ADDR: u32 = 2;
    const ALLOWED: u32 = 4;
    if (mask.0 != 0 && max < 1) || flags & !(NODE | ADDR | ALLOWED) != 0 {
        return Err(Errno::EINVAL);
    }
    if flags & ALLOWED != 0 {
        if flags & (NODE | ADDR) != 0 {
            return Err(Errno::EINVAL);
        }
        return tell(mode, 0, mask, max, NODES);
    }
    let found = if flags & ADDR != 0 {
        call.task.mm().policy_at(addr.0).ok_or(Errno::EFAULT)?
    } else if addr.0 != 0 {
        return Err(Errno::EINVAL);
    } else {
        *call.task.mempolicy.lock()
    };
    let (kind, its) = found.map_or((DEFAULT, 0), |p| (p.mode, p.nodes));
    let told = match flags & (NODE | ADDR) {
        // Which node it is, or will be: there is only one.
        NODE if kind & !MODE_FLAGS != INTERLEAVE => return Err(Errno::EINVAL),
        NODE => 0,
        f if f == NODE | ADDR => 0,
        _ => kind,
    };
    tell(mode, told, mask, max, its)
}

fn tell(mode: Ptr, value: u32, mask: Ptr, max: usize, nodes: u64) -> Result<usize> {
    user::write_opt(mode.0, &value)?;
    if mask.0 != 0 {
        let bytes = max.wrapping_sub(1).div_ceil(MAX_NODES).saturating_mul(8);
        if bytes > PAGE_SIZE {
            return Err(Errno::EINVAL);
        }
        user::clear(mask.0.wrapping_add(8), bytes.saturating_sub(8))?;
        let first = nodes.to_ne_bytes();
        user::copy_out(mask.0, first.get(..bytes.min(8)).unwrap_or_default())?;
    }
    Ok(0)
}

/// `mbind(2)`.
pub fn mbind(call: &mut Call<'_>, at: Ptr, len: usize, mode: u32, mask: Ptr, max: usize, flags: u32) -> Result<usize> {
    const STRICT: u32 = 1;
    const MOVE: u32 = 2;
    const MOVE_ALL: u32 = 4;
    let (kind, mode_flags) = split(mode)?;
    let nodes = nodes(mask, max)?;
    if flags & !(STRICT | MOVE | MOVE_ALL) != 0 {
        return Err(Errno::EINVAL);
    }
    if flags & MOVE_ALL != 0 && !call.task.cred().capable(Caps::SYS_NICE) {
        return Err(Errno::EPERM);
    }
    let len = page_up(len).ok_or(Errno::EINVAL)?;
    let end = at.0.checked_add(len).filter(|_| at.0.is_multiple_of(PAGE_SIZE)).ok_or(Errno::EINVAL)?;
    if len == 0 {
        return Ok(0);
    }
    let new = policy(kind, mode_flags, nodes)?;
    call.task.mm().set_policy(at.0..end, new).map(|()| 0)
}

/// `migrate_pages(2)`: everything is where it shall be.
pub fn migrate_pages(call: &mut Call<'_>, pid: i32, max: usize, old: Ptr, new: Ptr) -> Result<usize> {
    nodes(old, max)?;
    let new = nodes(new, max)?;
    if let Some(other) = find(call.task, pid)? {
        check_attach(call.task, &other)?;
    }
    if new & !NODES != 0 && !call.task.cred().capable(Caps::SYS_NICE) {
        return Err(Errno::EPERM);
    }
    if new & NODES == 0 { Err(Errno::EINVAL) } else { Ok(0) }
}

/// `move_pages(2)`: tells where pages are.
pub fn move_pages(
    call: &mut Call<'_>,
    pid: i32,
    n: usize,
    pages: Ptr,
    to: Ptr,
    status: Ptr,
    flags: u32,
) -> Result<usize> {
    const MOVE: u32 = 2;
    const MOVE_ALL: u32 = 4;
    if flags & !(MOVE | MOVE_ALL) != 0 {
        return Err(Errno::EINVAL);
    }
    if flags & MOVE_ALL != 0 && !call.task.cred().capable(Caps::SYS_NICE) {
        return Err(Errno::EPERM);
    }
    let other = find(call.task, pid)?;
    if let Some(other) = &other {
        check_attach(call.task, other)?;
    }
    let space = other.as_ref().map_or_else(|| call.task.mm(), |t| t.mm());
    for i in 0..n {
        let page: u64 = user::read(pages.0.wrapping_add(8 * i))?;
        if to.0 != 0 {
            let node: i32 = user::read(to.0.wrapping_add(4 * i))?;
            if node != 0 {
                return Err(Errno::ENODEV);
            }
        }
        let at: i32 = match space.policy_at(page as usize) {
            None => Errno::EFAULT.as_ret() as i32,
            Some(_) if other.is_none() && space.is_resident(page as usize) == Some(false) => {
                Errno::ENOENT.as_ret() as i32
            }
            Some(_) => 0,
        };
        user::write(status.0.wrapping_add(4 * i), &at)?;
    }
    Ok(0)
}
