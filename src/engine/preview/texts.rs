//! SMS as they leave: in every language, with their parts and their price.

use super::{BlockAt, Ground, VOCABULARY};
use crate::{
    dialog::{
        input::SmsWish,
        trial::samples::{Filling, Samples},
    },
    gsm::{fit, segment},
    menu::{
        graph::{Catalogue, Graph, SmsCall},
        value::Value,
    },
    types::{Lang, Timestamp, time::NAIROBI},
};
use serde::Serialize;
use std::collections::BTreeMap;

/// The SMS of a block of the catalogue, or the answers to a command.
#[derive(Debug, Serialize)]
pub struct Texts {
    /// What it is: `sms listing_saved`, `text SELL`.
    pub title: String,
    /// Each message.
    pub messages: Vec<Message>,
}

/// A message.
#[derive(Debug, Serialize)]
pub struct Message {
    /// When it is sent, in a few words; may be empty.
    pub when: String,
    /// Its name in the catalogue.
    pub name: String,
    /// Why it is sent.
    pub about: &'static str,
    /// One for each language and filling.
    pub forms: Vec<Form>,
}

/// A message in one language, with one sort of values.
#[derive(Debug, Serialize)]
pub struct Form {
    /// The language.
    pub lang: Lang,
    /// What values look like.
    pub filling: Filling,
    /// The text.
    pub text: String,
    /// Its length, in septets or UCS-2 units.
    pub used: usize,
    /// What it is measured in.
    pub unit: Unit,
    /// How many SMS it is paid for.
    pub parts: usize,
    /// What it costs, in cents, when that is known.
    pub cents: Option<u64>,
}

/// What a text is measured in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub enum Unit {
    /// Of the GSM 7-bit alphabet.
    #[serde(rename = "septets")]
    Septets,
    /// Since a letter is outside of it.
    #[serde(rename = "UCS-2 units")]
    Ucs2,
}

/// The length of a text as it leaves.
pub fn measure(text: &str) -> (usize, Unit) {
    fit::septets(text).map_or_else(|| (fit::units(text), Unit::Ucs2), |septets| (septets, Unit::Septets))
}

/// The message that a machine wishes to send, as it is for each of these languages and fillings.
pub fn message(
    catalogue: &Catalogue, when: String, wishes: &[(Lang, Filling, SmsWish)], ground: &Ground,
) -> Option<Message> {
    let (_, _, first) = wishes.first()?;
    let about = catalogue.messages.get(&first.name)?.about.word();
    let forms = wishes
        .iter()
        .filter_map(|(lang, filling, wish)| form(catalogue, &wish.name, &wish.args, *lang, *filling, ground));
    Some(Message { when, name: first.name.clone(), about, forms: forms.collect() })
}

fn form(
    catalogue: &Catalogue, name: &str, args: &[Value], lang: Lang, filling: Filling, ground: &Ground,
) -> Option<Form> {
    let text = catalogue.render(name, args, lang)?.ok()?;
    let ((used, unit), parts) = (measure(&text), segment::parts(&text));
    let cents = ground.part_cents.map(|cents| u64::from(cents) * parts as u64);
    Some(Form { lang, filling, text, used, unit, parts, cents })
}

/// The texts of the block at hand: a message of the catalogue, or a command's answers.
pub fn texts(catalogue: &Catalogue, graph: Option<&Graph>, at: &BlockAt, ground: &Ground) -> Option<Texts> {
    let all = |when: &str, name: &str| {
        let message = catalogue.messages.get(name)?;
        let forms = catalogue.langs.iter().flat_map(|lang| Filling::ALL.map(|filling| (*lang, filling)));
        let forms = forms.filter_map(|(lang, filling)| {
            let now = Timestamp::of_day(2026, 12, 1, NAIROBI).unwrap_or_default();
            let samples = Samples {
                words: catalogue.words(),
                graph: None,
                vocabulary: &VOCABULARY,
                filling,
                now,
                chosen: BTreeMap::new(),
            };
            let args: Vec<Value> =
                message.params.iter().map(|(name, ty)| samples.named(name, ty, lang)).collect();
            form(catalogue, name, &args, lang, filling, ground)
        });
        let (name, about) = (name.to_owned(), message.about.word());
        Some(Message { when: when.to_owned(), name, about, forms: forms.collect() })
    };
    let messages: Vec<Message> = match at.word {
        "sms" => all("", &at.name).into_iter().collect(),
        "text" => {
            let command = graph?.commands.iter().find(|command| command.words.contains(&at.name))?;
            let half = command.half.iter().map(|sms| ("half understood", sms));
            let replies = command.replies.iter().map(|(outcome, _, sms)| (outcome.as_str(), sms));
            let answers = replies.chain(half);
            answers.filter_map(|(when, SmsCall { name, .. })| all(when, name)).collect()
        }
        _ => return None,
    };
    Some(Texts { title: format!("{} {}", at.word, at.name), messages })
}
