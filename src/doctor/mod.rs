//! `umlaut doctor`: what this host offers, and what a bounced call costs with each mechanism.
//!
//! [`probe`] asks, [`lanes`] makes the calls in processes of their own, [`measure`] runs them in turns and takes the medians.

mod lanes;
mod measure;
mod probe;

pub use lanes::serve_inside;
pub use probe::probe_sud;

use crate::sandbox::{Patch, Trap};
use crate::supervisor::trap_name;
use anyhow::Result;
use measure::{Row, table};
use vkernel::kernel::TrapKind;

/// All mechanisms, in the order in which they are preferred.
const TRAPS: [(TrapKind, Trap); 3] =
    [(TrapKind::Sud, Trap::Sud), (TrapKind::Seccomp, Trap::Seccomp), (TrapKind::Ptrace, Trap::Ptrace)];

/// Prints the report, or the table of calls.
pub fn run(calls: bool) -> Result<i32> {
    if calls {
        print!("{}", personality::coverage::coverage());
        return Ok(0);
    }
    println!("{}", probe::host_line());
    println!("\nwhat the host offers");
    let mut usable = Vec::new();
    for (kind, trap) in TRAPS {
        let answer = probe::trap(kind);
        println!("  {:<12}{}", trap_name(kind), probe::trap_answer(kind, &answer));
        if answer.is_ok() {
            usable.push((kind, trap));
        }
    }
    for (name, value) in probe::facts() {
        println!("  {name:<12}{value}");
    }
    // As `umlaut run` chooses: a tracer only for those who ask for it.
    let Some(chosen) = usable.iter().find(|(kind, _)| *kind != TrapKind::Ptrace) else {
        println!("\n`umlaut run` cannot work here: neither sud nor seccomp is there");
        return Ok(1);
    };
    println!("\n`umlaut run` uses {}", trap_name(chosen.0));
    println!("\nwhat getpid costs, in nanoseconds (medians of {} rounds, in turns)", measure::ROUNDS);
    print!("{}", table(&rows(&usable)));
    println!("\npatched call sites, of 5000 calls from one place in a program");
    match lanes::stats() {
        Ok(lines) => lines.iter().for_each(|line| println!("  {line}")),
        Err(e) => eprintln!("umlaut: {e:#}"),
    }
    Ok(0)
}

/// One row a mechanism and depth. What cannot be measured says why on stderr.
fn rows(usable: &[(TrapKind, Trap)]) -> Vec<Row> {
    let mut lanes = vec![(String::from("native"), lanes::native())];
    for &(kind, _) in usable {
        match lanes::bare(kind) {
            Ok(lane) => lanes.push((format!("{}, bare bounce", trap_name(kind)), lane)),
            Err(e) => eprintln!("umlaut: {}, bare: {e:#}", trap_name(kind)),
        }
    }
    for &(kind, trap) in usable {
        for (patch, how) in [(Patch::Off, "umlaut"), (Patch::On, "umlaut, patched")] {
            if kind == TrapKind::Ptrace && patch == Patch::On {
                continue;
            }
            match lanes::sandboxed(trap, patch) {
                Ok(lane) => lanes.push((format!("{}, {how}", trap_name(kind)), lane)),
                Err(e) => eprintln!("umlaut: {}, in a sandbox: {e:#}", trap_name(kind)),
            }
        }
    }
    measure::run(lanes)
}
