//! The tracer: one line per call on the host's stderr, decoded from the table.
//!
//! A line is put together when the call begins, for paths may be gone at its end (`execve`), and written when it ends. Calls
//! that do not come back are written at once; with a trace level of 2 all are, so that one that hangs can be seen.
//! Runs in ordinary kernel context: it may allocate.

use crate::arch::Context;
use crate::table::{Kind, Row};
use alloc::format;
use alloc::string::String;
use core::fmt::Write;
use core::sync::atomic::Ordering::Relaxed;
use host::sys::fd;
use host::{Result, user};
use vkernel::Task;
use vkernel::kernel::kernel;

/// Bytes of a path that are shown.
const SHOWN: usize = 256;
/// Calls that do not come back, at least not as they went.
const NO_RETURN: [&str; 3] = ["exit", "exit_group", "rt_sigreturn"];

/// A call begins: what its line starts with.
#[cold]
pub fn enter(task: &Task, row: Option<&Row>, cx: &Context) -> String {
    let args: [u64; 6] = core::array::from_fn(|at| cx.arg(at));
    let mut line = format!("[{}] ", task.tid());
    match row {
        Some(row) => {
            line.push_str(row.name);
            line.push('(');
            for (i, ((name, kind), value)) in row.args.iter().zip(&args).enumerate() {
                let comma = if i == 0 { "" } else { ", " };
                let _ = write!(line, "{comma}{name}=");
                match *name {
                    "flags" | "prot" | "cmd" => drop(write!(line, "{:#x}", *value as u32)),
                    "mode" => drop(write!(line, "{:#o}", *value as u32)),
                    _ => show(&mut line, *kind, *value),
                }
            }
            line.push(')');
        }
        None => {
            let _ = write!(line, "syscall_{}({:#x}, {:#x}, {:#x})", cx.nr(), args[0], args[1], args[2]);
        }
    }
    let ends = row.is_some_and(|r| NO_RETURN.contains(&r.name));
    if ends || kernel().trace.load(Relaxed) > 1 {
        print(&line, " ...\n");
    }
    line
}

/// The call has ended.
#[cold]
pub fn leave(line: &str, result: &Result<usize>) {
    let mut end = String::new();
    let _ = match result {
        Ok(v) if *v > 0xffff_ffff => writeln!(end, " = {v:#x}"),
        Ok(v) => writeln!(end, " = {v}"),
        Err(e) => writeln!(end, " = -1 {}", e.name()),
    };
    print(line, &end);
}

/// One write, so that lines of several processes do not mix.
fn print(line: &str, end: &str) {
    let _ = fd::write(2, format!("{line}{end}").as_bytes());
}

fn show(line: &mut String, kind: Kind, value: u64) {
    const AT_FDCWD: i32 = -100;
    let _ = match kind {
        Kind::Int if (value as i64) < 0 => write!(line, "{}", value as i64),
        Kind::Int => write!(line, "{value}"),
        Kind::Hex if value == 0 => write!(line, "0"),
        Kind::Hex => write!(line, "{value:#x}"),
        Kind::Fd if value as i32 == AT_FDCWD => write!(line, "AT_FDCWD"),
        Kind::Fd | Kind::Signal => write!(line, "{}", value as i32),
        Kind::Path => show_path(line, value as usize),
    };
}

fn show_path(line: &mut String, at: usize) -> core::fmt::Result {
    match user::read_path(at) {
        Ok(path) => {
            let cut = path.get(..SHOWN).unwrap_or(&path);
            let dots = if cut.len() < path.len() { "..." } else { "" };
            write!(line, "\"{}\"{dots}", cut.escape_ascii())
        }
        Err(_) => write!(line, "{at:#x}"),
    }
}
