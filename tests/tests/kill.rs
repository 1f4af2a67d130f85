//! `kill -9` from outside: whatever host process of a sandbox dies, the end is clear and quick.
//!
//! For every scenario and every one of its host processes, and all of its guests at once: start the sandbox, wait until the
//! guest says that it is ready, kill, and see that the guest's own programs notice and end,
//! or that the sandbox ends; that nothing hangs and nothing is left.

use std::io::{BufRead, BufReader, Read};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::mpsc;
use std::time::{Duration, Instant};
use umlaut_tests::mode::{self, Mode};
use umlaut_tests::procs::{self, Run};
use umlaut_tests::workdir::WorkDir;
use umlaut_tests::{exec, pair, paths, suite};

/// How long a sandbox may live after the blow: a second, and the rest for a busy machine.
const CLEAR_END: Duration = Duration::from_secs(10);
/// The same with a tracer, through which every call of every process goes, four times.
const CLEAR_END_TRACED: Duration = Duration::from_secs(30);

/// A guest that prints `ready` once all its processes run, and ends soon when any of them dies (hence `exec`: a shell in
/// between could die without anybody's notice, natively as well).
struct Scenario {
    name: &'static str,
    /// How many guest processes there are at least when it is ready.
    processes: usize,
    script: &'static str,
}

/// Waits until one of these processes is gone. Not bash's `wait -n`: a death right before it sleeps is slept through.
const WATCH: &str = "watch() { while :; do for i; do kill -0 $i 2>/dev/null || return; done; sleep 0.05; done; }; ";

const SCENARIOS: [Scenario; 7] = [
    Scenario { name: "one sleeper", processes: 1, script: "echo ready; exec sleep 1000" },
    Scenario { name: "a busy loop", processes: 1, script: "echo ready; while :; do :; done" },
    Scenario { name: "shell and child", processes: 2, script: "echo ready; sleep 1000; echo status $?" },
    Scenario {
        name: "named pipe",
        processes: 3,
        script: "mkfifo p; cat p & c=$!; sleep 1000 > p & s=$!; sleep 0.1; echo ready; watch $c $s; echo status; \
                 kill -9 $c $s 2>/dev/null; wait; echo end",
    },
    Scenario {
        name: "busy pipeline",
        processes: 3,
        script: "{ echo ready; exec yes; } | { read -r l; echo $l; exec cat > /dev/null; }; echo status ${PIPESTATUS[*]}",
    },
    Scenario {
        name: "fork tree",
        processes: 4,
        script: "for i in 1 2 3; do (while /bin/true; do :; done) & p+=($!); done; sleep 0.2; echo ready; \
                 watch ${p[@]}; echo status; kill -9 ${p[@]} 2>/dev/null; wait; echo end",
    },
    Scenario {
        name: "writers of one file",
        processes: 3,
        script: "for i in 1 2; do (while :; do echo $i >> f; done) & p+=($!); done; sleep 0.1; echo ready; \
                 watch ${p[@]}; echo status; kill -9 ${p[@]} 2>/dev/null; wait; echo end",
    },
];

/// A running sandbox.
struct Sandbox {
    mode: Mode,
    child: Child,
    run: Run,
    lines: mpsc::Receiver<String>,
    stderr: mpsc::Receiver<String>,
}

fn start(scenario: &Scenario, mode: Mode, dir: &WorkDir) -> Sandbox {
    let tag = exec::fresh_tag();
    let mut command: Command = mode::umlaut(mode);
    let script = [WATCH, scenario.script].concat();
    command.args(["--", "/bin/bash", "-c", &script]);
    exec::plain_environment(&mut command, &dir.work(), &dir.tmp(), &tag);
    exec::in_own_session(&mut command);
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().expect("umlaut can be started");
    let lines = read_lines(child.stdout.take().expect("a pipe"));
    let mut stderr = child.stderr.take().expect("a pipe");
    let (send, receive) = mpsc::channel();
    std::thread::spawn(move || {
        let mut text = Vec::new();
        let _ = stderr.read_to_end(&mut text);
        let _ = send.send(String::from_utf8_lossy(&text).into_owned());
    });
    Sandbox { mode, run: Run::new(child.id(), &tag), child, lines, stderr: receive }
}

fn read_lines(stdout: ChildStdout) -> mpsc::Receiver<String> {
    let (send, receive) = mpsc::channel();
    std::thread::spawn(move || {
        for line in BufReader::new(stdout).lines().map_while(Result::ok) {
            if send.send(line).is_err() {
                break;
            }
        }
    });
    receive
}

impl Sandbox {
    /// Waits for the guest's word and until its processes are there.
    fn ready(&self, processes: usize) -> Result<(), String> {
        let word = self.lines.recv_timeout(Duration::from_secs(20));
        if word.as_deref() != Ok("ready") {
            return Err(format!("the guest did not say ready but {word:?}\n{}", procs::dump(&self.run)));
        }
        let deadline = Instant::now() + Duration::from_secs(2);
        while self.run.alive().len() < processes + 1 && Instant::now() < deadline {
            std::thread::sleep(Duration::from_millis(10));
        }
        Ok(())
    }

