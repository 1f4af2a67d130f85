//! `/dev/null`, `/dev/zero` and `/dev/full`.

use core::any::Any;
use fs_emu::{FileOps, MapSource};
use host::iov::IovIter;
use host::{Errno, Result};

/// The devices without a state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MemDevice {
    /// Always empty, takes everything.
    Null,
    /// Endless zeros, takes everything.
    Zero,
    /// Endless zeros, never has room.
    Full,
}

impl FileOps for MemDevice {
    fn as_any(&self) -> &dyn Any {
        self
    }

    fn read_at(&self, _off: u64, to: &mut IovIter<'_>) -> Result<usize> {
        let want = to.remaining();
        if *self == MemDevice::Null || want == 0 {
            return Ok(0);
        }
        match to.put_zeros(want) {
            0 => Err(Errno::EFAULT),
            n => Ok(n),
        }
    }

    fn write_at(&self, off: u64, from: &mut IovIter<'_>, _append: bool) -> Result<(usize, u64)> {
        if *self == MemDevice::Full {
            return Err(Errno::ENOSPC);
        }
        // Nobody looks at the bytes, as in Linux: not even whether they can be read.
        let n = from.remaining();
        from.advance(n);
        Ok((n, off))
    }

    fn own_position(&self) -> bool {
        true
    }

    fn seek(&self, _off: i64, _whence: u32) -> Result<u64> {
        Ok(0)
    }

    fn map(&self) -> Result<MapSource> {
        if *self == MemDevice::Zero { Ok(MapSource::Anonymous) } else { Err(Errno::ENODEV) }
    }
}
