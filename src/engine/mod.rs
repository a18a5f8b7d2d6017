//! The conductor: a lane per subscriber, the turn, the outbox, the timers.
//!
//! Read [`turn`] first: a USSD step from input to screen. [`sms`] is the same for texts, [`shop`]
//! for shoppers and the card processor, [`outbox`] and [`due`] for what leaves and what falls due.
//! All of them build one [`work::Work`], which becomes one commit.
//!
//! May import `types`, `gsm`, `menu`, `dialog`, `market`, `ledger`, `store`.

mod actions;
mod again;
mod aggregate;
pub mod alarms;
pub mod audit;
pub mod browse;
pub mod bulk;
pub mod buyers;
mod callbacks;
pub mod cards;
pub mod cart;
pub mod chance;
mod charge;
pub mod clock;
pub mod depot;
pub mod desk;
pub mod due;
pub mod erasure;
mod heard;
pub mod hooks;
pub mod kiosks;
mod known;
pub mod lanes;
pub mod letters;
pub mod loans;
pub mod mend;
pub mod menus;
pub mod messages;
pub mod meters;
pub mod nodes;
mod optout;
pub mod orders;
pub mod outbox;
pub mod pace;
mod parts;
mod payouts;
pub mod photos;
pub mod pins;
#[cfg(feature = "planted")]
pub mod planted;
pub mod port;
pub mod preview;
pub mod prompt;
mod push;
pub mod recon;
pub mod record;
mod repeat;
mod roles;
pub mod routes;
mod shop;
pub mod shopfront;
mod sms;
mod statement;
pub mod story;
pub mod tapes;
mod trade;
mod turn;
mod view;
pub mod vocabulary;
mod work;

#[cfg(test)]
mod tests;

use crate::ledger::{Fact, post};
use crate::market::party::{self, Joining, Party, PartyCommand, PinHash, Role};
use crate::market::{Policy, Word};
use crate::store::batch::{Batch, Committed, InboxMark};
use crate::store::{Store, keys};
use crate::types::{Chance, Clock, Entropy, Kes, Lang, Msisdn, PartyId, Timestamp};
use menus::Menus;
use pins::Pins;
use port::MoneyOut;
use record::Cause;
use shopfront::{CardIn, OrderChanged};
use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, RwLock};
use tokio::sync::{Notify, broadcast};
use work::{Fault, Work};

/// What the house says of itself in texts.
#[derive(Debug, Clone)]
pub struct House {
    /// Where somebody calls for help, free of charge.
    pub help_phone: Msisdn,
    /// What people dial: `*483*57#`.
    pub dial: String,
    /// Where people send texts: `48357`.
    pub sms: String,
    /// The language of somebody we do not know.
    pub lang: Lang,
    /// Most septets a screen may have on any route.
    pub most_septets: u16,
    /// Where the shop stands on the web, without a slash at the end.
    pub public_url: String,
}

/// A kiosk and the agent who keeps it, as the configuration names them.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Kiosk {
    /// The agent's phone.
    pub phone: String,
    /// The agent's name.
    pub name: String,
    /// The kiosk's name, at most sixteen letters: `Kibera Kiosk`.
    pub place: String,
    /// The area it serves, as a word of the menus: `kibera`.
    pub area: String,
    /// The agent's language.
    #[serde(default = "english")]
    pub lang: Lang,
}

fn english() -> Lang {
    Lang::EN
}

/// A liaison, as the configuration names her.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Liaison {
    /// Her phone.
    pub phone: String,
    /// Her name.
    pub name: String,
    /// The area she looks after, as a word of the menus: `kibera`.
    pub area: String,
    /// Her language.
    #[serde(default = "english")]
    pub lang: Lang,
}

