//! Cash at a kiosk: a number that somebody makes behind her PIN, the kiosk that claims and pays it,
//! and what she may say when she never got the money.

use crate::dialog::input::Do;
use crate::engine::actions::{Outcome, code_arg, kes_arg, missing, refused};
use crate::engine::aggregate;
use crate::engine::trade::Due;
use crate::engine::view::{self, FromIndex, free_in, hold_words};
use crate::engine::work::{Fault, Work};
use crate::engine::{Caller, Engine};
use crate::ledger::{Fact, Purse};
use crate::market::Refusal;
use crate::market::case::CaseKind;
use crate::market::cash::{self, Cash, CashCommand, CashStage};
use crate::market::kiosk::{Kiosk, KioskCommand};
use crate::market::party::{Party, Role};
use crate::menu::value::{Record, Value};
use crate::types::{CodeKind, PayoutId, SpokenCode};

/// Tries to find a number that was never used before one that was is taken again.
const FRESH_TRIES: u32 = 32;

impl Engine {
    /// Actions around cash numbers, by their names in the vocabulary.
    pub(in crate::engine) async fn act_on_cash(
        &self, work: &mut Work<'_>, who: &Caller, me: &Party, wish: &Do,
    ) -> Result<Outcome, Fault> {
        match wish.name.as_str() {
            "cash.ready" => self.cash_ready(work, who, me).await,
            "cash.make" => self.make_cash(work, who, me, wish).await,
            "cash.claim" => self.claim_cash(work, me, wish).await,
            "cash.paid" => self.pay_cash(work, me, wish).await,
            "cash.leave" => self.leave_cash(work, me, wish).await,
            _ => self.deny_cash(work, me, wish).await,
        }
    }

    /// A cash number as the people around it read of it.
    async fn cash_shown(&self, work: &mut Work<'_>, cash: &Cash, reader: &Party) -> Result<Record, Fault> {
        let owner = work.need::<Party>(cash.owner).await?;
        let place = match cash.served_by() {
            Some(kiosk) => self.place_of(&work.need::<Party>(kiosk).await?),
            None => String::new(),
        };
        Ok(Record::new(
            "cash",
            cash.number.to_string(),
            [
                ("code", Value::Code(cash.number)),
                ("amount", Value::Kes(cash.amount)),
                ("first", Value::text(owner.first_name())),
                ("until", Value::text(view::day_and_time(cash.until))),
                ("place", Value::text(place)),
                ("on", Value::Date(cash.since)),
                ("fee", Value::Kes(self.policy.agent.cash_served())),
                ("free", Value::Kes(view::free(work, reader).await?)),
                ("help", Value::Phone(self.house.help_phone)),
            ],
        ))
    }

    /// The cash of a number: the one that is good now, else the last one that was.
    async fn cash_of(&self, work: &mut Work<'_>, number: SpokenCode) -> Result<Option<Cash>, Fault> {
        let open = work.store().read(vec![aggregate::open_cash(number)]).await?.into_iter().next().flatten();
        let id = match open.and_then(|row| PayoutId::from_octets(&row.octets())) {
            Some(id) => Some(id),
            None => {
                let former = work.store().scan(aggregate::former_cash(number), None, 1, true).await?;
                let (key, _) = former.first().map_or((&[][..], ()), |(key, _)| (key.as_slice(), ()));
                crate::store::keys::index_id(key).and_then(|id| PayoutId::from_octets(&id))
            }
        };
        match id {
            Some(id) => work.get::<Cash>(id).await,
            None => Ok(None),
        }
    }

    /// A cash number that this person may ask about: her own, or any at a kiosk.
    pub(in crate::engine) async fn find_cash(
        &self, work: &mut Work<'_>, me: &Party, number: &str,
    ) -> Result<Option<Record>, Fault> {
        let Ok(number) = SpokenCode::parse(CodeKind::Once, number) else { return Ok(None) };
        match self.cash_of(work, number).await? {
            Some(cash) if me.role == Role::Agent || cash.owner == me.id => {
                Ok(Some(self.cash_shown(work, &cash, me).await?))
            }
            _ => Ok(None),
        }
    }

