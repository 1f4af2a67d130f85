//! The loader's verdicts beside those of the Linux that runs the tests: real programs, hand-made ones, and random
//! changes of their headers are executed natively, and the errno (or the SIGSEGV) has to be the predicted one.
//!
//! One test function only: a program file that another thread's fork still holds open for writing could not be executed.

mod common;

use common::*;
use loader::place::choose_bias;
use loader::plan::plan;
use loader::{Executable, LoadError, Role, elf, identify};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// What becomes of an `execve`.
#[derive(Debug, PartialEq, Eq, Clone, Copy)]
enum Verdict {
    /// It returns an errno.
    Errno(i32),
    /// It kills the process.
    Killed,
    /// The program starts. What it does then is its own affair.
    Starts,
}

/// What the loader says. The interpreter is taken from the file system.
fn predicted(bytes: &[u8]) -> Verdict {
    match headers(bytes) {
        Err(error) => Verdict::Errno(error.errno()),
        Ok(images) => {
            let window = 0x1_0000..loader::TASK_SIZE;
            let mapped = images.iter().all(|i| choose_bias(i, &window, 5).and_then(|bias| plan(i, bias)).is_ok());
            if mapped { Verdict::Starts } else { Verdict::Killed }
        }
    }
}

fn headers(bytes: &[u8]) -> Result<Vec<loader::Image>, LoadError> {
    let Executable::Elf(program) = identify(&bytes)? else { panic!("a script") };
    let mut images = vec![program];
    if let Some(path) = images[0].interpreter.clone() {
        let path = String::from_utf8(path).map_err(|_| LoadError::NotFound)?;
        // Linux opens "" as the current directory.
        let file = std::fs::read(if path.is_empty() { "/" } else { path.as_str() });
        let file = file.map_err(|e| match e.kind() {
            std::io::ErrorKind::IsADirectory => LoadError::AccessDenied,
            _ => LoadError::Source(e.raw_os_error().unwrap()),
        })?;
        images.push(elf::parse(&file.as_slice(), Role::Interpreter)?);
    }
    Ok(images)
}

/// A directory that goes away.
struct Scratch(PathBuf);

impl Scratch {
    fn new() -> Self {
        let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("loader-native-{}", std::process::id()));
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    fn program(&self, name: &str, bytes: &[u8]) -> PathBuf {
        let path = self.0.join(name);
        _ = std::fs::remove_file(&path);
        std::fs::write(&path, bytes).unwrap();
        std::fs::set_permissions(&path, PermissionsExt::from_mode(0o755)).unwrap();
        path
    }

    fn native(&self, bytes: &[u8]) -> Verdict {
        let mut command = Command::new(self.program("program", bytes));
        // Core files, should there be any, belong into the directory.
        command.current_dir(&self.0).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        match command.status() {
            Err(error) => Verdict::Errno(error.raw_os_error().unwrap()),
            Ok(status) if status.signal() == Some(11) => Verdict::Killed,
            Ok(_) => Verdict::Starts,
        }
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        _ = std::fs::remove_dir_all(&self.0);
    }
}

#[test]
fn verdicts() {
    let scratch = Scratch::new();
    real_programs(&scratch);
    hand_made(&scratch);
    interpreters(&scratch);
    mutations(&scratch);
}

fn real_programs(scratch: &Scratch) {
    let bytes = std::fs::read("/bin/true").unwrap();
    let path = image(&bytes).interpreter.expect("/bin/true is dynamic");
    let linker = std::fs::read(String::from_utf8(path).unwrap()).unwrap();
    for file in [&bytes, &linker] {
        let image = image(file);
        let plan = plan(&image, 0x5555_5555_4000).unwrap();
        assert!(plan.is_dyn && !plan.executable_stack && plan.segments.len() >= 2);
        assert_eq!(plan.phdr, 0x5555_5555_4000 + 64);
        assert!(plan.segments.iter().any(|s| s.prot == 5 && (s.addr..s.addr + s.len).contains(&plan.entry)));
        assert_eq!(predicted(file), Verdict::Starts);
        assert_eq!(scratch.native(file), Verdict::Starts);
    }
}

