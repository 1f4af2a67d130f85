//! Sites that a file is known for: what one process has found out by trapping, the next one has from its start.
//!
//! A site is known by its file, its offset there, and the bytes that were seen. It is there because it has trapped, in some
//! process, so that it is an instruction; the same bytes at the same place of a file that nobody has changed are the same
//! instruction. How often it traps decides whether it is worth a copy of its page ([`worth`]).
//!
//! Stubs of a file's sites lie in one [`Block`] for all processes. All of a stub is relative, so that it is right wherever the
//! file is mapped, provided that the block is mapped at the same distance: here everything is said as if the file
//! began at [`ORIGIN`]. What is written into the text is the same everywhere, too.
//!
//! Files are known by [`Version`]; one that has changed is another file, and the oldest is forgotten for the newest.
//! Locks: the table's and each file's (rank `OBJECT`), never both.

mod worth;

use super::blocks::{self, Block};
use super::{Boundary, JUMP, Left, Request};
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::ops::Range;
use fs_emu::{FileType, Metadata};
use host::abi::Timespec;
use host::lock::{Mutex, rank};
use worth::{Site, Stub};

/// Where files begin, as far as plans are concerned. Room on both sides for every distance.
pub(super) const ORIGIN: usize = 1 << 44;
/// Most files.
const MAX_FILES: usize = 64;
/// Most sites of a file.
const MAX_SITES: usize = 512;
/// A file that was changed so shortly before may be changed again without its times telling (nanoseconds).
const SETTLED: u64 = 100_000_000;
/// What says that a file is the same, with the same contents.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Version {
    dev: u64,
    ino: u64,
    size: u64,
    mtime: Timespec,
    ctime: Timespec,
}

impl Version {
    /// Of a regular file.
    pub fn of(meta: &Metadata) -> Option<Version> {
        let Metadata { dev, ino, size, mtime, ctime, .. } = *meta;
        let regular = meta.file_type() == FileType::Regular && ino != 0;
        regular.then_some(Version { dev, ino, size, mtime, ctime })
    }

    /// Whether it has been left alone for a moment.
    pub(super) fn is_settled(&self) -> bool {
        let since = host::time::coarse().as_nanos().checked_sub(self.ctime.as_nanos());
        since.is_some_and(|ns| ns >= SETTLED)
    }
}

/// The files of which something is known, the one that was asked for last at the end.
#[derive(Default)]
pub struct Known(Mutex<Vec<Arc<KnownFile>>, { rank::OBJECT }>);

impl Known {
    /// What is known of a file. Forgets what was known of its former contents.
    pub fn file(&self, version: &Version) -> Arc<KnownFile> {
        let mut files = self.0.lock();
        let same = |f: &Arc<KnownFile>| (f.version.dev, f.version.ino) == (version.dev, version.ino);
        let found = files.iter().rposition(same).map(|i| files.remove(i)).filter(|f| f.version == *version);
        let oldest = if files.len() >= MAX_FILES { Some(files.remove(0)) } else { None };
        let file = found.unwrap_or_else(|| Arc::new(KnownFile { version: *version, book: Mutex::default() }));
        files.push(file.clone());
        drop(files);
        drop(oldest);
        file
    }
}

/// What is known of one file.
pub struct KnownFile {
    version: Version,
    book: Mutex<Book, { rank::OBJECT }>,
}

#[derive(Default)]
struct Book {
    /// Ascending by offset.
    sites: Vec<Site>,
    /// Times that text of it was mapped, faded.
    mapped: u32,
    block: Option<Arc<Block>>,
}

/// Everything that is to be written and noted for a site.
pub(in crate::mm) struct Ready {
    pub(super) offset: u64,
    /// The byte before the site, and all that its stub has a copy of.
    pub(super) seen: Vec<u8>,
    pub(super) original: [u8; JUMP],
    pub(super) jump: [u8; JUMP],
    /// Address of the stub, the file being at [`ORIGIN`].
    pub(super) stub: usize,
    pub(super) boundaries: Arc<[Boundary]>,
}

/// What a mapping begins with.
pub(in crate::mm) struct Batch {
    pub(super) block: Arc<Block>,
    pub(super) sites: Vec<Arc<Ready>>,
}

impl KnownFile {
    /// A site has trapped so often more. Whether it is to be made [`ready`](KnownFile::ready) now.
    pub(super) fn note(&self, offset: u64, traps: u32, eager: bool) -> bool {
        let book = &mut *self.book.lock();
        let i = match book.sites.binary_search_by_key(&offset, |s| s.offset) {
            Ok(i) => i,
            Err(_) if book.sites.len() >= MAX_SITES => return false,
            Err(i) => {
                book.sites.insert(i, Site::new(offset, book.mapped));
                i
            }
        };
        let Some(site) = book.sites.get_mut(i) else { return false };
        site.count_traps(traps);
        matches!(site.stub, Stub::None) && (site.has_trapped_again() || eager)
    }

    /// A site is not to be patched ahead any more, nor ever.
    pub(super) fn refuse(&self, offset: u64) {
        let mut book = self.book.lock();
        if let Ok(i) = book.sites.binary_search_by_key(&offset, |s| s.offset)
            && let Some(site) = book.sites.get_mut(i)
        {
            site.stub = Stub::Never;
        }
    }