/// Everything the engine is made of.
pub struct Parts {
    /// Where everything is kept.
    pub store: Arc<dyn Store>,
    /// What time it is.
    pub clock: Arc<dyn Clock>,
    /// What turns draw their randomness from.
    pub chance: Arc<dyn Chance>,
    /// The trees and the catalogue.
    pub menus: Arc<Menus>,
    /// The house's numbers.
    pub policy: Policy,
    /// What the house says of itself.
    pub house: House,
    /// The checker of PINs.
    pub pins: Pins,
    /// Mobile money.
    pub money: Arc<dyn MoneyOut>,
    /// Cards.
    pub card: Arc<dyn CardIn>,
    /// What keeps buyers' addresses from whoever steals the store.
    pub addresses: buyers::Seal,
    /// How providers' statements are read, and when a float is too low.
    pub recon: recon::Settings,
    /// What takes letters to shoppers; nothing where no mail server is set.
    pub mail: Option<Arc<dyn letters::MailOut>>,
}

/// The engine.
pub struct Engine {
    store: Arc<dyn Store>,
    clock: Arc<dyn Clock>,
    chance: Arc<dyn Chance>,
    menus: Arc<Menus>,
    policy: Policy,
    house: House,
    pins: Pins,
    money: Arc<dyn MoneyOut>,
    card: Arc<dyn CardIn>,
    addresses: buyers::Seal,
    recon: recon::Settings,
    mail: Option<Arc<dyn letters::MailOut>>,
    lines: outbox::Lines,
    agents: RwLock<Arc<[Party]>>,
    /// Liaisons whom the configuration names: each start enrols whom it does not know.
    named: RwLock<BTreeSet<Msisdn>>,
    changes: broadcast::Sender<OrderChanged>,
    wake: [Notify; 6],
    /// Addresses of partners that are told what happens.
    hooks: hooks::Hooks,
    receipts: messages::receipts::Receipts,
    stops: RwLock<desk::freeze::Stops>,
    /// Where in the journal stands what was done at the desk.
    acts: tokio::sync::Mutex<desk::acts::Index>,
    /// How quickly phones are answered.
    pace: pace::Pace,
    /// Dialogs as this process kept them last.
    known: known::Known,
    /// What happened since the start.
    pub meters: meters::Meters,
    /// Held while somebody at the desk turns a switch.
    turning: tokio::sync::Mutex<()>,
    /// The indexes could not be mended: what the shop would show is not all that is on sale.
    amiss: AtomicBool,
    /// Other machines over the same store.
    nodes: nodes::Nodes,
}

/// Who is behind an input, as a turn comes to know her.
pub(crate) struct Caller {
    msisdn: Msisdn,
    party: Option<PartyId>,
    role: Option<Role>,
    lang: Lang,
    pin_proven: bool,
    candidate: Option<String>,
    chosen: Option<PinHash>,
    /// Septets that a screen may have on the route of this turn.
    septets: Option<u16>,
}

impl Caller {
    fn new(msisdn: Msisdn, party: Option<PartyId>, lang: Lang) -> Self {
        Self {
            msisdn,
            party,
            role: None,
            lang,
            pin_proven: false,
            candidate: None,
            chosen: None,
            septets: None,
        }
    }
}

/// Whether what people do can be kept.
pub trait Keeps: Send + Sync + 'static {
    /// Why nothing can be kept any more, if that is so.
    fn refuses(&self) -> Option<String>;
}

/// A house that always can.
impl Keeps for () {
    fn refuses(&self) -> Option<String> {
        None
    }
}

impl Keeps for Engine {
    fn refuses(&self) -> Option<String> {
        self.store.refuses()
    }
}

/// Somebody whom the configuration names.
struct Newcomer {
    role: Role,
    phone: String,
    name: String,
    area: String,
    place: Option<String>,
    lang: Lang,
}

