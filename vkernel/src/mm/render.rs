//! `/proc/PID/maps` and `smaps` (Linux's `fs/proc/task_mmu.c`).

use super::vma::{Backing, Label, PROT_EXEC, PROT_READ, PROT_WRITE, VmFlags, Vma};
use super::{Inner, Mm};
use alloc::format;
use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;
use host::abi::dev_split;

/// The name stands in this column.
const NAME_COLUMN: usize = 73;
/// The device of anonymous shared memory.
const SHMEM_DEV: u64 = 1;

/// One line of `/proc/PID/maps`.
#[derive(Clone)]
pub struct VmaInfo {
    /// First byte.
    pub start: usize,
    /// One past the last byte.
    pub end: usize,
    /// `PROT_*`.
    pub prot: u32,
    /// What `mprotect` may raise it to.
    pub may: u32,
    /// Other properties.
    pub flags: VmFlags,
    /// Offset in the file.
    pub offset: u64,
    /// Device of the file.
    pub dev: u64,
    /// Inode of the file.
    pub ino: u64,
    /// A name that the kernel gives, such as `[heap]`; empty when there is none.
    pub special: &'static str,
    /// The file.
    pub file: Option<Arc<dyn super::FileName>>,
}

impl Mm {
    /// All mappings.
    pub fn maps(&self) -> Vec<VmaInfo> {
        let inner = self.inner.lock();
        inner.vmas.iter().map(|vma| inner.describe(vma)).collect()
    }

    /// The mapping at an address.
    pub fn map_at(&self, addr: usize) -> Option<VmaInfo> {
        let inner = self.inner.lock();
        inner.vmas.at(addr).map(|vma| inner.describe(vma))
    }

    /// The number of mappings.
    pub fn map_count(&self) -> usize {
        self.inner.lock().vmas.count()
    }

    /// `/proc/PID/maps`.
    pub fn render_maps(&self) -> Vec<u8> {
        let mut out = Vec::new();
        for info in self.maps() {
            info.line(&mut out);
        }
        out
    }

    /// `/proc/PID/smaps`, with the sizes that the book knows. What is resident only the host knows: it is asked if this is the
    /// caller's `own` memory, and stands as 0 otherwise.
    pub fn render_smaps(&self, own: bool) -> Vec<u8> {
        let mut out = Vec::new();
        for info in self.maps() {
            info.line(&mut out);
            let resident = if own { self.resident(info.start..info.end) / 1024 } else { 0 };
            info.details(resident, &mut out);
        }
        out
    }
}

impl Inner {
    fn describe(&self, vma: &Vma) -> VmaInfo {
        let (mut dev, mut ino, mut special, mut file) = (0, 0, "", None);
        match (&vma.label, &vma.backing) {
            (Label::File(tag), _) => (dev, ino, file) = (tag.dev, tag.ino, Some(tag.name.clone())),
            (Label::Special(name), _) => special = name,
            (_, Backing::SharedAnon(object)) => {
                (dev, special) = (SHMEM_DEV, "/dev/zero (deleted)");
                // Some number that stays the same, and is another one for another object.
                ino = Arc::as_ptr(object) as u64 >> 4 & 0xff_ffff;
            }
            _ if vma.start < self.brk && vma.end > self.start_brk => special = "[heap]",
            _ if vma.start <= self.info.start_stack && vma.end >= self.info.start_stack => special = "[stack]",
            _ => {}
        }
        VmaInfo {
            start: vma.start,
            end: vma.end,
            prot: vma.prot,
            may: vma.may,
            flags: vma.flags,
            offset: vma.offset,
            dev,
            ino,
            special,
            file,
        }
    }
}

