//! The plan: what to map for an image, as pure data (`load_elf_binary`, second half; `load_elf_interp`; `elf_load`).
//!
//! To carry a plan out, reserve `start..start + len`, then take the segments in their order, each over whatever is there (`MAP_FIXED`):
//! map the file part, clear `zero_tail`, map `anon`. Segments may overlap, and then the later one wins, as on Linux.
//! Between the segments there may be holes: give them back, or leave them without access.

use crate::elf::{Image, Kind, Load, Role};
use crate::place::span;
use crate::{LoadError, TASK_SIZE, page_down, page_offset, page_up};
use alloc::vec::Vec;
use core::ops::Range;
use goblin::elf::program_header::{PF_R, PF_W, PF_X};

/// `PROT_READ` of `mmap`.
pub const PROT_READ: u32 = 1;
/// `PROT_WRITE` of `mmap`.
pub const PROT_WRITE: u32 = 2;
/// `PROT_EXEC` of `mmap`.
pub const PROT_EXEC: u32 = 4;

/// One segment to map. All addresses are final.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Segment {
    /// Where the file part goes; on a page boundary.
    pub addr: u64,
    /// The length of the file part in whole pages; 0 when nothing comes from the file.
    pub len: u64,
    /// Its protection.
    pub prot: u32,
    /// Where it starts in the file; on a page boundary.
    pub file_offset: u64,
    /// How many bytes of `len` the segment claims from the file; the rest of the last page is whatever follows there.
    pub file_len: u64,
    /// What to clear at the end of the last file page. Empty for segments that cannot be written: Linux leaves them alone.
    pub zero_tail: Range<u64>,
    /// Anonymous pages behind the file part (`.bss`); on page boundaries, may be empty.
    pub anon: Range<u64>,
    /// Their protection: always readable and writable, as on Linux, and executable when the segment is.
    pub anon_prot: u32,
}

/// What to map for an image, and what the new process has to know about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    /// What was added to every address of the file.
    pub bias: u64,
    /// The lowest page.
    pub start: u64,
    /// From there to the end of the highest page.
    pub len: u64,
    /// What to map, in this order.
    pub segments: Vec<Segment>,
    /// The entry point.
    pub entry: u64,
    /// The program headers in memory (`AT_PHDR`); as on Linux just the bias when no segment contains them.
    pub phdr: u64,
    /// Their number (`AT_PHNUM`).
    pub phdr_count: u16,
    /// The first page after the highest segment, where the heap starts before randomisation.
    pub brk_start: u64,
    /// From the first to the last executable byte (`/proc/PID/stat`); empty when there is none.
    pub code: Range<u64>,
    /// From the start of the highest segment to the last byte that comes from the file (`/proc/PID/stat`).
    pub data: Range<u64>,
    /// Whether the stack is to be executable.
    pub executable_stack: bool,
    /// The program interpreter to load as well.
    pub interpreter: Option<Vec<u8>>,
    /// Whether the image could have gone anywhere (`ET_DYN`).
    pub is_dyn: bool,
}

/// Works out what to map when `bias` is added to every address.
///
/// Linux finds these errors after it has given up the old program, and kills the process with SIGSEGV.
pub fn plan(image: &Image, bias: u64) -> Result<Plan, LoadError> {
    let span = span(image)?;
    // With these two checks every address of the image plus the bias lies in the plan's range: nothing below wraps.
    let start = span.start.wrapping_add(bias);
    let fits = page_offset(bias) == 0
        && start < TASK_SIZE
        && TASK_SIZE.checked_sub(span.len).is_some_and(|room| start <= room);
    if !fits {
        return Err(LoadError::NoMemory);
    }
    let segments = image.loads.iter().map(|load| segment(load, bias, image.file_len)).collect::<Result<Vec<_>, _>>()?;

    let entry = image.entry.wrapping_add(bias);
    // The entry of a program with an interpreter is only passed on, and the interpreter has to cope with it.
    let starts_here = image.role == Role::Interpreter || image.interpreter.is_none();
    if starts_here && entry >= TASK_SIZE {
        return Err(LoadError::Invalid);
    }
    Ok(Plan {
        bias,
        start,
        len: span.len,
        segments,
        entry,
        phdr: phdr_vaddr(image).wrapping_add(bias),
        phdr_count: image.phdr_count,
        brk_start: start.saturating_add(span.len),
        code: code_range(image, bias),
        data: data_range(image, bias),
        executable_stack: image.executable_stack,
        interpreter: image.interpreter.clone(),
        is_dyn: image.kind == Kind::Dynamic,
    })
}

