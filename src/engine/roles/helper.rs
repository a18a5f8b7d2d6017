//! Helpers: phones of those whom an artisan hires. They see her orders without what she earns, and
//! say READY in her name.

use crate::dialog::input::Do;
use crate::engine::Engine;
use crate::engine::actions::{Outcome, missing, refused};
use crate::engine::aggregate;
use crate::engine::view;
use crate::engine::work::{Fault, Work};
use crate::market::order::{Order, OrderEvent};
use crate::market::party::{self, Party, PartyCommand};
use crate::menu::value::{Record, Value};
use crate::types::{PartyId, SpokenCode};

impl Engine {
    /// Those whom somebody helps.
    pub(in crate::engine) async fn helped(
        &self, work: &mut Work<'_>, helper: PartyId,
    ) -> Result<Vec<(PartyId, Party)>, Fault> {
        view::found::<Party>(work, aggregate::helped_by(helper), false).await
    }

    /// Open orders that those whom she helps have taken.
    pub(in crate::engine) async fn helped_orders(
        &self, work: &mut Work<'_>, helper: PartyId,
    ) -> Result<Vec<(SpokenCode, Order)>, Fault> {
        let mut orders = Vec::new();
        for (maker, _) in self.helped(work, helper).await? {
            let open = view::found::<Order>(work, aggregate::open_orders_of(maker), false).await?;
            orders.extend(open.into_iter().filter(|(_, order)| order.maker == Some(maker)));
        }
        Ok(orders)
    }

    /// Whether somebody helps the maker of an order.
    pub(in crate::engine) async fn helps_with(
        &self, work: &mut Work<'_>, helper: PartyId, order: &Order,
    ) -> Result<bool, Fault> {
        let Some(maker) = order.maker.filter(|maker| *maker != helper) else { return Ok(false) };
        Ok(view::read::<Party>(work, maker).await?.is_some_and(|maker| maker.helpers.contains(&helper)))
    }

    /// `helper.mine`: who helps the caller.
    pub(in crate::engine) async fn helpers(
        &self, work: &mut Work<'_>, me: &Party,
    ) -> Result<Vec<Record>, Fault> {
        let mut rows = Vec::new();
        for id in &me.helpers {
            if let Some(helper) = view::read::<Party>(work, *id).await? {
                rows.push(shown(&helper));
            }
        }
        Ok(rows)
    }

    /// `helper.remove`: she is told, and sees nothing of the maker any more.
    pub(in crate::engine) async fn remove_helper(
        &self, work: &mut Work<'_>, me: &Party, wish: &Do,
    ) -> Result<Outcome, Fault> {
        let Some(Value::Record(Record { key, .. })) = wish.args.get("helper") else {
            return Err(missing(wish, "helper"));
        };
        let helper: PartyId = key.parse().map_err(|_| missing(wish, "helper"))?;
        let command = PartyCommand::DropHelper { helper };
        let events = match party::decide(Some(me), &command, &self.policy, work.now) {
            Ok(events) => events,
            Err(why) => return refused(wish, &why),
        };
        if events.is_empty() {
            return Ok(("gone", vec![]));
        }
        work.apply::<Party>(me.id, events);
        let her = work.need::<Party>(helper).await?;
        self.tell(work, &her, "helper_removed", vec![Value::text(me.first_name())])?;
        Ok(("ok", vec![Value::Record(shown(&her))]))
    }

    /// `helper.join`: she makes pieces of her own from now on, and goes on helping.
    pub(in crate::engine) async fn helper_joins(
        &self, work: &mut Work<'_>, me: &Party, wish: &Do,
    ) -> Result<Outcome, Fault> {
        match party::decide(Some(me), &PartyCommand::BecomeArtisan, &self.policy, work.now) {
            Ok(events) => work.apply::<Party>(me.id, events),
            Err(why) => return refused(wish, &why),
        }
        self.ask_for_name(work, me.id);
        Ok(("ok", vec![Value::Record(self.newcomer(me))]))
    }

    /// `helper.whose`: who alone may see what a helper asks for.
    pub(in crate::engine) async fn whose(&self, work: &mut Work<'_>, me: &Party) -> Result<Outcome, Fault> {
        let makers = self.helped(work, me.id).await?;
        Ok(match makers.first() {
            Some((_, maker)) => ("ok", vec![Value::text(maker.first_name())]),
            None => ("none", vec![]),
        })
    }

    /// The maker hears who said READY in her name.
    pub(in crate::engine) async fn tell_of_help(
        &self, work: &mut Work<'_>, helper: &Party, maker: PartyId, code: SpokenCode,
    ) -> Result<(), Fault> {
        let (maker, order) = (work.need::<Party>(maker).await?, work.need::<Order>(code).await?);
        let shown = Value::Record(self.order(work, code, &order).await?);
        self.tell(work, &maker, "helper_ready", vec![Value::text(helper.first_name()), shown])
    }

    /// Those who help the maker of an order hear what there is to do, without sums.
    pub(in crate::engine) async fn tell_helpers(
        &self, work: &mut Work<'_>, code: SpokenCode, events: &[OrderEvent],
    ) -> Result<(), Fault> {
        let name = events.iter().rev().find_map(|event| match event {
            OrderEvent::Accepted { .. } => Some("helper_order"),
            OrderEvent::Failed { .. } => Some("order_failed"),
            OrderEvent::Received(_) => Some("order_here"),
            OrderEvent::Cancelled(_) | OrderEvent::Shorted { .. } => Some("order_gone"),
            _ => None,
        });
        let Some(name) = name else { return Ok(()) };
        let order = work.need::<Order>(code).await?;
        let Some(maker) = order.maker else { return Ok(()) };
        for helper in work.need::<Party>(maker).await?.helpers {
            let helper = work.need::<Party>(helper).await?;
            let shown = match name {
                "order_failed" => self.check(work, code, &order, &helper).await?,
                _ => view::without_sums(self.order(work, code, &order).await?),
            };
            self.tell(work, &helper, name, vec![Value::Record(shown)])?;
        }
        Ok(())
    }
}

fn shown(helper: &Party) -> Record {
    Record::new(
        "helper",
        helper.id.to_string(),
        [("first", Value::text(helper.first_name())), ("phone", Value::Phone(helper.phone))],
    )
}
