//! From a form to orders: of one listing, or of several that are paid at once. A purchase is no thing of its
//! own: each of its orders knows the others, and everything after the payment happens to each by itself
//! ([why](../../docs/decisions/0031-a-purchase-is-its-orders.md)).

use super::Engine;
use super::cards::charge_of;
use super::shop::{ORDER, fault, piece_at, said_line, token, with};
use super::shopfront::{CheckoutIn, CheckoutOut, OrderView, PieceView, ShopError, TaxView};
use super::trade::Due;
use super::view::{FromIndex, read};
use super::work::{Fault, Work};
use crate::market::listing::{self, Listing, ListingCommand};
use crate::market::order::{self, Order, OrderCommand, Purchase, Terms};
use crate::market::party::Party;
use crate::market::{Quote, Refusal, price};
use crate::store::keys;
use crate::types::{CodeKind, SpokenCode, Timestamp, Usd};
use futures_util::future::BoxFuture;
use serde::{Deserialize, Serialize};

/// So many listings in a cart at most.
pub const MOST: usize = 12;
/// So many pieces of one of them at most.
pub const MOST_OF_ONE: u32 = 99;
/// The field of a form whose cart, or sum, is not what it was.
pub const CHANGED: &str = "cart";

/// What a form asks for.
pub(super) enum Wanted<'w> {
    /// Pieces of one listing.
    Pieces,
    /// Many of them, by a day.
    Many(Timestamp),
    /// Pieces of several listings, for a sum that was shown.
    Cart(&'w [CartLine], Usd),
}

/// Pieces of a listing in a cart.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CartLine {
    /// The listing.
    pub code: String,
    /// How many.
    pub quantity: u32,
}

/// Such pieces with their price, as a shopper sees them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CartRow {
    /// What was asked for.
    pub line: CartLine,
    /// The piece, at the price it has when so many are bought; none that is not on sale any more.
    pub piece: Option<PieceView>,
    /// All of them, without shipping.
    pub goods: Usd,
    /// What their parcel costs to where it goes, once that is known.
    pub shipping: Option<Usd>,
    /// What is collected for a tax authority with them.
    pub tax: Option<TaxView>,
}

impl CartRow {
    /// Whether so many can be bought now.
    pub fn can_be(&self) -> bool {
        self.piece.as_ref().is_some_and(|piece| (1..=piece.ready).contains(&self.line.quantity))
    }
}

/// The orders that one payment pays for, by their private links' tokens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PurchaseView {
    /// Each order.
    pub orders: Vec<(String, OrderView)>,
    /// What they come to, shipping and tax included.
    pub total: Usd,
    /// What of it is a tax authority's.
    pub tax: Option<TaxView>,
}

/// What the web calls about carts.
pub trait CartFront: Send + Sync + 'static {
    /// What is in a cart, and what each parcel costs to a country.
    fn price_cart(
        &self, lines: Vec<CartLine>, country: Option<String>,
    ) -> BoxFuture<'_, Result<Vec<CartRow>, ShopError>>;
    /// Begins an order for each line and opens one payment page for all; the sum is what the shopper was shown.
    /// The `code` and `quantity` of the form count for nothing.
    fn checkout_cart(
        &self, checkout: CheckoutIn, lines: Vec<CartLine>, total: Usd,
    ) -> BoxFuture<'_, Result<CheckoutOut, ShopError>>;
    /// The orders of a purchase by its private link's token.
    fn purchase(&self, token: String) -> BoxFuture<'_, Result<PurchaseView, ShopError>>;
}

fn listing_of(line: &CartLine) -> Option<SpokenCode> {
    SpokenCode::parse(CodeKind::Listing, &line.code).ok()
}

fn changed(why: &str) -> ShopError {
    ShopError::Field { field: CHANGED, why: why.to_owned() }
}

impl Engine {
    /// Keeps pieces for whoever pays, at their price.
    async fn reserve(
        &self, work: &mut Work<'_>, country: &str, code: SpokenCode, pieces: u32,
    ) -> Result<Result<(Listing, Quote), ShopError>, Fault> {
        let Some(listing) = work.get::<Listing>(code).await? else { return Ok(Err(ShopError::NotFound)) };
        // Whoever is forgotten in this moment gets no order any more.
        if work.get::<Party>(listing.maker).await?.is_none_or(|maker| maker.is_erased()) {
            return Ok(Err(ShopError::Gone));
        }
        let reserve = ListingCommand::Reserve { pieces };
        match listing::decide(Some(&listing), &reserve, &self.policy, work.now) {
            Ok(events) => work.apply::<Listing>(code, events),
            Err(Refusal::OutOfRange { min, max }) => {
                return Ok(Err(ShopError::Pieces { least: min, most: max }));
            }
            Err(Refusal::SoldOut { left }) if left > 0 => return Ok(Err(ShopError::Left(left))),
            Err(_) => return Ok(Err(ShopError::Gone)),
        }
        let shipping = self.policy.shipping(country, listing.kind.as_str(), pieces).unwrap_or(Usd::ZERO);
        let quote = price::quote(&self.policy, listing.price, pieces, shipping);
        let quote = quote.and_then(|quote| price::taxed(&self.policy, quote, country));
        Ok(quote.map(|quote| (listing, quote)).ok_or(ShopError::Fault))
    }

