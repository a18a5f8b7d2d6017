//! Delivery receipts, in every shape that is met in the field.

use super::text;
use crate::{
    sim::smsc::settings::ReceiptShape,
    smpp::{
        pdu::{Message, RECEIPT},
        tlv,
    },
    types::{Timestamp, time::NAIROBI},
};
use bytes::Bytes;

/// message_state DELIVERED and UNDELIVERABLE (5.2.28).
const DELIVERED: u8 = 2;
const UNDELIVERABLE: u8 = 5;
/// network_error_code of GSM: the subscriber is absent.
const ABSENT: [u8; 3] = [3, 0, 27];

/// What became of a message.
pub struct Fate<'a> {
    /// Whether the phone has it.
    pub delivered: bool,
    /// What it says.
    pub text: &'a str,
    /// When that was decided.
    pub at: Timestamp,
}

/// message_state of a message that a phone has, or will never have.
pub const fn state(delivered: bool) -> u8 {
    if delivered { DELIVERED } else { UNDELIVERABLE }
}

/// The receipt for a message, under this id. Source and destination change places.
pub fn written(message: &Message, id: &str, fate: &Fate<'_>, shape: ReceiptShape) -> Message {
    let words = match shape {
        ReceiptShape::ParametersOnly => String::new(),
        _ => words(id, fate, shape),
    };
    let with_parameters =
        matches!(shape, ReceiptShape::Both | ReceiptShape::ParametersOnly | ReceiptShape::NoEsmClass);
    let (octets, data_coding) = text::encode(&words);
    let mut tlvs = Vec::new();
    if with_parameters {
        tlvs.push(tlv::octet(tlv::MESSAGE_STATE, state(fate.delivered)));
        tlvs.push((tlv::RECEIPTED_MESSAGE_ID, Bytes::from(format!("{id}\0"))));
        if !fate.delivered {
            tlvs.push((tlv::NETWORK_ERROR_CODE, Bytes::from_static(&ABSENT)));
        }
    }
    Message {
        source: message.dest.clone(),
        dest: message.source.clone(),
        esm_class: if shape == ReceiptShape::NoEsmClass { 0 } else { RECEIPT },
        data_coding,
        short_message: Bytes::from(octets),
        tlvs,
        ..Message::default()
    }
}

/// Text as in appendix B of SMPP 3.4, or as others write it.
fn words(id: &str, fate: &Fate<'_>, shape: ReceiptShape) -> String {
    let (word, short, done, error) =
        if fate.delivered { ("DELIVRD", "DELIV", 1, "000") } else { ("UNDELIV", "UNDEL", 0, "027") };
    let date = date(fate.at);
    let heading: String = fate.text.chars().take(20).collect();
    match shape {
        ReceiptShape::Blank => {
            format!("id: {id} sub:001 submit date:{date} done date:{date} stat:{word} err:{error}")
        }
        ReceiptShape::LongDates => format!(
            "id:{id} sub:001 dlvrd:{done:03} submit date:20{date}00 done date:20{date}00 stat:{word} \
             err:{error} Text:{heading}"
        ),
        ReceiptShape::ShortState => {
            format!("stat:{short} err:{error} id:{id} sub:001 done date:{date}")
        }
        _ => format!(
            "id:{id} sub:001 dlvrd:{done:03} submit date:{date} done date:{date} stat:{word} err:{error} \
             text:{heading}"
        ),
    }
}

/// `YYMMDDhhmm` in Nairobi.
fn date(at: Timestamp) -> String {
    let (year, month, day) = at.civil(NAIROBI);
    let time: String = at.hour_minute(NAIROBI).chars().filter(|c| *c != ':').collect();
    format!("{:02}{month:02}{day:02}{time}", year.rem_euclid(100))
}
