//! Locked PINs: opened by a kiosk that has seen an ID, or by two who know whose it is. Opened, it is gone:
//! she chooses another, and her money rests for a while.

use crate::dialog::input::Do;
use crate::engine::Engine;
use crate::engine::actions::{Outcome, phone_arg, refused};
use crate::engine::trade::Due;
use crate::engine::view::{self, FromIndex};
use crate::engine::work::{Fault, Work};
use crate::market::party::{self, HoldCode, Party, PartyCommand};
use crate::market::{Refusal, Role};
use crate::menu::value::Value;
use crate::store::keys;
use crate::types::{PartyId, Timestamp};
use std::collections::BTreeMap;

impl Engine {
    /// `pin.open`, `pin.vouch`: an agent opens the locked PIN of somebody who stands beside her with
    /// her papers, or says that she knows her.
    pub(in crate::engine) async fn open_pin(
        &self, work: &mut Work<'_>, me: &Party, wish: &Do,
    ) -> Result<Outcome, Fault> {
        let phone = phone_arg(wish, "phone")?;
        let row = work.store().read(vec![keys::by_phone(phone)]).await?.into_iter().next().flatten();
        let Some(id) = row.and_then(|row| PartyId::from_octets(&row.octets())) else {
            return Ok(("unknown", vec![]));
        };
        let her = work.need::<Party>(id).await?;
        let shown = || vec![Value::Record(self.newcomer(&her))];
        let has_seen = wish.name == "pin.open";
        if !her.pin_is_locked() {
            let freed = has_seen && self.lift_for_id(work, me, &her).await?;
            return Ok(if freed { ("freed", shown()) } else { ("open", vec![]) });
        }
        let by = me.actor();
        let command = if has_seen { PartyCommand::UnlockPin { by } } else { PartyCommand::VouchPin { by } };
        match self.unlock(work, me, &her, &command).await? {
            Ok(outcome) => Ok((outcome, shown())),
            Err(why) => refused(wish, &why),
        }
    }

    /// `mentee.vouch`: her mentor says that it is she.
    pub(in crate::engine) async fn vouch_for_mentee(
        &self, work: &mut Work<'_>, me: &Party, wish: &Do,
    ) -> Result<Outcome, Fault> {
        let Some(her) = self.guided(work, me, wish).await? else { return Ok(("gone", vec![])) };
        if !her.pin_is_locked() {
            return Ok(("open", vec![]));
        }
        match self.unlock(work, me, &her, &PartyCommand::VouchPin { by: me.actor() }).await? {
            Ok(outcome) => Ok((outcome, vec![Value::text(her.first_name())])),
            Err(why) => refused(wish, &why),
        }
    }

    /// `ok` when it is gone and she may choose another, `second` when somebody else is to say so too.
    async fn unlock(
        &self, work: &mut Work<'_>, me: &Party, her: &Party, command: &PartyCommand,
    ) -> Result<Result<&'static str, Refusal>, Fault> {
        match party::decide(Some(her), command, &self.policy, work.now) {
            Ok(events) => work.apply::<Party>(her.id, events),
            Err(why) => return Ok(Err(why)),
        }
        if work.need::<Party>(her.id).await?.pin_is_locked() {
            return Ok(Ok("second"));
        }
        // One of two is a kiosk: she has one mentor.
        let first = her.pin.as_ref().and_then(|pin| pin.vouched);
        let kiosk = match first.filter(|_| me.role != Role::Agent) {
            Some(first) => work.need::<Party>(first).await?,
            None => me.clone(),
        };
        let until = self.rest(work, her).await?;
        let at = Value::text(self.place_of(&kiosk));
        let until = Value::text(view::day_and_time(until));
        self.tell(work, her, "pin_opened", vec![at, until, Value::Phone(self.house.help_phone)])?;
        Ok(Ok("ok"))
    }

    /// Her money rests for a while: whoever has her phone in somebody else's hands has so long to say so.
    async fn rest(&self, work: &mut Work<'_>, her: &Party) -> Result<Timestamp, Fault> {
        let until = work.now.after(self.policy.pin_rest());
        let her = work.need::<Party>(her.id).await?;
        let code = HoldCode::PinOpened;
        let why = self.reasons(&her, code, &BTreeMap::new(), until)?;
        let events = party::decide(Some(&her), &PartyCommand::Hold { code, why }, &self.policy, work.now)
            .map_err(|why| Fault::Broken(why.to_string()))?;
        work.apply::<Party>(her.id, events);
        work.timer(until, &format!("rest/{}", her.id), &Due::RestOver(her.id, work.now));
        Ok(until)
    }

    /// Her money has rested long enough since her PIN was opened; a later opening has a timer of its own.
    pub(in crate::engine) async fn rest_over(
        &self, work: &mut Work<'_>, person: PartyId, since: Timestamp,
    ) -> Result<(), Fault> {
        let Some(her) = work.get::<Party>(person).await? else { return Ok(()) };
        let code = HoldCode::PinOpened;
        if !her.holds().any(|hold| hold.code == code && hold.since == since) {
            return Ok(());
        }
        let events =
            party::decide(Some(&her), &PartyCommand::Unhold { code, by: None }, &self.policy, work.now)
                .map_err(|why| Fault::Broken(why.to_string()))?;
        work.apply::<Party>(person, events);
        if work.need::<Party>(person).await?.hold.is_none() {
            self.tell(work, &her, "money_free", vec![Value::Phone(self.house.help_phone)])?;
        }
        Ok(())
    }
}
