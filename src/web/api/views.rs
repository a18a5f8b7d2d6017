//! What stands in answers: sums, pieces, orders, as programs read them. Handlers write what the engine says
//! into these, so that what is promised to partners changes only where somebody changes it here.

use crate::{
    engine::bulk::front::{BulkView, ManyView, Sending},
    engine::shopfront::{OrderView, ParcelView, PieceView, Split, TaxView},
    photos::WIDTHS,
    types::{Kes, Timestamp, Usd},
    web::{page::Web, upload},
};
use serde::Serialize;
use utoipa::ToSchema;

/// A moment in UTC (RFC 3339).
pub(super) fn moment(at: Timestamp) -> String {
    let (year, month, day) = at.civil(0);
    let millis = at.millis().rem_euclid(60_000);
    format!(
        "{year:04}-{month:02}-{day:02}T{}:{:02}.{:03}Z",
        at.hour_minute(0),
        millis / 1_000,
        millis % 1_000
    )
}

/// A day of Nairobi: `2027-01-31`.
pub(super) fn day(at: Timestamp) -> String {
    let (year, month, day) = at.civil(crate::types::time::NAIROBI);
    format!("{year:04}-{month:02}-{day:02}")
}

/// A sum.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub(super) struct Money {
    /// Whole cents; there are no fractions.
    #[schema(example = 4250)]
    cents: i64,
    /// Of which currency: `USD` or `KES`.
    #[schema(pattern = "^[A-Z]{3}$", example = "USD")]
    currency: &'static str,
}

impl From<Usd> for Money {
    fn from(sum: Usd) -> Self {
        Self { cents: sum.cents(), currency: "USD" }
    }
}

impl From<Kes> for Money {
    fn from(sum: Kes) -> Self {
        Self { cents: sum.cents(), currency: "KES" }
    }
}

/// Who gets how much of a sale.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub(super) struct Part {
    /// `maker`, `mentor` or `margin`.
    who: String,
    /// How much.
    sum: Money,
}

fn parts(split: &Split) -> Vec<Part> {
    split.parts.iter().map(|(who, sum)| Part { who: who.clone(), sum: (*sum).into() }).collect()
}

/// A photograph of a piece.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub(super) struct Photo {
    /// Where it is in its largest size.
    #[schema(format = "uri")]
    url: String,
    /// Where it is in its smallest.
    #[schema(format = "uri")]
    small: String,
    /// How wide the largest is, in pixels.
    width: u32,
    /// How high.
    height: u32,
}

/// A piece on sale.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub(super) struct Listing {
    /// Its five digits.
    #[schema(example = "10019")]
    code: String,
    /// What it is, as a word of /crafts.
    #[schema(example = "necklace")]
    craft: String,
    /// What it is made of, as a word of /materials.
    #[schema(example = "brass")]
    material: String,
    /// Who made it.
    maker: Maker,
    /// What one costs, without shipping.
    price: Money,
    /// What its maker gets for one.
    maker_gets: Money,
    /// How many can be bought now.
    ready: u32,
    /// Since when it is on sale.
    #[schema(format = "date-time")]
    since: String,
    /// Its photographs, in their order.
    photos: Vec<Photo>,
    /// Its page in the shop.
    #[schema(format = "uri")]
    page: String,
}

/// A maker, as the shop shows her.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub(super) struct Maker {
    /// What names her: GET /api/v1/makers/{id}.
    id: String,
    /// Her first name.
    name: String,
    /// Where she works.
    place: String,
}

impl Maker {
    pub(super) fn new(id: String, name: String, place: String) -> Self {
        Self { id, name, place }
    }
}

impl Listing {
    pub(super) fn of(web: &Web, piece: &PieceView) -> Self {
        let absolute = |path: String| format!("{}{path}", web.settings.public_url);
        let photo = |photo: &crate::engine::photos::front::PhotoView| Photo {
            url: absolute(upload::serve::url(photo.name, WIDTHS[2])),
            small: absolute(upload::serve::url(photo.name, WIDTHS[0])),
            width: photo.width,
            height: photo.height,
        };
        Self {
            code: piece.code.clone(),
            craft: piece.kind.clone(),
            material: piece.stuff.clone(),
            maker: Maker::new(piece.maker_page.clone(), piece.maker.clone(), piece.place.clone()),
            price: piece.price.into(),
            maker_gets: piece.maker_gets.into(),
            ready: piece.ready,
            since: moment(piece.since),
            photos: piece.photos.iter().map(photo).collect(),
            page: absolute(format!("/piece/{}", piece.code)),
        }
    }
}

/// A piece on sale, with who gets what of its price.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub(super) struct ListingDetail {
    /// The piece.
    listing: Listing,
    /// Who gets what of the price of one.
    split: Vec<Part>,
}

impl ListingDetail {
    pub(super) fn of(web: &Web, piece: &PieceView, split: &Split) -> Self {
        Self { listing: Listing::of(web, piece), split: parts(split) }
    }
}