impl Engine {
    /// The engine over its parts; reads which kiosks there are.
    pub async fn new(parts: Parts) -> Result<Arc<Self>, String> {
        let Parts { store, clock, chance, menus, policy, house, pins, money, card, addresses, recon, mail } =
            parts;
        let engine = Arc::new(Self {
            store,
            clock,
            chance,
            menus,
            policy,
            house,
            pins,
            money,
            card,
            addresses,
            recon,
            mail,
            lines: Default::default(),
            agents: RwLock::new(Arc::from([])),
            named: RwLock::default(),
            changes: broadcast::channel(256).0,
            wake: Default::default(),
            hooks: Default::default(),
            receipts: Default::default(),
            stops: Default::default(),
            acts: Default::default(),
            pace: Default::default(),
            known: Default::default(),
            meters: Default::default(),
            turning: tokio::sync::Mutex::default(),
            amiss: AtomicBool::default(),
            nodes: Default::default(),
        });
        engine.read_agents().await.map_err(|fault| fault.to_string())?;
        engine.read_stops().await.map_err(|fault| fault.to_string())?;
        engine.read_hooks().await.map_err(|fault| fault.to_string())?;
        Ok(engine)
    }

    /// What the float at each provider holds, where that is known.
    pub async fn floats(&self) -> Result<Vec<(String, Kes)>, String> {
        let rows = self.float_rows().await.map_err(|fault| fault.to_string())?;
        Ok(rows.into_iter().filter_map(|row| Some((row.provider, row.holds?))).collect())
    }

    /// Says that the indexes could not be mended: the shop shows nothing rather than a part of what is there.
    pub fn indexes_amiss(&self) {
        self.amiss.store(true, Ordering::Relaxed);
    }

    fn is_amiss(&self) -> bool {
        self.amiss.load(Ordering::Relaxed)
    }

    /// Makes sure that every kiosk of the configuration is known. Runs at every start; what is
    /// there already stays as it is.
    pub async fn enrol(&self, kiosks: &[Kiosk]) -> Result<(), String> {
        for kiosk in kiosks {
            self.enrol_one(kiosk).await.map_err(|why| format!("kiosk {:?}: {why}", kiosk.place))?;
        }
        self.read_agents().await.map_err(|fault| fault.to_string())?;
        self.open_kiosks().await.map_err(|fault| fault.to_string())
    }

    /// Makes sure that every liaison of the configuration is known, like [`enrol`](Self::enrol).
    pub async fn enrol_liaisons(&self, liaisons: &[Liaison]) -> Result<(), String> {
        let named = liaisons.iter().filter_map(|one| Msisdn::parse_kenyan(&one.phone).ok()).collect();
        *self.named.write().unwrap_or_else(std::sync::PoisonError::into_inner) = named;
        for liaison in liaisons {
            let Liaison { phone, name, area, lang } = liaison.clone();
            let (role, place) = (Role::Liaison, None);
            let known = self.enrol_as(Newcomer { role, phone, name, area, place, lang });
            known.await.map_err(|why| format!("liaison {:?}: {why}", liaison.name))?;
        }
        Ok(())
    }

    async fn enrol_one(&self, kiosk: &Kiosk) -> Result<(), String> {
        let Kiosk { phone, name, place, area, lang } = kiosk.clone();
        self.enrol_as(Newcomer { role: Role::Agent, phone, name, area, place: Some(place), lang }).await
    }

    async fn enrol_as(&self, newcomer: Newcomer) -> Result<(), String> {
        let Newcomer { role, phone, name, area, place, lang } = newcomer;
        let phone = Msisdn::parse_kenyan(&phone).map_err(|why| format!("phone: {why}"))?;
        let area: Word = area.parse().map_err(|why| format!("area: {why}"))?;
        let fault = |fault: Fault| fault.to_string();
        let mut work = self.work(self.clock.now()).map_err(fault)?;
        let known = self.store.read(vec![keys::by_phone(phone)]).await.map_err(|e| e.to_string())?;
        if let Some(row) = known.into_iter().flatten().next() {
            let id = view::FromIndex::from_octets(&row.octets());
            let known =
                self.party(&mut work, &Caller::new(phone, id, self.house.lang)).await.map_err(fault)?;
            if let Some(other) = known.map(|party| party.role).filter(|other| *other != role) {
                let (role, other) = (role.word(), other.word());
                return Err(format!(
                    "this phone belongs to one who is {other}; {role} needs a phone of its own"
                ));
            }
            return Ok(());
        }
        let id = PartyId::new(work.now, &mut work.entropy);
        let joining = Joining {
            id,
            role,
            number: self.free_number(&mut work).await.map_err(fault)?,
            phone,
            lang,
            name,
            area,
            kiosk: place,
            mentor: None,
            pin: None,
        };
        let events = party::decide(None, &PartyCommand::Join(joining), &self.policy, work.now)
            .map_err(|why| why.to_string())?;
        work.apply::<Party>(id, events);
        self.commit(work, Cause::Desk("enrol".to_owned()), None).await.map_err(fault)?;
        Ok(())
    }

