//! What is put in the place of names: pure. A text comes in and goes out with an alias where somebody's
//! name or phone stood; records of the journal and rows beside it are walked text by text.

use crate::market::party::Alias;
use crate::types::{Msisdn, PartyId};
use serde_json::Value;
use std::collections::BTreeSet;
use std::ops::Range;

/// The fewest letters of a word that counts as a name by itself.
pub(super) const LEAST: usize = 3;
/// What stands where words were that say nothing without their names.
const NOTHING: &str = "-";
/// Fields that hold what people wrote or are called, also when it is one small word.
const WRITTEN: [&str; 6] = ["text", "why", "reason", "name", "money_name", "answer"];

/// Fields that hold what the program or the law calls things: never a name, whatever it looks like.
/// References of papers and providers are keys, too: the books have them.
const KEPT: [&str; 7] = ["country", "token", "paper", "reference", "via", "graph", "lang"];

/// Fields that name who acted at the desk: no person of the market, whatever she is called.
const ACTED: [&str; 2] = ["by", "answered_by"];

/// Who is forgotten, and what is known of her.
#[derive(Debug, Clone)]
pub(super) struct Scrub {
    /// Her id, as it is spelled.
    pub id: String,
    /// Her phone.
    pub phone: Msisdn,
    /// Her names and her kiosk's, each as its words in small letters.
    pub names: Vec<Vec<String>>,
    /// Those of their words that nobody else is called.
    pub alone: BTreeSet<String>,
    /// What stands in their place.
    pub alias: Alias,
    /// Listings, orders, loans, payouts, cases of hers: kind and id, as the journal has them.
    pub things: BTreeSet<(String, String)>,
    /// The numbers of those that have one that people say.
    pub codes: BTreeSet<String>,
    /// She was a liaison, who signs what she writes at the depot with her name.
    pub signs: bool,
}

/// How texts are read.
#[derive(Clone, Copy)]
struct Reading {
    /// It is about her: one of her names is enough, whoever else has it.
    near: bool,
    /// What people wrote goes as a whole.
    clear: bool,
    /// Small words may be the program's own: tags, kinds, states.
    tags: bool,
    /// Whoever acted may be she.
    signs: bool,
}

/// The words of a text: runs of letters that are not part of a name of the program's, such as an id.
pub(super) fn words(text: &str) -> Vec<String> {
    spans(text).into_iter().map(|span| text[span].to_lowercase()).collect()
}

pub(super) fn spans(text: &str) -> Vec<Range<usize>> {
    let mut spans: Vec<Range<usize>> = Vec::new();
    let runs = text.char_indices().filter(|(_, letter)| letter.is_alphanumeric() || *letter == '_');
    for (at, letter) in runs {
        match spans.last_mut() {
            Some(span) if span.end == at => span.end += letter.len_utf8(),
            _ => spans.push(at..at + letter.len_utf8()),
        }
    }
    spans.retain(|span| text[span.clone()].chars().all(char::is_alphabetic));
    spans
}

