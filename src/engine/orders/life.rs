//! Days that pass: the maker is reminded, may ask for more time, is asked once, and what is still
//! outstanding then is given up.

use crate::dialog::input::Do;
use crate::engine::Engine;
use crate::engine::actions::{Outcome, code_arg, count_arg, missing, plain_word, refused};
use crate::engine::trade::Due;
use crate::engine::work::{Fault, Work};
use crate::ledger::Fact;
use crate::market::Refusal;
use crate::market::order::{Cancellation, LateWhy, Order, OrderCommand, OrderEvent, OrderStage};
use crate::market::party::Party;
use crate::menu::value::Value;
use crate::types::time::NAIROBI;
use crate::types::{Kes, SpokenCode, Timestamp};
use serde::{Deserialize, Serialize};

/// What falls due in the life of an order. A day that was moved in the meantime makes it void.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LifeDue {
    /// The morning before its day.
    Reminds(Timestamp),
    /// The morning after its day.
    Overdue(Timestamp),
    /// The end of the days of grace.
    RunsOut(Timestamp),
    /// The shopper has not chosen; which question.
    Unchosen(u32),
    /// A carrier has had it since then, and nobody said that it arrived.
    Arrives(Timestamp),
    /// It was delivered then, and nothing is left to do.
    Closes(Timestamp),
}

impl Engine {
    /// Sets the timers of a day. One that lies behind us already is not set.
    pub(super) fn day_named(&self, work: &mut Work<'_>, order: SpokenCode, due: Timestamp) {
        let policy = &self.policy;
        let day = due.millis();
        for (at, name, what) in [
            (policy.reminded(due), "remind", LifeDue::Reminds(due)),
            (policy.overdue(due), "overdue", LifeDue::Overdue(due)),
            (policy.given_up(due), "runs-out", LifeDue::RunsOut(due)),
        ] {
            // Days of grace she has, however late she took it.
            let at = match what {
                LifeDue::RunsOut(_) if at <= work.now => policy.given_up(work.now),
                _ => at,
            };
            if at > work.now {
                work.timer(at, &format!("{name}/{order}/{day}"), &Due::Life { order, what });
            }
        }
    }

    /// What an event of its life brings about; `order` is the order just before it.
    pub(in crate::engine) async fn follow_life(
        &self, work: &mut Work<'_>, code: SpokenCode, order: &Order, event: &OrderEvent,
    ) -> Result<(), Fault> {
        match event {
            OrderEvent::Accepted { due, .. }
            | OrderEvent::SentBack { due, .. }
            | OrderEvent::Postponed { due, .. } => self.day_named(work, code, *due),
            OrderEvent::Held | OrderEvent::Freed | OrderEvent::BankTook(_) => {
                self.follow_hold(work, code, order, event).await?;
            }
            // Who has it is to bring it, or to say where it is.
            OrderEvent::Shorted { .. } if order.stage == OrderStage::WithRider => {
                let rider = order.holder().ok_or_else(|| Fault::Broken(format!("nobody has {code}")))?;
                let rider = work.need::<Party>(rider).await?;
                let shown = Value::Record(self.task(work, code, order, &rider).await?);
                let help = Value::Phone(self.house.help_phone);
                self.tell(work, &rider, "pickup_late", vec![shown, help])?;
            }
            OrderEvent::Shorted { .. } => self.not_needed(work, code, order, None).await?,
            OrderEvent::Chosen { again: false } => {
                let maker = order.maker.ok_or_else(|| Fault::Broken(format!("order {code} has no maker")))?;
                self.tell_as(work, code, order, maker, "order_not_again").await?;
            }
            OrderEvent::Cancelled(Cancellation { materials, kept }) => {
                let maker = order.maker.ok_or_else(|| Fault::Broken(format!("order {code} has no maker")))?;
                let (kept, materials) = (*kept, *materials);
                // A house that leaves her nothing for materials has nothing to post.
                if (kept, materials) != (Kes::ZERO, Kes::ZERO) {
                    work.post(&Fact::MaterialsKept { order: code, maker, kept, materials })?;
                }
                let maker = work.need::<Party>(maker).await?;
                let shown = Value::Record(self.order(work, code, order).await?);
                self.tell(work, &maker, "order_cancelled_kept", vec![shown, Value::Kes(materials)])?;
            }
            OrderEvent::ChoiceAsked(choice) => {
                let what = LifeDue::Unchosen(choice.round);
                let id = format!("unchosen/{code}/{}", choice.round);
                work.timer(choice.until, &id, &Due::Life { order: code, what });
            }
            _ => {}
        }
        Ok(())
    }

