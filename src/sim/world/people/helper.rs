//! Helpers: they see the orders of those who hired them, say READY, and now and then begin to sell
//! pieces of their own.

use super::artisan::{a_piece, offered, pick};
use super::{Errand, Move, Person, Trade, Urge};
use crate::sim::world::dice::Dice;
use crate::sim::world::reader::Told;

/// What she does at a screen.
pub fn answer(errand: &Errand, screen: &Told, me: &Person) -> Option<Move> {
    Some(match (errand, screen.name.as_str()) {
        (Errand::Ready(_), "home") => Move::press("2"),
        (Errand::Ready(order), "jobs") => pick(screen, order),
        (Errand::Ready(_), "job.show") if screen.offers("5") => Move::press("5"),
        (Errand::Ready(_), "job.show") => offered(screen, "4"),
        (Errand::Ready(_), "order.helped" | "order.stands" | "order.gone") => Move::Done,
        (Errand::OwnStall, "home") => Move::press("1"),
        (Errand::OwnStall, "own") => offered(screen, "1"),
        (Errand::OwnStall, "own.pin") => Move::press(me.pin.clone()),
        (Errand::OwnStall, "own.joined" | "help.calling") => Move::Done,
        (Errand::NextLanguage, "home") => Move::press("5"),
        _ => return None,
    })
}

/// What a text moves her to.
pub fn urges(me: &mut Person, told: &Told, dice: &mut Dice) -> Vec<Urge> {
    match told.name.as_str() {
        "helper_order" => {
            vec![Urge::Do(dice.hours(20, 140), Errand::Ready(told.value("o.code").to_owned()))]
        }
        "order_failed" if dice.in_thousand(500) => {
            vec![Urge::Do(dice.hours(10, 90), Errand::Ready(told.value("q.code").to_owned()))]
        }
        "welcome" => {
            (me.trade, me.has_pin) = (Trade::Artisan, true);
            vec![Urge::Do(dice.hours(0, 72), a_piece(dice))]
        }
        _ => Vec::new(),
    }
}
