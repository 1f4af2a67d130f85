//! Seals: what may never again be done to a memory file (Linux's `mm/memfd.c`).
//!
//! A seal is set under the lock of the file's data, and checked there, so that no write is under way when one is added.

use core::sync::atomic::{AtomicU32, Ordering::SeqCst};
use host::{Errno, Result};

/// No more seals.
pub const SEAL: u32 = 1;
/// The file never gets shorter.
pub const SHRINK: u32 = 2;
/// It never gets longer.
pub const GROW: u32 = 4;
/// It is never written.
pub const WRITE: u32 = 8;
/// It is written only through mappings that exist already.
pub const FUTURE_WRITE: u32 = 16;
/// Its execute permission stays as it is.
pub const EXEC: u32 = 32;
const ALL: u32 = 63;

/// A file's seals. One that was not made to be sealed has [`SEAL`].
pub(super) struct Seals(AtomicU32);

impl Default for Seals {
    fn default() -> Seals {
        Seals(AtomicU32::new(SEAL))
    }
}

impl Seals {
    pub fn get(&self) -> u32 {
        self.0.load(SeqCst)
    }

    /// As the file is made.
    pub fn set(&self, seals: u32) {
        self.0.store(seals, SeqCst);
    }

    /// `EPERM` when one of these is set.
    pub fn check(&self, seals: u32) -> Result<()> {
        if self.get() & seals == 0 { Ok(()) } else { Err(Errno::EPERM) }
    }

    pub fn check_resize(&self, old: u64, new: u64) -> Result<()> {
        self.check(match new.cmp(&old) {
            core::cmp::Ordering::Less => SHRINK,
            core::cmp::Ordering::Equal => 0,
            core::cmp::Ordering::Greater => GROW,
        })
    }

    /// `F_ADD_SEALS`: `EBUSY` for [`WRITE`] while somebody has it mapped and may write there.
    pub fn add(&self, mut seals: u32, mode: u32, mapped_writable: bool) -> Result<()> {
        if seals & !ALL != 0 {
            return Err(Errno::EINVAL);
        }
        let old = self.get();
        if old & SEAL != 0 {
            return Err(Errno::EPERM);
        }
        if seals & EXEC != 0 && mode & 0o111 != 0 {
            // What runs must not change.
            seals |= SHRINK | GROW | WRITE | FUTURE_WRITE;
        }
        if seals & WRITE != 0 && old & WRITE == 0 && mapped_writable {
            return Err(Errno::EBUSY);
        }
        self.set(old | seals);
        Ok(())
    }
}
