//! What the card processor tells: payments that come and do not fit, refunds that come back,
//! disputes. [`inbox`] keeps every event as it came, [`disputes`] and [`strays`] do what follows,
//! [`desk`] is the operators' side.

pub mod desk;
mod disputes;
pub mod inbox;
mod kept;
mod strays;

pub(super) use disputes::LastWord;
pub(super) use kept::paid_by_entry;
pub(super) use strays::StrayOut;

use super::Engine;
use super::record::Cause;
use super::shopfront::{CardEvent, CardNews, ShopError};
use super::turn::TRIES;
use super::view::{self, FromIndex};
use super::work::{Fault, Work};
use crate::market::bulk::{Bulk, BulkCommand};
use crate::market::listing::Listing;
use crate::market::order::{Order, OrderCommand, OrderStage};
use crate::market::trouble::{Trouble, TroubleKind};
use crate::market::{Quote, Refusal};
use crate::store::batch::InboxMark;
use crate::store::keys;
use crate::types::{SpokenCode, Usd};

/// What a payment paid for.
pub(super) enum Paid {
    /// An order, and those that were paid with it.
    Orders(Box<Order>, Vec<Order>),
    /// Many pieces at once.
    Bulk(SpokenCode, Box<Bulk>),
}

impl Paid {
    pub(super) fn code(&self) -> SpokenCode {
        match self {
            Self::Orders(order, _) => order.terms.code,
            Self::Bulk(code, _) => *code,
        }
    }

    /// What it was sold by; what was paid together was sold at one rate.
    pub(super) fn quote(&self) -> &Quote {
        match self {
            Self::Orders(order, _) => &order.terms.quote,
            Self::Bulk(_, request) => &request.terms.quote,
        }
    }

    /// What was paid.
    pub(super) fn charge(&self) -> Usd {
        match self {
            Self::Orders(order, others) => charge_of(std::iter::once(&**order).chain(others)),
            Self::Bulk(_, request) => request.terms.quote.charge(),
        }
    }
}

/// What orders come to together.
pub(super) fn charge_of<'o>(orders: impl Iterator<Item = &'o Order>) -> Usd {
    Usd::minor(orders.fold(0i64, |sum, order| sum.saturating_add(order.terms.quote.charge().cents())))
}

impl Engine {
    /// News of the card processor. `NotFound` when it speaks of a payment that is not known, or not
    /// yet.
    pub(super) async fn hear_card(&self, news: &CardNews) -> Result<Result<(), ShopError>, Fault> {
        for _ in 0..TRIES {
            let mut work = self.work(self.clock.now())?;
            if !self.card_event(&mut work, news).await? {
                tracing::warn!(
                    event = news.event_id,
                    "the card processor speaks of a payment that is not ours"
                );
                return Ok(Err(ShopError::NotFound));
            }
            let mark = InboxMark {
                key: keys::inbox(work.now, format!("card/{}", news.event_id).as_bytes()),
                answer: bytes::Bytes::from_static(b"1"),
            };
            match self.commit(work, Cause::Card(news.event_id.clone()), Some(mark)).await {
                Err(conflict) if conflict.is_conflict() => {}
                other => return other.map(|_| Ok(())),
            }
        }
        Err(Fault::Broken("an order never found a quiet moment".to_owned()))
    }

    /// False when it is about nothing that is known.
    async fn card_event(&self, work: &mut Work<'_>, news: &CardNews) -> Result<bool, Fault> {
        match &news.what {
            CardEvent::Paid(charged) => {
                let (about, refused) = match self.paid(work, news).await? {
                    Some((_, Ok(()))) => return Ok(true),
                    Some((code, Err(why))) => (Some(code), Some(why)),
                    None => (None, None),
                };
                let what = match refused {
                    None => TroubleKind::NoOrder,
                    Some(Refusal::OutOfRange { .. }) => TroubleKind::WrongSum,
                    Some(_) => TroubleKind::SecondPayment,
                };
                self.stray(work, what, (news.payment.as_str(), news.payment.as_str()), about, *charged)
                    .await?;
                Ok(true)
            }
            CardEvent::Expired => self.page_closed(work, news).await,
            // Our own outbox confirms each refund; the processor's word for it adds nothing.
            CardEvent::Refunded(_) => Ok(true),
            CardEvent::RefundFailed { refund, key, amount } => {
                self.refund_failed(work, &news.payment, refund, key.as_deref(), *amount).await
            }
            CardEvent::Dispute(told) => self.hear_dispute(work, &news.payment, told).await,
        }
    }

