//! A host descriptor as an open file.
//!
//! A terminal that is not the one umlaut was started on is such a file too, and knows nothing of modes or jobs. Before each transfer
//! on something that can make one wait (terminal, pipe, socket) the host is asked whether it is ready, and
//! `EAGAIN` tells the kernel above to wait with [`FileOps::poll`]. When somebody outside is faster, the host call itself
//! sleeps; it answers `EINTR` once the thread is kicked. Descriptors that never make one wait use the host's own position,
//! which is shared with the outside.

use crate::pipe::PIPE_BUF;
use alloc::format;
use alloc::sync::Arc;
use alloc::vec;
use alloc::vec::Vec;
use core::any::Any;
use core::ffi::CStr;
use core::sync::atomic::{AtomicBool, Ordering::Relaxed};
use fs_emu::file::{AT_POSITION, Events};
use fs_emu::{FileOps, FileType, MapSource, Metadata, OpenFlags, SetAttr};
use host::abi::{PollFd, Stat, Timespec};
use host::iov::IovIter;
use host::sys::fd::{self, HostFd};
use host::sys::path;
use host::wait::PollTable;
use host::{Errno, Result, user};

const AT_FDCWD: i32 = -100;
const F_GETFL: u32 = 3;
const FIONREAD: u32 = 0x541b;
const SEEK_CUR: u32 = 1;
const SEEK_END: u32 = 2;
/// How far to look for the page at which the host gave up.
const PROBE: usize = 64 << 10;

/// An inherited file. One per open file description, because `O_NONBLOCK` is the description's.
pub struct HostFile {
    fd: Arc<HostFd>,
    kind: FileType,
    /// The host's flags at the time it was taken over.
    flags: OpenFlags,
    nonblock: AtomicBool,
    seekable: bool,
}

impl HostFile {
    /// Takes over a host descriptor.
    pub fn new(host_fd: HostFd) -> Result<HostFile> {
        let raw = host_fd.raw();
        let kind = FileType::from_mode(fd::fstat(raw)?.mode).ok_or(Errno::EINVAL)?;
        let flags = OpenFlags::from_bits_truncate(fd::fcntl(raw, F_GETFL, 0)? as u32);
        Ok(HostFile {
            kind,
            flags,
            nonblock: AtomicBool::new(flags.contains(OpenFlags::NONBLOCK)),
            seekable: fd::lseek(raw, 0, SEEK_CUR).is_ok(),
            fd: Arc::new(host_fd),
        })
    }

    /// The host file behind an open file, if it is one.
    pub fn of(ops: &dyn FileOps) -> Option<&HostFile> {
        ops.as_any().downcast_ref()
    }

    /// The flags for `F_GETFL`: those that the file was opened with outside.
    pub fn open_flags(&self) -> OpenFlags {
        self.flags
    }

    /// The host descriptor.
    pub fn host_fd(&self) -> &Arc<HostFd> {
        &self.fd
    }

    /// `ftruncate(2)`.
    pub fn truncate(&self, len: u64) -> Result<()> {
        fd::ftruncate(&self.fd, len)
    }

    /// Another description of the same file, as opening `/proc/self/fd/N` makes one. Never with more access than
    /// was inherited. Regular files are opened anew on the host, to get a position of their own.
    pub fn reopen(&self, flags: OpenFlags) -> Result<HostFile> {
        let wider = (flags.readable() && !self.flags.readable()) || (flags.writable() && !self.flags.writable());
        if wider {
            return Err(Errno::EACCES);
        }
        let fd = if self.kind == FileType::Regular { Arc::new(self.open_again(flags)?) } else { self.fd.clone() };
        Ok(HostFile {
            fd,
            kind: self.kind,
            flags,
            nonblock: AtomicBool::new(flags.contains(OpenFlags::NONBLOCK)),
            seekable: self.seekable,
        })
    }

    fn open_again(&self, flags: OpenFlags) -> Result<HostFd> {
        let keep = OpenFlags::WRONLY | OpenFlags::RDWR | OpenFlags::APPEND | OpenFlags::TRUNC;
        with_link(self.fd.raw(), |link| path::open_follow(AT_FDCWD, link, (flags & keep).bits(), 0))
    }

