//! Bad programs: what execve answers to files that are no program, or nearly one.
//!
//! A helper forks and executes each file and prints the errno or how the child ended. It runs natively and
//! under umlaut, and the lines must agree. Random mutations are only run under umlaut, and there the
//! runtime itself must not fall: what a damaged program does is its own affair.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;
use umlaut_tests::mode::{self, Mode};
use umlaut_tests::workdir::WorkDir;
use umlaut_tests::{exec, guest, paths, suite};

/// Executes every file named on its command line and reports.
const RUNNER: &str = r#"
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>
int main(int argc, char **argv) {
    for (int i = 1; i < argc; i++) {
        int fd[2], err = 0, st = 0;
        if (pipe2(fd, O_CLOEXEC)) return 1;
        pid_t pid = fork();
        if (pid == 0) {
            char *args[] = {argv[i], "argument", NULL}, *env[] = {"A=b", NULL};
            struct rlimit cpu = {1, 1};
            setrlimit(RLIMIT_CPU, &cpu);
            alarm(3);
            int null = open("/dev/null", O_RDWR);
            dup2(null, 1);
            dup2(null, 2);
            execve(argv[i], args, env);
            err = errno;
            if (write(fd[1], &err, sizeof err) < 0) _exit(100);
            _exit(101);
        }
        close(fd[1]);
        if (read(fd[0], &err, sizeof err) < 0) return 2;
        close(fd[0]);
        if (waitpid(pid, &st, 0) != pid) return 3;
        if (err) printf("%s: %s\n", argv[i], strerrorname_np(err));
        else if (WIFSIGNALED(st)) printf("%s: killed by %s\n", argv[i], sigabbrev_np(WTERMSIG(st)));
        else printf("%s: exited %d\n", argv[i], WEXITSTATUS(st));
        fflush(stdout);
    }
    return 0;
}
"#;

/// The program that is damaged.
const VICTIM: &str = "#include <unistd.h>\nint data[2000] = {1}, bss[2000];\n\
    int main(int c, char **v) { return write(1, v[0], 1) == 1 ? 7 + data[1] + bss[9] : 8; }\n";

/// Offsets in an ELF64 header and its program headers.
mod elf {
    pub const CLASS: usize = 4;
    pub const DATA: usize = 5;
    pub const VERSION: usize = 6;
    pub const OSABI: usize = 7;
    pub const TYPE: usize = 16;
    pub const MACHINE: usize = 18;
    pub const ENTRY: usize = 24;
    pub const PHOFF: usize = 32;
    pub const SHOFF: usize = 40;
    pub const PHENTSIZE: usize = 54;
    pub const PHNUM: usize = 56;
    pub const P_FLAGS: usize = 4;
    pub const P_OFFSET: usize = 8;
    pub const P_VADDR: usize = 16;
    pub const P_FILESZ: usize = 32;
    pub const P_MEMSZ: usize = 40;
    pub const P_ALIGN: usize = 48;
    pub const PT_LOAD: u32 = 1;
    pub const PT_INTERP: u32 = 3;
}

/// An ELF image under the knife.
#[derive(Clone)]
struct Image(Vec<u8>);

impl Image {
    fn put(mut self, at: usize, bytes: &[u8]) -> Image {
        self.0[at..at + bytes.len()].copy_from_slice(bytes);
        self
    }

    fn cut(mut self, len: usize) -> Image {
        self.0.truncate(len);
        self
    }

    fn u64_at(&self, at: usize) -> u64 {
        u64::from_le_bytes(self.0[at..at + 8].try_into().expect("eight bytes"))
    }

    /// Where the `n`th program header of that type is.
    fn header(&self, kind: u32, n: usize) -> usize {
        let table = self.u64_at(elf::PHOFF) as usize;
        let count = u16::from_le_bytes([self.0[elf::PHNUM], self.0[elf::PHNUM + 1]]) as usize;
        (0..count)
            .map(|i| table + i * 56)
            .filter(|at| self.0[*at..at + 4] == kind.to_le_bytes())
            .nth(n)
            .expect("the victim has that program header")
    }

    /// Changes a field of the `n`th program header of that type.
    fn field(self, kind: u32, n: usize, field: usize, bytes: &[u8]) -> Image {
        let at = self.header(kind, n) + field;
        self.put(at, bytes)
    }
}

