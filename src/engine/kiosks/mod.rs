//! What agents do beside checking and paying: the boxes and leaflets they keep, the month's count of
//! the display, paper receipts. [`desk`] is the operators' side.

pub mod desk;
mod own;
mod receipts;
mod rows;

use super::Engine;
use super::actions::{Outcome, count_arg, missing, plain_word, refused};
use super::record::Cause;
use super::trade::Due;
use super::turn::TRIES;
use super::view;
use super::work::{Fault, Work};
use crate::dialog::input::Do;
use crate::ledger::Fact;
use crate::market::kiosk::{self, BoxSize, Kiosk, KioskCommand, KioskEvent, Supply};
use crate::market::order::{Order, OrderCommand};
use crate::market::party::Role;
use crate::market::{Party, Refusal};
use crate::menu::value::{Record, Value};
use crate::store::keys;
use crate::types::{PartyId, SpokenCode};

impl Engine {
    /// Actions of a kiosk, by their names in the vocabulary.
    pub(super) async fn act_at_kiosk(
        &self, work: &mut Work<'_>, me: &Party, wish: &Do,
    ) -> Result<Outcome, Fault> {
        if wish.name == "parcel.receipt" {
            return self.send_receipt(work, me, wish).await;
        }
        if me.role != Role::Agent {
            return refused(wish, &Refusal::NotAllowed);
        }
        match wish.name.as_str() {
            "stock.mine" => {
                let kiosk = self.kiosk_of(work, me.id).await?;
                Ok(("ok", vec![self.stock_shown(work, me, &kiosk, None).await?]))
            }
            "stock.got" => self.count_in(work, me, wish).await,
            "display.count" => self.count_display(work, me, wish).await,
            _ => self.pack(work, me, wish).await,
        }
    }

    /// A kiosk, opened where it has no row yet; then it also has its timer.
    pub(super) async fn kiosk_of(&self, work: &mut Work<'_>, agent: PartyId) -> Result<Kiosk, Fault> {
        let before = work.get::<Kiosk>(agent).await?;
        if let Some(kiosk) = before.clone().filter(|kiosk| kiosk.secret != kiosk::NO_SECRET) {
            return Ok(kiosk);
        }
        let secret = [work.entropy.next_u64(), work.entropy.next_u64()];
        let opened =
            kiosk::decide(before.as_ref(), &KioskCommand::Open { agent, secret }, &self.policy, work.now);
        work.apply::<Kiosk>(agent, opened.map_err(|why| Fault::Broken(format!("kiosk of {agent}: {why}")))?);
        self.ask_next_month(work, agent);
        work.need::<Kiosk>(agent).await
    }

    /// Opens every kiosk that has no row of its own. Runs at every start.
    pub(super) async fn open_kiosks(&self) -> Result<(), Fault> {
        for agent in self.agents().iter() {
            for _ in 0..TRIES {
                let mut work = self.work(self.clock.now())?;
                self.kiosk_of(&mut work, agent.id).await?;
                if !work.acts() {
                    break;
                }
                match self.commit(work, Cause::Desk("enrol".to_owned()), None).await {
                    Err(fault) if fault.is_conflict() => {}
                    other => {
                        other?;
                        break;
                    }
                }
            }
        }
        Ok(())
    }

    /// Decides a command of a kiosk and tells its agent when something runs out.
    pub(super) async fn kiosk_turn(
        &self, work: &mut Work<'_>, agent: PartyId, command: &KioskCommand,
    ) -> Result<Result<Vec<KioskEvent>, Refusal>, Fault> {
        let before = self.kiosk_of(work, agent).await?;
        let events = match kiosk::decide(Some(&before), command, &self.policy, work.now) {
            Ok(events) => events,
            Err(why) => return Ok(Err(why)),
        };
        work.apply::<Kiosk>(agent, events.clone());
        if events.contains(&KioskEvent::RanLow) {
            let (agent, kiosk) = (work.need::<Party>(agent).await?, work.need::<Kiosk>(agent).await?);
            let shown = self.stock_shown(work, &agent, &kiosk, None).await?;
            self.tell(work, &agent, "stock_low", vec![shown.clone()])?;
            let id = agent.id;
            work.rings(move || tracing::warn!(agent = %id, "ALARM: a kiosk runs low on boxes or leaflets"));
            // Liaisons come by, and the depot is where new ones are.
            let place = Value::text(self.place_of(&agent));
            let liaisons = keys::index_prefix("role", &[Role::Liaison.word().as_bytes()]);
            for (_, liaison) in view::every::<Party>(work, liaisons, false).await? {
                self.tell(work, &liaison, "kiosk_low", vec![place.clone(), shown.clone()])?;
            }
        }
        Ok(Ok(events))
    }

    /// What a kiosk keeps, as its agent reads of it; with what was just counted.
    async fn stock_shown(
        &self, work: &mut Work<'_>, agent: &Party, kiosk: &Kiosk, counted: Option<(Supply, u32)>,
    ) -> Result<Value, Fault> {
        let left = |supply| Value::Int(i64::from(kiosk.stock.of(supply).left()));
        let (what, n) = counted.unwrap_or((Supply::Leaflets, 0));
        let asked = if kiosk.asks(work.now).is_some() { "yes" } else { "no" };
        let next = kiosk::next_count(work.now, self.policy.stock.count_day);
        Ok(Value::Record(Record::new(
            "stock",
            agent.id.to_string(),
            [
                ("small", left(Supply::Small)),
                ("large", left(Supply::Large)),
                ("leaflets", left(Supply::Leaflets)),
                ("what", Value::word("supply", what.word())),
                ("n", Value::Int(i64::from(n))),
                ("asked", Value::word("yes_no", asked)),
                ("next", Value::Date(next)),
                ("place", Value::text(self.place_of(agent))),
                ("fee", Value::Kes(self.policy.agent.stock_month())),
                ("free", Value::Kes(view::free(work, agent).await?)),
            ],
        )))
    }

