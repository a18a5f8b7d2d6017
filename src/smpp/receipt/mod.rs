//! Delivery receipts: the text of SMPP 3.4, appendix B, in the many shapes it is met in, and the
//! TLVs that win over it.

use super::pdu::{INTERMEDIATE, Message, RECEIPT};
use super::tlv;
use crate::types::receipt::ReceiptState;
use nom::{
    IResult, Parser,
    branch::alt,
    bytes::complete::{tag_no_case, take_till1, take_while1},
    character::complete::{char, multispace0, one_of},
    combinator::{not, recognize, value},
    multi::many0,
    sequence::{preceded, terminated},
};

/// What became of a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Receipt {
    /// The SMSC's name for the message, as the receipt writes it.
    pub id: String,
    /// Where the message stands.
    pub state: ReceiptState,
    /// The network's error, as the receipt writes it; none when all went well.
    pub error: Option<String>,
    /// When it came to this, by the SMSC's own clock: `2025-11-22 12:03`.
    pub done: Option<String>,
}

/// What a message is, as far as receipts go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reading {
    /// Something else.
    Other,
    /// A receipt.
    Receipt(Receipt),
    /// Marked as a receipt, and of no message that could be found: why.
    Unreadable(&'static str),
}

/// The longest id that is kept: those of SMPP have 64 characters.
const LONGEST_ID: usize = 64;

/// The receipt in a message, if it is one: marked so by esm_class, or by its shape where an SMSC
/// forgets the mark. What stands behind `text:` is the message's own words; it is looked at last,
/// and only in a message that is marked.
pub fn read(message: &Message) -> Reading {
    let kind = message.esm_class & 0x3C;
    let marked = kind == RECEIPT || kind == INTERMEDIATE;
    let text = letters(message);
    let (head, tail) = match place_of(&text, Key::Text) {
        Some((at, _)) => text.split_at(at),
        None => (text.as_str(), ""),
    };
    let head_only = |key| word_of(head, key);
    let get = |key| head_only(key).or_else(|| word_of(tail, key).filter(|_| marked));
    if !marked && !looks_so(head) {
        return Reading::Other;
    }
    let id = tlv::c_string(&message.tlvs, tlv::RECEIPTED_MESSAGE_ID)
        .map(|id| id.trim().to_owned())
        .filter(|id| !id.is_empty())
        .or_else(|| get(Key::Id).map(str::to_owned));
    let Some(id) = id else { return Reading::Unreadable("it names no message") };
    if id.chars().count() > LONGEST_ID {
        return Reading::Unreadable("it names a message by more than 64 characters");
    }
    // A word that nobody knows is still a word about this message: nothing is certain by it.
    let said = || get(Key::Stat).map(|word| ReceiptState::from_word(word).unwrap_or(ReceiptState::Unknown));
    let by_number = tlv::number(&message.tlvs, tlv::MESSAGE_STATE).and_then(ReceiptState::from_number);
    let Some(state) = by_number.or_else(said) else { return Reading::Unreadable("it names no state") };
    let word = || get(Key::Err).filter(|word| word.bytes().any(|b| b != b'0')).map(str::to_owned);
    let error = network_error(message).or_else(word);
    let done = get(Key::Done).and_then(moment);
    Reading::Receipt(Receipt { id, state, error, done })
}

/// The text, octet by octet, since keys and values are ASCII in every alphabet but UCS-2.
fn letters(message: &Message) -> String {
    let octets = message.text_octets();
    match message.data_coding {
        0x08 => octets.chunks_exact(2).map(|pair| if pair[0] == 0 { pair[1] as char } else { '?' }).collect(),
        _ => octets.iter().map(|octet| *octet as char).collect(),
    }
}

/// Whether an unmarked text has the shape of a receipt: an id, a state of those that are known, and
/// one of the fields that no person writes.
fn looks_so(head: &str) -> bool {
    let known = |word: &str| ReceiptState::from_word(word).is_some();
    word_of(head, Key::Id).is_some()
        && word_of(head, Key::Stat).is_some_and(known)
        && [Key::Sub, Key::Dlvrd, Key::Submitted, Key::Done].iter().any(|key| place_of(head, *key).is_some())
}

