//! Programs driven by keys on a terminal, their screens as text.
//!
//! The terminal is a pane of a tmux server of the host's, which the program under test knows nothing of: it sends keys and
//! says what the screen shows. A script (`terminals/*.keys`) is run twice, natively and under umlaut, and everything
//! that it looked at must be the same. Lines of a script:
//!
//! | line            | meaning                                                                |
//! |-----------------|------------------------------------------------------------------------|
//! | `packages A B`  | Debian packages that it needs                                          |
//! | `run COMMAND`   | starts it in a terminal of 80 columns and 24 lines; once, first          |
//! | `shell`         | instead: a bash of the host's, which starts what is to be tested by `./run COMMAND` |
//! | `type TEXT`     | types the text as it stands                                            |
//! | `key NAME…`     | presses keys by tmux's names (`Enter`, `C-z`, `Up`)                    |
//! | `wait TEXT`     | until the screen shows it                                              |
//! | `gone TEXT`     | until the screen does not show it any more                             |
//! | `size COLS ROWS`| changes the terminal's size                                            |
//! | `look`          | waits until the screen is still (and as it was natively), and notes it |
//! | `end`           | until the command has ended, and notes its status                      |

use crate::exec;
use crate::mode::{Mode, umlaut};
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

/// How long to wait for anything.
const PATIENCE: Duration = Duration::from_secs(30);

/// A terminal with a program in it. Dropped, both end.
struct Screen<'a> {
    dir: &'a Path,
    /// A screen that has not changed for so long is looked at.
    still: Duration,
    tag: String,
}

impl Drop for Screen<'_> {
    fn drop(&mut self) {
        let _ = self.tmux(&["kill-server"]);
    }
}

