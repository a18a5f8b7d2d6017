//! Her names go from everything beside the journal: texts, recorded dialogs, what is to be sent, marks,
//! notes of the engine. What was hers is removed; what was others' stays without her names, but for
//! recorded dialogs in which she was named.

use super::scrub::Scrub;
use super::{Erasing, FAREWELL};
use crate::dialog::tape::{Event, Turn};
use crate::engine::Engine;
use crate::engine::audit::DERIVED;
use crate::engine::callbacks::POSTED;
use crate::engine::messages::Message;
use crate::engine::messages::keep::drop_ids;
use crate::engine::trade::Text;
use crate::engine::turn::DialogRow;
use crate::engine::work::{Fault, Work, shard};
use crate::market::party::{Party, PartyEvent};
use crate::store::batch::{Expect, Row, Value as Kept};
use crate::store::{Key, codec, keys, outbox};
use crate::types::{DialogId, Timestamp};
use bytes::Bytes;
use serde_json::Value;
use std::collections::BTreeSet;
use std::time::Duration;

/// Where names may stand beside the journal and what follows from it. Dialogs come before what is
/// recorded of them, since they go on meanwhile, and that before the indexes, which say whose they are.
const TABLES: [u8; 9] = [
    keys::DIALOGS,
    keys::RECORDINGS,
    keys::MESSAGES,
    keys::OUTBOX,
    keys::PARKED,
    keys::TIMERS,
    keys::INBOX,
    keys::META,
    keys::INDEXES,
];
/// Rows looked at in one commit.
const PAGE: usize = 256;
/// Octets of rows that are written anew in one commit, near enough.
const AT_ONCE: usize = 96 * 1024;
/// How soon her last text is looked after; from then on ever more rarely, since each look is a record.
const LOOK: Duration = Duration::from_secs(5);
/// How long after its end something may still be heard of it.
const LATE: Duration = Duration::from_secs(3600);

/// What becomes of a row.
enum Fate {
    Stays,
    Goes,
    Reads(Bytes),
    /// A worker has it in hand: it is looked at again.
    Waits,
}

/// What is known while rows are looked at.
struct Sweep<'a> {
    erasing: &'a Erasing,
    now: Timestamp,
    scrub: &'a Scrub,
    dialogs: BTreeSet<DialogId>,
}

impl Engine {
    /// Looks at the rows of a table after a key, as many as go into one commit; where to go on.
    pub(super) async fn sweep_some(
        &self, work: &mut Work<'_>, scrub: &Scrub, erasing: &mut Erasing, table: usize, after: Option<Key>,
    ) -> Result<Option<(usize, Option<Key>)>, Fault> {
        let Some(&letter) = TABLES.get(table) else { return Ok(None) };
        let page = self.store.scan(vec![letter], after, PAGE, false).await?;
        // Behind the last of a short page stands only what is written while this goes on.
        let mut next = (table + 1, None);
        if let Some((last, _)) = page.last().filter(|_| page.len() == PAGE) {
            next = (table, Some(last.clone()));
        }
        let dialogs = self.dialogs_of_hers(erasing).await?;
        let sweep = Sweep { erasing, now: work.now, scrub, dialogs };
        let (mut octets, mut dropped, mut waits) = (0, BTreeSet::new(), false);
        for (key, row) in page {
            match (sweep.fate(&key, &row), keys::parse_recording(&key)) {
                (Fate::Stays, _) => {}
                (Fate::Waits, _) => waits = true,
                // With other words in it a dialog would not play again as it was: it goes as a whole.
                (_, Some((dialog, _))) => {
                    if dropped.insert(dialog) {
                        octets += self.drop_dialog(work, dialog).await?;
                    }
                }
                (Fate::Goes, None) => {
                    if let Some(message) = message(&key, &row) {
                        drop_ids(work.extra(), &key, &message);
                    }
                    octets += key.len();
                    work.extra().delete(key.clone(), Expect::At(row.version));
                }
                (Fate::Reads(new), None) => {
                    octets += key.len() + new.len();
                    work.extra().put(key.clone(), Expect::At(row.version), new);
                }
            }
            if octets > AT_ONCE {
                next = (table, Some(key));
                break;
            }
        }
        erasing.again |= waits;
        if next.0 > table && std::mem::take(&mut erasing.again) {
            next = (table, None);
            erasing.due = work.now.after(LOOK);
        }
        Ok(Some(next))
    }

    async fn drop_dialog(&self, work: &mut Work<'_>, dialog: DialogId) -> Result<usize, Fault> {
        let (mut octets, mut from) = (0, None);
        loop {
            let page = self.store.scan(keys::recordings(dialog), from, PAGE, false).await?;
            let Some((last, _)) = page.last() else { return Ok(octets) };
            from = Some(last.clone());
            for (key, row) in page {
                let turn: Turn = codec::decode_row(&key, &row)?;
                if let Event::Begun { head, .. } | Event::Pushed { head, .. } = &turn.event {
                    work.extra().delete(keys::dialog_of(head.phone, dialog), Expect::Any);
                }
                octets += key.len();
                work.extra().delete(key, Expect::At(row.version));
            }
        }
    }

