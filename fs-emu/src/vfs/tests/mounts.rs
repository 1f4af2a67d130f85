//! Mounts: crossing, busy rules, read-only, bind.

use super::*;
use crate::FileSystem;

fn world() -> World {
    let w = World::new();
    for d in ["m", "m/under", "b"] {
        w.mkdir(d).unwrap();
    }
    w.table.mount(w.find("m").unwrap(), tmpfs(2), MountFlags::empty(), b"two").unwrap();
    w.mkdir("m/over").unwrap();
    w
}

#[test]
fn crossing() {
    let w = world();
    assert_eq!(err(w.find("m/under")), Errno::ENOENT);
    assert_eq!(w.find("m").unwrap().metadata().unwrap().dev, 2);
    assert!(w.is("m/over/../..", "/"));
    assert!(w.is("m/..", "/"));
    let find = |p: &str| w.ctx().find(w.at(p), Resolve::NO_XDEV);
    assert_eq!(err(find("m")), Errno::EXDEV);
    assert!(find("b").is_ok());
    let m = w.find("m").unwrap();
    assert_eq!(err(w.ctx().find(At::new(&m, b".."), Resolve::NO_XDEV)), Errno::EXDEV);
    assert_eq!(crate::vfs::path_string(&w.find("m/over").unwrap(), &w.root), b"/m/over");
}

#[test]
fn busy() {
    let w = world();
    w.touch("m/f").unwrap();
    w.touch("g").unwrap();
    assert_eq!(err(w.rmdir("m")), Errno::EBUSY);
    assert_eq!(err(w.rename("m", "x", 0)), Errno::EBUSY);
    assert_eq!(err(w.rename("m/f", "f", 0)), Errno::EXDEV);
    assert_eq!(err(w.link("m/f", "f")), Errno::EXDEV);
    assert_eq!(err(w.table.umount(w.find("m/over").unwrap(), false)), Errno::EINVAL);
    assert_eq!(err(w.table.umount(w.root.clone(), false)), Errno::EINVAL);
    let open = w.file("m/f", O_RDONLY).unwrap();
    assert_eq!(err(w.table.umount(w.find("m").unwrap(), false)), Errno::EBUSY);
    drop(open);
    w.table.umount(w.find("m").unwrap(), false).unwrap();
    assert!(w.find("m/under").is_ok());
    w.rmdir("m/under").unwrap();
    w.rmdir("m").unwrap();
}

#[test]
fn stacked_and_detached() {
    let w = world();
    w.table.mount(w.find("m").unwrap(), tmpfs(3), MountFlags::empty(), b"three").unwrap();
    assert_eq!(w.find("m").unwrap().metadata().unwrap().dev, 3);
    let m = w.find("m").unwrap();
    assert!(w.is("m/..", "/"));
    w.table.umount(m, false).unwrap();
    assert_eq!(w.find("m").unwrap().metadata().unwrap().dev, 2);
    let open = w.file("m", O_RDONLY).unwrap();
    w.table.umount(w.find("m").unwrap(), true).unwrap();
    assert!(w.find("m/under").is_ok());
    assert_eq!(open.metadata().unwrap().dev, 2);
    assert_eq!(w.table.list(&w.root).len(), 1);
}

#[test]
fn read_only() {
    let w = world();
    w.touch("m/f").unwrap();
    w.table.bind(&w.find("m").unwrap(), w.find("b").unwrap(), MountFlags::RDONLY).unwrap();
    assert!(w.find("b/over").is_ok());
    assert_eq!(err(w.mkdir("b/x")), Errno::EROFS);
    assert_eq!(err(w.mkdir("b/over")), Errno::EEXIST);
    assert_eq!(err(w.touch("b/x")), Errno::EROFS);
    assert_eq!(err(w.file("b/f", O_WRONLY)), Errno::EROFS);
    assert_eq!(err(w.file("b/f", O_TRUNC)), Errno::EROFS);
    assert!(w.file("b/f", O_CREAT | O_RDONLY).is_ok());
    assert_eq!(err(w.unlink("b/f")), Errno::EROFS);
    assert_eq!(err(w.unlink("b/none")), Errno::EROFS);
    assert_eq!(err(w.chmod("b/f", 0o600)), Errno::EROFS);
    assert_eq!(err(ops::access(&w.cred, &w.find("b/f").unwrap(), 2)), Errno::EROFS);
    assert_eq!(err(w.rename("m/f", "b/g", 0)), Errno::EXDEV);
    w.touch("m/g").unwrap();
    assert!(w.find("b/g").is_ok());
}

#[test]
fn listing() {
    let w = world();
    w.mkdir("m/over/deep").unwrap();
    w.table.bind(&w.find("m/over").unwrap(), w.find("b").unwrap(), MountFlags::NOEXEC).unwrap();
    let list = w.table.list(&w.root);
    let at: alloc::vec::Vec<_> = list.iter().map(|m| (&m.at[..], &m.root[..], m.parent)).collect();
    assert_eq!(at, [(&b"/"[..], &b"/"[..], 1), (b"/m", b"/", 1), (b"/b", b"/over", 1)]);
    assert!(w.is("b/..", "/"));
}

#[test]
fn nothing_is_left() {
    host::testing::init();
    let fs = tmpfs(9);
    let weak = Arc::downgrade(&fs);
    let w = World::new();
    w.mkdir("m").unwrap();
    w.table.mount(w.find("m").unwrap(), fs, MountFlags::empty(), b"x").unwrap();
    w.mkdir("m/a").unwrap();
    w.touch("m/a/f").unwrap();
    w.table.umount(w.find("m").unwrap(), false).unwrap();
    assert!(weak.upgrade().is_none());
    let fs = tmpfs(10);
    let free = fs.statfs().unwrap().ffree;
    let table = MountTable::new(fs.clone(), MountFlags::empty(), b"x");
    let mut w2 = World::new();
    w2.root = table.root();
    w2.cwd = table.root();
    w2.touch("f").unwrap();
    let f = w2.file("f", O_RDWR).unwrap();
    w2.unlink("f").unwrap();
    assert_eq!(fs.statfs().unwrap().ffree, free - 1);
    drop(f);
    assert_eq!(fs.statfs().unwrap().ffree, free);
}
