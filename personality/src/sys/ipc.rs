//! What the System V calls have in common: `struct ipc64_perm`, and the commands of the `*ctl` calls (`ipc/util.c`).

use host::{Result, user};
use vkernel::ipc::Perm;

pub(super) const RMID: i32 = 0;
pub(super) const SET: i32 = 1;
pub(super) const STAT: i32 = 2;
pub(super) const INFO: i32 = 3;

/// Words of `struct ipc64_perm`.
pub(super) const PERM: usize = 6;

fn pair(low: u32, high: u32) -> u64 {
    u64::from(low) | u64::from(high) << 32
}

/// Two 32-bit fields that follow one another.
pub(super) fn ints(low: u32, high: u32) -> u64 {
    pair(low, high)
}

/// The structure that a status begins with.
pub(super) fn perm(p: &Perm) -> [u64; PERM] {
    [pair(p.key as u32, p.uid), pair(p.gid, p.cuid), pair(p.cgid, p.mode), 0, 0, 0]
}

/// A status: the permissions, and the words after them.
pub(super) fn put(at: usize, p: &Perm, rest: &[u64]) -> Result<()> {
    user::write(at, &perm(p))?;
    for (i, word) in rest.iter().enumerate() {
        user::write(at.wrapping_add(8 * (PERM + i)), word)?;
    }
    Ok(())
}

/// `IPC_SET`'s new owner, group and mode.
pub(super) fn owner_and_mode(at: usize) -> Result<(u32, u32, u32)> {
    let words: [u64; 3] = user::read(at)?;
    Ok(((words[0] >> 32) as u32, words[1] as u32, (words[2] >> 32) as u32))
}
