//! The shop's side of the engine: what shoppers see, buy and pay.

use super::Engine;
use super::aggregate;
use super::cards::inbox::{KeptEvent, Tried};
use super::cart::Wanted;
use super::outbox::heard;
use super::photos::front::PhotoView;
use super::port::{PayOut, PayoutNews};
use super::prompt::{PromptNews, Prompted};
use super::record::Cause;
use super::shopfront::{
    Aisles, BalanceRow, Browse, Callback, CallbackRow, CardNews, CardSession, CheckoutIn, CheckoutOut,
    DeskCash, DeskListing, DeskPayout, Found, MakerView, OrderChanged, OrderStep, OrderView, PayLine,
    PieceView, ShopError, ShopFront, Split, TaxView,
};
use super::shopfront::{DeskMessages, MessagesWish};
use super::turn::TRIES;
use super::view::{FromIndex, every, people};
use super::work::{Fault, Work};
use crate::engine::desk::Who;
use crate::ledger::{self, MentorShare, Sale};
use crate::market::listing::Listing;
use crate::market::order::{Order, OrderStage, Step};
use crate::market::party::Party;
use crate::market::payout::Payout;
use crate::market::{Quote, Switch, price};
use crate::store::batch::{Committed, InboxMark};
use crate::store::{Key, codec, keys};
use crate::types::{CodeKind, Kes, Lang, PayoutId, PromptId, SpokenCode, Timestamp, Usd};
use futures_util::future::BoxFuture;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use tokio::sync::broadcast;

/// Where the number of an order goes in the line of a payment page.
pub(super) const ORDER: &str = "{order}";
/// Most pieces one page shows.
const MOST_PIECES: usize = 200;

pub(super) fn fault(fault: &Fault) -> ShopError {
    tracing::error!(%fault, "the shop");
    ShopError::Fault
}

impl Engine {
    pub(super) fn quote_one(&self, listing: &Listing) -> Result<Quote, Fault> {
        price::quote(&self.policy, listing.price, 1, Usd::ZERO)
            .ok_or_else(|| Fault::Broken(format!("listing {} has no price that can be shown", listing.code)))
    }

    /// Half a shop is not served as if it were all.
    fn found_whole(&self) -> Result<(), ShopError> {
        if self.is_amiss() { Err(ShopError::Fault) } else { Ok(()) }
    }

    async fn all_pieces(&self) -> Result<Vec<PieceView>, Fault> {
        let mut work = self.work(self.clock.now())?;
        let entries = self.store.scan(keys::index_prefix("in_shop", &[]), None, MOST_PIECES, true).await?;
        let mut pieces = Vec::new();
        for (key, _) in entries {
            let Some(code) = keys::index_id(&key).and_then(|id| SpokenCode::from_octets(&id)) else {
                continue;
            };
            let Some(listing) = work.get::<Listing>(code).await? else { continue };
            if listing.available() == 0 {
                continue;
            }
            let maker = work.need::<Party>(listing.maker).await?;
            pieces.push(piece_at(&listing, &maker, &self.quote_one(&listing)?));
        }
        Ok(pieces)
    }

    async fn one_piece(&self, code: &str) -> Result<Option<(PieceView, Split)>, Fault> {
        let Ok(code) = SpokenCode::parse(CodeKind::Listing, code) else { return Ok(None) };
        let mut work = self.work(self.clock.now())?;
        let Some(listing) = work.get::<Listing>(code).await? else { return Ok(None) };
        if !listing.in_shop() {
            return Ok(None);
        }
        let maker = work.need::<Party>(listing.maker).await?;
        let quote = self.quote_one(&listing)?;
        let mentor =
            maker.mentorship_on(work.now).map(|m| MentorShare { mentor: m.mentor, share_bp: m.share_bp });
        Ok(Some((piece_at(&listing, &maker, &quote), split_of(&quote, mentor))))
    }

