//! STOP and START: whether somebody wants tips and news. What is about her own orders and money is
//! never stopped. Kept by phone number and purpose, for numbers that nobody joined with, too.

use super::Engine;
use super::sms::Heard;
use super::work::{Fault, Work};
use crate::menu::graph::{Graph, Slot};
use crate::store::batch::Expect;
use crate::store::{Key, codec, keys};
use crate::types::{Lang, Msisdn, Purpose, Timestamp};
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// First words that end tips, in both languages.
pub(super) const STOP: [&str; 7] = ["STOP", "ACHA", "SITISHA", "UNSUBSCRIBE", "QUIT", "END", "CANCEL"];
/// First words that begin them again.
pub(super) const START: [&str; 2] = ["START", "ANZA"];
/// Those of them that people also say about an order: with a number behind it they mean that.
pub(super) const OF_ORDERS: [&str; 3] = ["QUIT", "END", "CANCEL"];
/// The same wish again within this is not confirmed again.
const CONFIRMED: Duration = Duration::from_secs(86_400);

/// What somebody wants.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Wish {
    /// No more tips.
    Stop,
    /// Tips again.
    Start,
}

/// What somebody chose, as it is kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Choice {
    /// She wants no more of it.
    stopped: bool,
    /// When she chose so.
    since: Timestamp,
    /// When it was last confirmed.
    told: Timestamp,
}

/// The wish that the first word of a text is; a word that is a command of her menu stays one.
pub(super) fn wish(text: &str, graph: Option<&Graph>) -> Option<Wish> {
    let first = text.split(|c: char| !c.is_alphanumeric()).find(|word| !word.is_empty())?.to_uppercase();
    let is_command = |graph: &Graph| {
        let slots = graph.commands.iter().flat_map(|command| &command.slots);
        slots.into_iter().any(|slot| match slot {
            Slot::Word(words) => words.iter().any(|word| word.eq_ignore_ascii_case(&first)),
            Slot::Value { .. } => false,
        })
    };
    let of_an_order = OF_ORDERS.contains(&first.as_str()) && text.chars().any(|c| c.is_ascii_digit());
    if of_an_order || graph.is_some_and(is_command) {
        return None;
    }
    match first.as_str() {
        word if STOP.contains(&word) => Some(Wish::Stop),
        word if START.contains(&word) => Some(Wish::Start),
        _ => None,
    }
}

impl Engine {
    /// Keeps what she chose, and confirms it once.
    pub(super) async fn choose(
        &self, mut work: Work<'_>, input: &Heard, wish: Wish, lang: Option<Lang>,
    ) -> Result<(), Fault> {
        let key = choice_key(input.from, Purpose::Tip);
        let row = self.store.read(vec![key.clone()]).await?.into_iter().next().flatten();
        let kept: Option<Choice> = row.as_ref().and_then(|row| codec::decode(&row.octets()).ok());
        let stopped = wish == Wish::Stop;
        let same = kept.filter(|kept| kept.stopped == stopped);
        let quiet = same.as_ref().is_some_and(|kept| input.at.since(kept.told) < CONFIRMED);
        let choice = Choice {
            stopped,
            since: same.as_ref().map_or(input.at, |kept| kept.since),
            told: same.filter(|_| quiet).map_or(input.at, |kept| kept.told),
        };
        work.extra().put(key, Expect::Any, codec::encode(&choice));
        let mut answers = Vec::new();
        if !quiet {
            let name = if stopped { "tips_stopped" } else { "tips_started" };
            let text = match lang {
                Some(lang) => self.menus.say(name, &[], lang).map_err(Fault::Broken)?,
                None => self.in_both(name, &[])?,
            };
            answers.push((name.to_owned(), text));
        }
        self.conclude(work, input, input.text.clone(), answers).await
    }

    /// Since when this phone wants no tips, if it wants none.
    pub(super) async fn tips_stopped(&self, phone: Msisdn) -> Result<Option<Timestamp>, Fault> {
        let row = self.store.read(vec![choice_key(phone, Purpose::Tip)]).await?.into_iter().next().flatten();
        let choice: Option<Choice> = row.and_then(|row| codec::decode(&row.octets()).ok());
        Ok(choice.filter(|choice| choice.stopped).map(|choice| choice.since))
    }

    /// Whether a text for this purpose may go to this phone.
    pub(super) async fn is_wanted(&self, phone: Msisdn, purpose: Purpose) -> Result<bool, Fault> {
        if !purpose.may_be_stopped() {
            return Ok(true);
        }
        let row = self.store.read(vec![choice_key(phone, purpose)]).await?.into_iter().next().flatten();
        let choice: Option<Choice> = row.and_then(|row| codec::decode(&row.octets()).ok());
        Ok(!choice.is_some_and(|choice| choice.stopped))
    }
}

fn choice_key(phone: Msisdn, purpose: Purpose) -> Key {
    keys::index("choice", &[&phone.number().to_be_bytes()], purpose.word().as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_word_decides_in_any_case_and_with_anything_around_it() {
        for text in
            ["STOP", " stop", "Stop all", "acha!", "SITISHA tafadhali", "\"Unsubscribe\"", "end", "Cancel"]
        {
            assert_eq!(wish(text, None), Some(Wish::Stop), "{text}");
        }
        for text in ["START", "anza", " Anza. "] {
            assert_eq!(wish(text, None), Some(Wish::Start), "{text}");
        }
        for text in ["", "STOPPED", "please stop", "SALIO", "UZA MKUFU SHABA 850 3"] {
            assert_eq!(wish(text, None), None, "{text}");
        }
    }

    #[test]
    fn a_word_about_an_order_by_its_number_is_not_about_tips() {
        assert_eq!(wish("CANCEL 104213", None), None);
        assert_eq!(wish("STOP 104213", None), Some(Wish::Stop));
    }
}
