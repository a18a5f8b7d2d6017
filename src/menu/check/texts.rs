//! Texts: every language there and saying the same, in the alphabet, and never too long.

use super::{
    Checker,
    values::{Scope, spelt},
};
use crate::gsm::{alphabet, fit, segment};
use crate::menu::{
    face::{AFTER_A_WRONG_KEY, Face, faces, hinted_faces, hinted_resume_faces, resume_faces},
    graph::{Asked, Bound, Graph, Kind, Piece, Text},
    layout::wrong_key,
    report::Problem,
    template::{Widths, Words},
    tree::{self, At, Block, Field, Head, Key, Name, NodeHead, Span},
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
        let mut faulty = Vec::new();
        let own = texts.by_lang.iter().enumerate();
        let by_lang: Vec<Vec<Piece>> =
            own.map(|(lang, text)| self.one_text(text, lang, scope, &mut faulty)).collect();
        let mut text = self.own_texts(texts, by_lang, span);
        for at in 0..self.further.len() {
            let pieces = match texts.further.get(at) {
                Some(Some(further)) => {
                    let pieces = self.one_text(further, self.own_langs + at, scope, &mut faulty);
                    self.parity(texts, further, self.own_langs + at, further.at);
                    pieces
                }
                // Without words it is the same in all languages; else it is reported as missing.
                _ if texts.by_lang.len() == 1 && !has_words(&texts.by_lang[0].it) => text.by_lang[0].clone(),
                _ => Vec::new(),
            };
            text.by_lang.push(pieces);
        }
        text
    }

    /// What stands in the file itself, one text for each of its languages.
    fn own_texts(&mut self, texts: &tree::Texts, mut by_lang: Vec<Vec<Piece>>, span: Span) -> Text {
        let empty = |text: &At<Vec<tree::Piece>>| text.it.is_empty();
        let (langs, own) = (self.own_langs, self.langs[..self.own_langs].to_vec());
        if let ([only], true) = (by_lang.as_slice(), langs > 1) {
            if has_words(&texts.by_lang[0].it) {
                let missing = named(&own[1..]);
                let help =
                    "write it in every language, with ` | ` between; only a text without words stands alone";
                self.error(
                    "lang-missing",
                    span,
                    format!("this text is lacking in {missing}"),
                    help.to_owned(),
                );
            }
            return Text { by_lang: vec![only.clone(); langs] };
        }
        if by_lang.len() != langs || texts.by_lang.iter().any(empty) {
            let written = texts.by_lang.iter().filter(|text| !empty(text)).count();
            let list = named(&own);
            let help = format!("the languages of this file are {list}, in this order");
            let sentence = format!("there are {written} texts for {langs} languages");
            self.error("lang-missing", span, sentence, help);
        } else {
            for (lang, text) in texts.by_lang.iter().enumerate().skip(1) {
                self.parity(texts, text, lang, if lang == 1 { span } else { text.at });
            }
        }
        by_lang.resize(langs, Vec::new());
        Text { by_lang }
    }

    /// The text of the language at this index.
    pub(super) fn one_text<'t>(
        &mut self, text: &'t At<Vec<tree::Piece>>, lang: usize, scope: &Scope, faulty: &mut Vec<&'t str>,
    ) -> Vec<Piece> {
        match self.overlay(lang) {
            Some(further) if further.ucs2 => {}
            Some(further) => self.overlay_alphabet(text, further.head),
            None => self.alphabet(text),
        }
        self.pieces(text, scope, faulty)
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

    /// An overlay is in GSM-7 or says that it is not: said once, at the first letter outside.
    fn overlay_alphabet(&mut self, text: &At<Vec<tree::Piece>>, head: Span) {
        let outside = |piece: &tree::Piece| match piece {
            tree::Piece::Literal(literal) => literal.chars().find(|c| alphabet::code(*c).is_none()),
            tree::Piece::Value(_) => None,
        };
        let Some(letter) = text.it.iter().find_map(outside) else { return };
        let said = |p: &Problem| p.code == "outside-gsm7" && p.span.start >= head.start;
        if self.problems.iter().any(said) {
            return;
        }
        let written = &self.source[text.at.start..text.at.end];
        let start = text.at.start + written.find(letter).unwrap_or(0);
        let span = Span::new(start, start + letter.len_utf8());
        let help =
            "write `ucs2` under the overlay's head: an SMS then has 70 letters in place of 160, and a \
                    screen that many fewer"
                .to_owned();
        let sentence = format!("`{letter}` (U+{:04X}) is outside GSM-7", u32::from(letter));
        self.error("outside-gsm7", span, sentence, help);
    }

    /// Values, digits and short codes are the same as in the first language.
    fn parity(&mut self, texts: &tree::Texts, text: &At<Vec<tree::Piece>>, lang: usize, span: Span) {
        let (first, other) = (Marks::of(&texts.by_lang[0].it), Marks::of(&text.it));
        let (a, b) = (self.langs[0], self.langs[lang]);
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
                self.error(code, span, sentence, help);
            }
        }
    }

    /// An SMS stays within the parts it is paid for, with every value at its widest.
    pub(super) fn fits_its_parts(
        &mut self, say: &Text, params: &[(String, Type)], parts: &[u8], texts: &tree::Texts,
    ) {
        for (lang, parts) in parts.iter().enumerate() {
            let words = Words { langs: &self.langs, enums: &self.enums };
            let widths = Widths { words, vocabulary: self.vocabulary, graph: None, params, asked: None };
            let text = widths.render(say, lang);
            let (needs, budget) = (segment::parts(&text), usize::from(*parts));
            if needs <= budget {
                continue;
            }
            let (has, most, unit) = match fit::septets(&text) {
                Some(septets) => {
                    (septets, if budget == 1 { fit::SMS_SEPTETS } else { budget * 153 }, "septets")
                }
                None => (fit::units(&text), if budget == 1 { 70 } else { budget * 67 }, "UCS-2 characters"),
            };
            let sentence = format!(
                "this SMS can be {has} {unit} in {}; {most} are {budget} of the {needs} SMS it would cost",
                self.langs[lang]
            );
            let help = format!("{} too many; shorten it, or allow `parts {needs}`", has.saturating_sub(most));
            self.error("sms-too-long", self.place(texts, lang).unwrap_or_default(), sentence, help);
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
            let id = super::lower::id(node);
            let of = |lang| {
                let mut all = faces(graph, id, self.vocabulary, lang);
                all.extend(hinted_faces(graph, id, self.vocabulary, lang));
                all
            };
            self.too_long(of, &name, block, graph.limit, set_by);
            match &graph.nodes[node].kind {
                Kind::Screen { choices, .. } if choices.is_empty() => {}
                Kind::Screen { .. } | Kind::Pick { .. } => self.two_pages(of, &name, block, graph.limit),
                Kind::Ask { asked, .. } => self.more_or_answer(of, asked, &name, graph.limit),
                _ => {}
            }
        }
        let block = self.blocks().find(|block| matches!(block.head, Head::Resume));
        if let (Some(resume), Some(block)) = (&graph.resume, block) {
            let of = |lang| {
                let mut all = resume_faces(graph, resume, self.vocabulary, lang);
                all.extend(hinted_resume_faces(graph, resume, self.vocabulary, lang));
                all
            };
            self.too_long(of, "resume", block, graph.limit, set_by);
        }
    }

    /// Where a question can take two pages, the key for more is no answer to it.
    fn more_or_answer(&mut self, faces: impl Fn(usize) -> Vec<Face>, asked: &Asked, name: &str, limit: u16) {
        let (Asked::Kes(low, high) | Asked::Int(low, high)) = asked else { return };
        let below = !matches!(low, Bound::Fixed(low) if *low > 98);
        let above = !matches!(high, Bound::Fixed(high) if *high < 98);
        for lang in self.own_langs..self.langs.len() {
            let most = self.most(lang, limit);
            let long =
                |face: &Face| self.width(&face.text, lang) > most && self.goes_on(face, name, lang, limit);
            if below && above && faces(lang).iter().any(long) {
                let tag = self.langs[lang];
                let sentence =
                    format!("98 is an answer to `{name}`, and means more where it takes two pages in {tag}");
                let help = "shorten it, so that it stands on one page after a wrong answer, too".to_owned();
                let block =
                    self.blocks().find(|b| b.name().is_some_and(|n| n.it == name && b.word() == "ask"));
                let at = block.and_then(|block| self.place(block.text(Field::Say)?, lang));
                self.error("range-has-key", at.unwrap_or_default(), sentence, help);
            }
        }
    }

    /// Options that an overlay lets go on behind the key for more, unless it says so of this very block.
    fn two_pages(&mut self, faces: impl Fn(usize) -> Vec<Face>, name: &str, block: &Block, limit: u16) {
        for lang in self.own_langs..self.langs.len() {
            let Some(further) = self.overlay(lang).filter(|further| !further.pages_of.contains_key(name))
            else {
                continue;
            };
            let most = self.most(lang, limit);
            let plain = faces(lang).into_iter().filter(|face| face.when != AFTER_A_WRONG_KEY);
            let widest = plain.filter(|face| self.goes_on(face, name, lang, limit));
            let widest =
                widest.map(|face| (self.width(&face.text, lang), face)).max_by_key(|(width, _)| *width);
            let Some((width, face)) = widest.filter(|(width, _)| *width > most) else { continue };
            let at = block.text(Field::Say).and_then(|texts| self.place(texts, lang)).unwrap_or(further.head);
            let sentence = format!(
                "options of `{name}` can be hidden behind the key for more in {}: it takes {width} of {most}",
                self.langs[lang]
            );
            let text = face.text.replace('\n', " / ");
            let help = format!(
                "{} too many; shorten it, or accept it with `pages 2` under this block; it reads: {text}",
                width - most
            );
            self.warning("two-pages", at, sentence, help);
        }
    }

    /// Reports the widest of the file's own languages that is too long, and each overlay's.
    fn too_long(
        &mut self, faces: impl Fn(usize) -> Vec<Face>, name: &str, block: &Block, limit: u16, set_by: &str,
    ) {
        let langs = 0..self.langs.len();
        let found: Vec<_> =
            langs.filter_map(|lang| Some((lang, self.widest(faces(lang), name, lang, limit)?))).collect();
        let (own, overlays): (Vec<_>, Vec<_>) =
            found.into_iter().partition(|(lang, _)| *lang < self.own_langs);
        let own = own.into_iter().max_by_key(|(_, (_, width))| *width);
        for (lang, (face, width)) in own.into_iter().chain(overlays) {
            let say = block.text(Field::Say).and_then(|texts| self.place(texts, lang));
            let when = if face.when.is_empty() { String::new() } else { format!(" {}", face.when) };
            let most = self.most(lang, limit);
            let (unit, allows) = match self.ucs2(lang) {
                true => ("UCS-2 characters", format!("{most}, the octets of {limit} septets")),
                false => ("septets", most.to_string()),
            };
            let tag = self.langs[lang];
            let sentence =
                format!("`{name}`{when} can be {width} {unit} in {tag}, and {set_by} allows {allows}");
            let over = width - most;
            let help = format!("{over} too many; at its widest it reads: {}", face.text.replace('\n', " / "));
            self.error("too-long", say.unwrap_or(block.at), sentence, help);
        }
    }

    /// The widest face in the language at this index, when it outgrows the limit.
    fn widest(&self, faces: Vec<Face>, name: &str, lang: usize, limit: u16) -> Option<(Face, usize)> {
        let most = self.most(lang, limit);
        // What stands on one page has no other page on which a wrong key could be answered.
        let one_page = |face: &Face| {
            let options = face.text.split_once('\n').map_or("", |(_, options)| options);
            let plain = faces.iter().filter(|other| other.when != AFTER_A_WRONG_KEY);
            let mut plain = plain.filter(|other| other.text.ends_with(options));
            face.when == AFTER_A_WRONG_KEY && plain.any(|other| self.width(&other.text, lang) <= most)
        };
        let short = faces.iter().filter(|face| one_page(face) || !self.goes_on(face, name, lang, limit));
        let widest = short.map(|face| (self.width(&face.text, lang), face)).max_by_key(|(width, _)| *width);
        widest.filter(|(width, _)| *width > most).map(|(width, face)| (face.clone(), width))
    }

    /// How much a text takes in the language at this index.
    fn width(&self, text: &str, lang: usize) -> usize {
        match fit::septets(text) {
            Some(septets) if !self.ucs2(lang) => septets,
            // One letter of a name turns the whole screen into UCS-2.
            _ => fit::units(text),
        }
    }

    /// Whether an overlay lets this face go on behind the key for more, and it has room enough on
    /// its pages. A row of a list goes whole to the next page, so it must fit on one.
    fn goes_on(&self, face: &Face, name: &str, lang: usize, limit: u16) -> bool {
        let Some(further) = self.overlay(lang) else { return false };
        let pages = further.pages_for(name);
        // The offer to go on has one page, and room there is made by leaving out where she stopped.
        if pages < 2 || face.when == "with one row" || name == "resume" {
            return pages >= 2 && name == "resume" && face.when.is_empty();
        }
        let kind = self.by_name.get(name).and_then(|node| match &self.nodes[*node].head {
            Head::Node { kind, .. } => Some(kind),
            _ => None,
        });
        // The word on a wrong key stands in place of a list's heading, on each of its pages.
        if face.when == AFTER_A_WRONG_KEY && matches!(kind, Some(NodeHead::List { .. })) {
            return false;
        }
        // As the machine cuts it: every page has room for a word on a wrong key, and the keys that lead
        // on, back and, from the second page on, home.
        let text_of = |key: &Key| {
            let label = key.label.by_lang.first().map_or("", |text| &self.source[text.at.start..text.at.end]);
            format!("{} {label}\n", key.key.it)
        };
        let line = |key: &str| {
            further.keys.iter().find(|known| known.key.it == key).map(text_of).unwrap_or_default()
        };
        let (back, home, more) = (line("0"), line("00"), line("98"));
        let end = matches!(kind, Some(NodeHead::End));
        let hint = if end { String::new() } else { format!("{}\n", wrong_key(self.langs[lang])) };
        let fits = |text: &str, keys: &[&String]| {
            let keys: String = keys.iter().map(|key| key.as_str()).collect();
            fit::fits(format!("{hint}{text}\n{keys}").trim_end(), usize::from(limit))
        };
        let mut rest = face.text.strip_suffix(back.trim_end()).unwrap_or(&face.text).trim_end();
        if matches!(kind, Some(NodeHead::Pick(_))) {
            let head = if face.when == AFTER_A_WRONG_KEY { "" } else { hint.trim_end() };
            return rows_go_on(rest, head, pages, usize::from(limit), [&back, &home, &more]);
        }
        for page in 0..pages {
            let behind: &[&String] = match (end, page) {
                (true, 0) => &[],
                (false, 0) => &[&back],
                _ => &[&back, &home],
            };
            if fits(rest, if end { &[] } else { behind }) {
                return true;
            }
            let keys = [&[&more], behind].concat();
            let cuts = (1..usize::from(limit)).rev().map(|most| fit::cut(rest, most));
            let Some((_, left)) = cuts.into_iter().find(|(text, _)| fits(text, &keys)) else { return false };
            rest = left;
        }
        false
    }

    /// How much stands on a screen of so many septets in the language at this index.
    fn most(&self, lang: usize, limit: u16) -> usize {
        let septets = usize::from(limit);
        if self.ucs2(lang) { fit::units_for(septets) } else { septets }
    }

    /// Where the text of the language at this index stands.
    fn place(&self, texts: &tree::Texts, lang: usize) -> Option<Span> {
        let further = lang.checked_sub(self.own_langs).map(|at| texts.further.get(at));
        match further {
            Some(text) => text.and_then(Option::as_ref).map(|text| text.at),
            None => texts.by_lang.get(lang).or(texts.by_lang.first()).map(|text| text.at),
        }
    }
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
pub(super) fn has_words(pieces: &[tree::Piece]) -> bool {
    let has_word =
        |text: &str| text.split(|c: char| !c.is_alphabetic()).any(|run| run.chars().nth(1).is_some());
    pieces.iter().any(|piece| matches!(piece, tree::Piece::Literal(text) if has_word(text)))
}