    /// From a form to the payment page.
    pub(super) async fn check_out(
        &self, wish: &CheckoutIn, wanted: &Wanted<'_>,
    ) -> Result<Result<CheckoutOut, ShopError>, Fault> {
        let in_cart = matches!(wanted, Wanted::Cart(..));
        if !in_cart && SpokenCode::parse(CodeKind::Listing, &wish.code).is_err() {
            return Ok(Err(ShopError::NotFound));
        }
        if let Err(wrong) = self.form(wish) {
            return Ok(Err(wrong));
        }
        let mark = keys::inbox(self.clock.now(), format!("shop/{}", wish.idempotency_key).as_bytes());
        let Placed { token, charge, what, at, .. } = match self.place(wish, wanted, mark).await? {
            Ok(placed) => placed,
            Err(refusal) => return Ok(Err(refusal)),
        };
        let page = match wanted {
            Wanted::Pieces => "order",
            Wanted::Many(_) => "bulk",
            Wanted::Cart(..) => "purchase",
        };
        let session = CardSession {
            token: token.clone(),
            amount: charge,
            what,
            return_url: format!("{}/{page}/{token}", self.house.public_url),
            until: self.policy.pay_page_closes(at),
            idempotency_key: format!("{page}/{token}"),
        };
        Ok(match self.card.open(session).await {
            Ok(pay_url) => Ok(CheckoutOut { token, pay_url }),
            Err(why) => {
                tracing::warn!(why, "the card processor opened no payment page");
                Err(ShopError::CardDown)
            }
        })
    }

    fn form(&self, wish: &CheckoutIn) -> Result<(), ShopError> {
        let field = |field, why: &str| Err(ShopError::Field { field, why: why.to_owned() });
        if wish.quantity == 0 {
            return field("quantity", "choose one piece or more");
        }
        if wish.name.trim().is_empty() || wish.name.chars().count() > 100 {
            return field("name", "write your name, at most 100 letters");
        }
        if !wish.email.contains('@') || wish.email.len() > 254 {
            return field("email", "write an address such as you@example.org");
        }
        if wish.address.trim().is_empty() || wish.address.chars().count() > 500 {
            return field("address", "write street and town, at most 500 letters");
        }
        if !self.policy.ships_to(&wish.country) {
            return field("country", "choose a country that we ship to");
        }
        Ok(())
    }

    /// Why nothing can be bought now, in English.
    fn shop_closed(&self) -> Option<String> {
        let stop = self.stopped(&[Switch::Checkout])?;
        stop.why.get(&Lang::EN).or_else(|| stop.why.values().next()).cloned()
    }

    /// Reserves the pieces and places the order; the same form with the same key gets the same order.
    async fn place(
        &self, wish: &CheckoutIn, wanted: &Wanted<'_>, mark: Vec<u8>,
    ) -> Result<Result<Placed, ShopError>, Fault> {
        let code = SpokenCode::parse(CodeKind::Listing, &wish.code).ok();
        let form = fingerprint(wish, wanted);
        let again = |placed: Placed| if placed.form == form { Ok(placed) } else { Err(ShopError::KeyUsed) };
        for _ in 0..TRIES {
            if let Some(placed) = self.placed_before(&mark).await? {
                return Ok(again(placed));
            }
            if let Some(why) = self.shop_closed() {
                return Ok(Err(ShopError::Stopped(why)));
            }
            let mut work = self.work(self.clock.now())?;
            let placed = match (wanted, code) {
                (Wanted::Cart(lines, total), _) => self.place_cart(&mut work, wish, lines, *total).await?,
                (Wanted::Many(day), Some(code)) => self.place_many(&mut work, wish, code, *day).await?,
                (Wanted::Pieces, Some(code)) => self.place_once(&mut work, wish, code).await?,
                (_, None) => Err(ShopError::NotFound),
            };
            let placed = match placed {
                Ok((token, charge, what)) => Placed { form, token, charge, what, at: work.now },
                Err(no) => return Ok(Err(no)),
            };
            let answer = codec::encode(&placed);
            let marked = InboxMark { key: mark.clone(), answer };
            match self.commit(work, Cause::Shop, Some(marked)).await {
                Ok(Committed::At(_)) => return Ok(Ok(placed)),
                Ok(Committed::Repeat(answer)) => {
                    return codec::decode(&answer).map(again).map_err(|why| Fault::Broken(why.to_string()));
                }
                Err(conflict) if conflict.is_conflict() => {}
                Err(other) => return Err(other),
            }
        }
        Ok(Err(ShopError::Fault))
    }

    async fn placed_before(&self, mark: &[u8]) -> Result<Option<Placed>, Fault> {
        let row = self.store.read(vec![mark.to_vec()]).await?.into_iter().next().flatten();
        Ok(row.and_then(|row| codec::decode(&row.octets()).ok()))
    }

