//! Arguments and errors of the calls, in Linux's order.

use super::*;
use host::layout::{ARENA_BASE, ARENA_END, GUEST_END, RUNTIME_IMAGE};

fn err<T: core::fmt::Debug>(r: Result<T>) -> Errno {
    r.expect_err("should fail")
}

#[test]
fn mmap_checks_arguments() {
    let w = world();
    let map =
        |addr, len, flags, offset| w.mm.mmap(&MapRequest { addr, len, prot: RW, flags, offset }, None, &NO).map(|_| ());
    assert_eq!(err(map(0, 0, ANON, 0)), Errno::EINVAL);
    assert_eq!(err(map(0, PAGE, ANON, 1)), Errno::EINVAL);
    assert_eq!(err(map(0, PAGE, MAP_ANONYMOUS, 0)), Errno::EINVAL);
    assert_eq!(err(map(0, PAGE, MAP_ANONYMOUS | MAP_SHARED_VALIDATE, 0)), Errno::EINVAL);
    assert_eq!(err(map(0, usize::MAX, ANON, 0)), Errno::ENOMEM);
    assert_eq!(err(map(0, 1 << 47, ANON, 0)), Errno::ENOMEM);
    assert_eq!(err(map(AREA + 1, PAGE, ANON | MAP_FIXED, 0)), Errno::EINVAL);
    assert_eq!(err(map(0, PAGE, ANON | MAP_FIXED, 0)), Errno::EPERM);
    assert_eq!(err(map(0xf000, PAGE, ANON | MAP_FIXED, 0)), Errno::EPERM);
    assert_eq!(err(map(!0xfff, PAGE, ANON | MAP_FIXED, 0)), Errno::ENOMEM);
    assert_eq!(err(map(0, PAGE, ANON | MAP_HUGETLB, 0)), Errno::ENOMEM);
    assert_eq!(err(map(0, PAGE, MAP_SHARED | MAP_ANONYMOUS | MAP_GROWSDOWN, 0)), Errno::EINVAL);
    // The type of mapping is looked at after the address.
    assert_eq!(err(map(1, PAGE, MAP_ANONYMOUS | MAP_FIXED, 0)), Errno::EINVAL);
    assert_eq!(err(map(0, PAGE, MAP_ANONYMOUS | MAP_FIXED, 0)), Errno::EPERM);
    assert!(w.lines().is_empty());
}

#[test]
fn the_runtime_is_out_of_reach() {
    let w = world();
    for addr in [GUEST_END, ARENA_BASE, RUNTIME_IMAGE.start, ARENA_END] {
        assert_eq!(err(w.map(addr, 1, RW, ANON | MAP_FIXED)), Errno::ENOMEM);
        assert_eq!(err(w.map(addr, 1, RW, ANON | MAP_FIXED_NOREPLACE)), Errno::EEXIST);
        let hinted = w.map(addr, 1, RW, ANON).expect("hint");
        assert!(is_guest(hinted, PAGE));
        assert_eq!(w.mm.munmap(addr, PAGE), Ok(()));
        assert_eq!(err(w.mm.mprotect(addr, PAGE, 0, &NO)), Errno::ENOMEM);
        assert_eq!(err(w.mm.madvise(addr, PAGE, 4)), Errno::ENOMEM);
        assert_eq!(err(w.mm.mremap(addr, PAGE, 2 * PAGE, 1, 0, &NO)), Errno::EFAULT);
        assert_eq!(err(w.mm.msync(addr, PAGE, 4)), Errno::ENOMEM);
        assert_eq!(err(w.mm.mincore(addr, PAGE, hinted)), Errno::ENOMEM);
        assert_eq!(err(w.mm.mincore(hinted, PAGE, addr)), Errno::EFAULT);
        assert_eq!(err(w.mm.mremap(hinted, PAGE, PAGE, 3, addr, &NO)), Errno::ENOMEM);
        assert_eq!(w.mm.handle_fault(addr, Access::Write, &NO), FaultOutcome::SegvMaperr);
    }
    // From below the runtime's memory to above the arena: only the guest's own goes.
    w.map(GUEST_END - PAGE, 1, RW, ANON | MAP_FIXED).expect("map");
    let span = ARENA_END + PAGE - (GUEST_END - PAGE);
    assert_eq!(err(w.mm.mprotect(GUEST_END - PAGE, span, 1, &NO)), Errno::ENOMEM);
    assert_eq!(err(w.mm.madvise(GUEST_END - PAGE, span, 4)), Errno::ENOMEM);
    w.mm.munmap(GUEST_END - PAGE, span).expect("munmap");
    w.mm.munmap(0, host::layout::TASK_SIZE).expect("munmap everything");
    assert!(w.lines().is_empty());
    assert_eq!(host_perms(&host_maps(), GUEST_END - PAGE), None);
    assert_eq!(host_perms(&host_maps(), ARENA_BASE), Some("rw-s"));
}

