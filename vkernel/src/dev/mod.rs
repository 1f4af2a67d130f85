//! Character devices, and the tree of `/dev`.
//!
//! Answers to Linux's `drivers/char/mem.c`, `drivers/char/random.c` and what `devtmpfs` and udev put into `/dev`. Left out:
//! `/dev/mem`, `/dev/kmsg`, every real device. Terminals are not opened here: which one `/dev/tty` is
//! depends on who asks, so the kernel above finds it (see [`crate::tty`]).
//!
//! Locks: none.

mod memory;
mod random;
#[cfg(test)]
mod tests;

pub use memory::MemDevice;
pub use random::RandomDevice;

use alloc::sync::Arc;
use fs_emu::{FileOps, FileType, InodeRef, Owner};
use host::Result;
use host::abi::{dev_join, dev_split};

/// `/dev/tty`: the asker's controlling terminal.
pub const TTY: u64 = dev_join(5, 0);
/// `/dev/console`.
pub const CONSOLE: u64 = dev_join(5, 1);

/// Opens a character device by number; `None` when there is no such device, or when it is a terminal.
pub fn open_char(rdev: u64) -> Option<Arc<dyn FileOps>> {
    Some(match dev_split(rdev) {
        (1, 3) => Arc::new(MemDevice::Null),
        (1, 5) => Arc::new(MemDevice::Zero),
        (1, 7) => Arc::new(MemDevice::Full),
        (1, 8) => Arc::new(RandomDevice::new(true)),
        (1, 9) => Arc::new(RandomDevice::new(false)),
        _ => return None,
    })
}

const ROOT: Owner = Owner { uid: 0, gid: 0 };

const NODES: [(&[u8], u32, u64); 8] = [
    (b"null", 0o666, dev_join(1, 3)),
    (b"zero", 0o666, dev_join(1, 5)),
    (b"full", 0o666, dev_join(1, 7)),
    (b"random", 0o666, dev_join(1, 8)),
    (b"urandom", 0o666, dev_join(1, 9)),
    (b"tty", 0o666, TTY),
    (b"console", 0o600, CONSOLE),
    (b"ptmx", 0o666, crate::tty::PTMX),
];

const LINKS: [(&[u8], &[u8]); 4] = [
    (b"fd", b"/proc/self/fd"),
    (b"stdin", b"/proc/self/fd/0"),
    (b"stdout", b"/proc/self/fd/1"),
    (b"stderr", b"/proc/self/fd/2"),
];

const DIRECTORIES: [(&[u8], u32); 2] = [(b"shm", 0o1777), (b"pts", 0o755)];

/// Fills an empty directory with what `/dev` holds.
pub fn populate(dev: &InodeRef) -> Result<()> {
    for (name, mode, rdev) in NODES {
        dev.create(name, FileType::CharDevice.mode() | mode, rdev, ROOT)?;
    }
    for (name, target) in LINKS {
        dev.symlink(name, target, ROOT)?;
    }
    for (name, mode) in DIRECTORIES {
        dev.create(name, FileType::Directory.mode() | mode, 0, ROOT)?;
    }
    Ok(())
}
