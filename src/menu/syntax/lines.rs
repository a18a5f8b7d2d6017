//! Headers and indented lines, one at a time.

use super::words::{Expect, Parsed, Place, blanks, mark, number, span_of_time, want, word};
use crate::menu::tree::{At, Field, Head, Key, Line, Name, NodeHead, Piece, Texts};
use nom::{
    Err, Parser,
    bytes::complete::{take_while, take_while1},
    combinator::{cut, map, opt, rest, verify},
    multi::{many0, separated_list1},
    sequence::{preceded, terminated},
};

/// The blocks there are, and the lines each may have: for reports.
pub const BLOCKS: [(&str, &str); 15] = [
    ("menu", "dial, who, langs, limit, idle, dialog, resume, keys"),
    ("messages", "langs"),
    ("enum", "a word and its label in each language"),
    ("screen", "say, options, and keys such as `1 Label | Label -> target`"),
    ("pick", "say, options, then"),
    ("list", "say, item, none, then"),
    ("ask", "say, bad, tries, then"),
    ("pin", "say, bad, tries, then"),
    ("newpin", "say, again, bad, differ, tries, then"),
    ("do", "once, and each outcome such as `ok(x) -> target`"),
    ("end", "say, sms"),
    ("resume", "say, options, never"),
    ("drop", "after, sms"),
    ("text", "do, half, and each outcome such as `ok(x) sms message(x)`"),
    ("sms", "say, parts, about"),
];

