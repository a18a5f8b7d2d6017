//! Delivery receipts: the text of SMPP 3.4, appendix B, in the many shapes it is met in, and the
//! TLVs that win over it.

use super::pdu::{Message, RECEIPT};
use super::tlv;
use nom::{
    IResult, Parser,
    branch::alt,
    bytes::complete::{tag_no_case, take_till, take_till1},
    character::complete::{multispace0, multispace1},
    combinator::{not, opt, value},
    sequence::preceded,
};

/// What became of a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Receipt {
    /// The SMSC's name for the message, as the receipt writes it.
    pub id: String,
    /// Where the message stands.
    pub state: State,
    /// The network's error, as the receipt writes it.
    pub error: Option<String>,
}

/// Where a message stands (5.2.28, appendix B).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// On its way.
    Enroute,
    /// On the phone.
    Delivered,
    /// Its validity ended.
    Expired,
    /// Removed by somebody.
    Deleted,
    /// The phone cannot have it.
    Undeliverable,
    /// Somebody at the SMSC read it; pending as far as we are concerned.
    Accepted,
    /// The SMSC does not know; pending until the validity ends.
    Unknown,
    /// Refused on the way.
    Rejected,
    /// Passed over (SMPP 5.0).
    Skipped,
}

impl State {
    /// As appendix B abbreviates it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Enroute => "ENROUTE",
            Self::Delivered => "DELIVRD",
            Self::Expired => "EXPIRED",
            Self::Deleted => "DELETED",
            Self::Undeliverable => "UNDELIV",
            Self::Accepted => "ACCEPTD",
            Self::Unknown => "UNKNOWN",
            Self::Rejected => "REJECTD",
            Self::Skipped => "SKIPPED",
        }
    }

    /// Whether nothing more will be heard of the message.
    pub const fn is_final(self) -> bool {
        !matches!(self, Self::Enroute | Self::Accepted | Self::Unknown)
    }

    const fn from_number(number: u32) -> Option<Self> {
        Some(match number {
            0 | 1 => Self::Enroute,
            2 => Self::Delivered,
            3 => Self::Expired,
            4 => Self::Deleted,
            5 => Self::Undeliverable,
            6 => Self::Accepted,
            7 => Self::Unknown,
            8 => Self::Rejected,
            9 => Self::Skipped,
            _ => return None,
        })
    }

    /// By the first five letters, since some SMSCs write no more, and by the names some invented.
    fn from_text(text: &str) -> Option<Self> {
        let head: String = text.chars().take(5).collect::<String>().to_ascii_uppercase();
        Some(match head.as_str() {
            "ENROU" | "BUFFR" | "BUFFE" | "SCHED" => Self::Enroute,
            "DELIV" => Self::Delivered,
            "EXPIR" => Self::Expired,
            "DELET" => Self::Deleted,
            "UNDEL" | "FAILE" => Self::Undeliverable,
            "ACCEP" | "ACKED" => Self::Accepted,
            "UNKNO" => Self::Unknown,
            "REJEC" => Self::Rejected,
            "SKIPP" => Self::Skipped,
            _ => return None,
        })
    }
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

fn key(input: &str) -> IResult<&str, Key> {
    alt((
        value(Key::Id, tag_no_case("id:")),
        value(Key::Submitted, tag_no_case("submit date:")),
        value(Key::Sub, tag_no_case("sub:")),
        value(Key::Dlvrd, tag_no_case("dlvrd:")),
        value(Key::Done, tag_no_case("done date:")),
        value(Key::Stat, tag_no_case("stat:")),
        value(Key::Err, tag_no_case("err:")),
        value(Key::Text, tag_no_case("text:")),
    ))
    .parse(input)
}

/// A key and its word, which may stand behind a blank or be missing.
fn field(input: &str) -> IResult<&str, (Key, &str)> {
    let (rest, name) = key(input)?;
    let word = preceded((multispace0, not(key)), take_till1(char::is_whitespace));
    let (rest, found) = opt(word).parse(rest)?;
    Ok((rest, (name, found.unwrap_or_default())))
}

