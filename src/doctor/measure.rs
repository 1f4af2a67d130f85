//! Lanes in turns, medians, and the table of them.
//!
//! A busy machine slows all lanes of a round alike, so the ratio is the median of the rounds' ratios and not the ratio of two
//! medians.

use super::lanes::Lane;
use std::fmt::Write;

/// Rounds of one batch a lane.
pub const ROUNDS: usize = 15;

/// A measured lane.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    /// What was measured.
    pub name: String,
    /// Median, in nanoseconds a call.
    pub ns: f64,
    /// Median of the ratios to the first lane.
    pub ratio: f64,
}

/// Runs all lanes in turns; the first is what the others are compared with. A lane that fails is left out, with a word.
pub fn run(mut lanes: Vec<(String, Box<dyn Lane>)>) -> Vec<Row> {
    let mut rounds = vec![Vec::new(); lanes.len()];
    let mut failed = vec![false; lanes.len()];
    // The first round warms up.
    for round in 0..=ROUNDS {
        for (i, (name, lane)) in lanes.iter_mut().enumerate() {
            if failed[i] {
                continue;
            }
            match lane.batch(lane.enough()) {
                Ok(ns) if round > 0 => rounds[i].push(ns),
                Ok(_) => {}
                Err(e) => {
                    eprintln!("umlaut: {name}: {e:#}");
                    failed[i] = true;
                }
            }
        }
    }
    let Some(base) = rounds.first().cloned() else { return Vec::new() };
    let names = lanes.iter().map(|(name, _)| name);
    let kept = names.zip(&rounds).zip(failed).filter(|(_, failed)| !failed).map(|(row, _)| row);
    kept.map(|(name, times)| Row {
        name: name.clone(),
        ns: median(times.clone()),
        ratio: median(times.iter().zip(&base).map(|(t, b)| t / b).collect()),
    })
    .collect()
}

/// The middle one, or the mean of the two; 0 for none.
pub fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    let half = values.len() / 2;
    match values.len() {
        0 => 0.0,
        n if n % 2 == 1 => values[half],
        _ => (values[half - 1] + values[half]) / 2.0,
    }
}

/// The rows as text, one line each under a heading.
pub fn table(rows: &[Row]) -> String {
    let mut text = format!("  {:<22}{:>10}{:>12}\n", "", "ns", "x native");
    for row in rows {
        let _ = writeln!(text, "  {:<22}{:>10.0}{:>12.2}", row.name, row.ns, row.ratio);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Fixed(Vec<f64>);

    impl Lane for Fixed {
        fn batch(&mut self, _calls: u32) -> anyhow::Result<f64> {
            self.0.pop().ok_or_else(|| anyhow::anyhow!("spent"))
        }

        fn enough(&self) -> u32 {
            1
        }
    }

    #[test]
    fn medians() {
        assert_eq!(median(vec![]), 0.0);
        assert_eq!(median(vec![3.0, 1.0, 2.0]), 2.0);
        assert_eq!(median(vec![4.0, 1.0, 2.0, 3.0]), 2.5);
    }

    #[test]
    fn ratios_are_of_rounds_and_failures_are_left_out() {
        let lanes: Vec<(String, Box<dyn Lane>)> = vec![
            ("native".into(), Box::new(Fixed(vec![10.0; ROUNDS + 1]))),
            ("slow".into(), Box::new(Fixed(vec![25.0; ROUNDS + 1]))),
            ("broken".into(), Box::new(Fixed(vec![1.0; 3]))),
        ];
        let rows = run(lanes);
        assert_eq!(rows.len(), 2);
        assert_eq!(rows[0], Row { name: "native".into(), ns: 10.0, ratio: 1.0 });
        assert_eq!(rows[1], Row { name: "slow".into(), ns: 25.0, ratio: 2.5 });
    }

    #[test]
    fn one_line_a_row() {
        let text = table(&[Row { name: "sud, bare bounce".into(), ns: 1750.4, ratio: 16.66 }]);
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines.len(), 2);
        assert_eq!(lines[1].split_whitespace().collect::<Vec<_>>(), ["sud,", "bare", "bounce", "1750", "16.66"]);
    }
}
