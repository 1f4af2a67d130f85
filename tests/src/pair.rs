//! One case: natively, then under umlaut, with every check that belongs to a run.

use crate::case::Case;
use crate::exec::{self, Outcome};
use crate::mode::Mode;
use crate::workdir::{self, WorkDir};
use crate::{paths, roots};
use std::path::Path;
use std::time::Duration;

/// Runs a case natively and in `mode`; the complaints, none if both agree.
pub fn check(case: &Case, mode: Mode, parent: &Path) -> Vec<String> {
    check_rounds(case, mode, parent, 1).concat()
}

/// Runs a case natively once and then `rounds` times in `mode`; the complaints of each round.
///
/// Where the native run itself is at fault there is one round of complaints, about that.
pub fn check_rounds(case: &Case, mode: Mode, parent: &Path, rounds: usize) -> Vec<Vec<String>> {
    if let Some(reason) = &case.broken {
        return vec![vec![reason.clone()]];
    }
    match case.rootfs.as_deref().map(roots::make) {
        Some(Err(e)) => return vec![vec![e]],
        Some(Ok(false)) => return Vec::new(),
        Some(Ok(true)) | None => {}
    }
    let dir = WorkDir::new(parent, &case.name);
    let tag = exec::fresh_tag();
    let native = match run(case, Mode::Native, &dir, &tag) {
        Ok((outcome, _)) => outcome,
        Err(e) => return vec![vec![e]],
    };
    let complaints = native_complaints(case, &native);
    let mut all = match complaints.is_empty() {
        true => (0..rounds).map(|_| round(case, mode, &native, &dir, &tag)).collect(),
        false => vec![complaints],
    };
    if let Err(e) = dir.remove() {
        all.push(vec![format!("cannot remove the case's directory: {e}")]);
    }
    all
}

/// One run in `mode` beside the native run.
fn round(case: &Case, mode: Mode, native: &Outcome, dir: &WorkDir, tag: &str) -> Vec<String> {
    match run(case, mode, dir, tag) {
        Ok((virtual_, changed)) => {
            let mut complaints = compare(case, native, &virtual_);
            complaints.extend(changed);
            complaints.extend(virtual_.left_over.iter().map(|p| format!("left over: {p}")));
            complaints
        }
        Err(e) => vec![e],
    }
}

/// Runs a case natively twice: a case that differs from itself cannot be compared with umlaut.
pub fn check_native(case: &Case, parent: &Path) -> Vec<String> {
    if let Some(reason) = &case.broken {
        return vec![reason.clone()];
    }
    match case.rootfs.as_deref().map(roots::make) {
        Some(Err(e)) => return vec![e],
        Some(Ok(false)) => return Vec::new(),
        Some(Ok(true)) | None => {}
    }
    let dir = WorkDir::new(parent, &case.name);
    let tag = exec::fresh_tag();
    let both = [(); 2].map(|()| run(case, Mode::Native, &dir, &tag));
    let _ = dir.remove();
    let [first, second] = both;
    match (first, second) {
        (Ok((first, _)), Ok((second, _))) => {
            let mut complaints = native_complaints(case, &first);
            complaints.extend(compare(case, &first, &second));
            complaints
        }
        (Err(e), _) | (_, Err(e)) => vec![e],
    }
}

/// One run in a fresh directory, and under umlaut what it changed of that directory on the host.
fn run(case: &Case, mode: Mode, dir: &WorkDir, tag: &str) -> Result<(Outcome, Vec<String>), String> {
    let files = |e: std::io::Error| format!("cannot prepare the case's directory: {e}");
    dir.renew(case.files.as_deref()).map_err(files)?;
    let mut command = mode.command(case);
    exec::plain_environment(&mut command, &dir.work(), &dir.tmp(), tag);
    if let Some(text) = &case.stdin {
        command.stdin(dir.stdin(text).map_err(files)?);
    }
    let before = dir.snapshot().map_err(files)?;
    command.envs(case.env.iter().map(|(k, v)| (k, v)));
    let grace = if mode == Mode::Native { Duration::ZERO } else { exec::REAPING };
    let outcome = exec::run(command, tag, case.limit_in(mode), grace);
    let changed = if mode == Mode::Native {
        Vec::new()
    } else {
        let after = dir.snapshot().map_err(files)?;
        workdir::differences(&before, &after)
    };
    Ok((outcome, changed))
}

