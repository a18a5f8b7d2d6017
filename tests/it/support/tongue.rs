//! Whether a text is in a person's language: by the words that only one of the two languages of
//! the menu files has.

use sokoni::menu::builtin;
use sokoni::types::Lang;
use std::collections::BTreeSet;
use std::sync::LazyLock;

/// Words that stand in the left halves of the texts only, and in the right halves only.
static WORDS: LazyLock<(BTreeSet<String>, BTreeSet<String>)> = LazyLock::new(|| {
    let (mut english, mut swahili) = (BTreeSet::new(), BTreeSet::new());
    for (_, source) in builtin::sources() {
        for line in source.lines().map(str::trim).filter(|line| line.contains(" | ")) {
            let line = line.split(" -> ").next().unwrap_or(line).split(" when ").next().unwrap_or(line);
            let line = line.split('#').next().unwrap_or(line);
            // The first word is the file's, not the person's: `say`, `bad`, a key, a word of a set.
            let (Some((_, texts)), false) = (line.split_once(' '), line.starts_with("keys")) else {
                continue;
            };
            let Some((left, right)) = texts.rsplit_once(" | ") else { continue };
            english.extend(words(&without_values(left)));
            swahili.extend(words(&without_values(right)));
        }
    }
    let both: BTreeSet<String> = english.intersection(&swahili).cloned().collect();
    let only = |all: BTreeSet<String>| all.into_iter().filter(|word| !both.contains(word)).collect();
    (only(english), only(swahili))
});

/// Names that stand in texts of either language.
const NAMES: [&str; 1] = ["kiosk"];

/// Words of four letters or more, small; names left out.
fn words(text: &str) -> impl Iterator<Item = String> + '_ {
    let parts = text.split(|c: char| !c.is_alphabetic());
    let words = parts.filter(|word| word.len() >= 4).map(str::to_lowercase);
    words.filter(|word| !NAMES.contains(&word.as_str()))
}

fn without_values(text: &str) -> String {
    let mut plain = String::new();
    let mut depth = 0;
    for c in text.chars() {
        match c {
            '{' => depth += 1,
            '}' => depth -= 1,
            c if depth == 0 => plain.push(c),
            _ => {}
        }
    }
    plain
}

/// The words of a text that are not of this language.
pub fn foreign(text: &str, lang: Lang) -> Vec<String> {
    let other = if lang == Lang::SW { &WORDS.0 } else { &WORDS.1 };
    words(text).filter(|word| other.contains(word)).collect()
}

#[test]
fn the_two_languages_are_told_apart() {
    let (en, sw) = ("Order 123456 is no longer open.", "Oda 123456 haipo tena.");
    assert!(foreign(en, Lang::EN).is_empty() && foreign(sw, Lang::SW).is_empty());
    assert!(!foreign(en, Lang::SW).is_empty() && !foreign(sw, Lang::EN).is_empty());
}
