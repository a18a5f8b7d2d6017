//! What follows from the events of an order, a listing or a payout: stock, postings, texts to the
//! others, timers. All of it in the same turn, so all of it or none.

use super::Engine;
use super::port::Partly;
use super::push::Offered;
use super::view::{self, purse_of};
use super::work::{Fault, Work};
use crate::ledger::{Fact, MentorShare, Sale};
use crate::market::bulk::BulkCommand;
use crate::market::case::CaseKind;
use crate::market::kiosk::KioskCommand;
use crate::market::listing::{self, Listing, ListingCommand};
use crate::market::order::{self, Check, Order, OrderCommand, OrderEvent, OrderStage, RefundWhy};
use crate::market::party::{self, Party, PartyCommand};
use crate::market::payout::{self, Heard, PayFrom, Payout, PayoutCommand, PayoutEvent};
use crate::market::{Bulk, Switch};
use crate::menu::value::Value;
use crate::types::{Kes, PartyId, PayoutId, Purpose, SpokenCode, Timestamp, Usd};
use serde::{Deserialize, Serialize};
use std::time::Duration;

pub use super::due::Due;

/// A refund on its way to the card processor.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RefundOut {
    /// The order.
    pub order: SpokenCode,
    /// Which of its refunds.
    pub round: u32,
    /// The processor's id of the payment.
    pub payment: String,
    /// What goes back.
    pub back: Usd,
    /// Since when; a row without it is taken to be old.
    #[serde(default)]
    pub asked: Timestamp,
}

/// An SMS in the outbox.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Text {
    /// To whom.
    pub to: crate::types::Msisdn,
    /// What it says.
    pub text: String,
    /// Which message of the catalogue; empty for a screen sent as text.
    pub name: String,
    /// Why it is sent.
    #[serde(default)]
    pub purpose: Purpose,
    /// When it was decided: where it stands among the messages.
    #[serde(default)]
    pub queued: Option<Timestamp>,
    /// How often it was tried and refused, or not answered.
    #[serde(default)]
    pub tried: u32,
    /// How far a long one came.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub partly: Option<Partly>,
    /// What a push may ask or show in its place.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub offer: Option<Offered>,
}

/// How long an offer that cannot be answered, because the desk stopped orders, waits longer each time.
const WHILE_STOPPED: Duration = Duration::from_secs(3_600);

impl Engine {
    /// Sends a person a text of the catalogue, in her language.
    pub(super) fn tell(
        &self, work: &mut Work<'_>, to: &Party, name: &str, args: Vec<Value>,
    ) -> Result<(), Fault> {
        let text = self.menus.say(name, &args, to.lang).map_err(Fault::Broken)?;
        self.text(work, to.phone, text, name);
        Ok(())
    }

    /// Sends a phone a text.
    pub(super) fn text(&self, work: &mut Work<'_>, to: crate::types::Msisdn, text: String, name: &str) {
        self.post(work, to, text, name, self.menus.purpose(name));
    }

    /// What an agent's verdict on a listing brings about: the fee, which is for the listing and so
    /// for the first verdict on it, and the maker's text.
    pub(super) async fn listing_checked(
        &self, work: &mut Work<'_>, agent: &Party, listing: &Listing,
    ) -> Result<(), Fault> {
        if listing.checks == 1 {
            work.post(&Fact::ListingValidated {
                listing: listing.code,
                round: listing.checks,
                agent: agent.id,
                fee: self.policy.agent.listing_validated(),
            })?;
        }
        let maker = work.need::<Party>(listing.maker).await?;
        if maker.kiosk_used.is_none() {
            self.note_kiosk(work, maker.id, agent.id).await?;
        }
        let shown = Value::Record(self.listing(work, listing).await?);
        match listing.reason {
            None if listing.in_shop() => self.tell(work, &maker, "listing_on_sale", vec![shown]),
            None => self.tell(work, &maker, "listing_without_photo", vec![shown]),
            Some(reason) => {
                let why = Value::word("reason", reason.word());
                let help = Value::Phone(self.house.help_phone);
                self.tell(work, &maker, "listing_refused", vec![shown, why, help])
            }
        }
    }

