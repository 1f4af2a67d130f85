//! umlaut.
fn main() {}
