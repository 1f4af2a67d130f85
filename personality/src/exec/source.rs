//! The loader's view of a program's file.

use fs_emu::vfs::File;
use host::iov::IovIter;
use host::{Errno, Result};
use loader::LoadError;

/// How much of a file is read at once: the headers of most programs.
const HEAD: usize = 1024;

/// The loader's view of an open file.
pub(super) struct Source<'a> {
    file: &'a File,
    len: u64,
    head: [u8; HEAD],
    /// How much of `head` the file had.
    filled: usize,
}

impl Source<'_> {
    /// Reads the head.
    pub fn of(file: &File) -> Result<Source<'_>> {
        let mut head = [0; HEAD];
        let filled = read(file, 0, &mut head)?;
        Ok(Source { file, len: file.metadata()?.size, head, filled })
    }
}

impl loader::ByteSource for Source<'_> {
    fn read_at(&self, offset: u64, buf: &mut [u8]) -> core::result::Result<usize, LoadError> {
        let known = self.head.get(..self.filled).unwrap_or_default();
        let start = usize::try_from(offset).map_err(|_| LoadError::NotExecutable)?;
        if let Some(part) = start.checked_add(buf.len()).and_then(|end| known.get(start..end)) {
            buf.copy_from_slice(part);
            return Ok(buf.len());
        }
        let at = i64::try_from(offset).map_err(|_| LoadError::NotExecutable)?;
        read(self.file, at, buf).map_err(|e| LoadError::Source(e.raw()))
    }

    fn len(&self) -> u64 {
        self.len
    }
}

fn read(file: &File, at: i64, buf: &mut [u8]) -> Result<usize> {
    loop {
        match file.pread(at, &mut IovIter::kernel_mut(buf)) {
            // A doorbell rang meanwhile: reading a file is not interruptible.
            Err(Errno::EINTR) => host::cpu::current().thread().prepare(),
            done => return done,
        }
    }
}
