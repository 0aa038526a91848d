//! The middle of a bench's numbers.

/// The median; 0 of nothing.
///
/// Of each round's ratio it tells more than a ratio of medians: what else the machine does slows all of a round alike.
pub(crate) fn median(numbers: impl Iterator<Item = f64>) -> f64 {
    let mut numbers: Vec<f64> = numbers.collect();
    numbers.sort_by(f64::total_cmp);
    numbers.get(numbers.len() / 2).copied().unwrap_or_default()
}
