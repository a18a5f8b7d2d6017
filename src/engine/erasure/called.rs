//! What somebody is and was ever called, and which words of that say nothing else.

use super::Erasing;
use super::scrub::{LEAST, spans, words};
use crate::engine::Engine;
use crate::engine::record::Record;
use crate::engine::work::Fault;
use crate::market::Event;
use crate::market::party::{Party, PartyEvent};
use crate::store::{codec, journal, keys};
use crate::types::PartyId;
use std::collections::BTreeSet;

/// Records or rows read at once.
const PAGE: usize = 256;
/// The most names somebody is remembered to have had.
const MOST: usize = 64;

/// The names of a person as her row has them, each as its words in small letters.
pub(super) fn called(her: &Party) -> Vec<Vec<String>> {
    let all = [Some(&her.name), her.money_name.as_ref(), her.kiosk.as_ref()];
    let mut names: Vec<_> =
        all.into_iter().flatten().map(|name| words(name)).filter(|name| !name.is_empty()).collect();
    names.dedup();
    names
}

/// The words of names that may count by themselves.
fn lone_words(names: &[Vec<String>]) -> BTreeSet<String> {
    names.iter().flatten().filter(|word| word.chars().count() >= LEAST).cloned().collect()
}

/// Takes out the words that a file of the menus uses otherwise than as somebody's name. The files give
/// names as samples ("such as Achieng Otieno"): a word that has its capital only behind another word, in
/// the middle of a sentence, is one.
fn without_everyday(words: &mut BTreeSet<String>, text: &str) {
    for span in spans(text) {
        let word = &text[span.clone()];
        let mut letters = word.chars();
        let capital = letters.next().is_some_and(char::is_uppercase) && letters.all(char::is_lowercase);
        let before = text[..span.start].strip_suffix(' ').and_then(|before| before.chars().next_back());
        if !(capital && before.is_some_and(char::is_alphanumeric)) {
            words.remove(&word.to_lowercase());
        }
    }
}

impl Engine {
    /// Her names, with those that the journal knows of before.
    pub(super) async fn ever_called(&self, erasing: &Erasing) -> Result<Vec<Vec<String>>, Fault> {
        let (mut names, mut after) = (erasing.names.clone(), None);
        let id = erasing.who.to_string();
        loop {
            let page = journal::page(&*self.store, after.take(), PAGE).await?;
            let Some(last) = page.last() else { return Ok(names) };
            after = Some(keys::journal(last.position, last.index));
            for record in page.into_iter().filter(|record| record.position <= erasing.until) {
                // Most records are none of hers, and need not be read for that.
                if !record.record.windows(id.len()).any(|octets| octets == id.as_bytes()) {
                    continue;
                }
                let number = record.number;
                let told: Record = serde_json::from_slice(&record.record)
                    .map_err(|why| Fault::Broken(format!("record {number} of the journal: {why}")))?;
                for event in told.events {
                    let Event::Party(who, event) = event else { continue };
                    let said = match event {
                        PartyEvent::Joined(joining) => vec![Some(joining.name), joining.kiosk],
                        PartyEvent::MoneyNamed { name } => vec![Some(name)],
                        _ => continue,
                    };
                    let said = said.into_iter().flatten().map(|name| words(&name));
                    for name in said.filter(|name| who == erasing.who && !name.is_empty()) {
                        if !names.contains(&name) && names.len() < MOST {
                            names.push(name);
                        }
                    }
                }
            }
            tokio::task::yield_now().await;
        }
    }

    /// The words of her names that nobody else here is called and that no menu uses.
    pub(super) async fn called_so_alone(
        &self, who: PartyId, names: &[Vec<String>],
    ) -> Result<BTreeSet<String>, Fault> {
        let mut alone = lone_words(names);
        for (_, text) in &self.menus.edition().files {
            without_everyday(&mut alone, text);
        }
        let mut from = None;
        loop {
            let page = self.store.scan(keys::aggregates(b'p'), from, PAGE, false).await?;
            let Some((last, _)) = page.last() else { return Ok(alone) };
            from = Some(last.clone());
            for (key, row) in &page {
                let other: Party = codec::decode_row(key, row)?;
                let called = [Some(&other.name), other.money_name.as_ref()].into_iter().flatten();
                for word in called.filter(|_| other.id != who).flat_map(|name| words(name)) {
                    alone.remove(&word);
                }
            }
            tokio::task::yield_now().await;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn left(names: &str, text: &str) -> Vec<String> {
        let mut alone = lone_words(&[words(names)]);
        without_everyday(&mut alone, text);
        alone.into_iter().collect()
    }

    #[test]
    fn words_of_the_menus_are_no_names_and_their_samples_are() {
        let menu = "  necklace    Necklace | Mkufu\n  say   Thank you. We tell the buyer. | Asante. Tutamwambia mnunuzi.\n  \
                    bad   Letters only, such as Achieng Otieno. | Herufi tu, kama Achieng Otieno.\n  kibera  Kibera | ኪቤራ\n";
        assert_eq!(left("Asante Mkufu", menu), Vec::<String>::new());
        assert_eq!(left("Necklace Kibera", menu), Vec::<String>::new());
        assert_eq!(left("Achieng Otieno", menu), ["achieng", "otieno"]);
        assert_eq!(left("Nafuna Thank Jo", menu), ["nafuna"], "and what is too short says nothing");
    }

    #[test]
    fn of_the_menus_of_this_release_the_samples_stay_names() {
        for (name, text) in crate::menu::builtin::sources() {
            assert_eq!(left("Achieng Otieno", &text), ["achieng", "otieno"], "{name}");
        }
    }
}
