//! The turn of a USSD step: read the dialog, walk it, decide, commit, answer. The one function to
//! read first is [`Engine::ussd_turn`].

use super::heard::{Earlier, Reading};
use super::port::Account;
use super::push::Ours;
use super::record::Cause;
use super::repeat::{Key, is_same_begin, key};
use super::tapes;
use super::trade::Due;
use super::work::{Fault, Work};
use super::{Caller, Engine};
use crate::dialog::input::{FROZEN, Input, PinPurpose, PinVerdict, SmsWish, Step, TypedPin};
use crate::dialog::machine::{Env, Machine};
use crate::dialog::state::State;
use crate::dialog::tape::{self, Event, Fed, Follows, Given};
use crate::engine::port::{UssdEvent, UssdIn, UssdOut};
use crate::market::party::{self, Party, PartyCommand, PartyEvent, PinHash};
use crate::menu::graph::Graph;
use crate::menu::value::Value;
use crate::store::{codec, keys};
use crate::types::{DialogId, Lang, Msisdn, PartyId, Timestamp};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::sync::Arc;

/// How often a turn is decided again because somebody else was faster.
pub(super) const TRIES: usize = 12;

/// A subscriber's dialog as it is kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct DialogRow {
    /// The gateway it runs over.
    pub gateway: String,
    /// The gateway's name for it.
    pub session: Vec<u8>,
    /// The gateway's count, as last seen.
    pub sequence: Option<u8>,
    /// Whether that count moves: only then does an old one tell a late key.
    pub moves: bool,
    /// Names the last input: the same octets again are answered again and not acted on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mark: Option<Vec<u8>>,
    /// Names the begin.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub begun_as: Option<Vec<u8>>,
    /// When it began, or was gone on with.
    #[serde(default)]
    pub begun: Timestamp,
    /// What was answered last never reached the network.
    #[serde(default)]
    pub lost: bool,
    /// What was dialled; answers behind the code are only counted, since one may be a PIN.
    pub dialled: String,
    /// When the last input came.
    pub last: Timestamp,
    /// Whether anything was typed since it began.
    pub walked: bool,
    /// The language, for people we do not know yet.
    pub lang: Lang,
    /// Where it stands.
    pub state: State,
    /// What was answered last.
    pub out: UssdOut,
    /// The salted hash of a PIN that was typed once.
    pub candidate: Option<String>,
    /// The reminder for this moment's cut was sent.
    pub reminded: Option<Timestamp>,
    /// How many octets of what was typed were heard, where the gateway brings all of it every time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub heard: Option<usize>,
    /// What the gateway says the dialog came to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account: Option<Account>,
    /// We opened it, and how far that came.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pushed: Option<Ours>,
    /// Dialogs before this one whose gateway may still speak of them, the latest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub earlier: Vec<Earlier>,
}

/// What a walk came to.
pub(super) struct Walk {
    pub out: UssdOut,
    pub sms: Option<SmsWish>,
    pub outcomes: Vec<(String, String)>,
    /// The same, to be recorded.
    pub tape: tape::Walk,
}

impl Engine {
    /// Takes a USSD step and answers with the screen, after everything it brought about is durable.
    pub async fn ussd_turn(&self, input: UssdIn) -> UssdOut {
        self.ussd_step(input, false).await
    }

    /// The same of a step that may have waited until it is too `late` to be worked on: whatever it decided, its
    /// screen would hardly be seen. What was answered before is answered so again, late or not.
    pub(super) async fn ussd_step(&self, input: UssdIn, late: bool) -> UssdOut {
        if matches!(input.event, UssdEvent::Gone | UssdEvent::Confirmed) {
            self.push_ended(&input).await;
        }
        for _ in 0..TRIES {
            match self.try_ussd(&input, late).await {
                Ok(out) => return out,
                Err(fault) if fault.is_conflict() => {}
                Err(fault) => {
                    tracing::error!(msisdn = ?input.msisdn, %fault, "a USSD turn failed");
                    return self.fault_screen(input.msisdn).await;
                }
            }
        }
        tracing::error!(msisdn = ?input.msisdn, "a USSD turn never found a quiet moment");
        self.fault_screen(input.msisdn).await
    }