    /// What the events of an order bring about elsewhere.
    pub(super) async fn follow_order(
        &self, work: &mut Work<'_>, code: SpokenCode, before: &Order, events: &[OrderEvent],
    ) -> Result<(), Fault> {
        let mut state = before.clone();
        for event in events {
            if let Some(command) = state.stock(event) {
                self.stock(work, &state, &command).await?;
            }
            self.follow_event(work, code, &state, event).await?;
            state = order::evolve(Some(state), event, work.now)
                .ok_or_else(|| Fault::Broken(format!("order {code} came to nothing")))?;
        }
        self.forget_later(work, before, &state);
        self.letters_of(work, code, before, events);
        let judged =
            |event: &OrderEvent| matches!(event, OrderEvent::Passed { .. } | OrderEvent::Failed { .. });
        if events.iter().any(judged) {
            self.judged(work, code, before).await?;
            if let Some(maker) = before.maker {
                // What this turn posts can be read by the next one.
                work.timer(work.now, &format!("record/{maker}"), &Due::Record(maker));
            }
        }
        self.tell_helpers(work, code, events).await?;
        let onward = match before.terms.bulk {
            Some(_) if events.iter().any(super::bulk::moves_pieces) => {
                self.part_came_further(work, code).await?
            }
            Some(part) => {
                if let Some(request) = view::read::<Bulk>(work, part.code).await? {
                    work.shown_on(request.terms.token);
                }
                false
            }
            None => events.iter().any(|event| matches!(event, OrderEvent::Offered(_))),
        };
        for event in events {
            if let OrderEvent::Lapsed { by } = event {
                let name = if onward { "order_passed_on" } else { "order_lapsed" };
                self.tell_as(work, code, before, *by, name).await?;
            }
        }
        Ok(())
    }

    /// What one event brings about; `order` is the order just before it.
    async fn follow_event(
        &self, work: &mut Work<'_>, code: SpokenCode, order: &Order, event: &OrderEvent,
    ) -> Result<(), Fault> {
        let quote = order.terms.quote;
        match event {
            // The money of a part stands on its request's deposit, and goes back there.
            OrderEvent::Paid { .. } if order.terms.bulk.is_some() => Ok(()),
            OrderEvent::RefundDue(refund)
                if order.terms.bulk.is_some() && refund.why != RefundWhy::AfterRelease =>
            {
                Ok(())
            }
            OrderEvent::Paid { charged, .. } => {
                let before = order.terms.purchase.as_ref().map_or(Usd::ZERO, |one| one.before);
                self.captured(work, code, &quote, *charged, before)
            }
            OrderEvent::Offered(offer) => {
                work.timer(offer.until, &format!("offer/{code}"), &Due::Unanswered(code));
                self.offer(work, code, offer.to).await
            }
            OrderEvent::MarkedReady { by } => {
                let maker = work.need::<Party>(*by).await?;
                // What a kiosk has by now is not on its way to one.
                if work.need::<Order>(code).await?.stage != OrderStage::Ready {
                    return Ok(());
                }
                match self.kiosk_for(&maker) {
                    // A kiosk is told when somebody has the parcel.
                    Some(agent) if !self.send_for(work, code).await? => {
                        self.tell_order(work, code, agent.id, "parcel_coming").await
                    }
                    _ => Ok(()),
                }
            }
            OrderEvent::RiderAsked(errand) => self.rider_asked(work, code, errand).await,
            OrderEvent::NoRider => self.no_rider(work, code).await,
            OrderEvent::RiderGoes { by, until: Some(until) } => {
                self.rider_goes(work, code, order, *by, *until);
                Ok(())
            }
            OrderEvent::NumberMissed { by, left: 0 } => {
                self.not_needed(work, code, order, Some(*by)).await?;
                work.rings(
                    move || tracing::warn!(order = %code, "ALARM: a rider gave the wrong number three times"),
                );
                let text = "a rider gave the wrong number three times; no number opens the parcel any more";
                self.note_case(work, CaseKind::WrongNumber, Some(code), vec![], text).await
            }
            OrderEvent::PickedUp(hand_over) => self.picked_up(work, code, order, hand_over).await,
            OrderEvent::Received(hand_over) => {
                self.ride_ended(work, code, order, hand_over).await?;
                let maker = order.maker.unwrap_or(hand_over.giver);
                self.note_kiosk(work, maker, hand_over.receiver).await?;
                self.tell_order(work, code, maker, "order_here").await
            }
            OrderEvent::Passed { pieces, round, .. } => {
                self.released(work, code, order, *pieces, *round).await
            }
            OrderEvent::BoxUsed { by, round, .. } => work.post(&Fact::BoxUsed {
                order: code,
                round: *round,
                agent: *by,
                fee: self.policy.agent.box_used(),
            }),
            OrderEvent::RefundDue(refund) => {
                if let (RefundWhy::Cancelled, Some(offer)) = (refund.why, order.offer) {
                    self.tell_as(work, code, order, offer.to, "order_cancelled").await?;
                }
                self.refund_due(work, code, order.payment.as_ref(), refund)
            }
            OrderEvent::RefundDone { round } => self.refund_done(work, code, &order.refunds, *round),
            OrderEvent::Accepted { .. }
            | OrderEvent::SentBack { .. }
            | OrderEvent::Postponed { .. }
            | OrderEvent::Shorted { .. }
            | OrderEvent::ChoiceAsked(_)
            | OrderEvent::Chosen { .. }
            | OrderEvent::BroughtAfterAll { .. }
            | OrderEvent::Held
            | OrderEvent::Freed
            | OrderEvent::BankTook(_)
            | OrderEvent::Cancelled(_) => self.follow_life(work, code, order, event).await,
            OrderEvent::Packed(_)
            | OrderEvent::Shipped
            | OrderEvent::Tracked { .. }
            | OrderEvent::Delivered
            | OrderEvent::Closed
            | OrderEvent::CarrierPaid { .. }
            | OrderEvent::Thanked { .. }
            | OrderEvent::Complained(_)
            | OrderEvent::Returned { .. }
            | OrderEvent::ThanksRead { .. } => self.follow_parcel(work, code, order, event).await,
            OrderEvent::Placed(_)
            | OrderEvent::Expired
            | OrderEvent::RiderGoes { .. }
            | OrderEvent::RiderLeft { .. }
            | OrderEvent::NumberMissed { .. }
            | OrderEvent::Refused { .. }
            | OrderEvent::Lapsed { .. }
            | OrderEvent::Failed { .. }
            | OrderEvent::Completed => Ok(()),
        }
    }

