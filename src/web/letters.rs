//! The words of letters to shoppers, in the language that they read the shop in: plain text, as every
//! mailbox shows it.

use super::page;
use super::tongue::Tongue;
use crate::engine::cart::PurchaseView;
use crate::engine::letters::{About, Bought, Letter};
use crate::engine::shopfront::{PieceView, Shown, Split, TaxView};
use crate::types::Usd;

/// A letter in words: what stands above it, and what it says, in lines that end with a newline.
pub fn write(letter: &Letter) -> (String, String) {
    let t = Tongue::of(&letter.lang).unwrap_or_default();
    let (subject, said) = match &letter.bought {
        Bought::Order(order) => of_one(letter, (&order.code, &order.piece, order.quantity, &order.split), t),
        Bought::Bulk(request) => {
            of_one(letter, (&request.code, &request.piece, request.quantity, &request.split), t)
        }
        Bought::Purchase(view) => of_several(view, &letter.link, t),
    };
    let said = [vec![t.letter_dear(&letter.name)], said, vec![format!("-- \n{}", t.letter_foot())]].concat();
    (subject, said.join("\n\n") + "\n")
}

fn of_one(
    letter: &Letter, (code, piece, quantity, split): (&str, &PieceView, u32, &Split), t: Tongue,
) -> (String, Vec<String>) {
    let (subject, mut said) = news(letter, code, t);
    said.push(goods(piece, quantity, t));
    if letter.about == About::Paid {
        said.push(who_gets(split, &piece.maker, t));
    }
    said.push(format!("{}\n{}", t.letter_page(), letter.link));
    (subject, said)
}

/// One payment for several orders: each with its number, what it is and who gets what.
fn of_several(view: &PurchaseView, link: &str, t: Tongue) -> (String, Vec<String>) {
    let codes: Vec<&str> = view.orders.iter().map(|(_, order)| &*order.code).collect();
    let shown = view.orders.first().and_then(|(_, order)| order.shown.as_ref());
    let mut said = paid(view.total, view.tax, shown, t);
    for (_, order) in &view.orders {
        let what = goods(&order.piece, order.quantity, t);
        let parts = who_gets(&order.split, &order.piece.maker, t);
        said.push(format!("{}\n{what}\n{parts}", t.order(&order.code)));
    }
    said.push(format!("{}\n{link}", t.letter_pages()));
    (t.letter_paid_subject_all(codes.join(", ")), said)
}

/// That the money came, and what it was.
fn paid(total: Usd, tax: Option<TaxView>, shown: Option<&Shown>, t: Tongue) -> Vec<String> {
    let tax = tax.map(|tax| t.tax_within(t.usd(&tax.sum), t.percent(&tax.rate_bp)));
    let about = shown.map(|shown| t.shown_total(t.sum_in(shown, total), &shown.day));
    [Some(t.letter_paid(t.usd(&total))), tax, about].into_iter().flatten().collect()
}

/// What stands above it, and what it is about in sentences.
fn news(letter: &Letter, code: &str, t: Tongue) -> (String, Vec<String>) {
    match (letter.about, &letter.bought) {
        (About::Paid, Bought::Order(order)) => {
            (t.letter_paid_subject(code), paid(order.total, order.tax, order.shown.as_ref(), t))
        }
        (About::Paid, Bought::Bulk(request)) => {
            (t.letter_paid_subject(code), paid(request.total, request.tax, request.shown.as_ref(), t))
        }
        // Of several orders there is no other news than that they are paid.
        (_, Bought::Purchase(view)) => (t.letter_paid_subject(code), paid(view.total, view.tax, None, t)),
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
                Bought::Bulk(_) | Bought::Purchase(_) => None,
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