/// A parcel on its way, or there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub(super) struct Parcel {
    /// How many pieces.
    pieces: u32,
    /// What it weighs, in grams.
    grams: u32,
    /// The class of the Harmonized System that the customs are told.
    hs_code: String,
    /// What the customs are told it is worth.
    value: Money,
    /// The carrier's number.
    tracking: Option<String>,
}

impl From<&ParcelView> for Parcel {
    fn from(parcel: &ParcelView) -> Self {
        Self {
            pieces: parcel.pieces,
            grams: parcel.grams,
            hs_code: parcel.hs.clone(),
            value: parcel.value.into(),
            tracking: parcel.tracking.clone(),
        }
    }
}

/// What was begun, and where it is paid.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub(super) struct Begun {
    /// Names it from now on; as secret as its link.
    id: String,
    /// The private page for whoever bought it.
    #[schema(format = "uri")]
    link: String,
    /// Where it is paid; what is not paid in time lapses.
    #[schema(format = "uri")]
    payment_url: String,
}

impl Begun {
    /// `page` is what its page is called in the shop.
    pub(super) fn new(web: &Web, page: &str, out: crate::engine::shopfront::CheckoutOut) -> Self {
        let link = format!("{}/{page}/{}", web.settings.public_url, out.token);
        Self { id: out.token, link, payment_url: out.pay_url }
    }

    pub(super) fn id(&self) -> &str {
        &self.id
    }
}

/// One step of an order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub(super) struct Step {
    /// `paid`, `offered`, `accepted`, `ready`, `at_kiosk`, `checked`, `packed`, `shipped`, `delivered`,
    /// `refunded` ...; new words may come.
    step: String,
    /// When it happened; null while it lies ahead.
    #[schema(format = "date-time")]
    at: Option<String>,
}

/// What cancelling means now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub(super) struct Cancelling {
    /// What it costs: POST it as costs_cents.
    costs: Money,
    /// What goes back to the card.
    back: Money,
}

/// Pieces will never come: made again, or their money back?
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub(super) struct Question {
    /// Names the question.
    round: u32,
    /// How many pieces.
    pieces: u32,
    /// Without an answer until then, the money goes back.
    #[schema(format = "date-time")]
    until: String,
    /// What goes back.
    back: Money,
}

/// An order that was placed with this key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub(super) struct Order {
    /// Names it.
    id: String,
    /// Its six digits.
    code: String,
    /// `placed`, `paid`, `offered`, `making`, `at_kiosk`, `released`, `shipped`, `delivered`, `refunded` ...
    state: String,
    /// What was bought, at its price.
    listing: Listing,
    /// How many pieces.
    quantity: u32,
    /// Goods, shipping and tax.
    total: Money,
    /// What of it is a tax authority's; null where none is collected.
    tax: Option<Tax>,
    /// What happened, and what lies ahead.
    steps: Vec<Step>,
    /// Who gets what.
    split: Vec<Part>,
    /// The day it is to be made by, while it is made.
    #[schema(format = "date-time")]
    due: Option<String>,
    /// What cancelling means; null when it is too late.
    cancel: Option<Cancelling>,
    /// What the buyer is asked.
    question: Option<Question>,
    /// On its way, or there.
    parcel: Option<Parcel>,
    /// The private page for whoever bought it.
    #[schema(format = "uri")]
    link: String,
    /// Grows with every change.
    version: u64,
}

impl Order {
    pub(super) fn of(web: &Web, id: &str, order: &OrderView) -> Self {
        let life = &order.life;
        Self {
            id: id.to_owned(),
            code: order.code.clone(),
            state: order.state.clone(),
            listing: Listing::of(web, &order.piece),
            quantity: order.quantity,
            total: order.total.into(),
            tax: order.tax.map(Tax::from),
            steps: order
                .steps
                .iter()
                .map(|step| Step { step: step.step.clone(), at: step.at.map(moment) })
                .collect(),
            split: parts(&order.split),
            due: life.due.map(moment),
            cancel: life.cancel.map(|(costs, back)| Cancelling { costs: costs.into(), back: back.into() }),
            question: life.question.as_ref().map(|question| Question {
                round: question.round,
                pieces: question.pieces,
                until: moment(question.until),
                back: question.back.into(),
            }),
            parcel: life.parcel.as_ref().map(Parcel::from),
            link: format!("{}/order/{id}", web.settings.public_url),
            version: order.version,
        }
    }
}

/// What is collected for a tax authority, on top of goods and shipping.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub(super) struct Tax {
    /// In ten-thousandths of the price.
    #[schema(example = 1900)]
    rate_bp: u32,
    /// How much.
    sum: Money,
}

impl From<TaxView> for Tax {
    fn from(tax: TaxView) -> Self {
        Self { rate_bp: tax.rate_bp, sum: tax.sum.into() }
    }
}

/// What shipping to a country costs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub(super) struct Shipping {
    /// ISO 3166 letters.
    #[schema(example = "DE")]
    country: String,
    /// Its English name.
    name: String,
    /// What it costs.
    sum: Money,
    /// What is collected with all of it for a tax authority; null where none is, and the customs may ask for
    /// tax or duty at the door.
    tax: Option<Tax>,
}