    /// Pieces are kept: the order stands, and is let go of when nobody pays for it.
    fn placed(&self, work: &mut Work<'_>, wish: &CheckoutIn, terms: Terms) -> Result<(), Fault> {
        let code = terms.code;
        match order::decide(None, &OrderCommand::Place(terms), &self.policy, work.now) {
            Ok(events) => work.apply::<Order>(code, events),
            Err(why) => return Err(Fault::Broken(format!("an order was refused: {why}"))),
        }
        let until = work.now.after(self.policy.reservation());
        work.timer(until, &format!("unpaid/{code}"), &Due::Unpaid(code));
        self.keep_buyer(work, wish, code)
    }

    /// The order of one listing; its token, charge and line for the payment page.
    pub(super) async fn place_once(
        &self, work: &mut Work<'_>, wish: &CheckoutIn, code: SpokenCode,
    ) -> Result<Result<(String, Usd, String), ShopError>, Fault> {
        let (listing, quote) = match self.reserve(work, &wish.country, code, wish.quantity).await? {
            Ok(kept) => kept,
            Err(why) => return Ok(Err(why)),
        };
        if wish.total.is_some_and(|shown| shown != quote.charge()) {
            return Ok(Err(changed("it comes to another sum than was shown")));
        }
        let number = self.free_order_number(work).await?;
        let token = token(work);
        let terms = terms_of(wish, (number, token.clone()), &listing, quote, None);
        self.placed(work, wish, terms)?;
        let what = self.charge_line(wish, &listing, &quote, number);
        Ok(Ok((token, quote.charge(), what)))
    }

    /// The orders of a cart, or none of them.
    pub(super) async fn place_cart(
        &self, work: &mut Work<'_>, wish: &CheckoutIn, lines: &[CartLine], shown: Usd,
    ) -> Result<Result<(String, Usd, String), ShopError>, Fault> {
        if !(1..=MOST).contains(&lines.len()) {
            return Ok(Err(changed("put pieces of one listing to twelve into the cart")));
        }
        let mut kept: Vec<(Listing, Quote)> = Vec::with_capacity(lines.len());
        for line in lines {
            let Some(code) = listing_of(line) else { return Ok(Err(ShopError::NotFound)) };
            if kept.iter().any(|(listing, _)| listing.code == code) {
                return Ok(Err(changed("name each listing once")));
            }
            match self.reserve(work, &wish.country, code, line.quantity).await? {
                Ok(piece) => kept.push(piece),
                Err(why) => return Ok(Err(why)),
            }
        }
        let sum = kept.iter().fold(0i64, |sum, (_, quote)| sum.saturating_add(quote.charge().cents()));
        let total = Usd::minor(sum);
        if total != shown {
            return Ok(Err(changed("it comes to another sum now")));
        }
        let mut orders: Vec<SpokenCode> = Vec::with_capacity(kept.len());
        while orders.len() < kept.len() {
            let number = self.free_order_number(work).await?;
            // Drawn before in this very turn, and not written yet.
            if !orders.contains(&number) {
                orders.push(number);
            }
        }
        let (purchase, mut before) = (token(work), Usd::ZERO);
        for ((listing, quote), number) in kept.iter().zip(&orders) {
            let own = (*number, token(work));
            let one = Purchase { token: purchase.clone(), orders: orders.clone(), before };
            self.placed(work, wish, terms_of(wish, own, listing, *quote, Some(one)))?;
            before = Usd::minor(before.cents().saturating_add(quote.charge().cents()));
        }
        let what = match (&kept[..], &orders[..]) {
            ([(listing, quote)], [number]) => self.charge_line(wish, listing, quote, *number),
            _ => {
                let numbers: Vec<String> = orders.iter().map(ToString::to_string).collect();
                let is_taxed = kept.iter().any(|(_, quote)| quote.taxes() > Usd::ZERO);
                match &wish.line {
                    Some(line) => said_line(line, is_taxed).replace(ORDER, &numbers.join(", ")),
                    None => format!("{} orders {}: {}", orders.len(), with(is_taxed), numbers.join(", ")),
                }
            }
        };
        Ok(Ok((purchase, total, what)))
    }

    /// The orders of a purchase; none when there is none.
    pub(super) async fn purchase_by_token(
        &self, work: &mut Work<'_>, token: &str,
    ) -> Result<Vec<Order>, Fault> {
        let prefix = keys::index_prefix("purchase", &[token.as_bytes()]);
        let found = self.store.scan(prefix, None, 1, false).await?;
        let first = found.first().and_then(|(key, _)| SpokenCode::from_octets(&keys::index_id(key)?));
        let Some(first) = first else { return Ok(Vec::new()) };
        let mut orders = Vec::new();
        for code in work.need::<Order>(first).await?.paid_together() {
            orders.push(work.need::<Order>(code).await?);
        }
        Ok(orders)
    }

