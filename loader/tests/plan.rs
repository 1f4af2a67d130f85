//! Plans: what gets mapped where.

mod common;

use common::*;
use loader::place::{choose_bias, choose_brk, span};
use loader::plan::{PROT_EXEC, PROT_READ, PROT_WRITE, plan};
use loader::{Image, LoadError, PAGE_SIZE, Plan, TASK_SIZE};

/// Checks what has to hold for every plan.
fn check(plan: &Plan) {
    let end = plan.start + plan.len;
    assert!(end <= TASK_SIZE && end == plan.brk_start);
    for s in &plan.segments {
        for value in [s.addr, s.len, s.file_offset, s.anon.start, s.anon.end] {
            assert_eq!(value % PAGE_SIZE, 0);
        }
        assert!(plan.start <= s.addr && s.addr + s.len <= end);
        assert!(s.file_len <= s.len && s.len - s.file_len < PAGE_SIZE);
        assert!(s.zero_tail.start <= s.zero_tail.end && s.zero_tail.end == s.addr + s.len);
        assert!(s.zero_tail.end - s.zero_tail.start < PAGE_SIZE);
        assert!(s.zero_tail.is_empty() || s.prot & PROT_WRITE != 0);
        assert!(s.anon.start == s.addr + s.len && s.anon.start <= s.anon.end && s.anon.end <= end);
        s.file_offset.checked_add(s.len).unwrap();
    }
}

#[test]
fn text_and_data() {
    let image = Elf::new(&[text(), load(R | W, 0x1234, BASE + 0x3234, 0x100, 0x3000)]).parse().unwrap();
    let plan = plan(&image, 0).unwrap();
    check(&plan);
    assert_eq!((plan.start, plan.len, plan.entry), (BASE, 0x7000, BASE + CODE));
    assert_eq!((plan.phdr, plan.phdr_count, plan.brk_start), (BASE + 64, 2, BASE + 0x7000));
    assert_eq!((plan.code, plan.data), (BASE..BASE + 0x2000, BASE + 0x3234..BASE + 0x3334));
    assert!(!plan.is_dyn);

    let [text, data] = &plan.segments[..] else { panic!() };
    assert_eq!((text.addr, text.len, text.file_offset, text.prot), (BASE, 0x2000, 0, PROT_READ | PROT_EXEC));
    assert!(text.zero_tail.is_empty() && text.anon.is_empty());
    assert_eq!((data.addr, data.len, data.file_offset), (BASE + 0x3000, 0x1000, 0x1000));
    assert_eq!((data.file_len, data.prot), (0x334, PROT_READ | PROT_WRITE));
    assert_eq!(data.zero_tail, BASE + 0x3334..BASE + 0x4000);
    assert_eq!((data.anon.clone(), data.anon_prot), (BASE + 0x4000..BASE + 0x7000, PROT_READ | PROT_WRITE));
}

#[test]
fn bss_corners() {
    let one = |p: Phdr| plan(&Elf::new(&[text(), p]).parse().unwrap(), 0).map(|p| p.segments[1].clone());
    // Nothing from the file: no alignment is asked of the offset, and the first page is anonymous.
    let s = one(load(R | W, 0x17, BASE + 0x4010, 0, 0x20)).unwrap();
    assert_eq!((s.len, s.anon.clone(), s.zero_tail.is_empty()), (0, BASE + 0x4000..BASE + 0x5000, true));
    // The bss ends within the last file page: all of that page's rest is cleared.
    let s = one(load(R | W, 0x1000, BASE + 0x4000, 0x10, 0x20)).unwrap();
    assert_eq!((s.zero_tail, s.anon.is_empty()), (BASE + 0x4010..BASE + 0x5000, true));
    // A read-only segment is not cleared, but its anonymous pages can be written.
    let s = one(load(R | X, 0x1000, BASE + 0x4000, 0x10, 0x2000)).unwrap();
    assert!(s.zero_tail.is_empty());
    assert_eq!((s.anon, s.anon_prot), (BASE + 0x5000..BASE + 0x6000, PROT_READ | PROT_WRITE | PROT_EXEC));
    // The page to clear is not in the file.
    assert_eq!(one(load(R | W, 0x5000, BASE + 0x5000, 0x10, 0x20)), Err(LoadError::BadAddress));
    // An empty segment maps nothing.
    let s = one(load(R | W, 0, BASE + 0x4000, 0, 0)).unwrap();
    assert!(s.len == 0 && s.anon.is_empty() && s.zero_tail.is_empty());
}