/// Passes over a word that is no field, and the blanks behind it.
fn skip(input: &str) -> IResult<&str, ()> {
    value((), (take_till(char::is_whitespace), multispace1)).parse(input)
}

/// Every field up to `text:`, whose words may look like fields; the order is nobody's to rely on.
fn fields(mut input: &str) -> Vec<(Key, &str)> {
    let mut found = Vec::new();
    loop {
        input = input.trim_start();
        match field(input) {
            Ok((_, (Key::Text, _))) => return found,
            Ok((rest, pair)) => {
                found.push(pair);
                input = rest;
            }
            Err(_) => match skip(input) {
                Ok((rest, ())) => input = rest,
                Err(_) => return found,
            },
        }
    }
}

/// The receipt in a message, if it is one: marked so by esm_class, or by its shape where an SMSC
/// forgets the mark. A marked one must still name its message and a state.
pub fn read(message: &Message) -> Option<Receipt> {
    let marked = message.esm_class & 0x3C == RECEIPT;
    let text: String = message.text_octets().iter().map(|octet| *octet as char).collect();
    let fields = fields(&text);
    let get = |key| fields.iter().find(|(k, word)| *k == key && !word.is_empty()).map(|(_, word)| *word);
    let looks_so = get(Key::Id).is_some()
        && get(Key::Stat).is_some_and(|stat| State::from_text(stat).is_some())
        && fields.iter().any(|(key, _)| matches!(key, Key::Sub | Key::Dlvrd | Key::Submitted | Key::Done));
    if !marked && !looks_so {
        return None;
    }
    let id = tlv::c_string(&message.tlvs, tlv::RECEIPTED_MESSAGE_ID)
        .filter(|id| !id.is_empty())
        .or_else(|| get(Key::Id).map(str::to_owned))?;
    let state = tlv::number(&message.tlvs, tlv::MESSAGE_STATE)
        .and_then(State::from_number)
        .or_else(|| get(Key::Stat).and_then(State::from_text))?;
    let error = network_error(message).or_else(|| get(Key::Err).map(str::to_owned));
    Some(Receipt { id, state, error })
}

/// network_error_code: a type and a 16-bit code, or, at some, three ASCII digits.
fn network_error(message: &Message) -> Option<String> {
    match tlv::get(&message.tlvs, tlv::NETWORK_ERROR_CODE)?.as_ref() {
        digits @ [_, _, _] if digits.iter().all(u8::is_ascii_digit) => {
            Some(digits.iter().map(|d| *d as char).collect())
        }
        [_, high, low] => Some(u16::from_be_bytes([*high, *low]).to_string()).filter(|code| code != "0"),
        _ => None,
    }
}

/// In which base an SMSC writes a message's id in its answer and in its receipt.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum IdBase {
    /// The same text in both.
    #[default]
    Same,
    /// Hexadecimal in the answer, decimal in the receipt.
    ReceiptDecimal,
    /// Decimal in the answer, hexadecimal in the receipt.
    ReceiptHex,
}

impl IdBase {
    /// The id of a receipt in the form that [`normal_id`] gives the answer's.
    pub fn of_receipt(self, id: &str) -> String {
        let id = id.trim();
        let turned = match self {
            Self::Same => None,
            Self::ReceiptDecimal => id.parse::<u64>().ok().map(|n| format!("{n:X}")),
            Self::ReceiptHex => u64::from_str_radix(id, 16).ok().map(|n| n.to_string()),
        };
        turned.map_or_else(|| normal_id(id), |id| normal_id(&id))
    }
}

