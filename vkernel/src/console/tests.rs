//! Host files over real host pipes, files and a pseudo terminal.

extern crate std;

use super::*;
use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec;
use alloc::vec::Vec;
use fs_emu::file::{AT_POSITION, Events};
use fs_emu::{FileOps, FileType, OpenFlags};
use host::iov::IovIter;
use host::sys::fd::HostFd;
use host::sys::{fd, mem};
use host::{Errno, Result, user};
use std::io::{Read, Write};
use std::os::fd::IntoRawFd;

fn take_over(f: impl IntoRawFd) -> HostFile {
    host::testing::init();
    HostFile::new(HostFd::from_raw(f.into_raw_fd()), &Arc::default()).expect("a file")
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
    assert!(!r.seekable() && r.writes_all() && !r.is_terminal());
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

/// The master as a plain file and the slave taken over; `None` where the host has no pseudo terminals.
fn terminal() -> Option<(std::fs::File, HostFile)> {
    host::testing::init();
    let open = |path: &str| std::fs::File::options().read(true).write(true).open(path);
    let master = open("/dev/ptmx").ok()?;
    let raw = std::os::fd::AsRawFd::as_raw_fd(&master);
    // TIOCSPTLCK, TIOCGPTN
    fd::ioctl(raw, 0x4004_5431, &mut [0; 4]).ok()?;
    let mut number = [0; 4];
    fd::ioctl(raw, 0x8004_5430, &mut number).ok()?;
    let slave = open(&std::format!("/dev/pts/{}", u32::from_ne_bytes(number))).ok()?;
    Some((master, take_over(slave)))
}

#[test]
fn terminal_passes_through() {
    const GUEST: usize = 0x6000_0000_0000;
    let Some((mut master, tty)) = terminal() else { return };
    assert!(tty.is_terminal() && !tty.seekable());
    assert!(String::from_utf8_lossy(&tty.describe()).starts_with("/dev/pts/"));
    assert_eq!(tty.poll(None), Events::OUT | Events::WRNORM);
    assert_eq!(read(&tty, 9), Err(Errno::EAGAIN));
    master.write_all(b"line\n").expect("types");
    assert_eq!(read(&tty, 9), Ok(b"line\n".to_vec()));
    // Attributes go through guest memory: switch to noncanonical mode with VMIN 0, where a read never waits.
    mem::map_guest(GUEST, 4096, 3, 0x22, -1, 0).expect("maps");
    assert_eq!(tty.ioctl(0x5401, GUEST), Ok(0));
    let mut termios: [u8; 36] = user::read(GUEST).expect("reads");
    termios[12] &= !2;
    termios[17 + 5] = 0;
    termios[17 + 6] = 0;
    user::write(GUEST, &termios).expect("writes");
    assert_eq!(tty.ioctl(0x5402, GUEST), Ok(0));
    assert_eq!(read(&tty, 9), Ok(vec![]));
    tty.set_flags(OpenFlags::RDWR | OpenFlags::NONBLOCK).expect("flags");
    assert_eq!(read(&tty, 9), Err(Errno::EAGAIN));
    // Window size, and what does not pass.
    user::write(GUEST, &[24u16, 80, 0, 0]).expect("writes");
    assert_eq!(tty.ioctl(0x5414, GUEST), Ok(0));
    assert_eq!(tty.ioctl(0x5413, GUEST), Ok(0));
    assert_eq!(user::read::<[u16; 4]>(GUEST), Ok([24, 80, 0, 0]));
    assert_eq!(tty.ioctl(0x540f, GUEST), Err(Errno::ENOTTY));
}

#[test]
fn console_belongs_to_one_session() {
    let console = Console::default();
    let c = console.control();
    assert!(c.acquire(5, 5) && c.acquire(5, 5) && !c.acquire(6, 6));
    c.set_foreground(9);
    assert_eq!((c.session(), c.foreground()), (5, 9));
    assert_eq!((c.release(6), c.release(5), c.session()), (None, Some(9), 0));
}