    async fn fault_screen(&self, phone: Msisdn) -> UssdOut {
        self.meters.turn(super::meters::Outcome::Fault);
        UssdOut::End(self.menus.words("fault_screen", self.lang_of(phone).await))
    }

    /// What she reads whose step came too late to be worked on.
    pub(super) fn busy(&self, lang: Lang) -> UssdOut {
        self.meters.turn(super::meters::Outcome::Shed);
        UssdOut::End(self.menus.words("busy_screen", lang))
    }

    /// The language of whoever has this phone, as far as the store can still say.
    pub(super) async fn lang_of(&self, phone: Msisdn) -> Lang {
        self.known_lang(phone).await.unwrap_or(self.house.lang)
    }

    /// The language of somebody we know.
    pub(super) async fn known_lang(&self, phone: Msisdn) -> Option<Lang> {
        let known = async {
            let mut work = self.work(self.clock.now())?;
            let row = self.store.read(vec![keys::by_phone(phone)]).await?.into_iter().next().flatten();
            let id = row.and_then(|row| super::view::FromIndex::from_octets(&row.octets()));
            self.party(&mut work, &Caller::new(phone, id, self.house.lang)).await
        };
        known.await.ok().flatten().map(|me| me.lang)
    }

    async fn try_ussd(&self, input: &UssdIn, late: bool) -> Result<UssdOut, Fault> {
        let mut work = self.work(input.at)?;
        let dialog = keys::dialog(input.msisdn);
        let mut rows = self.store.read(vec![dialog.clone(), keys::by_phone(input.msisdn)]).await?.into_iter();
        let kept = rows.next().flatten();
        let version = kept.as_ref().map(|row| row.version);
        let read = |row: &_| codec::decode_row::<DialogRow>(&dialog, row).ok();
        let mut row = kept.and_then(|row| self.known.take(input.msisdn, row.version).or_else(|| read(&row)));
        row.iter_mut().for_each(|row| row.take_name(input));
        let party = rows.next().flatten().and_then(|row| super::view::FromIndex::from_octets(&row.octets()));
        let mut who = self.caller(&mut work, input, party, row.as_ref()).await?;
        let event = match Reading::of(input, row.as_ref()) {
            Reading::Event(event) => event,
            Reading::Again(out) => {
                return match row {
                    Some(row) if row.lost => self.revive(work, input, row, version).await,
                    _ => Ok(out),
                };
            }
            Reading::Over => return Ok(self.expired(who.lang)),
        };
        let earlier = row.as_ref().map(|row| row.earlier_than(input)).unwrap_or_default();
        let (mut row, first, dialled) = match (&*event, row) {
            (UssdEvent::Begin(dialled), row) => {
                let masked = self.menus.masked(dialled);
                if let Some(row) = row.as_ref().filter(|row| is_same_begin(row, input, &masked)) {
                    // A copy that comes after a key has nothing to say: what it asked for was seen.
                    return Ok(if row.walked { UssdOut::Nothing } else { row.out.clone() });
                }
                // Answers behind the code may act: a copy of them would, after she read that they did not.
                let acts = |(_, typed): (_, Vec<String>)| !typed.is_empty();
                if late && !self.menus.dialled(dialled, who.role).is_some_and(acts) {
                    return Ok(self.busy(who.lang));
                }
                match self.begin(&mut work, input, dialled, row, &who).await? {
                    Some((row, first)) => (row, first, Some(masked)),
                    None => return Ok(UssdOut::End(self.menus.words("no_service", who.lang))),
                }
            }
            (UssdEvent::Reply(_), None) => return Ok(self.expired(who.lang)),
            (UssdEvent::Reply(typed), Some(row)) => match key(&row, input) {
                Key::Next if late => return self.shed(work, input, row, version, who.lang).await,
                Key::Next => (row, Input::Key(typed.clone()), None),
                Key::Again if row.lost => return self.revive(work, input, row, version).await,
                Key::Again => return Ok(row.out),
                Key::Over => return Ok(self.expired(who.lang)),
            },
            (UssdEvent::Heard(_), _) => return Ok(self.expired(who.lang)),
            (_, None) => return Ok(UssdOut::Nothing),
            (UssdEvent::Ended(account), Some(row)) => {
                return self.ended(work, input, row, version, account).await;
            }
            (UssdEvent::Gone | UssdEvent::Confirmed | UssdEvent::Unseen { .. }, Some(row)) => {
                return self.over(work, input, row, version).await;
            }
        };
        let Some(graph) = self.graph_of(&row).await? else { return Ok(self.expired(who.lang)) };
        let at_pin = row.state.awaits_pin(&graph);
        row.walked |= matches!(*event, UssdEvent::Reply(_));
        row.heard = input.event.heard_octets();
        row.earlier = earlier;
        if let (Some(old), Some(new)) = (row.sequence, input.sequence) {
            row.moves |= old != new;
        }
        row.sequence = input.sequence.or(row.sequence);
        row.last = input.at;
        row.mark.clone_from(&input.mark);
        row.lost = false;
        who.candidate = row.candidate.take();
        let mut machine = Machine::new(&graph, row.state);
        let walk = self.walk(&mut work, &mut who, &mut machine, &graph, first.clone()).await?;
        let event = self.happened(input, &first, &machine, &graph, at_pin);
        let sms =
            walk.sms.as_ref().map(|wish| self.tell_caller(&mut work, &who, &graph, wish)).transpose()?;
        self.remind_later(&mut work, &who, &machine, &graph, input.at).await?;
        row.state = machine.into_state();
        if row.state.is_over() && !walk.outcomes.is_empty() {
            self.unstuck(&mut work, input.msisdn);
        }
        row.lang = who.lang;
        row.candidate = who.candidate.take();
        row.out = walk.out.clone();
        let cause = Cause::Ussd {
            dialog: row.state.id,
            msisdn: input.msisdn,
            graph: graph.hash.clone(),
            typed: match (&event, dialled) {
                (Event::Key(typed), _) => typed.clone(),
                (_, dialled) => dialled.unwrap_or_default(),
            },
            shown: screen(&walk.out).to_owned(),
            outcomes: walk.outcomes.clone(),
        };
        let (out, block) = (walk.out.clone(), walk.tape.block.clone());
        work.record_walk(&row, version, event, walk, sms);
        let id = row.state.id;
        if let Some(version) = self.keep(work, input, &row, version, cause).await? {
            self.known.note(input.msisdn, version, row);
        }
        if matches!(first, Input::Redial { .. }) {
            self.meters.resumed();
        }
        let span = tracing::Span::current();
        if !span.is_disabled() {
            span.record("dialog", tracing::field::display(id));
            span.record("tree", &*graph.name).record("screen", &*block);
        }
        Ok(out)
    }

