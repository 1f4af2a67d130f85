//! `mremap`.

use super::*;

const MAYMOVE: u32 = 1;
const FIXED: u32 = 3;
const DONTUNMAP: u32 = 5;

#[test]
fn arguments() {
    let w = world();
    let a = w.map(AREA, 4, RW, ANON | MAP_FIXED).expect("map");
    let remap = |old, old_len, new_len, flags, new| w.mm.mremap(old, old_len, new_len, flags, new, &NO);
    assert_eq!(remap(a, PAGE, PAGE, 8, 0), Err(Errno::EINVAL));
    assert_eq!(remap(a, PAGE, PAGE, 2, 0), Err(Errno::EINVAL));
    assert_eq!(remap(a, PAGE, PAGE, 4, 0), Err(Errno::EINVAL));
    assert_eq!(remap(a, PAGE, 2 * PAGE, DONTUNMAP, 0), Err(Errno::EINVAL));
    assert_eq!(remap(a + 1, PAGE, PAGE, MAYMOVE, 0), Err(Errno::EINVAL));
    assert_eq!(remap(a, PAGE, 0, MAYMOVE, 0), Err(Errno::EINVAL));
    assert_eq!(remap(a + 9 * PAGE, PAGE, PAGE, MAYMOVE, 0), Err(Errno::EFAULT));
    assert_eq!(remap(a, 5 * PAGE, 6 * PAGE, MAYMOVE, 0), Err(Errno::EFAULT));
    assert_eq!(remap(a, 0, PAGE, MAYMOVE, 0), Err(Errno::EINVAL));
    assert_eq!(remap(a, PAGE, PAGE, FIXED, a), Err(Errno::EINVAL));
    assert_eq!(remap(a, PAGE, PAGE, FIXED, a + 9 * PAGE + 1), Err(Errno::EINVAL));
    assert_eq!(remap(a, PAGE, PAGE, FIXED, 0), Err(Errno::EPERM));
    assert_eq!(remap(a, PAGE, PAGE, FIXED, usize::MAX & !0xfff), Err(Errno::EINVAL));
    assert_eq!(remap(a, PAGE, 2 * PAGE, 0, 0), Err(Errno::ENOMEM), "not at the end of its mapping");
    assert_eq!(w.lines(), [(a, a + 4 * PAGE, RW)]);
}

#[test]
fn shrink_grow_and_move() {
    let w = world();
    let a = w.map(AREA, 4, RW, ANON | MAP_FIXED).expect("map");
    w.poke(a, 1).expect("poke");
    w.poke(a + PAGE, 2).expect("poke");
    assert_eq!(w.mm.mremap(a, 4 * PAGE, 2 * PAGE, 0, 0, &NO), Ok(a));
    assert_eq!(w.mm.mremap(a, 2 * PAGE, 3 * PAGE, 0, 0, &NO), Ok(a));
    assert_eq!(w.lines(), [(a, a + 3 * PAGE, RW)]);
    w.poke(a + 2 * PAGE, 3).expect("poke");
    w.map(a + 3 * PAGE, 1, PROT_READ, ANON | MAP_FIXED).expect("in the way");
    assert_eq!(w.mm.mremap(a, 3 * PAGE, 5 * PAGE, 0, 0, &NO), Err(Errno::ENOMEM));
    let b = w.mm.mremap(a, 3 * PAGE, 5 * PAGE, MAYMOVE, 0, &NO).expect("moves");
    assert_ne!(a, b);
    let bytes: std::vec::Vec<_> = (0..5).map(|i| w.peek(b + i * PAGE)).collect();
    assert_eq!(bytes, [Ok(1), Ok(2), Ok(3), Ok(0), Ok(0)]);
    assert_eq!(w.peek(a), Err(FaultOutcome::SegvMaperr));
    // The middle to a fixed place, over something.
    w.map(AREA, 2, RW, ANON | MAP_FIXED).expect("map");
    assert_eq!(w.mm.mremap(b + PAGE, PAGE, 2 * PAGE, FIXED, AREA, &NO), Ok(AREA));
    assert_eq!((w.peek(AREA), w.peek(AREA + PAGE)), (Ok(2), Ok(0)));
    assert_eq!(w.peek(b + PAGE), Err(FaultOutcome::SegvMaperr));
    assert_eq!((w.peek(b), w.peek(b + 2 * PAGE)), (Ok(1), Ok(3)));
}

