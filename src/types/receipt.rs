//! What a delivery receipt says, and how the id in it leads to the message it is about. Every
//! operator's gateway and every HTTP gateway speaks of the same few states.

use serde::{Deserialize, Serialize};

/// Where a message stands (SMPP 3.4, 5.2.28 and appendix B; 5.0 adds the last).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReceiptState {
    /// On its way.
    Enroute,
    /// On the phone.
    Delivered,
    /// Its validity ended.
    Expired,
    /// Removed by somebody.
    Deleted,
    /// The phone cannot have it.
    Undeliverable,
    /// Somebody at the SMSC read it.
    Accepted,
    /// The SMSC does not know.
    Unknown,
    /// Refused on the way.
    Rejected,
    /// Passed over.
    Skipped,
}

/// Whether more will be heard of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    /// More may come, until the message's validity ends.
    Pending,
    /// This was the last word.
    Final,
}

impl ReceiptState {
    /// As appendix B abbreviates it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Enroute => "ENROUTE",
            Self::Delivered => "DELIVRD",
            Self::Expired => "EXPIRED",
            Self::Deleted => "DELETED",
            Self::Undeliverable => "UNDELIV",
            Self::Accepted => "ACCEPTD",
            Self::Unknown => "UNKNOWN",
            Self::Rejected => "REJECTD",
            Self::Skipped => "SKIPPED",
        }
    }

    /// In words, for the operator of the service.
    pub const fn words(self) -> &'static str {
        match self {
            Self::Enroute => "on its way",
            Self::Delivered => "on the phone",
            Self::Expired => "its time was over before the phone could be reached",
            Self::Deleted => "removed at the operator",
            Self::Undeliverable => "the operator could not deliver it",
            Self::Accepted => "accepted by the operator",
            Self::Unknown => "the operator does not know what became of it",
            Self::Rejected => "the operator refused it",
            Self::Skipped => "passed over by the operator",
        }
    }

    /// Field practice disagrees about ACCEPTED ("delivered" to some, "buffered" to others) and about
    /// UNKNOWN ("failed" to some); neither is proof of anything, so both are pending.
    pub const fn fate(self) -> Fate {
        match self {
            Self::Enroute | Self::Accepted | Self::Unknown => Fate::Pending,
            Self::Delivered
            | Self::Expired
            | Self::Deleted
            | Self::Undeliverable
            | Self::Rejected
            | Self::Skipped => Fate::Final,
        }
    }

    /// The state by its number in message_state.
    pub const fn from_number(number: u32) -> Option<Self> {
        Some(match number {
            0 | 1 => Self::Enroute,
            2 => Self::Delivered,
            3 => Self::Expired,
            4 => Self::Deleted,
            5 => Self::Undeliverable,
            6 => Self::Accepted,
            7 => Self::Unknown,
            8 => Self::Rejected,
            9 => Self::Skipped,
            _ => return None,
        })
    }

    /// The state by its word: by the first five letters, since some SMSCs write no more, and by the
    /// names that some invented.
    pub fn from_word(word: &str) -> Option<Self> {
        let head: String = word.chars().take(5).collect::<String>().to_ascii_uppercase();
        Some(match head.as_str() {
            "ENROU" | "BUFFR" | "BUFFE" | "SCHED" => Self::Enroute,
            "DELIV" => Self::Delivered,
            "EXPIR" => Self::Expired,
            "DELET" => Self::Deleted,
            "UNDEL" | "FAILE" => Self::Undeliverable,
            "ACCEP" | "ACKED" => Self::Accepted,
            "UNKNO" => Self::Unknown,
            "REJEC" => Self::Rejected,
            "SKIPP" => Self::Skipped,
            _ => return None,
        })
    }

    /// What is true of a message of which `self` was heard before and `next` now. A last word is not
    /// unsaid by one that was held up on its way; but what reached the phone did so whoever denied it.
    #[must_use]
    pub fn then(self, next: Self) -> Self {
        match (self.fate(), next.fate()) {
            (Fate::Final, Fate::Final) if next == Self::Delivered => next,
            (Fate::Final, _) => self,
            (Fate::Pending, _) => next,
        }
    }
}

/// What a network's error code means, where it is one of the codes that SMSCs pass on from the
/// network (3GPP TS 29.002, 17.6.6: errors of mt-ForwardSM).
pub fn network_error(code: &str) -> Option<&'static str> {
    Some(match code.trim().parse::<u16>().ok()? {
        1 => "no such subscriber",
        5 | 9 => "the subscriber is barred from the network",
        11 => "the subscriber has no SMS service",
        12 => "the phone is barred from the network",
        13 => "the subscriber's calls are barred",
        21 => "the network does not support it",
        27 | 28 => "the phone is off or out of reach",
        31 => "the phone is busy with another SMS",
        32 => "the phone refused it, or is full",
        33 => "too much waits for this phone",
        34..=36 => "a fault of the network",
        _ => return None,
    })
}

