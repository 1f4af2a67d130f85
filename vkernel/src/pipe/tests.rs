//! Pipes against what Linux answers, and between threads.

extern crate std;

use super::*;
use alloc::vec;
use alloc::vec::Vec;
use fs_emu::file::Events;
use host::iov::IovIter;
use host::wait::{HostThread, PollTable, Wake};
use host::{Errno, Result, sys};

type File = Arc<dyn FileOps>;

const IDENT: Ident = Ident { dev: 12, ino: 34, uid: 0, gid: 0 };

fn new() -> (File, File) {
    host::testing::init();
    pipe(IDENT, OpenFlags::empty())
}

fn read(f: &File, n: usize) -> Result<Vec<u8>> {
    let mut buf = vec![0; n];
    let got = f.read_at(0, &mut IovIter::kernel_mut(&mut buf))?;
    buf.truncate(got);
    Ok(buf)
}

fn write(f: &File, bytes: &[u8]) -> Result<usize> {
    f.write_at(0, &mut IovIter::kernel(bytes), false).map(|(n, _)| n)
}

fn buffer(f: &File) -> Arc<Pipe> {
    PipeEnd::of(f.as_ref()).expect("a pipe").buffer().clone()
}

#[test]
fn first_in_first_out() {
    let (r, w) = new();
    assert_eq!(read(&r, 1), Err(Errno::EAGAIN));
    assert_eq!(write(&w, b"hello "), Ok(6));
    assert_eq!(write(&w, b"world"), Ok(5));
    assert_eq!(read(&r, 8), Ok(b"hello wo".to_vec()));
    assert_eq!(read(&r, 8), Ok(b"rld".to_vec()));
    drop(w);
    assert_eq!(read(&r, 1), Ok(vec![]));
}

#[test]
fn broken_when_nobody_reads() {
    let (r, w) = new();
    drop(r);
    assert_eq!(write(&w, b""), Ok(0));
    assert_eq!(write(&w, b"x"), Err(Errno::EPIPE));
    assert_eq!(w.poll(None), Events::OUT | Events::WRNORM | Events::ERR);
}

#[test]
fn wrong_end() {
    let (r, w) = new();
    assert_eq!(write(&r, b"x"), Err(Errno::EBADF));
    assert_eq!(read(&w, 1), Err(Errno::EBADF));
}

#[test]
fn capacity_is_in_slots() {
    let (_r, w) = new();
    assert_eq!(write(&w, &[1; 70_000]), Ok(65536));
    assert_eq!(write(&w, b"x"), Err(Errno::EAGAIN));
    // 3000 bytes leave no room for 3000 more in their page, so 16 such writes fill a pipe.
    let (_r, w) = new();
    for _ in 0..16 {
        assert_eq!(write(&w, &[1; 3000]), Ok(3000));
    }
    assert_eq!(write(&w, &[1; 3000]), Err(Errno::EAGAIN));
    assert_eq!(w.poll(None), Events::empty());
    // What fits behind the last write still goes.
    assert_eq!(write(&w, &[1; 1000]), Ok(1000));
}

#[test]
fn polls_like_linux() {
    let (r, w) = new();
    assert_eq!(r.poll(None), Events::empty());
    assert_eq!(w.poll(None), Events::OUT | Events::WRNORM);
    write(&w, &[0; 65536]).expect("room");
    assert_eq!((r.poll(None), w.poll(None)), (Events::IN | Events::RDNORM, Events::empty()));
    read(&r, 4095).expect("data");
    assert_eq!(w.poll(None), Events::empty());
    read(&r, 1).expect("data");
    assert_eq!(w.poll(None), Events::OUT | Events::WRNORM);
    drop(w);
    assert_eq!(r.poll(None), Events::IN | Events::RDNORM | Events::HUP);
}

#[test]
fn size_can_be_set() {
    let (r, w) = new();
    let p = buffer(&r);
    assert_eq!(p.size(), 65536);
    assert_eq!(p.set_size(0, false), Ok(4096));
    assert_eq!(p.set_size(5000, false), Ok(8192));
    write(&w, &[0; 8192]).expect("room");
    assert_eq!(p.set_size(4096, false), Err(Errno::EBUSY));
    assert_eq!(p.set_size((1 << 20) + 1, false), Err(Errno::EPERM));
    assert_eq!(p.set_size((1 << 20) + 1, true), Ok(1 << 21));
    assert_eq!(p.set_size((1 << 31) + 1, true), Err(Errno::EINVAL));
}

