//! Mentors: they bring artisans, stand by their loans, and have their share sent. An artisan who
//! guides others goes the same ways behind the help of her own tree.

use super::artisan::offered;
use super::{Errand, Move, Person, Urge};
use crate::sim::world::dice::Dice;
use crate::sim::world::reader::Told;

/// What a mentor does at a screen.
pub fn answer(errand: &Errand, screen: &Told, _me: &Person) -> Option<Move> {
    Some(match (errand, screen.name.as_str()) {
        (Errand::PayShare | Errand::Invite { .. } | Errand::Endorse, "home") => Move::press("1"),
        (Errand::NextLanguage, "home") => Move::press("5"),
        (Errand::ChoosePin, "home") => Move::press("1"),
        (Errand::ChoosePin, "mentees") => Move::press("3"),
        (Errand::ChoosePin, "share") => offered(screen, "2"),
        (Errand::PayShare, "mentees") => Move::press("3"),
        (Errand::PayShare, "share") => offered(screen, "1"),
        (Errand::Invite { .. }, "mentees") => Move::press("1"),
        (Errand::Invite { name, .. }, "invite.name") => Move::press(name.clone()),
        (Errand::Invite { phone, .. }, "invite.phone") => Move::press(phone.clone()),
        (Errand::Invite { .. }, "invite.sure") => Move::press("1"),
        (
            Errand::Invite { .. },
            "invite.sent" | "invite.herself" | "invite.already" | "invite.unfit" | "invite.full",
        ) => Move::Done,
        (Errand::Endorse, "mentees") => Move::press("4"),
        (Errand::Endorse, "loans.list") => {
            screen.rows().next().map_or(Move::Done, |(key, _)| Move::press(key))
        }
        (Errand::Endorse, "loans.weigh") => Move::press("1"),
        (Errand::Endorse, "loans.endorsed" | "loans.gone") => Move::Done,
        _ => return None,
    })
}

/// What a text moves her to.
pub fn urges(me: &mut Person, told: &Told, dice: &mut Dice) -> Vec<Urge> {
    match told.name.as_str() {
        "loan_to_endorse" if dice.in_thousand(800) => vec![Urge::Do(dice.hours(1, 40), Errand::Endorse)],
        "share_earned" if dice.in_thousand(60) => vec![Urge::Do(dice.hours(5, 90), Errand::PayShare)],
        "invite_yes" if !me.has_pin => vec![Urge::Do(dice.hours(1, 30), Errand::ChoosePin)],
        _ => Vec::new(),
    }
}