    /// The line of the payment page.
    pub(super) fn charge_line(
        &self, wish: &CheckoutIn, listing: &Listing, quote: &Quote, code: SpokenCode,
    ) -> String {
        let (pieces, is_taxed) = (quote.pieces, quote.taxes() > Usd::ZERO);
        if let Some(line) = &wish.line {
            return said_line(line, is_taxed).replace(ORDER, &code.to_string());
        }
        let kind = match listing.kind.as_str() {
            "other" => "piece",
            word => word,
        };
        format!("{pieces} {kind} ({}) {}, order {code}", listing.stuff.as_str(), with(is_taxed))
    }

    pub(super) async fn order_by_token(
        &self, work: &mut Work<'_>, token: &str,
    ) -> Result<Option<(SpokenCode, Order)>, Fault> {
        let row = self.store.read(vec![aggregate::by_token(token)]).await?.into_iter().next().flatten();
        let Some(code) = row.and_then(|row| SpokenCode::from_octets(&row.octets())) else { return Ok(None) };
        Ok(work.get::<Order>(code).await?.map(|order| (code, order)))
    }

    pub(super) async fn order_page(&self, token: &str) -> Result<Option<OrderView>, Fault> {
        let mut work = self.work(self.clock.now())?;
        let Some((code, order)) = self.order_by_token(&mut work, token).await? else { return Ok(None) };
        let listing = work.need::<Listing>(order.terms.listing).await?;
        let maker = order.offer.map(|offer| offer.to).or(order.maker).unwrap_or(listing.maker);
        let maker = work.need::<Party>(maker).await?;
        let quote = order.terms.quote;
        let mentor = order.mentoring.map(|m| MentorShare { mentor: m.mentor, share_bp: m.share_bp });
        Ok(Some(OrderView {
            code: code.to_string(),
            piece: piece_at(&listing, &maker, &quote),
            quantity: quote.pieces,
            total: quote.charge(),
            tax: TaxView::of(&quote),
            state: order.stage.word().to_owned(),
            steps: steps(&order),
            split: split_of(&quote, mentor),
            shown: order.terms.shown.clone(),
            life: self.order_life(&order),
            purchase: order.terms.purchase.as_ref().map(|one| one.token.clone()),
            partner: order.terms.partner.clone(),
            version: work.version::<Order>(code),
        }))
    }

    async fn hear_money(&self, id: PayoutId, news: &PayoutNews) -> Result<(), Fault> {
        let Some(heard) = heard(news) else { return Ok(()) };
        for _ in 0..TRIES {
            let mut work = self.work(self.clock.now())?;
            self.hear(&mut work, id, heard.clone()).await?;
            if !work.acts() {
                return Ok(());
            }
            match self.commit(work, Cause::Money(id.to_string()), None).await {
                Err(conflict) if conflict.is_conflict() => {}
                other => return other.map(drop),
            }
        }
        Err(Fault::Broken(format!("payout {id} never found a quiet moment")))
    }

    async fn listings_for_desk(&self) -> Result<Vec<DeskListing>, Fault> {
        let mut work = self.work(self.clock.now())?;
        let mut rows = Vec::new();
        let all = every::<Listing>(&mut work, keys::index_prefix("listing", &[]), true).await?;
        let makers = people(&mut work, all.iter().map(|(_, listing)| listing.maker)).await?;
        for (code, listing) in all {
            let Some(maker) = makers.get(&listing.maker) else { continue };
            rows.push(DeskListing {
                code: code.to_string(),
                kind: listing.kind.as_str().to_owned(),
                stuff: listing.stuff.as_str().to_owned(),
                price: listing.price,
                ready: listing.ready,
                maker: maker.name.clone(),
                phone: maker.phone.masked(),
                state: listing.stage.word().to_owned(),
            });
        }
        Ok(rows)
    }

    async fn payouts_for_desk(&self) -> Result<Vec<DeskPayout>, Fault> {
        let mut work = self.work(self.clock.now())?;
        let mut rows = Vec::new();
        let all = every::<Payout>(&mut work, aggregate::all_payouts(), true).await?;
        let owners = people(&mut work, all.iter().map(|(_, payout)| payout.owner)).await?;
        for (_, payout) in all {
            let Some(owner) = owners.get(&payout.owner) else { continue };
            rows.push(DeskPayout::of(&payout, owner.name.clone()));
        }
        Ok(rows)
    }

    async fn balances(&self) -> Result<Vec<BalanceRow>, Fault> {
        let sums = super::audit::sums(&*self.store).await?;
        let row = |row: ledger::TrialRow| BalanceRow {
            account: row.account.to_string(),
            side: row.side.word().to_owned(),
            balance: row.balance,
        };
        Ok(ledger::balance::trial_balance(sums).into_iter().map(row).collect())
    }
}

