//! Holds on somebody's money: each with a reason in words and a date, put and lifted by itself.

use super::{Actor, Party, PartyEvent};
use crate::market::Refusal;
use crate::types::{Lang, Timestamp};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Why somebody's money waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HoldCode {
    /// The SIM of the number was changed.
    SimChanged,
    /// Mobile money knows the number by another name.
    NameDiffers,
    /// Somebody at the desk decided it.
    Desk,
    /// Her locked PIN was opened at a kiosk a moment ago; ends by itself.
    PinOpened,
}

impl HoldCode {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::SimChanged, Self::NameDiffers, Self::Desk, Self::PinOpened];

    /// The stable word.
    pub const fn word(self) -> &'static str {
        match self {
            Self::SimChanged => "sim_changed",
            Self::NameDiffers => "name_differs",
            Self::Desk => "desk",
            Self::PinOpened => "pin_opened",
        }
    }

    /// Whether her ID, seen by somebody who keeps a kiosk, is answer enough.
    pub const fn needs_id(self) -> bool {
        matches!(self, Self::SimChanged | Self::NameDiffers)
    }
}

/// A hold on somebody's money: never without a reason in words and a date, both shown to her.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hold {
    /// What kind of reason.
    pub code: HoldCode,
    /// The reason in words, by language.
    pub why: BTreeMap<Lang, String>,
    /// Since when.
    pub since: Timestamp,
}

/// Whether two names can be one person's: they share a part, whatever its place, capitals or marks.
/// Registers hold more names, or fewer, than people say, and spell them otherwise by a letter.
pub fn same_person(ours: &str, theirs: &str) -> bool {
    let parts = |name: &str| -> Vec<Vec<char>> {
        let letters =
            |part: &str| part.chars().filter(|c| c.is_alphabetic()).flat_map(char::to_lowercase).collect();
        name.split(|c: char| c.is_whitespace() || c == '-')
            .map(letters)
            .filter(|part: &Vec<char>| part.len() > 1)
            .collect()
    };
    let (ours, theirs) = (parts(ours), parts(theirs));
    ours.iter().any(|mine| theirs.iter().any(|other| mine == other || (mine.len() > 4 && near(mine, other))))
}

/// At most one letter changed, added or left out.
fn near(a: &[char], b: &[char]) -> bool {
    let (short, long) = if a.len() <= b.len() { (a, b) } else { (b, a) };
    let same = short.iter().zip(long).take_while(|(x, y)| x == y).count();
    match long.len() - short.len() {
        0 => short.get(same + 1..).unwrap_or_default() == long.get(same + 1..).unwrap_or_default(),
        1 => short[same..] == long[same + 1..],
        _ => false,
    }
}

/// Puts one; of the same kind with other words, it takes that one's place.
pub(super) fn put(
    party: &Party, code: HoldCode, why: &BTreeMap<Lang, String>,
) -> Result<Vec<PartyEvent>, Refusal> {
    if why.values().all(|words| words.trim().is_empty()) {
        return Err(Refusal::BadName);
    }
    match party.holds().any(|hold| hold.code == code && hold.why == *why) {
        true => Ok(vec![]),
        false => Ok(vec![PartyEvent::Held { code, why: why.clone() }]),
    }
}

/// Lifts one. Nobody lifts her own.
pub(super) fn lift(party: &Party, code: HoldCode, by: Option<Actor>) -> Result<Vec<PartyEvent>, Refusal> {
    if by.is_some_and(|by| by.id == party.id) {
        return Err(Refusal::NotAllowed);
    }
    match party.holds().any(|hold| hold.code == code) {
        true => Ok(vec![PartyEvent::Lifted { code, by: by.map(|by| by.id) }]),
        false => Ok(vec![]),
    }
}

impl Party {
    /// Every reason why her money waits, the one she is told first.
    pub fn holds(&self) -> impl Iterator<Item = &Hold> {
        self.hold.iter().chain(&self.more_holds)
    }

    pub(super) fn put_hold(&mut self, hold: Hold) {
        if let Some(known) = self.hold.iter_mut().chain(&mut self.more_holds).find(|it| it.code == hold.code)
        {
            *known = hold;
        } else if self.hold.is_none() {
            self.hold = Some(hold);
        } else {
            self.more_holds.push(hold);
        }
    }

    pub(super) fn lift_hold(&mut self, code: HoldCode) {
        let mut holds: Vec<Hold> = self.holds().filter(|hold| hold.code != code).cloned().collect();
        self.hold = (!holds.is_empty()).then(|| holds.remove(0));
        self.more_holds = holds;
    }
}

#[cfg(test)]
mod tests {
    use super::same_person;

    #[test]
    fn a_register_may_know_more_names_fewer_or_one_letter_otherwise() {
        for theirs in [
            "ACHIENG OTIENO",
            "OTIENO A ACHIENG",
            "Mary Achieng",
            "ACHIENG",
            "Achienge Owuor",
            "Atieno Otieno",
        ] {
            assert!(same_person("Achieng Otieno", theirs), "{theirs}");
        }
        for theirs in ["PETER MWANGI", "A O", "", "Ach Oti", "Achingo Owuor"] {
            assert!(!same_person("Achieng Otieno", theirs), "{theirs}");
        }
        assert!(!same_person("Ali Juma", "Alo Jume"), "short names are no other short names");
    }
}