/// An id as it is compared: case-blind and without leading zeros.
pub fn normal_id(id: &str) -> String {
    let upper = id.trim().to_ascii_uppercase();
    match upper.trim_start_matches('0') {
        "" => upper,
        short => short.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::smpp::fixture::message as file;
    use proptest::prelude::*;

    fn text(text: &str) -> Option<Receipt> {
        let short_message = text.as_bytes().to_vec().into();
        read(&Message { esm_class: RECEIPT, short_message, ..Message::default() })
    }

    fn receipt(id: &str, state: State, error: Option<&str>) -> Option<Receipt> {
        Some(Receipt { id: id.into(), state, error: error.map(Into::into) })
    }

    #[test]
    fn every_worked_receipt_is_read() {
        let id = "441711949";
        assert_eq!(read(&file("60-receipt-delivered.hex")), receipt(id, State::Delivered, Some("000")));
        assert_eq!(read(&file("61-receipt-text-only.hex")), receipt(id, State::Undeliverable, Some("01B")));
        assert_eq!(read(&file("62-receipt-tlv-only.hex")), receipt("1A53FD4D", State::Expired, Some("27")));
        assert_eq!(read(&file("63-receipt-no-esm-class.hex")), receipt(id, State::Delivered, Some("000")));
        assert_eq!(read(&file("64-receipt-odd-spacing.hex")), receipt(id, State::Rejected, Some("000")));
    }

    #[test]
    fn what_a_person_writes_is_no_receipt() {
        for name in ["51-sms-mo.hex", "58-sms-mo-stop.hex", "65-sms-mo-ucs2.hex"] {
            assert_eq!(read(&file(name)), None, "{name}");
        }
    }

    #[test]
    fn shapes_met_in_the_field_are_read() {
        assert_eq!(
            text("id: 448041794 sub:001 submit date:2511221203 stat:REJECTD err:000"),
            receipt("448041794", State::Rejected, Some("000"))
        );
        assert_eq!(text("stat:DELIV id:ab-cd-ef"), receipt("ab-cd-ef", State::Delivered, None));
        assert_eq!(text("ID:7 STAT:BUFFRED ERR: TEXT:id:9 stat:EXPIRED"), receipt("7", State::Enroute, None));
        assert_eq!(text("note id:7 stat:ACKED"), receipt("7", State::Accepted, None));
        assert_eq!(text("id:7 stat:WHATEVER"), None);
        assert_eq!(text("stat:DELIVRD"), None);
    }

    #[test]
    fn tlvs_win_over_the_text_and_either_may_fill_in_for_the_other() {
        let mut message = Message {
            esm_class: RECEIPT,
            short_message: bytes::Bytes::from_static(b"id:1 stat:DELIVRD"),
            tlvs: vec![(tlv::RECEIPTED_MESSAGE_ID, bytes::Bytes::from_static(b"2\0"))],
            ..Message::default()
        };
        assert_eq!(read(&message), receipt("2", State::Delivered, None));
        message.tlvs.push((tlv::MESSAGE_STATE, bytes::Bytes::from_static(&[5])));
        message.tlvs.push((tlv::NETWORK_ERROR_CODE, bytes::Bytes::from_static(b"027")));
        assert_eq!(read(&message), receipt("2", State::Undeliverable, Some("027")));
    }

    #[test]
    fn ids_meet_across_bases() {
        assert_eq!(IdBase::ReceiptDecimal.of_receipt("441711949"), normal_id("1a53fd4d"));
        assert_eq!(IdBase::ReceiptHex.of_receipt("1A53FD4D"), normal_id("0441711949"));
        assert_eq!(IdBase::Same.of_receipt("00ab"), "AB");
        assert_eq!(normal_id("000"), "000");
    }

    #[test]
    fn pending_and_final_states_are_told_apart() {
        assert!(State::Delivered.is_final() && State::Rejected.is_final());
        assert!(!State::Accepted.is_final() && !State::Unknown.is_final());
    }

    proptest! {
        #[test]
        fn any_text_is_read_without_panic(words in "[a-z: ]{0,80}", noise in "\\PC{0,60}") {
            let _ = text(&format!("id:{words} stat:{noise}"));
            let _ = text(&noise);
        }
    }
}
