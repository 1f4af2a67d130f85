//! The rename matrix.

use super::*;
use crate::vfs::ops::rename::{EXCHANGE, NOREPLACE, WHITEOUT};

fn world() -> World {
    let w = World::new();
    for d in ["d", "e", "full", "full/sub", "p", "p/q", "p/q/r"] {
        w.mkdir(d).unwrap();
    }
    for f in ["f", "g", "full/x", "p/q/r/x"] {
        w.touch(f).unwrap();
    }
    w.link("f", "f2").unwrap();
    w.symlink("d", "ld").unwrap();
    w
}

#[test]
fn errors() {
    let cases = [
        ("nope", "x", 0, Errno::ENOENT),
        ("f", "d", 0, Errno::EISDIR),
        ("d", "f", 0, Errno::ENOTDIR),
        ("d", "full", 0, Errno::ENOTEMPTY),
        ("p", "p/q/new", 0, Errno::EINVAL),
        ("p", "p/q", 0, Errno::EINVAL),
        ("p/q/r", "p", 0, Errno::ENOTEMPTY),
        ("p/q", "p", EXCHANGE, Errno::EINVAL),
        ("f", "new/", 0, Errno::ENOTDIR),
        ("f/", "new", 0, Errno::ENOTDIR),
        ("ld/", "new", 0, Errno::ENOTDIR),
        (".", "x", 0, Errno::EBUSY),
        ("d/..", "x", 0, Errno::EBUSY),
        ("d", ".", 0, Errno::EBUSY),
        ("d", "/", NOREPLACE, Errno::EEXIST),
        ("/", "x", 0, Errno::EBUSY),
        ("f", "g", NOREPLACE, Errno::EEXIST),
        ("f", "f2", NOREPLACE, Errno::EEXIST),
        ("f", "new", EXCHANGE, Errno::ENOENT),
        ("f", "g", EXCHANGE | NOREPLACE, Errno::EINVAL),
        ("f", "g", EXCHANGE | WHITEOUT, Errno::EINVAL),
        ("f", "g", 8, Errno::EINVAL),
        ("f", "g/", EXCHANGE, Errno::ENOTDIR),
        ("", "g", 0, Errno::ENOENT),
        ("f", "", 0, Errno::ENOENT),
        ("f", "nodir/x", 0, Errno::ENOENT),
    ];
    let w = world();
    for (a, b, flags, e) in cases {
        assert_eq!(err(w.rename(a, b, flags)), e, "{a} -> {b} {flags}");
    }
}

#[test]
fn moves() {
    let w = world();
    let f = w.ino("f");
    w.rename("f", "f2", 0).unwrap();
    assert!(w.find("f").is_ok() && w.find("f2").is_ok());
    w.rename("f", "g", 0).unwrap();
    assert_eq!(w.ino("g"), f);
    assert_eq!(err(w.find("f")), Errno::ENOENT);
    w.rename("d", "e", 0).unwrap();
    assert_eq!(err(w.find("d")), Errno::ENOENT);
    let (root, p) = (w.nlink("/"), w.nlink("p"));
    w.rename("e", "p/moved/", 0).unwrap();
    assert_eq!((w.nlink("/"), w.nlink("p")), (root - 1, p + 1));
    assert!(w.is("p/moved/..", "p"));
    let held = w.find("p/q/r").unwrap();
    w.rename("p/q", "top", 0).unwrap();
    assert_eq!(crate::vfs::path_string(&held, &w.root), b"/top/r");
    w.rename("ld", "ll", 0).unwrap();
    assert_eq!(ops::readlink(&w.lfind("ll").unwrap()).unwrap(), b"d");
}

#[test]
fn exchange() {
    let w = world();
    let (f, full, r) = (w.ino("f"), w.ino("full"), w.ino("p/q/r"));
    w.rename("f", "full", EXCHANGE).unwrap();
    assert_eq!((w.ino("full"), w.ino("f")), (f, full));
    assert!(w.find("f/x").is_ok());
    let held = w.find("p/q/r").unwrap();
    w.rename("p/q/r", "full", EXCHANGE).unwrap();
    assert_eq!((w.ino("full"), w.ino("p/q/r")), (r, f));
    assert_eq!(crate::vfs::path_string(&held, &w.root), b"/full");
    assert!(w.find("full/x").is_ok());
    assert_eq!(w.nlink("p/q"), 2);
    w.rename("p/q/r", "full", EXCHANGE).unwrap();
    assert_eq!(w.nlink("p/q"), 3);
}

#[test]
fn whiteout() {
    let w = world();
    w.rename("f", "h", WHITEOUT).unwrap();
    let m = w.lfind("f").unwrap().metadata().unwrap();
    assert_eq!((m.mode, m.rdev), (0o020000, 0));
}

#[test]
fn removed_directories_refuse() {
    let mut w = world();
    let d = w.find("d").unwrap();
    w.rmdir("d").unwrap();
    let top = core::mem::replace(&mut w.cwd, d);
    assert_eq!(err(w.rename("/f", "f", 0)), Errno::ENOENT);
    assert_eq!(err(w.link("/f", "f")), Errno::ENOENT);
    w.cwd = top;
    assert!(w.find("f").is_ok());
}

#[test]
fn directories_replaced_while_open() {
    let w = world();
    let e = w.find("e").unwrap();
    w.rename("d", "e", 0).unwrap();
    assert!(e.dentry.is_dead());
    assert_eq!(e.metadata().unwrap().nlink, 0);
}

/// Two threads that move directories into each other must never make a loop, nor lock each other out.
#[test]
fn crossing_moves() {
    let w = World::new();
    for d in ["a", "b", "a/x", "b/y"] {
        w.mkdir(d).unwrap();
    }
    std::thread::scope(|s| {
        for (from, to) in [("a", "b/y/in"), ("b", "a/x/in")] {
            let w = &w;
            s.spawn(move || {
                host::testing::init();
                for _ in 0..2000 {
                    if w.rename(from, to, 0).is_ok() {
                        w.rename(to, from, 0).unwrap();
                    }
                }
            });
        }
    });
    assert!(w.find("a/x").is_ok() && w.find("b/y").is_ok());
}