    async fn dialogs_of_hers(&self, erasing: &Erasing) -> Result<BTreeSet<DialogId>, Fault> {
        let (mut all, mut from) = (BTreeSet::new(), None);
        loop {
            let page = self.store.scan(keys::dialogs_of(erasing.phone), from, PAGE, false).await?;
            let Some((last, _)) = page.last() else { return Ok(all) };
            from = Some(last.clone());
            let hers = page.iter().filter(|(_, row)| row.version <= erasing.until);
            all.extend(
                hers.filter_map(|(key, _)| Some(DialogId::from_bytes(keys::index_id(key)?.try_into().ok()?))),
            );
        }
    }

    /// Forgets her last text, once it is known what became of it; when to look again, before that.
    pub(super) async fn forget_farewell(
        &self, work: &mut Work<'_>, erasing: &Erasing,
    ) -> Result<Option<Timestamp>, Fault> {
        let Erasing { phone, at, .. } = *erasing;
        let first = keys::message(at, b"");
        let texts = self.store.scan(first, None, PAGE, false).await?;
        let texts: Vec<(Key, Message)> = texts
            .into_iter()
            .filter_map(|(key, row)| message(&key, &row).map(|message| (key, message)))
            .filter(|(_, message)| message.phone == phone && message.name == FAREWELL)
            .collect();
        let open =
            |message: &Message| message.finished(work.now).is_none() && work.now < message.until.after(LATE);
        if texts.iter().any(|(_, message)| open(message)) {
            return Ok(Some(work.now.after(LOOK.max(work.now.since(at) / 2))));
        }
        let Some(rows) = self.farewells_to_send(erasing, work.now).await? else {
            return Ok(Some(work.now.after(LOOK)));
        };
        for (key, version) in rows {
            work.extra().delete(key, Expect::At(version));
        }
        for (key, message) in &texts {
            drop_ids(work.extra(), key, message);
            if let Some((_, id)) = keys::parse_message(key) {
                work.extra().delete(keys::parked(id), Expect::Any);
            }
            work.extra().delete(key.clone(), Expect::Any);
        }
        let of_hers = keys::index_prefix("message_of", &[&phone.number().to_be_bytes(), &keys::moment(at)]);
        for (key, _) in self.store.scan(of_hers, None, PAGE, false).await? {
            work.extra().delete(key, Expect::Any);
        }
        if work.get::<Party>(erasing.who).await?.is_some() {
            work.apply::<Party>(erasing.who, vec![PartyEvent::Forgotten]);
        }
        Ok(None)
    }
}

impl Engine {
    /// Rows of the outbox that would still send her last text, with their versions; `None` while a worker
    /// has one of them in hand.
    async fn farewells_to_send(
        &self, erasing: &Erasing, now: Timestamp,
    ) -> Result<Option<Vec<(Key, u64)>>, Fault> {
        let (mut found, mut from) = (Vec::new(), None);
        loop {
            let page = self.store.scan(keys::outbox_shard(shard::SMS), from, PAGE, false).await?;
            let Some((last, _)) = page.last() else { return Ok(Some(found)) };
            from = Some(last.clone());
            for (key, row) in page {
                let text =
                    outbox::payload(&row.octets()).and_then(|text| serde_json::from_slice::<Text>(text).ok());
                let hers = |text: &Text| {
                    let at = text.queued == Some(erasing.at);
                    at && text.to == erasing.phone && text.name == FAREWELL
                };
                if text.as_ref().is_some_and(hers) {
                    if outbox::is_in_hand(&key, &row.octets(), now) {
                        return Ok(None);
                    }
                    found.push((key, row.version));
                }
            }
        }
    }
}

fn message(key: &[u8], row: &Row) -> Option<Message> {
    (key.first() == Some(&keys::MESSAGES)).then(|| codec::decode_row(&key.to_vec(), row).ok())?
}