/// In which base a gateway writes a message's id in its answer and in its receipt.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum IdBase {
    /// Not known: found out from the first receipts.
    #[default]
    Auto,
    /// The same text in both.
    Same,
    /// Hexadecimal in the answer, decimal in the receipt.
    ReceiptDecimal,
    /// Decimal in the answer, hexadecimal in the receipt.
    ReceiptHex,
}

impl IdBase {
    /// The ids that the answer may have given the message which a receipt calls `id`, as
    /// [`normal_id`] spells them, each with the base under which it reads so. More than one only
    /// for [`IdBase::Auto`]; an id that is no number of its base stands for itself.
    pub fn answered(self, id: &str) -> Vec<(Self, String)> {
        let turned = |base: Self| {
            let digits = id.trim();
            let turned = match base {
                Self::Auto | Self::Same => None,
                Self::ReceiptDecimal => decimal(digits).map(|value| format!("{value:X}")),
                Self::ReceiptHex => hexadecimal(digits).map(|value| value.to_string()),
            };
            turned.map(|turned| (base, normal_id(&turned)))
        };
        let same = (Self::Same, normal_id(id));
        match self {
            Self::Same => vec![same],
            Self::ReceiptDecimal | Self::ReceiptHex => vec![turned(self).unwrap_or(same)],
            Self::Auto => {
                let mut all = vec![same];
                for reading in [Self::ReceiptDecimal, Self::ReceiptHex].into_iter().filter_map(turned) {
                    if all.iter().all(|(_, id)| *id != reading.1) {
                        all.push(reading);
                    }
                }
                all
            }
        }
    }
}

fn decimal(digits: &str) -> Option<u128> {
    digits.bytes().all(|b| b.is_ascii_digit()).then(|| digits.parse().ok())?
}

fn hexadecimal(digits: &str) -> Option<u128> {
    digits.bytes().all(|b| b.is_ascii_hexdigit()).then(|| u128::from_str_radix(digits, 16).ok())?
}

/// An id as it is compared: case-blind and without leading zeros.
pub fn normal_id(id: &str) -> String {
    let upper = id.trim().to_ascii_uppercase();
    match upper.trim_start_matches('0') {
        "" => upper,
        short => short.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn ids_meet_across_bases() {
        let answered =
            |base: IdBase, id: &str| base.answered(id).into_iter().map(|(_, id)| id).collect::<Vec<_>>();
        assert_eq!(answered(IdBase::ReceiptDecimal, "441711949"), ["1A53FD4D"]);
        assert_eq!(answered(IdBase::ReceiptHex, "1a53fd4d"), ["441711949"]);
        assert_eq!(answered(IdBase::Same, " 00ab"), ["AB"]);
        assert_eq!(answered(IdBase::Auto, "441711949"), ["441711949", "1A53FD4D", "18277800265"]);
        assert_eq!(answered(IdBase::Auto, "7"), ["7"]);
        let uuid = "6f9619ff-8b86-d011-b42d-00cf4fc964ff";
        assert_eq!(answered(IdBase::Auto, uuid), [uuid.to_uppercase()]);
        assert_eq!(answered(IdBase::ReceiptDecimal, uuid), [uuid.to_uppercase()]);
        assert_eq!((normal_id("000"), normal_id("")), ("000".into(), String::new()));
    }

    #[test]
    fn a_last_word_stands_but_for_the_phone_that_has_it() {
        use ReceiptState as S;
        assert_eq!(S::Enroute.then(S::Accepted), S::Accepted);
        assert_eq!(S::Unknown.then(S::Expired), S::Expired);
        assert_eq!(S::Delivered.then(S::Enroute), S::Delivered);
        assert_eq!(S::Delivered.then(S::Undeliverable), S::Delivered);
        assert_eq!(S::Expired.then(S::Delivered), S::Delivered);
        assert_eq!(S::Expired.then(S::Rejected), S::Expired);
    }

    #[test]
    fn words_and_numbers_name_the_same_states() {
        for number in 1..=9 {
            let state = ReceiptState::from_number(number).expect("a state");
            assert_eq!(ReceiptState::from_word(state.name()), Some(state));
        }
        assert_eq!(ReceiptState::from_number(10), None);
    }

    proptest! {
        #[test]
        fn a_number_in_one_base_finds_the_same_number_in_the_other(value in 0..=u64::MAX, zeros in 0..4usize) {
            let decimal = format!("{}{value}", "0".repeat(zeros));
            let hex = format!("{}{value:x}", "0".repeat(zeros));
            prop_assert!(IdBase::Auto.answered(&decimal).iter().any(|(_, id)| *id == normal_id(&hex)));
            prop_assert!(IdBase::Auto.answered(&hex).iter().any(|(_, id)| *id == normal_id(&decimal)));
        }

        #[test]
        fn no_id_is_too_odd(id in "\\PC{0,70}") {
            prop_assert!(!IdBase::Auto.answered(&id).is_empty());
        }
    }
}
