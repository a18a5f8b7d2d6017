//! Liaisons of the depot: words on pieces, photo lessons and who came to them, cases.

use super::errand::{TROUBLE, WORDS};
use super::{Errand, Move, Person, Urge};
use crate::sim::world::dice::Dice;
use crate::sim::world::reader::Told;
use crate::types::Lang;

/// What she does at a screen.
pub fn answer(errand: &Errand, screen: &Told, me: &Person) -> Option<Move> {
    let words = |said: (&str, &str)| Move::press(if me.lang == Lang::SW { said.1 } else { said.0 });
    Some(match (errand, screen.name.as_str()) {
        (Errand::Advise(_), "home") => Move::press("1"),
        (Errand::Advise(listing), "advise.number") => Move::press(listing.clone()),
        (Errand::Advise(_), "advise.words") => words(WORDS),
        (Errand::Advise(_), "advise.sent" | "advise.gone") => Move::Done,
        (Errand::Lesson { .. }, "home") => Move::press("2"),
        (Errand::Lesson { day, .. }, "lesson.day") => Move::press(day.clone()),
        (Errand::Lesson { seats, .. }, "lesson.seats") => Move::press(seats.to_string()),
        (Errand::Lesson { .. }, "lesson.place") => Move::press("Depot"),
        (Errand::Lesson { .. }, "lesson.booked" | "lesson.known" | "lesson.over") => Move::Done,
        (Errand::Came(_), "home") => Move::press("3"),
        (Errand::Came(phone), "came.phone") => Move::press(phone.clone()),
        (Errand::Came(_), "came.noted" | "came.none") => Move::Done,
        (Errand::OpenCase(_), "home") => Move::press("4"),
        (Errand::OpenCase(order), "case.number") => Move::press(order.clone()),
        (Errand::OpenCase(_), "case.words") => words(TROUBLE),
        (Errand::OpenCase(_), "case.opened" | "case.gone") => Move::Done,
        (Errand::NextLanguage, "home") => Move::press("5"),
        _ => return None,
    })
}

/// What a text moves her to: nothing, since nobody asks anything of her.
pub fn urges(_me: &mut Person, _told: &Told, _dice: &mut Dice) -> Vec<Urge> {
    Vec::new()
}
