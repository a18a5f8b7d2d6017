//! `GET /piece/{code}/many` and `POST /many`: what many pieces cost, and from a filled form to the card
//! processor's page.

use super::checkout::{self, CannotPlace};
use super::piece::{self, Country, Faults, LONGEST_CODE, Typed};
use super::sums::Sums;
use crate::{
    engine::bulk::front::{BulkFront, ManyView, Sending},
    engine::shopfront::{CheckoutIn, ShopError},
    types::{Timestamp, Usd, time::NAIROBI},
    web::{
        error::Refusal,
        page::{self, Part, Piece, Web},
        tongue::Reader,
        wording,
    },
};
use askama::Template;
use axum::{
    Form,
    extract::{Path, Query, State, rejection::FormRejection, rejection::QueryRejection},
    http::StatusCode,
    response::{IntoResponse, Redirect, Response},
};
use serde::Deserialize;
use std::{sync::Arc, time::Duration};

/// The fields of the form, in its order.
const FIELDS: [&str; 6] = ["quantity", "wanted", "name", "email", "country", "address"];

#[derive(Template)]
#[template(path = "many.html", config = "src/web/askama.toml")]
struct ManyPage<'a> {
    t: &'a Reader,
    view: &'a ManyView,
    piece: Piece<'a>,
    parts: Vec<Part<'a>>,
    countries: Vec<Country>,
    shipped: String,
    /// For people and for machines.
    soonest: (String, String),
    typed: &'a Typed,
    faults: &'a Faults,
    /// What it comes to, when that was asked for.
    sums: Option<Sums>,
    /// Every sum that the page says, for the form to bring back.
    said_sums: String,
    /// Why nothing can be asked for now.
    closed: Option<String>,
}

/// How many pieces the price is asked for.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Wish {
    quantity: Option<u32>,
}

fn front(web: &Web) -> Result<&Arc<dyn BulkFront>, ShopError> {
    web.bulk.as_ref().ok_or(ShopError::NotFound)
}

/// Shows the price of many pieces with an empty form.
pub(crate) async fn show(
    State(web): State<Arc<Web>>, t: Reader, Path(code): Path<String>,
    wish: Result<Query<Wish>, QueryRejection>,
) -> Result<Response, Refusal> {
    if code.len() > LONGEST_CODE {
        return Err(ShopError::NotFound.into());
    }
    let pieces = wish.ok().and_then(|Query(wish)| wish.quantity).unwrap_or(0);
    let view = front(&web)?.price_many(code, pieces).await?;
    let quantity = view.quantity.to_string();
    let typed = Typed { quantity, idempotency_key: piece::fresh_key()?, ..Typed::default() };
    Ok(draw(&web, &t, &view, &typed, &Faults::default(), None))
}

fn draw(
    web: &Web, t: &Reader, view: &ManyView, typed: &Typed, faults: &Faults, sums: Option<Sums>,
) -> Response {
    let country = |to: &Sending| Country {
        letters: to.country.clone(),
        name: t.country_name(&to.country, &to.name),
        shipping: to.sum,
        tax: to.tax,
    };
    let said =
        |to: &Sending| piece::sum_of(&to.country, view.quantity, Sums::new(view.goods, to.sum, to.tax).total);
    page::html(&ManyPage {
        said_sums: view.shipping.iter().map(said).collect::<Vec<_>>().join("."),
        t,
        view,
        piece: Piece::new(&view.piece, t.tongue),
        parts: page::parts_of_many(&view.split, t.tongue),
        countries: view.shipping.iter().map(country).collect(),
        shipped: t.pieces_of(view.quantity),
        soonest: (t.day_of(&view.soonest), wording::day(&view.soonest)),
        typed,
        faults,
        sums,
        closed: web.closed(t).filter(|_| !faults.any()),
    })
}

/// Shows what so many pieces come to, sent to the country of the form. Nothing is kept, nothing is asked.
pub(crate) async fn total(
    State(web): State<Arc<Web>>, t: Reader, Path(code): Path<String>,
    form: Result<Form<Typed>, FormRejection>,
) -> Result<Response, Refusal> {
    let Form(typed) = form?;
    let front = front(&web)?;
    if code.len() > LONGEST_CODE {
        return Err(ShopError::NotFound.into());
    }
    let pieces = typed.quantity.trim().parse().unwrap_or(0);
    let view = front.price_many(code, pieces).await?;
    let country = typed.country.trim().to_ascii_uppercase();
    let to = view.shipping.iter().find(|to| to.country == country);
    let mut faults = Faults::default();
    if to.is_none() {
        faults.fields.insert("country", t.bad_country().to_owned());
    }
    if pieces != view.quantity {
        let why = t.choose_pieces(i64::from(view.least), i64::from(view.most));
        faults.fields.insert("quantity", why);
    }
    let typed = Typed { code: view.piece.code.clone(), ..typed };
    if faults.any() {
        return again(&web, &t, &typed, &faults, StatusCode::UNPROCESSABLE_ENTITY).await;
    }
    let sums = to.map(|to| Sums::new(view.goods, to.sum, to.tax));
    let t = &t.of_form(format!("/piece/{}/many?quantity={}", view.piece.code, view.quantity));
    Ok(draw(&web, t, &view, &typed, &faults, sums))
}

