//! What a kiosk keeps of ours: boxes in two sizes and leaflets. Counted in by its agent, used up by
//! checks and by whoever takes a leaflet; what is left is always the one less the other.

use crate::market::Policy;
use serde::{Deserialize, Serialize};

/// The most of one supply that may be counted in at once.
pub const MOST_AT_ONCE: u32 = 999;
/// The most of one supply that a kiosk may have left.
pub const MOST_LEFT: u32 = 9_999;

/// What is kept at a kiosk.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Supply {
    /// Small boxes.
    Small,
    /// Large boxes.
    Large,
    /// Leaflets on display.
    Leaflets,
}

impl Supply {
    /// All of them, in the order of their numbers in menus: 1, 2, 3.
    pub const ALL: [Self; 3] = [Self::Small, Self::Large, Self::Leaflets];

    /// The stable word.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Small => "small",
            Self::Large => "large",
            Self::Leaflets => "leaflets",
        }
    }

    /// The supply of a word.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|supply| supply.word() == word)
    }
}

/// The two sizes of our boxes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BoxSize {
    /// Small.
    Small,
    /// Large.
    Large,
}

impl BoxSize {
    /// As it is counted.
    pub const fn supply(self) -> Supply {
        match self {
            Self::Small => Supply::Small,
            Self::Large => Supply::Large,
        }
    }
}

/// One supply at one kiosk.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Count {
    /// Counted in, ever.
    pub came: u32,
    /// Used, ever; never more than came.
    pub used: u32,
}

impl Count {
    /// What should be there now.
    pub const fn left(self) -> u32 {
        self.came.saturating_sub(self.used)
    }
}

/// All supplies at one kiosk.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stock {
    /// Small boxes.
    pub small: Count,
    /// Large boxes.
    pub large: Count,
    /// Leaflets.
    pub leaflets: Count,
}

impl Stock {
    /// One supply.
    pub const fn of(&self, supply: Supply) -> Count {
        match supply {
            Supply::Small => self.small,
            Supply::Large => self.large,
            Supply::Leaflets => self.leaflets,
        }
    }

    pub(super) const fn of_mut(&mut self, supply: Supply) -> &mut Count {
        match supply {
            Supply::Small => &mut self.small,
            Supply::Large => &mut self.large,
            Supply::Leaflets => &mut self.leaflets,
        }
    }

    /// Whether anything that the kiosk was ever given runs out.
    pub fn is_low(&self, policy: &Policy) -> bool {
        Supply::ALL.into_iter().any(|supply| {
            let count = self.of(supply);
            count.came > 0 && count.left() <= policy.stock.low(supply)
        })
    }
}
