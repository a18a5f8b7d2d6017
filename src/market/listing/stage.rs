//! Where a listing stands, and why pieces are not good enough.

use serde::{Deserialize, Serialize};

/// Where a listing stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ListingStage {
    /// Begun and not handed in.
    Draft,
    /// Waits for an agent to look at one.
    Waiting,
    /// Can be bought.
    OnSale,
    /// Taken off sale by the artisan; may come back.
    Paused,
    /// Gone for good.
    Removed,
    /// An agent looked and said no.
    Refused,
}

impl ListingStage {
    /// The stable word.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Draft => "draft",
            Self::Waiting => "waiting",
            Self::OnSale => "on_sale",
            Self::Paused => "paused",
            Self::Removed => "removed",
            Self::Refused => "refused",
        }
    }
}

/// Why pieces are not good enough: the numbers 1 to 5 of the agents' texts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// 1: broken.
    Broken,
    /// 2: rough finish.
    RoughFinish,
    /// 3: wrong size.
    WrongSize,
    /// 4: wrong colour.
    WrongColour,
    /// 5: something else.
    Other,
}

impl Reason {
    /// All of them, in the order of their numbers.
    pub const ALL: [Self; 5] =
        [Self::Broken, Self::RoughFinish, Self::WrongSize, Self::WrongColour, Self::Other];

    /// The reason of a number from 1 to 5.
    pub fn from_number(number: i64) -> Option<Self> {
        let at = usize::try_from(number).ok()?.checked_sub(1)?;
        Self::ALL.get(at).copied()
    }

    /// Its number.
    pub const fn number(self) -> u8 {
        self as u8 + 1
    }

    /// The stable word.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Broken => "broken",
            Self::RoughFinish => "rough_finish",
            Self::WrongSize => "wrong_size",
            Self::WrongColour => "wrong_colour",
            Self::Other => "other",
        }
    }
}