    /// What a step is on the tape of its dialog, after the machine has walked it.
    fn happened(
        &self, input: &UssdIn, first: &Input, machine: &Machine<'_>, graph: &Graph, at_pin: bool,
    ) -> Event {
        match first {
            Input::Begin { typed } => Event::Begun {
                head: tapes::head(input.msisdn, graph, &input.gateway),
                typed: tape::kept_answers(machine, typed),
            },
            Input::Redial { typed } => Event::Redialled {
                gateway: input.gateway.to_string(),
                typed: tape::kept_answers(machine, typed),
            },
            Input::Key(typed) => Event::Key(tape::kept_key(machine, graph, typed, at_pin)),
            _ => Event::Again,
        }
    }

    async fn caller(
        &self, work: &mut Work<'_>, input: &UssdIn, party: Option<PartyId>, row: Option<&DialogRow>,
    ) -> Result<Caller, Fault> {
        let mut who = Caller::new(input.msisdn, party, self.house.lang);
        who.septets = input.septets;
        if let Some(me) = self.party(work, &who).await? {
            who.lang = me.lang;
            who.role = Some(me.role);
        } else if let Some(row) = row {
            who.lang = row.lang;
        }
        Ok(who)
    }

    /// A new dialog, or the one that was cut, gone on with.
    async fn begin(
        &self, work: &mut Work<'_>, input: &UssdIn, dialled: &str, row: Option<DialogRow>, who: &Caller,
    ) -> Result<Option<(DialogRow, Input)>, Fault> {
        let Some((graph, typed)) = self.menus.dialled(dialled, who.role) else { return Ok(None) };
        let began_on = match &row {
            Some(row) => self.graph_of(row).await?.filter(|began_on| began_on.name == graph.name),
            None => None,
        };
        let goes_on = |row: &DialogRow| {
            began_on.as_ref().is_some_and(|began_on| row.state.may_resume(began_on, input.at))
        };
        let resumed = row.filter(goes_on);
        // What she never answered she may never have seen.
        let resumed = resumed.filter(|row| !row.is_unanswered());
        let (state, first, candidate) = match resumed {
            Some(row) => {
                let mut state = row.state;
                state.cut(row.last);
                (state, Input::Redial { typed }, None)
            }
            None => {
                let id = DialogId::new(work.now, &mut work.entropy);
                (State::new(id, &graph), Input::Begin { typed }, None)
            }
        };
        let row = DialogRow {
            gateway: input.gateway.to_string(),
            session: input.session.clone(),
            sequence: input.sequence,
            moves: false,
            mark: None,
            begun_as: input.mark.clone(),
            begun: input.at,
            lost: false,
            dialled: self.menus.masked(dialled),
            last: input.at,
            walked: false,
            lang: who.lang,
            state,
            out: UssdOut::Nothing,
            candidate,
            reminded: None,
            heard: None,
            account: None,
            pushed: None,
            earlier: Vec::new(),
        };
        Ok(Some((row, first)))
    }