/// Everything up to the end of the line must be read.
pub(super) fn all<'a, T>(
    parser: impl Parser<&'a str, Output = T, Error = Expect<'a>>,
) -> impl FnOnce(&'a str) -> Parsed<'a, T> {
    let mut parser = parser;
    move |input| {
        let (left, out) = parser.parse(input)?;
        match left.trim() {
            "" => Ok(("", out)),
            more => Err(Err::Failure(Expect { at: more, want: "the end of the line" })),
        }
    }
}

impl<'a> Place<'a> {
    /// A header, the word it begins with already known to be `first`.
    pub fn head(self, first: &str, after: &'a str) -> Parsed<'a, Head> {
        match first {
            "menu" => all(map(|i| self.plain(i), Head::Menu))(after),
            "messages" => all(map(blanks, |_| Head::Messages))(after),
            "enum" => all(map(|i| self.plain(i), Head::Enum))(after),
            "resume" => all(map(blanks, |_| Head::Resume))(after),
            "drop" => all(map(|i| self.names(i), Head::Drop))(after),
            "text" => {
                let slots = many0(preceded(blanks, self.placed(|i| self.slot(i))));
                let (left, (words, slots)) = (|i| self.spoken(i), slots).parse(after)?;
                if !left.trim().is_empty() {
                    self.slot(left.trim_start())?;
                }
                Ok(("", Head::Text { words, slots }))
            }
            "sms" => {
                let parts = (|i| self.plain(i), |i| self.params(i));
                all(map(parts, |(name, params)| Head::Sms { name, params }))(after)
            }
            _ => {
                let (after, name) = self.name(after)?;
                let (after, params) = self.params(after)?;
                let (after, kind) = self.node_head(first, after)?;
                Ok((after, Head::Node { name, params, kind }))
            }
        }
    }

    fn node_head(self, first: &str, after: &'a str) -> Parsed<'a, NodeHead> {
        match first {
            "pick" => {
                let of = want("`:` and an enum", preceded(mark(":"), |i| self.plain(i)));
                all(map(of, NodeHead::Pick))(after)
            }
            "ask" => {
                let of = want("`:` and a type", preceded(mark(":"), self.placed(|i| self.ty(i))));
                all(map(of, NodeHead::Ask))(after)
            }
            "list" => {
                let query = want("`=` and a query", preceded(mark("="), cut(|i| self.call(i))));
                let var = want("`as` and a name for a row", preceded(word("as"), |i| self.plain(i)));
                all(map((query, var), |(query, var)| NodeHead::List { query, var }))(after)
            }
            "do" => {
                let call = want("`=` and an action", preceded(mark("="), cut(|i| self.call(i))));
                all(map(call, NodeHead::Do))(after)
            }
            "pin" => all(map(blanks, |_| NodeHead::Pin))(after),
            "newpin" => all(map(blanks, |_| NodeHead::NewPin))(after),
            "end" => all(map(blanks, |_| NodeHead::End))(after),
            _ => all(map(blanks, |_| NodeHead::Screen))(after),
        }
    }

    /// An indented line of a block whose header begins with `block`; `None` when no such line may
    /// stand there.
    pub fn line(self, block: &str, line: &'a str) -> Option<Parsed<'a, Line>> {
        let end = line.find([' ', '\t', '(']).unwrap_or(line.len());
        let (first, after) = (&line[..end], line[end..].trim_start_matches([' ', '\t']));
        let parsed = match (block, first) {
            ("menu" | "messages", "langs") => all(map(|i| self.names(i), Line::Langs))(after),
            ("menu", _) => return self.setting(first, after),
            ("enum", _) => {
                let label = (terminated(|i| self.plain(i), blanks), |i| self.texts(i));
                all(map(label, |(word, label)| Line::Label { word, label }))(line)
            }
            ("end" | "drop", "sms") => all(map(|i| self.call(i), Line::Sms))(after),
            ("text", "do") => all(map(|i| self.call(i), Line::Do))(after),
            ("text", "half") => {
                let sms = want("`sms` and a message", preceded(word("sms"), cut(|i| self.call(i))));
                all(map(sms, Line::Half))(after)
            }
            ("text", _) => self.reply(line),
            ("do", "once") => all(map(blanks, |_| Line::Once))(after),
            ("do", _) => self.branch(line),
            ("drop", "after") => all(map(span_of_time, Line::After))(after),
            ("resume", "never") => all(map(|i| self.names(i), Line::Never))(after),
            ("screen" | "pick", "options") => {
                all(map(want("how many options, 6 to 9", digit), Line::Options))(after)
            }
            ("sms", "about") => all(map(|i| self.plain(i), Line::About))(after),
            ("sms", "parts") => all(map(want("how many SMS, 1 to 9", digit), Line::Parts))(after),
            ("pick" | "list" | "ask" | "pin" | "newpin", "then") => {
                // Both `then target` and `then -> target` are understood.
                let to = preceded(opt(mark("->")), |i| self.call(i));
                all(map(to, Line::Then))(after)
            }
            ("ask" | "pin" | "newpin", "tries") => {
                let tries = (want("how many tries, 1 to 9", digit), |i| self.target(i));
                all(map(tries, |(most, to)| Line::Tries { most, to }))(after)
            }
            ("screen" | "resume", key) if key.starts_with(|c: char| c.is_ascii_digit()) => self.choice(line),
            _ => {
                let field = field_of(block, first)?;
                all(map(|i| self.texts(i), |texts| Line::Text(field, texts)))(after)
            }
        };
        Some(parsed)
    }

    fn setting(self, first: &str, after: &'a str) -> Option<Parsed<'a, Line>> {
        let name = |i| self.plain(i);
        Some(match first {
            "dial" => {
                let code = |c: char| c.is_ascii_digit() || c == '*' || c == '#';
                let shape = |t: &&str| t.starts_with('*') && t.ends_with('#') && t.len() > 2;
                let code = want("a code such as *483*57#", verify(take_while1(code), |t: &str| shape(&t)));
                all(map(code, |t: &str| Line::Dial(t.to_owned())))(after)
            }
            "who" => {
                let otherwise = opt(preceded(word("else"), cut(name)));
                all(map((name, otherwise), |(role, otherwise)| Line::Who { role, otherwise }))(after)
            }
            "limit" => {
                let gsm7 =
                    opt(preceded(blanks, want("gsm7, the one alphabet screens are sent in", word("gsm7"))));
                all(map((want("how many septets, such as 182", number), gsm7), |(n, _)| Line::Limit(n)))(
                    after,
                )
            }
            "idle" => all(map(span_of_time, Line::Idle))(after),
            "dialog" => all(map(span_of_time, Line::Dialog))(after),
            "resume" => all(map(span_of_time, Line::ResumeWithin))(after),
            "keys" => all(map(separated_list1(mark(","), |i| self.nav_key(i)), Line::Keys))(after),
            _ => return None,
        })
    }

    pub(super) fn nav_key(self, input: &'a str) -> Parsed<'a, Key> {
        let key = want("a key, such as 0", take_while1(|c: char| c.is_ascii_digit()));
        let (after, key) = self.placed(key)(input)?;
        let (left, label) = take_while(|c| c != ',').parse(after)?;
        let key = At { it: key.it.to_owned(), at: key.at };
        let (_, label) = self.texts(label.trim())?;
        Ok((left, Key { key, label }))
    }

    fn choice(self, line: &'a str) -> Parsed<'a, Line> {
        let number = take_while1(|c: char| c.is_ascii_digit());
        let (after, key) = self.placed(number)(line)?;
        let Some(arrow) = after.rfind("->") else {
            return Err(Err::Failure(Expect { at: end_of(line), want: "`->` and where it leads" }));
        };
        let (_, label) = self.texts(after[..arrow].trim())?;
        let key = Key { key: At { it: key.it.to_owned(), at: key.at }, label };
        let when = opt(preceded(
            word("when"),
            cut((|i| self.name(i), preceded(want("`=` and a word", mark("=")), |i| self.plain(i)))),
        ));
        let build = move |(to, when)| Line::Choice { key: key.clone(), to, when };
        all(map((|i| self.target(i), when), build))(&after[arrow..])
    }

    fn branch(self, line: &'a str) -> Parsed<'a, Line> {
        let parts = (|i| self.plain(i), |i| self.binds(i), |i| self.target(i));
        all(map(parts, |(outcome, binds, to)| Line::Branch { outcome, binds, to }))(line)
    }

    fn reply(self, line: &'a str) -> Parsed<'a, Line> {
        let sms = want("`sms` and a message", preceded(word("sms"), cut(|i| self.call(i))));
        let parts = (|i| self.plain(i), |i| self.binds(i), sms);
        all(map(parts, |(outcome, binds, sms)| Line::Reply { outcome, binds, sms }))(line)
    }

    /// The rest as a text in each language.
    pub(super) fn texts(self, input: &'a str) -> Parsed<'a, Texts> {
        let (_, whole) = rest(input)?;
        let mut by_lang = Vec::new();
        for part in whole.split('|') {
            let part = part.trim();
            by_lang.push(At { it: self.pieces(part)?, at: self.span(part) });
        }
        Ok((end_of(input), Texts { by_lang, further: Vec::new() }))
    }

    fn pieces(self, text: &'a str) -> Result<Vec<Piece>, Err<Expect<'a>>> {
        let fail = |at, want| Err::Failure(Expect { at, want });
        let mut pieces = Vec::new();
        let mut left = text;
        while let Some(open) = left.find(['{', '}']) {
            if left[open..].starts_with('}') {
                return Err(fail(&left[open..], "a `{` before this `}`"));
            }
            if open > 0 {
                pieces.push(Piece::Literal(left[..open].to_owned()));
            }
            let inside = &left[open + 1..];
            let (after, name): (_, Name) = self
                .name(inside)
                .map_err(|e| e.map(|e| Expect { want: "the name of a value, such as {me.first}", ..e }))?;
            left = after.strip_prefix('}').ok_or_else(|| fail(after, "`}` after the name of the value"))?;
            pieces.push(Piece::Value(name));
        }
        if !left.is_empty() {
            pieces.push(Piece::Literal(left.to_owned()));
        }
        Ok(pieces)
    }
}

pub(super) fn digit(input: &str) -> Parsed<'_, u8> {
    verify(number::<u8>, |n| (1..=9).contains(n)).parse(input)
}

fn end_of(text: &str) -> &str {
    &text[text.len()..]
}

pub(super) fn field_of(block: &str, first: &str) -> Option<Field> {
    let (field, blocks): (_, &[&str]) = match first {
        "say" => (Field::Say, &["screen", "pick", "list", "ask", "pin", "newpin", "end", "resume", "sms"]),
        "again" => (Field::Again, &["newpin"]),
        "differ" => (Field::Differ, &["newpin"]),
        "bad" => (Field::Bad, &["ask", "pin", "newpin"]),
        "item" => (Field::Item, &["list"]),
        "none" => (Field::None, &["list"]),
        _ => return None,
    };
    blocks.contains(&block).then_some(field)
}
