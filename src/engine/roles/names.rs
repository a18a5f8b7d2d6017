//! The name that mobile money has for a number: asked for when somebody joins, shown to her before any
//! money goes there, and a reason to wait when it is another person's.

use crate::engine::Engine;
use crate::engine::actions::FOR_EVER;
use crate::engine::port::NameNews;
use crate::engine::work::{Fault, Work, shard};
use crate::market::party::{self, HoldCode, LONGEST_NAME, Party, PartyCommand, same_person};
use crate::menu::value::Value;
use crate::types::{PartyId, text};
use std::collections::BTreeMap;

impl Engine {
    /// The provider is asked once this is committed.
    pub(in crate::engine) fn ask_for_name(&self, work: &mut Work<'_>, who: PartyId) {
        work.send(shard::MONEY, format!("name/{who}"), "name", &who, FOR_EVER);
    }

    /// What the provider calls this person.
    pub(in crate::engine) async fn look_up_name(&self, id: PartyId) -> Result<NameNews, Fault> {
        let her = self.work(self.clock.now())?.need::<Party>(id).await?;
        Ok(self.money.name_of(her.phone).await)
    }

    /// Mobile money knows her by this name: she is shown it, or her money waits for her ID.
    pub(in crate::engine) async fn money_named(
        &self, work: &mut Work<'_>, id: PartyId, name: &str,
    ) -> Result<(), Fault> {
        let her = work.need::<Party>(id).await?;
        let named = PartyCommand::NameMoney { name: name.to_owned() };
        match party::decide(Some(&her), &named, &self.policy, work.now) {
            Ok(events) if events.is_empty() => return Ok(()),
            Ok(events) => work.apply::<Party>(id, events),
            // Not one letter that a name is made of.
            Err(why) => {
                tracing::warn!(party = %id, refusal = why.code(), "mobile money has no name that can be shown");
                return Ok(());
            }
        }
        let her = work.need::<Party>(id).await?;
        let shown = her.money_name.as_deref().and_then(|name| text::person_name(name, LONGEST_NAME));
        let shown = shown.unwrap_or_default();
        if same_person(&her.name, name) {
            let help = Value::Phone(self.house.help_phone);
            let said = vec![Value::Phone(her.phone), Value::text(shown), help];
            return self.tell(work, &her, "money_named", said);
        }
        let code = HoldCode::NameDiffers;
        let why = self.reasons(&her, code, &BTreeMap::new(), work.now)?;
        let events = party::decide(Some(&her), &PartyCommand::Hold { code, why }, &self.policy, work.now)
            .map_err(|why| Fault::Broken(why.to_string()))?;
        if events.is_empty() {
            return Ok(());
        }
        work.apply::<Party>(id, events);
        let place = Value::text(self.place_of(&her));
        self.tell(work, &her, "name_differs", vec![place])
    }
}