#[test]
fn addresses_are_found_top_down() {
    let w = world();
    let a = w.map(0, 2, RW, ANON).expect("a");
    let b = w.map(0, 1, PROT_READ, ANON).expect("b");
    assert_eq!((a, b), (BASE - 2 * PAGE, BASE - 3 * PAGE));
    w.mm.munmap(a, PAGE).expect("munmap");
    assert_eq!(w.map(0, 2, 0, ANON).expect("too big for the hole"), BASE - 5 * PAGE);
    assert_eq!(w.map(0, 1, 0, ANON).expect("fits"), a);
    // A hint is taken when it is free, rounded, raised to the minimum, and ignored otherwise.
    assert_eq!(w.map(AREA + 5, 1, RW, ANON), Ok(AREA));
    assert_ne!(w.map(AREA, 1, RW, ANON), Ok(AREA));
    assert_eq!(w.map(4096, 1, RW, ANON), Ok(host::layout::GUEST_MIN));
    assert_eq!(err(w.map(AREA, 1, RW, ANON | MAP_FIXED_NOREPLACE)), Errno::EEXIST);
    assert_eq!(w.map(AREA + PAGE, 1, RW, ANON | MAP_FIXED_NOREPLACE), Ok(AREA + PAGE));
    let low = w.map(0, 1, RW, ANON | MAP_32BIT).expect("low");
    assert!((0x4000_0000..0x8000_0000).contains(&low));
    assert_eq!(err(w.map(0, 1 << 18, RW, ANON | MAP_32BIT)), Errno::ENOMEM, "there is one gibibyte, less a page");
    let huge = w.map(0, 1024, RW, ANON).expect("huge");
    assert_eq!(huge % (2 << 20), 0);
}

#[test]
fn the_search_hint_never_hides_room() {
    let w = world();
    let all: std::vec::Vec<usize> = (0..100).map(|i| w.map(0, 1, i % 2, ANON | MAP_NORESERVE).expect("map")).collect();
    assert_eq!(all[99], BASE - 100 * PAGE);
    w.mm.munmap(all[10], PAGE).expect("munmap");
    w.mm.munmap(all[50], PAGE).expect("munmap");
    assert_eq!(w.map(0, 1, RW, ANON), Ok(all[10]));
    assert_eq!(w.map(0, 3, RW, ANON), Ok(BASE - 103 * PAGE));
    assert_eq!(w.map(0, 1, RW, ANON), Ok(all[50]));
    w.mm.mremap(all[20], PAGE, PAGE, 3, AREA, &NO).expect("mremap");
    assert_eq!(w.map(0, 1, RW, ANON), Ok(all[20]));
}

#[test]
fn neighbours_merge_and_split() {
    let w = world();
    w.map(AREA, 4, RW, ANON | MAP_FIXED).expect("map");
    w.map(AREA + 4 * PAGE, 4, RW, ANON | MAP_FIXED).expect("map");
    assert_eq!(w.lines(), [(AREA, AREA + 8 * PAGE, RW)]);
    w.mm.mprotect(AREA + 2 * PAGE, PAGE, PROT_READ, &NO).expect("mprotect");
    let at = |n: usize| AREA + n * PAGE;
    assert_eq!(w.lines(), [(at(0), at(2), RW), (at(2), at(3), PROT_READ), (at(3), at(8), RW)]);
    w.mm.mprotect(at(1), 3 * PAGE, RW, &NO).expect("mprotect");
    assert_eq!(w.lines(), [(at(0), at(8), RW)]);
    w.mm.munmap(at(3), PAGE).expect("munmap");
    assert_eq!(w.lines(), [(at(0), at(3), RW), (at(4), at(8), RW)]);
    assert_eq!(w.mm.counts().total, 7 * PAGE);
    // Two shared mappings are two objects.
    w.map(at(20), 1, RW, MAP_SHARED | MAP_ANONYMOUS | MAP_FIXED).expect("map");
    w.map(at(21), 1, RW, MAP_SHARED | MAP_ANONYMOUS | MAP_FIXED).expect("map");
    assert_eq!(w.mm.map_count(), 4);
}

