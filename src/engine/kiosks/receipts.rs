//! Paper receipts: printed for a kiosk, given where there is no network, sent later by the maker or
//! the agent, whoever comes first. However many send one, it is one hand-over.

use super::rows::receipts_of;
use super::spoken;
use crate::dialog::input::Do;
use crate::engine::Engine;
use crate::engine::actions::{Outcome, refused};
use crate::engine::view;
use crate::engine::work::{Fault, Work};
use crate::market::kiosk::KioskCommand;
use crate::market::order::{Order, OrderCommand};
use crate::market::party::Role;
use crate::market::receipt::{self, Receipt, ReceiptCommand};
use crate::market::{Party, Refusal};
use crate::menu::value::{Record, Value};
use crate::types::{CodeKind, PartyId, SpokenCode};

/// Tries to find a number that nothing has.
const FRESH_TRIES: u32 = 64;

impl Engine {
    /// Prints receipts into a kiosk's book: its pages go on where the last ones ended.
    pub(super) async fn print_book(
        &self, work: &mut Work<'_>, kiosk: PartyId, count: u32,
    ) -> Result<Result<Vec<Receipt>, Refusal>, Fault> {
        let first = self.kiosk_of(work, kiosk).await?.pages + 1;
        if let Err(why) = self.kiosk_turn(work, kiosk, &KioskCommand::PrintReceipts { count }).await? {
            return Ok(Err(why));
        }
        let mut printed = Vec::new();
        for page in first..first + count {
            let number = self.free_receipt(work).await?;
            let command = ReceiptCommand::Print { number, kiosk, page };
            let events = receipt::decide(None, &command, &self.policy, work.now);
            work.apply::<Receipt>(number, events.map_err(|why| Fault::Broken(why.to_string()))?);
            printed.push(work.need::<Receipt>(number).await?);
        }
        Ok(Ok(printed))
    }

    async fn free_receipt(&self, work: &mut Work<'_>) -> Result<SpokenCode, Fault> {
        for _ in 0..FRESH_TRIES {
            let number = SpokenCode::nth(CodeKind::Once, work.entropy.next_u64());
            if work.get::<Receipt>(number).await?.is_none() {
                work.forget::<Receipt>(number);
                return Ok(number);
            }
        }
        Err(Fault::Broken("no receipt number is free any more".to_owned()))
    }

    /// Somebody sends the receipt of a parcel.
    pub(super) async fn send_receipt(
        &self, work: &mut Work<'_>, me: &Party, wish: &Do,
    ) -> Result<Outcome, Fault> {
        let (code, number) = (spoken(wish, "order")?, spoken(wish, "number")?);
        let order = work.get::<Order>(code).await?;
        let Some((order, maker)) = order.and_then(|order| order.maker.map(|maker| (order, maker))) else {
            return Ok(("no_order", vec![]));
        };
        if me.role != Role::Agent && me.id != maker {
            return Ok(("no_order", vec![]));
        }
        let Some(receipt) = work.get::<Receipt>(number).await? else { return Ok(("unknown", vec![])) };
        let send = ReceiptCommand::Send { by: me.actor(), order: code, maker };
        let shown = self.receipt_shown(work, &receipt, code).await?;
        let events = match receipt::decide(Some(&receipt), &send, &self.policy, work.now) {
            Ok(events) => events,
            Err(Refusal::Gone { .. }) => return Ok(("used", vec![shown])),
            Err(Refusal::NotAllowed) => return Ok(("other", vec![shown])),
            Err(why) => return refused(wish, &why),
        };
        if receipt.given.is_none()
            && let Some(outcome) = self.hand_over_by(work, &receipt, code, &order).await?
        {
            let shown = if outcome == "early" { self.order_value(work, code, &order).await? } else { shown };
            return Ok((outcome, vec![shown]));
        }
        work.apply::<Receipt>(number, events);
        Ok(("ok", vec![shown]))
    }

    /// The hand-over that a receipt proves, unless it is known already; what speaks against it.
    async fn hand_over_by(
        &self, work: &mut Work<'_>, receipt: &Receipt, code: SpokenCode, order: &Order,
    ) -> Result<Option<&'static str>, Fault> {
        let agent = work.need::<Party>(receipt.kiosk).await?;
        let here = order.custody.iter().filter(|hand_over| hand_over.receiver == agent.id).count();
        let known = here > 0;
        // Each paper stands for one hand-over: one that comes late, when she mends already, is none.
        if known && self.papers_of(work, agent.id, code).await? < here {
            return Ok(None);
        }
        match self.order_turn(work, code, &OrderCommand::Receive { by: agent.actor() }).await? {
            Ok(_) => Ok(None),
            // She brought it, and it was typed in and checked before anybody sent the paper.
            Err(Refusal::Gone { .. } | Refusal::NotInCustody) if known => Ok(None),
            Err(Refusal::NotInCustody) => Ok(Some("other")),
            Err(_) => Ok(Some("early")),
        }
    }

    /// How many papers of a kiosk's book were given for an order and sent.
    async fn papers_of(
        &self, work: &mut Work<'_>, kiosk: PartyId, order: SpokenCode,
    ) -> Result<usize, Fault> {
        let book = view::every::<Receipt>(work, receipts_of(kiosk), false).await?;
        Ok(book.iter().filter(|(_, paper)| paper.given.is_some_and(|given| given.order == order)).count())
    }

    async fn order_value(
        &self, work: &mut Work<'_>, code: SpokenCode, order: &Order,
    ) -> Result<Value, Fault> {
        Ok(Value::Record(self.order(work, code, order).await?))
    }

    async fn receipt_shown(
        &self, work: &mut Work<'_>, receipt: &Receipt, code: SpokenCode,
    ) -> Result<Value, Fault> {
        let agent = work.need::<Party>(receipt.kiosk).await?;
        Ok(Value::Record(Record::new(
            "receipt",
            receipt.number.to_string(),
            [
                ("number", Value::Code(receipt.number)),
                ("page", Value::Int(i64::from(receipt.page))),
                ("code", Value::Code(code)),
                ("place", Value::text(self.place_of(&agent))),
            ],
        )))
    }
}
