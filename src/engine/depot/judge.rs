//! Texts that people at the desk write for many readers: judged by the checker of the menus, as if
//! they stood in the catalogue.

use crate::engine::Engine;
use crate::engine::vocabulary::vocabulary;
use crate::market::Word;
use crate::menu::check::{Limits, check};
use crate::menu::report::{Severity, nearest};
use crate::menu::value::Value;
use crate::types::Lang;
use std::collections::BTreeMap;

impl Engine {
    /// Whether somebody can mean this by a word of the menus: the set knows it.
    ///
    /// # Errors
    /// The words that are known and the one that may be meant, for whoever typed it.
    pub(super) fn judge_word(&self, set: &str, word: &Word) -> Result<(), String> {
        let edition = self.menus.edition();
        let Some(set) = edition.catalogue.enums.get(set) else { return Ok(()) };
        let known: Vec<&str> = set.words.iter().map(|(word, _)| word.as_str()).collect();
        if known.contains(&word.as_str()) {
            return Ok(());
        }
        let near = nearest(word.as_str(), known.iter().copied());
        let meant = near.map(|near| format!("; did you mean {near}?")).unwrap_or_default();
        Err(format!("{word} is not one of {}{meant}", known.join(", ")))
    }

    /// Whether a text of the catalogue can be sent with these words in it: they are there in every
    /// language, in its alphabet, with the same digits, and one SMS holds them. `args` are the values
    /// of the text, the words among them.
    ///
    /// # Errors
    /// What is wrong, in words for whoever wrote them.
    pub(super) fn judge_texts(
        &self, name: &str, words: &BTreeMap<Lang, String>, args: impl Fn(&str) -> Vec<Value>,
    ) -> Result<(), String> {
        let edition = self.menus.edition();
        let langs = &edition.catalogue.langs;
        if let Some(missing) = langs.iter().find(|lang| !words.contains_key(lang)) {
            return Err(format!("the words in `{}` are missing: every language needs them", missing.tag()));
        }
        if let Some(strange) = words.keys().find(|lang| !langs.contains(lang)) {
            return Err(format!("nobody reads `{}` here", strange.tag()));
        }
        let mut said = BTreeMap::new();
        for (lang, words) in words {
            said.insert(*lang, edition.say(name, &args(words), *lang)?);
        }
        // Files of the catalogue with their own heads and this text alone.
        let mut sources = Vec::new();
        for (file, text) in &edition.files {
            let head: Vec<&str> = text
                .lines()
                .skip_while(|line| !line.starts_with("messages") && !line.starts_with("overlay messages "))
                .take_while(|line| !line.trim().is_empty())
                .collect();
            let Some(first) = head.first() else { continue };
            let own = match first.strip_prefix("overlay messages ") {
                Some(tag) => match tag.trim().parse::<Lang>() {
                    Ok(lang) => said.get(&lang).cloned().unwrap_or_default(),
                    Err(_) => continue,
                },
                None => {
                    let own = head.iter().find_map(|line| line.trim().strip_prefix("langs "));
                    let own = own.unwrap_or_default().split_whitespace().take_while(|word| *word != "#");
                    let own = own.filter_map(|tag| said.get(&tag.parse::<Lang>().ok()?).cloned());
                    own.collect::<Vec<_>>().join(" | ")
                }
            };
            let params = if first.starts_with("overlay") { "" } else { "()" };
            sources
                .push((file.clone(), format!("{}\n\nsms words{params}\n  say   {own}\n", head.join("\n"))));
        }
        let checked = check(&sources, &vocabulary(), &Limits::default());
        let errors = checked.problems.iter().filter(|problem| problem.severity == Severity::Error);
        let told: Vec<String> = errors
            .map(|problem| match problem.help.as_str() {
                "" => problem.sentence.clone(),
                help => format!("{}: {help}", problem.sentence),
            })
            .collect();
        if told.is_empty() { Ok(()) } else { Err(told.join("; ")) }
    }
}
