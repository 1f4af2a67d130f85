//! Corner cases of the path walk.

use super::*;
use crate::vfs::path_string;
use alloc::format;
use alloc::string::String;

fn world() -> World {
    let w = World::new();
    for d in ["a", "a/b", "a/b/c"] {
        w.mkdir(d).unwrap();
    }
    for f in ["f", "a/f"] {
        w.touch(f).unwrap();
    }
    for (t, l) in [("a/b", "d"), ("f", "lf"), ("nowhere", "dang"), ("loop", "loop"), ("/a", "abs"), ("../a/b", "a/up")]
    {
        w.symlink(t, l).unwrap();
    }
    w
}

#[test]
fn finds() {
    let w = world();
    let same = [
        ("/", "."),
        ("/", ".."),
        ("/", "/../.."),
        ("//a//b", "a/b"),
        ("a/b/", "a/b"),
        ("a/./b/../b/.", "a/b"),
        ("d", "a/b"),
        ("d/", "a/b"),
        ("d/c", "a/b/c"),
        ("d/..", "a"),
        ("abs/b", "a/b"),
        ("a/up/c", "/a/b/c"),
        ("lf", "f"),
    ];
    for (x, y) in same {
        assert!(w.is(x, y), "{x} {y}");
    }
    assert_ne!(w.ino("lf"), w.ino("f"));
    assert_eq!(w.lfind("d/").unwrap().metadata().unwrap().ino, w.ino("a/b"));
}

#[test]
fn refuses() {
    let w = world();
    let long = "n".repeat(256);
    let cases = [
        ("", Errno::ENOENT),
        ("x", Errno::ENOENT),
        ("x/y", Errno::ENOENT),
        ("f/", Errno::ENOTDIR),
        ("f/.", Errno::ENOTDIR),
        ("f/..", Errno::ENOTDIR),
        ("lf/", Errno::ENOTDIR),
        ("lf/x", Errno::ENOTDIR),
        ("dang", Errno::ENOENT),
        ("loop", Errno::ELOOP),
        ("loop/x", Errno::ELOOP),
        (&long, Errno::ENAMETOOLONG),
    ];
    for (p, e) in cases {
        assert_eq!(err(w.find(p)), e, "{p}");
    }
    let path = format!("/{}", "./".repeat(2048));
    assert_eq!(err(w.find(&path)), Errno::ENAMETOOLONG);
    assert!(w.find(&path[..4095]).is_ok());
    assert_eq!(err(w.find(&"n".repeat(255))), Errno::ENOENT);
}

#[test]
fn forty_links() {
    let w = world();
    w.symlink("f", "l1").unwrap();
    for i in 2..=41 {
        w.symlink(&format!("l{}", i - 1), &format!("l{i}")).unwrap();
    }
    assert!(w.find("l40").is_ok());
    assert_eq!(err(w.find("l41")), Errno::ELOOP);
}

#[test]
fn resolve_flags() {
    let w = world();
    let base = w.find("a").unwrap();
    let find = |p: &str, how| w.ctx().find(At::new(&base, p.as_bytes()), how).map(|p| p.metadata().unwrap().ino);
    assert_eq!(find("b", Resolve::BENEATH).unwrap(), w.ino("a/b"));
    assert_eq!(find("b/..", Resolve::BENEATH).unwrap(), w.ino("a"));
    assert_eq!(err(find("..", Resolve::BENEATH)), Errno::EXDEV);
    assert_eq!(err(find("up", Resolve::BENEATH)), Errno::EXDEV);
    assert_eq!(err(find("/a", Resolve::BENEATH)), Errno::EXDEV);
    assert_eq!(find("/b", Resolve::IN_ROOT).unwrap(), w.ino("a/b"));
    assert_eq!(find("../../b", Resolve::IN_ROOT).unwrap(), w.ino("a/b"));
    assert_eq!(err(find("up", Resolve::IN_ROOT)), Errno::ENOENT);
    assert_eq!(err(find("up", Resolve::NO_SYMLINKS)), Errno::ELOOP);
    assert!(find("up", Resolve::NO_SYMLINKS | Resolve::NOFOLLOW).is_ok());
    assert!(find("", Resolve::EMPTY_PATH).is_ok());
}

#[test]
fn names_of_places() {
    let mut w = world();
    let show = |w: &World, p: &Path| String::from_utf8(path_string(p, &w.root)).unwrap();
    let c = w.find("a/b/c").unwrap();
    assert_eq!(show(&w, &c), "/a/b/c");
    assert_eq!(show(&w, &w.root), "/");
    w.rename("a", "z", 0).unwrap();
    assert_eq!(show(&w, &c), "/z/b/c");
    w.rmdir("z/b/c").unwrap();
    assert_eq!(show(&w, &c), "/z/b/c (deleted)");
    assert_eq!(err(crate::vfs::getcwd(&c, &w.root)), Errno::ENOENT);
    w.cwd = c;
    assert_eq!(err(w.find("x")), Errno::ENOENT);
    assert_eq!(err(w.touch("x")), Errno::ENOENT);
    assert_eq!(err(w.mkdir("x")), Errno::ENOENT);
    assert!(w.is("..", "/z/b"));
    w.root = w.find("/z/b").unwrap();
    assert!(w.is("/..", "/"));
    let outside = w.root.mount.root_path();
    assert_eq!(crate::vfs::getcwd(&outside, &w.root).unwrap(), b"(unreachable)/");
}

#[test]
fn a_deep_tree_goes_without_recursion() {
    let mut w = World::new();
    let top = w.cwd.clone();
    for _ in 0..20_000 {
        w.mkdir("d").unwrap();
        w.cwd = w.find("d").unwrap();
    }
    drop(top);
    drop(w);
}