    /// Does what fell due in the life of an order.
    pub(in crate::engine) async fn life_due(
        &self, work: &mut Work<'_>, code: SpokenCode, what: LifeDue,
    ) -> Result<(), Fault> {
        let order = work.need::<Order>(code).await?;
        let (LifeDue::Reminds(day) | LifeDue::Overdue(day) | LifeDue::RunsOut(day)) = what else {
            return self.life_over(work, code, what).await;
        };
        if order.due != Some(day) {
            return Ok(());
        }
        let on_its_way =
            matches!(order.stage, OrderStage::Ready | OrderStage::WithRider | OrderStage::AtKiosk);
        if on_its_way && matches!(what, LifeDue::RunsOut(_)) {
            work.rings(
                move || tracing::warn!(order = %code, "ALARM: a parcel is not checked, long after its day"),
            );
        }
        let (OrderStage::Making, Some(maker)) = (order.stage, order.maker) else { return Ok(()) };
        let shown = Value::Record(self.order(work, code, &order).await?);
        let maker = work.need::<Party>(maker).await?;
        // What is short of a part goes back to its buyer without a question.
        let (overdue, run_out) = match order.terms.bulk {
            Some(_) => ("part_overdue", "part_run_out"),
            None => ("order_overdue", "order_run_out"),
        };
        match what {
            // A reminder that comes late, after the service stood still, would be wrong.
            LifeDue::Reminds(_) if work.now.civil(NAIROBI) >= day.civil(NAIROBI) => Ok(()),
            LifeDue::Reminds(_) => self.tell(work, &maker, "order_tomorrow", vec![shown]),
            LifeDue::Overdue(_) => {
                let until = Value::Date(self.policy.given_up(day));
                self.tell(work, &maker, overdue, vec![shown, until])
            }
            _ => match self.order_turn(work, code, &OrderCommand::RunOut).await? {
                Ok(0) => Ok(()),
                Ok(_) => self.tell(work, &maker, run_out, vec![shown]),
                // The house gives more days of grace than it did when the timer was set.
                Err(Refusal::TooEarly { until }) => {
                    let id = format!("runs-out/{code}/{}", day.millis());
                    work.timer(until, &id, &Due::Life { order: code, what });
                    Ok(())
                }
                Err(why) => {
                    tracing::warn!(order = %code, refusal = why.code(), "a timer came to nothing");
                    Ok(())
                }
            },
        }
    }

    /// The shopper has not chosen in time, and her money goes back; or nothing came after delivery; or
    /// nobody ever said that it was delivered.
    async fn life_over(&self, work: &mut Work<'_>, code: SpokenCode, what: LifeDue) -> Result<(), Fault> {
        let over = match what {
            LifeDue::Unchosen(round) => OrderCommand::Choose { round, again: None },
            LifeDue::Arrives(_) if work.need::<Order>(code).await?.stage != OrderStage::Shipped => {
                return Ok(());
            }
            _ => OrderCommand::Close,
        };
        match self.order_turn(work, code, &over).await? {
            Ok(1..) if matches!(what, LifeDue::Arrives(_)) => {
                work.rings(move || tracing::warn!(order = %code, "ALARM: nobody says that a parcel arrived; its order ends without it"));
            }
            Ok(_) => {}
            // The house gives carriers more days than it did when the timer was set.
            Err(Refusal::TooEarly { until }) if matches!(what, LifeDue::Arrives(_)) => {
                work.timer(until, &format!("arrives/{code}"), &Due::Life { order: code, what });
            }
            Err(why) => tracing::warn!(order = %code, refusal = why.code(), "a timer came to nothing"),
        }
        Ok(())
    }

    /// `order.postpone`, `order.postpone_for`, `order.give_up`.
    pub(in crate::engine) async fn change_order(
        &self, work: &mut Work<'_>, me: &Party, wish: &Do,
    ) -> Result<Outcome, Fault> {
        let code = code_arg(wish, "order")?;
        let command = match wish.name.as_str() {
            "order.give_up" => OrderCommand::GiveUp { by: Some(me.actor()) },
            _ => {
                let why = match wish.name.as_str() {
                    "order.postpone_for" => plain_word(wish, "why")?,
                    _ => LateWhy::Other.word(),
                };
                let why = LateWhy::ALL.into_iter().find(|known| known.word() == why);
                let why = why.ok_or_else(|| missing(wish, "why"))?;
                OrderCommand::Postpone { by: me.id, days: count_arg(wish, "days")?, why }
            }
        };
        match self.order_turn(work, code, &command).await? {
            Ok(_) => {
                let order = work.need::<Order>(code).await?;
                Ok(("ok", vec![Value::Record(self.order(work, code, &order).await?)]))
            }
            Err(Refusal::OutOfRange { max: 0, .. }) => Ok(("over", vec![])),
            Err(Refusal::OutOfRange { max, .. }) => Ok(("much", vec![Value::Int(max)])),
            Err(Refusal::Gone { .. } | Refusal::NotAllowed) => Ok(("gone", vec![])),
            Err(why) => refused(wish, &why),
        }
    }
}
