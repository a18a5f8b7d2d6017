//! Artisans: they list, have it checked, take orders, make, hand over, are paid, borrow.

use super::{Errand, Move, Person, Urge, Visit};
use crate::sim::world::dice::Dice;
use crate::sim::world::reader::Told;
use std::time::Duration;

/// Something of hers to sell.
pub fn a_piece(dice: &mut Dice) -> Errand {
    let price = dice.between(3, 40) * 50 + dice.between(0, 3) * 5;
    Errand::Sell {
        kind: dice.between(1, 4) as usize,
        stuff: dice.between(1, 4) as usize,
        price,
        ready: dice.between(1, 12),
    }
}

/// What she does at a screen.
pub fn answer(errand: &Errand, screen: &Told, me: &Person) -> Option<Move> {
    if let Some(way) = loan_answer(errand, screen).or_else(|| order_answer(errand, screen)) {
        return Some(way);
    }
    if let Some(way) = helper_answer(errand, screen) {
        return Some(way);
    }
    let name = screen.name.as_str();
    Some(match (errand, name) {
        (Errand::Sell { .. }, "home") => Move::press("1"),
        (Errand::Sell { kind, .. }, "sell.kind") => Move::press(kind.to_string()),
        (Errand::Sell { stuff, .. }, "sell.stuff") => Move::press(super::errand::STUFFS[stuff - 1].0),
        (Errand::Sell { price, .. }, "sell.price") => Move::press(price.to_string()),
        (Errand::Sell { ready, .. }, "sell.ready") => Move::press(ready.to_string()),
        (Errand::Sell { .. }, "sell.check") => Move::press("1"),
        (Errand::Sell { .. }, "sell.done" | "sell.full") => Move::Done,

        (Errand::PayOut { .. } | Errand::FetchCash, "home") => Move::press("3"),
        (Errand::FetchCash, "money") => offered(screen, "2"),
        (Errand::ChoosePin, "home") => Move::press("3"),
        (Errand::ChoosePin, "money") => offered(screen, "5"),
        (Errand::NextLanguage, "home") => Move::press("5"),

        (Errand::Room(_), "home") => Move::press("4"),
        (Errand::Room(_), "help") => Move::press("1"),
        (Errand::Room(_), "pieces") => screen.rows().next().map_or(Move::Done, |(key, _)| Move::press(key)),
        (Errand::Room(_), "piece.show") => Move::press("3"),
        (Errand::Room(pieces), "room.ask") => Move::press(pieces.to_string()),
        (Errand::Room(_), "room.saved" | "piece.gone") => Move::Done,
        (Errand::Count(_) | Errand::PayShare | Errand::Invite { .. } | Errand::Endorse, "home") => {
            Move::press("4")
        }
        (Errand::Count(_), "help") => Move::press("1"),
        (Errand::Count(_), "pieces") => screen.rows().next().map_or(Move::Done, |(key, _)| Move::press(key)),
        (Errand::Count(_), "piece.show") if screen.number("l.ready") == 0 => Move::press("1"),
        (Errand::Count(_), "piece.show" | "piece.gone") => Move::Done,
        (Errand::Count(ready), "piece.count") => Move::press(ready.to_string()),
        (Errand::PayShare | Errand::Invite { .. } | Errand::Endorse, "help") => offered(screen, "6"),
        (Errand::AnswerInvitation { .. }, "home") => Move::press("4"),
        (Errand::AnswerInvitation { .. }, "help") => Move::press("3"),
        (Errand::AnswerInvitation { yes, .. }, "guide.asked") => Move::press(if *yes { "1" } else { "2" }),
        (
            Errand::AnswerInvitation { .. },
            "guide.agreed" | "guide.refused" | "guide.gone" | "guide.none" | "guide.show",
        ) => Move::Done,
        _ => return super::mentor::answer(errand, screen, me),
    })
}

/// The way to one of her orders, and what she says of it.
fn order_answer(errand: &Errand, screen: &Told) -> Option<Move> {
    let order = match errand {
        Errand::Answer { order, .. }
        | Errand::Some { order, .. }
        | Errand::Late { order, .. }
        | Errand::Ready(order)
        | Errand::GiveUp(order) => Some(order),
        Errand::LookAtOrders => None,
        _ => return None,
    };
    Some(match (errand, screen.name.as_str()) {
        (_, "home") => Move::press("2"),
        (_, "orders") => match order {
            Some(order) => pick(screen, order),
            None => screen.rows().next().map_or(Move::Done, |(key, _)| Move::press(key)),
        },
        (Errand::Answer { yes: false, .. }, "order.show") => offered(screen, "3"),
        (Errand::Answer { .. } | Errand::LookAtOrders, "order.show") => offered(screen, "1"),
        (Errand::Some { .. }, "order.show") => offered(screen, "2"),
        (Errand::Late { .. }, "order.show") => offered(screen, "6"),
        (Errand::GiveUp(_), "order.show") => offered(screen, "7"),
        (_, "order.show") if screen.offers("5") => Move::press("5"),
        (_, "order.show") => offered(screen, "4"),
        (Errand::Some { pieces, .. }, "order.part") if screen.text.lines().count() < 3 => {
            Move::press(pieces.to_string())
        }
        // Fewer were offered than she meant to take.
        (Errand::Some { .. }, "order.part") => Move::press("1"),
        (Errand::Late { days, .. }, "late.days") => Move::press(days.to_string()),
        (_, "late.why") => Move::press("1"),
        (_, "order.sure") => Move::press("1"),
        (
            _,
            "order.taken" | "order.refused" | "order.stands" | "order.gone" | "order.much" | "order.bring"
            | "order.rides" | "late.done" | "late.much" | "late.over",
        ) => Move::Done,
        _ => return None,
    })
}

