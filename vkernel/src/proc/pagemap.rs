//! `/proc/PID/pagemap`: which pages are there (`fs/proc/task_mmu.c`). The host's answers for the guest's addresses, without the
//! numbers of page frames, which Linux shows to root only.

use super::subject::Subject;
use alloc::ffi::CString;
use alloc::format;
use alloc::sync::Arc;
use core::any::Any;
use fs_emu::pseudo::set_attr;
use fs_emu::{FileOps, FileType, Inode, InodeRef, Metadata, OpenFlags, Owner, SetAttr};
use host::iov::IovIter;
use host::layout::{PAGE_SIZE, is_guest};
use host::sys::{fd, path};
use host::{Errno, Result};

/// Bytes of an entry.
const ENTRY: usize = 8;
/// Present, swapped, of a file, exclusive, soft-dirty.
const SHOWN: u64 = 0xfb << 56 | 1 << 55;
const CHUNK: usize = 512;

/// The file of a process.
pub(super) fn file(subject: &Subject) -> InodeRef {
    Arc::new(Pagemap(subject.clone()))
}

#[derive(Clone)]
struct Pagemap(Subject);

impl Pagemap {
    fn attributes(&self) -> Result<Metadata> {
        self.0.attr(b"pagemap", 0o400, false).map(|a| a.metadata(FileType::Regular, 0))
    }
}

impl Inode for Pagemap {
    fn metadata(&self) -> Result<Metadata> {
        self.attributes()
    }

    fn file_type(&self) -> FileType {
        FileType::Regular
    }

    fn as_any(&self) -> &dyn Any {
        self
    }

    fn mode_owner(&self) -> Result<(u32, Owner)> {
        self.attributes().map(|m| (m.mode, Owner { uid: m.uid, gid: m.gid }))
    }

    fn set_attr(&self, attr: &SetAttr) -> Result<()> {
        set_attr(attr)
    }

    fn open(self: Arc<Self>, _flags: OpenFlags) -> Result<Arc<dyn FileOps>> {
        self.0.check_access()?;
        Ok(self)
    }
}

impl FileOps for Pagemap {
    fn as_any(&self) -> &dyn Any {
        self
    }

    fn read_at(&self, off: u64, to: &mut IovIter<'_>) -> Result<usize> {
        if !off.is_multiple_of(ENTRY as u64) || !to.remaining().is_multiple_of(ENTRY) {
            return Err(Errno::EINVAL);
        }
        let task = self.0.live_task()?;
        let name = CString::new(format!("/proc/{}/pagemap", task.thread.host_pid())).map_err(|_| Errno::ENOENT)?;
        let host = path::open_follow(-100, &name, 0, 0)?;
        let (mut done, mut buf) = (0, [0u8; CHUNK * ENTRY]);
        while to.remaining() > 0 {
            let at = off.saturating_add(done as u64);
            let piece = buf.get_mut(..to.remaining().min(CHUNK * ENTRY)).unwrap_or_default();
            let n = fd::pread(host.raw(), at, piece)? / ENTRY * ENTRY;
            let piece = piece.get_mut(..n).unwrap_or_default();
            for (i, entry) in piece.chunks_exact_mut(ENTRY).enumerate() {
                let page = at / ENTRY as u64 + i as u64;
                let guest = usize::try_from(page)
                    .ok()
                    .and_then(|p| p.checked_mul(PAGE_SIZE))
                    .is_some_and(|a| is_guest(a, PAGE_SIZE));
                let mask = if guest { SHOWN } else { 0 };
                entry.iter_mut().zip(mask.to_ne_bytes()).for_each(|(byte, keep)| *byte &= keep);
            }
            let moved = to.put(piece);
            done += moved;
            if moved < n || n == 0 {
                break;
            }
        }
        if done == 0 && to.fault().is_some() { Err(Errno::EFAULT) } else { Ok(done) }
    }

    fn metadata(&self) -> Result<Metadata> {
        self.attributes()
    }
}
