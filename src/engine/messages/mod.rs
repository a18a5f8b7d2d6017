//! Every text to and from a phone, kept so that somebody can look at it: to whom and why, what
//! became of each part, what an incoming one brought about.
//!
//! A row is written in the turn that decided the text and changed by the turns that hear of it: the
//! outbox when the gateway took it, [`receipts`] when a phone has it. [`desk`] shows the rows,
//! [`parked`] sends given-up ones again, [`keep`] lets go of old ones. They are notes beside the journal, not derived from it.

pub mod desk;
pub mod keep;
mod parked;
pub mod receipts;

use super::Engine;
use super::photos::passes::without_pass;
use super::port::{Sent, SmsIn};
use super::trade::Text;
use super::work::{Fault, Work};
use crate::store::batch::{Expect, Row};
use crate::store::{Key, Store, codec, keys};
use crate::types::receipt::{Fate, ReceiptState, network_error, normal_id};
use crate::types::{Msisdn, Timestamp};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// So many digits in one are a number that is good once, as good as money or a parcel: they are not
/// kept, whichever text they stand in.
const ONCE: usize = 7;

/// Which way a text goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Way {
    /// To a phone (MT).
    Out,
    /// From a phone (MO).
    In,
}

/// A text and what became of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Message {
    /// Which way it goes.
    pub way: Way,
    /// Whose phone.
    pub phone: Msisdn,
    /// What for: `order`, `money`; empty for one from a phone.
    pub purpose: String,
    /// Which text of the catalogue it is, if it is one.
    pub name: String,
    /// What it says, what may be a PIN left out.
    pub text: String,
    /// When it was decided, or came.
    pub at: Timestamp,
    /// When its validity ends.
    pub until: Timestamp,
    /// The gateway that took or brought it.
    pub gateway: Option<String>,
    /// Its parts, once a gateway has taken them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub parts: Vec<Part>,
    /// When a gateway took all of them.
    pub taken: Option<Timestamp>,
    /// When it was given up, if it was.
    pub given_up: Option<Timestamp>,
    /// When it was dropped because nobody needs or wants it any more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dropped: Option<Timestamp>,
    /// Why it waits, was given up or dropped.
    pub why: Option<String>,
    /// What one from a phone brought about.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub did: Vec<String>,
}

/// A part of a text, as its gateway speaks of it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Part {
    /// The gateway's id for it; empty where it gave none.
    pub id: String,
    /// What the receipts say.
    pub state: Option<ReceiptState>,
    /// The network's error.
    pub error: Option<String>,
    /// When it came to this, by the gateway's clock and in its words.
    pub done: Option<String>,
    /// When we heard of it.
    pub at: Option<Timestamp>,
}

/// Where a text stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// Not yet taken by any gateway.
    Waiting,
    /// With a gateway; the phone may or may not have it.
    Taken,
    /// On the phone, every part of it that has a name.
    Delivered,
    /// Some part of it will never be on the phone.
    Failed,
    /// Taken, and nothing certain was heard before its validity ended.
    NoReceipt,
    /// No gateway will take it: it is parked until somebody sends it again.
    GivenUp,
    /// Dropped unsent: it was said by a push, or she stopped such texts.
    NotNeeded,
    /// From a phone.
    Received,
}

impl State {
    /// All of them.
    pub const ALL: [Self; 8] = [
        Self::Waiting,
        Self::Taken,
        Self::Delivered,
        Self::Failed,
        Self::NoReceipt,
        Self::GivenUp,
        Self::NotNeeded,
        Self::Received,
    ];

    /// A stable word.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Taken => "taken",
            Self::Delivered => "delivered",
            Self::Failed => "failed",
            Self::NoReceipt => "no_receipt",
            Self::GivenUp => "given_up",
            Self::NotNeeded => "not_needed",
            Self::Received => "received",
        }
    }

    /// The state of this word.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.word() == word)
    }
}

