//! `cargo xtask soak [--minutes N]`: redis-benchmark, pgbench and a storm of forks together in one sandbox, for 10 minutes.
//!
//! It fails if something stands still or fails, if processes are left over, or if what the kernel holds grows from round to round. The script
//! that runs inside is `soak/inside.sh`; what the kernel holds stands in `/proc/slabinfo`.

use crate::test;
use std::collections::BTreeMap;
use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};
use umlaut_tests::{mode, paths};

const INSIDE: &str = include_str!("soak/inside.sh");
const PACKAGES: [&str; 3] = ["redis-server", "redis-tools", "postgresql"];
/// Seconds of a round.
const ROUND: u64 = 60;
/// What may come and go between two looks (objects): what is let go of later, names in caches. A leak of one object for each process
/// or request is thousands.
const SLACK: i64 = 100;
/// The same for pages.
const SLACK_PAGES: i64 = 1024;
/// Starting, stopping and copying around a round, on a busy machine.
const PATIENCE: u64 = 240;

/// What the kernel held after a round: objects, bytes, pages.
type Memory = [i64; 3];

/// Runs the chore.
pub fn run(args: &[String]) -> Result<(), String> {
    let usage = "usage: cargo xtask soak [--minutes N]";
    let minutes: u64 = match args {
        [] => 10,
        [flag, n] if flag == "--minutes" => n.parse().map_err(|_| usage.to_string())?,
        _ => return Err(usage.to_string()),
    };
    test::need(&PACKAGES)?;
    let rounds = (minutes * 60).div_ceil(ROUND).max(2);
    let dir = paths::scratch().join("soak");
    std::fs::create_dir_all(&dir).map_err(|e| format!("{}: {e}", dir.display()))?;
    let result = soak(rounds, &dir);
    let _ = std::fs::remove_dir_all(&dir);
    paths::remove_scratch();
    result
}

fn soak(rounds: u64, dir: &std::path::Path) -> Result<(), String> {
    let limit = Duration::from_secs((rounds + 1) * (ROUND + PATIENCE));
    let mut child = Command::new("timeout")
        .args(["-k", "10", &limit.as_secs().to_string()])
        .arg(mode::binary())
        .args(["run", "--root", "--stats", "--", "bash", "-c", INSIDE, "soak", &rounds.to_string(), &ROUND.to_string()])
        .current_dir(dir)
        .env("LC_ALL", "C")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .map_err(|e| format!("umlaut cannot be started: {e}"))?;
    let mut looks: Vec<Memory> = Vec::new();
    let mut sizes: Vec<BTreeMap<String, i64>> = Vec::new();
    let started = Instant::now();
    for line in BufReader::new(child.stdout.take().ok_or("no output")?).lines() {
        let line = line.map_err(|e| e.to_string())?;
        let (what, rest) = line.split_once(": ").unwrap_or(("", &line));
        match what.split(' ').next() {
            Some("memory") => {
                let mut numbers = rest.split(' ').map(|n| n.parse().unwrap_or(0));
                looks.push(std::array::from_fn(|_| numbers.next().unwrap_or(0)));
                println!("[{:5.0} s] {rest} (objects, bytes, pages)", started.elapsed().as_secs_f64());
            }
            Some("sizes") => sizes.push(rest.split_whitespace().filter_map(size).collect()),
            _ => println!("[{:5.0} s] {line}", started.elapsed().as_secs_f64()),
        }
    }
    let status = child.wait().map_err(|e| e.to_string())?;
    if !status.success() {
        return Err(format!("the soak has failed: {status}"));
    }
    judge(&looks, &sizes)
}

fn size(pair: &str) -> Option<(String, i64)> {
    let (name, n) = pair.split_once('=')?;
    Some((name.to_string(), n.parse().ok()?))
}

/// Compares the last look with the first, which was taken after a short round.
fn judge(looks: &[Memory], sizes: &[BTreeMap<String, i64>]) -> Result<(), String> {
    let (Some(first), Some(last)) = (looks.first(), looks.last()) else {
        return Err("nothing was measured".to_string());
    };
    let grown: Memory = std::array::from_fn(|i| last[i] - first[i]);
    println!("since the first round: {:+} objects, {:+} bytes, {:+} pages", grown[0], grown[1], grown[2]);
    if let (Some(a), Some(b)) = (sizes.first(), sizes.last()) {
        let more = b.iter().map(|(name, n)| (name, n - a.get(name).unwrap_or(&0))).filter(|(_, n)| *n != 0);
        more.for_each(|(name, n)| println!("  {name:<16} {n:+}"));
    }
    if grown[0] > SLACK || grown[2] > SLACK_PAGES {
        return Err("the kernel holds more than after the first round".to_string());
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn growth_is_judged() {
        assert!(judge(&[[100, 1000, 10], [150, 2000, 20]], &[]).is_ok());
        assert!(judge(&[[100, 1000, 10], [5000, 90000, 20]], &[]).is_err());
        assert!(judge(&[], &[]).is_err());
        assert_eq!(size("kmalloc-16=7"), Some(("kmalloc-16".to_string(), 7)));
    }
}
