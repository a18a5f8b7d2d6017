//! The buyer's side of a bulk request: its price, its payment, its page, the choices on it.

use super::front::{BulkFront, BulkView, Counts, ManyView, PartView, Sending};
use super::rows;
use crate::engine::Engine;
use crate::engine::aggregate::Aggregate;
use crate::engine::cart::{CHANGED, Wanted};
use crate::engine::desk::Who;
use crate::engine::record::Cause;
use crate::engine::shop::{fault, piece_at, split_into, split_of, token};
use crate::engine::shopfront::{CheckoutIn, CheckoutOut, ShopError, Split, TaxView};
use crate::engine::trade::Due;
use crate::engine::turn::TRIES;
use crate::engine::view::{FromIndex, every, read};
use crate::engine::work::{Fault, Work};
use crate::ledger::{self, MentorShare, Parts, Sale};
use crate::market::bulk::{self, Bulk, BulkCommand, BulkStage, BulkTerms, Choice};
use crate::market::listing::Listing;
use crate::market::order::{Mentoring, Order};
use crate::market::party::Party;
use crate::market::{Quote, Refusal, price};
use crate::store::codec;
use crate::types::time::NAIROBI;
use crate::types::{CodeKind, Kes, SpokenCode, Timestamp, Usd};
use futures_util::future::BoxFuture;

/// Who chooses, and about which request.
enum Asked {
    /// Whoever has its private link.
    Buyer(String),
    /// Somebody at the desk.
    Desk(Who, SpokenCode),
}

impl Engine {
    async fn many(&self, code: &str, pieces: u32) -> Result<Result<ManyView, ShopError>, Fault> {
        let Ok(code) = SpokenCode::parse(CodeKind::Listing, code) else {
            return Ok(Err(ShopError::NotFound));
        };
        let mut work = self.work(self.clock.now())?;
        let listing = work.get::<Listing>(code).await?;
        let Some(listing) = listing.filter(Listing::in_shop) else {
            return Ok(Err(ShopError::NotFound));
        };
        let maker = work.need::<Party>(listing.maker).await?;
        let (least, most) = (self.policy.bulk.from, self.policy.bulk.most);
        let quantity = pieces.clamp(least, most);
        let broken = || Fault::Broken(format!("listing {code} has no price for {quantity} pieces"));
        let quote = price::quote(&self.policy, listing.price, quantity, Usd::ZERO).ok_or_else(broken)?;
        let one = price::quote(&self.policy, listing.price, 1, Usd::ZERO).ok_or_else(broken)?;
        let shipping = |rate: &crate::market::policy::ShippingRate| {
            let sum = self.policy.shipping(&rate.country, listing.kind.as_str(), quantity)?;
            let sent = price::quote(&self.policy, listing.price, quantity, sum)?;
            let sent = price::taxed(&self.policy, sent, &rate.country)?;
            let (country, name) = (rate.country.clone(), rate.name.clone());
            Some(Sending { country, name, sum, tax: TaxView::of(&sent) })
        };
        Ok(Ok(ManyView {
            piece: piece_at(&listing, &maker, &quote),
            quantity,
            least,
            most,
            goods: quote.goods(quantity),
            full: one.goods(quantity),
            split: split_of(&quote, None),
            shipping: self.policy.shipping.iter().filter_map(shipping).collect(),
            soonest: self.soonest_day(work.now),
        }))
    }

    /// The first whole day that may be wanted: the end of a day of Nairobi.
    fn soonest_day(&self, now: Timestamp) -> Timestamp {
        const TO_ITS_END: std::time::Duration = std::time::Duration::from_millis(86_400_000 - 1);
        let (year, month, day) = self.policy.bulk_soonest(now).civil(NAIROBI);
        Timestamp::of_day(year, month, day, NAIROBI).map_or(now, |day| day.after(TO_ITS_END))
    }