impl Sweep<'_> {
    fn fate(&self, key: &Key, row: &Row) -> Fate {
        let Kept::Octets(octets) = &row.value else { return Fate::Stays };
        match key[0] {
            // Notes that are written again later keep the moment of their text in the key.
            keys::MESSAGES => match message(key, row) {
                Some(text) if text.at > self.erasing.at => Fate::Stays,
                Some(text) if text.phone == self.erasing.phone => {
                    self.unless_farewell(&text.name, text.at == self.erasing.at)
                }
                _ => self.reads(octets),
            },
            // A try writes its row anew, so not its version says whose time it is of.
            keys::OUTBOX | keys::PARKED => match self.sent(octets, row.version > self.erasing.until) {
                Fate::Goes | Fate::Reads(_) if outbox::is_in_hand(key, octets, self.now) => Fate::Waits,
                fate => fate,
            },
            // A dialog that began before goes on, and shows what it read before.
            keys::RECORDINGS => match keys::parse_recording(key) {
                Some((id, _)) if self.dialogs.contains(&id) => Fate::Goes,
                Some((id, _)) if self.began_before(id) => self.reads(octets),
                _ => Fate::Stays,
            },
            keys::DIALOGS => match codec::decode_row::<DialogRow>(key, row) {
                Ok(dialog) if !self.began_before(dialog.state.id) => Fate::Stays,
                _ if *key == keys::dialog(self.erasing.phone) => Fate::Goes,
                _ => self.reads(octets),
            },
            // Whoever has the number since is somebody else.
            _ if row.version > self.erasing.until => Fate::Stays,
            keys::TIMERS => self.timer(octets),
            keys::INDEXES => self.index(key, octets),
            _ => self.reads(octets),
        }
    }

    fn began_before(&self, dialog: DialogId) -> bool {
        dialog.moment().is_none_or(|began| began <= self.erasing.at)
    }

    /// Her last text is forgotten when it is known what became of it.
    fn unless_farewell(&self, name: &str, now: bool) -> Fate {
        if name == FAREWELL && now { Fate::Stays } else { Fate::Goes }
    }

    /// What is to be sent, or was given up. `later`: its row was written since, by a try perhaps.
    fn sent(&self, octets: &Bytes, later: bool) -> Fate {
        let mut fate = Fate::Stays;
        let new = outbox::reworded(octets, |payload| {
            let text = serde_json::from_slice::<Text>(payload).ok();
            let queued = text.as_ref().and_then(|text| text.queued);
            if queued.map_or(later, |queued| queued > self.erasing.at) {
                return None;
            }
            if let Some(text) = text.filter(|text| text.to == self.erasing.phone) {
                fate = self.unless_farewell(&text.name, text.queued == Some(self.erasing.at));
                return None;
            }
            self.json(payload)
        });
        new.map_or(fate, Fate::Reads)
    }

    fn timer(&self, octets: &Bytes) -> Fate {
        let Ok(due) = serde_json::from_slice::<Value>(octets) else { return Fate::Stays };
        match self.mentions(&due) {
            true => Fate::Goes,
            false => self.reads(octets),
        }
    }

    /// Whether a value is about her by her id or her phone.
    fn mentions(&self, value: &Value) -> bool {
        match value {
            Value::String(text) => *text == self.scrub.id || *text == String::from(self.erasing.phone),
            Value::Array(all) => all.iter().any(|one| self.mentions(one)),
            Value::Object(fields) => fields.values().any(|one| self.mentions(one)),
            Value::Null | Value::Bool(_) | Value::Number(_) => false,
        }
    }

    fn index(&self, key: &Key, octets: &Bytes) -> Fate {
        let Some(parts) = keys::parse_index(key) else { return Fate::Stays };
        let name = String::from_utf8_lossy(&parts[0]).into_owned();
        if DERIVED.contains(&name.as_str()) || name == "erasing" {
            return Fate::Stays;
        }
        let phone = self.erasing.phone.number().to_be_bytes();
        let hers = |part: &Vec<u8>| *part == phone || part.as_slice() == self.erasing.who.as_bytes();
        if name == "message_of" && parts.get(2).is_some_and(|at| **at == keys::moment(self.erasing.at)) {
            return Fate::Stays;
        }
        if parts[1..].iter().any(hers) {
            return Fate::Goes;
        }
        // What a provider posted tells her number and her name in spellings of its own.
        let number = self.erasing.phone.to_string();
        let ends = &number.as_bytes()[number.len().saturating_sub(9)..];
        if name == POSTED && octets.windows(ends.len()).any(|some| some == ends) {
            return Fate::Goes;
        }
        match value(octets) {
            Some((_, value)) if self.mentions(&value) => Fate::Goes,
            _ => self.reads(octets),
        }
    }

    /// The row without her names.
    fn reads(&self, octets: &Bytes) -> Fate {
        self.json(octets).map_or(Fate::Stays, |new| Fate::Reads(new.into()))
    }

    /// JSON, with or without the octet of its spelling before it, or a text.
    fn json(&self, octets: &[u8]) -> Option<Vec<u8>> {
        let Some((spelling, before)) = value(octets) else {
            let text = std::str::from_utf8(octets).ok()?;
            return self.scrub.text(text, false).map(String::into_bytes);
        };
        let mut after = before.clone();
        self.scrub.note(&mut after);
        let json = (after != before).then(|| serde_json::to_vec(&after).ok())??;
        Some([spelling, &json].concat())
    }
}

/// The JSON of a row, and what stands before it.
fn value(octets: &[u8]) -> Option<(&[u8], Value)> {
    let spelling = usize::from(octets.first() == Some(&codec::VERSION));
    let (spelling, json) = octets.split_at(spelling);
    Some((spelling, serde_json::from_slice(json).ok()?))
}
