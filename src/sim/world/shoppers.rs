//! Shoppers: they look around, buy a piece or many, pay, and look at their pages until all is done.

use super::people::Trade;
use super::{Fault, Happening, World};
use crate::engine::bulk::front::{BulkFront, Choice};
use crate::engine::orders::desk::OrderWish;
use crate::engine::orders::wishes::{ShopperDesk, ShopperWish};
use crate::engine::shopfront::{CardEvent, CardNews, CheckoutIn, OrderView, ShopError, ShopFront};
use crate::types::{CodeKind, Kes, SpokenCode, Timestamp};
use std::time::Duration;

/// How often a form is posted again.
const POSTS: u8 = 12;
/// An artisan's orders: one so often on average.
const ORDER_EVERY: Duration = Duration::from_secs(9 * 86_400);
/// And however few they are, one order in so long.
const SELDOM: Duration = Duration::from_secs(3 * 3_600);
/// How long a front page stays open before somebody draws it anew.
const STALE: Duration = Duration::from_secs(3_600);
/// How often somebody looks at the page of what she bought.
const LOOKS: u8 = 16;

/// What a shopper sends: a form, and for many pieces the day they are wanted.
#[derive(Debug, Clone)]
pub(super) struct Wanted {
    form: CheckoutIn,
    by: Option<Timestamp>,
}

impl World {
    pub(super) async fn shopper(&mut self) -> Result<(), Fault> {
        if self.quiet {
            return Ok(());
        }
        let makers =
            self.people.iter().filter(|person| person.joined && person.trade == Trade::Artisan).count();
        let mean = (ORDER_EVERY / u32::try_from(makers.max(1)).unwrap_or(u32::MAX)).min(SELDOM);
        let wait = self.dice.next_arrival(mean);
        self.later(wait, Happening::Shopper);
        self.buys().await
    }

    /// A shopper looks around and orders something.
    pub(super) async fn buys(&mut self) -> Result<(), Fault> {
        if self.front.is_empty() || self.now().since(self.front_read) >= STALE {
            let pieces = self.engine.pieces().await;
            if self.revived().await? {
                return Ok(());
            }
            self.front = pieces.map_err(|why| format!("the shop's front page: {why}"))?;
            self.front_read = self.now();
        }
        let Some(piece) = self.dice.one(&self.front).cloned() else { return Ok(()) };
        let most = u64::from(piece.ready.max(1));
        let mut quantity = if self.dice.in_thousand(80) { most } else { self.dice.between(1, most.min(3)) };
        let mut by = None;
        if self.dice.in_thousand(15) {
            quantity = self.dice.between(u64::from(self.engine.least()), 60);
            let many = self.engine.price_many(piece.code.clone(), quantity as u32).await;
            if self.revived().await? {
                return Ok(());
            }
            let many = match many {
                Ok(many) => many,
                // Sold since the front page was drawn.
                Err(ShopError::NotFound) => return Ok(()),
                Err(why) => return Err(format!("the price of {quantity} pieces: {why}")),
            };
            by = Some(many.soonest.after(self.dice.hours(0, 240)));
        }
        let countries = self.engine.countries();
        let country =
            self.dice.one(&countries).map_or_else(|| "DE".to_owned(), |(letters, _)| letters.clone());
        let form = CheckoutIn {
            code: piece.code,
            quantity: quantity as u32,
            name: "Ada Shopper".to_owned(),
            email: "ada@example.org".to_owned(),
            country,
            address: "1 Long Road, Town".to_owned(),
            idempotency_key: format!("form-{:016x}", self.dice.bits()),
            shown: None,
            partner: None,
            lang: String::new(),
            line: None,
            total: None,
        };
        if self.dice.in_thousand(30) {
            let wait = self.dice.seconds(1, 5);
            self.later(wait, Happening::Form(Wanted { form: form.clone(), by }, 0));
        }
        self.form(Wanted { form, by }, 0).await
    }