/// What a payment is for beside the goods.
pub(super) const fn with(is_taxed: bool) -> &'static str {
    if is_taxed { "with shipping and tax" } else { "with shipping" }
}

/// The line of a payment page in a language that the engine does not speak.
pub(super) const fn said_line(line: &PayLine, is_taxed: bool) -> &String {
    if is_taxed { &line.taxed } else { &line.untaxed }
}

/// The answer to a form, kept under its key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Placed {
    /// Tells this form from any other.
    form: [u8; 32],
    /// The private link's token.
    token: String,
    /// What is to be paid.
    charge: Usd,
    /// What for, in words.
    what: String,
    /// When.
    #[serde(default)]
    at: Timestamp,
}

/// The hash of what a form asks for: the key's repeats must ask for the same.
fn fingerprint(wish: &CheckoutIn, wanted: &Wanted<'_>) -> [u8; 32] {
    let CheckoutIn { code, quantity, name, email, country, address, .. } = wish;
    let asked = |day: Option<Timestamp>| codec::encode(&(code, quantity, name, email, country, address, day));
    let asked = match wanted {
        Wanted::Pieces => asked(None),
        Wanted::Many(day) => asked(Some(*day)),
        Wanted::Cart(lines, _) => codec::encode(&(lines, name, email, country, address)),
    };
    Sha256::digest(asked).into()
}

/// A piece on sale at a price, as a shopper sees it.
pub(super) fn piece_at(listing: &Listing, maker: &Party, quote: &Quote) -> PieceView {
    PieceView {
        code: listing.code.to_string(),
        kind: listing.kind.as_str().to_owned(),
        stuff: listing.stuff.as_str().to_owned(),
        maker: maker.first_name(),
        place: area_name(maker.area.as_str()),
        maker_page: super::browse::page_of(maker.id),
        price: quote.shop_each,
        retail: quote.retail_each,
        maker_gets: quote.price_each,
        ready: listing.available(),
        since: listing.since,
        photos: listing.photos.iter().map(PhotoView::from).collect(),
        words: listing.words.clone(),
    }
}

/// Who gets what of everything a quote is for.
pub(super) fn split_of(quote: &Quote, mentor: Option<MentorShare>) -> Split {
    let pieces = quote.pieces;
    split(&Sale { value: quote.value(pieces), maker_gets: quote.maker_gets(pieces), mentor })
}

/// An area as the shop names it.
pub(super) fn area_name(area: &str) -> String {
    if area == "other" {
        return "Nairobi".to_owned();
    }
    let word = |word: &str| {
        let mut letters = word.chars();
        letters.next().map(|first| first.to_uppercase().chain(letters).collect::<String>())
    };
    let name = area.split('_').filter_map(word).collect::<Vec<_>>().join(" ");
    if name.is_empty() { "Nairobi".to_owned() } else { name }
}

/// A private link's token: 128 bits nobody guesses.
pub(super) fn token(work: &mut Work<'_>) -> String {
    format!("{:016x}{:016x}", work.entropy.next_u64(), work.entropy.next_u64())
}

fn split(sale: &Sale) -> Split {
    split_into(sale.value, ledger::split(sale))
}

/// The parts of a sum that somebody gets.
pub(super) fn split_into(total: Kes, parts: ledger::Parts) -> Split {
    let named = [("maker", parts.maker), ("mentor", parts.mentor), ("margin", parts.margin)];
    let parts = named.into_iter().filter(|(_, sum)| *sum != Kes::ZERO);
    Split { total, parts: parts.map(|(name, sum)| (name.to_owned(), sum)).collect() }
}

