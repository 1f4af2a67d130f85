//! Tests of the address space: they really map, in the test process, whose own memory lies outside of the guest's ranges.
//!
//! Guest memory is read and written by host calls that answer `EFAULT` (there is no fault handler here); on that, the
//! harness does what the SIGSEGV path does.

extern crate std;

mod calls;
mod exec;
mod fault;
mod file;
mod random;
mod remap;
mod render;

use super::*;
use core::sync::atomic::{AtomicI64, Ordering::*};
use fs_emu::{MapSource, PageSource};
use host::frames::Frames;
use host::iov::IovIter;
use host::layout::{PAGE_SIZE, is_guest};
use host::sys::fd::{self, HostFd};
use host::{Errno, Result};
use std::collections::BTreeMap;
use std::string::{String, ToString};
use std::sync::{Mutex as StdMutex, MutexGuard, PoisonError};

/// Where the tests' mappings go: away from those of tests of other modules.
pub const BASE: usize = 0x7c00_0000_0000;
/// A place for fixed addresses.
pub const AREA: usize = 0x1234_5000_0000;
pub const PAGE: usize = PAGE_SIZE;
pub const RW: u32 = PROT_READ | PROT_WRITE;
pub const ANON: u32 = MAP_PRIVATE | MAP_ANONYMOUS;
pub const NO: Limits = Limits::DEFAULT;

/// All tests share one address space: one at a time.
static ALONE: StdMutex<()> = StdMutex::new(());

/// An address space to play with, emptied at the end.
pub struct World {
    pub mm: Arc<Mm>,
    scratch: HostFd,
    _alone: MutexGuard<'static, ()>,
}

pub fn world() -> World {
    let alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    host::testing::init();
    World { mm: Mm::new(BASE), scratch: memfd(PAGE), _alone: alone }
}

impl Drop for World {
    fn drop(&mut self) {
        for info in self.mm.maps() {
            self.mm.munmap(info.start, info.end - info.start).expect("munmap");
        }
    }
}

impl World {
    pub fn map(&self, addr: usize, pages: usize, prot: u32, flags: u32) -> Result<usize> {
        self.mm.mmap(&MapRequest { addr, len: pages * PAGE, prot, flags, offset: 0 }, None, &NO)
    }

    pub fn map_file(&self, addr: usize, pages: usize, prot: u32, flags: u32, file: &File, page: u64) -> Result<usize> {
        let req = MapRequest { addr, len: pages * PAGE, prot, flags, offset: page * PAGE as u64 };
        self.mm.mmap(&req, Some(file.open(true, true)), &NO)
    }

    /// Reads a byte as the guest would.
    pub fn peek(&self, addr: usize) -> core::result::Result<u8, FaultOutcome> {
        self.access(addr, Access::Read, || {
            let mut iter = IovIter::user(addr, 1)?;
            fd::lseek(self.scratch.raw(), 0, 0)?;
            fd::writev(self.scratch.raw(), Some(0), &mut iter)
        })?;
        let mut byte = [0u8];
        fd::pread(self.scratch.raw(), 0, &mut byte).expect("pread");
        Ok(byte[0])
    }

    /// Writes a byte as the guest would.
    pub fn poke(&self, addr: usize, value: u8) -> core::result::Result<(), FaultOutcome> {
        fd::pwrite(self.scratch.raw(), 0, &[value]).expect("pwrite");
        self.access(addr, Access::Write, || {
            let mut iter = IovIter::user(addr, 1)?;
            fd::readv(self.scratch.raw(), Some(0), &mut iter)
        })
    }

    fn access(
        &self,
        addr: usize,
        access: Access,
        step: impl Fn() -> Result<usize>,
    ) -> core::result::Result<(), FaultOutcome> {
        if step().is_ok() {
            return Ok(());
        }
        match self.mm.handle_fault(addr, access, &NO) {
            // What is left is what the host answers with SIGBUS.
            FaultOutcome::Retry => step().map(drop).map_err(|_| FaultOutcome::Sigbus),
            other => Err(other),
        }
    }

    /// `start-end perms` of each mapping in the book.
    pub fn lines(&self) -> std::vec::Vec<(usize, usize, u32)> {
        self.mm.maps().iter().map(|m| (m.start, m.end, m.prot)).collect()
    }
}

pub fn memfd(len: usize) -> HostFd {
    let fd = fd::memfd_create(c"test").expect("memfd");
    fd::ftruncate(&fd, len as u64).expect("ftruncate");
    fd
}

/// What the host has mapped, from its `/proc/self/maps`: start, end, permissions.
pub fn host_maps() -> std::vec::Vec<(usize, usize, String)> {
    let text = std::fs::read_to_string("/proc/self/maps").expect("maps");
    text.lines()
        .map(|line| {
            let (range, rest) = line.split_once(' ').expect("blank");
            let (start, end) = range.split_once('-').expect("dash");
            let hex = |s| u64::from_str_radix(s, 16).expect("hex") as usize;
            (hex(start), hex(end), rest[..4].to_string())
        })
        .collect()
}

