//! The dialogs of one gateway: which is which, what repeats, and which screens it has.
//!
//! A gateway that waited too long for our answer sends the same step again, perhaps over another
//! connection, perhaps after the next key. Its session numbers come round again within a day, so a
//! mark also holds which dialog it was, counted by us from begin to begin.
//!
//! Everything here is in memory: after a restart a dialog goes on by what the store holds, and its
//! next step is simply no repeat.

use super::learn::Habits;
use super::{Dialect, Kind, Message, NoSubscriber, Step, UssdEvent};
use crate::engine::port::Mark;
use crate::types::{Msisdn, Timestamp};
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

/// A begin with the same session and text so soon after the last is the same begin.
const SAME_BEGIN: Duration = Duration::from_secs(5);
/// Nobody reads a screen and types a key within this.
const QUICK: Duration = Duration::from_secs(1);
/// For so long after the first step over a connection a key may be one that an earlier connection
/// brought already.
const REDELIVERED: Duration = Duration::from_secs(10);
/// No dialog lives longer; older entries are forgotten.
const KEPT: Duration = Duration::from_secs(600);
/// Beginnings between two rounds of forgetting.
const ROUND: u64 = 1024;
/// Connections remembered.
const CONNECTIONS: usize = 64;

/// Names a dialog: a subscriber, and the gateway's name for it.
pub type DialogKey = (u64, Vec<u8>);

/// Which connection, counted from the start of the program, and which sequence_number on it.
pub type PduId = (u64, u32);

/// How far a screen has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    /// Being made, or waiting.
    UnderWay,
    /// Written to this connection, and not answered yet.
    Sent(u64),
    /// The gateway took it.
    Taken,
    /// Refused, late, or lost with its connection.
    Lost,
}

/// What to do with a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// It is new.
    New,
    /// It came before, and nothing has come since.
    Again,
    /// It ends or confirms a dialog whose last screen the gateway has: nothing is left to do.
    Closed,
}

/// How a repeated step is answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Resend {
    /// Not at all.
    Nothing,
    /// With a screen that the gateway has already.
    Copy,
    /// With a screen that was lost before.
    Anew,
}

/// A step, and what is known of it.
#[derive(Debug)]
pub struct Met {
    /// The step.
    pub step: Step,
    /// The dialect to answer it in.
    pub dialect: Arc<Dialect>,
    /// Names the step.
    pub mark: Mark,
    /// What to do with it.
    pub verdict: Verdict,
    /// What the log should hear, once.
    pub notes: Vec<String>,
}

#[derive(Debug)]
struct Dialog {
    ordinal: u64,
    kind: Kind,
    code: [u8; 8],
    begun: Timestamp,
    /// The count that the begin had.
    sequence: Option<u8>,
    /// The last two keys or the begin, the newest last.
    last: [Option<Seen>; 2],
    fate: Fate,
    closed: bool,
}

#[derive(Debug, Clone)]
struct Seen {
    mark: Mark,
    says: [u8; 8],
    connection: u64,
    at: Timestamp,
}

/// The dialogs of one gateway.
#[derive(Debug)]
pub struct Dialogs {
    gateway: String,
    epoch: u64,
    begun: u64,
    habits: Habits,
    dialogs: BTreeMap<DialogKey, Dialog>,
    pushed: BTreeMap<u64, Timestamp>,
    connections: BTreeMap<u64, Timestamp>,
    odd_ops: BTreeSet<u8>,
}

impl Dialogs {
    /// For a gateway; `epoch` is drawn anew whenever the program starts, so that its counting
    /// does not meet that of an earlier run.
    pub fn new(gateway: &str, dialect: Dialect, epoch: u64) -> Self {
        Self {
            gateway: gateway.to_owned(),
            epoch,
            begun: 0,
            habits: Habits::new(dialect),
            dialogs: BTreeMap::new(),
            pushed: BTreeMap::new(),
            connections: BTreeMap::new(),
            odd_ops: BTreeSet::new(),
        }
    }

    /// What was worked out of the gateway's habits.
    pub fn habits(&self) -> &Habits {
        &self.habits
    }

    /// Notes that a push leaves for a phone. The reply to one that asks is the first that tells
    /// the name of the dialog; where dialogs have no names, neither it nor the end of a notice is of
    /// the dialog before.
    pub fn pushed(&mut self, phone: Msisdn, asks: bool, now: Timestamp) {
        self.pushed.retain(|_, at| now.since(*at) < KEPT);
        if asks {
            self.pushed.insert(phone.number(), now);
        }
        let nameless = (phone.number(), Vec::new());
        if self.dialogs.get(&nameless).is_some_and(|dialog| dialog.closed) {
            self.dialogs.remove(&nameless);
        }
    }