/// The way to those who help her.
fn helper_answer(errand: &Errand, screen: &Told) -> Option<Move> {
    if !matches!(errand, Errand::Hire { .. } | Errand::Dismiss) {
        return None;
    }
    Some(match (errand, screen.name.as_str()) {
        (_, "home") => Move::press("4"),
        (_, "help") => Move::press("3"),
        (_, "guide.show" | "guide.asked" | "guide.none") => Move::press("4"),
        (Errand::Hire { .. }, "helpers") => Move::press("1"),
        (_, "helpers") => Move::press("2"),
        (Errand::Hire { name, .. }, "helper.name") => Move::press(name.clone()),
        (Errand::Hire { phone, .. }, "helper.phone") => Move::press(phone.clone()),
        (_, "helper.sure" | "helper.show") => Move::press("1"),
        (_, "helpers.list") => screen.rows().next().map_or(Move::Done, |(key, _)| Move::press(key)),
        (
            _,
            "helper.asked" | "guide.named" | "helper.herself" | "helper.already" | "helper.unfit"
            | "helper.full" | "helper.gone" | "helper.left",
        ) => Move::Done,
        _ => return None,
    })
}

fn loan_answer(errand: &Errand, screen: &Told) -> Option<Move> {
    Some(match (errand, screen.name.as_str()) {
        (Errand::AskLoan(_) | Errand::AgreeLoan | Errand::PayLoan, "home") => Move::press("3"),
        (Errand::AskLoan(_) | Errand::AgreeLoan | Errand::PayLoan, "money") => Move::press("4"),
        (Errand::PayLoan, "loan.owes") => offered(screen, "1"),
        (Errand::PayLoan, "loan.pay") => Move::press((screen.shillings("me.free") / 3).max(1).to_string()),
        (Errand::AskLoan(_), "loan.none") => Move::press("1"),
        (Errand::AskLoan(wish), "loan.amount") => {
            Move::press(screen.shillings("me.loan_most").min(*wish).max(500).to_string())
        }
        (Errand::AskLoan(_), "loan.what") => Move::press("2"),
        (Errand::AskLoan(_), "loan.sure") => Move::press("1"),
        (Errand::AgreeLoan, "loan.terms" | "loan.failed") if screen.offers("1") => Move::press("1"),
        (
            Errand::AskLoan(_) | Errand::AgreeLoan | Errand::PayLoan,
            "loan.paid" | "loan.short" | "pin.locked" | "pin.shut" | "help.calling" | "loan.little"
            | "loan.asked" | "loan.waits" | "loan.owes" | "loan.moving" | "loan.gone" | "loan.terms"
            | "loan.failed" | "loan.none" | "loan.dropped",
        ) => Move::Done,
        _ => return None,
    })
}

/// The row of an order; the next page, as long as there is one.
pub fn pick(screen: &Told, order: &str) -> Move {
    match screen.row(order) {
        Some(key) => Move::Press(key),
        None if screen.offers("98") => Move::press("98"),
        None => Move::Done,
    }
}

/// This key where it is offered; without it there is nothing to do here.
pub fn offered(screen: &Told, key: &str) -> Move {
    if screen.offers(key) { Move::press(key) } else { Move::Done }
}

