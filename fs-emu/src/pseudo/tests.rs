//! A small `/proc` of our own.

use super::*;
use crate::vfs::{At, Ctx, MountFlags, MountTable, OpenHow, Opened, Path, Resolve, ops};
use crate::{Cred, InodeRef, OpenFlags};
use alloc::string::ToString;
use alloc::vec::Vec;
use core::sync::atomic::{AtomicU64, Ordering::*};
use host::iov::IovIter;
use host::lock::{Mutex, rank};

/// Numbers, each a file; a source may take locks that stand far out in the order.
struct Numbers {
    list: Arc<Mutex<Vec<u64>, { rank::TASKLIST }>>,
    target: Path,
}

struct Jump(Path);

impl LinkSource for Jump {
    fn attr(&self) -> Result<Attr> {
        Ok(Attr::new(7, 2, 0o777))
    }
    fn readlink(&self) -> Result<Vec<u8>> {
        Ok(b"pipe:[1]".to_vec())
    }
    fn jump(&self) -> Option<Result<Path>> {
        Some(Ok(self.0.clone()))
    }
}

impl DirSource for Numbers {
    fn attr(&self) -> Result<Attr> {
        Ok(Attr::new(7, 1, 0o555))
    }
    fn lookup(&self, name: &[u8]) -> Result<InodeRef> {
        if name == b"jump" {
            return Ok(PseudoLink::build(Jump(self.target.clone())));
        }
        let n: u64 = core::str::from_utf8(name).ok().and_then(|s| s.parse().ok()).ok_or(Errno::ENOENT)?;
        if !self.list.lock().contains(&n) {
            return Err(Errno::ENOENT);
        }
        let count = AtomicU64::new(0);
        let make = move || Ok(alloc::format!("{n} read {}\n", count.fetch_add(1, SeqCst)).into_bytes());
        Ok(TextFile::build(Attr::new(7, 100 + n, 0o444), make))
    }
    fn list(&self) -> Result<Vec<Entry>> {
        let entry =
            |n: &u64| Entry { key: *n, name: n.to_string().into_bytes(), kind: FileType::Regular, ino: 100 + n };
        Ok(self.list.lock().iter().map(entry).collect())
    }
}

#[test]
fn a_small_proc() {
    host::testing::init();
    let fs = crate::tmpfs::TmpFs::new(1, Default::default(), 0o755, Owner { uid: 0, gid: 0 }).unwrap();
    let table = MountTable::new(fs, MountFlags::empty(), b"x");
    let root = table.root();
    let cred = Cred::new(0, 0, Arc::from([]));
    let ctx = Ctx { root: &root, cred: &cred, umask: 0 };
    let at = |p: &'static str| At::new(&root, p.as_bytes());
    let proc = ops::mkdir(&ctx, at("proc"), 0o755).unwrap();
    let hidden = ops::mkdir(&ctx, at("hidden"), 0o755).unwrap();
    let list = Arc::new(Mutex::new(alloc::vec![1, 5, 9]));
    let top = PseudoDir::build(Numbers { list: list.clone(), target: hidden.clone() });
    table.mount(proc, PseudoFs::new("proc", 0x9fa0, top), MountFlags::empty(), b"proc").unwrap();

    assert!(ctx.find(at("proc/jump"), Resolve::empty()).unwrap().same(&hidden));
    assert!(ctx.find(at("proc/jump/.."), Resolve::empty()).unwrap().same(&root));
    assert_eq!(ctx.find(at("proc/jump"), Resolve::NO_MAGICLINKS).err(), Some(Errno::ELOOP));
    assert_eq!(ctx.find(at("proc/jump"), Resolve::BENEATH).err(), Some(Errno::EXDEV));

    let one = ctx.find(at("proc/1"), Resolve::empty()).unwrap();
    assert!(one.same(&ctx.find(at("proc/1"), Resolve::empty()).unwrap()));
    list.lock().retain(|n| *n != 1);
    assert_eq!(ctx.find(at("proc/1"), Resolve::empty()).err(), Some(Errno::ENOENT));
    assert_eq!(crate::vfs::path_string(&one, &root), b"/proc/1 (deleted)");

    let how = OpenHow::legacy(OpenFlags::empty().bits(), 0).unwrap();
    let Ok(Opened::File(f)) = ops::open(&ctx, at("proc/5"), &how) else { panic!() };
    let mut buf = [0; 4];
    let mut text = Vec::new();
    loop {
        let n = f.read(&mut IovIter::kernel_mut(&mut buf)).unwrap();
        if n == 0 {
            break;
        }
        text.extend_from_slice(&buf[..n]);
    }
    assert_eq!(text, b"5 read 0\n");
    assert_eq!(ops::mkdir(&ctx, at("proc/x"), 0).err(), Some(Errno::ENOENT));
    assert_eq!(ops::unlink(&ctx, at("proc/5")), Err(Errno::EPERM));
    assert_eq!(ops::rename(&ctx, at("proc/5"), at("proc/6"), 0), Err(Errno::EPERM));

    let Ok(Opened::File(d)) = ops::open(&ctx, at("proc"), &how) else { panic!() };
    let mut names = Vec::new();
    d.readdir(&mut |e| {
        if names.len() == 3 {
            return false;
        }
        names.push((e.name.to_vec(), e.next));
        true
    })
    .unwrap();
    list.lock().insert(0, 2);
    d.readdir(&mut |e| {
        names.push((e.name.to_vec(), e.next));
        true
    })
    .unwrap();
    let shown: Vec<&[u8]> = names.iter().map(|(n, _)| &n[..]).collect();
    assert_eq!(shown, [&b"."[..], b"..", b"5", b"9"]);
}
