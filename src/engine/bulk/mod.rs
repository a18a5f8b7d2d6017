//! Bulk requests: spread over artisans as orders of their own, heard of part by part, offered onward
//! until everything is taken or the buyer must choose. [`makers`] finds who may be asked, [`shop`]
//! is the buyer's side.

pub mod front;
mod makers;
mod rows;
mod shop;

use super::Engine;
use super::actions::{Outcome, count_arg, refused};
use super::trade::Due;
use super::work::{Fault, Work};
use crate::dialog::input::Do;
use crate::market::bulk::{self, Bulk, BulkCommand, BulkEvent, BulkStage, Choice, PartNews, Share};
use crate::market::order::{self, Order, OrderCommand, OrderEvent, PartOf, Terms};
use crate::market::party::{self, Party, PartyCommand};
use crate::market::{Quote, Refusal};
use crate::menu::value::Value;
use crate::types::{CodeKind, Kes, SpokenCode, Usd};
use futures_util::future::BoxFuture;

impl Engine {
    /// Decides a command of a request and what follows: the books, the card, its parts.
    pub(super) async fn bulk_turn(
        &self, work: &mut Work<'_>, code: SpokenCode, command: &BulkCommand,
    ) -> Result<Result<usize, Refusal>, Fault> {
        let mut state = work.need::<Bulk>(code).await?;
        let before = state.clone();
        let events = match bulk::decide(Some(&state), command, &self.policy, work.now) {
            Ok(events) => events,
            Err(why) => return Ok(Err(why)),
        };
        work.apply::<Bulk>(code, events.clone());
        let over = |request: &Bulk| matches!(request.stage, BulkStage::Expired | BulkStage::Refunded);
        if over(&work.need::<Bulk>(code).await?) && !over(&state) {
            self.forget_buyer_later(work, code);
        }
        for event in &events {
            match event {
                BulkEvent::Paid { charged, .. } => {
                    self.captured(work, code, &state.terms.quote, *charged, Usd::ZERO)?;
                }
                BulkEvent::RefundDue(refund) => {
                    self.refund_due(work, code, state.payment.as_ref(), refund)?;
                }
                BulkEvent::RefundDone { round } => self.refund_done(work, code, &state.refunds, *round)?,
                BulkEvent::Offered(share) => self.begin_part(work, &state, share).await?,
                BulkEvent::RanOut => self.wait_for_choice(work, &state),
                BulkEvent::Held | BulkEvent::Freed | BulkEvent::BankTook(_) => {}
                BulkEvent::Placed(_)
                | BulkEvent::Expired
                | BulkEvent::Answered { .. }
                | BulkEvent::Passed { .. }
                | BulkEvent::Shorted { .. }
                | BulkEvent::GivenBack { .. }
                | BulkEvent::Sent { .. }
                | BulkEvent::RoundBegan { .. } => {}
            }
            state = bulk::evolve(Some(state), event, work.now)
                .ok_or_else(|| Fault::Broken(format!("request {code} came to nothing")))?;
        }
        self.letters_of_many(work, &before, &state, &events);
        Ok(Ok(events.len()))
    }

    /// The buyer is waited for: half-way the desk is told, at the end what is left goes back.
    fn wait_for_choice(&self, work: &mut Work<'_>, request: &Bulk) {
        let (code, round, time) = (request.terms.code, request.round, self.policy.bulk_choosing());
        for (after, over) in [(time / 2, false), (time, true)] {
            let due = Due::UnchosenBulk { code, round, over };
            work.timer(work.now.after(after), &format!("unchosen/{code}/{round}/{over}"), &due);
        }
    }

    /// A buyer who was kept from choosing has all the time for it again.
    pub(super) async fn choice_goes_on(&self, work: &mut Work<'_>, code: SpokenCode) -> Result<(), Fault> {
        let request = work.need::<Bulk>(code).await?;
        if request.stage == BulkStage::Choosing {
            self.wait_for_choice(work, &request);
        }
        Ok(())
    }

    /// The buyer has not chosen, half-way or at the end of the time for it.
    pub(super) async fn bulk_unchosen(
        &self, work: &mut Work<'_>, code: SpokenCode, round: u32, over: bool,
    ) -> Result<(), Fault> {
        let request = work.need::<Bulk>(code).await?;
        // While a bank asks about the payment, nobody chooses; afterwards there is time again.
        if request.stage != BulkStage::Choosing || request.round != round || request.held.is_some() {
            return Ok(());
        }
        if !over {
            let left = request.left;
            work.rings(move || tracing::warn!(request = %code, left, "ALARM: the buyer of many pieces has not chosen"));
            return Ok(());
        }
        match self.bulk_turn(work, code, &BulkCommand::Choose(Choice::Fewer)).await? {
            Ok(_) => Ok(()),
            Err(why) => Err(Fault::Broken(format!("what is left of request {code} stays: {why}"))),
        }
    }