    /// Sets the reminder for a call that falls silent at this screen without a word of the network.
    async fn remind_later(
        &self, work: &mut Work<'_>, who: &Caller, machine: &Machine<'_>, graph: &Graph, now: Timestamp,
    ) -> Result<(), Fault> {
        let env = self.env(graph, who.lang, now);
        if let Some((after, _)) = machine.drop_wish(env, &BTreeMap::new()) {
            let due = Due::Cut { msisdn: who.msisdn, touched: now };
            work.timer(now.after(graph.idle + after), &format!("idle/{}", who.msisdn), &due);
        }
        Ok(())
    }

    /// Feeds a machine until it shows something.
    pub(super) async fn walk(
        &self, work: &mut Work<'_>, who: &mut Caller, machine: &mut Machine<'_>, graph: &Graph, first: Input,
    ) -> Result<Walk, Fault> {
        let (mut outcomes, mut fed) = (Vec::new(), Vec::new());
        let (lang, mut input) = (who.lang, first);
        let (out, sms, limit) = loop {
            let mut env = self.env(graph, who.lang, work.now);
            env.limit = env.limit.min(who.septets.map_or(usize::MAX, usize::from));
            input = match machine.step(env, input) {
                Step::Ask(ask) => {
                    let data = self.view(work, who, &ask).await?;
                    fed.push(Fed::Data(Given::new(&ask, &data)));
                    Input::Data(data)
                }
                Step::Pin { typed, purpose } => {
                    let verdict = self.pin(work, who, &typed, purpose).await?;
                    fed.push(Fed::Pin(verdict));
                    Input::Pin(verdict)
                }
                Step::Do(wish) => {
                    let before = who.lang;
                    let (name, mut args) = self.act(work, who, &wish).await?;
                    if name == FROZEN {
                        let text = self.menus.say("stopped", &args, who.lang).map_err(Fault::Broken)?;
                        args = vec![Value::Text(text)];
                    }
                    let changed = (who.lang != before).then_some(who.lang);
                    fed.push(Fed::outcome(&wish, name, &args, changed));
                    outcomes.push((wish.name, name.to_owned()));
                    Input::Outcome { name: name.to_owned(), args }
                }
                Step::Show(text) => break (UssdOut::Ask(text), None, env.limit),
                Step::End(text, sms) => break (UssdOut::End(text), sms, env.limit),
            };
        };
        let block = machine.state().block(graph);
        tracing::trace!(target: "sokoni::shown", tree = graph.name, block, %lang);
        let tape = tape::Walk {
            fed,
            lang,
            limit: u16::try_from(limit).unwrap_or(u16::MAX),
            block: block.to_owned(),
            screen: screen(&out).to_owned(),
            ended: matches!(out, UssdOut::End(_)),
            refused: machine.understood().contains(&false),
            sms: None,
        };
        Ok(Walk { out, sms, outcomes, tape })
    }

