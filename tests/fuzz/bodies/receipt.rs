//! Delivery receipts: esm_class, data_coding, the length of what holds TLVs, those (tag, length of
//! one octet, value), and the text.

use super::{take, take_one};
use sokoni::smpp::pdu::{INTERMEDIATE, Message, RECEIPT};
use sokoni::smpp::receipt::{Reading, Receipt, read};
use sokoni::smpp::tlv::{self, Tlv};

pub fn any_octets(mut octets: &[u8]) {
    let message = described(&mut octets);
    let reading = read(&message);
    let marked = matches!(message.esm_class & 0x3C, RECEIPT | INTERMEDIATE);
    match &reading {
        Reading::Other => assert!(!marked, "a marked one is a receipt, if a bad one"),
        Reading::Unreadable(why) => assert!(!why.is_empty()),
        Reading::Receipt(receipt) => {
            is_plain(receipt);
            a_mark_changes_nothing(&message, receipt, marked);
            its_words_are_read_again(receipt);
        }
    }
}

fn described(octets: &mut &[u8]) -> Message {
    let (esm_class, data_coding) = (take_one(octets), take_one(octets));
    let length = usize::from(take_one(octets));
    let mut rest = take(octets, length);
    let mut tlvs: Vec<Tlv> = Vec::new();
    while let [high, low, length, after @ ..] = rest {
        rest = after;
        let value = take(&mut rest, usize::from(*length));
        tlvs.push((u16::from_be_bytes([*high, *low]), value.to_vec().into()));
    }
    Message { esm_class, data_coding, tlvs, short_message: octets.to_vec().into(), ..Message::default() }
}

fn is_plain(receipt: &Receipt) {
    assert!((1..=64).contains(&receipt.id.chars().count()), "{receipt:?}");
    assert_eq!(receipt.id.trim(), receipt.id);
    assert!(receipt.error.as_ref().is_none_or(|error| error.chars().any(|c| c != '0')), "{receipt:?}");
    let Some(done) = &receipt.done else { return };
    let shape: String = done.chars().map(|c| if c.is_ascii_digit() { '9' } else { c }).collect();
    assert!(matches!(shape.as_str(), "9999-99-99 99:99" | "9999-99-99 99:99:99"), "{done}");
}

/// What is known for a receipt by its shape is the same receipt when it is marked as one, but for
/// what stands behind `text:`.
fn a_mark_changes_nothing(message: &Message, receipt: &Receipt, marked: bool) {
    if !marked {
        let with_mark = Message { esm_class: message.esm_class & !0x3C | RECEIPT, ..message.clone() };
        let Reading::Receipt(again) = read(&with_mark) else { panic!("no receipt any more") };
        assert_eq!((again.id, again.state), (receipt.id.clone(), receipt.state));
    }
}

/// The id in its TLV and the state by its name are understood as they were.
fn its_words_are_read_again(receipt: &Receipt) {
    let id: Vec<u8> = receipt.id.chars().map(|c| u8::try_from(c).expect("an octet a character")).collect();
    let text = format!("id:x sub:001 dlvrd:001 stat:{} err:000 text:id:y stat:REJECTD", receipt.state.name());
    let message = Message {
        esm_class: RECEIPT,
        tlvs: vec![(tlv::RECEIPTED_MESSAGE_ID, id.into())],
        short_message: text.into_bytes().into(),
        ..Message::default()
    };
    let wanted = Receipt { id: receipt.id.clone(), state: receipt.state, error: None, done: None };
    assert_eq!(read(&message), Reading::Receipt(wanted));
}