    /// Makes the stub of a site that was noted.
    pub(super) fn ready(&self, offset: u64, request: &Request<'_>) {
        let book = &mut *self.book.lock();
        let Ok(i) = book.sites.binary_search_by_key(&offset, |s| s.offset) else { return };
        let made = make(&mut book.block, offset, request);
        if let Some(site) = book.sites.get_mut(i).filter(|s| matches!(s.stub, Stub::None)) {
            site.stub = made.map_or(Stub::Never, |ready| Stub::Ready(Arc::new(ready)));
        }
    }

    /// Text of the file is mapped: which sites in this part of it are to be patched at once. The others have
    /// another chance to trap. `all`: whatever it costs.
    pub(super) fn choose(&self, part: Range<u64>, all: bool) -> Option<Batch> {
        let book = &mut *self.book.lock();
        let chosen = worth::chosen(&book.sites, &part, all);
        book.mapped = worth::fade(book.mapped) + 1;
        for site in book.sites.iter_mut().filter(|s| part.contains(&s.offset)) {
            if chosen.binary_search_by_key(&site.offset, |r| r.offset).is_err() {
                site.count_chance();
            }
        }
        let block = book.block.clone()?;
        if chosen.is_empty() { None } else { Some(Batch { block, sites: chosen }) }
    }
}

fn make(block: &mut Option<Arc<Block>>, offset: u64, request: &Request<'_>) -> Option<Ready> {
    let at = ORIGIN.checked_add(usize::try_from(offset).ok().filter(|o| *o < ORIGIN / 2)?)?;
    let request = Request { site: at, ..*request };
    let block = match block {
        Some(block) => block,
        None => block.insert(Arc::new(Block::new(blocks::above(at), request.entry).ok()?)),
    };
    let place = blocks::find(core::slice::from_ref(block), at, &request)?;
    let [a, b, c, d] = blocks::distance(at, place.stub)?;
    Some(Ready {
        offset,
        seen: request.seen.to_vec(),
        original: request.original,
        jump: [0xe9, a, b, c, d],
        stub: place.stub,
        boundaries: place.boundaries.into(),
    })
}

/// Whether this reason is the instruction's, and not the mapping's.
pub(super) fn is_for_good(why: Left) -> bool {
    matches!(why, Left::Neighbour | Left::Prefix | Left::Sigreturn | Left::Target)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mm::patch::SLOT;

    fn version(size: u64, sec: i64) -> Version {
        let at = Timespec { sec, nsec: 0 };
        Version { dev: 1, ino: 2, size, mtime: at, ctime: at }
    }

    fn ready(file: &KnownFile, offset: u64) {
        let seen = [0x90, 0x0f, 0x05, 0x48, 0x3d, 0, 0xf0, 0xff, 0xff];
        let original = [0x0f, 0x05, 0x48, 0x3d, 0];
        let encode =
            |_: usize, _: usize, _: usize| Some(([0xcc; SLOT], alloc::vec![Boundary { original: 2, stub: 24 }]));
        file.ready(offset, &Request { site: 0, original, seen: &seen, starts: &[2], encode: &encode, entry: 1 });
    }

    fn chosen(file: &KnownFile, part: Range<u64>) -> Vec<u64> {
        file.choose(part, false).map_or(Vec::new(), |b| b.sites.iter().map(|s| s.offset).collect())
    }

    #[test]
    fn other_contents_are_another_file() {
        host::testing::init();
        let known = Known::default();
        let file = known.file(&version(100, 1));
        assert!(Arc::ptr_eq(&file, &known.file(&version(100, 1))));
        let changed = known.file(&version(100, 2));
        assert!(!Arc::ptr_eq(&file, &changed));
        assert!(!Arc::ptr_eq(&file, &known.file(&version(100, 1))), "the former contents are forgotten");
        for ino in 3..3 + MAX_FILES as u64 {
            known.file(&Version { ino, ..version(100, 1) });
        }
        assert_eq!(known.0.lock().len(), MAX_FILES);
        assert!(!version(1, host::time::coarse().sec + 5).is_settled());
        assert!(version(1, host::time::coarse().sec - 5).is_settled());
    }

    #[test]
    fn pages_that_trap_in_most_mappings_are_chosen() {
        host::testing::init();
        let file = known_file();
        // Two sites of one page that trap forty times in each process, one that trapped once.
        for process in 0..10 {
            assert_eq!(chosen(&file, 0x1000..0x9000), []);
            for offset in [0x1100, 0x1200] {
                let wants = file.note(offset, 40, false);
                assert!(wants || process > 0);
            }
        }
        assert!(!file.note(0x5100, 1, false));
        assert!(file.note(0x5100, 1, false));
        for offset in [0x1100, 0x1200, 0x5100] {
            ready(&file, offset);
        }
        assert_eq!(chosen(&file, 0x1000..0x9000), [0x1100, 0x1200]);
        assert_eq!(chosen(&file, 0x2000..0x9000), [], "only what is mapped");
        assert_eq!(chosen(&file, 0x1000..0x1202), [0x1100], "not what its end cuts off");
        file.refuse(0x1200);
        assert_eq!(chosen(&file, 0x1000..0x9000), [0x1100]);
        assert!(!file.note(0x1200, 8, false));
        let all = file.choose(0x1000..0x9000, true);
        assert_eq!(all.map(|b| b.sites.len()), Some(2));
    }

    fn known_file() -> Arc<KnownFile> {
        Known::default().file(&version(100, 1))
    }
}
