//! `docs/calls.md` is the table of calls, and is current. `cargo xtask calls` writes it anew.

use std::path::Path;

const HEAD: &str = "# System calls\n\n\
    Written by `cargo xtask calls` from `personality/src/rows.rs`; `umlaut doctor --calls` prints the table. *full* is what `man 2` says of it,\n\
    as far as it makes sense without devices; *part* names what is missing, which answers with the errno of a kernel without it.\n\
    *After a signal* says when an interrupted call is made again by itself.\n\n";

#[test]
fn page_is_current() {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/calls.md");
    let wanted = format!("{HEAD}{}", personality::coverage::coverage());
    if std::env::var_os("UMLAUT_WRITE_CALLS").is_some() {
        std::fs::write(&page, &wanted).expect("docs/calls.md can be written");
    }
    let found = std::fs::read_to_string(&page).unwrap_or_default();
    assert!(found == wanted, "docs/calls.md is not the table of calls any more; write it anew with: cargo xtask calls");
}

#[test]
fn rows_ascend_and_counts_add_up() {
    let rows = personality::table::ROWS;
    assert!(rows.windows(2).all(|pair| pair[0].nr < pair[1].nr));
    let counts = personality::coverage::counts();
    assert_eq!(counts.full + counts.part + counts.refused, rows.len());
}
