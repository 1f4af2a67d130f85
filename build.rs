//! How the program is linked: for large pages, and without a library that costs each start some time.

use std::process::Command;

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    // Segments lie 2 MiB apart, so that the text can be mapped in huge pages (`src/supervisor/huge.rs`).
    println!("cargo:rustc-link-arg-bins=-Wl,-z,max-page-size=0x200000");
    // One segment for all data: each part would be a mapping and a table more to copy in every fork.
    println!("cargo:rustc-link-arg-bins=-Wl,-z,norelro");
    // std wants the unwinder, and panics end the program without it: from the archive it costs nothing, as a shared library a
    // sixth of the program's start. `src/main.rs` asks for the archive where there is one.
    println!("cargo:rustc-check-cfg=cfg(unwinder_archive)");
    if archive_exists("libgcc_eh.a") {
        println!("cargo:rustc-cfg=unwinder_archive");
    }
}

/// Whether the C compiler, which links, knows an archive: it answers with a path then.
fn archive_exists(name: &str) -> bool {
    let answer = Command::new("cc").arg(format!("-print-file-name={name}")).output();
    answer.is_ok_and(|out| out.stdout.starts_with(b"/"))
}
