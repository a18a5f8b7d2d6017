//! What the desk stops for everybody for a while: one kind of action, with the reason that people are
//! told in their own language.

use super::Refusal;
use crate::types::{Lang, Timestamp};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The most characters of a reason: what a screen has room for.
pub const LONGEST_REASON: usize = 40;

/// A kind of action that can be stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Switch {
    /// Money sent to phones.
    Payouts,
    /// Cash numbers made and served.
    Cash,
    /// New pieces listed.
    Listing,
    /// Orders accepted by makers.
    Orders,
    /// New people.
    Joining,
    /// Loans asked for and sent.
    Loans,
    /// New orders in the shop.
    Checkout,
}

impl Switch {
    /// All of them.
    pub const ALL: [Self; 7] =
        [Self::Payouts, Self::Cash, Self::Listing, Self::Orders, Self::Joining, Self::Loans, Self::Checkout];

    /// The stable word.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Payouts => "payouts",
            Self::Cash => "cash",
            Self::Listing => "listing",
            Self::Orders => "orders",
            Self::Joining => "joining",
            Self::Loans => "loans",
            Self::Checkout => "checkout",
        }
    }
}

/// Why something is stopped, by whom and since when.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stop {
    /// What people are told, by language.
    pub why: BTreeMap<Lang, String>,
    /// Who stopped it.
    pub by: String,
    /// Since when.
    pub since: Timestamp,
}

/// Whether one kind of action is stopped.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Freeze {
    /// Why it is stopped, if it is.
    pub stop: Option<Stop>,
}

/// What can be asked of a switch.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FreezeCommand {
    /// Nobody may do it from now on. Stopped already, it gets this reason.
    Stop {
        /// What people are told, by language: 1 to [`LONGEST_REASON`] characters each.
        why: BTreeMap<Lang, String>,
        /// Who stops it.
        by: String,
    },
    /// It goes on.
    Resume {
        /// Who lets it.
        by: String,
    },
}

/// What happened to a switch.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FreezeEvent {
    /// It is stopped, for this reason.
    Stopped {
        /// What people are told, by language.
        why: BTreeMap<Lang, String>,
        /// Who stopped it.
        by: String,
    },
    /// It goes on.
    Resumed {
        /// Who let it.
        by: String,
    },
}

/// Answers a command with events, or says no.
///
/// # Errors
/// A reason that cannot be shown.
pub fn decide(state: Option<&Freeze>, command: &FreezeCommand) -> Result<Vec<FreezeEvent>, Refusal> {
    let stop = state.and_then(|freeze| freeze.stop.as_ref());
    Ok(match command {
        FreezeCommand::Stop { why, by } => {
            let why: BTreeMap<Lang, String> =
                why.iter().map(|(lang, words)| (*lang, words.trim().to_owned())).collect();
            let fits = |words: &String| (1..=LONGEST_REASON).contains(&words.chars().count());
            if why.is_empty() || !why.values().all(fits) {
                return Err(Refusal::OutOfRange { min: 1, max: LONGEST_REASON as i64 });
            }
            match stop.is_some_and(|stop| stop.why == why) {
                true => vec![],
                false => vec![FreezeEvent::Stopped { why, by: by.clone() }],
            }
        }
        FreezeCommand::Resume { .. } if stop.is_none() => vec![],
        FreezeCommand::Resume { by } => vec![FreezeEvent::Resumed { by: by.clone() }],
    })
}

/// The state after an event.
pub fn evolve(event: &FreezeEvent, at: Timestamp) -> Freeze {
    let stop = match event {
        FreezeEvent::Stopped { why, by } => Some(Stop { why: why.clone(), by: by.clone(), since: at }),
        FreezeEvent::Resumed { .. } => None,
    };
    Freeze { stop }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stop(words: &str) -> FreezeCommand {
        let why = [(Lang::EN, words.to_owned()), (Lang::SW, words.to_owned())].into();
        FreezeCommand::Stop { why, by: "Otieno".into() }
    }

    #[test]
    fn a_stop_keeps_its_reason_and_a_repeat_changes_nothing() {
        let noon = Timestamp::from_millis(5);
        let events = decide(None, &stop(" we count the float ")).expect("a reason");
        let frozen = evolve(&events[0], noon);
        let kept = frozen.stop.as_ref().expect("stopped");
        assert_eq!((kept.why[&Lang::SW].as_str(), kept.since), ("we count the float", noon));
        assert_eq!(decide(Some(&frozen), &stop("we count the float")), Ok(vec![]));
        assert_eq!(decide(Some(&frozen), &stop("something else")).map(|events| events.len()), Ok(1));
        let resume = FreezeCommand::Resume { by: "Halima".into() };
        let events = decide(Some(&frozen), &resume).expect("it goes on");
        let going = evolve(&events[0], noon);
        assert_eq!((going.stop.is_none(), decide(Some(&going), &resume)), (true, Ok(vec![])));
    }

    #[test]
    fn a_stop_without_a_reason_that_fits_a_screen_is_refused() {
        for words in ["", "   ", "a reason that is far too long for the screen of a phone"] {
            assert!(decide(None, &stop(words)).is_err(), "{words}");
        }
        let nothing = FreezeCommand::Stop { why: BTreeMap::new(), by: "Otieno".into() };
        assert!(decide(None, &nothing).is_err());
    }
}