/// What a text moves her to.
pub fn urges(me: &mut Person, told: &Told, dice: &mut Dice) -> Vec<Urge> {
    let code = |path: &str| told.value(path).to_owned();
    let order = code("o.code");
    match told.name.as_str() {
        "welcome" => vec![Urge::Do(dice.hours(0, 72), a_piece(dice))],
        "listing_saved" => vec![Urge::Go(dice.hours(2, 60), Visit::ShowPiece(code("l.code")))],
        "listing_refused" if dice.in_thousand(300) => {
            vec![Urge::Do(dice.hours(1, 48), Errand::Delete(code("l.code")))]
        }
        "order_offer" => {
            let piece = me.orders.entry(order.clone()).or_default();
            (piece.gone, piece.number) = (false, None);
            let many = told.number("o.qty");
            match dice.below(100) {
                at @ 0..=81 => {
                    piece.planned = true;
                    let ready = Urge::Do(dice.hours(20, 140), Errand::Ready(order.clone()));
                    let answer = match at {
                        0..=19 if many > 1 => {
                            let pieces = dice.between(1, u64::from(many) - 1) as u32;
                            Errand::Some { order, pieces }
                        }
                        _ => Errand::Answer { order, yes: true },
                    };
                    vec![Urge::Do(dice.hours(0, 14), answer), ready]
                }
                82..=89 => vec![Urge::Do(dice.hours(0, 10), Errand::Answer { order, yes: false })],
                _ => Vec::new(),
            }
        }
        "order_taken" => {
            // Taken on a call of her own, without having read the offer.
            let piece = me.orders.entry(order.clone()).or_default();
            if std::mem::replace(&mut piece.planned, true) {
                return Vec::new();
            }
            vec![Urge::Do(dice.hours(20, 140), Errand::Ready(order))]
        }
        "order_bring" => vec![Urge::Go(dice.hours(1, 30), Visit::BringParcel(order))],
        "order_rides" => vec![Urge::Go(Duration::from_secs(3 * 86_400), Visit::LookAfter(order))],
        "rider_comes" => {
            let order = code("t.code");
            me.orders.entry(order.clone()).or_default().number = Some(code("number"));
            vec![Urge::Go(Duration::from_secs(3 * 86_400), Visit::LookAfter(order))]
        }
        // Half of those who are late say so; some have lost heart.
        "order_tomorrow" | "order_overdue" => match dice.below(100) {
            0..=29 => vec![Urge::Do(dice.hours(0, 12), Errand::Late { order, days: dice.between(1, 10) })],
            30..=54 => vec![Urge::Do(dice.hours(0, 20), Errand::Ready(order))],
            55..=64 => vec![Urge::Do(dice.hours(0, 20), Errand::GiveUp(order))],
            _ => Vec::new(),
        },
        "order_cancelled" | "order_cancelled_kept" | "order_run_out" => {
            let piece = me.orders.entry(order).or_default();
            (piece.planned, piece.number) = (false, None);
            Vec::new()
        }
        "helper_order" => vec![Urge::Do(dice.hours(20, 140), Errand::Ready(order))],
        "order_picked" => {
            me.orders.entry(code("t.code")).or_default().gone = true;
            Vec::new()
        }
        "order_here" => {
            me.orders.entry(order).or_default().gone = true;
            Vec::new()
        }
        "order_failed" => {
            let order = code("q.code");
            let piece = me.orders.entry(order.clone()).or_default();
            (piece.gone, piece.number) = (false, None);
            match dice.below(100) {
                0..=84 => vec![Urge::Do(dice.hours(10, 90), Errand::Ready(order))],
                85..=91 => vec![Urge::Do(dice.hours(1, 60), Errand::GiveUp(order))],
                _ => Vec::new(),
            }
        }
        "order_released" | "order_released_loan" => {
            me.free = told.shillings("q.free");
            match dice.below(100) {
                0..=34 => {
                    let slip = dice.in_thousand(60);
                    vec![Urge::Do(dice.hours(1, 60), Errand::PayOut { slip })]
                }
                35..=54 => vec![Urge::Do(dice.hours(1, 60), Errand::FetchCash)],
                _ => Vec::new(),
            }
        }
        "cash_made" if dice.in_thousand(900) => {
            vec![Urge::Go(dice.hours(1, 90), Visit::FetchCash(code("c.code")))]
        }
        "cash_back" => {
            me.free = told.shillings("c.free");
            Vec::new()
        }
        // Now and then somebody says that she never got what she got.
        "cash_paid" if dice.in_thousand(40) => {
            vec![Urge::Do(dice.hours(0, 30), Errand::DenyCash(code("c.code")))]
        }
        "loan_funded" | "loan_failed" => vec![Urge::Do(dice.hours(2, 70), Errand::AgreeLoan)],
        "loan_note" if dice.in_thousand(400) => vec![Urge::Do(dice.hours(1, 20), Errand::Thank)],
        "loan_quiet" if dice.in_thousand(700) => vec![Urge::Do(dice.hours(1, 40), Errand::PayLoan)],
        "loan_repaid" | "loan_stopped" => {
            me.loan = false;
            Vec::new()
        }
        "invite_yes" if !me.has_pin => vec![Urge::Do(dice.hours(1, 30), Errand::ChoosePin)],
        _ => super::mentor::urges(me, told, dice),
    }
}

/// What she feels like on a morning when nothing presses.
pub fn morning(me: &mut Person, dice: &mut Dice) -> Option<Errand> {
    Some(match dice.below(100) {
        0..=11 => a_piece(dice),
        12..=21 => Errand::LookAtOrders,
        22..=31 => Errand::Balance,
        32..=37 => Errand::Count(dice.between(2, 15)),
        38..=41 if me.free >= 100 => Errand::PayOut { slip: false },
        42 if !me.loan && me.free > 0 => {
            me.loan = true;
            Errand::AskLoan(dice.between(1, 30) * 500)
        }
        43 if me.loan && me.free > 100 => Errand::PayLoan,
        44 => Errand::NextLanguage,
        45 => Errand::Tips(dice.in_thousand(500)),
        46 => Errand::Mumble("habari ya leo".to_owned()),
        47 => Errand::Room(dice.between(4, 40)),
        48 if dice.in_thousand(200) => Errand::Dismiss,
        _ => return None,
    })
}