impl Scrub {
    /// Of somebody of whom only this is known.
    pub(super) fn of(who: PartyId, phone: Msisdn, names: Vec<Vec<String>>, alias: Alias) -> Self {
        let (alone, things, codes) = (BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
        Self { id: who.to_string(), phone, names, alone, alias, things, codes, signs: false }
    }

    /// The text without her; `None` when it stays as it is. `near`: it is about her.
    pub(super) fn text(&self, text: &str, near: bool) -> Option<String> {
        let named = self.without_names(text, near);
        let phones = self.without_phone(named.as_deref().unwrap_or(text));
        phones.or(named)
    }

    fn without_names(&self, text: &str, near: bool) -> Option<String> {
        let spans = spans(text);
        let found: Vec<String> = spans.iter().map(|span| text[span.clone()].to_lowercase()).collect();
        let beside = |at: usize| {
            let gap = &text[spans[at - 1].end..spans[at].start];
            gap.chars().all(|c| c.is_whitespace() || matches!(c, '\'' | '-' | '.'))
        };
        let lone = |word: &String| {
            let counts = near && word.chars().count() >= LEAST;
            self.alone.contains(word) || (counts && self.names.iter().any(|name| name.contains(word)))
        };
        let (mut out, mut done, mut at) = (String::new(), 0, 0);
        while at < found.len() {
            let run = |name: &Vec<String>| {
                let same = name.iter().zip(&found[at..]).take_while(|(a, b)| a == b).count();
                let joined = (1..same).take_while(|next| beside(at + next)).count() + 1;
                let same = same.min(joined);
                let whole = same == name.len() && same > 1;
                let cut = || {
                    let next = at + same;
                    let begun = found.get(next).zip(name.get(same));
                    begun.is_some_and(|(word, name)| beside(next) && name.starts_with(word.as_str()))
                };
                match (whole, same > 0 && lone(&name[0])) {
                    (true, _) => same,
                    (false, true) => same + usize::from(cut()),
                    (false, false) => 0,
                }
            };
            let most = self.names.iter().map(run).max().unwrap_or_default();
            let most = most.max(usize::from(lone(&found[at])));
            if most > 0 {
                out.push_str(&text[done..spans[at].start]);
                let first = || self.alias.name.split(' ').next().unwrap_or_default();
                out.push_str(if most > 1 { &self.alias.name } else { first() });
                done = spans[at + most - 1].end;
            }
            at += most.max(1);
        }
        (done > 0).then(|| out + &text[done..])
    }

    fn without_phone(&self, text: &str) -> Option<String> {
        let digits = String::from(self.phone);
        let national = digits.get(3..).unwrap_or_default();
        let spellings = [digits.clone(), format!("0{national}"), national.to_owned()];
        let (mut out, mut done, mut at) = (String::new(), 0, 0);
        while at < text.len() {
            let begins = text[..at].chars().next_back().is_none_or(|before| !before.is_alphanumeric());
            let end = spellings.iter().filter(|_| begins).find_map(|digits| spelled(text, at, digits));
            match end {
                Some(end) => {
                    out.push_str(&text[done..at]);
                    out.push_str(&String::from(self.alias.phone));
                    (done, at) = (end, end);
                }
                None => at += text[at..].chars().next().map_or(1, char::len_utf8),
            }
        }
        (done > 0).then(|| out + &text[done..])
    }

    /// A record of the journal without her.
    pub(super) fn record(&self, record: &mut Value) {
        let near = self.is_named_in(record);
        if let Some(cause) = record.get_mut("cause") {
            self.cause(cause, near);
        }
        let events = record.get_mut("events").and_then(Value::as_array_mut);
        for event in events.into_iter().flatten() {
            if let Some((kind, id, happened)) = addressed(event) {
                self.thing(&kind, &id, happened);
            }
        }
        let changes = record.get_mut("changes").and_then(Value::as_array_mut);
        for change in changes.into_iter().flatten().filter_map(Value::as_object_mut) {
            let word = |name: &str| change.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
            let (kind, id) = (word("kind"), word("id"));
            for state in ["before", "after"] {
                let Some(state) = change.get_mut(state) else { continue };
                match kind == "party" && id == self.id {
                    // What her row said is told by nobody any more.
                    true => clear(state),
                    false => self.thing(&kind, &id, state),
                }
            }
        }
    }

    /// Why a turn came about: what she typed and read goes, what others did stays without her names.
    fn cause(&self, cause: &mut Value, near: bool) {
        let hers = String::from(self.phone);
        let Some(fields) = cause.as_object_mut().and_then(|cause| cause.values_mut().next()) else { return };
        if fields.get("msisdn").and_then(Value::as_str) == Some(&hers) {
            for name in ["typed", "shown", "text"] {
                if let Some(Value::String(text)) = fields.get_mut(name) {
                    text.clear();
                }
            }
            if let Some(Value::Array(answers)) = fields.get_mut("answers") {
                answers.clear();
            }
        }
        // Phones with a camera act by the first names of their owners.
        let what = fields.get("what").and_then(Value::as_str).unwrap_or_default();
        let signs = what.starts_with("lists ") || what.contains(" a photograph of ");
        self.walk(cause, "", Reading { near, clear: false, tags: false, signs });
    }

    /// An event of a thing, by its kind and id, without her.
    pub(super) fn thing(&self, kind: &str, id: &str, value: &mut Value) {
        if kind == "party" && id == self.id {
            return self.own(value);
        }
        let near = self.things.contains(&(kind.to_owned(), id.to_owned()));
        let clear = near && matches!(kind, "listing" | "order" | "loan");
        self.walk(value, "", Reading { near, clear, tags: true, signs: self.signs });
    }

    /// An event of hers.
    fn own(&self, event: &mut Value) {
        let text = |text: &str| Value::String(text.to_owned());
        let Some((tag, fields)) = event.as_object_mut().and_then(|event| event.iter_mut().next()) else {
            return;
        };
        if let Some(fields) = fields.as_object_mut() {
            let mut put = |name: &str, value: Value| {
                if let Some(field) = fields.get_mut(name).filter(|field| !field.is_null()) {
                    *field = value;
                }
            };
            match tag.as_str() {
                "joined" => {
                    put("name", text(&self.alias.name));
                    put("number", text(&self.alias.number.to_string()));
                    put("area", text(self.alias.area.as_str()));
                    put("kiosk", text(NOTHING));
                    put("pin", Value::Null);
                }
                "money_named" => put("name", text(&self.alias.name)),
                "pin_set" => put("hash", text(NOTHING)),
                "held" => fields.get_mut("why").into_iter().for_each(clear),
                _ => {}
            }
        }
        self.walk(event, "", Reading { near: true, clear: false, tags: true, signs: self.signs });
    }

    /// JSON that belongs to nothing in the market, such as a text or a recorded dialog.
    pub(super) fn note(&self, value: &mut Value) {
        let near = self.is_named_in(value);
        self.walk(value, "", Reading { near, clear: false, tags: false, signs: self.signs });
    }

    /// Whether something of her may stand in a thing of somebody else's. `near`: any of her names counts.
    pub(super) fn may_be_in(&self, value: &Value, near: bool) -> bool {
        let mut other = value.clone();
        self.walk(&mut other, "", Reading { near, clear: false, tags: true, signs: self.signs });
        other != *value
    }

    /// Whether her id, or the number of something of hers, stands in it.
    pub(super) fn is_named_in(&self, value: &Value) -> bool {
        match value {
            Value::String(text) => {
                *text == self.id
                    || text.split(|c: char| !c.is_alphanumeric()).any(|word| self.codes.contains(word))
            }
            Value::Array(all) => all.iter().any(|one| self.is_named_in(one)),
            Value::Object(fields) => fields.values().any(|one| self.is_named_in(one)),
            Value::Null | Value::Bool(_) | Value::Number(_) => false,
        }
    }

    fn walk(&self, value: &mut Value, field: &str, reading: Reading) {
        match value {
            Value::String(text) => {
                let written = WRITTEN.contains(&field);
                if KEPT.contains(&field) || (!reading.signs && ACTED.contains(&field)) {
                    return;
                }
                // A small word that others have, too, is as likely a word of the program.
                let near = reading.near && (written || !is_tag(text));
                if reading.clear && field == "text" {
                    NOTHING.clone_into(text);
                } else if (written || !reading.tags || !is_tag(text))
                    && let Some(other) = self.text(text, near)
                {
                    *text = other;
                }
            }
            Value::Array(all) => all.iter_mut().for_each(|one| self.walk(one, field, reading)),
            Value::Object(fields) => {
                let hers = String::from(self.phone);
                if fields.values().any(|value| value.as_str() == Some(&hers))
                    && let Some(Value::String(name)) = fields.get_mut("name").filter(|_| reading.tags)
                {
                    // Whoever has her phone is her, whatever she was called there.
                    name.clone_from(&self.alias.name);
                }
                for (name, value) in fields.iter_mut() {
                    // Words by language stand under the name of the whole.
                    let under = if WRITTEN.contains(&field) { field } else { name };
                    self.walk(value, under, reading);
                }
            }
            Value::Null | Value::Bool(_) | Value::Number(_) => {}
        }
    }
}

/// Kind and id of an event, and what happened: `{"order":["482108",...]}`.
pub(super) fn addressed(event: &mut Value) -> Option<(String, String, &mut Value)> {
    let (kind, pair) = event.as_object_mut()?.iter_mut().next()?;
    let [id, happened] = pair.as_array_mut()?.as_mut_slice() else { return None };
    Some((kind.clone(), id.as_str()?.to_owned(), happened))
}

fn clear(value: &mut Value) {
    match value {
        Value::String(text) => NOTHING.clone_into(text),
        Value::Array(all) => all.iter_mut().for_each(clear),
        Value::Object(fields) => fields.values_mut().for_each(clear),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// A word as the program spells its own.
fn is_tag(text: &str) -> bool {
    text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_')
        && text.bytes().any(|b| b.is_ascii_lowercase())
}

/// Where these digits end, if they stand here: single blanks or dashes may stand between them, nothing
/// that makes them part of something longer behind them.
fn spelled(text: &str, from: usize, digits: &str) -> Option<usize> {
    let octets = text.as_bytes();
    let mut at = from;
    for (place, digit) in digits.bytes().enumerate() {
        if place > 0 && matches!(octets.get(at), Some(b' ' | b'-')) {
            at += 1;
        }
        if octets.get(at) != Some(&digit) {
            return None;
        }
        at += 1;
    }
    let ends = digits.len() > 3 && text[at..].chars().next().is_none_or(|next| !next.is_alphanumeric());
    ends.then_some(at)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::types::{CodeKind, PartyId, SpokenCode};
    use serde_json::json;

    fn scrub() -> Scrub {
        let names = vec![words("Nafuna Grace Wekesa"), words("NAFUNA WEKESA")];
        Scrub {
            id: PartyId::derived("nafuna").to_string(),
            phone: Msisdn::from_e164("254712345678").expect("a number"),
            alone: ["nafuna", "wekesa"].map(str::to_owned).into(),
            names,
            alias: Alias {
                name: "Erased K7QM2".to_owned(),
                phone: Msisdn::nobodys(5),
                number: SpokenCode::nth(CodeKind::Listing, 7),
                area: "other".parse().expect("a word"),
            },
            things: [("order".to_owned(), "482108".to_owned())].into(),
            codes: ["482108".to_owned()].into(),
            signs: false,
        }
    }

    fn told(text: &str, near: bool) -> String {
        scrub().text(text, near).unwrap_or_else(|| text.to_owned())
    }

    #[test]
    fn her_names_go_in_whatever_letters_whole_cut_short_or_alone() {
        for (text, left) in [
            ("Nafuna Grace Wekesa, 3 pieces", "Erased K7QM2, 3 pieces"),
            ("call NAFUNA WEKESA now", "call Erased K7QM2 now"),
            ("Nafuna G: ready", "Erased K7QM2: ready"),
            ("nafuna's ring", "Erased's ring"),
            ("Mama Wekesa", "Mama Erased"),
            ("Habari Nafuna!", "Habari Erased!"),
        ] {
            assert_eq!(told(text, false), left);
        }
    }

    #[test]
    fn a_name_that_others_have_too_goes_only_where_it_is_hers() {
        assert_eq!(told("Grace Atieno comes", false), "Grace Atieno comes");
        assert_eq!(told("Grace comes", true), "Erased comes");
        assert_eq!(told("Nafuna Grace Wekesa", false), "Erased K7QM2");
        assert_eq!(told("Nafunas, Wekesana, nothing of hers", false), "Nafunas, Wekesana, nothing of hers");
    }

    #[test]
    fn her_phone_goes_however_it_is_spelled_and_longer_numbers_stay() {
        let alias = String::from(Msisdn::nobodys(5));
        for text in
            ["254712345678", "0712345678", "0712 345 678", "0712-345-678", "712345678", "+254 712 345 678"]
        {
            let said = told(&format!("Call {text}, please"), false);
            assert_eq!(said.replace('+', ""), format!("Call {alias}, please"), "{text}");
        }
        for text in ["07123456789", "10712345678", "a712345678", "0712 345 67", "2547123456780"] {
            assert_eq!(told(text, true), text);
        }
    }

    #[test]
    fn what_she_typed_and_read_goes_and_what_others_did_stays_without_her_names() {
        let mut hers = json!({"at": 1, "cause": {"sms": {"msisdn": "254712345678", "text": "my leg hurts",
            "answers": ["Pole sana"]}}});
        scrub().record(&mut hers);
        assert_eq!(hers["cause"]["sms"]["text"], "");
        assert_eq!(hers["cause"]["sms"]["answers"], json!([]));
        assert_eq!(hers["cause"]["sms"]["msisdn"], String::from(Msisdn::nobodys(5)));
        let mut others = json!({"at": 1, "cause": {"ussd": {"msisdn": "254700000001", "typed": "482108",
            "shown": "482108: Grace, 3 rings"}}, "events": [{"order": ["482108", {"thanked": {"text": "Oh Grace"}}]}]});
        scrub().record(&mut others);
        assert_eq!(others["cause"]["ussd"]["shown"], "482108: Erased, 3 rings");
        assert_eq!(others["events"][0]["order"][1]["thanked"]["text"], NOTHING);
    }

    #[test]
    fn of_her_own_events_the_names_the_number_and_the_pin_go() {
        let mut joined = json!({"joined": {"id": scrub().id, "role": "artisan", "number": "10019",
            "phone": "254712345678", "lang": "sw", "name": "Nafuna Wekesa", "area": "kibera", "kiosk": null,
            "mentor": null, "pin": "$argon2id$"}});
        scrub().thing("party", &scrub().id, &mut joined);
        let fields = &joined["joined"];
        assert_eq!(
            (&fields["name"], &fields["pin"], &fields["kiosk"]),
            (&json!("Erased K7QM2"), &Value::Null, &Value::Null)
        );
        assert_eq!(fields["number"], scrub().alias.number.to_string());
        assert_eq!(
            (&fields["area"], &fields["role"], &fields["lang"]),
            (&json!("other"), &json!("artisan"), &json!("sw"))
        );
    }

    #[test]
    fn whom_others_invited_under_another_name_goes_by_the_phone_and_the_programs_words_stay() {
        let mut invited =
            json!({"invited": {"phone": "254712345678", "name": "My cousin", "to": "mentee", "at": 5}});
        scrub().thing("party", "somebody else", &mut invited);
        assert_eq!(invited["invited"]["name"], "Erased K7QM2");
        let mut tagged = json!({"drafted": {"kind": "nafuna", "stuff": "brass"}});
        let before = tagged.clone();
        scrub().thing("listing", "10019", &mut tagged);
        assert_eq!(tagged, before, "a word of the menus is no name");
    }

    #[test]
    fn who_acted_at_the_desk_keeps_her_name_and_a_phone_that_acted_does_not() {
        let acted = |what: &str| {
            let mut record = json!({"at": 1, "cause": {"acted": {"by": "Nafuna", "what": what}}});
            scrub().record(&mut record);
            record["cause"]["acted"]["by"].as_str().map(str::to_owned)
        };
        assert_eq!(acted("approved erasure 5f").as_deref(), Some("Nafuna"));
        assert_eq!(acted("lists 10019").as_deref(), Some("Erased"));
        assert_eq!(acted("adds a photograph of 10019").as_deref(), Some("Erased"));
    }

    #[test]
    fn words_of_the_program_and_references_of_papers_stay_and_short_words_are_no_names() {
        let named = || Scrub { names: vec![words("Ke Necklace Nafuna")], ..scrub() };
        let mut order = json!({"code": "482108", "country": "KE", "token": "nafuna", "kind": "necklace",
            "said": "KE: Necklace of Nafuna", "complained": {"paper": "letter of Nafuna", "reason": "nafuna"}});
        named().note(&mut order);
        assert_eq!(
            (&order["country"], &order["token"], &order["kind"]),
            (&json!("KE"), &json!("nafuna"), &json!("necklace"))
        );
        assert_eq!(order["said"], "KE: Erased of Erased");
        assert_eq!(order["complained"], json!({"paper": "letter of Nafuna", "reason": "Erased"}));
    }

    #[test]
    fn what_was_scrubbed_once_is_scrubbed() {
        let mut note = json!({"text": "Nafuna Wekesa 0712 345 678", "id": scrub().id});
        scrub().note(&mut note);
        let once = note.clone();
        scrub().note(&mut note);
        assert_eq!(note, once);
    }
}
