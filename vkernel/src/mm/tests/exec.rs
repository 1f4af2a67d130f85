//! Heap, stack, segments, forks.

use super::*;

#[test]
fn brk_follows_linux() {
    let w = world();
    w.mm.set_brk(AREA + 0x123);
    assert_eq!(w.mm.brk(0, &NO), AREA + 0x123);
    assert_eq!(w.mm.brk(AREA + 0x200, &NO), AREA + 0x200);
    assert_eq!(w.mm.brk(AREA + 3 * PAGE + 1, &NO), AREA + 3 * PAGE + 1);
    assert_eq!(w.lines(), [(AREA + PAGE, AREA + 4 * PAGE, RW)]);
    w.poke(AREA + 3 * PAGE, 7).expect("poke");
    assert_eq!(w.mm.brk(AREA + 2 * PAGE, &NO), AREA + 2 * PAGE);
    assert_eq!(w.mm.brk(AREA + 4 * PAGE, &NO), AREA + 4 * PAGE);
    assert_eq!(w.peek(AREA + 3 * PAGE), Ok(0), "shrinking has let go of it");
    assert_eq!(w.mm.brk(AREA + 0x122, &NO), AREA + 4 * PAGE);
    // A neighbour stops it, with a page between.
    w.map(AREA + 8 * PAGE, 1, RW, ANON | MAP_FIXED).expect("map");
    assert_eq!(w.mm.brk(AREA + 8 * PAGE, &NO), AREA + 4 * PAGE);
    assert_eq!(w.mm.brk(AREA + 7 * PAGE, &NO), AREA + 7 * PAGE);
    let tight = Limits { data: 4 * PAGE as u64, ..NO };
    assert_eq!(w.mm.brk(AREA + 7 * PAGE - 1, &tight), AREA + 7 * PAGE);
    assert_eq!(w.mm.brk(AREA + 3 * PAGE, &tight), AREA + 3 * PAGE);
    assert_eq!(w.mm.brk(usize::MAX, &NO), AREA + 3 * PAGE);
}

#[test]
fn the_stack_grows_to_its_limit() {
    let w = world();
    let top = AREA + (64 << 20);
    let limits = Limits { stack: 1 << 20, ..NO };
    let first = w.mm.setup_stack(top, 5 * PAGE, false, &limits).expect("stack");
    assert_eq!(first, top - 5 * PAGE - (128 << 10)..top);
    assert_eq!(w.mm.handle_fault(top - (1 << 20) - 1, Access::Write, &limits), FaultOutcome::SegvMaperr);
    assert_eq!(w.mm.handle_fault(top - (1 << 20), Access::Write, &limits), FaultOutcome::Retry);
    assert_eq!(w.lines(), [(top - (1 << 20), top, RW)]);
    w.poke(top - (1 << 20), 3).expect("poke");
    assert_eq!(w.mm.counts().stack, 1 << 20);
    assert_eq!(w.mm.handle_fault(top - (1 << 20) + 8, Access::Exec, &limits), FaultOutcome::SegvAccerr);
    // With another limit it goes on, but keeps its distance from what lies below.
    let below = top - (4 << 20);
    w.map(below - PAGE, 1, RW, ANON | MAP_FIXED).expect("map");
    let limits = Limits { stack: 8 << 20, ..NO };
    assert_eq!(w.mm.handle_fault(below + (1 << 20) - 1, Access::Write, &limits), FaultOutcome::SegvMaperr);
    assert_eq!(w.mm.handle_fault(below + (1 << 20), Access::Write, &limits), FaultOutcome::Retry);
    assert_eq!(w.mm.handle_fault(below, Access::Write, &limits), FaultOutcome::SegvMaperr);
    // Nothing is placed into the guard gap.
    let hinted = w.map(below + (512 << 10), 1, RW, ANON).expect("map");
    assert_ne!(hinted, below + (512 << 10));
    assert_eq!(w.mm.setup_stack(AREA, 3 << 20, false, &Limits { stack: 1 << 20, ..NO }), Err(Errno::E2BIG));
}

#[test]
fn growsdown_mappings_grow() {
    let w = world();
    let a = w.map(AREA + (32 << 20), 1, RW, ANON | MAP_FIXED | MAP_GROWSDOWN).expect("map");
    w.poke(a - 3 * PAGE, 5).expect("grows");
    assert_eq!(w.peek(a - 3 * PAGE), Ok(5));
    // PROT_GROWSDOWN reaches to its start.
    w.mm.mprotect(a, PAGE, 0x0100_0000 | PROT_READ, &NO).expect("mprotect");
    assert_eq!(w.mm.map_count(), 1);
    assert_eq!(w.poke(a - 3 * PAGE, 5), Err(FaultOutcome::SegvAccerr));
}

#[test]
fn segments_and_special_mappings() {
    let w = world();
    let file = File::arena(3);
    file.put(0, 11);
    file.put(1, 22);
    w.mm.map_segment(AREA, 2 * PAGE, PROT_READ | PROT_EXEC, Some(file.open(true, false)), 0, &NO).expect("text");
    w.mm.map_segment(AREA + PAGE, PAGE, RW, Some(file.open(true, false)), PAGE as u64, &NO).expect("data");
    w.mm.map_segment(AREA + 2 * PAGE, PAGE, RW, None, 0, &NO).expect("bss");
    w.poke(AREA + PAGE, 9).expect("poke");
    assert_eq!((w.peek(AREA), w.peek(AREA + PAGE), file.get(1)), (Ok(11), Ok(9), 22));
    let vdso = w.mm.map_special(2 * PAGE, "[vdso]", &NO).expect("vdso");
    w.poke(vdso, 1).expect("poke");
    w.mm.mprotect(vdso, 2 * PAGE, PROT_READ | PROT_EXEC, &NO).expect("mprotect");
    assert_eq!(w.mm.map_at(vdso).map(|m| m.special), Some("[vdso]"));
}

#[test]
fn forks_balance_the_books() {
    let w = world();
    let file = File::arena(4);
    let a = w.map_file(0, 4, RW, MAP_SHARED, &file, 0).expect("map");
    let b = w.map(0, 4, RW, ANON).expect("map");
    w.mm.mlock(b, PAGE, 0, &NO).expect("mlock");
    w.mm.madvise(b + PAGE, PAGE, 10).expect("DONTFORK");
    assert_eq!(file.mapped(), 1);
    let child = w.mm.fork_copy().expect("fork");
    assert_eq!(file.mapped(), 2);
    assert_eq!((child.counts().total, child.counts().locked), (7 * PAGE, 0));
    w.mm.munmap(a + PAGE, PAGE).expect("munmap");
    assert_eq!(file.mapped(), 3, "two pieces here, one there");
    let fork = w.mm.begin_fork(&child);
    drop(fork);
    assert_eq!(file.mapped(), 4);
    assert_eq!(child.counts().total, 6 * PAGE);
    child.add_user();
    child.add_user();
    child.drop_user();
    assert_eq!((child.users(), file.mapped()), (1, 4));
    child.drop_user();
    assert_eq!((child.counts().total, file.mapped()), (0, 2));
    drop(child);
    w.mm.munmap(a, 4 * PAGE).expect("munmap");
    assert_eq!(file.mapped(), 0);
}
