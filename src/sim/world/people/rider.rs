//! Riders: they go for parcels, say the number they were told, and bring them to the kiosk.

use super::artisan::{offered, pick};
use super::{Errand, Move, Person, Urge, Visit};
use crate::sim::world::dice::Dice;
use crate::sim::world::reader::Told;

/// What he does at a screen.
pub fn answer(errand: &Errand, screen: &Told, _me: &Person) -> Option<Move> {
    let task = matches!(errand, Errand::GoFor(_) | Errand::PickUp { .. } | Errand::HandBack(_));
    Some(match (errand, screen.name.as_str()) {
        (_, "home") if task => Move::press("1"),
        (Errand::GoFor(order) | Errand::HandBack(order) | Errand::PickUp { order, .. }, "tasks") => {
            pick(screen, order)
        }
        (Errand::GoFor(_), "task.show") => offered(screen, "1"),
        (Errand::PickUp { .. }, "task.show") => offered(screen, "2"),
        (Errand::HandBack(_), "task.show") => offered(screen, "3"),
        (Errand::PickUp { number, .. }, "task.number") if screen.text.lines().count() < 3 => {
            Move::press(number.clone())
        }
        (_, "task.number") if task => Move::Done,
        (_, "task.gone" | "task.taken" | "task.picked" | "task.wrong" | "task.locked" | "task.left")
            if task =>
        {
            Move::Done
        }
        (Errand::PayOut { .. } | Errand::ChoosePin, "home") => Move::press("3"),
        (Errand::ChoosePin, "money") => offered(screen, "2"),
        (Errand::NextLanguage, "home") => Move::press("5"),
        _ => return None,
    })
}

/// What a text, or the last screen of a call, moves him to.
pub fn urges(me: &mut Person, told: &Told, dice: &mut Dice) -> Vec<Urge> {
    let order = told.value("t.code").to_owned();
    match told.name.as_str() {
        "pickup_asked" => {
            let fetch = Visit::Fetch { order: order.clone(), maker: told.value("t.phone").to_owned() };
            match dice.below(100) {
                0..=44 => vec![
                    Urge::Do(dice.seconds(60, 1_800), Errand::GoFor(order)),
                    Urge::Go(dice.seconds(2_400, 6_600), fetch),
                ],
                45..=86 => vec![Urge::Go(dice.seconds(1_200, 6_600), fetch)],
                87..=93 => vec![Urge::Do(dice.seconds(60, 3_600), Errand::HandBack(order))],
                _ => Vec::new(),
            }
        }
        "pickup_taken" => vec![Urge::Go(dice.seconds(1_200, 9_000), Visit::BringParcel(order))],
        "pickup_paid" => {
            me.free = told.shillings("t.free");
            Vec::new()
        }
        _ => Vec::new(),
    }
}
