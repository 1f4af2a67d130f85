//! Descriptors that umlaut is started with: files come through, those without a type are left out, and none stops it.

use std::process::Command;
use umlaut_tests::mode;

/// Makes one descriptor of each kind inheritable, then executes its arguments.
const STARTER: &str = "
import os, select, sys
kept = [os.eventfd(0, 0), select.epoll(), os.pidfd_open(os.getpid()), os.open('/dev/null', os.O_RDONLY), os.pipe()[0]]
for n, fd in enumerate(kept):
    os.dup2(fd if isinstance(fd, int) else fd.fileno(), 50 + n, inheritable=True)
os.execv(sys.argv[1], sys.argv[1:])
";

#[test]
#[ignore = "needs Debian packages: cargo xtask test"]
fn descriptors_without_a_type_are_left_out() {
    let script = "for n in 50 51 52 53 54; do [ -e /proc/self/fd/$n ] && echo $n; done; true";
    let out = (Command::new("python3").args(["-c", STARTER]).arg(mode::binary()))
        .args(["run", "--", "/bin/sh", "-c", script])
        .output()
        .expect("python3 can be started");
    let said = String::from_utf8_lossy(&out.stdout).into_owned() + &String::from_utf8_lossy(&out.stderr);
    assert_eq!((said.as_str(), out.status.code()), ("53\n54\n", Some(0)));
}