    // ---- boxes and leaflets -----------------------------------------------------------------

    async fn count_in(&self, work: &mut Work<'_>, me: &Party, wish: &Do) -> Result<Outcome, Fault> {
        let supply = Supply::from_word(plain_word(wish, "what")?).ok_or_else(|| missing(wish, "what"))?;
        let count = count_arg(wish, "n")?;
        match self.kiosk_turn(work, me.id, &KioskCommand::CountIn { supply, count }).await? {
            Ok(_) => {
                let kiosk = self.kiosk_of(work, me.id).await?;
                Ok(("ok", vec![self.stock_shown(work, me, &kiosk, Some((supply, count))).await?]))
            }
            Err(Refusal::OutOfRange { max, .. }) => Ok(("much", vec![Value::Int(max.max(1))])),
            Err(why) => refused(wish, &why),
        }
    }

    /// Says which box the pieces of a checked parcel went into; whatever becomes of the box, the
    /// verdict stands.
    async fn pack(&self, work: &mut Work<'_>, me: &Party, wish: &Do) -> Result<Outcome, Fault> {
        let code = spoken(wish, "order")?;
        let Some(order) = work.get::<Order>(code).await? else { return Ok(("no_order", vec![])) };
        let size = match plain_word(wish, "box")? {
            "small" => Some(BoxSize::Small),
            "large" => Some(BoxSize::Large),
            _ => None,
        };
        let checked = order.check.is_some_and(|check| check.by == me.id && check.passed > 0);
        let name = match size {
            _ if !checked => "not_here",
            Some(size) if !self.use_box(work, me, code, &order, size).await? => "no_box",
            _ => "ok",
        };
        let order = work.need::<Order>(code).await?;
        let shown = if name == "not_here" {
            self.order(work, code, &order).await?
        } else {
            self.check(work, code, &order, me).await?
        };
        Ok((name, vec![Value::Record(shown)]))
    }

    /// Takes a box for a parcel out of the stock; whether there was one, or the parcel has one already.
    async fn use_box(
        &self, work: &mut Work<'_>, me: &Party, code: SpokenCode, order: &Order, size: BoxSize,
    ) -> Result<bool, Fault> {
        if order.check.is_some_and(|check| check.boxed.is_some()) {
            return Ok(true);
        }
        match self.kiosk_turn(work, me.id, &KioskCommand::UseBox { size }).await? {
            Ok(_) => {}
            Err(Refusal::SoldOut { .. }) => return Ok(false),
            Err(why) => return Err(Fault::Broken(format!("a box of {code}: {why}"))),
        }
        let boxed = self.order_turn(work, code, &OrderCommand::UseBox { by: me.actor(), size }).await?;
        boxed.map(|_| true).map_err(|why| Fault::Broken(format!("a box of {code}: {why}")))
    }

    // ---- the month's count of the display ------------------------------------------------------

    fn ask_next_month(&self, work: &mut Work<'_>, agent: PartyId) {
        let at = kiosk::next_count(work.now, self.policy.stock.count_day);
        work.timer(at, &format!("display/{agent}"), &Due::DisplayCount(agent));
    }

    /// The day of the month has come: the agent is asked, and the next month's timer is set.
    pub(super) async fn ask_for_count(&self, work: &mut Work<'_>, agent: PartyId) -> Result<(), Fault> {
        let asked = self.kiosk_turn(work, agent, &KioskCommand::AskDisplay).await?;
        self.ask_next_month(work, agent);
        if asked.is_ok_and(|events| !events.is_empty()) {
            let (agent, kiosk) = (work.need::<Party>(agent).await?, work.need::<Kiosk>(agent).await?);
            let shown = self.stock_shown(work, &agent, &kiosk, None).await?;
            self.tell(work, &agent, "display_asked", vec![shown])?;
        }
        Ok(())
    }

    /// The agent's answer: the first of a month brings its fee, a later one corrects the count.
    async fn count_display(&self, work: &mut Work<'_>, me: &Party, wish: &Do) -> Result<Outcome, Fault> {
        let before = self.kiosk_of(work, me.id).await?;
        let leaflets = count_arg(wish, "n")?;
        let first = before.asks(work.now);
        let name = match self.kiosk_turn(work, me.id, &KioskCommand::CountDisplay { leaflets }).await? {
            Ok(_) => match first {
                Some(month) => {
                    let fee = self.policy.agent.stock_month();
                    work.post(&Fact::StockKept { agent: me.id, month, fee })?;
                    "ok"
                }
                None => "again",
            },
            Err(Refusal::Gone { .. }) => "not_asked",
            Err(why) => return refused(wish, &why),
        };
        let kiosk = self.kiosk_of(work, me.id).await?;
        let shown = self.stock_shown(work, me, &kiosk, Some((Supply::Leaflets, leaflets))).await?;
        Ok((name, vec![shown]))
    }
}

/// A number that was typed or said, of a thing that may not exist.
fn spoken(wish: &Do, name: &str) -> Result<SpokenCode, Fault> {
    match wish.args.get(name) {
        Some(Value::Code(code)) => Ok(*code),
        _ => Err(missing(wish, name)),
    }
}
