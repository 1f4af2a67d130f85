//! Reading directories while they change.

use super::*;
use alloc::collections::BTreeSet;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

fn some(f: &File, n: usize) -> Vec<String> {
    let mut out = Vec::new();
    f.readdir(&mut |e| {
        if out.len() == n {
            return false;
        }
        out.push(String::from_utf8(e.name.to_vec()).unwrap());
        true
    })
    .unwrap();
    out
}

#[test]
fn all_and_dots() {
    let w = World::new();
    w.mkdir("d").unwrap();
    w.touch("d/x").unwrap();
    let f = w.file("d", O_RDONLY).unwrap();
    assert_eq!(some(&f, 9), [".", "..", "x"]);
    assert!(some(&f, 9).is_empty());
    w.touch("d/y").unwrap();
    assert!(some(&f, 9).is_empty());
    f.set_pos(0);
    assert_eq!(some(&f, 2), [".", ".."]);
    assert_eq!(some(&f, 1), ["x"]);
    assert_eq!(some(&f, 9), ["y"]);
    w.unlink("d/x").unwrap();
    w.unlink("d/y").unwrap();
    w.rmdir("d").unwrap();
    f.set_pos(0);
    assert_eq!(err(f.readdir(&mut |_| true)), Errno::ENOENT);
}

#[test]
fn removal_skips_nobody() {
    let w = World::new();
    for i in 0..500 {
        w.touch(&format!("f{i}")).unwrap();
    }
    let dir = w.file(".", O_RDONLY).unwrap();
    let mut seen = BTreeSet::new();
    loop {
        let part = some(&dir, 7);
        if part.is_empty() {
            break;
        }
        for name in part.into_iter().filter(|n| n.starts_with('f')) {
            w.unlink(&name).unwrap();
            assert!(seen.insert(name));
        }
    }
    assert_eq!(seen.len(), 500);
    dir.set_pos(0);
    assert_eq!(some(&dir, 9).len(), 2);
}

#[test]
fn renaming_everything_ends() {
    let w = World::new();
    for i in 0..50 {
        w.touch(&format!("f{i}")).unwrap();
    }
    let dir = w.file(".", O_RDONLY).unwrap();
    let mut n = 0;
    loop {
        let part = some(&dir, 3);
        if part.is_empty() {
            break;
        }
        for name in part.iter().filter(|n| n.starts_with('f')) {
            w.rename(name, &format!("{name}x"), 0).unwrap();
            n += 1;
        }
    }
    assert_eq!(n, 50);
}

/// Creation and removal of the same names by several threads: exactly one creator wins each time.
#[test]
fn one_winner() {
    let w = World::new();
    let wins = core::sync::atomic::AtomicUsize::new(0);
    std::thread::scope(|s| {
        for _ in 0..3 {
            s.spawn(|| {
                host::testing::init();
                for i in 0..2000 {
                    let name = format!("n{}", i % 3);
                    if w.open(&name, O_CREAT | O_EXCL | O_WRONLY).is_ok() {
                        wins.fetch_add(1, core::sync::atomic::Ordering::SeqCst);
                        assert!(w.find(&name).is_ok());
                        w.unlink(&name).unwrap();
                    }
                    let _ = w.find(&name);
                }
            });
        }
    });
    assert!(wins.into_inner() > 0);
    assert_eq!(some(&w.file(".", O_RDONLY).unwrap(), 9), [".", ".."]);
}
