//! Headers and lines of overlays: those of the tree, with nothing on them but its names and the
//! text in one language.

use super::{
    lines::{all, digit, field_of},
    words::{Expect, Parsed, Place, blanks, mark, want},
};
use crate::menu::tree::{At, Head, Key, Line, Texts};
use nom::{
    Err,
    bytes::complete::take_while1,
    combinator::{map, verify},
    multi::separated_list1,
    sequence::terminated,
};

/// The blocks an overlay may have, and their lines: for reports.
pub const OVERLAY: [(&str, &str); 12] = [
    ("overlay", "ucs2, keys, pages, parts"),
    ("enum", "a word and its label"),
    ("screen", "say, pages, and options such as `1 Label`"),
    ("pick", "say, pages"),
    ("list", "say, item, none"),
    ("ask", "say, bad"),
    ("pin", "say, bad"),
    ("newpin", "say, again, bad, differ"),
    ("end", "say"),
    ("resume", "say, and options such as `1 Label`"),
    ("sms", "say, parts"),
    ("words", "a word of a command and the word for it"),
];

impl<'a> Place<'a> {
    /// A header of an overlay, the word it begins with already known to be `first`.
    pub fn overlay_head(self, first: &'static str, after: &'a str) -> Parsed<'a, Head> {
        match first {
            "overlay" => {
                let of = want("the tree it is for, or `messages`", |i| self.plain(i));
                let lang = want("the language, such as am", terminated(|i| self.plain(i), blanks));
                all(map((terminated(of, blanks), lang), |(of, lang)| Head::Overlay { of, lang }))(after)
            }
            "resume" | "words" => all(map(blanks, |_| Head::Of { block: first, name: None }))(after),
            _ => all(map(|i| self.name(i), |name| Head::Of { block: first, name: Some(name) }))(after),
        }
    }

    /// An indented line of an overlay; `None` when no such line may stand there.
    pub fn overlay_line(self, block: &str, line: &'a str) -> Option<Parsed<'a, Line>> {
        let end = line.find([' ', '\t']).unwrap_or(line.len());
        let (first, after) = (&line[..end], line[end..].trim_start_matches([' ', '\t']));
        Some(match (block, first) {
            ("overlay", "ucs2") => all(map(blanks, |_| Line::Ucs2))(after),
            ("overlay", "keys") => {
                all(map(separated_list1(mark(","), |i| self.nav_key(i)), Line::Keys))(after)
            }
            ("overlay" | "screen" | "pick", "pages") => {
                all(map(want("how many pages, 1 to 9", digit), Line::Pages))(after)
            }
            ("overlay" | "sms", "parts") => all(map(want("how many SMS, 1 to 9", digit), Line::Parts))(after),
            ("enum", _) => {
                let label = (terminated(|i| self.plain(i), blanks), |i| self.one_text(i));
                all(map(label, |(word, label)| Line::Label { word, label }))(line)
            }
            ("words", _) => {
                let word = |i| self.placed(take_while1(|c: char| c.is_alphabetic() && !c.is_lowercase()))(i);
                let word = want("a word in capitals, as the tree has it", word);
                let ours =
                    want("the word for it", verify(|i| self.spoken(i), |words: &Vec<_>| words.len() == 1));
                all(map((terminated(word, blanks), ours), |(word, mut ours)| Line::Word {
                    word: At { it: word.it.to_owned(), at: word.at },
                    ours: ours.remove(0),
                }))(line)
            }
            ("screen" | "resume", key) if key.starts_with(|c: char| c.is_ascii_digit()) => {
                let number = |i| self.placed(take_while1(|c: char| c.is_ascii_digit()))(i);
                let option = (terminated(number, blanks), |i| self.one_text(i));
                all(map(option, |(key, label)| {
                    Line::Option(Key { key: At { it: key.it.to_owned(), at: key.at }, label })
                }))(line)
            }
            _ => {
                let field = field_of(block, first)?;
                all(map(|i| self.one_text(i), |texts| Line::Text(field, texts)))(after)
            }
        })
    }

    /// The rest as a text in the overlay's language.
    fn one_text(self, input: &'a str) -> Parsed<'a, Texts> {
        match input.find('|') {
            Some(at) => {
                let want = "the end of the text, since an overlay has one language,";
                Err(Err::Failure(Expect { at: &input[at..], want }))
            }
            None => self.texts(input),
        }
    }
}
