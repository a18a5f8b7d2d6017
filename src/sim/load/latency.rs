//! Latencies counted in buckets of at most three per cent, in constant space.

use std::time::Duration;

/// Buckets of an octave.
const FINE: usize = 32;
/// Octaves of microseconds above the exact ones: more than an hour.
const OCTAVES: usize = 27;

/// How often each latency was seen.
#[derive(Debug, Clone)]
pub struct Latencies {
    counts: Box<[u64; 2 * FINE + OCTAVES * FINE]>,
    seen: u64,
    longest: u64,
}

impl Default for Latencies {
    fn default() -> Self {
        Self { counts: Box::new([0; 2 * FINE + OCTAVES * FINE]), seen: 0, longest: 0 }
    }
}

impl Latencies {
    /// Counts one.
    pub fn record(&mut self, latency: Duration) {
        let micros = u64::try_from(latency.as_micros()).unwrap_or(u64::MAX);
        let bucket = bucket(micros).min(self.counts.len() - 1);
        self.counts[bucket] += 1;
        self.seen += 1;
        self.longest = self.longest.max(micros);
    }

    /// How many were counted.
    pub const fn count(&self) -> u64 {
        self.seen
    }

    /// The longest.
    pub const fn longest(&self) -> Duration {
        Duration::from_micros(self.longest)
    }

    /// The latency that so many of a hundred did not exceed, to the upper edge of its bucket.
    pub fn percentile(&self, of_hundred: u64) -> Duration {
        let rank = (self.seen * of_hundred).div_ceil(100).max(1);
        let mut below = 0;
        for (at, count) in self.counts.iter().enumerate() {
            below += count;
            if below >= rank {
                return Duration::from_micros(upper_edge(at).min(self.longest));
            }
        }
        Duration::ZERO
    }
}

/// Up to 63 exact; then 32 buckets an octave.
fn bucket(micros: u64) -> usize {
    let octave = (micros.max(1).ilog2() as usize).saturating_sub(5);
    octave * FINE + (micros >> octave) as usize
}

fn upper_edge(bucket: usize) -> u64 {
    if bucket < 2 * FINE {
        return bucket as u64;
    }
    let octave = bucket / FINE - 1;
    let step = (bucket - octave * FINE) as u64;
    ((step + 1) << octave) - 1
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn percentiles_of_a_thousand_different_latencies() {
        let mut latencies = Latencies::default();
        for micros in 1..=1000 {
            latencies.record(Duration::from_micros(micros));
        }
        let close = |of: u64, wanted: f64| {
            let got = latencies.percentile(of).as_micros() as f64;
            assert!((got / wanted - 1.0).abs() < 0.035, "{of}: {got}");
        };
        close(50, 500.0);
        close(99, 990.0);
        assert_eq!(latencies.percentile(100), Duration::from_micros(1000));
        assert_eq!(Latencies::default().percentile(50), Duration::ZERO);
    }

    proptest! {
        #[test]
        fn a_latency_lies_at_most_three_per_cent_below_the_edge_of_its_bucket(micros in 0u64..3_600_000_000) {
            let edge = upper_edge(bucket(micros));
            prop_assert!(edge >= micros && edge - micros <= micros / 31 + 1);
            prop_assert!(bucket(edge) == bucket(micros) && bucket(edge + 1) == bucket(micros) + 1);
        }
    }
}