#[test]
fn munmap_mprotect_and_madvise_check_arguments() {
    let w = world();
    let a = w.map(AREA, 3, RW, ANON | MAP_FIXED).expect("map");
    assert_eq!(err(w.mm.munmap(a + 1, PAGE)), Errno::EINVAL);
    assert_eq!(err(w.mm.munmap(a, 0)), Errno::EINVAL);
    assert_eq!(err(w.mm.munmap(a, usize::MAX)), Errno::EINVAL);
    assert_eq!(w.mm.munmap(a + 100 * PAGE, PAGE), Ok(()));

    let protect = |addr, len, prot| w.mm.mprotect(addr, len, prot, &NO);
    assert_eq!(err(protect(a + 1, PAGE, 1)), Errno::EINVAL);
    assert_eq!(err(protect(a, PAGE, 0x10)), Errno::EINVAL);
    assert_eq!(protect(a, 0, 0x10), Ok(()));
    assert_eq!(err(protect(a, usize::MAX, 1)), Errno::ENOMEM);
    assert_eq!(err(protect(a, PAGE, 0x0100_0001)), Errno::EINVAL);
    assert_eq!(err(protect(a, PAGE, 0x0200_0001)), Errno::EINVAL);
    assert_eq!(err(protect(a, 4 * PAGE, PROT_READ)), Errno::ENOMEM);
    assert_eq!(w.lines(), [(a, a + 3 * PAGE, PROT_READ)], "what comes before the hole has changed");
    assert_eq!(w.poke(a, 1), Err(FaultOutcome::SegvAccerr));

    assert_eq!(err(w.mm.madvise(a + 1, PAGE, 4)), Errno::EINVAL);
    assert_eq!(err(w.mm.madvise(a, PAGE, 7)), Errno::EINVAL);
    assert_eq!(err(w.mm.madvise(a, PAGE, 100)), Errno::EPERM);
    assert_eq!(err(w.mm.madvise(a, usize::MAX, 4)), Errno::EINVAL);
    assert_eq!(w.mm.madvise(a, 0, 4), Ok(()));
    assert_eq!(err(w.mm.madvise(a, 4 * PAGE, 4)), Errno::ENOMEM);
    assert_eq!(err(w.mm.madvise(a, PAGE, 9)), Errno::EINVAL, "nothing behind it to punch a hole into");

    assert_eq!(err(w.mm.msync(a, PAGE, 8)), Errno::EINVAL);
    assert_eq!(err(w.mm.msync(a, PAGE, 5)), Errno::EINVAL);
    assert_eq!(w.mm.msync(a, 3 * PAGE, 4), Ok(()));
    assert_eq!(err(w.mm.msync(a, 4 * PAGE, 4)), Errno::ENOMEM);
}

#[test]
fn dontneed_clears_private_memory_and_keeps_shared() {
    let w = world();
    let private = w.map(0, 1, RW, ANON).expect("map");
    let shared = w.map(0, 1, RW, ANON & !MAP_PRIVATE | MAP_SHARED).expect("map");
    w.poke(private, 1).expect("poke");
    w.poke(shared, 2).expect("poke");
    w.mm.madvise(private, PAGE, 4).expect("madvise");
    w.mm.madvise(shared, PAGE, 4).expect("madvise");
    assert_eq!((w.peek(private), w.peek(shared)), (Ok(0), Ok(2)));
    w.mm.madvise(shared, PAGE, 9).expect("MADV_REMOVE");
    assert_eq!(w.peek(shared), Ok(0));
}

