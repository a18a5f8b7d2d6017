//! Texts with their values put in: for a person, or at the widest that the types allow.

use crate::gsm::fit;
use crate::menu::{
    graph::{Asked, Bound, Catalogue, Enum, Graph, Kind, Node, Path, Piece, Text},
    layout::plain,
    value::Value,
    vocabulary::{Type, Vocabulary},
};
use crate::types::{Kes, Lang, time::NAIROBI};
use std::collections::BTreeMap;

/// A value that a text names and nobody gave.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the text names a value that is not at hand: {0:?}")]
pub struct Missing(pub Path);

/// The languages and labels that texts are rendered with: of a tree or of the catalogue.
#[derive(Debug, Clone, Copy)]
pub struct Words<'a> {
    /// Languages, in the order of every text.
    pub langs: &'a [Lang],
    /// Labels of enums.
    pub enums: &'a BTreeMap<String, Enum>,
}

impl Graph {
    /// What its texts are rendered with.
    pub fn words(&self) -> Words<'_> {
        Words { langs: &self.langs, enums: &self.enums }
    }
}

impl Catalogue {
    /// What its messages are rendered with.
    pub fn words(&self) -> Words<'_> {
        Words { langs: &self.langs, enums: &self.enums }
    }

    /// The SMS of this name for somebody who reads `lang`, its arguments in the order of its
    /// parameters; `None` when there is no such message.
    pub fn render(&self, name: &str, args: &[Value], lang: Lang) -> Option<Result<String, Missing>> {
        let message = self.messages.get(name)?;
        let given = |path: &Path| match path {
            Path::Param { name, field } => {
                let at = message.params.iter().position(|(param, _)| param == name)?;
                match (args.get(at)?, field) {
                    (Value::Record(record), Some(field)) => record.fields.get(field).cloned(),
                    (Value::Text(text), None) => match &message.params[at].1 {
                        // What people sent is quoted back: never more of it than was proven to fit.
                        Type::Text(width) => Some(Value::text(fit::cut(text, usize::from(*width)).0)),
                        _ => Some(Value::text(text)),
                    },
                    (value, None) => Some(value.clone()),
                    _ => None,
                }
            }
            _ => None,
        };
        Some(self.words().render(&message.say, lang, given))
    }
}

impl Words<'_> {
    /// Where this language stands in every text; the first when it is lacking.
    pub fn index(&self, lang: Lang) -> usize {
        self.langs.iter().position(|l| *l == lang).unwrap_or(0)
    }

    /// The text with its values, in the language of the person.
    ///
    /// # Errors
    /// The first value for which `value` has nothing.
    pub fn render(
        &self, text: &Text, lang: Lang, mut value: impl FnMut(&Path) -> Option<Value>,
    ) -> Result<String, Missing> {
        let mut out = String::new();
        for piece in text.by_lang.get(self.index(lang)).map_or(&[][..], Vec::as_slice) {
            match piece {
                Piece::Literal(literal) => out.push_str(literal),
                Piece::Value(path) => {
                    let value = value(path).ok_or_else(|| Missing(path.clone()))?;
                    out.push_str(&self.show(&value, lang));
                }
            }
        }
        Ok(out)
    }

    /// A value as a person who reads `lang` sees it.
    pub fn show(&self, value: &Value, lang: Lang) -> String {
        match value {
            Value::Kes(sum) => sum.to_string(),
            Value::Int(count) => count.to_string(),
            Value::Text(text) => text.clone(),
            Value::Texts(texts) => {
                let first = self.langs.first().and_then(|first| texts.get(first));
                texts.get(&lang).or(first).or_else(|| texts.values().next()).cloned().unwrap_or_default()
            }
            Value::Date(moment) => moment.day_month(NAIROBI),
            Value::Time(moment) => moment.hour_minute(NAIROBI),
            Value::Phone(number) => number.national(),
            Value::Code(code) => code.to_string(),
            Value::Word { set, word } => self.label(set, word, lang).unwrap_or_else(|| word.clone()),
            Value::Record(record) => record.key.clone(),
        }
    }

    /// The label of a word of an enum.
    pub fn label(&self, set: &str, word: &str, lang: Lang) -> Option<String> {
        let (_, label) = self.enums.get(set)?.words.iter().find(|(known, _)| known == word)?;
        Some(plain(label, self.index(lang)))
    }

    /// The widest value of a type, in the language at this index. `None` for a record, which no
    /// text can show, and for an enum without labels.
    pub fn widest(&self, ty: &Type, lang: usize) -> Option<String> {
        Some(match ty {
            Type::Kes => Kes::major(9_999_999).to_string(),
            Type::Cents => Kes::minor(99_999_999).to_string(),
            Type::Int { min, max } => {
                let (min, max) = (min.to_string(), max.to_string());
                if min.len() > max.len() { min } else { max }
            }
            Type::Text(width) => "W".repeat(usize::from(*width)),
            Type::Date => "30/12".to_owned(),
            Type::Time => "20:58".to_owned(),
            // Fifteen digits are the most that E.164 allows.
            Type::Phone => "+999999999999999".to_owned(),
            Type::Code(kind) => "9".repeat(kind.most_digits() as usize),
            Type::Enum(set) => {
                let labels = self.enums.get(set)?.words.iter().map(|(_, label)| plain(label, lang));
                let labels: Vec<String> = labels.collect();
                // Beside one label outside GSM-7 all of them go as UCS-2.
                let gsm7 = labels.iter().all(|label| fit::septets(label).is_some());
                let wide = |text: &String| fit::septets(text).filter(|_| gsm7).unwrap_or(fit::units(text));
                labels.into_iter().max_by_key(wide)?
            }
            Type::Record(_) => return None,
        })
    }
}