    /// Places the request of a form; its token, charge and line for the payment page.
    pub(in crate::engine) async fn place_many(
        &self, work: &mut Work<'_>, wish: &CheckoutIn, code: SpokenCode, wanted: Timestamp,
    ) -> Result<Result<(String, Usd, String), ShopError>, Fault> {
        let listing = work.get::<Listing>(code).await?;
        let Some(listing) = listing.filter(Listing::in_shop) else {
            return Ok(Err(ShopError::Gone));
        };
        if work.get::<Party>(listing.maker).await?.is_none_or(|maker| maker.is_erased()) {
            return Ok(Err(ShopError::Gone));
        }
        let shipping = self.policy.shipping(&wish.country, listing.kind.as_str(), wish.quantity);
        let shipping = shipping.unwrap_or(Usd::ZERO);
        let quote = price::quote(&self.policy, listing.price, wish.quantity, shipping);
        let Some(quote) = quote.and_then(|quote| price::taxed(&self.policy, quote, &wish.country)) else {
            return Ok(Err(ShopError::Fault));
        };
        let number = self.free_order_number(work).await?;
        let token = token(work);
        let terms = BulkTerms {
            code: number,
            listing: code,
            quote,
            wanted,
            country: wish.country.clone(),
            token: token.clone(),
            shown: wish.shown.clone(),
            partner: wish.partner.clone(),
        };
        match bulk::decide(None, &BulkCommand::Place(terms), &self.policy, work.now) {
            Ok(events) => work.apply::<Bulk>(number, events),
            Err(Refusal::OutOfRange { min, max }) => {
                return Ok(Err(ShopError::Pieces { least: min, most: max }));
            }
            Err(Refusal::TooEarly { until }) => return Ok(Err(ShopError::TooEarly(until))),
            Err(Refusal::TooFar { until }) => return Ok(Err(ShopError::TooFar(until))),
            Err(why) => return Err(Fault::Broken(format!("a request was refused: {why}"))),
        }
        if wish.total.is_some_and(|shown| shown != quote.charge()) {
            let why = "it comes to another sum than was shown".to_owned();
            return Ok(Err(ShopError::Field { field: CHANGED, why }));
        }
        work.timer(
            work.now.after(self.policy.reservation()),
            &format!("unpaid/{number}"),
            &Due::UnpaidBulk(number),
        );
        self.keep_buyer(work, wish, number)?;
        let what = self.charge_line(wish, &listing, &quote, number);
        Ok(Ok((token, quote.charge(), what)))
    }

    pub(in crate::engine) async fn bulk_by_token(
        &self, work: &mut Work<'_>, token: &str,
    ) -> Result<Option<Bulk>, Fault> {
        let key = rows::bulk_by_token(token);
        let row = self.store.read(vec![key]).await?.into_iter().next().flatten();
        let Some(code) = row.and_then(|row| SpokenCode::from_octets(&row.octets())) else { return Ok(None) };
        work.get::<Bulk>(code).await
    }

    pub(in crate::engine) async fn bulk_view(
        &self, work: &mut Work<'_>, request: &Bulk,
    ) -> Result<BulkView, Fault> {
        let Bulk { terms, .. } = request;
        let quote: Quote = terms.quote;
        let listing = read::<Listing>(work, terms.listing).await?;
        let listing = listing.ok_or_else(|| Fault::Broken(format!("listing {} is gone", terms.listing)))?;
        let maker = read::<Party>(work, listing.maker).await?;
        let maker = maker.ok_or_else(|| Fault::Broken(format!("nobody made {}", terms.listing)))?;
        let mut parts = Vec::with_capacity(request.parts.len());
        let (mut promise, mut gets, mut changes) = (request.promise(), Vec::new(), 0);
        for part in &request.parts {
            let her = read::<Party>(work, part.to).await?;
            let key = Order::key(part.order);
            let row = self.store.read(vec![key.clone()]).await?.into_iter().next().flatten();
            let row = row.ok_or_else(|| Fault::Broken(format!("part {} is gone", part.order)))?;
            let order: Order = codec::decode_row(&key, &row)?;
            changes += row.version;
            let life = self.order_life(&order);
            // A day that one of them has moved is the day of all.
            let under_way = part.making() > 0;
            promise = promise.map(|day| order.due.filter(|_| under_way).map_or(day, |hers| day.max(hers)));
            if let Some(pieces @ 1..) = part.taken {
                gets.push((pieces.saturating_sub(part.short), order.mentoring));
            }
            parts.push(PartView {
                order: part.order.to_string(),
                maker: her.map_or_else(String::new, |her| her.first_name()),
                offered: part.pieces,
                taken: part.taken,
                passed: part.passed,
                short: part.short,
                due: life.due,
                late: life.late.map(|(_, why)| why),
                parcel: life.parcel,
            });
        }
        let waits = request.stage == BulkStage::Choosing && request.round < self.policy.bulk.rounds;
        Ok(BulkView {
            code: terms.code.to_string(),
            piece: piece_at(&listing, &maker, &quote),
            quantity: quote.pieces,
            total: quote.charge(),
            tax: TaxView::of(&quote),
            shown: terms.shown.clone(),
            state: request.stage.word().to_owned(),
            counts: Counts {
                left: request.left,
                offered: request.offered(),
                making: request.making(),
                passed: request.passed(),
                refunded: request.refunded(),
            },
            due: request.due,
            promise,
            round: request.round,
            later: waits.then(|| request.due.max(work.now).after(self.policy.bulk_later())),
            parts,
            split: split_of_many(&quote, &gets),
            placed: request.placed,
            partner: request.terms.partner.clone(),
            version: changes + work.version::<Bulk>(terms.code),
        })
    }

