//! Who writes a file, and who runs it (Linux's `i_writecount`): the one excludes the other with `ETXTBSY`.
//!
//! Takes no locks.

use crate::InodeRef;
use core::sync::atomic::{AtomicI32, Ordering::SeqCst};
use host::{Errno, Result};

/// Of one file: above 0 the number of writers, below 0 of those who run it.
#[derive(Debug, Default)]
pub struct WriteCount(AtomicI32);

impl WriteCount {
    fn step(&self, by: i32) -> Result<()> {
        let next = |n: i32| if n.signum() == -by { None } else { n.checked_add(by) };
        self.0.fetch_update(SeqCst, SeqCst, next).map(drop).map_err(|_| Errno::ETXTBSY)
    }
}

/// A hold on a file: it is written, or it is not to be written. Ends when dropped.
pub struct Hold {
    inode: InodeRef,
    by: i32,
}

impl Hold {
    /// For a writer (`get_write_access`). `None` for a file that does not count. `ETXTBSY` while it runs.
    pub fn write(inode: &InodeRef) -> Result<Option<Hold>> {
        Hold::take(inode, 1)
    }

    /// For who runs it (`deny_write_access`). `ETXTBSY` while it is open for writing.
    pub fn run(inode: &InodeRef) -> Result<Option<Hold>> {
        Hold::take(inode, -1)
    }

    fn take(inode: &InodeRef, by: i32) -> Result<Option<Hold>> {
        match inode.writers() {
            None => Ok(None),
            Some(count) => count.step(by).map(|()| Some(Hold { inode: inode.clone(), by })),
        }
    }
}

impl Drop for Hold {
    fn drop(&mut self) {
        if let Some(count) = self.inode.writers() {
            count.0.fetch_sub(self.by, SeqCst);
        }
    }
}
