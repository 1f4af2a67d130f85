//! `/proc/PID/status` (`fs/proc/array.c`: `proc_pid_status`).

use super::memory::{self, HostStatus};
use super::stat::signal_sets;
use super::subject::{Subject, is_gone};
use crate::Task;
use crate::task::limits;
use alloc::format;
use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::sync::atomic::Ordering::SeqCst;
use fs_emu::Cred;
use host::Result;

/// The file.
pub(super) fn status(subject: &Subject) -> Result<Vec<u8>> {
    let view = subject.view()?;
    let task = subject.task().ok();
    let zombie = task.as_ref().is_none_or(|t| is_gone(t)) || (view.zombie && !subject.thread);
    let live = task.as_ref().filter(|_| !zombie);
    let mut out = b"Name:\t".to_vec();
    escape(&task.as_ref().map(|t| t.comm()).unwrap_or_default(), &mut out);
    out.push(b'\n');
    let mut text = String::new();
    identity(&mut text, subject, view.parent, task.as_ref(), zombie);
    let host = live.map(|t| HostStatus::of(t));
    if let (Some(task), Some(host)) = (live, &host) {
        sizes(&mut text, task, host);
    }
    signals(&mut text, subject, task.as_deref());
    if let Some(task) = &task {
        capabilities(&mut text, &task.cred(), task.no_new_privs.load(SeqCst));
    }
    // Which processors, and how often it was switched: the host's business, also for what has ended.
    let host = host.or_else(|| Task::current().map(HostStatus::of));
    if let Some(host) = host {
        for start in ["Speculation", "Cpus_allowed", "Mems_allowed", "voluntary_ctxt", "nonvoluntary_ctxt"] {
            text.push_str(&host.lines(start));
        }
    }
    out.extend_from_slice(text.as_bytes());
    Ok(out)
}

/// A name on a line of its own: line feeds and backslashes are written as escapes.
pub(super) fn escape(name: &[u8], out: &mut Vec<u8>) {
    for &b in name {
        match b {
            b'\n' => out.extend_from_slice(b"\\n"),
            b'\\' => out.extend_from_slice(b"\\\\"),
            _ => out.push(b),
        }
    }
}

/// A state's letter with its name.
pub(super) fn state_name(letter: u8) -> &'static str {
    match letter {
        b'S' => "S (sleeping)",
        b'D' => "D (disk sleep)",
        b'T' => "T (stopped)",
        b't' => "t (tracing stop)",
        b'X' => "X (dead)",
        b'Z' => "Z (zombie)",
        _ => "R (running)",
    }
}

fn identity(text: &mut String, subject: &Subject, parent: u32, task: Option<&Arc<Task>>, zombie: bool) {
    let group = &subject.group;
    if let Some(t) = task.filter(|_| !zombie) {
        text.push_str(&format!("Umask:\t{:04o}\n", t.fs().umask()));
    }
    let letter = if zombie { b'Z' } else { task.map_or(b'R', |t| t.state()) };
    let (tgid, id) = (group.tgid, subject.id);
    text.push_str(&format!(
        "State:\t{}\nTgid:\t{tgid}\nNgid:\t0\nPid:\t{id}\nPPid:\t{parent}\nTracerPid:\t{}\n",
        state_name(letter),
        task.map_or(0, |t| t.trace.tracer())
    ));
    if let Some(cred) = task.map(|t| t.cred()) {
        let c = &*cred;
        text.push_str(&format!("Uid:\t{}\t{}\t{}\t{}\n", c.uid, c.euid, c.suid, c.fsuid));
        text.push_str(&format!("Gid:\t{}\t{}\t{}\t{}\n", c.gid, c.egid, c.sgid, c.fsgid));
        let slots = task.and_then(|t| t.files()).map_or(0, |f| table_size(f.list().last().copied()));
        text.push_str(&format!("FDSize:\t{slots}\nGroups:\t{} \n", groups(c)));
    }
    text.push_str(&format!("NStgid:\t{tgid}\nNSpid:\t{id}\nNSpgid:\t{}\nNSsid:\t{}\n", group.pgrp(), group.session()));
    text.push_str("Kthread:\t0\n");
}

fn groups(cred: &Cred) -> String {
    let names: Vec<String> = cred.groups.iter().map(|g| format!("{g}")).collect();
    names.join(" ")
}

/// Linux's tables grow by powers of two, from 64 on.
pub(super) fn table_size(last: Option<i32>) -> u32 {
    let used = last.map_or(0, |fd| fd.max(0) as u32 + 1);
    used.next_power_of_two().max(64)
}

fn sizes(text: &mut String, task: &Task, host: &HostStatus) {
    let u = memory::usage(task);
    let resident = u.resident / 1024;
    let anon = host.kb("RssAnon").min(resident);
    let file = host.kb("RssFile").min(resident - anon);
    let code = memory::code_size(task).min(u.exec);
    let rows: [(&str, u64); 15] = [
        ("VmPeak", u.peak / 1024),
        ("VmSize", u.size / 1024),
        ("VmLck", u.locked / 1024),
        ("VmPin", 0),
        ("VmHWM", host.kb("VmHWM").min(u.peak / 1024).max(resident)),
        ("VmRSS", resident),
        ("RssAnon", anon),
        ("RssFile", file),
        ("RssShmem", resident - anon - file),
        ("VmData", u.data / 1024),
        ("VmStk", u.stack / 1024),
        ("VmExe", code / 1024),
        ("VmLib", (u.exec - code) / 1024),
        ("VmPTE", host.kb("VmPTE")),
        ("VmSwap", host.kb("VmSwap").min(u.size / 1024)),
    ];
    for (name, kb) in rows {
        text.push_str(&format!("{name}:\t{kb:>8} kB\n"));
    }
    text.push_str("HugetlbPages:\t       0 kB\nCoreDumping:\t0\nTHP_enabled:\t1\nuntag_mask:\t0xffffffffffffffff\n");
}

fn signals(text: &mut String, subject: &Subject, task: Option<&Task>) {
    let sets = signal_sets(subject, task);
    let limit = subject.group.rlimit(limits::SIGPENDING).cur;
    text.push_str(&format!("Threads:\t{}\nSigQ:\t{}/{limit}\n", subject.group.live_threads().max(1), sets.queued));
    let [own, shared] = sets.pending;
    let rows = [
        ("SigPnd", own),
        ("ShdPnd", shared),
        ("SigBlk", sets.blocked),
        ("SigIgn", sets.ignored),
        ("SigCgt", sets.caught),
    ];
    for (name, set) in rows {
        text.push_str(&format!("{name}:\t{:016x}\n", set.0));
    }
}

fn capabilities(text: &mut String, c: &Cred, no_new_privs: u32) {
    let rows = [
        ("CapInh", c.inheritable),
        ("CapPrm", c.permitted),
        ("CapEff", c.effective),
        ("CapBnd", c.bounding),
        ("CapAmb", c.ambient),
    ];
    for (name, set) in rows {
        text.push_str(&format!("{name}:\t{:016x}\n", set.bits()));
    }
    text.push_str(&format!("NoNewPrivs:\t{}\nSeccomp:\t0\nSeccomp_filters:\t0\n", no_new_privs.min(1)));
}