    /// The fee of a check, once per parcel, and the maker's text.
    async fn judged(&self, work: &mut Work<'_>, code: SpokenCode, before: &Order) -> Result<(), Fault> {
        let order = work.need::<Order>(code).await?;
        let Some(check) = order.check else { return Ok(()) };
        let first = before.check.is_none_or(|was: Check| was.passed + was.failed == 0);
        if first {
            work.post(&Fact::ParcelChecked {
                order: code,
                round: check.round,
                agent: check.by,
                fee: self.policy.agent.parcel_checked(),
            })?;
        }
        if check.left() == 0 {
            let (round, passed, failed) = (check.round, check.passed, check.failed);
            let judged = KioskCommand::Judged { order: code, round, passed, failed };
            let counted = self.kiosk_turn(work, check.by, &judged).await?;
            counted.map_err(|why| Fault::Broken(format!("the check of {code}: {why}")))?;
        }
        let Some(maker) = order.maker else { return Ok(()) };
        let maker = work.need::<Party>(maker).await?;
        let was = before.check.map_or((0, 0), |was| (was.passed, was.failed));
        let (passed, failed) = (check.passed.saturating_sub(was.0), check.failed.saturating_sub(was.1));
        let count = PartyCommand::CountJudged { passed, failed };
        if let Ok(events) = party::decide(Some(&maker), &count, &self.policy, work.now) {
            work.apply::<Party>(maker.id, events);
        }
        let shown = Value::Record(self.check(work, code, &order, &maker).await?);
        if check.passed > was.0 {
            let took = self.loan_took(work, code, &order).await?;
            let name = if took > Kes::ZERO { "order_released_loan" } else { "order_released" };
            self.tell(work, &maker, name, vec![shown.clone()])?;
        }
        if check.failed > was.1 {
            self.tell(work, &maker, "order_failed", vec![shown])?;
        }
        Ok(())
    }

    async fn released(
        &self, work: &mut Work<'_>, code: SpokenCode, order: &Order, pieces: u32, round: u32,
    ) -> Result<(), Fault> {
        let maker = order.maker.ok_or_else(|| Fault::Broken(format!("order {code} has no maker")))?;
        let quote = order.terms.quote;
        let sale = Sale {
            value: quote.value(pieces),
            maker_gets: quote.maker_gets(pieces),
            mentor: order.mentoring.map(|m| MentorShare { mentor: m.mentor, share_bp: m.share_bp }),
        };
        let loan = self.loan_cut_of(work, maker).await?;
        let deposit = order.deposit();
        work.post(&Fact::Released { order: code, deposit, round, maker, sale, loan })?;
        if let Some(cut) = loan {
            self.take_for_loan(work, (code, round), maker, sale.maker_gets, cut).await?;
        }
        self.tell_share(work, order, maker, pieces, &sale).await
    }

