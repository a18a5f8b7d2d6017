//! SMS both ways, and what became of them.

use super::{
    exchange::{Delivery, Exchange, What},
    handset::{PhoneError, Sms},
    text,
};
use crate::{
    gsm::segment::{self, Coding, Style},
    smpp::{
        pdu::{Address, Message, RECEIPT, UDHI},
        status, tlv,
    },
    types::{Msisdn, Timestamp, time::NAIROBI},
};
use bytes::Bytes;
use std::sync::Arc;
use tokio::time::Instant;

/// message_state DELIVERED (5.2.28).
const DELIVERED: u8 = 2;
/// message_state UNDELIVERABLE.
const UNDELIVERABLE: u8 = 5;
/// network_error_code of GSM: the subscriber is absent.
const ABSENT: [u8; 3] = [3, 0, 27];
/// registered_delivery, bits 1-0: a receipt whatever comes of it, or of failure only.
const ASKED_ALWAYS: u8 = 1;
const ASKED_ON_FAILURE: u8 = 2;

impl Exchange {
    /// A phone sends a text to the short code, in parts if it is long.
    pub fn sms_from_phone(&mut self, msisdn: Msisdn, text: &str, now: Instant) -> Result<(), PhoneError> {
        let phone = self.phone(msisdn);
        let reference = phone.next_reference;
        phone.next_reference = reference.wrapping_add(1);
        let segmented =
            segment::segment(text, reference.into(), &Style::default()).map_err(|_| PhoneError::TooLong)?;
        self.counters.sms_from_phones += 1;
        for part in segmented.parts {
            let message = Message {
                source: Address::new(1, 1, msisdn.to_string()),
                dest: Address::new(0, 1, self.settings.short_code.clone()),
                esm_class: if part.header.is_empty() { 0 } else { UDHI },
                data_coding: match segmented.coding {
                    Coding::Gsm7 => text::GSM,
                    Coding::Ucs2 => text::UCS2,
                },
                short_message: Bytes::from(part.octets()),
                ..Message::default()
            };
            self.deliver(Delivery { message, what: What::Sms, not_before: now }, now);
        }
        Ok(())
    }

    /// An SMS from the application to a phone: its message number, or why it is not taken.
    pub fn sms_to_phone(&mut self, message: &Message, now: Instant) -> Result<u32, u32> {
        let msisdn = Msisdn::from_e164(&message.dest.addr).map_err(|_| status::INV_DST_ADR)?;
        if message.source.addr.is_empty() {
            return Err(status::INV_SRC_ADR);
        }
        let part = text::part(message).ok_or(status::INV_MSG_LEN)?;
        let id = self.new_message_id();
        let at = self.time();
        self.counters.sms_parts += 1;
        let phone = self.phone(msisdn);
        let reachable = phone.reachable;
        let heading = part.text.clone();
        let whole = if reachable { phone.parts.add(&message.source.addr, part, at) } else { None };
        if let Some((text, parts)) = whole {
            let sms = Sms { from: message.source.addr.clone(), text, at, parts };
            phone.view.send_modify(|view| Arc::make_mut(&mut view.inbox).push(sms));
            self.counters.sms_to_phones += 1;
        }
        let asked = match message.registered_delivery & 0x03 {
            ASKED_ALWAYS => true,
            ASKED_ON_FAILURE => !reachable,
            _ => false,
        };
        if asked && !self.faults.no_receipts {
            let message = receipt(message, id, &heading, reachable, at);
            let not_before = now + self.settings.timers.receipt;
            self.deliver(Delivery { message, what: What::Receipt, not_before }, now);
        }
        Ok(id)
    }

    /// The oldest SMS not taken before.
    pub fn take_sms(&mut self, msisdn: Msisdn) -> Option<Sms> {
        let phone = self.phone(msisdn);
        let sms = phone.view.borrow().inbox.get(phone.taken).cloned()?;
        phone.taken += 1;
        Some(sms)
    }
}

/// A delivery receipt: text as in appendix B of SMPP 3.4, and the parameters that say the same.
/// Source and destination change places. The id is written in decimal.
fn receipt(message: &Message, id: u32, text: &str, delivered: bool, at: Timestamp) -> Message {
    let (state, word, done, error) =
        if delivered { (DELIVERED, "DELIVRD", 1, "000") } else { (UNDELIVERABLE, "UNDELIV", 0, "027") };
    let date = date(at);
    let heading: String = text.chars().take(20).collect();
    let words = format!(
        "id:{id} sub:001 dlvrd:{done:03} submit date:{date} done date:{date} stat:{word} err:{error} text:{heading}"
    );
    let (octets, data_coding) = text::encode(&words);
    let mut tlvs = vec![
        tlv::octet(tlv::MESSAGE_STATE, state),
        (tlv::RECEIPTED_MESSAGE_ID, Bytes::from(format!("{id}\0"))),
    ];
    if !delivered {
        tlvs.push((tlv::NETWORK_ERROR_CODE, Bytes::from_static(&ABSENT)));
    }
    Message {
        source: message.dest.clone(),
        dest: message.source.clone(),
        esm_class: RECEIPT,
        data_coding,
        short_message: Bytes::from(octets),
        tlvs,
        ..Message::default()
    }
}

/// `YYMMDDhhmm` in Nairobi.
fn date(at: Timestamp) -> String {
    let (year, month, day) = at.civil(NAIROBI);
    let time: String = at.hour_minute(NAIROBI).chars().filter(|c| *c != ':').collect();
    format!("{:02}{month:02}{day:02}{time}", year.rem_euclid(100))
}
