//! Why a text is sent to a phone. From it follow how long it is of use, how it is treated on its
//! way, and whether its reader may stop it.

use serde::{Deserialize, Serialize};
use std::time::Duration;

/// The kinds of texts that are sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Purpose {
    /// An order, a listing, a parcel: work that waits for somebody.
    Order,
    /// Money came, went, or could not.
    Money,
    /// A PIN was changed, opened or locked: a warning that must arrive.
    Security,
    /// A code that serves once and not for long.
    Code,
    /// What became of somebody's account here.
    Account,
    /// The answer to what she just sent or dialled.
    #[default]
    Reply,
    /// A tip or news: nobody asked for it, and she may stop it.
    Tip,
}

impl Purpose {
    /// All of them.
    pub const ALL: [Self; 7] =
        [Self::Order, Self::Money, Self::Security, Self::Code, Self::Account, Self::Reply, Self::Tip];

    /// As menus and settings write it.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Order => "order",
            Self::Money => "money",
            Self::Security => "security",
            Self::Code => "code",
            Self::Account => "account",
            Self::Reply => "reply",
            Self::Tip => "tip",
        }
    }

    /// The purpose of this word.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|purpose| purpose.word() == word)
    }

    /// How long such a text is of use: it is neither tried nor kept by the SMSC for longer.
    pub const fn lives(self) -> Duration {
        const MINUTE: u64 = 60;
        const HOUR: u64 = 3_600;
        const DAY: u64 = 86_400;
        Duration::from_secs(match self {
            Self::Code => 10 * MINUTE,
            Self::Order | Self::Reply | Self::Tip => 24 * HOUR,
            Self::Money | Self::Security | Self::Account => 3 * DAY,
        })
    }

    /// priority_flag of SMPP (3.4, 5.2.14): 0 to 3, where 0 is the lowest.
    pub const fn priority(self) -> u8 {
        match self {
            Self::Security | Self::Code => 2,
            Self::Order | Self::Money | Self::Reply => 1,
            Self::Account | Self::Tip => 0,
        }
    }

    /// Whether it may be shown at once and kept nowhere: only what nobody needs to find again.
    pub const fn may_flash(self) -> bool {
        matches!(self, Self::Code)
    }

    /// Whether its reader may stop such texts. Her orders and her money are told to her always.
    pub const fn may_be_stopped(self) -> bool {
        matches!(self, Self::Tip)
    }

    /// Whether such texts ask for an answer (a tip takes STOP), and so must come from a number.
    pub const fn wants_answer(self) -> bool {
        !matches!(self, Self::Money | Self::Security | Self::Code)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_purpose_is_found_again_by_its_word() {
        for purpose in Purpose::ALL {
            assert_eq!(Purpose::from_word(purpose.word()), Some(purpose));
            let json = serde_json::to_string(&purpose).expect("a word");
            assert_eq!(json, format!("{:?}", purpose.word()), "settings and rows spell it alike");
        }
    }

    #[test]
    fn only_tips_can_be_stopped_and_only_codes_flash() {
        let stopped: Vec<_> = Purpose::ALL.into_iter().filter(|p| p.may_be_stopped()).collect();
        let flashed: Vec<_> = Purpose::ALL.into_iter().filter(|p| p.may_flash()).collect();
        assert_eq!((stopped, flashed), (vec![Purpose::Tip], vec![Purpose::Code]));
    }
}
