//! The arena: one sparse shared memfd at one address in every process (`docs/memory.md`).
//!
//! Answers to `mm/page_alloc.c` and `mm/slub.c`. It serves page runs (tmpfs file data, large objects) from a bitmap with a
//! moving hint, and small objects from size classes with intrusive free lists. Freed runs of 64 KiB and more go back to
//! the host at once. Locks: one for the bitmap, one per size class, all leaves; the class lock is held around the
//! bitmap's when a class is refilled.
//!
//! Small objects lie together in the *core*, the 2 MiB in which the pages begin, as long as there is room. A sandbox that makes
//! many processes turns it into one huge page ([`gather`]), so that a new process has most of the kernel's memory after one fault.

use crate::errno::{Errno, Result};
use crate::layout::{ARENA_BASE, ARENA_END, ARENA_SIZE, PAGE_SIZE};
use crate::lock::{Mutex, MutexGuard};
use crate::rcu::Readers;
use crate::sys::{fd, mem};
use core::alloc::Layout;
use core::any::{Any, TypeId};
use core::sync::atomic::{AtomicI32, AtomicU64, AtomicUsize, Ordering::*};

const PAGES: usize = ARENA_SIZE / PAGE_SIZE;
const WORDS: usize = PAGES / 64;
/// Object sizes served by the classes; larger objects are page runs.
const CLASSES: [usize; 17] = [16, 32, 48, 64, 96, 128, 192, 256, 384, 512, 768, 1024, 2048, 4096, 8192, 16384, 32768];
/// The class of a size of up to 512 bytes, by the number of 16 bytes in it.
const SMALL_CLASS: [u8; 33] = {
    let mut table = [0; 33];
    let mut i = 0;
    while i < table.len() {
        while CLASSES[table[i] as usize] < i * 16 {
            table[i] += 1;
        }
        i += 1;
    }
    table
};
/// Bytes taken from the pages when a class is empty.
const REFILL: usize = 64 << 10;
/// Runs of at least this many pages are given back to the host when freed.
const RETURN_PAGES: usize = 16;

/// Stands at the arena's first byte. All zero is a valid, empty state.
#[repr(C)]
struct Header {
    memfd: AtomicI32,
    /// The address of the vkernel's root object, 0 until it is made, and its type.
    root: AtomicUsize,
    root_type: [AtomicU64; 2],
    /// The address of the vDSO's `clock_gettime`, 0 for none.
    clock: AtomicUsize,
    /// Bytes and number of live objects that are page runs; those of the classes count with their class.
    large: [AtomicUsize; 2],
    pages_used: AtomicUsize,
    pages: Mutex<Hint>,
    classes: [Mutex<FreeList>; CLASSES.len()],
}

/// Where the search for a free page goes on.
struct Hint(usize);

/// The free objects of a class: a list through their first words (0 ends it), and fresh room that was never used. Objects of
/// fresh room are not put on the list at once, because that would touch all of its pages.
struct FreeList {
    first: usize,
    fresh: usize,
    fresh_end: usize,
    /// Live objects, and the bytes that were asked for.
    objects: usize,
    bytes: usize,
    /// How often it has got room.
    refills: usize,
}

/// How a size class is used, for `/proc/slabinfo`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SizeClass {
    /// Bytes of an object.
    pub size: usize,
    /// Live objects.
    pub objects: usize,
    /// Pages that it has got; they stay with it.
    pub pages: usize,
}

/// What is in use, for leak tests and `/proc/meminfo`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Usage {
    /// Bytes in live small objects and large ones.
    pub bytes: usize,
    /// Number of live objects.
    pub objects: usize,
    /// Pages handed out, to files, large objects and size classes.
    pub pages: usize,
}

