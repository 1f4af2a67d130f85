//! Files whose text is made when they are read.

use super::{Attr, set_attr};
use crate::{FileOps, FileType, Inode, InodeRef, Metadata, OpenFlags, Owner, SetAttr};
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::any::Any;
use host::iov::IovIter;
use host::lock::{Mutex, rank};
use host::{Errno, Result};

/// Most bytes that one write hands to a source.
const WRITE_MAX: usize = 64 << 10;

/// What a file shows and takes.
pub trait FileSource: Send + Sync + 'static {
    /// The file's attributes.
    fn attr(&self) -> Result<Attr>;
    /// The whole text. Made anew whenever somebody reads from the beginning.
    fn read(&self) -> Result<Vec<u8>>;
    /// Takes what was written at an offset; answers how much of it.
    fn write(&self, _off: u64, _data: &[u8]) -> Result<usize> {
        Err(Errno::EIO)
    }
    /// `ioctl(2)`.
    fn ioctl(&self, _cmd: u32, _arg: usize) -> Result<usize> {
        Err(Errno::ENOTTY)
    }
    /// May refuse to open.
    fn open(&self, _flags: OpenFlags) -> Result<()> {
        Ok(())
    }
}

/// A file whose text a closure makes.
pub struct TextFile<F> {
    attr: Attr,
    make: F,
}

impl<F: Fn() -> Result<Vec<u8>> + Send + Sync + 'static> TextFile<F> {
    /// An inode with this text.
    pub fn build(attr: Attr, make: F) -> InodeRef {
        PseudoFile::build(TextFile { attr, make })
    }
}

impl<F: Fn() -> Result<Vec<u8>> + Send + Sync + 'static> FileSource for TextFile<F> {
    fn attr(&self) -> Result<Attr> {
        Ok(self.attr)
    }

    fn read(&self) -> Result<Vec<u8>> {
        (self.make)()
    }
}

/// A file.
pub struct PseudoFile<S>(Arc<S>);

impl<S: FileSource> PseudoFile<S> {
    /// An inode that shows a source.
    pub fn build(source: S) -> InodeRef {
        Arc::new(PseudoFile(Arc::new(source)))
    }
}

impl<S: FileSource> Inode for PseudoFile<S> {
    fn metadata(&self) -> Result<Metadata> {
        self.0.attr().map(|a| a.metadata(FileType::Regular, 0))
    }

    fn file_type(&self) -> FileType {
        FileType::Regular
    }

    fn as_any(&self) -> &dyn Any {
        self
    }

    fn mode_owner(&self) -> Result<(u32, Owner)> {
        self.0.attr().map(|a| a.mode_owner(FileType::Regular))
    }

    fn set_attr(&self, attr: &SetAttr) -> Result<()> {
        set_attr(attr)
    }

    fn open(self: Arc<Self>, flags: OpenFlags) -> Result<Arc<dyn FileOps>> {
        self.0.open(flags)?;
        Ok(Arc::new(OpenFile { source: self.0.clone(), text: Mutex::new(None) }))
    }
}

struct OpenFile<S> {
    source: Arc<S>,
    text: Mutex<Option<Arc<[u8]>>, { rank::OBJECT }>,
}

impl<S: FileSource> OpenFile<S> {
    /// The text as it was when somebody last read from the beginning.
    fn text(&self, off: u64) -> Result<Arc<[u8]>> {
        let known = if off == 0 { None } else { self.text.lock().clone() };
        if let Some(text) = known {
            return Ok(text);
        }
        let text: Arc<[u8]> = self.source.read()?.into();
        let old = self.text.lock().replace(text.clone());
        drop(old);
        Ok(text)
    }
}

impl<S: FileSource> FileOps for OpenFile<S> {
    fn as_any(&self) -> &dyn Any {
        self
    }

    fn read_at(&self, off: u64, to: &mut IovIter<'_>) -> Result<usize> {
        let text = self.text(off)?;
        let rest = usize::try_from(off).ok().and_then(|o| text.get(o..)).unwrap_or_default();
        let n = to.put(rest);
        if n == 0 && to.fault().is_some() { Err(Errno::EFAULT) } else { Ok(n) }
    }

    fn write_at(&self, off: u64, from: &mut IovIter<'_>, _append: bool) -> Result<(usize, u64)> {
        let mut data = alloc::vec![0; from.remaining().min(WRITE_MAX)];
        let n = from.take(&mut data);
        if n < data.len() {
            // All or nothing: half a setting would be a wrong one. Once the page is there the caller tries again.
            from.revert(n);
            return Err(Errno::EFAULT);
        }
        let taken = self.source.write(off, &data)?.min(n);
        from.revert(n - taken);
        Ok((taken, off.saturating_add(taken as u64)))
    }

    fn ioctl(&self, cmd: u32, arg: usize) -> Result<usize> {
        self.source.ioctl(cmd, arg)
    }

    fn sync(&self, _data_only: bool) -> Result<()> {
        Err(Errno::EINVAL)
    }

    fn metadata(&self) -> Result<Metadata> {
        self.source.attr().map(|a| a.metadata(FileType::Regular, 0))
    }
}
