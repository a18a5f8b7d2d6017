//! Looking again at what an agent passed: which parcels, chosen so that the agent cannot tell, and
//! whose verdicts differ from the network's by more than chance.

use crate::types::{SpokenCode, Timestamp};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// Parcels that an agent must have checked before anything is said of the rate.
pub const LEAST_PARCELS: u64 = 20;

/// How many standard deviations are beyond chance: three, which an honest agent exceeds in about
/// one list of 370.
const DEVIATIONS: i128 = 3;

/// A parcel that the depot looks at again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sample {
    /// The order.
    pub order: SpokenCode,
    /// Which of its parcels: 1, 2, ...
    pub round: u32,
    /// Pieces that the agent passed.
    pub passed: u32,
    /// When they were checked.
    pub at: Timestamp,
    /// Of those, how many the depot finds good, once it has looked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub good: Option<u32>,
}

/// What became of the parcels that one agent, or all, checked.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tally {
    /// Parcels checked to the last piece.
    pub parcels: u64,
    /// Of those, parcels of which every piece passed.
    pub whole: u64,
    /// Pieces passed that the depot looked at again.
    pub looked: u64,
    /// Of those, pieces that it found bad.
    pub bad: u64,
}

impl Tally {
    /// Both together.
    #[must_use]
    pub const fn and(self, other: Self) -> Self {
        Self {
            parcels: self.parcels + other.parcels,
            whole: self.whole + other.whole,
            looked: self.looked + other.looked,
            bad: self.bad + other.bad,
        }
    }
}

/// Whether this parcel is among those looked at again: one in `every`, none when that is zero.
///
/// The choice is the SHA-256 of the kiosk's own secret and the parcel, so it is the same whenever
/// it is asked for, differs from kiosk to kiosk, and says nothing to who does not know the secret.
pub fn is_chosen(secret: [u64; 2], order: SpokenCode, round: u32, every: u32) -> bool {
    if every == 0 {
        return false;
    }
    let mut hash = Sha256::new();
    for part in secret {
        hash.update(part.to_be_bytes());
    }
    hash.update(order.number().to_be_bytes());
    hash.update(round.to_be_bytes());
    let octets: [u8; 32] = hash.finalize().into();
    let first = octets.iter().take(8).fold(0u64, |number, octet| number << 8 | u64::from(*octet));
    first.is_multiple_of(u64::from(every))
}

/// Whether an agent passes parcels whole at another rate than all other agents together, beyond
/// what chance explains.
///
/// The two-proportion test with pooled variance: of `n` parcels `k` passed whole here, `K` of `N`
/// elsewhere, and `z² = (kN − Kn)²(n + N) / (nN(k + K)(n + N − k − K))`. The rates differ beyond
/// chance when `z ≥ 3`. Parcels are counted, not pieces, since the pieces of one parcel come from
/// one pair of hands and stand or fall together. Both sides need [`LEAST_PARCELS`]. Whole numbers
/// throughout.
pub const fn differs(agent: Tally, others: Tally) -> bool {
    if agent.parcels < LEAST_PARCELS || others.parcels < LEAST_PARCELS {
        return false;
    }
    let (k, n) = (agent.whole as i128, agent.parcels as i128);
    let (others_k, others_n) = (others.whole as i128, others.parcels as i128);
    let apart = k * others_n - others_k * n;
    let (passed, all) = (k + others_k, n + others_n);
    apart * apart * all >= DEVIATIONS * DEVIATIONS * n * others_n * passed * (all - passed) && apart != 0
}
