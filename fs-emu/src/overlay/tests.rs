//! Tests of the overlay's single features, over a tmpfs.

extern crate std;

use super::*;
use crate::file::OpenFlags;
use crate::hostfs::tests::{DIR, REG, TempTree, list, read_all, write};
use crate::tmpfs::{Limits, TmpFs};
use alloc::string::String;
use host::Errno;
use host::iov::IovIter;
use std::fs;

const OWNER: Owner = Owner { uid: 0, gid: 0 };

fn tmpfs() -> Arc<dyn FileSystem> {
    TmpFs::new(7, Limits::default(), 0o755, OWNER).unwrap()
}

fn over(lowers: &[&TempTree]) -> Arc<Overlay> {
    let lowers = lowers.iter().map(|t| t.mount(true, true) as Arc<dyn FileSystem>).collect();
    Overlay::new(lowers, tmpfs()).unwrap()
}

fn at(overlay: &Overlay, path: &str) -> Result<InodeRef> {
    path.split('/').try_fold(overlay.root(), |dir, name| dir.lookup(name.as_bytes()))
}

fn names(dir: &InodeRef) -> Vec<String> {
    let open = dir.clone().open(OpenFlags::DIRECTORY).unwrap();
    let mut names: Vec<String> = list(&open, 2).into_iter().map(|e| e.0).skip(2).collect();
    names.sort();
    names
}

fn changes(overlay: &Overlay) -> Vec<(String, ChangeKind)> {
    let mut all = Vec::new();
    overlay
        .changes(&mut |c| {
            all.push((String::from_utf8(c.path).unwrap(), c.kind));
            true
        })
        .unwrap();
    all.sort_by(|a, b| a.0.cmp(&b.0));
    all
}

fn copied(from: &str) -> ChangeKind {
    ChangeKind::Copied { from: from.as_bytes().to_vec() }
}

#[test]
fn numbers_stay_through_copy_up_and_without_the_node() {
    let lower = TempTree::new("ov-ino");
    fs::create_dir_all(lower.path().join("d/e")).unwrap();
    fs::write(lower.path().join("d/e/f"), b"x").unwrap();
    let overlay = over(&[&lower]);
    let ids = |path: &str| at(&overlay, path).unwrap().metadata().map(|m| (m.dev, m.ino)).unwrap();
    let before = ["d", "d/e", "d/e/f"].map(ids);
    write(&at(&overlay, "d/e/f").unwrap(), 1, b"y").unwrap();
    assert_eq!(["d", "d/e", "d/e/f"].map(ids), before);
    let d = at(&overlay, "d").unwrap();
    d.rename(b"e", &overlay.root(), b"g", 0).unwrap();
    assert_eq!([ids("g"), ids("g/f")], [before[1], before[2]]);
    let new = overlay.root().create(b"new", REG | 0o644, 0, OWNER).unwrap().metadata().unwrap();
    assert!(!before.contains(&(new.dev, new.ino)) && new.dev == before[0].0);
}

#[test]
fn readers_see_what_is_written_after_copy_up() {
    let lower = TempTree::new("ov-read");
    fs::write(lower.path().join("f"), b"old").unwrap();
    let overlay = over(&[&lower]);
    let f = at(&overlay, "f").unwrap();
    let reader = f.clone().open(OpenFlags::empty()).unwrap();
    assert!(matches!(reader.map().unwrap(), crate::MapSource::Host(_)));
    let mut buf = [0; 3];
    reader.read_at(0, &mut IovIter::kernel_mut(&mut buf)).unwrap();
    assert_eq!(&buf, b"old");
    write(&f, 0, b"new").unwrap();
    reader.read_at(0, &mut IovIter::kernel_mut(&mut buf)).unwrap();
    assert_eq!(&buf, b"new");
    assert!(matches!(reader.map().unwrap(), crate::MapSource::Pages(_)));
    assert_eq!(fs::read(lower.path().join("f")).unwrap(), b"old");
}

#[test]
fn a_removed_lower_file_can_still_be_changed() {
    let lower = TempTree::new("ov-gone");
    fs::write(lower.path().join("f"), b"data").unwrap();
    let overlay = over(&[&lower]);
    let f = at(&overlay, "f").unwrap();
    overlay.root().unlink(b"f").unwrap();
    assert_eq!(f.metadata().unwrap().nlink, 0);
    write(&f, 4, b"!").unwrap();
    assert_eq!(read_all(&f).unwrap(), b"data!");
    assert_eq!(f.metadata().unwrap().nlink, 0);
    assert_eq!(names(&overlay.root()), Vec::<String>::new());
    assert_eq!(changes(&overlay), [("/f".into(), ChangeKind::Removed)]);
}

