//! Statistics of samples.

/// Returns the median: the middle value, or the mean of the two middle values.
pub(super) fn median(values: impl IntoIterator<Item = f64>) -> Option<f64> {
    let mut values: Vec<_> = values.into_iter().collect();
    values.sort_by(f64::total_cmp);
    let upper = *values.get(values.len() / 2)?;
    if values.len() % 2 == 1 {
        return Some(upper);
    }
    let lower = *values.get((values.len() / 2).checked_sub(1)?)?;
    Some(f64::midpoint(lower, upper))
}

/// Returns the median of `one / other` over the rounds that contain both. The load of the machine varies
/// between rounds and affects both values of a round.
pub(super) fn paired_ratio(one: &[(usize, f64)], other: &[(usize, f64)]) -> Option<f64> {
    let ratios = one.iter().filter_map(|(round, value)| {
        let (_, divisor) = other.iter().find(|(other, _)| other == round)?;
        (*divisor > 0.0).then_some(value / divisor)
    });
    median(ratios)
}

/// Returns the difference between the largest and the smallest value, relative to the median.
pub(super) fn spread(values: &[f64]) -> Option<f64> {
    let middle = median(values.iter().copied()).filter(|middle| *middle > 0.0)?;
    let smallest = values.iter().copied().fold(f64::INFINITY, f64::min);
    let largest = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    (values.len() > 1).then_some((largest - smallest) / middle)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_is_the_middle_value() {
        assert_eq!(median([3.0, 1.0, 100.0]), Some(3.0));
        assert_eq!(median([4.0, 1.0, 2.0, 100.0]), Some(3.0));
        assert_eq!(median([]), None);
    }

    #[test]
    fn ratios_are_taken_within_rounds() {
        // Round 1 was twice as slow for both; the second server failed in round 2.
        let one = [(0, 1.0), (1, 2.0), (2, 50.0)];
        let other = [(0, 4.0), (1, 8.0)];
        assert_eq!(paired_ratio(&one, &other), Some(0.25));
        assert_eq!(paired_ratio(&one, &[(0, 0.0)]), None);
    }

    #[test]
    fn the_spread_is_relative() {
        assert_eq!(spread(&[9.0, 10.0, 12.0]), Some(0.3));
        assert_eq!(spread(&[9.0]), None);
        assert_eq!(spread(&[]), None);
    }
}
