//! `/proc/PID/stat` (`fs/proc/array.c`: `do_task_stat`).

use super::hostfile::HostStat;
use super::memory::{self, Usage};
use super::subject::{Subject, is_gone};
use super::{USER_HZ, ticks};
use crate::Task;
use crate::kernel::kernel;
use crate::signal::SigSet;
use crate::tty;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::sync::atomic::Ordering::SeqCst;
use host::Result;
use host::sys::process::getpriority;

/// `PF_RANDOMIZE`.
const RANDOMIZED: u32 = 0x0040_0000;
/// `PF_FORKNOEXEC`.
const FORK_NO_EXEC: u32 = 0x40;
/// `PF_EXITING`.
const EXITING: u32 = 0x4;

/// Everything on the line. Fields in Linux's order; those without a meaning here are written out as 0.
pub(super) struct Line {
    pub pid: u32,
    pub comm: Vec<u8>,
    pub state: u8,
    /// Parent, group, session.
    pub family: [u32; 3],
    pub tty: u64,
    pub foreground: i64,
    pub flags: u32,
    /// Minor faults, of reaped children, major faults, of reaped children.
    pub faults: [u64; 4],
    /// User and system time, then those of reaped children, in ticks.
    pub times: [u64; 4],
    pub nice: i64,
    pub threads: u32,
    pub started: u64,
    pub memory: Usage,
    pub rss_limit: u64,
    /// Code start and end, stack.
    pub code: [usize; 3],
    /// Pending, blocked, ignored, caught: the first 31 only.
    pub signals: [u64; 4],
    pub exit_signal: u32,
    pub processor: u64,
    /// Data start and end, heap, arguments, environment.
    pub data: [usize; 7],
}

impl Line {
    /// As Linux prints it.
    pub fn render(&self) -> Vec<u8> {
        let mut out = format!("{} (", self.pid).into_bytes();
        out.extend_from_slice(&self.comm);
        let [ppid, pgrp, session] = self.family;
        let head = format!(
            ") {} {ppid} {pgrp} {session} {} {} {}",
            char::from(self.state),
            self.tty,
            self.foreground,
            self.flags
        );
        out.extend_from_slice(head.as_bytes());
        let mut tail = String::new();
        let mut put = |value: &dyn core::fmt::Display| {
            tail.push(' ');
            tail.push_str(&value.to_string());
        };
        self.faults.iter().for_each(|v| put(v));
        self.times.iter().for_each(|v| put(v));
        for v in [&(20 + self.nice) as &dyn core::fmt::Display, &self.nice, &self.threads, &0, &self.started] {
            put(v);
        }
        put(&self.memory.size);
        put(&(self.memory.resident / 4096));
        put(&self.rss_limit);
        self.code.iter().for_each(|v| put(v));
        // Stack and instruction pointer: not shown since Linux 4.11.
        [0, 0].iter().for_each(|v| put(v));
        self.signals.iter().for_each(|v| put(&(v & 0x7fff_ffff)));
        // Wait channel, swapped pages of it and of its children.
        [0, 0, 0].iter().for_each(|v| put(v));
        put(&self.exit_signal);
        put(&self.processor);
        // Real-time priority, policy, delay, guest time, children's guest time.
        [0; 5].iter().for_each(|v| put(v));
        self.data.iter().for_each(|v| put(v));
        // The exit code is for tracers only.
        put(&0);
        out.extend_from_slice(tail.as_bytes());
        out.push(b'\n');
        out
    }
}