#[test]
fn packets_stay_apart() {
    host::testing::init();
    let (r, w) = pipe(IDENT, OpenFlags::DIRECT);
    write(&w, b"first").expect("room");
    write(&w, b"second").expect("room");
    assert_eq!(read(&r, 100), Ok(b"first".to_vec()));
    assert_eq!(read(&r, 3), Ok(b"sec".to_vec()));
    assert_eq!(read(&r, 3), Err(Errno::EAGAIN));
}

#[test]
fn splice_helpers() {
    let (r, w) = new();
    let p = buffer(&r);
    assert_eq!(p.take_bytes(9), Err(Errno::EAGAIN));
    let data: Vec<u8> = (0..9000u32).map(|n| n as u8).collect();
    assert_eq!(p.put_bytes(&data), Ok(9000));
    assert_eq!(p.peek_bytes(5000), Ok(data[..5000].to_vec()));
    assert_eq!(p.take_bytes(8500), Ok(data[..8500].to_vec()));
    p.put_back(&data[100..8500]).expect("memory");
    assert_eq!(p.bytes(), 8900);
    assert_eq!(read(&r, 9000), Ok(data[100..].to_vec()));
    drop(w);
    assert_eq!(p.take_bytes(1), Ok(vec![]));
}

#[test]
fn appears_as_a_fifo() {
    let (r, _w) = new();
    let m = r.metadata().expect("metadata");
    assert_eq!((m.mode, m.size, m.ino, m.dev), (0o10600, 0, 34, 12));
    assert_eq!(r.describe(), b"pipe:[34]");
}

#[test]
fn reopened_end_keeps_the_pipe_open() {
    let (r, w) = new();
    let w2 = PipeEnd::of(w.as_ref()).expect("a pipe").open_again(OpenFlags::WRONLY).expect("opens");
    drop(w);
    assert_eq!(read(&r, 1), Err(Errno::EAGAIN));
    write(&w2, b"x").expect("room");
    drop(w2);
    assert_eq!((read(&r, 2), read(&r, 2)), (Ok(b"x".to_vec()), Ok(vec![])));
}

/// Tries until it is not `EAGAIN`, sleeping in between as the kernel above does.
fn blocking<T>(file: &File, op: impl Fn() -> Result<T>) -> Result<T> {
    let me = Arc::new(HostThread::default());
    me.bind(sys::process::getpid(), sys::process::gettid());
    loop {
        me.prepare();
        let mut table = PollTable::new(me.clone() as Arc<dyn Wake>);
        file.poll(Some(&mut table));
        match op() {
            Err(Errno::EAGAIN) => me.sleep(None),
            done => return done,
        }
    }
}

/// Two writers of numbered records of all sizes, one reader: nothing is lost, torn or reordered.
#[test]
fn writers_race_and_records_stay_whole() {
    const ROUNDS: u32 = 3000;
    let (r, w) = new();
    let writer = |id: u8, w: File| {
        move || {
            host::testing::init();
            for n in 0..ROUNDS {
                let len = 8 + (n * 37 % 4000) as u16;
                let mut record = vec![id; usize::from(len)];
                record[1..5].copy_from_slice(&n.to_le_bytes());
                record[5..7].copy_from_slice(&len.to_le_bytes());
                assert_eq!(blocking(&w, || write(&w, &record)), Ok(record.len()));
            }
        }
    };
    let threads = [std::thread::spawn(writer(1, w.clone())), std::thread::spawn(writer(2, w.clone()))];
    drop(w);
    let mut all = Vec::new();
    loop {
        let got = blocking(&r, || read(&r, 5000)).expect("reads");
        if got.is_empty() {
            break;
        }
        all.extend(got);
    }
    let (mut at, mut next) = (0, [0u32; 3]);
    while at < all.len() {
        let id = all[at];
        let n = u32::from_le_bytes(all[at + 1..at + 5].try_into().expect("4 bytes"));
        let len = usize::from(u16::from_le_bytes([all[at + 5], all[at + 6]]));
        assert_eq!(n, next[usize::from(id)]);
        assert!(all[at + 7..at + len].iter().all(|&b| b == id));
        next[usize::from(id)] += 1;
        at += len;
    }
    assert_eq!(next, [0, ROUNDS, ROUNDS]);
    for t in threads {
        t.join().expect("writer");
    }
}

