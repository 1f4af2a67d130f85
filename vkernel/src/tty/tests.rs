//! The line discipline by itself: keys in, lines and echoes out.

use super::line::Line;
use crate::signal::SIGINT;
use alloc::vec::Vec;

fn typed(line: &mut Line, keys: &[u8]) -> (Vec<u8>, Vec<u8>) {
    assert_eq!(line.receive(keys), keys.len());
    let (bytes, used) = line.peek(10_000);
    line.consume(used);
    let echo = line.out.peek(10_000);
    line.out.clear();
    (bytes, echo)
}

#[test]
fn lines_and_echoes() {
    let mut line = Line::default();
    assert_eq!(typed(&mut line, b"ab\x7fc\r"), (b"ac\n".to_vec(), b"ab\x08 \x08c\r\n".to_vec()));
    assert_eq!(typed(&mut line, b"x y\x17z\n"), (b"x z\n".to_vec(), b"x y\x08 \x08z\r\n".to_vec()));
    assert_eq!(typed(&mut line, b"half"), (b"".to_vec(), b"half".to_vec()));
    assert_eq!(typed(&mut line, b"\x04"), (b"half".to_vec(), b"".to_vec()));
    assert_eq!(line.available(), 0);
}

#[test]
fn end_of_file_is_an_empty_line() {
    let mut line = Line::default();
    line.receive(b"\x04");
    assert_eq!(line.available(), 1);
    assert_eq!(line.peek(9), (Vec::new(), 1));
    assert_eq!(line.readable_bytes(), 0);
}

#[test]
fn interrupts_flush() {
    let mut line = Line::default();
    assert_eq!(typed(&mut line, b"gone\x03kept\n").0, b"kept\n");
    assert_eq!(line.signals, [SIGINT]);
}

#[test]
fn long_lines_lose_their_tails() {
    let mut line = Line::default();
    assert_eq!(line.receive(&[b'a'; 5000]), 5000);
    assert_eq!(line.receive(b"\n"), 1);
    assert_eq!(line.available(), 4096);
    // The next line waits for this one to be read.
    assert_eq!(line.receive(b"b\n"), 0);
}

#[test]
fn raw_bytes_become_a_line() {
    let mut line = Line::default();
    let canonical = line.termios;
    let mut raw = canonical;
    raw.local = 0;
    line.set_termios(raw);
    line.receive(b"ab\x03");
    assert_eq!(line.available(), 3);
    line.set_termios(canonical);
    assert_eq!((line.available(), line.peek(9).0), (3, b"ab\x03".to_vec()));
}

#[test]
fn stopped_output_holds_echoes() {
    let mut line = Line::default();
    assert_eq!(typed(&mut line, b"\x13a"), (b"".to_vec(), b"".to_vec()));
    assert_eq!((line.out.room(), line.out.write(&line.termios, b"x")), (0, 0));
    assert_eq!(typed(&mut line, b"\x11\n"), (b"a\n".to_vec(), b"a\r\n".to_vec()));
}