#[test]
fn bad_segments() {
    let bad = [
        load(R, 0, BASE, 0x2000, 0x1000),
        load(R, 0x10, BASE, 0x1000, 0x1000),
        load(R, 0, TASK_SIZE, 0, 0x1000),
        load(R, 0, TASK_SIZE - 0x1000, 0, 0x1001),
        load(R, 0, 0x1000, 0, TASK_SIZE),
        load(R, 0, 0x1000, 0, u64::MAX),
        load(R, 0, u64::MAX, 0, 1),
        load(R, (1 << 63) - 0x1000, 0, 0x1001, 0x1001),
        load(R, u64::MAX - 0xfff, 0, 0x1000, 0x1000),
    ];
    for (number, phdr) in bad.iter().enumerate() {
        for kind in [2, 3] {
            let elf = Elf { kind, ..Elf::new(&[text(), *phdr]) };
            assert_eq!(plan(&elf.parse().unwrap(), 0), Err(LoadError::Invalid), "{number}");
            assert!(plan(&elf.parse_interpreter().unwrap(), 0).is_err(), "{number}");
        }
    }
    assert!(plan(&Elf::new(&[load(R | X, 0, 0, 0x2000, TASK_SIZE)]).parse().unwrap(), 0).is_ok());
    let huge = Elf::new(&[load(R, 0, TASK_SIZE, 0, 1)]).parse_interpreter().unwrap();
    assert_eq!(plan(&huge, 0), Err(LoadError::NoMemory));
    let nothing = Elf::new(&[Phdr { kind: 4, ..text() }]).parse().unwrap();
    assert_eq!(plan(&nothing, 0), Err(LoadError::Invalid));
    let object = Elf { kind: 1, ..Elf::new(&[text()]) }.parse_interpreter().unwrap();
    assert_eq!(plan(&object, 0), Err(LoadError::Invalid));
    // A bad entry matters only where execution starts.
    let lost = Elf { entry: TASK_SIZE, ..Elf::new(&[text()]) };
    assert_eq!(plan(&lost.parse().unwrap(), 0), Err(LoadError::Invalid));
    assert!(plan(&lost.interp(b"/ld.so\0", 7).parse().unwrap(), 0).is_ok());
}

#[test]
fn overlapping_and_unordered_segments_stay_in_file_order() {
    let phdrs = [load(R | W, 0, BASE + 0x3000, 0x1000, 0x3000), text(), load(R | X, 0, BASE + 0x1000, 0x2000, 0x2000)];
    let plan = plan(&Elf::new(&phdrs).parse().unwrap(), 0).unwrap();
    check(&plan);
    assert_eq!(plan.segments.iter().map(|s| s.addr).collect::<Vec<_>>(), [BASE + 0x3000, BASE, BASE + 0x1000]);
    assert_eq!((plan.start, plan.len), (BASE, 0x6000));
    // Three segments contain the program headers; Linux takes the last.
    assert_eq!(plan.phdr, BASE + 0x1000 + 64);
}

#[test]
fn a_bias_moves_everything() {
    let image = Elf { kind: 3, entry: CODE, ..Elf::new(&[load(R | X, 0, 0, 0x2000, 0x2000)]) }.parse().unwrap();
    let plan_at = |bias| plan(&image, bias);
    let moved = plan_at(0x5555_0000_0000).unwrap();
    check(&moved);
    assert_eq!((moved.entry, moved.phdr), (0x5555_0000_0000 + CODE, 0x5555_0000_0040));
    assert!(moved.is_dyn);
    assert!(plan_at(TASK_SIZE - 0x2000).is_ok());
    for bias in [1, TASK_SIZE - 0x1000, TASK_SIZE, 1 << 63, u64::MAX - 0xfff] {
        assert_eq!(plan_at(bias), Err(LoadError::NoMemory), "{bias:#x}");
    }
}

