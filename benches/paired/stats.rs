//! Samples, medians, and how they are shown.

use crate::rows::Unit;

/// What one runner needed for one row, round by round.
#[derive(Clone, Default)]
pub struct Samples {
    /// `None` where it failed, so that rounds stay in step.
    rounds: Vec<Option<f64>>,
    /// Why it failed, the first time.
    pub failure: Option<String>,
}

impl Samples {
    /// One more round.
    pub fn add(&mut self, result: Result<f64, String>) {
        self.rounds.push(result.as_ref().ok().copied());
        if let Err(why) = result {
            self.failure.get_or_insert(why);
        }
    }

    /// The median of the rounds' ratios.
    pub fn ratio(&self, to: &Samples) -> Option<f64> {
        let pairs = self.rounds.iter().zip(&to.rounds);
        median(pairs.filter_map(|pair| Some((*pair.0)? / (*pair.1)?)).collect())
    }

    /// The ratio of the fastest rounds, which says more on a busy machine.
    pub fn ratio_of_fastest(&self, to: &Samples) -> Option<f64> {
        Some(self.fastest()? / to.fastest()?)
    }

    fn fastest(&self) -> Option<f64> {
        self.rounds.iter().flatten().copied().min_by(f64::total_cmp)
    }

    /// The median, with its unit.
    pub fn show(&self, unit: Unit) -> String {
        let Some(value) = median(self.rounds.iter().flatten().copied().collect()) else {
            return "fails".to_string();
        };
        let failed = if self.failure.is_some() { " (some failed)" } else { "" };
        let text = match unit {
            Unit::Bytes => format!("{:.1} MiB", value / f64::from(1 << 20)),
            Unit::Nanoseconds if value < 1e4 => format!("{value:.0} ns"),
            Unit::Nanoseconds if value < 1e6 => format!("{:.1} us", value / 1e3),
            Unit::Nanoseconds => format!("{:.1} ms", value / 1e6),
        };
        text + failed
    }
}

fn median(mut values: Vec<f64>) -> Option<f64> {
    values.sort_by(f64::total_cmp);
    let (low, high) = (values.get(values.len().saturating_sub(1) / 2)?, values.get(values.len() / 2)?);
    Some((low + high) / 2.0)
}

/// Of ratios; 1 when there are none.
pub fn geometric_mean(values: &[f64]) -> f64 {
    (values.iter().map(|v| v.ln()).sum::<f64>() / values.len().max(1) as f64).exp()
}