fn named(langs: &[Lang]) -> String {
    langs.iter().map(Lang::tag).collect::<Vec<_>>().join(", ")
}

/// Whether a heading and the rows below it stand on so many pages, as the machine lays them: the
/// heading, or the word on a wrong key in its place, on each page, and no row cut.
fn rows_go_on(text: &str, hint: &str, pages: u8, limit: usize, [back, home, more]: [&str; 3]) -> bool {
    let (head, rows) = text.split_once('\n').unwrap_or((text, ""));
    let labels: Vec<&str> = rows.lines().map(|row| row.split_once(' ').map_or(row, |(_, row)| row)).collect();
    let mut first = 0;
    for page in 0..pages {
        let fits = |count: usize| {
            let rows = labels[first..first + count].iter().enumerate();
            let rows: String = rows.map(|(at, row)| format!("{} {row}\n", at + 1)).collect();
            let more = if first + count < labels.len() { more } else { "" };
            let home = if page > 0 { home } else { "" };
            let below = format!("{rows}{more}{back}{home}");
            [head, hint].iter().all(|head| fit::fits(format!("{head}\n{below}").trim(), limit))
        };
        match (1..=labels.len() - first).rev().find(|count| fits(*count)) {
            Some(count) => first += count,
            None => return false,
        }
        if first == labels.len() {
            return true;
        }
    }
    false
}
