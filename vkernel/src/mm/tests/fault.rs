//! What faults mean, and pages of arena files that are made present when touched.

use super::*;

#[test]
fn outcomes_are_exact() {
    let w = world();
    let a = w.map(AREA, 1, PROT_READ, ANON | MAP_FIXED).expect("map");
    let fault = |addr, access| w.mm.handle_fault(addr, access, &NO);
    assert_eq!(fault(a, Access::Write), FaultOutcome::SegvAccerr);
    assert_eq!(fault(a, Access::Exec), FaultOutcome::SegvAccerr);
    assert_eq!(fault(a, Access::Read), FaultOutcome::Retry);
    assert_eq!(fault(a + PAGE, Access::Read), FaultOutcome::SegvMaperr);
    assert_eq!(fault(a - 1, Access::Read), FaultOutcome::SegvMaperr);
    assert_eq!(fault(0, Access::Read), FaultOutcome::SegvMaperr);
    assert_eq!(fault(usize::MAX, Access::Write), FaultOutcome::SegvMaperr);
    w.mm.mprotect(a, PAGE, 0, &NO).expect("mprotect");
    assert_eq!(fault(a, Access::Read), FaultOutcome::SegvAccerr);
    assert_eq!(Access::from_error_code(0x15), Access::Exec);
    assert_eq!(Access::from_error_code(7), Access::Write);
    assert_eq!(Access::from_error_code(4), Access::Read);
}

#[test]
fn holes_are_filled_when_touched() {
    let w = world();
    let file = File::arena(64);
    file.put(0, 1);
    file.put(40, 41);
    let a = w.map_file(0, 66, RW, MAP_SHARED, &file, 0).expect("map");
    let Source::Arena(inner) = &file.source else { return };
    assert_eq!(inner.allocated(), 2);
    assert_eq!(w.peek(a), Ok(1));
    assert_eq!(w.peek(a + 40 * PAGE), Ok(41));
    w.poke(a + 7 * PAGE, 8).expect("poke");
    assert_eq!((file.get(7), inner.allocated()), (8, 3));
    assert_eq!(w.peek(a + 63 * PAGE), Ok(0));
    assert_eq!(w.peek(a + 64 * PAGE), Err(FaultOutcome::Sigbus));
    file.put(63, 5);
    assert_eq!(w.peek(a + 63 * PAGE), Ok(5), "coherent with write(2)");
    assert_eq!(w.mm.map_count(), 1);
}

#[test]
fn protection_stays_off_absent_pages() {
    let w = world();
    let file = File::arena(8);
    file.put(2, 3);
    let a = w.map_file(0, 8, PROT_READ, MAP_SHARED, &file, 0).expect("map");
    w.mm.mprotect(a, 4 * PAGE, RW, &NO).expect("mprotect");
    let maps = host_maps();
    assert_eq!(host_perms(&maps, a), Some("---p"));
    assert_eq!(host_perms(&maps, a + 2 * PAGE), Some("rw-s"));
    w.poke(a + PAGE, 6).expect("poke");
    assert_eq!((file.get(1), w.poke(a + 5 * PAGE, 1)), (6, Err(FaultOutcome::SegvAccerr)));
    assert_eq!(w.peek(a + 5 * PAGE), Ok(0));
    w.mm.mprotect(a, 8 * PAGE, PROT_READ, &NO).expect("mprotect");
    assert_eq!(w.mm.map_count(), 1, "one again, with its absent pages");
    assert_eq!(w.peek(a + 7 * PAGE), Ok(0));
}

#[test]
fn populate_brings_everything() {
    let w = world();
    let file = File::arena(5);
    let a = w.map_file(0, 8, RW, MAP_SHARED | MAP_POPULATE, &file, 0).expect("map");
    let maps = host_maps();
    assert_eq!(host_perms(&maps, a + 4 * PAGE), Some("rw-s"));
    assert_eq!(host_perms(&maps, a + 5 * PAGE), Some("---p"));
    let b = w.map_file(0, 5, RW, MAP_PRIVATE, &File::arena(5), 0).expect("map");
    w.mm.madvise(b, 5 * PAGE, 22).expect("MADV_POPULATE_READ");
    assert_eq!(host_perms(&host_maps(), b + 4 * PAGE), Some("rw-p"));
    assert_eq!(w.mm.madvise(a, 8 * PAGE, 23), Err(Errno::EFAULT), "beyond the end");
}

#[test]
fn futex_keys_meet_where_memory_is_shared() {
    let w = world();
    let file = File::arena(4);
    let a = w.map_file(0, 4, RW, MAP_SHARED, &file, 0).expect("map");
    let b = w.map_file(0, 2, RW, MAP_SHARED, &file, 2).expect("map");
    let p = w.map_file(0, 4, RW, MAP_PRIVATE, &file, 0).expect("map");
    let s = w.map(0, 2, RW, MAP_SHARED | MAP_ANONYMOUS).expect("map");
    for addr in [a + 2 * PAGE, b, p + 2 * PAGE, s] {
        w.peek(addr).expect("there is no fault handler in tests");
    }
    let key = |addr, private| w.mm.futex_key(addr, private).expect("key");
    assert_eq!(key(a + 2 * PAGE + 8, false), key(b + 8, false));
    assert_ne!(key(a + 2 * PAGE + 8, true), key(b + 8, true));
    assert_eq!(key(p + 2 * PAGE, false), key(p + 2 * PAGE, true));
    assert_ne!(key(s, false), key(s + 4, false));
    let child = w.mm.fork_copy().expect("fork");
    assert_eq!(child.futex_key(s, false), w.mm.futex_key(s, false));
    assert_ne!(child.futex_key(p + 2 * PAGE, false), w.mm.futex_key(p + 2 * PAGE, false));
    drop(child);
}