    /// Waits for umlaut's own end.
    fn ended(&mut self) -> Result<String, String> {
        let limit = if self.mode == Mode::Ptrace { CLEAR_END_TRACED } else { CLEAR_END };
        let deadline = Instant::now() + limit;
        loop {
            match self.child.try_wait() {
                Ok(Some(status)) => return Ok(status.to_string()),
                Ok(None) if Instant::now() < deadline => std::thread::sleep(Duration::from_millis(10)),
                _ => return Err(format!("umlaut did not end\n{}", procs::dump(&self.run))),
            }
        }
    }

    fn clean_up(&mut self) {
        procs::kill(&self.run);
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Whom the blow hits.
#[derive(Clone, Copy)]
enum Blow {
    /// One host process, oldest first.
    One(usize),
    /// All but the supervisor, one right after the other.
    Guests,
}

/// Starts the scenario and kills. `None`: there are not so many processes.
fn strike(scenario: &Scenario, mode: Mode, dir: &WorkDir, blow: Blow) -> Option<Result<(), String>> {
    let mut sandbox = start(scenario, mode, dir);
    let supervisor = sandbox.child.id();
    let result = sandbox.ready(scenario.processes).map(|()| {
        let mut alive = sandbox.run.alive();
        // A busy fork tree makes new ones all the time; by the time of the blow they would be gone.
        alive.truncate(scenario.processes + 1);
        match blow {
            Blow::One(n) => alive.into_iter().skip(n).take(1).collect::<Vec<_>>(),
            Blow::Guests => alive.into_iter().filter(|p| p.pid != supervisor).collect(),
        }
    });
    let outcome = match result {
        Err(e) => Some(Err(e)),
        Ok(victims) if victims.is_empty() => None,
        Ok(victims) => {
            for process in &victims {
                procs::kill_one(process.pid);
            }
            let names: Vec<&str> = victims.iter().map(|p| p.name.as_str()).collect();
            let after = verdict(&mut sandbox, victims.iter().any(|p| p.pid == supervisor));
            Some(after.map_err(|e| format!("killed {names:?}: {e}")))
        }
    };
    sandbox.clean_up();
    outcome
}

fn verdict(sandbox: &mut Sandbox, supervisor: bool) -> Result<(), String> {
    let status = sandbox.ended()?;
    let left = procs::wait_gone(&sandbox.run, exec::REAPING);
    if !left.is_empty() {
        return Err(format!("umlaut ended ({status}) but left {left:?}\n{}", procs::dump(&sandbox.run)));
    }
    let stderr = sandbox.stderr.recv_timeout(exec::REAPING).unwrap_or_default();
    // To the end of the output: who reads it may be behind.
    let said: Vec<String> = std::iter::from_fn(|| sandbox.lines.recv_timeout(exec::REAPING).ok()).collect();
    // The guest saw it (a shell prints 137), or umlaut passes the guest's own death on, or says what happened.
    let clear = supervisor
        || said.iter().any(|l| l.starts_with("status"))
        || status.contains("137")
        || stderr.contains("umlaut");
    if clear {
        return Ok(());
    }
    Err(format!("no clear end: umlaut's status {status}, output {said:?}, standard error {stderr:?}"))
}

fn all(mode: Mode) {
    if !mode.wanted() {
        return;
    }
    mode::binary();
    let _turn = suite::turn();
    let dir = WorkDir::new(paths::scratch(), "kill");
    let mut failures = Vec::new();
    for scenario in &SCENARIOS {
        for blow in std::iter::once(Blow::Guests).chain((0..).map(Blow::One)) {
            dir.renew(None).expect("scratch");
            match strike(scenario, mode, &dir, blow) {
                None => break,
                Some(Ok(())) => {}
                Some(Err(e)) => {
                    let name = match blow {
                        Blow::One(n) => format!("kill-{}-{n}", scenario.name),
                        Blow::Guests => format!("kill-{}-guests", scenario.name),
                    };
                    failures.push(format!("{}: {}", scenario.name, pair::shorten(&name, mode, &e)));
                    // A sandbox that never got going has no further victims to try.
                    if e.contains("did not say ready") {
                        break;
                    }
                }
            }
        }
    }
    let _ = dir.remove();
    paths::remove_scratch();
    assert!(failures.is_empty(), "{} failures:\n{}", failures.len(), failures.join("\n\n"));
}

#[test]
fn any_host_process_killed_sud() {
    all(Mode::Sud);
}

#[test]
fn any_host_process_killed_seccomp() {
    all(Mode::Seccomp);
}

#[test]
fn any_host_process_killed_ptrace() {
    all(Mode::Ptrace);
}