/// Plans one segment, which `span` has checked.
fn segment(load: &Load, bias: u64, file_len: u64) -> Result<Segment, LoadError> {
    let prot = prot(load.flags);
    let vaddr = load.vaddr.wrapping_add(bias);
    let addr = page_down(vaddr);
    let lead = page_offset(vaddr);
    let up = |value: u64| page_up(value).ok_or(LoadError::NoMemory);

    let (len, file_offset, claimed) = match load.file_size {
        0 => (0, 0, 0),
        size => {
            let claimed = size.checked_add(lead).ok_or(LoadError::Invalid)?;
            (up(claimed)?, page_down(load.offset), claimed)
        }
    };
    let file_end = addr.saturating_add(claimed);
    let map_end = addr.saturating_add(len);
    let mem_end = up(vaddr.saturating_add(load.mem_size))?;

    let has_bss = load.mem_size > load.file_size;
    let zero_tail = if has_bss && len > 0 && prot & PROT_WRITE != 0 { file_end..map_end } else { map_end..map_end };
    if !zero_tail.is_empty() && page_down(load.offset.saturating_add(load.file_size)) >= file_len {
        // The page to clear is beyond the end of the file: touching it would be a bus error.
        return Err(LoadError::BadAddress);
    }
    let anon = if has_bss && mem_end > map_end { map_end..mem_end } else { map_end..map_end };
    Ok(Segment {
        addr,
        len,
        prot,
        file_offset,
        file_len: claimed,
        zero_tail,
        anon,
        anon_prot: PROT_READ | PROT_WRITE | (prot & PROT_EXEC),
    })
}

fn prot(flags: u32) -> u32 {
    [(PF_R, PROT_READ), (PF_W, PROT_WRITE), (PF_X, PROT_EXEC)]
        .iter()
        .filter(|(flag, _)| flags & flag != 0)
        .fold(0, |prot, (_, bit)| prot | bit)
}

/// Where the program headers are in memory, by the last segment whose file part contains their start. Linux does not ask `PT_PHDR`.
fn phdr_vaddr(image: &Image) -> u64 {
    let inside =
        |load: &&Load| image.phdr_offset.checked_sub(load.offset).is_some_and(|distance| distance < load.file_size);
    image
        .loads
        .iter()
        .rfind(inside)
        .map_or(0, |load| image.phdr_offset.wrapping_sub(load.offset).wrapping_add(load.vaddr))
}

/// The end of the part of a segment that comes from the file, with the bias.
fn file_end(load: &Load, bias: u64) -> u64 {
    load.vaddr.wrapping_add(load.file_size).wrapping_add(bias)
}

fn code_range(image: &Image, bias: u64) -> Range<u64> {
    let code = || image.loads.iter().filter(|load| load.flags & PF_X != 0);
    let start = code().map(|load| load.vaddr.wrapping_add(bias)).min().unwrap_or(0);
    let end = code().map(|load| file_end(load, bias)).max().unwrap_or(0);
    start..end
}

fn data_range(image: &Image, bias: u64) -> Range<u64> {
    let start = image.loads.iter().map(|load| load.vaddr.wrapping_add(bias)).max().unwrap_or(0);
    let end = image.loads.iter().map(|load| file_end(load, bias)).max().unwrap_or(0);
    start..end
}
