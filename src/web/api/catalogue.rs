//! What is on sale, who made it, and what it costs to have it sent.

use super::{
    cursor::{self, List},
    problem::Problem,
    take::{Asked, Named},
    views::{BulkQuote, Listing, ListingDetail, Maker, Money, Tax},
};
use crate::{
    engine::cart::{CartLine, CartRow},
    engine::shopfront::{Browse, Found, ShopError, Spot, Term},
    types::Usd,
    web::{page::Web, shop::home::encoded, tongue},
};
use axum::{Json, extract::State};
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use utoipa::{IntoParams, ToSchema};

/// The longest word of a filter, in octets.
const LONGEST_WORD: usize = 32;
/// The longest search, in letters.
const LONGEST_SEARCH: usize = 80;
/// The dearest price that somebody can mean, in cents.
const DEAREST: i64 = 100_000_000;
/// More pieces than this nobody means.
const MOST_PIECES: u32 = 9_999;

/// Words of what is on sale.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Words {
    /// The words, as filters take them.
    items: Vec<String>,
}

/// What is made: every kind of piece that is on sale.
#[utoipa::path(get, path = "/api/v1/crafts", tag = "catalogue", operation_id = "list_crafts",
    responses((status = 200, description = "The kinds", body = Words)))]
pub(super) async fn crafts(State(web): State<Arc<Web>>) -> Result<Json<Words>, Problem> {
    Ok(Json(Words { items: web.front.aisles().await?.kinds }))
}

/// What it is made of: every material of what is on sale.
#[utoipa::path(get, path = "/api/v1/materials", tag = "catalogue", operation_id = "list_materials",
    responses((status = 200, description = "The materials", body = Words)))]
pub(super) async fn materials(State(web): State<Arc<Web>>) -> Result<Json<Words>, Problem> {
    Ok(Json(Words { items: web.front.aisles().await?.stuffs }))
}

/// Which pieces; each filter narrows the others.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(default, deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct Filters {
    /// Words to search for, in English or French, as in the shop's own search.
    #[param(max_length = 80)]
    q: Option<String>,
    /// A word of /crafts.
    #[param(pattern = "^[a-z0-9_]{1,32}$")]
    craft: Option<String>,
    /// A word of /materials.
    #[param(pattern = "^[a-z0-9_]{1,32}$")]
    material: Option<String>,
    /// A maker's id.
    #[param(pattern = "^[A-Za-z0-9_-]{1,32}$")]
    maker: Option<String>,
    /// The least that one may cost, in cents of a dollar.
    #[param(minimum = 0, maximum = 100000000)]
    least_cents: Option<i64>,
    /// The most that one may cost, in cents of a dollar.
    #[param(minimum = 0, maximum = 100000000)]
    most_cents: Option<i64>,
    /// Where to go on: `cursor` of `next` of the page before.
    cursor: Option<String>,
    /// How many on a page.
    #[param(minimum = 1, maximum = 100, default = 50)]
    limit: Option<u32>,
}

/// Pieces on sale.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Listings {
    /// Newest first.
    items: Vec<Listing>,
    /// The address of the next page; null on the last.
    #[schema(format = "uri")]
    next: Option<String>,
}

fn word(name: &str, text: &Option<String>) -> Result<Option<String>, Problem> {
    let fits = |octet: u8| octet.is_ascii_alphanumeric() || matches!(octet, b'_' | b'-');
    let good = |text: &String| !text.is_empty() && text.len() <= LONGEST_WORD && text.bytes().all(fits);
    match text {
        Some(text) if !good(text) => {
            let why =
                format!("{name}: write a word of at most {LONGEST_WORD} letters, digits and underscores.");
            Err(Problem::bad("query", why))
        }
        text => Ok(text.clone()),
    }
}

fn cents(name: &str, sum: Option<i64>) -> Result<Option<Usd>, Problem> {
    match sum {
        Some(sum) if !(0..=DEAREST).contains(&sum) => {
            Err(Problem::bad("query", format!("{name}: write whole cents from 0 to {DEAREST}.")))
        }
        sum => Ok(sum.map(Usd::minor)),
    }
}

impl Filters {
    async fn terms(&self, web: &Web) -> Result<Vec<Vec<Term>>, Problem> {
        let mut terms = Vec::new();
        if let Some(typed) = &self.q {
            if typed.chars().count() > LONGEST_SEARCH {
                let why = format!("q: write at most {LONGEST_SEARCH} letters.");
                return Err(Problem::bad("query", why));
            }
            terms = tongue::terms(typed, &web.front.aisles().await?);
        }
        terms.extend(word("craft", &self.craft)?.map(|craft| vec![Term::Kind(craft)]));
        terms.extend(word("material", &self.material)?.map(|stuff| vec![Term::Stuff(stuff)]));
        if let Some(maker) = word("maker", &self.maker)? {
            terms.push(vec![Term::Maker(web.front.maker(maker).await?.id)]);
        }
        Ok(terms)
    }

