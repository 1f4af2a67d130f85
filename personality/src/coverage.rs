//! The list of calls as a page: for `umlaut doctor --calls` and for the documentation.

use crate::table::{ROWS, Restarts, Support};
use alloc::format;
use alloc::string::String;

/// How many calls have which level of support.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// All of it.
    pub full: usize,
    /// Something is missing.
    pub part: usize,
    /// Known and refused.
    pub refused: usize,
}

/// Counts the table's rows.
pub fn counts() -> Counts {
    let mut n = Counts::default();
    for row in ROWS {
        match row.support {
            Support::Full => n.full += 1,
            Support::Part(_) => n.part += 1,
            Support::Refused(_) => n.refused += 1,
        }
    }
    n
}

/// A Markdown table of all calls, with the counts below it. What has no row answers `ENOSYS`.
pub fn coverage() -> String {
    let mut page = String::from("| nr | call | support | after a signal | note |\n|---:|---|---|---|---|\n");
    for row in ROWS {
        let (level, note) = match row.support {
            Support::Full => ("full", ""),
            Support::Part(what) => ("part", what),
            Support::Refused(why) => ("refused", why),
        };
        let restart = match row.restarts {
            Restarts::Never => "",
            Restarts::Sys => "SA_RESTART",
            Restarts::NoHandler => "without handler",
            Restarts::Always => "always",
        };
        page.push_str(&format!("| {} | `{}` | {level} | {restart} | {note} |\n", row.nr, row.name));
    }
    let n = counts();
    page.push_str(&format!(
        "\n{} calls in full, {} in part, {} refused; every other number answers `ENOSYS`.\n",
        n.full, n.part, n.refused
    ));
    page
}