    async fn bulk_page(&self, token: &str) -> Result<Option<BulkView>, Fault> {
        let mut work = self.work(self.clock.now())?;
        match self.bulk_by_token(&mut work, token).await? {
            Some(request) => self.bulk_view(&mut work, &request).await.map(Some),
            None => Ok(None),
        }
    }

    /// The choice about a round of a request: of the buyer who has its private link, or of the desk.
    async fn bulk_choice(
        &self, of: &Asked, round: u32, choice: Choice,
    ) -> Result<Result<(), ShopError>, Fault> {
        for _ in 0..TRIES {
            let mut work = self.work(self.clock.now())?;
            let request = match of {
                Asked::Buyer(token) => self.bulk_by_token(&mut work, token).await?,
                Asked::Desk(_, code) => work.get::<Bulk>(*code).await?,
            };
            let Some(request) = request else { return Ok(Err(ShopError::NotFound)) };
            // A page that was open for longer asks about another round.
            if request.round != round {
                return Ok(Err(ShopError::Gone));
            }
            let code = request.terms.code;
            if self.bulk_turn(&mut work, code, &BulkCommand::Choose(choice)).await?.is_err() {
                return Ok(Err(ShopError::Gone));
            }
            self.spread_bulk(&mut work, code).await?;
            let cause = match of {
                Asked::Buyer(_) => Cause::Shop,
                Asked::Desk(by, code) => by.did(format!("bulk {code} choose")),
            };
            match self.commit(work, cause, None).await {
                Err(conflict) if conflict.is_conflict() => {}
                other => return other.map(|_| Ok(())),
            }
        }
        Err(Fault::Broken("a request never found a quiet moment".to_owned()))
    }

    async fn bulks_for_desk(&self) -> Result<Vec<BulkView>, Fault> {
        let mut work = self.work(self.clock.now())?;
        let mut rows = Vec::new();
        for (_, request) in every::<Bulk>(&mut work, rows::all_bulks(), true).await? {
            rows.push(self.bulk_view(&mut work, &request).await?);
        }
        Ok(rows)
    }
}

/// Who gets what of all of it: each part with the mentor of whoever took it, and what nobody has
/// taken without one.
fn split_of_many(quote: &Quote, taken: &[(u32, Option<Mentoring>)]) -> Split {
    let sale = |pieces: u32, mentoring: Option<Mentoring>| {
        let mentor = mentoring.map(|m| MentorShare { mentor: m.mentor, share_bp: m.share_bp });
        ledger::split(&Sale { value: quote.value(pieces), maker_gets: quote.maker_gets(pieces), mentor })
    };
    let whole = sale(quote.pieces, None);
    let mentor: i64 = taken.iter().map(|(pieces, by)| sale(*pieces, *by).mentor.cents()).sum();
    let margin = whole.margin.cents().saturating_sub(mentor);
    split_into(
        quote.value(quote.pieces),
        Parts { mentor: Kes::minor(mentor), margin: Kes::minor(margin), ..whole },
    )
}

impl BulkFront for Engine {
    fn least(&self) -> u32 {
        self.policy.bulk.from
    }

    fn price_many(&self, code: String, pieces: u32) -> BoxFuture<'_, Result<ManyView, ShopError>> {
        Box::pin(async move { self.many(&code, pieces).await.map_err(|e| fault(&e))? })
    }

    fn checkout_many(
        &self, checkout: CheckoutIn, wanted: Timestamp,
    ) -> BoxFuture<'_, Result<CheckoutOut, ShopError>> {
        Box::pin(
            async move { self.check_out(&checkout, &Wanted::Many(wanted)).await.map_err(|e| fault(&e))? },
        )
    }

    fn bulk(&self, token: String) -> BoxFuture<'_, Result<BulkView, ShopError>> {
        Box::pin(
            async move { self.bulk_page(&token).await.map_err(|e| fault(&e))?.ok_or(ShopError::NotFound) },
        )
    }

    fn choose(&self, token: String, round: u32, choice: Choice) -> BoxFuture<'_, Result<(), ShopError>> {
        let of = Asked::Buyer(token);
        Box::pin(async move { self.bulk_choice(&of, round, choice).await.map_err(|e| fault(&e))? })
    }

    fn desk_choose(
        &self, by: Who, code: SpokenCode, round: u32, choice: Choice,
    ) -> BoxFuture<'_, Result<(), ShopError>> {
        let of = Asked::Desk(by, code);
        Box::pin(async move { self.bulk_choice(&of, round, choice).await.map_err(|e| fault(&e))? })
    }

    fn desk_bulks(&self) -> BoxFuture<'_, Result<Vec<BulkView>, ShopError>> {
        Box::pin(async { self.bulks_for_desk().await.map_err(|e| fault(&e)) })
    }
}