/// Shows the form again with what was typed and what is wrong with it.
async fn again(
    web: &Web, t: &Reader, typed: &Typed, faults: &Faults, status: StatusCode,
) -> Result<Response, Refusal> {
    let pieces = typed.quantity.trim().parse().unwrap_or(0);
    let view = front(web)?.price_many(typed.code.clone(), pieces).await?;
    let t = &t.of_form(format!("/piece/{}/many?quantity={}", view.piece.code, view.quantity));
    let country = typed.country.trim().to_ascii_uppercase();
    let to = view.shipping.iter().find(|to| to.country == country && pieces == view.quantity);
    let sums = to.map(|to| Sums::new(view.goods, to.sum, to.tax));
    let mut response = draw(web, t, &view, typed, faults, sums);
    *response.status_mut() = status;
    Ok(response)
}

/// The end of the day that somebody wrote as 2027-01-31.
pub(in crate::web) fn day(text: &str) -> Option<Timestamp> {
    let mut parts = text.trim().split('-');
    let (year, month, day) = (parts.next()?, parts.next()?, parts.next()?);
    let begins = Timestamp::of_day(year.parse().ok()?, month.parse().ok()?, day.parse().ok()?, NAIROBI)?;
    parts.next().is_none().then(|| begins.after(Duration::from_millis(86_400_000 - 1)))
}

/// Begins a request and sends the browser to where it is paid.
pub(crate) async fn place(
    State(web): State<Arc<Web>>, t: Reader, form: Result<Form<Typed>, FormRejection>,
) -> Result<Response, Refusal> {
    let Form(mut typed) = form?;
    if typed.code.is_empty() || typed.code.len() > LONGEST_CODE {
        return Err(ShopError::NotFound.into());
    }
    let wanted = day(&typed.wanted);
    let read = checkout::read(&typed, &*web.front, t.tongue);
    let checked = match (read, wanted) {
        (Ok(checkout), Some(wanted)) => {
            let line = checkout::pay_line(&web, t.tongue, &checkout.code, checkout.quantity).await;
            // What was not shown is like another sum: the form comes back with it.
            let total = typed.shown_total(&checkout.country, checkout.quantity).unwrap_or(Usd::ZERO);
            let shown = t.shown.clone();
            Ok((CheckoutIn { shown, line, total: Some(total), ..checkout }, wanted))
        }
        (read, wanted) => {
            let mut faults = read.err().unwrap_or_default();
            if wanted.is_none() {
                faults.fields.insert("wanted", t.bad_wanted().to_owned());
            }
            Err(faults)
        }
    };
    let (checkout, wanted) = match checked {
        Ok(checked) => checked,
        Err(faults) => {
            if faults.whole.is_some() {
                typed.idempotency_key = piece::fresh_key()?;
            }
            return again(&web, &t, &typed, &faults, StatusCode::UNPROCESSABLE_ENTITY).await;
        }
    };
    match front(&web)?.checkout_many(checkout, wanted).await {
        Ok(out) => Ok(Redirect::to(&out.pay_url).into_response()),
        Err(error) => {
            let error = checkout::said_changed(error, &t);
            let CannotPlace { faults, status, fresh } = checkout::explain(error, &FIELDS, &t)?;
            if fresh {
                typed.idempotency_key = piece::fresh_key()?;
            }
            again(&web, &t, &typed, &faults, status).await
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_is_wanted_until_its_end_in_nairobi() {
        let end = day("2027-01-31").expect("a day");
        assert_eq!(end.civil(NAIROBI), (2027, 1, 31));
        assert_eq!(end.after(Duration::from_millis(1)).civil(NAIROBI), (2027, 2, 1));
        for no in ["", "soon", "2027-02-30", "2027-01", "2027-01-31-1", "31/01/2027"] {
            assert_eq!(day(no), None, "{no}");
        }
    }
}