impl Message {
    /// A text that was just decided.
    pub(super) fn to_phone(text: &Text, at: Timestamp, until: Timestamp) -> Self {
        Self {
            way: Way::Out,
            phone: text.to,
            purpose: text.purpose.word().to_owned(),
            name: text.name.clone(),
            text: kept(&text.text),
            at,
            until,
            gateway: None,
            parts: Vec::new(),
            taken: None,
            given_up: None,
            dropped: None,
            why: None,
            did: Vec::new(),
        }
    }

    /// A text that came; `text` is what may be kept of it.
    fn from_phone(input: &SmsIn, text: &str, did: Vec<String>) -> Self {
        Self {
            way: Way::In,
            phone: input.from,
            purpose: String::new(),
            name: String::new(),
            text: kept(text),
            at: input.at,
            until: input.at,
            gateway: Some(input.gateway.to_string()),
            parts: Vec::new(),
            taken: None,
            given_up: None,
            dropped: None,
            why: None,
            did,
        }
    }

    /// The parts that a receipt can be about.
    fn named(&self) -> impl Iterator<Item = &Part> {
        self.parts.iter().filter(|part| !part.id.is_empty())
    }

    /// Where it stands at a moment.
    pub fn state(&self, now: Timestamp) -> State {
        let ended = |part: &Part| part.state.filter(|state| state.fate() == Fate::Final);
        if self.way == Way::In {
            State::Received
        } else if self.given_up.is_some() {
            State::GivenUp
        } else if self.dropped.is_some() {
            State::NotNeeded
        } else if self.taken.is_none() {
            State::Waiting
        } else if self.named().any(|part| ended(part).is_some_and(|state| state != ReceiptState::Delivered)) {
            State::Failed
        } else if self.named().next().is_some() && self.named().all(|part| ended(part).is_some()) {
            State::Delivered
        } else if self.until < now {
            State::NoReceipt
        } else {
            State::Taken
        }
    }

    /// When its last word was heard; `None` while one may still come.
    pub fn finished(&self, now: Timestamp) -> Option<Timestamp> {
        match self.state(now) {
            State::Taken => None,
            State::Waiting => Some(self.until).filter(|until| *until < now),
            State::Received => Some(self.at),
            State::GivenUp => self.given_up,
            State::NotNeeded => self.dropped,
            State::Delivered | State::Failed => self.parts.iter().filter_map(|part| part.at).max(),
            State::NoReceipt => Some(self.until),
        }
    }

    /// Why it stands there, in words.
    pub fn reason(&self, now: Timestamp) -> Option<String> {
        match self.state(now) {
            State::Waiting | State::GivenUp | State::NotNeeded => self.why.clone(),
            State::Delivered | State::Received => None,
            State::NoReceipt => {
                let heard = self.unlucky().map(|(_, words)| format!("; the last word: {words}"));
                let silent = "the gateway did not say what became of it before its validity ended";
                Some(format!("{silent}{}", heard.unwrap_or_default()))
            }
            State::Taken | State::Failed => self.unlucky().map(|(number, words)| match self.parts.len() {
                1 => words,
                parts => format!("part {number} of {parts}: {words}"),
            }),
        }
    }

    /// The worst that was heard of a part that is not on the phone: its number, and words.
    fn unlucky(&self) -> Option<(usize, String)> {
        let heard = |part: &Part| part.state.filter(|state| *state != ReceiptState::Delivered);
        let parts = || (1..).zip(&self.parts).filter_map(|(n, part)| Some((n, part, heard(part)?)));
        let (number, part, state) =
            parts().find(|(_, _, state)| state.fate() == Fate::Final).or_else(|| parts().next())?;
        let code = part.error.as_ref().map(|code| match network_error(code) {
            Some(words) => format!(" (error {code}: {words})"),
            None => format!(" (error {code})"),
        });
        Some((number, format!("{}{}", state.words(), code.unwrap_or_default())))
    }

    /// Writes a receipt down; whether it said anything new.
    fn hear(
        &mut self, id: &str, state: ReceiptState, error: Option<&str>, done: Option<&str>, at: Timestamp,
    ) -> bool {
        let mut news = false;
        for part in self.parts.iter_mut().filter(|part| normal_id(&part.id) == id) {
            let now = part.state.map_or(state, |was| was.then(state));
            if part.state != Some(now) {
                *part = Part {
                    id: std::mem::take(&mut part.id),
                    state: Some(now),
                    error: error.map(str::to_owned),
                    done: done.map(str::to_owned),
                    at: Some(at),
                };
                news = true;
            }
        }
        news
    }
}