#[test]
fn a_new_directory_over_a_whiteout_is_opaque() {
    let lower = TempTree::new("ov-opaque");
    fs::create_dir(lower.path().join("d")).unwrap();
    fs::write(lower.path().join("d/f"), b"x").unwrap();
    let overlay = over(&[&lower]);
    let d = at(&overlay, "d").unwrap();
    assert_eq!(overlay.root().rmdir(b"d").err(), Some(Errno::ENOTEMPTY));
    assert_eq!(changes(&overlay), []);
    d.unlink(b"f").unwrap();
    overlay.root().rmdir(b"d").unwrap();
    assert_eq!(d.create(b"x", REG | 0o644, 0, OWNER).err(), Some(Errno::ENOENT));
    let stale = d.clone().open(OpenFlags::DIRECTORY).unwrap();
    assert_eq!(stale.readdir(0, &mut |_| true).err(), Some(Errno::ENOENT));
    let again = overlay.root().create(b"d", DIR | 0o755, 0, OWNER).unwrap();
    assert_eq!(names(&again), Vec::<String>::new());
    assert_eq!(again.lookup(b"f").err(), Some(Errno::ENOENT));
    assert_eq!(changes(&overlay), [("/d".into(), ChangeKind::Added)]);
}

#[test]
fn renamed_lower_directories_stay_merged() {
    let lower = TempTree::new("ov-redirect");
    fs::create_dir_all(lower.path().join("d/sub/deep")).unwrap();
    fs::write(lower.path().join("d/sub/deep/f"), b"x").unwrap();
    let overlay = over(&[&lower]);
    overlay.root().rename(b"d", &overlay.root(), b"moved", 0).unwrap();
    assert_eq!(at(&overlay, "d").err(), Some(Errno::ENOENT));
    assert_eq!(read_all(&at(&overlay, "moved/sub/deep/f").unwrap()).unwrap(), b"x");
    write(&at(&overlay, "moved/sub/deep/f").unwrap(), 0, b"y").unwrap();
    let made = overlay.root().create(b"d", DIR | 0o755, 0, OWNER).unwrap();
    assert_eq!(names(&made), Vec::<String>::new());
    let expected = [
        ("/d", ChangeKind::Added),
        ("/moved", copied("/d")),
        ("/moved/sub", copied("/d/sub")),
        ("/moved/sub/deep", copied("/d/sub/deep")),
        ("/moved/sub/deep/f", copied("/d/sub/deep/f")),
    ];
    assert_eq!(changes(&overlay), expected.map(|(p, k)| (p.into(), k)));
}

#[test]
fn copies_are_faithful_and_sparse() {
    let lower = TempTree::new("ov-copy");
    let path = lower.path().join("f");
    let file = fs::File::create(&path).unwrap();
    file.set_len(64 << 20).unwrap();
    std::os::unix::fs::FileExt::write_at(&file, b"mark", 40 << 20).unwrap();
    let overlay = over(&[&lower]);
    let f = at(&overlay, "f").unwrap();
    let before = f.metadata().unwrap();
    let used = overlay.statfs().unwrap().bfree;
    f.set_attr(&SetAttr { mode: Some(0o4711), ..SetAttr::default() }).unwrap();
    let after = f.metadata().unwrap();
    assert_eq!((after.size, after.mtime, after.atime), (before.size, before.mtime, before.atime));
    assert_eq!(after.mode & 0o7777, 0o4711);
    assert!(used - overlay.statfs().unwrap().bfree < 256, "holes were filled");
    assert_eq!(read_all(&f).unwrap()[40 << 20..][..4], *b"mark");
}

#[test]
fn truncation_copies_only_what_stays() {
    let lower = TempTree::new("ov-trunc");
    fs::write(lower.path().join("f"), alloc::vec![1; 1 << 20]).unwrap();
    let overlay = over(&[&lower]);
    let f = at(&overlay, "f").unwrap();
    f.set_attr(&SetAttr { size: Some(10), ..SetAttr::default() }).unwrap();
    assert_eq!(read_all(&f).unwrap(), [1; 10]);
    f.set_attr(&SetAttr { size: Some(20), ..SetAttr::default() }).unwrap();
    assert_eq!(read_all(&f).unwrap()[8..12], [1, 1, 0, 0]);
}

#[test]
fn hard_links_are_one_file() {
    let lower = TempTree::new("ov-link");
    fs::write(lower.path().join("f"), b"x").unwrap();
    let overlay = over(&[&lower]);
    let (root, f) = (overlay.root(), at(&overlay, "f").unwrap());
    root.link(b"g", &f).unwrap();
    assert!(Arc::ptr_eq(&at(&overlay, "g").unwrap(), &f));
    drop(f);
    let (f, g) = (at(&overlay, "f").unwrap(), at(&overlay, "g").unwrap());
    assert!(Arc::ptr_eq(&f, &g));
    assert_eq!(f.metadata().unwrap().nlink, 2);
    root.unlink(b"f").unwrap();
    assert_eq!(g.metadata().unwrap().nlink, 1);
    root.rename(b"g", &root, b"f", 0).unwrap();
    assert_eq!(read_all(&at(&overlay, "f").unwrap()).unwrap(), b"x");
}

