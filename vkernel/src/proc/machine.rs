//! Files of `/proc` about the machine and the kernel as a whole.
//!
//! Memory, processors and load are the host's; where they speak of processes, the numbers are the sandbox's.

use super::hostfile::{host_text, read_host};
use super::{PROC_DEV, fixed_attr};
use crate::kernel::kernel;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use fs_emu::pseudo::{Entries, TextFile};
use host::Result;
use host::layout::PAGE_SIZE;

type Make = fn() -> Result<Vec<u8>>;

const FILES: &[(&str, Make)] = &[
    ("cmdline", || Ok(b"umlaut\n".to_vec())),
    ("cpuinfo", || read_host("/proc/cpuinfo")),
    ("devices", || Ok(DEVICES.as_bytes().to_vec())),
    ("diskstats", || Ok(Vec::new())),
    ("filesystems", || Ok(FILESYSTEMS.as_bytes().to_vec())),
    ("interrupts", || read_host("/proc/interrupts")),
    ("key-users", || Ok(kernel().keys.render_users())),
    ("loadavg", loadavg),
    ("meminfo", || read_host("/proc/meminfo")),
    ("modules", || Ok(Vec::new())),
    ("partitions", || Ok(b"major minor  #blocks  name\n\n".to_vec())),
    ("slabinfo", slabinfo),
    ("stat", stat),
    ("swaps", || Ok(SWAPS.as_bytes().to_vec())),
    ("uptime", uptime),
    ("version", || read_host("/proc/version")),
    ("vmstat", || read_host("/proc/vmstat")),
];

const DEVICES: &str = "Character devices:\n  1 mem\n  5 /dev/tty\n  5 /dev/console\n136 pts\n\nBlock devices:\n";
const FILESYSTEMS: &str = "nodev\tsysfs\nnodev\ttmpfs\nnodev\tproc\nnodev\tdevtmpfs\nnodev\tdevpts\nnodev\toverlay\n";
const SWAPS: &str = "Filename\t\t\t\tType\t\tSize\t\tUsed\t\tPriority\n";

const SLABINFO: &str = "slabinfo - version: 2.1\n# name            <active_objs> <num_objs> <objsize> <objperslab> <pagesperslab> \
: tunables <limit> <batchcount> <sharedfactor> : slabdata <active_slabs> <num_slabs> <sharedavail>\n";
/// Files that only root reads.
const PRIVATE: &[&str] = &["slabinfo"];

/// The names of `/proc/filesystems`.
pub fn filesystems() -> impl Iterator<Item = &'static str> {
    FILESYSTEMS.lines().filter_map(|l| l.rsplit('\t').next())
}

/// All of them.
pub(super) fn files() -> Entries {
    let file = |(name, make): &(&'static str, Make)| {
        let mode = if PRIVATE.contains(name) { 0o400 } else { 0o444 };
        (*name, TextFile::build(fixed_attr(PROC_DEV, name, mode), *make))
    };
    FILES.iter().map(file).collect()
}

/// The arena's size classes in the form of Linux's caches: what is alive of each, and what there is room for. The last line is
/// the pages of everything: files in memory, large objects, and the classes above it.
pub(super) fn slabinfo() -> Result<Vec<u8>> {
    let (classes, large) = host::arena::size_classes();
    let mut text = String::from(SLABINFO);
    let mut line = |name: &str, live: usize, all: usize, size: usize, pages: usize| {
        let per_page = PAGE_SIZE.checked_div(size).unwrap_or(1).max(1);
        let per_slab = size.div_ceil(PAGE_SIZE);
        let tail = format!(": tunables 0 0 0 : slabdata {pages} {pages} 0");
        text.push_str(&format!("{name:<17} {live:>6} {all:>6} {size:>6} {per_page:>4} {per_slab:>4} {tail}\n"));
    };
    for c in classes {
        let all = c.pages * PAGE_SIZE / c.size;
        line(&format!("kmalloc-{}", c.size), c.objects, all, c.size, c.pages);
    }
    line("large", large, large, PAGE_SIZE, large);
    let pages = host::arena::usage().pages;
    line("pages", pages, pages, PAGE_SIZE, pages);
    Ok(text.into_bytes())
}

/// Number of tasks that run now.
fn running() -> u64 {
    kernel().tasks.all_tasks().iter().filter(|t| t.state() == b'R').count() as u64
}

fn loadavg() -> Result<Vec<u8>> {
    let (total, _, last) = kernel().tasks.counts();
    Ok(render_loadavg(&host_text("/proc/loadavg"), running(), total as u64, last).into_bytes())
}

/// The host's three averages with other counts.
pub(super) fn render_loadavg(host: &str, running: u64, total: u64, last: u32) -> String {
    let mut load: Vec<&str> = host.split_whitespace().take(3).collect();
    load.resize(3, "0.00");
    format!("{} {running}/{total} {last}\n", load.join(" "))
}

/// The sandbox's uptime; its idle time is unknown, and shown as if nothing had run.
fn uptime() -> Result<Vec<u8>> {
    // Never zero: programs divide by it.
    let up = kernel().uptime().as_nanos().max(10_000_000);
    let idle = up.saturating_mul(processors());
    let hundredths = |ns: u64| format!("{}.{:02}", ns / 1_000_000_000, ns / 10_000_000 % 100);
    Ok(format!("{} {}\n", hundredths(up), hundredths(idle)).into_bytes())
}

fn processors() -> u64 {
    let mut mask = [0u8; 128];
    let n = host::sys::process::getaffinity(0, &mut mask).unwrap_or(0);
    mask.iter().take(n).map(|b| u64::from(b.count_ones())).sum::<u64>().max(1)
}

fn stat() -> Result<Vec<u8>> {
    let host = read_host("/proc/stat")?;
    let host = String::from_utf8_lossy(&host);
    let (_, forks, _) = kernel().tasks.counts();
    Ok(render_stat(&host, kernel().boot.1.sec, forks, running()).into_bytes())
}

/// The host's lines with other counts of processes.
pub(super) fn render_stat(host: &str, boot: i64, forks: u64, running: u64) -> String {
    let line = |l: &str| match l.split(' ').next() {
        Some("btime") => format!("btime {boot}\n"),
        Some("processes") => format!("processes {forks}\n"),
        Some("procs_running") => format!("procs_running {running}\n"),
        Some("procs_blocked") => String::from("procs_blocked 0\n"),
        _ => format!("{l}\n"),
    };
    host.lines().map(line).collect()
}