    /// The cash that a record of a menu or an SMS names.
    async fn cash_arg(&self, work: &mut Work<'_>, wish: &Do) -> Result<Cash, Fault> {
        let number = code_arg(wish, "cash")?;
        self.cash_of(work, number).await?.ok_or_else(|| missing(wish, "cash"))
    }

    // ---- she makes a number -----------------------------------------------------------------

    /// What speaks against a number before anything is asked: a hold, or one that is good already.
    async fn cash_hindrance(
        &self, work: &mut Work<'_>, who: &Caller, me: &Party,
    ) -> Result<Option<Outcome>, Fault> {
        if let Some(hold) = &me.hold {
            return Ok(Some(("held", vec![hold_words(&hold.why, who.lang)])));
        }
        let row = work.store().read(vec![aggregate::open_cash_of(me.id)]).await?.into_iter().next().flatten();
        let Some(id) = row.and_then(|row| PayoutId::from_octets(&row.octets())) else { return Ok(None) };
        let cash = work.need::<Cash>(id).await?;
        Ok(Some(("open", vec![Value::Record(self.cash_shown(work, &cash, me).await?)])))
    }

    async fn cash_ready(&self, work: &mut Work<'_>, who: &Caller, me: &Party) -> Result<Outcome, Fault> {
        if let Some(hindrance) = self.cash_hindrance(work, who, me).await? {
            return Ok(hindrance);
        }
        let least = self.policy.payout_min();
        if free_in(work, Purse::Artisan(me.id)).await? < least {
            return Ok(("little", vec![Value::Kes(least)]));
        }
        Ok(("ok", vec![]))
    }

    async fn make_cash(
        &self, work: &mut Work<'_>, who: &Caller, me: &Party, wish: &Do,
    ) -> Result<Outcome, Fault> {
        let id = match &wish.once {
            Some(visit) => PayoutId::derived(&format!("cash {visit}")),
            None => PayoutId::new(work.now, &mut work.entropy),
        };
        let known = work.get::<Cash>(id).await?;
        if known.is_none()
            && let Some(hindrance) = self.cash_hindrance(work, who, me).await?
        {
            return Ok(hindrance);
        }
        let purse = Purse::Artisan(me.id);
        let command = CashCommand::Make {
            id,
            number: self.free_cash_number(work).await?,
            owner: me.id,
            amount: kes_arg(wish, "amount")?,
            free: free_in(work, purse).await?,
            hold: me.hold.clone(),
            pin_proven: who.pin_proven,
        };
        let events = match cash::decide(known.as_ref(), &command, &self.policy, work.now) {
            Ok(events) => events,
            Err(Refusal::Short { have }) => return Ok(("short", vec![Value::Kes(have)])),
            Err(Refusal::OutOfRange { .. }) => return Ok(("much", vec![Value::Kes(self.policy.cash_max())])),
            Err(why) => return refused(wish, &why),
        };
        let new = !events.is_empty();
        work.apply::<Cash>(id, events);
        let cash = work.need::<Cash>(id).await?;
        if new {
            work.post(&Fact::PayoutReserved { payout: id, from: purse, amount: cash.amount })?;
            work.timer(cash.until, &format!("cash/{id}"), &Due::CashOver(id));
        }
        let shown = Value::Record(self.cash_shown(work, &cash, me).await?);
        if new {
            self.tell(work, me, "cash_made", vec![shown.clone()])?;
        }
        Ok(("ok", vec![shown]))
    }

    /// A number that is not good now, and if one is soon found, that never was.
    async fn free_cash_number(&self, work: &mut Work<'_>) -> Result<SpokenCode, Fault> {
        for tried in 0..2 * FRESH_TRIES {
            let number = SpokenCode::nth(CodeKind::Once, work.entropy.next_u64());
            let open = work.store().read(vec![aggregate::open_cash(number)]).await?;
            let former = work.store().scan(aggregate::former_cash(number), None, 1, true).await?;
            if open.iter().all(Option::is_none) && (former.is_empty() || tried >= FRESH_TRIES) {
                return Ok(number);
            }
        }
        Err(Fault::Broken("no cash number is free any more".to_owned()))
    }

