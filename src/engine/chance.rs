//! The chance of the shells: the system's generator, and one that repeats itself.

use crate::types::{Chance, Entropy};
use std::sync::{Mutex, PoisonError};

/// The generator of the operating system.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemChance;

impl Chance for SystemChance {
    fn draw(&self) -> Result<[u8; 32], String> {
        let mut octets = [0; 32];
        #[expect(
            clippy::disallowed_methods,
            reason = "the one place where the engine's randomness is drawn"
        )]
        getrandom::fill(&mut octets).map_err(|why| format!("no randomness: {why}"))?;
        Ok(octets)
    }
}

/// The same octets in the same order for the same seed: for simulations, and worth nothing as a
/// secret.
#[derive(Debug)]
pub struct SeededChance(Mutex<Entropy>);

impl SeededChance {
    /// The stream of a seed.
    pub fn new(seed: u64) -> Self {
        Self(Mutex::new(Entropy::from_seed(seed)))
    }
}

impl Chance for SeededChance {
    fn draw(&self) -> Result<[u8; 32], String> {
        let mut stream = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut octets = [0; 32];
        octets.chunks_exact_mut(8).for_each(|word| word.copy_from_slice(&stream.next_u64().to_be_bytes()));
        Ok(octets)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_repeats_itself_and_no_draw_repeats_the_one_before() {
        let three = |seed| {
            let chance = SeededChance::new(seed);
            [(); 3].map(|()| chance.draw().expect("drawn"))
        };
        assert_eq!(three(7), three(7));
        assert_ne!(three(7), three(8));
        let [first, second, third] = three(7);
        assert!(first != second && second != third);
    }
}
