//! A scale of time: where a moment is, and where the marks are.

/// The most marks that have room below a narrow timeline.
const MOST_MARKS: f64 = 6.0;

/// From the opening of a session to its end.
#[derive(Debug, Clone, Copy)]
pub(super) struct Scale {
    whole_s: f64,
}

impl Scale {
    /// A scale of so many seconds.
    pub(super) fn new(whole_s: f64) -> Self {
        Self { whole_s: whole_s.max(0.001) }
    }

    /// Where a moment is, in percent.
    pub(super) fn percent(self, moment_s: f64) -> f64 {
        (100.0 * moment_s / self.whole_s).clamp(0.0, 100.0)
    }

    /// Round moments, evenly spaced from the beginning on.
    pub(super) fn marks(self) -> Vec<f64> {
        let least = self.whole_s / MOST_MARKS;
        let power = 10f64.powf(least.log10().floor());
        let step = [1.0, 2.0, 5.0, 10.0].map(|round| round * power).into_iter().find(|step| *step >= least);
        let step = step.unwrap_or(self.whole_s);
        let count = (self.whole_s / step).floor() as u32;
        (0..=count).map(|number| f64::from(number) * step).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::Scale;

    #[test]
    fn marks_are_round_and_few() {
        assert_eq!(Scale::new(11.3).marks(), [0.0, 2.0, 4.0, 6.0, 8.0, 10.0]);
        assert_eq!(Scale::new(3600.0).marks(), [0.0, 1000.0, 2000.0, 3000.0]);
        assert_eq!(Scale::new(0.0).marks().len(), 6);
        let percent = [2.0, 9.0].map(|moment| Scale::new(8.0).percent(moment).to_string());
        assert_eq!(percent, ["25", "100"]);
    }
}