/// What many pieces cost.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub(super) struct BulkQuote {
    /// The piece, at the price it has when so many are bought.
    listing: Listing,
    /// How many the price is for: what was asked, within the bounds.
    quantity: u32,
    /// The least that is a bulk request.
    least: u32,
    /// The most.
    most: u32,
    /// All of them, without shipping.
    goods: Money,
    /// Who gets what of it.
    split: Vec<Part>,
    /// What shipping them costs, by country.
    shipping: Vec<Shipping>,
    /// The soonest day that may be wanted.
    #[schema(format = "date")]
    soonest: String,
}

impl BulkQuote {
    pub(super) fn of(web: &Web, view: &ManyView) -> Self {
        let shipping = |to: &Sending| Shipping {
            country: to.country.clone(),
            name: to.name.clone(),
            sum: to.sum.into(),
            tax: to.tax.map(Tax::from),
        };
        Self {
            listing: Listing::of(web, &view.piece),
            quantity: view.quantity,
            least: view.least,
            most: view.most,
            goods: view.goods.into(),
            split: parts(&view.split),
            shipping: view.shipping.iter().map(shipping).collect(),
            soonest: day(view.soonest),
        }
    }
}

/// Where the pieces of a request are; the five add up to what was bought.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
pub(super) struct Counts {
    /// Not taken, and offered to nobody at this moment.
    left: u32,
    /// Wait for an artisan's answer.
    offered: u32,
    /// Taken, and not through the check yet.
    making: u32,
    /// Through the check.
    passed: u32,
    /// Their money went back, or is on its way.
    refunded: u32,
}

/// What one artisan was offered of a request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub(super) struct BulkPart {
    /// The number of her order.
    order: String,
    /// Her first name.
    maker: String,
    /// How many pieces she was offered.
    offered: u32,
    /// How many she took; null while she has not answered.
    taken: Option<u32>,
    /// How many of them passed.
    passed: u32,
    /// How many of them will never come.
    short: u32,
    /// On its way, or there.
    parcel: Option<Parcel>,
}

/// A bulk request that was placed with this key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub(super) struct Bulk {
    /// Names it.
    id: String,
    /// Its six digits.
    code: String,
    /// `placed`, `expired`, `gathering`, `choosing`, `making`, `done` or `refunded`.
    state: String,
    /// What was bought, at its price.
    listing: Listing,
    /// How many pieces.
    quantity: u32,
    /// Goods, shipping and tax.
    total: Money,
    /// What of it is a tax authority's; null where none is collected.
    tax: Option<Tax>,
    /// Where the pieces are.
    counts: Counts,
    /// The day they are wanted, or waited for.
    #[schema(format = "date")]
    wanted: String,
    /// The day that is promised; null while some are not taken.
    #[schema(format = "date")]
    promise: Option<String>,
    /// Which round of offers this is: POST it with a choice.
    round: u32,
    /// The day that the choice `later` would mean; null when there is none.
    #[schema(format = "date")]
    later: Option<String>,
    /// Who was offered what.
    parts: Vec<BulkPart>,
    /// Who gets what of all of it.
    split: Vec<Part>,
    /// When it was placed.
    #[schema(format = "date-time")]
    placed: String,
    /// The private page for whoever bought it.
    #[schema(format = "uri")]
    link: String,
    /// Grows with every change.
    version: u64,
}

impl Bulk {
    pub(super) fn of(web: &Web, id: &str, bulk: &BulkView) -> Self {
        let counts = &bulk.counts;
        let part = |part: &crate::engine::bulk::front::PartView| BulkPart {
            order: part.order.clone(),
            maker: part.maker.clone(),
            offered: part.offered,
            taken: part.taken,
            passed: part.passed,
            short: part.short,
            parcel: part.parcel.as_ref().map(Parcel::from),
        };
        Self {
            id: id.to_owned(),
            code: bulk.code.clone(),
            state: bulk.state.clone(),
            listing: Listing::of(web, &bulk.piece),
            quantity: bulk.quantity,
            total: bulk.total.into(),
            tax: bulk.tax.map(Tax::from),
            counts: Counts {
                left: counts.left,
                offered: counts.offered,
                making: counts.making,
                passed: counts.passed,
                refunded: counts.refunded,
            },
            wanted: day(bulk.due),
            promise: bulk.promise.map(day),
            round: bulk.round,
            later: bulk.later.map(day),
            parts: bulk.parts.iter().map(part).collect(),
            split: parts(&bulk.split),
            placed: moment(bulk.placed),
            link: format!("{}/bulk/{id}", web.settings.public_url),
            version: bulk.version,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_said_in_utc_to_the_thousandth_and_days_as_in_nairobi() {
        let at = Timestamp::from_millis(1_798_745_412_345);
        assert_eq!(moment(at), "2026-12-31T19:30:12.345Z");
        assert_eq!(
            (day(at), day(Timestamp::from_millis(1_798_750_800_000))),
            ("2026-12-31".into(), "2027-01-01".into())
        );
    }
}
