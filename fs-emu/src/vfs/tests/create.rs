//! Making and removing names.

use super::*;
use crate::FileType;

#[test]
fn slashes_and_dots() {
    let w = World::new();
    w.mkdir("d/").unwrap();
    w.touch("f").unwrap();
    w.symlink("nowhere", "dang").unwrap();
    assert_eq!(err(w.mkdir("d")), Errno::EEXIST);
    assert_eq!(err(w.mkdir("/")), Errno::EEXIST);
    assert_eq!(err(w.mkdir(".")), Errno::EEXIST);
    assert_eq!(err(w.mkdir("d/..")), Errno::EEXIST);
    assert_eq!(err(w.mkdir("dang")), Errno::EEXIST);
    assert_eq!(err(w.mkdir("")), Errno::ENOENT);
    assert_eq!(err(w.mkdir("x/y")), Errno::ENOENT);
    assert_eq!(err(w.mkdir("f/y")), Errno::ENOTDIR);
    assert_eq!(err(w.symlink("t", "new/")), Errno::ENOENT);
    assert_eq!(err(w.symlink("t", "d/")), Errno::EEXIST);
    assert_eq!(err(w.symlink("", "new")), Errno::ENOENT);
    assert_eq!(err(w.link("f", "new/")), Errno::ENOENT);
    assert_eq!(err(w.link("d", "new")), Errno::EPERM);
    assert_eq!(err(w.unlink("d")), Errno::EISDIR);
    assert_eq!(err(w.unlink("f/")), Errno::ENOTDIR);
    assert_eq!(err(w.unlink("d/")), Errno::EISDIR);
    assert_eq!(err(w.unlink("x/")), Errno::ENOENT);
    assert_eq!(err(w.unlink(".")), Errno::EISDIR);
    assert_eq!(err(w.rmdir(".")), Errno::EINVAL);
    assert_eq!(err(w.rmdir("d/..")), Errno::ENOTEMPTY);
    assert_eq!(err(w.rmdir("/")), Errno::EBUSY);
    assert_eq!(err(w.rmdir("f")), Errno::ENOTDIR);
    w.touch("d/x").unwrap();
    assert_eq!(err(w.rmdir("d")), Errno::ENOTEMPTY);
    w.unlink("d/x").unwrap();
    w.rmdir("d/").unwrap();
    assert_eq!(err(w.find("d")), Errno::ENOENT);
}

#[test]
fn kinds() {
    let mut w = World::new();
    let mknod = |w: &World, p: &str, mode| ops::mknod(&w.ctx(), w.at(p), mode, 5).map(drop);
    mknod(&w, "p", 0o010644).unwrap();
    mknod(&w, "r", 0o666).unwrap();
    mknod(&w, "c", 0o020666).unwrap();
    mknod(&w, "s", 0o140777).unwrap();
    assert_eq!(w.mode("r"), 0o100644);
    assert_eq!(w.lfind("c").unwrap().metadata().unwrap().rdev, 5);
    assert_eq!(err(mknod(&w, "x", 0o040755)), Errno::EPERM);
    assert_eq!(err(mknod(&w, "x", 0o120777)), Errno::EINVAL);
    assert_eq!(err(mknod(&w, "x", 0o030000)), Errno::EINVAL);
    match w.open("p", O_RDONLY).unwrap() {
        Opened::Special { kind, .. } => assert_eq!(kind, FileType::Fifo),
        Opened::File(_) => panic!(),
    }
    assert_eq!(err(w.open("p/", O_RDONLY)), Errno::ENOTDIR);
    w.chmod(".", 0o777).unwrap();
    w.user(5, 5, &[]);
    assert_eq!(err(mknod(&w, "x", 0o020666)), Errno::EPERM);
    mknod(&w, "fifo", 0o010666).unwrap();
}

#[test]
fn link_counts() {
    let w = World::new();
    assert_eq!(w.nlink("/"), 2);
    w.mkdir("d").unwrap();
    assert_eq!((w.nlink("/"), w.nlink("d")), (3, 2));
    w.touch("f").unwrap();
    w.link("f", "d/g").unwrap();
    assert_eq!(w.nlink("f"), 2);
    assert_eq!(w.ino("f"), w.ino("d/g"));
    let open = w.file("f", O_RDWR).unwrap();
    w.unlink("f").unwrap();
    assert_eq!(w.nlink("d/g"), 1);
    w.link("d/g", "h").unwrap();
    w.unlink("d/g").unwrap();
    w.unlink("h").unwrap();
    assert_eq!(open.metadata().unwrap().nlink, 0);
    assert_eq!(err(ops::link(&w.ctx(), open.path().unwrap(), w.at("again"))), Errno::ENOENT);
    w.rmdir("d").unwrap();
    assert_eq!(w.nlink("/"), 2);
    // A symlink itself can have two names.
    w.symlink("t", "l").unwrap();
    w.link("l", "l2").unwrap();
    assert_eq!(w.nlink("l2"), 2);
}

#[test]
fn inheritance() {
    let mut w = World::new();
    w.mkdir("g").unwrap();
    w.chown("g", 0, 77).unwrap();
    w.chmod("g", 0o2777).unwrap();
    w.user(5, 6, &[]);
    w.mkdir("g/d").unwrap();
    w.touch("g/f").unwrap();
    let (d, f) = (w.find("g/d").unwrap().metadata().unwrap(), w.find("g/f").unwrap().metadata().unwrap());
    assert_eq!((d.uid, d.gid, d.mode), (5, 77, 0o042755));
    assert_eq!((f.uid, f.gid, f.mode), (5, 77, 0o100644));
}
