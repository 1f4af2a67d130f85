//! Call sites that a file is known for (`docs/patching.md`): the next process that maps it starts with them patched, and a file that
//! has changed is another one.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use umlaut_tests::mode::{self, Mode};
use umlaut_tests::paths;

/// A library with one call site, or with other instructions of the same length there.
const LIBRARY: &str = "
.text
.globl own_call
.type own_call, @function
own_call:
    mov $110, %eax
    INSN
    cmp $-4096, %rax
    ret
.size own_call, .-own_call
.section .note.GNU-stack,\"\",@progbits
";

/// Says whether the library makes the call.
const PROGRAM: &str = "
#include <stdio.h>
#include <unistd.h>
long own_call(void);
int main(void) {
    int made = 0;
    for (int i = 0; i < 40; i++) made += own_call() == getppid();
    printf(\"%d\\n\", made);
}
";

/// Two versions of the library, a program that uses it, and a script that exchanges them between uses. A file that was changed only now
/// is not remembered; hence the pauses.
const SCRIPT: &str = "
set -e
pause() { sleep 0.3; }
cp prog calls.so same.so nothing.so in/; cd in; cp calls.so libown.so
pause; ./prog; ./prog; ./prog; ./prog
echo changed in place
cat nothing.so > libown.so; ./prog; pause; ./prog; ./prog; ./prog
cat calls.so > libown.so; ./prog; pause; ./prog; ./prog; ./prog
echo the same length, times and name
touch -r libown.so stamp; cat nothing.so > libown.so; touch -r stamp libown.so; ./prog; pause; ./prog; ./prog; ./prog
echo replaced
mv same.so libown.so; ./prog; pause; ./prog; ./prog; ./prog
mv nothing.so libown.so; ./prog; pause; ./prog; ./prog; ./prog
";

const EXPECTED: &str = "40\n40\n40\n40\nchanged in place\n0\n0\n0\n0\n40\n40\n40\n40\nthe same length, times and name\n0\n0\n0\n0\n\
                        replaced\n40\n40\n40\n40\n0\n0\n0\n0\n";

fn cc(dir: &Path, args: &[&str]) {
    let out = Command::new("gcc").current_dir(dir).args(args).output().expect("gcc can be started");
    assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
}

/// A directory with the files of [`SCRIPT`].
fn files(name: &str) -> PathBuf {
    let dir = paths::target().join("guests").join(format!("known-{name}-{}", std::process::id()));
    fs::create_dir_all(dir.join("in")).expect("a directory");
    for (file, insn) in [("calls", "syscall"), ("nothing", "xor %eax, %eax")] {
        fs::write(dir.join(file).with_extension("s"), LIBRARY.replace("INSN", insn)).expect("write");
        let [so, s] = [format!("{file}.so"), format!("{file}.s")];
        cc(&dir, &["-shared", "-Wl,-soname,libown.so", "-o", &so, &s]);
    }
    fs::copy(dir.join("calls.so"), dir.join("same.so")).expect("copy");
    fs::copy(dir.join("calls.so"), dir.join("libown.so")).expect("copy");
    fs::write(dir.join("prog.c"), PROGRAM).expect("write");
    cc(&dir, &["-o", "prog", "prog.c", "-L.", "-lown", "-Wl,-rpath,$ORIGIN"]);
    dir
}

/// What a script says, and how many sites were patched ahead.
fn run(mode: Mode, patch: &str, dir: &Path, script: &str) -> (String, u64) {
    let out = mode::umlaut(mode)
        .args([&format!("--patch={patch}"), "--stats", "--", "sh", "-c", script])
        .current_dir(dir)
        .output()
        .expect("umlaut can be started");
    let (said, stats) = (String::from_utf8_lossy(&out.stdout).into_owned(), String::from_utf8_lossy(&out.stderr));
    assert!(out.status.success(), "{}: {said}{stats}", out.status);
    let words: Vec<&str> = stats.lines().find(|l| l.contains("call sites:")).unwrap_or("").split([' ', ',']).collect();
    let ahead = words.iter().position(|w| *w == "ahead").and_then(|i| words.get(i - 1)?.parse().ok());
    (said, ahead.unwrap_or_else(|| panic!("no count: {stats}")))
}

const TRAPS: [Mode; 2] = [Mode::Sud, Mode::Seccomp];

fn wanted() -> impl Iterator<Item = Mode> {
    TRAPS.into_iter().filter(|m| m.wanted())
}

#[test]
fn the_next_process_starts_patched() {
    let dir = std::env::temp_dir();
    for mode in wanted() {
        let (_, off) = run(mode, "off", &dir, "/bin/true; exec /bin/true");
        let (_, eager) = run(mode, "eager", &dir, "/bin/true; exec /bin/true");
        assert_eq!(off, 0);
        assert!(eager > 0, "{mode:?}");
    }
}

#[test]
fn a_file_that_changes_is_another_file() {
    for mode in wanted() {
        for patch in ["on", "eager"] {
            let dir = files(&format!("{}-{patch}", mode.name()));
            let (said, ahead) = run(mode, patch, &dir, SCRIPT);
            assert_eq!(said, EXPECTED, "{mode:?}, {patch}");
            // Whether it is worth it otherwise is the programs' business.
            assert!(ahead > 0 || patch == "on", "{mode:?}, {patch}");
            fs::remove_dir_all(dir).expect("remove");
        }
    }
}
