//! The initial stack, read back as a program would.

mod common;

use common::*;
use loader::auxv::*;
use loader::place::choose_bias;
use loader::stack::{MAX_ARG_STRLEN, PLATFORM, build};
use loader::{ArgBudget, AuxInputs, LoadError, StackImage, StackInputs, plan::plan};

const TOP: u64 = 0x7fff_ffff_e000;
const MIB: u64 = 1 << 20;

fn aux() -> AuxInputs {
    let image = Elf { kind: 3, ..Elf::new(&[load(R | X, 0, 0, 0x2000, 0x2000)]) }.parse().unwrap();
    let program = plan(&image, 0x5555_0000_0000).unwrap();
    let linker = plan(&image, choose_bias(&image, &(0x7000_0000_0000..0x7001_0000_0000), 9).unwrap()).unwrap();
    let ids = AuxInputs {
        uid: 1000,
        euid: u32::MAX,
        gid: 3,
        egid: 4,
        secure: true,
        ..AuxInputs::new(&program, Some(&linker))
    };
    AuxInputs { sysinfo_ehdr: Some(0x7f00_0000), rseq: Some((28, 32)), hwcap: 5, hwcap2: 2, ..ids }
}

fn strings(list: &[&str]) -> Vec<Vec<u8>> {
    list.iter().map(|s| s.as_bytes().to_vec()).collect()
}

fn inputs<'a>(argv: &'a [Vec<u8>], envp: &'a [Vec<u8>], aux: &'a AuxInputs) -> StackInputs<'a> {
    StackInputs {
        argv,
        envp,
        execfn: b"/bin/prog",
        random: *b"0123456789abcdef",
        platform: PLATFORM,
        aux,
        top: TOP,
        padding: 0,
        stack_limit: 8 * MIB,
    }
}

fn word(stack: &StackImage, address: u64) -> u64 {
    let at = (address - stack.sp) as usize;
    u64::from_le_bytes(stack.bytes[at..at + 8].try_into().unwrap())
}

fn string(stack: &StackImage, address: u64) -> Vec<u8> {
    stack.bytes[(address - stack.sp) as usize..].iter().copied().take_while(|&b| b != 0).collect()
}

/// Reads pointers up to NULL; returns the strings and the address behind the NULL.
fn list(stack: &StackImage, mut at: u64) -> (Vec<Vec<u8>>, u64) {
    let mut found = Vec::new();
    while word(stack, at) != 0 {
        found.push(string(stack, word(stack, at)));
        at += 8;
    }
    (found, at + 8)
}

#[test]
fn a_program_finds_everything() {
    let (argv, envp, aux) = (strings(&["prog", "", "three"]), strings(&["A=1", "PATH=/bin"]), aux());
    for padding in [0, 1, 15, 16, 4097, 8191, u64::MAX] {
        let stack = build(&StackInputs { padding, ..inputs(&argv, &envp, &aux) }).unwrap();
        assert_eq!(stack.sp % 16, 0);
        assert_eq!(stack.sp + stack.bytes.len() as u64, TOP);
        assert_eq!(word(&stack, stack.sp), 3);
        let (found, at) = list(&stack, stack.sp + 8);
        assert_eq!(found, argv);
        let (found, at) = list(&stack, at);
        assert_eq!(found, envp);

        let start = (at - stack.sp) as usize;
        assert_eq!(stack.auxv, stack.bytes[start..start + stack.auxv.len()]);
        let entries: Vec<(u64, u64)> = stack
            .auxv
            .chunks_exact(16)
            .map(|e| (u64::from_le_bytes(e[..8].try_into().unwrap()), u64::from_le_bytes(e[8..].try_into().unwrap())))
            .collect();
        let value = |kind| entries.iter().find(|e| e.0 == kind).unwrap().1;
        assert_eq!(entries.last(), Some(&(AT_NULL, 0)));
        assert_eq!(string(&stack, value(AT_EXECFN)), b"/bin/prog");
        assert_eq!(string(&stack, value(AT_PLATFORM)), b"x86_64");
        assert!(string(&stack, value(AT_RANDOM)).starts_with(b"0123456789abcdef"));
        assert_eq!(value(AT_RANDOM) % 16, 9, "x86-64 Linux does not align it");
        assert_eq!((value(AT_PHDR), value(AT_PHENT), value(AT_PHNUM)), (aux.phdr, 56, 1));
        assert_eq!((value(AT_BASE), value(AT_ENTRY)), (aux.base, aux.entry));
        assert_eq!((value(AT_UID), value(AT_EUID), value(AT_SECURE)), (1000, 0xffff_ffff, 1));
    }
}