    /// A number's time is over: the money is hers again.
    pub(in crate::engine) async fn cash_over(&self, work: &mut Work<'_>, id: PayoutId) -> Result<(), Fault> {
        let cash = work.need::<Cash>(id).await?;
        let events = match cash::decide(Some(&cash), &CashCommand::Expire, &self.policy, work.now) {
            Ok(events) => events,
            Err(Refusal::TooEarly { until }) => {
                work.timer(until, &format!("cash/{id}"), &Due::CashOver(id));
                return Ok(());
            }
            Err(why) => return Err(Fault::Broken(format!("cash {id} cannot run out: {why}"))),
        };
        if events.is_empty() {
            return Ok(());
        }
        work.apply::<Cash>(id, events);
        let from = Purse::Artisan(cash.owner);
        work.post(&Fact::PayoutFailed { payout: id, from, amount: cash.amount })?;
        let owner = work.need::<Party>(cash.owner).await?;
        let shown = Value::Record(self.cash_shown(work, &cash, &owner).await?);
        self.tell(work, &owner, "cash_back", vec![shown])
    }

    // ---- a kiosk pays it ----------------------------------------------------------------------

    /// The cash of a number that a kiosk typed. A number that it has no business with counts as a
    /// wrong one, and after too many the kiosk learns nothing of any: numbers are as good as money.
    async fn cash_typed(
        &self, work: &mut Work<'_>, me: &Party, wish: &Do,
    ) -> Result<Result<Cash, Outcome>, Fault> {
        let number = match wish.args.get("number") {
            Some(Value::Code(number)) => *number,
            _ => return Err(missing(wish, "number")),
        };
        let known = self.cash_of(work, number).await?;
        // What it has claimed it may have counted out by now.
        if let Some(hers) = known.as_ref().filter(|cash| cash.claim.is_some_and(|claim| claim.by == me.id)) {
            return Ok(Ok(hers.clone()));
        }
        let kiosk = work.get::<Kiosk>(me.id).await?;
        if kiosk.is_some_and(|kiosk| kiosk.guesses(&self.policy, work.now)) {
            return Ok(Err(("guesses", vec![])));
        }
        match known {
            Some(cash) if wish.name == "cash.claim" => Ok(Ok(cash)),
            known => {
                self.number_missed(work, me).await?;
                Ok(known.ok_or(("unknown", vec![])))
            }
        }
    }

    async fn number_missed(&self, work: &mut Work<'_>, me: &Party) -> Result<(), Fault> {
        let missed = self.kiosk_turn(work, me.id, &KioskCommand::MissNumber).await?;
        missed.map_err(|why| Fault::Broken(why.to_string()))?;
        if work.need::<Kiosk>(me.id).await?.guesses(&self.policy, work.now) {
            let id = me.id;
            work.rings(
                move || tracing::warn!(agent = %id, "ALARM: a kiosk types cash numbers that nobody was told"),
            );
            let text = format!("{} has typed many cash numbers that nobody was told", self.place_of(me));
            self.note_case(work, CaseKind::Cash, None, vec![me.id], &text).await?;
        }
        Ok(())
    }

    async fn claim_cash(&self, work: &mut Work<'_>, me: &Party, wish: &Do) -> Result<Outcome, Fault> {
        let before = match self.cash_typed(work, me, wish).await? {
            Ok(before) => before,
            Err(outcome) => return Ok(outcome),
        };
        let owner = work.need::<Party>(before.owner).await?;
        let stopped = work.get::<Kiosk>(me.id).await?.is_some_and(|kiosk| kiosk.stopped.is_some());
        let command = CashCommand::Claim { by: me.actor(), stopped, hold: owner.hold.clone() };
        let result = cash::decide(Some(&before), &command, &self.policy, work.now);
        let shown = Value::Record(self.cash_shown(work, &before, me).await?);
        match result {
            Ok(events) => {
                work.apply::<Cash>(before.id, events);
                Ok(("ok", vec![shown]))
            }
            Err(Refusal::Stopped) => Ok(("stopped", vec![])),
            Err(Refusal::Held { .. }) => Ok(("held", vec![shown])),
            Err(why) => gone(wish, &why, shown),
        }
    }

