//! Where the loader's bytes come from. Only headers are ever read through it, never a whole file.

use crate::LoadError;

/// A file that can be read at any offset.
pub trait ByteSource {
    /// Reads at `offset` into `buf` and returns how many bytes arrived; 0 is the end of the file.
    fn read_at(&self, offset: u64, buf: &mut [u8]) -> Result<usize, LoadError>;

    /// The length of the file.
    fn len(&self) -> u64;

    /// Whether the file has no bytes at all.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl ByteSource for [u8] {
    fn read_at(&self, offset: u64, buf: &mut [u8]) -> Result<usize, LoadError> {
        let rest = usize::try_from(offset).ok().and_then(|start| self.get(start..)).unwrap_or(&[]);
        let count = rest.len().min(buf.len());
        for (to, from) in buf.iter_mut().zip(rest) {
            *to = *from;
        }
        Ok(count)
    }

    fn len(&self) -> u64 {
        self.len() as u64
    }
}

impl ByteSource for &[u8] {
    fn read_at(&self, offset: u64, buf: &mut [u8]) -> Result<usize, LoadError> {
        (**self).read_at(offset, buf)
    }

    fn len(&self) -> u64 {
        (**self).len() as u64
    }
}

/// Reads until `buf` is full or the file ends; returns how many bytes arrived. EINVAL for a range that is past every `off_t`.
pub(crate) fn read_up_to(source: &dyn ByteSource, offset: u64, buf: &mut [u8]) -> Result<usize, LoadError> {
    let end = offset.checked_add(buf.len() as u64);
    if end.is_none_or(|end| end > i64::MAX as u64) {
        return Err(LoadError::Invalid);
    }
    let mut done = 0usize;
    while let Some(rest) = buf.get_mut(done..).filter(|rest| !rest.is_empty()) {
        let asked = rest.len();
        match source.read_at(offset.saturating_add(done as u64), rest)? {
            0 => break,
            // A source that claims more than it was asked for is not believed.
            count => done = done.saturating_add(count.min(asked)),
        }
    }
    Ok(done)
}

/// Fills `buf`, or fails: with EIO when the file ends before.
pub(crate) fn read_all(source: &dyn ByteSource, offset: u64, buf: &mut [u8]) -> Result<(), LoadError> {
    if read_up_to(source, offset, buf)? == buf.len() { Ok(()) } else { Err(LoadError::ShortRead) }
}