fn hand_made(scratch: &Scratch) {
    let good = Elf::new(&[text()]);
    let with = |phdr| Elf::new(&[text(), phdr]);
    let cases = [
        ("good", good.clone()),
        ("class", Elf { class: 1, ..good.clone() }),
        ("byte order", Elf { data: 2, ..good.clone() }),
        ("machine", Elf { machine: 3, ..good.clone() }),
        ("object file", Elf { kind: 1, ..good.clone() }),
        ("no headers", Elf { phnum: Some(0), ..good.clone() }),
        ("header size", Elf { phentsize: 57, ..good.clone() }),
        ("cut", Elf { len: 90, ..good.clone() }),
        ("cut in the magic", Elf { len: 3, ..good.clone() }),
        ("no segments", Elf::new(&[Phdr { kind: 4, ..text() }])),
        ("file size", with(load(R, 0, BASE + 0x4000, 0x2000, 0x1000))),
        ("unaligned", with(load(R, 0x10, BASE + 0x4000, 0x100, 0x100))),
        ("too high", with(load(R, 0, loader::TASK_SIZE, 0, 0x100))),
        ("bss beyond the file", with(load(R | W, 0x5000, BASE + 0x5000, 0x10, 0x20))),
        ("bss", with(load(R | W, 0x1000, BASE + 0x5000, 0x10, 0x5000))),
        ("read-only bss", with(load(R, 0x1000, BASE + 0x5000, 0x10, 0x5000))),
        ("bss only", with(load(R | W, 0x17, BASE + 0x5000, 0, 0x5000))),
        ("overlap", with(text())),
        ("entry", Elf { entry: loader::TASK_SIZE, ..good.clone() }),
    ];
    for (name, elf) in cases {
        let bytes = elf.build();
        assert_eq!(predicted(&bytes), scratch.native(&bytes), "{name}");
    }
}

fn interpreters(scratch: &Scratch) {
    let good = Elf::new(&[load(R | X, 0, BASE << 1, 0x2000, 0x2000)]);
    let good = Elf { entry: (BASE << 1) + CODE, ..good };
    let files = [
        good.clone(),
        Elf { kind: 3, ..good.clone() },
        Elf { kind: 1, ..good.clone() },
        Elf { machine: 3, ..good.clone() },
        Elf { phnum: Some(0), ..good.clone() },
        Elf { len: 100, ..good.clone() },
        Elf { len: 10, ..good.clone() },
    ];
    for (number, file) in files.iter().enumerate() {
        let path = scratch.program("linker", &file.build());
        let path = [path.as_os_str().as_encoded_bytes(), b"\0"].concat();
        let bytes = Elf::new(&[text()]).interp(&path, path.len() as u64).build();
        assert_eq!(predicted(&bytes), scratch.native(&bytes), "{number}");
    }
    for (path, size) in [
        (&b"/\0"[..], 2),
        (b"\0\0", 2),
        (b"\0", 1),
        (b"/nowhere\0", 9),
        (b"/bin/true", 9),
        (b"/\0", 4097),
        (b"/\0", 4000),
    ] {
        let bytes = Elf::new(&[text()]).interp(path, size).build();
        assert_eq!(predicted(&bytes), scratch.native(&bytes), "{path:?} {size}");
    }
}

fn mutations(scratch: &Scratch) {
    let mut random = Random(3);
    let data = load(R | W, 0x1000, BASE + 0x3000, 0x100, 0x3000);
    let fixed = Elf::new(&[text(), data]);
    let dynamic = Elf { kind: 3, ..fixed.clone() };
    let bases = [fixed, dynamic.clone(), dynamic.interp(b"/bin/true\0", 10)];
    let mut seen = [0; 3];
    for round in 0..400 {
        let mut bytes = bases[round % bases.len()].build();
        random.mutate(&mut bytes);
        let (ours, theirs) = (predicted(&bytes), scratch.native(&bytes));
        match ours {
            // A program that starts may die at once: of a lost entry point, or of an address that this Linux does not give out.
            Verdict::Starts => assert!(!matches!(theirs, Verdict::Errno(_)), "round {round}: {theirs:?}"),
            _ => assert_eq!(ours, theirs, "round {round}"),
        }
        seen[match ours {
            Verdict::Errno(_) => 0,
            Verdict::Killed => 1,
            Verdict::Starts => 2,
        }] += 1;
    }
    assert!(seen.iter().all(|&count| count > 30), "{seen:?}");
}
