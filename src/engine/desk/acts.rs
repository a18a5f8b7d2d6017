//! What was done at the desk: by whom, when, from where, what stood there before and after. It is the
//! journal, looked at: nothing of it is kept twice, so nothing of it can be changed apart from the journal,
//! and what was forgotten there is forgotten here. In memory stands only where in the journal acts are.

use super::books::statement::{PostingRow, posting};
use super::broken;
use crate::engine::Engine;
use crate::engine::record::{Cause, Record};
use crate::engine::shopfront::ShopError;
use crate::engine::work::Fault;
use crate::store::{Key, Store, journal, keys};
use crate::types::Timestamp;
use futures_util::future::BoxFuture;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;

/// Acts of a page.
pub const PAGE: usize = 50;
/// Records read at once.
const AT_ONCE: usize = 256;

/// Something that an act changed: its fields before and after, only those that are different.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Change {
    /// Of what kind it is: `order`, `party`, `freeze`.
    pub kind: String,
    /// Which one.
    pub id: String,
    /// What stood there before; nothing of what was not there.
    pub before: BTreeMap<String, Value>,
    /// What stands there since.
    pub after: BTreeMap<String, Value>,
}

/// Fields of which the journal keeps no change: what opens something.
const UNKEPT: [&str; 4] = ["pin", "token", "terms", "secret"];
/// Fields that the desk is not shown, however deep they stand: what opens something, what is as good as
/// money in a hand, what must stay unknown to do its work, and phones.
const UNTOLD: [&str; 8] = ["pin", "token", "terms", "secret", "number", "phone", "msisdn", "code"];
/// What is named by a number that is as good as what it is for.
const UNNAMED: [&str; 1] = ["receipt"];

/// A list without what the other one has too, each as often as it has it; anything else as it is.
fn without(value: &Value, other: Option<&Value>) -> Value {
    let (Value::Array(all), Some(Value::Array(others))) = (value, other) else { return value.clone() };
    let mut others: Vec<&Value> = others.iter().collect();
    let mut is_new = |one: &&Value| match others.iter().position(|other| other == one) {
        Some(at) => {
            others.swap_remove(at);
            false
        }
        None => true,
    };
    all.iter().filter(|one| is_new(one)).cloned().collect()
}

/// The same with nothing in it that is not to be told.
fn tellable(value: Value) -> Value {
    match value {
        Value::Object(fields) => {
            let told = fields.into_iter().filter(|(name, _)| !UNTOLD.contains(&name.as_str()));
            told.map(|(name, value)| (name, tellable(value))).collect()
        }
        Value::Array(all) => all.into_iter().map(tellable).collect(),
        other => other,
    }
}

impl Change {
    /// What is different between two states.
    pub(in crate::engine) fn of(kind: &str, id: &Value, before: &Value, after: &Value) -> Self {
        let empty = serde_json::Map::new();
        let fields = |state: &Value, other: &Value| -> BTreeMap<String, Value> {
            let other = other.as_object().unwrap_or(&empty);
            let fields = state.as_object().unwrap_or(&empty).iter();
            let differs = fields
                .filter(|(name, value)| other.get(*name) != Some(value) && !UNKEPT.contains(&name.as_str()));
            let apart = |(name, value): (&String, &Value)| (name.clone(), without(value, other.get(name)));
            differs.filter(|(_, value)| !value.is_null()).map(apart).collect()
        };
        let id = id.as_str().map_or_else(|| id.to_string(), str::to_owned);
        let (was, is) = (fields(before, after), fields(after, before));
        Self { kind: kind.to_owned(), id, before: was, after: is }
    }

    /// As the desk is shown it. The journal keeps the rest: by it whoever is forgotten is found.
    fn shown(mut self) -> Self {
        for fields in [&mut self.before, &mut self.after] {
            let kept =
                std::mem::take(fields).into_iter().filter(|(name, _)| !UNTOLD.contains(&name.as_str()));
            *fields = kept.map(|(name, value)| (name, tellable(value))).collect();
        }
        if UNNAMED.contains(&self.kind.as_str()) {
            self.id.clear();
        }
        self
    }
}

/// Which acts.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Which {
    /// Of whom.
    pub by: Option<String>,
    /// About what: `order/104233`, or a number alone.
    pub about: Option<String>,
    /// From this moment on ...
    pub from: Option<Timestamp>,
    /// ... and before that one.
    pub until: Option<Timestamp>,
    /// Before this record of the journal.
    pub older: Option<u64>,
}

/// One act.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Act {
    /// The number of its record in the journal.
    pub record: u64,
    /// When.
    pub at: Timestamp,
    /// Who.
    pub by: String,
    /// What, in a few words.
    pub what: String,
    /// From where: address and browser, where they are known.
    #[serde(default)]
    pub from: Option<String>,
    /// What happened to what: kind and id.
    pub about: Vec<(String, String)>,
    /// What it changed.
    pub changes: Vec<Change>,
    /// What it posted.
    #[serde(default)]
    pub postings: Vec<PostingRow>,
}