impl VmaInfo {
    /// The line in `maps`, with its line feed.
    pub fn line(&self, out: &mut Vec<u8>) {
        let bit = |mask: u32, letter: char| if self.prot & mask != 0 { letter } else { '-' };
        let (major, minor) = dev_split(self.dev);
        let mut line = format!(
            "{:08x}-{:08x} {}{}{}{} {:08x} {major:02x}:{minor:02x} {} ",
            self.start,
            self.end,
            bit(PROT_READ, 'r'),
            bit(PROT_WRITE, 'w'),
            bit(PROT_EXEC, 'x'),
            if self.flags.contains(VmFlags::SHARED) { 's' } else { 'p' },
            self.offset,
            self.ino,
        )
        .into_bytes();
        let name = self.file.as_ref().map_or_else(|| self.special.as_bytes().to_vec(), |file| file.path());
        if !name.is_empty() {
            // Up to the column, and a blank in any case.
            line.resize(line.len().max(NAME_COLUMN - 1), b' ');
            line.push(b' ');
            for byte in name {
                match byte {
                    b'\n' => line.extend_from_slice(b"\\012"),
                    other => line.push(other),
                }
            }
        }
        line.push(b'\n');
        out.append(&mut line);
    }

    /// What `smaps` has below the line.
    fn details(&self, resident: usize, out: &mut Vec<u8>) {
        let size = (self.end - self.start) / 1024;
        let locked = if self.flags.contains(VmFlags::LOCKED) { size } else { 0 };
        let private = self.file.is_none() && !self.flags.contains(VmFlags::SHARED);
        let mut text = String::new();
        for (name, value) in FIELDS {
            let value = match value {
                Field::Size => size,
                Field::Page => 4,
                Field::Locked => locked,
                Field::Resident => resident,
                Field::Private if private => resident,
                Field::Shared if !private => resident,
                Field::Private | Field::Shared => 0,
                Field::Unknown => 0,
            };
            text.push_str(&format!("{name:<15} {value:>8} kB\n"));
        }
        text.push_str("THPeligible:           0\nVmFlags:");
        for (on, letters) in self.letters() {
            if on {
                text.push(' ');
                text.push_str(letters);
            }
        }
        text.push_str(" \n");
        out.extend_from_slice(text.as_bytes());
    }

    /// Linux's two-letter names of the flags.
    fn letters(&self) -> [(bool, &'static str); 14] {
        let has = |flag| self.flags.contains(flag);
        [
            (self.prot & PROT_READ != 0, "rd"),
            (self.prot & PROT_WRITE != 0, "wr"),
            (self.prot & PROT_EXEC != 0, "ex"),
            (has(VmFlags::SHARED), "sh"),
            (true, "mr"),
            (self.may & PROT_WRITE != 0, "mw"),
            (self.may & PROT_EXEC != 0, "me"),
            (has(VmFlags::SHARED), "ms"),
            (has(VmFlags::GROWSDOWN), "gd"),
            (has(VmFlags::LOCKED), "lo"),
            (has(VmFlags::DONTFORK), "dc"),
            (has(VmFlags::NORESERVE), "nr"),
            (has(VmFlags::WIPEONFORK), "wf"),
            (has(VmFlags::DONTDUMP), "dd"),
        ]
    }
}

/// Where a number of `smaps` comes from.
enum Field {
    Size,
    Page,
    Locked,
    /// There now.
    Resident,
    /// The same, of private memory without a file.
    Private,
    /// The same, of all other.
    Shared,
    Unknown,
}

const FIELDS: [(&str, Field); 22] = [
    ("Size:", Field::Size),
    ("KernelPageSize:", Field::Page),
    ("MMUPageSize:", Field::Page),
    ("Rss:", Field::Resident),
    ("Pss:", Field::Resident),
    ("Pss_Dirty:", Field::Private),
    ("Shared_Clean:", Field::Shared),
    ("Shared_Dirty:", Field::Unknown),
    ("Private_Clean:", Field::Unknown),
    ("Private_Dirty:", Field::Private),
    ("Referenced:", Field::Resident),
    ("Anonymous:", Field::Private),
    ("KSM:", Field::Unknown),
    ("LazyFree:", Field::Unknown),
    ("AnonHugePages:", Field::Unknown),
    ("ShmemPmdMapped:", Field::Unknown),
    ("FilePmdMapped:", Field::Unknown),
    ("Shared_Hugetlb:", Field::Unknown),
    ("Private_Hugetlb:", Field::Unknown),
    ("Swap:", Field::Unknown),
    ("SwapPss:", Field::Unknown),
    ("Locked:", Field::Locked),
];
