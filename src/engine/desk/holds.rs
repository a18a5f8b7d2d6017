//! Holds on somebody's money: put and lifted by a person at the desk, or because an operator of phones
//! tells that a SIM was changed. She is told the reason, and the place to come to.

use super::{Who, broken};
use crate::engine::Engine;
use crate::engine::aggregate;
use crate::engine::shopfront::ShopError;
use crate::engine::turn::TRIES;
use crate::engine::view::{self, FromIndex};
use crate::engine::work::{Fault, Work};
use crate::market::Party;
use crate::market::approval::LONGEST_WHY;
use crate::market::party::{self, PartyCommand};
pub use crate::market::party::{Hold, HoldCode};
use crate::menu::value::Value;
use crate::store::keys;
use crate::types::{Lang, Msisdn, PartyId, Timestamp};
use futures_util::future::BoxFuture;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Somebody whose money waits.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HoldRow {
    /// Who.
    pub person: PartyId,
    /// Her name.
    pub name: String,
    /// Her phone, masked.
    pub phone: String,
    /// `sim_changed`, `name_differs`, `desk`, `pin_opened`.
    pub code: HoldCode,
    /// The reason in words, by language.
    pub why: BTreeMap<Lang, String>,
    /// Since when.
    pub since: Timestamp,
}

/// What the desk does about holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "do", rename_all = "snake_case", deny_unknown_fields)]
pub enum HoldWish {
    /// Makes money wait. Phones that are nobody's here are passed over when there are several: an operator
    /// of phones tells all whose SIMs were changed.
    Put {
        /// Whose phones.
        phones: Vec<String>,
        /// Which reason.
        code: HoldCode,
        /// What they are told, by language, where the desk decides; the catalogue has the words of the others.
        #[serde(default)]
        why: BTreeMap<Lang, String>,
    },
    /// A reason does not stand any more.
    Lift {
        /// Her phone.
        phone: String,
        /// Which reason.
        code: HoldCode,
        /// What was seen, for the journal: up to 110 letters.
        why: String,
    },
}

/// What came of it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct HoldDone {
    /// People for whom something changed.
    pub changed: usize,
    /// People for whom it stood so already.
    pub same: usize,
    /// Phones that are nobody's here.
    pub unknown: usize,
}

/// What the desk calls about holds.
pub trait HoldDesk: Send + Sync + 'static {
    /// Everybody whose money waits, with every reason.
    fn holds(&self) -> BoxFuture<'_, Result<Vec<HoldRow>, ShopError>>;
    /// Puts or lifts. A repeat changes nothing and tells nobody again.
    fn hold(&self, by: Who, wish: HoldWish) -> BoxFuture<'_, Result<HoldDone, ShopError>>;
}

impl HoldDesk for Engine {
    fn holds(&self) -> BoxFuture<'_, Result<Vec<HoldRow>, ShopError>> {
        Box::pin(async { self.hold_rows().await.map_err(|fault| broken(&fault)) })
    }

    fn hold(&self, by: Who, wish: HoldWish) -> BoxFuture<'_, Result<HoldDone, ShopError>> {
        Box::pin(async move {
            let phones = match &wish {
                HoldWish::Put { phones, code, why } => {
                    if *code == HoldCode::Desk {
                        self.fits_phones(why)?;
                    }
                    if *code == HoldCode::PinOpened {
                        let why = "a kiosk that opens a PIN puts it, and it ends by itself".to_owned();
                        return Err(ShopError::Field { field: "code", why });
                    }
                    phones.as_slice()
                }
                HoldWish::Lift { phone, why, .. } => {
                    if !(1..=LONGEST_WHY).contains(&why.trim().chars().count()) {
                        let why = format!("say what was seen, such as her ID: 1 to {LONGEST_WHY} letters");
                        return Err(ShopError::Field { field: "why", why });
                    }
                    std::slice::from_ref(phone)
                }
            };
            // All are read before the first counts.
            let read = |phone: &String| {
                Msisdn::parse_kenyan(phone).map_err(|_| {
                    let why =
                        format!("{phone:?} is no phone number, such as 0712345678; nothing was changed");
                    ShopError::Field { field: "phone", why }
                })
            };
            let phones: Vec<Msisdn> = phones.iter().map(read).collect::<Result<_, _>>()?;
            let one = phones.len() == 1;
            let mut done = HoldDone::default();
            for phone in phones {
                match self.hold_one(&by, phone, &wish).await.map_err(|fault| broken(&fault))? {
                    None if one => {
                        let why = "nobody here has this phone number".to_owned();
                        return Err(ShopError::Field { field: "phone", why });
                    }
                    None => done.unknown += 1,
                    Some(true) => done.changed += 1,
                    Some(false) => done.same += 1,
                }
            }
            Ok(done)
        })
    }
}

impl Engine {
    async fn hold_rows(&self) -> Result<Vec<HoldRow>, Fault> {
        let mut work = self.work(self.clock.now())?;
        let mut rows = Vec::new();
        for (id, party) in view::every::<Party>(&mut work, aggregate::all_held(), false).await? {
            rows.extend(party.holds().map(|hold| HoldRow {
                person: id,
                name: party.name.clone(),
                phone: party.phone.masked(),
                code: hold.code,
                why: hold.why.clone(),
                since: hold.since,
            }));
        }
        Ok(rows)
    }