    /// What narrows the list, as names and values of an address.
    fn pairs(&self) -> Vec<(&'static str, String)> {
        let sum = |sum: Option<i64>| sum.map(|sum| sum.to_string());
        let all = [
            ("q", self.q.clone()),
            ("craft", self.craft.clone()),
            ("material", self.material.clone()),
            ("maker", self.maker.clone()),
            ("least_cents", sum(self.least_cents)),
            ("most_cents", sum(self.most_cents)),
        ];
        all.into_iter().filter_map(|(name, value)| Some((name, value?))).collect()
    }
}

/// Pieces on sale, newest first.
#[utoipa::path(get, path = "/api/v1/listings", tag = "catalogue", operation_id = "list_listings", params(Filters),
    responses((status = 200, description = "A page of them", body = Listings),
        (status = 404, description = "There is no such maker")))]
pub(super) async fn listings(
    State(web): State<Arc<Web>>, Asked(filters): Asked<Filters>,
) -> Result<Json<Listings>, Problem> {
    let limit = cursor::limit(filters.limit)?;
    let pairs = filters.pairs();
    let narrowed: Vec<String> = pairs.iter().map(|(name, value)| format!("{name}={value}")).collect();
    let list = List::of("listings", &narrowed.iter().map(String::as_str).collect::<Vec<_>>());
    let before = match &filters.cursor {
        Some(cursor) => list.place(cursor)?.parse::<Spot>().ok(),
        None => None,
    };
    let (least, most) =
        (cents("least_cents", filters.least_cents)?, cents("most_cents", filters.most_cents)?);
    let terms = filters.terms(&web).await?;
    let Found { pieces, further } = web.front.browse(Browse { terms, least, most, before, limit }).await?;
    let next = further.map(|spot| {
        let more = [("cursor", list.cursor(&spot.to_string())), ("limit", limit.to_string())];
        let query: Vec<String> = pairs
            .into_iter()
            .chain(more)
            .map(|(name, value)| format!("{name}={}", encoded(&value)))
            .collect();
        format!("{}/api/v1/listings?{}", web.settings.public_url, query.join("&"))
    });
    Ok(Json(Listings { items: pieces.iter().map(|piece| Listing::of(&web, piece)).collect(), next }))
}

/// One piece, with who gets what of its price.
#[utoipa::path(get, path = "/api/v1/listings/{code}", tag = "catalogue", operation_id = "get_listing",
    params(("code" = String, Path, description = "Its five digits")),
    responses((status = 200, description = "The piece", body = ListingDetail),
        (status = 404, description = "It is not on sale")))]
pub(super) async fn listing(
    State(web): State<Arc<Web>>, Named(code): Named,
) -> Result<Json<ListingDetail>, Problem> {
    let (piece, split) = web.front.piece(code).await?;
    Ok(Json(ListingDetail::of(&web, &piece, &split)))
}

/// A maker. What she has on sale: GET /api/v1/listings?maker={id}.
#[utoipa::path(get, path = "/api/v1/makers/{id}", tag = "catalogue", operation_id = "get_maker",
    params(("id" = String, Path, description = "`maker.id` of a listing")),
    responses((status = 200, description = "The maker", body = Maker),
        (status = 404, description = "There is no such maker")))]
pub(super) async fn maker(State(web): State<Arc<Web>>, Named(id): Named) -> Result<Json<Maker>, Problem> {
    if id.len() > LONGEST_WORD {
        return Err(Problem::not_found());
    }
    let maker = web.front.maker(id).await?;
    Ok(Json(Maker::new(maker.page, maker.name, maker.place)))
}

/// A country that the market ships to.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Country {
    /// ISO 3166 letters.
    #[schema(example = "DE")]
    country: String,
    /// Its English name.
    name: String,
}

/// Countries.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Countries {
    /// All of them.
    items: Vec<Country>,
}

/// Where the market ships to.
#[utoipa::path(get, path = "/api/v1/shipping/countries", tag = "catalogue", operation_id = "list_countries",
    responses((status = 200, description = "The countries", body = Countries)))]
