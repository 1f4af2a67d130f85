//! The lock table against a byte-by-byte model, and the rules that the model does not know.

use super::list::RangeList;
use super::*;
use alloc::vec::Vec;
use host::Errno;
use host::abi::Flock;

const FILE: FileId = (1, 2);
const BYTES: i64 = 12;
const OWNERS: usize = 4;

fn owner(i: usize) -> Owner {
    if i < 2 { Owner::Process(i as u64) } else { Owner::Description(i as u64) }
}

fn request(o: Owner, kind: Option<Kind>, start: i64, end: i64) -> Request {
    Request { owner: o, pid: 7, kind, range: Range { start, end } }
}

fn exclusive(o: Owner, start: i64, end: i64) -> Request {
    request(o, Some(Kind::Exclusive), start, end)
}

/// A small generator, so that a failure can be repeated.
struct Random(u64);

impl Random {
    fn below(&mut self, n: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % n
    }
}

/// What each owner has of each byte.
type Model = [[Option<Kind>; BYTES as usize]; OWNERS];

fn model_allows(model: &Model, me: usize, kind: Option<Kind>, bytes: core::ops::RangeInclusive<usize>) -> bool {
    let others = (0..OWNERS).filter(|o| *o != me);
    let Some(kind) = kind else {
        return true;
    };
    !others.flat_map(|o| model[o][bytes.clone()].iter().flatten()).any(|held| kind.conflicts(*held))
}

fn check(list: &RangeList, model: &Model) {
    for (o, bytes) in model.iter().enumerate() {
        let held = list.of(owner(o));
        for (b, kind) in bytes.iter().enumerate() {
            let found = held.iter().find(|h| h.range.start <= b as i64 && b as i64 <= h.range.end);
            assert_eq!(found.map(|h| h.kind), *kind, "owner {o} byte {b}");
        }
        for pair in held.windows(2) {
            assert!(pair[0].range.end < pair[1].range.start);
            assert!(!(pair[0].kind == pair[1].kind && pair[0].range.meets(&pair[1].range)), "not joined");
        }
    }
}

#[test]
fn ranges_agree_with_a_model() {
    let mut random = Random(0x1234_5678_9abc_def1);
    for _ in 0..200 {
        let (mut list, mut model): (RangeList, Model) = (RangeList::default(), Default::default());
        for _ in 0..100 {
            let me = random.below(OWNERS as u64) as usize;
            let start = random.below(BYTES as u64) as i64;
            let end = start + random.below((BYTES - start) as u64) as i64;
            let kind = [None, Some(Kind::Shared), Some(Kind::Exclusive)][random.below(3) as usize];
            let want = request(owner(me), kind, start, end);
            let bytes = start as usize..=end as usize;
            let granted = list.conflicts(&want).next().is_none();
            assert_eq!(granted, model_allows(&model, me, kind, bytes.clone()));
            if granted {
                list.set(&want);
                model[me][bytes].fill(kind);
            }
            check(&list, &model);
        }
    }
}

#[test]
fn ends_of_the_file() {
    let mut list = RangeList::default();
    let o = owner(0);
    list.set(&exclusive(o, 0, i64::MAX));
    list.set(&request(o, None, i64::MAX, i64::MAX));
    assert_eq!(list.of(o)[0].range, Range { start: 0, end: i64::MAX - 1 });
    list.set(&exclusive(o, i64::MAX, i64::MAX));
    assert_eq!(list.of(o).len(), 1);
    assert_eq!(list.of(o)[0].to_flock(), Flock { kind: 1, start: 0, len: 0, pid: 7, ..Flock::default() });
}

#[test]
fn struct_flock() {
    let range = |whence, start, len| Range::from_flock(&Flock { whence, start, len, ..Flock::default() }, 100, 1000);
    assert_eq!(range(0, 5, 3), Ok(Range { start: 5, end: 7 }));
    assert_eq!(range(1, -10, 0), Ok(Range { start: 90, end: i64::MAX }));
    assert_eq!(range(2, 0, -10), Ok(Range { start: 990, end: 999 }));
    assert_eq!(range(0, -1, 1), Err(Errno::EINVAL));
    assert_eq!(range(0, 5, -6), Err(Errno::EINVAL));
    assert_eq!(range(3, 0, 0), Err(Errno::EINVAL));
    assert_eq!(range(1, i64::MAX, 0), Err(Errno::EOVERFLOW));
    assert_eq!(range(0, 2, i64::MAX), Err(Errno::EOVERFLOW));
    assert_eq!(range(0, 1, i64::MAX), Ok(Range { start: 1, end: i64::MAX }));
    assert_eq!(range(0, 0, i64::MIN), Err(Errno::EINVAL));
}