    /// Posts opening money and the float filled from it, once per paper.
    pub async fn open_books(&self, paper: &str, amount: Kes) -> Result<(), String> {
        let fault = |fault: Fault| fault.to_string();
        let mut work = self.work(self.clock.now()).map_err(fault)?;
        let opened = Fact::Opened { paper: paper.to_owned(), amount };
        let known = post(&opened, work.now).map_err(|why| why.to_string())?.id;
        let rows = self.store.read(vec![keys::transfer(known)]).await.map_err(|why| why.to_string())?;
        if rows.iter().any(Option::is_some) {
            return Ok(());
        }
        work.post(&opened).map_err(fault)?;
        work.post(&Fact::FloatFunded { paper: paper.to_owned(), amount }).map_err(fault)?;
        self.commit(work, Cause::Desk(format!("opening money, {paper}")), None).await.map_err(fault)?;
        Ok(())
    }

    async fn read_agents(&self) -> Result<(), Fault> {
        let mut work = self.work(self.clock.now())?;
        let prefix = keys::index_prefix("role", &[Role::Agent.word().as_bytes()]);
        let agents = view::every::<Party>(&mut work, prefix, false).await?;
        let agents = agents.into_iter().map(|(_, agent)| agent).collect();
        *self.agents.write().unwrap_or_else(std::sync::PoisonError::into_inner) = agents;
        Ok(())
    }

    fn agents(&self) -> Arc<[Party]> {
        Arc::clone(&self.agents.read().unwrap_or_else(std::sync::PoisonError::into_inner))
    }

    /// A unit of work at a moment.
    fn work(&self, now: Timestamp) -> Result<Work<'_>, Fault> {
        let octets = self.chance.draw().map_err(Fault::Broken)?;
        Ok(Work::new(&*self.store, now, Entropy::new(octets)))
    }

    /// Commits a unit of work, then wakes whoever waits for what it brought about.
    async fn commit(
        &self, mut work: Work<'_>, cause: Cause, mark: Option<InboxMark>,
    ) -> Result<Committed, Fault> {
        work.complete().await?;
        self.tell_partners(&mut work);
        // What stood before may name somebody who is being forgotten, where nobody looks for her any more.
        if matches!(cause, Cause::Acted { .. } | Cause::Desk(_)) {
            work.keeps_nothing_of(self.leaving().await?);
        }
        let wakes = work.wakes().to_vec();
        let (changed, alarms) = (work.changed_orders(), work.alarms());
        #[cfg(feature = "planted")]
        let apart = work.postings_apart(&cause, self.work(work.now)?);
        let mut batch: Batch = work.batch(cause);
        batch.inbox = mark;
        let committed = self.store.commit(batch).await?;
        #[cfg(feature = "planted")]
        if let Some(apart) = apart {
            self.store.commit(apart).await?;
        }
        if matches!(committed, Committed::At(_)) {
            alarms.into_iter().for_each(|alarm| alarm());
            wakes.into_iter().for_each(|shard| self.tell_to_send(shard));
            changed.into_iter().for_each(|token| self.tell_of_order(token));
        }
        Ok(committed)
    }
}
