//! What ties the parts of a long SMS together on a phone.

use std::sync::atomic::{AtomicU16, Ordering};

/// Counters for so many groups of phones.
const GROUPS: usize = 4096;

/// The references of long SMS. A phone tells two messages apart by sender and reference, of which
/// the usual header has 256: so each phone's messages count upward, and two of them meet only after
/// 256 others. Phones share counters, which skips numbers and repeats none.
#[derive(Debug)]
pub struct References {
    groups: Vec<AtomicU16>,
}

impl References {
    /// Counters that begin anywhere, so that a new start does not repeat what the one before it
    /// began with.
    pub fn new(seed: u64) -> Self {
        let mut state = seed;
        let mut next = || {
            // Knuth's multiplier; any spreading does.
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            AtomicU16::new((state >> 48) as u16)
        };
        Self { groups: (0..GROUPS).map(|_| next()).collect() }
    }

    /// The reference of the next long SMS to this phone; the low octet counts as well as the whole.
    pub fn next(&self, phone: u64) -> u16 {
        // Consecutive numbers are of different people: the low digits spread best.
        self.groups[(phone % GROUPS as u64) as usize].fetch_add(1, Ordering::Relaxed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn two_hundred_and_fifty_six_messages_to_a_phone_differ_in_eight_bits() {
        let references = References::new(7);
        let seen: BTreeSet<u8> = (0..256).map(|_| references.next(254_700_000_123) as u8).collect();
        assert_eq!(seen.len(), 256);
    }

    #[test]
    fn another_start_begins_elsewhere() {
        let first = |seed| {
            let references = References::new(seed);
            (0..64).map(|phone| references.next(phone)).collect::<Vec<_>>()
        };
        assert_ne!(first(1), first(2));
    }
}