#[test]
fn several_lower_layers_merge() {
    let (top, bottom) = (TempTree::new("ov-top"), TempTree::new("ov-bottom"));
    for (tree, name) in [(&top, "t"), (&bottom, "b")] {
        fs::create_dir_all(tree.path().join("d")).unwrap();
        fs::write(tree.path().join("d").join(name), name).unwrap();
        fs::write(tree.path().join("both"), name).unwrap();
    }
    let overlay = over(&[&top, &bottom]);
    assert_eq!(names(&at(&overlay, "d").unwrap()), ["b", "t"]);
    assert_eq!(read_all(&at(&overlay, "both").unwrap()).unwrap(), b"t");
    at(&overlay, "d").unwrap().unlink(b"b").unwrap();
    assert_eq!(names(&at(&overlay, "d").unwrap()), ["t"]);
    overlay.root().unlink(b"both").unwrap();
    assert_eq!(at(&overlay, "both").err(), Some(Errno::ENOENT));
}

#[test]
fn whiteouts_cannot_be_made_by_the_guest() {
    let overlay = Overlay::new(Vec::new(), {
        host::testing::init();
        tmpfs()
    })
    .unwrap();
    let kind = FileType::CharDevice.mode();
    assert_eq!(overlay.root().create(b"w", kind | 0o600, 0, OWNER).err(), Some(Errno::EPERM));
    overlay.root().create(b"null", kind | 0o600, 0x103, OWNER).unwrap();
    assert_eq!(names(&overlay.root()), ["null"]);
    assert_eq!(overlay.root().rename(b"null", &overlay.root(), b"x", 4).err(), Some(Errno::EINVAL));
}

#[test]
fn deleting_while_reading_visits_everything() {
    let lower = TempTree::new("ov-rm");
    for i in 0..500 {
        fs::write(lower.path().join(std::format!("f{i}")), b"").unwrap();
    }
    let overlay = over(&[&lower]);
    let root = overlay.root();
    let open = root.clone().open(OpenFlags::DIRECTORY).unwrap();
    let (mut pos, mut removed) = (0, 0);
    loop {
        let mut batch = Vec::new();
        pos = open
            .readdir(pos, &mut |e| {
                batch.push(e.name.to_vec());
                batch.len() < 7
            })
            .unwrap();
        // The seventh was refused by the sink and comes again.
        if batch.len() == 7 {
            batch.pop();
        }
        if batch.is_empty() {
            break;
        }
        for name in batch.iter().filter(|n| n.len() > 2 || n[0] != b'.') {
            if *name != b".." && *name != b"." {
                root.unlink(name).unwrap();
                removed += 1;
            }
        }
    }
    assert_eq!((removed, names(&root).len()), (500, 0));
}

#[test]
fn many_threads_copy_up_once() {
    let lower = TempTree::new("ov-race");
    fs::create_dir_all(lower.path().join("a/b")).unwrap();
    fs::write(lower.path().join("a/b/f"), alloc::vec![b'x'; 300_000]).unwrap();
    for _ in 0..50 {
        let overlay = over(&[&lower]);
        std::thread::scope(|scope| {
            for t in 0..4u8 {
                let overlay = &overlay;
                scope.spawn(move || {
                    host::testing::init();
                    let f = at(overlay, "a/b/f").unwrap();
                    write(&f, u64::from(t), &[b'0' + t]).unwrap();
                    let dir = at(overlay, "a").unwrap();
                    dir.create(&[b'n', b'0' + t], REG | 0o600, 0, OWNER).unwrap();
                });
            }
        });
        assert_eq!(read_all(&at(&overlay, "a/b/f").unwrap()).unwrap()[..5], *b"0123x");
        assert_eq!(names(&at(&overlay, "a").unwrap()), ["b", "n0", "n1", "n2", "n3"]);
    }
}

#[test]
fn renames_race_without_deadlock() {
    let lower = TempTree::new("ov-deadlock");
    for dir in ["a/x", "b/y"] {
        fs::create_dir_all(lower.path().join(dir)).unwrap();
    }
    let overlay = over(&[&lower]);
    let (a, b) = (at(&overlay, "a").unwrap(), at(&overlay, "b").unwrap());
    std::thread::scope(|scope| {
        for t in 0..4 {
            let (a, b) = (&a, &b);
            scope.spawn(move || {
                host::testing::init();
                for _ in 0..300 {
                    let _ = match t {
                        0 => a.rename(b"x", b, b"x", 0),
                        1 => b.rename(b"x", a, b"x", 0),
                        2 => a.rename(b"x", b, b"y", 2),
                        _ => b.rmdir(b"y").and_then(|()| b.create(b"y", DIR | 0o755, 0, OWNER).map(drop)),
                    };
                }
            });
        }
    });
    assert_eq!(names(&a).len() + names(&b).len(), 2);
}
