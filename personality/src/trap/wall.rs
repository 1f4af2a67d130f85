//! The inner half of the outer wall: a seccomp filter with just the host calls that the runtime makes.
//!
//! A guest that jumps to the gate's `syscall` gets these and no others. In `seccomp` mode the trap's own filter stands beside
//! this one and is stricter for calls from elsewhere; with Syscall User Dispatch and a tracer those never reach a filter. The list looks at
//! numbers only, but for `clone` and `socket`, so that the host can cache its answer and a call costs next to nothing. Calls about
//! sockets are on it only for a sandbox that was given something of the host's network, and `socket` makes those of IP only. Which
//! files a guest may change is the other half, Landlock's (`src/supervisor/wall.rs`).

use super::arm::{self, Insn};
use alloc::vec::Vec;
use host::sys::{HostCall, Reach};
use host::{Errno, Result};

const RET_REFUSE: u32 = 0x0005_0000 | 1; // EPERM
/// `CLONE_NEW*`: the runtime makes no namespaces.
const NAMESPACES: u32 = 0x7e02_0080;
/// Offsets in `struct seccomp_data`.
const NR: u32 = 0;
const ARCH: u32 = 4;
const FIRST_ARGUMENT: u32 = 16;

/// Address families of IP.
const AF_INET: u32 = 2;
const AF_INET6: u32 = 10;

/// What becomes of a call.
#[derive(Clone, Copy)]
enum Verdict {
    Refuse,
    Allow,
    /// Allowed without new namespaces.
    Clone,
    /// Allowed for sockets of IP.
    Socket,
}

/// Builds the wall around the calling process and all that it makes, with the calls that its network needs.
pub fn raise(network: Reach) -> Result<()> {
    let op = |code, jt, jf, k| Insn { code, jt, jf, k };
    let mut program = Vec::from([
        op(arm::LOAD, 0, 0, ARCH),
        op(arm::JUMP_EQ, 1, 0, arm::ARCH_X86_64),
        op(arm::RETURN, 0, 0, RET_REFUSE),
        op(arm::LOAD, 0, 0, NR),
    ]);
    program.extend(search(&steps(network))?);
    arm::install_filter(&program)
}

/// The list as steps: what holds from this number on up to the next step's.
fn steps(network: Reach) -> Vec<(u32, Verdict)> {
    let mut calls: Vec<HostCall> = HostCall::ALL.iter().copied().filter(|c| c.network() <= network).collect();
    calls.sort_unstable_by_key(|c| *c as u32);
    let mut steps = Vec::from([(0, Verdict::Refuse)]);
    for call in calls {
        let nr = call as u32;
        let verdict = match call {
            HostCall::Clone => Verdict::Clone,
            HostCall::Socket => Verdict::Socket,
            _ => Verdict::Allow,
        };
        // The end of the call before this one is where this one begins.
        steps.retain(|(from, _)| *from != nr);
        if !matches!((steps.last(), verdict), (Some((_, Verdict::Allow)), Verdict::Allow)) {
            steps.push((nr, verdict));
        }
        steps.push((nr + 1, Verdict::Refuse));
    }
    steps
}

/// A binary search among steps: short for each call, and short to go through for the host, which works out its answers for all
/// numbers beforehand.
fn search(steps: &[(u32, Verdict)]) -> Result<Vec<Insn>> {
    let op = |code, jt, jf, k| Insn { code, jt, jf, k };
    let (low, high) = steps.split_at(steps.len() / 2);
    let Some(&(from, verdict)) = high.first() else { return Ok(Vec::new()) };
    if low.is_empty() {
        return Ok(leaf(verdict));
    }
    let (low, high) = (search(low)?, search(high)?);
    let over = u8::try_from(low.len()).map_err(|_| Errno::E2BIG)?;
    let mut program = Vec::from([op(arm::JUMP_GE, over, 0, from)]);
    program.extend(low);
    program.extend(high);
    Ok(program)
}

fn leaf(verdict: Verdict) -> Vec<Insn> {
    let op = |code, jt, jf, k| Insn { code, jt, jf, k };
    let (allow, refuse) = (op(arm::RETURN, 0, 0, arm::RET_ALLOW), op(arm::RETURN, 0, 0, RET_REFUSE));
    let first_argument = op(arm::LOAD, 0, 0, FIRST_ARGUMENT);
    match verdict {
        Verdict::Refuse => Vec::from([refuse]),
        Verdict::Allow => Vec::from([allow]),
        Verdict::Clone => Vec::from([first_argument, op(arm::JUMP_SET, 0, 1, NAMESPACES), refuse, allow]),
        Verdict::Socket => Vec::from([
            first_argument,
            op(arm::JUMP_EQ, 2, 0, AF_INET),
            op(arm::JUMP_EQ, 1, 0, AF_INET6),
            refuse,
            allow,
        ]),
    }
}