/// What happened, and what lies ahead while the order goes well.
fn steps(order: &Order) -> Vec<OrderStep> {
    use Step::{
        Accepted, AtKiosk, Checked, Delivered, Lapsed, Offered, Packed, Paid, Ready, Refused, Shipped,
    };
    const AHEAD: [Step; 9] = [Paid, Offered, Accepted, Ready, AtKiosk, Checked, Packed, Shipped, Delivered];
    const MENDED: usize = 3;
    // An offer that went onward to somebody else is one offer to the shopper.
    let is = |at: usize, wanted: &[Step]| order.steps.get(at).is_some_and(|(step, _)| wanted.contains(step));
    let onward = |at: usize| match at.checked_sub(1) {
        Some(before) if is(at, &[Offered]) => is(before, &[Refused, Lapsed]),
        _ => is(at, &[Refused, Lapsed]) && is(at + 1, &[Offered]),
    };
    let mut steps: Vec<OrderStep> = order
        .steps
        .iter()
        .enumerate()
        .filter(|(at, (step, _))| *step != Step::Placed && !onward(*at))
        .map(|(_, step)| step)
        .map(|(step, at)| OrderStep { step: step.word().to_owned(), at: Some(*at) })
        .collect();
    let on_its_way = matches!(order.stage, OrderStage::Released | OrderStage::Shipped);
    if order.stage.is_open() || on_its_way {
        // What is mended, or made again, goes all of the way again from there.
        let begun = order.steps.iter().rposition(|(s, _)| matches!(s, Step::Offered | Step::Rework));
        let (begun, mended) = (begun.unwrap_or(0), begun.is_some_and(|at| order.steps[at].0 == Step::Rework));
        let reached = AHEAD.iter().rposition(|s| order.steps[begun..].iter().any(|(done, _)| done == s));
        let from = reached.map_or(if mended { MENDED } else { 0 }, |at| at + 1);
        steps.extend(AHEAD[from..].iter().map(|s| OrderStep { step: s.word().to_owned(), at: None }));
    }
    steps
}