/// How wide values are where a text stands: the types in scope there.
#[derive(Debug, Clone, Copy)]
pub struct Widths<'a> {
    /// Languages and labels.
    pub words: Words<'a>,
    /// What the domain offers.
    pub vocabulary: &'a Vocabulary,
    /// The tree, for answers; none for a message.
    pub graph: Option<&'a Graph>,
    /// Parameters in scope.
    pub params: &'a [(String, Type)],
    /// What the block asks for, for `{min}` and `{max}`.
    pub asked: Option<&'a Asked>,
}

impl<'a> Widths<'a> {
    /// The widths inside a block of a tree. The row of a list is in scope with its parameters:
    /// hand them in as `params`, see [`scope`].
    pub fn of(
        graph: &'a Graph, node: &'a Node, params: &'a [(String, Type)], vocabulary: &'a Vocabulary,
    ) -> Self {
        let asked = match &node.kind {
            Kind::Ask { asked, .. } => Some(asked),
            _ => None,
        };
        Self { words: graph.words(), vocabulary, graph: Some(graph), params, asked }
    }

    /// The text at its widest, in the language at this index. A value of unknown type counts
    /// nothing: the checker has reported it elsewhere.
    pub fn render(&self, text: &Text, lang: usize) -> String {
        let pieces = text.by_lang.get(lang).map_or(&[][..], Vec::as_slice);
        pieces
            .iter()
            .map(|piece| match piece {
                Piece::Literal(literal) => literal.clone(),
                Piece::Value(path) => self.value(path, lang).unwrap_or_default(),
            })
            .collect()
    }

    /// The widest that stands at this path.
    pub fn value(&self, path: &Path, lang: usize) -> Option<String> {
        match path {
            Path::Global(name) => self.words.widest(self.vocabulary.globals.get(name)?, lang),
            Path::Param { name, field } => {
                let (_, ty) = self.params.iter().find(|(param, _)| param == name)?;
                match (ty, field) {
                    (Type::Record(record), Some(field)) => {
                        self.words.widest(self.vocabulary.records.get(record)?.get(field)?, lang)
                    }
                    (ty, _) => self.words.widest(ty, lang),
                }
            }
            Path::Answer(name) => {
                let graph = self.graph?;
                match &graph.node(graph.find(name)?).kind {
                    Kind::Pick { set, .. } => self.words.widest(&Type::Enum(set.clone()), lang),
                    Kind::Ask { asked, .. } => self.answer(asked, lang),
                    _ => None,
                }
            }
            Path::Machine(name) => match name.as_str() {
                "min" => self.bound(self.asked?, false, lang),
                "max" => self.bound(self.asked?, true, lang),
                "left" => Some("9".to_owned()),
                _ => self.words.widest(&MACHINE_TEXT, lang),
            },
        }
    }

    fn answer(&self, asked: &Asked, lang: usize) -> Option<String> {
        match asked {
            Asked::Kes(..) | Asked::Int(..) => {
                let (low, high) = (self.bound(asked, false, lang)?, self.bound(asked, true, lang)?);
                Some(if low.len() > high.len() { low } else { high })
            }
            Asked::Text(width) => self.words.widest(&Type::Text(*width), lang),
            Asked::Phone => self.words.widest(&Type::Phone, lang),
            Asked::Date => self.words.widest(&Type::Date, lang),
            Asked::Code(kind) => self.words.widest(&Type::Code(*kind), lang),
            Asked::Enum(set) => self.words.widest(&Type::Enum(set.clone()), lang),
            Asked::Record { code, .. } => self.words.widest(&Type::Code(*code), lang),
        }
    }