/// Where a row of a message stands, as other rows refer to it: its key without the table.
fn place(at: Timestamp, id: &[u8]) -> Vec<u8> {
    keys::message(at, id)[1..].to_vec()
}

/// A message by its key.
async fn read(store: &dyn Store, key: Key) -> Result<Option<(Row, Message)>, Fault> {
    let Some(row) = store.read(vec![key.clone()]).await?.into_iter().next().flatten() else {
        return Ok(None);
    };
    let message = codec::decode_row(&key, &row)?;
    Ok(Some((row, message)))
}

impl Work<'_> {
    /// Writes a new message down.
    pub(super) fn note(&mut self, id: &[u8], message: &Message) {
        let at = message.at;
        self.extra().put(keys::message(at, id), Expect::Any, codec::encode(message));
        self.extra().put(keys::message_of(message.phone, at, id), Expect::Any, Vec::new());
    }

    /// What this turn brought about, in words that do not change: `order 104233: accepted`.
    fn did(&self) -> Vec<String> {
        use crate::market::Event;
        let tag = |event: serde_json::Value| match &event {
            serde_json::Value::String(tag) => tag.clone(),
            serde_json::Value::Object(fields) => fields.keys().next().cloned().unwrap_or_default(),
            _ => String::new(),
        };
        let words = |event: &Event| match event {
            Event::Party(_, event) => ("party".to_owned(), serde_json::to_value(event)),
            Event::Listing(code, event) => (format!("listing {code}"), serde_json::to_value(event)),
            Event::Order(code, event) => (format!("order {code}"), serde_json::to_value(event)),
            Event::Payout(_, event) => ("payout".to_owned(), serde_json::to_value(event)),
            Event::Loan(_, event) => ("loan".to_owned(), serde_json::to_value(event)),
            Event::Bulletin(_, event) => ("bulletin".to_owned(), serde_json::to_value(event)),
            Event::Case(_, event) => ("case".to_owned(), serde_json::to_value(event)),
            Event::Cash(_, event) => ("cash".to_owned(), serde_json::to_value(event)),
            Event::Kiosk(_, event) => ("kiosk".to_owned(), serde_json::to_value(event)),
            Event::Receipt(number, event) => (format!("receipt {number}"), serde_json::to_value(event)),
            Event::Freeze(what, event) => (what.word().to_owned(), serde_json::to_value(event)),
            Event::Bulk(_, event) => ("bulk".to_owned(), serde_json::to_value(event)),
            Event::Approval(_, event) => ("approval".to_owned(), serde_json::to_value(event)),
            Event::Trouble(_, event) => ("trouble".to_owned(), serde_json::to_value(event)),
            Event::Statement(_, event) => ("statement".to_owned(), serde_json::to_value(event)),
            Event::Difference(_, event) => ("difference".to_owned(), serde_json::to_value(event)),
        };
        let line = |event| {
            let (what, event) = words(event);
            format!("{what}: {}", tag(event.unwrap_or_default()))
        };
        self.events().iter().map(line).collect()
    }
}

impl Engine {
    /// Writes down a text from a phone, with what its turn brought about and was answered.
    pub(super) fn note_heard(
        &self, work: &mut Work<'_>, input: &SmsIn, text: &str, answers: &[(String, String)],
    ) {
        let mut did = work.did();
        did.extend(
            answers.iter().filter(|(name, _)| !name.is_empty()).map(|(name, _)| format!("answer: {name}")),
        );
        // Sorts before the answers of the same moment, which count from 001.
        let id = format!("000{:016x}", work.entropy.next_u64());
        work.note(id.as_bytes(), &Message::from_phone(input, text, did));
    }