/// The file.
pub(super) fn stat(subject: &Subject) -> Result<Vec<u8>> {
    let view = subject.view()?;
    let task = subject.task().ok();
    let group = &subject.group;
    let zombie = task.as_ref().is_none_or(|t| is_gone(t)) || (view.zombie && !subject.thread);
    let live = task.as_ref().filter(|_| !zombie);
    let (tty, foreground) = terminal(group.session());
    let sets = signal_sets(subject, task.as_deref());
    let mut line = Line {
        pid: subject.id,
        comm: task.as_ref().map(|t| t.comm()).unwrap_or_default(),
        state: if zombie { b'Z' } else { live.map_or(b'R', |t| t.state()) },
        family: [view.parent, group.pgrp(), group.session()],
        tty,
        foreground,
        flags: RANDOMIZED
            | if group.has_executed.load(SeqCst) == 0 { FORK_NO_EXEC } else { 0 }
            | if zombie { EXITING } else { 0 },
        faults: [0; 4],
        times: [0; 4],
        nice: 0,
        threads: group.live_threads().max(1),
        started: task.as_ref().map_or(0, |t| ticks(t.started().saturating_sub(kernel().boot.0))),
        memory: Usage::default(),
        rss_limit: group.rlimit(crate::task::limits::RSS).cur,
        code: [0; 3],
        signals: [sets.pending[0].0, sets.blocked.0, sets.ignored.0, sets.caught.0],
        exit_signal: if subject.thread && subject.id != group.tgid { u32::MAX } else { group.exit_signal.load(SeqCst) },
        processor: 0,
        data: [0; 7],
    };
    add_times(&mut line, subject, live);
    if let Some(task) = live {
        line.nice = getpriority(0, task.thread.host_tid()).map_or(0, |p| 20 - p as i64);
        add_memory(&mut line, subject, task);
    }
    Ok(line.render())
}

/// Times and faults: what was counted before, and what the host counts now.
fn add_times(line: &mut Line, subject: &Subject, live: Option<&Arc<Task>>) {
    let tick = 1_000_000 / USER_HZ;
    let children = *subject.group.children_usage.lock();
    let own = *subject.group.own_usage.lock();
    let now = live.map_or(HostStat::default(), |t| {
        HostStat::read(t.thread.host_pid(), subject.thread.then(|| t.thread.host_tid()))
    });
    let before = if subject.thread { Default::default() } else { own };
    let count = |n: i64| n.max(0) as u64;
    line.faults = [
        count(before.minflt) + now.minflt,
        count(children.minflt),
        count(before.majflt) + now.majflt,
        count(children.majflt),
    ];
    line.times = [
        before.utime_us / tick + now.utime,
        before.stime_us / tick + now.stime,
        children.utime_us / tick,
        children.stime_us / tick,
    ];
    line.processor = now.processor;
}

fn add_memory(line: &mut Line, subject: &Subject, task: &Arc<Task>) {
    line.memory = memory::usage(task);
    if subject.check_access().is_err() {
        // As Linux hides addresses.
        line.code = [1, 1, 0];
        return;
    }
    let mm = task.mm();
    let i = mm.info();
    line.code = [i.start_code, i.end_code, i.start_stack];
    line.data = [i.start_data, i.end_data, mm.brk_range().start, i.arg_start, i.arg_end, i.env_start, i.env_end];
}

/// Terminal and foreground group of a session: `0 -1` without one.
fn terminal(session: u32) -> (u64, i64) {
    match tty::of_session(session) {
        Some(terminal) => (terminal.rdev() & 0xffff_ffff, i64::from(terminal.control.visible_foreground())),
        None => (0, -1),
    }
}

/// What a task and its group know of signals.
pub(super) struct Sets {
    /// The thread's, and the group's.
    pub pending: [SigSet; 2],
    pub blocked: SigSet,
    pub ignored: SigSet,
    pub caught: SigSet,
    /// Number queued for both.
    pub queued: usize,
}

/// Looks at them, one lock after the other.
pub(super) fn signal_sets(subject: &Subject, task: Option<&Task>) -> Sets {
    let (shared, mut queued) = {
        let p = subject.group.pending.lock();
        (p.set(), p.len())
    };
    let (mut own, mut blocked) = (SigSet::EMPTY, SigSet::EMPTY);
    let (mut ignored, mut caught) = (SigSet::EMPTY, SigSet::EMPTY);
    if let Some(task) = task {
        let s = task.signals.lock();
        (own, blocked) = (s.pending.set(), s.blocked);
        queued += s.pending.len();
        drop(s);
        (ignored, caught) = task.sighand().sets();
    }
    Sets { pending: [own, shared], blocked, ignored, caught, queued }
}
