//! Puts the program's segments apart by 2 MiB, so that its text can be mapped in huge pages (`src/supervisor/huge.rs`).

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    println!("cargo:rustc-link-arg-bins=-Wl,-z,max-page-size=0x200000");
}
