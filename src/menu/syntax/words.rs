//! The small parts that headers and lines are made of: names, numbers, types, calls, targets.

use crate::menu::tree::{Arg, At, Bound, Call, Given, Name, Param, Slot, Span, Ty};
use crate::types::CodeKind;
use nom::{
    Err, IResult, Offset, Parser,
    branch::alt,
    bytes::complete::{tag, take_while, take_while_m_n, take_while1},
    combinator::{cut, map, map_res, opt, recognize, verify},
    error::{ErrorKind, FromExternalError, ParseError},
    multi::{many0, separated_list0, separated_list1},
    sequence::{delimited, pair, preceded, terminated},
};
use std::time::Duration;

/// What was wanted, and the rest of the line where it was not found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Expect<'a> {
    /// The rest of the line.
    pub at: &'a str,
    /// What should stand there; empty until somebody names it.
    pub want: &'static str,
}

impl<'a> ParseError<&'a str> for Expect<'a> {
    fn from_error_kind(at: &'a str, _: ErrorKind) -> Self {
        Self { at, want: "" }
    }

    fn append(_: &'a str, _: ErrorKind, other: Self) -> Self {
        other
    }
}

impl<'a, E> FromExternalError<&'a str, E> for Expect<'a> {
    fn from_external_error(at: &'a str, _: ErrorKind, _: E) -> Self {
        Self { at, want: "" }
    }
}

/// What a parser of the line answers.
pub type Parsed<'a, T> = IResult<&'a str, T, Expect<'a>>;

/// Names what should have stood where `parser` failed, unless that is named already.
pub fn want<'a, T>(
    what: &'static str, mut parser: impl Parser<&'a str, Output = T, Error = Expect<'a>>,
) -> impl FnMut(&'a str) -> Parsed<'a, T> {
    move |input| {
        let name = |mut e: Expect<'a>| {
            if e.want.is_empty() {
                e.want = what;
            }
            e
        };
        parser.parse(input).map_err(|error| match error {
            Err::Error(e) => Err::Error(name(e)),
            Err::Failure(e) => Err::Failure(name(e)),
            Err::Incomplete(needed) => Err::Incomplete(needed),
        })
    }
}

/// Blanks, or nothing.
pub fn blanks(input: &str) -> Parsed<'_, &str> {
    take_while(|c| c == ' ' || c == '\t').parse(input)
}

/// This mark with blanks around it.
pub fn mark<'a>(mark: &'static str) -> impl FnMut(&'a str) -> Parsed<'a, &'a str> {
    move |input| delimited(blanks, tag(mark), blanks).parse(input)
}

/// This word and the end of the word.
pub fn word<'a>(word: &'static str) -> impl FnMut(&'a str) -> Parsed<'a, &'a str> {
    move |input| delimited(blanks, verify(name_text, |found: &str| found == word), blanks).parse(input)
}

/// A name without dots: a lower-case letter, then letters, digits and `_`.
fn simple(input: &str) -> Parsed<'_, &str> {
    recognize(pair(
        take_while_m_n(1, 1, |c: char| c.is_ascii_lowercase()),
        take_while(|c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_'),
    ))
    .parse(input)
}

/// A name, perhaps with dots: `sell.price`.
fn name_text(input: &str) -> Parsed<'_, &str> {
    recognize((simple, many0(pair(tag("."), simple)))).parse(input)
}

/// Turns what parsers find into names with places in one source.
#[derive(Clone, Copy)]
pub struct Place<'a> {
    /// The whole file.
    pub source: &'a str,
}

impl<'a> Place<'a> {
    /// Where a piece of the source stands.
    pub fn span(self, piece: &str) -> Span {
        let start = self.source.offset(piece);
        Span::new(start, start + piece.len())
    }

    fn at<T>(self, from: &'a str, rest: &'a str, it: T) -> At<T> {
        let taken = from[..from.len() - rest.len()].trim_end();
        At { it, at: self.span(taken) }
    }

    fn owned(self, piece: &str) -> Name {
        At { it: piece.to_owned(), at: self.span(piece) }
    }

