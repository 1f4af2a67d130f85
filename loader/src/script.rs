//! `#!` lines, by Linux's rules (`fs/binfmt_script.c`).
//!
//! Only the first [`HEAD_SIZE`] bytes of the file count. Blanks are spaces and tabs. The interpreter's path ends at a blank, a NUL or
//! the end of the line; whatever follows is *one* argument, without its trailing blanks. The corners are
//! Linux's own, found by running it: a line cut off by the window keeps a cut argument but refuses a path that may be cut;
//! a NUL hides any newline after it; a last line that ends in a blank and not in a newline passes an empty argument;
//! `#!` followed by a NUL names an empty path (the caller's attempt to open it decides the errno).

use crate::{HEAD_SIZE, LoadError};
use alloc::vec::Vec;

/// How many scripts may stand before the ELF program; one more is ELOOP.
pub const MAX_DEPTH: usize = 5;

/// The last byte of the window: Linux keeps it for a terminating NUL.
const LAST: usize = HEAD_SIZE - 1;

/// What a `#!` line says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Script {
    /// The interpreter's path. May be empty or relative.
    pub interpreter: Vec<u8>,
    /// The one optional argument.
    pub argument: Option<Vec<u8>>,
}

impl Script {
    /// Makes the arguments of the interpreter out of those of the script:
    /// `argv[0]` gives way to the interpreter, its argument, and the script's path.
    pub fn rewrite(&self, argv: &mut Vec<Vec<u8>>, script_path: &[u8]) {
        let rest = argv.drain(..).skip(1).collect::<Vec<_>>();
        argv.push(self.interpreter.clone());
        argv.extend(self.argument.clone());
        argv.push(script_path.to_vec());
        argv.extend(rest);
    }
}

/// ELOOP when `depth` scripts have already been followed and the file at hand is another one.
pub fn check_depth(depth: usize) -> Result<(), LoadError> {
    if depth < MAX_DEPTH { Ok(()) } else { Err(LoadError::ScriptLoop) }
}

/// Parses the head of a file; ENOEXEC when it is not a `#!` line or names no interpreter.
pub fn parse(file_head: &[u8]) -> Result<Script, LoadError> {
    parse_line(file_head).ok_or(LoadError::NotExecutable)
}

fn parse_line(file_head: &[u8]) -> Option<Script> {
    if !file_head.starts_with(b"#!") {
        return None;
    }
    // A short file is followed by NULs, as in the kernel's buffer.
    let mut head = [0u8; HEAD_SIZE];
    for (to, from) in head.iter_mut().zip(file_head) {
        *to = *from;
    }
    let head = &head;

    let mut end = match line_end(head) {
        Some(newline) => newline,
        None => {
            let name = find(head, 2, LAST, |b| !is_blank(b))?;
            // Without a terminator the path itself may have been cut: refuse to run something else.
            find(head, name, LAST, is_terminator)?;
            LAST
        }
    };
    while end > 2 && head.get(end - 1).copied().is_some_and(is_blank) {
        end -= 1;
    }
    // The searches include `end` itself, which holds a newline, a blank or the NUL that is put there below.
    let name = find(head, 2, end, |b| !is_blank(b)).filter(|&name| name != end)?;
    let separator = find(head, name, end, is_terminator);
    let argument =
        separator.filter(|&at| head.get(at) != Some(&0)).and_then(|at| find(head, at, end, |b| !is_blank(b)));
    Some(Script {
        interpreter: c_string(head, name, separator.unwrap_or(end)),
        argument: argument.map(|start| c_string(head, start, end)),
    })
}

/// The position of the newline, unless a NUL comes first.
fn line_end(head: &[u8; HEAD_SIZE]) -> Option<usize> {
    let at = head.iter().position(|&b| b == b'\n' || b == 0)?;
    (head.get(at) == Some(&b'\n')).then_some(at)
}

/// The first position in `from..=last` whose byte is `wanted`.
fn find(head: &[u8; HEAD_SIZE], from: usize, last: usize, wanted: impl Fn(u8) -> bool) -> Option<usize> {
    let at = head.get(from..=last)?.iter().position(|&b| wanted(b))?;
    from.checked_add(at)
}

/// The bytes from `from` to `end` or to the first NUL, whichever comes first.
fn c_string(head: &[u8; HEAD_SIZE], from: usize, end: usize) -> Vec<u8> {
    head.get(from..end).unwrap_or(&[]).iter().copied().take_while(|&b| b != 0).collect()
}

fn is_blank(byte: u8) -> bool {
    byte == b' ' || byte == b'\t'
}

fn is_terminator(byte: u8) -> bool {
    is_blank(byte) || byte == 0
}
