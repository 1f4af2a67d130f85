//! Where an image may go: its extent, and the choice of a load bias and a heap start from random numbers.
//!
//! Answers to `total_mapping_size`, `maximum_alignment`, the `ELF_ET_DYN_BASE` logic of `load_elf_binary`
//! and `arch_randomize_brk`. Linux aims at one base and adds 28 random bits; here the caller gives a window, because the kernel's own
//! mappings share the address space.

use crate::elf::{Image, Kind, Load, Role};
use crate::{LoadError, PAGE_SIZE, TASK_SIZE, page_down, page_offset, page_up};
use core::ops::Range;

/// The part of the address space that an image asks for, before the bias.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span {
    /// The lowest page.
    pub start: u64,
    /// From `start` to the end of the highest page.
    pub len: u64,
    /// The largest alignment that a segment asks for, at least a page; a power of two.
    pub align: u64,
}

/// Checks the `PT_LOAD` headers and computes what they cover.
///
/// Linux finds these errors after it has given up the old program, and kills the process with SIGSEGV.
pub fn span(image: &Image) -> Result<Span, LoadError> {
    if image.kind == Kind::Other {
        return Err(LoadError::Invalid);
    }
    // Linux maps nothing for a fixed image without segments and lets it fault at its entry; refusing it ends the same way.
    let mut start = u64::MAX;
    let mut end = 0;
    let mut align = PAGE_SIZE;
    for load in &image.loads {
        check(load, image.role)?;
        start = start.min(page_down(load.vaddr));
        let last = load.vaddr.checked_add(load.mem_size).and_then(page_up).ok_or(LoadError::Invalid)?;
        end = end.max(last);
        if load.align.is_power_of_two() {
            align = align.max(load.align);
        }
    }
    match end.checked_sub(start) {
        Some(len) if len > 0 => Ok(Span { start, len, align }),
        _ => Err(LoadError::Invalid),
    }
}

/// Checks one segment: sizes, address range, and that its file part can be mapped by pages.
fn check(load: &Load, role: Role) -> Result<(), LoadError> {
    let fits = load.file_size <= load.mem_size
        && load.vaddr < TASK_SIZE
        && TASK_SIZE.checked_sub(load.mem_size).is_some_and(|room| load.vaddr <= room);
    if !fits {
        return Err(match role {
            Role::Program => LoadError::Invalid,
            Role::Interpreter => LoadError::NoMemory,
        });
    }
    if load.file_size > 0 {
        // What `mmap` would say to an offset that is not on a page boundary or does not fit into an `off_t`.
        let aligned = page_offset(load.offset) == page_offset(load.vaddr);
        let end = load.offset.checked_add(load.file_size).and_then(page_up);
        if !aligned || end.is_none_or(|end| end > i64::MAX as u64) {
            return Err(LoadError::Invalid);
        }
    }
    Ok(())
}

/// Chooses a load bias that puts the image inside `window`; 0 for an image with fixed addresses.
///
/// The bias is a multiple of the image's alignment and is added with wrap-around (an image whose first address is above the window gets
/// a "negative" one). ENOMEM when the image does not fit. An image without an interpreter whose alignment cannot be had
/// goes to any page, as on Linux.
pub fn choose_bias(image: &Image, window: &Range<u64>, random: u64) -> Result<u64, LoadError> {
    let span = span(image)?;
    if image.kind == Kind::Fixed {
        return Ok(0);
    }
    let by_pages = || match image.interpreter {
        None => choose(&Span { align: PAGE_SIZE, ..span }, window, random),
        Some(_) => None,
    };
    choose(&span, window, random).or_else(by_pages).ok_or(LoadError::NoMemory)
}

fn choose(span: &Span, window: &Range<u64>, random: u64) -> Option<u64> {
    // The first address at or above the window's start that is congruent with the image's own start.
    let mask = span.align.checked_sub(1)?;
    let distance = span.start.wrapping_sub(window.start) & mask;
    let lowest = window.start.checked_add(distance)?;
    let highest = window.end.min(TASK_SIZE).checked_sub(span.len)?;
    let places = (highest.checked_sub(lowest)? / span.align).checked_add(1)?;
    let chosen = lowest.checked_add((random % places).checked_mul(span.align)?)?;
    Some(chosen.wrapping_sub(span.start))
}

/// Moves the start of the heap up by a random number of pages, less than `range` bytes (Linux: 1 GiB).
pub fn choose_brk(brk: u64, range: u64, random: u64) -> u64 {
    match range / PAGE_SIZE {
        0 => brk,
        pages => brk.saturating_add((random % pages).saturating_mul(PAGE_SIZE)),
    }
}
