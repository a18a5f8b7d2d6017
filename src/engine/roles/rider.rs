//! Riders: who is asked to fetch a parcel, what he answers, and what follows for the others.

use crate::dialog::input::Do;
use crate::engine::Engine;
use crate::engine::actions::{Outcome, code_arg, missing, refused};
use crate::engine::aggregate;
use crate::engine::trade::Due;
use crate::engine::view;
use crate::engine::work::{Fault, Work};
use crate::ledger::Fact;
use crate::market::Refusal;
use crate::market::case::CaseKind;
use crate::market::listing::Listing;
use crate::market::order::{Errand, HandOver, Order, OrderCommand, OrderStage};
use crate::market::party::{Party, Role};
use crate::menu::value::{Record, Value};
use crate::store::keys;
use crate::types::{CodeKind, PartyId, SpokenCode, Timestamp};

impl Engine {
    /// Somebody's parcel is ready: the first rider is asked. Without any she brings it herself.
    pub(in crate::engine) async fn send_for(
        &self, work: &mut Work<'_>, code: SpokenCode,
    ) -> Result<bool, Fault> {
        let order = work.need::<Order>(code).await?;
        if order.stage != OrderStage::Ready || order.pickup.is_some() {
            return Ok(order.pickup.is_some());
        }
        let Some(to) = self.next_rider(work, &order).await? else { return Ok(false) };
        let number = SpokenCode::nth(CodeKind::Once, work.entropy.next_u64());
        let send = OrderCommand::SendFor { to, number };
        Ok(Box::pin(self.order_turn(work, code, &send)).await?.is_ok())
    }

    /// The rider of the maker's area with the fewest tasks who was not asked yet; never one whom
    /// mobile money knows by the maker's own name.
    async fn next_rider(&self, work: &mut Work<'_>, order: &Order) -> Result<Option<PartyId>, Fault> {
        let Some(maker) = order.maker else { return Ok(None) };
        let maker = work.need::<Party>(maker).await?;
        let prefix = keys::index_prefix("role", &[Role::Rider.word().as_bytes()]);
        let asked = order.pickup.as_ref().map_or(&[][..], |pickup| &pickup.asked_so_far);
        let mut best: Option<(usize, PartyId)> = None;
        for (id, rider) in view::every::<Party>(work, prefix, false).await? {
            let same_owner = rider.money_name.is_some() && rider.money_name == maker.money_name;
            let fits = rider.vouched.is_some() && rider.area == maker.area && !same_owner;
            if !fits || asked.contains(&id) {
                continue;
            }
            let load = work.store().scan(aggregate::tasks_of(id), None, 99, false).await?.len();
            if best.is_none_or(|known| (load, id) < known) {
                best = Some((load, id));
            }
        }
        Ok(best.map(|(_, id)| id))
    }

    /// The tasks of a rider.
    pub(in crate::engine) async fn tasks(
        &self, work: &mut Work<'_>, me: &Party,
    ) -> Result<Vec<Record>, Fault> {
        let mut rows = Vec::new();
        for (code, order) in view::found::<Order>(work, aggregate::tasks_of(me.id), false).await? {
            rows.push(self.task(work, code, &order, me).await?);
        }
        Ok(rows)
    }

    /// A pick-up as the rider and the others read of it.
    pub(in crate::engine) async fn task(
        &self, work: &mut Work<'_>, code: SpokenCode, order: &Order, rider: &Party,
    ) -> Result<Record, Fault> {
        let maker = order.maker.ok_or_else(|| Fault::Broken(format!("order {code} has no maker")))?;
        let gone = || Fault::Broken(format!("the maker of order {code} is gone"));
        let maker = view::read::<Party>(work, maker).await?.ok_or_else(gone)?;
        let listing = view::read::<Listing>(work, order.terms.listing).await?;
        let kind = listing.as_ref().map_or("other", |listing| listing.kind.as_str());
        let carried = order.stage == OrderStage::WithRider && order.holder() == Some(rider.id);
        let (state, open) = match &order.pickup {
            _ if carried => ("carried", "no"),
            Some(pickup) if pickup.going == Some(rider.id) => ("going", "yes"),
            _ => ("asked", "yes"),
        };
        let pickup = order.pickup.as_ref();
        Ok(Record::new(
            "task",
            code.to_string(),
            [
                ("code", Value::Code(code)),
                ("qty", Value::Int(i64::from(order.outstanding()))),
                ("kind", Value::word("kind", kind)),
                ("maker", Value::text(maker.first_name())),
                ("phone", Value::Phone(maker.phone)),
                ("area", Value::word("area", maker.area.as_str())),
                ("place", Value::text(self.place_of(&maker))),
                ("fee", Value::Kes(pickup.map_or(self.policy.rider_fee(), |pickup| pickup.fee))),
                ("left", Value::Int(pickup.map_or(0, |pickup| i64::from(pickup.tries_left(&self.policy))))),
                ("state", Value::word("task_state", state)),
                ("open", Value::word("yes_no", open)),
                ("rider", Value::text(rider.first_name())),
                ("free", Value::Kes(view::free(work, rider).await?)),
            ],
        ))
    }