#[test]
fn whole_file_locks() {
    host::testing::init();
    let t = LockTable::default();
    assert!(t.flock(FILE, 1, Some(Kind::Shared)).granted());
    assert!(t.flock(FILE, 2, Some(Kind::Shared)).granted());
    // The upgrade fails and costs the shared lock.
    assert!(!t.flock(FILE, 1, Some(Kind::Exclusive)).granted());
    assert!(t.flock(FILE, 2, Some(Kind::Exclusive)).granted());
    assert!(!t.flock(FILE, 1, Some(Kind::Shared)).granted());
    // Record locks know nothing of it.
    assert!(t.set_range(FILE, &exclusive(owner(0), 0, 9)).granted());
    t.release_description(FILE, 2);
    assert!(t.flock(FILE, 1, Some(Kind::Exclusive)).granted());
    assert!(t.flock(FILE, 1, None).granted());
    t.release_process(owner(0));
    assert_eq!(t.files(), 0);
}

#[test]
fn queries_name_the_holder() {
    host::testing::init();
    let t = LockTable::default();
    let held = Request { pid: -1, ..exclusive(owner(2), 10, 19) };
    assert!(t.set_range(FILE, &held).granted());
    let found = t.query(FILE, &request(owner(0), Some(Kind::Shared), 0, i64::MAX)).expect("in the way");
    assert_eq!((found.pid, found.range), (-1, Range { start: 10, end: 19 }));
    assert_eq!(t.query(FILE, &exclusive(owner(0), 0, 9)), None);
    assert_eq!(t.query(FILE, &exclusive(owner(2), 0, 99)), None);
    t.release_ranges(FILE, owner(2));
    assert_eq!(t.files(), 0);
}

#[test]
fn waiting_and_waking() {
    host::testing::init();
    let t = LockTable::default();
    assert!(t.set_range(FILE, &exclusive(owner(0), 0, 9)).granted());
    let mut wait = t.wait_range(FILE, exclusive(owner(1), 5, 5));
    let Ok(Attempt::Blocked(queue)) = wait.attempt() else { panic!("must wait") };
    t.release_ranges(FILE, owner(0));
    // Somebody else is faster; the queue is still the one waited on.
    assert!(t.set_range(FILE, &exclusive(owner(2), 5, 5)).granted());
    let Ok(Attempt::Blocked(again)) = wait.attempt() else { panic!("must wait") };
    assert!(alloc::sync::Arc::ptr_eq(&queue, &again));
    t.release_description(FILE, 2);
    assert!(wait.attempt().is_ok_and(|a| a.granted()));
}

#[test]
fn cycles_are_deadlocks() {
    host::testing::init();
    let t = LockTable::default();
    let p: Vec<Owner> = (0..3).map(Owner::Process).collect();
    for (i, o) in p.iter().enumerate() {
        assert!(t.set_range((1, i as u64), &exclusive(*o, 0, 0)).granted());
    }
    let mut first = t.wait_range((1, 1), exclusive(p[0], 0, 0));
    let mut second = t.wait_range((1, 2), exclusive(p[1], 0, 0));
    assert!(!first.attempt().expect("waits").granted());
    assert!(!second.attempt().expect("waits").granted());
    let mut third = t.wait_range((1, 0), exclusive(p[2], 0, 0));
    assert_eq!(third.attempt().err(), Some(Errno::EDEADLK));
    // Once one gives up there is no cycle.
    drop(second);
    assert!(!third.attempt().expect("waits").granted());
    // Descriptions are not looked at.
    assert!(t.set_range((2, 0), &exclusive(owner(2), 0, 0)).granted());
    assert!(!t.wait_range((2, 0), exclusive(p[0], 0, 0)).attempt().expect("waits").granted());
}