    async fn pay_cash(&self, work: &mut Work<'_>, me: &Party, wish: &Do) -> Result<Outcome, Fault> {
        let before = match self.cash_typed(work, me, wish).await? {
            Ok(before) => before,
            Err(outcome) => return Ok(outcome),
        };
        let command = CashCommand::Serve { by: me.id };
        let events = match cash::decide(Some(&before), &command, &self.policy, work.now) {
            Ok(events) => events,
            Err(why) => {
                let shown = Value::Record(self.cash_shown(work, &before, me).await?);
                return match why {
                    Refusal::NotInCustody => Ok(("first", vec![shown])),
                    why => gone(wish, &why, shown),
                };
            }
        };
        if !events.is_empty() {
            work.apply::<Cash>(before.id, events);
            let fee = self.policy.agent.cash_served();
            let Cash { id, owner, amount, .. } = before;
            work.post(&Fact::CashServed { payout: id, owner, agent: me.id, amount, fee })?;
            let served = work.need::<Cash>(id).await?;
            let owner = work.need::<Party>(owner).await?;
            let shown = Value::Record(self.cash_shown(work, &served, &owner).await?);
            self.tell(work, &owner, "cash_paid", vec![shown])?;
        }
        let served = work.need::<Cash>(before.id).await?;
        Ok(("ok", vec![Value::Record(self.cash_shown(work, &served, me).await?)]))
    }

    async fn leave_cash(&self, work: &mut Work<'_>, me: &Party, wish: &Do) -> Result<Outcome, Fault> {
        let before = match self.cash_typed(work, me, wish).await? {
            Ok(before) => before,
            Err(outcome) => return Ok(outcome),
        };
        let shown = Value::Record(self.cash_shown(work, &before, me).await?);
        if before.stage != CashStage::Open {
            return gone(wish, &Refusal::gone(before.stage.word()), shown);
        }
        match cash::decide(Some(&before), &CashCommand::LetGo { by: me.id }, &self.policy, work.now) {
            Ok(events) => {
                work.apply::<Cash>(before.id, events);
                Ok(("ok", vec![shown]))
            }
            Err(why) => refused(wish, &why),
        }
    }

    // ---- she never got it -------------------------------------------------------------------------

    /// She says that a kiosk never paid her: it pays no more cash until the desk has looked at it.
    /// No money moves.
    async fn deny_cash(&self, work: &mut Work<'_>, me: &Party, wish: &Do) -> Result<Outcome, Fault> {
        let before = self.cash_arg(work, wish).await?;
        let shown = Value::Record(self.cash_shown(work, &before, me).await?);
        let denies = CashCommand::Deny { by: me.id };
        let events = match cash::decide(Some(&before), &denies, &self.policy, work.now) {
            Ok(events) => events,
            Err(Refusal::Gone { state }) if state == "late" => return Ok(("late", vec![shown])),
            Err(Refusal::Gone { .. } | Refusal::NotAllowed) => return Ok(("gone", vec![shown])),
            Err(why) => return refused(wish, &why),
        };
        if !events.is_empty() {
            work.apply::<Cash>(before.id, events);
            if let Some(agent) = before.served_by() {
                let id = before.id;
                work.rings(move || tracing::warn!(cash = %id, "ALARM: somebody says that a kiosk never paid her cash number"));
                let agent = work.need::<Party>(agent).await?;
                let stop = KioskCommand::StopCash { cash: before.id };
                self.kiosk_turn(work, agent.id, &stop)
                    .await?
                    .map_err(|why| Fault::Broken(why.to_string()))?;
                let (place, sum) = (self.place_of(&agent), before.amount);
                let text =
                    format!("{} says that the KSh {sum} that {place} paid in cash never came", me.name);
                self.note_case(work, CaseKind::Cash, None, vec![me.id, agent.id], &text).await?;
                self.tell(work, &agent, "cash_stopped", vec![shown.clone()])?;
            }
        }
        Ok(("ok", vec![shown]))
    }
}

/// A number that is good for nothing here any more, each time with its own outcome.
fn gone(wish: &Do, why: &Refusal, shown: Value) -> Result<Outcome, Fault> {
    let outcome = match why {
        Refusal::Gone { state } => match state.as_str() {
            "served" => "used",
            "expired" => "expired",
            "claimed" => "taken",
            _ => return refused(wish, why),
        },
        _ => return refused(wish, why),
    };
    Ok((outcome, vec![shown]))
}