    /// Judges a typed PIN.
    async fn pin(
        &self, work: &mut Work<'_>, who: &mut Caller, typed: &TypedPin, purpose: PinPurpose,
    ) -> Result<PinVerdict, Fault> {
        let pin = || zeroize::Zeroizing::new(typed.expose().to_owned());
        let broken = |fault: super::pins::PinFault| Fault::Broken(fault.to_string());
        let me = self.party(work, who).await?;
        match purpose {
            PinPurpose::Choose => {
                if me.as_ref().is_some_and(Party::pin_is_locked) {
                    return Ok(PinVerdict::Locked);
                }
                if !super::pins::is_acceptable(typed.expose(), who.msisdn) {
                    return Ok(PinVerdict::TooEasy);
                }
                let octets = self.chance.draw().map_err(Fault::Broken)?;
                who.candidate = Some(self.pins.hash(pin(), octets).await.map_err(broken)?);
                Ok(PinVerdict::Right)
            }
            PinPurpose::Confirm => {
                let Some(hash) = who.candidate.take() else { return Ok(PinVerdict::Wrong { left: 0 }) };
                if !self.pins.prove(pin(), hash.clone()).await.map_err(broken)? {
                    return Ok(PinVerdict::Wrong { left: 0 });
                }
                match me {
                    None => who.chosen = Some(PinHash(hash)),
                    Some(me) => {
                        let command = PartyCommand::SetPin { hash: PinHash(hash) };
                        match party::decide(Some(&me), &command, &self.policy, work.now) {
                            Ok(events) => work.apply::<Party>(me.id, events),
                            Err(_) => return Ok(PinVerdict::Locked),
                        }
                    }
                }
                Ok(PinVerdict::Right)
            }
            PinPurpose::Prove => {
                let Some(me) = me else { return Ok(PinVerdict::Locked) };
                let hash = match &me.pin {
                    Some(kept) if kept.locked.is_none() => kept.hash.0.clone(),
                    _ => return Ok(PinVerdict::Locked),
                };
                let right = self.pins.prove(pin(), hash).await.map_err(broken)?;
                let command = PartyCommand::TryPin { right };
                let Ok(events) = party::decide(Some(&me), &command, &self.policy, work.now) else {
                    return Ok(PinVerdict::Locked);
                };
                let verdict = match events.last() {
                    Some(PartyEvent::PinMissed { left }) => PinVerdict::Wrong { left: *left },
                    Some(PartyEvent::PinLocked) => PinVerdict::Locked,
                    _ => PinVerdict::Right,
                };
                work.apply::<Party>(me.id, events);
                who.pin_proven = verdict == PinVerdict::Right;
                Ok(verdict)
            }
        }
    }

    /// What surrounds a step of a dialog.
    pub(super) fn env(&self, graph: &Graph, lang: Lang, now: Timestamp) -> Env {
        Env { lang, limit: usize::from(graph.limit).min(usize::from(self.house.most_septets)), now }
    }

    /// The SMS that a last screen sends after itself.
    pub(super) fn tell_caller(
        &self, work: &mut Work<'_>, who: &Caller, graph: &Graph, wish: &SmsWish,
    ) -> Result<Follows, Fault> {
        let text = self.menus.say_in(&graph.hash, &wish.name, &wish.args, who.lang).map_err(Fault::Broken)?;
        let follows = Follows::new(&wish.name, &text);
        self.text(work, who.msisdn, text, &wish.name);
        Ok(follows)
    }

    fn expired(&self, lang: Lang) -> UssdOut {
        UssdOut::End(self.menus.words("call_over", lang))
    }

    /// The graph a stored dialog walks: of the version it began with.
    pub(super) async fn graph_of(&self, row: &DialogRow) -> Result<Option<Arc<Graph>>, Fault> {
        Ok(self.menus.graph(&*self.store, &row.state.graph).await?)
    }
}

pub(super) fn screen(out: &UssdOut) -> &str {
    match out {
        UssdOut::Ask(text) | UssdOut::End(text) => text,
        UssdOut::Nothing => "",
    }
}
