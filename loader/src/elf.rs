//! ELF headers: which files are programs, and what their program headers say (`load_elf_binary`, first half).
//!
//! [`parse`] makes exactly the checks that Linux makes while it can still return an errno; those on the contents of `PT_LOAD`
//! follow in [`crate::plan`]. `goblin` decodes the structures. As on Linux, `EI_CLASS`, `EI_DATA` and the versions in `e_ident` are
//! not looked at: machine and header sizes decide (a 32-bit program has another machine).

use crate::source::{read_all, read_up_to};
use crate::{ByteSource, LoadError, PATH_MAX};
use alloc::vec::Vec;
use goblin::container::Endian;
use goblin::elf::header::{EI_DATA, ELFDATA2LSB, ELFMAG, EM_X86_64, ET_DYN, ET_EXEC};
use goblin::elf::program_header::{PF_X, PT_GNU_STACK, PT_INTERP, PT_LOAD};
use goblin::elf64::header::{Header, SIZEOF_EHDR};
use goblin::elf64::program_header::{ProgramHeader, SIZEOF_PHDR};

/// The most bytes of program headers that are read.
const MAX_PHDR_BYTES: usize = 65536;

/// Which of the two files of a dynamic program an image is; the errno for a bad file depends on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// The file that was executed.
    Program,
    /// The file that its `PT_INTERP` names.
    Interpreter,
}

/// How an image wants to be placed (`e_type`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// At the addresses in its headers (`ET_EXEC`).
    Fixed,
    /// Anywhere (`ET_DYN`: a PIE, a static PIE or a dynamic linker).
    Dynamic,
    /// Neither. Only in interpreters, whose type Linux checks later than that of programs.
    Other,
}

/// A `PT_LOAD` program header, not yet checked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Load {
    /// Where the segment starts in the file.
    pub offset: u64,
    /// Its address, before the bias.
    pub vaddr: u64,
    /// How many bytes come from the file.
    pub file_size: u64,
    /// How many bytes it has in memory.
    pub mem_size: u64,
    /// `PF_R`, `PF_W`, `PF_X`.
    pub flags: u32,
    /// The alignment it asks for.
    pub align: u64,
}

/// What the headers of an ELF file say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Image {
    /// What the file was parsed as.
    pub role: Role,
    /// How it wants to be placed.
    pub kind: Kind,
    /// The entry point, before the bias.
    pub entry: u64,
    /// Where the program headers are in the file.
    pub phdr_offset: u64,
    /// How many program headers there are.
    pub phdr_count: u16,
    /// The `PT_LOAD` headers in file order.
    pub loads: Vec<Load>,
    /// The path in `PT_INTERP` without its NUL. May be empty. Always `None` in an interpreter.
    pub interpreter: Option<Vec<u8>>,
    /// Whether `PT_GNU_STACK` asks for an executable stack. Without that header an x86-64 program gets none.
    pub executable_stack: bool,
    /// The length of the file.
    pub file_len: u64,
}

/// Reads and checks the headers of an ELF file.
pub fn parse(source: &dyn ByteSource, role: Role) -> Result<Image, LoadError> {
    let header = read_header(source, role)?;
    let refusal = refusal(role);
    let kind = match header.e_type {
        ET_EXEC => Kind::Fixed,
        ET_DYN => Kind::Dynamic,
        _ if role == Role::Interpreter => Kind::Other,
        _ => return Err(refusal),
    };
    if header.e_machine != EM_X86_64 {
        return Err(refusal);
    }
    // Whatever keeps the program headers from being read, Linux reports the file as bad and not the reading.
    let phdrs = read_program_headers(source, &header).ok_or(refusal)?;

    let interpreter = match phdrs.iter().find(|p| p.p_type == PT_INTERP) {
        Some(phdr) if role == Role::Program => Some(read_interpreter(source, phdr)?),
        _ => None,
    };
    // When there are several, the last one counts.
    let stack = phdrs.iter().rfind(|p| p.p_type == PT_GNU_STACK);
    Ok(Image {
        role,
        kind,
        entry: header.e_entry,
        phdr_offset: header.e_phoff,
        phdr_count: header.e_phnum,
        loads: phdrs.iter().filter(|p| p.p_type == PT_LOAD).map(Load::from).collect(),
        interpreter,
        executable_stack: stack.is_some_and(|p| p.p_flags & PF_X != 0),
        file_len: source.len(),
    })
}