    async fn stock(&self, work: &mut Work<'_>, order: &Order, command: &ListingCommand) -> Result<(), Fault> {
        let listing = work.need::<Listing>(order.terms.listing).await?;
        // Pieces that somebody else has made are none of hers.
        let others = order.maker.is_some_and(|maker| maker != listing.maker);
        if others && matches!(command, ListingCommand::CountSold { .. }) {
            return Ok(());
        }
        match listing::decide(Some(&listing), command, &self.policy, work.now) {
            Ok(events) => work.apply::<Listing>(listing.code, events),
            // Her own count of what is ready may have moved under an order; the order stands.
            Err(why) => {
                tracing::warn!(listing = %listing.code, refusal = why.code(), "stock does not follow")
            }
        }
        Ok(())
    }

    async fn tell_order(
        &self, work: &mut Work<'_>, code: SpokenCode, to: PartyId, name: &str,
    ) -> Result<(), Fault> {
        let order = work.need::<Order>(code).await?;
        self.tell_as(work, code, &order, to, name).await
    }

    pub(super) async fn tell_as(
        &self, work: &mut Work<'_>, code: SpokenCode, order: &Order, to: PartyId, name: &str,
    ) -> Result<(), Fault> {
        let to = work.need::<Party>(to).await?;
        let shown = Value::Record(self.order(work, code, order).await?);
        self.tell(work, &to, name, vec![shown])
    }

    /// What the provider says of a payout, and what follows.
    pub(super) async fn hear(&self, work: &mut Work<'_>, id: PayoutId, heard: Heard) -> Result<(), Fault> {
        let Some(before) = work.get::<Payout>(id).await? else {
            tracing::warn!(payout = %id, "the provider speaks of a payout that is not ours");
            return Ok(());
        };
        let events = match payout::decide(Some(&before), &PayoutCommand::Hear(heard), &self.policy, work.now)
        {
            Ok(events) => events,
            Err(why) => {
                tracing::warn!(payout = %id, refusal = why.code(), "news of a payout that cannot be");
                return Ok(());
            }
        };
        work.apply::<Payout>(id, events.clone());
        for event in events {
            self.follow_payout(work, id, &event).await?;
        }
        Ok(())
    }

    pub(super) async fn follow_payout(
        &self, work: &mut Work<'_>, id: PayoutId, event: &PayoutEvent,
    ) -> Result<(), Fault> {
        let payout = work.need::<Payout>(id).await?;
        let owner = work.need::<Party>(payout.owner).await?;
        let told = matches!(
            event,
            PayoutEvent::WentUnknown { .. } | PayoutEvent::Contradicted { .. } | PayoutEvent::Waits
        );
        if payout.from == PayFrom::Loan && !told {
            return self.follow_disbursal(work, &payout, &owner, event).await;
        }
        let (amount, from) = (payout.amount, purse_of(payout.from, owner.id));
        let fee = self.policy_at(&payout.via).payout_fee(amount);
        let text = match event {
            PayoutEvent::WentUnknown { .. } => "payout_unknown",
            PayoutEvent::Waits => "payout_waits",
            PayoutEvent::Paid { .. } => {
                work.post(&Fact::PayoutPaid { payout: id, owner: owner.id, amount, fee })?;
                "payout_paid"
            }
            PayoutEvent::PaidLate { .. } => {
                let left = Kes::minor(work.sum(from.account()).await?.max(0));
                work.post(&Fact::PayoutPaidLate {
                    payout: id,
                    from,
                    amount,
                    covered: amount.min(left),
                    fee,
                })?;
                "payout_paid_after_all"
            }
            PayoutEvent::Failed { .. } => {
                work.post(&Fact::PayoutFailed { payout: id, from, amount })?;
                if Self::is_kept_back(event) { "payout_kept" } else { "payout_failed" }
            }
            PayoutEvent::Reversed { .. } => {
                work.post(&Fact::PayoutReversed { payout: id, from, amount })?;
                "payout_failed"
            }
            PayoutEvent::Contradicted { heard } => {
                let heard = heard.clone();
                work.rings(move || tracing::error!(payout = %id, ?heard, "ALARM: the provider contradicts itself; ask it, with its statement in hand"));
                let text = format!(
                    "mobile money contradicts itself about payout {id}; nothing is booked on it: ask it, with its statement"
                );
                return self.note_case(work, CaseKind::Other, None, vec![owner.id], &text).await;
            }
            PayoutEvent::Asked { .. } | PayoutEvent::Reserved | PayoutEvent::Submitted => return Ok(()),
        };
        if owner.is_erased() {
            return self.nobodys_money(work, &payout, event).await;
        }
        let shown = Value::Record(self.payout(work, &payout, &owner).await?);
        let why = (text == "payout_kept").then(|| self.kept_back_words(&owner, payout.from));
        self.tell(work, &owner, text, [Some(shown), why].into_iter().flatten().collect())
    }

