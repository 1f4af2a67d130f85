//! The `umlaut` command.

fn main() {
    std::process::exit(umlaut::cli::main());
}