impl Screen<'_> {
    /// Runs tmux on this terminal's server; answers what it writes.
    fn tmux(&self, args: &[&str]) -> Result<String, String> {
        let mut c = Command::new("tmux");
        exec::plain_environment(&mut c, &self.dir.join("work"), &self.dir.join("tmp"), &self.tag);
        c.arg("-S").arg(self.dir.join("socket")).arg("-f").arg(self.dir.join("tmux.conf")).args(args);
        let out = c.output().map_err(|e| format!("tmux: {e}"))?;
        if !out.status.success() {
            return Err(format!("tmux {args:?}: {}", String::from_utf8_lossy(&out.stderr)));
        }
        Ok(String::from_utf8_lossy(&out.stdout).into_owned())
    }

    /// The program under test is the command itself.
    fn start(&self, mode: Mode, command: &str) -> Result<(), String> {
        let runner = runner(mode);
        let runner = runner.iter().map(String::as_str);
        // Not bash: it would take the prompt out of the environment.
        self.open(&runner.chain(["/bin/sh", "-c", command]).collect::<Vec<_>>())
    }

    /// The programs under test are jobs of a shell that is not.
    fn start_shell(&self, mode: Mode) -> Result<(), String> {
        let words: Vec<String> = runner(mode).iter().map(|w| format!("'{w}'")).collect();
        let script = format!("#!/bin/sh\nexec {} \"$@\"\n", words.join(" "));
        let file = self.dir.join("work/run");
        let executable = std::os::unix::fs::PermissionsExt::from_mode(0o755);
        let written = std::fs::write(&file, script).and_then(|()| std::fs::set_permissions(&file, executable));
        written.map_err(|e| e.to_string())?;
        self.open(&["bash", "--norc", "--noprofile", "-i"])
    }

    fn open(&self, command: &[&str]) -> Result<(), String> {
        // The keys' signals reach this shell too: it waits on, and writes down how the command ended.
        let status = self.dir.join("status").to_string_lossy().into_owned();
        let outer = format!("trap : INT QUIT; \"$@\"; echo $? > '{status}'");
        let mut words = vec!["sh", "-c", &outer, "sh", "env", "-u", "TMUX", "-u", "TMUX_PANE", "TERM=screen", "PS1=$ "];
        words.extend(command);
        self.tmux(&[&["new-session", "-d", "-x", "80", "-y", "24"], &words[..]].concat()).map(drop)
    }

    fn text(&self) -> Result<String, String> {
        let screen = self.tmux(&["capture-pane", "-p"])?;
        // What tmux itself says once the command has ended.
        let lines = screen.lines().filter(|l| !l.starts_with("Pane is dead")).map(str::trim_end);
        Ok(lines.collect::<Vec<_>>().join("\n").trim_end().to_string())
    }

    fn until(&self, what: &str, holds: impl Fn(&str) -> bool) -> Result<(), String> {
        let started = Instant::now();
        loop {
            let screen = self.text()?;
            if holds(&screen) {
                return Ok(());
            }
            if started.elapsed() > PATIENCE {
                return Err(format!("waited in vain for {what}; the screen was\n{screen}"));
            }
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    /// Waits until the screen is still; and, if it is known what it should be, for that: a program that was not given the
    /// processor for a while has a still screen, too.
    fn look(&self, wanted: Option<&String>) -> Result<String, String> {
        let mut last = self.text()?;
        let mut since = Instant::now();
        let started = since;
        let other = |screen: &String| wanted.is_some_and(|w| w != screen);
        while (since.elapsed() < self.still || other(&last)) && started.elapsed() < PATIENCE {
            std::thread::sleep(Duration::from_millis(50));
            let now = self.text()?;
            if now != last {
                (last, since) = (now, Instant::now());
            }
        }
        Ok(last)
    }

    fn end(&self) -> Result<String, String> {
        let started = Instant::now();
        loop {
            if let Ok(status) = std::fs::read_to_string(self.dir.join("status"))
                && status.ends_with('\n')
            {
                return Ok(format!("status {}", status.trim()));
            }
            if started.elapsed() > PATIENCE {
                return Err(format!("the command did not end; the screen was\n{}", self.text()?));
            }
            std::thread::sleep(Duration::from_millis(50));
        }
    }
}

/// What stands before a command to run it in this mode.
fn runner(mode: Mode) -> Vec<String> {
    if mode == Mode::Native {
        return Vec::new();
    }
    let c = umlaut(mode);
    let words = std::iter::once(c.get_program()).chain(c.get_args());
    words.map(|w| w.to_string_lossy().into_owned()).chain(["--".to_string()]).collect()
}

/// The Debian packages that a script names.
pub fn packages(script: &str) -> Vec<String> {
    let named = script.lines().filter_map(|l| l.strip_prefix("packages "));
    named.flat_map(|l| l.split_whitespace().map(str::to_string)).chain(["tmux".to_string()]).collect()
}

/// Plays a script in a directory with `work` and `tmp` in it; answers what it looked at. `wanted` is what was looked at
/// natively, which is waited for.
pub fn play(script: &str, mode: Mode, dir: &Path, still: Duration, wanted: &[String]) -> Result<Vec<String>, String> {
    std::fs::write(dir.join("tmux.conf"), "set -g remain-on-exit on\nset -g status off\n")
        .map_err(|e| e.to_string())?;
    let screen = Screen { dir, still, tag: exec::fresh_tag() };
    let mut seen = Vec::new();
    for (number, line) in script.lines().enumerate() {
        let (word, rest) = line.split_once(' ').unwrap_or((line, ""));
        let done = match word {
            "" | "#" | "packages" => Ok(()),
            "run" => screen.start(mode, rest),
            "shell" => screen.start_shell(mode),
            "type" => screen.tmux(&["send-keys", "-l", "--", rest]).map(drop),
            "key" => screen.tmux(&[&["send-keys"], &rest.split(' ').collect::<Vec<_>>()[..]].concat()).map(drop),
            "wait" => screen.until(rest, |s| s.contains(rest)),
            "gone" => screen.until(rest, |s| !s.contains(rest)),
            "size" => {
                let (x, y) = rest.split_once(' ').unwrap_or((rest, "24"));
                screen.tmux(&["resize-window", "-x", x, "-y", y]).map(drop)
            }
            "look" => screen.look(wanted.get(seen.len())).map(|s| seen.push(s)),
            "end" => screen.end().map(|s| seen.push(s)),
            _ => Err("no such line".to_string()),
        };
        done.map_err(|e| format!("line {} ({line}): {e}", number + 1))?;
    }
    Ok(seen)
}
