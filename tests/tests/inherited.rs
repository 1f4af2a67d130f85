//! What umlaut is started with. Descriptors: files come through, those without a type are left out, and none stops it. Signals that
//! are ignored or blocked: the first guest has them so, and umlaut itself can wait for its processes all the same.

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

/// Ignores and blocks signals, then executes its arguments.
const DEAF: &str = "
import os, signal, sys
for sig in signal.SIGCHLD, signal.SIGHUP, signal.SIGUSR1:
    signal.signal(sig, signal.SIG_IGN)
signal.signal(signal.SIGPIPE, signal.SIG_DFL)
signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGTERM, signal.SIGUSR2])
os.execvp(sys.argv[1], sys.argv[1:])
";

#[test]
#[ignore = "needs Debian packages: cargo xtask test"]
fn signals_stay_ignored_and_blocked() {
    let run = |prefix: &[&str]| {
        let mut command = Command::new("timeout");
        command.args(["60", "python3", "-c", DEAF]).args(prefix);
        command.args(["grep", "-E", "Sig(Blk|Ign)", "/proc/self/status"]);
        let out = command.output().expect("python3 can be started");
        (String::from_utf8_lossy(&out.stdout).into_owned(), out.status.code())
    };
    let binary = mode::binary();
    let umlaut = binary.to_str().expect("a path of characters");
    let native = run(&[]);
    assert!(native.0.contains("010201") && native.1 == Some(0), "{native:?}");
    for trap in ["sud", "seccomp", "ptrace"] {
        assert_eq!(run(&[umlaut, "run", "--trap", trap, "--"]), native, "{trap}");
    }
}
