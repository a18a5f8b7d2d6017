//! Agents: whoever stands before them with a piece, a parcel or a locked PIN is served.

use super::artisan::{offered, pick};
use super::{Errand, Move, Person, Urge};
use crate::sim::world::dice::Dice;
use crate::sim::world::reader::Told;
use std::time::Duration;

/// What she does at a screen.
pub fn answer(errand: &Errand, screen: &Told, _me: &Person) -> Option<Move> {
    Some(match (errand, screen.name.as_str()) {
        (Errand::Validate { .. }, "home") => Move::press("4"),
        // Two lists that ask alike.
        (Errand::Validate { listing, .. }, "new.list" | "qc.list") => pick(screen, listing),
        (Errand::Validate { bad, .. }, "new.show") => Move::press(if bad.is_some() { "2" } else { "1" }),
        (Errand::Validate { bad, .. }, "new.why") => Move::press(bad.unwrap_or(5).to_string()),
        (Errand::Validate { .. }, "new.done" | "new.again" | "new.gone") => Move::Done,

        (Errand::Receive(_), "home") => Move::press("1"),
        (Errand::Receive(order), "in.code") => pick(screen, order),
        (Errand::Receive(_), "in.sure") => Move::press("1"),
        (Errand::Receive(_), "in.done" | "in.early" | "in.stands") => Move::Done,

        (Errand::Check { .. }, "home") => Move::press("2"),
        (Errand::Check { order, .. }, "qc.list" | "new.list") => pick(screen, order),
        (Errand::Check { pass: 0, .. }, "qc.show") => Move::press("3"),
        (Errand::Check { fail: 0, .. }, "qc.show") => Move::press("1"),
        (Errand::Check { .. }, "qc.show") => Move::press("2"),
        (Errand::Check { pass, .. }, "qc.some") => Move::press(pass.to_string()),
        (Errand::Check { why, .. }, "qc.why" | "qc.none.why") => Move::press(why.to_string()),
        (Errand::Check { .. }, "in.done") => Move::press("2"),
        (Errand::Check { order, .. }, "qc.box") => Move::press(a_box(order)),
        // A list that asks alike led here.
        (_, "qc.box") => Move::press("3"),
        (_, "qc.done" | "qc.unboxed" | "qc.much" | "qc.away") => Move::Done,

        (Errand::SendAway { .. }, "home" | "money") => Move::press("6"),
        (Errand::SendAway { order, .. }, "ship.list") => pick(screen, order),
        (Errand::SendAway { grams, .. }, "ship.grams") => Move::press(grams.to_string()),
        (Errand::SendAway { number, .. }, "ship.done") => {
            Move::press(if number.is_some() { "1" } else { "2" })
        }
        (Errand::SendAway { number: Some(number), .. }, "ship.number") => Move::press(number.to_string()),
        (Errand::SendAway { .. }, "ship.kept" | "ship.later" | "ship.away") => Move::Done,

        (Errand::PayCash { .. }, "home") => Move::press("3"),
        (Errand::PayCash { number, .. }, "cash.number") => Move::press(number.clone()),
        (Errand::PayCash { has, .. }, "cash.pay") => Move::press(if *has { "1" } else { "2" }),
        (
            Errand::PayCash { .. },
            "cash.done" | "cash.left" | "cash.used" | "cash.expired" | "cash.taken" | "cash.held"
            | "cash.stopped" | "cash.unknown",
        ) => Move::Done,
        (Errand::Stock { .. } | Errand::CountDisplay(_), "home") => Move::press("5"),
        (Errand::Stock { .. }, "stock.show") => Move::press("1"),
        (Errand::Stock { what, .. }, "stock.what") => Move::press(what.to_string()),
        (Errand::Stock { count, .. }, "stock.count") => Move::press(count.to_string()),
        (Errand::Stock { .. }, "stock.done" | "stock.much") => Move::Done,
        (Errand::CountDisplay(_), "stock.show") => offered(screen, "2"),
        (Errand::CountDisplay(0), "display.any") => Move::press("2"),
        (Errand::CountDisplay(_), "display.any") => Move::press("1"),
        (Errand::CountDisplay(leaflets), "display.many") => Move::press(leaflets.to_string()),
        (Errand::CountDisplay(_), "display.done" | "display.again" | "display.closed") => Move::Done,

        (Errand::OpenPin(_) | Errand::OfferMentor { .. } | Errand::Vouch { .. }, "home") => Move::press("6"),
        (Errand::PayOut { .. } | Errand::ChoosePin, "home") => Move::press("6"),
        (Errand::ChoosePin, "money") => offered(screen, "2"),
        (Errand::OpenPin(_), "money") => Move::press("4"),
        (Errand::OpenPin(phone), "open.phone") => Move::press(phone.clone()),
        (Errand::OpenPin(_), "open.sure") => Move::press("1"),
        (Errand::OpenPin(_), "open.done" | "open.unknown" | "open.idle") => Move::Done,
        (Errand::OfferMentor { .. } | Errand::Vouch { .. }, "money") => Move::press("5"),
        (Errand::OfferMentor { .. }, "people") => Move::press("1"),
        (Errand::Vouch { .. }, "people") => Move::press("2"),
        // The two questions for a phone are worded alike.
        (Errand::OfferMentor { name, .. }, "mentor.name") => Move::press(name.clone()),
        (Errand::OfferMentor { phone, .. }, "mentor.phone" | "rider.phone" | "maker.phone") => {
            Move::press(phone.clone())
        }
        (Errand::Vouch { name, .. }, "rider.name") => Move::press(name.clone()),
        (Errand::Vouch { phone, .. }, "mentor.phone" | "rider.phone" | "maker.phone") => {
            Move::press(phone.clone())
        }
        (
            Errand::OfferMentor { .. } | Errand::Vouch { .. },
            "people.sent" | "people.rides" | "people.already" | "people.unfit" | "people.full",
        ) => Move::Done,
        (Errand::NextLanguage, "home") => Move::press("7"),
        _ => return None,
    })
}

/// The key of the box for a parcel: small, large, or none. The same parcel fits the same box.
fn a_box(order: &str) -> String {
    let digits: u32 = order.chars().filter_map(|digit| digit.to_digit(10)).sum();
    (digits % 3 + 1).to_string()
}

/// What a text moves her to.
pub fn urges(me: &mut Person, told: &Told, dice: &mut Dice) -> Vec<Urge> {
    match told.name.as_str() {
        "rider_waits" => {
            let (name, phone) = (format!("{} Rider", told.value("first")), told.value("phone").to_owned());
            vec![Urge::Do(dice.hours(1, 20), Errand::Vouch { name, phone })]
        }
        "parcel_checked" => {
            me.free = told.shillings("q.free");
            Vec::new()
        }
        "cash_pay" => {
            let (number, has) = (told.value("c.code").to_owned(), dice.in_thousand(900));
            vec![Urge::Do(Duration::from_secs(60), Errand::PayCash { number, has, sure: true })]
        }
        "stock_low" => {
            let (what, count) = (dice.between(1, 2) as u8, dice.between(10, 60));
            vec![Urge::Do(dice.hours(4, 60), Errand::Stock { what, count })]
        }
        "display_asked" if dice.in_thousand(900) => {
            vec![Urge::Do(dice.hours(1, 100), Errand::CountDisplay(dice.between(0, 40)))]
        }
        _ => Vec::new(),
    }
}