    /// Whether a transfer can make one wait.
    pub fn waits(&self) -> bool {
        !matches!(self.kind, FileType::Regular | FileType::Directory | FileType::BlockDevice)
    }

    fn poll_host(&self, events: Events) -> Events {
        let mut fds = [PollFd { fd: self.fd.raw(), events: events.bits() as i16, revents: 0 }];
        match fd::poll_now(&mut fds) {
            Ok(_) => Events::from_bits_truncate(fds[0].revents as u16),
            Err(_) => Events::empty(),
        }
    }

    /// `EAGAIN` unless a transfer can go on now (even if only to fail).
    fn expect(&self, event: Events) -> Result<()> {
        if !self.waits() || !self.poll_host(event).is_empty() {
            return Ok(());
        }
        Err(Errno::EAGAIN)
    }

    /// After `EINTR`, which says that a signal is pending: whether the transfer goes on all the same. As on Linux, what is there already
    /// is read, and what there is room for written.
    fn ready_despite_signal(&self, event: Events) -> bool {
        self.waits() && !self.poll_host(event).is_empty()
    }

    fn offset(&self, off: u64) -> Option<u64> {
        (self.seekable && off != AT_POSITION).then_some(off)
    }

    /// Writes page by page while the host is ready: what a description with `O_NONBLOCK` needs, because the flag of the
    /// host's own description is shared with the outside and left alone.
    fn write_pieces(&self, from: &mut IovIter<'_>) -> Result<usize> {
        let mut buf = vec![0; PIPE_BUF];
        let mut done = 0;
        loop {
            let want = from.remaining().min(PIPE_BUF);
            let taken = from.take(&mut buf);
            let result = match buf.get(..taken) {
                Some(piece) if taken == want => fd::write(self.fd.raw(), piece),
                _ => Err(Errno::EFAULT),
            };
            from.revert(taken - result.unwrap_or(0).min(taken));
            done += match result {
                Ok(n) => n,
                Err(_) if done > 0 => return Ok(done),
                Err(e) => return Err(e),
            };
            if from.remaining() == 0 || self.expect(Events::OUT).is_err() {
                return Ok(done);
            }
        }
    }
}

impl FileOps for HostFile {
    fn as_any(&self) -> &dyn Any {
        self
    }

    fn read_at(&self, off: u64, to: &mut IovIter<'_>) -> Result<usize> {
        if to.remaining() == 0 {
            return Ok(0);
        }
        self.expect(Events::IN)?;
        let result = match fd::readv(self.fd.raw(), self.offset(off), to) {
            Err(Errno::EINTR) if self.ready_despite_signal(Events::IN) => fd::readv_now(self.fd.raw(), to),
            result => result,
        };
        if result == Err(Errno::EFAULT) {
            // The host cannot make guest pages present. Find out which one is missing; the buffer is about to be overwritten.
            let n = to.put_zeros(PROBE);
            to.revert(n);
        }
        result
    }

    fn write_at(&self, off: u64, from: &mut IovIter<'_>, append: bool) -> Result<(usize, u64)> {
        if from.remaining() == 0 {
            return Ok((0, off));
        }
        self.expect(Events::OUT)?;
        if self.waits() && self.nonblock.load(Relaxed) {
            return self.write_pieces(from).map(|n| (n, off));
        }
        let at = self.offset(off);
        if append && self.seekable && at.is_none() {
            fd::lseek(self.fd.raw(), 0, SEEK_END)?;
        }
        let result = match fd::writev(self.fd.raw(), at, from) {
            Err(Errno::EINTR) if self.ready_despite_signal(Events::OUT) => self.write_pieces(from),
            result => result,
        };
        if result == Err(Errno::EFAULT) {
            let mut probe = vec![0; PROBE.min(from.remaining())];
            let n = from.take(&mut probe);
            from.revert(n);
        }
        result.map(|n| (n, at.map_or(off, |at| at.saturating_add(n as u64))))
    }

    fn seekable(&self) -> bool {
        self.seekable
    }

    fn own_position(&self) -> bool {
        true
    }

