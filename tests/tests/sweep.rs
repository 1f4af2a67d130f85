//! The bad-pointer sweep over the whole table: `guests/sweep.c` under umlaut, with every number that `umlaut doctor --calls` names.
//!
//! Not in ptrace mode, where it takes many minutes and the kernel behind the trap is the same. It has no native half: many of these calls would do harm there. `guests/bad` compares the errnos of the common ones.

use std::process::Command;
use std::time::Duration;
use umlaut_tests::mode::{self, Mode};
use umlaut_tests::workdir::WorkDir;
use umlaut_tests::{exec, guest, paths, suite};

const PROGRAM: &str = include_str!("../guests/sweep.c");

/// The runtime's addresses that are the same everywhere: the guest's end with the kernel stacks behind it, the arena's start and
/// end, and where the host puts programs (`host/src/layout.rs`).
const RUNTIME: [&str; 4] = ["0x7df000000000", "0x7df010000000", "0x7e0000000000", "0x555555554000"];

/// Numbers that no kernel has. (335 is one of two that the host lets past every seccomp filter.)
const UNKNOWN: [&str; 4] = ["500", "511", "512", "1000000"];

/// Calls that may end their caller, or put it to sleep with all signals blocked: the sandbox must live on, and that is all.
const MAY_END: [(u32, &str); 34] = [
    (9, "MAP_FIXED over the caller"),
    (10, "takes away the caller's own rights"),
    (11, "unmaps the caller"),
    (12, "takes away the caller's heap"),
    (13, "may give SIGALRM to a bad handler"),
    (14, "may block SIGALRM"),
    (15, "returns to registers from nowhere"),
    (25, "moves the caller's memory"),
    (26, "waits for the disk"),
    (28, "MADV_DONTNEED on the caller"),
    (34, "sleeps"),
    (56, "shares the stack with its child"),
    (57, "makes a child"),
    (58, "shares the stack with its child"),
    (59, "another program"),
    (60, "ends"),
    (62, "kills"),
    (101, "is traced from then on, and stops"),
    (128, "waits with whatever mask"),
    (129, "kills"),
    (130, "waits with whatever mask"),
    (158, "moves %fs"),
    (160, "no processor time left"),
    (200, "kills"),
    (218, "the address that is cleared at the end"),
    (231, "ends"),
    (234, "kills"),
    (270, "waits with whatever mask"),
    (271, "waits with whatever mask"),
    (273, "the list that is walked at the end"),
    (281, "waits with whatever mask"),
    (297, "kills"),
    (302, "no processor time left"),
    (435, "shares the stack with its child"),
];

/// Calls whose answer depends on the calls before, or on the time, so that two pointers cannot be compared.
const STATEFUL: [u32; 26] = [
    3, 29, 30, 31, 64, 65, 66, 68, 69, 70, 71, 100, 105, 106, 113, 117, 122, 123, 125, 126, 135, 201, 240, 241, 250,
    461,
];

/// The numbers in the table.
fn table() -> Vec<u32> {
    let out = Command::new(mode::binary()).args(["doctor", "--calls"]).output().expect("umlaut can be started");
    let text = String::from_utf8_lossy(&out.stdout).into_owned();
    let number = |line: &str| line.strip_prefix('|')?.split('|').next()?.trim().parse().ok();
    text.lines().filter_map(number).collect()
}

fn argument(nr: u32) -> String {
    if MAY_END.iter().any(|(n, _)| *n == nr) {
        format!("{nr}:x")
    } else if STATEFUL.contains(&nr) {
        format!("{nr}:s")
    } else {
        nr.to_string()
    }
}

fn sweep(mode: Mode) {
    if !mode.wanted() {
        return;
    }
    let numbers = table();
    assert!(numbers.len() > 150, "the table has only {} rows", numbers.len());
    let _turn = suite::turn();
    let program = guest::helper("sweep", PROGRAM, &[]);
    let dir = WorkDir::new(paths::scratch(), "sweep");
    dir.renew(None).expect("scratch");
    let mut command = mode::umlaut(mode);
    command.arg("--").arg(program).args(RUNTIME).args(numbers.iter().map(|n| argument(*n))).args(UNKNOWN);
    let tag = exec::fresh_tag();
    exec::plain_environment(&mut command, &dir.work(), &dir.tmp(), &tag);
    let outcome = exec::run(command, &tag, Duration::from_secs(280), exec::REAPING);
    let _ = dir.remove();
    paths::remove_scratch();
    let (said, stderr) = (String::from_utf8_lossy(&outcome.stdout), String::from_utf8_lossy(&outcome.stderr));
    assert!(outcome.trouble.is_none(), "{}\n{said}{stderr}", outcome.trouble.unwrap_or_default());
    assert!(outcome.end == exec::End::Exit(0) && stderr.is_empty(), "{:?}\n{said}{stderr}", outcome.end);
    assert!(outcome.left_over.is_empty(), "left over: {:?}", outcome.left_over);
}

#[test]
fn whole_table_sud() {
    sweep(Mode::Sud);
}

#[test]
fn whole_table_seccomp() {
    sweep(Mode::Seccomp);
}
