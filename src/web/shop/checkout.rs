//! `POST /checkout`: from a filled form to the card processor's page.

use super::piece::{self, Faults, LONGEST_CODE, Typed};
use crate::{
    engine::cart::CHANGED,
    engine::shopfront::{CheckoutIn, PayLine, ShopError, ShopFront},
    types::Usd,
    web::{
        error::Refusal,
        page::Web,
        tongue::{Reader, Tongue},
    },
};
use axum::{
    Form,
    extract::{State, rejection::FormRejection},
    http::StatusCode,
    response::{IntoResponse, Redirect, Response},
};
use std::sync::Arc;

/// The fields of the form, in its order.
const FIELDS: [&str; 5] = ["quantity", "name", "email", "country", "address"];
/// More pieces than this nobody means.
const MOST_PIECES: u32 = 9_999;
/// The longest name, in characters.
pub(in crate::web) const LONGEST_NAME: usize = 80;
/// The longest email address, in octets (RFC 5321 section 4.5.3.1.3, without its brackets).
const LONGEST_EMAIL: usize = 254;
/// The longest address, in characters.
pub(in crate::web) const LONGEST_ADDRESS: usize = 400;

/// Begins an order and sends the browser to where it is paid. What was typed is never lost: a
/// form that cannot be carried out comes back filled, with the same key.
pub(crate) async fn place(
    State(web): State<Arc<Web>>, t: Reader, form: Result<Form<Typed>, FormRejection>,
) -> Result<Response, Refusal> {
    let Form(mut typed) = form?;
    if typed.code.is_empty() || typed.code.len() > LONGEST_CODE {
        return Err(ShopError::NotFound.into());
    }
    let checkout = match read(&typed, &*web.front, t.tongue) {
        Ok(checkout) => {
            let line = pay_line(&web, t.tongue, &checkout.code, checkout.quantity).await;
            // What was not shown is like another sum: the form comes back with it.
            let shown = || typed.shown_total(&checkout.country, checkout.quantity).unwrap_or(Usd::ZERO);
            let total = web.cart.is_some().then(shown);
            CheckoutIn { shown: t.shown.clone(), line, total, ..checkout }
        }
        Err(faults) => {
            if faults.whole.is_some() {
                typed.idempotency_key = piece::fresh_key()?;
            }
            return piece::again(&web, &t, &typed, &faults, StatusCode::UNPROCESSABLE_ENTITY).await;
        }
    };
    match web.front.checkout(checkout).await {
        Ok(out) => Ok(Redirect::to(&out.pay_url).into_response()),
        Err(error) => {
            let error = said_changed(error, &t);
            let CannotPlace { faults, status, fresh } = explain(error, &FIELDS, &t)?;
            if fresh {
                typed.idempotency_key = piece::fresh_key()?;
            }
            piece::again(&web, &t, &typed, &faults, status).await
        }
    }
}

/// What the payment page says in a language that the engine does not speak.
pub(super) async fn pay_line(web: &Web, t: Tongue, code: &str, pieces: u32) -> Option<PayLine> {
    if t == Tongue::En {
        return None;
    }
    let (piece, _) = web.front.piece(code.to_owned()).await.ok()?;
    let piece = t.piece(&piece.kind, &piece.stuff);
    Some(PayLine { untaxed: t.pay_line(pieces, &piece), taxed: t.pay_line_taxed(pieces, &piece) })
}

/// Why a form could not be carried out, as the form shows it.
pub(super) struct CannotPlace {
    pub(super) faults: Faults,
    pub(super) status: StatusCode,
    /// The form needs a new key.
    pub(super) fresh: bool,
}

/// What a page says whose sum is another one than it showed.
pub(super) fn said_changed(error: ShopError, t: &Reader) -> ShopError {
    match error {
        ShopError::Field { field: CHANGED, .. } => field(CHANGED, t.total_changed()),
        ShopError::TooFar(day) => field("wanted", &t.too_far(t.day_of(&day))),
        other => other,
    }
}