    /// Reads a step.
    ///
    /// # Errors
    /// The sender is no phone.
    pub fn meet(
        &mut self, message: &Message, by_data: bool, pdu: PduId, now: Timestamp,
    ) -> Result<Met, NoSubscriber> {
        let (dialect, note) = self.habits.observe(message, by_data);
        let mut step = dialect.step(message)?;
        step.reply.by_data = by_data;
        let mut notes: Vec<String> = note.into_iter().collect();
        if let Some(op) = step.op.filter(|op| !step.known_op && self.odd_ops.insert(*op)) {
            notes.push(format!(
                "ussd_service_op {op:#04x} is new to this dialect; taken for {}",
                word(&step.event)
            ));
        }
        if step.session.is_empty() && step.event == UssdEvent::Gone {
            self.name_by_phone(&mut step);
        }
        if self.connections.len() >= CONNECTIONS && !self.connections.contains_key(&pdu.0) {
            self.connections.pop_first();
        }
        self.connections.entry(pdu.0).or_insert(now);
        let (mark, verdict) = match &step.event {
            UssdEvent::Begin(code) => self.begin(&step, self.digest(code), pdu, now),
            UssdEvent::Reply(said) => self.reply(&step, self.digest(said), pdu, now),
            _ => self.over(&step, pdu),
        };
        if let Some(dialog) = self.dialogs.get(&key_of(&step)) {
            step.reply.kind = dialog.kind;
        }
        Ok(Met { step, dialect, mark, verdict, notes })
    }

    /// A gateway that names its dialogs may end one by the phone alone.
    fn name_by_phone(&self, step: &mut Step) {
        let phone = step.msisdn.number();
        let dialogs = self.dialogs.range((phone, Vec::new())..(phone + 1, Vec::new()));
        if let Some(((_, session), _)) = dialogs.max_by_key(|(_, dialog)| dialog.ordinal) {
            step.session.clone_from(session);
        }
    }

    fn begin(&mut self, step: &Step, code: [u8; 8], pdu: PduId, now: Timestamp) -> (Mark, Verdict) {
        let key = key_of(step);
        if let Some(dialog) = self.dialogs.get(&key)
            && dialog.code == code
            && !dialog.closed
            && now.since(dialog.begun) < SAME_BEGIN
        {
            return (self.mark(step, dialog.ordinal, &[]), Verdict::Again);
        }
        self.pushed.remove(&key.0);
        let ordinal = self.open(&key, step.reply.kind, code, now);
        let mark = self.mark(step, ordinal, &[]);
        self.note(&key, &mark, step.sequence, code, pdu, now);
        (mark, Verdict::New)
    }

    fn open(&mut self, key: &DialogKey, kind: Kind, code: [u8; 8], now: Timestamp) -> u64 {
        self.begun += 1;
        if self.begun.is_multiple_of(ROUND) {
            self.dialogs.retain(|_, dialog| now.since(dialog.begun) < KEPT);
        }
        let dialog = Dialog {
            ordinal: self.begun,
            kind,
            code,
            begun: now,
            sequence: None,
            last: [None, None],
            fate: Fate::UnderWay,
            closed: false,
        };
        self.dialogs.insert(key.clone(), dialog);
        self.begun
    }

    fn reply(&mut self, step: &Step, says: [u8; 8], pdu: PduId, now: Timestamp) -> (Mark, Verdict) {
        let key = key_of(step);
        if self.answers_push(&key) {
            self.pushed.remove(&key.0);
            self.open(&key, Kind::Pushed, [0; 8], now);
        }
        let Some(dialog) = self.dialogs.get(&key) else {
            return (self.mark(step, 0, &octets_of(pdu)), Verdict::New);
        };
        let counted =
            step.sequence.filter(|sequence| dialog.sequence.is_some_and(|begun| begun != *sequence));
        let mark = match counted {
            Some(sequence) => self.mark(step, dialog.ordinal, &[sequence]),
            None => match self.same_key(dialog, says, pdu, now) {
                Some(seen) => seen.mark.clone(),
                None => self.mark(step, dialog.ordinal, &octets_of(pdu)),
            },
        };
        if let Some(seen) = dialog.last.iter().flatten().find(|seen| seen.mark == mark) {
            // Another key under the count of the last one waits for a screen, and gets the current one.
            return (mark, if seen.says == says { Verdict::Again } else { Verdict::New });
        }
        self.note(&key, &mark, None, says, pdu, now);
        (mark, Verdict::New)
    }

