//! Headers: what is a program, what is an interpreter, and the errno for the rest.

mod common;

use common::*;
use loader::LoadError::{BadInterpreter, Invalid, NotExecutable, ShortRead};
use loader::elf::{Kind, parse};
use loader::{ByteSource, LoadError, Role};

#[test]
fn a_plain_program() {
    let image = Elf::new(&[text(), load(R | W, 0x1000, BASE + 0x3000, 0x10, 0x5000)]).parse().unwrap();
    assert_eq!((image.kind, image.entry), (Kind::Fixed, BASE + CODE));
    assert_eq!((image.phdr_offset, image.phdr_count, image.loads.len()), (64, 2, 2));
    assert_eq!((image.interpreter, image.executable_stack, image.file_len), (None, false, 0x2000));
}

#[test]
fn fields_that_linux_ignores() {
    for class in [0, 1, 9] {
        assert!(Elf { class, ..Elf::new(&[text()]) }.parse().is_ok());
    }
    for data in [0, 2, 255] {
        assert!(Elf { data, ..Elf::new(&[text()]) }.parse().is_ok());
    }
}

#[test]
fn bad_headers() {
    let good = Elf::new(&[text()]);
    let bad = [
        Elf { machine: 3, ..good.clone() },
        Elf { machine: 183, ..good.clone() },
        Elf { phentsize: 55, ..good.clone() },
        Elf { phentsize: 32, ..good.clone() },
        Elf { phnum: Some(0), ..good.clone() },
        Elf { phnum: Some(1171), len: 0x20000, ..good.clone() },
        Elf { phnum: Some(u16::MAX), ..good.clone() },
        Elf { phoff: 0x2000, ..good.clone() },
        Elf { phoff: 1 << 63, ..good.clone() },
        Elf { phoff: u64::MAX, ..good.clone() },
        Elf { len: 100, ..good.clone() },
    ];
    for (number, elf) in bad.iter().enumerate() {
        assert_eq!(elf.parse(), Err(NotExecutable), "{number}");
        assert_eq!(elf.parse_interpreter(), Err(BadInterpreter), "{number}");
    }
    assert!(Elf { phnum: Some(1170), len: 0x20000, ..good.clone() }.parse().is_ok());
    // Linux looks at the type of an interpreter only when it maps it.
    let object = Elf { kind: 1, ..good };
    assert_eq!(object.parse(), Err(NotExecutable));
    assert_eq!(object.parse_interpreter().unwrap().kind, Kind::Other);
}

#[test]
fn interpreter_paths() {
    let with = |path: &[u8], size: u64| Elf::new(&[text()]).interp(path, size).parse().map(|i| i.interpreter.unwrap());
    assert_eq!(with(b"/ld.so\0", 7), Ok(b"/ld.so".to_vec()));
    assert_eq!(with(b"/ld.so\0/x\0", 10), Ok(b"/ld.so".to_vec()));
    assert_eq!(with(b"\0\0", 2), Ok(Vec::new()));
    assert_eq!(with(b"\0", 1), Err(NotExecutable));
    assert_eq!(with(b"", 0), Err(NotExecutable));
    assert_eq!(with(b"/ld.so", 6), Err(NotExecutable));
    assert_eq!(with(b"/ld.so\0", 4097), Err(NotExecutable));
    assert_eq!(with(b"/ld.so\0", u64::MAX), Err(NotExecutable));
    // 0x1800 + 0x900 is more than the file has.
    assert_eq!(with(b"/ld.so\0", 0x900), Err(ShortRead));

    // An offset that is negative to Linux, or becomes so before the end.
    for (offset, error) in
        [(u64::MAX, Invalid), (1 << 63, Invalid), ((1 << 63) - 2, Invalid), ((1 << 63) - 8, ShortRead)]
    {
        let mut elf = Elf::new(&[text()]).interp(b"/ld.so\0", 7);
        elf.phdrs[0].offset = offset;
        assert_eq!(elf.parse(), Err(error), "{offset:#x}");
    }

    // The first PT_INTERP counts, and none of an interpreter's own.
    let two = Elf::new(&[text()]).interp(b"/ld.so\0", 1).interp(b"/ld.so\0", 7);
    assert!(two.parse().is_ok());
    assert_eq!(two.parse_interpreter().unwrap().interpreter, None);
}

#[test]
fn stack_flags() {
    let stack = |flags| Phdr { kind: PT_GNU_STACK, flags, ..load(0, 0, 0, 0, 0) };
    let executable = |phdrs: &[Phdr]| Elf::new(phdrs).parse().unwrap().executable_stack;
    assert!(!executable(&[text()]));
    assert!(!executable(&[text(), stack(R | W)]));
    assert!(executable(&[text(), stack(R | W | X)]));
    assert!(!executable(&[stack(R | W | X), stack(R | W), text()]));
}

#[test]
fn every_truncation() {
    let bytes = Elf::new(&[text(), text()]).interp(b"/ld.so\0", 7).build();
    let (headers, path_end) = (64 + 3 * 56, 0x1807);
    for len in 0..bytes.len() {
        let cut = &bytes[..len];
        let program = parse(&cut, Role::Program);
        let interpreter = parse(&cut, Role::Interpreter);
        match len {
            _ if len < headers => assert_eq!(program, Err(NotExecutable), "{len}"),
            _ if len < path_end => assert_eq!(program, Err(ShortRead), "{len}"),
            _ => assert!(program.is_ok(), "{len}"),
        }
        match len {
            0..64 => assert_eq!(interpreter, Err(ShortRead), "{len}"),
            _ if len < headers => assert_eq!(interpreter, Err(BadInterpreter), "{len}"),
            _ => assert!(interpreter.is_ok(), "{len}"),
        }
    }
}

/// A source that hands out one byte at a time, counts them, and fails from some offset on.
struct Slow<'a> {
    bytes: &'a [u8],
    read: std::cell::Cell<u64>,
    fails_from: u64,
}

impl ByteSource for Slow<'_> {
    fn read_at(&self, offset: u64, buf: &mut [u8]) -> Result<usize, LoadError> {
        if offset >= self.fails_from {
            return Err(LoadError::Source(116));
        }
        self.read.set(self.read.get() + 1);
        self.bytes.read_at(offset, &mut buf[..1])
    }

    fn len(&self) -> u64 {
        self.bytes.len() as u64
    }
}

#[test]
fn only_headers_are_read() {
    let bytes = Elf { len: 1 << 20, ..Elf::new(&[text()]) }.build();
    let slow = |fails_from| Slow { bytes: &bytes, read: 0.into(), fails_from };
    let source = slow(u64::MAX);
    assert!(parse(&source, Role::Program).is_ok());
    assert_eq!(source.read.get(), 64 + 56);
    assert_eq!(parse(&slow(10), Role::Program), Err(LoadError::Source(116)));
    assert_eq!(parse(&slow(70), Role::Program), Err(NotExecutable));
}
