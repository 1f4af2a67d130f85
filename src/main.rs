//! The `umlaut` command.
#![no_main]

/// C's `main`: std's own start does more than is needed (`supervisor::early`). The arguments come from `std::env`.
#[unsafe(no_mangle)]
extern "C" fn main() -> i32 {
    umlaut::supervisor::early::start();
    std::process::exit(umlaut::cli::main());
}
