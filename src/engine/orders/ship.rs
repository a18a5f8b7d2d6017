//! Parcels to shoppers: an agent packs what passed and hands it to a carrier; what follows.

use crate::dialog::input::Do;
use crate::engine::Engine;
use crate::engine::actions::{Outcome, code_arg, count_arg, refused, text_arg};
use crate::engine::desk::books::statement::transfers_of;
use crate::engine::orders::LifeDue;
use crate::engine::trade::Due;
use crate::engine::work::{Fault, Work};
use crate::ledger::{Account, Fact, Kind, Reference};
use crate::market::listing::Listing;
use crate::market::order::{Order, OrderCommand, OrderEvent};
use crate::market::party::Party;
use crate::market::{Bulk, Refusal};
use crate::menu::value::Value;
use crate::types::{Kes, PartyId, SpokenCode};
use std::collections::BTreeSet;

impl Engine {
    /// `parcel.send`, `parcel.send_as`, `parcel.track_as`; `parcel.track` takes its number as a count, in menus
    /// of before.
    pub(in crate::engine) async fn send_parcel(
        &self, work: &mut Work<'_>, me: &Party, wish: &Do,
    ) -> Result<Outcome, Fault> {
        let code = code_arg(wish, "order")?;
        let order = work.need::<Order>(code).await?;
        if !wish.name.starts_with("parcel.track") {
            let listing = work.need::<Listing>(order.terms.listing).await?;
            let hs = self.policy.customs_class(listing.kind.as_str(), listing.stuff.as_str()).to_owned();
            let send = OrderCommand::Send { by: me.actor(), grams: count_arg(wish, "grams")?, hs };
            if let Err(why) = self.order_turn(work, code, &send).await? {
                return self.not_sent(work, code, wish, &why).await;
            }
        }
        if wish.name != "parcel.send" {
            // A number of digits alone comes as one, and may be longer than any other.
            let number = match wish.args.get("tracking") {
                Some(Value::Int(digits)) => digits.to_string(),
                _ => text_arg(wish, "tracking")?,
            };
            let track = OrderCommand::Track { by: Some(me.actor()), number };
            if let Err(why) = self.order_turn(work, code, &track).await? {
                return self.not_sent(work, code, wish, &why).await;
            }
        }
        let order = work.need::<Order>(code).await?;
        Ok(("ok", vec![Value::Record(self.order(work, code, &order).await?)]))
    }

    async fn not_sent(
        &self, work: &mut Work<'_>, code: SpokenCode, wish: &Do, why: &Refusal,
    ) -> Result<Outcome, Fault> {
        match why {
            Refusal::Gone { .. } | Refusal::NotInCustody | Refusal::NotAllowed => {
                let order = work.need::<Order>(code).await?;
                Ok(("not_here", vec![Value::Record(self.order(work, code, &order).await?)]))
            }
            Refusal::OutOfRange { .. } if wish.name != "parcel.send" => Ok(("bad_number", vec![])),
            why => refused(wish, why),
        }
    }

    /// What an event of a parcel brings about; `order` is the order just before it.
    pub(in crate::engine) async fn follow_parcel(
        &self, work: &mut Work<'_>, code: SpokenCode, order: &Order, event: &OrderEvent,
    ) -> Result<(), Fault> {
        match event {
            OrderEvent::Shipped => {
                let (at, what) = (work.now.after(self.policy.arrival()), LifeDue::Arrives(work.now));
                work.timer(at, &format!("arrives/{code}"), &Due::Life { order: code, what });
                Ok(())
            }
            OrderEvent::Delivered => {
                let (at, due) = (work.now.after(self.policy.closing()), work.now);
                let what = LifeDue::Closes(due);
                work.timer(at, &format!("closes/{code}"), &Due::Life { order: code, what });
                Ok(())
            }
            OrderEvent::CarrierPaid { cost } => {
                let collected = self.collected_for(work, order).await?;
                // Sent for nothing, or paid for with an earlier parcel.
                if collected == Kes::ZERO && *cost == Kes::ZERO {
                    return Ok(());
                }
                work.post(&Fact::ShippingSettled { order: code, collected, cost: *cost })
            }
            OrderEvent::ThanksRead { passed: true } => {
                let Some(thanks) = &order.thanks else { return Ok(()) };
                for maker in self.makers_of_pieces(work, code, order).await? {
                    let maker = work.need::<Party>(maker).await?;
                    let said = vec![Value::Code(code), Value::text(thanks.text.clone())];
                    self.tell(work, &maker, "order_thanks", said)?;
                }
                Ok(())
            }
            _ => Ok(()),
        }
    }

    /// Everybody of whose pieces some passed: those whom releases of the order were for. What one could
    /// not bring another may have made.
    async fn makers_of_pieces(
        &self, work: &Work<'_>, code: SpokenCode, order: &Order,
    ) -> Result<BTreeSet<PartyId>, Fault> {
        let transfers = transfers_of(work, &Reference::Order(code)).await?;
        let released = transfers.iter().filter(|transfer| transfer.kind == Kind::Released);
        let makers = released.flat_map(|transfer| &transfer.lines).filter_map(|line| match line.account {
            Account::Artisan(maker) => Some(maker),
            _ => None,
        });
        Ok(makers.chain(order.maker.filter(|_| order.passed == 0)).collect())
    }

    /// What the shopper paid for the carrier of this parcel. The parcels of a bulk request were paid
    /// for together, and the first that is settled brings all of it.
    async fn collected_for(&self, work: &mut Work<'_>, order: &Order) -> Result<Kes, Fault> {
        let Some(part) = order.terms.bulk else { return Ok(order.terms.quote.shipping_value) };
        let request = work.need::<Bulk>(part.code).await?;
        for other in request.parts.iter().filter(|other| other.order != order.terms.code) {
            let other = work.need::<Order>(other.order).await?;
            if other.parcel.is_some_and(|parcel| parcel.settled.is_some()) {
                return Ok(Kes::ZERO);
            }
        }
        Ok(request.terms.quote.shipping_value)
    }
}