const USED_AT: usize = ARENA_BASE + 2 * PAGE_SIZE;
const DIRTY_AT: usize = USED_AT + WORDS * 8;
const READERS_AT: usize = DIRTY_AT + WORDS * 8;
const FIRST_PAGE: usize = (READERS_AT + size_of::<Readers>()).div_ceil(PAGE_SIZE) - ARENA_BASE / PAGE_SIZE;
/// One past the core: a multiple of 2 MiB.
const CORE_END: usize = FIRST_PAGE.next_multiple_of(HUGE / PAGE_SIZE);
const HUGE: usize = 2 << 20;
const _: () = assert!(CORE_END - FIRST_PAGE > 256);
const _: () = assert!(READERS_AT.is_multiple_of(PAGE_SIZE));
const _: () = assert!(size_of::<Header>() <= 2 * PAGE_SIZE);

#[inline]
fn header() -> &'static Header {
    // SAFETY: only reached once `create` has mapped the arena; zero bytes are a valid header, and all of it is atomic.
    unsafe { &*(ARENA_BASE as *const Header) }
}

/// What [`rcu`](crate::rcu) keeps.
#[inline]
pub(crate) fn readers() -> &'static Readers {
    // SAFETY: as in `header`: zero bytes are valid, all of it is atomic, and it has pages of its own.
    unsafe { &*(READERS_AT as *const Readers) }
}

/// Creates the arena and maps it at its address. Called once, before the first guest.
pub fn create() -> Result<()> {
    let memfd = fd::memfd_create(c"umlaut-arena")?;
    fd::ftruncate(&memfd, ARENA_SIZE as u64)?;
    let raw = memfd.into_raw();
    // SAFETY: the arena's range belongs to nobody else (`layout`), and NOREPLACE refuses if that is wrong.
    unsafe { mem::map_runtime_shared(ARENA_BASE, ARENA_SIZE, raw)? };
    header().memfd.store(raw, SeqCst);
    header().pages.lock().0 = CORE_END;
    Ok(())
}

/// Asks the host to make one huge page of the core. Costs the host a part of a millisecond and the sandbox what the core has not
/// used of its 2 MiB. `EAGAIN` where somebody was about to use one of its pages just then; whatever the error, nothing has changed.
pub fn gather() -> Result<()> {
    mem::collapse_runtime(page_addr(CORE_END) - HUGE, HUGE)
}

/// The arena's memfd, for mapping file pages into a guest.
pub fn memfd() -> i32 {
    header().memfd.load(Relaxed)
}

/// Whether an address lies in the arena.
pub fn contains(addr: usize) -> bool {
    (ARENA_BASE..ARENA_END).contains(&addr)
}

/// Says where the vDSO's `clock_gettime` is, in every process of the sandbox; 0 for nowhere.
///
/// # Safety
/// It must be there, and stay there.
pub unsafe fn set_clock(function: usize) {
    header().clock.store(function, SeqCst);
}

/// Where it is.
pub(crate) fn clock() -> usize {
    header().clock.load(Relaxed)
}

/// A type as two words that can be shared.
#[inline]
fn type_words<T: Any>() -> [u64; 2] {
    // SAFETY: plain bytes without padding; the sizes are compared by the compiler.
    unsafe { core::mem::transmute::<TypeId, [u64; 2]>(TypeId::of::<T>()) }
}

/// Registers the root object, which every process finds with [`root`].
pub fn set_root<T: Any + Send + Sync>(root: &'static T) {
    for (to, word) in header().root_type.iter().zip(type_words::<T>()) {
        to.store(word, SeqCst);
    }
    header().root.store(core::ptr::from_ref(root) as usize, SeqCst);
}

/// The registered root object. `None` before there is one, or when it is of another type.
#[inline]
pub fn root<T: Any + Send + Sync>() -> Option<&'static T> {
    let at = header().root.load(Acquire);
    let same = header().root_type.iter().zip(type_words::<T>()).all(|(is, wanted)| is.load(Relaxed) == wanted);
    // SAFETY: `set_root` stored the address of one of this type, and all processes have the same image at the same addresses.
    (at != 0 && same).then(|| unsafe { &*(at as *const T) })
}

