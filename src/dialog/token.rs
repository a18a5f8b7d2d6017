//! An SMS as words and numbers, its punctuation told apart from its meaning.

use nom::{
    IResult, Parser,
    branch::alt,
    bytes::complete::{tag, tag_no_case, take_while, take_while_m_n, take_while1},
    character::complete::{char, digit1, one_of},
    combinator::{not, opt, recognize},
    multi::{many_m_n, many0, many1},
    sequence::{delimited, preceded, terminated},
};

/// Words beyond this are not read: no command is that long.
const MOST_TOKENS: usize = 16;

/// How a number stands to the number before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Joint {
    /// It follows no number, or a mark between them says that they are two.
    Apart,
    /// Only blanks between them: `1 250`.
    Blank,
    /// A comma and no blank: `1,250`.
    Comma,
    /// A dot, dash or slash: `31/12`, `482-108`, `850.50`.
    Sign,
}

/// A word or a number of an SMS.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Token {
    /// Upper case.
    Word(String),
    Number {
        digits: String,
        joint: Joint,
        /// A currency mark stands before it, behind it.
        mark: (bool, bool),
    },
}

/// A token, and where it begins and ends in the text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Spot {
    pub token: Token,
    pub from: usize,
    pub to: usize,
}

/// The words and numbers of a text, in order; `None` when there are more than any command has.
pub(super) fn tokens(text: &str) -> Option<Vec<Spot>> {
    let mut spots: Vec<Spot> = Vec::new();
    let mut rest = text;
    loop {
        let (after, gap) = gap(rest).ok()?;
        if after.is_empty() {
            return Some(spots);
        }
        if spots.len() == MOST_TOKENS {
            return None;
        }
        let from = text.len() - after.len();
        let joint = match spots.last().map(|spot| &spot.token) {
            Some(Token::Number { mark: (_, false), .. }) => joint(gap),
            _ => Joint::Apart,
        };
        let (left, token) = alt((|i| number(i, joint), word)).parse(after).ok()?;
        spots.push(Spot { token, from, to: text.len() - left.len() });
        rest = left;
    }
}

fn joint(gap: &str) -> Joint {
    match gap {
        "," => Joint::Comma,
        "." | "-" | "/" => Joint::Sign,
        gap if !gap.is_empty() && gap.chars().all(char::is_whitespace) => Joint::Blank,
        _ => Joint::Apart,
    }
}

/// What stands between words: blanks, marks, and the polite words that change nothing.
fn gap(input: &str) -> IResult<&str, &str> {
    let marks = take_while1(|c: char| !c.is_alphanumeric());
    let polite =
        alt((tag_no_case("please"), tag_no_case("pls"), tag_no_case("tafadhali"), tag_no_case("asante")));
    let times = recognize(one_of("xX"));
    recognize(many0(alt((marks, whole(polite), whole(times))))).parse(input)
}

fn letter(input: &str) -> IResult<&str, &str> {
    take_while_m_n(1, 1, char::is_alphabetic).parse(input)
}

/// A word that nothing is glued to.
fn whole<'a>(
    inner: impl Parser<&'a str, Output = &'a str, Error = nom::error::Error<&'a str>>,
) -> impl Parser<&'a str, Output = &'a str, Error = nom::error::Error<&'a str>> {
    terminated(inner, not(letter))
}

fn currency(input: &str) -> IResult<&str, &str> {
    let names = alt((
        tag_no_case("kshs"),
        tag_no_case("ksh"),
        tag_no_case("kes"),
        tag_no_case("shs"),
        tag_no_case("sh"),
    ));
    whole(names).parse(input)
}

/// Digits with the currency marks round them: `KSh` between two numbers belongs to the second,
/// as in `3 KSh 850`. Cents that are zero are dropped.
fn number(input: &str, joint: Joint) -> IResult<&str, Token> {
    let blanks = || take_while(char::is_whitespace);
    let before = opt(delimited(blanks(), currency, (opt(char('.')), blanks())));
    let zeros = (char('.'), many_m_n(1, 2, char('0')), not(digit1));
    let behind = alt((tag("/="), tag("/-"), tag("="), whole(tag_no_case("bob"))));
    let named = terminated(preceded(blanks(), currency), not((opt(char('.')), blanks(), digit1)));
    let after = alt((preceded(blanks(), behind), currency, named));
    let mut line = (before, digit1, opt(zeros), opt(many1(after)));
    let (rest, (before, digits, _, after)) = line.parse(input)?;
    let joint = if before.is_some() { Joint::Apart } else { joint };
    let mark = (before.is_some(), after.is_some());
    Ok((rest, Token::Number { digits: digits.to_owned(), joint, mark }))
}

