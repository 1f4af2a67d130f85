//! The counts of a suite, and the ratchet: what differs must be known.

use super::runner::Tally;
use super::{Options, Suite, Verdict};
use std::fmt::Write as _;
use umlaut_tests::lists;

/// Prints what came out; false when something differs that is not in the list.
pub fn report(suite: &dyn Suite, options: &Options, tally: &Tally) -> Result<bool, String> {
    let mut known = lists::load(suite.name())?;
    let named = options.names.as_ref().filter(|names| names.iter().any(|n| tally.cases.contains_key(n)));
    let counted = |case: &String| named.is_none_or(|names| names.contains(case));
    let passing: Vec<_> = tally.cases.iter().filter(|(c, v)| v.0 == Verdict::Pass && counted(c)).collect();
    let differ: Vec<&String> = passing.iter().filter(|(_, v)| v.1 != Verdict::Pass).map(|(c, _)| *c).collect();
    let new: Vec<&&String> = differ.iter().filter(|c| !known.differs.contains_key(**c)).collect();
    let healed: Vec<&String> = passing
        .iter()
        .filter(|(c, v)| v.1 == Verdict::Pass && known.differs.contains_key(*c) && !tally.unsteady.contains(*c))
        .map(|(c, _)| *c)
        .collect();
    let agree = passing.len() - differ.len();
    let [ran, late, long] = tally.units;
    println!(
        "{}: {ran} units, {} cases pass natively: {agree} agree ({:.2} %), {} differ ({} of them new); {:.0} s",
        suite.name(),
        passing.len(),
        100.0 * agree as f64 / passing.len().max(1) as f64,
        differ.len(),
        new.len(),
        tally.elapsed.as_secs_f64()
    );
    if late + long > 0 {
        println!("  not in this part: {late} units, the time was over; {long} take too long natively");
    }
    for case in tally.unsteady.iter().filter(|c| counted(c)) {
        println!("  unsteady: {case}");
    }
    for case in &healed {
        println!("  agrees now, take it out of the list: {case}");
    }
    for case in &new {
        println!("  NEW: {case}: {:?} under umlaut", tally.cases[**case].1);
    }
    if let Some(path) = &options.results {
        let mut text = String::new();
        for (case, (native, umlaut)) in &tally.cases {
            let _ = writeln!(text, "{case}\t{native:?}\t{umlaut:?}");
        }
        std::fs::write(path, text).map_err(|e| format!("{}: {e}", path.display()))?;
    }
    let fine = new.is_empty() || options.update;
    if options.update {
        let fresh: Vec<String> = new.iter().map(|c| (**c).clone()).collect();
        known.differs.retain(|case, _| !healed.contains(&case));
        for case in fresh {
            let verdict = format!("{:?}, not looked at", tally.cases[&case].1).to_lowercase();
            known.differs.insert(case, verdict);
        }
        lists::write(suite.name(), &known.differs)?;
    }
    Ok(fine)
}
