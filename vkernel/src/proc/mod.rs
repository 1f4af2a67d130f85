//! `/proc` and `/sys`: what programs read about processes and the machine (`fs/proc/`, `fs/sysfs/`, `proc(5)`).
//!
//! * `root`: the directory `/proc`, with `self`, the process directories and the files about the machine;
//! * `machine`, `sysctl`, `net`, `sysvipc`: what stands in those files; `sysfs`: `/sys`;
//! * `subject`: which process or thread a file is about; `pid`: the table of a process's files; `status`, `stat`, `memory`,
//!   `misc`, `mounts`: their texts; `mem`, `pagemap`: its memory; `procmap`: the same as `maps`, by `ioctl`; `fd`, `links`, `threads`: the
//!   directories and magic links.
//!
//! What concerns processes is this kernel's; what concerns the machine (memory, processors, load) is read from the host's
//! files when somebody looks (`hostfile`). Left out: `map_files`, `attr`, `stack`, `syscall`, `timers`, `locks`, most of what could be
//! written to kernel settings, and anything about devices.
//!
//! Locks: texts are made while no lock of the VFS is held but the position of the file that is read. TASKLIST, SIGHAND, MM
//! and FILES are taken one after the other, each for a look, never kept. A position is only tried for.

mod fd;
mod hostfile;
mod links;
mod machine;
mod mem;
mod memory;
mod misc;
mod mounts;
mod net;
mod pagemap;
mod pid;
mod procmap;
mod root;
mod stat;
mod status;
mod subject;
mod sysctl;
mod sysfs;
mod sysvipc;
#[cfg(test)]
mod tests;
mod threads;

pub use hostfile::read_host;
pub use machine::filesystems;
pub use memory::read_memory;
pub(crate) use pid::process_of;

use alloc::sync::Arc;
use fs_emu::pseudo::{Attr, PseudoFs};
use fs_emu::{FileSystem, Owner};
use host::abi::{Timespec, dev_join};

/// Device number of `/proc`.
const PROC_DEV: u64 = dev_join(0, 80);
/// Device number of `/sys`.
const SYS_DEV: u64 = dev_join(0, 81);
const PROC_MAGIC: i64 = 0x9fa0;
const SYS_MAGIC: i64 = 0x6265_6572;
const USER_HZ: u64 = 100;

/// A new `/proc`, to be mounted.
pub fn proc_fs() -> Arc<dyn FileSystem> {
    PseudoFs::new("proc", PROC_MAGIC, root::build())
}

/// A new `/sys`, to be mounted.
pub fn sys_fs() -> Arc<dyn FileSystem> {
    PseudoFs::new("sysfs", SYS_MAGIC, sysfs::build())
}

/// An inode number from whatever tells a file apart (FNV-1a, cut to what every program can print).
fn inode_number(parts: &[&[u8]]) -> u64 {
    let mut h: u64 = 0xcbf2_9ce4_8422_2325;
    for part in parts {
        for b in part.iter().chain(&[0xff]) {
            h = (h ^ u64::from(*b)).wrapping_mul(0x0100_0000_01b3);
        }
    }
    (h ^ h >> 44) & ((1 << 44) - 1) | 1 << 20
}

/// Attributes of a file that belongs to root and never changes.
fn fixed_attr(dev: u64, path: &str, mode: u32) -> Attr {
    let ino = inode_number(&[path.as_bytes()]);
    Attr { dev, ino, mode, owner: Owner { uid: 0, gid: 0 }, nlink: 1, size: 0, time: now() }
}

fn now() -> Timespec {
    host::time::coarse()
}

/// In units of `USER_HZ`, as the tables show times.
fn ticks(t: Timespec) -> u64 {
    t.as_nanos() / (1_000_000_000 / USER_HZ)
}