/// Writes a file that may be executed.
fn program(dir: &Path, name: &str, bytes: &[u8]) {
    let path = dir.join(name);
    fs::write(&path, bytes).expect("scratch");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).expect("scratch");
}

/// Damage whose answer must be Linux's, made from a dynamic and a static program.
fn damaged(dynamic: &Image, fixed: &Image) -> Vec<(String, Image)> {
    let mut out: Vec<(String, Image)> = Vec::new();
    for len in [0, 1, 3, 4, 15, 16, 63, 64, 65, 119, 120, 200, 500] {
        out.push((format!("cut-{len}"), dynamic.clone().cut(len)));
    }
    for (kind, image) in [("dyn", dynamic), ("static", fixed)] {
        let mut add = |name: &str, image: Image| out.push((format!("{kind}-{name}"), image));
        let i = || image.clone();
        add("intact", i());
        add("magic", i().put(0, b"\x7fELG"));
        add("class-32", i().put(elf::CLASS, &[1]));
        add("class-9", i().put(elf::CLASS, &[9]));
        add("big-endian", i().put(elf::DATA, &[2]));
        add("version-7", i().put(elf::VERSION, &[7]));
        add("osabi-77", i().put(elf::OSABI, &[77]));
        add("type-rel", i().put(elf::TYPE, &[1, 0]));
        add("type-core", i().put(elf::TYPE, &[4, 0]));
        add("type-none", i().put(elf::TYPE, &[0, 0]));
        for (machine, name) in [(8u16, "mips"), (21, "ppc64"), (43, "sparc"), (0, "none"), (0xffff, "all")] {
            add(&format!("machine-{name}"), i().put(elf::MACHINE, &machine.to_le_bytes()));
        }
        add("entry-0", i().put(elf::ENTRY, &[0; 8]));
        add("entry-high", i().put(elf::ENTRY, &[0xff; 8]));
        add("phoff-end", i().put(elf::PHOFF, &(image.0.len() as u64).to_le_bytes()));
        add("phoff-huge", i().put(elf::PHOFF, &[0xff; 8]));
        add("phoff-huge-positive", i().put(elf::PHOFF, &(i64::MAX as u64 - 8).to_le_bytes()));
        add("shoff-huge", i().put(elf::SHOFF, &[0xff; 8]));
        add("phentsize-0", i().put(elf::PHENTSIZE, &[0, 0]));
        add("phentsize-32", i().put(elf::PHENTSIZE, &[32, 0]));
        add("phnum-0", i().put(elf::PHNUM, &[0, 0]));
        add("phnum-1171", i().put(elf::PHNUM, &1171u16.to_le_bytes()));
        add("phnum-max", i().put(elf::PHNUM, &[0xff, 0xff]));
        add("vaddr-high", i().field(elf::PT_LOAD, 1, elf::P_VADDR, &0xffff_8000_0000_1000u64.to_le_bytes()));
        add("offset-unaligned", i().field(elf::PT_LOAD, 1, elf::P_OFFSET, &0x1001u64.to_le_bytes()));
        add("filesz-over-memsz", i().field(elf::PT_LOAD, 3, elf::P_MEMSZ, &1u64.to_le_bytes()));
        add("memsz-huge", i().field(elf::PT_LOAD, 3, elf::P_MEMSZ, &0x7fff_ffff_f000u64.to_le_bytes()));
        add("memsz-max", i().field(elf::PT_LOAD, 3, elf::P_MEMSZ, &[0xff; 8]));
        add("filesz-max", i().field(elf::PT_LOAD, 0, elf::P_FILESZ, &[0xff; 8]));
        add("align-3", i().field(elf::PT_LOAD, 0, elf::P_ALIGN, &3u64.to_le_bytes()));
        add("align-0", i().field(elf::PT_LOAD, 0, elf::P_ALIGN, &[0; 8]));
        add("no-execute", i().field(elf::PT_LOAD, 1, elf::P_FLAGS, &4u32.to_le_bytes()));
        let half = image.0.len() / 2;
        add("half", i().cut(half));
    }
    out.extend(bad_interpreters(dynamic));
    out
}