/// Some acts, newest first.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Acts {
    /// Those of this page.
    pub rows: Vec<Act>,
    /// Before which record there are more.
    pub older: Option<u64>,
    /// Everybody who ever acted.
    pub people: Vec<String>,
}

/// What the desk calls to look at what was done there.
pub trait ActsDesk: Send + Sync + 'static {
    /// At most so many acts, newest first.
    fn acts(&self, which: Which, most: usize) -> BoxFuture<'_, Result<Acts, ShopError>>;
    /// Keeps in the journal that somebody took a list out of the house.
    fn took_out(&self, by: super::Who, what: String) -> BoxFuture<'_, Result<(), ShopError>>;
}

/// Where an act stands in the journal, and what it is looked for by.
struct Place {
    key: Key,
    record: u64,
    at: Timestamp,
    by: String,
    about: Vec<(String, String)>,
}

/// Where all of them stand, up to a record.
#[derive(Default)]
pub(in crate::engine) struct Index {
    after: Option<Key>,
    places: Vec<Place>,
}

/// Who acted and what she did; `None` for what people do by phone and what happens by itself.
fn actor(cause: &Cause) -> Option<(&str, &str, Option<&str>)> {
    match cause {
        Cause::Acted { what, from: None, .. } if is_of_a_camera(what) => None,
        Cause::Acted { by, what, from } => Some((by, what, from.as_deref())),
        Cause::Desk(what) => Some((super::Who::PROGRAM, what, None)),
        _ => None,
    }
}

/// Phones with a camera act by the first names of their owners, not at the desk. Nothing else that is done
/// there begins and ends so: free words of a person stand behind others.
fn is_of_a_camera(what: &str) -> bool {
    let is_number = |word: &str| word.bytes().all(|octet| octet.is_ascii_digit());
    match *what.split(' ').collect::<Vec<_>>() {
        ["lists", number] | [_, "a", "photograph", "of", number] => is_number(number),
        _ => false,
    }
}

/// Whether a record may be an act: told by its octets, since most are not and reading them is dear.
fn may_be(record: &[u8]) -> bool {
    const CAUSES: [&[u8]; 2] = [b"\"cause\":{\"acted\":", b"\"cause\":{\"desk\":"];
    let head = &record[..record.len().min(96)];
    CAUSES.iter().any(|cause| head.windows(cause.len()).any(|part| part == *cause))
}

fn told(record: &journal::Record) -> Result<Record, Fault> {
    let number = record.number;
    serde_json::from_slice(&record.record)
        .map_err(|why| Fault::Broken(format!("record {number} of the journal: {why}")))
}

/// What its events happened to, each once.
fn about(record: &Record) -> Vec<(String, String)> {
    let mut all: Vec<(String, String)> = Vec::new();
    for event in &record.events {
        let spelled = serde_json::to_value(event).unwrap_or_default();
        let Some((kind, pair)) = spelled.as_object().and_then(|event| event.iter().next()) else { continue };
        let Some(id) = pair.get(0).and_then(Value::as_str) else { continue };
        if UNNAMED.contains(&kind.as_str()) {
            continue;
        }
        let one = (kind.clone(), id.to_owned());
        if !all.contains(&one) {
            all.push(one);
        }
    }
    all
}

impl Index {
    async fn follow(&mut self, store: &dyn Store) -> Result<(), Fault> {
        loop {
            let page = journal::page(store, self.after.clone(), AT_ONCE).await?;
            let Some(last) = page.last() else { return Ok(()) };
            for record in page.iter().filter(|record| may_be(&record.record)) {
                let told = told(record)?;
                let Some((by, _, _)) = actor(&told.cause) else { continue };
                let key = keys::journal(record.position, record.index);
                let (by, about) = (by.to_owned(), about(&told));
                self.places.push(Place { key, record: record.number, at: told.at, by, about });
            }
            self.after = Some(keys::journal(last.position, last.index));
            tokio::task::yield_now().await;
        }
    }

    fn find<'i>(&'i self, which: &'i Which) -> impl Iterator<Item = &'i Place> {
        let by = |place: &Place| which.by.as_ref().is_none_or(|by| place.by.eq_ignore_ascii_case(by));
        let of = |place: &Place| {
            which.about.as_ref().is_none_or(|wanted| {
                let fits = |(kind, id): &(String, String)| wanted == id || *wanted == format!("{kind}/{id}");
                place.about.iter().any(fits)
            })
        };
        let when = |place: &Place| {
            which.from.is_none_or(|from| place.at >= from)
                && which.until.is_none_or(|until| place.at < until)
                && which.older.is_none_or(|older| place.record < older)
        };
        self.places.iter().rev().filter(move |place| by(place) && of(place) && when(place))
    }
}

impl Engine {
    /// Looks through the journal once, so that the first who asks need not wait for it.
    pub async fn warm_acts(&self) {
        if let Err(why) = self.acts.lock().await.follow(&*self.store).await {
            tracing::warn!(%why, "the journal cannot be looked through for what was done at the desk");
        }
    }

