//! `GET /piece/{code}`: one piece, who gets what of its price, and the form to buy it.

use super::meta::Meta;
use super::sums::Sums;
use crate::{
    engine::cart::{CartFront, CartLine},
    engine::shopfront::{PieceView, ShopError, Split, TaxView},
    types::Usd,
    web::{
        error::Refusal,
        page::{self, Part, Piece, Story, Web},
        tongue::{Reader, Tongue},
        wording,
    },
};
use askama::Template;
use axum::{
    Form,
    extract::{Path, State, rejection::FormRejection},
    http::StatusCode,
    response::Response,
};
use serde::Deserialize;
use std::{collections::BTreeMap, sync::Arc};

/// The longest code that is looked up.
pub(super) const LONGEST_CODE: usize = 16;

/// The form as it was typed: whatever it says is shown again.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Typed {
    pub(in crate::web) code: String,
    pub(in crate::web) quantity: String,
    pub(in crate::web) name: String,
    pub(in crate::web) email: String,
    pub(in crate::web) country: String,
    pub(in crate::web) address: String,
    /// The day, of many pieces.
    pub(in crate::web) wanted: String,
    /// What a cart came to, in cents.
    pub(in crate::web) total: String,
    /// What the page said that pieces come to: `DE-2-4238` for two to Germany, one behind the other.
    pub(in crate::web) sums: String,
    pub(in crate::web) idempotency_key: String,
}

impl Typed {
    /// What the page said that so many pieces come to, sent to a country.
    pub(super) fn shown_total(&self, country: &str, pieces: u32) -> Option<Usd> {
        self.sums.split('.').find_map(|sum| {
            let (to, rest) = sum.split_once('-')?;
            let (count, cents) = rest.split_once('-')?;
            let is_it = to == country && count.parse() == Ok(pieces);
            is_it.then(|| cents.parse().ok().map(Usd::minor)).flatten()
        })
    }
}

/// The same, for the form to bring back.
pub(super) fn sum_of(country: &str, pieces: u32, total: Usd) -> String {
    format!("{country}-{pieces}-{}", total.cents())
}

/// What is wrong with a form: by field, and with the order as a whole.
#[derive(Debug, Default)]
pub(in crate::web) struct Faults {
    pub(in crate::web) fields: BTreeMap<&'static str, String>,
    pub(in crate::web) whole: Option<String>,
}

impl Faults {
    /// The complaint about a field; empty when there is none.
    pub(in crate::web) fn of(&self, field: &str) -> &str {
        self.fields.get(field).map_or("", String::as_str)
    }

    pub(in crate::web) fn any(&self) -> bool {
        self.whole.is_some() || !self.fields.is_empty()
    }
}

/// A country we ship to.
pub(super) struct Country {
    pub(super) letters: String,
    pub(super) name: String,
    pub(super) shipping: Usd,
    pub(super) tax: Option<TaxView>,
}

#[derive(Template)]
#[template(path = "piece.html", config = "src/web/askama.toml")]
struct PiecePage<'a> {
    t: &'a Reader,
    meta: Meta,
    piece: Piece<'a>,
    total: crate::types::Kes,
    parts: Vec<Part<'a>>,
    countries: Vec<Country>,
    shipped: &'a str,
    /// The last day by which one that is ordered now is made, for people and for machines.
    made_by: Option<(String, String)>,
    /// What a liaison says of it, and in which language; English where nobody said it in the reader's.
    words: Option<(&'a str, &'a str)>,
    /// From so many pieces on there is another price.
    many: Option<u32>,
    typed: &'a Typed,
    faults: &'a Faults,
    /// What it comes to, when that was asked for.
    sums: Option<Sums>,
    /// Every sum that the page says, for the form to bring back.
    said_sums: String,
    story: Option<Story>,
    /// Several pieces can be paid at once.
    carts: bool,
    /// Why nothing can be bought now; a form that was filled comes back all the same.
    closed: Option<String>,
}

/// Shows a piece with an empty form.
pub(crate) async fn show(
    State(web): State<Arc<Web>>, t: Reader, Path(code): Path<String>,
) -> Result<Response, Refusal> {
    if code.len() > LONGEST_CODE {
        return Err(ShopError::NotFound.into());
    }
    let (piece, split) = web.front.piece(code).await?;
    let typed = Typed { quantity: "1".to_owned(), idempotency_key: fresh_key()?, ..Typed::default() };
    Ok(draw(&web, &t, (&piece, &split), &typed, &Faults::default(), None).await)
}