/// The error for a file that is no program, or no interpreter.
fn refusal(role: Role) -> LoadError {
    match role {
        Role::Program => LoadError::NotExecutable,
        Role::Interpreter => LoadError::BadInterpreter,
    }
}

/// Reads the ELF header and checks its magic.
fn read_header(source: &dyn ByteSource, role: Role) -> Result<Header, LoadError> {
    let mut bytes = [0u8; SIZEOF_EHDR];
    match role {
        // The head of a program is padded with zeros ...
        Role::Program => _ = read_up_to(source, 0, &mut bytes)?,
        // ... but that of an interpreter has to be there.
        Role::Interpreter => read_all(source, 0, &mut bytes)?,
    }
    if !bytes.starts_with(ELFMAG) {
        return Err(refusal(role));
    }
    // Linux reads in its own byte order whatever the file claims, and goblin goes by the claim.
    if let Some(data) = bytes.get_mut(EI_DATA) {
        *data = ELFDATA2LSB;
    }
    Header::parse(&bytes).map_err(|_| refusal(role))
}

fn read_program_headers(source: &dyn ByteSource, header: &Header) -> Option<Vec<ProgramHeader>> {
    let count = usize::from(header.e_phnum);
    let size = count.checked_mul(SIZEOF_PHDR)?;
    if usize::from(header.e_phentsize) != SIZEOF_PHDR || size == 0 || size > MAX_PHDR_BYTES {
        return None;
    }
    let mut bytes = zeroed(size).ok()?;
    read_all(source, header.e_phoff, &mut bytes).ok()?;
    ProgramHeader::parse(&bytes, 0, count, Endian::Little).ok()
}

fn read_interpreter(source: &dyn ByteSource, phdr: &ProgramHeader) -> Result<Vec<u8>, LoadError> {
    if !(2..=PATH_MAX).contains(&phdr.p_filesz) {
        return Err(LoadError::NotExecutable);
    }
    let mut path = zeroed(phdr.p_filesz as usize)?;
    read_all(source, phdr.p_offset, &mut path)?;
    if path.last() != Some(&0) {
        return Err(LoadError::NotExecutable);
    }
    // The path is a C string: it ends at its first NUL.
    let len = path.iter().position(|&b| b == 0).unwrap_or(0);
    path.truncate(len);
    Ok(path)
}

/// A zeroed buffer, or ENOMEM.
pub(crate) fn zeroed(len: usize) -> Result<Vec<u8>, LoadError> {
    let mut bytes = Vec::new();
    bytes.try_reserve_exact(len).map_err(|_| LoadError::NoMemory)?;
    bytes.resize(len, 0);
    Ok(bytes)
}

impl From<&ProgramHeader> for Load {
    fn from(phdr: &ProgramHeader) -> Self {
        Self {
            offset: phdr.p_offset,
            vaddr: phdr.p_vaddr,
            file_size: phdr.p_filesz,
            mem_size: phdr.p_memsz,
            flags: phdr.p_flags,
            align: phdr.p_align,
        }
    }
}

/// The value of a symbol that a shared object exports, from its image in memory if that is laid out as the file is (the vDSO's is).
pub fn exported(image: &[u8], name: &str) -> Option<u64> {
    let elf = goblin::elf::Elf::parse(image).ok()?;
    let named = |at: usize| elf.dynstrtab.get_at(at) == Some(name);
    elf.dynsyms.iter().find(|symbol| symbol.st_value != 0 && named(symbol.st_name)).map(|symbol| symbol.st_value)
}
