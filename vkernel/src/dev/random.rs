//! `/dev/random` and `/dev/urandom`: the host's generator.

use alloc::vec::Vec;
use core::any::Any;
use fs_emu::FileOps;
use fs_emu::file::Events;
use host::iov::IovIter;
use host::sys::clock;
use host::wait::PollTable;
use host::{Errno, Result, user};

const RNDGETENTCNT: u32 = 0x8004_5200;
/// What a host that has been seeded reports.
const POOL_BITS: i32 = 256;
/// Bytes fetched at once for a large read.
const CHUNK: usize = 64 << 10;

/// The random devices.
pub struct RandomDevice {
    /// `/dev/random`: it has a `poll` of its own, which never finds a seeded generator writable.
    polls: bool,
}

impl RandomDevice {
    /// `/dev/random` or `/dev/urandom`.
    pub fn new(random: bool) -> RandomDevice {
        RandomDevice { polls: random }
    }
}

impl FileOps for RandomDevice {
    fn as_any(&self) -> &dyn Any {
        self
    }

    fn read_at(&self, _off: u64, to: &mut IovIter<'_>) -> Result<usize> {
        let mut buf = Vec::new();
        let size = to.remaining().min(CHUNK);
        buf.try_reserve_exact(size).map_err(|_| Errno::ENOMEM)?;
        buf.resize(size, 0);
        let mut done = 0;
        while to.remaining() > 0 {
            let n = buf.len().min(to.remaining());
            let Some(piece) = buf.get_mut(..n) else { break };
            clock::getrandom(piece)?;
            let moved = to.put(piece);
            done += moved;
            if moved < n {
                break;
            }
        }
        if done == 0 && to.remaining() > 0 { Err(Errno::EFAULT) } else { Ok(done) }
    }

    fn write_at(&self, off: u64, from: &mut IovIter<'_>, _append: bool) -> Result<(usize, u64)> {
        // Linux mixes the bytes in without counting them as entropy. Here they are only read.
        let mut buf = [0; 256];
        let mut done = 0;
        while from.remaining() > 0 {
            let want = from.remaining().min(buf.len());
            let moved = from.take(&mut buf);
            done += moved;
            if moved < want {
                return if done == 0 { Err(Errno::EFAULT) } else { Ok((done, off)) };
            }
        }
        Ok((done, off))
    }

    fn own_position(&self) -> bool {
        true
    }

    fn seek(&self, _off: i64, _whence: u32) -> Result<u64> {
        Ok(0)
    }

    fn poll(&self, _table: Option<&mut PollTable>) -> Events {
        let readable = Events::IN | Events::RDNORM;
        if self.polls { readable } else { readable | Events::OUT | Events::WRNORM }
    }

    fn ioctl(&self, cmd: u32, arg: usize) -> Result<usize> {
        match cmd {
            RNDGETENTCNT => user::write(arg, &POOL_BITS).map(|()| 0),
            // `RNDADDTOENTCNT`, `RNDADDENTROPY`, `RNDZAPENTCNT`, `RNDCLEARPOOL`, `RNDRESEEDCRNG`.
            0x4004_5201 | 0x4008_5203 | 0x5204 | 0x5206 | 0x5207 => Err(Errno::EPERM),
            _ => Err(Errno::EINVAL),
        }
    }
}