    /// A payment for a purchase: it is for all of its orders, or for none.
    pub(super) async fn purchase_paid(
        &self, work: &mut Work<'_>, (token, payment): (&str, &str), charged: Usd,
    ) -> Result<Option<(SpokenCode, Result<(), Refusal>)>, Fault> {
        let orders = self.purchase_by_token(work, token).await?;
        let Some(first) = orders.first().map(|order| order.terms.code) else { return Ok(None) };
        let total = charge_of(orders.iter());
        if orders.iter().any(|order| order.payment.as_ref().is_some_and(|known| *known != payment)) {
            return Ok(Some((first, Err(Refusal::AlreadyExists))));
        }
        if charged != total {
            let (min, max) = (total.cents(), total.cents());
            return Ok(Some((first, Err(Refusal::OutOfRange { min, max }))));
        }
        for order in &orders {
            let own = order.terms.quote.charge();
            if let Err(why) = self.order_paid(work, order, payment, own).await? {
                let code = order.terms.code;
                return Err(Fault::Broken(format!("order {code} of a purchase refuses its payment: {why}")));
            }
        }
        Ok(Some((first, Ok(()))))
    }

    async fn cart_rows(&self, lines: Vec<CartLine>, country: Option<&str>) -> Result<Vec<CartRow>, Fault> {
        let mut work = self.work(self.clock.now())?;
        let mut rows = Vec::with_capacity(lines.len());
        for line in lines {
            let listing = match listing_of(&line) {
                Some(code) => read::<Listing>(&mut work, code).await?.filter(Listing::in_shop),
                None => None,
            };
            let pieces = line.quantity.max(1);
            let found = listing.and_then(|listing| {
                let quote = price::quote(&self.policy, listing.price, pieces, Usd::ZERO)?;
                Some((listing, quote))
            });
            let Some((listing, quote)) = found else {
                rows.push(CartRow { line, piece: None, goods: Usd::ZERO, shipping: None, tax: None });
                continue;
            };
            let Some(maker) = read::<Party>(&mut work, listing.maker).await? else { continue };
            let parcel = country.and_then(|to| self.policy.shipping(to, listing.kind.as_str(), pieces));
            let sent = country.zip(parcel).and_then(|(to, shipping)| {
                let quote = price::quote(&self.policy, listing.price, pieces, shipping)?;
                price::taxed(&self.policy, quote, to)
            });
            rows.push(CartRow {
                piece: Some(piece_at(&listing, &maker, &quote)),
                goods: quote.goods(quote.pieces),
                shipping: parcel,
                tax: sent.as_ref().and_then(TaxView::of),
                line,
            });
        }
        Ok(rows)
    }

    pub(super) async fn purchase_page(&self, token: &str) -> Result<Option<PurchaseView>, Fault> {
        let mut work = self.work(self.clock.now())?;
        let orders = self.purchase_by_token(&mut work, token).await?;
        if orders.is_empty() {
            return Ok(None);
        }
        let total = charge_of(orders.iter());
        let taxes = orders.iter().filter_map(|order| TaxView::of(&order.terms.quote));
        let tax = TaxView::all(taxes);
        let mut views = Vec::with_capacity(orders.len());
        for order in orders {
            let own = order.terms.token;
            if let Some(view) = self.order_page(&own).await? {
                views.push((own, view));
            }
        }
        Ok(Some(PurchaseView { orders: views, total, tax }))
    }
}

fn terms_of(
    wish: &CheckoutIn, (code, token): (SpokenCode, String), listing: &Listing, quote: Quote,
    purchase: Option<Purchase>,
) -> Terms {
    Terms {
        code,
        listing: listing.code,
        quote,
        country: wish.country.clone(),
        token,
        bulk: None,
        shown: wish.shown.clone(),
        partner: wish.partner.clone(),
        purchase,
    }
}

impl CartFront for Engine {
    fn price_cart(
        &self, lines: Vec<CartLine>, country: Option<String>,
    ) -> BoxFuture<'_, Result<Vec<CartRow>, ShopError>> {
        Box::pin(async move { self.cart_rows(lines, country.as_deref()).await.map_err(|e| fault(&e)) })
    }

    fn checkout_cart(
        &self, checkout: CheckoutIn, lines: Vec<CartLine>, total: Usd,
    ) -> BoxFuture<'_, Result<CheckoutOut, ShopError>> {
        Box::pin(async move {
            // What a form says of one listing is not what a cart asks for.
            let wish = CheckoutIn { code: String::new(), quantity: 1, ..checkout };
            self.check_out(&wish, &Wanted::Cart(&lines, total)).await.map_err(|e| fault(&e))?
        })
    }

    fn purchase(&self, token: String) -> BoxFuture<'_, Result<PurchaseView, ShopError>> {
        Box::pin(async move {
            self.purchase_page(&token).await.map_err(|e| fault(&e))?.ok_or(ShopError::NotFound)
        })
    }
}
