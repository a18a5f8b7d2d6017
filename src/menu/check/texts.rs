//! Texts: every language there and saying the same, in the alphabet, and never too long.

use super::{
    Checker,
    values::{Scope, spelt},
};
use crate::gsm::{alphabet, fit, segment};
use crate::menu::{
    face::{Face, faces, resume_faces},
    graph::{Graph, Piece, Text},
    template::{Widths, Words},
    tree::{self, At, Block, Field, Head, Name, Span},
    vocabulary::Type,
};
use crate::types::Lang;

impl Checker<'_> {
    /// A text with its values resolved, compared across languages.
    pub(super) fn texts(&mut self, texts: &tree::Texts, at: Span, scope: &Scope) -> Text {
        let span = texts.span().filter(|span| span.end > span.start).unwrap_or(at);
        let empty = |text: &At<Vec<tree::Piece>>| text.it.is_empty();
        if texts.by_lang.iter().all(empty) {
            self.error("text-empty", at, "there is no text here".into(), "write it in each language".into());
            return Text { by_lang: vec![Vec::new(); self.langs.len()] };
        }
        for text in &texts.by_lang {
            self.alphabet(text);
        }
        let mut faulty = Vec::new();
        let by_lang: Vec<Vec<Piece>> =
            texts.by_lang.iter().map(|text| self.pieces(text, scope, &mut faulty)).collect();
        if let ([only], true) = (by_lang.as_slice(), self.langs.len() > 1) {
            if words(&texts.by_lang[0].it) {
                let missing = named(&self.langs[1..]);
                let help =
                    "write it in every language, with ` | ` between; only a text without words stands alone";
                self.error(
                    "lang-missing",
                    span,
                    format!("this text is lacking in {missing}"),
                    help.to_owned(),
                );
            }
            return Text { by_lang: vec![only.clone(); self.langs.len()] };
        }
        if by_lang.len() != self.langs.len() || texts.by_lang.iter().any(empty) {
            let written = texts.by_lang.iter().filter(|text| !empty(text)).count();
            let (langs, list) = (self.langs.len(), named(&self.langs));
            let help = format!("the languages of this file are {list}, in this order");
            let sentence = format!("there are {written} texts for {langs} languages");
            self.error("lang-missing", span, sentence, help);
        } else {
            self.parity(texts, span);
        }
        let mut by_lang = by_lang;
        by_lang.resize(self.langs.len(), Vec::new());
        Text { by_lang }
    }

    /// The pieces of one language. A value that is at fault is reported in the first language only.
    fn pieces<'t>(
        &mut self, text: &'t At<Vec<tree::Piece>>, scope: &Scope, faulty: &mut Vec<&'t str>,
    ) -> Vec<Piece> {
        let mut pieces = Vec::new();
        for piece in &text.it {
            match piece {
                tree::Piece::Literal(text) => pieces.push(Piece::Literal(text.clone())),
                tree::Piece::Value(name) if faulty.contains(&name.it.as_str()) => {}
                tree::Piece::Value(name) => match self.resolve(name, scope) {
                    Some((path, ty)) if self.can_be_shown(name, &ty) => pieces.push(Piece::Value(path)),
                    _ => faulty.push(&name.it),
                },
            }
        }
        pieces
    }

    fn can_be_shown(&mut self, name: &Name, ty: &Type) -> bool {
        match ty {
            Type::Record(record) => {
                let fields = &self.vocabulary.records[record];
                let first = fields.keys().next().map_or("code", String::as_str);
                let help = format!("show one of its fields, such as {{{}.{first}}}", name.it);
                let sentence = format!("`{}` is a whole {}", name.it, spelt(ty));
                self.error("wrong-type", name.at, sentence, help);
                false
            }
            Type::Enum(set) if !self.enums.contains_key(set) => {
                let help = format!("write them into this file, beginning with `enum {set}`");
                let sentence = format!("`{}` is a word of `{set}`, whose labels are nowhere", name.it);
                self.error("labels-missing", name.at, sentence, help);
                false
            }
            _ => true,
        }
    }

    /// Every character of the literals must be one that phones show without going over to UCS-2.
    fn alphabet(&mut self, text: &At<Vec<tree::Piece>>) {
        let mut reported = Vec::new();
        for piece in &text.it {
            let tree::Piece::Literal(literal) = piece else { continue };
            for c in literal.chars().filter(|c| alphabet::code(*c).is_none()) {
                if reported.contains(&c) {
                    continue;
                }
                reported.push(c);
                let written = &self.source[text.at.start..text.at.end];
                let start = text.at.start + written.find(c).unwrap_or(0);
                let span = Span::new(start, (start + c.len_utf8()).min(text.at.end));
                let as_text = c.to_string();
                let simple = alphabet::simplify(&as_text);
                let help = match simple.as_ref() {
                    plain if plain != as_text => format!("write `{plain}`"),
                    _ => "it would turn the whole text into UCS-2, with 70 characters in place of 160"
                        .to_owned(),
                };
                let sentence = format!("`{c}` (U+{:04X}) is outside GSM-7", u32::from(c));
                self.error("outside-gsm7", span, sentence, help);
            }
        }
    }

    /// Values, digits and short codes are the same in all languages, each with the first.
    fn parity(&mut self, texts: &tree::Texts, span: Span) {
        let first = Marks::of(&texts.by_lang[0].it);
        for (at, text) in texts.by_lang.iter().enumerate().skip(1) {
            let other = Marks::of(&text.it);
            let (a, b) = (self.langs[0], self.langs[at]);
            let pairs = [
                ("values-differ", "values", &first.values, &other.values),
                ("short-codes-differ", "short codes", &first.codes, &other.codes),
                ("digits-differ", "digits", &first.digits, &other.digits),
            ];
            for (code, what, here, there) in pairs {
                if here != there {
                    let sentence = format!("the {what} of {a} and {b} differ");
                    let list = |marks: &Vec<String>| match marks.as_slice() {
                        [] => "none".to_owned(),
                        marks => marks.join(" "),
                    };
                    let help = format!("{a} has {}; {b} has {}", list(here), list(there));
                    self.error(code, if at == 1 { span } else { text.at }, sentence, help);
                }
            }
        }
    }

    /// An SMS stays within the parts it is paid for, with every value at its widest.
    pub(super) fn fits_its_parts(
        &mut self, say: &Text, params: &[(String, Type)], parts: u8, texts: &tree::Texts,
    ) {
        for lang in 0..self.langs.len() {
            let words = Words { langs: &self.langs, enums: &self.enums };
            let widths = Widths { words, vocabulary: self.vocabulary, graph: None, params, asked: None };
            let text = widths.render(say, lang);
            let (needs, budget) = (segment::parts(&text), usize::from(parts));
            if needs <= budget {
                continue;
            }
            let most = if budget == 1 { fit::SMS_SEPTETS } else { budget * 153 };
            let has = fit::septets(&text).unwrap_or_else(|| fit::units(&text));
            let sentence = format!(
                "this SMS can be {has} septets in {}; {most} are {budget} of the {needs} SMS it would cost",
                self.langs[lang]
            );
            let help = format!("{} too many; shorten it, or allow `parts {needs}`", has.saturating_sub(most));
            let at = texts.by_lang.get(lang).or(texts.by_lang.first()).map(|text| text.at);
            self.error("sms-too-long", at.unwrap_or_default(), sentence, help);
        }
    }

    /// Every face of every block fits the smallest limit, in every language.
    pub(super) fn widths(&mut self, graph: &Graph, set_by: &str) {
        if self.problems.iter().any(|p| p.code == "text-empty") || graph.limit < 40 {
            return;
        }
        for node in 0..graph.nodes.len() {
            let block = self.nodes[node];
            let name = self.name(node).it.clone();
            let of = |lang| faces(graph, super::lower::id(node), self.vocabulary, lang);
            let widest = (0..self.langs.len()).map(|lang| too_long(of(lang), graph.limit)).collect();
            self.too_long(widest, &name, block, graph.limit, set_by);
        }
        let block = self.blocks().find(|block| matches!(block.head, Head::Resume));
        if let (Some(resume), Some(block)) = (&graph.resume, block) {
            let of = |lang| resume_faces(graph, resume, self.vocabulary, lang);
            let widest = (0..self.langs.len()).map(|lang| too_long(of(lang), graph.limit)).collect();
            self.too_long(widest, "resume", block, graph.limit, set_by);
        }
    }

    /// Reports the widest language of those that are too long.
    fn too_long(
        &mut self, faces: Vec<Option<(Face, usize)>>, name: &str, block: &Block, limit: u16, set_by: &str,
    ) {
        let found = faces.into_iter().enumerate().filter_map(|(lang, face)| Some((lang, face?)));
        let Some((lang, (face, width))) = found.max_by_key(|(_, (_, width))| *width) else { return };
        let say = block.text(Field::Say).map(|texts| &texts.by_lang);
        let span = say.and_then(|say| say.get(lang).or(say.first())).map_or(block.at, |text| text.at);
        let when = if face.when.is_empty() { String::new() } else { format!(" {}", face.when) };
        let lang = self.langs[lang];
        let sentence =
            format!("`{name}`{when} can be {width} septets in {lang}, and {set_by} allows {limit}");
        let over = width - usize::from(limit);
        let help = format!("{over} too many; at its widest it reads: {}", face.text.replace('\n', " / "));
        self.error("too-long", span, sentence, help);
    }
}

