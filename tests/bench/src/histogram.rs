//! Counts of durations by size, for any quantile.

/// Buckets per power of two: the error of a quantile stays below 1 %.
const RESOLUTION: usize = 128;
/// Powers of two above the first, which counts single nanoseconds.
const POWERS: usize = 58;

/// A log-linear histogram of nanoseconds.
#[derive(Clone, Debug)]
pub struct Histogram {
    buckets: Vec<u64>,
    count: u64,
    max: u64,
    sum: u128,
}

impl Histogram {
    /// Creates an empty histogram.
    #[must_use]
    pub fn new() -> Self {
        Self {
            buckets: vec![0; POWERS * RESOLUTION],
            count: 0,
            max: 0,
            sum: 0,
        }
    }

    /// Counts a duration.
    #[inline]
    pub fn record(&mut self, nanos: u64) {
        if let Some(bucket) = self.buckets.get_mut(bucket_of(nanos)) {
            *bucket += 1;
        }
        self.count += 1;
        self.sum += u128::from(nanos);
        self.max = self.max.max(nanos);
    }

    /// Returns the number of counted durations.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.count
    }

    /// Returns the largest duration in microseconds.
    #[must_use]
    pub fn max(&self) -> f64 {
        self.max as f64 / 1e3
    }

    /// Returns the mean in microseconds.
    #[must_use]
    pub fn mean(&self) -> f64 {
        if self.count == 0 {
            0.0
        } else {
            self.sum as f64 / self.count as f64 / 1e3
        }
    }

    /// Returns the quantile `q`, from 0 to 1, in microseconds.
    #[must_use]
    pub fn quantile(&self, q: f64) -> f64 {
        if self.count == 0 {
            return 0.0;
        }
        let wanted = (q * self.count as f64).ceil().max(1.0) as u64;
        let mut seen = 0;
        for (index, count) in self.buckets.iter().enumerate() {
            seen += count;
            if seen >= wanted {
                return lower_bound(index) as f64 / 1e3;
            }
        }
        self.max()
    }
}

impl Default for Histogram {
    fn default() -> Self {
        Self::new()
    }
}

#[inline]
fn bucket_of(nanos: u64) -> usize {
    if nanos < RESOLUTION as u64 {
        return nanos as usize;
    }
    let power = nanos.ilog2() as usize;
    (power - 6) * RESOLUTION + ((nanos >> (power - 7)) as usize & (RESOLUTION - 1))
}

fn lower_bound(bucket: usize) -> u64 {
    let (power, step) = (bucket / RESOLUTION, (bucket % RESOLUTION) as u64);
    match power {
        0 => step,
        _ => (1 << (power + 6)) + (step << (power - 1)),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn quantiles_of_a_thousand_steps() {
        let mut histogram = Histogram::new();
        for step in 1..=1000 {
            histogram.record(step * 1000);
        }
        assert_eq!(histogram.count(), 1000);
        assert!((histogram.quantile(0.5) - 500.0).abs() < 5.0);
        assert!((histogram.quantile(0.99) - 990.0).abs() < 10.0);
        assert!((histogram.mean() - 500.5).abs() < 0.01);
        assert_eq!(histogram.max(), 1000.0);
    }

    #[test]
    fn an_empty_histogram_is_all_zero() {
        let histogram = Histogram::new();
        assert_eq!(
            (histogram.quantile(0.5), histogram.mean(), histogram.max()),
            (0.0, 0.0, 0.0)
        );
    }

    proptest! {
        #[test]
        fn a_bucket_is_less_than_one_percent_wide(nanos in any::<u64>()) {
            let bound = lower_bound(bucket_of(nanos));
            prop_assert!(bound <= nanos);
            prop_assert!((nanos - bound) as f64 <= nanos as f64 * 0.01);
        }
    }
}