    fn bound(&self, asked: &Asked, upper: bool, lang: usize) -> Option<String> {
        let (low, high, money) = match asked {
            Asked::Kes(low, high) => (low, high, true),
            Asked::Int(low, high) => (low, high, false),
            _ => return None,
        };
        match if upper { high } else { low } {
            Bound::Fixed(n) if money => Some(Kes::major(*n).to_string()),
            Bound::Fixed(n) => Some(n.to_string()),
            // Whole shillings are asked for: the cents of a balance are left out.
            Bound::Value(_) if money => self.words.widest(&Type::Kes, lang),
            Bound::Value(path) => self.value(path, lang),
        }
    }
}

/// What the machine says of itself (`at`, `heard`, `miss`, `echo`) is cut to so many septets.
pub const MACHINE_TEXT: Type = Type::Text(40);

/// The parameters in scope inside a block: its own, and the row of a list.
pub fn scope(node: &Node, vocabulary: &Vocabulary) -> Vec<(String, Type)> {
    let mut params = node.params.clone();
    if let Kind::List { query, var, .. } = &node.kind
        && let Some(known) = vocabulary.queries.get(&query.name)
    {
        params.retain(|(name, _)| name != var);
        params.push((var.clone(), Type::Record(known.item.clone())));
    }
    params
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gsm::fit::septets;
    use crate::types::{CodeKind, Msisdn, SpokenCode, Timestamp};

    fn literal(texts: &[&str]) -> Text {
        Text { by_lang: texts.iter().map(|t| vec![Piece::Literal((*t).to_owned())]).collect() }
    }

    fn kinds() -> BTreeMap<String, Enum> {
        let words = vec![
            ("ring".to_owned(), literal(&["Ring", "Pete"])),
            ("bangle".to_owned(), literal(&["Bracelet", "Bangili"])),
        ];
        BTreeMap::from([("kind".to_owned(), Enum { words })])
    }

    #[test]
    fn every_sort_of_value_is_shown_as_people_write_it() {
        let enums = kinds();
        let words = Words { langs: &[Lang::EN, Lang::SW], enums: &enums };
        let moment = Timestamp::from_millis(1_798_745_400_000); // 2026-12-31T19:30:00Z
        let phone = Msisdn::from_e164("254712345678").expect("a number");
        let code = SpokenCode::nth(CodeKind::Listing, 0);
        let code_text = code.to_string();
        for (value, shown) in [
            (Value::Kes(Kes::minor(125_050)), "1,250.50"),
            (Value::Int(7), "7"),
            (Value::text("Achieng"), "Achieng"),
            (Value::Texts(BTreeMap::from([(Lang::EN, "a".into()), (Lang::SW, "b".into())])), "b"),
            (Value::Date(moment), "31/12"),
            (Value::Time(moment), "22:30"),
            (Value::Phone(phone), "0712345678"),
            (Value::Code(code), code_text.as_str()),
            (Value::word("kind", "ring"), "Pete"),
        ] {
            assert_eq!(words.show(&value, Lang::SW), shown);
        }
    }

    #[test]
    fn a_text_whose_value_is_missing_says_which() {
        let enums = BTreeMap::new();
        let words = Words { langs: &[Lang::EN], enums: &enums };
        let path = Path::Global("me.first".into());
        let text = Text { by_lang: vec![vec![Piece::Literal("Hi ".into()), Piece::Value(path.clone())]] };
        assert_eq!(words.render(&text, Lang::EN, |_| Some(Value::text("Ann"))), Ok("Hi Ann".into()));
        assert_eq!(words.render(&text, Lang::EN, |_| None), Err(Missing(path)));
    }

    #[test]
    fn the_widest_values_have_the_widths_that_the_types_promise() {
        let enums = kinds();
        let words = Words { langs: &[Lang::EN, Lang::SW], enums: &enums };
        for (ty, width) in [
            (Type::Kes, 9),
            (Type::Cents, 10),
            (Type::Int { min: -100, max: 99 }, 4),
            (Type::Text(20), 20),
            (Type::Date, 5),
            (Type::Time, 5),
            (Type::Phone, 16),
            (Type::Code(CodeKind::Once), 7),
            (Type::Code(CodeKind::Listing), 8),
            (Type::Code(CodeKind::Order), 9),
            (Type::Enum("kind".into()), 8),
        ] {
            let widest = words.widest(&ty, 0).expect("shown");
            assert_eq!(septets(&widest), Some(width), "{ty:?}: {widest}");
        }
        assert_eq!(words.widest(&Type::Enum("kind".into()), 1).as_deref(), Some("Bangili"));
    }
}
