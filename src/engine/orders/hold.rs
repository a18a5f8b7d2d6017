//! What follows when a shopper's bank asks about the payment of an order, and when it has an answer.

use super::LifeDue;
use crate::engine::Engine;
use crate::engine::trade::Due;
use crate::engine::work::{Fault, Work};
use crate::market::Party;
use crate::market::order::{self, Order, OrderEvent, OrderStage};
use crate::menu::value::Value;
use crate::types::{PartyId, SpokenCode};

/// Whom it keeps waiting: who makes it, or is asked to.
fn waiting(order: &Order) -> Option<PartyId> {
    use OrderStage as S;
    match order.stage {
        S::Offered => order.offer.map(|offer| offer.to),
        S::Making | S::Ready | S::WithRider | S::AtKiosk | S::Choosing => order.maker,
        _ => None,
    }
}

/// Which kiosk has it, to check or to send.
fn keeper(order: &Order) -> Option<PartyId> {
    match order.stage {
        OrderStage::AtKiosk => order.check.map(|check| check.by),
        OrderStage::Released => order.waits_with(),
        _ => None,
    }
}

impl Engine {
    /// What comes of it; `order` is the order just before it.
    pub(super) async fn follow_hold(
        &self, work: &mut Work<'_>, code: SpokenCode, order: &Order, event: &OrderEvent,
    ) -> Result<(), Fault> {
        let whom = waiting(order);
        if let Some(keeper) = keeper(order) {
            let name = match event {
                OrderEvent::Held => "parcel_held",
                OrderEvent::Freed => "parcel_freed",
                _ => "parcel_bank_took",
            };
            self.tell_as(work, code, order, keeper, name).await?;
        }
        match event {
            OrderEvent::Held => {
                if let Some(whom) = whom {
                    self.tell_as(work, code, order, whom, "order_held").await?;
                }
            }
            OrderEvent::Freed => {
                let now = order::evolve(Some(order.clone()), event, work.now);
                let now = now.ok_or_else(|| Fault::Broken(format!("order {code} came to nothing")))?;
                if let Some(whom) = whom {
                    let until = now.offer.map(|offer| offer.until).or(now.due).unwrap_or(work.now);
                    let shown = Value::Record(self.order(work, code, &now).await?);
                    let whom = work.need::<Party>(whom).await?;
                    self.tell(work, &whom, "order_freed", vec![shown, Value::Date(until)])?;
                }
                self.goes_on(work, code, &now).await?;
            }
            _ => {
                if let Some(whom) = whom {
                    let shown = Value::Record(self.order(work, code, order).await?);
                    let whom = work.need::<Party>(whom).await?;
                    let help = Value::Phone(self.house.help_phone);
                    self.tell(work, &whom, "order_bank_took", vec![shown, help])?;
                }
                self.not_needed(work, code, order, None).await?;
            }
        }
        Ok(())
    }

    /// What waited in silence is waited for again, each from where it stood.
    async fn goes_on(&self, work: &mut Work<'_>, code: SpokenCode, order: &Order) -> Result<(), Fault> {
        if let Some(offer) = order.offer {
            work.timer(offer.until, &format!("offer/{code}/freed"), &Due::Unanswered(code));
        }
        match (order.stage, order.due) {
            (OrderStage::Making, Some(due)) => self.day_named(work, code, due),
            (OrderStage::Choosing, _) => {
                if let Some(choice) = order.asked() {
                    let what = LifeDue::Unchosen(choice.round);
                    let id = format!("unchosen/{code}/{}/freed", choice.round);
                    work.timer(choice.until, &id, &Due::Life { order: code, what });
                }
            }
            (OrderStage::Ready, _) => match order.pickup.as_ref().and_then(|pickup| pickup.asked) {
                Some((to, _)) => {
                    let due = Due::Unfetched { order: code, to };
                    work.timer(
                        work.now.after(self.policy.pickup()),
                        &format!("unfetched/{code}/freed"),
                        &due,
                    );
                }
                None => {
                    self.send_for(work, code).await?;
                }
            },
            (OrderStage::Shipped, _) => {
                let (what, end) = (LifeDue::Arrives(order.since), order.since.after(self.policy.arrival()));
                let id = format!("arrives/{code}/freed");
                work.timer(end.max(work.now), &id, &Due::Life { order: code, what });
            }
            (OrderStage::Delivered, _) => {
                let what = LifeDue::Closes(work.now);
                let id = format!("closes/{code}/freed");
                work.timer(work.now.after(self.policy.closing()), &id, &Due::Life { order: code, what });
            }
            _ => {}
        }
        Ok(())
    }
}
