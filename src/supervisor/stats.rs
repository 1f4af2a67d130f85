//! What `--stats` prints at the end: how calls came in, what became of call sites, and what the kernel's memory holds.

use std::fmt::Write;
use std::sync::atomic::Ordering::Relaxed;
use vkernel::kernel::kernel;
use vkernel::mm::patch::Left;

/// The lines, without their prefix.
pub fn report() -> String {
    let stats = &kernel().stats;
    let counts = [&stats.trapped, &stats.patched, &stats.sites, &stats.ahead];
    let [trapped, patched, sites, ahead] = counts.map(|n| n.load(Relaxed));
    let left: Vec<(u64, &str)> =
        stats.left.iter().map(|n| n.load(Relaxed)).zip(Left::ALL.map(|(_, why)| why)).filter(|(n, _)| *n > 0).collect();
    let mut text = format!("calls: {} ({patched} from patched sites, {trapped} by the trap)\n", patched + trapped);
    let _ = writeln!(
        text,
        "call sites: {sites} patched, {ahead} ahead, {} left on the trap",
        left.iter().map(|(n, _)| n).sum::<u64>()
    );
    for (n, why) in left {
        let _ = writeln!(text, "  {n} left: {why}");
    }
    let arena = host::arena::usage();
    let _ = writeln!(text, "memory: {} objects of {} bytes, {} pages in all", arena.objects, arena.bytes, arena.pages);
    text
}
