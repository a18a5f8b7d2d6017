//! Chance in the simulated world: whole numbers out of one seed, so that a run repeats itself on
//! every machine.

use crate::types::Entropy;
use std::time::Duration;

/// A stream of decisions. Each part of the world has its own, so that one more question asked by
/// one of them changes nothing for the others.
#[derive(Debug, Clone)]
pub struct Dice(Entropy);

impl Dice {
    /// The stream of a seed for a part of the world.
    pub fn new(seed: u64, part: &str) -> Self {
        // FNV-1a: the parts' names differ, so their streams do.
        let name = part.bytes().fold(0xcbf2_9ce4_8422_2325u64, |hash, octet| {
            (hash ^ u64::from(octet)).wrapping_mul(0x0100_0000_01b3)
        });
        let mut octets = [0; 32];
        octets[..8].copy_from_slice(&seed.to_be_bytes());
        octets[8..16].copy_from_slice(&name.to_be_bytes());
        Self(Entropy::new(octets))
    }

    /// Sixty-four bits.
    pub fn bits(&mut self) -> u64 {
        self.0.next_u64()
    }

    /// A number below `n`; zero when there is none.
    pub fn below(&mut self, n: u64) -> u64 {
        // The high half of a product: no bias worth a word for numbers this small.
        ((u128::from(self.bits()) * u128::from(n)) >> 64) as u64
    }

    /// A number from `low` to `high`, both included.
    pub fn between(&mut self, low: u64, high: u64) -> u64 {
        low + self.below(high.saturating_sub(low) + 1)
    }

    /// True so often in a thousand.
    pub fn in_thousand(&mut self, times: u32) -> bool {
        self.below(1_000) < u64::from(times)
    }

    /// One of several.
    pub fn one<'a, T>(&mut self, of: &'a [T]) -> Option<&'a T> {
        of.get(self.below(of.len() as u64) as usize)
    }

    /// A span between two numbers of seconds.
    pub fn seconds(&mut self, low: u64, high: u64) -> Duration {
        Duration::from_millis(self.between(low * 1_000, high * 1_000))
    }

    /// A span between two numbers of hours.
    pub fn hours(&mut self, low: u64, high: u64) -> Duration {
        self.seconds(low * 3_600, high * 3_600)
    }

    /// The wait until the next of those who come so often on average, each when it likes: an
    /// exponential span, its logarithm taken of the number's bits and its first fraction.
    pub fn next_arrival(&mut self, mean: Duration) -> Duration {
        let bits = self.bits() | 1;
        let zeros = u128::from(bits.leading_zeros());
        // Behind the leading one stand the bits of the fraction; a straight line in place of the
        // logarithm between two powers of two.
        let fraction = u128::from((bits << zeros) >> 43) & 0xF_FFFF;
        let logarithm = ((zeros + 1) << 20) - fraction;
        // Two thirds, in the same units: on that line the mean is one and a half.
        let scaled = (mean.as_millis() * logarithm * 699_051) >> 40;
        Duration::from_millis(u64::try_from(scaled).unwrap_or(u64::MAX))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_repeats_itself_and_every_part_has_its_own_stream() {
        let ten = |seed, part| {
            let mut dice = Dice::new(seed, part);
            (0..10).map(|_| dice.below(1_000)).collect::<Vec<_>>()
        };
        assert_eq!(ten(1, "shoppers"), ten(1, "shoppers"));
        assert_ne!(ten(1, "shoppers"), ten(2, "shoppers"));
        assert_ne!(ten(1, "shoppers"), ten(1, "riders"));
    }

    #[test]
    fn arrivals_come_as_often_as_they_should_and_some_come_close_together() {
        let mut dice = Dice::new(1, "test");
        let spans: Vec<u128> =
            (0..20_000).map(|_| dice.next_arrival(Duration::from_secs(600)).as_millis()).collect();
        let mean = spans.iter().sum::<u128>() / 20_000;
        assert!((570_000..630_000).contains(&mean), "{mean}");
        let soon = spans.iter().filter(|span| **span < 60_000).count();
        assert!((1_300..2_200).contains(&soon), "about a tenth within a tenth of the mean: {soon}");
    }
}