fn bad_interpreters(dynamic: &Image) -> Vec<(String, Image)> {
    let interp = |bytes: &[u8]| {
        let at = dynamic.u64_at(dynamic.header(elf::PT_INTERP, 0) + elf::P_OFFSET) as usize;
        dynamic.clone().put(at, bytes)
    };
    let size = |n: u64| dynamic.clone().field(elf::PT_INTERP, 0, elf::P_FILESZ, &n.to_le_bytes());
    let all = [
        ("missing", interp(b"/lib64/no-such-thing.so\0")),
        ("directory", interp(b"/usr\0")),
        ("script", interp(b"./script-ok\0")),
        ("text", interp(b"/etc/passwd\0")),
        ("relative", interp(b"nowhere\0")),
        ("unterminated", interp(&[b'x'; 28])),
        ("size-0", size(0)),
        ("size-1", size(1)),
        ("size-4097", size(4097)),
        ("size-max", size(u64::MAX)),
        ("offset", dynamic.clone().field(elf::PT_INTERP, 0, elf::P_OFFSET, &[0x7f; 8])),
    ];
    all.into_iter().map(|(name, image)| (format!("interp-{name}"), image)).collect()
}

/// Files that are no ELF at all, scripts of all kinds, and things that are no file.
fn others(dir: &Path) -> Vec<String> {
    let long = format!("#!/bin/sh {}\nexit 3\n", "x".repeat(400));
    let long_path = format!("#!/{}\n", "d".repeat(300));
    let scripts: [(&str, &str); 20] = [
        ("script-ok", "#!/bin/sh\nexit 5\n"),
        ("script-spaces", "#! \t /bin/sh  -e \nfalse\nexit 5\n"),
        ("script-argument", "#!/bin/sh -c exit 9\n"),
        ("script-empty", "#!"),
        ("script-newline", "#!\n"),
        ("script-blank", "#!   \n"),
        ("script-no-newline", "#!/bin/true"),
        ("script-missing", "#!/no/such/interpreter\n"),
        ("script-directory", "#!/usr\n"),
        ("script-not-executable", "#!./text-data\n"),
        ("script-self", "#!./script-self\n"),
        ("script-loop-a", "#!./script-loop-b\n"),
        ("script-loop-b", "#!./script-loop-a\n"),
        ("script-of-script", "#!./script-ok\n"),
        ("script-text-interpreter", "#!./text\n"),
        ("script-long", &long),
        ("script-long-path", &long_path),
        ("script-nul", "#!/bin/sh\0x\nexit 6\n"),
        ("text", "just text\n"),
        ("binary", "\u{1}\u{2}\0\u{3}"),
    ];
    let mut names: Vec<String> = Vec::new();
    for (name, text) in scripts {
        program(dir, name, text.as_bytes());
        names.push(name.to_string());
    }
    // Five levels of scripts are one too many for Linux.
    for level in 0..7 {
        let next = if level == 0 { "/bin/true".to_string() } else { format!("./nest-{}", level - 1) };
        program(dir, &format!("nest-{level}"), format!("#!{next}\n").as_bytes());
        names.push(format!("nest-{level}"));
    }
    fs::write(dir.join("text-data"), "#!/bin/sh\n").expect("scratch");
    fs::create_dir(dir.join("directory")).expect("scratch");
    symlink("dangling", dir.join("link-dangling")).expect("scratch");
    symlink("link-loop", dir.join("link-loop")).expect("scratch");
    symlink("script-ok", dir.join("link-ok")).expect("scratch");
    for name in ["text-data", "directory", "link-dangling", "link-loop", "link-ok", "absent", "script-ok/below"] {
        names.push(name.to_string());
    }
    names.extend(["/dev/null".to_string(), "/proc/self/status".to_string(), String::new(), "a".repeat(300)]);
    names
}

/// The helper that executes the files, and the two victims.
fn material() -> (PathBuf, Image, Image) {
    let runner = guest::helper("bad-input-runner", RUNNER, &[]);
    let image = |name: &str, flags: &[&str]| Image(fs::read(guest::helper(name, VICTIM, flags)).expect("built"));
    (runner, image("victim-dynamic", &["-pie", "-fPIE"]), image("victim-static", &["-static", "-no-pie"]))
}