#[test]
fn mincore_tells_what_is_there() {
    let w = world();
    let a = w.map(AREA, 4, RW, ANON | MAP_FIXED).expect("map");
    let out = w.map(0, 1, RW, ANON).expect("map");
    w.poke(a + PAGE, 1).expect("poke");
    w.poke(out, 9).expect("poke");
    w.mm.mincore(a, 4 * PAGE, out).expect("mincore");
    let bytes: std::vec::Vec<u8> = (0..4).map(|i| w.peek(out + i).expect("peek") & 1).collect();
    assert_eq!(bytes, [0, 1, 0, 0]);
    assert_eq!(err(w.mm.mincore(a, 5 * PAGE, out)), Errno::ENOMEM);
    assert_eq!(err(w.mm.mincore(a + 1, PAGE, out)), Errno::EINVAL);
    assert_eq!(w.mm.mincore(a, 0, out), Ok(()));
}

#[test]
fn limits_hold() {
    let w = world();
    let tight = Limits { address_space: 8 * PAGE as u64, ..NO };
    let map = |pages: usize, prot, limits: &Limits| {
        w.mm.mmap(&MapRequest { addr: 0, len: pages * PAGE, prot, flags: ANON, offset: 0 }, None, limits)
    };
    map(6, RW, &tight).expect("map");
    assert_eq!(err(map(3, RW, &tight)), Errno::ENOMEM);
    let a = map(2, PROT_READ, &tight).expect("map");
    let over = MapRequest { addr: a, len: 2 * PAGE, prot: 0, flags: ANON | MAP_FIXED, offset: 0 };
    assert_eq!(w.mm.mmap(&over, None, &tight), Ok(a), "what is replaced does not count");
    let data = Limits { data: 7 * PAGE as u64, ..NO };
    assert_eq!(err(map(2, RW, &data)), Errno::ENOMEM);
    assert_eq!(err(w.mm.mprotect(a, 2 * PAGE, RW, &data)), Errno::ENOMEM);
    assert!(w.mm.mprotect(a, PAGE, RW, &data).is_ok());
    assert!(map(2, PROT_READ, &data).is_ok());
}

#[test]
fn locking_is_counted() {
    let w = world();
    let a = w.map(AREA, 4, RW, ANON | MAP_FIXED).expect("map");
    let lim = |pages: usize| Limits { memlock: (pages * PAGE) as u64, ..NO };
    assert_eq!(err(w.mm.mlock(a, PAGE, 2, &NO)), Errno::EINVAL);
    assert_eq!(err(w.mm.mlock(a, PAGE, 0, &lim(0))), Errno::EPERM);
    assert_eq!(err(w.mm.mlock(a, 3 * PAGE, 0, &lim(2))), Errno::ENOMEM);
    w.mm.mlock(a + 1, 2 * PAGE - 1, 0, &lim(2)).expect("mlock");
    assert_eq!(w.mm.counts().locked, 2 * PAGE);
    w.mm.mlock(a, 2 * PAGE, 0, &lim(2)).expect("again");
    assert_eq!(err(w.mm.mlock(a, 5 * PAGE, 0, &NO)), Errno::ENOMEM);
    assert_eq!(err(w.mm.madvise(a, PAGE, 4)), Errno::EINVAL);
    w.mm.munlock(a, 4 * PAGE).expect("munlock");
    assert_eq!((w.mm.counts().locked, w.mm.map_count()), (0, 1));
    assert_eq!(err(w.mm.mlockall(0, &NO)), Errno::EINVAL);
    assert_eq!(err(w.mm.mlockall(4, &NO)), Errno::EINVAL);
    assert_eq!(err(w.mm.mlockall(1, &lim(1))), Errno::ENOMEM);
    w.mm.mlockall(3, &NO).expect("mlockall");
    let req = MapRequest { addr: 0, len: PAGE, prot: RW, flags: ANON, offset: 0 };
    assert_eq!(err(w.mm.mmap(&req, None, &lim(4))), Errno::EAGAIN);
    w.mm.munlockall();
    assert_eq!(w.mm.counts().locked, 0);
}
