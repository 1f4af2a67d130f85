//! Mappings of files: what the descriptor allows, private copies, shared writes.

use super::*;

#[test]
fn access_is_checked_in_order() {
    let w = world();
    let file = File::host(2);
    let map = |open: MapFile, prot, flags, offset| {
        w.mm.mmap(&MapRequest { addr: 0, len: PAGE, prot, flags, offset }, Some(open), &NO).map(|_| ())
    };
    assert_eq!(map(file.open(false, true), PROT_READ, MAP_PRIVATE, 0), Err(Errno::EACCES));
    assert_eq!(map(file.open(true, false), RW, MAP_SHARED, 0), Err(Errno::EACCES));
    assert_eq!(map(file.open(true, false), RW, MAP_PRIVATE, 0), Ok(()));
    assert_eq!(map(file.open(true, true), RW, 0, 0), Err(Errno::EINVAL));
    assert_eq!(map(file.open(true, true), RW, MAP_PRIVATE, 5), Err(Errno::EINVAL));
    assert_eq!(map(file.open(true, true), RW, MAP_PRIVATE | MAP_HUGETLB, 0), Err(Errno::EINVAL));
    assert_eq!(map(file.open(true, true), RW, MAP_PRIVATE | MAP_GROWSDOWN, 0), Err(Errno::EINVAL));
    assert_eq!(map(file.open(true, true), RW, MAP_SHARED_VALIDATE | 0x8_0000, 0), Err(Errno::EOPNOTSUPP));
    assert_eq!(map(file.open(true, true), RW, MAP_SHARED | 0x8_0000, 0), Ok(()), "MAP_SYNC means nothing here");
    assert_eq!(map(file.open(true, true), RW, MAP_SHARED_VALIDATE, 0), Ok(()));
    assert_eq!(map(file.open(true, true), RW, MAP_PRIVATE, (i64::MAX as u64) & !0xfff), Err(Errno::EOVERFLOW));
    let noexec = || MapFile { noexec: true, ..file.open(true, true) };
    assert_eq!(map(noexec(), PROT_READ | PROT_EXEC, MAP_PRIVATE, 0), Err(Errno::EPERM));
    let nodev = || MapFile { source: Err(Errno::ENODEV), ..file.open(true, false) };
    assert_eq!(map(nodev(), PROT_READ, MAP_PRIVATE, 0), Err(Errno::ENODEV));
    assert_eq!(map(nodev(), RW, MAP_SHARED, 0), Err(Errno::EACCES));
}

#[test]
fn mprotect_remembers_the_descriptor() {
    let w = world();
    let file = File::host(2);
    let req = MapRequest { addr: AREA, len: 2 * PAGE, prot: PROT_READ, flags: MAP_SHARED, offset: 0 };
    let a = w.mm.mmap(&req, Some(file.open(true, false)), &NO).expect("map");
    assert_eq!(w.mm.mprotect(a, PAGE, RW, &NO), Err(Errno::EACCES));
    let noexec = MapFile { noexec: true, ..file.open(true, true) };
    let b = w.mm.mmap(&MapRequest { addr: 0, ..req }, Some(noexec), &NO).expect("map");
    assert_eq!(w.mm.mprotect(b, PAGE, PROT_EXEC, &NO), Err(Errno::EACCES));
    assert_eq!(w.mm.mprotect(b, PAGE, RW, &NO), Ok(()));
}

#[test]
fn private_copies_and_shared_writes() {
    let w = world();
    for file in [File::host(4), File::arena(4)] {
        file.put(1, 10);
        let shared = w.map_file(0, 4, RW, MAP_SHARED, &file, 0).expect("map");
        let private = w.map_file(0, 4, RW, MAP_PRIVATE, &file, 0).expect("map");
        assert_eq!((w.peek(shared + PAGE), w.peek(private + PAGE)), (Ok(10), Ok(10)));
        w.poke(shared + PAGE, 20).expect("poke");
        assert_eq!((file.get(1), w.peek(private + PAGE)), (20, Ok(20)));
        w.poke(private + PAGE, 30).expect("poke");
        assert_eq!((file.get(1), w.peek(shared + PAGE)), (20, Ok(20)));
        // A hole of the file, seen privately, stays coherent until it is written to.
        assert_eq!(w.peek(private + 3 * PAGE), Ok(0));
        file.put(3, 40);
        assert_eq!((w.peek(private + 3 * PAGE), w.peek(shared + 3 * PAGE)), (Ok(40), Ok(40)));
        w.mm.madvise(private, 4 * PAGE, 4).expect("DONTNEED");
        assert_eq!(w.peek(private + PAGE), Ok(20), "the file again");
        w.mm.madvise(shared, 4 * PAGE, 9).expect("REMOVE");
        assert_eq!((file.get(1), w.peek(shared + PAGE)), (0, Ok(0)));
        w.mm.msync(shared, 4 * PAGE, 4).expect("msync");
        w.mm.munmap(shared, 4 * PAGE).expect("munmap");
        w.mm.munmap(private, 4 * PAGE).expect("munmap");
        assert_eq!(file.mapped(), 0);
    }
}

#[test]
fn beyond_the_end_is_sigbus() {
    let w = world();
    for file in [File::host(2), File::arena(2)] {
        let a = w.map_file(0, 4, RW, MAP_SHARED, &file, 0).expect("map");
        assert_eq!(w.poke(a + PAGE, 1), Ok(()));
        assert_eq!(w.poke(a + 2 * PAGE, 1), Err(FaultOutcome::Sigbus));
        assert_eq!(w.peek(a + 3 * PAGE), Err(FaultOutcome::Sigbus));
    }
}

#[test]
fn dev_zero_is_anonymous() {
    let w = world();
    let zero = || MapFile { source: Ok(MapSource::Anonymous), ..File::host(1).open(true, true) };
    let map = |flags| {
        w.mm.mmap(&MapRequest { addr: 0, len: 2 * PAGE, prot: RW, flags, offset: 0 }, Some(zero()), &NO).expect("map")
    };
    let (private, shared) = (map(MAP_PRIVATE), map(MAP_SHARED));
    w.poke(private, 1).expect("poke");
    w.poke(shared, 2).expect("poke");
    assert_eq!((w.peek(private), w.peek(shared), w.peek(shared + PAGE)), (Ok(1), Ok(2), Ok(0)));
    assert!(w.mm.map_at(private).is_some_and(|m| m.file.is_some()));
}