    pub(super) async fn form(&mut self, wanted: Wanted, tries: u8) -> Result<(), Fault> {
        let form = wanted.form.clone();
        let done = match wanted.by {
            Some(day) => self.engine.checkout_many(form.clone(), day).await,
            None => self.engine.checkout(form.clone()).await,
        };
        if self.revived().await? {
            self.later(Duration::from_secs(20), Happening::Form(wanted, tries));
            return Ok(());
        }
        match done {
            Ok(out) => {
                if !self.checks.form(&form.idempotency_key, &out.token)? {
                    return Ok(());
                }
                let many = wanted.by.is_some();
                if !many {
                    self.tokens.push(out.token.clone());
                }
                let wait = match self.dice.below(100) {
                    0..=84 => self.dice.seconds(20, 900),
                    85..=89 => self.dice.seconds(1_500, 4_000),
                    _ => {
                        let wait = self.dice.seconds(1_800, 2_400);
                        self.tell_shop(&out.token, String::new(), CardEvent::Expired, wait);
                        return Ok(());
                    }
                };
                self.later(wait, Happening::Pays(out.token, many));
            }
            Err(ShopError::CardDown) if tries < POSTS => {
                self.later(Duration::from_secs(40), Happening::Form(wanted, tries + 1));
            }
            Err(
                ShopError::CardDown
                | ShopError::Gone
                | ShopError::Left(_)
                | ShopError::Pieces { .. }
                | ShopError::TooEarly(_)
                | ShopError::TooFar(_)
                | ShopError::Field { .. }
                | ShopError::NotFound,
            ) => {
                self.tally.add("shoppers who found it sold");
            }
            Err(why) => return Err(format!("a checkout came to {why}")),
        }
        Ok(())
    }

    pub(super) fn pays(&mut self, token: &str, many: bool) {
        if let Some((payment, amount)) = self.till.pay(token) {
            self.tally.add("cards charged");
            self.tell_shop(token, payment, CardEvent::Paid(amount), Duration::ZERO);
            let (wait, token) = (self.dice.hours(1, 50), token.to_owned());
            let look =
                if many { Happening::LooksAtMany(token, LOOKS) } else { Happening::Looks(token, LOOKS) };
            self.later(wait, look);
        }
    }

    /// Webhooks of one event: late, repeated, and so passed by others.
    fn tell_shop(&mut self, token: &str, payment: String, what: CardEvent, wait: Duration) {
        let rates = self.rates();
        let event_id = format!("evt_{token}_{}", if payment.is_empty() { "end" } else { "paid" });
        let news = CardNews { event_id, token: token.to_owned(), payment, what };
        let late = self.goes_wrong(rates.hook_late, "a webhook came late");
        let wait = wait.saturating_add(if late { self.dice.hours(0, 20) } else { self.dice.seconds(1, 20) });
        if self.goes_wrong(rates.hook_twice, "a webhook came several times") {
            for _ in 0..self.dice.between(1, 4) {
                let again = wait.saturating_add(self.dice.seconds(1, 7_200));
                self.later(again, Happening::Hook(news.clone(), 0));
            }
        }
        self.later(wait, Happening::Hook(news, 0));
    }

    // ---- the page of an order ---------------------------------------------------------------

    /// She looks at the page of her order and does what it offers, if she likes.
    pub(super) async fn looks(&mut self, token: String, left: u8) -> Result<(), Fault> {
        let page = ShopFront::order(&*self.engine, token.clone()).await;
        if self.revived().await? {
            self.later(Duration::from_secs(60), Happening::Looks(token, left));
            return Ok(());
        }
        let page = page.map_err(|why| format!("the page of an order: {why}"))?;
        self.checks.page(&page)?;
        if let Some(wish) = self.would_like(&page) {
            self.wishes(token.clone(), wish).await?;
        }
        self.asks_the_desk(&page, left).await?;
        if left > 0 && !matches!(page.state.as_str(), "closed" | "refunded" | "expired") {
            let wait = self.dice.hours(20, 100);
            self.later(wait, Happening::Looks(token, left - 1));
        }
        Ok(())
    }

    fn would_like(&mut self, page: &OrderView) -> Option<ShopperWish> {
        let life = &page.life;
        if let Some(question) = &life.question {
            let (round, roll) = (question.round, self.dice.below(100));
            // Some never choose.
            return (roll < 75).then_some(ShopperWish::Choose { round, again: roll < 40 });
        }
        match life.cancel {
            Some((costs, _)) if !self.quiet && self.dice.in_thousand(15) => {
                Some(ShopperWish::Cancel { costs })
            }
            _ if life.may_thank && self.dice.in_thousand(150) => {
                Some(ShopperWish::Thank { text: "It is beautiful, thank you".to_owned() })
            }
            _ => None,
        }
    }