impl ShopFront for Engine {
    fn browse(&self, wish: Browse) -> BoxFuture<'_, Result<Found, ShopError>> {
        Box::pin(async move {
            self.found_whole()?;
            self.on_shelves(&wish).await.map_err(|e| fault(&e))
        })
    }

    fn amiss(&self) -> Option<&'static str> {
        self.is_amiss().then_some("the indexes of an older release could not be mended")
    }

    fn aisles(&self) -> BoxFuture<'_, Result<Aisles, ShopError>> {
        Box::pin(async {
            self.found_whole()?;
            self.aisles_now().await.map_err(|e| fault(&e))
        })
    }

    fn maker(&self, page: String) -> BoxFuture<'_, Result<MakerView, ShopError>> {
        Box::pin(async move {
            self.found_whole()?;
            self.maker_of(&page).await.map_err(|e| fault(&e))?.ok_or(ShopError::NotFound)
        })
    }

    fn pieces(&self) -> BoxFuture<'_, Result<Vec<PieceView>, ShopError>> {
        Box::pin(async { self.all_pieces().await.map_err(|e| fault(&e)) })
    }

    fn piece(&self, code: String) -> BoxFuture<'_, Result<(PieceView, Split), ShopError>> {
        Box::pin(
            async move { self.one_piece(&code).await.map_err(|e| fault(&e))?.ok_or(ShopError::NotFound) },
        )
    }

    fn shipping(&self, country: &str, kind: &str) -> Option<Usd> {
        self.policy.shipping(country, kind, 1)
    }

    fn shipping_of(&self, country: &str, kind: &str, pieces: u32) -> Option<Usd> {
        self.policy.shipping(country, kind, pieces)
    }

    fn tax(&self, country: &str, each: Usd, shipping: Usd) -> Option<TaxView> {
        let (rate_bp, sum) = price::tax_of_one(&self.policy, country, each, shipping)?;
        Some(TaxView { rate_bp, sum })
    }

    fn closed(&self) -> Option<String> {
        self.shop_closed()
    }

    fn made_by(&self) -> Option<Timestamp> {
        Some(self.clock.now().after(self.policy.offer()).after(self.policy.making()))
    }

    fn countries(&self) -> Vec<(String, String)> {
        self.policy.shipping.iter().map(|rate| (rate.country.clone(), rate.name.clone())).collect()
    }

    fn checkout(&self, checkout: CheckoutIn) -> BoxFuture<'_, Result<CheckoutOut, ShopError>> {
        Box::pin(async move { self.check_out(&checkout, &Wanted::Pieces).await.map_err(|e| fault(&e))? })
    }

    fn order(&self, token: String) -> BoxFuture<'_, Result<OrderView, ShopError>> {
        Box::pin(
            async move { self.order_page(&token).await.map_err(|e| fault(&e))?.ok_or(ShopError::NotFound) },
        )
    }

    fn changes(&self) -> broadcast::Receiver<OrderChanged> {
        self.changes.subscribe()
    }

    fn card_news(&self, news: CardNews) -> BoxFuture<'_, Result<(), ShopError>> {
        Box::pin(async move { self.hear_card(&news).await.map_err(|e| fault(&e))? })
    }

    fn card_event_kept(&self, body: bytes::Bytes) -> BoxFuture<'_, Result<Option<KeptEvent>, ShopError>> {
        Box::pin(async move { self.keep_card_event(&body).await.map_err(|e| fault(&e)) })
    }

    fn card_event_tried(&self, name: String, tried: Tried) -> BoxFuture<'_, Result<(), ShopError>> {
        Box::pin(async move { Engine::card_event_tried(self, &name, &tried).await.map_err(|e| fault(&e)) })
    }

    fn card_events_due(&self) -> BoxFuture<'_, Result<Vec<KeptEvent>, ShopError>> {
        Box::pin(async { Engine::card_events_due(self).await.map_err(|e| fault(&e)) })
    }

    fn callback(&self, callback: Callback) -> BoxFuture<'_, Result<bool, ShopError>> {
        Box::pin(async move { self.keep_callback(&callback).await.map_err(|e| fault(&e)) })
    }

    fn callbacks_unheard(&self) -> BoxFuture<'_, Result<Vec<(Key, Callback)>, ShopError>> {
        Box::pin(async { self.unheard().await.map_err(|e| fault(&e)) })
    }

    fn callback_heard(&self, name: Key) -> BoxFuture<'_, Result<(), ShopError>> {
        Box::pin(async { self.heard(name).await.map_err(|e| fault(&e)) })
    }

    fn desk_callbacks(
        &self, before: Option<Timestamp>,
    ) -> BoxFuture<'_, Result<Vec<CallbackRow>, ShopError>> {
        Box::pin(async move { self.callback_rows(before).await.map_err(|e| fault(&e)) })
    }

    fn payout_news(&self, id: PayoutId, news: PayoutNews) -> BoxFuture<'_, Result<(), ShopError>> {
        Box::pin(async move { self.hear_money(id, &news).await.map_err(|e| fault(&e)) })
    }

    fn prompt_news(&self, id: PromptId, news: PromptNews) -> BoxFuture<'_, Result<(), ShopError>> {
        Box::pin(async move { self.prompt_heard(id, &news).await.map_err(|e| fault(&e)) })
    }

    fn prompt_asked(&self, id: PromptId) -> BoxFuture<'_, Result<Prompted, ShopError>> {
        Box::pin(async move {
            let found = self.prompt_of(id).await.map_err(|e| fault(&e))?;
            found.map(|(_, asked)| asked).ok_or(ShopError::NotFound)
        })
    }

    fn payout_asked(&self, id: PayoutId) -> BoxFuture<'_, Result<PayOut, ShopError>> {
        Box::pin(async move {
            let asked = self.asked_of_provider(id).await.map_err(|e| fault(&e))?;
            asked.ok_or(ShopError::NotFound)
        })
    }

    fn desk_listings(&self) -> BoxFuture<'_, Result<Vec<DeskListing>, ShopError>> {
        Box::pin(async { self.listings_for_desk().await.map_err(|e| fault(&e)) })
    }

    fn desk_payouts(&self) -> BoxFuture<'_, Result<Vec<DeskPayout>, ShopError>> {
        Box::pin(async { self.payouts_for_desk().await.map_err(|e| fault(&e)) })
    }

    fn desk_cash(&self) -> BoxFuture<'_, Result<Vec<DeskCash>, ShopError>> {
        Box::pin(async { self.cash_for_desk().await.map_err(|e| fault(&e)) })
    }

    fn desk_allow_cash(&self, by: Who, id: String) -> BoxFuture<'_, Result<(), ShopError>> {
        Box::pin(async move { self.allow_cash(&by, &id).await.map_err(|e| fault(&e))? })
    }

    fn desk_messages(&self, wish: MessagesWish) -> BoxFuture<'_, Result<DeskMessages, ShopError>> {
        Box::pin(async move { self.messages_for_desk(&wish).await.map_err(|e| fault(&e))? })
    }

    fn desk_send_again(&self, by: Who, id: String) -> BoxFuture<'_, Result<(), ShopError>> {
        Box::pin(async move { self.message_again(&by, &id).await.map_err(|e| fault(&e))? })
    }

    fn trial_balance(&self) -> BoxFuture<'_, Result<Vec<BalanceRow>, ShopError>> {
        Box::pin(async { self.balances().await.map_err(|e| fault(&e)) })
    }
}