#[test]
fn choosing_a_bias() {
    let image = |vaddr: u64, align: u64| {
        let phdr = Phdr { align, ..load(R | X, 0, vaddr, 0x2000, 0x2000) };
        let entry = vaddr + CODE;
        Elf { kind: 3, entry, ..Elf::new(&[phdr]) }.parse().unwrap()
    };
    let window = 0x5555_0000_1000..0x5557_0000_0000;
    let mut random = Random(1);
    for align in [0, 1, 3, 0x1000, 0x20_0000, 1 << 30] {
        for vaddr in [0, 0x1000, 0x40_0000, 0x6000_0000_0000] {
            let image = image(vaddr, align);
            let span = span(&image).unwrap();
            for _ in 0..50 {
                let bias = choose_bias(&image, &window, random.next()).unwrap();
                assert_eq!(bias % span.align, 0);
                let plan = plan(&image, bias).unwrap();
                check(&plan);
                assert!(window.start <= plan.start && plan.start + plan.len <= window.end);
            }
        }
    }
    // Every place can be chosen, the last one included; more does not fit.
    let small = |pages: u64, random| choose_bias(&image(0, 0x1000), &(0x10000..0x10000 + pages * 0x1000), random);
    assert_eq!((0..4).map(|r| small(5, r).unwrap()).collect::<Vec<_>>(), [0x10000, 0x11000, 0x12000, 0x13000]);
    assert_eq!(small(1, 0), Err(LoadError::NoMemory));
    // An alignment that cannot be had is forgotten, but not for a program with an interpreter.
    let greedy = image(0, 1 << 62);
    assert_eq!(choose_bias(&greedy, &window, 0), Ok(window.start));
    let dynamic = Image { interpreter: Some(b"/ld.so".to_vec()), ..greedy };
    assert_eq!(choose_bias(&dynamic, &window, 0), Err(LoadError::NoMemory));
    assert_eq!(choose_bias(&Elf::new(&[text()]).parse().unwrap(), &(0..0), 7), Ok(0));
}

#[test]
fn choosing_a_heap() {
    assert_eq!(choose_brk(0x1000, 0, 77), 0x1000);
    assert_eq!(choose_brk(0x1000, 0x4000, 7), 0x4000);
    assert!(choose_brk(u64::MAX, u64::MAX, u64::MAX) >= 0x1000);
}

#[test]
fn mutated_headers_never_break_anything() {
    let mut random = Random(2);
    let data = load(R | W, 0x1000, BASE + 0x3000, 0x100, 0x3000);
    let bases = [
        Elf::new(&[text(), data]).build(),
        Elf { kind: 3, ..Elf::new(&[text(), data]) }.build(),
        Elf::new(&[text(), data]).interp(b"/ld.so\0", 7).build(),
        std::fs::read("/bin/true").unwrap(),
    ];
    let (mut planned, mut refused) = (0, 0);
    for round in 0..40_000 {
        let mut bytes = bases[round % bases.len()].clone();
        random.mutate(&mut bytes);
        for role in [loader::Role::Program, loader::Role::Interpreter] {
            let Ok(image) = loader::elf::parse(&bytes.as_slice(), role) else {
                continue;
            };
            let chosen = choose_bias(&image, &(0x5555_0000_0000..0x5565_0000_0000), random.next());
            for bias in [chosen.unwrap_or(0), random.interesting()] {
                match plan(&image, bias) {
                    Ok(plan) => {
                        check(&plan);
                        planned += 1;
                    }
                    Err(_) => refused += 1,
                }
            }
        }
    }
    assert!(planned > 1000 && refused > 1000, "{planned} {refused}");
}