fn word(input: &str) -> IResult<&str, Token> {
    let mut letters = take_while1(|c: char| c.is_alphabetic() || c == '\'');
    let (rest, word) = letters.parse(input)?;
    Ok((rest, Token::Word(word.to_uppercase())))
}

/// How well two words agree.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Likeness {
    No,
    /// One letter wrong, missing, too many, or two neighbours swapped, in a word of four or more.
    Near,
    Same,
}

/// Compares what was typed with a word that is known, both upper case.
pub(super) fn likeness(typed: &str, known: &str) -> Likeness {
    if typed == known {
        return Likeness::Same;
    }
    let (a, b): (Vec<char>, Vec<char>) = (typed.chars().collect(), known.chars().collect());
    if b.len() < 4 || a.len().abs_diff(b.len()) > 1 {
        return Likeness::No;
    }
    let head = a.iter().zip(&b).take_while(|(x, y)| x == y).count();
    let tail = |x: &[char], y: &[char]| x == y;
    let (ra, rb) = (&a[head..], &b[head..]);
    let near = match a.len().cmp(&b.len()) {
        std::cmp::Ordering::Less => tail(ra, &rb[1..]),
        std::cmp::Ordering::Greater => tail(&ra[1..], rb),
        std::cmp::Ordering::Equal => {
            let swapped = ra.len() >= 2 && ra[0] == rb[1] && ra[1] == rb[0] && ra[2..] == rb[2..];
            tail(&ra[1..], &rb[1..]) || swapped
        }
    };
    if near { Likeness::Near } else { Likeness::No }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shapes(text: &str) -> Vec<String> {
        tokens(text)
            .expect("few words")
            .into_iter()
            .map(|spot| match spot.token {
                Token::Word(word) => word,
                Token::Number { digits, joint, mark } => {
                    let sign = match joint {
                        Joint::Apart => "",
                        Joint::Blank => "_",
                        Joint::Comma => ",",
                        Joint::Sign => "-",
                    };
                    let mark = if mark.0 || mark.1 { "$" } else { "" };
                    format!("{sign}{digits}{mark}")
                }
            })
            .collect()
    }

    #[test]
    fn words_and_numbers_are_told_apart_with_what_joins_them() {
        assert_eq!(shapes("uza mkufu, shaba 850 3"), ["UZA", "MKUFU", "SHABA", "850", "_3"]);
        assert_eq!(shapes("SELL 1,250 x3"), ["SELL", "1", ",250", "3"]);
        assert_eq!(shapes("READY482108."), ["READY", "482108"]);
        assert_eq!(shapes("KSh 850/= 3 pls"), ["850$", "3"]);
        assert_eq!(shapes("3 ksh.850.00"), ["3", "850$"]);
        assert_eq!(shapes("3 KSh 850"), ["3", "850$"]);
        assert_eq!(shapes("850 bob 3; 900ksh 4; 950 ksh"), ["850$", "3", "900$", "4", "950$"]);
        assert_eq!(shapes("31/12 482-108"), ["31", "-12", "_482", "-108"]);
        assert_eq!(shapes(" ... "), [""; 0]);
    }

    #[test]
    fn a_very_long_text_is_no_command() {
        assert_eq!(tokens(&"a ".repeat(17)), None);
    }

    #[test]
    fn one_slip_in_a_long_word_is_forgiven_and_none_in_a_short_one() {
        for typed in ["NECLACE", "NECKLACES", "NECKLASE", "ENCKLACE"] {
            assert_eq!(likeness(typed, "NECKLACE"), Likeness::Near, "{typed}");
        }
        assert_eq!(likeness("NEKLASE", "NECKLACE"), Likeness::No);
        assert_eq!(likeness("YET", "YES"), Likeness::No);
        assert_eq!(likeness("SEL", "SELL"), Likeness::Near);
        assert_eq!(likeness("", "SELL"), Likeness::No);
    }
}