    /// The key that this one repeats, where the gateway keeps no count: while the screen in answer to
    /// the last one is not with the gateway the phone cannot have shown it, so the same key again is
    /// the same press. A gateway answers a screen before it brings the key to it, but on one
    /// connection only: of two, we may read either first.
    fn same_key<'d>(
        &self, dialog: &'d Dialog, says: [u8; 8], pdu: PduId, now: Timestamp,
    ) -> Option<&'d Seen> {
        let fresh = self.connections.get(&pdu.0).is_some_and(|first| now.since(*first) < REDELIVERED);
        let unread = !matches!(dialog.fate, Fate::Sent(by) if by != pdu.0);
        let same = |seen: &&Seen| {
            let quick = unread && now.since(seen.at) < QUICK;
            seen.says == says && (quick || (fresh && seen.connection < pdu.0))
        };
        dialog.last.iter().flatten().filter(|_| dialog.fate != Fate::Taken).rfind(same)
    }

    fn answers_push(&self, key: &DialogKey) -> bool {
        let Some(at) = self.pushed.get(&key.0) else { return false };
        self.dialogs.get(key).is_none_or(|dialog| dialog.closed || (key.1.is_empty() && dialog.begun <= *at))
    }

    /// The dialog is over, or a notice was shown.
    fn over(&mut self, step: &Step, pdu: PduId) -> (Mark, Verdict) {
        let key = key_of(step);
        if step.event == UssdEvent::Confirmed {
            self.pushed.remove(&key.0);
        }
        let (ordinal, closed) = self.dialogs.get(&key).map_or((0, false), |d| (d.ordinal, d.closed));
        if !closed {
            // What begins now is another dialog, however soon.
            self.dialogs.remove(&key);
        }
        let verdict = if closed { Verdict::Closed } else { Verdict::New };
        (self.mark(step, ordinal, &octets_of(pdu)), verdict)
    }

    fn note(
        &mut self, key: &DialogKey, mark: &Mark, sequence: Option<u8>, says: [u8; 8], pdu: PduId,
        now: Timestamp,
    ) {
        if let Some(dialog) = self.dialogs.get_mut(key) {
            dialog.sequence = dialog.sequence.or(sequence);
            dialog.last.rotate_left(1);
            dialog.last[1] = Some(Seen { mark: mark.clone(), says, connection: pdu.0, at: now });
            dialog.fate = Fate::UnderWay;
        }
    }

    /// What became of the screen in answer to a step; `closes` when it was the last one.
    pub fn fared(&mut self, key: &DialogKey, mark: &Mark, fate: Fate, closes: bool) {
        if let Some(dialog) = self.dialogs.get_mut(key)
            && dialog.last[1].as_ref().is_some_and(|seen| seen.mark == *mark)
        {
            dialog.fate = fate;
            dialog.closed = closes && fate == Fate::Taken;
        }
    }

    /// What to do about a step that came [`Again`](Verdict::Again), a moment later. Nothing is sent
    /// when another step came since, or when the screen in answer to a key is with the gateway or on
    /// its way there: it would be taken for the answer to the next key. A begin may be a second call,
    /// and after a last screen no key can come.
    pub fn resend(&mut self, key: &DialogKey, mark: &Mark, begins: bool) -> Resend {
        let last = |dialog: &&mut Dialog| dialog.last[1].as_ref().is_some_and(|seen| seen.mark == *mark);
        let Some(dialog) = self.dialogs.get_mut(key).filter(last) else { return Resend::Nothing };
        match dialog.fate {
            Fate::Lost => {
                dialog.fate = Fate::UnderWay;
                Resend::Anew
            }
            _ if begins || dialog.closed => Resend::Copy,
            _ => Resend::Nothing,
        }
    }

    fn mark(&self, step: &Step, ordinal: u64, rest: &[u8]) -> Mark {
        let mut mark = b"ussd ".to_vec();
        mark.extend(self.gateway.as_bytes());
        mark.push(0);
        mark.extend(step.msisdn.number().to_be_bytes());
        mark.extend(self.epoch.to_be_bytes());
        mark.extend(ordinal.to_be_bytes());
        mark.push(step.op.unwrap_or(0xFF));
        mark.extend(rest);
        mark.push(0);
        mark.extend(&step.session);
        mark
    }

    /// What was typed may be a PIN: only a digest of it is kept, and that for minutes.
    fn digest(&self, said: &str) -> [u8; 8] {
        let hash = Sha256::new().chain_update(self.epoch.to_be_bytes()).chain_update(said).finalize();
        std::array::from_fn(|at| hash[at])
    }
}

/// The name of the dialog that a step is of.
pub fn key_of(step: &Step) -> DialogKey {
    (step.msisdn.number(), step.session.clone())
}

fn octets_of(pdu: PduId) -> [u8; 12] {
    let (connection, sequence) = (pdu.0.to_be_bytes(), pdu.1.to_be_bytes());
    std::array::from_fn(|at| if at < 8 { connection[at] } else { sequence[at - 8] })
}

const fn word(event: &UssdEvent) -> &'static str {
    match event {
        UssdEvent::Begin(_) => "a begin",
        UssdEvent::Reply(_) => "a reply",
        _ => "an end",
    }
}

#[cfg(test)]
mod tests;
