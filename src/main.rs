//! The `umlaut` command.
#![no_main]

// The whole archive, because it comes before what needs it: then the shared library of the same functions is not needed.
#[cfg(unwinder_archive)]
#[link(name = "gcc_eh", kind = "static", modifiers = "+whole-archive,-bundle")]
unsafe extern "C" {}

/// C's `main`: std's own start does more than is needed (`supervisor::early`). The arguments come from `std::env`.
#[unsafe(no_mangle)]
extern "C" fn main() -> i32 {
    umlaut::supervisor::early::start();
    std::process::exit(umlaut::cli::main());
}