    /// Writes down that a text was dropped unsent, and why.
    pub(super) async fn note_dropped(
        &self, work: &mut Work<'_>, id: &[u8], queued: Option<Timestamp>, why: &str,
    ) -> Result<(), Fault> {
        self.renote(work, id, queued, |message, work, _| {
            message.dropped = Some(work.now);
            message.why = Some(why.to_owned());
        })
        .await
    }

    /// Changes what is written down of a text to a phone.
    pub(super) async fn renote(
        &self, work: &mut Work<'_>, id: &[u8], queued: Option<Timestamp>,
        change: impl FnOnce(&mut Message, &mut Work<'_>, Timestamp),
    ) -> Result<(), Fault> {
        // Without its moment a text was decided by an earlier release, which kept no such row.
        let Some(at) = queued else { return Ok(()) };
        let key = keys::message(at, id);
        let Some((row, mut message)) = read(&*self.store, key.clone()).await? else { return Ok(()) };
        let before = message.clone();
        change(&mut message, work, at);
        if message != before {
            work.extra().put(key, Expect::At(row.version), codec::encode(&message));
        }
        Ok(())
    }

    /// Writes down what a try to send a text came to.
    pub(super) async fn note_try(
        &self, work: &mut Work<'_>, id: &[u8], queued: Option<Timestamp>, sent: &Sent,
    ) -> Result<(), Fault> {
        self.renote(work, id, queued, |message, work, at| match sent {
            Sent::Taken { gateway, ids } => {
                name_parts(message, work, (at, id), gateway, ids);
                message.taken = Some(work.now);
                message.why = None;
            }
            Sent::Again { why, partly, .. } => {
                message.why = Some(why.clone());
                if let Some(partly) = partly.as_ref().filter(|partly| !partly.taken.is_empty()) {
                    let id_of = |part| partly.taken.get(&part).cloned().unwrap_or_default();
                    let ids: Vec<String> = (0..partly.total).map(id_of).collect();
                    name_parts(message, work, (at, id), &partly.gateway, &ids);
                }
            }
            Sent::Later { why, .. } => message.why = Some(why.clone()),
            Sent::Never(why) => {
                message.given_up = Some(work.now);
                message.why = Some(why.clone());
            }
        })
        .await
    }
}

/// Notes what a gateway named the parts of a message, so that receipts find them; what was heard
/// of a part that keeps its name stays.
fn name_parts(
    message: &mut Message, work: &mut Work<'_>, (at, id): (Timestamp, &[u8]), gateway: &str, ids: &[String],
) {
    let mut before = std::mem::take(&mut message.parts).into_iter();
    let part = |id: &String| {
        let name = id.trim();
        before
            .next()
            .filter(|part| part.id == name)
            .unwrap_or(Part { id: name.to_owned(), ..Part::default() })
    };
    message.parts = ids.iter().map(part).collect();
    message.gateway = Some(gateway.to_owned());
    // Some SMSCs give all parts of a long SMS one id, or none at all.
    let named: BTreeSet<String> = message.named().map(|part| normal_id(&part.id)).collect();
    for name in named {
        work.extra().put(keys::by_message(gateway, &name, &place(at, id)), Expect::Any, Vec::new());
    }
}

/// A text with stars for each group of four digits, which may be a PIN; sums of shillings are not.
pub fn masked(text: &str) -> String {
    starred(text, 4)
}

/// What may be kept of a text: neither a PIN nor a number that is good once.
fn kept(text: &str) -> String {
    without_once(&masked(&without_pass(text)))
}

/// A text with stars for each number that is good once.
pub fn without_once(text: &str) -> String {
    starred(text, ONCE)
}

/// The same for groups of so many digits.
fn starred(text: &str, group: usize) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(from) = rest.find(char::is_numeric) {
        let (before, digits) = rest.split_at(from);
        let end = digits.find(|c: char| !c.is_numeric()).unwrap_or(digits.len());
        let (digits, after) = digits.split_at(end);
        out.push_str(before);
        let is_sum = out.trim_end().to_ascii_lowercase().ends_with("ksh");
        if digits.chars().count() == group && !is_sum {
            out.extend(std::iter::repeat_n('*', group));
        } else {
            out.push_str(digits);
        }
        rest = after;
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests;