    /// News of money of somebody who was forgotten: nobody reads it, and nobody can take out what came back.
    async fn nobodys_money(
        &self, work: &mut Work<'_>, payout: &Payout, event: &PayoutEvent,
    ) -> Result<(), Fault> {
        let account = purse_of(payout.from, payout.owner).account();
        let sum = Kes::minor(work.sum(account).await?);
        if sum == Kes::ZERO {
            return Ok(());
        }
        let (id, event) = (payout.id, event.clone());
        work.rings(move || tracing::error!(payout = %id, %account, ?event, "ALARM: money came back for somebody who was forgotten"));
        let text = format!(
            "payout {} of somebody who was forgotten came back: KSh {sum} stand on {account}, which nobody can draw; \
             two people post it elsewhere",
            payout.id
        );
        self.note_case(work, CaseKind::Other, None, vec![payout.owner], &text).await
    }

    /// Does what fell due.
    pub(super) async fn fall_due(&self, work: &mut Work<'_>, due: &Due) -> Result<(), Fault> {
        match due {
            Due::Unpaid(code) => {
                let closed = OrderCommand::Expire { closed: false };
                // What is paid together is let go together.
                for code in work.need::<Order>(*code).await?.paid_together() {
                    self.order_due(work, code, OrderStage::Placed, &closed).await?;
                }
                Ok(())
            }
            Due::Unanswered(code) => {
                let order = work.need::<Order>(*code).await?;
                if order.stage != OrderStage::Offered {
                    return Ok(());
                }
                // Who may not answer has not failed to.
                if self.stopped(&[Switch::Orders]).is_some() {
                    work.timer(work.now.after(WHILE_STOPPED), &format!("offer/{code}"), due);
                    return Ok(());
                }
                let lapse = OrderCommand::Lapse { next: self.next_maker(work, &order).await? };
                self.order_due(work, *code, OrderStage::Offered, &lapse).await
            }
            Due::MediaOver(id) => {
                Self::forget_media(work, id);
                Ok(())
            }
            Due::DraftOver { holder, key } => {
                Self::forget_draft(work, *holder, key);
                Ok(())
            }
            Due::ForgetBuyer(code) => self.forget_buyer(work, *code).await,
            Due::UnpaidBulk(code) => {
                let late = BulkCommand::Expire { closed: false };
                if let Err(why) = self.bulk_turn(work, *code, &late).await? {
                    tracing::warn!(request = %code, refusal = why.code(), "a timer came to nothing");
                }
                Ok(())
            }
            Due::UnchosenBulk { code, round, over } => self.bulk_unchosen(work, *code, *round, *over).await,
            Due::Parts(from) => self.give_up_parts(work, *from).await,
            Due::Cut { msisdn, touched } => self.remind(work, *msisdn, *touched).await,
            Due::Unfetched { order, to } => self.unfetched(work, *order, *to).await,
            Due::CashOver(id) => self.cash_over(work, *id).await,
            Due::DisplayCount(agent) => self.ask_for_count(work, *agent).await,
            Due::Life { order, what } => self.life_due(work, *order, *what).await,
            Due::Graduates { artisan, until } => self.graduates(work, *artisan, *until).await,
            Due::LoanQuiet { loan, moved } => self.loan_is_quiet(work, *loan, *moved).await,
            Due::RestOver(person, since) => self.rest_over(work, *person, *since).await,
            Due::MoneyBack(who) => self.money_back(work, *who).await,
            Due::Record(maker) => self.weigh_record(work, *maker).await,
            Due::PassOver(name) => {
                super::photos::passes::forget(work, name);
                Ok(())
            }
            Due::Tell(bulletin) => self.tell_on(work, *bulletin).await,
            Due::LastWord(last) => self.last_word(work, *last).await,
            Due::DayOver(day) => self.day_over(work, day).await,
            Due::FloatsLookedAt => self.hour_over(work).await,
            Due::ApprovalEnds(id) => self.approval_ends(work, *id).await,
            Due::Receipt { receipt, left } => self.look_again(work, receipt, *left).await,
        }
    }

    async fn order_due(
        &self, work: &mut Work<'_>, code: SpokenCode, stage: OrderStage, command: &OrderCommand,
    ) -> Result<(), Fault> {
        let order = work.need::<Order>(code).await?;
        if order.stage == stage
            && let Err(why) = self.order_turn(work, code, command).await?
        {
            tracing::warn!(order = %code, refusal = why.code(), "a timer came to nothing");
        }
        Ok(())
    }
}
