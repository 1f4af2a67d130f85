//! The terminal that umlaut is started on has its modes back afterwards, whatever became of the guest and of umlaut.
//!
//! `script` makes the terminal.

use std::process::Command;
use std::time::Duration;
use umlaut_tests::mode::{self, Mode};
use umlaut_tests::workdir::WorkDir;
use umlaut_tests::{exec, paths, suite};

/// Runs in the terminal; its arguments are the command that starts a sandbox.
const SCRIPT: &str = r#"
before=$(stty -g)
# The terminal's modes are what they were, soon: who is killed cannot see to it himself.
check() {
    i=0
    until [ "$(stty -g)" = "$before" ] || [ $i -ge 200 ]; do i=$((i + 1)); sleep 0.05; done
    [ "$(stty -g)" = "$before" ] && echo "$1: restored" || echo "$1: $(stty -g), before $before"
    stty "$before"
}
# Starts a guest that spoils the modes and stays; $1 is the signal that umlaut gets then.
spoil() {
    "$@" sh -c 'stty raw -echo; exec sleep 1000' < /dev/tty & p=$!
    until [ "$(stty -g)" != "$before" ]; do sleep 0.02; done
}
"$@" sh -c 'stty raw -echo'; check exit
"$@" sh -c 'stty raw -echo; kill -9 $$'; check 'guest killed'
for sig in TERM HUP KILL; do spoil "$@"; kill -$sig $p; wait $p 2> /dev/null; check $sig; done
"$@" sh -c 'stty -a' > /dev/null; stty -echo
"$@" perl -e 'print ioctl(STDIN, 0x5412, my $c = "x") ? "typed" : "not typed", "\n"'
changed=$(stty -g); "$@" true; [ "$(stty -g)" = "$changed" ] && echo 'untouched'
"#;

const WANTED: [&str; 7] = [
    "exit: restored",
    "guest killed: restored",
    "TERM: restored",
    "HUP: restored",
    "KILL: restored",
    "not typed",
    "untouched",
];

#[test]
fn the_terminal_is_as_it_was() {
    let _turn = suite::turn();
    for mode in Mode::TRAPS.into_iter().filter(|m| m.wanted()) {
        let dir = WorkDir::new(paths::scratch(), "restored");
        dir.renew(None).expect("scratch");
        let file = dir.tmp().join("restored.sh");
        std::fs::write(&file, SCRIPT).expect("scratch");
        let umlaut = mode::umlaut(mode);
        let words = std::iter::once(umlaut.get_program()).chain(umlaut.get_args());
        let words: Vec<String> = words.map(|w| format!("'{}'", w.to_string_lossy())).collect();
        let mut command = Command::new("script");
        command.args(["-qec", &format!("sh '{}' {} --", file.display(), words.join(" ")), "/dev/null"]);
        let tag = exec::fresh_tag();
        exec::plain_environment(&mut command, &dir.work(), &dir.tmp(), &tag);
        let outcome = exec::run(command, &tag, Duration::from_secs(120), Duration::from_secs(2));
        dir.remove().expect("scratch");
        let text = String::from_utf8_lossy(&outcome.stdout).replace('\r', "");
        assert!(outcome.trouble.is_none(), "{}: {:?}\n{text}", mode.name(), outcome.trouble);
        for line in WANTED {
            assert!(text.lines().any(|l| l == line), "{}: no “{line}” in\n{text}", mode.name());
        }
        assert!(outcome.left_over.is_empty(), "left over: {:?}", outcome.left_over);
    }
    paths::remove_scratch();
}