/// The widest face, when it outgrows the limit.
fn too_long(faces: Vec<Face>, limit: u16) -> Option<(Face, usize)> {
    let width = |face: &Face| fit::septets(&face.text).unwrap_or_else(|| fit::units(&face.text));
    let widest = faces.into_iter().map(|face| (width(&face), face)).max_by_key(|(width, _)| *width);
    widest.filter(|(width, _)| *width > usize::from(limit)).map(|(width, face)| (face, width))
}

/// What must be the same in every language.
struct Marks {
    values: Vec<String>,
    digits: Vec<String>,
    codes: Vec<String>,
}

impl Marks {
    fn of(pieces: &[tree::Piece]) -> Self {
        let mut marks = Self { values: Vec::new(), digits: Vec::new(), codes: Vec::new() };
        for piece in pieces {
            match piece {
                tree::Piece::Value(name) => marks.values.push(format!("{{{}}}", name.it)),
                tree::Piece::Literal(text) => {
                    let runs = text.split(|c: char| !(c.is_ascii_digit() || c == '*' || c == '#'));
                    for run in runs.filter(|run| run.contains(|c: char| c.is_ascii_digit())) {
                        let code = run.contains(['*', '#']);
                        if code { &mut marks.codes } else { &mut marks.digits }.push(run.to_owned());
                    }
                }
            }
        }
        marks.values.sort();
        marks.digits.sort();
        marks.codes.sort();
        marks
    }
}

/// Whether the literals hold a word; a lone letter, as in `3 x 850`, is none.
fn words(pieces: &[tree::Piece]) -> bool {
    let has_word =
        |text: &str| text.split(|c: char| !c.is_alphabetic()).any(|run| run.chars().nth(1).is_some());
    pieces.iter().any(|piece| matches!(piece, tree::Piece::Literal(text) if has_word(text)))
}

fn named(langs: &[Lang]) -> String {
    langs.iter().map(Lang::tag).collect::<Vec<_>>().join(", ")
}
