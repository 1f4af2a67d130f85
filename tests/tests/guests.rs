//! Our own guest programs (`guests/<group>/<name>.c`), natively and under umlaut, with each trap.

use umlaut_tests::mode::Mode;
use umlaut_tests::{guest, suite};

fn run(mode: Mode) {
    match guest::load() {
        Ok(cases) => suite::run("guests", mode, cases),
        Err(e) => panic!("{e}"),
    }
}

#[test]
fn guests_sud() {
    run(Mode::Sud);
}

#[test]
fn guests_seccomp() {
    run(Mode::Seccomp);
}

#[test]
fn guests_ptrace() {
    run(Mode::Ptrace);
}

#[test]
fn guests_unpatched() {
    run(Mode::Unpatched);
}

#[test]
fn guests_eager() {
    run(Mode::Eager);
}

/// Guests about sockets and about waiting for them, on the host's network: the same programs, other sockets.
#[test]
fn guests_on_the_hosts_network() {
    const GROUPS: [&str; 3] = ["socket/", "poll/", "epoll/"];
    let cases = guest::load().map(|cases| {
        let about_sockets = cases.into_iter().filter(|c| GROUPS.iter().any(|g| c.name.starts_with(g)));
        about_sockets.map(|c| umlaut_tests::case::Case { host_network: true, ..c }).collect()
    });
    match cases {
        Ok(cases) => suite::run("guests, --net=host", Mode::Sud, cases),
        Err(e) => panic!("{e}"),
    }
}

/// Twice natively: a guest that differs from itself cannot be compared with umlaut.
#[test]
#[ignore = "for authors of guests: it needs no umlaut"]
fn guests_are_deterministic_natively() {
    match guest::load() {
        Ok(cases) => suite::run_native("guests", cases),
        Err(e) => panic!("{e}"),
    }
}
