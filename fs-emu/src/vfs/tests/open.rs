//! `open`: flags, the order of errors, unnamed files.

use super::*;
use crate::vfs::file::{Whence, WriteRules};
use host::iov::IovIter;

fn world() -> World {
    let w = World::new();
    w.mkdir("d").unwrap();
    w.touch("f").unwrap();
    w.symlink("f", "lf").unwrap();
    w.symlink("d", "ld").unwrap();
    w.symlink("new", "dang").unwrap();
    w.symlink("x/", "dangdir").unwrap();
    w
}

#[test]
fn errors() {
    let w = world();
    let cases = [
        ("f", O_CREAT | O_EXCL | O_WRONLY, Errno::EEXIST),
        ("dang", O_CREAT | O_EXCL | O_WRONLY, Errno::EEXIST),
        ("d", O_CREAT | O_EXCL, Errno::EEXIST),
        ("d", O_CREAT, Errno::EISDIR),
        (".", O_CREAT, Errno::EISDIR),
        ("/", O_CREAT | O_EXCL, Errno::EEXIST),
        ("n/", O_CREAT | O_WRONLY, Errno::EISDIR),
        ("f/", O_CREAT | O_WRONLY, Errno::EISDIR),
        ("dangdir", O_CREAT | O_WRONLY, Errno::EISDIR),
        ("n/m", O_CREAT | O_WRONLY, Errno::ENOENT),
        ("f/m", O_CREAT | O_WRONLY, Errno::ENOTDIR),
        ("d", O_WRONLY, Errno::EISDIR),
        ("d", O_RDWR, Errno::EISDIR),
        ("d", O_TRUNC, Errno::EISDIR),
        ("f", O_DIRECTORY, Errno::ENOTDIR),
        ("f/", O_RDONLY, Errno::ENOTDIR),
        ("lf", O_NOFOLLOW, Errno::ELOOP),
        ("lf", O_NOFOLLOW | O_CREAT | O_WRONLY, Errno::ELOOP),
        ("ld", O_NOFOLLOW | O_DIRECTORY, Errno::ENOTDIR),
        ("dang", O_RDONLY, Errno::ENOENT),
        ("", O_CREAT, Errno::ENOENT),
        ("d", O_CREAT | O_DIRECTORY, Errno::EINVAL),
        ("d", O_TMPFILE, Errno::EINVAL),
        ("d", O_TMPFILE & !O_DIRECTORY | O_RDWR, Errno::EINVAL),
        ("f", O_TMPFILE | O_RDWR, Errno::ENOTDIR),
    ];
    for (p, f, e) in cases {
        assert_eq!(err(w.open(p, f)), e, "{p} {f:o}");
    }
    assert_eq!(err(w.find("new")), Errno::ENOENT);
    assert!(w.file("dang", O_CREAT | O_WRONLY).is_ok());
    assert!(w.find("new").is_ok());
    assert!(w.file("ld/", O_NOFOLLOW | O_DIRECTORY).is_ok());
}

#[test]
fn strict_flags() {
    let how = |f: u32, m, r| OpenHow::checked(u64::from(f), m, r);
    assert_eq!(err(OpenHow::checked(1 << 40, 0, 0)), Errno::EINVAL);
    assert_eq!(err(how(O_RDONLY, 0o644, 0)), Errno::EINVAL);
    assert_eq!(err(how(O_CREAT, 0o10000, 0)), Errno::EINVAL);
    assert_eq!(err(how(O_RDONLY, 0, 0x18)), Errno::EINVAL);
    assert_eq!(err(how(O_RDONLY, 0, 0x40)), Errno::EINVAL);
    assert_eq!(err(how(O_PATH | O_RDWR, 0, 0)), Errno::EINVAL);
    assert_eq!(err(how(O_CREAT, 0o644, 0x20)), Errno::EAGAIN);
    assert!(how(O_CREAT, 0o644, 1).is_ok());
    assert!(OpenHow::legacy(O_PATH | O_RDWR | O_TRUNC, 0o777).is_ok());
}

