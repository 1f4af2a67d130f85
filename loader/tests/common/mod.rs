//! A small ELF writer and a random number generator for the loader's tests.
#![allow(dead_code)]

use loader::{Executable, Image, LoadError, Role, elf, identify};

pub const PT_LOAD: u32 = 1;
pub const PT_INTERP: u32 = 3;
pub const PT_GNU_STACK: u32 = 0x6474_e551;
pub const R: u32 = 4;
pub const W: u32 = 2;
pub const X: u32 = 1;

/// Where [`Elf::build`] puts code that exits with status 0, in the file and behind the usual base.
pub const CODE: u64 = 0x1f00;
/// The usual base of a fixed program.
pub const BASE: u64 = 0x40_0000;

#[derive(Clone, Copy)]
pub struct Phdr {
    pub kind: u32,
    pub flags: u32,
    pub offset: u64,
    pub vaddr: u64,
    pub file_size: u64,
    pub mem_size: u64,
    pub align: u64,
}

pub fn load(flags: u32, offset: u64, vaddr: u64, file_size: u64, mem_size: u64) -> Phdr {
    Phdr { kind: PT_LOAD, flags, offset, vaddr, file_size, mem_size, align: 0x1000 }
}

/// A segment with headers and code.
pub fn text() -> Phdr {
    load(R | X, 0, BASE, 0x2000, 0x2000)
}

/// An ELF file to be; the defaults make one that runs.
#[derive(Clone)]
pub struct Elf {
    pub class: u8,
    pub data: u8,
    pub kind: u16,
    pub machine: u16,
    pub entry: u64,
    pub phoff: u64,
    pub phentsize: u16,
    pub phnum: Option<u16>,
    pub phdrs: Vec<Phdr>,
    pub interp: Option<Vec<u8>>,
    pub len: usize,
}

impl Elf {
    pub fn new(phdrs: &[Phdr]) -> Self {
        Self {
            class: 2,
            data: 1,
            kind: 2,
            machine: 62,
            entry: BASE + CODE,
            phoff: 64,
            phentsize: 56,
            phnum: None,
            phdrs: phdrs.to_vec(),
            interp: None,
            len: 0x2000,
        }
    }

    /// Adds a `PT_INTERP` in front; `size` as the header claims it.
    pub fn interp(mut self, path: &[u8], size: u64) -> Self {
        let header =
            Phdr { kind: PT_INTERP, flags: R, offset: 0x1800, vaddr: 0, file_size: size, mem_size: size, align: 1 };
        self.phdrs.insert(0, header);
        self.interp = Some(path.to_vec());
        self
    }

    pub fn build(&self) -> Vec<u8> {
        let mut out = vec![0x7f, b'E', b'L', b'F', self.class, self.data, 1, 0];
        out.resize(16, 0);
        let phnum = self.phnum.unwrap_or(self.phdrs.len() as u16);
        out.extend(self.kind.to_le_bytes());
        out.extend(self.machine.to_le_bytes());
        out.extend(1u32.to_le_bytes());
        for word in [self.entry, self.phoff, 0] {
            out.extend(word.to_le_bytes());
        }
        out.extend(0u32.to_le_bytes());
        for half in [64, self.phentsize, phnum, 0, 0, 0] {
            out.extend(half.to_le_bytes());
        }
        for p in &self.phdrs {
            out.extend(p.kind.to_le_bytes());
            out.extend(p.flags.to_le_bytes());
            for word in [p.offset, p.vaddr, p.vaddr, p.file_size, p.mem_size, p.align] {
                out.extend(word.to_le_bytes());
            }
        }
        if out.len() < CODE as usize {
            out.resize(0x2000, 0);
            // mov $60, %eax; xor %edi, %edi; syscall
            let code = [0xb8, 60, 0, 0, 0, 0x31, 0xff, 0x0f, 5];
            out[CODE as usize..][..code.len()].copy_from_slice(&code);
            if let Some(path) = &self.interp {
                out[0x1800..][..path.len()].copy_from_slice(path);
            }
        }
        out.resize(self.len.max(if self.len < 0x2000 { 0 } else { out.len() }), 0);
        out
    }

    pub fn parse(&self) -> Result<Image, LoadError> {
        elf::parse(&self.build().as_slice(), Role::Program)
    }

    pub fn parse_interpreter(&self) -> Result<Image, LoadError> {
        elf::parse(&self.build().as_slice(), Role::Interpreter)
    }
}

/// `identify` for bytes that have to be ELF.
pub fn image(bytes: &[u8]) -> Image {
    match identify(&bytes) {
        Ok(Executable::Elf(image)) => image,
        other => panic!("not ELF: {other:?}"),
    }
}

/// SplitMix64: the same numbers in every run.
pub struct Random(pub u64);

impl Random {
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    pub fn below(&mut self, limit: u64) -> u64 {
        self.next() % limit
    }

    /// A value that is likely to lie on an edge.
    pub fn interesting(&mut self) -> u64 {
        const EDGES: [u64; 12] = [
            0,
            1,
            0xfff,
            0x1000,
            0x1001,
            0x7fff_ffff_efff,
            0x7fff_ffff_f000,
            1 << 47,
            1 << 63,
            u64::MAX,
            u64::MAX - 0xfff,
            0x40_0000,
        ];
        match self.below(3) {
            0 => self.next(),
            1 => self.next() >> self.below(64),
            _ => EDGES[self.below(EDGES.len() as u64) as usize].wrapping_add(self.below(3)).wrapping_sub(1),
        }
    }

    /// Changes one to four fields in the ELF header or the program headers.
    pub fn mutate(&mut self, bytes: &mut [u8]) {
        for _ in 0..=self.below(3) {
            let width = [1usize, 2, 4, 8][self.below(4) as usize];
            let limit = bytes.len().min(64 + 56 * 4) - width;
            // Mostly on field boundaries.
            let at = (self.below(limit as u64) as usize) / width * width;
            let value = self.interesting().to_le_bytes();
            bytes[at..at + width].copy_from_slice(&value[..width]);
        }
    }
}
