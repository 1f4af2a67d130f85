//! What an open file can do (Linux's `struct file_operations`).
//!
//! No operation here ever sleeps for an event: one that would block answers `EAGAIN`, and [`FileOps::poll`] says what to
//! wait for. The kernel above has the one loop that waits, looks at signals and tries again. Device drivers, pipes and
//! sockets implement this trait there.

use alloc::sync::Arc;
use alloc::vec::Vec;
use bitflags::bitflags;
use core::any::Any;
use host::abi::Timespec;
use host::iov::IovIter;
use host::wait::PollTable;
use host::{Errno, Result};

bitflags! {
    /// `open(2)` flags of x86-64.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub struct OpenFlags: u32 {
        /// `O_WRONLY`.
        const WRONLY = 0o1;
        /// `O_RDWR`.
        const RDWR = 0o2;
        /// `O_CREAT`.
        const CREAT = 0o100;
        /// `O_EXCL`.
        const EXCL = 0o200;
        /// `O_NOCTTY`.
        const NOCTTY = 0o400;
        /// `O_TRUNC`.
        const TRUNC = 0o1000;
        /// `O_APPEND`.
        const APPEND = 0o2000;
        /// `O_NONBLOCK`.
        const NONBLOCK = 0o4000;
        /// `O_DSYNC`.
        const DSYNC = 0o10000;
        /// `O_ASYNC`.
        const ASYNC = 0o20000;
        /// `O_DIRECT`.
        const DIRECT = 0o40000;
        /// `O_LARGEFILE`.
        const LARGEFILE = 0o100000;
        /// `O_DIRECTORY`.
        const DIRECTORY = 0o200000;
        /// `O_NOFOLLOW`.
        const NOFOLLOW = 0o400000;
        /// `O_NOATIME`.
        const NOATIME = 0o1000000;
        /// `O_CLOEXEC`.
        const CLOEXEC = 0o2000000;
        /// `O_SYNC_ONLY`.
        const SYNC_ONLY = 0o4000000;
        /// `O_PATH`.
        const PATH = 0o10000000;
        /// `O_TMPFILE_ONLY`.
        const TMPFILE_ONLY = 0o20000000;
    }

    /// `poll(2)` events.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub struct Events: u16 {
        /// `POLLIN`.
        const IN = 0x1;
        /// `POLLPRI`.
        const PRI = 0x2;
        /// `POLLOUT`.
        const OUT = 0x4;
        /// `POLLERR`.
        const ERR = 0x8;
        /// `POLLHUP`.
        const HUP = 0x10;
        /// `POLLNVAL`.
        const NVAL = 0x20;
        /// `POLLRDNORM`.
        const RDNORM = 0x40;
        /// `POLLRDBAND`.
        const RDBAND = 0x80;
        /// `POLLWRNORM`.
        const WRNORM = 0x100;
        /// `POLLWRBAND`.
        const WRBAND = 0x200;
        /// `POLLRDHUP`.
        const RDHUP = 0x2000;
    }
}

impl OpenFlags {
    /// Whether the access mode allows reading. The fourth of them, of no name, allows neither.
    pub fn readable(self) -> bool {
        self.bits() & 1 == 0 && !self.contains(OpenFlags::PATH)
    }

    /// Whether the access mode allows writing.
    pub fn writable(self) -> bool {
        self.bits() & 3 != 0 && self.bits() & 3 != 3 && !self.contains(OpenFlags::PATH)
    }
}

/// One entry for `getdents64(2)`.
pub struct DirEntry<'a> {
    /// Inode number.
    pub ino: u64,
    /// The position after this entry, for `lseek` and the next call.
    pub next: u64,
    /// `d_type`.
    pub kind: u8,
    /// The name.
    pub name: &'a [u8],
}