    /// A task by its order's number, when it is this rider's.
    pub(in crate::engine) async fn find_task(
        &self, work: &mut Work<'_>, me: &Party, number: &str,
    ) -> Result<Option<Record>, Fault> {
        let Ok(code) = SpokenCode::parse(CodeKind::Order, number) else { return Ok(None) };
        let Some(order) = work.get::<Order>(code).await? else { return Ok(None) };
        let asked = order.pickup.as_ref().is_some_and(|pickup| pickup.asked_so_far.contains(&me.id));
        let carried = order.custody.iter().any(|hand| hand.receiver == me.id);
        if asked || carried { Ok(Some(self.task(work, code, &order, me).await?)) } else { Ok(None) }
    }

    /// `task.go`, `task.pick`, `task.leave`.
    pub(in crate::engine) async fn answer_task(
        &self, work: &mut Work<'_>, me: &Party, wish: &Do,
    ) -> Result<Outcome, Fault> {
        let code = code_arg(wish, "task")?;
        let order = work.need::<Order>(code).await?;
        let command = match wish.name.as_str() {
            "task.go" => OrderCommand::GoFor { by: me.id },
            "task.leave" => {
                let next = self.next_rider(work, &order).await?;
                OrderCommand::HandBack { by: me.id, next }
            }
            _ => match wish.args.get("number") {
                Some(Value::Code(number)) => OrderCommand::PickUp { by: me.id, number: *number },
                _ => return Err(missing(wish, "number")),
            },
        };
        let result = self.order_turn(work, code, &command).await?;
        let after = work.need::<Order>(code).await?;
        let shown = Value::Record(self.task(work, code, &after, me).await?);
        let picked = after.stage == OrderStage::WithRider;
        match result {
            Ok(_) if wish.name != "task.pick" || picked => Ok(("ok", vec![shown])),
            Ok(_) if after.pickup.as_ref().is_some_and(|pickup| pickup.tries_left(&self.policy) > 0) => {
                Ok(("wrong", vec![shown]))
            }
            Ok(_) | Err(Refusal::PinLocked) => Ok(("locked", vec![shown])),
            Err(Refusal::Gone { .. } | Refusal::NotAllowed) => Ok(("gone", vec![])),
            Err(why) => refused(wish, &why),
        }
    }

    /// A rider was asked: he hears where to go, she hears the number to give him.
    pub(in crate::engine) async fn rider_asked(
        &self, work: &mut Work<'_>, code: SpokenCode, errand: &Errand,
    ) -> Result<(), Fault> {
        let due = Due::Unfetched { order: code, to: errand.to };
        work.timer(errand.until, &format!("pickup/{code}/{}/{}", errand.round, errand.to), &due);
        let (order, rider) = (work.need::<Order>(code).await?, work.need::<Party>(errand.to).await?);
        let shown = Value::Record(self.task(work, code, &order, &rider).await?);
        self.tell(work, &rider, "pickup_asked", vec![shown.clone()])?;
        let Some(maker) = order.maker else { return Ok(()) };
        let maker = work.need::<Party>(maker).await?;
        self.tell(work, &maker, "rider_comes", vec![shown, Value::Code(errand.number)])
    }

    /// He goes for it: when he has not come by then, the next one is asked.
    pub(in crate::engine) fn rider_goes(
        &self, work: &mut Work<'_>, code: SpokenCode, order: &Order, by: PartyId, until: Timestamp,
    ) {
        let round = order.pickup.as_ref().map_or(1, |pickup| pickup.round);
        let due = Due::Unfetched { order: code, to: by };
        work.timer(until, &format!("pickup/{code}/{round}/{by}/goes"), &due);
    }