    async fn wishes(&mut self, token: String, wish: ShopperWish) -> Result<(), Fault> {
        // An impatient finger presses twice.
        for _ in 0..=u8::from(self.dice.in_thousand(100)) {
            let done = self.engine.wish(token.clone(), wish.clone()).await;
            if self.revived().await? {
                return Ok(());
            }
            match (done, &wish) {
                (Ok(()), ShopperWish::Cancel { .. }) => self.tally.add("orders cancelled by their shoppers"),
                (Ok(()), ShopperWish::Choose { .. }) => self.tally.add("choices made about missing pieces"),
                (Ok(()), ShopperWish::Thank { .. }) => self.tally.add("thanks written"),
                (Err(why), _) => return Err(format!("a shopper who wished {wish:?} was told: {why}")),
            }
        }
        Ok(())
    }

    /// What shoppers and carriers tell the desk about an order.
    async fn asks_the_desk(&mut self, page: &OrderView, left: u8) -> Result<(), Fault> {
        let Ok(order) = SpokenCode::parse(CodeKind::Order, &page.code) else { return Ok(()) };
        if page.life.thanks.is_some() && self.dice.in_thousand(400) {
            let pass = self.dice.in_thousand(900);
            self.later(Duration::from_secs(3_600), Happening::Office(OrderWish::Thanks { order, pass }));
        }
        match page.state.as_str() {
            "shipped" => {
                let tracked = page.life.parcel.as_ref().is_some_and(|parcel| parcel.tracking.is_some());
                self.on_its_way(order, tracked);
            }
            // Long lost, or forgotten at a kiosk.
            "ready" | "with_rider" | "at_kiosk" if left < LOOKS / 2 && self.dice.in_thousand(200) => {
                self.later(Duration::ZERO, Happening::Office(OrderWish::GiveUp { order }));
            }
            _ => {}
        }
        let has_it = matches!(page.state.as_str(), "released" | "delivered");
        if has_it && !self.quiet && self.dice.in_thousand(12) {
            self.complains(order).await?;
        }
        Ok(())
    }

    /// A parcel is with a carrier: he sends his bill, and after days it is there.
    fn on_its_way(&mut self, order: SpokenCode, tracked: bool) {
        if self.billed.insert(order) {
            let (wait, cost) =
                (self.dice.hours(1, 90), Kes::minor(self.dice.between(80_000, 600_000) as i64));
            self.later(wait, Happening::Office(OrderWish::Settle { order, cost }));
        }
        if !tracked && self.dice.in_thousand(500) {
            let number = format!("RR{}KE", self.dice.between(100_000_000, 999_999_999));
            self.later(Duration::ZERO, Happening::Office(OrderWish::Track { order, number }));
        }
        if self.dice.in_thousand(350) {
            self.later(Duration::from_secs(600), Happening::Office(OrderWish::Delivered { order }));
        }
    }

    // ---- many pieces ---------------------------------------------------------------------------

    /// A buyer of many looks at the page of the request: its counts add up, and she may be asked.
    pub(super) async fn looks_at_many(&mut self, token: String, left: u8) -> Result<(), Fault> {
        let page = self.engine.bulk(token.clone()).await;
        if self.revived().await? {
            self.later(Duration::from_secs(60), Happening::LooksAtMany(token, left));
            return Ok(());
        }
        let page = page.map_err(|why| format!("the page of a request: {why}"))?;
        self.checks.request(&page)?;
        if page.state == "choosing" {
            let choice = match self.dice.below(100) {
                0..=44 => Some(Choice::Fewer),
                45..=79 => page.later.map(|_| Choice::Later),
                _ => None,
            };
            if let Some(choice) = choice {
                let done = self.engine.choose(token.clone(), page.round, choice).await;
                if !self.revived().await? {
                    done.map_err(|why| format!("a buyer of many who chose {choice:?} was told: {why}"))?;
                    self.tally.add("choices made about many pieces");
                }
            }
        }
        for part in page.parts.iter().filter(|part| part.taken == Some(part.passed + part.short)) {
            if let (Ok(order), 1..) = (SpokenCode::parse(CodeKind::Order, &part.order), part.passed) {
                self.on_its_way(order, true);
            }
        }
        if left > 0 && !matches!(page.state.as_str(), "refunded" | "expired") {
            let wait = self.dice.hours(20, 100);
            self.later(wait, Happening::LooksAtMany(token, left - 1));
        }
        Ok(())
    }
}