/// A key of the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Key {
    Id,
    Sub,
    Dlvrd,
    Submitted,
    Done,
    Stat,
    Err,
    Text,
}

impl Key {
    const ALL: [Self; 8] =
        [Self::Id, Self::Sub, Self::Dlvrd, Self::Submitted, Self::Done, Self::Stat, Self::Err, Self::Text];

    const fn first(self) -> &'static str {
        match self {
            Self::Id => "id",
            Self::Sub => "sub",
            Self::Dlvrd => "dlvrd",
            Self::Submitted => "submit",
            Self::Done => "done",
            Self::Stat => "stat",
            Self::Err => "err",
            Self::Text => "text",
        }
    }

    /// Reads this key up to its colon.
    fn read(self, input: &str) -> IResult<&str, ()> {
        let colon = (multispace0, char(':'));
        match self {
            Self::Submitted | Self::Done => {
                let between = many0(one_of(" _\t"));
                value((), (tag_no_case(self.first()), between, tag_no_case("date"), colon)).parse(input)
            }
            _ => value((), (tag_no_case(self.first()), colon)).parse(input),
        }
    }
}

fn any_key(input: &str) -> IResult<&str, ()> {
    let [id, sub, dlvrd, submitted, done, stat, err, text] = Key::ALL.map(|key| move |input| key.read(input));
    alt((id, sub, dlvrd, submitted, done, stat, err, text)).parse(input)
}

/// Where a key stands, at the beginning of a word, and what follows its colon.
fn place_of(text: &str, key: Key) -> Option<(usize, &str)> {
    let mut before = None;
    text.char_indices().find_map(|(at, c)| {
        let begins = before.replace(c).is_none_or(|c: char| !c.is_alphanumeric());
        let (rest, ()) = begins.then(|| key.read(&text[at..]).ok())??;
        Some((at, rest))
    })
}

/// The word behind a key, which may stand behind blanks or be missing.
fn word_of(text: &str, key: Key) -> Option<&str> {
    let ends = |c: char| c.is_whitespace() || matches!(c, ',' | ';' | '\0');
    let mut word = preceded((multispace0, not(any_key)), take_till1(ends));
    let found: IResult<&str, &str> = word.parse(place_of(text, key)?.1);
    found.ok().map(|(_, word)| word)
}

/// A date of ten digits (`YYMMDDhhmm`), twelve (with seconds, or a year of four digits) or fourteen
/// (with both).
fn moment(word: &str) -> Option<String> {
    let digits: IResult<&str, &str> = terminated(
        recognize(take_while1(|c: char| c.is_ascii_digit())),
        not(take_while1(char::is_alphanumeric)),
    )
    .parse(word);
    let (_, digits) = digits.ok()?;
    match digits.len() {
        10 => spelled("20", digits),
        12 => spelled("20", digits).or_else(|| spelled("", digits)),
        14 => spelled("", digits),
        _ => None,
    }
}

/// The date of digits behind the first half of their year; `None` when no calendar has it.
fn spelled(century: &str, digits: &str) -> Option<String> {
    let all = format!("{century}{digits}");
    let pair = |at: usize| all.get(at..at + 2);
    let within = |at: usize, most: u32| pair(at)?.parse::<u32>().ok().filter(|n| *n <= most);
    let (month, day) = (within(4, 12)?, within(6, 31)?);
    within(8, 24)?;
    within(10, 59)?;
    if month == 0 || day == 0 || !all.starts_with("20") {
        return None;
    }
    let seconds = pair(12).map(|s| format!(":{s}")).unwrap_or_default();
    Some(format!("{}-{}-{} {}:{}{seconds}", &all[..4], pair(4)?, pair(6)?, pair(8)?, pair(10)?))
}

/// network_error_code: a type and a 16-bit code, or, at some, three ASCII digits.
fn network_error(message: &Message) -> Option<String> {
    match tlv::get(&message.tlvs, tlv::NETWORK_ERROR_CODE)?.as_ref() {
        digits @ [_, _, _] if digits.iter().all(u8::is_ascii_digit) => {
            Some(digits.iter().map(|d| *d as char).collect::<String>()).filter(|code| code != "000")
        }
        [_, high, low] => Some(u16::from_be_bytes([*high, *low]).to_string()).filter(|code| code != "0"),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