/// The host's permissions of one page, `None` when it is not mapped.
pub fn host_perms(maps: &[(usize, usize, String)], addr: usize) -> Option<&str> {
    maps.iter().find(|(start, end, _)| (*start..*end).contains(&addr)).map(|(_, _, perms)| perms.as_str())
}

struct Name(String);

impl FileName for Name {
    fn path(&self) -> Vec<u8> {
        self.0.clone().into_bytes()
    }
    fn as_any(&self) -> &dyn Any {
        self
    }
}

/// A file to map: one on the host, or one in the arena.
pub struct File {
    pub source: Source,
    name: Arc<dyn FileName>,
}

pub enum Source {
    Host(Arc<HostFd>),
    Arena(Arc<ArenaFile>),
}

impl File {
    pub fn host(pages: usize) -> File {
        File { source: Source::Host(Arc::new(memfd(pages * PAGE))), name: Arc::new(Name("/host file".to_string())) }
    }

    pub fn arena(pages: u64) -> File {
        let file = ArenaFile { frames: StdMutex::default(), pages, mapped: AtomicI64::new(0) };
        File { source: Source::Arena(Arc::new(file)), name: Arc::new(Name("/tmp/arena\nfile".to_string())) }
    }

    /// The count that must be back at 0 in the end.
    pub fn mapped(&self) -> i64 {
        match &self.source {
            Source::Host(fd) => Arc::strong_count(fd) as i64 - 1,
            Source::Arena(file) => file.mapped.load(SeqCst),
        }
    }

    pub fn open(&self, readable: bool, writable: bool) -> MapFile {
        let source = match &self.source {
            Source::Host(fd) => MapSource::Host(fd.clone()),
            Source::Arena(file) => MapSource::Pages(file.clone()),
        };
        MapFile {
            source: Ok(source),
            tag: FileTag::new(self.name.clone(), host::abi::dev_join(8, 1), 77),
            readable,
            writable,
            append_only: false,
            noexec: false,
            secret: false,
        }
    }

    /// Writes the first byte of a page, as `write(2)` does.
    pub fn put(&self, page: u64, value: u8) {
        match &self.source {
            Source::Host(fd) => drop(fd::pwrite(fd.raw(), page * PAGE as u64, &[value])),
            Source::Arena(file) => {
                let mut frames = file.frames.lock().expect("lock");
                frames.entry(page).or_insert_with(|| Frames::alloc(1).expect("frame")).put(0, &[value]);
            }
        }
    }

    pub fn get(&self, page: u64) -> u8 {
        let mut byte = [0u8];
        match &self.source {
            Source::Host(fd) => drop(fd::pread(fd.raw(), page * PAGE as u64, &mut byte)),
            Source::Arena(file) => {
                if let Some(frame) = file.frames.lock().expect("lock").get(&page) {
                    frame.get(0, &mut byte);
                }
            }
        }
        byte[0]
    }
}

/// A small tmpfs file: one frame a page.
pub struct ArenaFile {
    frames: StdMutex<BTreeMap<u64, Frames>>,
    pages: u64,
    mapped: AtomicI64,
}

impl ArenaFile {
    pub fn allocated(&self) -> usize {
        self.frames.lock().expect("lock").len()
    }
}

impl PageSource for ArenaFile {
    fn run(&self, page: u64, max: usize, fill: bool) -> Result<Option<(u64, usize)>> {
        if page >= self.pages {
            return Err(Errno::ENXIO);
        }
        let mut frames = self.frames.lock().expect("lock");
        if fill && !frames.contains_key(&page) {
            frames.insert(page, Frames::alloc(1)?);
        }
        let Some(first) = frames.get(&page).map(Frames::memfd_offset) else {
            return Ok(None);
        };
        let follows =
            |n: &usize| frames.get(&(page + *n as u64)).is_some_and(|f| f.memfd_offset() == first + (*n * PAGE) as u64);
        let more = (1..max).take_while(follows).count();
        Ok(Some((first, 1 + more)))
    }

    fn mapped(&self, change: i32, _writable: bool) {
        self.mapped.fetch_add(i64::from(change), SeqCst);
    }

    fn pages(&self) -> u64 {
        self.pages
    }
}

#[test]
fn the_runtime_lies_outside_of_the_guest_ranges() {
    let _world = world();
    let (local, heap) = (0u8, std::boxed::Box::new(0u8));
    for addr in [&raw const local as usize, &raw const *heap as usize, world as fn() -> World as usize] {
        assert!(!is_guest(addr, 1), "{addr:x}");
    }
    // Whatever has a name is the program, a library, or the host kernel's.
    let text = std::fs::read_to_string("/proc/self/maps").expect("maps");
    for line in text.lines().filter(|line| line.contains(".so") || line.contains('[')) {
        let start = line.split('-').next().expect("start");
        assert!(!is_guest(u64::from_str_radix(start, 16).expect("hex") as usize, 1), "{line}");
    }
}
