//! The native-versus-umlaut harness.
//!
//! Every case is run twice in the same, freshly made directory: first on the host kernel, then
//! under umlaut. What the host kernel did is the expectation; nothing is written down by hand.
//!
//! | module      | what it answers                                                        |
//! |-------------|------------------------------------------------------------------------|
//! | [`case`]    | what is run: a shell text or a program, its limits and its flags       |
//! | [`table`]   | the command lines of `commands/*.txt`                                  |
//! | [`guest`]   | the C programs of `guests/<group>/*.c`: their header lines, compiling  |
//! | [`mode`]    | natively, or under umlaut with one of its traps; where the binary is   |
//! | [`exec`]    | running one process with a time limit and collecting what it wrote     |
//! | [`procs`]   | which host processes belong to a run; what they hang in; ending them   |
//! | [`workdir`] | the fresh directory of a case, and whether it has changed              |
//! | [`hosttree`]| whether anything else on the host has changed                          |
//! | [`roots`]   | root directories that cases run in                                      |
//! | [`pair`]    | one case, natively and then under umlaut, with every check             |
//! | [`suite`]   | many cases on two threads, and one list of all failures                |
//! | [`lists`]   | what does not agree in the suites of others: `conformance/*.txt`         |
//! | [`packages`]| the Debian packages that the table needs                               |
//!
//! Unsafe code stands in [`exec`] and [`procs`] only: the host calls that std does not offer.

pub mod case;
pub mod exec;
pub mod guest;
pub mod hosttree;
pub mod lists;
pub mod mode;
pub mod packages;
pub mod pair;
pub mod paths;
pub mod procs;
pub mod roots;
pub mod screen;
pub mod suite;
pub mod table;
pub mod workdir;
