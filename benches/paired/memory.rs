//! Memory of a tree of processes.

use std::collections::HashMap;
use std::fs;

/// Proportional set size (`proc_pid_smaps(5)`) of a process and all below it, in bytes.
pub fn of_tree(root: u32) -> f64 {
    let mut parents = HashMap::new();
    for entry in fs::read_dir("/proc").into_iter().flatten().flatten() {
        if let Some(pid) = entry.file_name().to_str().and_then(|n| n.parse::<u32>().ok()) {
            parents.insert(pid, parent(pid));
        }
    }
    let below = |mut pid: u32| {
        while pid != root && pid != 0 {
            pid = parents.get(&pid).copied().unwrap_or(0);
        }
        pid == root
    };
    parents.keys().filter(|&&pid| below(pid)).map(|&pid| proportional(pid)).sum()
}

fn parent(pid: u32) -> u32 {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    let after_name = stat.rsplit(')').next().unwrap_or_default();
    after_name.split_whitespace().nth(1).and_then(|n| n.parse().ok()).unwrap_or(0)
}

fn proportional(pid: u32) -> f64 {
    let rollup = fs::read_to_string(format!("/proc/{pid}/smaps_rollup")).unwrap_or_default();
    let line = rollup.lines().find(|l| l.starts_with("Pss:")).unwrap_or_default();
    line.split_whitespace().nth(1).and_then(|n| n.parse::<f64>().ok()).unwrap_or(0.0) * 1024.0
}