pub(super) async fn countries(State(web): State<Arc<Web>>) -> Json<Countries> {
    let country = |(country, name)| Country { country, name };
    Json(Countries { items: web.front.countries().into_iter().map(country).collect() })
}

/// What is to be sent where.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct Sending {
    /// The listing's five digits.
    listing: String,
    /// ISO 3166 letters.
    #[param(pattern = "^[A-Z]{2}$", example = "DE")]
    country: String,
    /// How many pieces.
    #[param(minimum = 1, maximum = 9999, default = 1)]
    quantity: Option<u32>,
}

/// What an order would cost now. Nothing is kept for it.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Quote {
    /// The piece.
    listing: Listing,
    /// How many.
    quantity: u32,
    /// All of them, without shipping.
    goods: Money,
    /// What sending them costs.
    shipping: Money,
    /// What is collected for a tax authority; null where none is, and the customs may ask for tax or duty at
    /// the door.
    tax: Option<Tax>,
    /// All of it.
    total: Money,
}

/// What an order of some pieces would cost now, with shipping.
#[utoipa::path(get, path = "/api/v1/quotes", tag = "catalogue", operation_id = "quote_order", params(Sending),
    responses((status = 200, description = "What it costs", body = Quote),
        (status = 404, description = "It is not on sale"),
        (status = 422, description = "Nothing is sent there, or not so many are sold")))]
pub(super) async fn quote(
    State(web): State<Arc<Web>>, Asked(sending): Asked<Sending>,
) -> Result<Json<Quote>, Problem> {
    let quantity = sending.quantity.unwrap_or(1);
    if !(1..=MOST_PIECES).contains(&quantity) {
        return Err(Problem::bad("query", format!("quantity: ask for 1 to {MOST_PIECES} pieces.")));
    }
    let (piece, _) = web.front.piece(code(&sending.listing)?).await?;
    let shipping = web.front.shipping_of(&sending.country, &piece.kind, quantity).ok_or_else(|| {
        Problem::field("country", "nothing is sent there; GET /api/v1/shipping/countries has all countries")
    })?;
    let whole = || Problem::field("quantity", "so many are not sold");
    // Of many at once each costs less, as at the checkout.
    let line = CartLine { code: piece.code.clone(), quantity };
    let row = match &web.cart {
        Some(carts) => carts.price_cart(vec![line], Some(sending.country)).await?.into_iter().next(),
        None => None,
    };
    let (piece, goods, tax) = match row {
        Some(CartRow { piece: Some(piece), goods, tax, .. }) => (piece, goods, tax),
        _ => {
            let goods = piece.price.checked_mul(i64::from(quantity)).ok_or_else(whole)?;
            (piece, goods, None)
        }
    };
    let taxed = tax.map_or(Usd::ZERO, |tax| tax.sum);
    let total = goods.checked_add(shipping).and_then(|sum| sum.checked_add(taxed)).ok_or_else(whole)?;
    Ok(Json(Quote {
        listing: Listing::of(&web, &piece),
        quantity,
        goods: goods.into(),
        shipping: shipping.into(),
        tax: tax.map(Tax::from),
        total: total.into(),
    }))
}

/// A listing's number as a query or a body has it.
fn code(text: &str) -> Result<String, Problem> {
    let good = (1..=LONGEST_WORD).contains(&text.len()) && text.bytes().all(|octet| octet.is_ascii_digit());
    if good { Ok(text.to_owned()) } else { Err(Problem::not_found()) }
}

/// Of what a price is asked.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct ManyWish {
    /// The listing's five digits.
    listing: String,
    /// How many pieces; the answer says for how many its price is.
    #[param(minimum = 1, maximum = 9999)]
    quantity: u32,
}

/// What many pieces cost, and by when they may be had: POST /api/v1/bulk asks for them.
#[utoipa::path(get, path = "/api/v1/quotes/bulk", tag = "catalogue", operation_id = "quote_bulk", params(ManyWish),
    responses((status = 200, description = "What they cost", body = BulkQuote),
        (status = 404, description = "It is not on sale")))]
pub(super) async fn many(
    State(web): State<Arc<Web>>, Asked(wish): Asked<ManyWish>,
) -> Result<Json<BulkQuote>, Problem> {
    if !(1..=MOST_PIECES).contains(&wish.quantity) {
        return Err(Problem::bad("query", format!("quantity: ask for 1 to {MOST_PIECES} pieces.")));
    }
    let front = web.bulk.as_ref().ok_or(ShopError::NotFound)?;
    let view = front.price_many(code(&wish.listing)?, wish.quantity).await?;
    Ok(Json(BulkQuote::of(&web, &view)))
}