/// What a form with these fields says of an error; what no form can mend is passed on.
pub(super) fn explain(error: ShopError, fields: &[&'static str], t: &Reader) -> Result<CannotPlace, Refusal> {
    let error = match error {
        ShopError::Left(1) => field("quantity", t.left_one()),
        ShopError::Left(left) => field("quantity", &t.left(left)),
        ShopError::Pieces { least, most } => field("quantity", &t.choose_pieces(least, most)),
        ShopError::TooEarly(day) => field("wanted", &t.too_early(t.day_of(&day))),
        other => other,
    };
    match error {
        ShopError::Field { field, why } => {
            let mut faults = Faults::default();
            match fields.contains(&field) {
                true => drop(faults.fields.insert(field, why)),
                false => faults.whole = Some(why),
            }
            Ok(CannotPlace { faults, status: StatusCode::UNPROCESSABLE_ENTITY, fresh: false })
        }
        ShopError::NotFound | ShopError::Gone | ShopError::TooLate(_) => Err(error.into()),
        error => {
            let fresh = error == ShopError::KeyUsed;
            let (status, whole) = Refusal::from(error).whole(t);
            let faults = Faults { whole: Some(whole), ..Faults::default() };
            Ok(CannotPlace { faults, status, fresh })
        }
    }
}

fn field(field: &'static str, why: &str) -> ShopError {
    ShopError::Field { field, why: why.to_owned() }
}

/// Reads the form. How many pieces are left is for the engine to say: a form posted twice must get
/// its first answer although it took the last piece.
pub(in crate::web) fn read(typed: &Typed, front: &dyn ShopFront, t: Tongue) -> Result<CheckoutIn, Faults> {
    let mut faults = Faults::default();
    let mut complain = |field, why: &str| drop(faults.fields.insert(field, why.to_owned()));

    let quantity = typed.quantity.trim().parse().unwrap_or(0);
    if !(1..=MOST_PIECES).contains(&quantity) {
        complain("quantity", t.bad_quantity());
    }
    let name = one_line(&typed.name);
    if name.is_empty() || is_garbled(&name) || name.chars().count() > LONGEST_NAME {
        complain("name", t.bad_name());
    }
    let email = typed.email.trim().to_owned();
    if !looks_like_email(&email) {
        complain("email", t.bad_email());
    }
    let country = typed.country.trim().to_ascii_uppercase();
    if front.shipping(&country, "").is_none() {
        complain("country", t.bad_country());
    }
    let address = lines(&typed.address);
    if is_garbled(&address) || !(5..=LONGEST_ADDRESS).contains(&address.chars().count()) {
        complain("address", t.bad_address());
    }
    if !is_key(&typed.idempotency_key) {
        faults.whole = Some(t.open_too_long().to_owned());
    }
    if faults.whole.is_some() || !faults.fields.is_empty() {
        return Err(faults);
    }
    Ok(CheckoutIn {
        code: typed.code.clone(),
        quantity,
        name,
        email,
        country,
        address,
        idempotency_key: typed.idempotency_key.clone(),
        shown: None,
        partner: None,
        lang: t.letters().to_owned(),
        line: None,
        total: None,
    })
}

/// Whether octets of it were no text (UTF-8): a label cannot say them.
fn is_garbled(text: &str) -> bool {
    text.contains(char::REPLACEMENT_CHARACTER)
}

/// Blanks folded, control characters dropped.
fn one_line(text: &str) -> String {
    let words: Vec<String> = text
        .split_whitespace()
        .map(|word| word.chars().filter(|c| !c.is_control()).collect::<String>())
        .filter(|word| !word.is_empty())
        .collect();
    words.join(" ")
}

/// The same line by line; empty lines dropped.
fn lines(text: &str) -> String {
    let kept: Vec<String> = text.lines().map(one_line).filter(|line| !line.is_empty()).collect();
    kept.join("\n")
}

/// One `@` with something plain on both sides and a dot behind it. Whether it is anybody's shows
/// when the receipt is sent.
fn looks_like_email(text: &str) -> bool {
    let plain =
        |part: &str| !part.is_empty() && !part.contains(|c: char| c.is_whitespace() || c.is_control());
    text.len() <= LONGEST_EMAIL
        && text.split_once('@').is_some_and(|(who, place)| {
            let dotted = place.split('.').count() > 1 && place.split('.').all(|label| !label.is_empty());
            plain(who) && plain(place) && dotted && !place.contains('@')
        })
}

/// A key of ours, or of a program that makes its own.
fn is_key(text: &str) -> bool {
    (8..=64).contains(&text.len())
        && text.bytes().all(|octet| octet.is_ascii_alphanumeric() || matches!(octet, b'-' | b'_'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_that_cannot_be_written_to_are_noticed() {
        for good in ["a@b.ke", "o'neil+shop@mail.example.org"] {
            assert!(looks_like_email(good), "{good}");
        }
        for bad in
            ["", "a", "a@", "@b.ke", "a@b", "a@b.", "a@.ke", "a b@c.ke", "a@b@c.ke", "a@b.ke\r\nBcc: x"]
        {
            assert!(!looks_like_email(bad), "{bad}");
        }
    }

    #[test]
    fn names_and_addresses_are_kept_without_stray_blanks_and_controls() {
        assert_eq!(one_line("  Asha \u{7}\t Njeri\n"), "Asha Njeri");
        assert_eq!(lines("12  Moi Ave\r\n\r\n  Nairobi "), "12 Moi Ave\nNairobi");
    }
}