    /// Whether anything changed for whoever has this phone; none where nobody has.
    async fn hold_one(&self, by: &Who, phone: Msisdn, wish: &HoldWish) -> Result<Option<bool>, Fault> {
        for _ in 0..TRIES {
            match self.try_hold(by, phone, wish).await {
                Err(fault) if fault.is_conflict() => {}
                done => return done,
            }
        }
        Err(Fault::Broken("a hold never found a quiet moment".to_owned()))
    }

    async fn try_hold(&self, by: &Who, phone: Msisdn, wish: &HoldWish) -> Result<Option<bool>, Fault> {
        let mut work = self.work(self.clock.now())?;
        let row = self.store.read(vec![keys::by_phone(phone)]).await?.into_iter().next().flatten();
        let Some(id) = row.and_then(|row| PartyId::from_octets(&row.octets())) else { return Ok(None) };
        let her = work.need::<Party>(id).await?;
        let (command, did) = match wish {
            HoldWish::Put { code, why, .. } => {
                // What stands is not put again with the date of another day.
                let stands = her.holds().any(|hold| hold.code == *code);
                if stands && *code != HoldCode::Desk {
                    return Ok(Some(false));
                }
                let why = self.reasons(&her, *code, why, work.now)?;
                (PartyCommand::Hold { code: *code, why }, format!("hold money ({}) of {id}", code.word()))
            }
            HoldWish::Lift { code, why, .. } => {
                let did = format!("lift the hold ({}) of {id}: {}", code.word(), why.trim());
                (PartyCommand::Unhold { code: *code, by: None }, did)
            }
        };
        let events = party::decide(Some(&her), &command, &self.policy, work.now)
            .map_err(|why| Fault::Broken(why.to_string()))?;
        if events.is_empty() {
            return Ok(Some(false));
        }
        work.apply::<Party>(id, events);
        self.tell_of_hold(&mut work, id, wish).await?;
        self.commit(work, by.did(did), None).await?;
        Ok(Some(true))
    }

    async fn tell_of_hold(&self, work: &mut Work<'_>, id: PartyId, wish: &HoldWish) -> Result<(), Fault> {
        let her = work.need::<Party>(id).await?;
        let (place, help) = (Value::text(self.place_of(&her)), Value::Phone(self.house.help_phone));
        match wish {
            HoldWish::Put { code: HoldCode::SimChanged, .. } => {
                self.tell(work, &her, "sim_changed", vec![place])
            }
            HoldWish::Put { code: HoldCode::NameDiffers, .. } => {
                self.tell(work, &her, "name_differs", vec![place])
            }
            HoldWish::Put { code: HoldCode::Desk, .. } => {
                let hold = her.holds().find(|hold| hold.code == HoldCode::Desk);
                let why = hold.map(|hold| view::hold_words(&hold.why, her.lang));
                self.tell(work, &her, "money_held", vec![why.unwrap_or_else(|| Value::text("")), help])
            }
            // Nobody at the desk puts it.
            HoldWish::Put { code: HoldCode::PinOpened, .. } => Ok(()),
            // Another reason may stand still; its own SMS has told it.
            HoldWish::Lift { .. } if her.hold.is_some() => Ok(()),
            HoldWish::Lift { .. } => self.tell(work, &her, "money_free", vec![help]),
        }
    }

    /// The reason of a hold in every language, with its date (its end, where it has one), and the place where
    /// an ID answers it.
    pub(in crate::engine) fn reasons(
        &self, her: &Party, code: HoldCode, why: &BTreeMap<Lang, String>, now: Timestamp,
    ) -> Result<BTreeMap<Lang, String>, Fault> {
        let (since, place) = (Value::Date(now), Value::text(self.place_of(her)));
        let (name, args) = match code {
            HoldCode::SimChanged => ("why_sim_changed", vec![since, place]),
            HoldCode::NameDiffers => ("why_name_differs", vec![since, place]),
            HoldCode::Desk => ("why_desk", vec![since]),
            // The date is the end, not the beginning.
            HoldCode::PinOpened => ("why_pin_opened", vec![Value::text(view::day_and_time(now))]),
        };
        let say = |lang: Lang| {
            let mut args = args.clone();
            if code == HoldCode::Desk {
                args.insert(0, Value::text(why.get(&lang).map_or("", |words| words.trim())));
            }
            Ok((lang, self.menus.say(name, &args, lang).map_err(Fault::Broken)?))
        };
        self.menus.langs().into_iter().map(say).collect()
    }

    /// An agent has seen her ID: what waits for that goes on.
    pub(in crate::engine) async fn lift_for_id(
        &self, work: &mut Work<'_>, agent: &Party, her: &Party,
    ) -> Result<bool, Fault> {
        let mut events = Vec::new();
        for code in her.holds().map(|hold| hold.code).filter(|code| code.needs_id()) {
            let lift = PartyCommand::Unhold { code, by: Some(agent.actor()) };
            // Nobody lifts her own.
            events.extend(party::decide(Some(her), &lift, &self.policy, work.now).unwrap_or_default());
        }
        if events.is_empty() {
            return Ok(false);
        }
        work.apply::<Party>(her.id, events);
        if work.need::<Party>(her.id).await?.hold.is_none() {
            self.tell(work, her, "money_free", vec![Value::Phone(self.house.help_phone)])?;
        }
        Ok(true)
    }
}
