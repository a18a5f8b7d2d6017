//! Randomness as a value: the shell draws it, pure code spends it.

/// Thirty-two octets drawn by the shell, spent as a stream of numbers.
///
/// The stream is SplitMix64 over the octets: good enough to pick codes that must be hard to
/// collide, and repeatable, so a recorded turn can be played again.
#[derive(Debug, Clone)]
pub struct Entropy {
    state: u64,
    key: [u64; 3],
    spent: usize,
}

impl Entropy {
    /// A stream from octets of the system's generator, or from a test's seed.
    pub fn new(octets: [u8; 32]) -> Self {
        let word = |i: usize| {
            let mut w = [0; 8];
            w.copy_from_slice(&octets[i * 8..i * 8 + 8]);
            u64::from_be_bytes(w)
        };
        Self { state: word(0), key: [word(1), word(2), word(3)], spent: 0 }
    }

    /// A stream for tests and simulations.
    pub fn from_seed(seed: u64) -> Self {
        let mut octets = [0; 32];
        octets[..8].copy_from_slice(&seed.to_be_bytes());
        Self::new(octets)
    }

    /// The next sixty-four bits.
    pub fn next_u64(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.state ^ self.key[self.spent % 3];
        self.spent += 1;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }
}

/// Where shells draw randomness; simulations hand in one that repeats itself.
pub trait Chance: Send + Sync + 'static {
    /// Octets that nobody can foretell; `Err` says in words why there are none.
    fn draw(&self) -> Result<[u8; 32], String>;
}