/// Receives entries; `false` means the buffer is full and the entry was not taken. Called with the directory's lock held: it
/// writes to kernel memory and takes no lock.
pub type DirSink<'a> = &'a mut dyn FnMut(DirEntry<'_>) -> bool;

/// What stands behind a mapping of a file.
pub enum MapSource {
    /// A host descriptor, kept open by the mapping, at the same offsets as the file.
    Host(Arc<host::sys::fd::HostFd>),
    /// Pages of the arena.
    Pages(Arc<dyn PageSource>),
    /// Zeros (`/dev/zero`).
    Anonymous,
}

/// A file whose pages lie in the arena.
pub trait PageSource: Send + Sync {
    /// The run of pages that starts at page `page` of the file: memfd offset and number of pages (at most `max`). `None` for
    /// a hole, unless `fill` asks to allocate (at least) that page. `ENXIO` beyond the last page of the file.
    fn run(&self, page: u64, max: usize, fill: bool) -> Result<Option<(u64, usize)>>;
    /// A mapping was divided, copied, or ended. While any exists, truncation clears pages and keeps them. `writable` is one
    /// that is shared and may become writable.
    fn mapped(&self, change: i32, writable: bool);
    /// A mapping is made: `EPERM` for a writable one of a file that is sealed.
    fn map_new(&self, writable: bool) -> Result<()> {
        self.mapped(1, writable);
        Ok(())
    }
    /// How many pages the file has now.
    fn pages(&self) -> u64;
    /// Whether new mappings may never write to it.
    fn write_sealed(&self) -> bool {
        false
    }
}

/// How long a blocking read waits, where that is the file's affair: terminals in noncanonical mode.
#[derive(Clone, Copy, Debug)]
pub struct Patience {
    /// It goes on until it has so many bytes (or as many as it asked for).
    pub at_least: usize,
    /// How long for the first byte, after which it ends with none.
    pub first: Option<Timespec>,
    /// How long for each one after that.
    pub between: Option<Timespec>,
}

/// In place of an offset: wherever the file's own position is.
pub const AT_POSITION: u64 = u64::MAX;

/// An open file of some kind. `off` is ignored by files without a position.
pub trait FileOps: Send + Sync + 'static {
    /// To recognise one's own kind.
    fn as_any(&self) -> &dyn Any;

    /// Reads at a position. 0 at the end of file. A copy that faulted part-way answers what it moved; one that faulted at
    /// once answers `EFAULT` with [`IovIter::fault`] set, and is tried again if the page can be made present.
    fn read_at(&self, _off: u64, _to: &mut IovIter<'_>) -> Result<usize> {
        Err(Errno::EINVAL)
    }

    /// Writes at a position, or at the end with `append`. Answers bytes written and the position after them.
    fn write_at(&self, _off: u64, _from: &mut IovIter<'_>, _append: bool) -> Result<(usize, u64)> {
        Err(Errno::EINVAL)
    }

    /// Whether the file has a position (`lseek`, `pread`). Otherwise `ESPIPE`.
    fn seekable(&self) -> bool {
        true
    }

    /// Whether the position is the file's own affair: that of a host file shared with the outside, or none that moves
    /// (`/dev/zero`). Then `read_at` and `write_at` get [`AT_POSITION`] from calls without an offset, and `lseek(2)`
    /// goes to [`seek`](Self::seek).
    fn own_position(&self) -> bool {
        false
    }

    /// `lseek(2)` for a file with [`own_position`](Self::own_position); `whence` already checked for validity.
    fn seek(&self, _off: i64, _whence: u32) -> Result<u64> {
        Err(Errno::ESPIPE)
    }

    /// Whether a blocking write goes on until everything is written (pipes, sockets, terminals).
    fn writes_all(&self) -> bool {
        false
    }

    /// Whether `splice(2)` and its like move bytes from it and to it.
    fn spliceable(&self) -> bool {
        true
    }

    /// What a blocking read waits for beyond the first byte, and how long.
    fn patience(&self) -> Option<Patience> {
        None
    }

    /// Directory entries from position `pos` on, `.` and `..` included by the file system. Answers the position reached.
    fn readdir(&self, _pos: u64, _sink: DirSink<'_>) -> Result<u64> {
        Err(Errno::ENOTDIR)
    }

    /// `SEEK_DATA` and `SEEK_HOLE`.
    fn seek_data(&self, _off: u64, _hole: bool) -> Result<u64> {
        Err(Errno::EINVAL)
    }

    /// What is ready now; registers on the queues of the rest if a table is given.
    fn poll(&self, _table: Option<&mut PollTable>) -> Events {
        Events::IN | Events::OUT | Events::RDNORM | Events::WRNORM
    }

    /// `ioctl(2)`. `arg` is the raw argument; guest memory goes through `host::user`.
    fn ioctl(&self, _cmd: u32, _arg: usize) -> Result<usize> {
        Err(Errno::ENOTTY)
    }

    /// What a mapping of this file maps.
    fn map(&self) -> Result<MapSource> {
        Err(Errno::ENODEV)
    }

    /// `fsync(2)` or `fdatasync(2)`.
    fn sync(&self, _data_only: bool) -> Result<()> {
        Err(Errno::EINVAL)
    }

    /// `fallocate(2)`; mode already checked for validity.
    fn allocate(&self, _mode: u32, _off: u64, _len: u64) -> Result<()> {
        Err(Errno::ENODEV)
    }

    /// Opens the same thing once more, as `/proc/self/fd/N` of a file without a path does.
    fn open_again(&self, _flags: OpenFlags) -> Result<Arc<dyn FileOps>> {
        Err(Errno::ENXIO)
    }

    /// Changes attributes of a file without an inode in a file system.
    fn set_attr(&self, _attr: &crate::SetAttr) -> Result<()> {
        Err(Errno::EPERM)
    }

    /// `F_GET_SEALS`: `EINVAL` for what can't be sealed.
    fn seals(&self) -> Result<u32> {
        Err(Errno::EINVAL)
    }

    /// `F_ADD_SEALS`.
    fn add_seals(&self, _seals: u32) -> Result<()> {
        Err(Errno::EINVAL)
    }

    /// The first seals of a new memory file.
    fn init_seals(&self, _seals: u32) {}

    /// The flags of `F_SETFL` changed.
    fn set_flags(&self, _flags: OpenFlags) -> Result<()> {
        Ok(())
    }

    /// Called once when the last descriptor of *this table* is closed, as `close(2)` does (`->flush`).
    fn flush(&self) {}

    /// Called once when nothing refers to the open file any more but calls under way (`->release`). Memory may live longer: a
    /// call whose host thread was killed never lets go of what it had in hand.
    fn release(&self) {}

    /// What `/proc/PID/fd/N` shows for a file without a path, such as `pipe:[12]`.
    fn describe(&self) -> Vec<u8> {
        b"anon_inode:[unknown]".to_vec()
    }

    /// Lines that `/proc/PID/fdinfo/N` shows besides the common ones.
    fn fd_info(&self) -> Vec<u8> {
        Vec::new()
    }

    /// Attributes for `fstat` of a file without an inode in a file system.
    fn metadata(&self) -> Result<crate::Metadata> {
        Ok(crate::Metadata { mode: 0o600, blksize: 4096, nlink: 1, ..Default::default() })
    }
}
