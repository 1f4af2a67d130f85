//! Host files over real host pipes, files and a pseudo terminal.

extern crate std;

use super::*;
use alloc::vec;
use alloc::vec::Vec;
use fs_emu::file::{AT_POSITION, Events};
use fs_emu::{FileOps, FileType, OpenFlags};
use host::iov::IovIter;
use host::sys::fd::HostFd;
use host::{Errno, Result};
use std::io::{Read, Write};
use std::os::fd::IntoRawFd;

fn take_over(f: impl IntoRawFd) -> HostFile {
    host::testing::init();
    HostFile::new(HostFd::from_raw(f.into_raw_fd())).expect("a file")
}

fn read(f: &HostFile, n: usize) -> Result<Vec<u8>> {
    let mut buf = vec![0; n];
    let got = f.read_at(AT_POSITION, &mut IovIter::kernel_mut(&mut buf))?;
    buf.truncate(got);
    Ok(buf)
}

fn write(f: &HostFile, bytes: &[u8]) -> Result<usize> {
    f.write_at(AT_POSITION, &mut IovIter::kernel(bytes), false).map(|(n, _)| n)
}

#[test]
fn pipe_does_not_sleep() {
    let (r, mut w) = std::io::pipe().expect("a pipe");
    let r = take_over(r);
    assert_eq!(read(&r, 10), Err(Errno::EAGAIN));
    assert_eq!(r.poll(None), Events::empty());
    w.write_all(b"abc").expect("writes");
    assert_eq!(r.poll(None), Events::IN | Events::RDNORM);
    assert_eq!(read(&r, 10), Ok(b"abc".to_vec()));
    drop(w);
    assert_eq!(read(&r, 10), Ok(vec![]));
    assert!(!r.seekable() && r.writes_all());
    assert!(r.describe().starts_with(b"pipe:["));
    assert_eq!(r.metadata().expect("stat").file_type(), FileType::Fifo);
}

/// Linux looks for signals only when there is nothing to do at once.
#[test]
fn a_kick_does_not_keep_what_is_there() {
    let (r, w) = std::io::pipe().expect("a pipe");
    let (r, w) = (take_over(r), take_over(w));
    let thread = host::cpu::current().thread();
    thread.kick();
    assert_eq!(write(&w, b"abc"), Ok(3));
    assert_eq!(read(&r, 10), Ok(b"abc".to_vec()));
    assert_eq!(read(&r, 10), Err(Errno::EAGAIN));
    thread.prepare();
}

#[test]
fn nonblocking_writes_stop_at_a_full_pipe() {
    let (mut r, w) = std::io::pipe().expect("a pipe");
    let w = take_over(w);
    assert_eq!(w.open_flags() & OpenFlags::WRONLY, OpenFlags::WRONLY);
    w.set_flags(OpenFlags::WRONLY | OpenFlags::NONBLOCK).expect("flags");
    let data: Vec<u8> = (0..100_000u32).map(|n| n as u8).collect();
    assert_eq!(write(&w, &data), Ok(65536));
    assert_eq!(write(&w, b"x"), Err(Errno::EAGAIN));
    drop(w);
    let mut got = Vec::new();
    r.read_to_end(&mut got).expect("reads");
    assert_eq!(got, data[..65536]);
}

#[test]
fn regular_file_shares_the_position() {
    let path = std::env::temp_dir().join(std::format!("umlaut-console-{}", std::process::id()));
    let file = std::fs::File::options().create_new(true).read(true).write(true).open(&path).expect("creates");
    std::fs::remove_file(&path).expect("unlinks");
    let mut outside = file.try_clone().expect("dup");
    let f = take_over(file);
    assert_eq!(write(&f, b"hello"), Ok(5));
    outside.write_all(b" world").expect("writes");
    assert_eq!(f.seek(0, 1), Ok(11));
    let mut at_2 = [0; 3];
    assert_eq!(f.read_at(2, &mut IovIter::kernel_mut(&mut at_2)), Ok(3));
    assert_eq!((&at_2, f.seek(0, 1)), (b"llo", Ok(11)));
    assert_eq!(f.seek(0, 0), Ok(0));
    f.write_at(AT_POSITION, &mut IovIter::kernel(b"!"), true).expect("appends");
    assert_eq!(f.seek(0, 0), Ok(0));
    assert_eq!(read(&f, 99), Ok(b"hello world!".to_vec()));
    let again = f.reopen(OpenFlags::empty()).expect("reopens");
    assert_eq!(read(&again, 5), Ok(b"hello".to_vec()));
    assert!(f.map().is_ok());
}

#[test]
fn reopening_gives_no_more_access() {
    let (r, _w) = std::io::pipe().expect("a pipe");
    let r = take_over(r);
    assert_eq!(r.reopen(OpenFlags::RDWR).err(), Some(Errno::EACCES));
    assert!(r.reopen(OpenFlags::NONBLOCK).is_ok());
}