    /// Nobody went in time.
    pub(in crate::engine) async fn unfetched(
        &self, work: &mut Work<'_>, code: SpokenCode, to: PartyId,
    ) -> Result<(), Fault> {
        let order = work.need::<Order>(code).await?;
        if order.pickup.as_ref().and_then(|pickup| pickup.asked).is_none_or(|(asked, _)| asked != to) {
            return Ok(());
        }
        let next = self.next_rider(work, &order).await?;
        if let Err(why) = self.order_turn(work, code, &OrderCommand::NextRider { next }).await? {
            tracing::warn!(order = %code, refusal = why.code(), "a timer came to nothing");
        }
        Ok(())
    }

    /// No rider is left, or no number opens it any more, of which the desk knows: she is asked to bring
    /// it, her kiosk hears that she comes, and the desk may find somebody.
    pub(in crate::engine) async fn no_rider(
        &self, work: &mut Work<'_>, code: SpokenCode,
    ) -> Result<(), Fault> {
        let order = work.need::<Order>(code).await?;
        let Some(maker) = order.maker else { return Ok(()) };
        let maker = work.need::<Party>(maker).await?;
        if order.pickup.as_ref().is_some_and(|pickup| pickup.tries_left(&self.policy) > 0) {
            work.rings(move || tracing::warn!(order = %code, "ALARM: no rider takes a parcel"));
            let text = "no rider takes the parcel; its maker was asked to bring it";
            self.note_case(work, CaseKind::Other, Some(code), vec![maker.id], text).await?;
        }
        let shown = Value::Record(self.order(work, code, &order).await?);
        if let Some(agent) = self.kiosk_for(&maker) {
            self.tell(work, &agent, "parcel_coming", vec![shown.clone()])?;
        }
        self.tell(work, &maker, "order_bring", vec![shown])
    }

    /// The parcel is with a rider: the maker, the kiosk and whoever was on his way hear of it.
    pub(in crate::engine) async fn picked_up(
        &self, work: &mut Work<'_>, code: SpokenCode, before: &Order, hand: &HandOver,
    ) -> Result<(), Fault> {
        let (order, rider) = (work.need::<Order>(code).await?, work.need::<Party>(hand.receiver).await?);
        let maker = work.need::<Party>(hand.giver).await?;
        let shown = Value::Record(self.task(work, code, &order, &rider).await?);
        self.tell(work, &maker, "order_picked", vec![shown.clone()])?;
        if let Some(agent) = self.kiosk_for(&maker) {
            self.tell(work, &agent, "parcel_riding", vec![shown])?;
        }
        self.not_needed(work, code, before, Some(rider.id)).await
    }

    /// A kiosk has the parcel: whoever carried it has earned his fee; whoever would have need not.
    pub(in crate::engine) async fn ride_ended(
        &self, work: &mut Work<'_>, code: SpokenCode, before: &Order, hand: &HandOver,
    ) -> Result<(), Fault> {
        if before.stage != OrderStage::WithRider {
            return self.not_needed(work, code, before, None).await;
        }
        let pickup = before.pickup.as_ref();
        let (round, fee) = pickup.map_or((1, self.policy.rider_fee()), |pickup| (pickup.round, pickup.fee));
        work.post(&Fact::ParcelDelivered { order: code, round, rider: hand.giver, fee })?;
        let rider = work.need::<Party>(hand.giver).await?;
        let shown = Value::Record(self.task(work, code, before, &rider).await?);
        let at = work.need::<Party>(hand.receiver).await?;
        self.tell(work, &rider, "pickup_paid", vec![shown, Value::text(self.place_of(&at))])
    }

    /// Whoever was to fetch it need not, unless it was he who took it.
    pub(in crate::engine) async fn not_needed(
        &self, work: &mut Work<'_>, code: SpokenCode, before: &Order, took: Option<PartyId>,
    ) -> Result<(), Fault> {
        let Some(other) = before.rider().filter(|rider| Some(*rider) != took) else { return Ok(()) };
        let rider = work.need::<Party>(other).await?;
        let shown = Value::Record(self.task(work, code, before, &rider).await?);
        self.tell(work, &rider, "pickup_gone", vec![shown])
    }
}
