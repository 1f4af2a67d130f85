//! tmpfs data against a model, holes, mappings, limits.

use super::*;
use crate::vfs::file::fallocate::*;
use crate::{FileOps, MapSource, OpenFlags, PageSource, SetAttr};
use alloc::vec::Vec;
use host::iov::IovIter;

const ROOT: Owner = Owner { uid: 0, gid: 0 };

fn instance(pages: u64) -> Arc<TmpFs> {
    host::testing::init();
    TmpFs::new(1, Limits { pages, inodes: 100 }, 0o755, ROOT).unwrap()
}

struct F {
    inode: InodeRef,
    ops: Arc<dyn FileOps>,
}

fn file(fs: &TmpFs, name: &str) -> F {
    let inode = fs.root().create(name.as_bytes(), 0o100644, 0, ROOT).unwrap();
    let ops = inode.clone().open(OpenFlags::RDWR).unwrap();
    F { inode, ops }
}

impl F {
    fn write(&self, off: usize, data: &[u8]) -> Result<usize> {
        self.ops.write_at(off as u64, &mut IovIter::kernel(data), false).map(|r| r.0)
    }

    fn read(&self, off: usize, len: usize) -> Vec<u8> {
        let mut buf = alloc::vec![0xaa; len];
        let n = self.ops.read_at(off as u64, &mut IovIter::kernel_mut(&mut buf)).unwrap();
        buf.truncate(n);
        buf
    }

    fn truncate(&self, size: usize) {
        self.inode.set_attr(&SetAttr { size: Some(size as u64), ..SetAttr::default() }).unwrap();
    }

    fn pages(&self) -> Arc<dyn PageSource> {
        match self.ops.map().unwrap() {
            MapSource::Pages(p) => p,
            _ => panic!(),
        }
    }

    fn blocks(&self) -> u64 {
        self.inode.metadata().unwrap().blocks
    }
}

struct Rng(u64);

impl Rng {
    fn below(&mut self, n: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % n as u64) as usize
    }
}

fn model_run(seed: u64, mapped: bool) {
    const MAX: usize = 600_000;
    let fs = instance(1 << 20);
    let f = file(&fs, "f");
    let pages = f.pages();
    let mut model: Vec<u8> = Vec::new();
    let mut rng = Rng(seed);
    for step in 0..1500 {
        let off = rng.below(MAX);
        let len = 1 + if rng.below(3) == 0 { rng.below(90_000) } else { rng.below(6000) };
        match rng.below(8) {
            0..=2 => {
                let data: Vec<u8> = (0..len).map(|i| (i + step) as u8 | 1).collect();
                assert_eq!(f.write(off, &data).unwrap(), len);
                model.resize(model.len().max(off + len), 0);
                model[off..off + len].copy_from_slice(&data);
            }
            3 => {
                let size = if rng.below(4) == 0 { 0 } else { off };
                f.truncate(size);
                model.resize(size, 0);
            }
            4 => {
                f.ops.allocate(PUNCH_HOLE | KEEP_SIZE, off as u64, len as u64).unwrap();
                let end = model.len();
                model[off.min(end)..(off + len).min(end)].fill(0);
            }
            5 => {
                f.ops.allocate(ZERO_RANGE, off as u64, len as u64).unwrap();
                model.resize(model.len().max(off + len), 0);
                model[off..off + len].fill(0);
            }
            6 if mapped => pages.mapped(if rng.below(2) == 0 { 1 } else { -1 }, false),
            6 => f.ops.allocate(KEEP_SIZE, off as u64, len as u64).unwrap(),
            _ => {
                let end = model.len();
                let want = &model[off.min(end)..(off + len).min(end)];
                assert_eq!(f.read(off, len), want, "seed {seed} step {step}");
            }
        }
        assert_eq!(f.inode.metadata().unwrap().size, model.len() as u64);
    }
    assert_eq!(f.read(0, MAX * 2), model);
    let free = fs.statfs().unwrap();
    drop((f, pages));
    fs.root().unlink(b"f").unwrap();
    assert!(fs.statfs().unwrap().bfree >= free.bfree);
    assert_eq!(fs.statfs().unwrap().bfree, 1 << 20);
}

