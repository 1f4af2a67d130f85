//! What a guest writes outside its working directory never reaches the host.
//!
//! The paired suites compare trees they know; here a guest writes on purpose where it should not be
//! able to do harm, sees what it wrote, and the host is looked at before and after.

use std::fs;
use std::process::Command;
use std::time::Duration;
use umlaut_tests::hosttree::HostTree;
use umlaut_tests::mode::{self, Mode};
use umlaut_tests::workdir::{self, WorkDir};
use umlaut_tests::{exec, paths, suite};

/// Creates, reads and removes a file in many places, and leaves others behind.
const WRITES: &str = r#"
for d in /etc /usr/local /usr/lib /tmp /var/tmp /dev/shm /opt /; do
    f=$d/umlaut-probe-a
    { echo probe > $f && cat $f && mv $f $f-moved && ln -s x $f-link && mkdir $f-dir && echo wrote $d; } 2>&1
done
"#;

/// Changes files of the working directory, which the host owns, in every way there is.
const CHANGES: &str = r#"
echo more >> appended; echo new > replaced; rm removed; mv moved elsewhere; chmod 0 mode
touch -d @1 times; truncate -s 1 cut; ln linked link2; rm -r tree; mkdir tree; echo x > tree/b
ls; cat appended replaced
"#;

fn umlaut(dir: &WorkDir, script: &str, root: bool) -> exec::Outcome {
    let tag = exec::fresh_tag();
    let mut command: Command = mode::umlaut(Mode::Sud);
    if root {
        command.arg("--root");
    }
    command.args(["--", "/bin/bash", "-c", script]);
    exec::plain_environment(&mut command, &dir.work(), &dir.tmp(), &tag);
    exec::run(command, &tag, Duration::from_secs(30), exec::REAPING)
}

#[test]
fn system_trees_stay_as_they_are() {
    let _turn = suite::turn();
    mode::binary();
    let dir = WorkDir::new(paths::scratch(), "untouched");
    dir.renew(None).expect("scratch");
    let host = HostTree::look();
    let outcome = umlaut(&dir, WRITES, true);
    let changes = host.changes();
    dir.remove().expect("scratch");
    paths::remove_scratch();
    let stdout = String::from_utf8_lossy(&outcome.stdout);
    assert!(changes.is_empty(), "the host has changed: {changes:#?}");
    assert_eq!(stdout.matches("wrote").count(), 8, "with --root every place can be written:\n{stdout}");
    assert!(outcome.left_over.is_empty(), "left over: {:?}", outcome.left_over);
}

#[test]
fn files_under_the_overlay_stay_as_they_are() {
    let _turn = suite::turn();
    mode::binary();
    let dir = WorkDir::new(paths::scratch(), "overlaid");
    dir.renew(None).expect("scratch");
    let names = ["appended", "replaced", "removed", "moved", "mode", "times", "cut", "linked"];
    for name in names {
        fs::write(dir.work().join(name), format!("{name}\n")).expect("scratch");
    }
    fs::create_dir(dir.work().join("tree")).expect("scratch");
    fs::write(dir.work().join("tree/a"), "a").expect("scratch");
    let before = dir.snapshot().expect("scratch");
    let outcome = umlaut(&dir, CHANGES, false);
    let after = dir.snapshot().expect("scratch");
    dir.remove().expect("scratch");
    paths::remove_scratch();
    assert_eq!(workdir::differences(&before, &after), Vec::<String>::new());
    assert_eq!(
        String::from_utf8_lossy(&outcome.stdout),
        "appended\ncut\nelsewhere\nlink2\nlinked\nmode\nreplaced\ntimes\ntree\nappended\nmore\nnew\n",
        "{}",
        String::from_utf8_lossy(&outcome.stderr)
    );
}