/// What is in use now.
pub fn usage() -> Usage {
    let h = header();
    let [mut bytes, mut objects] = [0, 1].map(|i: usize| h.large[i].load(Relaxed));
    for class in &h.classes {
        let list = class.lock();
        bytes += list.bytes;
        objects += list.objects;
    }
    Usage { bytes, objects, pages: h.pages_used.load(Relaxed) }
}

/// The size classes as they are now, the smallest first; and the number of live objects that are page runs.
pub fn size_classes() -> ([SizeClass; CLASSES.len()], usize) {
    let h = header();
    let classes = core::array::from_fn(|i| {
        let list = h.classes[i].lock();
        SizeClass { size: CLASSES[i], objects: list.objects, pages: list.refills * (REFILL / PAGE_SIZE) }
    });
    (classes, h.large[1].load(Relaxed))
}

/// Address of page number `page`.
pub(crate) fn page_addr(page: usize) -> usize {
    ARENA_BASE + page * PAGE_SIZE
}

/// Allocates a run of zeroed pages, outside of the core while there are any.
pub(crate) fn alloc_pages(pages: usize) -> Option<usize> {
    if pages == 0 || pages > PAGES {
        return None;
    }
    let mut hint = header().pages.lock();
    let first =
        find_run(hint.0, PAGES, pages).or_else(|| find_run(CORE_END, PAGES, pages)).or_else(|| in_core(pages))?;
    hint.0 = (first + pages).max(CORE_END);
    take_run(hint, first, pages);
    Some(first)
}

/// The same for small objects: in the core while there is room.
fn alloc_core_pages(pages: usize) -> Option<usize> {
    let hint = header().pages.lock();
    match in_core(pages) {
        Some(first) => {
            take_run(hint, first, pages);
            Some(first)
        }
        None => {
            drop(hint);
            alloc_pages(pages)
        }
    }
}

fn in_core(pages: usize) -> Option<usize> {
    find_run(FIRST_PAGE, CORE_END, pages)
}

/// Marks a free run as used, and clears it if it was used before.
fn take_run(lock: MutexGuard<'_, Hint>, first: usize, pages: usize) {
    let mut dirty = false;
    for page in first..first + pages {
        set(USED_AT, page, true);
        dirty |= get(DIRTY_AT, page);
    }
    drop(lock);
    header().pages_used.fetch_add(pages, Relaxed);
    if dirty {
        // SAFETY: the run is ours alone now.
        unsafe { core::ptr::write_bytes(page_addr(first) as *mut u8, 0, pages * PAGE_SIZE) };
    }
}

/// Frees a run.
pub(crate) fn free_pages(first: usize, pages: usize) {
    let returned = pages >= RETURN_PAGES
        && fd::punch_hole(memfd(), (first * PAGE_SIZE) as u64, (pages * PAGE_SIZE) as u64).is_ok();
    let mut hint = header().pages.lock();
    for page in first..first + pages {
        set(USED_AT, page, false);
        set(DIRTY_AT, page, !returned);
    }
    hint.0 = hint.0.min(first.max(CORE_END));
    drop(hint);
    header().pages_used.fetch_sub(pages, Relaxed);
}

fn word(map: usize, page: usize) -> &'static AtomicUsize {
    // SAFETY: `page < PAGES` in all callers, so the word lies in the bitmap's part of the arena.
    unsafe { &*((map + page / 64 * 8) as *const AtomicUsize) }
}

fn get(map: usize, page: usize) -> bool {
    word(map, page).load(Relaxed) >> (page % 64) & 1 != 0
}

fn set(map: usize, page: usize, on: bool) {
    let bit = 1usize << (page % 64);
    let w = word(map, page);
    // Under the bitmap's lock: no read-modify-write needed.
    let old = w.load(Relaxed);
    w.store(if on { old | bit } else { old & !bit }, Relaxed);
}