#[test]
fn path_only() {
    let w = world();
    let p = w.file("lf", O_PATH | O_NOFOLLOW).unwrap();
    assert!(p.is_path_only());
    assert_eq!(ops::readlink(p.path().unwrap()).unwrap(), b"f");
    assert_eq!(err(p.read(&mut IovIter::kernel_mut(&mut [0; 4]))), Errno::EBADF);
    assert_eq!(err(p.seek(0, Whence::Set)), Errno::EBADF);
    assert_eq!(err(ops::readlink(&w.find("f").unwrap())), Errno::EINVAL);
}

fn put(f: &File, s: &[u8]) -> usize {
    let root = Cred::new(0, 0, Arc::from([]));
    f.write(&mut IovIter::kernel(s), WriteRules::of(&root, u64::MAX)).unwrap()
}

#[test]
fn positions() {
    let w = world();
    let f = w.file("f", O_RDWR).unwrap();
    assert_eq!(put(&f, b"hello"), 5);
    assert_eq!(f.seek(-3, Whence::Cur).unwrap(), 2);
    let mut buf = [0; 8];
    assert_eq!(f.read(&mut IovIter::kernel_mut(&mut buf)).unwrap(), 3);
    assert_eq!(&buf[..3], b"llo");
    assert_eq!(f.read(&mut IovIter::kernel_mut(&mut buf)).unwrap(), 0);
    assert_eq!(err(f.seek(-1, Whence::Set)), Errno::EINVAL);
    assert_eq!(err(f.seek(i64::MAX, Whence::Cur)), Errno::EINVAL);
    assert_eq!(err(f.seek(5, Whence::Data)), Errno::ENXIO);
    assert_eq!(f.seek(4, Whence::Hole).unwrap(), 5);
    assert_eq!(f.seek(100, Whence::End).unwrap(), 105);
    assert_eq!(put(&f, b"x"), 1);
    assert_eq!(f.metadata().unwrap().size, 106);
    let append = w.file("f", O_WRONLY | 0o2000).unwrap();
    put(&append, b"end");
    assert_eq!(append.pos(), 109);
    let rules = WriteRules::of(&w.cred, 110);
    assert_eq!(append.write(&mut IovIter::kernel(b"abc"), rules).unwrap(), 1);
    assert_eq!(err(append.write(&mut IovIter::kernel(b"abc"), rules)), Errno::EFBIG);
    drop(w.file("f", O_TRUNC | O_WRONLY).unwrap());
    assert_eq!(f.metadata().unwrap().size, 0);
}

#[test]
fn unnamed() {
    let w = world();
    let f = w.file("d", O_TMPFILE | O_RDWR).unwrap();
    assert_eq!(f.metadata().unwrap().nlink, 0);
    assert!(f.describe(&w.root).starts_with(b"/d/#"));
    ops::link(&w.ctx(), f.path().unwrap(), w.at("named")).unwrap();
    assert_eq!(w.nlink("named"), 1);
    let x = w.file("d", O_TMPFILE | O_RDWR | O_EXCL).unwrap();
    assert_eq!(err(ops::link(&w.ctx(), x.path().unwrap(), w.at("no"))), Errno::ENOENT);
}

#[test]
fn setid_goes_on_write() {
    let mut w = world();
    w.chown("f", 5, 5).unwrap();
    w.user(5, 5, &[]);
    w.chmod("f", 0o6755).unwrap();
    let f = w.file("f", O_WRONLY).unwrap();
    f.write(&mut IovIter::kernel(b"x"), WriteRules::of(&w.cred, u64::MAX)).unwrap();
    assert_eq!(w.mode("f"), 0o100755);
    w.chmod("f", 0o4755).unwrap();
    ops::truncate(&w.cred, &w.find("f").unwrap(), 0, u64::MAX).unwrap();
    assert_eq!(w.mode("f"), 0o100755);
}
