//! The inner half of the outer wall (DESIGN D9): a seccomp filter with just the host calls that the runtime makes.
//!
//! A guest that jumps to the gate's `syscall` gets these and no others. In `seccomp` mode the trap's own filter stands beside
//! this one and is stricter for calls from elsewhere; with Syscall User Dispatch and a tracer those never reach a filter. The list looks at
//! numbers only, but for `clone` and `socket`, so that the host can cache its answer and a call costs next to nothing. Calls about
//! sockets are on it only for a sandbox that was given something of the host's network, and `socket` makes those of IP only. Which
//! files a guest may change is the other half, Landlock's (`src/supervisor/wall.rs`).

use super::arm::{self, Insn};
use alloc::vec::Vec;
use host::Result;
use host::sys::{HostCall, Reach};

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

/// Builds the wall around the calling process and all that it makes, with the calls that its network needs.
pub fn raise(network: Reach) -> Result<()> {
    let op = |code, jt, jf, k| Insn { code, jt, jf, k };
    let mut program = Vec::from([
        op(arm::LOAD, 0, 0, ARCH),
        op(arm::JUMP_EQ, 1, 0, arm::ARCH_X86_64),
        op(arm::RETURN, 0, 0, RET_REFUSE),
        op(arm::LOAD, 0, 0, NR),
        op(arm::JUMP_EQ, 0, 4, HostCall::Clone as u32),
        op(arm::LOAD, 0, 0, FIRST_ARGUMENT),
        op(arm::JUMP_SET, 0, 1, NAMESPACES),
        op(arm::RETURN, 0, 0, RET_REFUSE),
        op(arm::RETURN, 0, 0, arm::RET_ALLOW),
    ]);
    if network >= HostCall::Socket.network() {
        program.extend([
            op(arm::JUMP_EQ, 0, 5, HostCall::Socket as u32),
            op(arm::LOAD, 0, 0, FIRST_ARGUMENT),
            op(arm::JUMP_EQ, 2, 0, AF_INET),
            op(arm::JUMP_EQ, 1, 0, AF_INET6),
            op(arm::RETURN, 0, 0, RET_REFUSE),
            op(arm::RETURN, 0, 0, arm::RET_ALLOW),
        ]);
    }
    for call in HostCall::ALL.iter().filter(|c| c.network() <= network) {
        program.push(op(arm::JUMP_EQ, 0, 1, *call as u32));
        program.push(op(arm::RETURN, 0, 0, arm::RET_ALLOW));
    }
    program.push(op(arm::RETURN, 0, 0, RET_REFUSE));
    arm::install_filter(&program)
}