fn find_run(from: usize, to: usize, pages: usize) -> Option<usize> {
    let (mut at, mut run) = (from, 0);
    while at < to {
        if run == 0 && at % 64 == 0 && word(USED_AT, at).load(Relaxed) == usize::MAX {
            at += 64;
            continue;
        }
        run = if get(USED_AT, at) { 0 } else { run + 1 };
        at += 1;
        if run == pages {
            return Some(at - pages);
        }
    }
    None
}

fn class_of(layout: Layout) -> Option<usize> {
    let mut size = layout.size().max(16);
    if layout.align() > 16 {
        // Power-of-two classes are aligned to their own size, up to a page.
        size = size.max(layout.align()).next_power_of_two();
    }
    if layout.align() <= 16
        && let Some(&class) = SMALL_CLASS.get(size.div_ceil(16))
    {
        return Some(usize::from(class));
    }
    CLASSES.iter().position(|&c| c >= size && (layout.align() <= 16 || c.is_power_of_two()))
}

/// Allocates an object; null when the arena is full or the alignment is beyond a page.
pub fn alloc(layout: Layout) -> *mut u8 {
    if layout.align() > PAGE_SIZE {
        return core::ptr::null_mut();
    }
    let addr = match class_of(layout) {
        Some(class) => alloc_small(class, layout.size()),
        None => alloc_large(layout.size()),
    };
    addr.map_or(core::ptr::null_mut(), |addr| addr as *mut u8)
}

fn alloc_large(size: usize) -> Option<usize> {
    let first = alloc_pages(size.div_ceil(PAGE_SIZE))?;
    header().large[0].fetch_add(size, Relaxed);
    header().large[1].fetch_add(1, Relaxed);
    Some(page_addr(first))
}

/// Frees an object of [`alloc`].
///
/// # Safety
/// `ptr` must come from `alloc` with this layout and not be used again.
pub unsafe fn free(ptr: *mut u8, layout: Layout) {
    let Some(class) = class_of(layout) else {
        header().large[0].fetch_sub(layout.size(), Relaxed);
        header().large[1].fetch_sub(1, Relaxed);
        return free_pages((ptr as usize - ARENA_BASE) / PAGE_SIZE, layout.size().div_ceil(PAGE_SIZE));
    };
    let mut list = header().classes[class].lock();
    // SAFETY: the object is at least 16 bytes and nobody else's now.
    unsafe { (ptr as *mut usize).write(list.first) };
    list.first = ptr as usize;
    list.objects = list.objects.wrapping_sub(1);
    list.bytes = list.bytes.wrapping_sub(layout.size());
}

fn alloc_small(class: usize, asked: usize) -> Option<usize> {
    let size = CLASSES[class];
    let mut list = header().classes[class].lock();
    if list.first == 0 && list.fresh + size > list.fresh_end {
        list.fresh = page_addr(alloc_core_pages(REFILL / PAGE_SIZE)?);
        list.fresh_end = list.fresh + REFILL;
        list.refills = list.refills.wrapping_add(1);
    }
    list.objects = list.objects.wrapping_add(1);
    list.bytes = list.bytes.wrapping_add(asked);
    if list.first != 0 {
        let addr = list.first;
        // SAFETY: the list holds free objects of this class, each with the next one's address in its first word.
        list.first = unsafe { *(addr as *const usize) };
        return Some(addr);
    }
    let addr = list.fresh;
    list.fresh += size;
    Some(addr)
}

/// `ENOMEM` unless `layout` could be allocated now (to refuse a guest's request before committing to it).
pub fn check_room(bytes: usize) -> Result<()> {
    let free = PAGES - FIRST_PAGE - header().pages_used.load(Relaxed).min(PAGES - FIRST_PAGE);
    if bytes.div_ceil(PAGE_SIZE) <= free { Ok(()) } else { Err(Errno::ENOMEM) }
}