#[test]
fn random_operations() {
    for seed in 1..6 {
        model_run(seed * 0x9e37_79b9, false);
        model_run(seed * 0x51_7cc1, true);
    }
}

#[test]
fn holes() {
    let fs = instance(1 << 20);
    let f = file(&fs, "f");
    f.write(10 * 4096, b"x").unwrap();
    assert_eq!(f.blocks(), 8);
    assert_eq!(f.ops.seek_data(0, false).unwrap(), 10 * 4096);
    assert_eq!(f.ops.seek_data(0, true).unwrap(), 0);
    assert_eq!(f.ops.seek_data(10 * 4096, true).unwrap(), 10 * 4096 + 1);
    f.truncate(20 * 4096);
    assert_eq!(f.ops.seek_data(10 * 4096, true).unwrap(), 11 * 4096);
    assert_eq!(f.ops.seek_data(11 * 4096, false), Err(Errno::ENXIO));
    assert_eq!(f.ops.allocate(COLLAPSE_RANGE, 0, 4096), Err(Errno::EOPNOTSUPP));
}

#[test]
fn growing_by_small_writes_makes_few_runs() {
    let fs = instance(1 << 20);
    let f = file(&fs, "f");
    for i in 0..2000 {
        f.write(i * 4096, &[1; 4096]).unwrap();
        assert_eq!(f.blocks(), (i as u64 + 1) * 8);
    }
    let pages = f.pages();
    let (mut page, mut runs) = (0, 0);
    while page < 2000 {
        page += pages.run(page, usize::MAX, false).unwrap().unwrap().1 as u64;
        runs += 1;
    }
    assert!(runs < 20, "{runs}");
    assert_eq!(pages.run(2000, 1, true), Err(Errno::ENXIO));
}

#[test]
fn mapped_pages_stay() {
    let fs = instance(1 << 20);
    let f = file(&fs, "f");
    f.write(0, &[7; 8192]).unwrap();
    let pages = f.pages();
    pages.mapped(1, false);
    let before = pages.run(1, 1, false).unwrap();
    f.truncate(100);
    assert_eq!(pages.run(1, 1, false), Err(Errno::ENXIO));
    f.truncate(8192);
    assert_eq!(pages.run(1, 1, false).unwrap(), before);
    assert_eq!(f.read(4096, 4096), [0; 4096]);
    f.truncate(100);
    pages.mapped(-1, false);
    f.truncate(8192);
    assert_eq!(pages.run(1, 1, false).unwrap(), None);
    let (_, n) = pages.run(1, 1, true).unwrap().unwrap();
    assert_eq!(n, 1);
}

#[test]
fn full() {
    let fs = instance(4);
    let f = file(&fs, "f");
    assert_eq!(f.write(0, &[1; 5 * 4096]).unwrap(), 4 * 4096);
    assert_eq!(f.write(4 * 4096, &[1]), Err(Errno::ENOSPC));
    assert_eq!(f.write(0, &[2; 4096]).unwrap(), 4096);
    assert_eq!(fs.statfs().unwrap().bfree, 0);
    f.truncate(0);
    assert_eq!(fs.statfs().unwrap().bfree, 4);
    for i in 0..98 {
        file(&fs, &alloc::format!("n{i}"));
    }
    assert_eq!(fs.root().create(b"last", 0o100644, 0, ROOT).err(), Some(Errno::ENOSPC));
}

#[test]
fn instances_do_not_mix() {
    let (a, b) = (instance(9), instance(9));
    let f = file(&a, "f");
    assert_eq!(b.root().link(b"g", &f.inode), Err(Errno::EXDEV));
    assert_eq!(a.root().rename(b"f", &b.root(), b"g", 0), Err(Errno::EXDEV));
}
