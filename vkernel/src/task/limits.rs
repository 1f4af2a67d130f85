//! Resource limits (`getrlimit(2)`).

use host::abi::Rlimit;

/// Number of limits.
pub const COUNT: usize = 16;

macro_rules! numbers {
    ($($name:ident = $n:literal),* $(,)?) => { $(#[allow(missing_docs)] pub const $name: usize = $n;)* };
}

numbers! {
    CPU = 0, FSIZE = 1, DATA = 2, STACK = 3, CORE = 4, RSS = 5, NPROC = 6, NOFILE = 7, MEMLOCK = 8, AS = 9, LOCKS = 10,
    SIGPENDING = 11, MSGQUEUE = 12, NICE = 13, RTPRIO = 14, RTTIME = 15,
}

/// The limits the sandbox starts with: those of the process that started it.
pub fn from_host() -> [Rlimit; COUNT] {
    core::array::from_fn(|i| {
        let none = Rlimit { cur: u64::MAX, max: u64::MAX };
        host::sys::process::prlimit(i as u32, None).unwrap_or(none)
    })
}
