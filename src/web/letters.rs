//! The words of letters to shoppers, in the language that they read the shop in: plain text, as every
//! mailbox shows it.

use super::page;
use super::tongue::Tongue;
use crate::engine::letters::{About, Bought, Letter};
use crate::engine::shopfront::{PieceView, Split};

/// A letter in words: what stands above it, and what it says, in lines that end with a newline.
pub fn write(letter: &Letter) -> (String, String) {
    let t = Tongue::of(&letter.lang).unwrap_or_default();
    let (code, piece, quantity, split) = match &letter.bought {
        Bought::Order(order) => (&order.code, &order.piece, order.quantity, &order.split),
        Bought::Bulk(request) => (&request.code, &request.piece, request.quantity, &request.split),
    };
    let (subject, mut said) = news(letter, code, t);
    said.insert(0, t.letter_dear(&letter.name));
    said.push(goods(piece, quantity, t));
    if letter.about == About::Paid {
        said.push(who_gets(split, &piece.maker, t));
    }
    said.push(format!("{}\n{}", t.letter_page(), letter.link));
    said.push(format!("-- \n{}", t.letter_foot()));
    (subject, said.join("\n\n") + "\n")
}

/// What stands above it, and what it is about in sentences.
fn news(letter: &Letter, code: &str, t: Tongue) -> (String, Vec<String>) {
    match (letter.about, &letter.bought) {
        (About::Paid, bought) => {
            let (total, tax, shown) = match bought {
                Bought::Order(order) => (order.total, order.tax, order.shown.as_ref()),
                Bought::Bulk(request) => (request.total, request.tax, request.shown.as_ref()),
            };
            let tax = tax.map(|tax| t.tax_within(t.usd(&tax.sum), t.percent(&tax.rate_bp)));
            let about = shown.map(|shown| t.shown_total(t.sum_in(shown, total), &shown.day));
            let said = [Some(t.letter_paid(t.usd(&total))), tax, about].into_iter().flatten();
            (t.letter_paid_subject(code), said.collect())
        }
        (About::Promised, Bought::Bulk(request)) => {
            let day = t.day_of(&request.promise.unwrap_or(request.due));
            (t.letter_promised_subject(code), vec![t.letter_promised(request.quantity, day)])
        }
        (About::Promised, Bought::Order(order)) => (t.letter_paid_subject(code), vec![state(order, t)]),
        (About::Choose { .. }, Bought::Order(order)) => {
            let asked = order.life.question.as_ref().map_or_else(
                || state(order, t),
                |asked| {
                    let (maker, back, until) =
                        (&order.piece.maker, t.usd(&asked.back), t.day_of(&asked.until));
                    match asked.pieces {
                        1 => t.question_one(order.quantity, maker, back, until),
                        pieces => t.question(pieces, order.quantity, maker, back, until),
                    }
                },
            );
            (t.letter_choose_subject(code), vec![asked, t.letter_choose_there().to_owned()])
        }
        (About::Choose { .. }, Bought::Bulk(request)) => {
            let asked = t.letter_choose_many(request.counts.left, request.quantity);
            (t.letter_choose_subject(code), vec![asked])
        }
        (About::Sent, bought) => {
            let number = match bought {
                Bought::Order(order) => order.life.parcel.as_ref().and_then(|parcel| parcel.tracking.clone()),
                Bought::Bulk(_) => None,
            };
            let number = number.map(|number| format!(" {} {number}.", t.tracking())).unwrap_or_default();
            (t.letter_sent_subject(code), vec![format!("{}{number}", t.letter_sent())])
        }
        (About::Refunded { .. }, _) => {
            let sum = letter.back.map(|back| t.letter_refunded(t.usd(&back)));
            (t.letter_refunded_subject(code), sum.into_iter().collect())
        }
    }
}

fn state(order: &crate::engine::shopfront::OrderView, t: Tongue) -> String {
    t.state(&order.state, &order.piece.maker)
}

fn goods(piece: &PieceView, quantity: u32, t: Tongue) -> String {
    let title = page::Piece::new(piece, t).title;
    t.letter_goods(quantity, title, &piece.maker, &piece.place)
}

fn who_gets(split: &Split, maker: &str, t: Tongue) -> String {
    let parts = page::parts(split, maker, t).into_iter();
    let lines: Vec<String> = parts.map(|part| format!("  {}: {}", part.who, t.kes(&part.amount))).collect();
    format!("{}\n{}", t.of_goods(t.kes(&split.total)), lines.join("\n"))
}