    /// A payment for an order or a request of ours, and what they say to it.
    async fn paid(
        &self, work: &mut Work<'_>, news: &CardNews,
    ) -> Result<Option<(SpokenCode, Result<(), Refusal>)>, Fault> {
        let CardEvent::Paid(charged) = news.what else { return Ok(None) };
        if news.token.is_empty() {
            return Ok(None);
        }
        if let Some((code, order)) = self.order_by_token(work, &news.token).await? {
            return Ok(Some((code, self.order_paid(work, &order, &news.payment, charged).await?)));
        }
        if let Some(heard) = self.purchase_paid(work, (&news.token, &news.payment), charged).await? {
            return Ok(Some(heard));
        }
        let Some(request) = self.bulk_by_token(work, &news.token).await? else { return Ok(None) };
        let code = request.terms.code;
        let pay = BulkCommand::Pay { payment: news.payment.clone(), charged };
        Ok(Some((
            code,
            match self.bulk_turn(work, code, &pay).await? {
                Ok(0) => Ok(()),
                Ok(_) => self.spread_bulk(work, code).await.map(|_| Ok(()))?,
                Err(why) => Err(why),
            },
        )))
    }

    /// A payment for an order; it is offered when that was in time.
    pub(super) async fn order_paid(
        &self, work: &mut Work<'_>, order: &Order, payment: &str, charged: Usd,
    ) -> Result<Result<(), Refusal>, Fault> {
        let code = order.terms.code;
        let pay = OrderCommand::Pay { payment: payment.to_owned(), charged };
        if let Err(why) = self.order_turn(work, code, &pay).await? {
            return Ok(Err(why));
        }
        if work.need::<Order>(code).await?.stage == OrderStage::Paid {
            let listing = work.need::<Listing>(order.terms.listing).await?;
            let offer = OrderCommand::Offer { to: listing.maker };
            if let Err(why) = self.order_turn(work, code, &offer).await? {
                return Err(Fault::Broken(format!("order {code} could not be offered: {why}")));
            }
        }
        Ok(Ok(()))
    }

    /// The payment page of an order, a purchase or a request is closed.
    async fn page_closed(&self, work: &mut Work<'_>, news: &CardNews) -> Result<bool, Fault> {
        let closed = OrderCommand::Expire { closed: true };
        if let Some((code, _)) = self.order_by_token(work, &news.token).await? {
            return Ok(self.order_turn(work, code, &closed).await?.is_ok());
        }
        let together = self.purchase_by_token(work, &news.token).await?;
        for order in &together {
            self.order_turn(work, order.terms.code, &closed).await?.map_err(|why| {
                Fault::Broken(format!("order {} could not be let go: {why}", order.terms.code))
            })?;
        }
        if !together.is_empty() {
            return Ok(true);
        }
        let Some(request) = self.bulk_by_token(work, &news.token).await? else { return Ok(false) };
        let closed = BulkCommand::Expire { closed: true };
        Ok(self.bulk_turn(work, request.terms.code, &closed).await?.is_ok())
    }

    /// What a payment paid for, if for anything of ours.
    pub(super) async fn paid_for(&self, work: &mut Work<'_>, payment: &str) -> Result<Option<Paid>, Fault> {
        for (key, _) in self.store.scan(kept::paid_by(payment), None, 8, false).await? {
            let code = keys::index_id(&key).and_then(|id| SpokenCode::from_octets(&id));
            if let Some(code) = code
                && let Some(paid) = self.purchase(work, code).await?
            {
                return Ok(Some(paid));
            }
        }
        Ok(None)
    }

    /// The order, with those that were paid with it, or the bulk request of a number.
    pub(super) async fn purchase(
        &self, work: &mut Work<'_>, code: SpokenCode,
    ) -> Result<Option<Paid>, Fault> {
        if let Some(order) = work.get::<Order>(code).await? {
            let mut others = Vec::new();
            for other in order.paid_together().into_iter().filter(|other| *other != code) {
                others.push(work.need::<Order>(other).await?);
            }
            return Ok(Some(Paid::Orders(Box::new(order), others)));
        }
        Ok(work.get::<Bulk>(code).await?.map(|request| Paid::Bulk(code, Box::new(request))))
    }

    /// Every trouble with a payment, as this turn has it.
    pub(super) async fn troubles_with(
        &self, work: &mut Work<'_>, payment: &str,
    ) -> Result<Vec<Trouble>, Fault> {
        let all = view::every::<Trouble>(work, kept::troubles_of(payment), false).await?;
        Ok(all.into_iter().map(|(_, trouble)| trouble).collect())
    }

    /// Whether a shopper's bank asks about a payment: nothing is refunded meanwhile.
    pub(super) async fn is_disputed(&self, work: &mut Work<'_>, payment: &str) -> Result<bool, Fault> {
        Ok(self.troubles_with(work, payment).await?.iter().any(Trouble::is_open_dispute))
    }
}