#[test]
fn fifo_opens_wait_for_a_partner() {
    host::testing::init();
    let table = FifoTable::default();
    let rd = OpenFlags::empty();
    let first = table.open(IDENT, rd).expect("begins");
    assert!(!first.ready());
    // A reader under way lets a nonblocking writer in; that it leaves again does not matter.
    let writer = table.open(IDENT, OpenFlags::WRONLY | OpenFlags::NONBLOCK).expect("a reader is there");
    assert!(writer.ready() && first.ready());
    drop(writer);
    let r = { first }.finish();
    assert_eq!(read(&r, 1), Ok(vec![]));
    assert_eq!(r.poll(None), Events::HUP);
    drop(r);
    assert_eq!(table.open(IDENT, OpenFlags::WRONLY | OpenFlags::NONBLOCK).err(), Some(Errno::ENXIO));
    // An opening that is given up leaves nothing behind.
    drop(table.open(IDENT, OpenFlags::WRONLY).expect("begins"));
    assert!(!table.open(IDENT, rd).expect("begins").ready());
}

#[test]
fn fifo_without_waiting() {
    host::testing::init();
    let table = FifoTable::default();
    let r = table.open(IDENT, OpenFlags::NONBLOCK).expect("never waits");
    assert!(r.ready());
    let r = r.finish();
    // No hang-up before the first writer.
    assert_eq!((r.poll(None), read(&r, 1)), (Events::empty(), Ok(vec![])));
    let both = table.open(IDENT, OpenFlags::RDWR).expect("never waits");
    assert!(both.ready());
    let both = both.finish();
    write(&both, b"ab").expect("room");
    assert_eq!((read(&r, 1), read(&both, 1)), (Ok(b"a".to_vec()), Ok(b"b".to_vec())));
    drop(both);
    assert_eq!(r.poll(None), Events::HUP);
    // Another inode is another pipe; bytes left behind go with the last end.
    let other = table.open(Ident { ino: 35, ..IDENT }, OpenFlags::RDWR).expect("opens").finish();
    assert_eq!(read(&other, 1), Err(Errno::EAGAIN));
    write(&other, b"x").expect("room");
    drop(other);
    let other = table.open(Ident { ino: 35, ..IDENT }, OpenFlags::RDWR).expect("opens").finish();
    assert_eq!(read(&other, 1), Err(Errno::EAGAIN));
}

/// The host's own pipe, made nonblocking.
struct HostPipe {
    read: sys::fd::HostFd,
    write: sys::fd::HostFd,
}

impl HostPipe {
    fn new(packets: bool) -> HostPipe {
        use std::os::fd::IntoRawFd;
        let (r, w) = std::io::pipe().expect("a host pipe");
        let take = |fd, flags| {
            let fd = sys::fd::HostFd::from_raw(fd);
            sys::fd::fcntl(fd.raw(), 4, flags as usize).expect("F_SETFL");
            fd
        };
        let (nonblock, direct) = (OpenFlags::NONBLOCK.bits(), OpenFlags::DIRECT.bits());
        HostPipe {
            read: take(r.into_raw_fd(), nonblock),
            write: take(w.into_raw_fd(), if packets { nonblock | direct } else { nonblock }),
        }
    }

    fn poll(&self) -> (u16, u16) {
        let all = Events::all().bits() as i16;
        let mut fds = [&self.read, &self.write].map(|f| sys::fd::PollFd { fd: f.raw(), events: all, revents: 0 });
        sys::fd::poll_now(&mut fds).expect("poll");
        (fds[0].revents as u16, fds[1].revents as u16)
    }

    fn bytes(&self) -> usize {
        let mut n = [0; 4];
        sys::fd::ioctl(self.read.raw(), 0x541b, &mut n).expect("FIONREAD");
        u32::from_ne_bytes(n) as usize
    }
}

/// The same random transfers on a host pipe and on ours: same answers, same readiness, same bytes.
#[test]
fn agrees_with_the_host() {
    let mut seed = 0x9e37_79b9_7f4a_7c15u64;
    let mut below = move |n: u64| {
        seed ^= seed << 13;
        seed ^= seed >> 7;
        seed ^= seed << 17;
        seed % n
    };
    for round in 0..60 {
        let packets = round % 3 == 0;
        host::testing::init();
        let (r, w) = pipe(IDENT, if packets { OpenFlags::DIRECT } else { OpenFlags::empty() });
        let host = HostPipe::new(packets);
        for _ in 0..300 {
            let max = [10, 500, 5000, 50_000][below(4) as usize];
            let mut data = vec![0; below(max) as usize];
            data.iter_mut().for_each(|b| *b = below(256) as u8);
            if below(5) < 3 {
                assert_eq!(write(&w, &data), sys::fd::write(host.write.raw(), &data));
            } else {
                let got = sys::fd::read(host.read.raw(), &mut data);
                assert_eq!(read(&r, data.len()), got.map(|n| data[..n].to_vec()));
            }
            assert_eq!(buffer(&r).bytes(), host.bytes());
            assert_eq!((r.poll(None).bits(), w.poll(None).bits()), host.poll());
        }
    }
}