#[test]
fn what_is_one_for_the_guest_may_be_many_for_the_host() {
    let w = world();
    let a = w.map(AREA, 6, RW, ANON | MAP_FIXED).expect("map");
    // Pages written apart and protected apart get different anon_vmas on the host, which then does not merge them.
    for i in 0..6 {
        w.mm.mprotect(a + i * PAGE, PAGE, PROT_READ, &NO).expect("mprotect");
        w.mm.mprotect(a + i * PAGE, PAGE, RW, &NO).expect("mprotect");
        w.poke(a + i * PAGE, i as u8 + 1).expect("poke");
    }
    let b = w.mm.mremap(a, 6 * PAGE, 9 * PAGE, FIXED, AREA + 64 * PAGE, &NO).expect("mremap");
    for i in 0..9 {
        assert_eq!(w.peek(b + i * PAGE), Ok(if i < 6 { i as u8 + 1 } else { 0 }));
    }
}

#[test]
fn files_grow_with_their_contents() {
    let w = world();
    for (n, file) in [File::host(8), File::arena(8)].into_iter().enumerate() {
        for page in [0, 1, 2, 5, 7] {
            file.put(page, page as u8 + 1);
        }
        for flags in [MAP_SHARED, MAP_PRIVATE] {
            let at = AREA + n * 64 * PAGE;
            let a = w.map_file(at, 2, RW, flags | MAP_FIXED, &file, 1).expect("map");
            w.poke(a, 2).expect("poke");
            assert_eq!(w.mm.mremap(a, 2 * PAGE, 4 * PAGE, 0, 0, &NO), Ok(a));
            w.map(a + 4 * PAGE, 1, 0, ANON | MAP_FIXED).expect("in the way");
            let b = w.mm.mremap(a, 4 * PAGE, 8 * PAGE, MAYMOVE, 0, &NO).expect("moves");
            let bytes: std::vec::Vec<_> = (0..8).map(|i| w.peek(b + i * PAGE)).collect();
            assert_eq!(bytes, [Ok(2), Ok(3), Ok(0), Ok(0), Ok(6), Ok(0), Ok(8), Err(FaultOutcome::Sigbus)]);
            w.mm.munmap(b, 8 * PAGE).expect("munmap");
            assert_eq!(file.mapped(), 0);
        }
    }
}

#[test]
fn an_old_length_of_zero_shares() {
    let w = world();
    let anon = w.map(0, 2, RW, MAP_SHARED | MAP_ANONYMOUS).expect("map");
    let file = File::arena(2);
    let mapped = w.map_file(0, 2, RW, MAP_SHARED, &file, 0).expect("map");
    for a in [anon, mapped] {
        let b = w.mm.mremap(a, 0, 2 * PAGE, MAYMOVE, 0, &NO).expect("mremap");
        w.poke(a + PAGE, 5).expect("poke");
        assert_eq!(w.peek(b + PAGE), Ok(5));
    }
    assert_eq!(w.mm.mremap(anon, 0, PAGE, 0, 0, &NO), Err(Errno::ENOMEM));
}

#[test]
fn dontunmap_leaves_an_empty_mapping() {
    let w = world();
    let a = w.map(AREA, 2, RW, ANON | MAP_FIXED).expect("map");
    w.poke(a, 4).expect("poke");
    let b = w.mm.mremap(a, 2 * PAGE, 2 * PAGE, DONTUNMAP, 0, &NO).expect("mremap");
    assert_eq!((w.peek(a), w.peek(b)), (Ok(0), Ok(4)));
    assert_eq!(w.mm.counts().total, 4 * PAGE);
}

#[test]
fn shared_memory_does_not_grow() {
    let w = world();
    let a = w.map(AREA, 1, RW, MAP_SHARED | MAP_ANONYMOUS | MAP_FIXED).expect("map");
    assert_eq!(w.mm.mremap(a, PAGE, 2 * PAGE, 0, 0, &NO), Ok(a));
    assert_eq!(w.poke(a + PAGE, 1), Err(FaultOutcome::Sigbus), "the object has one page");
    assert_eq!(w.mm.map_count(), 1);
}