    /// What `parser` finds, with its place.
    pub fn placed<T>(
        self, mut parser: impl Parser<&'a str, Output = T, Error = Expect<'a>>,
    ) -> impl FnMut(&'a str) -> Parsed<'a, At<T>> {
        move |input| {
            let (rest, it) = parser.parse(input)?;
            Ok((rest, self.at(input, rest, it)))
        }
    }

    /// A name, perhaps with dots.
    pub fn name(self, input: &'a str) -> Parsed<'a, Name> {
        want("a name in small letters", map(name_text, |text| self.owned(text)))(input)
    }

    /// A name without dots.
    pub fn plain(self, input: &'a str) -> Parsed<'a, Name> {
        want("a name in small letters, without dots", map(simple, |text| self.owned(text)))(input)
    }

    /// Names with blanks between them, at least one.
    pub fn names(self, input: &'a str) -> Parsed<'a, Vec<Name>> {
        separated_list1(take_while1(|c| c == ' '), |i| self.name(i)).parse(input)
    }

    /// Words of one place in every language: `SELL|UZA`, kept in capitals.
    pub fn spoken(self, input: &'a str) -> Parsed<'a, Vec<Name>> {
        let one = take_while1(|c: char| c.is_alphabetic() && !c.is_lowercase());
        let one = map(one, |text: &str| self.owned(text));
        want("words in capitals, such as SELL|UZA", separated_list1(mark("|"), one))(input)
    }

    /// `(a: type, b: type)`, or nothing.
    pub fn params(self, input: &'a str) -> Parsed<'a, Vec<Param>> {
        let one = |i| {
            let (i, name) = self.plain(i)?;
            let (i, _) = cut(want("`:` and a type", mark(":"))).parse(i)?;
            let (i, ty) = cut(self.placed(|i| self.ty(i))).parse(i)?;
            Ok((i, Param { name, ty }))
        };
        let list =
            preceded(mark("("), cut(terminated(separated_list0(mark(","), one), want("`)`", mark(")")))));
        map(opt(list), Option::unwrap_or_default).parse(input)
    }

    /// A type: `kes 50..20000`, `int 1..{o.qty}`, `text 20`, `order`.
    pub fn ty(self, input: &'a str) -> Parsed<'a, Ty> {
        let (rest, name) = want("a type, such as int 1..99", name_text)(input)?;
        let range = |i| {
            let (i, low) = preceded(blanks, |i| self.bound(i)).parse(i)?;
            let (i, _) = cut(want("`..` between least and most", tag(".."))).parse(i)?;
            let (i, high) = cut(|i| self.bound(i)).parse(i)?;
            Ok((i, (low, high)))
        };
        match name {
            "kes" => map(opt(range), Ty::Kes).parse(rest),
            "int" => map(cut(want("a range, such as 1..99", range)), |(a, b)| Ty::Int(a, b)).parse(rest),
            "text" => {
                let width = want("the most letters, such as text 20", preceded(blanks, number::<u16>));
                map(cut(width), Ty::Text).parse(rest)
            }
            "code" => {
                let kind = map_res(preceded(blanks, name_text), |kind| match kind {
                    "listing" => Ok(CodeKind::Listing),
                    "order" => Ok(CodeKind::Order),
                    "once" => Ok(CodeKind::Once),
                    _ => Err(()),
                });
                map(cut(want("listing, order or once", kind)), Ty::Code).parse(rest)
            }
            "cents" => Ok((rest, Ty::Cents)),
            "date" => Ok((rest, Ty::Date)),
            "time" => Ok((rest, Ty::Time)),
            "phone" => Ok((rest, Ty::Phone)),
            other => Ok((rest, Ty::Named(other.to_owned()))),
        }
    }

    fn bound(self, input: &'a str) -> Parsed<'a, Bound> {
        let value = delimited(tag("{"), |i| self.name(i), tag("}"));
        want(
            "a whole number, or a value such as {o.qty}",
            alt((map(number::<i64>, Bound::Fixed), map(value, Bound::Value))),
        )(input)
    }

    /// `name(a, b: c, 3)`; the brackets may be left out.
    pub fn call(self, input: &'a str) -> Parsed<'a, Call> {
        let arg = |i| {
            let (i, name) = opt(terminated(|i| self.plain(i), mark(":"))).parse(i)?;
            let given = alt((
                map(name_text, |path: &str| Given::Path(path.to_owned())),
                map(number::<i64>, Given::Int),
            ));
            let (i, value) = want("a value or a number", self.placed(given))(i)?;
            Ok((i, Arg { name, value }))
        };
        let args = preceded(
            mark("("),
            cut(terminated(separated_list0(mark(","), arg), want("`)`", preceded(blanks, tag(")"))))),
        );
        let (rest, name) = self.name(input)?;
        map(opt(args), move |args| Call { name: name.clone(), args: args.unwrap_or_default() }).parse(rest)
    }

    /// `-> target`
    pub fn target(self, input: &'a str) -> Parsed<'a, Call> {
        preceded(want("`->` and where it leads", mark("->")), cut(|i| self.call(i))).parse(input)
    }

    /// `(a, b)`, or nothing: names for what an outcome brings.
    pub fn binds(self, input: &'a str) -> Parsed<'a, Vec<Name>> {
        let list = preceded(
            mark("("),
            cut(terminated(separated_list0(mark(","), |i| self.plain(i)), want("`)`", mark(")")))),
        );
        map(opt(list), Option::unwrap_or_default).parse(input)
    }

    /// One place of an SMS command.
    pub fn slot(self, input: &'a str) -> Parsed<'a, Slot> {
        let value = |i| {
            let (i, _) = tag("{").parse(i)?;
            let (i, name) = cut(|i| self.plain(i)).parse(i)?;
            let (i, _) = cut(want("`:` and a type", mark(":"))).parse(i)?;
            let (i, ty) = cut(self.placed(|i| self.ty(i))).parse(i)?;
            let default = preceded(mark("="), cut(want("a whole number", number::<i64>)));
            let (i, default) = opt(default).parse(i)?;
            let (i, _) = cut(want("`}`", preceded(blanks, tag("}")))).parse(i)?;
            Ok((i, Slot::Value { name, ty, default }))
        };
        want(
            "a value such as {o:order}, or words in capitals",
            alt((value, map(|i| self.spoken(i), Slot::Words))),
        )(input)
    }
}

/// A whole number that its type can hold.
pub fn number<T: std::str::FromStr>(input: &str) -> Parsed<'_, T> {
    map_res(recognize(pair(opt(tag("-")), take_while1(|c: char| c.is_ascii_digit()))), str::parse)
        .parse(input)
}

/// `40s`, `20m`, `1h`; never nothing.
pub fn span_of_time(input: &str) -> Parsed<'_, Duration> {
    let unit = alt((map(tag("s"), |_| 1u64), map(tag("m"), |_| 60u64), map(tag("h"), |_| 3600u64)));
    let count = verify(number::<u32>, |n| *n > 0);
    want(
        "a time, such as 40s or 20m",
        map((count, unit), |(n, seconds)| Duration::from_secs(u64::from(n) * seconds)),
    )(input)
}