fn run(mode: Mode, runner: &Path, names: &[String], dir: &WorkDir) -> exec::Outcome {
    let mut command = if mode == Mode::Native {
        Command::new(runner)
    } else {
        let mut c = mode::umlaut(mode);
        c.arg("--").arg(runner);
        c
    };
    let tag = exec::fresh_tag();
    command.args(names);
    exec::plain_environment(&mut command, &dir.work(), &dir.tmp(), &tag);
    exec::run(command, &tag, Duration::from_secs(180), exec::REAPING)
}

/// Every damaged file, natively and under umlaut.
fn agree(mode: Mode) {
    if !mode.wanted() {
        return;
    }
    mode::binary();
    let _turn = suite::turn();
    let (runner, dynamic, fixed) = material();
    let dir = WorkDir::new(paths::scratch(), "bad-input");
    dir.renew(None).expect("scratch");
    let mut names = others(&dir.work());
    for (name, image) in damaged(&dynamic, &fixed) {
        program(&dir.work(), &name, &image.0);
        names.push(name);
    }
    let native = run(Mode::Native, &runner, &names, &dir);
    let got = run(mode, &runner, &names, &dir);
    let _ = dir.remove();
    paths::remove_scratch();
    assert!(native.trouble.is_none(), "natively: {:?}", native.trouble);
    assert!(got.trouble.is_none(), "{}", got.trouble.unwrap_or_default());
    let text = |o: &exec::Outcome| String::from_utf8_lossy(&o.stdout).into_owned();
    let (native_text, got_text) = (text(&native), text(&got));
    assert_eq!(native_text.lines().count(), names.len(), "natively:\n{native_text}");
    let mut wrong: Vec<String> = native_text
        .lines()
        .zip(got_text.lines())
        .filter(|(a, b)| a != b)
        .map(|(a, b)| format!("  natively {a}, under umlaut {b}"))
        .collect();
    if got_text.lines().count() != names.len() {
        let last = got_text.lines().last().unwrap_or("(nothing)");
        wrong.push(format!("  the runner did not get further than: {last}"));
    }
    let stderr = String::from_utf8_lossy(&got.stderr);
    assert!(wrong.is_empty(), "{} of {} differ:\n{}\n{stderr}", wrong.len(), names.len(), wrong.join("\n"));
    assert_eq!(got.end, native.end);
    assert!(got.left_over.is_empty(), "left over: {:?}", got.left_over);
}

#[test]
fn bad_programs_sud() {
    agree(Mode::Sud);
}

#[test]
fn bad_programs_seccomp() {
    agree(Mode::Seccomp);
}

#[test]
fn bad_programs_ptrace() {
    agree(Mode::Ptrace);
}

/// A small generator of numbers, the same on every run.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, n: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % n as u64) as usize
    }
}

/// 300 programs with a few random bytes in their headers.
#[test]
fn random_damage_never_fells_the_runtime() {
    mode::binary();
    let _turn = suite::turn();
    let (runner, dynamic, fixed) = material();
    let dir = WorkDir::new(paths::scratch(), "random-damage");
    dir.renew(None).expect("scratch");
    let mut numbers = Numbers(0x9e37_79b9_7f4a_7c15);
    let mut names = Vec::new();
    for n in 0..300 {
        let mut image = if n % 2 == 0 { dynamic.clone() } else { fixed.clone() };
        for _ in 0..1 + numbers.below(4) {
            // Mostly the headers, sometimes anywhere.
            let reach = if numbers.below(4) == 0 { image.0.len() } else { 64 + 56 * 12 };
            let at = numbers.below(reach);
            image.0[at] = numbers.below(256) as u8;
        }
        let name = format!("random-{n}");
        program(&dir.work(), &name, &image.0);
        names.push(name);
    }
    let got = run(Mode::Sud, &runner, &names, &dir);
    let _ = dir.remove();
    paths::remove_scratch();
    let stdout = String::from_utf8_lossy(&got.stdout);
    let stderr = String::from_utf8_lossy(&got.stderr);
    assert!(got.trouble.is_none(), "{}", got.trouble.unwrap_or_default());
    let last = stdout.lines().last().unwrap_or("(nothing)").to_string();
    assert_eq!(stdout.lines().count(), names.len(), "it got as far as {last}\n{stderr}");
    assert_eq!(got.end, exec::End::Exit(0), "{stderr}");
    assert!(!stderr.contains("umlaut"), "the runtime complains: {stderr}");
}
