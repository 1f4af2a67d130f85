//! Any bytes through the whole loader: `cargo +nightly fuzz run load` in the folder `loader`.
//!
//! The first 16 bytes choose the bias and the randomness, the rest is the file.
#![no_main]

use libfuzzer_sys::fuzz_target;
use loader::place::choose_bias;
use loader::plan::plan;
use loader::stack::{PLATFORM, build};
use loader::{AuxInputs, Executable, Role, StackInputs, TASK_SIZE, elf, identify};

const WINDOW: core::ops::Range<u64> = 0x5555_0000_0000..0x7000_0000_0000;

fuzz_target!(|data: &[u8]| {
    let Some((seed, file)) = data.split_at_checked(16) else {
        return;
    };
    let word = |at: usize| u64::from_le_bytes(seed[at..at + 8].try_into().unwrap());
    let mut images = Vec::new();
    match identify(&file) {
        Ok(Executable::Script(script)) => {
            let mut argv = vec![b"old".to_vec(), b"rest".to_vec()];
            script.rewrite(&mut argv, b"/script");
            assert!(argv.len() >= 3 && argv.iter().all(|arg| !arg.contains(&0)));
        }
        Ok(Executable::Elf(image)) => images.push(image),
        Err(error) => assert!(error.errno() > 0),
    }
    images.extend(elf::parse(&file, Role::Interpreter));
    for image in &images {
        let chosen = choose_bias(image, &WINDOW, word(0)).unwrap_or(0);
        for bias in [chosen, word(8)] {
            let Ok(plan) = plan(image, bias) else {
                continue;
            };
            let end = plan.start.checked_add(plan.len).unwrap();
            assert!(end <= TASK_SIZE);
            for segment in &plan.segments {
                assert!(plan.start <= segment.addr && segment.addr + segment.len <= end);
                assert!(segment.anon.start <= segment.anon.end && segment.anon.end <= end);
                assert!(segment.zero_tail.start <= segment.zero_tail.end);
            }
            let stack = build(&StackInputs {
                argv: &[file.iter().copied().take(100).collect()],
                envp: &[],
                execfn: b"/fuzzed",
                random: [0; 16],
                platform: PLATFORM,
                aux: &AuxInputs::new(&plan, Some(&plan)),
                top: TASK_SIZE - 0x1000,
                padding: word(0),
                stack_limit: word(8),
            });
            assert_eq!(stack.unwrap().sp % 16, 0);
        }
    }
});
