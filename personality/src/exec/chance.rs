//! The random numbers of one `execve`, fetched at once.

use core::sync::atomic::Ordering::SeqCst;
use host::Result;
use host::sys::clock::getrandom;
use vkernel::Task;

const ADDR_NO_RANDOMIZE: u32 = 0x4_0000;
/// What `AT_RANDOM` shows, and five words.
const BYTES: usize = 16 + 5 * size_of::<u64>();

/// By what each address moves: zeros for who has asked for none (`personality(2)`).
pub(super) struct Chance {
    pub mmap: u64,
    pub program: u64,
    pub heap: u64,
    pub stack: u64,
    pub padding: u64,
    /// What `AT_RANDOM` shows; never fixed.
    pub shown: [u8; 16],
}

impl Chance {
    pub fn new(task: &Task) -> Result<Chance> {
        let mut bytes = [0; BYTES];
        getrandom(&mut bytes)?;
        let (words, shown) = bytes.split_last_chunk().unwrap_or((&[], &[0; 16]));
        let fixed = task.group.persona.load(SeqCst) & ADDR_NO_RANDOMIZE != 0;
        let mut words = words.as_chunks().0.iter().map(|word| if fixed { 0 } else { u64::from_ne_bytes(*word) });
        let mut next = || words.next().unwrap_or(0);
        Ok(Chance { mmap: next(), program: next(), heap: next(), stack: next(), padding: next(), shown: *shown })
    }
}