    async fn find_acts(&self, which: &Which, most: usize) -> Result<Acts, Fault> {
        let (keys, older, people) = {
            let mut index = self.acts.lock().await;
            index.follow(&*self.store).await?;
            let mut found: Vec<(Key, u64)> =
                index.find(which).take(most + 1).map(|place| (place.key.clone(), place.record)).collect();
            let more = found.len() > most;
            found.truncate(most);
            let older = found.last().filter(|_| more).map(|(_, record)| *record);
            let mut people: Vec<String> = index.places.iter().map(|place| place.by.clone()).collect();
            people.sort_unstable();
            people.dedup();
            (found.into_iter().map(|(key, _)| key).collect::<Vec<Key>>(), older, people)
        };
        let mut rows = Vec::new();
        for some in keys.chunks(AT_ONCE) {
            for (key, row) in some.iter().zip(self.store.read(some.to_vec()).await?) {
                let Some(row) = row else { continue };
                let record = journal::Record::parse(key, &row.octets())?;
                let told = told(&record)?;
                let about = about(&told);
                let Some((by, what, from)) = actor(&told.cause) else { continue };
                rows.push(Act {
                    record: record.number,
                    at: told.at,
                    by: by.to_owned(),
                    what: what.to_owned(),
                    from: from.map(str::to_owned),
                    about,
                    postings: told.transfers.iter().map(posting).collect(),
                    changes: told.changes.into_iter().map(Change::shown).collect(),
                });
            }
        }
        Ok(Acts { rows, older, people })
    }
}

impl ActsDesk for Engine {
    fn acts(&self, which: Which, most: usize) -> BoxFuture<'_, Result<Acts, ShopError>> {
        Box::pin(async move { self.find_acts(&which, most).await.map_err(|fault| broken(&fault)) })
    }

    fn took_out(&self, by: super::Who, what: String) -> BoxFuture<'_, Result<(), ShopError>> {
        Box::pin(async move {
            let work = self.work(self.clock.now()).map_err(|fault| broken(&fault))?;
            let kept = self.commit(work, by.did(format!("takes out {what}")), None).await;
            kept.map(drop).map_err(|fault| broken(&fault))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_change_has_the_fields_that_are_different_and_of_lists_what_came_and_went() {
        let before = json!({"stage": "open", "by": null, "notes": ["a", "b"], "pin": "x", "same": 1});
        let after = json!({"stage": "closed", "by": "Njeri", "notes": ["b", "c"], "pin": "y", "same": 1});
        let change = Change::of("case", &json!("17"), &before, &after);
        assert_eq!(json!(change.before), json!({"stage": "open", "notes": ["a"]}));
        assert_eq!(json!(change.after), json!({"stage": "closed", "by": "Njeri", "notes": ["c"]}));
        let made = Change::of("case", &json!("17"), &Value::Null, &after);
        assert!(made.before.is_empty() && made.after.len() == 4 && !made.after.contains_key("pin"));
        let (one, two) = (json!({"boxes": ["small"]}), json!({"boxes": ["small", "small"]}));
        assert_eq!(json!(Change::of("kiosk", &json!("k"), &one, &two).after), json!({"boxes": ["small"]}));
    }

    #[test]
    fn nobody_reads_here_what_opens_something_or_is_as_good_as_money() {
        let kiosk = json!({"secret": "aa11", "area": "kibera", "pickup": {"number": "4821083", "by": "Otieno"},
            "came": [{"phone": "254700000101", "name": "Achieng"}]});
        let change = Change::of("kiosk", &json!("k"), &Value::Null, &kiosk).shown();
        let told = json!(change).to_string();
        for untold in ["aa11", "4821083", "254700000101"] {
            assert!(!told.contains(untold), "{untold} in {told}");
        }
        assert!(told.contains("kibera") && told.contains("Otieno") && told.contains("Achieng"), "{told}");
        let receipt =
            Change::of("receipt", &json!("4821083"), &Value::Null, &json!({"number": "4821083", "page": 1}))
                .shown();
        assert!(!json!(receipt).to_string().contains("4821083"));
    }

    #[test]
    fn what_an_act_posted_goes_through_json_and_comes_back() {
        let posted = PostingRow {
            id: crate::types::TransferId::derived("one"),
            at: Timestamp::from_millis(7),
            kind: "by_hand".to_owned(),
            about: "paper/K-7".to_owned(),
            lines: vec![("bank".to_owned(), crate::types::Kes::major(5))],
            amount: crate::types::Kes::major(5),
            balance: crate::types::Kes::ZERO,
        };
        let act = Act {
            record: 3,
            at: Timestamp::from_millis(7),
            by: "Njeri".to_owned(),
            what: "posts".to_owned(),
            from: None,
            about: Vec::new(),
            changes: Vec::new(),
            postings: vec![posted],
        };
        let acts = Acts { rows: vec![act], ..Acts::default() };
        let read: Acts = serde_json::from_str(&json!(acts).to_string()).expect("acts");
        assert_eq!(read, acts);
    }

    #[test]
    fn free_words_of_a_person_hide_no_act() {
        assert!(is_of_a_camera("lists 10019") && is_of_a_camera("adds a photograph of 10019"));
        assert!(!is_of_a_camera("lift the hold of Achieng: she showed a photograph of her ID"));
        assert!(!is_of_a_camera("lists of the day were wrong"));
    }
}