#[test]
fn string_areas() {
    let (argv, envp, aux) = (strings(&["a", "bc"]), strings(&["D=e"]), aux());
    let stack = build(&inputs(&argv, &envp, &aux)).unwrap();
    let area = |from: u64, to: u64| &stack.bytes[(from - stack.sp) as usize..(to - stack.sp) as usize];
    assert_eq!(area(stack.arg_start, stack.arg_end), b"a\0bc\0");
    assert_eq!(area(stack.env_start, stack.env_end), b"D=e\0");
    assert_eq!(area(stack.env_end, TOP), b"/bin/prog\0\0\0\0\0\0\0\0\0");
}

#[test]
fn no_arguments_become_one_empty_argument() {
    let aux = aux();
    let stack = build(&inputs(&[], &[], &aux)).unwrap();
    assert_eq!(word(&stack, stack.sp), 1);
    assert_eq!(list(&stack, stack.sp + 8).0, strings(&[""]));
    assert_eq!(stack.arg_end - stack.arg_start, 1);
}

#[test]
fn the_vector_has_linuxs_order() {
    let bytes = std::fs::read("/proc/self/auxv").unwrap();
    let native: Vec<u64> = bytes.chunks_exact(16).map(|e| u64::from_le_bytes(e[..8].try_into().unwrap())).collect();
    let ours = aux().entries(&StackAddresses { random: 1, execfn: 2, platform: 3 });
    let ours: Vec<u64> = ours.iter().map(|e| e.0).collect();
    // Old kernels lack some entries, and new ones may add others: the common ones have to be in the same order.
    let common = |list: &[u64], other: &[u64]| list.iter().copied().filter(|k| other.contains(k)).collect::<Vec<_>>();
    assert_eq!(common(&ours, &native), common(&native, &ours));
    assert!(common(&ours, &native).len() >= 20);
}

#[test]
fn limits() {
    let aux = aux();
    let with = |argv: &[Vec<u8>], envp: &[Vec<u8>], stack_limit| {
        build(&StackInputs { stack_limit, ..inputs(argv, envp, &aux) }).map(|stack| stack.sp)
    };
    let long = |len: u64| vec![b'x'; len as usize];
    // A single string.
    assert!(with(&[long(MAX_ARG_STRLEN - 1)], &[], 8 * MIB).is_ok());
    assert_eq!(with(&[long(MAX_ARG_STRLEN)], &[], 8 * MIB), Err(LoadError::ArgumentsTooLong));
    assert_eq!(with(&[], &[long(MAX_ARG_STRLEN)], u64::MAX), Err(LoadError::ArgumentsTooLong));
    // A quarter of the limit for strings and pointers, the executed path included.
    for (limit, budget) in
        [(8 * MIB, 2 * MIB), (0, MAX_ARG_STRLEN), (MIB, MIB / 4), (u64::MAX, 6 * MIB), (24 * MIB, 6 * MIB)]
    {
        let full = budget - 10;
        let count = full / (1024 + 8);
        let mut argv = vec![long(1023); count as usize];
        match full - count * (1024 + 8) {
            rest if rest > 8 => argv.push(long(rest - 8 - 1)),
            rest => argv[0].extend(long(rest)),
        }
        assert!(with(&argv, &[], limit).is_ok(), "{limit}");
        argv[0].push(b'x');
        assert_eq!(with(&argv, &[], limit), Err(LoadError::ArgumentsTooLong), "{limit}");
    }
    // Pointers alone.
    assert_eq!(ArgBudget::new(MIB as usize, 0, u64::MAX).map(|_| ()), Err(LoadError::ArgumentsTooLong));
    assert_eq!(ArgBudget::new(usize::MAX, usize::MAX, 0).map(|_| ()), Err(LoadError::ArgumentsTooLong));
    let mut budget = ArgBudget::new(0, 0, 0).unwrap();
    assert_eq!(budget.longest(), Some(MAX_ARG_STRLEN as usize - 9));
    assert_eq!(budget.take(MAX_ARG_STRLEN as usize - 9), Ok(()));
    assert_eq!((budget.longest(), budget.take(0)), (None, Err(LoadError::ArgumentsTooLong)));
    assert_eq!(budget.take(usize::MAX), Err(LoadError::ArgumentsTooLong));
    // No room below the top.
    for top in [0, 8, 100] {
        let bad = build(&StackInputs { top, ..inputs(&[], &[], &aux) });
        assert_eq!(bad, Err(LoadError::NoMemory));
    }
}