    /// Offers what is left of a request to those who may be asked; when there is nobody and nobody
    /// has still to answer, the buyer chooses. How many were asked.
    pub(super) async fn spread_bulk(&self, work: &mut Work<'_>, code: SpokenCode) -> Result<usize, Fault> {
        let request = work.need::<Bulk>(code).await?;
        if request.stage != BulkStage::Gathering || request.left == 0 || request.held.is_some() {
            return Ok(0);
        }
        let most = self.policy.listing.max_ready;
        let mut shares = Vec::new();
        for (to, pieces) in bulk::spread(request.left, &self.makers_for(work, &request).await?, most) {
            let order = loop {
                let order = self.free_order_number(work).await?;
                // It is taken by nobody, nor by another share of this turn.
                if shares.iter().all(|share: &Share| share.order != order) {
                    break order;
                }
            };
            shares.push(Share { order, to, pieces });
        }
        let asked = shares.len();
        if let Err(why) = self.bulk_turn(work, code, &BulkCommand::Spread { shares }).await? {
            return Err(Fault::Broken(format!("request {code} could not be spread: {why}")));
        }
        Ok(asked)
    }

    /// A part is an order that is paid from the start: its money stands on the request's deposit.
    async fn begin_part(&self, work: &mut Work<'_>, request: &Bulk, share: &Share) -> Result<(), Fault> {
        let quote = Quote {
            pieces: share.pieces,
            shipping: Usd::ZERO,
            shipping_value: Kes::ZERO,
            tax: request.terms.quote.tax.without_shipping(),
            ..request.terms.quote
        };
        let payment = request.payment.clone().unwrap_or_default();
        let terms = Terms {
            code: share.order,
            listing: request.terms.listing,
            quote,
            country: request.terms.country.clone(),
            token: String::new(),
            bulk: Some(PartOf { code: request.terms.code, due: request.due }),
            shown: None,
            partner: None,
            purchase: None,
        };
        let broken = |why: Refusal| Fault::Broken(format!("part {} was refused: {why}", share.order));
        let placed =
            order::decide(None, &OrderCommand::Place(terms), &self.policy, work.now).map_err(broken)?;
        work.apply::<Order>(share.order, placed);
        let paid = OrderCommand::Pay { payment, charged: quote.charge() };
        for command in [paid, OrderCommand::Offer { to: share.to }] {
            self.order_turn(work, share.order, &command).await?.map_err(broken)?;
        }
        Ok(())
    }

    /// A part has come further: its request hears of it, and offers onward what came back. True when
    /// it was offered onward. A part's own events lead here, so the future is boxed.
    pub(super) fn part_came_further<'a>(
        &'a self, work: &'a mut Work<'_>, order: SpokenCode,
    ) -> BoxFuture<'a, Result<bool, Fault>> {
        Box::pin(async move {
            let part = work.need::<Order>(order).await?;
            let Some(PartOf { code, .. }) = part.terms.bulk else { return Ok(false) };
            if let Err(why) = self.bulk_turn(work, code, &BulkCommand::Hear(PartNews::of(&part))).await? {
                return Err(Fault::Broken(format!("request {code} does not know part {order}: {why}")));
            }
            Ok(self.spread_bulk(work, code).await? > 0)
        })
    }

    /// A number that is free for an order and for a bulk request.
    pub(super) async fn free_order_number(&self, work: &mut Work<'_>) -> Result<SpokenCode, Fault> {
        loop {
            let code = self.free_code::<Order>(work, CodeKind::Order).await?;
            if work.seen::<Bulk>(code).is_some() {
                continue;
            }
            if work.get::<Bulk>(code).await?.is_none() {
                return Ok(code);
            }
            work.forget::<Bulk>(code);
        }
    }

    /// `room.set`: how many pieces she can have in hand at a time.
    pub(super) async fn set_room(
        &self, work: &mut Work<'_>, me: &Party, wish: &Do,
    ) -> Result<Outcome, Fault> {
        let pieces = count_arg(wish, "pieces")?;
        match party::decide(Some(me), &PartyCommand::SetRoom { pieces }, &self.policy, work.now) {
            Ok(events) => work.apply::<Party>(me.id, events),
            Err(why) => return refused(wish, &why),
        }
        Ok(("ok", vec![Value::Int(i64::from(pieces))]))
    }
}

/// Whether an event of a part changes how many pieces its request has where.
pub(super) const fn moves_pieces(event: &OrderEvent) -> bool {
    use OrderEvent as E;
    matches!(
        event,
        E::Accepted { .. }
            | E::Refused { .. }
            | E::Lapsed { .. }
            | E::Passed { .. }
            | E::RefundDue(_)
            | E::Shipped
    )
}