/// Shows what so many pieces come to, sent to the country of the form. Nothing is kept, nothing is asked.
pub(crate) async fn total(
    State(web): State<Arc<Web>>, t: Reader, Path(code): Path<String>,
    form: Result<Form<Typed>, FormRejection>,
) -> Result<Response, Refusal> {
    let Form(typed) = form?;
    let carts = web.cart.as_ref().filter(|_| code.len() <= LONGEST_CODE).ok_or(ShopError::NotFound)?;
    let (piece, split) = web.front.piece(code).await?;
    let country = typed.country.trim().to_ascii_uppercase();
    let mut faults = Faults::default();
    if web.front.shipping(&country, &piece.kind).is_none() {
        faults.fields.insert("country", t.bad_country().to_owned());
    }
    let quantity = typed.quantity.trim().parse().unwrap_or(0);
    match (quantity, piece.ready) {
        (0, _) => drop(faults.fields.insert("quantity", t.bad_quantity().to_owned())),
        (quantity, 1) if quantity > 1 => drop(faults.fields.insert("quantity", t.left_one().to_owned())),
        (quantity, left) if quantity > left => drop(faults.fields.insert("quantity", t.left(left))),
        _ => {}
    }
    let t = &t.of_form(format!("/piece/{}", piece.code));
    let typed = Typed { code: piece.code.clone(), ..typed };
    if faults.any() {
        let mut response = draw(&web, t, (&piece, &split), &typed, &faults, None).await;
        *response.status_mut() = StatusCode::UNPROCESSABLE_ENTITY;
        return Ok(response);
    }
    let asked = asked_for(&**carts, &piece.code, &country, quantity).await?;
    Ok(draw(&web, t, (&piece, &split), &typed, &faults, asked).await)
}

/// What so many pieces come to, sent to a country.
struct Asked {
    country: String,
    pieces: u32,
    sums: Sums,
}

async fn asked_for(
    carts: &dyn CartFront, code: &str, country: &str, pieces: u32,
) -> Result<Option<Asked>, Refusal> {
    let line = CartLine { code: code.to_owned(), quantity: pieces };
    let rows = carts.price_cart(vec![line], Some(country.to_owned())).await?;
    let sums = rows.first().and_then(|row| Some(Sums::new(row.goods, row.shipping?, row.tax)));
    Ok(sums.map(|sums| Asked { country: country.to_owned(), pieces, sums }))
}

/// Shows the piece again with what was typed, what is wrong with it, and what it comes to where that can be said.
pub(super) async fn again(
    web: &Web, t: &Reader, typed: &Typed, faults: &Faults, status: StatusCode,
) -> Result<Response, Refusal> {
    let (piece, split) = web.front.piece(typed.code.clone()).await?;
    let t = &t.of_form(format!("/piece/{}", piece.code));
    let country = typed.country.trim().to_ascii_uppercase();
    let pieces = typed.quantity.trim().parse().unwrap_or(0);
    let asked = match &web.cart {
        Some(carts) if (1..=piece.ready).contains(&pieces) => {
            asked_for(&**carts, &piece.code, &country, pieces).await?
        }
        _ => None,
    };
    let mut response = draw(web, t, (&piece, &split), typed, faults, asked).await;
    *response.status_mut() = status;
    Ok(response)
}

async fn draw(
    web: &Web, t: &Reader, (piece, split): (&PieceView, &Split), typed: &Typed, faults: &Faults,
    asked: Option<Asked>,
) -> Response {
    let shown = Piece::new(piece, t.tongue);
    let maker = web.front.maker(piece.maker_page.clone()).await.ok();
    let story = maker.and_then(|maker| Some(Story::new(maker.story.as_ref()?, &maker.name, t.tongue)));
    let front = &web.front;
    let countries: Vec<Country> = front
        .countries()
        .into_iter()
        .filter_map(|(letters, name)| {
            let shipping = front.shipping(&letters, &piece.kind)?;
            let name = t.country_name(&letters, &name);
            let tax = front.tax(&letters, piece.price, shipping);
            Some(Country { letters, name, shipping, tax })
        })
        .collect();
    let asked_sum = asked.as_ref().map(|asked| sum_of(&asked.country, asked.pieces, asked.sums.total));
    let of_one = |to: &Country| sum_of(&to.letters, 1, Sums::new(piece.price, to.shipping, to.tax).total);
    let said_sums: Vec<String> = asked_sum.into_iter().chain(countries.iter().map(of_one)).collect();
    page::html(&PiecePage {
        t,
        meta: Meta::of_piece(web, t, &shown),
        piece: shown,
        total: split.total,
        parts: page::parts(split, &piece.maker, t.tongue),
        countries,
        shipped: t.one_piece(),
        made_by: front.made_by().map(|day| (t.day_of(&day), wording::day(&day))),
        words: said(piece, t.tongue),
        many: web.bulk.as_ref().map(|bulk| bulk.least()),
        typed,
        faults,
        sums: asked.map(|asked| asked.sums),
        said_sums: said_sums.join("."),
        story,
        carts: web.cart.is_some(),
        closed: web.closed(t).filter(|_| !faults.any()),
    })
}

/// The words of a liaison, with their language.
pub(super) fn said(piece: &PieceView, tongue: Tongue) -> Option<(&str, &str)> {
    let of = |tag: &str| piece.words.iter().find(|(lang, _)| lang.tag() == tag);
    let (lang, words) = of(tongue.letters()).or_else(|| of("en"))?;
    Some((lang.tag(), words))
}

/// A key for one view of the form: sent twice, it makes one order.
#[expect(clippy::disallowed_methods, reason = "a shell: the key must not be guessed")]
pub(super) fn fresh_key() -> Result<String, Refusal> {
    let mut octets = [0u8; 16];
    getrandom::fill(&mut octets).map_err(|error| {
        tracing::error!(%error, "the system gives no random octets");
        Refusal::Shop(ShopError::Fault)
    })?;
    Ok(octets.iter().map(|octet| format!("{octet:02x}")).collect())
}