/// What is wrong with the native run alone: then the case itself is broken.
fn native_complaints(case: &Case, native: &Outcome) -> Vec<String> {
    let mut out = Vec::new();
    if let Some(trouble) = &native.trouble {
        out.push(format!("natively: {trouble}"));
    }
    let status = native.end.shell_status();
    if case.status.is_some_and(|wanted| wanted != status) {
        out.push(format!(
            "natively the status is {status}, the case says {}; its standard error:\n{}",
            case.status.unwrap_or(0),
            excerpt(&native.stderr)
        ));
    }
    if case.status.is_none() && matches!(status, 98 | 99) {
        out.push(format!("natively a step has failed; its output:\n{}", excerpt(&native.stdout)));
    }
    if case.must_speak && native.stdout.is_empty() && native.stderr.is_empty() {
        out.push("natively it prints nothing, so it shows nothing".to_string());
    }
    out
}

/// What differs between two runs.
fn compare(case: &Case, expected: &Outcome, got: &Outcome) -> Vec<String> {
    let mut out = Vec::new();
    if let Some(trouble) = &got.trouble {
        out.push(trouble.clone());
    }
    let (want, have) = (expected.end.shell_status(), got.end.shell_status());
    if want != have {
        out.push(format!("status {have}, natively {want} ({:?})", expected.end));
    }
    let mut differs = |title: &str, a: &[u8], b: &[u8], sort: bool| {
        if let Some(diff) = first_difference(a, b, sort) {
            out.push(format!("{title} {diff}"));
        }
    };
    differs("stdout", &expected.stdout, &got.stdout, case.sort);
    differs("stderr", &expected.stderr, &got.stderr, false);
    if !out.is_empty() && !got.stderr.is_empty() && got.stderr != expected.stderr {
        out.push(format!("its standard error:\n{}", excerpt(&got.stderr)));
    }
    out
}

/// The first line in which two outputs differ.
fn first_difference(expected: &[u8], got: &[u8], sort: bool) -> Option<String> {
    let lines = |bytes: &[u8]| {
        let mut lines: Vec<Vec<u8>> = bytes.split_inclusive(|b| *b == b'\n').map(<[u8]>::to_vec).collect();
        if sort {
            lines.sort();
        }
        lines
    };
    let (a, b) = (lines(expected), lines(got));
    if a == b {
        return None;
    }
    let at = a.iter().zip(&b).take_while(|(x, y)| x == y).count();
    let show = |line: Option<&Vec<u8>>| match line {
        Some(line) => format!("{:?}", String::from_utf8_lossy(&line[..line.len().min(300)])),
        None => "(ends)".to_string(),
    };
    Some(format!(
        "differs in line {} ({} lines, natively {}):\n      native: {}\n      umlaut: {}",
        at + 1,
        b.len(),
        a.len(),
        show(a.get(at)),
        show(b.get(at))
    ))
}

/// The first lines of some output, indented.
fn excerpt(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(&bytes[..bytes.len().min(2000)]).into_owned();
    let lines: Vec<String> = text.lines().take(12).map(|l| format!("      | {l}")).collect();
    lines.join("\n")
}

/// Leaves a long report in a file and gives back a short text that names it.
pub fn shorten(name: &str, mode: Mode, complaint: &str) -> String {
    let mut lines = complaint.lines();
    let short: Vec<&str> = lines.by_ref().take(16).collect();
    if lines.next().is_none() {
        return complaint.to_string();
    }
    let dir = paths::failures();
    let file = dir.join(format!("{}-{}.txt", name.replace('/', "+"), mode.name()));
    let saved = std::fs::create_dir_all(&dir).and_then(|()| std::fs::write(&file, complaint));
    match saved {
        Ok(()) => format!("{}\n      … the whole report: {}", short.join("\n"), file.display()),
        Err(_) => complaint.to_string(),
    }
}