    fn seek(&self, off: i64, whence: u32) -> Result<u64> {
        fd::lseek(self.fd.raw(), off, whence)
    }

    fn seek_data(&self, off: u64, hole: bool) -> Result<u64> {
        let off = i64::try_from(off).map_err(|_| Errno::ENXIO)?;
        fd::lseek(self.fd.raw(), off, if hole { 4 } else { 3 })
    }

    fn writes_all(&self) -> bool {
        self.waits()
    }

    fn poll(&self, table: Option<&mut PollTable>) -> Events {
        if !self.waits() {
            return Events::IN | Events::OUT | Events::RDNORM | Events::WRNORM;
        }
        let mut want = Events::PRI;
        if self.flags.readable() {
            want |= Events::IN | Events::RDNORM | Events::RDBAND | Events::RDHUP;
        }
        if self.flags.writable() {
            want |= Events::OUT | Events::WRNORM | Events::WRBAND;
        }
        let now = self.poll_host(want);
        if let Some(table) = table {
            // Only for what is not ready: a terminal is always writable, and waiting for its input must not end at once.
            table.wait_on_host(self.fd.raw(), want.difference(now).bits() as i16);
        }
        now
    }

    fn ioctl(&self, cmd: u32, arg: usize) -> Result<usize> {
        if cmd != FIONREAD {
            return Err(Errno::ENOTTY);
        }
        let mut count = [0u8; 4];
        fd::ioctl(self.fd.raw(), cmd, &mut count)?;
        user::copy_out(arg, &count).map(|()| 0)
    }

    fn map(&self) -> Result<MapSource> {
        if self.kind == FileType::Regular { Ok(MapSource::Host(self.fd.clone())) } else { Err(Errno::ENODEV) }
    }

    fn sync(&self, data_only: bool) -> Result<()> {
        fd::fsync(self.fd.raw(), data_only)
    }

    fn allocate(&self, mode: u32, off: u64, len: u64) -> Result<()> {
        fd::fallocate(self.fd.raw(), mode, off, len)
    }

    fn set_flags(&self, flags: OpenFlags) -> Result<()> {
        self.nonblock.store(flags.contains(OpenFlags::NONBLOCK), Relaxed);
        Ok(())
    }

    fn open_again(&self, flags: OpenFlags) -> Result<Arc<dyn FileOps>> {
        Ok(Arc::new(self.reopen(flags)?))
    }

    fn set_attr(&self, attr: &SetAttr) -> Result<()> {
        match attr.size {
            Some(len) => self.truncate(len),
            // What lies outside the sandbox keeps its owner, mode and times.
            None => Err(Errno::EPERM),
        }
    }

    fn describe(&self) -> Vec<u8> {
        link_target(self.fd.raw())
    }

    fn metadata(&self) -> Result<Metadata> {
        fd::fstat(self.fd.raw()).map(|st| convert(&st))
    }
}

/// Runs `f` with the host path that leads to an open descriptor.
fn with_link<T>(raw: i32, f: impl FnOnce(&CStr) -> T) -> T {
    let text = format!("/proc/self/fd/{raw}\0");
    f(CStr::from_bytes_until_nul(text.as_bytes()).unwrap_or(c""))
}

/// What the host shows for the descriptor, such as `/dev/pts/0` or `pipe:[123]`.
fn link_target(raw: i32) -> Vec<u8> {
    let mut buf = vec![0; host::user::PATH_MAX];
    let n = with_link(raw, |link| path::readlink(AT_FDCWD, link, &mut buf)).unwrap_or(0);
    buf.truncate(n);
    buf
}

fn convert(st: &Stat) -> Metadata {
    Metadata {
        dev: st.dev,
        ino: st.ino,
        mode: st.mode,
        nlink: u32::try_from(st.nlink).unwrap_or(u32::MAX),
        uid: st.uid,
        gid: st.gid,
        rdev: st.rdev,
        size: st.size.max(0) as u64,
        blksize: u32::try_from(st.blksize).unwrap_or(4096),
        blocks: st.blocks.max(0) as u64,
        atime: st.atime,
        mtime: st.mtime,
        ctime: st.ctime,
        btime: Timespec::default(),
    }
}
